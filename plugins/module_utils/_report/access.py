# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who can reach the endpoints, where agents may go, and what of it is wider than it needs to be. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from .._core import listing
from .._core.findings import Finding, Shown, finding
from .._link import egress as _egress
from .._roles import harden_aws, setup

Results = Sequence[Mapping[str, Any]]


class Audit(TypedDict):
    """By VPC, as findings, and as lines for people."""

    vpcs: dict[str, dict[str, Any]]
    findings: list[Shown]
    text: list[str]


def audit(names: Sequence[str], fleets: Results, endpoints: Results, egress: Results) -> Audit:
    """``fleets`` is what the job on endpoints was told, ``endpoints`` and ``egress`` are plans that narrow everything."""
    found: list[Finding] = []
    vpcs: dict[str, dict[str, Any]] = {name: {} for name in names}
    for name, group in _ingress_groups(fleets, endpoints).items():
        vpcs[name]["endpoint_group"] = group
        found += _ingress_findings(name, group)
    for name, seen in setup.merge(egress).items():
        vpcs[name]["agent_groups"] = {key: _egress_group(group) for key, group in seen["groups"].items()}
        found += [
            finding("EGRESS_OPEN", name, group=key, rules=group["open"])
            for key, group in vpcs[name]["agent_groups"].items()
            if group["open"]
        ]
    told = [dict(one) for result in (*endpoints, *egress) for one in result["findings"] if one["vpc"] in vpcs]
    every = [*told, *(one.public() for one in found)]
    return {
        "vpcs": vpcs,
        "findings": every,
        "text": [*_table(vpcs), *([""] if every else []), *listing.listing(every)],
    }


def _ingress_groups(fleets: Results, endpoints: Results) -> dict[str, dict[str, Any]]:
    removed = harden_aws.removed(endpoints)
    before = {name: state for result in endpoints for name, state in result["diff"]["before"].items()}
    groups: dict[str, dict[str, Any]] = {}
    for link in (link for fleet in fleets for link in fleet["links"] if link["purge_sources"]):
        if group := before.get(link["name"], {}).get("security_group"):
            foreign, extra = removed.get(link["name"], set()), set(group["sources"]) - _wanted(link)
            groups[link["name"]] = {**group, "foreign": sorted(foreign), "wide": sorted(extra - foreign)}
    return groups


def _wanted(link: Mapping[str, Any]) -> set[str]:
    return {*link["sources"], *(source for sources in link["joined"].values() for source in sources)}


def _ingress_findings(name: str, group: Mapping[str, Any]) -> Iterable[Finding]:
    for code, key in (("SG_TOO_WIDE", "foreign"), ("SG_TOO_WIDE_BY_HAND", "wide")):
        if group[key]:
            yield finding(code, name, group=group["group_id"], foreign=group[key])


def _egress_group(seen: Mapping[str, Any]) -> dict[str, list[str]]:
    rules, open_, missing = (frozenset(map(_egress.rule, seen[key])) for key in ("rules", "open", "missing"))
    groups = {"rules": rules, "open": open_, "goal": (rules - open_) | missing}
    return {key: [str(rule) for rule in sorted(group)] for key, group in groups.items()}


def _table(vpcs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    rows = [("VPC", "SECURITY GROUP", "NOW", "NARROW")]
    for name, vpc in sorted(vpcs.items()):
        if group := vpc.get("endpoint_group"):
            kept = [source for source in group["sources"] if source not in group["foreign"]]
            now, narrow = (f"from {_many(sources)}" for sources in (group["sources"], kept))
            rows.append((name, f"{group['group_id']} (endpoint)", now, narrow))
        for key, agents in sorted(vpc.get("agent_groups", {}).items()):
            rows.append((name, f"{key} (agents)", _many(agents["rules"]), _many(agents["goal"])))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _many(texts: Iterable[str]) -> str:
    return ", ".join(texts) or "none"
