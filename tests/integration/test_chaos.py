# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs broken off at a few of their calls, others each day; `make chaos` tries all of them.

Which are tried is drawn by the day. One lab, whose state takes milliseconds to restore.
"""

from __future__ import annotations

import datetime
import os
import random
from collections.abc import Iterator

import pytest
from chaos.faults import FAULTS
from chaos.ground import Ground, ground
from chaos.points import points
from chaos.stories import STORIES

DAY = datetime.datetime.now(tz=datetime.UTC).toordinal()
#: Playbooks that take under a second are tried more often.
QUICK = {"unharden": 4, "drift": 2}
SLOW = [name for name in STORIES if name not in {*QUICK, "site"}]


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with ground(tmp_path_factory.mktemp("chaos"), f"test-chaos-{os.getpid()}") as found:
        yield found


def tried(where: Ground, story: str, tries: int) -> list[str]:
    """What is wrong after some tries, each with another fault."""
    calls, draw = len(where.clean(story).calls), random.Random(f"{DAY}/{story}")
    faults = draw.sample(FAULTS, tries)
    done = [where.attempt(point.story, point.fault, point.at) for point in points(story, calls, faults, 1, DAY)]
    assert len(done) == tries
    return [f"{each.fault} at call {each.at} ({each.call}): {wrong}" for each in done for wrong in each.wrong]


@pytest.mark.parametrize("story", ["site", *QUICK])
def test_whatever_befalls_a_call_the_next_run_ends_as_a_clean_one(where: Ground, story: str) -> None:
    assert tried(where, story, QUICK.get(story, 1)) == []


def test_one_of_the_longer_stories_each_day(where: Ground) -> None:
    assert tried(where, SLOW[DAY % len(SLOW)], 1) == []
