# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of role setup as a document: what would be sent, what it costs a month, and what to look at before approving it. Pure.

The form is described in docs/plan.schema.json; a change that breaks its readers raises VERSION.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .._core.findings import Shown
from .._core.run import Answer
from .._inventory.hosts import Inventory
from .._roles import setup
from . import cost, fates, plan, risks

SCHEMA, VERSION = "astro.privatelink/plan", 1


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A plan of role setup. ``fields`` are the variables of VPCs, without prefix, that decide what is sent; ``probes`` says whether
    links are tried before names lead to them; ``collection`` is the collection's version."""

    inventory: Inventory
    endpoints: Sequence[Answer]
    zones: Sequence[Answer]
    problems: Mapping[str, Sequence[Shown]]
    fields: Collection[str]
    probes: bool
    collection: str


def document(planned: Planned, at: str) -> dict[str, Any]:
    """The plan; ``at`` is when it was made, ISO 8601 in UTC."""
    answers = [*planned.endpoints, *planned.zones]
    calls = [call for answer in answers for call in answer["calls"]]
    names = sorted(planned.inventory.names)
    spent = _costs(answers, names)
    marks = risks.risks(planned.inventory, answers, planned.zones, planned.probes)
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "version": VERSION,
        "collection": planned.collection,
        "at": at,
        "totals": plan.counts(calls),
        "cost": _total(spent),
        "vpcs": [
            {**_vpc(name, planned), **_does(name, answers), "cost": spent[name], "risks": marks.get(name, [])}
            for name in names
        ],
        "calls": calls,
    }
    return {**found, "digest": digest(found)}


def digest(document: Mapping[str, Any]) -> str:
    """What names a plan: its time, and a SHA-256 of what decides what is sent. What is only shown is not in it."""
    decides = {key: document[key] for key in ("schema", "version", "collection", "at", "calls")}
    fleet = [{key: vpc[key] for key in ("name", "account_id", "settings", "errors")} for vpc in document["vpcs"]]
    text = json.dumps({**decides, "vpcs": fleet}, sort_keys=True, separators=(",", ":"))
    return f"{re.sub('[-:]', '', document['at'])}-{hashlib.sha256(text.encode()).hexdigest()}"


def _vpc(name: str, planned: Planned) -> dict[str, Any]:
    """Which VPC it is, and why it fails if it does."""
    vpc = planned.inventory.vpcs[name]
    found = planned.problems.get(name, ())
    return {
        "name": name,
        "vpc_id": vpc.text("vpc_id"),
        "region": vpc.text("region"),
        "account_id": str(setup.merge(planned.endpoints).get(name, {}).get("owner_id") or ""),
        "link": vpc.via or name,
        "settings": settings(planned.inventory, name, planned.fields),
        "errors": sorted({one["code"] for one in found}),
        "problems": [one["text"] for one in found],
    }


def _does(name: str, answers: Sequence[Answer]) -> dict[str, Any]:
    """What is sent for a VPC, and what becomes of the things of its link."""
    mine = [call for answer in answers for call in answer["calls"] if name in call["vpcs"]]
    before, after = (
        {key: value for answer in answers for key, value in answer["diff"].get(side, {}).get(name, {}).items()}
        for side in ("before", "after")
    )
    return {
        "totals": plan.counts(mine),
        "calls": [plan.signed(call) for call in mine],
        "things": fates.things(before, after),
    }


def settings(inventory: Inventory, name: str, fields: Collection[str]) -> dict[str, Any]:
    """The variables of a VPC that decide what is sent, as JSON has them."""
    known = inventory.vpcs[name].vars
    return dict(json.loads(json.dumps({key: known[key] for key in sorted(fields) if key in known}, default=str)))


# --- costs


def _costs(answers: Iterable[Answer], names: Iterable[str]) -> dict[str, dict[str, float]]:
    """What the link of each VPC costs before and after. What two links have in common counts for the first of them."""
    diffs = [answer["diff"] for answer in answers]
    found: dict[str, dict[str, float]] = {}
    seen: dict[str, set[str]] = {"before": set(), "after": set()}
    for name in sorted(names):
        found[name] = {when: _month([diff.get(when, {}).get(name, {}) for diff in diffs], seen[when]) for when in seen}
    return found


def _month(sides: Iterable[Mapping[str, Any]], seen: set[str]) -> float:
    azs, zones = 0, 0
    for side in sides:
        ends = side.get("endpoint", {})
        new = {ends.get("vpc_endpoint_id", ""), side.get("hosted_zone_id", "")} - seen - {""}
        azs += len(ends["subnet_ids"]) if ends.get("vpc_endpoint_id") in new else 0
        zones += side.get("hosted_zone_id") in new
        seen |= new
    return round(cost.standing(azs, zones, cost.Prices()), 2)


def _total(spent: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """USD a month, with the prices that it was made with."""
    before, after = (round(sum(each[when] for each in spent.values()), 2) for when in ("before", "after"))
    return {
        "currency": "USD",
        "before": before,
        "after": after,
        "change": round(after - before, 2),
        "prices": {key: value for key, value in asdict(cost.Prices()).items() if key in _PRICES},
    }


_PRICES = ("as_of", "source", "hours", "endpoint_az_hour", "zone")
