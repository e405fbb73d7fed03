# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole network of a lab: builds it from a plan, then keeps servers and wires in step with AWS's state."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Protocol

from ..faults import AddressKind, Faults
from .caching import Cache
from .cluster_names import cluster_names
from .front import Front, Listening, Path
from .place import HTTPS, Asker, Place
from .plan import AMAZON, HostFacts, HostPlan, NameServer, Plan, VpcPlan
from .relay import Speaker
from .resolver import For, Lookup, PublicNames, Resolver
from .translation import dns64
from .view import Sight

_OFTEN, _NOW_AND_THEN = 0.1, 1.0
_SETTLED = 3.0  # seconds after a call in which endpoints may still change by themselves

Observe = Callable[[], Sight]


class Wires(Protocol):
    """How packets get from hosts to servers."""

    def lay(self, vpc: VpcPlan) -> Awaitable[None]:
        """Make a VPC and its hosts."""

    def join(self, vpc: str, name: str, host: HostPlan) -> Awaitable[Sequence[Asker]]:
        """Puts a host into a VPC that is there; gives whom its name servers need further sockets for."""

    def part(self, vpc: str, name: str) -> Awaitable[None]:
        """Ends a host and what runs on it."""

    def translate(self, vpc: str, speaker: Speaker) -> Awaitable[Sequence[Callable[[], None]]]:
        """Carries what IPv6 hosts send to wrapped IPv4 addresses; what it gives back ends that."""

    def take_up(self, vpc: str) -> Awaitable[None]:
        """A VPC is gone."""

    def askers(self, vpc: VpcPlan) -> Sequence[Asker]:
        """For whom a name server needs a socket of its own; None is everybody."""

    def place(self, vpc: str) -> Place:
        """Where servers of a VPC listen."""

    def apply(self, sight: Sight, broken: Mapping[IPv4Address | IPv6Address, AddressKind]) -> Awaitable[None]:
        """What hosts see from now on, and which addresses misbehave, and how."""

    def facts(self) -> Awaitable[dict[str, HostFacts]]:
        """How each host is reached, by its name."""


class Network:
    def __init__(self, wires: Wires, front: Front, faults: Faults, know: Callable[[str], None]) -> None:
        """`know` is told of each VPC before anybody in it can speak."""
        self._wires, self._front, self._faults, self._know = wires, front, faults, know
        self._servers: dict[Path, Listening] = {}
        self._closers: dict[str, list[Callable[[], None]]] = {}  # of the name servers of each VPC
        self._public: tuple[IPv4Address, ...] = ()
        self._sight = Sight()
        self._plans: dict[str, VpcPlan] = {}
        self._alone = asyncio.Lock()  # two at once would make a new VPC twice

    async def build(
        self, plan: Plan, observe: Observe, private: Callable[[str, PublicNames], Lookup]
    ) -> dict[str, HostFacts]:
        """Returns when everything answers; `private` makes the lookup of a VPC's own resolver."""
        self._public, self._astro, self._private = plan.public_addresses, plan.astro, private
        self._world = PublicNames(plan.names, plan.public_ttl)
        for vpc in plan.vpcs:
            self._know(vpc.id)
        await asyncio.gather(*map(self._settle, plan.vpcs))
        await self.follow(observe)
        return await self._wires.facts()

    async def keep(self, observe: Observe, stirred: Callable[[], object]) -> None:
        """Looks often while something happens, and now and then while nothing does; `stirred` differs after it did."""
        last: object = None
        busy_until = due = 0.0
        while True:
            await asyncio.sleep(_OFTEN)
            now = time.monotonic()
            if (current := (stirred(), dict(self._faults.addresses))) != last:
                last, busy_until = current, now + _SETTLED
            if now < busy_until or now >= due:
                due = now + _NOW_AND_THEN
                try:
                    await self.follow(observe)
                except Exception:  # one bad moment must not end the network: it is logged, and tried again
                    traceback.print_exc()

    async def add_hosts(self, observe: Observe, vpc: str, hosts: Mapping[str, HostPlan]) -> dict[str, HostFacts]:
        """Agent hosts in a VPC that may just have been made; `observe` has to know their interfaces already."""
        await self.follow(observe)
        async with self._alone:
            if vpc not in self._plans:
                raise ValueError(f"there is no network for {vpc}")
            for name, host in hosts.items():
                if name in await self._wires.facts():
                    raise ValueError(f"there is an agent host {name} already")
                askers = await self._wires.join(vpc, name, host)
                self._closers[vpc] += await self._answer_names(self._plans[vpc], askers)
        await self.follow(observe)
        facts = await self._wires.facts()
        return {name: facts[name] for name in hosts}

    async def remove_hosts(self, vpc: str, names: Iterable[str]) -> None:
        async with self._alone:
            for name in names:
                await self._wires.part(vpc, name)

    async def follow(self, observe: Observe) -> None:
        async with self._alone:
            await self._follow(observe)

    async def _follow(self, observe: Observe) -> None:
        self._sight = sight = observe()
        for new in sight.vpcs.keys() - self._closers.keys():
            self._know(new)
            await self._settle(VpcPlan(id=new, cidr=sight.vpcs[new].cidr))
        kinds = dict(self._faults.addresses)
        doors = [
            Path(vpc=view.vpc, address=address, endpoint=door.endpoint)
            for view in sight.vpcs.values()
            for door in view.doors
            for address in door.addresses
        ]
        outside = [Path(vpc=vpc, address=address, endpoint=None) for vpc in sight.vpcs for address in self._public]
        await self._serve({path for path in (*outside, *doors) if kinds.get(path.address) != "refuse"})
        await self._wires.apply(sight, kinds)
        for gone in self._closers.keys() - sight.vpcs.keys():
            for close in self._closers.pop(gone):
                close()
            await self._wires.take_up(gone)
            del self._plans[gone]

    async def _settle(self, vpc: VpcPlan) -> None:
        await self._wires.lay(vpc)
        self._plans[vpc.id] = vpc
        self._closers[vpc.id] = await self._answer_names(vpc, self._wires.askers(vpc))
        if any(host.ipv6 for host in vpc.hosts.values()):
            self._closers[vpc.id] += await self._wires.translate(vpc.id, self._speaker(vpc.id))

    async def _answer_names(self, vpc: VpcPlan, askers: Sequence[Asker]) -> list[Callable[[], None]]:
        private = self._private(vpc.id, self._world)
        lookups: dict[NameServer, Lookup] = {"public": self._world, "forwarding": private, "caching": Cache(private)}
        closers: list[Callable[[], None]] = []
        place = self._wires.place(vpc.id)
        servers = {address: lookups[kind] for address, kind in vpc.name_servers.items()}
        for address, cluster in vpc.clusters.items():
            asked = Cache(lookups[cluster.forward], cluster.cache)
            servers[address] = cluster_names(cluster.services, asked)
            if cluster.node_local:
                servers[cluster.node_local] = Cache(servers[address], cluster.cache)
        for address, lookup in servers.items():
            for asker in askers:
                own = address in (vpc.resolver, AMAZON)
                told = self._by_subnet(vpc.id, private, asker) if own else partial(_alike, lookup)
                resolver = Resolver(vpc.id, told, self._faults, self._astro)
                closers.append(await resolver.serve(*place.name_server(address, asker)))
        return closers

    def _by_subnet(self, vpc: str, lookup: Lookup, asker: Asker) -> For:
        """DNS64 depends on the subnet of whoever asks the VPC's own resolver."""

        def told(client: str) -> Lookup:
            view = self._sight.vpcs.get(vpc)
            guest = view.guest(asker or ip_address(client)) if view else None
            if view and guest and view.subnets[guest.subnet].dns64:
                return partial(dns64, lookup)
            return lookup

        return told

    def _speaker(self, vpc: str) -> Speaker:
        def speaker(host: IPv6Address) -> IPv4Address | None:
            view = self._sight.vpcs.get(vpc)
            guest = view.guest(host) if view else None
            gateway = view.translator(guest) if view and guest else None
            return gateway.address if gateway else None

        return speaker

    async def _serve(self, paths: set[Path]) -> None:
        for path in self._servers.keys() - paths:
            self._servers.pop(path).close()
        for path in paths - self._servers.keys():
            listening = self._wires.place(path.vpc).listen(path.address, HTTPS)
            self._servers[path] = self._front.listen(path, listening)


def _alike(lookup: Lookup, _client: str) -> Lookup:
    return lookup
