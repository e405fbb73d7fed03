# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a view of a VPC to the things its fabric's kernel should have. Pure; sends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address

from ..faults import AddressKind
from .kernel import ALLOW, CLOSED, DEAD, LOCAL, ROUTED, Address, Cable, Route, Rule, Thing, host_network
from .view import ANY_PROTOCOL, TCP, UDP, Door, Gateway, View, Way


def things(
    view: View, cables: Mapping[str, Cable], tables: Mapping[str, int], broken: Mapping[IPv4Address, AddressKind]
) -> frozenset[Thing]:
    """`cables` by the VPC or transit gateway at their other end, `tables` by subnet."""
    return frozenset((*_doors(view), *_ways(view, cables, tables), *_broken(broken)))


def crossing(gateway: Gateway, cables: Mapping[str, Cable], tables: Mapping[str, int]) -> frozenset[Thing]:
    """What a transit gateway's own namespace should have; `cables` and `tables` by attached VPC."""
    found: set[Thing] = set()
    for vpc, ways in gateway.ways.items():
        if vpc in cables:
            found.add(Rule(priority=ROUTED, cable=cables[vpc], table=tables[vpc]))
            found.update(_routes(ways, cables, tables[vpc]))
    return frozenset(found)


def _doors(view: View) -> Iterator[Thing]:
    for door in view.doors:
        yield Address(door.address)
        yield Rule(priority=CLOSED, destination=host_network(door.address))
        yield from _allows(door)


def _allows(door: Door) -> Iterator[Rule]:
    """Each shape of rule has a priority of its own: told to delete a rule for any source, the kernel takes the first one that
    fits the rest, whatever its source."""
    for allow in door.allows:
        protocol = None if allow.protocol == ANY_PROTOCOL else allow.protocol
        ports = _ports(allow.protocol, allow.first, allow.last)
        yield Rule(
            priority=ALLOW + 3 * allow.source.prefixlen + (protocol is not None) + (ports is not None),
            source=allow.source,
            destination=host_network(door.address),
            protocol=protocol,
            ports=ports,
            table=LOCAL,
        )


def _ports(protocol: int, first: int, last: int) -> tuple[int, int] | None:
    """The kernel has no range from 0: all ports are no range at all."""
    if protocol not in (TCP, UDP) or (first <= 0 and last >= 65535):
        return None
    return max(first, 1), last


def _ways(view: View, cables: Mapping[str, Cable], tables: Mapping[str, int]) -> Iterator[Thing]:
    used = {subnet for subnet, ways in view.ways.items() if any(way.to for way in ways)}
    doors = [(door.address, door.subnet) for door in view.doors]
    guests = [(guest.address, guest.subnet) for guest in view.guests]
    for address, subnet in doors + guests:
        if subnet in used:
            yield Rule(priority=ROUTED, source=host_network(address), table=tables[subnet])
    for subnet in used:
        yield from _routes(view.ways[subnet], cables, tables[subnet])


def _routes(ways: Iterable[Way], cables: Mapping[str, Cable], table: int) -> Iterator[Route]:
    for way in ways:
        yield Route(table=table, destination=way.destination, cable=cables.get(way.to) if way.to else None)


def _broken(broken: Mapping[IPv4Address, AddressKind]) -> Iterator[Rule]:
    for address, kind in broken.items():
        if kind != "refuse":  # that is done by having no server there
            yield Rule(priority=DEAD, destination=host_network(address), told=kind == "unreachable")
