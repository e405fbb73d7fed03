# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What steps read of earlier tasks by a name, some role registers under it; and what roles read, they register themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
NAME = re.compile(r"\b__[a-z]+(?:_[a-z]+)*\b(?!__)")
REGISTERED = {
    name
    for tasks in (ROOT / "roles").glob("*/tasks/*.yml")
    for name in re.findall(r"(?:\bregister: |\bloop_var: |^ +)(__\w+)", tasks.read_text(), re.MULTILINE)
}
READERS = sorted([*(ROOT / "plugins/action").glob("*.py"), *(ROOT / "roles").glob("*/tasks/*.yml")])


@pytest.mark.parametrize("file", READERS, ids=lambda file: str(file.relative_to(ROOT)))
def test_each_name_is_registered(file):
    read = set(NAME.findall(file.read_text())) - {"__future__", "__file__", "__init__"}
    assert {name for name in read if not name.endswith("__")} <= REGISTERED


def test_there_are_such_names():
    assert len(REGISTERED) > 8
