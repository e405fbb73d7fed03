# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings as lines for a terminal: errors first, the same finding of several VPCs once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

Shown = Mapping[str, str]
#: Of more VPCs than these only those with a problem are shown one by one.
FEW = 20


def listing(findings: Iterable[Shown]) -> list[str]:
    """A heading with the numbers, then for each finding its code, the VPCs it is about, what was seen and the remedy."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for one in findings:
        vpcs = alike.setdefault((one["severity"], one["code"], one["seen"], one["remedy"]), [])
        if one["vpc"] not in vpcs:
            vpcs.append(one["vpc"])
    if not alike:
        return []
    lines = [_heading([key[0] for key in alike])]
    for (severity, code, seen, remedy), vpcs in sorted(alike.items(), key=lambda item: item[0][0]):
        lines += [f"{severity.upper():8}{code}  {', '.join(sorted(vpcs))}", f"        {seen}", f"        -> {remedy}"]
    return lines


def number(vpcs: Sequence[str]) -> str:
    """How many VPCs these are."""
    return f"{len(vpcs):,} {'VPC' if len(vpcs) == 1 else 'VPCs'}"


def _heading(severities: list[str]) -> str:
    counts = [(severities.count(kind), kind) for kind in ("error", "warning")]
    return ", ".join(f"{count} {kind}{'' if count == 1 else 's'}" for count, kind in counts if count)
