# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that turn the inventory into what the fleet modules take, and their results into what people read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._here import running
from ..module_utils._supported import refusal


def told(make: Callable[[], dict[str, Callable[..., Any]]]) -> dict[str, Callable[..., Any]]:
    """Filters that show an inventory error as Ansible shows errors. Where the collection cannot run, all of them say why.

    ``make`` imports what the filters need: an older Python could not.
    """
    if problem := refusal({**running(), "amazon.aws": _amazon_aws()}):
        return {documented.stem: _refusing(problem) for documented in Path(__file__).parent.glob("*.yml")}
    return {name: _told(filter_) for name, filter_ in make().items()}


def _amazon_aws() -> str:
    try:
        from ansible_collections.amazon.aws.plugins.module_utils import common
    except ImportError:
        return ""
    return str(common.AMAZON_AWS_COLLECTION_VERSION)


def _refusing(problem: str) -> Callable[..., Any]:
    def filter_(*_args: Any, **_options: Any) -> Any:
        raise AnsibleFilterError(problem)

    return filter_


def _told(function: Callable[..., Any]) -> Callable[..., Any]:
    from ..module_utils._fleet import InventoryError

    def filter_(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except InventoryError as problem:
            raise AnsibleFilterError(str(problem)) from problem

    return filter_


def _filters() -> dict[str, Callable[..., Any]]:
    from ..module_utils import _fleet, _report, _summary

    return {
        "fleets": _fleet.fleets,
        "zones": _fleet.zones,
        "problems": _fleet.problems,
        "report": _report.document,
        "compact": _report.compact,
        "summary": _summary.summary,
        "verify_failures": _report.failures,
        "targets": _fleet.targets,
    }


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return told(_filters)
