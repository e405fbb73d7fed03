# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of each thing of a link by a plan: kept, changed, taken over, created or deleted. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._link.model import OWNED

Side = Mapping[str, Any]


def things(before: Side, after: Side) -> list[dict[str, str]]:
    """The things of one link with their fates; ``before`` and ``after`` are the sides of a diff."""
    pairs = [
        ("endpoint", "vpc_endpoint_id", before.get("endpoint", {}), after.get("endpoint", {})),
        ("security group", "group_id", before.get("security_group", {}), after.get("security_group", {})),
        ("zone", "hosted_zone_id", _zone(before), _zone(after)),
        *(("record", "name", _record(before, host), _record(after, host)) for host in _hosts(before, after)),
    ]
    return [
        {"kind": kind, "id": str((old or new)[key]), "fate": _fate(old, new)}
        for kind, key, old, new in pairs
        if old or new
    ]


def told(vpcs: Iterable[Mapping[str, Any]]) -> list[str]:
    """What becomes of things that others made, as lines for a terminal; ``vpcs`` are those of a plan's document."""
    return [
        f"  {vpc['name']}  {words(thing for thing in vpc['things'] if thing['fate'] != 'created')}"
        for vpc in vpcs
        if vpc["things"] and _NAMED & set(vpc["settings"])
    ]


#: The variables that name things of others.
_NAMED = {"endpoint_id", "hosted_zone_id"}


def words(things: Iterable[Mapping[str, str]]) -> str:
    """Things with their fates in words; what was only created has no id in a plan."""
    return ", ".join(
        f"{each['kind']} {'' if each['id'].startswith('<') else each['id'] + ' '}{each['fate']}" for each in things
    )


def _zone(side: Side) -> Side:
    return {key: side[key] for key in ("hosted_zone_id", "name", "vpc_ids") if key in side}


def _hosts(*sides: Side) -> list[str]:
    return sorted({host for side in sides for host in side.get("records", {})})


def _record(side: Side, host: str) -> Side:
    records = side.get("records", {})
    return {"name": host, "leads_to": records[host]} if host in records else {}


def _fate(old: Side, new: Side) -> str:
    if not old or not new:
        return "deleted" if old else "created"
    if old == new:
        return "kept"
    was, is_ = (OWNED.items() <= side.get("tags", {}).items() for side in (old, new))
    return "taken over" if is_ and not was else "handed back" if was and not is_ else "changed"
