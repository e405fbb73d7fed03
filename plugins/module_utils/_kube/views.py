# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods of one workload that see different things: other addresses for the name, or another way to them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._core.findings import Finding, finding
from .need import some


def check(vpc: str, host: str, seen: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Finding]:
    """``seen`` are workloads and what a pod of each saw, as `_probe.results.AgentResult`. Pods that saw nothing do not count."""
    by: dict[str, list[Mapping[str, Any]]] = {}
    for workload, result in seen:
        if result["names"] or result["addresses"]:
            by.setdefault(workload, []).append(result)
    found = []
    for workload, results in by.items():
        views: dict[str, list[str]] = {}
        for result in results:
            views.setdefault(_view(result), []).append(result["name"])
        if len(views) > 1:
            told = [f"{view} ({some(names, 3)})" for view, names in sorted(views.items())]
            found.append(finding("PODS_DIFFER", vpc, workload=workload, host=host, views="; ".join(told[:6])))
    return found


def _view(result: Mapping[str, Any]) -> str:
    """What the name is there, in words, and which of the link's addresses do not answer."""
    names: Mapping[str, Any] = result["names"]
    answer = ", ".join(_sorted(names.get("addresses", ()))) or names.get("problem", "") or "no answer"
    dead = [reach["address"] for reach in result["addresses"] if reach["problem"]]
    return (answer if names else "the link's addresses") + (f", without {', '.join(_sorted(dead))}" if dead else "")


def _sorted(addresses: Sequence[str]) -> list[str]:
    return sorted(map(str, addresses))
