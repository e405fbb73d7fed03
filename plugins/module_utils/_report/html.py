# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTML and SVG with escaping: everything that `tag` did not make is text. It knows nothing about reports."""

from __future__ import annotations

import html
import unicodedata
from typing import TypeAlias

# Elements of HTML that have no end tag.
_VOID = {"meta", "br", "input"}


class Html(str):
    """Markup that `tag` made."""

    __slots__ = ()


Child: TypeAlias = "str | int | float | None"


def tag(name: str, /, *children: Child, **attributes: Child) -> Html:
    """An element. Attributes: ``class_`` is class, other underscores are dashes; those that are None are left out."""
    given = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None}
    said = "".join(f' {key}="{text(value)}"' for key, value in given.items())
    if name in _VOID:
        return Html(f"<{name}{said}>")
    return Html(f"<{name}{said}>{together(*children)}</{name}>")


def together(*children: Child) -> Html:
    return Html("".join(child if isinstance(child, Html) else text(child) for child in children if child is not None))


def text(value: Child) -> str:
    """Text for an element or attribute. Characters that cannot be seen, or turn a line round, are shown by number."""
    said = str(value)
    if not (said.isascii() and said.isprintable()):  # nearly all text is, and looking at each character takes time
        said = "".join(map(_visible, said))
    return html.escape(said)


def _visible(character: str) -> str:
    hidden = unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return f"[U+{ord(character):04X}]" if hidden else character
