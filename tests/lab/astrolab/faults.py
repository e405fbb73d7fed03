# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults that AWS's state cannot express: resolvers, TLS, Astro's answers and addresses that misbehave. Makes none itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Literal, get_args

DnsKind = Literal["slow", "silent", "servfail", "split"]
TlsKind = Literal["expired", "wrong_name", "intercepted", "reset_sni", "stalled", "plaintext"]
HttpKind = Literal["unexpected", "silent", "large_lost"]
AddressKind = Literal["dead", "refuse", "unreachable"]
KINDS = {
    "dns": get_args(DnsKind),
    "tls": get_args(TlsKind),
    "http": get_args(HttpKind),
    "address": get_args(AddressKind),
}
PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class DnsFault:
    kind: DnsKind
    seconds: float = 0.0


@dataclass(slots=True)
class Faults:
    """What is broken now: resolvers by VPC id, TLS and answers by VPC id or "public", addresses by themselves."""

    dns: dict[str, DnsFault] = field(default_factory=dict)
    tls: dict[str, TlsKind] = field(default_factory=dict)
    http: dict[str, HttpKind] = field(default_factory=dict)
    addresses: dict[IPv4Address | IPv6Address, AddressKind] = field(default_factory=dict)

    def heal(self, kinds: frozenset[str] = frozenset()) -> None:
        """Takes back the faults of these kinds, or all."""
        known: dict[str, dict[Any, Any]] = {
            "dns": self.dns,
            "tls": self.tls,
            "http": self.http,
            "address": self.addresses,
        }
        for kind, faults in known.items():
            if not kinds or kind in kinds:
                faults.clear()
