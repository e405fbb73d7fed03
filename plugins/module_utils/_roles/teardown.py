# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role teardown: what the jobs take to remove links, and which links have to stay. Pure.

It knows the inventory and what was seen of agents, Deployments and zones; what AWS has, the jobs find out. Nothing that is missing
counts as consent: an agent host that cannot be asked may still need its link.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from .._astro.access import is_open
from .._core.findings import Shown, finding
from .._inventory.hosts import SUFFIX, AgentVpc, Inventory
from .._link.zone import Zone
from .._probe.results import AgentResult
from .setup import merge
from .verify import VpcTarget

Findings = dict[str, list[Shown]]
Targets = Mapping[str, VpcTarget]
#: What the agent hosts of VPCs answered, by VPC.
Seen = Mapping[str, Sequence[AgentResult]]

#: What makes an agent host's answer no evidence: there is none, or another machine gave it.
_NO_EVIDENCE = {"AGENT_HOST_UNREACHABLE", "PROBE_FAILED", "AGENT_HOST_SHARED"}
#: Answers that say for sure that a name has no address; others may hide one.
_NO_ADDRESS = ("DNS_NXDOMAIN", "DNS_NODATA")


# --- what the jobs are told


def zones(
    inventory: Inventory, accept_gap: bool = False, endpoints: Sequence[Mapping[str, Any]] = ()
) -> list[dict[str, Any]]:
    """What `private_zone` takes to remove the zones of both layouts: after a move, the old one may still be there.

    ``endpoints`` are answers of the jobs on endpoints: in a zone of the user's only a record that leads to the link's goes.
    """
    owners = [vpc for vpc in inventory.vpcs.values() if not vpc.via]
    other = {owner.name: other_zone(owner) for owner in owners}
    own = {owner.name: owner.zone for owner in owners}
    done = merge(endpoints)
    return [item for each in (other, own) for item in removals(inventory, each, not accept_gap, done)]


def endpoints(inventory: Inventory, drain: int = 0, shared: Collection[str] = ()) -> list[dict[str, Any]]:
    """What `vpc_endpoint` takes to remove the endpoints of a run, and the rules for VPCs that only shared one.

    The endpoints of the VPCs that are ``shared`` with other clusters' links are kept.
    """
    grouped: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for vpc in sorted(inventory.vpcs.values(), key=lambda v: v.name):
        if not vpc.via:
            fleet = {"region": vpc.text("region"), **vpc.access}
            link: dict[str, Any] = {
                "name": vpc.name,
                "vpc_id": vpc.text("vpc_id"),
                "service_name": vpc.text("service_name"),
                "cluster_id": vpc.text("cluster_id"),
                "vpc_endpoint_id": vpc.text("endpoint_id"),
            }
            if vpc.name in inventory.names:
                link |= {"state": "absent", "drain": drain, "keep_endpoint": vpc.name in shared}
            else:
                link |= {"sources_only": True, "leaving": _leaving(vpc, inventory)}
            grouped.setdefault(tuple(fleet.items()), {**fleet, "links": []})["links"].append(link)
    return list(grouped.values())


def removals(
    inventory: Inventory, zones: Mapping[str, str], without_gap: bool, endpoints: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """One entry for each account. A link whose own VPC is outside of the run only loses the VPCs of the run."""
    vpcs, names = inventory.vpcs, inventory.names
    grouped: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for owner_name, zone in sorted(zones.items()):
        owner = vpcs[owner_name]
        here = owner.name in names
        link = {
            "name": owner.name,
            "vpc_id": owner.text("vpc_id"),
            "zone": zone,
            "holder": owner.holder,
            "holder_region": owner.text("region"),
            "hosted_zone_id": owner.text("hosted_zone_id") if zone == owner.zone else "",
            "records": [_record(owner, endpoints.get(owner.name, {}))] if here else [],
            "vpcs": [_member(vpcs[n]) for n in names if n == owner.name or vpcs[n].via == owner.name],
            "state": "absent" if here else "present",
            "without_gap": without_gap,
            "others": {v.text("vpc_id"): v.name for v in inventory.joined(owner.name) if v.name not in names},
        }
        grouped.setdefault(tuple(owner.access.items()), {**owner.access, "links": []})["links"].append(link)
    return list(grouped.values())


def other_zone(owner: AgentVpc) -> str:
    """The zone of the layout that the inventory does not ask for."""
    return SUFFIX if owner.zone != SUFFIX else owner.host


def _record(owner: AgentVpc, endpoint: Mapping[str, Any]) -> dict[str, str]:
    return {"host": owner.host, **{key: endpoint.get(key, "") for key in ("dns_name", "hosted_zone_id")}}


def _member(vpc: AgentVpc) -> dict[str, str]:
    """A VPC that leaves; the zone's account can take it off, wherever it belongs."""
    return {"name": vpc.name, "vpc_id": vpc.text("vpc_id"), "region": vpc.text("region"), "state": "absent"}


def _leaving(owner: AgentVpc, inventory: Inventory) -> dict[str, list[str]]:
    """The sources of each VPC that leaves, without those that others who stay need as well."""
    joined = inventory.joined(owner.name)
    needed = {source for vpc in (owner, *joined) if vpc.name not in inventory.names for source in vpc.sources}
    return {vpc.name: sorted(set(vpc.sources) - needed) for vpc in joined if vpc.name in inventory.names}


# --- before names go: do agents get through without the link?


def guard(deployments: Sequence[Mapping[str, Any]], vpc: str, why: str) -> list[Shown]:
    """Why Astro would refuse a VPC's agents that come over the public internet. ``deployments`` are those of `astro_info`;
    ``why`` says why there are none."""
    if not deployments:
        return [finding("RESTRICTION_UNKNOWN", vpc, why=why).public()]
    closed = [each for each in deployments if not is_open(each["allowed_ranges"])]
    return [
        finding("DEPLOYMENT_RESTRICTED", vpc, name=each["name"], ranges=each["allowed_ranges"]).public()
        for each in closed
    ]


def held_back(found: Findings, held: Sequence[str]) -> Findings:
    """The same findings, where a restriction was to be lifted and was not, since the VPCs ``held`` keep their links."""
    return {
        name: [
            finding("RESTRICTION_KEPT", name, vpcs=held).public() if one["code"] == "DEPLOYMENT_RESTRICTED" else one
            for one in problems
        ]
        for name, problems in found.items()
    }


def to_look_up(inventory: Inventory, targets: Targets) -> list[str]:
    """The clusters' hosts whose public addresses are needed, and are not written down."""
    return sorted({targets[name].host for name in _in_use(targets) if not _written(inventory, name)})


def public_addresses(
    inventory: Inventory, targets: Targets, lookups: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[str]]:
    """Where the agents of each VPC with a link would go without it; none where that is unknown.

    ``lookups`` are answers that the controller got, by host. A controller that is served by a link itself does not know.
    """
    links = _links(targets)
    found = {
        name: _written(inventory, name) or _addresses(lookups.get(targets[name].host, {})) for name in _in_use(targets)
    }
    return {name: [] if links & set(addresses) else addresses for name, addresses in found.items()}


def cut_off(
    inventory: Inventory,
    targets: Targets,
    public: Mapping[str, Sequence[str]],
    seen: Seen,
    lookups: Mapping[str, Mapping[str, Any]],
) -> Findings:
    """Whose agents may be on the link, and were not seen to get through without it. ``public`` is from `public_addresses`."""
    found: Findings = {}
    for name, addresses in public.items():
        target = targets[name]
        if not addresses:
            answer = _why_unknown(_written(inventory, name), lookups.get(target.host, {}))
            found[name] = [finding("PUBLIC_PATH_UNKNOWN", name, host=target.host, answer=answer).public()]
        elif problems := _not_through(target, addresses, seen.get(name, ())):
            found[name] = problems
    return found


def _not_through(target: VpcTarget, public: Sequence[str], agents: Sequence[AgentResult]) -> list[Shown]:
    facts: dict[str, Any] = {"host": target.host, "addresses": public}
    unseen, asked = _parted(target, agents)
    link = set(target.every)
    closed = [
        f"{agent['name']} ({problem})"
        for agent in asked
        if _may_need(agent, link) and (problem := _problem(agent["addresses"], public))
    ]
    found = [finding("PUBLIC_PATH_CLOSED", target.vpc, agents=closed, **facts)] if closed else []
    found += [finding("PUBLIC_PATH_UNSEEN", target.vpc, agents=unseen, **facts)] if unseen else []
    return [one.public() for one in found]


def unproven(targets: Targets) -> list[Shown]:
    """VPCs with a link and without any agent host: nobody can see that their agents get through without it."""
    alone = [target for target in targets.values() if target.expected and not target.agents]
    return [finding("WAY_BACK_UNPROVEN", target.vpc, host=target.host).public() for target in alone]


def _in_use(targets: Targets) -> list[str]:
    """The VPCs that have a link, and agent hosts to ask about it."""
    return [name for name, target in targets.items() if target.expected and target.agents]


def _links(targets: Targets) -> set[str]:
    """The addresses of all links."""
    here = {address for target in targets.values() for address in target.every}
    return here.union(*(there for target in targets.values() for there in target.elsewhere.values()))


def _written(inventory: Inventory, name: str) -> list[str]:
    return inventory.vpcs[name].many("public_addresses")


def _addresses(names: Mapping[str, Any]) -> list[str]:
    """What a name was answered with."""
    return list(names.get("addresses", []))


def _why_unknown(written: Sequence[str], lookup: Mapping[str, Any]) -> str:
    """Why there are no public addresses: for people."""
    if written:
        return f"privatelink_public_addresses has {', '.join(written)}, a link's"
    if addresses := _addresses(lookup):
        return f"the controller gets {', '.join(addresses)}, a link's"
    problem = lookup.get("problem")
    return f"the controller gets {problem}" if problem else "the controller cannot look it up"


def _may_need(agent: AgentResult, link: set[str]) -> bool:
    """Whether an agent host uses the link, or gives no answer that shows that it does not."""
    addresses = set(_addresses(agent["names"]))
    return bool(addresses & link) or not (addresses or agent["names"].get("problem") in _NO_ADDRESS)


def _problem(reached: Iterable[Mapping[str, Any]], public: Iterable[str]) -> str:
    """Why no public address can be used; empty if one can. Completing TLS is enough; any HTTP answer counts."""
    tried = [reach for reach in reached if reach["address"] in set(public)]
    if any(reach["tls"] for reach in tried):
        return ""
    return ", ".join(sorted({reach["problem"] for reach in tried if reach["problem"]})) or "not tried"


def _parted(target: VpcTarget, agents: Sequence[AgentResult]) -> tuple[list[str], list[AgentResult]]:
    """The agent hosts that gave no answer, for people, and the answers of the others."""
    asked = {agent["name"]: agent for agent in agents if _is_evidence(agent)}
    why = {agent["name"]: one["code"] for agent in agents for one in agent["findings"] if one["severity"] == "error"}
    unseen = [
        f"{agent.name} ({why.get(agent.name, 'no answer')})" for agent in target.agents if agent.name not in asked
    ]
    return unseen, list(asked.values())


def _is_evidence(agent: AgentResult) -> bool:
    return bool(agent["names"]) and not any(one["code"] in _NO_EVIDENCE for one in agent["findings"])


# --- before endpoints go: has everybody left?


def still_used(inventory: Inventory, targets: Targets, seen: Seen, accept_gap: bool = False) -> Findings:
    """Whose endpoint has to stay because an agent host has not gone back to the public path, or was not seen to."""
    found: Findings = {}
    for name in inventory.names:
        target = targets[name]
        unseen, asked = _parted(target, seen.get(name, ()))
        problems = [*_on_link(target, asked), *_nowhere(target, asked, accept_gap)]
        if unseen:
            problems.append(finding("WAY_BACK_UNSEEN", name, host=target.host, agents=unseen).public())
        if problems:
            found[name] = problems
    return found


def sharing(inventory: Inventory, found: Mapping[str, Sequence[Shown]]) -> Findings:
    """These findings, and those of the VPCs whose link stays because one that shares it has not left."""
    staying: dict[str, list[str]] = {}
    for name in found:
        if name in inventory.vpcs and (via := inventory.vpcs[name].via) in inventory.names and via not in found:
            staying.setdefault(via, []).append(name)
    shared = {via: [finding("LINK_STILL_USED", via, sharers=names).public()] for via, names in staying.items()}
    return {**{name: list(problems) for name, problems in found.items()}, **shared}


def led_to(
    inventory: Inventory, endpoints: Sequence[Mapping[str, Any]], zones: Sequence[Zone], planning: bool = False
) -> Findings:
    """The endpoints of a run that a private zone still leads names to, whoever made that zone.

    Those that only serve other clusters' links in the same VPC, whose zones are this collection's, are no problem.
    When ``planning``, the names of this run count as gone.
    """
    gone = {inventory.vpcs[name].host for name in inventory.names} if planning else set()
    found: Findings = {}
    done = merge(endpoints)
    for name in inventory.names:
        endpoint = done.get(name, {}) if not inventory.vpcs[name].via else {}
        there = {address["address"] for address in endpoint.get("addresses", [])}
        for zone in zones if endpoint.get("vpc_endpoint_id") else ():
            led = {each.name for each in zone.records if each.leads_to(endpoint["vpc_endpoint_id"], there)}
            if hosts := led - gone:
                facts = {"hosts": sorted(hosts), "zone_id": zone.id, "vpcs": list(zone.vpcs)}
                theirs = zone.link == inventory.vpcs[name].text("vpc_id") and inventory.vpcs[name].host not in hosts
                code = "ENDPOINT_SHARED" if theirs else "ENDPOINT_STILL_LED_TO"
                one = finding(code, name, endpoint=endpoint["vpc_endpoint_id"], **facts)
                found.setdefault(name, []).append(one.public())
    return found


def names_left(inventory: Inventory, zones: Sequence[Mapping[str, Any]]) -> Findings:
    """The VPCs whose private zones are not removed yet. ``zones`` are plans for removing them."""
    needed: dict[str, list[str]] = {}
    for call in (call for answer in zones for call in answer.get("calls", [])):
        for vpc in call["vpcs"]:
            needed.setdefault(vpc, []).append(call["operation"])
    return {
        name: [finding("NAMES_NOT_REMOVED", name, operations=set(needed[name])).public()]
        for name in inventory.names
        if name in needed
    }


def has_let_go(agent: AgentResult, link: Iterable[str], accept_gap: bool) -> bool:
    """Whether a host's answer for the name is one that does not need the link any more."""
    addresses = set(_addresses(agent["names"])) if _is_evidence(agent) else set()
    gone = _is_evidence(agent) and accept_gap and agent["names"].get("problem") in _NO_ADDRESS
    return not addresses & set(link) and (bool(addresses) or gone)


def waiting(targets: Targets, seen: Seen, accept_gap: bool) -> list[str]:
    """The VPCs with an agent host that has not been seen to have gone back."""
    return [
        name
        for name, target in targets.items()
        if {one.name for one in target.agents}
        - {agent["name"] for agent in seen.get(name, ()) if has_let_go(agent, target.every, accept_gap)}
    ]


def _on_link(target: VpcTarget, agents: Iterable[AgentResult]) -> Iterable[Shown]:
    on_link = {
        agent["name"]: there for agent in agents if (there := set(_addresses(agent["names"])) & set(target.every))
    }
    if on_link:
        addresses = sorted(set().union(*on_link.values()))
        yield finding("NAME_STILL_PRIVATE", target.vpc, host=target.host, addresses=addresses, agents=on_link).public()


def _nowhere(target: VpcTarget, agents: Iterable[AgentResult], accept_gap: bool) -> Iterable[Shown]:
    lost = [
        agent["name"]
        for agent in agents
        if not _addresses(agent["names"]) and not has_let_go(agent, target.every, accept_gap)
    ]
    if lost:
        yield finding("NAME_NOT_BACK", target.vpc, host=target.host, agents=lost).public()


# --- how it is shown


def summary(targets: Targets, seen: Seen) -> list[str]:
    """A line for each agent host: where the name leads now, and what answers there."""
    lines = []
    for name, target in sorted(targets.items()):
        lines += [f"{name}: {agent['name']} {_seen(agent, target)}" for agent in seen.get(name, ())]
        if not target.agents:
            lines.append(f"{name}: no agent host is in the inventory, so nothing was seen from inside")
    return lines


def _seen(agent: AgentResult, target: VpcTarget) -> str:
    if not agent["names"]:
        return f"could not look: {next((one['text'] for one in agent['findings']), 'no answer')}"
    if not agent["names"]["addresses"]:
        return f"gets no address for {target.host} ({agent['names']['problem']})"
    link = set(target.every)
    reached = [
        f"{reach['address']} ({'the link' if reach['address'] in link else 'public'}, {_answer(reach)})"
        for reach in agent["addresses"]
    ]
    return f"resolves {target.host} to {', '.join(reached)}"


def _answer(reach: Mapping[str, Any]) -> str:
    return f"status {reach['status']}" if reach["status"] else str(reach["problem"])
