# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks and modules on a lab, as a user runs them, with their results as data."""

from __future__ import annotations

import atexit
import functools
import importlib
import io
import json
import os
import subprocess
import tempfile
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import plays
from ansible.module_utils.testing import patch_module_args
from ansible_collections.astro.privatelink.plugins.module_utils._aws import pace
from astrolab.lab import Lab
from botocore.loaders import JSONFileLoader, Loader

# Each module run makes its clients anew; looking for AWS's models and parsing them again for each would be most of the time.
_models = functools.cache(functools.partial(JSONFileLoader.load_file, JSONFileLoader()))
_services = functools.cache(Loader(include_default_search_paths=True).list_available_services)
JSONFileLoader.load_file = lambda _self, path: _models(path)
Loader.list_available_services = lambda _self, type_name: _services(type_name)

ROOT = Path(__file__).resolve().parents[2]
COLLECTIONS = ROOT / ".collections"


@dataclass(frozen=True, slots=True)
class Play:
    """A finished playbook run. ``results`` has one entry for each task and host."""

    rc: int
    text: str
    results: list[dict[str, Any]]

    @property
    def failed(self) -> dict[str, str]:
        """The message that each failed host failed with."""
        return {r["host"]: r["result"].get("msg", "") for r in self.results if r["status"] == "failed"}

    @property
    def changed(self) -> bool:
        return any(r["result"].get("changed") for r in self.results)

    def calls(self) -> list[tuple[str, str]]:
        """The plans of role setup's steps: (operation, VPC), in order."""
        answers = [one for r in self.results if "setup :" in r["task"] for one in r["result"].get("answers", [])]
        return [(call["operation"], ",".join(call["vpcs"])) for one in answers for call in one["calls"]]

    def table(self) -> dict[str, str]:
        """The verdict of each VPC in the table of role verify."""
        for r in self.results:
            if lines := r["result"].get("table"):
                return {line.split()[0]: line[lines[0].index("VERDICT") :] for line in lines[1:]}
        return {}


def environment(lab: Lab, **more: str) -> dict[str, str]:
    callback = {
        "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/integration/callback"),
        "ANSIBLE_CALLBACKS_ENABLED": "results",
    }
    return {**plays.of_ansible(lab.env), **callback, **more}


class _Loaded:
    """Ansible as a process that is loaded already, one for each worker of pytest: a play takes half the time then."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._plays: plays.Plays | None = None

    def run(self, lab: Lab, arguments: list[str], environ: Mapping[str, str], cwd: Path) -> plays.Ended:
        if self._plays is None:
            directory = tempfile.TemporaryDirectory(prefix="plays-")
            self._plays = plays.Plays(Path(directory.name), environment(lab))
            atexit.register(directory.cleanup)
            atexit.register(self._plays.close)
        return self._plays.start(arguments, environ, cwd, apart=True).wait(300)


_loaded = _Loaded()


def play(
    lab: Lab,
    tmp_path: Path,
    playbook: str,
    *arguments: str,
    file: Path | None = None,
    inventory: Path | None = None,
    **env: str,
) -> Play:
    """Run a playbook of the collection by its FQCN, or a ``file``, over the lab's inventory or another one."""
    results = tmp_path / "results.jsonl"
    results.unlink(missing_ok=True)
    hosts, name = str(inventory or lab.inventory), str(file or f"astro.privatelink.{playbook}")
    arguments = ("-i", hosts, name, *arguments)
    environ = environment(lab, PLAY_RESULTS=str(results), **env)
    rc, text = _run(lab, list(arguments), environ, tmp_path, loaded=not env)
    lines = results.read_text().splitlines() if results.exists() else []
    return Play(rc, text, [json.loads(line) for line in lines])


def _run(lab: Lab, arguments: list[str], environ: Mapping[str, str], cwd: Path, loaded: bool) -> tuple[int, str]:
    """A play of another environment, or beside another one, is a process of its own from the start."""
    if loaded and _loaded.lock.acquire(blocking=False):
        try:
            ended = _loaded.run(lab, arguments, environ, cwd)
        finally:
            _loaded.lock.release()
        return ended.rc, ended.text
    command = ["ansible-playbook", *arguments]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=300, check=False, cwd=cwd)
    return done.returncode, done.stdout + done.stderr


@contextmanager
def _environ(env: Mapping[str, str]) -> Iterator[None]:
    with mock.patch.dict(os.environ, env, clear=True):
        yield


def run_module(lab: Lab, module: str, *, check: bool = False, account: str = "", **params: Any) -> dict[str, Any]:
    """Run a module in this process, as it is: its own main(), its real AWS client, the lab's AWS."""
    main = importlib.import_module(f"ansible_collections.astro.privatelink.plugins.modules.{module}").main
    arguments = {**params, "_ansible_check_mode": check, "_ansible_remote_tmp": "/tmp", "_ansible_diff": True}
    env = {**lab.env, **({"AWS_ACCESS_KEY_ID": account} if account else {})}
    out = io.StringIO()
    pace.PACERS.forget()  # a module is a process of its own, and knows nothing of those before it
    with _environ(env), patch_module_args(arguments), redirect_stdout(out), suppress(SystemExit):
        main()
    return dict(json.loads(out.getvalue().splitlines()[-1]))


def settings(lab: Lab, **values: Any) -> None:
    """Change how the lab's AWS behaves, for example ``acceptance_seconds=None``: nobody accepts an endpoint."""
    body = json.dumps(values).encode()
    request = urllib.request.Request(f"{lab.record.url}/_lab/settings", body, method="PATCH")
    urllib.request.urlopen(request, timeout=10).close()
