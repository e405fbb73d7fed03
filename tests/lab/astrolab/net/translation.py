# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv4 addresses as IPv6 hosts know them: the well-known prefix, and answers made with it. Pure."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

from .plan import NAT64
from .resolver import Lookup, Reply


def wrapped(address: IPv4Address) -> IPv6Address:
    return IPv6Address(int(NAT64.network_address) + int(address))


def unwrapped(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else None


def dns64(lookup: Lookup, name: str, rdtype: str) -> Reply | None:
    """AAAA records are made of A records where a name has none."""
    reply = lookup(name, rdtype)
    if reply is None or rdtype != "AAAA" or not reply.exists or any(each.rdtype == "AAAA" for each in reply.records):
        return reply
    known = lookup(name, "A")
    if known is None or not any(each.rdtype == "A" for each in known.records):
        return reply
    made = (
        replace(each, rdtype="AAAA", value=str(wrapped(IPv4Address(each.value)))) if each.rdtype == "A" else each
        for each in known.records
    )
    return replace(known, records=tuple(made))
