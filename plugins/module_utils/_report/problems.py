# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The problems of a report's page, each with its remedy: errors first, and each kind once for all VPCs that have it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .html import Html, tag
from .parts import Names, counted, fold

#: Cases of one problem that are shown before the rest is folded.
_CASES = 3


def problems(vpcs: Sequence[Mapping[str, Any]], names: Names) -> list[Html]:
    kinds: dict[tuple[str, str], dict[tuple[str, str], list[str]]] = {}
    for one in (one for vpc in vpcs for one in vpc["findings"]):
        cases = kinds.setdefault((one["severity"], one["code"]), {})
        cases.setdefault((one["seen"], one["remedy"]), []).append(one["vpc"])
    if not kinds:
        return []
    errors_first = sorted(kinds.items(), key=lambda kind: (kind[0][0] != "error", -sum(map(len, kind[1].values()))))
    return [tag("h2", "Problems and remedies"), *(_card(*kind, cases, names) for kind, cases in errors_first)]


def _card(severity: str, code: str, cases: Mapping[tuple[str, str], Sequence[str]], names: Names) -> Html:
    state = "failed" if severity == "error" else "unverified"
    remedies = {remedy for _seen, remedy in cases}
    shown = [_case(seen, remedy if len(remedies) > 1 else "", vpcs, names) for (seen, remedy), vpcs in cases.items()]
    number = len({vpc for vpcs in cases.values() for vpc in vpcs})
    rest = shown[_CASES:]
    return tag(
        "div",
        tag("h3", tag("span", code, class_=f"pill {state}"), f" {counted(number, 'VPC')}" if number > 1 else None),
        *shown[:_CASES],
        fold(f"{len(rest):,} more like these", *rest, kind="more") if rest else None,
        _remedy(min(remedies)) if len(remedies) == 1 else None,
        class_=f"card {severity}",
    )


def _case(seen: str, remedy: str, vpcs: Sequence[str], names: Names) -> Html:
    alone = tag("p", tag("strong", names.one(vpcs[0])), f": {seen}")
    said = [alone] if len(vpcs) == 1 else [tag("div", names.all(vpcs)), tag("p", seen)]
    return tag("div", *said, _remedy(remedy) if remedy else None)


def _remedy(text: str) -> Html:
    return tag("p", tag("strong", "Remedy: "), text)
