# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fills the AWS double with what a topology says, through boto3 as any customer would, and Astro. Returns AWS's ids."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from .astro import organization
from .net.plan import HostPlan, Plan, VpcPlan
from .talk import say
from .topology import Dhcp, Peering, Topology, Vpc, partition

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

_AT_ONCE = 8
_NAMING = ("zone_shifts",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """A VPC as AWS knows it now."""

    id: str
    agents_group: str
    hosts: Mapping[str, HostPlan]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeds:
    service_name: str
    vpcs: Mapping[str, Seeded]


@functools.cache
def client(url: str, service: str, account: str, region: str) -> Any:
    """A client of the double; its access key chooses the account."""
    return boto3.session.Session().client(
        service,  # type: ignore[call-overload]  # the name is a variable here
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key="nothing-secret",
        config=Config(proxies={}, max_pool_connections=_AT_ONCE),
    )


def plant(url: str, topology: Topology) -> Seeds:
    """Nothing refuses or delays what plants: settings come last, except those that say how things are called."""
    naming = {name: value for name, value in topology.settings.items() if name in _NAMING}
    say(url, "PATCH", "settings", {**naming, "opted_in": _used(topology)})
    seeds = _planted(url, topology)
    say(url, "PATCH", "settings", {"partitions": _partitions(topology), **topology.settings})
    return seeds


def _used(topology: Topology) -> dict[str, list[str]]:
    """The regions of each account: it opted in to them, unless the topology has other settings."""
    used: dict[str, set[str]] = {}
    for vpc in topology.vpcs.values():
        used.setdefault(topology.account_of(vpc), set()).update({topology.region_of(vpc), topology.service_region})
    return {account: sorted(regions) for account, regions in used.items()}


def _partitions(topology: Topology) -> dict[str, str]:
    """An account is of one partition, so its keys are unknown in the others."""
    return {account: partition(regions[0]) for account, regions in _used(topology).items()}


def _planted(url: str, topology: Topology) -> Seeds:
    service = topology.service
    offered = say(
        url,
        "PUT",
        "services",
        {
            "account": service.owner,
            "region": topology.service_region,
            "zones": list(service.az_ids),
            "acceptance_required": service.acceptance,
            "principals": list(service.principals or map(_root, sorted(topology.accounts))),
            "supported_regions": list(service.supported_regions or (topology.service_region,)),
        },
    )
    gardener = _Gardener(url, topology)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        vpcs = dict(zip(topology.vpcs, pool.map(gardener.vpc, topology.vpcs.items()), strict=True))
        list(pool.map(lambda peering: gardener.peering(peering, vpcs), topology.peerings))
    agents = [name for name, vpc in topology.vpcs.items() if vpc.hosts]
    say(url, "PUT", "astro/organization", organization.seeded(topology.cluster.id, topology.service_region, agents))
    return Seeds(service_name=str(offered["name"]), vpcs=vpcs)


def plan(topology: Topology, seeds: Seeds) -> Plan:
    vpcs = tuple(
        VpcPlan(
            name=name,
            id=seeds.vpcs[name].id,
            cidr=vpc.cidrs[0],
            hosts=seeds.vpcs[name].hosts,
            dns_servers=vpc.dns_servers,
        )
        for name, vpc in topology.vpcs.items()
        if _needs_network(topology, name)
    )
    return Plan(vpcs=vpcs, names=topology.names, astro=topology.cluster.public_address, public_ttl=topology.public_ttl)


def _needs_network(topology: Topology, name: str) -> bool:
    """A VPC that nobody looks out of, and nobody reaches from another, needs no wires."""
    return bool(topology.vpcs[name].hosts) or any(
        topology.vpcs[peering.requester].hosts or topology.vpcs[peering.accepter].hosts
        for peering in topology.peerings
        if name in (peering.requester, peering.accepter)
    )


class _Gardener:
    def __init__(self, url: str, topology: Topology) -> None:
        self._topology = topology
        places = {(topology.account_of(vpc), topology.region_of(vpc)) for vpc in topology.vpcs.values()}
        self._clients: dict[tuple[str, str], EC2Client] = {
            (account, region): client(url, "ec2", account, region) for account, region in places
        }

    def _of(self, vpc: Vpc) -> EC2Client:
        return self._clients[self._topology.account_of(vpc), self._topology.region_of(vpc)]

    def vpc(self, item: tuple[str, Vpc]) -> Seeded:
        name, vpc = item
        ec2 = self._of(vpc)
        vpc_id = ec2.create_vpc(CidrBlock=str(vpc.cidrs[0]), TagSpecifications=[_named("vpc", name)])["Vpc"]["VpcId"]
        for cidr in vpc.cidrs[1:]:
            ec2.associate_vpc_cidr_block(VpcId=vpc_id, CidrBlock=str(cidr))
        if not vpc.dns.support:
            ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsSupport={"Value": False})
        if vpc.dns.hostnames:
            ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})
        if vpc.dhcp:
            self._dhcp(ec2, vpc_id, vpc.dhcp)
        group = ec2.create_security_group(
            GroupName=f"{name}-agents",
            Description="Astro agents",
            VpcId=vpc_id,
            TagSpecifications=[_named("security-group", f"{name}-agents")],
        )["GroupId"]
        subnets = {
            label: ec2.create_subnet(
                VpcId=vpc_id,
                CidrBlock=str(subnet.cidr),
                AvailabilityZoneId=subnet.az_id,
                TagSpecifications=[_named("subnet", f"{name}-{label}")],
            )["Subnet"]["SubnetId"]
            for label, subnet in vpc.subnets.items()
        }
        hosts = {
            host: self._host(ec2, host, subnets[label], vpc.subnets[label].cidr, group)
            for host, label in vpc.hosts.items()
        }
        return Seeded(id=vpc_id, agents_group=group, hosts=hosts)

    def peering(self, peering: Peering, seeded: Mapping[str, Seeded]) -> None:
        near, far = self._topology.vpcs[peering.requester], self._topology.vpcs[peering.accepter]
        near_id, far_id = seeded[peering.requester].id, seeded[peering.accepter].id
        requested = self._of(near).create_vpc_peering_connection(
            VpcId=near_id,
            PeerVpcId=far_id,
            PeerOwnerId=self._topology.account_of(far),
            PeerRegion=self._topology.region_of(far),
        )
        connection = requested["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        self._of(far).accept_vpc_peering_connection(VpcPeeringConnectionId=connection)
        if peering.routes in ("both", "requester"):
            self._routes(near, near_id, far, connection)
        if peering.routes in ("both", "accepter"):
            self._routes(far, far_id, near, connection)

    def _routes(self, vpc: Vpc, vpc_id: str, other: Vpc, connection: str) -> None:
        ec2 = self._of(vpc)
        tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["RouteTables"]
        for table in tables:
            for cidr in other.cidrs:
                ec2.create_route(
                    RouteTableId=table["RouteTableId"],
                    DestinationCidrBlock=str(cidr),
                    VpcPeeringConnectionId=connection,
                )

    @staticmethod
    def _host(ec2: EC2Client, name: str, subnet: str, cidr: IPv4Network, group: str) -> HostPlan:
        interface = ec2.create_network_interface(
            SubnetId=subnet, Groups=[group], TagSpecifications=[_named("network-interface", name)]
        )["NetworkInterface"]
        address = IPv4Interface(f"{interface['PrivateIpAddress']}/{cidr.prefixlen}")
        return HostPlan(interface=interface["NetworkInterfaceId"], address=address)

    @staticmethod
    def _dhcp(ec2: EC2Client, vpc_id: str, dhcp: Dhcp) -> None:
        servers = list(map(str, dhcp.name_servers)) or ["AmazonProvidedDNS"]
        options: list[Any] = [{"Key": "domain-name-servers", "Values": servers}]
        made = ec2.create_dhcp_options(DhcpConfigurations=options)["DhcpOptions"]["DhcpOptionsId"]
        ec2.associate_dhcp_options(DhcpOptionsId=made, VpcId=vpc_id)


def _root(account: str) -> str:
    return f"arn:aws:iam::{account}:root"


def _named(kind: Any, name: str) -> Any:
    return {"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}
