# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPCs as namespaces: one for each fabric, one for each agent host, and cables between peered fabrics."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from ipaddress import IPv4Address
from pathlib import Path

from ..faults import AddressKind
from . import hosts, kernel
from .kernel import Cable, Thing
from .namespaces import Namespace
from .place import InNamespace
from .plan import HostFacts, Plan, VpcPlan
from .view import View
from .wiring import things


class Fabrics:
    def __init__(self, directory: Path, bundle: Path) -> None:
        self._directory, self._bundle = directory, bundle
        self._plans: dict[str, VpcPlan] = {}
        self._fabrics: dict[str, Namespace] = {}
        self._hosts: dict[str, dict[str, hosts.Host]] = {}
        self._cables: dict[frozenset[str], int] = {}
        self._tables: dict[str, int] = {}
        self._have: dict[str, frozenset[Thing]] = {}
        self._resolvers: dict[str, tuple[tuple[IPv4Address, ...], str]] = {}

    async def lay(self, plan: Plan) -> None:
        self._plans = {vpc.id: vpc for vpc in plan.vpcs}
        await asyncio.gather(*(asyncio.to_thread(self._lay, vpc, plan.public_addresses) for vpc in plan.vpcs))

    def place(self, vpc: str) -> InNamespace:
        return InNamespace(self._fabrics[vpc])

    async def apply(self, views: Mapping[str, View], broken: Mapping[IPv4Address, AddressKind]) -> None:
        await asyncio.to_thread(self._apply, views, broken)

    async def facts(self) -> dict[str, HostFacts]:
        return {
            name: HostFacts(vpc=vpc.id, address=host.address.ip, pid=self._hosts[vpc.id][name].pid)
            for vpc in self._plans.values()
            for name, host in vpc.hosts.items()
        }

    def _lay(self, vpc: VpcPlan, public: tuple[IPv4Address, ...]) -> None:
        fabric = Namespace.new()
        kernel.furnish(fabric, (vpc.router, *vpc.name_servers, *public))
        self._fabrics[vpc.id] = fabric
        running = self._hosts[vpc.id] = {}
        for number, (name, plan) in enumerate(vpc.hosts.items()):
            running[name] = hosts.start(name, plan.address.ip, self._directory / name, self._bundle)
            kernel.plug_host(fabric, running[name].namespace, number, plan.address, vpc.router)

    def _apply(self, views: Mapping[str, View], broken: Mapping[IPv4Address, AddressKind]) -> None:
        for vpc, view in views.items():
            cables = {peer: self._cable(vpc, peer) for peer in view.peers if peer in self._fabrics}
            for subnet in view.ways:
                self._tables.setdefault(subnet, 1000 + len(self._tables))
            want, have = things(view, cables, self._tables, broken), self._have.get(vpc, frozenset())
            if want != have:
                kernel.change(self._fabrics[vpc], gone=have - want, new=want - have)
                self._have[vpc] = want
            self._tell_resolvers(view)

    def _cable(self, vpc: str, peer: str) -> Cable:
        """A cable stays when its peering goes: without routes it carries nothing."""
        ends = sorted((vpc, peer))
        pair = frozenset(ends)
        if pair not in self._cables:
            self._cables[pair] = len(self._cables)
            kernel.plug_peering(self._cables[pair], (self._fabrics[ends[0]], self._fabrics[ends[1]]))
        return Cable(self._cables[pair], ends.index(vpc))

    def _tell_resolvers(self, view: View) -> None:
        told = (view.name_servers or (self._plans[view.vpc].resolver,), _domain(view.region))
        if self._resolvers.get(view.vpc) != told:
            self._resolvers[view.vpc] = told
            for host in self._hosts[view.vpc].values():
                hosts.tell_resolvers(host, *told)


def _domain(region: str) -> str:
    return "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
