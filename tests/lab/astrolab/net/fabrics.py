# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPCs as namespaces: one for each fabric, agent host and transit gateway, and cables between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from itertools import count
from pathlib import Path

from ..faults import AddressKind
from . import hosts, kernel
from .kernel import Cable, Thing
from .namespaces import Namespace
from .place import InNamespace
from .plan import AMAZON, HostFacts, HostPlan, VpcPlan
from .relay import Relay, Speaker
from .view import Gateway, Sight, View
from .wiring import crossing, things


class Fabrics:
    def __init__(self, directory: Path, bundle: Path, public: Collection[IPv4Address]) -> None:
        self._directory, self._bundle, self._public = directory, bundle, public
        self._plans: dict[str, VpcPlan] = {}
        self._fabrics: dict[str, Namespace] = {}
        self._hosts: dict[str, dict[str, hosts.Host]] = {}
        self._cables: dict[frozenset[str], int] = {}
        self._laid, self._plugged = count(), count()
        self._numbers: dict[str, int] = {}  # of route tables and blocks of rules
        self._have: dict[str, frozenset[Thing]] = {}
        self._resolvers: dict[str, tuple[tuple[IPv4Address, ...], str]] = {}

    async def lay(self, vpc: VpcPlan) -> None:
        await asyncio.to_thread(self._lay, vpc)

    async def join(self, vpc: str, name: str, host: HostPlan) -> tuple[None, ...]:
        await asyncio.to_thread(self._join, vpc, name, host)
        return ()  # those that the VPC has serve everybody

    async def part(self, vpc: str, name: str) -> None:
        await asyncio.to_thread(self._part, vpc, name)

    async def translate(self, vpc: str, speaker: Speaker) -> list[Callable[[], None]]:
        return [await Relay(self.place(vpc), speaker).serve()]

    async def take_up(self, vpc: str) -> None:
        """Its hosts live on, without a network."""
        del self._plans[vpc], self._hosts[vpc]
        self._resolvers.pop(vpc, None)
        self._take_up(vpc)

    def askers(self, _vpc: VpcPlan) -> tuple[None, ...]:
        return (None,)  # a packet says whose it is

    def place(self, vpc: str) -> InNamespace:
        return InNamespace(self._fabrics[vpc])

    async def apply(self, sight: Sight, broken: Mapping[IPv4Address | IPv6Address, AddressKind]) -> None:
        await asyncio.to_thread(self._apply, sight, broken)

    async def facts(self) -> dict[str, HostFacts]:
        return {
            name: HostFacts(vpc=vpc.id, address=host.address.ip, pid=running.pid, pid_namespace=running.pid_namespace)
            for vpc in self._plans.values()
            for name, host in vpc.hosts.items()
            for running in (self._hosts[vpc.id][name],)
        }

    def _lay(self, vpc: VpcPlan) -> None:
        fabric = Namespace.new()
        kernel.furnish(fabric, (vpc.router, *vpc.name_servers, *vpc.cluster_addresses, *self._public))
        self._fabrics[vpc.id], self._plans[vpc.id] = fabric, vpc
        if any(plan.ipv6 for plan in vpc.hosts.values()):
            kernel.furnish_ipv6(fabric)
        self._hosts[vpc.id] = {}
        for name, plan in vpc.hosts.items():
            self._start(vpc, name, plan)

    def _start(self, vpc: VpcPlan, name: str, plan: HostPlan) -> None:
        fabric, running = self._fabrics[vpc.id], self._hosts[vpc.id]
        number, directory = next(self._plugged), self._directory / name
        if plan.container:
            running[name] = hosts.start_pod(name, plan.address.ip, directory, self._bundle, plan.container)
        else:
            running[name] = hosts.start(name, plan.address.ip, directory, self._bundle)
        kernel.plug_host(fabric, running[name].namespace, number, plan.address, vpc.router)
        if plan.ipv6:
            kernel.plug_ipv6(fabric, running[name].namespace, number, plan.ipv6)

    def _join(self, vpc: str, name: str, plan: HostPlan) -> None:
        self._start(self._plans[vpc], name, plan)
        self._plans[vpc] = replace(self._plans[vpc], hosts={**self._plans[vpc].hosts, name: plan})
        if plan.container is None:
            self._resolvers.pop(vpc, None)  # it has not been told of any yet

    def _part(self, vpc: str, name: str) -> None:
        """The cable goes with the host's network."""
        self._hosts[vpc].pop(name).end()
        left = {other: plan for other, plan in self._plans[vpc].hosts.items() if other != name}
        self._plans[vpc] = replace(self._plans[vpc], hosts=left)

    def _apply(self, sight: Sight, broken: Mapping[IPv4Address | IPv6Address, AddressKind]) -> None:
        for gateway in sight.gateways.values():
            self._cross(gateway)
        for view in sight.vpcs.values():
            cables, plan = self._cables_of(view.vpc, view.neighbours), self._plans[view.vpc]
            node_local = (each.node_local for each in plan.clusters.values() if each.node_local)
            unfiltered = (plan.router, plan.resolver, AMAZON, *node_local)
            self._change(view.vpc, things(view, cables, self._number, broken, unfiltered))
            self._tell_resolvers(view)
        for gone in self._fabrics.keys() - self._plans.keys() - sight.gateways.keys():
            self._take_up(gone)

    def _take_up(self, node: str) -> None:
        """Both ends of a cable go with the namespace of one."""
        self._fabrics.pop(node).close()
        self._have.pop(node, None)
        for pair in [pair for pair in self._cables if node in pair]:
            del self._cables[pair]

    def _cross(self, gateway: Gateway) -> None:
        """A gateway gets a namespace as soon as a VPC with a fabric is attached to it."""
        joined = gateway.ways.keys() & self._plans.keys()
        if joined and gateway.id not in self._fabrics:
            self._fabrics[gateway.id] = Namespace.new()
            kernel.furnish(self._fabrics[gateway.id], ())
        if gateway.id in self._fabrics:
            self._change(gateway.id, crossing(gateway, self._cables_of(gateway.id, joined), self._number))

    def _change(self, node: str, want: frozenset[Thing]) -> None:
        have = self._have.get(node, frozenset())
        if want != have:
            kernel.change(self._fabrics[node], gone=have - want, new=want - have)
            self._have[node] = want

    def _number(self, name: str) -> int:
        return self._numbers.setdefault(name, 1000 + len(self._numbers))

    def _cables_of(self, node: str, neighbours: Iterable[str]) -> dict[str, Cable]:
        return {other: self._cable(node, other) for other in neighbours if other in self._fabrics}

    def _cable(self, node: str, other: str) -> Cable:
        """A cable stays when its peering or attachment goes: without routes it carries nothing."""
        ends = sorted((node, other))
        pair = frozenset(ends)
        if pair not in self._cables:
            self._cables[pair] = next(self._laid)
            kernel.plug_cable(self._cables[pair], (self._fabrics[ends[0]], self._fabrics[ends[1]]))
        return Cable(self._cables[pair], ends.index(node))

    def _tell_resolvers(self, view: View) -> None:
        told = (view.name_servers or (self._plans[view.vpc].resolver,), _domain(view.region))
        if self._resolvers.get(view.vpc) != told:
            self._resolvers[view.vpc] = told
            for host in self._hosts[view.vpc].values():
                if host.pid_namespace is None:  # a pod asks its cluster's name server
                    hosts.tell_resolvers(host, *told)


def _domain(region: str) -> str:
    return "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
