# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of a run: what was sent, and what is wrong in the end."""

from __future__ import annotations

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._core import run as core
from ansible_collections.astro.privatelink.plugins.module_utils._core.errors import CallFailed
from ansible_collections.astro.privatelink.plugins.module_utils._core.findings import finding
from ansible_collections.astro.privatelink.plugins.module_utils._core.plan import Call, Plan

CALL = Call(
    service="ec2", operation="CreateVpcEndpoint", arguments={}, subjects=frozenset(["one"]), lane="one", until=""
)
TWICE = finding("ENDPOINT_DUPLICATE", "one", vpc_id="vpc-1", endpoints=["vpce-1", "vpce-2"])


class Fake(core.Job):
    """``plans`` are those of each read; ``problem`` is what comes of sending."""

    def __init__(self, *plans, problem=None):
        self.plans, self.problem, self.reads = plans, problem, 0

    def read(self):
        self.reads += 1
        return min(self.reads, len(self.plans)) - 1

    def plan(self, have):
        return self.plans[have]

    def api(self):
        def send(_call, _arguments):
            if self.problem:
                raise self.problem
            return "vpce-1"

        return send

    def settle(self, _have, _outcome):
        return self.read()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(core, "CONVERGES_WITHIN", 0.0)
    monkeypatch.setattr(core, "AGAIN", 0.0)


def told(job):
    done = core.carry_out(job, check=False)
    return done.changed, [one.code for one in done.findings]


NOTHING = Plan()


def test_an_error_that_is_there_only_since_something_was_sent_is_told():
    """Two runs at once made an endpoint each: neither can choose, and so does not lead a name to one of them."""
    twice = Plan(findings=(TWICE,))
    job = Fake(Plan(calls=(CALL,)), twice)
    assert told(job) == (True, ["ENDPOINT_DUPLICATE"])
    done = core.carry_out(Fake(Plan(calls=(CALL,)), twice), check=False)
    assert core.answer(done, {"one": {}})["vpcs"]["one"]["failed"] is True


@pytest.mark.parametrize(
    ("problem", "changed", "codes"),
    [
        (CallFailed("not deleted after 600 seconds", "Timeout", sent=True), True, ["NOT_IN_TIME"]),
        (CallFailed("the login failed", "ReadFailed", sent=True), True, ["LOGIN_REFUSED"]),
        # its answer was lost, and AWS shows that it worked
        (CallFailed("no answer", "ReadTimeoutError", sent=True), True, []),
    ],
)
def test_a_call_that_was_accepted_counts_as_sent(problem, changed, codes):
    assert told(Fake(Plan(calls=(CALL,)), NOTHING, problem=problem)) == (changed, codes)


def test_a_call_that_was_refused_does_not():
    refused = CallFailed("no", "OperationInProgress")
    assert told(Fake(Plan(calls=(CALL,)), Plan(calls=(CALL,)), problem=refused)) == (False, ["CHANGED_AT_ONCE"])


def test_what_is_sent_is_noted_before_it_is():
    """Whoever is stopped while it is on its way has to name it."""
    progress, seen = core.Progress(), []

    class Stopped(Fake):
        def api(self):
            return lambda _call, _arguments: seen.append(list(progress.begun)) or "vpce-1"

    core.carry_out(Stopped(Plan(calls=(CALL,)), NOTHING), check=False, progress=progress)
    assert (progress.planned, seen) == ([CALL], [[CALL]])
    core.carry_out(Fake(Plan(calls=(CALL,))), check=True, progress=progress)
    assert progress.planned == [CALL]
