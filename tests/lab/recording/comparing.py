# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where two recordings of the same questions differ: in errors, in their words, in what is in an answer. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

Line = Mapping[str, Any]
#: What replaced something, and what stands for all of its kind.
_SHAPES = (
    (re.compile(r"\b([a-z][a-z-]*)-0[0-9a-f]{7,16}\b"), r"\1-ID"),
    (re.compile(r"\b10000000\d{4}\b"), "ACCOUNT"),
    (re.compile(r"\bZ0\d{19}\b"), "ZONE"),
    (re.compile(r"\bA[A-Z]{3}\d{16}\b"), "KEY"),
    (re.compile(r"\btext-\d+\b"), "TEXT"),
    (re.compile(r"\bname\d+\b"), "NAME"),
    (re.compile(r"\b02:00(?::[0-9a-f]{2}){4}\b"), "MAC"),
    (re.compile(r"\b2001:db8:[0-9a-f:]*"), "IPV6"),
    (
        re.compile(r"\b10\.\d{1,3}\.(\d{1,3}\.\d{1,3}/(?!32)\d+)"),
        r"NETWORK.\1",
    ),  # nobody chooses ranges but whoever asks
    (re.compile(r"\b(?:10|203)(?:\.\d{1,3}){3}\b"), "ADDRESS"),
    (re.compile(r"\b10(?:-\d{1,3}){3}\b"), "ADDRESS"),
    (re.compile(r"\b0{8}-0000-4000-8000-[0-9a-f]{12}\b"), "UUID"),
)
#: Chosen anew each time, by AWS or by whoever asks.
_CHANCE = frozenset({"CallerReference", "AvailabilityZone", "AvailabilityZoneId"})
_PARTS = ("status", "error", "message", "answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`rule` is the test that asked."""

    rule: str
    operation: str
    what: str
    there: Any
    here: Any

    def __str__(self) -> str:
        return f"{self.rule}: {self.operation}: {self.what}: {_short(self.there)} there, {_short(self.here)} here"


def differences(there: Iterable[Line], here: Iterable[Line]) -> list[Difference]:
    """By rule, and for each the first answer that differs in something: what follows may follow from it."""
    ours, found = _by_rule(here), []
    for rule, lines in _by_rule(there).items():
        for one, other in zip_longest(lines, ours.get(rule, [])):
            if (told := list(line_differences(rule, one, other))) != []:
                found += told
                break
    return found


def line_differences(rule: str, there: Line | None, here: Line | None) -> Iterator[Difference]:
    if there is None or here is None or there["operation"] != here["operation"]:
        asked = [line["operation"] if line else "nothing" for line in (there, here)]
        yield Difference(rule=rule, operation=asked[0], what="what is asked", there=asked[0], here=asked[1])
        return
    for part in _PARTS:
        for what, one, other in _parts(part, masked(there[part]), masked(here[part])):
            yield Difference(rule=rule, operation=there["operation"], what=what, there=one, here=other)


def masked(value: Any) -> Any:
    """All of a kind is alike, and lists have no order."""
    if isinstance(value, Mapping):
        return {key: masked(each) for key, each in sorted(value.items()) if key not in _CHANCE}
    if isinstance(value, list):
        return sorted(map(masked, value), key=lambda each: json.dumps(each, sort_keys=True, default=str))
    if isinstance(value, str):
        for shape, shown in _SHAPES:
            value = shape.sub(shown, value)
    return value


def _parts(path: str, one: Any, other: Any) -> Iterator[tuple[str, Any, Any]]:
    """The smallest parts that differ."""
    if one == other:
        return
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in {**one, **other}:
            yield from _parts(f"{path}.{key}", one.get(key), other.get(key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _parts(f"{path}[{number}]", left, right)
    else:
        yield path, one, other


def _by_rule(lines: Iterable[Line]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(line["label"], []).append(line)
    return found


def _short(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 160 else f"{text[:157]}..."


def read(text: str) -> list[Line]:
    return [json.loads(line) for line in text.splitlines()]
