# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""Availability zones: ids mean the same everywhere, names are each account's own. Beside them the zones at the edge.

A setting turns the names of an account, so that code which compares names across accounts fails here as in AWS.
Local and Wavelength Zones have to be opted in to; no endpoint of a service goes there.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend, Zone

from ..world import WORLD

LOCAL, WAVELENGTH = "local-zone", "wavelength-zone"


class Edge(Zone):
    """A Local or Wavelength Zone as one account sees it."""

    def __init__(self, parent: Zone, opted_in: bool, name: str, zone_id: str, group: str) -> None:
        super().__init__(name, parent.region_name, zone_id, WAVELENGTH if "-wl" in group else LOCAL)
        self.zone_name, self.group, self.opted_in = name, group, opted_in
        self.parent_zone_name, self.parent_zone_id = parent.name, parent.zone_id

    @property
    def group_name(self) -> str:
        return self.group

    @property
    def network_border_group(self) -> str:
        return self.group

    @property
    def opt_in_status(self) -> str:
        return "opted-in" if self.opted_in else "not-opted-in"


EDGES: Mapping[str, tuple[tuple[str, str, str], ...]] = {  # name, id, group
    "us-east-1": (
        ("us-east-1-bos-1a", "use1-bos1-az1", "us-east-1-bos-1"),
        ("us-east-1-wl1-bos-wlz-1", "use1-wl1-bos-wlz1", "us-east-1-wl1"),
    ),
    "us-west-2": (("us-west-2-lax-1a", "usw2-lax1-az1", "us-west-2-lax-1"),),
    "eu-central-1": (("eu-central-1-ham-1a", "euc1-ham1-az1", "eu-central-1-ham-1"),),
}


def regions() -> list[str]:
    return list(RegionsAndZonesBackend.zones)


def ids_of(region: str) -> tuple[str, ...]:
    return tuple(zone.zone_id for zone in RegionsAndZonesBackend.zones.get(region, ()))


def of(account: str, region: str) -> tuple[Zone, ...]:
    """The availability zones of a region under the names they have in that account."""
    return _turned(region, WORLD.settings.zone_shifts.get(account, 0))


def edges(account: str, region: str) -> tuple[Edge, ...]:
    """The zones at the edge of a region, whether opted in to or not."""
    opted = WORLD.settings.opted_in.get(account, ())
    parent = next(iter(of(account, region)), None)
    return tuple(Edge(parent, each[2] in opted, *each) for each in EDGES.get(region, ()) if parent is not None)


def usable(account: str, region: str) -> tuple[Zone, ...]:
    """Where the account can have subnets."""
    return (*of(account, region), *(each for each in edges(account, region) if each.opted_in))


@functools.cache
def _turned(region: str, shift: int) -> tuple[Zone, ...]:
    known, ids = RegionsAndZonesBackend.zones.get(region, ()), ids_of(region)
    return tuple(
        Zone(zone.name, region, ids[(index + shift) % len(ids)], zone.zone_type) for index, zone in enumerate(known)
    )
