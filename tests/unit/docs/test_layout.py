# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layout in CONTRIBUTING.md is that of the code, and its packages import each other in one direction."""

from __future__ import annotations

import runpy
from graphlib import CycleError
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MADE = runpy.run_path(str(ROOT / "docs/layout.py"))


def written(folder, **files):
    for name, text in files.items():
        file = folder / f"{name.replace('__', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return MADE["packages"](folder)


def test_contributing_shows_the_layout_of_the_code():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    assert MADE["page"](text, MADE["packages"](ROOT / "plugins")) == text, "stale: make docs"


def test_every_file_says_what_it_is_for():
    found = MADE["packages"](ROOT / "plugins")
    silent = [f"{name}/{file}" for name, package in found.items() for file, said in package.files.items() if not said]
    assert silent == []


def test_files_are_shown_with_their_first_sentence_and_packages_with_what_they_import(tmp_path):
    found = written(
        tmp_path,
        module_utils___high__one='"""Does one thing. And more."""\nfrom .._low import two\nfrom .other import this\n',
        module_utils___low__two='"""Knows two."""\nimport os\n',
        action__step='"""A step."""\nfrom ..module_utils._high.one import x\nfrom ..module_utils import _low\n',
    )
    assert MADE["drawn"](found).splitlines() == [
        "action/  ──► _high, _low",
        "└── step.py  A step",
        "module_utils/_high/  ──► _low",
        "└── one.py  Does one thing",
        "module_utils/_low/",
        "└── two.py  Knows two",
    ]


def test_a_circle_between_packages_is_refused(tmp_path):
    one, two = '"""One."""\nfrom .._b.two import x\n', '"""Two."""\nfrom .._a.one import x\n'
    with pytest.raises(CycleError):
        written(tmp_path, module_utils___a__one=one, module_utils___b__two=two)
