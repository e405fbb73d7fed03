# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from the public to the private path on the lowest versions that README promises. All other tests run on the highest."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._core import supported
from running import ROOT, Play, play

LOWEST = ROOT / ".venv/lowest"
HARDEN = ["-e", '{"harden_enabled": true, "harden_watch_timeout": 0, "harden_agents_confirmed": true}']


@pytest.fixture(scope="module", autouse=True)
def lowest() -> None:
    subprocess.run([str(ROOT / "tests/lowest.sh")], check=True, timeout=300)
    manifest = LOWEST / "collections/ansible_collections/amazon/aws/MANIFEST.json"
    assert json.loads(manifest.read_text())["collection_info"]["version"] == supported.LOWEST["amazon.aws"]


def run(lab, tmp_path: Path, playbook: str, *arguments: str) -> Play:
    path = f"{LOWEST / 'bin'}:{os.environ['PATH']}"
    collections = str(LOWEST / "collections")
    return play(lab, tmp_path, playbook, *arguments, PATH=path, ANSIBLE_COLLECTIONS_PATH=collections)


def test_agents_move_to_the_private_path_and_nothing_is_left_to_do(lab, tmp_path):
    planned = run(lab, tmp_path, "site", "--check")
    assert planned.rc == 0, planned.text
    done = run(lab, tmp_path, "site", *HARDEN)
    assert done.rc == 0, done.text
    assert done.calls() == planned.calls() != []
    assert done.table() == {"payments": "works", "ledger": "works", "analytics": "works"}
    drift = run(lab, tmp_path, "drift")
    assert (drift.rc, drift.changed) == (0, False), drift.text


def test_the_sdk_is_too_old_for_a_service_of_another_region(lab_up, tmp_path):
    with lab_up(topology=ROOT / "tests/lab/topologies/wide.yml") as wide:
        done = run(wide, tmp_path, "preflight", "-e", "privatelink_support_confirmed=true")
    assert list(done.failed) == ["berlin"], done.text
    assert "SDK_TOO_OLD: The service is in us-east-1, but botocore 1.35.0 does not support" in done.failed["berlin"]
