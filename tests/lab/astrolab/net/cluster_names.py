# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CoreDNS: the names of a cluster's services, and for the rest whoever it forwards to, kept for some seconds."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address

from .resolver import Lookup, Record, Reply

DOMAIN = "cluster.local"
_TTL = 5  # of the plugin kubernetes


def cluster_names(services: Mapping[str, IPv4Address], otherwise: Lookup) -> Lookup:
    def lookup(name: str, rdtype: str) -> Reply | None:
        known = name.lower().rstrip(".")
        if known != DOMAIN and not known.endswith(f".{DOMAIN}"):
            return otherwise(name, rdtype)
        address = services.get(known)
        there = address is not None or any(each.endswith(f".{known}") for each in services)
        records = (Record(known, "A", _TTL, str(address)),) if address is not None and rdtype == "A" else ()
        return Reply(zone=DOMAIN, exists=there, records=records)

    return lookup
