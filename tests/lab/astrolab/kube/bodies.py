# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods in the network: an address of the VPC, namespaces, and the way into them. Knows nothing of Kubernetes' objects."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from ..aws import secondary
from ..net.hosts import BUNDLES
from ..net.network import Network, Observe
from ..net.observe import Lodgers
from ..net.plan import Container, HostFacts, HostPlan
from ..net.view import Traffic
from .wanted import NodePlan

_COOL = 30.0  # seconds for which the CNI plugin does not use an address again
_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A pod as the network has it; in loopback mode it has no process."""

    taken: secondary.Taken
    facts: HostFacts

    @property
    def address(self) -> str:
        return str(self.facts.address)

    def has(self, command: str, path: str) -> bool:
        """Whether its file system has this command, which is looked for where its PATH says."""
        root = f"/proc/{self.facts.pid}/root" if self.facts.pid else ""
        if "/" in command:
            return os.path.lexists(root + command)
        return any(os.path.lexists(f"{root}{directory}/{command}") for directory in path.split(":"))

    def enter(self, argv: Sequence[str], env: Mapping[str, str]) -> list[str]:
        """The command that runs another in the pod, with nothing of the lab's own environment."""
        clean = ["env", "-i", *(f"{name}={value}" for name, value in env.items()), *argv]
        if self.facts.pid is None:
            return clean
        return ["nsenter", "-t", str(self.facts.pid), "-n", "-m", "-u", "-p", "-r", "-w", "--", *clean]


class Bodies:
    """The pods of one VPC."""

    def __init__(self, network: Network, observe: Observe, lodgers: Lodgers, vpc: str, bundle: Path) -> None:
        self._network, self._observe, self._lodgers, self._vpc = network, observe, lodgers, vpc
        self._bundle = bundle
        self.running: dict[str, Body] = {}
        self._cooling: list[tuple[float, secondary.Taken]] = []

    async def start(
        self, wanted: Mapping[str, NodePlan], container: Container, branches: tuple[str, str] | None
    ) -> None:
        """Pods on nodes, all with the same files; with a security group of their own, which comes with the cluster's name,
        they get interfaces of their own."""
        self._give_back()
        taken = {
            name: secondary.branch(node.pods_interface, *branches) if branches else secondary.take(node.pods_interface)
            for name, node in wanted.items()
        }
        plans = {
            name: HostPlan(interface=each.interface, address=each.address, container=container)
            for name, each in taken.items()
        }
        self._lodgers.hosts.setdefault(self._vpc, {}).update(plans)
        facts = await self._network.add_hosts(self._observe, self._vpc, plans)
        for name, each in taken.items():
            self.running[name] = Body(taken=each, facts=facts[name])

    def answer_names(self, service: IPv4Address, nodes: Sequence[NodePlan]) -> list[IPv4Address]:
        """Addresses on these nodes for the pods of the cluster's name server, which answers at the service's."""
        taken = [secondary.take(node.pods_interface).address.ip for node in nodes]
        self._lodgers.services.setdefault(self._vpc, {})[service] = frozenset(taken)
        return taken

    async def restrict(self, policies: Mapping[str, frozenset[Traffic] | None]) -> None:
        """What pods may send from now on."""
        for name, allowed in policies.items():
            if (body := self.running.get(name)) is None:
                continue
            if allowed is None:
                self._lodgers.policies.pop(body.facts.address, None)
            else:
                self._lodgers.policies[body.facts.address] = allowed
        await self._network.follow(self._observe)

    async def end(self, names: Sequence[str]) -> None:
        """What runs in them ends, and after a while their addresses are free."""
        ending = {name: self.running.pop(name) for name in names if name in self.running}
        for name, body in ending.items():
            self._lodgers.hosts[self._vpc].pop(name, None)
            self._lodgers.policies.pop(body.facts.address, None)
            self._cooling.append((time.monotonic() + _COOL, body.taken))
        await self._network.remove_hosts(self._vpc, list(ending))
        await self._network.follow(self._observe)

    def _give_back(self) -> None:
        cool = [each for each in self._cooling if each[0] <= time.monotonic()]
        self._cooling = [each for each in self._cooling if each not in cool]
        for _until, taken in cool:
            secondary.give_back(taken)

    def of_image(self, python: str) -> dict[str, str]:
        """The part of a container's environment that its image sets."""
        path = list(_PATH)
        if python == "python3" and not any(shutil.which("python3", path=each) for each in path):
            path.append(os.path.dirname(os.path.realpath(sys.executable)))
        bundle = next((each for each in BUNDLES if os.path.exists(each)), "")
        trusted = bundle if bundle and self.running and self._own_files() else str(self._bundle)
        return {"PATH": ":".join(path), "HOME": "/tmp", "SSL_CERT_FILE": trusted}

    def _own_files(self) -> bool:
        return any(body.facts.pid for body in self.running.values())
