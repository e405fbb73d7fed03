# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interface endpoints of a fleet: what is wanted and what AWS has, to the calls that turn one into the other. Pure.

The rules are AWS's: https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._core.findings import Finding, errors, finding
from .._core.plan import Call, Id, New, Plan, Token, fill
from . import existing, security_group
from . import subnets as _subnets
from .model import Endpoint, Have, Link, SecurityGroup, parse_service_region, tag_specification

#: States from which an endpoint never comes back.
_ON_ITS_WAY = {"pending", "pendingacceptance"}
_DEAD = {"rejected": "ENDPOINT_REJECTED", "failed": "ENDPOINT_FAILED", "expired": "ENDPOINT_EXPIRED"}


def plan(links: Sequence[Link], have: Have) -> Plan:
    """The plan for a fleet: a VPC with an error has no calls, the others are not held up by it."""
    by_vpc: dict[str, list[Link]] = {}
    for link in links:
        by_vpc.setdefault(link.vpc_id, []).append(link)
    plans = {link.name: one for there in by_vpc.values() for link, one in _plan_vpc(there, have, links)}
    return Plan.merge([*(plans[link.name] for link in links), Plan(findings=tuple(_left_over(links, have)))])


def _plan_vpc(links: Sequence[Link], have: Have, beside: Sequence[Link]) -> Iterable[tuple[Link, Plan]]:
    """The links of one VPC, to several clusters, have one security group, and with one service one endpoint: each finds what those
    before it make, and what they leave."""
    names = [link.name for link in links]
    for number, link in enumerate(links):
        one = _plan_link(link, have, beside)
        if len(links) > 1:
            calls = tuple(_after(call, names[0], names[:number]) for call in one.calls)
            one = replace(one, calls=calls)
            have = _with_made(link, have, one) if link.present else _without_deleted(have, one)
        yield link, one


def _after(call: Call, lane: str, before: Sequence[str]) -> Call:
    """A call of a link whose VPC has links before it: it goes only if those have made what it is about, or left the group."""
    needed: set[str] = set()

    def note(placeholder: New | Token) -> str:
        of = (
            [placeholder]
            if isinstance(placeholder, New)
            else [each for each in placeholder.of if isinstance(each, New)]
        )
        needed.update(new.owner for new in of)
        return ""

    fill(call.arguments, note)
    needed |= set(before) if call.operation == "DeleteSecurityGroup" else set()
    return replace(call, lane=lane, requires=(call.requires | (needed & set(before))) - call.subjects)


def _with_made(link: Link, have: Have, plan: Plan) -> Have:
    """What there is once a link's plan is carried out, as far as other links of its VPC find it."""
    if errors(plan.findings) or link.sources_only:
        return have
    for given in (call.arguments for call in plan.calls if call.operation == "CreateVpcEndpoint"):
        made = Endpoint(
            id=New("endpoint", link.name),
            vpc_id=link.vpc_id,
            service_name=link.service_name,
            subnets=frozenset(given["SubnetIds"]),
            security_groups=frozenset(given["SecurityGroupIds"]),
            tags={tag["Key"]: tag["Value"] for spec in given["TagSpecifications"] for tag in spec["Tags"]},
            state="pending",
        )
        have = replace(have, endpoints=(*have.endpoints, made))
    group = security_group.find(link, have)[0]
    if link.security_groups:
        return have
    others = tuple(each for each in have.groups if each is not group)
    return replace(have, groups=(*others, security_group.goal(link, group)))


def _without_deleted(have: Have, plan: Plan) -> Have:
    gone = {name for call in plan.calls for name in call.arguments.get("VpcEndpointIds", [])}
    gone |= {call.arguments["GroupId"] for call in plan.calls if call.operation == "DeleteSecurityGroup"}
    return replace(
        have,
        endpoints=tuple(each for each in have.endpoints if each.id not in gone),
        groups=tuple(each for each in have.groups if each.id not in gone),
    )


def _left_over(links: Sequence[Link], have: Have) -> Iterable[Finding]:
    """Endpoints of this collection's for services that no link of their VPC has any more: the service's name changed."""
    wanted: dict[str, set[str]] = {}
    names: dict[str, str] = {}
    for link in (link for link in links if not link.sources_only):
        wanted.setdefault(link.vpc_id, set()).add(link.service_name)
        names.setdefault(link.vpc_id, link.name)
    for each in have.endpoints:
        if each.vpc_id in wanted and each.owned and each.live and each.service_name not in wanted[each.vpc_id]:
            facts = {"vpc_id": each.vpc_id, "endpoint": each.id, "service": each.service_name}
            yield finding("ENDPOINT_LEFT_OVER", names[each.vpc_id], **facts)


def find(link: Link, have: Have) -> tuple[Endpoint | None, list[Finding]]:
    """The endpoint that serves a link, and what is wrong with the choice."""
    there = [e for e in have.endpoints if e.vpc_id == link.vpc_id and e.service_name == link.service_name and e.live]
    ours = [e for e in there if e.owned]
    if link.endpoint_id:
        chosen = [e for e in there if e.id == link.endpoint_id]
        if not chosen and not link.present:
            return None, []
        if not chosen and link.replace and len(ours) == 1:
            return ours[0], []  # what an earlier run made in place of the named one
        facts = {"vpc_id": link.vpc_id, "endpoint": link.endpoint_id, "service": link.service_name}
        return (chosen[0], []) if chosen else (None, [finding("ENDPOINT_NOT_FOUND", link.name, **facts)])
    if len(ours) > 1:
        return None, [_duplicate(link, ours)]
    if ours or not there or not link.present:
        return (ours[0] if ours else None), []
    return None, [finding("ENDPOINT_FOREIGN", link.name, vpc_id=link.vpc_id, endpoint=there[0].id)]


def _duplicate(link: Link, endpoints: Iterable[Endpoint]) -> Finding:
    return finding("ENDPOINT_DUPLICATE", link.name, vpc_id=link.vpc_id, endpoints=[e.id for e in endpoints])


def status(link: Link, have: Have, waited: int) -> list[Finding]:
    """What is wrong with an endpoint once a run has waited ``waited`` seconds for it."""
    endpoint = find(link, have)[0]
    if endpoint is None or not link.present or link.sources_only:
        return []
    if endpoint.state == "available":
        return [] if endpoint.dns_name else [_nameless(link, endpoint)]
    if endpoint.state == "pendingacceptance":
        return [finding("PENDING_ACCEPTANCE", link.name, endpoint=endpoint.id)]
    if endpoint.state in (*_DEAD, "partial"):
        code = _DEAD.get(endpoint.state, "ENDPOINT_PARTIAL")
        return [finding(code, link.name, endpoint=endpoint.id, detail=endpoint.detail)]
    return [finding("ENDPOINT_PENDING", link.name, endpoint=endpoint.id, state=endpoint.state, seconds=waited)]


def _nameless(link: Link, endpoint: Endpoint) -> Finding:
    what = f"the regional DNS name of endpoint {endpoint.id}"
    return finding("ANSWER_UNCLEAR", link.name, vpc_id=link.vpc_id, what=what)


def unsettled(links: Iterable[Link], have: Have) -> dict[str, str]:
    """The endpoints that an earlier run made and that are still on their way, with the names of their VPCs."""
    wanted = [link for link in links if link.present and not link.sources_only]
    found = {link.name: find(link, have)[0] for link in wanted}
    return {str(e.id): name for name, e in found.items() if e is not None and e.state in _ON_ITS_WAY}


def stands(links: Iterable[Link], have: Have) -> dict[str, set[str]]:
    """What is there of what plans of these links name by placeholders."""
    found: dict[str, set[str]] = {}
    for link in links:
        endpoint, group = find(link, have)[0], security_group.find(link, have)[0]
        if endpoint is not None:
            names = {str(endpoint.id), endpoint.dns_name, endpoint.hosted_zone_id} - {""}
            found[str(New("endpoint", link.name))] = names
        if group is not None:
            found[str(New("security group", link.name))] = {str(group.id)}
    return found


def result(link: Link, have: Have) -> dict[str, Any]:
    """RETURN's entry of one VPC; what is still to be created is named by its placeholder."""
    endpoint, problems = find(link, have)
    link = existing.with_its_groups(link, endpoint, have) if link.present else link
    group = security_group.find(link, have)[0]
    groups = sorted(link.security_groups) or ([str(group.id)] if group else [])
    if endpoint is None:
        later = str(New("endpoint", link.name)) if link.present and not link.sources_only and not problems else ""
        shown = {"vpc_endpoint_id": later, "state": "", "dns_name": later, "hosted_zone_id": later, "addresses": []}
        return {**shown, "security_group_ids": groups, "owner_id": have.vpcs.get(link.vpc_id, "")}
    return {
        "vpc_endpoint_id": endpoint.id,
        "security_group_ids": groups,
        "owner_id": have.vpcs.get(link.vpc_id, ""),
        "state": endpoint.state,
        "dns_name": endpoint.dns_name,
        "hosted_zone_id": endpoint.hosted_zone_id,
        "addresses": [dict(address) for address in endpoint.addresses],
    }


def target(name: str, shown: Mapping[str, Any]) -> dict[str, str]:
    """What the records of a link will point to. ``shown`` is its endpoint's `result`: AWS may show no name of one that is on its way."""
    later = "" if shown["dns_name"] or shown["state"] not in _ON_ITS_WAY else str(New("endpoint", name))
    return {key: shown[key] or later for key in ("dns_name", "hosted_zone_id")}


def _plan_link(link: Link, have: Have, beside: Sequence[Link]) -> Plan:
    if link.vpc_id not in have.vpcs:
        if not link.present:
            return Plan(before={link.name: {}}, after={link.name: {}})
        return Plan(findings=(finding("VPC_NOT_FOUND", link.name, vpc_id=link.vpc_id, region=have.region),))
    if what := have.unclear.get(link.vpc_id):
        return Plan(findings=(finding("ANSWER_UNCLEAR", link.name, vpc_id=link.vpc_id, what=what),))
    endpoint, problems = find(link, have)
    link = existing.with_its_groups(link, endpoint, have) if link.present else link
    group, more = security_group.find(link, have)
    problems += more
    if link.released:
        return _plan_released(link, endpoint, group, beside)
    if not link.present:
        return Plan(findings=tuple(problems)) if problems else _plan_absent(link, endpoint, group, have)
    refused = [] if link.security_groups else security_group.refused(link, group, have)
    link = replace(link, barred=frozenset(one.vpc for one in refused))
    link, kept = _spare(link, group, have, beside)
    refused += kept
    if link.sources_only:
        stopped = problems or (link.name in link.barred and refused)
        plan_ = Plan() if stopped else _plan_sources(link, group, have)
        return replace(plan_, findings=(*problems, *refused, *plan_.findings))
    dead = endpoint if endpoint is not None and endpoint.state in _DEAD else None
    if dead is not None:
        endpoint = None
        problems += _not_replaceable(link, dead, have) if link.replace else status(link, have, 0)
    problems += _check_input(link, endpoint, have)
    subnets, more = _subnets.choose(link, endpoint, have)
    problems += [*more, *_no_gap(link, endpoint, subnets, have)]
    if errors(problems) or link.name in link.barred:
        return Plan(findings=(*problems, *refused))
    problems += refused
    plan_ = _plan_present(link, endpoint, group, subnets, have)
    problems += existing.managed(link, plan_.calls, (endpoint, group))
    if dead is None:
        return replace(plan_, findings=tuple(problems))
    delete = link.call("DeleteVpcEndpoints", {"VpcEndpointIds": [dead.id]}, until="deleted")
    return replace(
        plan_, calls=(delete, *plan_.calls), findings=tuple(problems), before={link.name: public(dead, group)}
    )


def _spare(link: Link, group: SecurityGroup | None, have: Have, beside: Sequence[Link]) -> tuple[Link, list[Finding]]:
    """If others share a group whom these links do not know of, nobody is removed: any of the sources may be their agents'."""
    if group is None or not link.purge_sources:
        return link, []
    foreign = group.sources - security_group.goal(link, group).sources
    others = security_group.shared_with(link, group, have, beside) if foreign else []
    if not others:
        return link, []
    facts = {"group": group.id, "others": others, "sources": foreign}
    return replace(link, purge_sources=False), [finding("SG_SHARED", link.name, **facts)]


def _not_replaceable(link: Link, dead: Endpoint, have: Have) -> list[Finding]:
    """A dead endpoint that is named is not replaced where another one of ours is there already."""
    same = [e for e in have.endpoints if (e.vpc_id, e.service_name) == (dead.vpc_id, dead.service_name) and e.live]
    ours = [e for e in same if e.owned and e.id != dead.id]
    return [_duplicate(link, [dead, *ours])] if ours else []


def _check_input(link: Link, endpoint: Endpoint | None, have: Have) -> list[Finding]:
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
    return problems or _check_groups(link, endpoint, have)


def _check_groups(link: Link, endpoint: Endpoint | None, have: Have) -> list[Finding]:
    """Groups that the user names must not shut out agents; where an endpoint would get them, that stops it for all who use it."""
    if not link.security_groups:
        return []
    changes = endpoint is not None and not endpoint.security_groups <= link.security_groups
    sources = link.sources.union(*link.joined.values()) if changes else link.sources
    left = security_group.closed_to(link, sources, have)
    return [finding("AGENT_NOT_ADMITTED", link.name, groups=link.security_groups, sources=left)] if left else []


def _no_gap(link: Link, endpoint: Endpoint | None, subnets: frozenset[str], have: Have) -> list[Finding]:
    """An endpoint never is without an address: of a zone whose subnet is swapped, another zone has to serve meanwhile."""
    if endpoint is None or endpoint.state != "available" or not subnets or subnets & endpoint.subnets:
        return []
    zones = {subnet.id: subnet.zone for subnet in have.subnets}
    if {zones.get(new) for new in subnets} - {zones.get(old) for old in endpoint.subnets} or len(endpoint.subnets) > 1:
        return []
    facts = {"endpoint": endpoint.id, "subnet": endpoint.subnets, "wanted": subnets}
    return [finding("SUBNET_SWAP_GAP", link.name, **facts)]


# --- want and have to calls


def _plan_present(
    link: Link, endpoint: Endpoint | None, group: SecurityGroup | None, subnets: frozenset[str], have: Have
) -> Plan:
    calls: list[Call] = []
    groups: frozenset[Id] = link.security_groups
    if not link.security_groups:
        goal = security_group.goal(link, group)
        calls += security_group.calls(link, group, goal, {**have.owners, **link.accounts})
        groups = frozenset([goal.id]) | (endpoint.security_groups if endpoint else frozenset())
    else:
        goal = None
    tags = existing.tags(link, endpoint)
    if endpoint is None:
        wanted = Endpoint(
            id=New("endpoint", link.name),
            vpc_id=link.vpc_id,
            service_name=link.service_name,
            subnets=subnets,
            security_groups=groups,
            tags=tags,
        )
        had = sorted(str(e.id) for e in have.endpoints if e.vpc_id == link.vpc_id)
        calls.append(_create(link, wanted, have.region, had))
    else:
        wanted = replace(endpoint, subnets=subnets, security_groups=groups, tags={**endpoint.tags, **tags})
        calls += _modify(link, endpoint, wanted, {subnet.id: subnet.zone for subnet in have.subnets})
    return Plan(
        calls=tuple(calls),
        before={link.name: public(endpoint, group)},
        after={link.name: public(wanted, goal)},
    )


def _plan_sources(link: Link, group: SecurityGroup | None, have: Have) -> Plan:
    """Joined VPCs of a link whose own VPC is outside of this run: let them in or no longer in, touch nothing else."""
    if group is None:
        return Plan()
    if link.purge_sources:
        return _plan_purge(link, group, have)
    accounts = {**have.owners, **link.accounts, **group.accounts}
    gone = {name: sources & group.exact for name, sources in link.leaving.items() if sources & group.exact}
    removed = frozenset[str]().union(*gone.values())
    joined = (sources for name, sources in link.joined.items() if name not in link.barred)
    goal = replace(group, sources=group.sources.union(*joined) - removed)
    arguments = security_group.ingress(group.id, removed, accounts, described=False)
    revoke = link.call("RevokeSecurityGroupIngress", arguments)
    leave = [replace(revoke, subjects=frozenset(gone))] if gone else []
    return Plan(
        calls=(*security_group.joined_calls(link, group.id, group.sources, accounts), *leave),
        before={link.name: public(None, group)},
        after={link.name: public(None, goal)},
    )


def _plan_purge(link: Link, group: SecurityGroup, have: Have) -> Plan:
    """All sources of a link and nobody else; its endpoint is left as it is."""
    if not link.sources:
        return Plan(findings=(finding("NO_AGENT_SOURCE", link.name),))
    goal = security_group.goal(link, group)
    return Plan(
        calls=tuple(security_group.calls(link, group, goal, {**have.owners, **link.accounts})),
        before={link.name: public(None, group)},
        after={link.name: public(None, goal)},
    )


def _create(link: Link, endpoint: Endpoint, region: str, had: Sequence[str]) -> Call:
    groups = sorted(endpoint.security_groups, key=str)
    arguments: dict[str, Any] = {
        "VpcEndpointType": "Interface",
        "VpcId": endpoint.vpc_id,
        "ServiceName": endpoint.service_name,
        "SubnetIds": sorted(endpoint.subnets),
        "SecurityGroupIds": groups,
        # Astro's names come from our zone; the service's own private DNS would fight with it.
        "PrivateDnsEnabled": False,
        "TagSpecifications": tag_specification("vpc-endpoint", endpoint.tags),
        # Two runs at once ask for one endpoint; once there has been one, and it is gone with its group, for another.
        "ClientToken": Token(of=(endpoint.vpc_id, endpoint.service_name, *groups, *had)),
    }
    if link.service_region and link.service_region != region:
        arguments["ServiceRegion"] = link.service_region
    return link.call("CreateVpcEndpoint", arguments, makes=New("endpoint", link.name))


def _modify(link: Link, have: Endpoint, want: Endpoint, zones: Mapping[str, str]) -> list[Call]:
    steps = [step for step in _steps(have, want, zones) if step]
    calls = [link.call("ModifyVpcEndpoint", {"VpcEndpointId": have.id, **step}, until="settled") for step in steps]
    tags = {key: value for key, value in want.tags.items() if have.tags.get(key) != value}
    if tags:
        arguments = {"Resources": [have.id], "Tags": [{"Key": k, "Value": v} for k, v in sorted(tags.items())]}
        calls.append(link.call("CreateTags", arguments))
    return calls


def _steps(have: Endpoint, want: Endpoint, zones: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    """New zones and groups come before old ones go, so that agents always have an address to reach.

    A zone holds one subnet of an endpoint at a time: to swap it, the old one must go first. So zones are swapped one by one, each
    when the endpoint has settled, and while others serve.
    """
    removed = have.subnets - want.subnets
    before = {zones.get(old, old): old for old in sorted(removed)}
    swapped = {zones[new]: new for new in sorted(want.subnets - have.subnets) if zones[new] in before}
    yield _filled(
        AddSubnetIds=sorted(want.subnets - have.subnets - set(swapped.values())),
        AddSecurityGroupIds=sorted(want.security_groups - have.security_groups, key=str),
        RemoveSecurityGroupIds=sorted(have.security_groups - want.security_groups, key=str),
    )
    for zone, new in swapped.items():
        yield {"RemoveSubnetIds": [before[zone]]}
        yield {"AddSubnetIds": [new]}
    yield _filled(RemoveSubnetIds=[old for zone, old in before.items() if zone not in swapped])


def _filled(**lists: Sequence[Any]) -> dict[str, Any]:
    return {key: value for key, value in lists.items() if value}


def _plan_absent(link: Link, endpoint: Endpoint | None, group: SecurityGroup | None, have: Have) -> Plan:
    calls = []
    if link.keep_endpoint:
        calls = security_group.release_calls(link, group) if group else []
        shown = public(endpoint, group)
        return Plan(calls=tuple(calls), before={link.name: shown}, after={link.name: shown})
    findings = []
    if endpoint is not None and not endpoint.owned:
        findings.append(finding("ENDPOINT_STAYS", link.name, endpoint=endpoint.id))
    elif endpoint is not None:
        delete = link.call("DeleteVpcEndpoints", {"VpcEndpointIds": [endpoint.id]}, until="deleted")
        calls.append(replace(delete, not_before=link.drain if endpoint.state == "available" else 0))
    users = [e for e in have.endpoints if group and group.id in e.security_groups and e.live]
    others = [e for e in users if e != endpoint or not e.owned]
    if group is not None:
        delete = link.call("DeleteSecurityGroup", {"GroupId": group.id})
        calls += security_group.release_calls(link, group) if others else [delete]
    stays = endpoint if findings else None
    before = public(endpoint, group)
    after = public(stays, group if others else None)
    return Plan(calls=tuple(calls), findings=tuple(findings), before={link.name: before}, after={link.name: after})


def _plan_released(link: Link, endpoint: Endpoint | None, group: SecurityGroup | None, beside: Sequence[Link]) -> Plan:
    there = [each for each in beside if each.vpc_id == link.vpc_id]
    calls = existing.release_calls(link, endpoint, group, there)
    before = public(endpoint, group)
    after = {**before, **public(existing.released(endpoint, calls), None)} if endpoint is not None else before
    return Plan(calls=tuple(calls), before={link.name: before}, after={link.name: after})


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
        tags = {"tags": dict(sorted(group.tags.items()))} if group.tags else {}
        shown["security_group"] = {"group_id": str(group.id), "sources": sorted(group.sources), **tags}
    return shown
