# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls that somebody has approved: whether a plan made anew sends these, in their order, and nothing else. Pure.

A plan may lack calls of those approved: an earlier run has sent them. What did not exist when they were approved has a placeholder in
them; the id of the thing that now stands in its place is as good.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .findings import finding
from .plan import Call, Plan, ShownCall

#: For each placeholder, as plans show it, the ids and names of the thing that is there by now.
Stands = Mapping[str, Collection[str]]
#: Differences of one VPC that are told.
_MOST = 5


@dataclass(frozen=True)
class Approved:
    """The calls of an approved plan, in their order."""

    calls: tuple[ShownCall, ...]

    def narrowed(self, plan: Plan, stands: Stands) -> Plan:
        """A plan without what was not approved: the VPCs concerned fail, and nothing is sent for them.

        Calls of one lane build upon each other, so one that was not approved stops them all.
        """
        wrong = self._differing(plan.calls, stands)
        lanes = {call.lane for call, _why in wrong}
        why: dict[str, list[str]] = {vpc: [] for call in plan.calls if call.lane in lanes for vpc in call.subjects}
        for call, reason in wrong:
            for vpc in call.subjects:
                why[vpc].append(reason)
        told = [finding("PLAN_DIFFERS", vpc, differences=_told(reasons)) for vpc, reasons in sorted(why.items())]
        kept = tuple(call for call in plan.calls if call.lane not in lanes)
        return replace(plan, calls=kept, findings=(*plan.findings, *told))

    def _differing(self, calls: Iterable[Call], stands: Stands) -> list[tuple[Call, str]]:
        """The calls that are not among those approved, or not in their order, with the reasons."""
        places: dict[tuple[str, tuple[str, ...]], list[int]] = {}
        for number, known in enumerate(self.calls):
            places.setdefault(_about(known), []).append(number)
        wrong, after = [], -1
        for call in calls:
            shown = call.public()
            there = places.get(_about(shown), [])
            same = [number for number in there if not difference(self.calls[number], shown, stands)]
            later = [number for number in same if number > after]
            if later:
                after = later[0]
            else:
                wrong.append((call, self._why(shown, there, bool(same), stands)))
        return wrong

    def _why(self, call: ShownCall, there: Sequence[int], same: bool, stands: Stands) -> str:
        what = f"{call['operation']} for {', '.join(call['vpcs'])}"
        if same:
            return f"{what} comes in another order"
        if not there:
            return f"{what} is not in the plan"
        return f"{what}: {difference(self.calls[there[0]], call, stands)}"


def _about(call: ShownCall) -> tuple[str, tuple[str, ...]]:
    return call["operation"], tuple(call["vpcs"])


def _told(reasons: Sequence[str]) -> str:
    told = list(dict.fromkeys(reasons))
    more = len(told) - _MOST
    return "; ".join(told[:_MOST]) + (f"; and {more} more" if more > 0 else "") or "a call before it was not approved"


def difference(approved: ShownCall, call: ShownCall, stands: Stands) -> str:
    """Where the arguments of a call are others than those approved; "" where they are the same."""
    return _difference(approved["arguments"], call["arguments"], stands, "")


def _difference(approved: Any, found: Any, stands: Stands, where: str) -> str:
    if isinstance(approved, Mapping) and isinstance(found, Mapping):
        for key in sorted({*approved, *found}):
            path = f"{where}.{key}" if where else str(key)
            if key not in found:
                return f"{path} is only in the plan"
            if key not in approved:
                return f"{path} is not in the plan"
            if told := _difference(approved[key], found[key], stands, path):
                return told
        return ""
    if isinstance(approved, list) and isinstance(found, list):
        return _lists(approved, found, stands, where)
    if approved == found or (isinstance(approved, str) and found in stands.get(approved, ())):
        return ""
    return f"{where} is {_short(found)}, and in the plan {_short(approved)}"


def _lists(approved: list[Any], found: list[Any], stands: Stands, where: str) -> str:
    """AWS takes lists of ids in any order, and an id sorts otherwise than its placeholder."""
    if all(isinstance(each, str) for each in (*approved, *found)):
        back = {real: each for each in approved for real in stands.get(each, ())}
        same = sorted(approved) == sorted(back.get(each, each) for each in found)
        return "" if same else f"{where} is {_short(found)}, and in the plan {_short(approved)}"
    if len(approved) != len(found):
        return f"{where} has {len(found)} entries, and in the plan {len(approved)}"
    told = (_difference(old, new, stands, where) for old, new in zip(approved, found, strict=True))
    return next(filter(None, told), "")


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 120 else f"{text[:119]}…"
