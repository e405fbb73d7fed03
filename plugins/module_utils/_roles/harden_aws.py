# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role harden_aws tells the modules, and what it makes of their answers. Pure; what AWS has, the modules find out.

Who needs an endpoint is asked of the whole inventory: a run with C(--limit) must not lock out who is not in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._core import listing
from .._core.findings import Finding, finding
from .._inventory import hosts
from .._inventory.hosts import AgentVpc
from .._link import egress as _egress
from .._link.security_group import PORT, sources_of

Results = Sequence[Mapping[str, Any]]


# --- what the modules are told


def links(hostvars: Mapping[str, Any], names: Sequence[str]) -> list[dict[str, Any]]:
    """What `vpc_endpoint` takes to let in nobody but agents. Links of VPCs outside of the run are only looked at."""
    vpcs = _everyone(hostvars, names)
    owners = {vpcs[name].via or name for name in names}
    once: dict[str, str] = {}
    for name in sorted(set(names) & owners):
        once.setdefault(vpcs[name].text("vpc_id"), name)  # several clusters' links of a VPC share one group

    def narrowed(link: Mapping[str, Any]) -> dict[str, Any]:
        purge = once.get(link["vpc_id"]) == link["name"]
        joined = _sharing(vpcs, link["vpc_id"], link["name"]) if purge else {}
        return {**link, "sources_only": True, "purge_sources": purge, "joined": joined}

    return _each_link(hosts.fleets(hostvars, list(vpcs)), owners, narrowed)


def readmit(hostvars: Mapping[str, Any], names: Sequence[str], looked: Results) -> list[dict[str, Any]]:
    """What `vpc_endpoint` takes to let in again whom it was to remove, by what it answered in check mode."""
    removed = _removed(looked)

    def widened(link: Mapping[str, Any]) -> dict[str, Any]:
        again = {link["name"]: sorted(removed[link["name"]])}
        return {**link, "sources_only": True, "purge_sources": False, "joined": again}

    vpcs = _everyone(hostvars, names)
    owners = {vpcs[name].via or name for name in names} & set(removed)
    return _each_link(hosts.fleets(hostvars, list(vpcs)), owners, widened)


def agents(
    hostvars: Mapping[str, Any],
    names: Sequence[str],
    endpoints: Results,
    required: Sequence[Mapping[str, Any]],
    only: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """What `agent_egress` takes, for each account and region: Astro over the link, and ``required``. ``only`` are groups to
    choose; VPCs whose link has no security group yet are left out."""
    vpcs = _everyone(hostvars, names)
    known = {group for vpc in vpcs.values() for group in vpc.many("agent_security_groups")}
    if unknown := sorted(set(only or []) - known):
        raise hosts.InventoryError(
            f"harden_aws_egress_groups has {group}, which no agent VPC has in privatelink_agent_security_groups."
            for group in unknown
        )
    done = hosts.merge(endpoints)
    grouped: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for vpc in (vpcs[name] for name in sorted(names)):
        ends = done.get(vpc.via or vpc.name, {}).get("security_group_ids", [])
        groups = [group for group in vpc.many("agent_security_groups") if only is None or group in only]
        if not ends or not groups:
            continue
        to_astro = [{"group": end, "port": PORT, "description": "Astro over PrivateLink"} for end in ends]
        fleet = {"region": vpc.text("region"), **vpc.access}
        grouped.setdefault(tuple(fleet.items()), {**fleet, "agents": []})["agents"] += [
            {
                "name": vpc.name,
                "vpc_id": vpc.text("vpc_id"),
                "group_id": group,
                "allowed": [*to_astro, *required],
            }
            for group in groups
        ]
    return list(grouped.values())


def close(fleets: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What `agent_egress` takes to remove what is open beside what is allowed."""
    return [{**fleet, "agents": [{**one, "purge": True} for one in fleet["agents"]]} for fleet in fleets]


def reopen(fleets: Sequence[Mapping[str, Any]], looked: Results) -> list[dict[str, Any]]:
    """What `agent_egress` takes to open again what was open when it looked."""
    seen = hosts.merge(looked)
    return [
        {
            **fleet,
            "agents": [
                {**one, "allowed": seen[one["name"]]["groups"][one["group_id"]]["open"]} for one in fleet["agents"]
            ],
        }
        for fleet in fleets
    ]


def _everyone(hostvars: Mapping[str, Any], names: Sequence[str]) -> dict[str, AgentVpc]:
    """All agent VPCs of the inventory. If one of them is not understood, its agents might be locked out."""
    there = {name for name in hostvars if hostvars[name].get("privatelink_vpc_id")}
    return hosts.read(hostvars, sorted(there.union(names)))


def _sharing(vpcs: Mapping[str, AgentVpc], vpc_id: str, name: str) -> dict[str, list[str]]:
    """The sources of all others who use an endpoint in this VPC, by their names."""
    owners = {vpc.name for vpc in vpcs.values() if vpc.text("vpc_id") == vpc_id and not vpc.via}
    return {vpc.name: vpc.sources for vpc in vpcs.values() if (vpc.via or vpc.name) in owners and vpc.name != name}


def _each_link(fleets: Iterable[Mapping[str, Any]], owners: set[str], change: Any) -> list[dict[str, Any]]:
    chosen = [{**fleet, "links": [change(one) for one in fleet["links"] if one["name"] in owners]} for fleet in fleets]
    return [fleet for fleet in chosen if fleet["links"]]


# --- what their answers mean


def audit(hostvars: Mapping[str, Any], names: Sequence[str], endpoints: Results, egress: Results) -> dict[str, Any]:
    """What is wider than it needs to be: by VPC, as findings, and as lines for people."""
    found: list[Finding] = []
    vpcs: dict[str, dict[str, Any]] = {name: {} for name in names}
    for name, group in _ingress_groups(endpoints, links(hostvars, names)).items():
        vpcs[name]["endpoint_group"] = group
        found += _ingress_findings(name, group)
    for name, seen in hosts.merge(egress).items():
        vpcs[name]["agent_groups"] = {key: _egress_group(group) for key, group in seen["groups"].items()}
        found += [
            finding("EGRESS_OPEN", name, group=key, rules=group["open"])
            for key, group in vpcs[name]["agent_groups"].items()
            if group["open"]
        ]
    shown = [one.public() for one in found]
    told = [dict(one) for result in (*endpoints, *egress) for one in result.get("findings", [])]
    every = [*told, *shown]
    return {
        "vpcs": vpcs,
        "findings": every,
        "text": [*_table(vpcs), *([""] if every else []), *listing.listing(every)],
    }


def values(hostvars: Mapping[str, Any], names: Sequence[str], endpoints: Results) -> dict[str, list[str]]:
    """What the templates are filled with."""
    vpcs = hosts.read(hostvars, names)
    addresses = {a["address"] for vpc in hosts.merge(endpoints).values() for a in vpc["addresses"]}
    services = {vpc.text("service_name") for vpc in vpcs.values()} - {""}
    return {
        "hosts": sorted({vpc.host for vpc in vpcs.values()}),
        "vpc_ids": sorted({vpc.text("vpc_id") for vpc in vpcs.values()}),
        "addresses": sorted(addresses),
        "services": sorted(services),
    }


def _wanted(link: Mapping[str, Any]) -> set[str]:
    return {*link["sources"], *(source for sources in link["joined"].values() for source in sources)}


def _removed(endpoints: Results) -> dict[str, set[str]]:
    """Whom the plan of each link removes."""
    removed: dict[str, set[str]] = {}
    for call in (call for result in endpoints for call in result.get("calls", [])):
        if call["operation"] == "ec2:RevokeSecurityGroupIngress":
            for name in call["vpcs"]:
                removed.setdefault(name, set()).update(sources_of(call["arguments"]))
    return removed


def _ingress_groups(endpoints: Results, fleets: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    removed = _removed(endpoints)
    before = {name: state for result in endpoints for name, state in result["diff"]["before"].items()}
    groups: dict[str, dict[str, Any]] = {}
    for link in (link for fleet in fleets for link in fleet["links"] if link["purge_sources"]):
        if group := before.get(link["name"], {}).get("security_group"):
            foreign, extra = removed.get(link["name"], set()), set(group["sources"]) - _wanted(link)
            groups[link["name"]] = {**group, "foreign": sorted(foreign), "wide": sorted(extra - foreign)}
    return groups


def _ingress_findings(name: str, group: Mapping[str, Any]) -> Iterable[Finding]:
    for code, key in (("SG_TOO_WIDE", "foreign"), ("SG_TOO_WIDE_BY_HAND", "wide")):
        if group[key]:
            yield finding(code, name, group=group["group_id"], foreign=group[key])


def _egress_group(seen: Mapping[str, Any]) -> dict[str, list[str]]:
    rules, open_, missing = (frozenset(map(_egress.rule, seen[key])) for key in ("rules", "open", "missing"))
    chosen = {"rules": rules, "open": open_, "goal": (rules - open_) | missing}
    return {key: [str(rule) for rule in sorted(group)] for key, group in chosen.items()}


def _table(vpcs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    rows = [("VPC", "SECURITY GROUP", "NOW", "NARROW")]
    for name, vpc in sorted(vpcs.items()):
        if group := vpc.get("endpoint_group"):
            kept = [source for source in group["sources"] if source not in group["foreign"]]
            now, narrow = (f"from {_many(sources)}" for sources in (group["sources"], kept))
            rows.append((name, f"{group['group_id']} (endpoint)", now, narrow))
        for key, agents_ in sorted(vpc.get("agent_groups", {}).items()):
            rows.append((name, f"{key} (agents)", _many(agents_["rules"]), _many(agents_["goal"])))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _many(texts: Iterable[str]) -> str:
    return ", ".join(texts) or "none"
