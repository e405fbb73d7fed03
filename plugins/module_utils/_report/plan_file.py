# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan files that somebody hands in: whether they are what was written, of this fleet and this version, and recent. Pure."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._core.approved import Approved
from .._core.errors import InputError
from .planned import SCHEMA, VERSION, digest

#: The longest plan file that is read, in bytes; a plan for a thousand links has about a tenth of it.
LONGEST = 64 * 1024 * 1024
#: A plan from the future is refused, but for clocks that differ a little (seconds).
_CLOCKS = 300
_NAMED = re.compile(r"(?P<at>\d{8}T\d{6}Z)-[0-9a-f]{64}")
_CALL = {"operation": str, "vpcs": list, "arguments": dict}
_VPC = {"name": str, "account_id": str, "settings": dict, "errors": list}
_TOP = {"schema": str, "version": int, "collection": str, "at": str, "digest": str, "vpcs": list, "calls": list}


class PlanRefused(InputError):
    """An approved plan that cannot be sent. Nothing was sent."""

    def __init__(self, name: str, reasons: Iterable[str]) -> None:
        lines = "\n".join(f"  - {reason}" for reason in reasons)
        super().__init__(
            f"The plan {name} is not sent; nothing was changed. Run with --check again and have the new plan approved.\n{lines}"
        )


@dataclass(frozen=True)
class PlanFile:
    """A plan that was handed in, understood but not judged yet. ``at`` is ISO 8601 in UTC."""

    name: str
    content: Mapping[str, Any]

    @property
    def approved(self) -> Approved:
        calls = self.content["calls"]
        return Approved(tuple({key: call[key] for key in _CALL} for call in calls))  # type: ignore[misc]

    @property
    def errors(self) -> dict[str, set[str]]:
        return {vpc["name"]: set(vpc["errors"]) for vpc in self.content["vpcs"]}


def read(text: str, name: str) -> PlanFile:
    """A plan file's content. Raises PlanRefused for anything else."""
    try:
        content = json.loads(text)
    except ValueError as problem:
        raise PlanRefused(name, [f"It is no JSON: {problem}."]) from problem
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise PlanRefused(name, [f'It is no plan of this collection: "schema" is not "{SCHEMA}".'])
    if content.get("version") != VERSION:
        raise PlanRefused(name, [f"Its form has version {content.get('version')}; this collection reads {VERSION}."])
    if lacking := [*_lacking(content, _TOP, "the plan"), *_entries(content)]:
        raise PlanRefused(name, lacking)
    return PlanFile(name, content)


def _entries(content: Mapping[str, Any]) -> Iterable[str]:
    for key, known in (("vpcs", _VPC), ("calls", _CALL)):
        entries = content.get(key)
        for number, entry in enumerate(entries if isinstance(entries, list) else [], start=1):
            yield from _lacking(entry, known, f"entry {number} of {key}")
            texts = [each for name in ("vpcs", "errors") if isinstance(entry, dict) for each in entry.get(name) or []]
            if not all(isinstance(each, str) for each in texts):
                yield f"Entry {number} of {key} has a name that is no text."


def _lacking(entry: Any, known: Mapping[str, type], where: str) -> list[str]:
    if not isinstance(entry, dict):
        return [f"It is damaged: {where} is no mapping."]
    return [f"It is damaged: {where} lacks {key}." for key, kind in known.items() if not _is(entry.get(key), kind)]


def _is(value: Any, kind: type) -> bool:
    """JSON's true is no number."""
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def unfit(plan: PlanFile, collection: str, now: str, max_age: int, expected: str = "") -> list[str]:
    """Why a plan is not to be used, whatever AWS has. ``collection`` is the version that runs, ``now`` ISO 8601 in UTC,
    ``max_age`` seconds, ``expected`` the digest of the plan that was approved, if it is known."""
    told = plan.content["digest"]
    reasons = []
    if digest(plan.content) != told:
        reasons.append("It was changed after it was made: its digest does not match its content.")
    if expected and told != expected:
        reasons.append(f"It is another plan than the one approved: its digest is {told}, not {expected}.")
    if plan.content["collection"] != collection:
        reasons.append(
            f"It was made by version {plan.content['collection']} of the collection, and this is version {collection}."
        )
    return [*reasons, *aged(plan.content["at"], now, max_age)]


def aged(at: str, now: str, max_age: int) -> list[str]:
    """Why the time of a plan is not good."""
    made, today = _time(at), _time(now)
    if made is None or today is None:
        return [f"Its time {at!r} is no time."]
    seconds = (today - made).total_seconds()
    if seconds > max_age:
        return [f"It is {_span(seconds)} old; setup_plan_max_age allows {_span(max_age)}."]
    return [f"It is from the future ({at}): check the clocks."] if seconds < -_CLOCKS else []


def time_of(digest_: str) -> str:
    """The time in a digest, ISO 8601 in UTC. Raises PlanRefused for what is no digest of a plan."""
    match = _NAMED.fullmatch(digest_)
    if match is None:
        raise PlanRefused(repr(digest_), ["setup_plan_digest takes the digest that --check prints."])
    at = match["at"]
    return f"{at[:4]}-{at[4:6]}-{at[6:11]}:{at[11:13]}:{at[13:]}"


def _time(text: str) -> datetime.datetime | None:
    try:
        return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return None


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 3600:.1f} hours" if seconds >= 7200 else f"{seconds / 60:.0f} minutes"


# --- another fleet, or another state


def differences(plan: PlanFile, fresh: Mapping[str, Any]) -> list[str]:
    """Where the fleet is another one than that of the plan; ``fresh`` is the document of what would be sent now."""
    was, is_ = ({vpc["name"]: vpc for vpc in each["vpcs"]} for each in (plan.content, fresh))
    found = [f"{name} is in the plan and not in this run." for name in sorted(set(was) - set(is_))]
    found += [f"{name} is in this run and not in the plan." for name in sorted(set(is_) - set(was))]
    for name in sorted(set(was) & set(is_)):
        found += _settings(name, was[name], is_[name])
        new = set(is_[name]["errors"]) - set(was[name]["errors"]) - {"PLAN_DIFFERS"}
        found += [f"{name} fails now: {text}" for text in is_[name]["problems"] if text.partition(":")[0] in new]
    return found


def _settings(name: str, was: Mapping[str, Any], is_: Mapping[str, Any]) -> list[str]:
    found = []
    if was["account_id"] != is_["account_id"]:
        found.append(
            f"{name} is in account {is_['account_id'] or 'unknown'}, and in the plan {was['account_id'] or 'unknown'}."
        )
    old, new = was["settings"], is_["settings"]
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            here, there = (json.dumps(side.get(key)) if key in side else "not set" for side in (new, old))
            found.append(f"{name}: privatelink_{key} is {here}, and in the plan {there}.")
    return found


def unlike(problems: Mapping[str, Iterable[Mapping[str, str]]]) -> list[str]:
    """What else would be sent than what was approved, from the findings of a review."""
    return [
        f"{name}: {one['seen'].partition(': ')[2]}"
        for name, found in sorted(problems.items())
        for one in found
        if one["code"] == "PLAN_DIFFERS"
    ]
