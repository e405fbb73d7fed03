# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Address ranges as EC2 keeps them: the bits of a host are dropped, and IPv6 is written short and in lower case."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from contextlib import suppress
from typing import Any


def canonical(cidr: str | None) -> str | None:
    """The range as it is stored; what is none is left to whoever checks it."""
    with suppress(ValueError):
        if cidr and "/" in cidr:
            return str(ipaddress.ip_network(cidr, strict=False))
    return cidr


def canonical_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of IpRanges or Ipv6Ranges as it is stored."""
    return {key: canonical(value) if key in {"CidrIp", "CidrIpv6"} else value for key, value in entry.items()}
