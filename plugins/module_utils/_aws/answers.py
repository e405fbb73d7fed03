# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How AWS's answers are taken: fields may be absent, others may be new, and what cannot be understood is left out.

botocore's service models call almost no member of an output required. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

#: Characters that no id or name in AWS's answers exceeds: a domain name may have 255, an ARN 2048.
LONGEST = 2048

#: What Python raises where an answer has another form than expected.
UNCLEAR = (LookupError, TypeError, ValueError, AttributeError)


def understood(things: Iterable[T] | None, parse: Callable[[T], R]) -> list[R]:
    """What ``parse`` makes of each thing. One that lacks what it needs is left out; the others are not held up by it."""
    found: list[R] = []
    for thing in things or ():
        with suppress(*UNCLEAR):
            found.append(parse(thing))
    return found


def text(thing: Mapping[str, Any], key: str) -> str:
    """A text that has to be there. Raises KeyError where it is not, is empty, or is no name of anything in AWS: those are on one
    line, short, and without characters that a terminal acts on."""
    value = thing[key]
    if not is_text(value):
        raise KeyError(key)
    return str(value)


def is_text(value: Any) -> bool:
    """Whether it may be the id or the name of anything."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST and value.isprintable()


def many(thing: Mapping[str, Any], key: str) -> list[Any]:
    """A list, empty where there is none."""
    return list(thing.get(key) or [])


def values(things: Iterable[Mapping[str, Any]] | None, key: str) -> list[str]:
    """One text of each thing that has it."""
    return understood(things, lambda thing: text(thing, key))


def tags(thing: Mapping[str, Any]) -> dict[str, str]:
    return dict(understood(thing.get("Tags"), lambda tag: (text(tag, "Key"), str(tag.get("Value") or ""))))
