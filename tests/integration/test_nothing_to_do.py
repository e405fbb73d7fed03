# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that has nothing to do must not pass for success. These runs end before AWS is asked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GUARD = "tasks/agent_vpcs.yml"
BOOKS = {file.stem: yaml.safe_load(file.read_text()) for file in sorted((ROOT / "playbooks").glob("*.yml"))}
OF_THE_FLEET = [name for name, plays in BOOKS.items() if any(play.get("hosts") == "agent_vpcs" for play in plays)]

VPC = {"agent_vpcs": {"hosts": {"payments": {"privatelink_vpc_id": "vpc-00000001"}}}}
HOST = {"agent_hosts": {"hosts": {"box": {"privatelink_agent_vpc": "payments"}}}}


def run(tmp_path: Path, inventory: dict | None, playbook: str, *arguments: str, **env: str) -> tuple[int, str]:
    given = []
    if inventory is not None:
        file = tmp_path / "hosts.yml"
        file.write_text(yaml.safe_dump(inventory))
        given = ["-i", str(file)]
    command = [Path(sys.executable).with_name("ansible-playbook"), *given, f"astro.privatelink.{playbook}", *arguments]
    around = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
        "ANSIBLE_CONFIG": str(ROOT / "tests/integration/ansible.cfg"),
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        **env,
    }
    done = subprocess.run(command, env=around, capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize("name", OF_THE_FLEET)
def test_every_playbook_of_the_fleet_begins_with_the_guard(name):
    assert BOOKS[name][0].get("ansible.builtin.import_playbook") == GUARD


def test_there_are_playbooks_of_the_fleet():
    assert {"site", "setup", "verify", "drift", "teardown", "harden"} <= set(OF_THE_FLEET)


@pytest.mark.parametrize(
    ("inventory", "command", "env", "text"),
    [
        (None, ["drift"], {}, "no host in the group agent_vpcs"),
        ({"agent_vpc": VPC["agent_vpcs"]}, ["verify"], {}, "no host in the group agent_vpcs"),
        ({"agent_vpcs": {"hosts": {}}, **HOST}, ["site", "--check"], {}, "no host in the group agent_vpcs"),
        ({**VPC, **HOST}, ["drift", "--limit", "box"], {}, "--limit, which is box"),
        ({**VPC, **HOST}, ["site", "--limit", "box"], {"ANSIBLE_STRATEGY": "free"}, "--limit, which is box"),
        ({**VPC, **HOST}, ["verify", "--limit", "box", "--tags", "verify"], {}, "--limit, which is box"),
    ],
)
def test_a_run_of_nothing_fails_and_says_why(tmp_path, inventory, command, env, text):
    code, said = run(tmp_path, inventory, *command, **env)
    assert code != 0
    assert "Nothing would be done" in said
    assert text in said


def test_a_run_of_something_goes_on(tmp_path):
    code, said = run(tmp_path, {**VPC, **HOST}, "drift")
    assert code != 0
    assert "Nothing would be done" not in said
    assert "privatelink_region is not set" in said
