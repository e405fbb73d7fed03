# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters for the roles that take links, or the zones of an old DNS layout, away, and for the one that finds drift."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .fleets import told


def _filters() -> dict[str, Callable[..., Any]]:
    from ..module_utils import _drift, _teardown

    return {
        "drift": _drift.drift,
        "layout_not_ready": _drift.layout_not_ready,
        "old_zones": _teardown.old_zones,
        "teardown_endpoints": _teardown.endpoints,
        "teardown_gone": _teardown.has_let_go,
        "teardown_guard": _teardown.guard,
        "teardown_summary": _teardown.summary,
        "teardown_used": _teardown.still_used,
        "teardown_zones": _teardown.all_zones,
    }


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return told(_filters)
