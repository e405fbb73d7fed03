# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of an inventory that discovery cannot know: texts in their place, which the inventory's checks refuse. Pure."""

from __future__ import annotations

from typing import Any

MARK = "FILL IN"


def fill_in(what: str) -> str:
    """The value of a line that is still to be filled in. ``what`` says with what, in words of this collection's own."""
    return f"{MARK}: {what}"


def left(value: Any) -> str:
    """What is still to be filled in, or "" for a value that somebody has set. Text for a list may have become one."""
    texts = value if isinstance(value, list) else [value]
    if not (texts and isinstance(texts[0], str) and texts[0].lstrip().startswith(MARK)):
        return ""
    return ", ".join(map(str, texts)).strip().removeprefix(MARK).lstrip(": ") or "a value"
