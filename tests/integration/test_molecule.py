# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Molecule scenarios: one of them for real, as from a fresh home, and the syntax of all. `make molecule` runs all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from running import COLLECTIONS, ROOT

BIN = Path(sys.executable).parent
SCENARIOS = ROOT / "extensions/molecule"
STORIES = sorted(path.parent.name for path in SCENARIOS.glob("*/converge.yml"))


def run(command: list[str], home: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """As a user whose environment leads to AWS, whom no scenario may follow there."""
    leading_away = {"AWS_PROFILE": "production", "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "real"}
    around = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(home), "LAB_PREFIX": f"molecule-{os.getpid()}"}
    return subprocess.run(
        command,
        env={**around, **leading_away, **env},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


def test_there_is_a_scenario_for_each_story():
    simple = {"own_link", "joined_link", "cross_account", "drift", "verify_faults", "teardown"}
    assert simple | {"harden", "harden_aws"} <= set(STORIES)
    page = (ROOT / "docs/testing_your_playbook.md").read_text()
    assert [story for story in STORIES if f"| `{story}` |" not in page] == []


@pytest.mark.parametrize("story", STORIES)
def test_it_goes_through_all_steps(story):
    common, own = (yaml.safe_load((SCENARIOS / file).read_text()) for file in ("config.yml", f"{story}/molecule.yml"))
    sequence = own.get("scenario", common["scenario"])["test_sequence"]
    steps = ["create", "check", "converge", "idempotence", "verify", "cleanup", "destroy"]
    assert [step for step in sequence[1:] if step in steps] == steps


@pytest.mark.parametrize("story", STORIES)
def test_its_playbooks_are_sound(story, tmp_path):
    playbooks = [str(each) for each in (SCENARIOS / story).glob("*.yml") if each.stem not in {"molecule", "topology"}]
    command = ["ansible-playbook", "--syntax-check", "-i", "localhost,", *playbooks]
    done = run(command, tmp_path, ANSIBLE_COLLECTIONS_PATH=str(COLLECTIONS))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("story", ["verify_faults"])
def test_it_is_true(story, tmp_path):
    done = run(["molecule", "test", "-s", story], tmp_path, ANSIBLE_NOCOLOR="1", NO_COLOR="1")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert not list(tmp_path.glob(".ansible/collections/ansible_collections/*"))  # it ran this checkout, not a copy
