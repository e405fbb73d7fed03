# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Agents that are at work all the while: on each agent host, and in a pod, one calls its Deployment every 200 ms.

One more, in a VPC that no run works on, calls without a token. Where it gets no answer, the machine is too busy for the lab,
and what others miss then is no gap.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from astrolab import commands, enter, shell
from astrolab.lab import Lab

EVERY = 0.2  # seconds
WELL = "HTTP/1.1 200 OK"
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Gap:
    """From an agent's last good answer to its next one, with a vain request in between. ``began`` is on this machine's clock."""

    agent: str
    seconds: float
    said: str
    began: float = 0.0

    def __str__(self) -> str:
        return f"{self.agent} {self.seconds:.1f} s ({self.said})"


@dataclass
class Agent:
    """One that works; ``heard`` has when each answer came, and what it was."""

    name: str
    process: subprocess.Popen[str]
    good: str = WELL  # how answers begin that are well
    heard: list[tuple[float, str]] = field(default_factory=list)

    def listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.heard.append((time.monotonic(), line.strip()))

    def gaps(self, since: float, until: float) -> Iterator[Gap]:
        """Its gaps in this time; one that lasts is as long as it has lasted."""
        well, said = since, ""
        for at, answer in [each for each in list(self.heard) if since <= each[0] <= until]:
            if not answer.startswith(self.good):
                said = said or answer
                continue
            if said:
                yield Gap(self.name, at - well, said, well)
            well, said = at, ""
        if said or self.process.poll() is not None:
            yield Gap(self.name, until - well, said or "the agent has ended", well)


class Agents:
    def __init__(self, agents: Sequence[Agent], bystander: Agent) -> None:
        self._agents, self._bystander = agents, bystander

    def gaps(self, since: float, until: float) -> list[Gap]:
        busy = list(self._bystander.gaps(since, until))
        found = [gap for agent in self._agents for gap in agent.gaps(since, until)]
        return [gap for gap in found if not any(overlap(gap, each) for each in busy)]

    def well(self) -> None:
        """Waits until all were answered well by what is there now. Raises TimeoutError."""
        since = time.monotonic()
        while time.monotonic() < since + _PATIENCE:
            recent = [[answer for at, answer in agent.heard[-2:] if at > since] for agent in self._agents]
            if all(each and each[-1] == WELL for each in recent):
                break
            time.sleep(0.05)
        else:
            raise TimeoutError(f"not all agents are well: {[(a.name, a.heard[-1:]) for a in self._agents]}")
        for agent in (*self._agents, self._bystander):
            del agent.heard[:-2]


def overlap(one: Gap, other: Gap) -> bool:
    return one.began < other.began + other.seconds and other.began < one.began + one.seconds


@contextlib.contextmanager
def at_work(lab: Lab, names: Sequence[str], bystander: str) -> Iterator[Agents]:
    """Agents on these hosts and in these pods, for the length of a block."""
    with contextlib.ExitStack() as stack:
        agents = [Agent(name, stack.enter_context(_working(lab, name))) for name in names]
        other = Agent(bystander, stack.enter_context(_working(lab, bystander, "nobody's")), good="HTTP/1.1 ")
        for agent in (*agents, other):
            threading.Thread(target=agent.listen, daemon=True).start()
        yield Agents(agents, other)


@contextlib.contextmanager
def _working(lab: Lab, name: str, token: str = "") -> Iterator[subprocess.Popen[str]]:
    record = commands.with_pods(lab.record, name)
    argv = commands.agent(record, name, ["--every", str(EVERY)])
    if token:
        argv = [token if word.startswith("agent-") else word for word in argv]
    process = subprocess.Popen(
        enter.command(record, name, argv),
        env=shell.environment(record) | enter.environment(record),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
