# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory that is to be written holds: lines with the reason for each, and what is left to fill in. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .fill_in import left


@dataclass(frozen=True, kw_only=True)
class Item:
    """One of the values of a list: a text, or pairs of keys and texts or lists of texts."""

    value: str | tuple[tuple[str, str | tuple[str, ...]], ...]
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A variable with its value, or the items of its list, and why it has this value. ``key`` is without the prefix."""

    key: str
    value: str = ""
    why: str = ""
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of several links, of which somebody has to choose."""

    heading: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An agent VPC. ``about`` is what there is to know of it beside its lines."""

    name: str
    lines: tuple[Line, ...]
    about: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()

    @property
    def unfilled(self) -> dict[str, str]:
        return {line.key: what for line in self.lines if (what := left(line.value))}

    def value(self, key: str) -> str:
        return next((line.value for line in self.lines if line.key == key), "")


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An inventory. ``notes`` are about all of it, ``deployments`` the ids with what Astro has of each."""

    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()
    deployments: tuple[Item, ...] = ()


def listed(key: str, values: Iterable[tuple[str, str]]) -> list[Line]:
    """A line with a list of texts, each with its reason; none for an empty list."""
    items = tuple(Item(value=value, why=why) for value, why in values)
    return [Line(key=key, items=items)] if items else []
