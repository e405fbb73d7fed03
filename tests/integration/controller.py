# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as an automation controller runs them, without one: its directories, its variables, its credentials, its runner.

How the parts look was observed on the code of AWX 24.6.1. What it does not show: the server itself, images, permissions.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from awx_plugins.credentials.injectors import aws
from awx_plugins.interfaces._temporary_private_credential_api import Credential
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from running import COLLECTIONS, ROOT

BIN = Path(sys.executable).parent
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Job:
    """A finished job."""

    rc: int
    text: str
    events: list[dict[str, Any]]

    @property
    def kept(self) -> str:
        """What a controller keeps of it. The runner's own note of the environment is masked by the controller itself."""
        return self.text + json.dumps(self.events)

    @property
    def ended(self) -> bool:
        """Whether the play came to its end, well or not."""
        return any(event["event"] == "playbook_on_stats" for event in self.events)

    @property
    def changed(self) -> set[str]:
        """The tasks that changed something, or would have."""
        data = [event["event_data"] for event in self.events if event["event"] in {"runner_on_ok", "runner_item_on_ok"}]
        return {each["task"] for each in data if each["res"].get("changed")}

    @property
    def handed_on(self) -> dict[str, Any]:
        """What becomes extra variables of the jobs that follow in a workflow."""
        (stats,) = [event["event_data"] for event in self.events if event["event"] == "playbook_on_stats"]
        return dict(stats.get("artifact_data", {}))


def checkout(place: Path) -> Path:
    """The repository as a project's clone has it: what git knows, nothing else."""
    command = ["git", "ls-files", "-z", "-co", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)
    return place


def install(project: Path, place: Path) -> str:
    """What a project update does with collections/requirements.yml. amazon.aws is there, as in a controller's image."""
    amazon = place / "image/ansible_collections/amazon"
    amazon.parent.mkdir(parents=True)
    amazon.symlink_to(COLLECTIONS / "ansible_collections/amazon")
    command = [str(BIN / "ansible-galaxy"), "collection", "install", "--offline"]
    command += ["-r", "collections/requirements.yml", "-p", str(place / "requirements_collections")]
    env = {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(place), "ANSIBLE_COLLECTIONS_PATH": str(place / "image")}
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return f"{place}/requirements_collections:{place}/image"


def aws_credential(**inputs: str) -> dict[str, str]:
    """The environment that AWX's own credential type makes of its fields."""
    env: dict[str, str] = {}
    aws(Credential(dict(inputs)), env, "")
    return env


def custom_credential(injectors: Mapping[str, Any], **inputs: str) -> dict[str, str]:
    """The same for a type of one's own: fields that are left empty are not defined in its templates."""
    given = {key: value for key, value in inputs.items() if value}
    jinja = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    return {name: jinja.from_string(template).render(**given) for name, template in injectors["env"].items()}


def dealt(groups: Mapping[str, Any], number: int, count: int) -> list[str]:
    """The hosts of one slice: all are dealt in turn, by name."""
    names = sorted({name for group in groups.values() for name in group["hosts"]})
    return names[number::count]


def private_data(place: Path, project: Path, job: Mapping[str, Any], only: Iterable[str] | None = None) -> Path:
    """A job's directory: ``job`` has its inventory, answers, environment and command line; a slice sees its hosts ``only``.

    An inventory with ``_meta`` is one that was synchronised from a source, and is handed on as it is.
    """
    for folder in ("inventory", "env"):
        (place / folder).mkdir(parents=True)
    (place / "project").symlink_to(project)
    script = place / "inventory/hosts"
    hosts = json.dumps(job["inventory"] if "_meta" in job["inventory"] else _script(job["inventory"], only))
    script.write_text(f"#!{sys.executable}\nprint({hosts!r})\n")
    script.chmod(0o700)
    (place / "env/extravars").write_text(_unsafe(job["answers"]))
    (place / "env/envvars").write_text(json.dumps(job["env"]))
    (place / "env/settings").write_text(json.dumps({"suppress_env_files": True}))
    (place / "env/cmdline").write_text(job.get("cmdline", ""))
    return place


def _script(inventory: Mapping[str, Any], only: Iterable[str] | None) -> dict[str, Any]:
    hosts = {name: known for group in inventory["groups"].values() for name, known in group["hosts"].items()}
    seen = sorted(hosts if only is None else set(only))
    groups = {
        name: {"hosts": [host for host in seen if host in group["hosts"]], "vars": group.get("vars", {})}
        for name, group in inventory["groups"].items()
    }
    marks = [dict.fromkeys((f"remote_{who}_enabled" for who in ("host", "tower")), True) for _unused in seen]
    ids = [{f"remote_{who}_id": number for who in ("host", "tower")} for number, _unused in enumerate(seen, 1)]
    known = {name: {**mark, **number, **hosts[name]} for name, mark, number in zip(seen, marks, ids, strict=True)}
    return {
        "all": {"children": sorted(groups), "vars": inventory["vars"]},
        **{name: group for name, group in groups.items() if group["hosts"]},
        "_meta": {"hostvars": known},
    }


def _unsafe(answers: Mapping[str, Any]) -> str:
    """Extra variables as a controller writes them, with what it tells every job."""
    about = {"job_id": 7, "job_template_name": "Astro PrivateLink", "user_name": "admin", "execution_node": "node1"}
    told = {f"{who}_{key}": value for who in ("awx", "tower") for key, value in about.items()}
    lines = [f"!unsafe {json.dumps(key)}: {_plain(value)}" for key, value in {**told, **answers}.items()]
    return "\n".join(["---", *lines, ""])


def _plain(value: Any) -> str:
    return f"!unsafe {json.dumps(value)}" if isinstance(value, str) else json.dumps(value)


def run(private: Path, playbook: str) -> Job:
    done = _runner(["run", str(private), "-p", playbook, "-i", "job"])
    return _job(done, private / "artifacts/job")


def run_apart(private: Path, playbook: str, out: Path) -> Job:
    """The way a controller sends jobs to its execution nodes: what crosses it has to fit into a stream."""
    out.mkdir()
    stream, back = out.with_suffix(".sent"), out.with_suffix(".back")
    for arguments, source, sink in (
        (["transmit", str(private), "-p", playbook, "-i", "job"], None, stream),
        (["worker", "--private-data-dir", str(out / "node")], stream, back),
    ):
        with sink.open("wb") as output, (source or Path("/dev/null")).open("rb") as given:
            subprocess.run(
                [str(BIN / "ansible-runner"), *arguments],
                stdin=given,
                stdout=output,
                check=True,
                env=_env(),
                timeout=300,
            )
    with back.open("rb") as given:
        command = [str(BIN / "ansible-runner"), "process", str(out), "-i", "job"]
        done = subprocess.run(command, stdin=given, env=_env(), capture_output=True, text=True, check=False, timeout=60)
    return _job(done, out / "artifacts/job")


def _env() -> dict[str, str]:
    return {"PATH": f"{BIN}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}


def _runner(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "ansible-runner"), *arguments]
    return subprocess.run(command, env=_env(), capture_output=True, text=True, check=False, timeout=300)


def _job(done: subprocess.CompletedProcess[str], artifacts: Path) -> Job:
    files = sorted((artifacts / "job_events").glob("*.json"), key=lambda path: int(path.name.split("-")[0]))
    rc = artifacts / "rc"
    events = [json.loads(path.read_text()) for path in files]
    said = _COLOUR.sub("", done.stdout + done.stderr)
    return Job(int(rc.read_text()) if rc.exists() else done.returncode, said, events)
