# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of all the points at which a run can be broken off, some: others each day, so that each is tried every few days."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
PART = 3


def sampled(points: Sequence[T], shift: int = 0) -> list[T]:
    """The first, the last, and a third of those between.

    Tests that walk through the same points have different shifts, so that together they try more of them.
    """
    day = datetime.datetime.now(tz=datetime.UTC).toordinal() + shift
    return [p for n, p in enumerate(points) if n in {0, len(points) - 1} or n % PART == day % PART]
