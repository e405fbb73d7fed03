# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Domain names as Route 53 keeps them: lower case, with the final dot, unusual characters as octal escapes."""

from __future__ import annotations

import re

ESCAPE = re.compile(r"\\([0-7]{3})")
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")


def normal(name: str) -> str:
    text = ESCAPE.sub(lambda found: chr(int(found.group(1), 8)), name).lower()
    text = text if text.endswith(".") else f"{text}."
    return "".join(char if char in PLAIN else f"\\{ord(char):03o}" for char in text)


def plain(name: str) -> str:
    """Without escapes and without the final dot, as a resolver sees it."""
    return ESCAPE.sub(lambda found: chr(int(found.group(1), 8)), name.lower()).rstrip(".")


def order(name: str) -> tuple[str, ...]:
    """Route 53 lists names by their labels from the right."""
    return tuple(reversed(name.rstrip(".").split(".")))


def within(name: str, zone: str) -> bool:
    """Both in normal form."""
    return name == zone or name.endswith(f".{zone}")
