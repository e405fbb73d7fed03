# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges of IPv4 addresses: what lies between VPCs, and what NetworkPolicies let through, is judged for these only. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from ipaddress import IPv4Network


def ipv4(texts: Iterable[str]) -> list[IPv4Network]:
    """Those of the texts that are IPv4 ranges. IPv6 ranges, ids of groups and empty texts are none."""
    found = []
    for text in texts:
        with suppress(ValueError):
            found.append(IPv4Network(text, strict=False))
    return found
