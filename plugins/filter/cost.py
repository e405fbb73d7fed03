# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that estimates what links cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from .fleets import told


def _filters() -> dict[str, Callable[..., Any]]:
    from ..module_utils import _cost

    def cost(inputs: Mapping[str, Any], prices: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Shows wrong inputs as Ansible shows errors."""
        try:
            return _cost.estimate(inputs, prices)
        except _cost.CostError as problem:
            raise AnsibleFilterError(str(problem)) from problem

    return {"cost": cost}


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return told(_filters)
