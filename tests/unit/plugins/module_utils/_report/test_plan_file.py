# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan files that are handed in: which are refused, and with what reason."""

from __future__ import annotations

import copy
import json

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._report import plan_file
from ansible_collections.astro.privatelink.plugins.module_utils._report.planned import document
from planned_fleet import planned

AT = "2026-11-28T07:26:44Z"
PLAN = document(planned(), AT)
DAY = 86400


def changed(**more):
    return json.dumps({**PLAN, **more})


def damaged(key, entry):
    plan = copy.deepcopy(PLAN)
    plan[key][0] = entry
    return json.dumps(plan)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "It is no JSON"),
        ("[]", 'It is no plan of this collection: "schema" is not "astro.privatelink/plan".'),
        ('{"schema": "astro.privatelink/report"}', "It is no plan of this collection"),
        (changed(version=2), "Its form has version 2; this collection reads 1."),
        (changed(version=True), "It is damaged: the plan lacks version."),
        (changed(calls={}), "It is damaged: the plan lacks calls."),
        (damaged("calls", []), "It is damaged: entry 1 of calls is no mapping."),
        (damaged("calls", {"operation": "x", "vpcs": []}), "It is damaged: entry 1 of calls lacks arguments."),
        (
            damaged("calls", {"operation": "x", "vpcs": [[]], "arguments": {}}),
            "Entry 1 of calls has a name that is no text.",
        ),
        (damaged("vpcs", {"name": "x"}), "It is damaged: entry 1 of vpcs lacks account_id."),
    ],
)
def test_what_is_no_plan_is_refused(text, reason):
    with pytest.raises(plan_file.PlanRefused, match="nothing was changed") as told:
        plan_file.read(text, "plan.json")
    assert reason in str(told.value)


def test_a_plan_is_read_as_it_was_written():
    plan = plan_file.read(json.dumps(PLAN), "plan.json")
    assert list(plan.approved.calls) == PLAN["calls"]
    assert plan_file.unfit(plan, "1.2.3", "2026-11-29T07:26:00Z", DAY, PLAN["digest"]) == []
    assert plan_file.differences(plan, PLAN) == []


@pytest.mark.parametrize(
    ("text", "given", "reason"),
    [
        (
            changed(),
            {"collection": "1.2.4"},
            "It was made by version 1.2.3 of the collection, and this is version 1.2.4.",
        ),
        (changed(), {"now": "2026-11-29T09:26:44Z"}, "It is 26.0 hours old; setup_plan_max_age allows 24.0 hours."),
        (
            changed(),
            {"max_age": 60, "now": "2026-11-28T07:28:14Z"},
            "It is 90 seconds old; setup_plan_max_age allows 60 seconds.",
        ),
        (changed(), {"now": "2026-11-28T07:00:00Z"}, "It is from the future (2026-11-28T07:26:44Z): check the clocks."),
        (
            changed(),
            {"expected": "x"},
            f"It is another plan than the one approved: its digest is {PLAN['digest']}, not x.",
        ),
        (changed(calls=[]), {}, "It was changed after it was made: its digest does not match its content."),
        (
            changed(at="2026-11-28T08:26:44Z"),
            {},
            "It was changed after it was made: its digest does not match its content.",
        ),
        (changed(at="soon"), {}, "Its time 'soon' is no time."),
    ],
)
def test_a_plan_of_another_time_or_version_is_refused(text, given, reason):
    known = {"collection": "1.2.3", "now": "2026-11-28T08:26:44Z", "max_age": DAY, **given}
    assert reason in plan_file.unfit(plan_file.read(text, "plan.json"), **known)


@pytest.mark.parametrize(
    ("now", "reasons"),
    [
        (planned(names=["payments"]), ["analytics is in the plan and not in this run."]),
        (planned(tags={"a": "b"}), ['payments: privatelink_tags is {"a": "b"}, and in the plan not set.']),
        (
            planned(agent_security_groups=["sg-00000002"]),
            [
                'payments: privatelink_agent_security_groups is ["sg-00000002"], and in the plan ["sg-00000001"].',
                "payments fails now: SECURITY_GROUP_NOT_FOUND",
                "analytics fails now: LINK_OWNER_FAILED",
            ],
        ),
    ],
)
def test_a_plan_of_another_fleet_is_refused(now, reasons):
    told = plan_file.differences(plan_file.PlanFile("plan.json", PLAN), document(now, AT))
    assert len(told) == len(reasons)
    assert all(any(each.startswith(reason) for each in told) for reason in reasons), told


def test_a_plan_of_another_account_is_refused():
    elsewhere = document(planned(), AT)
    for vpc in elsewhere["vpcs"]:
        vpc["account_id"] = "222222222222" if vpc["account_id"] else ""
    told = plan_file.differences(plan_file.PlanFile("plan.json", PLAN), elsewhere)
    assert told == ["payments is in account 222222222222, and in the plan 111111111111."]


def test_the_time_of_a_plan_is_in_its_digest():
    assert plan_file.time_of(PLAN["digest"]) == AT
    with pytest.raises(plan_file.PlanRefused, match="setup_plan_digest takes the digest"):
        plan_file.time_of("yes")


def test_what_else_would_be_sent_is_named():
    plan = plan_file.PlanFile("plan.json", {**PLAN, "calls": PLAN["calls"][1:]})
    one = {
        "code": "PLAN_DIFFERS",
        "seen": "This is not what was approved: ec2:CreateSecurityGroup for payments is not in the plan.",
    }
    assert plan.approved.calls == tuple(PLAN["calls"][1:])
    assert plan_file.unlike({"payments": [one, {"code": "OTHER", "seen": "x"}]}) == [
        "payments: ec2:CreateSecurityGroup for payments is not in the plan."
    ]
