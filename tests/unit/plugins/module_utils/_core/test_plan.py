# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sending a plan: order, failure domains, placeholders and tokens."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from ansible_collections.astro.privatelink.plugins.module_utils._core.plan import (
    WORKERS,
    Call,
    CallFailed,
    New,
    Plan,
    Token,
    fill,
    send,
)


def call(operation, subject="one", lane="one", requires=(), makes=None, **arguments):
    return Call(
        service="ec2",
        operation=operation,
        arguments=arguments,
        subjects=frozenset([subject]),
        lane=lane,
        requires=frozenset(requires),
        makes=makes,
    )


class Api:
    """Answers each call with an id; refuses those that it is told to."""

    def __init__(self, refuse=()):
        self.refuse = set(refuse)
        self.sent = []
        self.lock = threading.Lock()

    def __call__(self, call, arguments):
        with self.lock:
            self.sent.append((call.operation, dict(arguments)))
        if call.operation in self.refuse:
            raise CallFailed("no", "Refused")
        return f"id-{call.lane}"


def test_placeholders_become_the_ids_of_their_own_owner():
    plan = []
    for lane in ("one", "two"):
        group = New("group", lane)
        plan += [call("Make", lane, lane, makes=group), call("Use", lane, lane, Group=group)]
    api = Api()
    outcome = send(plan, api)
    assert sorted(a["Group"] for o, a in api.sent if o == "Use") == ["id-one", "id-two"]
    assert outcome.failed == {}
    assert len(outcome.sent) == 4


def test_each_create_gets_a_token_of_its_own():
    api = Api()
    send([call("Make", lane=lane, Token=Token()) for lane in "abc"], api)
    tokens = {arguments["Token"] for _operation, arguments in api.sent}
    assert len(tokens) == 3
    assert all(isinstance(token, str) and len(token) == 32 for token in tokens)


def test_a_failure_stops_its_own_subject_only():
    plan = [call("Bad", "one", "one"), call("After", "one", "one"), call("Good", "two", "two")]
    api = Api(refuse=["Bad"])
    outcome = send(plan, api)
    assert sorted(o for o, _a in api.sent) == ["Bad", "Good"]
    assert [c.operation for c in outcome.unsent] == ["After"]
    assert set(outcome.failed) == {"one"}


def test_what_requires_a_failed_subject_is_not_sent_and_says_why():
    plan = [call("Record", "owner", "zone"), call("Join", "member", "zone", requires=["owner"])]
    outcome = send(plan, Api(refuse=["Record"]))
    assert [c.operation for c in outcome.unsent] == ["Join"]
    assert outcome.failed["member"][0].operation == "Record"


def test_a_failed_member_does_not_stop_the_next_one_of_the_lane():
    plan = [call("Bad", "member", "zone", requires=["owner"]), call("Good", "other", "zone", requires=["owner"])]
    outcome = send(plan, Api(refuse=["Bad"]))
    assert [c.operation for c in outcome.sent] == ["Good"]
    assert set(outcome.failed) == {"member"}


def test_the_calls_of_a_lane_keep_their_order():
    api = Api()
    send([call(str(number)) for number in range(20)], api)
    assert [o for o, _a in api.sent] == [str(number) for number in range(20)]


def test_the_public_form_shows_placeholders_and_no_token():
    shown = call("Make", Group=New("group", "one"), Token=Token(), List=[New("zone", "x")]).public()
    assert shown == {
        "operation": "ec2:Make",
        "vpcs": ["one"],
        "arguments": {"Group": "<group of one>", "Token": "<token>", "List": ["<zone of x>"]},
    }


def test_fill_leaves_the_original_alone():
    original = {"a": [Token()]}
    assert fill(original, lambda _p: "x") == {"a": ["x"]}
    assert original == {"a": [Token()]}


def test_plans_merge_in_order():
    merged = Plan.merge([Plan(calls=(call("A"),), before={"one": 1}), Plan(calls=(call("B"),), before={"two": 2})])
    assert [c.operation for c in merged.calls] == ["A", "B"]
    assert merged.before == {"one": 1, "two": 2}


def test_no_calls_no_trouble():
    assert send([], Api()).failed == {}


def test_a_call_waits_for_its_time_and_only_if_it_is_sent():
    began = time.monotonic()
    lanes = "abcdefghijkl"  # more than there are workers
    late = [replace(call("Delete", lane, lane), not_before=0.2) for lane in lanes]
    assert len(send(late, Api()).sent) == 12
    assert 0.2 <= time.monotonic() - began < 0.4
    began = time.monotonic()
    send([call("Fail"), replace(call("Delete"), not_before=5)], Api(refuse=["Fail"]))
    assert time.monotonic() - began < 1


def test_lanes_that_wait_keep_no_other_from_being_sent():
    """Each waits until many more than are sent at a time have been sent."""
    sent = threading.Barrier(5 * WORKERS)

    def api(_call, _arguments):
        sent.wait(timeout=20)
        return ""

    outcome = send([call("A", subject=str(n), lane=str(n)) for n in range(5 * WORKERS)], api)
    assert outcome.failed == {}
