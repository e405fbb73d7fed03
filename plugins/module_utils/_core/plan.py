# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans, and how they are sent: the only place that changes anything. It knows no AWS call by name."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypedDict
from uuid import uuid4

from .errors import CallFailed
from .findings import Finding

#: Lanes that are sent at a time; AWS's rate limits for changes are low, so more would only be throttled.
WORKERS = 8


@dataclass(frozen=True)
class New:
    """Stands for an id that does not exist yet. It names its owner, so that two creates never mix up."""

    kind: str
    owner: str

    def __str__(self) -> str:
        return f"<{self.kind} of {self.owner}>"


@dataclass(frozen=True)
class Token:
    """Stands for an idempotency token; each planned create gets one of its own when it is sent."""

    def __str__(self) -> str:
        return "<token>"


Id: TypeAlias = "str | New"


class ShownCall(TypedDict):
    """A call as results show it."""

    operation: str
    vpcs: list[str]
    arguments: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request to AWS, as data.

    ``subjects`` are the VPCs (inventory names) that fail if it fails. Calls of one ``lane`` are sent in order. A call
    is left out once an earlier call for one of its subjects, or for one of those in ``requires``, has failed.
    ``until`` names what to wait for before the lane goes on; ``access`` names the account that sends it, "" for the one
    of the module. ``not_before`` are the seconds that must have passed since sending began.
    """

    service: str
    operation: str
    arguments: Mapping[str, Any]
    subjects: frozenset[str]
    lane: str
    requires: frozenset[str] = frozenset()
    makes: New | None = None
    until: str = ""
    access: str = ""
    not_before: float = 0.0

    def public(self) -> ShownCall:
        """How a plan is shown: the same in check mode, in a real run and in RETURN."""
        return {
            "operation": f"{self.service}:{self.operation}",
            "vpcs": sorted(self.subjects),
            "arguments": fill(self.arguments, str),
        }


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that a run will do, complete before anything is sent. ``before`` and ``after`` are keyed by VPC name."""

    calls: tuple[Call, ...] = ()
    findings: tuple[Finding, ...] = ()
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def merge(plans: Iterable[Plan]) -> Plan:
        parts = list(plans)
        return Plan(
            calls=tuple(call for part in parts for call in part.calls),
            findings=tuple(finding for part in parts for finding in part.findings),
            before={name: state for part in parts for name, state in part.before.items()},
            after={name: state for part in parts for name, state in part.after.items()},
        )


#: Sends one call with its final arguments, waits for ``call.until`` and returns the id of what it made ("" if nothing).
Api = Callable[[Call, Mapping[str, Any]], str]


@dataclass(kw_only=True)
class Outcome:
    """The outcome of a plan. ``failed`` has, for each VPC, its first call that failed and the reason.

    ``sent`` includes calls that may or may not have taken effect.
    """

    sent: list[Call] = field(default_factory=list)
    unsent: list[Call] = field(default_factory=list)
    failed: dict[str, tuple[Call, CallFailed]] = field(default_factory=dict)
    made: dict[New, str] = field(default_factory=dict)


def fill(value: Any, replace: Callable[[New | Token], Any]) -> Any:
    """A copy of a JSON-like value with every placeholder replaced."""
    if isinstance(value, New | Token):
        return replace(value)
    if isinstance(value, Mapping):
        return {key: fill(item, replace) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, replace) for item in value]
    return value


def send(calls: Sequence[Call], api: Api) -> Outcome:
    """Send each call once: lanes side by side, the calls of a lane in order. Never raises for a call that fails."""
    lanes: dict[str, list[Call]] = {}
    for call in calls:
        lanes.setdefault(call.lane, []).append(call)
    outcome = Outcome()
    began = time.monotonic()
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        list(pool.map(lambda lane: _send_lane(lane, api, outcome, began), lanes.values()))
    return outcome


def _send_lane(lane: Sequence[Call], api: Api, outcome: Outcome, began: float) -> None:
    def real(placeholder: New | Token) -> str:
        return uuid4().hex if isinstance(placeholder, Token) else outcome.made[placeholder]

    for call in lane:
        stopped = next((outcome.failed[s] for s in sorted(call.subjects | call.requires) if s in outcome.failed), None)
        if stopped is not None:
            outcome.unsent.append(call)
            for subject in call.subjects:
                outcome.failed.setdefault(subject, stopped)
            continue
        time.sleep(max(0.0, began + call.not_before - time.monotonic()))
        try:
            new_id = api(call, fill(call.arguments, real))
        except Exception as error:  # whatever happens to one lane, the others keep their results
            problem = (
                error if isinstance(error, CallFailed) else CallFailed(f"{type(error).__name__}: {error}", sent=True)
            )
            for subject in call.subjects:
                outcome.failed.setdefault(subject, (call, problem))
            if problem.sent:
                outcome.sent.append(call)
        else:
            outcome.sent.append(call)
            if call.makes is not None:
                outcome.made[call.makes] = new_id
