# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab for the tests that need one: started once for each test file, in the best mode that the machine allows."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import sampling
from astrolab.lab import Lab, running
from astrolab.topology import DEMO

LabUp = Callable[..., AbstractContextManager[Lab]]
_numbers = itertools.count(1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A run of the whole suite takes a third of the tests that are marked `in_turn`, for each file; other runs take all."""
    if sampling.WHOLE or {Path(each).name for each in config.args} != {
        Path(p).name for p in config.getini("testpaths")
    }:
        return
    files: dict[Path, list[str]] = {}
    for item in items:
        if item.get_closest_marker("in_turn"):
            files.setdefault(item.path, []).append(item.nodeid)
    due = set().union(*map(sampling.due, files.values()))
    waiting = [item for item in items if item.get_closest_marker("in_turn") and item.nodeid not in due]
    config.hook.pytest_deselected(items=waiting)
    items[:] = [item for item in items if item not in waiting]


@pytest.fixture(scope="session")
def lab_up() -> LabUp:
    """Starts a lab of the test's own: `with lab_up(topology=PATH, name=NAME, mode=MODE, profile=PROFILE) as lab`.

    It behaves as AWS does, in shorter time; a test that asks for the profile `kind` says why.
    The tests of the lab itself (`test_lab_*`) ask for it: they build by hand, without waits, what packets then meet.
    """

    def up(
        topology: Path = DEMO, name: str | None = None, mode: str | None = None, profile: str | None = "as_aws"
    ) -> AbstractContextManager[Lab]:
        return running(name or f"test-{os.getpid()}-{next(_numbers)}", topology, mode or "auto", profile)

    return up


@pytest.fixture(scope="module")
def lab(lab_up: LabUp) -> Iterator[Lab]:
    """The demo's topology, without any link yet."""
    with lab_up() as started:
        yield started
