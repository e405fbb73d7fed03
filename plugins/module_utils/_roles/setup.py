# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role setup: the input of its jobs for each account and region, and which VPCs errors concern. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._core.findings import finding
from .._inventory.hosts import AgentVpc, Inventory


def fleets(inventory: Inventory) -> list[dict[str, Any]]:
    """For each account and region what `vpc_endpoint` takes: its ``links``, ``region`` and how to log in."""
    vpcs, names = inventory.vpcs, inventory.names
    grouped: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for vpc in sorted(vpcs.values(), key=lambda v: v.name):
        if not vpc.via:
            fleet = {"region": vpc.text("region"), **vpc.access}
            grouped.setdefault(tuple(fleet.items()), {**fleet, "links": []})["links"].append(_link(vpc, vpcs, names))
    return list(grouped.values())


def zones(inventory: Inventory, endpoints: Sequence[Mapping[str, Any]], planning: bool = False) -> list[dict[str, Any]]:
    """For each account what `private_zone` takes. ``endpoints`` are answers of the jobs on endpoints: where there is none
    that is available, its VPC is left out, and so are those that share its link. ``planning`` also takes those to come."""
    vpcs, names = inventory.vpcs, inventory.names
    done = merge(endpoints)
    grouped: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for owner in sorted(vpcs.values(), key=lambda v: v.name):
        if owner.via or not _usable(done.get(owner.name), planning or owner.name not in names):
            continue
        served = [vpcs[n] for n in names if n == owner.name or vpcs[n].via == owner.name]
        link = {
            "name": owner.name,
            "vpc_id": owner.text("vpc_id"),
            "zone": owner.zone,
            "holder": owner.holder,
            "hosted_zone_id": owner.text("hosted_zone_id"),
            "records": [_record(owner, done[owner.name])] if owner.name in names else [],
            "vpcs": [_member(v, owner) for v in served],
        }
        grouped.setdefault(tuple(owner.access.items()), {**owner.access, "links": []})["links"].append(link)
    return list(grouped.values())


def _usable(endpoint: Mapping[str, Any] | None, planning: bool) -> bool:
    """Whether names may resolve to an endpoint."""
    return endpoint is not None and not endpoint["failed"] and (planning or endpoint["state"] == "available")


def moved(inventory: Inventory, zones: Sequence[Mapping[str, Any]]) -> list[str]:
    """The VPCs whose name would lead elsewhere once plans are carried out: those that they name, and all that share a link
    whose zone or record changes."""
    touched = {vpc for answer in zones for call in answer["calls"] for vpc in call["vpcs"]}
    shared = {
        vpc
        for answer in zones
        for call in answer["calls"]
        if call["operation"] in {"route53:CreateHostedZone", "route53:ChangeResourceRecordSets"}
        for vpc in call["vpcs"]
    }
    return [name for name in inventory.names if name in touched or inventory.vpcs[name].via in shared]


def problems(
    inventory: Inventory,
    endpoints: Sequence[Mapping[str, Any]],
    associations: Sequence[Mapping[str, Any]],
) -> dict[str, list[dict[str, str]]]:
    """The errors of each VPC of a run, from the results of both modules. A VPC that shares a failed link fails with it."""
    found: dict[str, list[dict[str, str]]] = {}
    for result in (*endpoints, *associations):
        for one in result.get("findings", []):
            if one["severity"] == "error":
                found.setdefault(one["vpc"], []).append(dict(one))
    vpcs, names = inventory.vpcs, inventory.names
    for name in names:
        via = vpcs[name].via
        if via in found and name not in found:
            found[name] = [finding("LINK_OWNER_FAILED", name, via=via).public()]
    return {name: found[name] for name in names if name in found}


def merge(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The ``vpcs`` of several module runs as one."""
    return {name: vpc for result in results for name, vpc in result.get("vpcs", {}).items()}


def find(results: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any] | None:
    """What the last of several answers says of one VPC."""
    return next((dict(result["vpcs"][name]) for result in reversed(results) if name in result.get("vpcs", {})), None)


def _link(vpc: AgentVpc, vpcs: Mapping[str, AgentVpc], names: Sequence[str]) -> dict[str, Any]:
    return {
        "name": vpc.name,
        "vpc_id": vpc.text("vpc_id"),
        "service_name": vpc.text("service_name"),
        "service_region": vpc.text("service_region"),
        "supported_az_ids": vpc.many("supported_az_ids"),
        "replace": vpc.flag("replace_endpoint"),
        "sources": vpc.sources,
        "joined": {v.name: v.sources for v in vpcs.values() if v.via == vpc.name},
        "sources_only": vpc.name not in names,
        "subnet_ids": vpc.many("subnet_ids"),
        "security_group_ids": vpc.many("endpoint_security_groups"),
        "tags": vpc.vars.get("tags", {}),
        "vpc_endpoint_id": vpc.text("endpoint_id"),
    }


def _member(vpc: AgentVpc, owner: AgentVpc) -> dict[str, str]:
    """A VPC of a zone; how to reach its account is only said where that is not the zone's."""
    access = vpc.access if vpc.access != owner.access else {}
    return {"name": vpc.name, "vpc_id": vpc.text("vpc_id"), "region": vpc.text("region"), **access}


def _record(vpc: AgentVpc, endpoint: Mapping[str, Any]) -> dict[str, str]:
    return {"host": vpc.host, "dns_name": endpoint["dns_name"], "hosted_zone_id": endpoint["hosted_zone_id"]}
