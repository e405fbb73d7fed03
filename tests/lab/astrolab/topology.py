# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab consists of before anybody sets up a link: the file's contents, checked. Knows no AWS ids."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network
from itertools import islice
from pathlib import Path
from typing import Literal

import yaml

from .authority import SUFFIX
from .aws.settings import Settings
from .kube.kinds import EXTENSIONS, KINDS
from .kube.wanted import ADMIN, NODE_LOCAL, ClusterWanted
from .shape import ShapeError, read

DEMO = Path(__file__).resolve().parent.parent / "topologies" / "demo.yml"
_ASTRO = IPv4Address("203.0.113.10")
_PARTITIONS = {"us-gov-": "aws-us-gov", "cn-": "aws-cn"}
_GENERATED = IPv4Network("10.128.0.0/9")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The Astro cluster whose agents are to come in privately."""

    id: str
    public_address: IPv4Address = _ASTRO

    @property
    def host(self) -> str:
        return f"{self.id}.{SUFFIX}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Astronomer's endpoint service; without principals it admits all accounts of the topology."""

    az_ids: tuple[str, ...]
    owner: str = "999988887777"
    region: str | None = None
    acceptance: bool = True
    principals: tuple[str, ...] = ()
    supported_regions: tuple[str, ...] = ()
    ip_address_types: tuple[Literal["ipv4", "ipv6"], ...] = ("ipv4",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """With `ipv6` it has a range of the VPC's, and with `dns64` its hosts reach IPv4 through a NAT gateway by IPv6."""

    cidr: IPv4Network
    az_id: str
    ipv6: bool = False
    dns64: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dns:
    """The two attributes of a VPC that private zones need."""

    support: bool = True
    hostnames: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Dhcp:
    """DHCP options; no name servers means AmazonProvidedDNS."""

    name_servers: tuple[IPv4Address, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Vpc:
    """One agent VPC, or with `agents: false` a VPC that is not in the inventory."""

    cidrs: tuple[IPv4Network, ...]
    subnets: Mapping[str, Subnet]
    account: str | None = None
    region: str | None = None
    agents: bool = True
    via: str | None = None  # the VPC whose endpoint it shares
    hosts: Mapping[str, str] = field(default_factory=dict)  # agent host -> subnet
    dns: Dns = Dns()
    dhcp: Dhcp | None = None
    dns_servers: Mapping[IPv4Address, Literal["public", "forwarding", "caching"]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peering:
    """A peering connection from one VPC to another, and the sides whose route tables use it."""

    requester: str
    accepter: str
    routes: Literal["both", "requester", "accepter", "none"] = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitGateway:
    """A transit gateway and the VPCs that are attached to it, all with all; with a hub, each of the others with the hub."""

    vpcs: tuple[str, ...]
    hub: str | None = None
    account: str | None = None
    region: str | None = None
    routes: Literal["both", "none"] = "both"  # whether the route tables of the VPCs lead to it


@dataclass(frozen=True, slots=True, kw_only=True)
class Generate:
    """Many alike VPCs; joined ones share the endpoint of `via`."""

    count: int
    kind: Literal["own", "joined"] = "own"
    via: str | None = None
    hosts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    cluster: Cluster
    service: Service
    account: str = "111111111111"
    region: str = "us-east-1"
    vpcs: Mapping[str, Vpc] = field(default_factory=dict)
    peerings: tuple[Peering, ...] = ()
    transit_gateways: Mapping[str, TransitGateway] = field(default_factory=dict)
    clusters: Mapping[str, ClusterWanted] = field(default_factory=dict)  # of Kubernetes
    public_names: Mapping[str, tuple[IPv4Address, ...]] = field(default_factory=dict)
    public_ttl: int = 60  # seconds for which answers of the world's DNS may be kept
    settings: Mapping[str, object] = field(default_factory=dict)
    generate: Generate | None = None

    def account_of(self, vpc: Vpc) -> str:
        return vpc.account or self.account

    def region_of(self, vpc: Vpc) -> str:
        return vpc.region or self.region

    @property
    def service_region(self) -> str:
        return self.service.region or self.region

    @property
    def accounts(self) -> frozenset[str]:
        return frozenset(map(self.account_of, self.vpcs.values()))

    @property
    def names(self) -> dict[str, tuple[IPv4Address, ...]]:
        """The world's DNS."""
        return {self.cluster.host: (self.cluster.public_address,), **self.public_names}


def load(path: Path) -> Topology:
    try:
        data = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise ShapeError(f"there is no topology file {path}") from None
    except yaml.YAMLError as error:
        raise ShapeError(f"{path} is not YAML: {error}") from error
    topology = _generated(read(Topology, data, path.name))
    checks = (
        _setting_complaints,
        _partition_complaints,
        _vpc_complaints,
        _peering_complaints,
        _gateway_complaints,
        _host_complaints,
        _cluster_complaints,
    )
    complaints = [complaint for check in checks for complaint in check(topology)]
    if complaints:
        raise ShapeError(f"{path.name}: {complaints[0]}")
    return topology


def _generated(topology: Topology) -> Topology:
    if (order := topology.generate) is None:
        return topology
    if order.kind == "joined" and order.via is None:
        raise ShapeError("generate: joined VPCs need `via`, the VPC whose endpoint they share")
    via = order.via if order.kind == "joined" else None
    zones = (topology.service.az_ids * 2)[:2]
    vpcs, peerings = dict(topology.vpcs), list(topology.peerings)
    for number, cidr in enumerate(islice(_GENERATED.subnets(new_prefix=20), order.count), start=1):
        name = f"vpc{number:03}"
        halves = zip("ab", cidr.subnets(new_prefix=24), zones, strict=False)
        subnets = {letter: Subnet(cidr=half, az_id=zone) for letter, half, zone in halves}
        hosts = {f"{name}-agent": "a"} if order.hosts else {}
        vpcs[name] = Vpc(cidrs=(cidr,), subnets=subnets, via=via, hosts=hosts)
        if via:
            peerings.append(Peering(requester=name, accepter=via))
    return replace(topology, vpcs=vpcs, peerings=tuple(peerings))


def with_profile(topology: Topology, profile: str | None) -> Topology:
    """The topology on another profile of the double's settings; what it sets itself stays."""
    return replace(topology, settings={**topology.settings, "profile": profile}) if profile else topology


def _setting_complaints(topology: Topology) -> list[str]:
    try:
        Settings().change(topology.settings)
    except ValueError as error:
        return [f"settings: {error}"]
    return []


def partition(region: str) -> str:
    """The part of AWS that a region is in; accounts and networks of two do not reach each other."""
    return next((name for prefix, name in _PARTITIONS.items() if region.startswith(prefix)), "aws")


def _partition_complaints(topology: Topology) -> list[str]:
    regions = {topology.service_region, *map(topology.region_of, topology.vpcs.values())}
    found = sorted(set(map(partition, regions)))
    return [f"regions of {' and '.join(found)} do not reach each other"] if len(found) > 1 else []


def _vpc_complaints(topology: Topology) -> list[str]:
    complaints = []
    for name, vpc in topology.vpcs.items():
        if not vpc.cidrs:
            complaints.append(f"vpcs.{name} needs a CIDR")
        for label, subnet in vpc.subnets.items():
            if not any(subnet.cidr.subnet_of(cidr) for cidr in vpc.cidrs):
                complaints.append(f"vpcs.{name}.subnets.{label}: {subnet.cidr} is in none of the VPC's CIDRs")
            if subnet.dns64 and not subnet.ipv6:
                complaints.append(f"vpcs.{name}.subnets.{label}.dns64: it is of no use without ipv6: true")
        if vpc.via is not None and vpc.via not in topology.vpcs:
            complaints.append(f"vpcs.{name}.via: there is no VPC {vpc.via}")
    return complaints


def _peering_complaints(topology: Topology) -> list[str]:
    ends = [end for peering in topology.peerings for end in (peering.requester, peering.accepter)]
    return [f"peerings: there is no VPC {end}" for end in ends if end not in topology.vpcs]


def _gateway_complaints(topology: Topology) -> list[str]:
    complaints = []
    for name, gateway in topology.transit_gateways.items():
        where = f"transit_gateways.{name}"
        if not gateway.vpcs:
            complaints.append(f"{where}.vpcs names no VPC")
        if gateway.hub is not None and gateway.hub not in gateway.vpcs:
            complaints.append(f"{where}.hub: {gateway.hub} is not one of its VPCs")
        for number, vpc in enumerate(gateway.vpcs):
            if trouble := _attachment_trouble(topology, gateway, vpc):
                complaints.append(f"{where}.vpcs[{number}]: {trouble}")
            if vpc in gateway.vpcs[:number]:
                complaints.append(f"{where}.vpcs[{number}]: {vpc} is attached already")
    return complaints


def _attachment_trouble(topology: Topology, gateway: TransitGateway, name: str) -> str | None:
    if name not in topology.vpcs:
        return f"there is no VPC {name}"
    vpc, region = topology.vpcs[name], gateway.region or topology.region
    if not vpc.subnets:
        return f"the VPC {name} has no subnet to attach"
    if topology.region_of(vpc) != region:
        return f"the VPC {name} is in {topology.region_of(vpc)}, the gateway in {region}"
    return None


def _host_complaints(topology: Topology) -> list[str]:
    complaints, seen = [], set(topology.vpcs)
    for name, vpc in topology.vpcs.items():
        for host, subnet in vpc.hosts.items():
            if subnet not in vpc.subnets:
                complaints.append(f"vpcs.{name}.hosts.{host}: the VPC has no subnet {subnet}")
            if host in seen:
                complaints.append(f"vpcs.{name}.hosts.{host}: the name is taken")
            seen.add(host)
    return complaints


def _cluster_complaints(topology: Topology) -> list[str]:
    complaints: list[str] = []
    taken: set[tuple[str, object]] = set()
    for name, cluster in topology.clusters.items():
        dns = cluster.dns
        addresses = {(cluster.vpc, dns.address), (cluster.vpc, NODE_LOCAL if dns.node_local else name)}
        troubles = list(_cluster_troubles(topology, cluster))
        if addresses & taken:
            troubles.append(".dns: another cluster of the VPC has its name server there")
        taken |= addresses
        complaints += [f"clusters.{name}{trouble}" for trouble in troubles]
    return complaints


def _cluster_troubles(topology: Topology, cluster: ClusterWanted) -> Iterator[str]:
    vpc = topology.vpcs.get(cluster.vpc)
    if vpc is None:
        yield f".vpc: there is no VPC {cluster.vpc}"
        return
    for label in (*cluster.subnets, *cluster.pod_subnets):
        if label not in vpc.subnets:
            yield f": the VPC {cluster.vpc} has no subnet {label}"
    if not vpc.subnets or cluster.nodes < 1:
        yield " has no subnet for a node"
    if cluster.service == "eks" and len({subnet.az_id for subnet in vpc.subnets.values()}) < 2:
        yield f": EKS wants subnets in two zones, and the VPC {cluster.vpc} has none"
    if re.fullmatch(r"1\.\d+", cluster.version) is None:
        yield f".version: {cluster.version} is not like 1.33"
    if cluster.python not in ("", "python3") and not cluster.python.startswith("/"):
        yield f".python: {cluster.python} is neither python3, nor nothing, nor a path"
    yield from _user_troubles(cluster)


def _user_troubles(cluster: ClusterWanted) -> Iterator[str]:
    known = {kind.plural for kind in (*KINDS, *EXTENSIONS)}
    for name, user in cluster.users.items():
        for resource in user.can:
            if resource.partition("/")[0] not in known:
                yield f".users.{name}.can: there is no resource {resource}"
    for account, name in cluster.entries.items():
        if name not in (ADMIN, *cluster.users):
            yield f".entries.{account}: there is no user {name}"
