# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of ansible-playbook that begin fast: Ansible is loaded once, and each run is a fork of the process that did it.

A run is a process group of its own, with all that belongs to it, as if it had been started from a shell.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
KILLED = -signal.SIGKILL
_STEPS = (
    "check_prerequisites",
    "create_links",
    "verify_connection",
    "restrict_deployments",
    "tighten_endpoints",
    "remove_dns",
)
_SERVICES = ("ec2", "route53", "route53profiles", "route53resolver", "sts", "eks")


def of_ansible(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment in which Ansible of this virtual environment finds this checkout."""
    return {
        **environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
        "ANSIBLE_CONFIG": str(ROOT / "tests/integration/ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended; ``rc`` is negative where a signal ended it. ``seconds`` are CPU time. Errors are at the end of the text."""

    rc: int
    text: str
    seconds: float


class Run:
    """One that goes on."""

    def __init__(self, plays: Plays, pid: int) -> None:
        self._plays, self.pid = plays, pid

    def kill(self) -> None:
        """SIGKILL to all of it at once: Ansible's workers have sessions of their own, and would live on."""
        _kill(self.pid)

    def tell(self, number: signal.Signals) -> None:
        """A signal for the process group, as a terminal sends it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def wait(self, timeout: float) -> Ended:
        """Its end. One that takes longer is killed, and its text ends by saying so."""
        timer = threading.Timer(timeout, self.kill)
        timer.start()
        rc, seconds = self._plays.ended(self.pid)
        late = not timer.is_alive()
        timer.cancel()
        text = "".join(each.read_text(errors="replace") for each in (self._plays.out, self._plays.err) if each.exists())
        return Ended(rc, f"{text}\nKilled after {timeout} s." if late else text, seconds)


class Plays:
    """The process that has Ansible loaded. One run at a time; two at once take two of these."""

    def __init__(self, directory: Path, environ: Mapping[str, str]) -> None:
        """``environ`` has what Ansible reads as it is loaded: that of a lab."""
        self.out, self.err = directory / "out", directory / "err"
        directory.mkdir(parents=True, exist_ok=True)
        self.environ = {**of_ansible(environ), "ANSIBLE_LOCAL_TEMP": str(directory / "local")}
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            env=self.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=directory,
        )

    def start(
        self, arguments: Sequence[str], environ: Mapping[str, str], cwd: Path | None = None, apart: bool = False
    ) -> Run:
        """Begin a run; ``apart`` keeps what it writes to its standard error for the end of its text."""
        self.err.unlink(missing_ok=True)
        err = str(self.err if apart else self.out)
        wanted = {"arguments": list(arguments), "environ": dict(environ), "out": str(self.out), "err": err}
        self._say({**wanted, "cwd": str(cwd or self.out.parent)})
        return Run(self, int(self._hear()["pid"]))

    def ended(self, pid: int) -> tuple[int, float]:
        said = self._hear()
        assert said["pid"] == pid
        return int(said["rc"]), float(said["seconds"])

    def close(self) -> None:
        """It can be killed: what it keeps is in its directory."""
        self._process.kill()
        self._process.wait()

    def _say(self, content: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(content) + "\n")
        self._process.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        return dict(json.loads(self._process.stdout.readline()))


@contextlib.contextmanager
def loaded(directory: Path, environ: Mapping[str, str]) -> Iterator[Plays]:
    plays = Plays(directory, environ)
    try:
        yield plays
    finally:
        plays.close()


def _kill(pid: int) -> None:
    """From the top down: what is stopped starts nothing more."""
    family = [pid]
    for each in family:  # grows on the way
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGSTOP)
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{each}/task").iterdir():
                family += map(int, (task / "children").read_text().split())
    for each in family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


# --- in the process that has Ansible loaded


def _load() -> None:
    import ansible.cli.playbook
    import ansible.executor.playbook_executor
    import ansible.executor.process.worker
    import ansible.plugins.strategy.linear  # noqa: F401
    import boto3
    import kubernetes.stream  # noqa: F401  # a second of every step that meets pods
    from ansible.plugins.loader import init_plugin_loader
    from botocore.loaders import JSONFileLoader, Loader

    models = functools.cache(functools.partial(JSONFileLoader.load_file, JSONFileLoader()))
    services = functools.cache(Loader(include_default_search_paths=True).list_available_services)
    JSONFileLoader.load_file = lambda _self, path: models(path)  # type: ignore[method-assign, assignment]
    Loader.list_available_services = lambda _self, type_name: services(type_name)  # type: ignore[method-assign, assignment]
    init_plugin_loader()
    for name in _STEPS:
        importlib.import_module(f"ansible_collections.astro.privatelink.plugins.action.{name}")
    for service in _SERVICES:
        boto3.session.Session().client(
            service,  # type: ignore[call-overload]  # the name is a variable here
            region_name="us-east-1",
            aws_access_key_id="nobody",
            aws_secret_access_key="nothing",
        )


def _play(arguments: Sequence[str], environ: Mapping[str, str], out: str, err: str, cwd: str) -> int:
    os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    file = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    errors = file if err == out else os.open(err, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for here, there in ((nothing, 0), (file, 1), (errors, 2)):
        os.dup2(here, there)
    from ansible.cli.playbook import PlaybookCLI

    warnings.filterwarnings("ignore", "AnsibleCollectionFinder has already been configured")
    sys.argv = ["ansible-playbook", *arguments]
    try:
        PlaybookCLI.cli_executor(sys.argv)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _serve() -> None:
    _load()
    spent = sum(os.times()[2:4])
    for line in sys.stdin:
        wanted = json.loads(line)
        pid = os.fork()
        if not pid:
            os._exit(_play(**wanted))
        print(json.dumps({"pid": pid}), flush=True)
        _pid, status = os.waitpid(pid, 0)
        before, spent = spent, sum(os.times()[2:4])
        print(json.dumps({"pid": pid, "rc": os.waitstatus_to_exitcode(status), "seconds": spent - before}), flush=True)


if __name__ == "__main__":
    _serve()
