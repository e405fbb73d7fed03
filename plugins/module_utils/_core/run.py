# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every change to AWS or Astro: read, plan, send, read back, answer. Check mode is decided only here."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypedDict, TypeVar

from .approved import Approved, Stands
from .errors import CallFailed, ReadFailed
from .findings import Finding, Shown, errors, finding, from_error
from .plan import Api, Call, New, Outcome, Plan, ShownCall, fill, send

H = TypeVar("H")

#: Seconds for which AWS may still show what was before a change, and the pause between two reads meanwhile.
#: Reads are eventually consistent: https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
CONVERGES_WITHIN, AGAIN = 15.0, 1.0


class Answer(TypedDict, total=False):
    """What a module of a fleet returns, and what steps work with. ``vpcs`` has what RETURN of the module says."""

    changed: bool
    calls: list[ShownCall]
    findings: list[Shown]
    diff: dict[str, dict[str, Any]]
    vpcs: dict[str, Any]


class Job(Protocol[H]):
    """What a module or a step brings along. ``H`` is what AWS has, in the types of its core."""

    def read(self) -> H:
        """Read what is there, in bulk."""

    def plan(self, have: H) -> Plan:
        """The pure core's plan."""

    def api(self) -> Api:
        """What sends a call."""

    def settle(self, have: H, outcome: Outcome) -> H:
        """Wait for what takes time, and read again where anything changed."""

    def stands(self, have: H) -> Stands:  # noqa: ARG002
        """What is there by now of what plans name by placeholders."""
        return {}

    def status(self, have: H) -> Iterable[Finding]:  # noqa: ARG002
        """What is wrong in the end, beyond the plan."""
        return ()

    def urgent(self, have: H) -> Iterable[Finding]:  # noqa: ARG002
        """What has to be known at once, whatever else is wrong with the same VPC."""
        return ()


class FleetJob(Job[H], Protocol[H]):
    """A job whose subjects are VPCs."""

    def results(self, have: H) -> Mapping[str, Mapping[str, Any]]:
        """RETURN's ``vpcs``, by inventory name."""


@dataclass(frozen=True, kw_only=True)
class Done(Generic[H]):
    """How a job ended: its plan, the state now, the problems."""

    plan: Plan
    have: H
    changed: bool
    findings: tuple[Finding, ...]


@dataclass
class Progress:
    """What jobs had to send, and what of it they have begun to send: for whoever is stopped in the middle. Several threads add
    to it."""

    planned: list[Call] = field(default_factory=list)
    begun: list[Call] = field(default_factory=list)

    def noting(self, api: Api) -> Api:
        """The same, and each call is noted before it is sent."""

        def noted(call: Call, arguments: Mapping[str, Any]) -> str:
            self.begun.append(call)
            return api(call, arguments)

        return noted


def carry_out(job: Job[H], check: bool, approved: Approved | None = None, progress: Progress | None = None) -> Done[H]:
    """Do a job, or in check mode plan it. Where there are ``approved`` calls, no others are sent. Raises ReadFailed only before
    anything was sent."""
    have = job.read()
    plan = job.plan(have)
    if approved is not None:
        plan = approved.narrowed(plan, job.stands(have))
    if check:
        return Done(plan=plan, have=have, changed=bool(plan.calls), findings=plan.findings)
    progress = progress or Progress()
    progress.planned += plan.calls
    outcome = send(plan.calls, progress.noting(job.api()))
    findings = [*plan.findings, *_declined(outcome)]
    try:
        have, left = _settled(job, have, outcome, errors(findings))
    except ReadFailed as problem:
        findings += _unknown(plan, outcome, str(problem))
    else:
        findings += _unfinished(left, outcome, errors(findings))
        findings += [one for one in job.status(have) if one.vpc not in errors(findings)]
        findings += job.urgent(have)
    return Done(plan=plan, have=have, changed=bool(outcome.sent), findings=tuple(findings))


def _settled(job: Job[H], have: H, outcome: Outcome, known: Mapping[str, Any]) -> tuple[H, Plan]:
    """The state in the end, and what would still be sent. Reads again for a while if a change does not show yet."""
    now = job.settle(have, outcome)
    end = time.monotonic() + CONVERGES_WITHIN
    while True:
        left = job.plan(now)
        late = (
            {vpc for call in left.calls if not call.optional for vpc in call.subjects}
            - set(outcome.failed)
            - set(known)
        )
        if not outcome.sent or not late or time.monotonic() > end:
            return now, left
        time.sleep(AGAIN)
        now = job.read()


def _unknown(plan: Plan, outcome: Outcome, problem: str) -> list[Finding]:
    """AWS accepted calls but cannot be read since: what failed, and READ_BACK_FAILED for the others."""
    found = []
    for vpc in sorted({vpc for call in plan.calls for vpc in call.subjects}):
        sent = [f"{call.service}:{call.operation}" for call in outcome.sent if vpc in call.subjects]
        if vpc in outcome.failed:
            found.append(_failure(vpc, outcome))
        found.append(finding("READ_BACK_FAILED", vpc, operations=sent or ["nothing"], problem=problem))
    return found


def _unfinished(left: Plan, outcome: Outcome, known: Mapping[str, Any]) -> list[Finding]:
    """What AWS has decides, not what it answered: a call whose answer was lost may have worked. Only of what was waited for in vain
    that says too little."""
    needed: dict[str, set[str]] = {}
    for call in (call for call in left.calls if not call.optional):
        for vpc in call.subjects:
            needed.setdefault(vpc, set()).add(f"{call.service}:{call.operation}")
    problems = []
    late = {vpc for vpc, (_call, error) in outcome.failed.items() if error.code in {"Timeout", "ReadFailed"}}
    for vpc in sorted(set(needed) | late | (set(outcome.failed) & set(errors(left.findings)))):
        if vpc in outcome.failed:
            problems.append(_failure(vpc, outcome))
        elif vpc not in known:
            problems.append(finding("NOT_CONVERGED", vpc, operations=needed[vpc]))
    return [*problems, *_appeared(left, outcome, known, {one.vpc for one in problems})]


def _appeared(left: Plan, outcome: Outcome, known: Mapping[str, Any], told: set[str]) -> Iterable[Finding]:
    """Problems that appeared after sending: somebody else may have done the same at the same time."""
    sent = {vpc for call in outcome.sent for vpc in call.subjects}
    return (one for one in left.findings if one.severity == "error" and one.vpc in sent - set(known) - told)


def _failure(vpc: str, outcome: Outcome) -> Finding:
    return _told(vpc, *outcome.failed[vpc], outcome)


def _declined(outcome: Outcome) -> list[Finding]:
    """Optional calls that failed, as far as that is worth knowing."""
    told = [(call, error) for call, error in outcome.declined if call.code]
    return [_told(vpc, call, error, outcome) for call, error in told for vpc in sorted(call.subjects)]


def _told(vpc: str, call: Call, error: CallFailed, outcome: Outcome) -> Finding:
    operation = f"{call.service}:{call.operation}"
    if call.code:
        arguments = fill(
            call.arguments, lambda new: outcome.made.get(new, str(new)) if isinstance(new, New) else str(new)
        )
        ids = [each for each in arguments.values() if isinstance(each, str)]
        return finding(call.code, vpc, operation=operation, message=str(error), ids=ids)
    return from_error(vpc, operation, str(error), error.code)


def shown(done: Done[Any]) -> Answer:
    """How a job ended, as results show it: the same in check mode and in a real run."""
    return {
        "changed": done.changed,
        "calls": [call.public() for call in done.plan.calls],
        "findings": [one.public() for one in done.findings],
        "diff": {"before": dict(done.plan.before), "after": dict(done.plan.after)},
    }


def answer(done: Done[Any], results: Mapping[str, Mapping[str, Any]]) -> Answer:
    """What a job on VPCs answers with."""
    failed = errors(done.findings)
    return {**shown(done), "vpcs": {name: {**result, "failed": name in failed} for name, result in results.items()}}


def run(module: Any, job: FleetJob[H]) -> None:
    """Run a job as a module. It fails at the end if any VPC failed, with the results of all."""
    try:
        done = carry_out(job, module.check_mode)
    except ReadFailed as problem:
        module.fail_json(msg=f"{problem} Nothing was changed.")
    else:
        said = answer(done, job.results(done.have))
        end(module, done, f"{len(errors(done.findings))} of {len(said['vpcs'])} VPCs failed.", said)


def end(module: Any, done: Done[Any], failure: str, said: Mapping[str, Any]) -> None:
    """The end of a module: fails, saying ``failure`` first, if there is an error among the findings."""
    for one in done.findings:
        if one.severity == "warning":
            module.warn(str(one))
    if errors(done.findings):
        lines = [str(one) for one in done.findings if one.severity == "error"]
        module.fail_json(msg="\n".join([failure, *lines]), **said)
    module.exit_json(**said)
