# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the roles preflight and support_request: from the inventory to what is asked, and from answers to text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .fleets import told


def _filters() -> dict[str, Callable[..., Any]]:
    from ..module_utils import _listing, _scope, _support

    return {
        "preflight_scope": _scope.scope,
        "preflight_agents": _scope.to_ask,
        "preflight_findings": _scope.findings,
        "listing": _listing.listing,
        "support_scope": _scope.support_scope,
        "support_request": _support.request,
    }


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return told(_filters)
