# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pipelines in examples: their form is what GitHub and GitLab publish, and their commands do on the lab what they are there for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from astrolab.lab import Lab
from running import ROOT, environment

PIPELINES = ROOT / "examples/pipelines"
GITHUB = yaml.safe_load((PIPELINES / "github-actions.yml").read_text())["jobs"]
GITLAB = yaml.safe_load((PIPELINES / "gitlab-ci.yml").read_text())
JOBS = ("plan", "apply", "watch")

#: Stands for a program that sends something away: it keeps its arguments, and the files that it was to send.
STUB = """#!/usr/bin/env python3
import json, os, re, sys
files = [name for name in (re.sub("^body@", "", each) for each in sys.argv[1:]) if os.path.isfile(name)]
with open(os.environ["SENT"], "a") as sent:
    kept = {"program": os.path.basename(sys.argv[0]), "argv": sys.argv[1:], "files": {name: open(name).read() for name in files}}
    sent.write(json.dumps(kept) + chr(10))
sys.exit(int(os.environ.get("ENDS_" + sys.argv[3].rpartition(".")[2], "0")) if len(sys.argv) > 3 else 0)
"""


@pytest.mark.parametrize(
    ("file", "schema"), [("github-actions.yml", "vendor.github-workflows"), ("gitlab-ci.yml", "vendor.gitlab-ci")]
)
def test_their_form_is_the_one_that_is_published(file: str, schema: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(PIPELINES / file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_schema_would_refuse_another_form(tmp_path: Path) -> None:
    odd = tmp_path / "odd.yml"
    odd.write_text((PIPELINES / "github-actions.yml").read_text().replace("runs-on:", "runs_on:"))
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(odd)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1


# --- the commands


class Runner:
    """Runs the commands of jobs in a repository with an inventory, and keeps what would be sent away."""

    def __init__(self, directory: Path, env: Mapping[str, str], stubs: tuple[str, ...] = ("gh", "curl")) -> None:
        self.repository, self.sent = directory / "repository", directory / "sent"
        self.repository.mkdir()
        bin_directory = directory / "bin"
        bin_directory.mkdir()
        for name in stubs:
            (bin_directory / name).write_text(STUB)
            (bin_directory / name).chmod(0o755)
        self.outputs, self.summary = directory / "outputs", directory / "summary"
        self._env = {
            **env,
            "PATH": f"{bin_directory}:{env['PATH']}",
            "SENT": str(self.sent),
            "GITHUB_OUTPUT": str(self.outputs),
            "GITHUB_STEP_SUMMARY": str(self.summary),
        }

    def run(self, commands: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-e", "-c", commands],
            cwd=self.repository,
            env={**self._env, **env},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def github(self, job: str, **known: str) -> dict[str, subprocess.CompletedProcess[str]]:
        """The steps of a job that are commands of its own, by name; what expressions stand for is in ``known``."""
        return {step["name"]: self.run(step["run"], **_filled(step.get("env", {}), known)) for step in steps(job)}

    def kept(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.sent.read_text().splitlines()] if self.sent.exists() else []


def steps(job: str) -> list[dict[str, Any]]:
    return [step for step in GITHUB[job]["steps"] if "run" in step and step["name"] != "Install"]


def _filled(env: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """An environment with the values of its expressions. A name that nobody knows is an error of the test or of the example."""
    return {name: re.sub(r"\$\{\{ ([\w.]+) \}\}", lambda each: known[each[1]], text) for name, text in env.items()}


@pytest.fixture
def github(lab: Lab, tmp_path: Path) -> Iterator[Runner]:
    runner = Runner(tmp_path, environment(lab))
    (runner.repository / "inventory.yml").write_text(lab.inventory.read_text())
    yield runner
    lab.heal()


def test_a_change_is_planned_approved_applied_and_watched(lab: Lab, github: Runner) -> None:
    known = {
        "github.token": "token",
        "github.event.pull_request.number": "7",
        "vars.PUSHGATEWAY_URL": "http://gateway.example",
    }
    planned = github.github("plan", **known)
    assert {name: done.returncode for name, done in planned.items()} == {"Plan": 0, "Comment": 0}, planned
    (comment,) = github.kept()
    assert comment["argv"][:3] == ["pr", "comment", "7"]
    (text,) = comment["files"].values()
    assert "external.astronomer.run" in text
    assert text == github.summary.read_text()
    assert re.fullmatch(r"calls=[1-9]\d*\n", github.outputs.read_text())

    (github.repository / "privatelink-report").rename(github.repository / "approved")  # the artifact, in another job
    assert not lab.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    (applied,) = github.github("apply").values()
    assert applied.returncode == 0, applied.stdout
    assert applied.stdout.count("works") >= 3

    # Later, a link breaks.
    (address, *_others) = lab.look("payments-agent")["addresses"]
    lab.fault("address", address, "dead")
    github.sent.unlink()
    github.summary.unlink()
    watched = github.github("watch", **known)
    failed = {name for name, done in watched.items() if done.returncode}
    assert failed == {"Verify"}, watched
    assert "- **payments** TCP_TIMEOUT_ONE_AZ: " in github.summary.read_text()
    assert "Check the network ACL" in github.summary.read_text()
    (sent,) = github.kept()
    assert sent["argv"][-1] == "http://gateway.example/metrics/job/privatelink"
    assert 'privatelink_vpc_up{vpc="payments"' in sent["files"]["privatelink-report/report.prom"]


def script(job: str) -> str:
    return "\n".join(GITLAB[job]["script"])


def ran(runner: Runner) -> list[list[str]]:
    return [each["argv"] for each in runner.kept() if each["program"] == "ansible-playbook"]


@pytest.fixture
def gitlab(tmp_path: Path) -> Runner:
    """Without a lab: what the playbooks do is the same as with GitHub."""
    return Runner(tmp_path, os.environ, ("ansible-playbook", "curl"))


def test_gitlab_runs_the_same_playbooks(gitlab: Runner) -> None:
    for job in JOBS:
        assert gitlab.run(script(job), CI_MERGE_REQUEST_IID="").returncode == 0
    of_github = "\n".join(step["run"] for job in JOBS for step in steps(job))
    lines = re.findall(r"^ansible-playbook (.*)$", of_github.replace("approved/", "privatelink-report/"), re.MULTILINE)
    assert ran(gitlab) == [line.split() for line in lines]


def test_gitlab_comments_the_plan_on_the_merge_request(gitlab: Runner) -> None:
    report = gitlab.repository / "privatelink-report"
    report.mkdir()
    (report / "plan.md").write_text("the plan")
    where = {"CI_API_V4_URL": "https://gitlab.example/api/v4", "CI_PROJECT_ID": "5", "CI_MERGE_REQUEST_IID": "7"}
    done = gitlab.run(script("plan"), PRIVATELINK_COMMENT_TOKEN="token", **where)
    assert done.returncode == 0, done.stderr
    comment = gitlab.kept()[-1]
    assert comment["argv"][-1] == "https://gitlab.example/api/v4/projects/5/merge_requests/7/notes"
    assert comment["files"] == {"privatelink-report/plan.md": "the plan"}


@pytest.mark.parametrize(("drift", "verify"), [("2", "0"), ("0", "2"), ("0", "0")])
def test_gitlab_watches_both_and_fails_for_either(gitlab: Runner, drift: str, verify: str) -> None:
    done = gitlab.run(script("watch"), ENDS_drift=drift, ENDS_verify=verify)
    assert done.returncode == max(int(drift), int(verify))
    assert [argv[2].rpartition(".")[2] for argv in ran(gitlab)] == ["drift", "verify"]


def test_only_approved_plans_are_applied() -> None:
    assert GITHUB["apply"]["environment"] == GITLAB["apply"]["environment"] == "privatelink"
    assert [rule["when"] for rule in GITLAB["apply"]["rules"]] == ["manual"]
    assert (GITHUB["apply"]["needs"], GITLAB["apply"]["needs"]) == ("plan", ["plan"])
    for job in JOBS:
        roles = [
            step["with"]["role-to-assume"] for step in GITHUB[job]["steps"] if "role-to-assume" in step.get("with", {})
        ]
        write = job == "apply"
        assert [("WRITE" in role, "READ" in role) for role in roles] == [(write, not write)]
        assert GITLAB[job]["variables"]["AWS_ROLE_ARN"] == f"$PRIVATELINK_{'WRITE' if write else 'READ'}_ROLE"


def test_no_expression_is_put_into_a_command() -> None:
    assert not [step for job in JOBS for step in GITHUB[job]["steps"] if "${{" in step.get("run", "")]
