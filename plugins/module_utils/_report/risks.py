# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to look at before a plan of role setup is approved: for whom names move, and where something goes that serves. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._core.run import Answer
from .._inventory.hosts import Inventory
from .._roles import setup

Marks = dict[str, list[dict[str, str]]]

#: What calls with such arguments take away from agents.
_TAKES = {
    "DeleteVpcEndpoints": (
        "gap",
        "Endpoint {ids} is deleted before its successor is made: until then its addresses serve nobody.",
    ),
    "RevokeSecurityGroupIngress": ("access_removed", "Security group {ids} no longer admits some sources."),
}
_ZONES_GO = "Endpoint {ids} leaves subnets: agents that have their addresses lose connections."
_GROUPS_GO = "Endpoint {ids} loses security groups: whom only these admit is shut out."


def risks(inventory: Inventory, answers: Sequence[Answer], zones: Sequence[Answer], probes: bool) -> Marks:
    """The marks of each VPC."""
    found: Marks = {}
    for name, code, text in (*_moves(inventory, zones, probes), *_goes(answers), *_warnings(answers)):
        mark = {"code": code, "text": text}
        if mark not in found.setdefault(name, []):
            found[name].append(mark)
    return found


def _moves(inventory: Inventory, zones: Sequence[Answer], probes: bool) -> Iterable[tuple[str, str, str]]:
    """For whom names move, and who has not tried where."""
    for name in setup.moved(inventory, zones):
        yield name, "names_move", f"{inventory.vpcs[name].host} leads its agents elsewhere afterwards."
        if not probes:
            yield name, "path_untried", "setup_probe_before_dns is false: nobody tries the link before."
        elif not inventory.agents_of(name):
            yield name, "path_untried", "It has no agent host that could try the link before."
    for shift in setup.shifts(inventory, zones):
        others = [each for each in (*shift.members, *shift.strangers) if each != shift.owner]
        if others:
            yield shift.owner, "names_move", f"Its record serves others as well, who move with it: {', '.join(others)}."


def _goes(answers: Iterable[Answer]) -> Iterable[tuple[str, str, str]]:
    """What goes that may serve agents."""
    for call in (call for answer in answers for call in answer["calls"]):
        for code, text in _taken(call):
            for name in call["vpcs"]:
                yield name, code, text


def _warnings(answers: Iterable[Answer]) -> Iterable[tuple[str, str, str]]:
    for one in (one for answer in answers for one in answer["findings"]):
        if one["severity"] == "warning":
            code = "managed_elsewhere" if one["code"] == "MANAGED_ELSEWHERE" else "warning"
            yield one["vpc"], code, one["text"]


def _taken(call: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    name, given = call["operation"].partition(":")[2], call["arguments"]
    ids = ", ".join(map(str, given.get("VpcEndpointIds", [given.get("VpcEndpointId") or given.get("GroupId")])))
    if name in _TAKES:
        code, text = _TAKES[name]
        yield code, text.format(ids=ids)
    if given.get("RemoveSubnetIds"):
        yield "gap", _ZONES_GO.format(ids=ids)
    if given.get("RemoveSecurityGroupIds"):
        yield "access_removed", _GROUPS_GO.format(ids=ids)
