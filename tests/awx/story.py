# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The acceptance on a controller: the pattern under a name of its own, every template, the workflow, a second run, and nothing left."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .api import Api, Row, Wrong

#: All kinds of objects that the pattern makes, in the order in which they can be removed.
KINDS = (
    "schedules",
    "workflow_job_templates",
    "job_templates",
    "inventories",
    "projects",
    "notification_templates",
    "credentials",
    "organizations",
    "execution_environments",
    "credential_types",
)
#: What runs Ansible, and the field that names its image.
_RUN = {
    "job_templates": "execution_environment",
    "projects": "default_environment",
    "inventory_sources": "execution_environment",
}
_NOT_COMPARED = {"Credentials", "Workflows"}
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, kw_only=True)
class Choices:
    """``pattern`` and ``answers`` are what somebody wrote for this controller; with ``changes`` links and restrictions are made."""

    host: str
    token: str
    name: str = "privatelink-acceptance"
    pattern: Mapping[str, Any]
    answers: Mapping[str, Any] = field(default_factory=dict)
    changes: bool = False
    replace: bool = False
    env: Mapping[str, str]

    @property
    def organization(self) -> str:
        return str(self.pattern.get("pattern_organization") or self.name)

    @property
    def given(self) -> dict[str, Any]:
        mine = {
            "pattern_name": self.name,
            "pattern_organization": self.organization,
            "pattern_credential_type": f"{self.name} API",
        }
        return {**self.pattern, **mine}

    @property
    def secrets(self) -> list[str]:
        names = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "ASTRO_API_TOKEN", "CONTROLLER_OAUTH_TOKEN")
        return [self.env[name] for name in names if self.env.get(name)]


@dataclass(frozen=True)
class Story:
    choices: Choices
    api: Api
    say: Callable[[str], None]

    def tell(self) -> None:
        self._nothing_of_that_name()
        try:
            self._apply()
            self._images()
            self._jobs()
            changed = self._apply() - _NOT_COMPARED
            if changed:
                raise Wrong(f"A second run changed {', '.join(sorted(changed))}.")
        finally:
            self.clean()

    # --- before and after

    def there(self) -> list[tuple[str, Row]]:
        rows = [(kind, row) for kind in KINDS for row in self.api.many(kind, name__startswith=self.choices.name)]
        return [(kind, row) for kind, row in rows if kind != "organizations" or row["name"] == self.choices.name]

    def _nothing_of_that_name(self) -> None:
        self.api.ask("GET", "ping/")
        if (found := self.there()) and not self.choices.replace:
            names = ", ".join(sorted({row["name"] for _kind, row in found})[:5])
            raise Wrong(
                f"Nothing was made: there are objects of that name: {names}. Set ACCEPT_NAME to another one, or REPLACE=yes to remove them."
            )
        self.clean()

    def clean(self) -> None:
        for kind, row in self.there():
            self.say(f"Removing {kind} {row['name']}")
            self.api.gone(kind, row)

    # --- the playbook

    def _apply(self) -> set[str]:
        """Returns the tasks that changed something."""
        self.say("Applying the pattern")
        command = ["ansible-playbook", "astro.privatelink.awx", "-e", json.dumps(self.choices.given)]
        env = {
            **self.choices.env,
            "CONTROLLER_HOST": self.choices.host,
            "CONTROLLER_OAUTH_TOKEN": self.choices.token,
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_STDOUT_CALLBACK": "default",
        }
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=1800)
        self._no_secret("the playbook awx", done.stdout + done.stderr)
        if done.returncode:
            raise Wrong(f"The playbook awx failed:\n{(done.stdout + done.stderr)[-4000:]}")
        tasks = re.split(r"^TASK \[(.*?)\].*$", done.stdout, flags=re.MULTILINE)[1:]
        return {
            name
            for name, text in zip(tasks[::2], tasks[1::2], strict=True)
            if re.search(r"^changed: ", text, re.MULTILINE)
        }

    def _images(self) -> None:
        for kind, name in _RUN.items():
            for row in self.api.many(kind, name__startswith=self.choices.name):
                if not row[name]:
                    raise Wrong(f"{row['name']} ({kind}) does not name the image.")

    # --- the jobs

    def _jobs(self) -> None:
        changes = self.choices.changes
        self._job("preflight")
        self._job("setup", check=not changes)
        for name in ("verify", "drift"):
            self._job(name, lenient=not changes)  # where no link was made, they say so and fail
        self._job("harden", check=True, lenient=not changes)
        if changes:
            self._workflow()
        self._job("unharden", check=not changes, lenient=not changes)
        self._job("teardown", check=True, lenient=True)
        if changes:
            self._job("teardown")

    def _job(self, name: str, *, check: bool = False, lenient: bool = False) -> None:
        """Launches a template; with ``lenient`` it is enough that its plays ran."""
        self.say(f"Launching {name}{' as a check' if check else ''}")
        template = self.api.one("job_templates", f"{self.choices.name} {name}")
        prompts = {"job_type": "check" if check else "run", "extra_vars": self._answers("job_templates", template)}
        run = self.api.ask("POST", f"job_templates/{template['id']}/launch/", prompts)
        self._judge(name, self.api.ended("jobs", run["id"]), check, lenient)

    def _judge(self, name: str, run: Row, check: bool, lenient: bool) -> None:
        text = _COLOUR.sub("", self.api.output(run["id"]))
        self._no_secret(f"{name} (job {run['id']})", text + json.dumps(run.get("artifacts", {})))
        if "PLAY RECAP" not in text or (run["status"] != "successful" and not lenient):
            said = run.get("job_explanation") or text[-3000:]
            raise Wrong(f"{name} (job {run['id']}) is {run['status']}: {said}")
        if not check and "privatelink_result" not in run.get("artifacts", {}):
            raise Wrong(f"{name} (job {run['id']}) has no privatelink_result among its artifacts.")

    def _answers(self, kind: str, template: Row) -> dict[str, Any]:
        """What the survey requires, and what was answered; an API has to answer what has a default as well."""
        spec = self.api.ask("GET", f"{kind}/{template['id']}/survey_spec/").get("spec", [])
        required = {each["variable"]: each["default"] for each in spec if each["required"] and each["default"] != ""}
        asked = {each["variable"] for each in spec}
        return {**required, **{name: value for name, value in self.choices.answers.items() if name in asked}}

    def _workflow(self) -> None:
        self.say("Launching the workflow")
        template = self.api.one("workflow_job_templates", self.choices.name)
        prompts = {"extra_vars": self._answers("workflow_job_templates", template)}
        run = self.api.ask("POST", f"workflow_job_templates/{template['id']}/launch/", prompts)
        self._approve(run["id"])
        done = self.api.ended("workflow_jobs", run["id"])
        if done["status"] != "successful":
            raise Wrong(f"The workflow (job {run['id']}) is {done['status']}.")

    def _approve(self, workflow: int) -> None:
        """Waits for the approval, reads the plan before it, and approves."""
        until = time.monotonic() + self.api.patience
        while True:
            nodes = {each["identifier"]: each for each in self.api.many(f"workflow_jobs/{workflow}/workflow_nodes")}
            approval = nodes.get("approval", {}).get("job")
            if approval and self.api.ask("GET", f"workflow_approvals/{approval}/")["status"] == "pending":
                break
            if self.api.ask("GET", f"workflow_jobs/{workflow}/")["finished"] or time.monotonic() > until:
                raise Wrong(f"The workflow (job {workflow}) did not come to its approval.")
            time.sleep(self.api.pause)
        plan = _COLOUR.sub("", self.api.output(nodes["plan"]["job"]))
        if not re.search(r"^  [+ ] \d+\.\d+\.\d+\.\d+", plan, re.MULTILINE) and "Plan:" in plan:
            raise Wrong("The plan does not show which ranges come.")
        self.say("Approving")
        self.api.ask("POST", f"workflow_approvals/{approval}/approve/", {})

    def _no_secret(self, where: str, text: str) -> None:
        if any(secret in text for secret in self.choices.secrets):
            raise Wrong(f"A secret is in the output of {where}.")


def choices_of(environ: Mapping[str, str], load: Callable[[Path], Any]) -> Choices:
    """What the environment of `make awx-acceptance` says."""
    missing = [name for name in ("CONTROLLER_HOST", "CONTROLLER_OAUTH_TOKEN", "PATTERN") if not environ.get(name)]
    if missing:
        raise Wrong(
            f"Set {', '.join(missing)}. PATTERN is a file with pattern_ee_image, pattern_scm_url and other variables of "
            "extensions/patterns/privatelink/setup.yml."
        )
    for name in ("CHANGES", "REPLACE"):
        if environ.get(name, "") not in {"", "yes"}:
            raise Wrong(f"{name} is {environ[name]!r}; it is yes, or not set.")
    answers = environ.get("ANSWERS")
    return Choices(
        host=environ["CONTROLLER_HOST"],
        token=environ["CONTROLLER_OAUTH_TOKEN"],
        name=environ.get("ACCEPT_NAME") or Choices.name,
        pattern=load(Path(environ["PATTERN"])),
        answers=load(Path(answers)) if answers else {},
        changes=environ.get("CHANGES") == "yes",
        replace=environ.get("REPLACE") == "yes",
        env=dict(environ),
    )
