# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role move_dns_layout: whether the zones of the new layout serve, and what the jobs take to remove those of the old one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._core.findings import Shown, finding
from .._inventory.hosts import SUFFIX, Inventory
from .setup import merge
from .teardown import other_zone, removals


def not_ready(inventory: Inventory, zones: Sequence[Mapping[str, Any]]) -> dict[str, list[Shown]]:
    """The VPCs that the zone of the wanted layout does not serve as it should. ``zones`` are plans for these zones.

    A VPC that the plans say nothing of is not served: its link may have no endpoint.
    """
    needed: dict[str, list[str]] = {}
    for call in (call for answer in zones for call in answer.get("calls", [])):
        for vpc in call["vpcs"]:
            needed.setdefault(vpc, []).append(call["operation"])
    served = {name for name, vpc in merge(zones).items() if vpc["associated"]}
    found: dict[str, list[Shown]] = {}
    for name in inventory.names:
        operations = needed.get(name, []) + needed.get(inventory.vpcs[name].via, [])
        if operations or name not in served:
            found[name] = [finding("LAYOUT_NOT_READY", name, operations=operations or ["an available link"]).public()]
    return found


def old_zones(inventory: Inventory, accept_gap: bool = False) -> list[dict[str, Any]]:
    """What `private_zone` takes to remove the zones of the layout that the inventory does not ask for.

    Below a zone of the suffix the host's own zone answers; the other way round names need a holder VPC to be without a gap.
    """
    found = []
    for to_suffix in (True, False):
        owners = [vpc for vpc in inventory.vpcs.values() if not vpc.via and (vpc.zone == SUFFIX) == to_suffix]
        zones = {owner.name: other_zone(owner) for owner in owners}
        found += removals(inventory, zones, to_suffix and not accept_gap, {})
    return found
