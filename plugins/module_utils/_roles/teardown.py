# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles that take links down, or an old zone away, tell the modules, and when they have to stop. Pure.

It knows the inventory and what was seen of agents and Deployments; what AWS has, the modules find out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._astro.access import is_open
from .._core.findings import finding
from .._inventory import hosts
from .._inventory.hosts import SUFFIX, AgentVpc
from .._probe import results

Findings = dict[str, list[dict[str, str]]]


# --- what the modules are told


def all_zones(hostvars: Mapping[str, Any], names: Sequence[str], accept_gap: bool = False) -> list[dict[str, Any]]:
    """What `private_zone` takes to remove the zones of both layouts: after a move, the old one may still be there."""
    vpcs = hosts.read(hostvars, names)
    own = {owner.name: owner.zone for owner in vpcs.values() if not owner.via}
    other = {owner.name: _other_zone(owner) for owner in vpcs.values() if not owner.via}
    return [item for zones in (other, own) for item in _removals(hostvars, names, zones, without_gap=not accept_gap)]


def old_zones(hostvars: Mapping[str, Any], names: Sequence[str], accept_gap: bool = False) -> list[dict[str, Any]]:
    """What `private_zone` takes to remove the zones of the layout that the inventory does not ask for.

    Below a zone of the suffix the host's own zone answers; the other way round names need a holder VPC to be without a gap.
    """
    vpcs = hosts.read(hostvars, names)
    found = []
    for to_suffix in (True, False):
        owners = [owner for owner in vpcs.values() if not owner.via and (owner.zone == SUFFIX) == to_suffix]
        zones = {owner.name: _other_zone(owner) for owner in owners}
        found += _removals(hostvars, names, zones, without_gap=to_suffix and not accept_gap)
    return found


def endpoints(hostvars: Mapping[str, Any], names: Sequence[str], drain: int = 0) -> list[dict[str, Any]]:
    """What `vpc_endpoint` takes to remove the endpoints of a run, and the rules for VPCs that only shared one."""
    vpcs = hosts.read(hostvars, names)
    grouped: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for vpc in sorted(vpcs.values(), key=lambda v: v.name):
        if not vpc.via:
            fleet = {"region": vpc.text("region"), **vpc.access}
            link: dict[str, Any] = {
                "name": vpc.name,
                "vpc_id": vpc.text("vpc_id"),
                "service_name": vpc.text("service_name"),
                "vpc_endpoint_id": vpc.text("endpoint_id"),
            }
            if vpc.name in names:
                link |= {"state": "absent", "drain": drain}
            else:
                link |= {"sources_only": True, "leaving": _leaving(vpc, hostvars, names)}
            grouped.setdefault(tuple(fleet.items()), {**fleet, "links": []})["links"].append(link)
    return list(grouped.values())


def _removals(
    hostvars: Mapping[str, Any], names: Sequence[str], zones: Mapping[str, str], without_gap: bool
) -> list[dict[str, Any]]:
    """One entry for each account. A link whose own VPC is outside of the run only loses the VPCs of the run."""
    vpcs = hosts.read(hostvars, names)
    grouped: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for owner_name, zone in sorted(zones.items()):
        owner = vpcs[owner_name]
        here = owner.name in names
        link = {
            "name": owner.name,
            "vpc_id": owner.text("vpc_id"),
            "zone": zone,
            "holder": owner.holder,
            "hosted_zone_id": owner.text("hosted_zone_id") if zone == owner.zone else "",
            "records": [{"host": owner.host}] if here else [],
            "vpcs": [_member(vpcs[n]) for n in names if n == owner.name or vpcs[n].via == owner.name],
            "state": "absent" if here else "present",
            "without_gap": without_gap,
            "others": {v.text("vpc_id"): v.name for v in _joined(owner, hostvars) if v.name not in names},
        }
        grouped.setdefault(tuple(owner.access.items()), {**owner.access, "links": []})["links"].append(link)
    return list(grouped.values())


def _other_zone(owner: AgentVpc) -> str:
    return SUFFIX if owner.zone != SUFFIX else owner.host


def _member(vpc: AgentVpc) -> dict[str, str]:
    """A VPC that leaves; the zone's account can take it off, wherever it belongs."""
    return {"name": vpc.name, "vpc_id": vpc.text("vpc_id"), "region": vpc.text("region"), "state": "absent"}


def _joined(owner: AgentVpc, hostvars: Mapping[str, Any]) -> list[AgentVpc]:
    """All VPCs of the inventory that share a link, in this run or not."""
    found = [name for name in hostvars if hostvars[name].get("privatelink_via") == owner.name]
    return [AgentVpc.read(name, hostvars[name]) for name in sorted(found)]


def _leaving(owner: AgentVpc, hostvars: Mapping[str, Any], names: Sequence[str]) -> dict[str, list[str]]:
    """The sources of each VPC that leaves, without those that others who stay need as well."""
    joined = _joined(owner, hostvars)
    needed = {source for vpc in (owner, *joined) if vpc.name not in names for source in vpc.sources}
    return {vpc.name: sorted(set(vpc.sources) - needed) for vpc in joined if vpc.name in names}


# --- when to stop


def guard(deployments: Sequence[Mapping[str, Any]], vpc: str, unrestricted: bool) -> list[dict[str, str]]:
    """Why a VPC's agents could not go on over the public internet. ``deployments`` are those of `astro_info`."""
    if unrestricted:
        return []
    if not deployments:
        return [finding("RESTRICTION_UNKNOWN", vpc).public()]
    closed = [each for each in deployments if not is_open(each["allowed_ranges"])]
    return [
        finding("DEPLOYMENT_RESTRICTED", vpc, name=each["name"], ranges=each["allowed_ranges"]).public()
        for each in closed
    ]


def to_look_up(hostvars: Mapping[str, Any], targets: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The clusters' hosts whose public addresses somebody needs to know, and nobody wrote down."""
    return sorted({targets[name]["host"] for name in _in_use(targets) if not _written(name, hostvars)})


def public_addresses(
    hostvars: Mapping[str, Any], targets: Mapping[str, Mapping[str, Any]], lookups: Sequence[Mapping[str, Any]]
) -> dict[str, list[str]]:
    """Where the agents of each VPC with a link would go without it; none where nobody knows.

    ``lookups`` are results of `probe` on the controller. One that is served by a link itself does not know.
    """
    links = _links(targets)
    looked_up = {lookup["item"]: _addresses(lookup) for lookup in lookups}
    found = {name: _written(name, hostvars) or looked_up.get(targets[name]["host"], []) for name in _in_use(targets)}
    return {name: [] if links & set(addresses) else addresses for name, addresses in found.items()}


def cut_off(
    hostvars: Mapping[str, Any],
    targets: Mapping[str, Mapping[str, Any]],
    public: Mapping[str, Sequence[str]],
    lookups: Sequence[Mapping[str, Any]],
) -> Findings:
    """Whose agents are on the link, and would not come through without it. ``public`` is from `public_addresses`."""
    found: Findings = {}
    for name, addresses in public.items():
        host, link = targets[name]["host"], set(targets[name]["expected"])
        closed = [
            f"{agent['name']} ({problem})"
            for agent in _agents(name, hostvars, "__teardown_before")
            if link & set(_addresses(agent)) and (problem := _not_through(agent["addresses"], addresses))
        ]
        if not addresses:
            answer = _why_unknown(_written(name, hostvars), host, lookups)
            found[name] = [finding("PUBLIC_PATH_UNKNOWN", name, host=host, answer=answer).public()]
        elif closed:
            found[name] = [finding("PUBLIC_PATH_CLOSED", name, host=host, addresses=addresses, agents=closed).public()]
    return found


def _in_use(targets: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The VPCs that have a link, and agent hosts to ask about it."""
    return [name for name, target in targets.items() if target["expected"] and target["agents"]]


def _links(targets: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The addresses of all links."""
    here = {address for target in targets.values() for address in target["expected"]}
    return here.union(*(addresses for target in targets.values() for addresses in target["elsewhere"].values()))


def _written(name: str, hostvars: Mapping[str, Any]) -> list[str]:
    return AgentVpc.read(name, hostvars[name]).many("public_addresses")


def _addresses(seen: Mapping[str, Any]) -> list[str]:
    """What the name was answered with there."""
    return list(seen.get("names", {}).get("addresses", []))


def _why_unknown(written: Sequence[str], host: str, lookups: Iterable[Mapping[str, Any]]) -> str:
    """Why there are no public addresses: for people."""
    if written:
        return f"privatelink_public_addresses has {', '.join(written)}, a link's"
    lookup = next((each for each in lookups if each["item"] == host), {})
    if addresses := _addresses(lookup):
        return f"the controller gets {', '.join(addresses)}, a link's"
    problem = lookup.get("names", {}).get("problem")
    return f"the controller gets {problem}" if problem else "the controller cannot look"


def _not_through(reached: Iterable[Mapping[str, Any]], public: Iterable[str]) -> str:
    """Why no public address can be used; empty if one can. Astro may answer what it likes to who comes that far."""
    tried = [reach for reach in reached if reach["address"] in set(public)]
    return "" if any(reach["tls"] for reach in tried) else ", ".join(sorted({reach["problem"] for reach in tried}))


def still_used(
    hostvars: Mapping[str, Any],
    names: Sequence[str],
    targets: Mapping[str, Mapping[str, Any]],
    zones: Sequence[Mapping[str, Any]],
    accept_gap: bool = False,
) -> Findings:
    """Whose endpoint has to stay: where a name could not be taken away, or agents have not gone back to the public path.

    A link stays as long as a VPC of the run that shares it does.
    """
    found = hosts.problems(hostvars, names, [], zones)
    for name, target in targets.items():
        agents = _agents(name, hostvars)
        if problems := [*_on_link(name, target, agents), *([] if accept_gap else _nowhere(name, target, agents))]:
            found.setdefault(name, []).extend(problems)
    vpcs = hosts.read(hostvars, names)
    staying: dict[str, list[str]] = {}
    for name in found:
        if (via := vpcs[name].via) in names and via not in found:
            staying.setdefault(via, []).append(name)
    return {**found, **{via: [finding("LINK_STILL_USED", via, sharers=n).public()] for via, n in staying.items()}}


def has_let_go(names: Mapping[str, Any], link: Sequence[str], accept_gap: bool) -> bool:
    """Whether a host's answer for the name is one that does not need the link any more."""
    addresses = set(names.get("addresses", []))
    return not addresses & set(link) and (bool(addresses) or accept_gap)


def _agents(vpc: str, hostvars: Mapping[str, Any], look: str = "__teardown_probes") -> list[dict[str, Any]]:
    """What the agent hosts of a VPC saw, by default when their names were gone; nobody looks for that in check mode."""
    return results.agents(vpc, hostvars[vpc].get(look, {}).get("results", []), hostvars)


def _on_link(vpc: str, target: Mapping[str, Any], agents: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, str]]:
    on_link = {
        agent["name"]: there
        for agent in agents
        if (there := set(agent["names"].get("addresses", [])) & set(target["expected"]))
    }
    if on_link:
        addresses = sorted(set().union(*on_link.values()))
        yield finding("NAME_STILL_PRIVATE", vpc, host=target["host"], addresses=addresses, agents=on_link).public()


def _nowhere(vpc: str, target: Mapping[str, Any], agents: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, str]]:
    """Agent hosts that were asked and got no answer; those that could not be asked are no evidence."""
    lost = [agent["name"] for agent in agents if agent["names"] and not agent["names"]["addresses"]]
    if lost:
        yield finding("NAME_NOT_BACK", vpc, host=target["host"], agents=lost).public()


# --- how it is shown


def summary(hostvars: Mapping[str, Any], targets: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A line for each agent host: where the name leads now, and what answers there."""
    lines = []
    for name, target in sorted(targets.items()):
        lines += [f"{name}: {agent['name']} {_seen(agent, target)}" for agent in _agents(name, hostvars)]
        if not target["agents"]:
            lines.append(f"{name}: no agent host is given, so nobody looked from inside")
    return lines


def _seen(agent: Mapping[str, Any], target: Mapping[str, Any]) -> str:
    if not agent["names"]:
        return f"could not look: {agent['findings'][0]['text']}"
    if not agent["names"]["addresses"]:
        return f"gets no address for {target['host']} ({agent['names']['problem']})"
    link = set(target["expected"])
    reached = [
        f"{reach['address']} ({'the link' if reach['address'] in link else 'public'}, {_answer(reach)})"
        for reach in agent["addresses"]
    ]
    return f"resolves {target['host']} to {', '.join(reached)}"


def _answer(reach: Mapping[str, Any]) -> str:
    return f"status {reach['status']}" if reach["status"] else str(reach["problem"])
