# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans, and how they are sent: the only place that changes anything. It knows no AWS call by name."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, TypedDict
from uuid import uuid4

from .errors import CallFailed
from .findings import Finding

#: Requests under way at a time; AWS's rate limits for changes are low, so more would only wait for their turn.
WORKERS = 8
#: Lanes that are open at a time. Most of them wait for what their last call asked for, which keeps no other from sending.
LANES = 64


@dataclass(frozen=True)
class New:
    """Stands for an id that does not exist yet. It names its owner, so that two creates never mix up."""

    kind: str
    owner: str

    def __str__(self) -> str:
        return f"<{self.kind} of {self.owner}>"


Id: TypeAlias = "str | New"


@dataclass(frozen=True)
class Token:
    """Stands for an idempotency token; each planned create gets one of its own when it is sent.

    With ``of``, which says what is wanted, two runs within the hour that want the same have the same token. It has to change
    once the thing is gone: AWS answers a known token with what it once made for it, for hours
    (https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html).
    """

    of: tuple[Id, ...] = ()

    def real(self, made: Mapping[New, str]) -> str:
        """``made`` has the ids of what was made before."""
        if not self.of:
            return uuid4().hex
        wanted = [made[each] if isinstance(each, New) else each for each in self.of]
        hour = time.strftime("%Y-%m-%dT%H", time.gmtime())
        return hashlib.sha256("\n".join([*wanted, hour]).encode()).hexdigest()[:32]

    def __str__(self) -> str:
        return "<token>"


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
    of the module, ``region`` the region that it is sent to. ``not_before`` are the seconds that must have passed since
    sending began.

    ``code`` names the finding that a failure is, where AWS's error alone does not say it. The failure of an ``optional``
    call stops nobody, and calls that ``needs`` names it for are left out. If it ``makes`` something, that is then ``otherwise``, but
    only where AWS refuses it with a code of ``otherwise_on``: any other failure may pass, or the call may have worked, and is the
    finding ``unclear``. Calls of ``undo`` are sent if this one fails.
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
    region: str = ""
    not_before: float = 0.0
    code: str = ""
    optional: bool = False
    otherwise: str = ""
    otherwise_on: frozenset[str] = frozenset()
    unclear: str = ""
    needs: New | None = None
    undo: tuple[Call, ...] = ()

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

    ``sent`` includes calls that may or may not have taken effect. ``declined`` are optional calls that failed.
    """

    sent: list[Call] = field(default_factory=list)
    unsent: list[Call] = field(default_factory=list)
    failed: dict[str, tuple[Call, CallFailed]] = field(default_factory=dict)
    made: dict[New, str] = field(default_factory=dict)
    declined: list[tuple[Call, CallFailed]] = field(default_factory=list)

    def left(self, kind: str) -> set[str]:
        """The ids of what this run has made of a kind, and not deleted again."""
        deleted = [call.arguments.values() for call in self.sent if call.operation.startswith("Delete")]
        return {
            made for new, made in self.made.items() if new.kind == kind and not any(new in each for each in deleted)
        }


def fill(value: Any, real: Callable[[New | Token], Any]) -> Any:
    """A copy of a JSON-like value with every placeholder replaced."""
    if isinstance(value, New | Token):
        return real(value)
    if isinstance(value, Mapping):
        return {key: fill(item, real) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, real) for item in value]
    return value


def send(calls: Sequence[Call], api: Api) -> Outcome:
    """Send each call once: lanes side by side, the calls of a lane in order. Never raises for a call that fails."""
    lanes: dict[str, list[Call]] = {}
    for call in calls:
        lanes.setdefault(call.lane, []).append(call)
    outcome = Outcome()
    began = time.monotonic()
    with ThreadPoolExecutor(max_workers=LANES) as pool:
        list(pool.map(lambda lane: _send_lane(lane, api, outcome, began), lanes.values()))
    return outcome


def _send_lane(lane: Sequence[Call], api: Api, outcome: Outcome, began: float) -> None:
    for call in lane:
        stopped = next((outcome.failed[s] for s in sorted(call.subjects | call.requires) if s in outcome.failed), None)
        if stopped is not None:
            outcome.unsent.append(call)
            for subject in call.subjects if not call.optional else ():
                outcome.failed.setdefault(subject, stopped)
            continue
        if _left_out(call, outcome):
            continue
        time.sleep(max(0.0, began + call.not_before - time.monotonic()))
        problem = _send_one(call, api, outcome)
        if problem is None:
            continue
        if call.optional and (call.makes is None or problem.code in call.otherwise_on):
            outcome.declined.append((call, problem))
            outcome.made |= {call.makes: call.otherwise} if call.makes is not None else {}
            continue
        for subject in call.subjects:
            outcome.failed.setdefault(subject, (replace(call, code=call.unclear or call.code), problem))
        _undo(call, problem, api, outcome)


def _left_out(call: Call, outcome: Outcome) -> bool:
    return call.needs is not None and any(other.makes == call.needs for other, _error in outcome.declined)


def _undo(call: Call, problem: CallFailed, api: Api, outcome: Outcome) -> None:
    """Take back what a failed call was for; what comes of that shows when it is read back. What a call may have made all the
    same is not known yet: the next run finds it."""
    if problem.sent and call.makes is not None:
        return
    for undo in call.undo:
        if not _left_out(undo, outcome) and _send_one(undo, api, outcome) is not None:
            return


def _send_one(call: Call, api: Api, outcome: Outcome) -> CallFailed | None:
    """Send a call and note what it made; what went wrong, if anything."""

    def real(placeholder: New | Token) -> str:
        return placeholder.real(outcome.made) if isinstance(placeholder, Token) else outcome.made[placeholder]

    try:
        new_id = api(call, fill(call.arguments, real))
    except Exception as error:  # whatever happens to one lane, the others keep their results
        problem = error if isinstance(error, CallFailed) else CallFailed(f"{type(error).__name__}: {error}", sent=True)
        if problem.sent:
            outcome.sent.append(call)
        return problem
    outcome.sent.append(call)
    if call.makes is not None:
        outcome.made[call.makes] = new_id
    return None
