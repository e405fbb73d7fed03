# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS's state means for the network of one VPC, as plain data, and which packets arrive. Does not read AWS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

ANY_PROTOCOL, TCP, UDP = -1, 6, 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Some of the packets from or to a network."""

    network: IPv4Network | IPv6Network
    protocol: int = ANY_PROTOCOL
    first: int = 0
    last: int = 65535

    def covers(self, address: IPv4Address | IPv6Address, port: int) -> bool:
        """Whether TCP packets with this address at the far end and to this port are among them."""
        if self.protocol == ANY_PROTOCOL:
            return address in self.network
        return self.protocol == TCP and self.first <= port <= self.last and address in self.network

    def carries(self, protocol: int, address: IPv4Address, port: int) -> bool:
        if self.protocol not in (protocol, ANY_PROTOCOL) or address not in self.network:
            return False
        return self.protocol == ANY_PROTOCOL or self.first <= port <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A rule of a network ACL."""

    number: int
    allow: bool
    traffic: Traffic


EVERYTHING = Traffic(network=IPv4Network("0.0.0.0/0"))
Acl = tuple[Entry, ...]  # in order: the first one that covers a packet decides, and without any it is lost
OPEN: Acl = (Entry(number=100, allow=True, traffic=EVERYTHING),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A line of a route table: to another VPC, to a transit gateway, or into a black hole."""

    destination: IPv4Network
    to: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """An endpoint's network interface, once the endpoint is available. It may be entered by its IPv6 address from inside the VPC."""

    address: IPv4Address
    subnet: str
    endpoint: str
    allows: frozenset[Traffic]  # of both families
    ipv6: IPv6Address | None = None

    @property
    def addresses(self) -> tuple[IPv4Address | IPv6Address, ...]:
        return (self.address, self.ipv6) if self.ipv6 else (self.address,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """An agent host's network interface, and what its security groups let out."""

    address: IPv4Address
    subnet: str
    leaves: frozenset[Traffic] = frozenset({EVERYTHING})
    policy: frozenset[Traffic] | None = (
        None  # what NetworkPolicies let it send, name servers included; None is everything
    )
    ipv6: IPv6Address | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    cidr: IPv4Network
    ways: frozenset[Way] = frozenset()
    inbound: Acl = OPEN
    outbound: Acl = OPEN
    dns64: bool = False
    nat64: Guest | None = None  # the NAT gateway that speaks IPv4 for its IPv6 hosts


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One VPC's network."""

    vpc: str
    cidr: IPv4Network  # the first one
    doors: frozenset[Door]
    guests: frozenset[Guest]
    subnets: Mapping[str, Subnet]  # those in which something is
    neighbours: frozenset[str]  # VPCs behind an active peering, and transit gateways
    name_servers: tuple[IPv4Address, ...]  # those of the DHCP options; none means the VPC's own resolver
    region: str
    services: Mapping[IPv4Address, frozenset[IPv4Address]] = field(
        default_factory=dict
    )  # name servers, and who answers

    def guest(self, address: IPv4Address | IPv6Address) -> Guest | None:
        return next((guest for guest in self.guests if address in (guest.address, guest.ipv6)), None)

    def translator(self, guest: Guest) -> Guest | None:
        """The NAT gateway of an IPv6 host."""
        return self.subnets[guest.subnet].nat64 if guest.ipv6 else None

    @property
    def speakers(self) -> frozenset[Guest]:
        """All that start conversations by IPv4."""
        return self.guests | {subnet.nat64 for subnet in self.subnets.values() if subnet.nat64}

    def door(self, address: IPv4Address | IPv6Address) -> Door | None:
        return next((door for door in self.doors if address in door.addresses), None)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    source: IPv4Address
    from_port: int
    destination: IPv4Address
    port: int

    @property
    def back(self) -> Packet:
        """That of the answer."""
        return Packet(source=self.destination, from_port=self.port, destination=self.source, port=self.from_port)


def admitted(sight: Sight, vpc: str, guest: Guest, packet: Packet) -> str | None:
    """The VPC whose door answers this packet of a guest; None when packets vanish on their way, or answers on theirs."""
    here = sight.vpcs[vpc]
    there = vpc if here.door(packet.destination) else journey(sight, here, guest.subnet, packet.destination)
    target = sight.vpcs.get(there or "")
    door = target.door(packet.destination) if target else None
    if target is None or door is None or not any(allow.covers(packet.source, packet.port) for allow in door.allows):
        return None
    if target is not here and journey(sight, target, door.subnet, packet.source) != vpc:
        return None  # the answer would not find back
    near, far = here.subnets[guest.subnet], target.subnets[door.subnet]
    if not (leaves(guest, packet) and (near is far or (passes(near, far, packet) and passes(far, near, packet.back)))):
        return None
    return target.vpc


def admitted_by_ipv6(view: View, guest: Guest, address: IPv6Address, port: int) -> bool:
    """Whether a door of the guest's own VPC answers it by IPv6; outbound rules and network ACLs are asked for IPv4 only."""
    door, source = view.door(address), guest.ipv6
    return door is not None and source is not None and any(allow.covers(source, port) for allow in door.allows)


def gets_out(view: View, guest: Guest, packet: Packet) -> bool:
    """Whether the internet gets this packet of a guest, and the guest the answer."""
    subnet = view.subnets[guest.subnet]
    return leaves(guest, packet) and passes(subnet, None, packet) and passes(None, subnet, packet.back)


def leaves(guest: Guest, packet: Packet) -> bool:
    allowed = [guest.leaves] if guest.policy is None else [guest.leaves, guest.policy]
    return all(any(each.covers(packet.destination, packet.port) for each in traffic) for traffic in allowed)


def passes(start: Subnet | None, end: Subnet | None, packet: Packet) -> bool:
    """Whether the network ACLs of both subnets let a packet from the one to the other; they know no connections."""
    out = start is None or _permits(start.outbound, packet.destination, packet.port)
    return out and (end is None or _permits(end.inbound, packet.source, packet.port))


def _permits(acl: Acl, address: IPv4Address, port: int) -> bool:
    return next((entry.allow for entry in acl if entry.traffic.covers(address, port)), False)


def journey(sight: Sight, start: View, subnet: str, address: IPv4Address) -> str | None:
    """The VPC in which a packet ends that leaves another from this subnet."""
    here = next_hop(start.subnets[subnet].ways, address)
    gateway = sight.gateways.get(here or "")
    return next_hop(gateway.ways.get(start.vpc, ()), address) if gateway else here


def next_hop(ways: Iterable[Way], address: IPv4Address) -> str | None:
    fitting = [way for way in ways if address in way.destination]
    return max(fitting, key=lambda way: way.destination.prefixlen).to if fitting else None
