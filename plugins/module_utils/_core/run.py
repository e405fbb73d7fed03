# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How every module that changes something runs: read, plan, send, read back, answer. Only here is check mode looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from .errors import ReadFailed
from .findings import Finding, errors, finding, from_error
from .plan import Api, Outcome, Plan, send

H = TypeVar("H")


class Job(Protocol[H]):
    """What a module brings along. ``H`` is what AWS has, in the types of its core."""

    def read(self) -> H:
        """Read what is there, in bulk."""

    def plan(self, have: H) -> Plan:
        """The pure core's plan."""

    def api(self) -> Api:
        """What sends a call."""

    def settle(self, have: H, outcome: Outcome) -> H:
        """Wait for what takes time, and read again where anything changed."""

    def status(self, have: H) -> Iterable[Finding]:  # noqa: ARG002
        """What is wrong in the end, beyond the plan."""
        return ()


class FleetJob(Job[H], Protocol[H]):
    """A job whose subjects are VPCs."""

    def results(self, have: H) -> Mapping[str, Mapping[str, Any]]:
        """RETURN's ``vpcs``, by inventory name."""


def run(module: Any, job: FleetJob[H]) -> None:
    """Run a job and answer for it. Fails at the end if any VPC failed, with the results of all of them."""
    try:
        done = carry_out(module, job)
    except ReadFailed as problem:
        module.fail_json(msg=str(problem))
    else:
        _answer(module, done, job.results(done.have))


@dataclass(frozen=True, kw_only=True)
class Done(Generic[H]):
    """How a job ended: its plan, what is there now, what is wrong."""

    plan: Plan
    have: H
    changed: bool
    findings: tuple[Finding, ...]


def carry_out(module: Any, job: Job[H]) -> Done[H]:
    """Do a job, or in check mode plan it."""
    have = job.read()
    plan = job.plan(have)
    findings = list(plan.findings)
    changed = bool(plan.calls)
    if not module.check_mode:
        outcome = send(plan.calls, job.api())
        have = job.settle(have, outcome)
        changed = bool(outcome.sent)
        findings += _unfinished(job.plan(have), outcome, errors(findings))
        findings += [one for one in job.status(have) if one.vpc not in errors(findings)]
    return Done(plan=plan, have=have, changed=changed, findings=tuple(findings))


def _unfinished(left: Plan, outcome: Outcome, known: Mapping[str, Any]) -> list[Finding]:
    """What AWS has decides, not what it answered: a call whose answer was lost may have worked."""
    needed: dict[str, set[str]] = {}
    for call in left.calls:
        for vpc in call.subjects:
            needed.setdefault(vpc, set()).add(f"{call.service}:{call.operation}")
    problems = []
    for vpc in sorted(set(needed) | (set(outcome.failed) & set(errors(left.findings)))):
        if vpc in outcome.failed:
            call, error = outcome.failed[vpc]
            problems.append(from_error(vpc, f"{call.service}:{call.operation}", str(error), error.code))
        elif vpc not in known:
            problems.append(finding("NOT_CONVERGED", vpc, operations=needed[vpc]))
    return problems


def _answer(module: Any, done: Done[Any], results: Mapping[str, Mapping[str, Any]]) -> None:
    failed = errors(done.findings)
    vpcs = {name: {**result, "failed": name in failed} for name, result in results.items()}
    answer(module, done, f"{len(failed)} of {len(results)} VPCs failed.", vpcs=vpcs)


def answer(module: Any, done: Done[Any], failure: str, **results: Any) -> None:
    """The end of a module: fails, saying ``failure`` first, if there is an error among the findings."""
    said = {
        "changed": done.changed,
        "calls": [call.public() for call in done.plan.calls],
        "findings": [one.public() for one in done.findings],
        "diff": {"before": dict(done.plan.before), "after": dict(done.plan.after)},
        **results,
    }
    for one in done.findings:
        if one.severity == "warning":
            module.warn(str(one))
    if errors(done.findings):
        lines = [str(one) for one in done.findings if one.severity == "error"]
        module.fail_json(msg="\n".join([failure, *lines]), **said)
    module.exit_json(**said)
