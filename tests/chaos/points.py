# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which points are tried: all, or of each story and fault some, others each day."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass

from .faults import FAULTS


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """The ``at``-th call of a story, and what befalls it."""

    story: str
    fault: str
    at: int


def points(
    story: str, calls: Sequence[int], faults: Sequence[str] = FAULTS, sample: int = 0, seed: int = 0
) -> list[Point]:
    """Each of these calls and every fault; with ``sample`` so many calls of each fault, in an order drawn by the seed.

    The calls of a sample are spread over the run: one is drawn from each of equal parts of it.
    """
    found = []
    for fault in faults:
        ats = list(calls)
        if 0 < sample < len(calls):
            draw = random.Random(f"{seed}/{story}/{fault}")
            edges = [len(calls) * part // sample for part in range(sample + 1)]
            ats = [calls[draw.randrange(begin, end)] for begin, end in itertools.pairwise(edges)]
        found += [Point(story, fault, at) for at in ats]
    random.Random(f"{seed}/{story}").shuffle(found)
    return found
