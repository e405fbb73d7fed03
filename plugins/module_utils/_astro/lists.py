# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists of several Deployments as one change: all are planned before any is sent, and all can be put back.

What became of an update is found out by reading the Deployment, never by whether there was an answer.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from .._core.findings import Finding, errors
from .._core.run import Progress, carry_out
from .._core.text import printable
from . import access, api
from .jobs import Access, ListAnswer

#: Seconds for which putting back is tried, and for which an update without an answer may still take effect.
PATIENCE, LATE, AGAIN = 90.0, 15.0, 1.0


@dataclass(frozen=True, kw_only=True)
class Back:
    """What a list is after putting it back was tried: ``problem`` says why it is not the previous one, "" that it is."""

    name: str
    ranges: tuple[str, ...]
    problem: str = ""


class Lists:
    """Reads all Deployments at once. Raises AstroError if one cannot be read. ``progress`` is told what is sent."""

    def __init__(self, wants: Sequence[access.Want], client: api.Client, progress: Progress | None = None) -> None:
        self._progress = progress
        self.jobs = [Access(want, client) for want in wants]
        self.plans = [job.plan(job.first) for job in self.jobs]
        self._begun: list[Access] = []

    @property
    def findings(self) -> list[Finding]:
        return [one for plan in self.plans for one in plan.findings]

    @property
    def changes(self) -> bool:
        return any(plan.calls for plan in self.plans)

    @property
    def before(self) -> list[access.Have]:
        """The Deployments that change, as they were read."""
        return [job.first for job, plan in zip(self.jobs, self.plans, strict=True) if plan.calls]

    @property
    def moves(self) -> list[tuple[access.Have, list[str]]]:
        """The same, each with what its list is to be."""
        return [
            (job.first, list(plan.calls[0].arguments["allowedIpAddressRanges"]))
            for job, plan in zip(self.jobs, self.plans, strict=True)
            if plan.calls
        ]

    @property
    def sent(self) -> bool:
        """Whether an update was sent, or may have been."""
        return any(job.sent for job in self._begun)

    def planned(self) -> list[ListAnswer]:
        return [job.answer(carry_out(job, check=True)) for job in self.jobs]

    def send(self) -> list[ListAnswer]:
        """One Deployment after the other; ends with the first that is not as asked for."""
        answers: list[ListAnswer] = []
        for job in self.jobs:
            self._begun.append(job)
            done = carry_out(job, check=False, progress=self._progress)
            answers.append(job.answer(done))
            if errors(done.findings):
                break
        return answers

    def put_back(self, client: api.Client) -> list[Back]:
        """The lists that this run changed, or may have, as they were; one that somebody else changed meanwhile is left alone.

        Never raises: each list has its own end.
        """
        begun = [
            (job, plan) for job, plan in zip(self.jobs, self.plans, strict=True) if job in self._begun and plan.calls
        ]
        return [_put_back(job, client, tuple(plan.calls[0].arguments["allowedIpAddressRanges"])) for job, plan in begun]


def _put_back(job: Access, client: api.Client, ours: tuple[str, ...]) -> Back:
    before, problem = job.first.ranges, "nobody could find out what it is"
    began = time.monotonic()
    while time.monotonic() < began + PATIENCE:
        try:
            now = access.Have(document=api.deployment(client, job.want.deployment_id)).ranges
            if access.same(now, before):
                if job.certain or time.monotonic() > began + LATE:
                    return Back(name=job.first.name, ranges=before)
            elif not access.same(now, ours):
                problem = f"somebody else changed it meanwhile, to {listed(now)}"
                break
            else:
                problem = _send_back(job, client, ours)
        except Exception as failed:  # whatever it is, the other lists are put back as well
            problem = printable(failed).rstrip(".") or type(failed).__name__
        client.pause(AGAIN)
    return Back(name=job.first.name, ranges=before, problem=problem)


def _send_back(job: Access, client: api.Client, ours: tuple[str, ...]) -> str:
    """One try; says what went wrong. Whether it worked shows in the next read."""
    want = access.Want(
        deployment_id=job.want.deployment_id,
        ranges=job.first.ranges,
        state="exact",
        expected=ours,
        allow_open=True,
        allow_lockout=True,
        no_variables=job.want.no_variables,
        verbatim=True,
    )
    found = errors(carry_out(Access(want, client), check=False).findings)
    return "; ".join(one.text.rstrip(".") for each in found.values() for one in each) or "it does not show yet"


def listed(ranges: Sequence[str]) -> str:
    """A list as people read it."""
    return ", ".join(printable(each, 100) for each in ranges) or "empty, which admits everybody"
