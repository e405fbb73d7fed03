# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of playbooks has them all, each with its own tags."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
ROWS = {
    re.findall(r"`(\w+)`", row)[0]: row
    for row in re.findall(r"^\| `.*$", (ROOT / "docs/playbooks.md").read_text(), re.MULTILINE)
}
PLAYBOOKS = sorted(ROOT.glob("playbooks/*.yml"))


def test_there_are_no_others():
    assert sorted(ROWS) == [file.stem for file in PLAYBOOKS]


def tags(part):
    """The tags of plays, blocks and tasks, in their order."""
    if isinstance(part, list):
        return [tag for each in part for tag in tags(each)]
    if not isinstance(part, dict):
        return []
    return [*part.get("tags", []), *(tag for key in ("tasks", "block", "always") for tag in tags(part.get(key)))]


@pytest.mark.parametrize("file", PLAYBOOKS, ids=lambda file: file.stem)
def test_the_tags_are_those_that_are_said(file):
    said = re.findall(r"`(\w+)`", ROWS[file.stem].rsplit("|", 2)[1])
    assert said[-1:] == ["unharden"] if file.stem == "unharden" else said == tags(yaml.safe_load(file.read_text()))
