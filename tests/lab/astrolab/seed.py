# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fills the AWS double with what a topology says, through boto3 as any customer would, and Astro. Returns AWS's ids."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Interface, IPv6Network
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from .astro import organization
from .kube.wanted import NODE_LOCAL, ClusterDns, ClusterPlan, ClusterWanted, NodePlan
from .net.plan import NAT64, ClusterServer, HostPlan, Plan, VpcPlan
from .talk import say
from .topology import Dhcp, Peering, Subnet, Topology, TransitGateway, Vpc, partition

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

_AT_ONCE = 8
_NAMING = ("zone_shifts",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """A VPC as AWS knows it now."""

    id: str
    agents_group: str
    subnets: Mapping[str, str]  # ids
    hosts: Mapping[str, HostPlan]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeds:
    service_name: str
    vpcs: Mapping[str, Seeded]
    clusters: Mapping[str, ClusterPlan]


@functools.cache
def client(url: str, service: str, account: str, region: str) -> Any:
    """A client of the double; its access key chooses the account."""
    return boto3.session.Session().client(
        service,  # type: ignore[call-overload]  # the name is a variable here
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key="nothing-secret",
        config=Config(proxies={}, max_pool_connections=_AT_ONCE, retries={"mode": "standard", "max_attempts": 10}),
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
            "ip_address_types": list(service.ip_address_types),
        },
    )
    gardener = _Gardener(url, topology)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        vpcs = dict(zip(topology.vpcs, pool.map(gardener.vpc, topology.vpcs.items()), strict=True))
        list(pool.map(lambda peering: gardener.peering(peering, vpcs), topology.peerings))
        list(pool.map(lambda item: gardener.gateway(item, vpcs), topology.transit_gateways.items()))
        clusters = dict(
            zip(
                topology.clusters,
                pool.map(lambda item: gardener.cluster(item, vpcs), topology.clusters.items()),
                strict=True,
            )
        )
    agents = [name for name in topology.vpcs if _inhabited(topology, name)]
    say(url, "PUT", "astro/organization", organization.seeded(topology.cluster.id, topology.service_region, agents))
    return Seeds(service_name=str(offered["name"]), vpcs=vpcs, clusters=clusters)


def plan(topology: Topology, seeds: Seeds) -> Plan:
    vpcs = tuple(
        VpcPlan(
            id=seeds.vpcs[name].id,
            cidr=vpc.cidrs[0],
            hosts=seeds.vpcs[name].hosts,
            dns_servers=vpc.dns_servers,
            clusters={
                each.dns.address: _name_server(each.dns) for each in topology.clusters.values() if each.vpc == name
            },
        )
        for name, vpc in topology.vpcs.items()
        if _needs_network(topology, name)
    )
    return Plan(
        vpcs=vpcs,
        names=topology.names,
        astro=topology.cluster.public_address,
        public_ttl=topology.public_ttl,
        spared=tuple(seeds.vpcs[name].id for name in topology.vpcs if not _needs_network(topology, name)),
    )


def _needs_network(topology: Topology, name: str) -> bool:
    """A VPC that nobody looks out of, and nobody reaches from another, needs no wires."""
    groups = [{peering.requester, peering.accepter} for peering in topology.peerings]
    groups += [set(gateway.vpcs) for gateway in topology.transit_gateways.values()]
    near = {name}.union(*(group for group in groups if name in group))
    return any(_inhabited(topology, each) for each in near)


def _inhabited(topology: Topology, name: str) -> bool:
    return bool(topology.vpcs[name].hosts) or any(cluster.vpc == name for cluster in topology.clusters.values())


def _name_server(dns: ClusterDns) -> ClusterServer:
    services = {
        "kubernetes.default.svc.cluster.local": dns.address - 9,
        "kube-dns.kube-system.svc.cluster.local": dns.address,
    }
    return ClusterServer(
        forward="forwarding" if dns.forward == "vpc" else "public",
        cache=dns.cache,
        services=services,
        node_local=NODE_LOCAL if dns.node_local else None,
    )


class _Gardener:
    def __init__(self, url: str, topology: Topology) -> None:
        self._url, self._topology = url, topology
        places = {(topology.account_of(vpc), topology.region_of(vpc)) for vpc in topology.vpcs.values()}
        places |= {self._place(gateway) for gateway in topology.transit_gateways.values()}
        self._clients: dict[tuple[str, str], EC2Client] = {
            (account, region): client(url, "ec2", account, region) for account, region in places
        }

    def _of(self, vpc: Vpc) -> EC2Client:
        return self._clients[self._topology.account_of(vpc), self._topology.region_of(vpc)]

    def _place(self, gateway: TransitGateway) -> tuple[str, str]:
        return gateway.account or self._topology.account, gateway.region or self._topology.region

    def vpc(self, item: tuple[str, Vpc]) -> Seeded:
        name, vpc = item
        ec2 = self._of(vpc)
        made = ec2.create_vpc(
            CidrBlock=str(vpc.cidrs[0]),
            AmazonProvidedIpv6CidrBlock=any(subnet.ipv6 for subnet in vpc.subnets.values()),
            TagSpecifications=[_named("vpc", name)],
        )["Vpc"]
        vpc_id = made["VpcId"]
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
        ranges = self._ipv6_ranges(vpc, made)
        subnets = {
            label: self._subnet(ec2, vpc_id, f"{name}-{label}", subnet, ranges.get(label))
            for label, subnet in vpc.subnets.items()
        }
        self._translation(ec2, vpc_id, vpc, subnets)
        hosts = {
            host: self._host(ec2, host, subnets[label], vpc.subnets[label].cidr, group)
            for host, label in vpc.hosts.items()
        }
        return Seeded(id=vpc_id, agents_group=group, subnets=subnets, hosts=hosts)

    @staticmethod
    def _subnet(ec2: EC2Client, vpc_id: str, name: str, subnet: Subnet, ipv6: IPv6Network | None) -> str:
        wanted: Any = {"VpcId": vpc_id, "CidrBlock": str(subnet.cidr), "AvailabilityZoneId": subnet.az_id}
        if ipv6:
            wanted["Ipv6CidrBlock"] = str(ipv6)
        made = ec2.create_subnet(**wanted, TagSpecifications=[_named("subnet", name)])
        return made["Subnet"]["SubnetId"]

    @staticmethod
    def _ipv6_ranges(vpc: Vpc, made: Any) -> dict[str, IPv6Network]:
        whole = [IPv6Network(each["Ipv6CidrBlock"]) for each in made.get("Ipv6CidrBlockAssociationSet", ())]
        parts = (part for each in whole for part in each.subnets(new_prefix=64))
        return dict(zip((label for label, subnet in vpc.subnets.items() if subnet.ipv6), parts, strict=False))

    @staticmethod
    def _translation(ec2: EC2Client, vpc_id: str, vpc: Vpc, subnets: Mapping[str, str]) -> None:
        """DNS64 where it is wanted, and for it a NAT gateway to which the main route table leads."""
        wanted = [label for label, subnet in vpc.subnets.items() if subnet.dns64]
        for label in wanted:
            ec2.modify_subnet_attribute(SubnetId=subnets[label], EnableDns64={"Value": True})
        if wanted:
            place = next((label for label in subnets if label not in wanted), wanted[0])
            made = ec2.create_nat_gateway(SubnetId=subnets[place], ConnectivityType="private")["NatGateway"]
            (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["RouteTables"]
            ec2.create_route(
                RouteTableId=table["RouteTableId"],
                DestinationIpv6CidrBlock=str(NAT64),
                NatGatewayId=made["NatGatewayId"],
            )

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
            self._routes(near, near_id, far, {"VpcPeeringConnectionId": connection})
        if peering.routes in ("both", "accepter"):
            self._routes(far, far_id, near, {"VpcPeeringConnectionId": connection})

    def gateway(self, item: tuple[str, TransitGateway], seeded: Mapping[str, Seeded]) -> None:
        """Without a hub AWS's defaults do it: one route table that all are associated with and propagate to."""
        name, gateway = item
        ec2 = self._clients[self._place(gateway)]
        by_default: Any = "disable" if gateway.hub else "enable"
        made = ec2.create_transit_gateway(
            Options={"DefaultRouteTableAssociation": by_default, "DefaultRouteTablePropagation": by_default},
            TagSpecifications=[_named("transit-gateway", name)],
        )["TransitGateway"]["TransitGatewayId"]
        attached = {vpc: self._attach(vpc, seeded[vpc], made) for vpc in gateway.vpcs}
        if gateway.hub:
            self._hub(ec2, made, attached, gateway.hub)
        for vpc in gateway.vpcs if gateway.routes == "both" else ():
            for other in gateway.vpcs:
                if vpc != other and gateway.hub in (None, vpc, other):
                    near, far = self._topology.vpcs[vpc], self._topology.vpcs[other]
                    self._routes(near, seeded[vpc].id, far, {"TransitGatewayId": made})

    def _attach(self, name: str, vpc: Seeded, gateway: str) -> str:
        """By one subnet of each of its zones."""
        ec2 = self._of(self._topology.vpcs[name])
        subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc.id]}])["Subnets"]
        chosen = {subnet["AvailabilityZone"]: subnet["SubnetId"] for subnet in subnets}
        made = ec2.create_transit_gateway_vpc_attachment(
            TransitGatewayId=gateway, VpcId=vpc.id, SubnetIds=list(chosen.values())
        )
        return made["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]

    @staticmethod
    def _hub(ec2: EC2Client, gateway: str, attached: Mapping[str, str], hub: str) -> None:
        """One route table for the hub, into which the others propagate, and one for the others, into which the hub does."""
        for name, inside in (("hub", {hub}), ("spokes", attached.keys() - {hub})):
            table = ec2.create_transit_gateway_route_table(
                TransitGatewayId=gateway, TagSpecifications=[_named("transit-gateway-route-table", name)]
            )["TransitGatewayRouteTable"]["TransitGatewayRouteTableId"]
            for vpc, attachment in attached.items():
                names: Any = {"TransitGatewayRouteTableId": table, "TransitGatewayAttachmentId": attachment}
                if vpc in inside:
                    ec2.associate_transit_gateway_route_table(**names)
                else:
                    ec2.enable_transit_gateway_route_table_propagation(**names)

    def _routes(self, vpc: Vpc, vpc_id: str, other: Vpc, target: Mapping[str, str]) -> None:
        ec2 = self._of(vpc)
        tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["RouteTables"]
        for table in tables:
            for cidr in other.cidrs:
                names: Any = {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": str(cidr), **target}
                ec2.create_route(**names)

    @staticmethod
    def _host(ec2: EC2Client, name: str, subnet: str, cidr: IPv4Network, group: str) -> HostPlan:
        (there,) = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
        ranges = [IPv6Network(each["Ipv6CidrBlock"]) for each in there.get("Ipv6CidrBlockAssociationSet", ())]
        wanted: Any = {"SubnetId": subnet, "Groups": [group], "TagSpecifications": [_named("network-interface", name)]}
        if ranges:
            wanted["Ipv6AddressCount"] = 1
        interface = ec2.create_network_interface(**wanted)["NetworkInterface"]
        ipv6 = next((each["Ipv6Address"] for each in interface.get("Ipv6Addresses", ())), None)
        return HostPlan(
            interface=interface["NetworkInterfaceId"],
            address=IPv4Interface(f"{interface['PrivateIpAddress']}/{cidr.prefixlen}"),
            ipv6=IPv6Interface(f"{ipv6}/{ranges[0].prefixlen}") if ipv6 else None,
        )

    def cluster(self, item: tuple[str, ClusterWanted], seeded: Mapping[str, Seeded]) -> ClusterPlan:
        """Its nodes are instances, with the security group that EKS makes for a cluster, or with one of their own."""
        name, wanted = item
        vpc, there = self._topology.vpcs[wanted.vpc], seeded[wanted.vpc]
        group = self._eks(item, there) if wanted.service == "eks" else self._group(item, there, "nodes")
        pods = group
        if wanted.own_groups:
            group, pods = self._group(item, there, "own"), self._group(item, there, "pods")
        labels = [label for label in wanted.subnets or vpc.subnets for _each in range(wanted.nodes)]
        nodes = tuple(self._node(item, there, label, (group, pods)) for label in labels)
        if wanted.service == "eks":
            self._nodegroup(item, [there.subnets[label] for label in dict.fromkeys(labels)], len(nodes))
        return ClusterPlan(
            name=name,
            wanted=wanted,
            vpc=there.id,
            account=self._topology.account_of(vpc),
            region=self._topology.region_of(vpc),
            nodes=nodes,
            groups=tuple(dict.fromkeys((group, pods) if wanted.pod_subnets else (group,))),
            pods_group=there.agents_group,
        )

    def _eks(self, item: tuple[str, ClusterWanted], there: Seeded) -> str:
        name, wanted = item
        public = wanted.api == "public"
        made = self._eks_client(wanted).create_cluster(
            name=name,
            roleArn=f"arn:{self._partition(wanted)}:iam::{self._account(wanted)}:role/eks-cluster",
            version=wanted.version,
            resourcesVpcConfig={
                "subnetIds": list(there.subnets.values()),
                "endpointPublicAccess": public,
                "endpointPrivateAccess": not public,
            },
            tags=dict(wanted.tags),
        )
        return str(made["cluster"]["resourcesVpcConfig"]["clusterSecurityGroupId"])

    def _nodegroup(self, item: tuple[str, ClusterWanted], subnets: list[str], count: int) -> None:
        name, wanted = item
        self._eks_client(wanted).create_nodegroup(
            clusterName=name,
            nodegroupName=f"{name}-nodes",
            subnets=subnets,
            nodeRole=f"arn:{self._partition(wanted)}:iam::{self._account(wanted)}:role/eks-nodes",
            instanceTypes=["m6i.large"],
            scalingConfig={"minSize": count, "maxSize": count, "desiredSize": count},
        )

    def _account(self, wanted: ClusterWanted) -> str:
        return self._topology.account_of(self._topology.vpcs[wanted.vpc])

    def _partition(self, wanted: ClusterWanted) -> str:
        return partition(self._topology.region_of(self._topology.vpcs[wanted.vpc]))

    def _eks_client(self, wanted: ClusterWanted) -> Any:
        region = self._topology.region_of(self._topology.vpcs[wanted.vpc])
        return client(self._url, "eks", self._account(wanted), region)

    def _group(self, item: tuple[str, ClusterWanted], there: Seeded, of: str) -> str:
        name, wanted = item
        ec2 = self._of(self._topology.vpcs[wanted.vpc])
        group = ec2.create_security_group(
            GroupName=f"{name}-{of}",
            Description="Nodes of a cluster",
            VpcId=there.id,
            TagSpecifications=[_tagged("security-group", {f"kubernetes.io/cluster/{name}": "owned"})],
        )["GroupId"]
        inside: Any = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}]
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=inside)
        return group

    def _node(self, item: tuple[str, ClusterWanted], there: Seeded, label: str, groups: tuple[str, str]) -> NodePlan:
        name, wanted = item
        vpc = self._topology.vpcs[wanted.vpc]
        ec2 = self._of(vpc)
        tags = {"Name": f"{name}-node", f"kubernetes.io/cluster/{name}": "owned"}
        if wanted.service == "eks":
            tags |= {"eks:cluster-name": name, "eks:nodegroup-name": f"{name}-nodes"}
        (instance,) = ec2.run_instances(
            ImageId="ami-1",
            MinCount=1,
            MaxCount=1,
            InstanceType="m6i.large",
            SubnetId=there.subnets[label],
            SecurityGroupIds=[groups[0]],
            TagSpecifications=[_tagged("instance", tags)],
        )["Instances"]
        interface = instance["NetworkInterfaces"][0]["NetworkInterfaceId"]
        alike = [each for each in wanted.pod_subnets if vpc.subnets[each].az_id == vpc.subnets[label].az_id]
        if alike:
            interface = self._more(ec2, name, instance["InstanceId"], there.subnets[alike[0]], groups[1])
        return NodePlan(
            name=instance["PrivateDnsName"],
            instance=instance["InstanceId"],
            address=IPv4Address(instance["PrivateIpAddress"]),
            zone=instance["Placement"]["AvailabilityZone"],
            pods_interface=interface,
        )

    @staticmethod
    def _more(ec2: EC2Client, cluster: str, instance: str, subnet: str, group: str) -> str:
        """An interface for pods, as the VPC CNI adds it to a node."""
        tags = {
            "cluster.k8s.amazonaws.com/name": cluster,
            "node.k8s.amazonaws.com/instance_id": instance,
            "eks:eni:owner": "amazon-vpc-cni",
        }
        made = ec2.create_network_interface(
            SubnetId=subnet,
            Groups=[group],
            Description=f"aws-K8S-{instance}",
            TagSpecifications=[_tagged("network-interface", tags)],
        )["NetworkInterface"]["NetworkInterfaceId"]
        ec2.attach_network_interface(NetworkInterfaceId=made, InstanceId=instance, DeviceIndex=1)
        return made

    @staticmethod
    def _dhcp(ec2: EC2Client, vpc_id: str, dhcp: Dhcp) -> None:
        servers = list(map(str, dhcp.name_servers)) or ["AmazonProvidedDNS"]
        options: list[Any] = [{"Key": "domain-name-servers", "Values": servers}]
        made = ec2.create_dhcp_options(DhcpConfigurations=options)["DhcpOptions"]["DhcpOptionsId"]
        ec2.associate_dhcp_options(DhcpOptionsId=made, VpcId=vpc_id)


def _root(account: str) -> str:
    return f"arn:aws:iam::{account}:root"


def _tagged(kind: Any, tags: Mapping[str, str]) -> Any:
    return {"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _named(kind: Any, name: str) -> Any:
    return {"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}
