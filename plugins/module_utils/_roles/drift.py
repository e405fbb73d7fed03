# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What plans that were not sent say about a fleet, as findings of each VPC. Pure; it compares nothing itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._core.findings import finding


def drift(names: Sequence[str], plans: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, str]]]:
    """The VPCs for which role setup would send something, and what. ``plans`` are answers of jobs in check mode."""
    return _named("DRIFT", names, plans)


def layout_not_ready(names: Sequence[str], zones: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, str]]]:
    """The VPCs that the zone of the wanted DNS layout does not serve as it should, by the plan for these zones."""
    return _named("LAYOUT_NOT_READY", names, zones)


def _named(code: str, names: Sequence[str], runs: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, str]]]:
    needed: dict[str, list[str]] = {}
    for call in (call for run in runs for call in run.get("calls", [])):
        for vpc in call["vpcs"]:
            needed.setdefault(vpc, []).append(call["operation"])
    return {name: [finding(code, name, operations=needed[name]).public()] for name in names if name in needed}
