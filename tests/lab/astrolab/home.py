# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a lab keeps its files, and whether it lives: it holds a lock for as long as any of it runs."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .kube.wanted import ClusterFacts
from .net.plan import HostFacts
from .shape import plain, read


class LabError(Exception):
    """Something a person should read as one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcFacts:
    id: str
    account: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What others need to know of a running lab."""

    name: str
    mode: str
    failed: tuple[str, ...]  # why better modes do not work here
    pid: int
    url: str
    topology: str
    cluster_host: str
    account: str
    region: str
    vpcs: Mapping[str, VpcFacts]
    hosts: Mapping[str, HostFacts]
    bundle: str
    clusters: Mapping[str, ClusterFacts] = field(default_factory=dict)

    def vpc_id(self, name: str) -> str:
        """The id of a VPC, said by its name, its id or one of its agent hosts."""
        if name in self.hosts:
            return self.hosts[name].vpc
        known = {key: vpc.id for key, vpc in self.vpcs.items()}
        if name not in known and name not in known.values():
            raise LabError(f"There is no VPC or agent host {name} in the lab; there are {', '.join(sorted(known))}.")
        return known.get(name, name)

    def kubeconfig(self, name: str, user: str) -> str:
        if name not in self.clusters:
            known = f"there are {', '.join(self.clusters)}" if self.clusters else "its topology has none"
            raise LabError(f"There is no cluster {name} in the lab; {known}.")
        files = self.clusters[name].kubeconfigs
        if user not in files:
            raise LabError(f"There is no user {user} of the cluster {name}; there are {', '.join(files)}.")
        return files[user]

    def host(self, name: str) -> HostFacts:
        if name not in self.hosts:
            raise LabError(f"There is no agent host {name} in the lab; there are {', '.join(sorted(self.hosts))}.")
        return self.hosts[name]


@dataclass(frozen=True, slots=True)
class Home:
    """The directory of one lab."""

    directory: Path

    @classmethod
    def of(cls, name: str) -> Home:
        if not name or any(not (letter.isalnum() or letter in "-_.") for letter in name) or name.startswith("."):
            raise LabError(f"{name!r} cannot be a lab's name: letters, digits, dash, dot and underscore can.")
        return cls(_base() / name)

    @property
    def name(self) -> str:
        return self.directory.name

    @property
    def log(self) -> Path:
        return self.directory / "log"

    @property
    def inventory(self) -> Path:
        return self.directory / "inventory.yml"

    def take(self) -> int:
        """The lock as an open file, which is handed to the lab; it is free again when the last process of it is gone."""
        with _alone():
            self.directory.mkdir(exist_ok=True, mode=0o700)
            lock = self._lock()
        if lock is None:
            raise LabError(f"The lab {self.name} is up already: `lab status` describes it, `lab down` ends it.")
        return lock

    def alive(self) -> bool:
        with _alone():
            return self._alive()

    def remove(self) -> None:
        """Only if nothing of it lives, for a new one of the same name may have begun."""
        with _alone():
            if not self._alive():
                shutil.rmtree(self.directory, ignore_errors=True)

    def _alive(self) -> bool:
        if not self.directory.exists():
            return False
        lock = self._lock()
        if lock is not None:
            os.close(lock)
        return lock is None

    def _lock(self) -> int | None:
        lock = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return lock

    def write_pid(self, pid: int) -> None:
        """Known before the record is, so that a lab that never got ready can be ended too."""
        (self.directory / "pid").write_text(str(pid))

    def pid(self) -> int:
        try:
            return int((self.directory / "pid").read_text())
        except (FileNotFoundError, ValueError):
            raise LabError(f"The lab {self.name} is just starting; try again in a moment.") from None

    def write(self, record: Record) -> None:
        draft = self.directory / "record.new"
        draft.write_text(json.dumps(plain(record), indent=1))
        draft.rename(self.directory / "record.json")

    def record(self) -> Record:
        try:
            content = (self.directory / "record.json").read_text()
        except FileNotFoundError:
            content = ""
        if not content or not self.alive():
            raise LabError(f"The lab {self.name} is not up; `lab up --name {self.name}` starts it.")
        return read(Record, json.loads(content), "record.json")


def homes() -> Iterator[Home]:
    base = _base()
    yield from (Home(path) for path in sorted(base.iterdir()) if path.is_dir()) if base.is_dir() else ()


def sweep() -> None:
    """Takes away what labs left that were killed."""
    for home in homes():
        home.remove()


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """For a moment no other process asks whether a lab lives: asking takes the lock that starting needs."""
    base = _base()
    base.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (base / ".lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        yield


def _base() -> Path:
    root = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(root) / f"astrolab-{os.getuid()}"
