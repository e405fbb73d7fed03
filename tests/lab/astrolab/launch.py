# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting and ending a lab: the best mode that the machine allows, the seeds, the network, the record."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from .home import Home, LabError, Record, VpcFacts, sweep
from .kube.wanted import ClusterFacts
from .net.hosts import seen_from_outside
from .net.plan import HostFacts
from .shape import plain, read
from .shell import FORGOTTEN
from .talk import say
from .topology import Topology

_LAB = Path(__file__).resolve().parent.parent
_PATIENCE = 30.0
_UNSHARE = ("unshare", "-u", "-n", "-m", "-p", "-f", "--mount-proc", "--kill-child")
# The first process of a process id namespace inherits orphans, and has to ask how they ended: a shell does.
_FIRST = ("/bin/sh", "-c", '"$@"; exit $?', "lab")
PREFIXES: dict[str, tuple[str, ...]] = {
    "rootless": (*_UNSHARE, "-U", "-r", *_FIRST),
    "root": (*_UNSHARE, *_FIRST),
    "loopback": (),
}
CANNOT_SHOW = {
    "rootless": "It shows everything.",
    "root": "It shows everything.",
    "loopback": "It cannot show resolv.conf, /etc/hosts, the system's own resolver and timing of lost packets in the "
    "kernel; names are asked at ports of 127.0.0.1 and addresses are dialled through an HTTP CONNECT proxy.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Started:
    process: subprocess.Popen[bytes]
    mode: str
    url: str
    failed: tuple[str, ...]  # why better modes do not work here


def up(home: Home, topology: Topology, file: Path, mode: str) -> Record:
    for name in FORGOTTEN:  # a profile that is not there would stop boto3 before it asks the lab
        os.environ.pop(name, None)
    sweep()
    lock = home.take()
    try:
        started = _start(home, lock, mode, [cluster.api for cluster in topology.clusters.values()])
        try:
            return _furnish(home, topology, file, started)
        except BaseException:
            started.process.kill()
            started.process.wait()
            raise
    finally:
        os.close(lock)


def down(home: Home) -> None:
    if not home.alive():
        raise LabError(f"The lab {home.name} is not up.")
    pid = home.pid()
    os.kill(pid, signal.SIGKILL)  # nothing needs to be said goodbye to: all of it ends with this process
    deadline = time.monotonic() + _PATIENCE
    while home.alive():
        if time.monotonic() > deadline:
            raise LabError(f"The lab {home.name} does not end; its process is {pid}.")
        time.sleep(0.01)
    home.remove()


def _start(home: Home, lock: int, mode: str, apis: Sequence[str]) -> _Started:
    modes, reasons = ([mode], []) if mode != "auto" else _modes()
    for each in modes:
        with contextlib.ExitStack() as stack:
            listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=256))
            clusters = [stack.enter_context(_api_socket(api)) for api in apis]
            process = _spawn(home, lock, each, listening, clusters)
            if process is not None:
                url = f"http://127.0.0.1:{listening.getsockname()[1]}"
                return _Started(process=process, mode=each, url=url, failed=tuple(reasons))
        reasons.append(f"{each}: {_last_line(home)}")
    raise LabError(f"The lab {home.name} could not start. " + "; ".join(reasons))


def _modes() -> tuple[list[str], list[str]]:
    """Those to try, the best first, and why others are not worth a try."""
    missing = [tool for tool in ("unshare", "nsenter") if shutil.which(tool) is None]
    if sys.platform != "linux" or missing:
        return ["loopback"], [f"rootless: there is no {missing[0]}" if missing else "rootless: this is not Linux"]
    return ["rootless", *(["root"] if os.geteuid() == 0 else []), "loopback"], []


def _api_socket(api: str) -> socket.socket:
    """Where the API server of a cluster is asked; or where nobody is, or where packets are lost."""
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    if api == "public":
        made.listen(128)
    elif api == "private":
        made.listen(0)  # the kernel drops what comes to a queue that is full, and nobody empties this one
        for _each in range(2):
            with socket.socket() as filling:
                filling.setblocking(False)
                filling.connect_ex(made.getsockname())
    return made


def _spawn(
    home: Home, lock: int, mode: str, listening: socket.socket, clusters: Sequence[socket.socket]
) -> subprocess.Popen[bytes] | None:
    """The process once it found that its mode works here, or nothing."""
    reading, writing = os.pipe()
    descriptors = [("socket", listening.fileno()), ("lock", lock), ("ready", writing)]
    descriptors += [("cluster", each.fileno()) for each in clusters]
    command = [
        *(*PREFIXES[mode], sys.executable, "-m", "astrolab.daemon", "--mode", mode, "--directory", str(home.directory)),
        *(word for name, descriptor in descriptors for word in (f"--{name}", str(descriptor))),
    ]
    environment = {key: value for key, value in os.environ.items() if not key.upper().endswith("_PROXY")}
    environment |= {"PYTHONPATH": os.pathsep.join(filter(None, (str(_LAB), os.environ.get("PYTHONPATH"))))}
    try:
        with home.log.open("wb") as log:
            process = subprocess.Popen(
                command,
                pass_fds=tuple(descriptor for _name, descriptor in descriptors),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=environment,
            )
    except FileNotFoundError as error:
        home.log.write_text(f"there is no command {error.filename}\n")
        return None
    finally:
        os.close(writing)
    home.write_pid(process.pid)
    if _becomes_ready(process, reading):
        return process
    process.kill()
    process.wait()
    return None


def _becomes_ready(process: subprocess.Popen[bytes], reading: int) -> bool:
    try:
        with os.fdopen(reading, "rb") as ready:
            return bool(select.select([ready], [], [], _PATIENCE)[0]) and ready.readline() == b"ready\n"
    except BaseException:
        process.kill()
        raise


def _furnish(home: Home, topology: Topology, file: Path, started: _Started) -> Record:
    from botocore.exceptions import BotoCoreError, ClientError  # boto3 loads while the double does

    from . import inventory, seed

    try:
        seeds = seed.plant(started.url, topology)
        built = say(started.url, "POST", "network", plain(seed.plan(topology, seeds)))
        clusters = say(started.url, "POST", "kube", [plain(each) for each in seeds.clusters.values()])
    except ClientError as error:
        raise LabError(f"AWS refuses what {file.name} asks for: {error}") from error
    except (BotoCoreError, LabError) as error:
        raise LabError(
            f"The lab {home.name} did not get ready: {error} Its log ends with: {_last_line(home)}"
        ) from error
    facts = {name: read(HostFacts, each, name) for name, each in built["hosts"].items()}
    vpcs = {
        name: VpcFacts(id=seeds.vpcs[name].id, account=topology.account_of(vpc), region=topology.region_of(vpc))
        for name, vpc in topology.vpcs.items()
    }
    record = Record(
        name=home.name,
        mode=started.mode,
        failed=started.failed,
        pid=started.process.pid,
        url=started.url,
        topology=str(file),
        cluster_host=topology.cluster.host,
        account=topology.account,
        region=topology.region,
        vpcs=vpcs,
        hosts=seen_from_outside(facts, built["pid_namespace"]),
        bundle=str(home.directory / "tls" / "bundle.pem"),
        clusters={name: read(ClusterFacts, each, name) for name, each in clusters.items()},
    )
    written = yaml.safe_dump(inventory.inventory(topology, seeds, record), sort_keys=False)
    home.inventory.write_text(f"# Written by the lab {home.name}; valid while it is up.\n{written}")
    say(started.url, "DELETE", "calls")  # what made the topology is nobody's call
    home.write(record)
    return record


def _last_line(home: Home) -> str:
    lines = home.log.read_text(errors="replace").split("\n") if home.log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
