# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the inventory to what the jobs take, and whom their errors concern."""

from __future__ import annotations

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._roles import setup as core
from ansible_collections.astro.privatelink.plugins.module_utils._roles import verify

SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"
COMMON = {
    "privatelink_cluster_id": "abc",
    "privatelink_region": "us-east-1",
    "privatelink_service_name": SERVICE,
    "unrelated": {"deep": "variable"},
}


def vpc(number, **more):
    more = {f"privatelink_{key}": value for key, value in more.items()}
    agents = [f"sg-{number}{number:07d}"]
    base = {"privatelink_vpc_id": f"vpc-{number:08d}", "privatelink_agent_security_groups": agents}
    return {**COMMON, **base, **more}


FLEET = {"one": vpc(1), "two": vpc(2), "three": vpc(3, via="one")}
ALL = list(FLEET)


def inventory(hosts, names, agents=()):
    return Inventory.read(hosts, names, agents)


def endpoints(*names, failed=()):
    found = {
        n: {
            "failed": n in failed,
            "state": "available",
            "dns_name": f"{n}.example",
            "hosted_zone_id": "Z",
            "addresses": [{"address": n, "network_interface_id": f"eni-{n}", "availability_zone": "az"}],
        }
        for n in names
    }
    return [{"vpcs": {n: {**v, "vpc_endpoint_id": f"vpce-{n}"} for n, v in found.items()}}]


def test_one_fleet_for_each_account_and_region():
    hosts = {**FLEET, "far": vpc(4, region="eu-west-1"), "other": vpc(5, profile="prod")}
    found = core.fleets(inventory(hosts, list(hosts)))
    assert [(f["region"], f.get("profile"), [link["name"] for link in f["links"]]) for f in found] == [
        ("eu-west-1", None, ["far"]),
        ("us-east-1", None, ["one", "two"]),
        ("us-east-1", "prod", ["other"]),
    ]


def test_a_joined_vpc_is_a_source_of_its_link():
    links = core.fleets(inventory(FLEET, ALL))[0]["links"]
    assert links[0]["joined"] == {"three": ["sg-30000003"]}
    assert links[0]["sources_only"] is False


def test_under_limit_the_owner_of_a_link_only_gets_sources():
    (link,) = core.fleets(inventory(FLEET, ["three"]))[0]["links"]
    assert (link["name"], link["sources_only"], link["joined"]) == ("one", True, {"three": ["sg-30000003"]})


def test_under_limit_others_are_not_mentioned():
    (link,) = core.fleets(inventory(FLEET, ["one"]))[0]["links"]
    assert link["joined"] == {}


def test_ranges_and_groups_are_sources():
    (link,) = core.fleets(inventory({"one": vpc(1, agent_cidrs="10.1.0.0/16")}, ["one"]))[0]["links"]
    assert link["sources"] == ["10.1.0.0/16", "sg-10000001"]


def test_zones_serve_their_own_and_joined_vpcs():
    (zone,) = core.zones(inventory(FLEET, ALL), endpoints("one", "two"))
    one, two = sorted(zone["links"], key=lambda link: link["name"])
    assert [v["name"] for v in one["vpcs"]] == ["one", "three"]
    assert one["records"] == [{"host": "abc.external.astronomer.run", "dns_name": "one.example", "hosted_zone_id": "Z"}]
    assert [v["name"] for v in two["vpcs"]] == ["two"]


def test_an_account_with_vpcs_in_two_regions_has_one_run_for_zones():
    hosts = {"one": vpc(1), "far": vpc(4, region="eu-west-1")}
    assert len(core.fleets(inventory(hosts, list(hosts)))) == 2
    assert len(core.zones(inventory(hosts, list(hosts)), endpoints("one", "far"))) == 1


def test_no_zone_where_the_endpoint_failed():
    assert [
        link["name"] for link in core.zones(inventory(FLEET, ALL), endpoints("one", "two", failed=["one"]))[0]["links"]
    ] == ["two"]


def planned(owner, *calls, before=None):
    shown = {"hosted_zone_id": "Z1", "vpc_ids": [], "records": {}, **(before or {})}
    return [{"calls": list(calls), "diff": {"before": {owner: shown if before is not None else {}}, "after": {}}}]


def record(owner, host):
    changes = [{"Action": "UPSERT", "ResourceRecordSet": {"Name": host}}]
    return {
        "operation": "route53:ChangeResourceRecordSets",
        "vpcs": [owner],
        "arguments": {"HostedZoneId": "Z1", "ChangeBatch": {"Changes": changes}},
    }


THERE = {"vpc_ids": ["vpc-00000001", "vpc-00000003", "vpc-99999999"], "records": {"abc.external.astronomer.run": "old"}}


def test_a_record_that_changes_moves_all_who_are_on_its_zone():
    plan = planned("one", record("one", "abc.external.astronomer.run"), before=THERE)
    (shift,) = core.shifts(inventory(FLEET, ["one", "two"]), plan)
    assert (shift.owner, shift.members, shift.strangers) == ("one", ("one", "three"), ("vpc-99999999",))
    held = {**FLEET, "one": vpc(1, holder_vpc_id="vpc-99999999")}
    assert core.shifts(inventory(held, ["one"]), plan)[0].strangers == ()
    new = planned("one", record("one", "abc.external.astronomer.run"), before={**THERE, "records": {}})
    assert core.shifts(inventory(FLEET, ["one"]), new) == []
    assert core.shifts(inventory(FLEET, ["one"]), planned("one", record("one", "abc.external.astronomer.run"))) == []


@pytest.mark.parametrize(
    ("stopped", "strangers", "codes"),
    [
        ({}, (), []),
        ({"three": [{}]}, (), ["RECORD_KEPT"]),
        ({"one": [{}]}, (), []),  # it fails by itself
        ({}, ("vpc-99999999",), ["RECORD_MOVES_STRANGERS"]),
    ],
)
def test_a_record_stays_as_long_as_one_of_them_does_not_reach_its_new_target(stopped, strangers, codes):
    shift = core.Shift(owner="one", zone_id="Z1", hosts=("abc",), members=("one", "three"), strangers=strangers)
    assert [each["code"] for each in core.kept([shift], stopped).get("one", [])] == codes


def test_a_name_does_not_move_to_an_endpoint_that_is_not_as_it_should_be():
    call = {"operation": "route53:AssociateVPCWithHostedZone", "vpcs": ["three"], "arguments": {}}
    closed = [{"calls": [{"operation": "ec2:AuthorizeSecurityGroupIngress", "vpcs": ["three"]}]}]
    fleet = inventory(FLEET, ALL)
    assert list(core.unready(fleet, closed, planned("one", call))) == ["three"]
    assert core.unready(fleet, closed, planned("one")) == {}


def test_under_limit_a_joined_vpc_does_not_touch_the_record():
    (zone,) = core.zones(inventory(FLEET, ["three"]), endpoints("one"))
    (link,) = zone["links"]
    assert link["compare_only"] is True
    assert [v["name"] for v in link["vpcs"]] == ["three"]


def test_problems_reach_those_who_share_a_link():
    error = {"vpc": "one", "severity": "error", "code": "PENDING_ACCEPTANCE"}
    found = core.problems(inventory(FLEET, ALL), [{"findings": [error]}], [])
    assert {name: [one["code"] for one in list_] for name, list_ in found.items()} == {
        "one": ["PENDING_ACCEPTANCE"],
        "three": ["LINK_OWNER_FAILED"],
    }


def test_warnings_are_no_problems():
    assert core.problems(inventory(FLEET, ALL), [{"findings": [{"vpc": "one", "severity": "warning"}]}], []) == {}


def test_targets_match_agent_hosts_and_links():
    hosts = {**FLEET, "agent": {"privatelink_agent_vpc": "three"}}
    found = verify.targets(inventory(hosts, ALL, ["agent"]), endpoints("one", "two"))
    target = found["three"]
    assert target.expected == ("one",)
    assert target.probe(target.agents[0]).elsewhere == {"two": ("two",)}
    assert [agent.name for agent in target.agents] == ["agent"]
    assert target.interfaces == {"one": "eni-one in az"}
    assert [one["code"] for one in found["one"].findings] == ["NO_AGENT_HOST"]


@pytest.mark.parametrize(
    ("subject", "codes"),
    [("one", ["SETUP_INCOMPLETE"]), ("three", ["SETUP_INCOMPLETE"]), ("two", [])],  # one has the link that three shares
)
def test_a_plan_that_was_only_looked_at_is_drift(subject, codes):
    (result,) = endpoints("one", "two")
    result |= {"calls": [{"operation": "ec2:ModifyVpcEndpoint", "vpcs": [subject]}], "changed": False}
    hosts = {**FLEET, "agent": {"privatelink_agent_vpc": "three"}}
    found = verify.targets(inventory(hosts, ["three"], ["agent"]), [result])["three"]
    assert [one["code"] for one in found.findings] == codes


@pytest.mark.parametrize(("state", "planning", "led"), [("pending", False, False), ("pending", True, True)])
def test_names_lead_to_endpoints_that_are_available_only(state, planning, led):
    (result,) = endpoints("one")
    result["vpcs"]["one"]["state"] = state
    assert bool(core.zones(inventory({"one": vpc(1)}, ["one"]), [result], planning)) is led


@pytest.mark.parametrize(
    ("operation", "subject", "moved"),
    [
        ("route53:AssociateVPCWithHostedZone", "three", ["three"]),
        ("route53:ChangeResourceRecordSets", "one", ["one", "three"]),
        ("route53:CreateHostedZone", "two", ["two"]),
    ],
)
def test_whose_name_a_plan_moves(operation, subject, moved):
    plan = [{"calls": [{"operation": operation, "vpcs": [subject]}]}]
    assert core.moved(inventory(FLEET, ALL), plan) == moved


def lacking(answers, *vpcs, findings=()):
    calls = [{"operation": "ec2:AuthorizeSecurityGroupIngress", "vpcs": list(vpcs)}] if vpcs else []
    return [{**answer, "calls": calls, "findings": list(findings)} for answer in answers]


@pytest.mark.parametrize(
    ("state", "found"),
    [
        (lacking(endpoints("one", "two")), ["one", "two", "three"]),
        (lacking(endpoints("two")), ["two"]),
        (lacking(endpoints("one", "two"), "two"), ["one", "three"]),
        (lacking(endpoints("one", "two"), "three"), ["two"]),  # it shares the link of one, which does not admit it yet
        (lacking(endpoints("one", "two", failed=["one"])), ["two"]),
        (lacking(endpoints("one", "two"), findings=[{"vpc": "three", "severity": "error"}]), ["two"]),
    ],
    ids=["all", "none yet", "its own", "joined", "failed", "joined failed"],
)
def test_links_are_ready_whole(state, found):
    assert core.ready(inventory(FLEET, ALL), state) == found


@pytest.mark.parametrize("change", [{"state": "pendingacceptance"}, {"dns_name": ""}])
def test_an_endpoint_that_cannot_be_led_to_is_not_ready(change):
    (answer,) = lacking(endpoints("one", "two"))
    answer["vpcs"]["one"] |= change
    assert core.ready(inventory(FLEET, ALL), [answer]) == ["two"]


def test_links_can_be_chosen():
    everyone = inventory(FLEET, ALL)
    assert core.owners(everyone.narrowed(["three"])) == {"one"}
    (fleet,) = core.fleets(everyone, {"two"})
    assert [link["name"] for link in fleet["links"]] == ["two"]
