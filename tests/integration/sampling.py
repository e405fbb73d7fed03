# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of what is too much for every day, some: others each day, so that each is tried every few days."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
PART = 3
WHOLE = os.environ.get("WHOLE") == "yes"


def sampled(points: Sequence[T], shift: int = 0) -> list[T]:
    """The first, the last, and a third of those between; all of them with WHOLE=yes (`make whole`).

    Tests that walk through the same points have different shifts, so that together they try more of them.
    """
    if WHOLE:
        return list(points)
    day = _day() + shift
    return [p for n, p in enumerate(points) if n in {0, len(points) - 1} or n % PART == day % PART]


def _day() -> int:
    return datetime.datetime.now(tz=datetime.UTC).toordinal()


def due(names: Sequence[str]) -> set[str]:
    """Of tests that are variants of one another, those whose turn it is: a third, others each day."""
    return {name for number, name in enumerate(names) if number % PART == _day() % PART}
