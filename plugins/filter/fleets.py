# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that turn the inventory into what the fleet modules take, and their results into what people read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils import _fleet, _report, _summary


def told(function: Callable[..., Any]) -> Callable[..., Any]:
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
            "fleets": told(_fleet.fleets),
            "zones": told(_fleet.zones),
            "problems": told(_fleet.problems),
            "report": told(_report.document),
            "compact": _report.compact,
            "summary": _summary.summary,
            "verify_failures": told(_report.failures),
            "targets": told(_fleet.targets),
        }
