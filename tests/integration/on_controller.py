# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of a controller whose jobs run on a lab, a repository of a fleet as docs/awx.md says, and the playbook that sets it up."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import controller
from astrolab.lab import Lab
from awx.double.jobs import Launch, Outcome
from awx.double.server import Double, User, running
from running import COLLECTIONS, ROOT

#: What docs/awx.md says to type, by what begins the block, and the files that it says to write.
PAGE = (ROOT / "docs/awx.md").read_text()
FILES = {
    name: textwrap.dedent(text)
    for name, text in re.findall(r"^ *```yaml\n *# (inventory/\S+)\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)
}
(APPLY,) = re.findall(r"\$ (ansible-playbook astro\.privatelink\.awx (?:.*\\\n)*.*)", PAGE)
(COMMANDS,) = re.findall(r"```console\n *(\$ git init fleet.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)
GIVEN = dict(re.findall(r"-e (pattern_\w+)=(\S+)", APPLY))
IMAGE = GIVEN["pattern_ee_image"]
#: What AWX's own image says, and one with a new ansible-core that lacks the collection.
_TOO_OLD = (
    "Python 3.9.18 (/usr/bin/python3.9): 3.11 or newer is needed. ansible-core 2.15.13: 2.17.0 or newer is needed."
)
_NO_PLUGIN = "[WARNING]: Failed to parse inventory with 'yaml' plugin: Plugin configuration YAML file"
#: The tokens of a system administrator, and of an administrator of one organization.
ADMIN, OF_ONE = "token-of-admin", "token-of-one"
USERS = {ADMIN: User(name="admin", system=True), OF_ONE: User(name="one", organizations=frozenset({"Fleet"}))}


@dataclass
class OnLab:
    """What runs in images, on a lab. Without a lab, inventories are what ``found`` says, and no job can run."""

    place: Path
    lab: Lab | None = None
    found: dict[str, Any] = field(default_factory=lambda: {"_meta": {"hostvars": {}}})
    images: set[str] = field(default_factory=lambda: {IMAGE})
    synchronised: list[str] = field(default_factory=list)  # what inventory updates brought
    kept: str = ""  # everything that a controller keeps of jobs
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def run(self, launch: Launch) -> Outcome:
        if launch.image not in self.images:
            return Outcome(rc=1, text=_TOO_OLD)
        options = ["--check"] * launch.check + ["--diff"] * launch.diff + ["--limit", launch.limit] * bool(launch.limit)
        spec = {
            "inventory": launch.inventory,
            "answers": launch.answers,
            "env": {**self._around(), **launch.env},
            "cmdline": " ".join(options),
        }
        private = controller.private_data(self.place / str(next(self._numbers)), launch.project, spec)
        done = controller.run(private, launch.playbook)
        self.kept += done.kept
        return Outcome(rc=done.rc, text=done.text, artifacts=done.handed_on if done.ended else {})

    def inventory(self, image: str, project: Path, path: str, env: Mapping[str, str]) -> tuple[int, str]:
        if image not in self.images:
            return 1, _TOO_OLD if "awx-ee" in image else _NO_PLUGIN
        if self.lab is None:
            return 0, json.dumps(self.found)
        command = [str(controller.BIN / "ansible-inventory"), "-i", path, "--list", "--export"]
        more = {
            "PATH": f"{controller.BIN}:/usr/bin:/bin",
            "HOME": "/nonexistent",
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
        }
        done = subprocess.run(
            command,
            cwd=project,
            env={**more, **self._around(), **env},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        self.synchronised.append(done.stdout)
        return done.returncode, done.stdout if done.returncode == 0 else done.stdout + done.stderr

    def _around(self) -> dict[str, str]:
        assert self.lab is not None
        names = (
            "ANSIBLE_CONNECTION_PLUGINS",
            "NO_PROXY",
            "no_proxy",
            "AWS_ENDPOINT_URL",
            "AWS_EC2_METADATA_DISABLED",
            "AWS_CONFIG_FILE",
            "AWS_SHARED_CREDENTIALS_FILE",
        )
        return {**{name: self.lab.env[name] for name in names}, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS)}


class Fleet:
    """The repository of a fleet, made by the commands of docs/awx.md."""

    def __init__(self, place: Path) -> None:
        self.place = place
        script = re.sub(r"^ *\$ ", "", COMMANDS, flags=re.MULTILINE).replace("fleet", place.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        quiet = {"PATH": os.environ["PATH"], "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "init.defaultBranch"}
        env = {**quiet, "GIT_CONFIG_VALUE_0": "main", "HOME": str(place.parent)}
        subprocess.run(
            ["bash", "-e", "-c", script], cwd=place.parent, env=env, check=True, capture_output=True, timeout=60
        )
        self.commit(FILES)

    @property
    def url(self) -> str:
        return f"file://{self.place}"

    def commit(self, files: Mapping[str, str]) -> str:
        """Files with their content, which replace those of the same name; returns the revision."""
        for name, content in files.items():
            (self.place / name).parent.mkdir(parents=True, exist_ok=True)
            (self.place / name).write_text(content)
        self._git("add", "-A")
        self._git("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "-m", "Change")
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=self.place, check=True, capture_output=True, text=True).stdout


@dataclass(frozen=True)
class Applied:
    """How the playbook ended: what each task said of each object, and all that was on the terminal."""

    rc: int
    text: str
    tasks: list[dict[str, Any]]

    @property
    def changed(self) -> set[str]:
        return {task["task"] for task in self.tasks if task["result"].get("changed")}


@dataclass(frozen=True)
class Controller:
    double: Double
    images: OnLab
    fleet: Fleet
    place: Path

    def apply(self, *, token: str = ADMIN, env: Mapping[str, str] | None = None, **pattern: Any) -> Applied:
        """The playbook as docs/awx.md says; ``pattern`` are further variables, without their prefix."""
        given = {
            **GIVEN,
            "pattern_scm_url": self.fleet.url,
            **{f"pattern_{name}": value for name, value in pattern.items()},
        }
        results = self.place / "results.jsonl"
        results.unlink(missing_ok=True)
        around = {
            "HOME": str(self.place),
            "PATH": f"{controller.BIN}:/usr/bin:/bin",
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_CONFIG": str(ROOT / "tests/integration/ansible.cfg"),
            "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/integration/callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "results",
            "ANSIBLE_NOCOLOR": "1",
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_PIPELINING": "1",
            "PLAY_RESULTS": str(results),
            "CONTROLLER_HOST": self.double.url,
            "CONTROLLER_OAUTH_TOKEN": token,
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        keys = {"AWS_ACCESS_KEY_ID": "111111111111", "AWS_SECRET_ACCESS_KEY": "not-for-eyes-aws"}
        command = ["ansible-playbook", "astro.privatelink.awx", "-e", json.dumps(given)]
        done = subprocess.run(
            command,
            env={**around, **(keys if env is None else env)},
            cwd=self.place,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        lines = results.read_text().splitlines() if results.exists() else []
        return Applied(done.returncode, done.stdout + done.stderr, [json.loads(line) for line in lines])


@contextmanager
def controlled(place: Path, lab: Lab | None = None) -> Iterator[Controller]:
    images = OnLab(place=place / "jobs", lab=lab)
    with running(images, place / "projects", USERS) as double:
        yield Controller(double, images, Fleet(place / "fleet"), place)
