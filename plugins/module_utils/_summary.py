# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agents saw, as a table for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_HEAD = ("VPC", "AGENT HOST", "LINK", "ADDRESSES", "DNS", "TLS", "HTTP", "VERDICT")


def summary(hostvars: Mapping[str, Any], names: Sequence[str], targets: Mapping[str, Any]) -> list[str]:
    """One line for each agent host, from the results of `probe` that the role verify keeps in hostvars."""
    rows = [row for name in names for row in _rows(name, targets[name], hostvars[name]["__verify_probes"]["results"])]
    widths = [max(len(row[i]) for row in [_HEAD, *rows]) for i in range(len(_HEAD))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [_HEAD, *rows]
    ]


def _rows(name: str, target: Mapping[str, Any], probes: Sequence[Mapping[str, Any]]) -> Iterable[tuple[str, ...]]:
    link = "own" if target["link"] == name else f"via {target['link']}"
    if not probes:
        yield (name, "-", link, _list(target["expected"]), "-", "-", "-", "NO_AGENT_HOST")
    for probe in probes:
        own = [reach for reach in probe["addresses"] if reach["address"] in target["expected"]]
        errors = [one["code"] for one in probe["findings"] if one["severity"] == "error"]
        warnings = [one["code"] for one in probe["findings"] if one["severity"] == "warning"]
        yield (
            name,
            probe["item"],
            link,
            _list(probe["names"]["addresses"]),
            _dns(probe, target["expected"]),
            _share(sum(reach["tls"] for reach in own), len(own)),
            _list(sorted({str(reach["status"] or "-") for reach in own})),
            _list(errors) if errors else f"works ({_list(warnings)})" if warnings else "works",
        )


def _dns(probe: Mapping[str, Any], expected: Sequence[str]) -> str:
    names = probe["names"]
    if names["problem"]:
        return str(names["problem"].removeprefix("DNS_").lower())
    return "private" if set(names["addresses"]) <= set(expected) else "other"


def _share(good: int, all_of: int) -> str:
    if not all_of:
        return "-"
    return "verified" if good == all_of else f"{good} of {all_of}"


def _list(items: Sequence[str]) -> str:
    return ", ".join(items) or "-"
