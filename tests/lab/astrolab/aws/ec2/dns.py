# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The public DNS names of endpoints: how they are formed and in which zone of AWS they lie.

The region table lives here only; the collection must take names and zone ids from DnsEntries.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from ..arns import partition

KNOWN_ZONES = {"us-east-1": "Z7HUB22UULQXV"}


def zone_id(region: str) -> str:
    """One constant per region; outside the known ones it only looks like AWS's."""
    digest = hashlib.sha256(region.encode()).hexdigest().upper()
    return KNOWN_ZONES.get(region) or f"Z{digest[:13]}"


def zone_suffix(region: str) -> str:
    return f"{region}.vpce.{domain(region)}"


def domain(region: str) -> str:
    return "amazonaws.com.cn" if partition(region) == "aws-cn" else "amazonaws.com"


def service_prefix(region: str) -> str:
    """How names of services begin; in China most of AWS's and all of providers' are the domain read backwards."""
    return ".".join(reversed(domain(region).split(".")))


def entries(endpoint_id: str, random: str, service_id: str, region: str, zones: Sequence[str]) -> list[dict[str, str]]:
    """The regional entry first, then one per zone; `region` is the service's."""
    host = f"{endpoint_id}-{random}"
    names = [host, *(f"{host}-{zone}" for zone in zones)]
    return [
        {"DnsName": f"{name}.{service_id}.{zone_suffix(region)}", "HostedZoneId": zone_id(region)} for name in names
    ]
