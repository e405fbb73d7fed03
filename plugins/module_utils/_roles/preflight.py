# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the inventory to what `preflight` looks at, and from what it and the agent hosts saw to the findings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._core.findings import Finding, finding
from .._inventory import hosts as _fleet
from .._inventory.hosts import SUFFIX, AgentVpc
from .._preflight import checks


def scope(hostvars: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """What `preflight` takes: its ``fleets`` and ``zones``."""
    vpcs = _fleet.read(hostvars, names)
    unknown = {"failed": False, "dns_name": "", "hosted_zone_id": ""}
    zones = _fleet.zones(hostvars, names, [{"vpcs": dict.fromkeys(vpcs, unknown)}])
    return {"fleets": _with_links(_fleets(vpcs), hostvars, names), "zones": zones}


def support_scope(hostvars: Mapping[str, Any], names: Sequence[str]) -> list[dict[str, Any]]:
    """The ``fleets`` alone. Before Support has named the service there is nothing to ask about but the VPCs."""
    vpcs = _fleet.read(hostvars, names, service_known=False)
    known = all(vpc.via or vpc.text("service_name") for vpc in vpcs.values())
    return _with_links(_fleets(vpcs), hostvars, names) if known else list(_fleets(vpcs).values())


def _fleets(vpcs: Mapping[str, AgentVpc]) -> dict[tuple[tuple[str, str], ...], dict[str, Any]]:
    grouped: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for vpc in sorted(vpcs.values(), key=lambda vpc: vpc.name):
        place = {"region": vpc.text("region"), **vpc.access}
        fleet = grouped.setdefault(tuple(place.items()), {**place, "vpcs": [], "links": []})
        fleet["vpcs"].append(_vpc(vpc, vpcs))
    return grouped


def _with_links(
    fleets: Mapping[tuple[tuple[str, str], ...], dict[str, Any]], hostvars: Mapping[str, Any], names: Sequence[str]
) -> list[dict[str, Any]]:
    for fleet in _fleet.fleets(hostvars, names):
        place = tuple((key, value) for key, value in fleet.items() if key != "links")
        fleets[place]["links"].extend(fleet["links"])
    return list(fleets.values())


def _vpc(vpc: AgentVpc, vpcs: Mapping[str, AgentVpc]) -> dict[str, Any]:
    twins = [other.host for other in vpcs.values() if other.text("vpc_id") == vpc.text("vpc_id")]
    others = [name if "." in name else f"{name}.{SUFFIX}" for name in vpc.many("other_clusters")]
    return {
        "name": vpc.name,
        "vpc_id": vpc.text("vpc_id"),
        "host": vpc.host,
        "via": vpc.via,
        "sources": vpc.sources,
        "in_use": sorted({*twins, *others} - {vpc.host}),
        "support_confirmed": vpc.flag("support_confirmed"),
    }


def to_ask(
    hostvars: Mapping[str, Any], agents: Iterable[str], vpcs: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[str]]:
    """For each VPC in which nothing private covers the cluster's name: the agent hosts that can say what the name is."""
    asked: dict[str, list[str]] = {name: [] for name, vpc in vpcs.items() if not vpc["covered"]}
    for agent in agents:
        name = str(hostvars[agent].get("privatelink_agent_vpc", ""))
        if name in asked:
            asked[name].append(agent)
    return asked


def findings(
    read: Mapping[str, Any], hostvars: Mapping[str, Any], names: Sequence[str], astro: Mapping[str, Any] | None = None
) -> list[dict[str, str]]:
    """What AWS, the agent hosts and the Astro API (as `astro_info` answered, if it was asked) showed, as one list."""
    hosts = {name: vpc["host"] for name, vpc in read["vpcs"].items() if name in names}
    found: list[Finding] = []
    for name, host in hosts.items():
        for probe in hostvars[name].get("__preflight_lookups", {}).get("results", []):
            found += checks.unknown_cluster(name, host, str(probe["item"]), probe.get("names") or {})
    found += checks.unfit((astro or {}).get("deployments", []), hosts)
    if astro and "deployments" not in astro and "skipped" not in astro:
        facts = {
            "operation": "The Astro API",
            "message": str(astro["msg"]).rstrip("."),
            "what": "whether Deployments fit",
        }
        found += [finding("NOT_CHECKED", name, **facts) for name in hosts]
    return [*map(dict, read["findings"]), *(one.public() for one in found)]
