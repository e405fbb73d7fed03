# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all parts of a report's page are made of. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .html import Child, Html, tag, together
from .style import HEADS

WORDS = {"works": "works", "failed": "failed", "unverified": "not verified"}
MANY = {**WORDS, "works": "work"}
#: Names that a list has before the rest is folded, if that is worth it.
_NAMES, _SPARED = 10, 3


def cell(text: Child, state: str) -> Html:
    return tag("td", text, class_=state)


def table(name: str, rows: Iterable[Sequence[Child]], columns: int | None = None) -> Html:
    """A table of style.HEADS; ``columns`` leaves out the last of them."""
    body = [
        tag(
            "tr", *(one if isinstance(one, Html) and one.startswith("<td") else tag("td", one) for one in row[:columns])
        )
        for row in rows
    ]
    head = tag("thead", tag("tr", *(tag("th", each, scope="col") for each in HEADS[name][:columns])))
    return tag("div", tag("table", head, tag("tbody", *body), class_=name), class_="scroll")


def fold(summary: Child, *inside: Child, opened: bool = False, kind: str = "fold") -> Html:
    return tag("details", tag("summary", summary), *inside, class_=kind, open="" if opened else None)


def counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


class Names:
    """Leads from the names of VPCs to their entries, which are numbered."""

    def __init__(self, vpcs: Sequence[Mapping[str, object]]) -> None:
        self._numbers = {str(vpc["name"]): number for number, vpc in enumerate(vpcs)}

    def anchor(self, name: str) -> str:
        return f"vpc-{self._numbers[name]}"

    def one(self, name: str) -> Html:
        return tag("a", name, href=f"#{self.anchor(name)}") if name in self._numbers else together(name)

    def all(self, names: Sequence[str]) -> Html:
        """The first few of them, and the rest folded."""
        first, rest = (names[:_NAMES], names[_NAMES:]) if len(names) > _NAMES + _SPARED else (names, ())
        more = fold(f"and {len(rest):,} more", self._listed(rest), kind="more") if rest else None
        return together(self._listed(first), " " if rest else None, more)

    def _listed(self, names: Sequence[str]) -> Html:
        parts = [part for name in names for part in (", ", self.one(name))][1:]
        return together(*parts)
