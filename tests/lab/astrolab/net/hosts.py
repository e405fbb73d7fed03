# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Agent hosts and pods: a process that holds a host's namespaces, and the files in /etc that only this host sees."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from pathlib import Path

from .namespaces import Namespace
from .plan import Container, HostFacts

# Where the usual distributions keep the certificates that everything trusts.
BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
# The machine's own name service must not answer in the place of the VPC's resolver.
SWITCH = "passwd: files\ngroup: files\nhosts: files dns\n"

_HOLD = """
set -e
while [ $# -gt 0 ]; do
    if [ -e "$2" ]; then mount --bind "$1" "$(readlink -f "$2")"; fi
    shift 2
done
if [ -d /run/nscd ]; then mount -t tmpfs nothing /run/nscd; fi
echo held
exec sleep infinity
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A running agent host."""

    pid: int
    namespace: Namespace
    resolv_conf: Path
    pid_namespace: str | None = None

    def end(self) -> None:
        """Where it has processes of its own, all of them end."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.namespace.close()


def start(name: str, address: IPv4Address, directory: Path, bundle: Path) -> Host:
    covers = _covers(name, address, directory, bundle, "")
    arguments = [str(item) for cover in covers for item in cover]
    holder = subprocess.Popen(
        ["unshare", "-n", "-m", "-u", "--", "/bin/sh", "-c", _HOLD, "hold", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    if holder.stdout is None or holder.stdout.readline().strip() != "held":
        raise RuntimeError(f"the agent host {name} could not be started; the lines above say why")
    holder.stdout.close()
    namespace = Namespace.of(holder.pid)
    namespace.run(lambda: socket.sethostname(name))
    return Host(pid=holder.pid, namespace=namespace, resolv_conf=covers[0][0])


def start_pod(name: str, address: IPv4Address, directory: Path, bundle: Path, container: Container) -> Host:
    covers = _covers(name, address, directory, bundle, container.resolv_conf)
    wanted = {
        "name": name,
        "covers": [[str(file), str(place)] for file, place in covers],
        "python": container.python,
        "read_only": container.read_only,
    }
    command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("container.py")), json.dumps(wanted)]
    said = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False).stdout
    if not said.strip().isdigit():
        raise RuntimeError(f"the pod {name} could not be started; the lines above say why")
    pid = int(said)
    namespace, pids = Namespace.of(pid), os.readlink(f"/proc/{pid}/ns/pid")
    return Host(pid=pid, namespace=namespace, resolv_conf=covers[0][0], pid_namespace=pids)


def _covers(name: str, address: IPv4Address, directory: Path, bundle: Path, resolver: str) -> list[tuple[Path, str]]:
    """Files of this host, the resolver's first, and what each is to cover."""
    directory.mkdir(parents=True, exist_ok=True)
    resolv_conf, hosts, switch = (directory / file for file in ("resolv.conf", "hosts", "nsswitch.conf"))
    resolv_conf.write_text(resolver)
    hosts.write_text(f"127.0.0.1 localhost\n{address} {name}\n")
    switch.write_text(SWITCH)
    return [
        *((resolv_conf, "/etc/resolv.conf"), (hosts, "/etc/hosts"), (switch, "/etc/nsswitch.conf")),
        *((bundle, place) for place in BUNDLES),
    ]


def tell_resolvers(host: Host, servers: Iterable[IPv4Address], domain: str) -> None:
    """In place: the file is mounted over /etc/resolv.conf, a new one of the same name would not be seen."""
    lines = [f"search {domain}", "options timeout:1 attempts:2", *(f"nameserver {server}" for server in servers)]
    host.resolv_conf.write_text("\n".join(lines) + "\n")


def outer_pids(daemon_namespace: str, inner: Iterable[int]) -> dict[int, int]:
    """Inner process ids as the machine outside sees them, for the processes of one process id namespace."""
    wanted, found = set(inner), {}
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):  # gone meanwhile, or another user's
                if os.readlink(process / "ns/pid") == daemon_namespace:
                    innermost = _innermost_pid((process / "status").read_text())
                    found[innermost] = int(process.name)
    return {pid: found[pid] for pid in wanted if pid in found}


def outer_pids_of_pods(namespaces: Iterable[str]) -> dict[str, int]:
    """The first process of each of these process id namespaces, as the machine outside sees it."""
    wanted, found = set(namespaces), {}
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                namespace = os.readlink(process / "ns/pid")
                if namespace in wanted and _innermost_pid((process / "status").read_text()) == 1:
                    found[namespace] = int(process.name)
    return found


def seen_from_outside(facts: Mapping[str, HostFacts], daemon_namespace: str | None) -> dict[str, HostFacts]:
    """The same facts with process ids of the machine outside; in loopback mode there are none."""
    if daemon_namespace is None:
        return dict(facts)
    pods = outer_pids_of_pods(each.pid_namespace for each in facts.values() if each.pid_namespace)
    hosts = outer_pids(daemon_namespace, (each.pid for each in facts.values() if each.pid and not each.pid_namespace))
    return {
        name: replace(each, pid=pods[each.pid_namespace] if each.pid_namespace else hosts[each.pid or 0])
        for name, each in facts.items()
    }


def _innermost_pid(status: str) -> int:
    line = next(line for line in status.splitlines() if line.startswith("NSpid:"))
    return int(line.split()[-1])
