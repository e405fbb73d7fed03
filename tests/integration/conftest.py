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
from astrolab.lab import Lab, running
from astrolab.topology import DEMO

LabUp = Callable[..., AbstractContextManager[Lab]]
_numbers = itertools.count(1)


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
