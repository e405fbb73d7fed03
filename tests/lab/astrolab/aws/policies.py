# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether IAM policies allow what is demanded: the part of IAM's logic that the collection's policies use. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html and
reference_policies_evaluation-logic.html. What it does not know it refuses with an error, so that no policy passes by chance.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Policy = Mapping[str, Any]
#: A statement's name and the action of it that allows something.
Right = tuple[str, str]
_STATEMENT = {"Sid", "Effect", "Action", "Resource", "Condition"}
_EVERY, _SOME = "ForAllValues:", "ForAnyValue:"


@dataclass(frozen=True, slots=True)
class Demand:
    """One question to IAM. ``context`` has all values of each key of conditions."""

    action: str
    resource: str
    context: Mapping[str, list[str]] = field(default_factory=dict)


def allowed_by(policies: Iterable[Policy], demand: Demand) -> list[Right]:
    """What allows it; nothing if it is denied, implicitly or by a statement."""
    found = []
    for statement in statements(policies):
        hit = [action for action in _many(statement["Action"]) if like(demand.action, action, caseless=True)]
        if hit and _matches(statement, demand):
            if statement["Effect"] == "Deny":
                return []
            found += [(str(statement["Sid"]), action) for action in hit]
    return found


def rights(policies: Iterable[Policy]) -> set[Right]:
    """Everything that policies allow."""
    return {
        (str(statement["Sid"]), action)
        for statement in statements(policies)
        if statement["Effect"] == "Allow"
        for action in _many(statement["Action"])
    }


def statements(policies: Iterable[Policy]) -> Iterator[Mapping[str, Any]]:
    for policy in policies:
        for statement in policy["Statement"]:
            if unknown := set(statement) - _STATEMENT:
                raise ValueError(f"elements of a statement that are not understood: {sorted(unknown)}")
            yield statement


def like(value: str, pattern: str, *, caseless: bool = False) -> bool:
    """IAM's wildcards: * is any text, ? is any one character, everything else is itself."""
    expression = "".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern)
    return re.fullmatch(expression, value, re.DOTALL | (re.IGNORECASE if caseless else 0)) is not None


def _matches(statement: Mapping[str, Any], demand: Demand) -> bool:
    resource = demand.resource
    if not any(each == "*" or like(resource, each) for each in _many(statement["Resource"])):
        return False
    return all(
        _holds(operator, demand.context.get(key, []), _many(wanted))
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def _holds(operator: str, values: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether a condition holds for the values of its key, none of which need be there."""
    if operator == "Null":
        return (wanted == ["true"]) == (not values)
    test = operator.removeprefix(_EVERY).removeprefix(_SOME)
    if test not in {"StringEquals", "StringLike", "ArnLike"}:
        raise ValueError(f"a condition that is not understood: {operator}")
    fits = [any(value == each if test == "StringEquals" else like(value, each) for each in wanted) for value in values]
    if operator.startswith(_EVERY):
        return all(fits)  # true of no values as well, as in IAM
    if not operator.startswith(_SOME) and len(values) > 1:
        raise ValueError(f"{operator} of a key with several values: IAM wants {_EVERY} or {_SOME} there")
    return any(fits)


def _many(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
