# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What agents may send and what subnets let in and out, as blocks of policy rules. Pure; sends nothing.

The rules of a block are asked in their order. What may pass skips to the block's end, what may not is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from .kernel import BLOCK, BLOCKS, Rule, host_network
from .view import ANY_PROTOCOL, EVERYTHING, TCP, UDP, Acl, Entry, Subnet, Traffic, View

Number = Callable[[str], int]  # always the same one for the same name
_LAST_PORT, _DNS = 65534, 53
_LAST, _END = BLOCK - 2, BLOCK - 1


def filters(view: View, number: Number, unfiltered: Collection[IPv4Address]) -> Iterator[Rule]:
    """No block where everything may pass, as is usual."""
    for guest in view.guests:
        source = host_network(guest.address)
        if EVERYTHING not in guest.leaves:
            allowed = guest.leaves | _to_services(view, guest.leaves)
            yield from _block(number(f"{guest.address} sends"), source, _allowing(allowed), unfiltered)
        if guest.policy is not None and EVERYTHING not in guest.policy:
            router = view.cidr[1]  # without it there is no ARP
            yield from _block(number(f"{guest.address} policy"), source, _allowing(guest.policy), (router,))
    for name, subnet in view.subnets.items():
        if not _open(subnet.outbound):
            yield from _block(number(f"{name} out"), subnet.cidr, subnet.outbound, unfiltered, inside=subnet)
        if not _open(subnet.inbound):
            block = _block(number(f"{name} in"), subnet.cidr, subnet.inbound, unfiltered, inside=subnet)
            yield from map(_turned, block)


def _to_services(view: View, leaves: frozenset[Traffic]) -> frozenset[Traffic]:
    """Security groups judge the packets to a cluster's name server by the pods that answer."""
    return frozenset(
        Traffic(network=host_network(service), protocol=protocol, first=_DNS, last=_DNS)
        for service, pods in view.services.items()
        for protocol in (TCP, UDP)
        if any(each.carries(protocol, pod, _DNS) for each in leaves for pod in pods)
    )


def _allowing(some: Iterable[Traffic]) -> list[Entry]:
    return [
        Entry(number=place, allow=True, traffic=traffic)
        for place, traffic in enumerate(sorted(some, key=repr), start=1)
    ]


def told(traffic: Traffic) -> tuple[int | None, tuple[int, int] | None]:
    """Protocol and ports as the kernel takes them: its ranges are within 1 and 65534, and all ports are no range at all."""
    if traffic.protocol == ANY_PROTOCOL:
        return None, None
    if traffic.protocol not in (TCP, UDP) or (traffic.first <= 0 and traffic.last >= 65535):
        return traffic.protocol, None
    return traffic.protocol, (min(max(traffic.first, 1), _LAST_PORT), min(traffic.last, _LAST_PORT))


def _block(
    number: int,
    whose: IPv4Network,
    entries: Iterable[Entry],
    unfiltered: Iterable[IPv4Address],
    inside: Subnet | None = None,
) -> Iterator[Rule]:
    """What this network may send. Name servers and the router are always reached, and an ACL's own subnet."""
    start = BLOCKS + number * BLOCK
    end = start + _END
    yield Rule(priority=end, landing=True)
    for free in [*map(host_network, unfiltered), *([inside.cidr] if inside else [])]:
        yield Rule(priority=start, source=whose, destination=free, skip_to=end)
    for entry in entries:
        protocol, ports = told(entry.traffic)
        yield Rule(
            priority=start + min(entry.number, _LAST - 1),
            source=whose,
            destination=entry.traffic.network,
            protocol=protocol,
            ports=ports,
            skip_to=end if entry.allow else None,
        )
    yield Rule(priority=start + _LAST, source=whose)


def _turned(rule: Rule) -> Rule:
    """The same for what comes in: the far end is then the source. Both directions name the port that is called."""
    return replace(rule, source=rule.destination, destination=rule.source)


def _open(acl: Acl) -> bool:
    return bool(acl) and acl[0].allow and acl[0].traffic == EVERYTHING
