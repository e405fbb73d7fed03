# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Availability zones: ids mean the same everywhere, names are each account's own.

A setting turns the names of an account, so that code which compares names across accounts fails here as in AWS.
"""

from __future__ import annotations

import functools

from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend, Zone

from ..world import WORLD


def regions() -> list[str]:
    return list(RegionsAndZonesBackend.zones)


def ids_of(region: str) -> tuple[str, ...]:
    return tuple(zone.zone_id for zone in RegionsAndZonesBackend.zones.get(region, ()))


def of(account: str, region: str) -> tuple[Zone, ...]:
    """The zones of a region under the names they have in that account."""
    return _turned(region, WORLD.settings.zone_shifts.get(account, 0))


@functools.cache
def _turned(region: str, shift: int) -> tuple[Zone, ...]:
    known, ids = RegionsAndZonesBackend.zones.get(region, ()), ids_of(region)
    return tuple(
        Zone(zone.name, region, ids[(index + shift) % len(ids)], zone.zone_type) for index, zone in enumerate(known)
    )
