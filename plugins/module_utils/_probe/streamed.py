# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe as a function of plain data, for a container that it comes into over stdin. It decides nothing.

It stays compatible with Python 3.8.
"""

from __future__ import annotations

from typing import Any

from .look import look
from .model import Target, public


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """What was seen; ``given`` are fields of Target, as JSON has them."""
    lists = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
    elsewhere = {name: tuple(there) for name, there in given.get("elsewhere", {}).items()}
    target = Target(**{**given, **lists, "elsewhere": elsewhere})
    return public(target, look(target))
