# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries as text: a line for each, and a table of story and fault."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    """In Markdown: how many tries passed, and failed, of each fault and story, and of each order and pair."""
    parts = [_matrix(tries, STORIES, FAULTS, "fault"), _matrix(tries, PAIRS, ORDERS, "two at once")]
    if broken := [each for each in tries if each.story == "-"]:
        parts.append("1 lab broke off." if len(broken) == 1 else f"{len(broken)} labs broke off.")
    return "\n\n".join(each for each in parts if each)


def _matrix(tries: Sequence[Tried], stories: Iterable[str], faults: Iterable[str], corner: str) -> str:
    by: dict[tuple[str, str], list[Tried]] = {}
    for each in tries:
        by.setdefault((each.story, each.fault), []).append(each)
    columns = [story for story in stories if any(story == known for known, _fault in by)]
    if not columns:
        return ""
    of = {story: [each for (known, _fault), some in by.items() if known == story for each in some] for story in columns}
    rows = [[corner, *columns], ["---"] * (len(columns) + 1)]
    rows += [[fault, *(_told(by.get((story, fault), ())) for story in columns)] for fault in faults]
    if any(each.calls for each in tries if each.story in of):
        counts = [max((each.calls, each.changing) for each in of[story]) for story in columns]
        rows.append(["calls of a clean run; of them change something", *(f"{calls}; {some}" for calls, some in counts)])
    rows.append(["longest gap of an agent", *(_gap(max(each.longest for each in of[story])) for story in columns)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _told(some: Sequence[Tried]) -> str:
    wrong = sum(bool(each.wrong) for each in some)
    passed = str(len(some) - wrong) if some else "none"
    return f"{passed}, **{wrong} failed**" if wrong else passed


def _gap(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds else "none"


def write(file: Path, shown: str) -> None:
    """Into a document, between its marks."""
    head, _mark, rest = file.read_text().partition(BEGIN)
    _old, _mark, tail = rest.partition(END)
    file.write_text(f"{head}{BEGIN}\n\n{shown}\n\n{END}{tail}")
