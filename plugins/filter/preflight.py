# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the roles preflight and support_request: from the inventory to what is asked, and from answers to text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils import _fleet, _listing, _scope, _support


def _told(function: Callable[..., Any]) -> Callable[..., Any]:
    """Shows an inventory error as Ansible shows errors."""

    def filter_(*args: Any) -> Any:
        try:
            return function(*args)
        except _fleet.InventoryError as problem:
            raise AnsibleFilterError(str(problem)) from problem

    return filter_


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "preflight_scope": _told(_scope.scope),
            "preflight_agents": _scope.to_ask,
            "preflight_findings": _scope.findings,
            "listing": _listing.listing,
            "support_scope": _told(_scope.support_scope),
            "support_request": _support.request,
        }
