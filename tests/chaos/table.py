# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries as text: a line for each, and a table of story and fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .agents import Gap
from .faults import FAULTS
from .ground import Tried
from .stories import STORIES
from .together import ORDERS, PAIRS

BEGIN, END = "<!-- chaos: written by make chaos -->", "<!-- end of chaos -->"
_WIDE = 600


def read(plain: Mapping[str, Any]) -> Tried:
    gaps = tuple(Gap(**each) for each in plain["gaps"])
    return Tried(**{**plain, "gaps": gaps, "wrong": tuple(plain["wrong"]), "texts": tuple(plain["texts"])})


def line(tried: Tried) -> str:
    how = f"FAILED  {' | '.join(tried.wrong)[:_WIDE]}" if tried.wrong else "passed"
    return f"{tried.story:26} {tried.fault:14} {tried.at:4} {tried.call:45} {tried.took:5.0f} s  {how}"


def table(tries: Sequence[Tried]) -> str:
    """In Markdown."""
    rows = ["| story | fault | tried | passed | failed | longest gap |", "|---|---|---|---|---|---|"]
    for story in [*STORIES, *PAIRS, "-"]:
        for fault in [*FAULTS, *ORDERS, "-"]:
            some = [each for each in tries if (each.story, each.fault) == (story, fault)]
            if some:
                wrong = sum(bool(each.wrong) for each in some)
                longest = max(each.longest for each in some)
                gap = f"{longest:.1f} s" if longest else "none"
                rows.append(f"| {story} | {fault} | {len(some)} | {len(some) - wrong} | {wrong} | {gap} |")
    return "\n".join(rows)


def write(file: Path, shown: str) -> None:
    """Into a document, between its marks."""
    head, _mark, rest = file.read_text().partition(BEGIN)
    _old, _mark, tail = rest.partition(END)
    file.write_text(f"{head}{BEGIN}\n\n{shown}\n\n{END}{tail}")
