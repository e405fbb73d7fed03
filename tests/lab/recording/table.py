# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of judges: in which rules plain moto and ministack differ from the double. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

#: How a test came out, by its name.
Outcomes = Mapping[str, str]
_HEAD = """<!--
Copyright: Contributors to astro.privatelink
GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->
# Other judges

The contract tests that need nothing but AWS's own API and one account, asked of other emulators: {count} rules. None of them is AWS;
where they differ, one of the two is wrong, and [the double's README](README.md) says what each of its rules rests on.
`make judges` writes this page.

| judge | version | asked on | as the double | differs |
|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Judgement:
    name: str
    version: str
    day: str
    outcomes: Outcomes
    absent: str = ""  # why it could not be asked

    @property
    def differing(self) -> frozenset[str]:
        return frozenset(rule for rule, outcome in by_rule(self.outcomes).items() if outcome != "passed")


def by_rule(outcomes: Outcomes) -> dict[str, str]:
    """A rule holds if it does with all of its parameters."""
    found: dict[str, str] = {}
    for test, outcome in sorted(outcomes.items()):
        rule = test.partition("[")[0]
        if outcome != "skipped":
            found[rule] = outcome if found.get(rule, "passed") == "passed" else found[rule]
    return found


def page(judgements: Sequence[Judgement]) -> str:
    rules = sorted({rule for each in judgements for rule in by_rule(each.outcomes)})
    lines = [_row(each) for each in judgements]
    differing = sorted({rule for each in judgements for rule in each.differing})
    names = [each.name for each in judgements if not each.absent]
    table = [f"| file | rule | {' | '.join(names)} |", f"|---|---|{'---|' * len(names)}"]
    table += [_rule(rule, [each for each in judgements if not each.absent]) for rule in differing]
    return "\n".join(
        [_HEAD.format(count=len(rules)) + "\n".join(lines), "", "Rules in which at least one differs:", "", *table, ""]
    )


def column(text: str, judge: str) -> frozenset[str]:
    """The rules in which a judge differs, as a page tells them."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")
    ]
    (head,) = [row for row in rows if row[:2] == ["file", "rule"]]
    place = head.index(judge)
    return frozenset(
        f"{row[0]}::{row[1].replace(' ', '_')}" for row in rows[rows.index(head) + 1 :] if row[place] == "differs"
    )


def _row(judgement: Judgement) -> str:
    if judgement.absent:
        return f"| {judgement.name} | - | - | - | {judgement.absent} |"
    differing, rules = len(judgement.differing), len(by_rule(judgement.outcomes))
    return f"| {judgement.name} | {judgement.version} | {judgement.day} | {rules - differing} | {differing} |"


def _rule(rule: str, judgements: Iterable[Judgement]) -> str:
    file, _unused, name = rule.partition("::")
    cells = ("differs" if rule in each.differing else "as here" for each in judgements)
    return f"| {file} | {name.replace('_', ' ')} | {' | '.join(cells)} |"
