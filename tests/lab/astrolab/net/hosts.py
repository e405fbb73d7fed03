# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Agent hosts: a process that holds a host's namespaces, and the files in /etc that only this host sees."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from .namespaces import Namespace

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


def start(name: str, address: IPv4Address, directory: Path, bundle: Path) -> Host:
    directory.mkdir(parents=True, exist_ok=True)
    resolv_conf, hosts, switch = (directory / file for file in ("resolv.conf", "hosts", "nsswitch.conf"))
    resolv_conf.write_text("")
    hosts.write_text(f"127.0.0.1 localhost\n{address} {name}\n")
    switch.write_text(SWITCH)
    covers = [
        *((resolv_conf, "/etc/resolv.conf"), (hosts, "/etc/hosts"), (switch, "/etc/nsswitch.conf")),
        *((bundle, place) for place in BUNDLES),
    ]
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
    return Host(pid=holder.pid, namespace=namespace, resolv_conf=resolv_conf)


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


def _innermost_pid(status: str) -> int:
    line = next(line for line in status.splitlines() if line.startswith("NSpid:"))
    return int(line.split()[-1])
