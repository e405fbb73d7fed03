# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Deployment's allowed ranges: tables of want and have to the update and the findings, and what an update carries."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._astro import access as core
from ansible_collections.astro.privatelink.plugins.module_utils._astro.access import Cluster, Have, Want

CLUSTER = Cluster(id="clcluster", ranges=("172.20.0.0/22",))
NAT = "198.51.100.7"
REMOTE = {
    "enabled": True,
    "allowedIpAddressRanges": [],
    "remoteApiUrl": "https://clcluster.external.astronomer.run/d8fe2wmv",
    "taskLogBucket": "s3://logs",
    "taskLogUrlPattern": "https://logs.example/{run}",
}
DEPLOYMENT = {
    "id": "cldeployment",
    "name": "orders",
    "clusterId": "clcluster",
    "contactEmails": ["someone@example.com"],
    "description": "what it is for",
    "effectiveWorkloadIdentity": "arn:aws:iam::111111111111:role/astro",
    "environmentVariables": [
        {"key": "PLAIN", "value": "shown", "isSecret": False, "updatedAt": "2026-01-01T00:00:00Z"},
        {"key": "SECRET", "isSecret": True, "updatedAt": "2026-01-01T00:00:00Z"},
    ],
    "executor": "ASTRO",
    "isCicdEnforced": False,
    "isDagDeployEnabled": True,
    "isDevelopmentMode": False,
    "isHighAvailability": True,
    "remoteExecution": REMOTE,
    "resourceQuotaCpu": "10",
    "scalingSpec": {"hibernationSpec": {"schedules": []}},
    "schedulerSize": "SMALL",
    "type": "DEDICATED",
    "updatedAt": "2026-01-01T00:00:00Z",
    "workerQueues": [{"id": "q1", "name": "default"}],
    "workspaceId": "clworkspace",
}


def want(state="present", ranges=None, **options):
    return Want(deployment_id="cldeployment", ranges=ranges, state=state, **options)


def have(ranges=(), cluster=CLUSTER, **changed):
    remote = {**REMOTE, "allowedIpAddressRanges": list(ranges)}
    return Have(document={**DEPLOYMENT, "remoteExecution": remote, **changed}, cluster=cluster)


def without(field):
    return replace(have(), document={key: value for key, value in DEPLOYMENT.items() if key != field})


def planned(plan):
    return plan.calls[0].arguments["allowedIpAddressRanges"] if plan.calls else None


def codes(plan):
    return {one.code for one in plan.findings}


@pytest.mark.parametrize(
    ("wanted", "there", "update", "findings"),
    [
        # the first range closes what was open
        (want(), [], ["172.20.0.0/22"], {"ACCESS_CLOSES"}),
        (want(), ["172.20.0.0/22"], None, set()),
        # the same ranges in other spellings and another order
        (want(), ["172.20.0.17/22"], None, set()),
        (want(ranges=("172.20.3.255/22",)), [" 172.20.0.0/22"], None, set()),
        (want(ranges=("198.51.100.7", "172.20.0.0/22")), ["172.20.0.0/22", "198.51.100.7/32"], None, set()),
        (want(ranges=("2001:DB8::1/64",)), ["2001:db8::/64", "172.20.0.0/22"], None, set()),
        (want(ranges=("172.20.0.0/22",) * 2), [], ["172.20.0.0/22"], {"ACCESS_CLOSES"}),
        # somebody else's entries stay, as they were spelled
        (want(), [NAT, "10.0.0.9/8"], [NAT, "10.0.0.9/8", "172.20.0.0/22"], {"OTHER_RANGES_LEFT"}),
        (want(), [""], ["", "172.20.0.0/22"], {"OTHER_RANGES_LEFT"}),
        # exactly: public ranges go
        (want("exact"), [NAT], ["172.20.0.0/22"], set()),
        (want("exact"), [NAT, "172.20.0.1/22"], ["172.20.0.1/22"], set()),
        (want("exact", ("172.20.0.0/22", NAT)), [NAT], [NAT, "172.20.0.0/22"], set()),
        # removing
        (want("absent", (NAT,)), ["172.20.0.0/22", f"{NAT}/32"], ["172.20.0.0/22"], set()),
        (want("absent", (NAT,)), ["172.20.0.0/22"], None, set()),
        (want("absent"), [], None, set()),
        # an empty list is open, and so is a range of everything: it has to be said
        (want("absent"), ["172.20.0.0/22"], None, {"ACCESS_WOULD_OPEN"}),
        (want("exact", ()), [NAT], None, {"ACCESS_WOULD_OPEN"}),
        (want(ranges=("0.0.0.0/0",)), ["172.20.0.0/22"], None, {"ACCESS_WOULD_OPEN"}),
        (want(ranges=("::/0",)), ["172.20.0.0/22"], None, {"ACCESS_WOULD_OPEN"}),
        (want("absent", allow_open=True), ["172.20.0.0/22"], [], set()),
        (want("exact", (), allow_open=True), [NAT], [], set()),
        # agents over PrivateLink must not be refused, unless it is said
        (want(ranges=(NAT,)), [], None, {"ACCESS_CLOSES", "ACCESS_MISSES_CLUSTER"}),
        (want("exact", (NAT,)), ["172.20.0.0/22"], None, {"ACCESS_MISSES_CLUSTER"}),
        (want("absent"), ["172.20.0.0/22", NAT], None, {"ACCESS_MISSES_CLUSTER"}),
        (want("absent", allow_lockout=True), ["172.20.0.0/22", NAT], [NAT], set()),
        (
            want("exact", ("172.20.0.0/23", "172.20.2.0/23")),
            ["172.20.0.0/22"],
            ["172.20.0.0/23", "172.20.2.0/23"],
            set(),
        ),
        (want("exact", ("172.16.0.0/12",)), ["172.20.0.0/22"], ["172.16.0.0/12"], set()),
        # a list that never admitted them is not made worse
        (want(ranges=("192.0.2.0/24",)), [NAT], [NAT, "192.0.2.0/24"], {"OTHER_RANGES_LEFT"}),
        # nonsense
        (want(ranges=("172.20.0.0/33", "cluster")), [NAT], None, {"RANGE_INVALID"}),
    ],
)
def test_want_and_have_to_update(wanted, there, update, findings):
    plan = core.plan(wanted, have(there))
    assert planned(plan) == update
    assert codes(plan) == findings
    assert plan.before["orders"]["allowed_ranges"] == there
    assert plan.after["orders"]["allowed_ranges"] == (there if update is None else update)


@pytest.mark.parametrize("update", [True, False])
def test_the_plan_shows_ranges_and_nothing_else(update):
    plan = core.plan(want(), have([] if update else ["172.20.0.0/22"]))
    assert "shown" not in str([call.public() for call in plan.calls]) + str(plan.before) + str(plan.after)
    assert "shown" not in repr(have())


@pytest.mark.parametrize("field", core.REQUIRED)
def test_a_field_that_the_token_does_not_see_stops_the_update(field):
    plan = core.plan(want(), without(field))
    assert plan.calls == ()
    assert "DEPLOYMENT_FIELDS_MISSING" in codes(plan)
    assert any(field in one.seen for one in plan.findings)


def test_a_field_that_the_token_does_not_see_is_no_matter_without_an_update():
    restricted = {**REMOTE, "allowedIpAddressRanges": ["172.20.0.0/22"]}
    blind = {key: value for key, value in DEPLOYMENT.items() if key != "environmentVariables"}
    plan = core.plan(want(), Have(document={**blind, "remoteExecution": restricted}, cluster=CLUSTER))
    assert (plan.calls, plan.findings) == ((), ())


def test_only_variables_can_be_said_not_to_exist():
    told = want(no_variables=True)
    assert planned(core.plan(told, without("environmentVariables"))) == ["172.20.0.0/22"]
    assert core.body(without("environmentVariables").document, [], True)["environmentVariables"] == []
    assert core.plan(told, without("executor")).calls == ()
    # where there are some, saying so deletes nothing
    assert len(core.body(DEPLOYMENT, [], True)["environmentVariables"]) == 2


def test_a_plain_variable_without_its_value_stops_the_update():
    hidden = [{"key": "PLAIN", "isSecret": False, "updatedAt": "2026-01-01T00:00:00Z"}]
    plan = core.plan(want(), have(environmentVariables=hidden))
    assert plan.calls == ()
    assert "PLAIN" not in str(plan.findings)
    assert "DEPLOYMENT_FIELDS_MISSING" in codes(plan)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"remoteExecution": None}, "REMOTE_EXECUTION_OFF"),
        ({"remoteExecution": {**REMOTE, "enabled": False}}, "REMOTE_EXECUTION_OFF"),
        ({"remoteExecution": {"enabled": True, "remoteApiUrl": "x"}}, "DEPLOYMENT_FIELDS_MISSING"),
    ],
)
def test_a_list_that_cannot_be_seen_is_not_taken_for_an_empty_one(document, code):
    plan = core.plan(want(), have(**document))
    assert (plan.calls, codes(plan)) == ((), {code})


def test_without_the_cluster_the_ranges_have_to_be_given():
    assert codes(core.plan(want(), have(cluster=None))) == {"CLUSTER_RANGE_UNKNOWN"}
    assert planned(core.plan(want(ranges=(NAT,)), have(cluster=None))) == [f"{NAT}/32"]


@pytest.mark.parametrize(
    ("document", "ranges", "secondary"),
    [
        ({}, ("172.20.0.0/22",), ()),
        ({"secondaryVpcCidr": "100.64.0.0/16"}, ("172.20.0.0/22",), ("100.64.0.0/16",)),
        ({"isDrEnabled": True}, ("172.20.0.0/22",), ()),
        ({"isDrEnabled": True, "drVpcSubnetRange": "172.20.0.0/22"}, ("172.20.0.0/22",), ()),
        ({"isDrEnabled": True, "drVpcSubnetRange": "172.24.0.0/22"}, ("172.20.0.0/22", "172.24.0.0/22"), ()),
        ({"isDrEnabled": True, "drSecondaryVpcCidr": "100.65.0.0/16"}, ("172.20.0.0/22",), ("100.65.0.0/16",)),
        ({"isDrEnabled": False, "drVpcSubnetRange": "172.24.0.0/22"}, ("172.20.0.0/22",), ()),
    ],
)
def test_the_ranges_of_a_cluster(document, ranges, secondary):
    read = Cluster.read({"id": "clcluster", "vpcSubnetRange": "172.20.0.0/22", **document})
    assert (read.ranges, read.secondary) == (ranges, secondary)


def test_a_secondary_range_is_pointed_out_until_it_is_allowed():
    cluster = replace(CLUSTER, secondary=("100.64.0.0/16",))
    assert "SECONDARY_RANGE" in codes(core.plan(want(), have(cluster=cluster)))
    assert "SECONDARY_RANGE" not in codes(core.plan(want(), have(["100.64.0.0/10"], cluster=cluster)))
    both = want(ranges=("172.20.0.0/22", "100.64.0.0/16"))
    assert codes(core.plan(both, have(cluster=cluster))) == {"ACCESS_CLOSES"}


def test_an_update_echoes_what_would_be_lost_and_leaves_out_what_stays():
    assert core.body(DEPLOYMENT, ["172.20.0.0/22"]) == {
        "description": "what it is for",
        "environmentVariables": [
            {"key": "PLAIN", "isSecret": False, "value": "shown"},
            {"key": "SECRET", "isSecret": True},
        ],
        "executor": "ASTRO",
        "isCicdEnforced": False,
        "isDagDeployEnabled": True,
        "isDevelopmentMode": False,
        "isHighAvailability": True,
        "name": "orders",
        "remoteExecution": {
            "enabled": True,
            "allowedIpAddressRanges": ["172.20.0.0/22"],
            "taskLogBucket": "s3://logs",
            "taskLogUrlPattern": "https://logs.example/{run}",
        },
        "schedulerSize": "SMALL",
        "type": "DEDICATED",
        "workspaceId": "clworkspace",
    }


def test_an_update_has_no_task_log_where_there_is_none():
    plain = {key: value for key, value in REMOTE.items() if not key.startswith("taskLog")}
    sent = core.body({**DEPLOYMENT, "remoteExecution": plain}, [])["remoteExecution"]
    assert sent == {"enabled": True, "allowedIpAddressRanges": []}


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({}, []),
        ({"updatedAt": "2026-02-02T00:00:00Z", "status": "DEPLOYING", "workerQueues": []}, []),
        ({"name": "renamed"}, ["name"]),
        ({"environmentVariables": DEPLOYMENT["environmentVariables"][::-1]}, []),
        ({"environmentVariables": DEPLOYMENT["environmentVariables"][:1]}, ["environmentVariables"]),
        ({"remoteExecution": {**REMOTE, "allowedIpAddressRanges": [NAT]}}, [core.RANGES]),
        ({"remoteExecution": {**REMOTE, "taskLogBucket": "s3://other"}}, ["remoteExecution.taskLogBucket"]),
    ],
)
def test_what_a_second_writer_changed_is_named(changed, fields):
    assert core.drift(DEPLOYMENT, {**DEPLOYMENT, **changed}) == fields


def test_what_an_update_changed_besides_the_ranges_is_named_without_values():
    lost = {**REMOTE, "allowedIpAddressRanges": ["172.20.0.0/22"], "taskLogBucket": None}
    found = core.changed_besides(DEPLOYMENT, {**DEPLOYMENT, "remoteExecution": lost, "environmentVariables": []})
    assert [one.code for one in found] == ["DEPLOYMENT_CHANGED_BESIDES"]
    assert "environmentVariables, remoteExecution.taskLogBucket" in found[0].seen
    restricted = {**REMOTE, "allowedIpAddressRanges": ["172.20.0.0/22"]}
    assert core.changed_besides(DEPLOYMENT, {**DEPLOYMENT, "remoteExecution": restricted}) == []


@pytest.mark.parametrize(
    ("deployment_id", "ranges", "api_url", "confused"),
    [
        ("cldeployment", (NAT,), "https://api.astronomer.io/v1", False),
        ("clorganization", (NAT,), "", True),
        ("cldeployment", (), "https://api.astronomer.io/v1/organizations/o/allowed-ip-address-ranges", True),
        ("cldeployment", ("{'ipAddressRange': '198.51.100.0/24'}",), "", True),
    ],
)
def test_the_list_of_the_organization_is_recognised(deployment_id, ranges, api_url, confused):
    found = core.confusion("clorganization", deployment_id, ranges, api_url)
    assert [one.code for one in found] == (["ORG_LIST_CONFUSION"] if confused else [])


def test_a_list_that_is_not_as_expected_is_left_alone():
    back = want("exact", (), expected=("172.20.0.1/22",), allow_open=True)
    assert planned(core.plan(back, have(["172.20.0.0/22"]))) == []
    plan = core.plan(back, have(["172.20.0.0/22", NAT]))
    assert (plan.calls, codes(plan)) == ((), {"ACCESS_NOT_AS_EXPECTED"})
    assert core.plan(back, have([])).findings == (), "it is as asked for already"


def test_what_is_not_known_below_the_top_is_sent_back():
    remote = {**REMOTE, "newList": ["a"], "newFlag": False, "nothing": None, "remoteApiUrl": "https://x"}
    secret = {"key": "SECRET", "isSecret": True, "value": "***", "scope": "all", "updatedAt": "2026-01-01T00:00:00Z"}
    plain = {"key": "PLAIN", "isSecret": False, "value": "shown", "note": {"deep": 1}, "empty": None}
    document = {**DEPLOYMENT, "remoteExecution": remote, "environmentVariables": [plain, secret], "newAtTheTop": 1}
    sent = core.body(document, [NAT])
    assert sent["remoteExecution"]["newList"] == ["a"]
    assert sent["remoteExecution"]["newFlag"] is False
    assert not {"nothing", "remoteApiUrl"} & set(sent["remoteExecution"]), "what Astro itself writes is not sent"
    assert sent["environmentVariables"] == [
        {"key": "PLAIN", "isSecret": False, "value": "shown", "note": {"deep": 1}},
        {"key": "SECRET", "isSecret": True, "scope": "all"},
    ]
    assert "newAtTheTop" not in sent, "left out at the top stays as it is"


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"remoteExecution": {**REMOTE, "newFlag": True}}, ["remoteExecution.newFlag"]),
        ({"remoteExecution": {**REMOTE, "remoteApiUrl": "https://other"}}, []),
        ({"environmentVariables": [{**each, "note": "new"} for each in DEPLOYMENT["environmentVariables"]]},
         ["environmentVariables"]),
    ],
)  # fmt: skip
def test_a_second_writer_of_what_is_not_known_is_seen_as_well(changed, fields):
    assert core.drift(DEPLOYMENT, {**DEPLOYMENT, **changed}) == fields


def test_a_previous_list_goes_back_as_it_was_written():
    before = ("198.51.100.7", "10.0.0.9/8", "the office")
    back = want("exact", before, expected=("172.20.0.0/22",), allow_open=True, allow_lockout=True, verbatim=True)
    assert planned(core.plan(back, have(["172.20.0.0/22"]))) == list(before)


def test_what_findings_quote_of_astro_is_bounded_and_on_one_line():
    plan = core.plan(want(), have(["10.0.0.1\x1b]0;x\x07" + "9" * 9999], name="a\nb"))
    assert {one.vpc for one in plan.findings} == {"a b"}
    assert all(one.text.isprintable() and len(one.text) < 2000 for one in plan.findings)
