# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role setup: the input of its jobs for each account and region, and which VPCs errors concern. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._core.findings import Shown, finding
from .._core.run import Answer
from .._inventory.hosts import AgentVpc, Inventory
from .._link.endpoint import target


def fleets(inventory: Inventory, owners: Collection[str] | None = None) -> list[dict[str, Any]]:
    """For each account and region what `vpc_endpoint` takes: its ``links``, ``region`` and how to log in.

    ``owners`` are the VPCs whose links are wanted; otherwise all are that have one.
    """
    vpcs, names = inventory.vpcs, inventory.names
    grouped: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for vpc in sorted(vpcs.values(), key=lambda v: v.name):
        if not vpc.via and (owners is None or vpc.name in owners):
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
        if not served:
            continue  # it keeps what it has
        link = {
            "name": owner.name,
            "vpc_id": owner.text("vpc_id"),
            "zone": owner.zone,
            "holder": owner.holder,
            "holder_region": owner.text("region"),
            "hosted_zone_id": owner.text("hosted_zone_id"),
            "records": [_record(owner, done[owner.name])],
            "compare_only": owner.name not in names,
            "ip_address_type": owner.ip_address_type,
            "vpcs": [_member(v, owner) for v in served],
        }
        grouped.setdefault(tuple(owner.access.items()), {**owner.access, "links": []})["links"].append(link)
    return list(grouped.values())


def owners(inventory: Inventory) -> set[str]:
    """The VPCs whose links those of a run use."""
    return {inventory.vpcs[name].via or name for name in inventory.names}


def ready(inventory: Inventory, endpoints: Sequence[Mapping[str, Any]]) -> list[str]:
    """The VPCs whose names can lead to their links while others are still made: an endpoint is available, and it and what it admits
    lack nothing for any of the VPCs that share it. ``endpoints`` are plans of what is still to do."""
    done = merge(endpoints)
    lacking = {vpc for answer in endpoints for call in answer["calls"] for vpc in call["vpcs"]}
    lacking |= {one["vpc"] for answer in endpoints for one in answer["findings"] if one["severity"] == "error"}
    held = {inventory.vpcs[name].via or name for name in lacking if name in inventory.vpcs}
    links = {name for name in owners(inventory) - held if _usable(done.get(name), planning=False)}
    return [name for name in inventory.names if (inventory.vpcs[name].via or name) in links]


def _usable(endpoint: Mapping[str, Any] | None, planning: bool) -> bool:
    """Whether names may lead to an endpoint; one that AWS shows no name of has nothing to lead to."""
    if endpoint is None or endpoint["failed"]:
        return False
    return bool(endpoint["dns_name"]) if endpoint["state"] == "available" else planning


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


def changed(inventory: Inventory, zones: Sequence[Mapping[str, Any]]) -> set[str]:
    """The VPCs of a run whose links' zones change once plans are carried out, and all that share these links."""
    named = {vpc for answer in zones for call in answer["calls"] for vpc in call["vpcs"]}
    links = {inventory.vpcs[name].via or name for name in named if name in inventory.vpcs}
    return {name for name in inventory.names if (inventory.vpcs[name].via or name) in links}


def others(zones: Sequence[Answer], changed: Collection[str]) -> list[Answer]:
    """What plans say of the VPCs for which nothing changes: it is as it was read, and need not be read again."""
    found: list[Answer] = []
    for answer in zones:
        vpcs = {name: result for name, result in answer["vpcs"].items() if name not in changed}
        diff = {side: {n: state for n, state in known.items() if n in vpcs} for side, known in answer["diff"].items()}
        findings = [one for one in answer["findings"] if one["vpc"] in vpcs]
        if vpcs:
            found.append({**answer, "changed": False, "calls": [], "findings": findings, "diff": diff, "vpcs": vpcs})
    return found


def choosing(inventory: Inventory) -> set[str]:
    """The links of a run whose subnets, or zones, the inventory chooses: some of the present ones may go."""
    chosen = {name for name, vpc in inventory.vpcs.items() if vpc.many("subnet_ids") or vpc.many("supported_az_ids")}
    return chosen & owners(inventory)


def shrinking(endpoints: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The links that lose addresses once plans are carried out, with those that stay: some, or the plan is no good."""
    done = merge(endpoints)
    going: dict[str, set[str]] = {}
    for call in (call for answer in endpoints for call in answer["calls"]):
        for vpc in call["vpcs"]:
            going.setdefault(vpc, set()).update(call["arguments"].get("RemoveSubnetIds", ()))
    return {
        vpc: staying
        for vpc, subnets in going.items()
        if subnets and (staying := [a["address"] for a in done[vpc]["addresses"] if a["subnet_id"] not in subnets])
    }


def needed(owner: str, stopped: Mapping[str, Sequence[Shown]]) -> dict[str, list[Shown]]:
    """The link that keeps its subnets, since agents in the VPCs that were ``stopped`` do not reach what would stay."""
    if not stopped:
        return {}
    texts = [f"{name}: {one['seen']}" for name, problems in stopped.items() for one in problems]
    facts = {"vpcs": stopped, "problems": texts}
    return {owner: [finding("SUBNETS_NEEDED", owner, **facts).public()]}


def untested(names: Iterable[str]) -> list[Shown]:
    """VPCs that use a link which loses subnets, and have no agent host that could try those that stay."""
    return [finding("SUBNETS_UNPROVEN", name).public() for name in names]


@dataclass(frozen=True)
class Shift:
    """A record that leads elsewhere once a plan is carried out: whose link it is, and who is on its zone by now.

    ``members`` are VPCs of the inventory by their names, in this run or not; ``strangers`` are ids of others.
    """

    owner: str
    zone_id: str
    hosts: tuple[str, ...]
    members: tuple[str, ...]
    strangers: tuple[str, ...]


def shifts(inventory: Inventory, zones: Sequence[Mapping[str, Any]]) -> list[Shift]:
    """The records that are there and would change. All VPCs on such a zone move, whoever they are."""
    found = []
    for answer in zones:
        for call in answer["calls"]:
            if call["operation"] == "route53:ChangeResourceRecordSets":
                (owner,) = call["vpcs"]
                before = answer["diff"]["before"].get(owner, {})
                changed = [each["ResourceRecordSet"]["Name"] for each in call["arguments"]["ChangeBatch"]["Changes"]]
                hosts = tuple(host for host in changed if host in before.get("records", {}))
                found += [_shift(inventory, owner, before, hosts)] if hosts else []
    return found


def _shift(inventory: Inventory, owner: str, before: Mapping[str, Any], hosts: tuple[str, ...]) -> Shift:
    holder = inventory.vpcs[owner].holder or {}
    there = set(before["vpc_ids"]) - {holder.get("vpc_id")}
    link = [inventory.everyone.get(owner, inventory.vpcs[owner]), *inventory.joined(owner)]
    members = {vpc.text("vpc_id"): vpc.name for vpc in link}
    return Shift(
        owner=owner,
        zone_id=before["hosted_zone_id"],
        hosts=hosts,
        members=tuple(sorted(members[vpc_id] for vpc_id in there & set(members))),
        strangers=tuple(sorted(there - set(members))),
    )


def unready(
    inventory: Inventory, endpoints: Sequence[Mapping[str, Any]], zones: Sequence[Mapping[str, Any]]
) -> dict[str, list[Shown]]:
    """The VPCs whose names would move although their endpoint, or what it admits, is not as it should be by now.

    Somebody may have changed it since the endpoints were made, or that step was left out.
    """
    needed: dict[str, set[str]] = {}
    for call in (call for answer in endpoints for call in answer["calls"]):
        for vpc in call["vpcs"]:
            needed.setdefault(vpc, set()).add(call["operation"])
    return {
        name: [finding("LINK_NOT_READY", name, operations=needed[name]).public()]
        for name in moved(inventory, zones)
        if name in needed
    }


def kept(shifts: Sequence[Shift], stopped: Mapping[str, Sequence[Shown]]) -> dict[str, list[Shown]]:
    """The links whose record stays as it is: a VPC on the zone does not reach the new target, or nobody knows whether it does.

    ``stopped`` are the VPCs whose agents were seen not to reach it.
    """
    found: dict[str, list[Shown]] = {}
    for shift in shifts:
        facts = {"zone_id": shift.zone_id, "hosts": shift.hosts}
        lost = [name for name in shift.members if name in stopped and name != shift.owner]
        if shift.strangers:
            one = finding("RECORD_MOVES_STRANGERS", shift.owner, **facts, vpcs=shift.strangers)
            found.setdefault(shift.owner, []).append(one.public())
        if lost:
            found.setdefault(shift.owner, []).append(finding("RECORD_KEPT", shift.owner, **facts, vpcs=lost).public())
    return found


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


def parts(answers: Iterable[Answer]) -> tuple[list[Answer], list[Answer]]:
    """The answers of the step of this role, apart: those of jobs on endpoints, and those of jobs on zones."""
    found: tuple[list[Answer], list[Answer]] = [], []
    for answer in answers:
        of_zones = any("associated" in vpc for vpc in answer["vpcs"].values())
        found[of_zones].append(answer)
    return found


def merge(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The ``vpcs`` of several module runs as one."""
    return {name: vpc for result in results for name, vpc in result.get("vpcs", {}).items()}


def _link(vpc: AgentVpc, vpcs: Mapping[str, AgentVpc], names: Sequence[str]) -> dict[str, Any]:
    joined = [other for other in vpcs.values() if other.via == vpc.name]
    return {
        "name": vpc.name,
        "vpc_id": vpc.text("vpc_id"),
        "cluster_id": vpc.text("cluster_id"),
        "service_name": vpc.text("service_name"),
        "service_region": vpc.text("service_region"),
        "supported_az_ids": vpc.many("supported_az_ids"),
        "replace": vpc.flag("replace_endpoint"),
        "sources": vpc.sources,
        "joined": {other.name: other.sources for other in joined},
        "joined_from": apart(joined, vpc),
        "sources_only": vpc.name not in names,
        "subnet_ids": vpc.many("subnet_ids"),
        "security_group_ids": vpc.many("endpoint_security_groups"),
        "tags": vpc.vars.get("tags", {}),
        "vpc_endpoint_id": vpc.text("endpoint_id"),
        "ip_address_type": vpc.ip_address_type,
        "take_over": vpc.flag("take_over"),
    }


def apart(vpcs: Iterable[AgentVpc], owner: AgentVpc) -> dict[str, dict[str, Any]]:
    """Where VPCs with security groups are that are not in an owner's account and region, as far as the inventory tells."""
    return {
        vpc.name: {
            "region": vpc.text("region"),
            **({**vpc.access, "other_account": True} if vpc.access != owner.access else {}),
        }
        for vpc in vpcs
        if vpc.many("agent_security_groups")
        and (vpc.access != owner.access or vpc.text("region") != owner.text("region"))
    }


def _member(vpc: AgentVpc, owner: AgentVpc) -> dict[str, str]:
    """A VPC of a zone; how to reach its account is only said where that is not the zone's."""
    access = vpc.access if vpc.access != owner.access else {}
    return {"name": vpc.name, "vpc_id": vpc.text("vpc_id"), "region": vpc.text("region"), **access}


def _record(vpc: AgentVpc, endpoint: Mapping[str, Any]) -> dict[str, str]:
    return {"host": vpc.host, **target(vpc.name, endpoint)}
