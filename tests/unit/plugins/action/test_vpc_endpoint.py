# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said while endpoints are on their way."""

from __future__ import annotations

from ansible_collections.astro.privatelink.plugins.action import vpc_endpoint as action


def result(**states):
    vpcs = {name: {"state": state, "vpc_endpoint_id": f"vpce-{name}"} for name, state in states.items()}
    codes = {"pendingacceptance": "PENDING_ACCEPTANCE", "pending": "ENDPOINT_PENDING", "rejected": "ENDPOINT_REJECTED"}
    findings = [{"vpc": name, "code": codes[state]} for name, state in states.items() if state in codes]
    return {"vpcs": vpcs, "findings": findings}


def test_a_line_says_how_many_and_who_waits_for_what():
    seen = result(one="available", two="pendingacceptance", three="pending")
    assert action.progress(seen) == (
        "1 of 3 endpoints are available; three (vpce-three) waits for AWS to make it available, "
        "two (vpce-two) waits for Astronomer to accept it"
    )


def test_what_is_settled_is_not_waited_for():
    assert action.waiting(result(one="available", two="rejected")) == {}
    assert action.waiting({"failed": True, "msg": "no credentials"}) == {}


def test_the_answer_has_the_plan_of_the_first_run_and_the_state_of_the_last():
    first = {"changed": True, "calls": ["a"], "diff": {"before": 0, "after": 1}, "vpcs": "then"}
    last = {"changed": False, "calls": [], "diff": {"before": 1, "after": 1}, "vpcs": "now"}
    assert action.combine([first, last]) == {
        "changed": True,
        "calls": ["a"],
        "diff": {"before": 0, "after": 1},
        "vpcs": "now",
    }


def test_an_error_is_passed_on():
    broken = {"failed": True, "msg": "no credentials"}
    assert action.combine([broken]) == broken
