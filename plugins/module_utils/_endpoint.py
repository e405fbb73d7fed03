# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interface endpoints of a fleet: what is wanted and what AWS has, to the calls that turn one into the other. Pure.

The rules are AWS's: https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ._findings import Finding, errors, finding
from ._plan import Call, Id, New, Plan, Token

#: The Name that Astronomer's page gives the endpoint; the managed security group is called the same.
NAME = "astro-privatelink"
#: What this collection created, or was told to adopt, carries this tag.
OWNED = {"managed-by": "astro.privatelink"}
PORT = 443

_SERVICE_NAME = re.compile(r"com\.amazonaws\.vpce\.(?P<region>[a-z0-9-]+)\.vpce-svc-[0-9a-f]{8,17}")
#: Zones that cross-region access leaves out, as AWS's page lists them; a hint for choosing, never a refusal.
#: https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-cross-region-privatelink-support.html
NOT_REMOTE = {"use1-az3", "usw1-az2", "apne1-az3", "apne2-az2", "apne2-az4"}
#: States in which an endpoint no longer counts, and those from which it never comes back.
_GONE = {"deleting", "deleted"}
_DEAD = {"rejected": "ENDPOINT_REJECTED", "failed": "ENDPOINT_FAILED", "expired": "ENDPOINT_EXPIRED"}


def parse_service_region(service_name: str) -> str | None:
    """The region in an endpoint service's name, or None if it is no such name."""
    match = _SERVICE_NAME.fullmatch(service_name)
    return match["region"] if match else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What is wanted of one VPC's endpoint. ``sources`` are security group ids and CIDRs whose agents may enter.

    ``joined`` are the sources of VPCs that share this link, by their names. With ``sources_only`` the endpoint belongs
    to a VPC outside of this run: only missing sources are added, and those of ``leaving`` VPCs removed. With ``purge_sources``
    nobody else may enter: rules for just the port that name others are removed from the managed group.
    ``service_region`` is where the service lives, "" for the VPC's region; ``zone_ids`` are the AZ ids that Support
    named, if AWS is not to be asked. ``replace`` allows to delete an endpoint that is rejected, failed or expired, and to
    make a new one. ``drain`` are the seconds for which an available endpoint is still kept before it is deleted, for
    agents that have its addresses from before.
    """

    name: str
    vpc_id: str
    service_name: str
    service_region: str = ""
    zone_ids: frozenset[str] = frozenset()
    replace: bool = False
    sources: frozenset[str] = frozenset()
    joined: Mapping[str, frozenset[str]] = field(default_factory=dict)
    subnets: frozenset[str] = frozenset()
    security_groups: frozenset[str] = frozenset()
    tags: Mapping[str, str] = field(default_factory=dict)
    endpoint_id: str = ""
    present: bool = True
    sources_only: bool = False
    leaving: Mapping[str, frozenset[str]] = field(default_factory=dict)
    purge_sources: bool = False
    drain: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """An endpoint service as this account sees it; ``zones`` are zone names of this account, none for another region."""

    name: str
    zones: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    id: str
    vpc_id: str
    zone: str
    zone_id: str
    free: int
    public: bool
    owner: str
    cidr: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup:
    """``sources`` are those who may reach port 443, by whichever rule; ``exact`` those by a rule for just that port."""

    id: Id
    vpc_id: str
    name: str
    sources: frozenset[str]
    owned: bool
    exact: frozenset[str] = field(default=frozenset(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An endpoint as it is, or as it shall be. What AWS makes of it (state, names, addresses) is not compared."""

    id: Id
    vpc_id: str
    service_name: str
    subnets: frozenset[str]
    security_groups: frozenset[Id]
    tags: Mapping[str, str]
    state: str = field(default="", compare=False)
    detail: str = field(default="", compare=False)
    dns_name: str = field(default="", compare=False)
    hosted_zone_id: str = field(default="", compare=False)
    addresses: tuple[Mapping[str, str], ...] = field(default=(), compare=False)

    @property
    def owned(self) -> bool:
        return OWNED.items() <= self.tags.items()

    @property
    def live(self) -> bool:
        return self.state not in _GONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Have:
    """All that AWS has of a fleet, read in bulk. ``vpcs`` maps ids to the owning account."""

    region: str
    vpcs: Mapping[str, str]
    services: Mapping[str, Service]
    subnets: tuple[Subnet, ...] = ()
    groups: tuple[SecurityGroup, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()

    def subnets_of(self, vpc_id: str) -> dict[str, Subnet]:
        return {subnet.id: subnet for subnet in self.subnets if subnet.vpc_id == vpc_id}


def plan(links: Sequence[Link], have: Have) -> Plan:
    """The plan for a fleet: a VPC with an error has no calls, the others are not held up by it."""
    return Plan.merge(_plan_link(link, have) for link in links)


def find(link: Link, have: Have) -> tuple[Endpoint | None, list[Finding]]:
    """The endpoint that serves a link, and what is wrong with the choice."""
    there = [e for e in have.endpoints if e.vpc_id == link.vpc_id and e.service_name == link.service_name and e.live]
    if link.endpoint_id:
        chosen = [e for e in there if e.id == link.endpoint_id]
        if not chosen and not link.present:
            return None, []
        facts = {"vpc_id": link.vpc_id, "endpoint": link.endpoint_id, "service": link.service_name}
        return (chosen[0], []) if chosen else (None, [finding("ENDPOINT_NOT_FOUND", link.name, **facts)])
    ours = [e for e in there if e.owned]
    if len(ours) > 1:
        ids = [e.id for e in ours]
        return None, [finding("ENDPOINT_DUPLICATE", link.name, vpc_id=link.vpc_id, endpoints=ids)]
    if ours or not there or not link.present:
        return (ours[0] if ours else None), []
    return None, [finding("ENDPOINT_FOREIGN", link.name, vpc_id=link.vpc_id, endpoint=there[0].id)]


def status(link: Link, have: Have, waited: int) -> list[Finding]:
    """What is wrong with an endpoint once a run has waited ``waited`` seconds for it."""
    endpoint = find(link, have)[0]
    if endpoint is None or not link.present or link.sources_only or endpoint.state == "available":
        return []
    if endpoint.state == "pendingacceptance":
        return [finding("PENDING_ACCEPTANCE", link.name, endpoint=endpoint.id)]
    if endpoint.state in (*_DEAD, "partial"):
        code = _DEAD.get(endpoint.state, "ENDPOINT_PARTIAL")
        return [finding(code, link.name, endpoint=endpoint.id, detail=endpoint.detail)]
    return [finding("ENDPOINT_PENDING", link.name, endpoint=endpoint.id, state=endpoint.state, seconds=waited)]


def unsettled(links: Iterable[Link], have: Have) -> set[str]:
    """The endpoints that an earlier run made and that are still on their way."""
    found = [find(link, have)[0] for link in links if link.present and not link.sources_only]
    return {str(e.id) for e in found if e is not None and e.state in {"pending", "pendingacceptance"}}


def result(link: Link, have: Have) -> dict[str, Any]:
    """RETURN's entry of one VPC; what is still to be created is named by its placeholder."""
    endpoint, problems = find(link, have)
    group = _find_group(link, have)[0]
    groups = sorted(link.security_groups) or ([str(group.id)] if group else [])
    if endpoint is None:
        later = str(New("endpoint", link.name)) if link.present and not link.sources_only and not problems else ""
        shown = {"vpc_endpoint_id": later, "state": "", "dns_name": later, "hosted_zone_id": later, "addresses": []}
        return {**shown, "security_group_ids": groups}
    return {
        "vpc_endpoint_id": endpoint.id,
        "security_group_ids": groups,
        "state": endpoint.state,
        "dns_name": endpoint.dns_name,
        "hosted_zone_id": endpoint.hosted_zone_id,
        "addresses": [dict(address) for address in endpoint.addresses],
    }


def _plan_link(link: Link, have: Have) -> Plan:
    if link.vpc_id not in have.vpcs:
        if not link.present:
            return Plan(before={link.name: {}}, after={link.name: {}})
        return Plan(findings=(finding("VPC_NOT_FOUND", link.name, vpc_id=link.vpc_id, region=have.region),))
    endpoint, problems = find(link, have)
    group, more = _find_group(link, have)
    problems += more
    if not link.present:
        return Plan(findings=tuple(problems)) if problems else _plan_absent(link, endpoint, group, have)
    if link.sources_only:
        return _plan_sources(link, group) if not problems else Plan(findings=tuple(problems))
    dead = endpoint if endpoint is not None and endpoint.state in _DEAD else None
    if dead is not None:
        endpoint = None
        problems += [] if link.replace else status(link, have, 0)
    problems += _check_input(link, have)
    subnets, more = _choose_subnets(link, endpoint, have)
    problems += more
    if errors(problems):
        return Plan(findings=tuple(problems))
    plan_ = _plan_present(link, endpoint, group, subnets, have)
    if dead is None:
        return replace(plan_, findings=tuple(problems))
    delete = _call(link, "DeleteVpcEndpoints", {"VpcEndpointIds": [dead.id]}, until="deleted")
    return replace(
        plan_, calls=(delete, *plan_.calls), findings=tuple(problems), before={link.name: public(dead, group)}
    )


# --- what is there, what is wrong


def _find_group(link: Link, have: Have) -> tuple[SecurityGroup | None, list[Finding]]:
    """The managed security group of a VPC; none is needed where the user names groups."""
    if link.security_groups:
        return None, []
    named = [g for g in have.groups if g.vpc_id == link.vpc_id and g.name == NAME]
    if not named or named[0].owned:
        return (named[0] if named else None), []
    if not link.present:
        return None, []
    return None, [finding("SECURITY_GROUP_FOREIGN", link.name, vpc_id=link.vpc_id, group=named[0].id)]


def _check_input(link: Link, have: Have) -> list[Finding]:
    problems = []
    parsed = parse_service_region(link.service_name)
    facts = {"service": link.service_name, "region": have.region, "service_region": link.service_region or parsed}
    if parsed is None:
        problems.append(finding("SERVICE_NAME_INVALID", link.name, **facts))
    elif parsed != (link.service_region or have.region):
        problems.append(finding("SERVICE_REGION_MISSING", link.name, **{**facts, "service_region": parsed}))
    elif link.service_name not in have.services:
        remote = parsed != have.region
        problems.append(finding("REGION_NOT_ENABLED" if remote else "SERVICE_NOT_FOUND", link.name, **facts))
    here = {g.id for g in have.groups if g.vpc_id == link.vpc_id}
    for group in sorted((link.security_groups | {s for s in link.sources if s.startswith("sg-")}) - here):
        problems.append(finding("SECURITY_GROUP_NOT_FOUND", link.name, vpc_id=link.vpc_id, group=group))
    if not link.security_groups and not link.sources:
        problems.append(finding("NO_AGENT_SOURCE", link.name))
    return problems


def _offers(link: Link, service: Service, subnet: Subnet) -> bool:
    """Whether the service can be reached from a subnet's zone; for another region's service AWS does not tell."""
    if link.zone_ids:
        return subnet.zone_id in link.zone_ids
    return subnet.zone in service.zones if service.zones else True


def _choose_subnets(link: Link, endpoint: Endpoint | None, have: Have) -> tuple[frozenset[str], list[Finding]]:
    """One subnet a zone of the service: those given; else those in use, and the roomiest private one elsewhere."""
    service = have.services.get(link.service_name)
    if service is None:
        return frozenset(), []
    subnets = have.subnets_of(link.vpc_id)
    in_use = endpoint.subnets if endpoint else frozenset()
    if link.subnets:
        return link.subnets, _check_subnets(link, subnets, service, in_use, have)
    chosen = {subnets[s].zone: s for s in sorted(in_use) if s in subnets}
    usable = [s for s in subnets.values() if _offers(link, service, s) and s.free and s.owner == have.vpcs[link.vpc_id]]
    if not service.zones and not link.zone_ids:
        usable = [s for s in usable if s.zone_id not in NOT_REMOTE]
    for subnet in sorted(usable, key=lambda s: (s.public, -s.free, s.id)):
        chosen.setdefault(subnet.zone, subnet.id)
    if chosen:
        return frozenset(chosen.values()), []
    facts = {
        "vpc_id": link.vpc_id,
        "have": {_zone(s) for s in subnets.values()},
        "supported": _supported(link, service, have.subnets),
    }
    return frozenset(), [finding("NO_SUPPORTED_SUBNET", link.name, **facts)]


def _check_subnets(
    link: Link, subnets: Mapping[str, Subnet], service: Service, in_use: frozenset[str], have: Have
) -> list[Finding]:
    problems = []
    by_zone: dict[str, list[Subnet]] = {}
    for wanted in sorted(link.subnets):
        subnet = subnets.get(wanted)
        if subnet is None:
            facts = {"vpc_id": link.vpc_id, "subnet": wanted, "subnets": list(subnets)}
            problems.append(finding("SUBNET_NOT_FOUND", link.name, **facts))
            continue
        by_zone.setdefault(subnet.zone, []).append(subnet)
        if not _offers(link, service, subnet):
            facts = {"subnet": wanted, "az": _zone(subnet), "supported": _supported(link, service, have.subnets)}
            problems.append(finding("AZ_UNSUPPORTED", link.name, **facts))
        if not subnet.free and wanted not in in_use:
            problems.append(finding("SUBNET_FULL", link.name, subnet=wanted, az=_zone(subnet)))
        if subnet.owner != have.vpcs[link.vpc_id]:
            problems.append(finding("SHARED_VPC_PARTICIPANT", link.name, vpc_id=link.vpc_id, owner=subnet.owner))
    for twins in by_zone.values():
        if len(twins) > 1:
            problems.append(finding("SUBNETS_SAME_AZ", link.name, subnets=[s.id for s in twins], az=_zone(twins[0])))
    return problems


def _zone(subnet: Subnet) -> str:
    return f"{subnet.zone} ({subnet.zone_id})"


def _supported(link: Link, service: Service, subnets: Iterable[Subnet]) -> list[str]:
    """The service's zones, with their AZ ids as far as this fleet's subnets tell them."""
    if link.zone_ids:
        return sorted(link.zone_ids)
    ids = {subnet.zone: subnet.zone_id for subnet in subnets}
    return [f"{zone} ({ids[zone]})" if zone in ids else zone for zone in service.zones]


# --- want and have to calls


def _plan_present(
    link: Link, endpoint: Endpoint | None, group: SecurityGroup | None, subnets: frozenset[str], have: Have
) -> Plan:
    calls: list[Call] = []
    groups: frozenset[Id] = link.security_groups
    if not link.security_groups:
        goal = _goal_group(link, group)
        calls += _group_calls(link, group, goal)
        groups = frozenset([goal.id]) | (endpoint.security_groups if endpoint else frozenset())
    else:
        goal = None
    tags = {"Name": NAME, **link.tags, **OWNED}
    if endpoint is None:
        wanted = Endpoint(
            id=New("endpoint", link.name),
            vpc_id=link.vpc_id,
            service_name=link.service_name,
            subnets=subnets,
            security_groups=groups,
            tags=tags,
        )
        calls.append(_create(link, wanted, have.region))
    else:
        wanted = replace(endpoint, subnets=subnets, security_groups=groups, tags={**endpoint.tags, **tags})
        calls += _modify(link, endpoint, wanted, {subnet.id: subnet.zone for subnet in have.subnets})
    return Plan(
        calls=tuple(calls),
        before={link.name: public(endpoint, group)},
        after={link.name: public(wanted, goal)},
    )


def _goal_group(link: Link, group: SecurityGroup | None) -> SecurityGroup:
    sources = link.sources.union(*link.joined.values())
    if group is not None:
        return replace(group, sources=(group.sources | sources) - _foreign(link, group))
    new = New("security group", link.name)
    return SecurityGroup(id=new, vpc_id=link.vpc_id, name=NAME, sources=sources, owned=True)


def _group_calls(link: Link, group: SecurityGroup | None, goal: SecurityGroup) -> list[Call]:
    calls = []
    if group is None:
        arguments = {
            "GroupName": NAME,
            "Description": "Agents to Astro over PrivateLink",
            "VpcId": link.vpc_id,
            "TagSpecifications": _tag_specification("security-group", {"Name": NAME, **link.tags, **OWNED}),
        }
        calls.append(_call(link, "CreateSecurityGroup", arguments, makes=New("security group", link.name)))
    there = group.sources if group else frozenset()
    own = link.sources - there
    if own:
        calls.append(_call(link, "AuthorizeSecurityGroupIngress", _ingress(goal.id, own)))
    return calls + _joined_calls(link, goal.id, there | own) + (_purge_calls(link, group) if group else [])


def _foreign(link: Link, group: SecurityGroup) -> frozenset[str]:
    """Who shall no longer enter. Rules for more than the port are left to whoever made them."""
    return group.exact - link.sources.union(*link.joined.values()) if link.purge_sources else frozenset()


def _purge_calls(link: Link, group: SecurityGroup) -> list[Call]:
    """Only once all who need the endpoint have rules of their own: until then they may enter by one that goes."""
    foreign = _foreign(link, group)
    if not foreign:
        return []
    revoke = _call(link, "RevokeSecurityGroupIngress", _ingress(group.id, foreign, described=False))
    return [replace(revoke, requires=frozenset(link.joined))]


def _joined_calls(link: Link, group: Id, there: frozenset[str]) -> list[Call]:
    """One call lets all joined VPCs in; if it fails, they fail and the link's own VPC does not."""
    missing = {name: sources - there for name, sources in link.joined.items() if sources - there}
    if not missing:
        return []
    arguments = _ingress(group, frozenset().union(*missing.values()))
    requires = frozenset() if link.sources_only else frozenset([link.name])
    call = _call(link, "AuthorizeSecurityGroupIngress", arguments)
    return [replace(call, subjects=frozenset(missing), requires=requires)]


def _plan_sources(link: Link, group: SecurityGroup | None) -> Plan:
    """Joined VPCs of a link whose own VPC is outside of this run: let them in or no longer in, touch nothing else."""
    if group is None:
        return Plan()
    if link.purge_sources:
        return _plan_purge(link, group)
    gone = {name: sources & group.exact for name, sources in link.leaving.items() if sources & group.exact}
    removed = frozenset[str]().union(*gone.values())
    goal = replace(group, sources=group.sources.union(*link.joined.values()) - removed)
    revoke = _call(link, "RevokeSecurityGroupIngress", _ingress(group.id, removed, described=False))
    leave = [replace(revoke, subjects=frozenset(gone))] if gone else []
    return Plan(
        calls=(*_joined_calls(link, group.id, group.sources), *leave),
        before={link.name: public(None, group)},
        after={link.name: public(None, goal)},
    )


def _plan_purge(link: Link, group: SecurityGroup) -> Plan:
    """All sources of a link and nobody else; its endpoint is left as it is."""
    if not link.sources:
        return Plan(findings=(finding("NO_AGENT_SOURCE", link.name),))
    goal = _goal_group(link, group)
    return Plan(
        calls=tuple(_group_calls(link, group, goal)),
        before={link.name: public(None, group)},
        after={link.name: public(None, goal)},
    )


def _create(link: Link, endpoint: Endpoint, region: str) -> Call:
    arguments: dict[str, Any] = {
        "VpcEndpointType": "Interface",
        "VpcId": endpoint.vpc_id,
        "ServiceName": endpoint.service_name,
        "SubnetIds": sorted(endpoint.subnets),
        "SecurityGroupIds": sorted(endpoint.security_groups, key=str),
        # Astro's names come from our zone; the service's own private DNS would fight with it.
        "PrivateDnsEnabled": False,
        "TagSpecifications": _tag_specification("vpc-endpoint", endpoint.tags),
        "ClientToken": Token(),
    }
    if link.service_region and link.service_region != region:
        arguments["ServiceRegion"] = link.service_region
    return _call(link, "CreateVpcEndpoint", arguments, makes=New("endpoint", link.name))


def _modify(link: Link, have: Endpoint, want: Endpoint, zones: Mapping[str, str]) -> list[Call]:
    calls = [_call(link, "ModifyVpcEndpoint", {"VpcEndpointId": have.id, **step}) for step in _steps(have, want, zones)]
    tags = {key: value for key, value in want.tags.items() if have.tags.get(key) != value}
    if tags:
        arguments = {"Resources": [have.id], "Tags": [{"Key": k, "Value": v} for k, v in sorted(tags.items())]}
        calls.append(_call(link, "CreateTags", arguments))
    return calls


def _steps(have: Endpoint, want: Endpoint, zones: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    """New zones and groups come before old ones go, so that agents always have an address to reach.

    A zone holds one subnet of an endpoint at a time: to swap it, the old one must go first.
    """
    removed = have.subnets - want.subnets
    swapped = {s for s in want.subnets - have.subnets if zones[s] in {zones.get(r) for r in removed}}
    first = {
        "AddSubnetIds": sorted(want.subnets - have.subnets - swapped),
        "AddSecurityGroupIds": sorted(want.security_groups - have.security_groups, key=str),
        "RemoveSecurityGroupIds": sorted(have.security_groups - want.security_groups, key=str),
    }
    for step in (first, {"RemoveSubnetIds": sorted(removed)}, {"AddSubnetIds": sorted(swapped)}):
        if filled := {key: value for key, value in step.items() if value}:
            yield filled


def _plan_absent(link: Link, endpoint: Endpoint | None, group: SecurityGroup | None, have: Have) -> Plan:
    calls = []
    if endpoint is not None:
        delete = _call(link, "DeleteVpcEndpoints", {"VpcEndpointIds": [endpoint.id]}, until="deleted")
        calls.append(replace(delete, not_before=link.drain if endpoint.state == "available" else 0))
    others = [e for e in have.endpoints if group and group.id in e.security_groups and e.live and e != endpoint]
    if group is not None and not others:
        calls.append(_call(link, "DeleteSecurityGroup", {"GroupId": group.id}))
    before = public(endpoint, group)
    after = public(None, group if others else None)
    return Plan(calls=tuple(calls), before={link.name: before}, after={link.name: after})


def _call(link: Link, operation: str, arguments: Mapping[str, Any], makes: New | None = None, until: str = "") -> Call:
    return Call(
        service="ec2",
        operation=operation,
        arguments=arguments,
        subjects=frozenset([link.name]),
        lane=link.name,
        makes=makes,
        until=until,
    )


def _tag_specification(kind: str, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": tags[key]} for key in sorted(tags)]}]


def _ingress(group: Id, sources: frozenset[str], described: bool = True) -> dict[str, Any]:
    text = {"Description": "Astro agents"} if described else {}
    rule: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": PORT, "ToPort": PORT}
    for source in sorted(sources):
        key, name = peer_form(source)
        rule.setdefault(key, []).append({name: source, **text})
    return {"GroupId": group, "IpPermissions": [rule]}


def peer_form(peer: str) -> tuple[str, str]:
    """Where AWS's rules hold a peer of this kind, and by which key."""
    if peer.startswith("sg-"):
        return "UserIdGroupPairs", "GroupId"
    if peer.startswith("pl-"):
        return "PrefixListIds", "PrefixListId"
    return ("Ipv6Ranges", "CidrIpv6") if ":" in peer else ("IpRanges", "CidrIp")


def peers_of(rule: Mapping[str, Any]) -> dict[str, str]:
    """Whom one of AWS's rules names, of whatever kind, and its description for each."""
    kinds = (peer_form(kind) for kind in ("sg-", "", "::", "pl-"))
    return {each[name]: each.get("Description", "") for key, name in kinds for each in rule.get(key, [])}


def sources_of(ingress: Mapping[str, Any]) -> set[str]:
    """Whom the arguments of AuthorizeSecurityGroupIngress, or of its opposite, name."""
    return {peer for rule in ingress["IpPermissions"] for peer in peers_of(rule)}


# --- how it is shown


def public(endpoint: Endpoint | None, group: SecurityGroup | None) -> dict[str, Any]:
    """The form of diff and RETURN."""
    shown: dict[str, Any] = {}
    if endpoint is not None:
        shown["endpoint"] = {
            "vpc_endpoint_id": str(endpoint.id),
            "service_name": endpoint.service_name,
            "subnet_ids": sorted(endpoint.subnets),
            "security_group_ids": sorted(str(g) for g in endpoint.security_groups),
            "tags": dict(sorted(endpoint.tags.items())),
        }
    if group is not None:
        shown["security_group"] = {"group_id": str(group.id), "sources": sorted(group.sources)}
    return shown
