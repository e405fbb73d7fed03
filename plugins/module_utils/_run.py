# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How every fleet module runs: read, plan, send, read back, answer. The only place that looks at check mode."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar

from ._aws import ReadFailed
from ._findings import Finding, errors, finding, from_error
from ._plan import Api, Outcome, Plan, send

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

    def results(self, have: H) -> Mapping[str, Mapping[str, Any]]:
        """RETURN's ``vpcs``, by inventory name."""


def run(module: Any, job: Job[H]) -> None:
    """Run a job and answer for it. Fails at the end if any VPC failed, with the results of all of them."""
    try:
        _run(module, job)
    except ReadFailed as problem:
        module.fail_json(msg=str(problem))


def _run(module: Any, job: Job[H]) -> None:
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
    _answer(module, plan, findings, changed, job.results(have))


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


def _answer(
    module: Any, plan: Plan, findings: list[Finding], changed: bool, results: Mapping[str, Mapping[str, Any]]
) -> None:
    failed = errors(findings)
    answer = {
        "changed": changed,
        "calls": [call.public() for call in plan.calls],
        "findings": [one.public() for one in findings],
        "vpcs": {name: {**result, "failed": name in failed} for name, result in results.items()},
        "diff": {"before": dict(plan.before), "after": dict(plan.after)},
    }
    for one in findings:
        if one.severity == "warning":
            module.warn(str(one))
    if failed:
        lines = [str(one) for one in findings if one.severity == "error"]
        module.fail_json(msg="\n".join([f"{len(failed)} of {len(results)} VPCs failed.", *lines]), **answer)
    module.exit_json(**answer)
