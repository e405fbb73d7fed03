# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What plans that were not sent say about a fleet, as findings of each VPC. Pure; it compares nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._core.findings import finding


def drift(names: Sequence[str], plans: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, str]]]:
    """The VPCs for which role setup would send something, and what. ``plans`` are answers of jobs in check mode."""
    needed: dict[str, list[str]] = {}
    for call in (call for one in plans for call in one.get("calls", [])):
        for vpc in call["vpcs"]:
            needed.setdefault(vpc, []).append(call["operation"])
    return {name: [finding("DRIFT", name, operations=needed[name]).public()] for name in names if name in needed}
