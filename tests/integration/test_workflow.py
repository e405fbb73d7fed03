# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the CI workflow runs is there: its shell is sound, and the targets of make that it names exist."""

from __future__ import annotations

import re
import subprocess

import pytest
import yaml
from ansible_collections.astro.privatelink.plugins.module_utils._core.supported import LOWEST
from running import ROOT

JOBS = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
RUNS = [step["run"] for job in JOBS.values() for step in job["steps"] if "run" in step]
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("run", RUNS)
def test_shell_is_sound(run):
    done = subprocess.run(["bash", "-n"], input=run, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_targets_exist():
    named = [target for run in RUNS for targets in re.findall(r"\bmake ([a-z -]+)", run) for target in targets.split()]
    assert {"test", "molecule", "sanity-all", "importer", "docs"} <= set(named) <= TARGETS


def python_of(job: str) -> str:
    (version,) = [
        step["with"]["python-version"] for step in JOBS[job]["steps"] if "setup-python" in step.get("uses", "")
    ]
    return version


def test_the_lowest_python_is_tested():
    assert LOWEST["Python"] in JOBS["test"]["strategy"]["matrix"]["python"]


def test_sanity_runs_with_every_ansible_core():
    script = (ROOT / "tests/sanity_all.sh").read_text()
    (cores,) = re.findall(rf'^    {re.escape(python_of("sanity"))}\) cores="(.*)"', script, re.MULTILINE)
    assert set(cores.split()) == set(re.findall(r"\b2\.\d+", script))
