# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one process of a lab: the AWS double, the resolvers, Astro's front and the reconciler. Started by launch.py."""

from __future__ import annotations

import argparse
import asyncio
import copy
import json
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar

from .astro.door import Door
from .astro.organization import PREFIX, Organization
from .authority import Certificates, issue_all
from .faults import KINDS, DnsFault, Faults
from .kube.wanted import ClusterPlan
from .net.front import Front
from .net.network import Network, Wires
from .net.plan import Plan
from .shape import plain, read

Result = TypeVar("Result")


class Daemon:
    def __init__(self, mode: str, directory: Path, certificates: Certificates, clusters: Sequence[int]) -> None:
        self._mode, self._directory, self._certificates = mode, directory, certificates
        self._cluster_sockets = clusters
        self._faults = Faults()
        self._organization = Organization()
        self._door = Door(self._organization)
        self._front = Front(certificates, self._faults, self._door)
        self._loop = asyncio.get_running_loop()
        self._keeping: asyncio.Task[None] | None = None
        self._snapshots: list[tuple[bytes, dict[str, Any]]] = []

    def serve(self, listening: socket.socket) -> None:
        # imported late: it takes longest, and the launcher need not wait for it
        from .astro.api import Api
        from .astro.control import Controls
        from .aws import Double

        self._double = double = Double()
        double.control("/_lab/network", self._network)
        double.control("/_lab/net/faults", self._fault)
        double.control("/_lab/net/hosts", self._host)
        double.control("/_lab/kube", self._kube)
        double.control("/_lab/astro/requests", self._requests)
        double.control("/_lab/snapshots", self._snapshot)
        astro = Api(self._organization)
        for path, control in Controls(astro).paths().items():
            double.control(path, control)
        double.serve(listening, beside={PREFIX: astro.handle})

    def _network(self, _line: str, body: bytes) -> tuple[int, object]:
        plan = read(Plan, json.loads(body), "plan")
        facts = self._wait(lambda: self._build(plan))
        return 200, {"hosts": facts, "pid_namespace": self._pid_namespace()}

    def _pid_namespace(self) -> str | None:
        return None if self._mode == "loopback" else os.readlink("/proc/self/ns/pid")

    def _host(self, line: str, body: bytes) -> tuple[int, object]:
        """An agent host is put at an interface that somebody made while the lab runs."""
        from .net.observe import placed

        if not line.startswith("POST"):
            raise ValueError("only POST makes agent hosts")
        content = json.loads(body)
        name, interface = str(content["name"]), str(content["interface"])
        vpc, plan = placed(interface)
        self._lodgers.hosts.setdefault(vpc, {}).setdefault(name, plan)
        facts = self._wait(lambda: self._net.add_hosts(self._observe, vpc, {name: plan}))
        return 200, {"host": plain(facts[name]), "pid_namespace": self._pid_namespace()}

    async def _build(self, plan: Plan) -> object:
        from .net.observe import lodgers, observer, private_names

        if self._keeping is not None:
            raise ValueError("the network stands already")
        self._lodgers = lodgers(plan)
        self._observe = observe = observer(plan, self._lodgers)
        self._net = network = Network(self._wires(plan), self._front, self._faults, self._door.know)
        facts = await network.build(plan, observe, private_names)
        self._keeping = asyncio.create_task(network.keep(observe, lambda: len(self._double.record.entries)))
        return plain(facts)

    def _wires(self, plan: Plan) -> Wires:
        if self._mode == "loopback":
            from .net.loopback import Loopback

            return Loopback(self._front.sources, plan.public_addresses)
        from .net.fabrics import Fabrics

        return Fabrics(self._directory / "hosts", self._certificates.bundle, plan.public_addresses)

    def _kube(self, line: str, body: bytes) -> tuple[int, object]:
        """POST of a list of plans begins the clusters; later ones, of what is to be done."""
        content = json.loads(body or b"{}")
        if isinstance(content, list):
            plans = [read(ClusterPlan, each, "cluster") for each in content]
            return 200, self._wait(lambda: self._begin_clusters(plans))
        if not line.startswith("POST"):
            return 200, {"hosts": self._wait(self._pods), "pid_namespace": self._pid_namespace()}
        return 200, self._wait(lambda: self._clusters.told(content))

    async def _begin_clusters(self, plans: Sequence[ClusterPlan]) -> object:
        from .kube.bodies import Bodies
        from .kube.control import Clusters, loopback_sockets

        if not plans:
            return {}
        certificates = self._certificates
        self._clusters = Clusters(self._directory / "kube", certificates.clusters, certificates.clusters_authority)
        facts = {}
        for plan, at in zip(plans, loopback_sockets(self._cluster_sockets), strict=True):
            bodies = Bodies(self._net, self._observe, self._lodgers, plan.vpc, certificates.bundle)
            facts[plan.name] = plain(await self._clusters.begin(plan, bodies, at))
        return facts

    async def _pods(self) -> object:
        return await self._clusters.facts() if hasattr(self, "_clusters") else {}

    def _fault(self, line: str, body: bytes) -> tuple[int, object]:
        content = json.loads(body or b"{}")
        if line.startswith("POST"):
            self._break(content)
        elif line.startswith("DELETE"):
            self._faults.heal(frozenset(content.get("kinds", ())))
        return 200, plain(asdict(self._faults))

    def _break(self, content: dict[str, Any]) -> None:
        kind, on, fault = content["kind"], content["on"], content["fault"]
        if fault not in KINDS.get(kind, ()):
            raise ValueError(f"there is no {kind} fault {fault}")
        if kind == "dns":
            self._faults.dns[on] = DnsFault(fault, float(content.get("seconds") or 0))
        elif kind == "address":
            self._faults.addresses[ip_address(on)] = fault
        else:
            getattr(self._faults, kind)[on] = fault

    def _snapshot(self, line: str, body: bytes) -> tuple[int, object]:
        """POST keeps AWS and Astro as they are, and gives its number; PUT of a number makes them so again."""
        from .aws import snapshots

        if line.startswith("POST"):
            self._snapshots.append((snapshots.take(), copy.deepcopy(self._organization.plain())))
            return 200, {"number": len(self._snapshots) - 1}
        number = int(json.loads(body)["number"])
        aws, organization = self._snapshots[number]
        snapshots.restore(aws)
        self._organization.take(copy.deepcopy(organization))
        self._double.gate.reset()
        self._wait(lambda: self._net.follow(self._observe))
        return 200, {"number": number}

    def _requests(self, line: str, _body: bytes) -> tuple[int, object]:
        found = self._front.requests()
        if line.startswith("DELETE"):
            self._front.forget()
        return 200, found

    def _wait(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Control requests come in threads; the network lives in the event loop."""

        async def run() -> Result:
            return await work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(timeout=120)


async def _main(arguments: argparse.Namespace) -> None:
    if arguments.mode != "loopback":
        from .net.trial import try_namespaces

        try_namespaces(arguments.directory)
    os.write(arguments.ready, b"ready\n")
    os.close(arguments.ready)
    certificates = issue_all(arguments.directory / "tls")
    daemon = Daemon(arguments.mode, arguments.directory, certificates, arguments.cluster)
    await asyncio.to_thread(daemon.serve, socket.socket(fileno=arguments.socket))
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="astrolab.daemon")
    parser.add_argument("--mode", required=True)
    parser.add_argument("--directory", required=True, type=Path)
    for descriptor in ("socket", "lock", "ready"):
        parser.add_argument(f"--{descriptor}", required=True, type=int)
    parser.add_argument("--cluster", type=int, action="append", default=[])
    arguments = parser.parse_args()
    for descriptor in (arguments.socket, *arguments.cluster):
        os.set_inheritable(descriptor, False)
    os.set_inheritable(arguments.lock, False)  # ours for life; agent hosts must not keep it
    os.set_inheritable(arguments.ready, False)
    asyncio.run(_main(arguments))


if __name__ == "__main__":
    main()
