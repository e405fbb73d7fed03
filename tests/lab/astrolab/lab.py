# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running lab as an object, for tests, benches and whatever else is written in Python."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from . import commands, launch, shell
from .home import Home, Record
from .kube.wanted import ADMIN
from .look import DEADLINE
from .net.hosts import seen_from_outside
from .net.plan import HostFacts
from .seed import client
from .shape import read
from .talk import say
from .topology import DEMO, load, with_profile


@dataclass(frozen=True, slots=True)
class Lab:
    home: Home
    record: Record

    @property
    def mode(self) -> str:
        return self.record.mode

    @property
    def inventory(self) -> Path:
        return self.home.inventory

    @property
    def env(self) -> dict[str, str]:
        """The whole environment for a process that is to meet the lab instead of AWS."""
        return shell.environment(self.record)

    def client(self, service: str, account: str | None = None, region: str | None = None) -> Any:
        """A client for what is done by hand. Hands are slow: when a change of theirs has returned, everybody sees it."""
        record = self.record
        made = client(record.url, service, account or record.account, region or record.region)
        made.meta.events.register("after-call", self._by_hand, unique_id="settle")
        return made

    def settle(self) -> None:
        """Every read shows what was changed until now, where AWS would need some time."""
        say(self.record.url, "POST", "settle")

    def _by_hand(self, model: Any, **_more: Any) -> None:
        if not model.name.startswith(("Describe", "Get", "List")):
            self.settle()

    def snapshot(self) -> int:
        """Keeps AWS and Astro as they are now; the number to go back by."""
        return int(say(self.record.url, "POST", "snapshots")["number"])

    def restore(self, number: int) -> None:
        """AWS and Astro are as they were, and so is the network. What name servers have cached stays for its time."""
        say(self.record.url, "PUT", "snapshots", {"number": number})

    def later(self, seconds: float) -> None:
        """Puts AWS's clock forward."""
        say(self.record.url, "POST", "clock", {"advance": seconds})

    def exec(self, host: str, argv: Sequence[str]) -> CompletedProcess[str]:
        """What a command on an agent host says."""
        return commands.run(self.record, host, argv, capture_output=True)

    def look(self, host: str, name: str | None = None, deadline: float = DEADLINE) -> dict[str, Any]:
        return commands.look(self.record, host, name, deadline)

    def calls(self) -> dict[str, Any]:
        return commands.calls(self.record)

    def reset_calls(self) -> None:
        commands.calls(self.record, reset=True)

    def requests(self) -> list[dict[str, Any]]:
        """What reached Astro's front."""
        return commands.requests(self.record)

    def fault(self, kind: str, on: str, what: str, seconds: float = 0.0) -> None:
        """As `lab fault`: ("dns", host, "slow", 1.2), ("tls", "public", "expired"), ("address", ip, "dead")."""
        commands.fault(self.record, kind, on, what, seconds)

    def aws_fault(self, **content: Any) -> None:
        commands.aws_fault(self.record, content)

    def with_host(self, name: str, interface: str) -> Lab:
        """The lab with one more agent host, at an interface that was made while it runs."""
        made = say(self.record.url, "POST", "net/hosts", {"name": name, "interface": interface})
        facts = seen_from_outside({name: read(HostFacts, made["host"], name)}, made["pid_namespace"])
        record = replace(self.record, hosts={**self.record.hosts, **facts})
        self.home.write(record)
        return Lab(self.home, record)

    def kubeconfig(self, cluster: str, user: str = ADMIN) -> Path:
        return Path(self.record.kubeconfig(cluster, user))

    def kube(self, cluster: str, do: str, **content: Any) -> Any:
        return commands.kube(self.record, cluster, do, **content)

    def pods(self, cluster: str) -> list[dict[str, Any]]:
        """All pods of a cluster, as the API has them."""
        found: list[dict[str, Any]] = self.kube(cluster, "pods")
        return found

    def rollout(self, cluster: str, deployment: str | None = None) -> list[str]:
        """Other pods in the place of a Deployment's, or of all; their names."""
        found: list[str] = self.kube(cluster, "rollout", deployment=deployment)
        return found

    def arrange(self, cluster: str, pod: str, **state: Any) -> None:
        """What the API tells of a pod: phase, ready, restarts, terminating, labels, annotations."""
        self.kube(cluster, "arrange", pod=pod, state=state)

    def heal(self, *kinds: str) -> None:
        commands.heal(self.record, kinds)


@contextlib.contextmanager
def running(name: str, topology: Path = DEMO, mode: str = "auto", profile: str | None = None) -> Iterator[Lab]:
    """A lab for the length of a block."""
    home = Home.of(name)
    record = launch.up(home, with_profile(load(topology), profile), topology, mode)
    try:
        yield Lab(home, record)
    finally:
        if home.alive():
            launch.down(home)
