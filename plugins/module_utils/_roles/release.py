# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role release: what the jobs take to hand links back. Pure."""

from __future__ import annotations

from typing import Any

from .._inventory.hosts import Inventory
from . import setup
from .teardown import other_zone


def endpoints(inventory: Inventory) -> list[dict[str, Any]]:
    """What `vpc_endpoint` takes to hand back the endpoints of the VPCs of a run that have links of their own."""
    fleets = setup.fleets(inventory, inventory.names)
    return [
        {**fleet, "links": [{**link, "joined": {}, "joined_from": {}, "state": "released"} for link in fleet["links"]]}
        for fleet in fleets
    ]


def zones(inventory: Inventory) -> list[dict[str, Any]]:
    """What `private_zone` takes to hand back their zones, of both layouts: after a move, the old one may still be there."""
    grouped: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for name in sorted(inventory.names):
        owner = inventory.vpcs[name]
        for zone in [] if owner.via else [owner.zone, other_zone(owner)]:
            link = {
                "name": name,
                "vpc_id": owner.text("vpc_id"),
                "zone": zone,
                "hosted_zone_id": owner.text("hosted_zone_id") if zone == owner.zone else "",
                "vpcs": [{"name": name, "vpc_id": owner.text("vpc_id"), "region": owner.text("region")}],
                "state": "released",
            }
            grouped.setdefault(tuple(owner.access.items()), {**owner.access, "links": []})["links"].append(link)
    return list(grouped.values())
