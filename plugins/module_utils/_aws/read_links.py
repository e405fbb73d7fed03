# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what there is of links in whole accounts and regions, whoever made it. It decides nothing.

Each account and region takes eight calls of EC2 (pages aside), however many VPCs there are; a listing and one call for each EKS
cluster, and three more where clusters have agents. An account takes a listing of its zones, two reads for each zone of Astro's names,
and one for each VPC that none of these serves although it has an endpoint or agents. What cannot be read is told, and the rest
continues.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from .._core.errors import ReadFailed
from .._core.plan import WORKERS
from .._inventory.found import Connection, HostedZone, Pods, Survey
from .._inventory.hosts import SUFFIX
from .._inventory.tags import AGENTS_TAG, Account, EksCluster, Wanted
from .._kube import client as api
from .._kube import find
from .._kube.model import Cluster, Refused
from .._link.model import Endpoint, SecurityGroup
from . import discover, eks, read
from .answers import text, understood, values
from .clients import Clients, describe, reading
from .session import Login, Sdk

R = TypeVar("R")
_WANTED = Wanted(vpcs={}, groups={}, machines={}, clusters="all", interfaces=True)


@dataclass(frozen=True, kw_only=True)
class Place:
    """One account and region. ``unread`` grows while it is asked: why something is not known."""

    clients: Clients
    account: Account
    account_id: str
    region: str
    unread: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.region} of account {self.account_id} ({self.account})"

    def ask(self, what: str, ask: Callable[[], R]) -> R | None:
        try:
            with reading("AWS"):
                return ask()
        except ReadFailed as problem:
            self.unread.append(f"{what} in {self.name}: {problem}")
            return None

    def ec2(self) -> Any:
        return self.clients.get("ec2", region=self.region)


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Reads accounts. ``directory`` is for certificates of clusters, and the caller removes it."""

    sdk: Sdk
    directory: str = ""

    # --- which accounts and regions

    def places(self, accounts: Sequence[Account]) -> tuple[list[Place], list[str]]:
        """The regions of each account, all that are enabled where none are given, and what is wrong with accounts."""
        with ThreadPoolExecutor(max_workers=WORKERS) as pool:
            found = list(pool.map(self._places, accounts))
        return [place for places, _problem in found for place in places], [p for _places, p in found if p]

    def _places(self, account: Account) -> tuple[list[Place], str]:
        clients = Clients(self.sdk, Login.of(account.access))
        try:
            with reading("AWS"):
                first = account.regions[0] if account.regions else ""
                number = text(clients.get("sts", region=first).get_caller_identity(), "Account")
                regions = account.regions or _regions(clients)
        except ReadFailed as problem:
            more = "" if account.regions else " Set discover_regions where no region is configured."
            return [], f"The account of {account}: {problem}{more}"
        return [Place(clients=clients, account=account, account_id=number, region=each) for each in regions], ""

    # --- what is there

    def everything(self, places: Sequence[Place], wanted: Callable[[Survey], Iterable[Endpoint]]) -> Survey:
        """All of these places; ``wanted`` chooses the endpoints whose groups and subnets are read."""
        accounts = {place.account_id: place for place in reversed(places)}
        with ThreadPoolExecutor(max_workers=WORKERS) as pool:
            zones = pool.map(_zones, accounts.values())
            networks = list(pool.map(_network, places))
            shared = [part for parts in networks for part in parts[1:]]  # their owners' own ways to them count first
            survey = Survey.merge([*(parts[0] for parts in networks), *shared, *zones])
            chosen = list(wanted(survey))
            parts = list(pool.map(lambda place: _of_endpoints(place, chosen), places))
            others = {source for part in parts for group in part.groups for source in group.sources}
            named = others - {str(group.id) for part in parts for group in part.groups}
            parts += pool.map(lambda place: _groups(place, named), places)
        return Survey.merge([survey, *parts])

    def serving(self, places: Sequence[Place], survey: Survey, vpc_ids: Iterable[str]) -> Survey:
        """The same, with the zones of Astro's names that serve some VPCs, of whatever account."""
        wanted = set(vpc_ids)

        def ask(place: Place) -> Survey:
            access = place.account.access
            here = {v.vpc_id: v.region for v in survey.vpcs if v.vpc_id in wanted and v.access == access}
            here = {vpc_id: region for vpc_id, region in here.items() if region == place.region}
            place = replace(place, unread=[])
            there = place.ask("Zones of VPCs", lambda: read.read_zones_by_vpc(_route53(place), here)) if here else None
            found = {
                vpc: tuple(sorted(i for i, name in zones.items() if of_astro(name)))
                for vpc, zones in (there or {}).items()
            }
            return Survey(serving={vpc: zones for vpc, zones in found.items() if zones}, unread=tuple(place.unread))

        with ThreadPoolExecutor(max_workers=WORKERS) as pool:
            return Survey.merge([survey, *pool.map(ask, places)])

    # --- where agents are pods

    def pods(self, places: Sequence[Place], survey: Survey) -> Survey:
        """The same, with what EKS clusters show of agents' pods. Groups and ranges are read of those that have some."""
        ways = {(str(place.account.access), place.region): place for place in places}
        vpcs = {vpc.vpc_id: vpc for vpc in survey.vpcs}
        asked = [(ways[(str(vpcs[c.vpc_id].access), c.region)], c) for c in survey.clusters]
        with ThreadPoolExecutor(max_workers=WORKERS) as pool:
            found = list(pool.map(lambda pair: self._pods(*pair), asked))
            parts = list(pool.map(lambda place: _inhabited(place, asked, found), ways.values()))
        return Survey.merge([survey, Survey(pods=tuple(found)), *parts])

    def _pods(self, place: Place, cluster: EksCluster) -> Pods:
        asked = Cluster(eks_cluster=cluster.name, region=cluster.region)
        try:
            with api.installed():
                there, hint = eks.server(place.clients, asked, cluster.vpc_id)
                client = api.Client(api.at(there, self.directory), asked, hint)
                pods = [pod for pod in find.listed(client, asked) if not pod.over]
        except Refused as problem:
            return Pods(cluster=cluster, problem="" if problem.code == "KUBE_NO_PODS" else str(problem))
        except Exception as problem:  # a library of the client's may raise anything
            return Pods(cluster=cluster, problem=f"{type(problem).__name__}: {problem}")
        names = [pod.namespace for pod in pods]
        return Pods(cluster=cluster, namespaces={name: names.count(name) for name in sorted(set(names))})


def of_astro(name: str) -> bool:
    """Whether a zone has Astro's suffix, or is below it."""
    return name == SUFFIX or name.endswith(f".{SUFFIX}")


def _route53(place: Place) -> Any:
    return place.clients.get("route53", region=place.region)


def _regions(clients: Clients) -> tuple[str, ...]:
    """The regions that are enabled for an account, which is what AWS lists by itself."""
    found = clients.get("ec2").describe_regions().get("Regions")
    return tuple(sorted(values(found, "RegionName")))


def _network(place: Place) -> list[Survey]:
    """VPCs and what connects them, their endpoints and EKS clusters; and apart the VPCs that other accounts share with this one."""
    account, region = place.account, place.region
    every = {"state": ["available"]}
    vpcs = place.ask("VPCs", lambda: describe(place.ec2(), "describe_vpcs", "Vpcs", every))
    if vpcs is None:
        return [Survey(unread=tuple(place.unread))]
    there = understood(vpcs, lambda vpc: discover.vpc_of(vpc, account, region))
    ids = {vpc.vpc_id for vpc in there}
    tagged = place.ask("Security groups", lambda: _tagged(place.ec2())) or {}
    clusters = place.ask("EKS clusters", lambda: discover.eks_clusters(place.clients, region, _WANTED, ids)) or []
    shared = tuple(vpc for vpc in there if vpc.account_id not in {"", place.account_id})
    found = Survey(
        vpcs=tuple(vpc for vpc in there if vpc not in shared),
        endpoints=tuple(place.ask("VPC endpoints", lambda: read.read_endpoints(place.ec2())) or ()),
        connections=(
            *(place.ask("Peerings", lambda: _peerings(place.ec2())) or ()),
            *(place.ask("Transit gateways", lambda: _attachments(place.ec2())) or ()),
        ),
        tagged=tagged,
        clusters=tuple(clusters),
        asked=(place.name,),
        unread=tuple(place.unread),
    )
    return [found, Survey(vpcs=shared)]


def _tagged(ec2: Any) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for group in discover.security_groups(ec2, {"tag-key": [AGENTS_TAG]}):
        found[group.vpc_id] = (*found.get(group.vpc_id, ()), group.group_id)
    return found


def _peerings(ec2: Any) -> list[Connection]:
    found = describe(ec2, "describe_vpc_peering_connections", "VpcPeeringConnections", {"status-code": ["active"]})

    def connection(peering: Mapping[str, Any]) -> Connection:
        sides = (peering["RequesterVpcInfo"], peering["AccepterVpcInfo"])
        return Connection(
            id=text(peering, "VpcPeeringConnectionId"), vpcs=frozenset(text(side, "VpcId") for side in sides)
        )

    return understood(found, connection)


def _attachments(ec2: Any) -> list[Connection]:
    method, key = "describe_transit_gateway_vpc_attachments", "TransitGatewayVpcAttachments"
    found = describe(ec2, method, key, {"state": ["available"]})
    return understood(
        found, lambda each: Connection(id=text(each, "TransitGatewayId"), vpcs=frozenset([text(each, "VpcId")]))
    )


def _zones(place: Place) -> Survey:
    """The private zones of Astro's names of an account."""
    account = f"Private zones of account {place.account_id} ({place.account})"
    try:
        found = [zone for zone in read.read_leading(_route53(place), SUFFIX) if of_astro(zone.name)]
    except ReadFailed as problem:
        return Survey(unread=(f"{account}: {problem}",))
    return Survey(
        zones=tuple(HostedZone(zone=z, account_id=place.account_id, access=place.account.access) for z in found)
    )


def _of_endpoints(place: Place, endpoints: Sequence[Endpoint]) -> Survey:
    """The security groups and the subnets of endpoints."""
    place = replace(place, unread=[])
    subnets = sorted({subnet for each in endpoints for subnet in each.subnets})
    groups = {str(group) for each in endpoints for group in each.security_groups}
    shown = place.ask("Subnets", lambda: _described(place, "describe_subnets", "Subnets", "subnet-id", subnets))
    here = dict(
        understood(
            shown,
            lambda each: (
                text(each, "SubnetId"),
                ", ".join(filter(None, (each.get("AvailabilityZoneId"), each.get("CidrBlock")))),
            ),
        )
    )
    found = _groups(place, groups)
    return replace(found, subnets=here, unread=(*place.unread, *found.unread))


def _groups(place: Place, ids: Iterable[str]) -> Survey:
    """Those of security groups that this place has."""
    place = replace(place, unread=[])
    named = sorted(each for each in ids if each.startswith("sg-"))
    shown = place.ask(
        "Security groups",
        lambda: _described(place, "describe_security_groups", "SecurityGroups", "group-id", named),
    )
    groups: list[SecurityGroup] = understood(shown, read.group)
    return Survey(groups=tuple(groups), unread=tuple(place.unread))


def _described(place: Place, method: str, key: str, name: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    return describe(place.ec2(), method, key, {name: ids}) if ids else []


def _inhabited(place: Place, asked: Sequence[tuple[Place, EksCluster]], found: Sequence[Pods]) -> Survey:
    """The clusters of a place that have agents, with the groups and ranges of their nodes and pods."""
    there = {(each.cluster.vpc_id, each.cluster.name) for each in found if each.namespaces}
    mine = [c for where, c in asked if where is place and (c.vpc_id, c.name) in there]
    place = replace(place, unread=[])
    what = "Groups and subnets of pods"
    clusters = place.ask(what, lambda: discover.inhabited(place.ec2(), mine)) if mine else None
    return Survey(clusters=tuple(clusters or mine), unread=tuple(place.unread))
