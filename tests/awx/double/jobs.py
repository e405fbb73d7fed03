# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a controller does with its objects: updates of projects and inventories, jobs, workflows. README.md has the sources.

What runs in an image is somebody else's business: see `Images`.
"""

from __future__ import annotations

import datetime
import json
import re
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import yaml
from awx_plugins.credentials.injectors import aws
from awx_plugins.interfaces._temporary_private_credential_api import Credential
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from .notices import told
from .objects import Row, Store, Wrong

#: AWX's own image, which jobs get that are not told another.
STOCK = "ansible/awx-ee:24.6.1"
_PLAYBOOK = re.compile(r"^\s*-?\s*(?:ansible\.builtin\.)?(?:hosts|include|import_playbook):")
_NO_PLAYBOOKS = {"roles", "tasks", "group_vars", "host_vars"}


@dataclass(frozen=True, kw_only=True)
class Launch:
    """A job as it comes to an image."""

    image: str
    project: Path
    playbook: str
    inventory: dict[str, Any]
    answers: dict[str, Any]
    env: dict[str, str]
    check: bool = False
    diff: bool = False
    limit: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    rc: int
    text: str
    artifacts: dict[str, Any] = field(default_factory=dict)


class Images(Protocol):
    """What runs in images: jobs, and `ansible-inventory --list --export`."""

    def run(self, launch: Launch) -> Outcome: ...

    def inventory(self, image: str, project: Path, path: str, env: Mapping[str, str]) -> tuple[int, str]: ...


class Jobs:
    def __init__(self, store: Store, images: Images, place: Path) -> None:
        self.store, self.images, self.place = store, images, place
        self.texts: dict[int, str] = {}
        self.sent: list[dict[str, Any]] = []  # notifications
        self._decided = threading.Condition(store.lock)
        self._last: dict[int, float] = {}

    # --- what all runs have

    def _begin(self, kind: str, /, **given: Any) -> Row:
        with self.store.lock:
            return self.store.make(kind, status="running", **given)

    def _end(self, run: Row, status: str, text: str = "", **more: Any) -> Row:
        with self.store.lock:
            self.texts[run["id"]] = text
            now = datetime.datetime.now(datetime.UTC).isoformat()
            run.update({"status": status, "failed": status != "successful", "finished": now, **more})
            self._decided.notify_all()
        return run

    def image(self, *rows: Row | None) -> str:
        """The image that a run takes: of the source or template, the project's, the organization's, the controller's."""
        own, project, organization = rows
        for row, name in (
            (own, "execution_environment"),
            (project, "default_environment"),
            (organization, "default_environment"),
        ):
            if row and (there := self.store.row_of(row, name)):
                return str(there["image"])
        return STOCK

    # --- projects

    def folder(self, project: Row) -> Path:
        return self.place / f"_{project['id']}"

    def update_project(self, project: Row) -> Row:
        """A clone or a pull; playbooks are offered from the revision of the last one that went well."""
        run = self._begin("project_updates", project=project["id"], name=project["name"])
        folder = self.folder(project)
        url, branch = project["scm_url"], project["scm_branch"]
        steps = (
            [["git", "clone", "-q", url, str(folder)]]
            if not folder.exists()
            else [["git", "-C", str(folder), "fetch", "-q"]]
        )
        steps.append(["git", "-C", str(folder), "checkout", "-q", "--detach", f"origin/{branch or 'HEAD'}"])
        for step in steps:
            done = subprocess.run(step, capture_output=True, text=True, check=False, timeout=60)
            if done.returncode:
                self._end(run, "failed", done.stdout + done.stderr)
                project["status"] = "failed"
                return run
        head = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=60
        )
        project.update(status="successful", scm_revision=head.stdout.strip())
        self._last[project["id"]] = time.monotonic()
        return self._end(run, "successful", scm_revision=project["scm_revision"])

    def playbooks(self, project: Row) -> list[str]:
        if not project["scm_revision"]:
            return []
        folder = self.folder(project)
        files = sorted(path for path in folder.rglob("*") if path.suffix in {".yml", ".yaml"} and path.is_file())
        names = [path.relative_to(folder) for path in files]
        return [
            str(name)
            for name in names
            if not any(part in _NO_PLAYBOOKS or part.startswith(".") for part in name.parts[:-1])
            and any(map(_PLAYBOOK.match, (folder / name).read_text().splitlines()))
        ]

    # --- inventories

    def update_source(self, source: Row) -> Row:
        run = self._begin("inventory_updates", inventory_source=source["id"], name=source["name"])
        project = self.store.row_of(source, "source_project")
        inventory = self.store.get("inventories", source["inventory"])
        organization = self.store.row_of(inventory, "organization")
        if project and self._stale(project, "scm_update_on_launch", "scm_update_cache_timeout"):
            self.update_project(project)
        if project is None or not project["scm_revision"]:
            return self._end(run, "failed", "The project has no revision.")
        credential = self.store.row_of(source, "credential")
        env = self.environment([credential] if credential else [])
        image = self.image(source, project, organization)
        rc, text = self.images.inventory(image, self.folder(project), source["source_path"], env)
        if rc:
            source["status"] = "failed"
            return self._end(run, "failed", text)
        with self.store.lock:
            self._import(source, inventory, json.loads(text))
        source["status"] = "successful"
        self._last[source["id"]] = time.monotonic()
        return self._end(run, "successful")

    def _import(self, source: Row, inventory: Row, found: dict[str, Any]) -> None:
        """What a source brings goes into the inventory: variables are merged, unless they are to be overwritten."""
        hostvars = found.pop("_meta", {}).get("hostvars", {})
        everywhere = found.pop("all", {})
        wanted = {name: group for name, group in found.items() if name != "ungrouped"}
        if everywhere.get("vars"):
            inventory["variables"] = json.dumps({**parsed(inventory["variables"]), **everywhere["vars"]})
        names = {name for group in wanted.values() for name in group.get("hosts", [])} | set(hostvars)
        if source["overwrite"]:
            for kind, kept in (("hosts", names), ("groups", set(wanted))):
                for row in self.store.listed(source, kind):
                    if row["name"] not in kept:
                        self.store.remove(row)
        hosts = {name: self._imported("hosts", name, source, hostvars.get(name, {})) for name in sorted(names)}
        for name, group in wanted.items():
            row = self._imported("groups", name, source, group.get("vars", {}))
            members = {hosts[each]["id"] for each in group.get("hosts", [])}
            others = set(row["_hosts"]) - (set(source["_hosts"]) if source["overwrite"] else set())
            row["_hosts"] = sorted(members | others)

    def _imported(self, kind: str, name: str, source: Row, variables: Mapping[str, Any]) -> Row:
        there = {"name": name, "inventory": source["inventory"]}
        rows = [row for row in self.store.of(kind) if all(row[key] == value for key, value in there.items())]
        row = rows[0] if rows else self.store.make(kind, **there)
        before = {} if source["overwrite_vars"] else parsed(row["variables"])
        row["variables"] = json.dumps({**before, **variables})
        if row["id"] not in source[f"_{kind}"]:
            source[f"_{kind}"].append(row["id"])
        return row

    def hosts_and_groups(self, inventory: Row) -> dict[str, Any]:
        """An inventory as jobs get it."""
        hosts = {row["id"]: row for row in self.store.of("hosts") if row["inventory"] == inventory["id"]}
        groups = {}
        for row in self.store.of("groups"):
            if row["inventory"] == inventory["id"]:
                members = {hosts[number]["name"]: parsed(hosts[number]["variables"]) for number in row["_hosts"]}
                groups[row["name"]] = {"vars": parsed(row["variables"]), "hosts": members}
        return {"vars": parsed(inventory["variables"]), "groups": groups}

    def _stale(self, row: Row, switch: str, patience: str) -> bool:
        last = self._last.get(row["id"])
        return bool(row[switch]) and (last is None or time.monotonic() > last + row[patience])

    # --- credentials

    def environment(self, credentials: list[Row]) -> dict[str, str]:
        env: dict[str, Any] = {}
        for row in credentials:
            kind = self.store.get("credential_types", row["credential_type"])
            given: dict[str, Any] = {key: value for key, value in self.store.plain(row).items() if value}
            if kind["namespace"] == "aws":
                aws(Credential(given), env, "")
            jinja = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
            for name, text in kind["injectors"].get("env", {}).items():
                env[name] = jinja.from_string(text).render(**given)
        return env

    # --- surveys and prompts

    def answers(self, template: Row, given: Mapping[str, Any]) -> dict[str, Any]:
        """Extra variables of a launch: the template's, defaults of the survey, answers. Others are dropped."""
        spec = self.store.surveys.get(template["id"], {}).get("spec", []) if template["survey_enabled"] else []
        asked = {question["variable"]: question for question in spec}
        wrong = [text for question in spec for text in complaints(question, given)]
        if wrong:
            raise Wrong(400, {"variables_needed_to_start": wrong})
        defaults = {
            name: question["default"]
            for name, question in asked.items()
            if question.get("default") is not None and not complaints(question, {name: question["default"]})
        }
        taken = {name: value for name, value in given.items() if name in asked}
        return {**parsed(template["extra_vars"]), **defaults, **taken}

    # --- jobs

    def launch(self, template: Row, given: Mapping[str, Any], handed_on: Mapping[str, Any] | None = None) -> Row:
        """A job, which runs meanwhile. Prompts that the template does not ask for are dropped; ``handed_on`` are the artifacts of the
        jobs before it in a workflow, which are extra variables whether it asks for them or not."""
        prompts = {
            name: given[name]
            for name in ("job_type", "diff_mode", "limit")
            if name in given and template[f"ask_{name}_on_launch"]
        }
        kept = {name: template[name] for name in ("job_type", "diff_mode", "limit")}
        extra = {**(handed_on or {}), **self.answers(template, parsed(given.get("extra_vars", {})))}
        run = self._begin(
            "jobs",
            job_template=template["id"],
            name=template["name"],
            extra_vars=json.dumps(extra),
            **{**kept, **prompts},
        )
        threading.Thread(target=self._guarded, args=(self._work, run, template, extra), daemon=True).start()
        return run

    def _guarded(self, work: Any, run: Row, *given: Any) -> None:
        try:
            work(run, *given)
        except Exception as problem:  # a run ends in any case; its text says what is wrong with the double
            self._end(run, "error", f"{type(problem).__name__}: {problem}")

    def _work(self, run: Row, template: Row, extra: Mapping[str, Any]) -> None:
        with self.store.lock:
            project, inventory, organization = (
                self.store.row_of(template, name) for name in ("project", "inventory", "organization")
            )
        if project is None or inventory is None:
            self._end(run, "error", "The template has no project or no inventory.")
            return
        if self._stale(project, "scm_update_on_launch", "scm_update_cache_timeout"):
            self._needed(run, self.update_project(project))
        for source in [each for each in self.store.of("inventory_sources") if each["inventory"] == inventory["id"]]:
            if not run["finished"] and self._stale(source, "update_on_launch", "update_cache_timeout"):
                self._needed(run, self.update_source(source))
        if run["finished"]:
            return
        with self.store.lock:
            about = {
                "job_id": run["id"],
                "job_template_id": template["id"],
                "job_template_name": template["name"],
                "project_revision": project["scm_revision"],
            }
            launch = Launch(
                image=self.image(template, project, organization),
                project=self.folder(project),
                playbook=template["playbook"],
                inventory=self.hosts_and_groups(inventory),
                answers={
                    **{f"{who}_{key}": value for who in ("awx", "tower") for key, value in about.items()},
                    **extra,
                },
                env=self.environment(self.store.listed(template, "credentials")),
                check=run["job_type"] == "check",
                diff=bool(run["diff_mode"]),
                limit=run["limit"],
            )
        done = self.images.run(launch)
        self._end(
            run,
            "failed" if done.rc else "successful",
            done.text,
            artifacts=done.artifacts,
            scm_revision=project["scm_revision"],
        )
        self._tell(run, template, "error" if done.rc else "success")

    def _needed(self, run: Row, before: Row) -> None:
        if before["status"] != "successful":
            told = {"job_type": before["type"], "job_name": before["name"], "job_id": str(before["id"])}
            self._end(run, "failed", job_explanation=f"Previous Task Failed: {json.dumps(told)}")

    def _tell(self, run: Row, template: Row, event: str) -> None:
        """Notifications, each with the message and the body that its templates make of the job."""
        facts = {"job": run, "job_friendly_name": "Job", "url": f"/#/jobs/playbook/{run['id']}"}
        for each in self.store.listed(template, f"notification_templates_{event}"):
            texts = (each["messages"] or {}).get(event) or {}
            self.sent.append({"to": each["name"], **told(each["notification_type"], texts, facts)})

    # --- workflows

    def launch_workflow(self, template: Row, given: Mapping[str, Any]) -> Row:
        extra = self.answers(template, parsed(given.get("extra_vars", {})))
        run = self._begin(
            "workflow_jobs", workflow_job_template=template["id"], name=template["name"], extra_vars=json.dumps(extra)
        )
        with self.store.lock:
            nodes = [
                row
                for row in self.store.of("workflow_job_template_nodes")
                if row["workflow_job_template"] == template["id"]
            ]
            shadows = {
                node["id"]: self.store.make(
                    "workflow_job_nodes",
                    workflow_job=run["id"],
                    identifier=node["identifier"],
                    unified_job_template=node["unified_job_template"],
                )
                for node in nodes
            }
        threading.Thread(
            target=self._guarded, args=(self._walk, run, template, nodes, shadows, extra), daemon=True
        ).start()
        return run

    def _walk(
        self, run: Row, template: Row, nodes: list[Row], shadows: Mapping[int, Row], extra: Mapping[str, Any]
    ) -> None:
        """One node after the other, from those that none leads to. What jobs hand on goes to all that follow them."""
        led_to = {
            number for node in nodes for way in ("success", "failure", "always") for number in node[f"_{way}_nodes"]
        }
        waiting = [node for node in nodes if node["id"] not in led_to]
        handed_on: dict[str, Any] = {}
        well = True
        while waiting:
            node = waiting.pop(0)
            done = self._node(run, node, shadows[node["id"]], extra, handed_on)
            handed_on |= done.get("artifacts") or {}
            ended = "success" if done["status"] == "successful" else "failure"
            follow = [*node[f"_{ended}_nodes"], *node["_always_nodes"]]
            well = well and (ended == "success" or bool(follow))
            waiting += [self.store.get("workflow_job_template_nodes", number) for number in follow]
        self._end(run, "successful" if well else "failed")
        self._tell(run, template, "success" if well else "error")

    def _node(
        self, workflow: Row, node: Row, shadow: Row, extra: Mapping[str, Any], handed_on: Mapping[str, Any]
    ) -> Row:
        template = self.store.get("unified_job_templates", node["unified_job_template"])
        if template["type"] == "workflow_approval_template":
            run = self._begin("workflow_approvals", workflow_job=workflow["id"], name=template["name"])
            run.update(status="pending", description=template["description"])
            for each in self.store.listed(
                self.store.get("workflow_job_templates", workflow["workflow_job_template"]),
                "notification_templates_approvals",
            ):
                texts = ((each["messages"] or {}).get("workflow_approval") or {}).get("running") or {}
                facts = {"approval_node_name": template["name"], "workflow_url": f"/#/jobs/workflow/{workflow['id']}"}
                self.sent.append({"to": each["name"], **told(each["notification_type"], texts, facts)})
        else:
            prompts = {name: node[name] for name in ("job_type", "limit", "diff_mode") if node[name]}
            asked = {question["variable"] for question in self.store.surveys.get(template["id"], {}).get("spec", [])}
            given = {name: value for name, value in extra.items() if name in asked}
            run = self.launch(template, {**prompts, "extra_vars": given}, handed_on)
        shadow["job"] = run["id"]
        with self._decided:
            while not run["finished"]:
                self._decided.wait(timeout=1)
        return run

    def decide(self, approval: Row, approved: bool) -> None:
        if approval["status"] != "pending":
            raise Wrong(400, {"error": "This workflow step has already been approved or denied."})
        self._end(approval, "successful" if approved else "failed")


def parsed(text: Any) -> dict[str, Any]:
    """Variables, which are kept as JSON or YAML."""
    return dict(text) if isinstance(text, Mapping) else dict(yaml.safe_load(text or "{}") or {})


def complaints(question: Mapping[str, Any], data: Mapping[str, Any]) -> list[str]:
    """What is wrong with an answer."""
    name, kind = question["variable"], question["type"]
    if name not in data:
        return [f"'{name}' value missing"] if question["required"] else []
    value = data[name]
    if kind == "multiplechoice":
        choices = question["choices"]
        choices = choices.splitlines() if isinstance(choices, str) else choices
        return [] if value in choices else [f"Value {value} for '{name}' expected to be one of {choices}."]
    wanted = int if kind == "integer" else str
    if not isinstance(value, wanted) or isinstance(value, bool):
        return [f"Value {value} for '{name}' expected to be {'an integer' if wanted is int else 'a string'}."]
    size = int(value) if wanted is int else len(str(value))
    least, most = (question.get(bound) for bound in ("min", "max"))
    if least not in ("", None) and size < int(least or 0):
        return [f"'{name}' value {value} is too small (must be at least {least})."]
    if most not in ("", None) and size > int(most or 0):
        return [f"'{name}' value {value} is too large (must be no more than {most})."]
    return []
