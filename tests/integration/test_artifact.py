# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as Galaxy would have it: what is in the file, and that it works where nothing else of the checkout is."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml
from running import COLLECTIONS, ROOT, Play, environment

BIN = Path(sys.executable).parent
RUNTIME = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())
MODULES = {path.stem: path.read_text() for path in (ROOT / "plugins/modules").glob("*.py")}


def galaxy(*arguments: str, path: Path) -> str:
    command = [str(BIN / "ansible-galaxy"), "collection", *arguments]
    env = {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(path), "ANSIBLE_COLLECTIONS_PATH": str(path)}
    done = subprocess.run(command, env=env, cwd=path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built")
    galaxy("build", str(ROOT), "--output-path", str(out), path=out)
    (built,) = out.glob("astro-privatelink-*.tar.gz")
    return built


@pytest.fixture(scope="module")
def installed(artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collections path with the installed artifact and its one dependency. Were the checkout on it, nothing would be installed."""
    path = tmp_path_factory.mktemp("installed")
    aws = path / "ansible_collections/amazon/aws"
    aws.parent.mkdir(parents=True)
    aws.symlink_to(COLLECTIONS / "ansible_collections/amazon/aws")
    said = galaxy("install", "--offline", "-p", str(path), str(artifact), path=path)
    assert "astro.privatelink:" in said
    return path


def contents(artifact: Path) -> set[str]:
    with tarfile.open(artifact) as opened:
        return {member.name for member in opened if member.isfile()}


def test_nothing_is_in_it_that_git_does_not_know(artifact):
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    known = set(subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0"))
    assert contents(artifact) - known == {"MANIFEST.json", "FILES.json"}


def test_it_has_what_users_need_and_stays_small(artifact):
    names = contents(artifact)
    assert {"README.md", "LICENSE", "meta/runtime.yml", "playbooks/site.yml", "tests/lab/lab"} <= names
    assert {f"plugins/modules/{name}.py" for name in MODULES} <= names
    assert not [name for name in names if name.startswith((".git", ".ci", ".venv", ".collections"))]
    assert artifact.stat().st_size < 1_500_000


def test_the_installed_collection_sets_up_links(installed, lab, tmp_path):
    results = tmp_path / "results.jsonl"
    env = environment(lab, ANSIBLE_COLLECTIONS_PATH=str(installed), PLAY_RESULTS=str(results))
    command = ["ansible-playbook", "-i", str(lab.inventory), "astro.privatelink.site", "--limit", "ledger"]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    told = Play(done.returncode, done.stdout, [json.loads(line) for line in results.read_text().splitlines()])
    assert told.rc == 0, told.text
    assert told.table() == {"ledger": "works"}


PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars: {ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  module_defaults:
    group/astro.privatelink.privatelink:
      region: us-east-1
  tasks:
    - astro.privatelink.vpc_endpoint:
        links: []
    - astro.privatelink.private_zone:
        links: []
"""


def test_defaults_of_the_action_group_reach_the_modules(installed, lab, tmp_path):
    playbook = tmp_path / "play.yml"
    playbook.write_text(PLAY)
    env = environment(lab, ANSIBLE_COLLECTIONS_PATH=str(installed))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        env.pop(name)
    command = ["ansible-playbook", str(playbook)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout
    playbook.write_text(PLAY.replace("group/astro.privatelink.privatelink", "group/astro.privatelink.astro"))
    without = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert "region" in without.stdout
    assert without.returncode == 2


@pytest.mark.parametrize(
    ("group", "fragments"),
    [("privatelink", ["amazon.aws.common.modules", "astro.privatelink.step"]), ("astro", ["astro.privatelink.astro"])],
)
def test_the_action_groups_have_the_modules_and_steps_that_share_options(group, fragments):
    sharing = {name for name, text in MODULES.items() if any(f"- {each}\n" in text for each in fragments)}
    assert sharing
    assert set(RUNTIME["action_groups"][group]) == sharing
