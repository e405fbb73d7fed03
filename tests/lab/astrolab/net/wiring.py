# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a view of a VPC to the things its fabric's kernel should have. Pure; sends nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address

from ..faults import AddressKind
from .filters import Number, filters, told
from .kernel import ALLOW, CLOSED, DEAD, LOCAL, ROUTED, Address, Cable, Route, Rule, Thing, Translated, host_network
from .view import Door, Gateway, View, Way


def things(
    view: View,
    cables: Mapping[str, Cable],
    number: Number,
    broken: Mapping[IPv4Address | IPv6Address, AddressKind],
    unfiltered: Collection[IPv4Address],
) -> frozenset[Thing]:
    """`cables` by the VPC or transit gateway at their other end; `unfiltered` are the VPC's router and resolvers."""
    found = (*_doors(view), *_ways(view, cables, number), *_broken(broken))
    gateways = (Address(each.address) for each in view.speakers - view.guests)
    return frozenset((*found, *gateways, *filters(view, number, unfiltered), *_translated(view)))


def crossing(gateway: Gateway, cables: Mapping[str, Cable], number: Number) -> frozenset[Thing]:
    """What a transit gateway's own namespace should have; `cables` by attached VPC."""
    found: set[Thing] = set()
    for vpc, ways in gateway.ways.items():
        if vpc in cables:
            table = number(f"{gateway.id} {vpc}")
            found.add(Rule(priority=ROUTED, cable=cables[vpc], table=table))
            found.update(_routes(ways, cables, table))
    return frozenset(found)


def _translated(view: View) -> Iterator[Translated]:
    for guest in view.guests:
        if guest.ipv6 and view.translator(guest):
            yield Translated(guest.ipv6)


def _doors(view: View) -> Iterator[Thing]:
    for door in view.doors:
        for address in door.addresses:
            yield Address(address)
            yield Rule(priority=CLOSED, destination=host_network(address))
            yield from _allows(door, address)


def _allows(door: Door, address: IPv4Address | IPv6Address) -> Iterator[Rule]:
    """Each shape of rule has a priority of its own: told to delete a rule for any source, the kernel takes the first one that
    fits the rest, whatever its source."""
    for allow in (each for each in door.allows if each.network.version == address.version):
        protocol, ports = told(allow)
        yield Rule(
            priority=ALLOW + 3 * allow.network.prefixlen + (protocol is not None) + (ports is not None),
            source=allow.network,
            destination=host_network(address),
            protocol=protocol,
            ports=ports,
            table=LOCAL,
        )


def _ways(view: View, cables: Mapping[str, Cable], number: Number) -> Iterator[Thing]:
    used = {name for name, subnet in view.subnets.items() if any(way.to for way in subnet.ways)}
    doors = [(door.address, door.subnet) for door in view.doors]
    guests = [(guest.address, guest.subnet) for guest in view.speakers]
    for address, subnet in doors + guests:
        if subnet in used:
            yield Rule(priority=ROUTED, source=host_network(address), table=number(subnet))
    for subnet in used:
        yield from _routes(view.subnets[subnet].ways, cables, number(subnet))


def _routes(ways: Iterable[Way], cables: Mapping[str, Cable], table: int) -> Iterator[Route]:
    for way in ways:
        yield Route(table=table, destination=way.destination, cable=cables.get(way.to) if way.to else None)


def _broken(broken: Mapping[IPv4Address | IPv6Address, AddressKind]) -> Iterator[Rule]:
    for address, kind in broken.items():
        if kind != "refuse":  # that is done by having no server there
            yield Rule(priority=DEAD, destination=host_network(address), told=kind == "unreachable")
