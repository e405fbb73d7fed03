# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role harden_aws: what the jobs are told, whom a change may cut off, and whether it did. Pure.

Who needs an endpoint, or a security group of agents, is asked of the whole inventory: a run with C(--limit) must not cut off
who is not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

from .._core.errors import InputError, InventoryError
from .._core.findings import Shown, finding
from .._inventory.hosts import AgentVpc, Inventory
from .._link.security_group import PORT, accounts_of, sources_of
from .._probe.results import AgentResult
from . import setup, verify

Results = Sequence[Mapping[str, Any]]


# --- whom a change concerns


def concerned(inventory: Inventory) -> Inventory:
    """The VPCs of the run, and all that share an endpoint's VPC or a security group of agents with one of them."""
    every = inventory.widened()
    groups = _by_group(every)
    names = {n for name in inventory.names for g in every.vpcs[name].many("agent_security_groups") for n in groups[g]}
    names |= set(inventory.names)
    ends = {_end(every, name) for name in names}
    return every.narrowed(names | {name for name in every.names if _end(every, name) in ends})


def users_of_links(inventory: Inventory, owners: Iterable[str]) -> dict[str, list[str]]:
    """For each link the VPCs whose agents enter by the security group that it shares with all links of its VPC."""
    every = inventory.widened()
    by_vpc: dict[str, list[str]] = {}
    for name in every.names:
        by_vpc.setdefault(_end(every, name), []).append(name)
    return {owner: by_vpc[_end(every, owner)] for owner in owners}


def users_of_groups(inventory: Inventory, groups: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """For each VPC with security groups of agents, all VPCs whose agents these groups are."""
    by_group = _by_group(inventory.widened())
    return {name: sorted({user for group in mine for user in by_group[group]}) for name, mine in groups.items()}


def _by_group(every: Inventory) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in every.names:
        for group in every.vpcs[name].many("agent_security_groups"):
            found.setdefault(group, []).append(name)
    return found


def _end(every: Inventory, name: str) -> str:
    """The VPC of the endpoint that a VPC uses."""
    return _owner(every, name).text("vpc_id")


def _owner(inventory: Inventory, name: str) -> AgentVpc:
    return inventory.vpcs[inventory.vpcs[name].via or name]


# --- what the jobs are told


def links(inventory: Inventory, spared: Iterable[str] = ()) -> list[dict[str, Any]]:
    """The links that are concerned, so that nobody but agents may enter those of the run. The others, and those that are
    ``spared``, are only looked at."""
    every = inventory.widened()
    owners = {_owner(every, name).name for name in concerned(inventory).names}
    sharing, once = users_of_links(inventory, owners), dict[str, str]()
    for name in sorted(set(inventory.names) & owners):
        once.setdefault(every.vpcs[name].text("vpc_id"), name)  # several clusters' links of a VPC share one group

    def narrowed(link: Mapping[str, Any]) -> dict[str, Any]:
        own = link["name"]
        purge = once.get(link["vpc_id"]) == own and own not in spared
        joined = {name: every.vpcs[name].sources for name in sharing[own] if name != own} if purge else {}
        peers = setup.apart((every.vpcs[name] for name in joined), every.vpcs[own])
        return {**link, "sources_only": True, "purge_sources": purge, "joined": joined, "joined_from": peers}

    return _each_link(setup.fleets(every), owners, narrowed)


def readmitted(inventory: Inventory, owners: Iterable[str], planned: Results) -> list[dict[str, Any]]:
    """The links whose sources are to be let in again, as far as a plan was to remove them."""
    gone, accounts = removed(planned), _accounts(planned)

    def widened(link: Mapping[str, Any]) -> dict[str, Any]:
        again = {link["name"]: sorted(gone[link["name"]])}
        more = {"joined_from": {}, "group_accounts": accounts}
        return {**link, "sources_only": True, "purge_sources": False, "joined": again, **more}

    return _each_link(setup.fleets(inventory.widened()), set(owners) & set(gone), widened)


def removed(endpoints: Results) -> dict[str, set[str]]:
    """Whom the plan of each link removes."""
    found: dict[str, set[str]] = {}
    for call in (call for result in endpoints for call in result.get("calls", [])):
        if call["operation"] == "ec2:RevokeSecurityGroupIngress":
            for name in call["vpcs"]:
                found.setdefault(name, set()).update(sources_of(call["arguments"]))
    return found


def _accounts(endpoints: Results) -> dict[str, str]:
    rules = [
        rule for result in endpoints for call in result["calls"] for rule in call["arguments"].get("IpPermissions", [])
    ]
    return accounts_of(rules)


def agents(
    inventory: Inventory, endpoints: Results, required: Results, only: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """The security groups of the run's agents: Astro over the links of all whose groups they are, and ``required``.

    ``only`` are groups to choose. A group is named once, for the first of its VPCs. VPCs whose link has no security group yet, or
    one that cannot be named from where they are, are left out.
    """
    if unknown := sorted(set(only or []) - _groups(inventory)):
        raise InventoryError(
            [
                f"harden_aws_egress_groups has {group}, which no agent VPC has in privatelink_agent_security_groups."
                for group in unknown
            ]
        )
    every, ends = inventory.widened(), _ends(inventory, endpoints)
    users, far = _by_group(every), _beyond_reach(inventory, endpoints, required)
    owners = _owners(endpoints)
    grouped: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for name, groups in chosen(inventory, only).items():
        vpc = inventory.vpcs[name]
        fleet = {"region": vpc.text("region"), **vpc.access}
        for group in groups if ends[name] else ():
            if far & set(users[group]):
                continue
            near = [user for user in users[group] if not _elsewhere(every, user)]
            to_astro = sorted({end for user in near for end in ends[user]})
            allowed = [
                {"group": end, **owners.get(end, {}), "port": PORT, "description": "Astro over PrivateLink"}
                for end in to_astro
            ]
            entry = {
                "name": name,
                "vpc_id": vpc.text("vpc_id"),
                "group_id": group,
                "allowed": [*allowed, *map(_given, required)],
            }
            grouped.setdefault(tuple(fleet.items()), {**fleet, "agents": []})["agents"].append(entry)
    return list(grouped.values())


def _owners(endpoints: Results) -> dict[str, dict[str, str]]:
    """The accounts of the endpoints' security groups, which AWS has to be told."""
    done = setup.merge(endpoints).values()
    return {
        group: {"account_id": vpc["owner_id"]}
        for vpc in done
        for group in vpc["security_group_ids"]
        if vpc.get("owner_id")
    }


def _given(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A rule without the options that nobody set."""
    given = {key: value for key, value in rule.items() if value is not None}
    if sum(kind in given for kind in ("cidr", "group", "prefix_list")) != 1:
        raise InputError(f"harden_aws_required_egress has {given}: give one of cidr, group and prefix_list each.")
    return given


def chosen(inventory: Inventory, only: Sequence[str] | None = None) -> dict[str, list[str]]:
    """The agents' security groups of each VPC of the run, each under the first VPC that has it."""
    taken: set[str] = set()
    found: dict[str, list[str]] = {}
    for name in sorted(inventory.names):
        mine = inventory.vpcs[name].many("agent_security_groups")
        found[name] = [group for group in mine if group not in taken and (only is None or group in only)]
        taken.update(found[name])
    return {name: groups for name, groups in found.items() if groups}


def left_out(inventory: Inventory, endpoints: Results, required: Results, only: Sequence[str]) -> list[Shown]:
    """Why some VPCs' groups cannot be narrowed: there is no endpoint to lead them to, or they cannot name its group."""
    ends, users = _ends(inventory, endpoints), _by_group(inventory.widened())
    far, every = _beyond_reach(inventory, endpoints, required), inventory.widened()
    found = []
    for name, groups in chosen(inventory, only).items():
        if not ends[name]:
            found.append(finding("NO_ENDPOINT", name))
        for user in sorted(far & {user for group in groups for user in users[group]}):
            here, there = every.vpcs[user].text("region"), _owner(every, user).text("region")
            found.append(finding("EGRESS_REF_INVALID", name, user=user, groups=groups, here=here, there=there))
    return [one.public() for one in found]


def _elsewhere(every: Inventory, name: str) -> bool:
    """Whether a VPC's endpoint is in another region, where security groups have no names of this one."""
    return every.vpcs[name].text("region") != _owner(every, name).text("region")


def _beyond_reach(inventory: Inventory, endpoints: Results, required: Results) -> set[str]:
    """The VPCs whose endpoint is in another region, unless what is required leads to all of its addresses anyway."""
    every, done = inventory.widened(), setup.merge(endpoints)
    spans = [ip_network(rule["cidr"], strict=False) for rule in required if _to_port(rule) and rule.get("cidr")]

    def covered(name: str) -> bool:
        ends = [each["address"] for each in done.get(_owner(every, name).name, {}).get("addresses", [])]
        return bool(ends) and all(any(ip_address(each) in span for span in spans) for each in ends)

    return {name for name in every.names if _elsewhere(every, name) and not covered(name)}


def _to_port(rule: Mapping[str, Any]) -> bool:
    first = rule.get("port") or 0
    return rule.get("protocol") in {None, "tcp", "-1"} and first <= PORT <= (rule.get("to_port") or first or PORT)


def close(fleets: Iterable[Mapping[str, Any]], spared: Iterable[str] = ()) -> list[dict[str, Any]]:
    """The same security groups with what is open beside what is allowed removed, but for VPCs that are ``spared``."""
    return _each_agent(fleets, lambda one: {**one, "purge": True} if one["name"] not in spared else None)


def reopened(fleets: Iterable[Mapping[str, Any]], names: Iterable[str], planned: Results) -> list[dict[str, Any]]:
    """The security groups of some VPCs with all allowed again that was open before."""
    seen = setup.merge(planned)

    def opened(one: Mapping[str, Any]) -> dict[str, Any] | None:
        if one["name"] not in names:
            return None
        return {**one, "allowed": seen[one["name"]]["groups"][one["group_id"]]["open"]}

    return _each_agent(fleets, opened)


def closed(planned: Results) -> dict[str, list[str]]:
    """The security groups that a plan takes open rules from, by their VPCs."""
    found: dict[str, list[str]] = {}
    for call in (call for result in planned for call in result.get("calls", [])):
        if call["operation"] == "ec2:RevokeSecurityGroupEgress":
            for name in call["vpcs"]:
                found.setdefault(name, []).append(call["arguments"]["GroupId"])
    return found


def _groups(inventory: Inventory) -> set[str]:
    return {group for vpc in inventory.everyone.values() for group in vpc.many("agent_security_groups")}


def _ends(inventory: Inventory, endpoints: Results) -> dict[str, list[str]]:
    """The security groups of the endpoints that VPCs use."""
    every, done = inventory.widened(), setup.merge(endpoints)
    return {name: done.get(_owner(every, name).name, {}).get("security_group_ids", []) for name in every.names}


def _each_link(
    fleets: Iterable[Mapping[str, Any]], owners: set[str], change: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> list[dict[str, Any]]:
    found = [{**fleet, "links": [change(one) for one in fleet["links"] if one["name"] in owners]} for fleet in fleets]
    return [fleet for fleet in found if fleet["links"]]


def _each_agent(
    fleets: Iterable[Mapping[str, Any]], change: Callable[[Mapping[str, Any]], dict[str, Any] | None]
) -> list[dict[str, Any]]:
    found = [{**fleet, "agents": [new for one in fleet["agents"] if (new := change(one))]} for fleet in fleets]
    return [fleet for fleet in found if fleet["agents"]]


# --- whether agents get through


def targets(
    inventory: Inventory, users: Mapping[str, Iterable[str]], endpoints: Results
) -> dict[str, verify.VpcTarget]:
    """Where to look, for all VPCs that a change may cut off."""
    return verify.targets(inventory.widened().narrowed(at_stake(users)), endpoints)


def at_stake(users: Mapping[str, Iterable[str]]) -> set[str]:
    """All VPCs that a change may cut off."""
    return {name for some in users.values() for name in some}


def doubts(
    users: Mapping[str, Iterable[str]],
    places: Mapping[str, verify.VpcTarget],
    seen: Mapping[str, Sequence[AgentResult]],
) -> dict[str, list[str]]:
    """For each change why it is not certain that all agents whom it may cut off get through. No news is no good news."""
    found = {
        name: [why for user in some for why in _why(places[user], seen.get(user, ()))] for name, some in users.items()
    }
    return {name: reasons for name, reasons in found.items() if reasons}


def _why(target: verify.VpcTarget, results: Sequence[AgentResult]) -> list[str]:
    if not target.expected:
        return [f"the link of {target.vpc} has no available endpoint"]
    if not target.agents:
        return [f"{target.vpc} has no agent host"]
    if len(results) < len(target.agents):
        return [f"not all agent hosts of {target.vpc} answered"]
    problems = [one["text"] for result in results for one in result["findings"] if one["severity"] == "error"]
    return [f"{target.vpc}: {text}" for text in dict.fromkeys(problems)]


def unproven(reasons: Mapping[str, Sequence[str]]) -> list[Shown]:
    """What stops a change before anything is removed."""
    return [finding("NARROW_UNPROVEN", name, why=_told(why)).public() for name, why in reasons.items()]


def taken_back(reasons: Mapping[str, Sequence[str]], back: Results) -> list[Shown]:
    """What came of changes that cut agents off. ``back`` are the answers of the jobs that put things right again."""
    failed: dict[str, list[str]] = {}
    for one in errors(back):
        failed.setdefault(one["vpc"], []).append(one["text"])
    return [
        finding("NARROW_NOT_TAKEN_BACK", name, why=_told(why), problem=" ".join(failed[name])).public()
        if name in failed
        else finding("NARROW_TAKEN_BACK", name, why=_told(why)).public()
        for name, why in reasons.items()
    ]


def kept(planned: Results) -> list[Shown]:
    """What was to be removed and stays for others: no success of a run that was to remove it."""
    shared = (one for answer in planned for one in answer["findings"] if one["code"] == "SG_SHARED")
    return [{**one, "severity": "error"} for one in shared]


def errors(answers: Results) -> list[Shown]:
    return [dict(one) for answer in answers for one in answer["findings"] if one["severity"] == "error"]


def _told(reasons: Sequence[str]) -> str:
    return "; ".join(reason.rstrip(".") for reason in reasons)


# --- what templates are filled with


def values(inventory: Inventory, endpoints: Results) -> dict[str, list[str]]:
    vpcs, done = [inventory.vpcs[name] for name in inventory.names], setup.merge(endpoints)
    mine = [done[vpc.via or vpc.name] for vpc in vpcs if (vpc.via or vpc.name) in done]
    return {
        "hosts": sorted({vpc.host for vpc in vpcs}),
        "vpc_ids": sorted({vpc.text("vpc_id") for vpc in vpcs}),
        "addresses": sorted({address["address"] for endpoint in mine for address in endpoint["addresses"]}),
        "services": sorted({_owner(inventory, vpc.name).text("service_name") for vpc in vpcs} - {""}),
    }
