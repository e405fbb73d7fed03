# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of `make chaos` leaves in the docs."""

from __future__ import annotations

from pathlib import Path

from chaos.agents import Gap
from chaos.ground import Tried
from chaos.table import BEGIN, END, table, write

GAP = Gap("payments-agent", 1.2, "timeout")
TRIES = [
    Tried(story="site", fault="500", at=1, calls=200, changing=40),
    Tried(story="site", fault="500", at=2, calls=201, changing=40, wrong=("gap",), gaps=(GAP,)),
    Tried(story="teardown", fault="503", at=9, calls=90, changing=20),
    Tried(story="harden, harden", fault="together", at=1),
    Tried(story="-", fault="-", at=0, wrong=("no lab",)),
]


def row(name: str) -> list[str]:
    line = next(each for each in table(TRIES).splitlines() if each.startswith(f"| {name}"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_each_story_has_a_column_and_failures_cannot_be_overlooked() -> None:
    assert row("fault") == ["site", "teardown"]
    assert row("500") == ["1, **1 failed**", "none"]
    assert row("503") == ["none", "1"]
    assert row("calls of a clean run") == ["201; 40", "90; 20"]
    assert row("longest gap") == ["1.2 s", "none"]
    assert "1 lab broke off." in table(TRIES)


def test_pairs_have_a_table_of_their_own() -> None:
    assert row("two at once") == ["harden, harden"]
    assert row("together") == ["1"]
    assert "two at once" not in table(TRIES[:3])


def test_it_takes_the_place_of_the_former_one(tmp_path: Path) -> None:
    document = tmp_path / "promises.md"
    document.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write(document, "new")
    assert document.read_text() == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
