# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation is true: code blocks parse, the first steps work, links resolve."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from ansible_collections.astro.privatelink.plugins.module_utils._core.catalogue import CATALOGUE
from ansible_collections.astro.privatelink.plugins.module_utils._core.supported import (
    ACROSS_REGIONS,
    AGENT_PYTHON,
    LOWEST,
    numbers,
)
from running import ROOT, environment

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("roles/*/README.md")])
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)")


@dataclass(frozen=True)
class Block:
    """A code block of a page, without its indentation."""

    page: Path
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {self.text.splitlines()[0][:60]}"


def blocks(*languages: str) -> list[Block]:
    return [block for page in PAGES for block in _blocks(page) if block.language in languages]


def _blocks(page: Path) -> Iterator[Block]:
    for indent, language, text in BLOCK.findall(page.read_text()):
        yield Block(page, language, re.sub(rf"^{indent}", "", text, flags=re.MULTILINE))


def commands(block: Block) -> str:
    """A console block's lines after the prompt, with those that go on after a backslash."""
    if block.language != "console":
        return block.text
    return "\n".join(re.findall(r"^\$ ((?:.*\\\n)*.*)$", block.text, re.MULTILINE))


@pytest.mark.parametrize("block", blocks("sh", "bash", "console"), ids=str)
def test_shell_is_sound(block):
    text = commands(block)
    assert text.strip()
    done = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", blocks("sh", "bash", "console"), ids=str)
def test_playbooks_that_are_named_exist(block):
    for name in re.findall(r"ansible-playbook\b[^\n]*? astro\.privatelink\.(\w+)", commands(block)):
        assert (ROOT / f"playbooks/{name}.yml").is_file(), name


@pytest.mark.parametrize("block", blocks("sh", "bash", "console"), ids=str)
def test_targets_of_make_that_are_named_exist(block):
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"^make ((?:[a-z-]+ ?)+)", commands(block), re.MULTILINE)
    assert {target for targets in named for target in targets.split()} <= known


@pytest.mark.parametrize("block", blocks("yaml", "json"), ids=str)
def test_data_is_sound(block):
    found = [json.loads(block.text)] if block.language == "json" else list(yaml.safe_load_all(block.text))
    assert found
    assert all(isinstance(each, dict | list) for each in found)


def _plays(block: Block) -> bool:
    found = list(yaml.safe_load_all(block.text))
    return all(isinstance(each, list) and any("hosts" in one for one in each) for each in found)


@pytest.mark.parametrize("block", [block for block in blocks("yaml") if _plays(block)], ids=str)
def test_plays_are_sound(block, tmp_path):
    playbook = tmp_path / "play.yml"
    playbook.write_text(block.text)
    command = ["ansible-playbook", "--syntax-check", "-i", "localhost,", str(playbook)]
    env = os.environ | {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections")}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    own = re.findall(r"\]\(https://github\.com/astro-privatelink/astro\.privatelink/(?:blob|tree)/main/([^)#]+)", text)
    targets = [page.parent / target for target in LINK.findall(text)] + [ROOT / target for target in own]
    assert [str(target) for target in targets if not target.exists()] == []


def test_every_page_is_on_the_site():
    index = (ROOT / "docs/index.md").read_text()
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")} - {"index"}
    assert {page for page in pages if not re.search(rf"^{page}$", index, re.MULTILINE)} == set()


def test_the_first_steps_work(lab):
    """getting_started.md as it stands, but for the setup and the lab's name."""
    steps = [block.text for block in _blocks(ROOT / "docs/getting_started.md") if block.language == "sh"]
    assert "make setup" in steps[0]
    assert "lab up" in steps[1]
    script = "\n".join(["set -euxo pipefail", steps[1].replace("tests/lab/lab up", ":"), *steps[2:]])
    env = environment(lab)
    del env["ANSIBLE_CALLBACKS_ENABLED"]
    done = subprocess.run(["bash", "-c", script], env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "TCP_TIMEOUT_ONE_AZ" in done.stdout
    assert f"The lab {lab.record.name} is down." in done.stdout


def test_the_example_project_passes_its_own_test(tmp_path):
    path = f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"
    env = os.environ | {"PATH": path, "LAB": str(ROOT / "tests/lab/lab"), "HOME": str(tmp_path)}
    env["ANSIBLE_COLLECTIONS_PATH"] = str(ROOT / ".collections")
    command = [str(ROOT / "examples/your-project/test.sh")]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "links.yml works" in done.stdout


def supported(row: str) -> list[str]:
    """The versions in a row of README's table that the words "and newer" follow."""
    table = (ROOT / "README.md").read_text().partition("## What it runs on")[2]
    (found,) = re.findall(rf"^\| {row} \|(.*)$", table, re.MULTILINE)
    return re.findall(r"(\d+\.\d+(?:\.\d+)?) and newer", found)


def pins(file: str, operator: str) -> dict[str, str]:
    return dict(re.findall(rf"^([\w-]+){operator}([\d.]+)$", (ROOT / file).read_text(), re.MULTILINE))


class TestWhatIsSupported:
    """`supported` states it for the code; all other places must agree."""

    core = ".".join(LOWEST["ansible-core"].split(".")[:2])

    def test_in_readme(self):
        assert supported("Python")[:2] == [LOWEST["Python"], AGENT_PYTHON]
        assert supported("ansible-core") == [LOWEST["ansible-core"]]
        assert supported("amazon.aws") == [LOWEST["amazon.aws"]]
        assert supported("boto3, botocore") == [LOWEST["boto3"]] == [LOWEST["botocore"]]
        readme = (ROOT / "README.md").read_text()
        assert f"; {ACROSS_REGIONS} for an endpoint service of another region |" in readme
        assert f"On Linux with Python {LOWEST['Python']} or newer" in readme

    def test_in_what_ansible_and_galaxy_read(self):
        needs = {name: yaml.safe_load((ROOT / name).read_text()) for name in ("meta/runtime.yml", "galaxy.yml")}
        assert needs["meta/runtime.yml"]["requires_ansible"] == f">={LOWEST['ansible-core']},!=2.18.0"
        assert needs["galaxy.yml"]["dependencies"] == {"amazon.aws": f">={LOWEST['amazon.aws']}"}
        roles = [yaml.safe_load(file.read_text()) for file in ROOT.glob("roles/*/meta/main.yml")]
        assert {role["galaxy_info"]["min_ansible_version"] for role in roles} == {self.core}

    def test_in_execution_environments_which_can_do_everything(self):
        needed = pins("meta/ee-requirements.txt", ">=")
        assert needed["boto3"] == needed["botocore"] == ACROSS_REGIONS

    def test_in_what_the_lowest_are_tested_with(self):
        pinned = pins("tests/requirements-lowest.txt", "==")
        assert {name: pinned[name] for name in LOWEST if name in pinned} == {
            name: LOWEST[name] for name in ("ansible-core", "boto3", "botocore")
        }
        assert pinned["dnspython"] == pins("meta/ee-requirements.txt", ">=")["dnspython"]

    def test_in_what_sanity_runs_with(self):
        cores = set(re.findall(r"\b2\.\d+", (ROOT / "tests/sanity_all.sh").read_text()))
        newest = re.findall(r"^ansible-core==(2\.\d+)", (ROOT / "tests/requirements.txt").read_text(), re.MULTILINE)
        assert min(cores, key=numbers) == self.core
        assert max(cores, key=numbers) == max(newest, key=numbers)

    def test_in_what_users_are_told(self):
        assert f"to {ACROSS_REGIONS} or newer" in CATALOGUE["SDK_TOO_OLD"].remedy
        assert f"Python {AGENT_PYTHON} or newer" in CATALOGUE["PROBE_FAILED"].remedy
        assert f"botocore {ACROSS_REGIONS} or newer" in (ROOT / "plugins/modules/vpc_endpoint.py").read_text()
        assert f"botocore {ACROSS_REGIONS}" in (ROOT / "docs/topologies.md").read_text()

    def test_in_the_settings_of_the_tools(self):
        settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]
        assert settings["target-version"] == f"py{LOWEST['Python'].replace('.', '')}"
        assert set(settings["per-file-target-version"].values()) == {f"py{AGENT_PYTHON.replace('.', '')}"}
