# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret is in anything that a run leaves, at -vvvv, whether it ends well, fails or is killed.

Each place that can hold one has a value of its own: AWS keys and session tokens of the environment and of module_defaults, Astro's token,
a Deployment's variables, a kubeconfig file's token, passwords in proxy variables and URLs. They are searched for in the output, in each
task's result, in the log, in all files below the run's directory, its home and its directories for temporary files, and in what the lab's
AWS, Astro and Kubernetes were asked.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from astrolab import talk
from astrolab.astro.organization import DEPLOYMENT
from astrolab.lab import Lab
from by_hand import until
from conftest import LabUp
from running import Play, environment, play

TOPOLOGY: dict[str, Any] = {
    "account": "111111111111",
    "region": "us-east-1",
    "cluster": {"id": "clmh1kd8v000108l3a9v7c5x2"},
    "service": {"az_ids": ["use1-az1"]},
    "vpcs": {"payments": {"cidrs": ["10.10.0.0/16"], "subnets": {"a": {"cidr": "10.10.1.0/24", "az_id": "use1-az1"}}}},
    "clusters": {
        "payments": {
            "vpc": "payments",
            "service": "plain",
            "components": {"worker": 1},
            "env": {
                "HTTPS_PROXY": "http://me:canary-pod-proxy@proxy.example:3128",
                "NO_PROXY": ".external.astronomer.run,.svc,127.0.0.1",
            },
            "users": {"prober": {"can": {"pods": ["list"], "pods/exec": ["get", "create"]}}},
        }
    },
}
CANARIES = {
    "AWS_SECRET_ACCESS_KEY": "canary-aws-secret-key",
    "AWS_SESSION_TOKEN": "canary-aws-session-token",
    "ASTRO_API_TOKEN": "canary-astro-token",
    "HTTPS_PROXY": "http://me:canary-controller-proxy@proxy.example:3128",
}
#: Besides those of the environment; the token of the kubeconfig file is made by the lab.
OTHERS = ("canary-pod-proxy", "canary-controller-proxy", "canary-variable", "canary-option", "canary-in-url")
OWN_PLAY = """
- hosts: agent_vpcs
  gather_facts: false
  module_defaults:
    group/astro.privatelink.privatelink: {access_key: "111111111111", secret_key: canary-option-key, session_token: canary-option-token}
  tasks:
    - ansible.builtin.import_role: {name: astro.privatelink.teardown, rolespec_validate: false}
      vars: {teardown_unlock: true}
"""


@dataclass
class Story:
    lab: Lab
    place: Path

    @property
    def canaries(self) -> list[str]:
        found = yaml.safe_load(self.lab.kubeconfig("payments", "prober").read_text())
        tokens = [user["user"]["token"] for user in found["users"]]
        assert tokens
        return [*(value for name, value in CANARIES.items() if name != "HTTPS_PROXY"), *OTHERS, *tokens]

    @property
    def settings(self) -> dict[str, str]:
        home, temporary = self.place / "home", self.place / "tmp"
        for each in (home, temporary):
            each.mkdir(exist_ok=True)
        return {
            **CANARIES,
            "HOME": str(home),
            "TMPDIR": str(temporary),
            "ANSIBLE_LOCAL_TEMP": str(temporary / "local"),
            "ANSIBLE_REMOTE_TEMP": str(temporary / "remote"),
            "ANSIBLE_LOG_PATH": str(self.place / "ansible.log"),
            "ANSIBLE_DIFF_ALWAYS": "true",
        }

    @property
    def arguments(self) -> list[str]:
        entry = {"kubeconfig": str(self.lab.kubeconfig("payments", "prober")), "namespace": "airflow"}
        known = {"privatelink_kubernetes": [entry], "privatelink_agent_cidrs": ["10.10.0.0/16"]}
        file = self.place / "pods.yml"
        file.write_text(json.dumps({"agent_vpcs": {"hosts": {"payments": known}}}))
        return ["-i", str(file), "-vvvv"]

    def run(self, playbook: str, *arguments: str, **env: str) -> Play:
        return play(self.lab, self.place, playbook, *self.arguments, *arguments, **{**self.settings, **env})

    def leaks(self, said: str) -> dict[str, list[str]]:
        """Where each canary was found."""
        asked = json.dumps(
            [self.lab.calls(), self.lab.requests(), self.lab.kube("payments", "requests"), self._astro()]
        )
        texts = {"the output": said, "what was asked": asked}
        for file in self.place.rglob("*"):
            if file.is_file() and not file.is_symlink():
                texts[str(file.relative_to(self.place))] = file.read_bytes().decode("utf-8", "replace")
        assert self.lab.record.cluster_host in texts["ansible.log"], "what is no secret is found"
        return {
            each: where for each in self.canaries if (where := [name for name, text in texts.items() if each in text])
        }

    def _astro(self) -> Any:
        return talk.say(self.lab.record.url, "GET", "astro/calls")


@pytest.fixture(scope="module")
def story(lab_up: LabUp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    file = tmp_path_factory.mktemp("topology") / "pods.yml"
    file.write_text(yaml.safe_dump(TOPOLOGY))
    with lab_up(topology=file) as lab:
        organization = talk.say(lab.record.url, "GET", "astro/organization")
        organization["tokens"][CANARIES["ASTRO_API_TOKEN"]] = "owner"
        variables = [
            {
                "key": "PASSWORD",
                "value": "canary-variable-shown",
                "isSecret": False,
                "updatedAt": "2026-01-02T03:04:05Z",
            },
            {"key": "WAREHOUSE_PASSWORD", "isSecret": True, "updatedAt": "2026-01-02T03:04:05Z"},
        ]
        organization["deployments"][DEPLOYMENT]["environmentVariables"] = variables
        organization["secrets"][DEPLOYMENT] = {"WAREHOUSE_PASSWORD": "canary-variable-secret"}
        talk.say(lab.record.url, "PUT", "astro/organization", organization)
        yield Story(lab, tmp_path_factory.mktemp("story"))


class TestNothingSecretIsLeft:
    """One lab, told from top to bottom."""

    def test_where_all_goes_well(self, story: Story) -> None:
        given = {"harden_enabled": True, "harden_agents_confirmed": True, "harden_watch_timeout": 1}
        done = story.run("site", "-e", json.dumps(given))
        assert done.rc == 0, done.text
        document = talk.say(story.lab.record.url, "GET", f"astro/deployments/{DEPLOYMENT}")
        assert document["remoteExecution"]["allowedIpAddressRanges"], "Astro's token and variables were in use"
        assert "privatelink-report/report.json" in {
            str(f.relative_to(story.place)) for f in story.place.rglob("*.json")
        }
        assert story.leaks(done.text) == {}

    @pytest.mark.parametrize(
        ("playbook", "env", "told"),
        [
            ("drift", {"AWS_ENDPOINT_URL": "http://me:canary-in-url@127.0.0.1:9"}, "Check endpoint_url"),
            ("harden", {"ASTRO_API_URL": "http://me:canary-in-url@127.0.0.1:9/v1"}, "Connection refused"),
        ],
    )
    def test_where_it_fails(self, story: Story, playbook: str, env: dict[str, str], told: str) -> None:
        done = story.run(playbook, **env)
        assert done.rc == 2, done.text
        assert told in done.text
        assert story.leaks(done.text) == {}

    def test_where_it_is_killed(self, story: Story) -> None:
        """In the middle of the changes, so that nothing is tidied up."""
        file, log = story.place / "own.yml", story.place / "stdout"
        file.write_text(OWN_PLAY)
        story.lab.reset_calls()
        story.lab.aws_fault(fault="slow", action="CreateVpc", seconds=20)
        env = environment(story.lab, PLAY_RESULTS=str(story.place / "results.jsonl"), **story.settings)
        command = ["ansible-playbook", "-i", str(story.lab.inventory), str(file), *story.arguments]
        with log.open("w") as out:
            started = subprocess.Popen(
                command, env=env, stdout=out, stderr=out, cwd=story.place, start_new_session=True
            )
        try:
            until(lambda: "ec2:CreateVpc" in story.lab.calls()["by_action"], log.read_text, 60)
        finally:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()
        said = log.read_text()
        assert re.search(r"TASK \[.*teardown", said), said
        log.unlink()
        assert {each: where for each, where in story.leaks(said).items() if where != ["own.yml"]} == {}
