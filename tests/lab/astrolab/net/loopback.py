# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPCs without namespaces: all sockets on 127.0.0.1, and for each agent host a dialer that judges as AWS would."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from ipaddress import IPv4Address

from ..faults import AddressKind
from .dialer import UNREACHABLE, Dialer, Introduce, Judge
from .place import DNS, OnLoopback
from .plan import HostFacts, HostPlan, VpcPlan
from .view import Packet, Sight, admitted, gets_out

_CLOSED_PORT = 1  # of the loopback address: whoever dials it is refused


class Loopback:
    def __init__(self, sources: dict[int, IPv4Address], public: Collection[IPv4Address]) -> None:
        """`sources` is where the front looks up which agent a local port speaks for."""
        self._sources, self._public = sources, public
        self._plans: dict[str, VpcPlan] = {}
        self._places: dict[str, OnLoopback] = {}
        self._sight = Sight()
        self._broken: Mapping[IPv4Address, AddressKind] = {}
        self._dialers: dict[str, int] = {}

    async def lay(self, vpc: VpcPlan) -> None:
        self._plans[vpc.id], self._places[vpc.id] = vpc, OnLoopback()
        for name, host in vpc.hosts.items():
            dialer = Dialer(self._judge(vpc.id, host), self._introduction(host.address.ip))
            self._dialers[name] = await dialer.serve()

    async def take_up(self, vpc: str) -> None:
        """Its dialers stay: they say nothing any more."""
        del self._plans[vpc], self._places[vpc]

    def place(self, vpc: str) -> OnLoopback:
        return self._places[vpc]

    async def apply(self, sight: Sight, broken: Mapping[IPv4Address, AddressKind]) -> None:
        self._sight, self._broken = sight, broken

    async def facts(self) -> dict[str, HostFacts]:
        return {
            name: HostFacts(
                vpc=vpc.id,
                address=host.address.ip,
                name_servers=self._name_servers(vpc.id, vpc.resolver),
                dial_through=f"127.0.0.1:{self._dialers[name]}",
            )
            for vpc in self._plans.values()
            for name, host in vpc.hosts.items()
        }

    def _name_servers(self, vpc: str, resolver: IPv4Address) -> tuple[str, ...]:
        ports = self._places[vpc].ports
        servers = self._sight.vpcs[vpc].name_servers or (resolver,)
        return tuple(f"127.0.0.1:{ports[server, DNS]}" for server in servers if (server, DNS) in ports)

    def _judge(self, vpc: str, host: HostPlan) -> Judge:
        def judge(address: IPv4Address, port: int, from_port: int) -> int | None:
            if self._broken.get(address) == "dead":
                return None
            if self._broken.get(address) == "unreachable":
                return UNREACHABLE
            packet = Packet(source=host.address.ip, from_port=from_port, destination=address, port=port)
            there = self._arrives(vpc, packet)
            return self._places[there].ports.get((address, port), _CLOSED_PORT) if there else None

        return judge

    def _arrives(self, vpc: str, packet: Packet) -> str | None:
        view = self._sight.vpcs.get(vpc)
        guest = next((guest for guest in view.guests if guest.address == packet.source), None) if view else None
        if view is None or guest is None:
            return None
        if packet.destination in self._public:
            return vpc if gets_out(view, guest, packet) else None
        return admitted(self._sight, vpc, guest, packet)

    def _introduction(self, agent: IPv4Address) -> Introduce:
        @contextlib.contextmanager
        def introduce(port: int) -> Iterator[None]:
            self._sources[port] = agent
            try:
                yield
            finally:
                del self._sources[port]

        return introduce
