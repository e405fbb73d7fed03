# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the role harden: what to look at, whether it is safe, whether it went well, and what to put back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .fleets import told


def _filters() -> dict[str, Callable[..., Any]]:
    from ..module_utils import _lockdown

    return {
        "lockdown_looks": _lockdown.looks,
        "lockdown_unsafe": _lockdown.unsafe,
        "lockdown_alive": _lockdown.alive,
        "lockdown_lost": _lockdown.lost,
        "lockdown_quiet": _lockdown.quiet,
        "lockdown_put_back": _lockdown.put_back,
        "lockdown_way_back": _lockdown.way_back,
        "lockdown_failure": _lockdown.failure,
    }


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return told(_filters)
