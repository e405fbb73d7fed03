# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS's state means for the network of one VPC, as plain data, and which packets arrive. Does not read AWS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

ANY_PROTOCOL, TCP, UDP = -1, 6, 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """One source that security groups let in."""

    source: IPv4Network
    protocol: int
    first: int
    last: int

    def admits(self, source: IPv4Address, port: int) -> bool:
        if self.protocol == ANY_PROTOCOL:
            return source in self.source
        return self.protocol == TCP and self.first <= port <= self.last and source in self.source


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A line of a route table: to another VPC, to a transit gateway, or into a black hole."""

    destination: IPv4Network
    to: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """An endpoint's network interface, once the endpoint is available."""

    address: IPv4Address
    subnet: str
    endpoint: str
    allows: frozenset[Allow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """An agent host's network interface."""

    address: IPv4Address
    subnet: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One VPC's network."""

    vpc: str
    doors: frozenset[Door]
    guests: frozenset[Guest]
    ways: Mapping[str, frozenset[Way]]  # by subnet
    neighbours: frozenset[str]  # VPCs behind an active peering, and transit gateways
    name_servers: tuple[IPv4Address, ...]  # those of the DHCP options; none means the VPC's own resolver
    region: str

    def door(self, address: IPv4Address) -> Door | None:
        return next((door for door in self.doors if door.address == address), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A transit gateway: where packets of each attached VPC go; none where its attachment has no route table."""

    id: str
    ways: Mapping[str, frozenset[Way]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """All that there is, by id."""

    vpcs: Mapping[str, View] = field(default_factory=dict)
    gateways: Mapping[str, Gateway] = field(default_factory=dict)


def admitted(sight: Sight, vpc: str, guest: Guest, address: IPv4Address, port: int) -> str | None:
    """The VPC whose door answers this guest at this address; None when the packets vanish on their way."""
    here = sight.vpcs[vpc]
    there = vpc if here.door(address) else journey(sight, here, guest.subnet, address)
    target = sight.vpcs.get(there or "")
    door = target.door(address) if target else None
    if target is None or door is None or not any(allow.admits(guest.address, port) for allow in door.allows):
        return None
    if target is not here and journey(sight, target, door.subnet, guest.address) != vpc:
        return None  # the answer would not find back
    return target.vpc


def journey(sight: Sight, start: View, subnet: str, address: IPv4Address) -> str | None:
    """The VPC in which a packet ends that leaves another from this subnet."""
    here = next_hop(start.ways.get(subnet, ()), address)
    gateway = sight.gateways.get(here or "")
    return next_hop(gateway.ways.get(start.vpc, ()), address) if gateway else here


def next_hop(ways: Iterable[Way], address: IPv4Address) -> str | None:
    fitting = [way for way in ways if address in way.destination]
    return max(fitting, key=lambda way: way.destination.prefixlen).to if fitting else None
