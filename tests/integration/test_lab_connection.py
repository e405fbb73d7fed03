# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible on agent hosts of the lab, by its connection plugin, in namespaces and in loopback mode."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from astrolab.lab import Lab
from conftest import LabUp


@pytest.fixture(scope="module", params=["auto", "loopback"])
def lab(request: pytest.FixtureRequest, lab_up: LabUp) -> Iterator[Lab]:
    with lab_up(profile="kind", mode=request.param) as started:
        yield started


def play(lab: Lab, directory: Path, tasks: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Runs the tasks on all agent hosts; for each host the results."""
    names = [f"result_{number}" for number in range(len(tasks))]
    told = {
        "content": "{{ [" + ", ".join(names) + "] | to_json }}",
        "dest": f"{directory}/{{{{ inventory_hostname }}}}.json",
    }
    tell = {"ansible.builtin.copy": told, "delegate_to": "localhost", "vars": {"ansible_connection": "local"}}
    steps = [task | {"register": name} for task, name in zip(tasks, names, strict=True)]
    playbook = directory / "play.json"
    playbook.write_text(json.dumps([{"hosts": "agent_hosts", "gather_facts": False, "tasks": [*steps, tell]}]))
    done = subprocess.run(
        ["ansible-playbook", "-i", lab.inventory, playbook],
        env=lab.env | {"ANSIBLE_HOME": str(directory), "ANSIBLE_REMOTE_TEMP": str(directory / "remote")},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {host: json.loads((directory / f"{host}.json").read_text()) for host in lab.record.hosts}


def test_raw_modules_and_files_meet_the_host(lab: Lab, tmp_path: Path) -> None:
    target = tmp_path / "with space"
    target.mkdir()
    content = 'it\'s "{{ inventory_hostname }}"\n'
    results = play(
        lab,
        tmp_path,
        [
            {"ansible.builtin.raw": "echo $SSL_CERT_FILE; cat /proc/sys/kernel/hostname; pwd"},
            {"ansible.builtin.command": {"argv": ["cat", "/proc/sys/kernel/hostname"]}},
            {"ansible.builtin.copy": {"content": content, "dest": f"{target}/{{{{ inventory_hostname }}}}"}},
            {"ansible.builtin.slurp": {"src": f"{target}/{{{{ inventory_hostname }}}}"}},
        ],
    )
    machine = Path("/proc/sys/kernel/hostname").read_text().strip()
    for host, (raw, command, copy, slurp) in results.items():
        name = machine if lab.mode == "loopback" else host
        assert raw["stdout_lines"] == [lab.record.bundle, name, os.getcwd()]
        assert command["stdout"] == name
        assert copy["changed"]
        assert base64.b64decode(slurp["content"]).decode() == f'it\'s "{host}"\n'


def test_a_module_meets_astro_over_verified_tls(lab: Lab, tmp_path: Path) -> None:
    if lab.mode == "loopback":
        pytest.skip("in loopback mode the system's resolver is the controller's")
    url = f"https://{lab.record.cluster_host}/"
    results = play(lab, tmp_path, [{"ansible.builtin.uri": {"url": url, "status_code": 404, "return_content": True}}])
    assert {result["content"] for (result,) in results.values()} == {"404 page not found\n"}


def test_a_host_of_a_lab_that_ended_is_unreachable(lab: Lab, tmp_path: Path) -> None:
    inventory = tmp_path / "stale.json"
    dead = {"ansible_connection": "lab", "lab_pid": 2**22 + 1, "lab_environment": {}}
    inventory.write_text(json.dumps({"all": {"hosts": {"gone": dead}}}))
    done = subprocess.run(
        ["ansible", "-i", inventory, "gone", "-m", "ansible.builtin.raw", "-a", "true"],
        env=lab.env | {"ANSIBLE_HOME": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "This agent host is gone" in done.stdout + done.stderr
