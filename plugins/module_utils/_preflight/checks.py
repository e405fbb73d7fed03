# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges what was read of all fleets: everything that would make a run fail or cut agents off. Pure.

Problems that setup's own plans find (`endpoint`, `zone`) come from there; the others are found here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Network
from typing import Any

from .._core.findings import Finding, errors, finding
from .._core.grouped import grouped
from .._core.plan import New, Plan
from .._core.ranges import ipv4
from .._core.supported import ACROSS_REGIONS, numbers
from .._kube import admission
from .._kube.need import Need
from .._link import endpoint as _endpoint
from .._link import model
from .._link import subnets as _subnets
from .._link import zone as _zone
from . import network as _network
from . import resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class Vpc:
    """An agent VPC of a run. ``sources``: who its agents are. ``in_use``: names under Astro's suffix that are needed there.

    ``confirmed``: Astronomer Support has agreed to a link that is shared across regions or accounts. ``pods`` are its agents, as
    far as they are pods that were found.
    """

    name: str
    vpc_id: str
    region: str
    host: str
    via: str = ""
    sources: frozenset[str] = frozenset()
    in_use: frozenset[str] = frozenset()
    confirmed: bool = False
    pods: tuple[admission.Placed, ...] = ()

    @property
    def groups(self) -> frozenset[str]:
        return frozenset(source for source in self.sources if source.startswith("sg-"))

    @property
    def ranges(self) -> frozenset[IPv4Network]:
        return frozenset(ipv4(self.sources - self.groups))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What is wanted and there in one account and region. ``account`` is the caller's, "" if it is not known.

    ``agents`` says in which subnets the agents' security groups are in use, ``quota`` how many endpoints a VPC may have.
    ``interfaces`` are those of VPCs with pods.
    """

    vpcs: tuple[Vpc, ...]
    links: tuple[model.Link, ...]
    have: model.Have
    plan: Plan
    account: str = ""
    agents: Mapping[str, frozenset[str]] = field(default_factory=dict)
    quota: int = 50
    interfaces: tuple[admission.Interface, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A quota of Route 53, and how much of it is taken."""

    most: int
    count: int


@dataclass(frozen=True, kw_only=True)
class Zones:
    """What is wanted and there of one account's zones. ``limits`` are those of zones that VPCs are to join (by id), and of
    the account (""). ``public`` are ids that were given and are those of public zones.
    """

    links: tuple[_zone.Link, ...]
    have: tuple[_zone.Zone, ...]
    plan: Plan
    limits: Mapping[str, Limit] = field(default_factory=dict)
    public: frozenset[str] = frozenset()

    @cached_property
    def known(self) -> frozenset[str]:
        return frozenset(str(zone.id) for zone in self.have)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """All that was read, and what that alone already told (``findings``). ``names`` is keyed by VPC id."""

    fleets: tuple[Fleet, ...] = ()
    zones: tuple[Zones, ...] = ()
    network: _network.Network = field(default_factory=_network.Network)
    names: Mapping[str, resolution.Names] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    @cached_property
    def vpcs(self) -> dict[str, Vpc]:
        return {vpc.name: vpc for fleet in self.fleets for vpc in fleet.vpcs}

    @cached_property
    def homes(self) -> dict[str, set[str]]:
        """The subnets in which something carries a security group."""
        pairs = [pair for fleet in self.fleets for pair in fleet.agents.items()]
        return {group: set().union(*subnets) for group, subnets in grouped(pairs).items()}


def judge(seen: Seen) -> list[Finding]:
    """All problems, each once, by VPC."""
    checks = (
        _planned,
        _shared,
        _far_subnets,
        _support,
        _quotas,
        _groups,
        _pods,
        _references,
        _paths,
        _resolving,
        _hiding,
    )
    found = [*seen.findings, *(one for check in checks for one in check(seen))]
    return sorted(dict.fromkeys(found), key=lambda one: one.vpc)


def too_old(links: Iterable[model.Link], region: str, sdk: Sequence[int]) -> list[Finding]:
    """Links to another region's service, if the SDK does not support them."""
    if tuple(sdk) >= numbers(ACROSS_REGIONS):
        return []
    version = ".".join(map(str, sdk))
    regions = {link.name: model.parse_service_region(link.service_name) or region for link in links}
    return [
        finding("SDK_TOO_OLD", name, service_region=there, version=version)
        for name, there in regions.items()
        if there != region
    ]


def waiting(zones: Zones) -> set[str]:
    """Names of the VPCs that are not yet associated with their link's zone."""
    return {
        vpc.name
        for link in zones.links
        for vpc in link.vpcs
        if vpc.present and not _zone.result(link, vpc, zones.have)["associated"]
    }


# --- the checks


def _planned(seen: Seen) -> Iterable[Finding]:
    for fleet in seen.fleets:
        links = {link.name: link for link in fleet.links}
        for one in fleet.plan.findings:
            # of groups the checks below know more: in which subnets agents are, and whether VPCs are connected
            mine = links.get(one.vpc)
            joined = mine is None and one.code in {"SG_REF_INVALID", "SECURITY_GROUP_NOT_FOUND"}
            if not joined and not (one.code == "AGENT_NOT_ADMITTED" and mine and mine.sources):
                yield one
    without = {name for fleet in seen.fleets for name in errors(fleet.plan.findings)}
    for zones in seen.zones:
        ids = {link.name: link.zone_id for link in zones.links}
        for one in zones.plan.findings:
            if one.code == "RECORD_NO_TARGET" and one.vpc in without:
                continue  # the findings above tell why it has no endpoint
            public = one.code == "ZONE_NOT_FOUND" and ids[one.vpc] in zones.public
            yield finding("HOSTED_ZONE_PUBLIC", one.vpc, zone_id=ids[one.vpc]) if public else one


def _shared(seen: Seen) -> Iterable[Finding]:
    for fleet in seen.fleets:
        for link in fleet.links:
            owner = fleet.have.vpcs.get(link.vpc_id, fleet.account)
            if fleet.account and owner not in {"", fleet.account}:
                yield finding("SHARED_VPC_PARTICIPANT", link.name, vpc_id=link.vpc_id, owner=owner)


def _far_subnets(seen: Seen) -> Iterable[Finding]:
    for fleet in seen.fleets:
        for link in fleet.links:
            far = model.parse_service_region(link.service_name) != fleet.have.region
            for subnet in fleet.have.subnets_of(link.vpc_id).values():
                unsupported = subnet.zone_id in _subnets.NOT_REMOTE or not _subnets.proper(subnet)
                if far and unsupported and subnet.id in link.subnets and not link.zone_ids:
                    az = f"{subnet.zone} ({subnet.zone_id})"
                    yield finding("AZ_REMOTE_DOUBTFUL", link.name, subnet=subnet.id, az=az)


def _support(seen: Seen) -> Iterable[Finding]:
    """Astronomer's table has "contact Support" for links shared across regions and accounts."""
    for vpc, owner in _joined(seen):
        if not vpc.confirmed:
            for what, here, there in apart(vpc, owner, seen.network):
                yield finding("SUPPORT_NEEDED", vpc.name, via=vpc.via, what=what, here=here, there=there)


def apart(vpc: Vpc, owner: Vpc, network: _network.Network) -> list[tuple[str, str, str]]:
    """How two VPCs differ: ("region" or "account", the first one's, the second one's)."""
    accounts = [network.vpcs[v.vpc_id].owner if v.vpc_id in network.vpcs else "" for v in (vpc, owner)]
    pairs = [("region", vpc.region, owner.region), ("account", accounts[0], accounts[1])]
    return [(what, here, there) for what, here, there in pairs if here and there and here != there]


#: VPCs that may be on a private zone, unless AWS has raised the quota of that zone:
#: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html
USUAL_ZONE_VPCS = 300


def _quotas(seen: Seen) -> Iterable[Finding]:
    for fleet in seen.fleets:
        there = Counter(endpoint.vpc_id for endpoint in fleet.have.endpoints if endpoint.live)
        for vpc_id, names in creating(fleet.plan).items():
            if there[vpc_id] + len(names) > fleet.quota:
                facts = {"vpc_id": vpc_id, "count": there[vpc_id], "limit": fleet.quota, "more": len(names)}
                yield from _each("ENDPOINTS_REACHED", names, facts)
    for zones in seen.zones:
        yield from _zone_quotas(zones)


def creating(plan: Plan) -> dict[str, list[str]]:
    """The VPCs, by their ids, that are to have new endpoints, and whose these are."""
    found: dict[str, list[str]] = {}
    for call in plan.calls:
        if call.operation == "CreateVpcEndpoint":
            found.setdefault(call.arguments["VpcId"], []).extend(sorted(call.subjects))
    return found


def _zone_quotas(zones: Zones) -> Iterable[Finding]:
    joining: dict[str, set[str]] = {}
    new: dict[str, set[str]] = {}
    for call in zones.plan.calls:
        if call.operation in {"AssociateVPCWithHostedZone", "CreateHostedZone"}:
            zone_id = call.arguments.get("HostedZoneId", "")
            joining.setdefault(str(zone_id), set()).update(call.subjects)
            if isinstance(zone_id, New):
                new.setdefault(zone_id.owner, set()).update(call.subjects)
    for owner, names in new.items():
        if len(names) > USUAL_ZONE_VPCS:
            yield finding("ZONE_VPCS_MANY", owner, count=len(names), limit=USUAL_ZONE_VPCS)
    for zone_id, names in joining.items():
        limit = zones.limits.get(zone_id)
        if limit and limit.count + len(names) > limit.most:
            facts = {"zone_id": zone_id, "count": limit.count, "limit": limit.most, "more": len(names)}
            yield from _each("ZONE_VPCS_REACHED" if zone_id else "ZONES_REACHED", names, facts)


def _each(code: str, names: Iterable[str], facts: Mapping[str, Any]) -> list[Finding]:
    return [finding(code, name, **facts) for name in names]


def _groups(seen: Seen) -> Iterable[Finding]:
    """Security groups that the user set, or that an existing endpoint has."""
    members = seen.vpcs
    for fleet in seen.fleets:
        groups = grouped((group.vpc_id, group) for group in fleet.have.groups)
        for link in fleet.links:
            endpoint = _endpoint.find(link, fleet.have)[0]
            there = endpoint.security_groups if endpoint and not link.security_groups else link.security_groups
            used = [group for group in groups.get(link.vpc_id, ()) if group.id in there]
            for group in used:
                if group.name == "default":
                    yield finding("DEFAULT_SECURITY_GROUP", link.name, group=group.id)
            if link.security_groups and used:
                admitted = frozenset().union(*(group.sources for group in used))
                for name in (link.name, *link.joined):
                    if name in members:
                        yield from _admitted(members[name], link.security_groups, admitted, seen)
    for vpc in seen.vpcs.values():
        yield from _unnamed_ranges(vpc, seen.network)


def _admitted(vpc: Vpc, groups: Iterable[str], admitted: frozenset[str], seen: Seen) -> Iterable[Finding]:
    if any(source.startswith("pl-") for source in admitted):
        return  # the contents of a prefix list are unknown
    ranges = ipv4(admitted)
    homes = ipv4(subnet.cidr for subnet in _homes(vpc, seen)) or _blocks(vpc, seen.network)
    named = all(any(home.subnet_of(span) for span in ranges) for home in homes)
    left = {group for group in vpc.groups - admitted if not (homes and named)}
    left |= {str(source) for source in vpc.ranges if not any(source.subnet_of(span) for span in ranges)}
    if left:
        yield finding("AGENT_NOT_ADMITTED", vpc.name, groups=groups, sources=left)


def _unnamed_ranges(vpc: Vpc, network: _network.Network) -> Iterable[Finding]:
    """Ranges of a VPC that have subnets but are not admitted, if agents are known by range only."""
    if vpc.groups or not any(block.overlaps(source) for block in _blocks(vpc, network) for source in vpc.ranges):
        return
    subnets = ipv4(subnet.cidr for subnet in network.subnets_of(vpc.vpc_id))
    left = [
        block
        for block in _blocks(vpc, network)
        if not any(block.overlaps(source) for source in vpc.ranges)
        and any(subnet.subnet_of(block) for subnet in subnets)
    ]
    if left:
        yield finding("AGENT_RANGE_NOT_ADMITTED", vpc.name, vpc_id=vpc.vpc_id, ranges=left)


def _blocks(vpc: Vpc, network: _network.Network) -> list[IPv4Network]:
    return ipv4(network.vpcs[vpc.vpc_id].cidrs) if vpc.vpc_id in network.vpcs else []


def _pods(seen: Seen) -> Iterable[Finding]:
    """Agents' pods whose groups the endpoint does not admit, or will not."""
    links = {link.name: (link, fleet) for fleet in seen.fleets for link in fleet.links}
    for fleet in seen.fleets:
        for vpc in fleet.vpcs:
            link, home = links.get(vpc.via or vpc.name, (None, fleet))
            if link is None or not vpc.pods:
                continue
            used = [group for group in home.have.groups if group.id in link.security_groups]
            admitted = frozenset().union(*(group.sources for group in used)) if used else vpc.sources
            yield from admission.check(vpc.name, vpc.pods, fleet.interfaces, admitted, sorted(link.security_groups))


def _references(seen: Seen) -> Iterable[Finding]:
    """Groups of a joined VPC that the endpoint's group is to reference."""
    known = {group.id for fleet in seen.fleets for group in fleet.have.groups}
    for vpc, owner in _joined(seen):
        for group in sorted(vpc.groups - known):
            yield finding("SECURITY_GROUP_NOT_FOUND", vpc.name, vpc_id=vpc.vpc_id, group=group)
        if not vpc.groups:
            continue
        facts = {"groups": vpc.groups, "vpc_id": vpc.vpc_id, "other": owner.vpc_id}
        if vpc.region != owner.region:
            yield finding("SG_REF_INVALID", vpc.name, **facts, why="they are in different regions")
        elif not seen.network.groups_cross(vpc.vpc_id, owner.vpc_id):
            why = "there is no active peering, nor a transit gateway with security group referencing on both sides"
            yield finding("SG_REF_INVALID", vpc.name, **facts, why=why)


def _paths(seen: Seen) -> Iterable[Finding]:
    ends = {link.name: _ends(link, fleet, seen.network) for fleet in seen.fleets for link in fleet.links}
    for vpc in seen.vpcs.values():
        there = ends.get(vpc.via or vpc.name, ())
        homes = _homes(vpc, seen)
        if there and homes:
            yield from _network.closed(_network.Path(name=vpc.name, places=homes, ends=there, sure=True), seen.network)
        perhaps = tuple(
            subnet for subnet in seen.network.subnets_of(vpc.vpc_id) if subnet not in homes and _meets(subnet, vpc)
        )
        if there and perhaps:
            yield from _network.closed(_network.Path(name=vpc.name, places=perhaps, ends=there), seen.network)


def _ends(link: model.Link, fleet: Fleet, network: _network.Network) -> tuple[model.Subnet, ...]:
    """The subnets that the endpoint has, or will have."""
    endpoint = _endpoint.find(link, fleet.have)[0]
    planned = fleet.plan.after.get(link.name, {}).get("endpoint", {}).get("subnet_ids", [])
    ids = planned or (sorted(endpoint.subnets) if endpoint else [])
    return tuple(network.subnets[each] for each in ids if each in network.subnets and network.subnets[each].cidr)


def _meets(subnet: model.Subnet, vpc: Vpc) -> bool:
    """Whether agents that are known by range may be in a subnet."""
    return any(block.overlaps(span) for block in ipv4([subnet.cidr]) for span in vpc.ranges)


def _homes(vpc: Vpc, seen: Seen) -> tuple[model.Subnet, ...]:
    """The subnets in which something carries a security group of the agents."""
    ids = {subnet for group in vpc.groups for subnet in seen.homes.get(group, ())}
    return tuple(subnet for subnet in seen.network.subnets_of(vpc.vpc_id) if subnet.id in ids)


def _joined(seen: Seen) -> Iterable[tuple[Vpc, Vpc]]:
    vpcs = seen.vpcs
    return [(vpc, vpcs[vpc.via]) for vpc in vpcs.values() if vpc.via in vpcs]


def _resolving(seen: Seen) -> Iterable[Finding]:
    for zones, link, vpc in _members(seen):
        names = seen.names.get(str(vpc.vpc_id))
        if names is not None and vpc.name in seen.vpcs:
            yield from resolution.check(_wanted(zones, link, seen.vpcs[vpc.name]), names)


def _hiding(seen: Seen) -> Iterable[Finding]:
    """Records of all links count that share a zone: clusters with agents in the same VPC."""
    for zones in seen.zones:
        hosts = grouped((_key(link), host) for link in zones.links for host in link.records)
        for link in zones.links:
            zone = _zone.find(link, zones.have)[0]
            records = [*(record.name for record in (zone.records if zone else ())), *hosts.get(_key(link), ())]
            for vpc in (seen.vpcs[each.name] for each in link.vpcs if each.present and each.name in seen.vpcs):
                yield from resolution.hidden(_wanted(zones, link, vpc), vpc.in_use, records)


def _key(link: _zone.Link) -> tuple[str, str, str]:
    """What tells the zones of links apart."""
    return link.vpc_id, link.zone, link.zone_id


def _members(seen: Seen) -> Iterable[tuple[Zones, _zone.Link, _zone.Vpc]]:
    return [(zones, link, vpc) for zones in seen.zones for link in zones.links for vpc in link.vpcs if vpc.present]


def _wanted(zones: Zones, link: _zone.Link, vpc: Vpc) -> resolution.Wanted:
    return resolution.Wanted(
        name=vpc.name,
        vpc_id=vpc.vpc_id,
        host=vpc.host,
        zone=_zone.plain(link.zone),
        known=zones.known,
    )


def needs(seen: Seen) -> dict[str, Need]:
    """What the agents of each VPC have to reach: the endpoint's addresses, or the subnets that it will have."""
    links = {link.name: (link, fleet) for fleet in seen.fleets for link in fleet.links}
    found = {}
    for vpc in seen.vpcs.values():
        link, fleet = links.get(vpc.via or vpc.name, (None, None))
        there = seen.network.vpcs.get(vpc.vpc_id)
        spans: list[IPv4Network] = []
        if link and fleet:
            addresses = [each["address"] for each in _endpoint.result(link, fleet.have)["addresses"]]
            spans = ipv4(addresses) or ipv4(subnet.cidr for subnet in _ends(link, fleet, seen.network))
        found[vpc.name] = Need(
            vpc=vpc.name, host=vpc.host, spans=tuple(spans), cidrs=tuple(ipv4(there.cidrs if there else ()))
        )
    return found


# --- what the agent hosts and the Astro API answered


def unknown_cluster(vpc: str, host: str, agent: str, names: Mapping[str, Any]) -> list[Finding]:
    """``names`` is what `probe` returned from an agent host in a VPC in which nothing private covers the name."""
    answers = [names.get("vpc_resolver") or {}, names]
    answered = next((one for one in answers if one.get("addresses") or one.get("problem") == "DNS_NXDOMAIN"), {})
    if answered.get("problem") != "DNS_NXDOMAIN":
        return []
    return [finding("CLUSTER_UNKNOWN", vpc, host=host, agent=agent)]


def unfit(deployments: Iterable[Mapping[str, Any]], hosts: Mapping[str, str]) -> list[Finding]:
    """``deployments`` are those of `astro_info`; ``hosts`` say which name the agents of each VPC use."""
    found = []
    for deployment in deployments:
        cluster, facts = deployment["cluster_id"], {"deployment": deployment["name"]}
        mine = [vpc for vpc, host in hosts.items() if host.partition(".")[0] == cluster]
        if not deployment["remote_execution"]:
            found += _each("DEPLOYMENT_NOT_REMOTE", mine or hosts, facts)
        elif deployment["airflow_version"].split(".")[0] in {"1", "2"}:
            found += _each("DEPLOYMENT_AIRFLOW_2", mine or hosts, {**facts, "version": deployment["airflow_version"]})
        elif deployment["host"] not in {"", *hosts.values()}:
            facts |= {"host": deployment["host"], "hosts": set(hosts.values())}
            found += _each("DEPLOYMENT_ELSEWHERE", hosts, facts)
    return found


# --- how a VPC is shown


def public(seen: Seen) -> dict[str, dict[str, Any]]:
    """RETURN's ``vpcs``."""
    outside = {name for zones in seen.zones for name in waiting(zones)}
    zoned = {vpc.name for zones in seen.zones for link in zones.links for vpc in link.vpcs} - outside
    links = {(place, link.name): link for place, fleet in enumerate(seen.fleets) for link in fleet.links}
    return {
        vpc.name: _public(vpc, fleet, links.get((place, vpc.name)), seen, inside=vpc.name in zoned)
        for place, fleet in enumerate(seen.fleets)
        for vpc in fleet.vpcs
    }


def _public(vpc: Vpc, fleet: Fleet, link: model.Link | None, seen: Seen, inside: bool) -> dict[str, Any]:
    there = seen.network.vpcs.get(vpc.vpc_id)
    endpoint = _endpoint.find(link, fleet.have)[0] if link else None
    homes = _homes(vpc, seen) or [
        subnet for subnet in seen.network.subnets_of(vpc.vpc_id) if not vpc.ranges or _meets(subnet, vpc)
    ]
    return {
        "vpc_id": vpc.vpc_id,
        "account_id": (there.owner if there else "") or fleet.account,
        "region": vpc.region,
        "via": vpc.via,
        "host": vpc.host,
        "cidrs": list(there.cidrs) if there else [],
        "az_ids": sorted({subnet.zone_id for subnet in homes} - {""}),
        "apart": [each[0] for each in apart(vpc, seen.vpcs[vpc.via], seen.network)] if vpc.via in seen.vpcs else [],
        "vpc_endpoint_id": str(endpoint.id) if endpoint else "",
        "state": endpoint.state if endpoint else "",
        "covered": inside or resolution.covered(vpc.host, seen.names.get(vpc.vpc_id, resolution.Names())),
    }
