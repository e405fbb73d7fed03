# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be said to a lab that is up. Each function is one command; none of them prints."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from . import enter
from .astro.organization import PATH
from .faults import KINDS, PUBLIC
from .home import LabError, Record
from .look import DEADLINE
from .net.hosts import seen_from_outside
from .net.plan import HostFacts
from .shape import read
from .shell import environment
from .talk import say

FAULT_KINDS = (*KINDS, "aws")
_LOOK = Path(__file__).with_name("look.py")


def run(record: Record, host: str, argv: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """A command on an agent host, or in a pod."""
    record = with_pods(record, host)
    return subprocess.run(
        enter.command(record, host, argv),
        env=environment(record) | enter.environment(record),
        check=False,
        text=True,
        **options,
    )


def with_pods(record: Record, host: str) -> Record:
    """The record with the pods that there are now, if the host is none of the agent hosts."""
    if host in record.hosts or not record.clusters:
        return record
    found = say(record.url, "GET", "kube")
    pods = {name: read(HostFacts, each, name) for name, each in found["hosts"].items()}
    wanted = {name: facts for name, facts in pods.items() if name == host}
    return replace(record, hosts={**record.hosts, **seen_from_outside(wanted, found["pid_namespace"])})


def kube(record: Record, cluster: str, do: str, **content: Any) -> Any:
    """What a cluster is told: see `kube/control.py`."""
    return say(record.url, "POST", "kube", {"cluster": cluster, "do": do, **content})


def agent(record: Record, host: str, more: Sequence[str] = ()) -> list[str]:
    """The command that is an agent on this host: it calls its Deployment with a token of its own."""
    record = with_pods(record, host)
    facts = record.host(host)
    vpc = next(name for name, each in record.vpcs.items() if each.id == facts.vpc)
    argv = [
        sys.executable,
        "-m",
        "astrolab.astro.agent",
        f"https://{record.cluster_host}/{PATH}",
        f"agent-{vpc}",
        *more,
    ]
    if facts.dial_through:
        argv += ["--name-server", facts.name_servers[0], "--dial-through", facts.dial_through]
    return ["env", f"PYTHONPATH={Path(__file__).resolve().parents[1]}", *argv]


def look(record: Record, host: str, name: str | None = None, deadline: float = DEADLINE) -> dict[str, Any]:
    """What an agent on this host sees of its cluster, or of another name."""
    record = with_pods(record, host)
    facts = record.host(host)
    argv = [sys.executable, str(_LOOK), name or record.cluster_host, "--deadline", str(deadline)]
    if facts.dial_through:
        if not facts.name_servers:
            raise LabError(f"None of the name servers that the DHCP options give to {host} is served by the lab.")
        argv += ["--name-server", facts.name_servers[0], "--dial-through", facts.dial_through]
    done = run(record, host, argv, capture_output=True)
    if done.returncode != 0:
        raise LabError(f"Nothing can be seen from {host}: {done.stderr.strip()}")
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def told(host: str, seen: dict[str, Any]) -> str:
    """What was seen, in one line."""
    answers = ", ".join(seen["addresses"]) or seen["error"]
    attempts = "".join(f"; {attempt['address']} {_outcome(attempt)}" for attempt in seen["attempts"])
    return f"{host}: {seen['name']} is {answers}{attempts}"


def _outcome(attempt: dict[str, Any]) -> str:
    if attempt["failed"]:
        return f"fails at {attempt['failed']}: {attempt['error']}"
    return f"TLS verified, {attempt['status']} {attempt['body']!r}"


def calls(record: Record, *, reset: bool = False) -> dict[str, Any]:
    """The calls so far, and if asked their end."""
    found: dict[str, Any] = say(record.url, "GET", "calls")
    if reset:
        say(record.url, "DELETE", "calls")
    return found


def fault(record: Record, kind: str, on: str, what: str, seconds: float = 0.0) -> Any:
    """Breaks a resolver (`on` a host or VPC), TLS or Astro's answers (`on` a VPC or "public") or an address."""
    if kind == "address":
        try:
            on = str(ip_address(on))
        except ValueError as error:
            raise LabError(f"{on} is not an address: {error}") from None
    elif kind == "dns" or on != PUBLIC:
        on = record.vpc_id(on)
    content = {"kind": kind, "on": on, "fault": what, "seconds": seconds}
    return say(record.url, "POST", "net/faults", content)


def aws_fault(record: Record, content: dict[str, Any]) -> Any:
    return say(record.url, "POST", "faults", content)


def heal(record: Record, kinds: Sequence[str] = ()) -> None:
    """Takes faults back: those of these kinds, or all."""
    if not set(kinds) <= set(FAULT_KINDS):
        raise LabError(f"heal knows {', '.join(FAULT_KINDS[:-1])} and {FAULT_KINDS[-1]}, not {', '.join(kinds)}.")
    if not kinds or "aws" in kinds:
        say(record.url, "DELETE", "faults")
    network = [kind for kind in kinds if kind != "aws"]
    if network or not kinds:
        say(record.url, "DELETE", "net/faults", {"kinds": network})


def requests(record: Record, *, reset: bool = False) -> list[dict[str, Any]]:
    """What reached Astro's front, and by which way."""
    found: list[dict[str, Any]] = say(record.url, "DELETE" if reset else "GET", "astro/requests")
    return found
