# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPCs without namespaces: all sockets on 127.0.0.1, and for each agent host a dialer that judges as AWS would."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

from ..faults import AddressKind
from .dialer import UNREACHABLE, Address, Dialer, Introduce, Judge
from .place import OnLoopback
from .plan import HostFacts, HostPlan, VpcPlan
from .relay import Speaker
from .translation import unwrapped
from .view import Guest, Packet, Sight, admitted, admitted_by_ipv6, gets_out

_CLOSED_PORT = 1  # of the loopback address: whoever dials it is refused


class Loopback:
    def __init__(self, sources: dict[int, IPv4Address | IPv6Address], public: Collection[IPv4Address]) -> None:
        """`sources` is where the front looks up which agent a local port speaks for."""
        self._sources, self._public = sources, public
        self._plans: dict[str, VpcPlan] = {}
        self._places: dict[str, OnLoopback] = {}
        self._sight = Sight()
        self._broken: Mapping[IPv4Address | IPv6Address, AddressKind] = {}
        self._dialers: dict[str, int] = {}

    async def lay(self, vpc: VpcPlan) -> None:
        self._plans[vpc.id], self._places[vpc.id] = vpc, OnLoopback()
        for name, host in vpc.hosts.items():
            await self._dial_for(vpc.id, name, host)

    async def join(self, vpc: str, name: str, host: HostPlan) -> list[IPv4Address]:
        await self._dial_for(vpc, name, host)
        self._plans[vpc] = replace(self._plans[vpc], hosts={**self._plans[vpc].hosts, name: host})
        return [host.address.ip]

    async def part(self, vpc: str, name: str) -> None:
        """Its dialer stays: it says nothing any more."""
        left = {other: plan for other, plan in self._plans[vpc].hosts.items() if other != name}
        self._plans[vpc] = replace(self._plans[vpc], hosts=left)

    async def _dial_for(self, vpc: str, name: str, host: HostPlan) -> None:
        dialer = Dialer(self._judge(vpc, host), self._introduction(vpc, host))
        self._dialers[name] = await dialer.serve()

    async def translate(self, _vpc: str, _speaker: Speaker) -> list[Callable[[], None]]:
        return []  # the dialers do it

    async def take_up(self, vpc: str) -> None:
        """Its dialers stay: they say nothing any more."""
        del self._plans[vpc], self._places[vpc]

    def askers(self, vpc: VpcPlan) -> list[IPv4Address]:
        return [host.address.ip for host in vpc.hosts.values()]

    def place(self, vpc: str) -> OnLoopback:
        return self._places[vpc]

    async def apply(self, sight: Sight, broken: Mapping[IPv4Address | IPv6Address, AddressKind]) -> None:
        self._sight, self._broken = sight, broken

    async def facts(self) -> dict[str, HostFacts]:
        return {
            name: HostFacts(
                vpc=vpc.id,
                address=host.address.ip,
                name_servers=self._name_servers(vpc, host),
                dial_through=f"127.0.0.1:{self._dialers[name]}",
            )
            for vpc in self._plans.values()
            for name, host in vpc.hosts.items()
        }

    def _name_servers(self, vpc: VpcPlan, host: HostPlan) -> tuple[str, ...]:
        ports = self._places[vpc.id].names
        servers = host.container.servers if host.container else self._sight.vpcs[vpc.id].name_servers or (vpc.resolver,)
        known = [ports.get((server, host.address.ip)) for server in servers]
        return tuple(f"127.0.0.1:{port}" for port in known if port)

    def _judge(self, vpc: str, host: HostPlan) -> Judge:
        def judge(asked: Address, port: int, from_port: int) -> int | None:
            if isinstance(asked, IPv6Address) and unwrapped(asked) is None:
                return self._by_ipv6(vpc, host, asked, port)
            speaker = self._speaker(vpc, host, asked)
            address = unwrapped(asked) if isinstance(asked, IPv6Address) else asked
            if address is None or speaker is None or self._broken.get(address) == "dead":
                return None
            if self._broken.get(address) == "unreachable":
                return UNREACHABLE
            packet = Packet(source=speaker.address, from_port=from_port, destination=address, port=port)
            there = self._arrives(vpc, speaker, packet)
            return self._places[there].ports.get((address, port), _CLOSED_PORT) if there else None

        return judge

    def _by_ipv6(self, vpc: str, host: HostPlan, asked: IPv6Address, port: int) -> int | None:
        """Only endpoints of the VPC itself answer there."""
        view = self._sight.vpcs.get(vpc)
        guest = view.guest(host.address.ip) if view else None
        if guest is None or guest.ipv6 is None or self._broken.get(asked) == "unreachable":
            return UNREACHABLE
        if view is None or self._broken.get(asked) == "dead" or not admitted_by_ipv6(view, guest, asked, port):
            return None
        return self._places[vpc].ports.get((asked, port), _CLOSED_PORT)

    def _arrives(self, vpc: str, guest: Guest, packet: Packet) -> str | None:
        if packet.destination in self._public:
            return vpc if gets_out(self._sight.vpcs[vpc], guest, packet) else None
        return admitted(self._sight, vpc, guest, packet)

    def _speaker(self, vpc: str, host: HostPlan, asked: Address) -> Guest | None:
        """Who sends the host's packets to this address by IPv4."""
        view = self._sight.vpcs.get(vpc)
        guest = view.guest(host.address.ip) if view else None
        return view.translator(guest) if view and guest and isinstance(asked, IPv6Address) else guest

    def _introduction(self, vpc: str, host: HostPlan) -> Introduce:
        @contextlib.contextmanager
        def introduce(port: int, asked: Address) -> Iterator[None]:
            speaker = self._speaker(vpc, host, asked)
            direct = isinstance(asked, IPv6Address) and unwrapped(asked) is None and host.ipv6
            self._sources[port] = (
                host.ipv6.ip if direct and host.ipv6 else speaker.address if speaker else host.address.ip
            )
            try:
                yield
            finally:
                del self._sources[port]

        return introduce
