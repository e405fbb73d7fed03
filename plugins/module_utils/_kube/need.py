# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent pods of a VPC need: where their link is, and who has to tell them its name. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network

from .._probe.model import VPC_RESOLVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """``spans`` are the endpoint's addresses, or the subnets that it will have; ``cidrs`` are the VPC's ranges."""

    vpc: str
    host: str
    spans: tuple[IPv4Network, ...] = ()
    cidrs: tuple[IPv4Network, ...] = ()

    @property
    def resolvers(self) -> frozenset[str]:
        """Where the VPC's resolver answers: always at one address, and at the second one of its range."""
        return frozenset({VPC_RESOLVER, *(str(span[2]) for span in self.cidrs if span.num_addresses > 2)})


def some(names: Iterable[str], most: int = 8) -> str:
    """A few names, and how many more there are."""
    every = sorted(dict.fromkeys(names))
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more
