# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan as Markdown, for a pull request or a job's summary. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._core.text import printable
from . import plan

#: What risk marks are called.
_MARKS = {
    "names_move": "names move",
    "path_untried": "new path untried",
    "gap": "gap",
    "access_removed": "access removed",
    "managed_elsewhere": "managed elsewhere",
    "warning": "warning",
}
#: Links that are shown with all their calls; comments of a pull request have a limit.
_MOST = 50


def markdown(document: Mapping[str, Any]) -> str:
    """The whole page; ``document`` is that of `planned.document`."""
    vpcs: Sequence[Mapping[str, Any]] = document["vpcs"]
    spent = document["cost"]
    lines = [
        f"# Plan: {plan.totals(document['totals'], 'to {}')}",
        "",
        f"Made by astro.privatelink {_plain(document['collection'])} at {_plain(document['at'])} for "
        f"{len(vpcs)} VPC{'' if len(vpcs) == 1 else 's'}; digest `{document['digest']}`.",
        "",
        *_table(
            ("VPC", "link", "create", "change", "delete", "USD a month", "look at"),
            ((vpc["name"], vpc["link"], *vpc["totals"].values(), _change(vpc["cost"]), _marks(vpc)) for vpc in vpcs),
        ),
        f"| **all** | | {' | '.join(str(each) for each in document['totals'].values())} | {_change(spent)} | |",
        "",
        *_section(
            "Problems", [f"- **{_plain(v['name'])}**: {_plain(text, 600)}" for v in vpcs for text in v["problems"]]
        ),
        *_section(
            "Look at", [f"- **{_plain(v['name'])}**: {_plain(one['text'], 600)}" for v in vpcs for one in v["risks"]]
        ),
        *_things(vpcs),
        *_calls(vpcs),
        "## Costs",
        "",
        f"USD a month for endpoints and zones without data: {_change(spent)}. Prices of {_plain(spent['prices']['as_of'])}: "
        f"{spent['prices']['endpoint_az_hour']:g} for each hour of an endpoint in a zone, {spent['prices']['hours']:g} hours; "
        f"{spent['prices']['zone']:g} for each private zone.",
    ]
    return "\n".join(lines) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    body = [f"| {' | '.join(_plain(cell) for cell in row)} |" for row in rows]
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *body]


def _section(name: str, lines: Sequence[str]) -> list[str]:
    return [f"## {name}", "", *lines, ""] if lines else []


def _things(vpcs: Iterable[Mapping[str, Any]]) -> list[str]:
    """What is there already, and what becomes of it."""
    rows = [
        (vpc["name"], thing["kind"], thing["id"], thing["fate"])
        for vpc in vpcs
        for thing in vpc["things"]
        if thing["fate"] != "created"
    ]
    return _section("What is there", _table(("VPC", "", "id", ""), rows)) if rows else []


def _calls(vpcs: Sequence[Mapping[str, Any]]) -> list[str]:
    busy = [vpc for vpc in vpcs if vpc["calls"]]
    found: list[str] = []
    for vpc in busy[:_MOST]:
        fit = [printable(line, 500).replace("`", "'") for line in vpc["calls"]]
        found += [f"**{_plain(vpc['name'])}**", "", "```diff", *fit, "```", ""]
    if len(busy) > _MOST:
        found += [f"{len(busy) - _MOST} more VPCs: see plan.json.", ""]
    return _section("Calls", found[:-1]) if found else []


def _marks(vpc: Mapping[str, Any]) -> str:
    marks = [*(["fails"] if vpc["errors"] else []), *(_MARKS[one["code"]] for one in vpc["risks"])]
    return ", ".join(dict.fromkeys(marks))


def _change(spent: Mapping[str, float]) -> str:
    before, after = (f"{spent[when]:,.2f}" for when in ("before", "after"))
    return after if before == after else f"{before} → {after}"


def _plain(value: Any, longest: int = 200) -> str:
    """Text from outside, which must not become a link, a table or HTML."""
    return re.sub(r"([\\`*_\[\]<>|~#@])", r"\\\1", printable(value, longest))
