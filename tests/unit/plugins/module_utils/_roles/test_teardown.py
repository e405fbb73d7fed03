# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules are told when links go, and when that has to stop."""

from __future__ import annotations

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._roles import teardown as core

SUFFIX = "external.astronomer.run"
HOST = f"abc.{SUFFIX}"


def vpc(number, **more):
    base = {
        "vpc_id": f"vpc-{number:08d}",
        "region": "us-east-1",
        "cluster_id": "abc",
        "service_name": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0",
        "agent_cidrs": [f"10.{number}.0.0/16"],
    }
    return {f"privatelink_{key}": value for key, value in {**base, **more}.items()}


FLEET = {
    "one": vpc(1, holder_vpc_id="vpc-99999999"),
    "two": vpc(2),
    "three": vpc(3, via="one"),
    "four": vpc(4, via="one"),
}
ALL = list(FLEET)


def links(items):
    return {(link["zone"], link["name"]): link for item in items for link in item["links"]}


def test_the_zones_of_both_layouts_go():
    found = links(core.all_zones(FLEET, ALL))
    assert set(found) == {(zone, name) for zone in (SUFFIX, HOST) for name in ("one", "two")}
    one = found[SUFFIX, "one"]
    assert (one["state"], one["records"], one["without_gap"]) == ("absent", [{"host": HOST}], True)
    assert [(v["name"], v["state"]) for v in one["vpcs"]] == [
        ("one", "absent"),
        ("three", "absent"),
        ("four", "absent"),
    ]
    assert one["holder"] == {"vpc_id": "vpc-99999999", "region": "us-east-1"}
    assert links(core.all_zones(FLEET, ALL, True))[HOST, "two"]["without_gap"] is False


def test_one_account_takes_one_run_for_each_layout():
    assert len(core.all_zones(FLEET, ALL)) == 2
    assert len(core.all_zones({**FLEET, "two": vpc(2, profile="other")}, ALL)) == 4


def test_an_adopted_zone_is_that_of_the_layout_in_use():
    found = links(core.all_zones({"one": vpc(1, hosted_zone_id="Z1", dns_layout="host_zone")}, ["one"]))
    assert {key: link["hosted_zone_id"] for key, link in found.items()} == {(SUFFIX, "one"): "", (HOST, "one"): "Z1"}


def test_vpcs_outside_of_the_run_that_share_a_link_are_told_by_name():
    found = links(core.all_zones(FLEET, ["one", "three"]))
    assert found[SUFFIX, "one"]["others"] == {"vpc-00000004": "four"}
    assert [v["name"] for v in found[SUFFIX, "one"]["vpcs"]] == ["one", "three"]


def test_under_limit_a_joined_vpc_only_leaves():
    found = links(core.all_zones(FLEET, ["three"]))
    one = found[SUFFIX, "one"]
    assert (one["state"], one["records"], [v["name"] for v in one["vpcs"]]) == ("present", [], ["three"])
    ((link,),) = [item["links"] for item in core.endpoints(FLEET, ["three"])]
    assert (link["name"], link["sources_only"], link["leaving"]) == ("one", True, {"three": ["10.3.0.0/16"]})


def test_a_source_that_others_need_as_well_stays():
    fleet = {**FLEET, "three": vpc(3, via="one", agent_cidrs=["10.3.0.0/16", "10.4.0.0/16", "10.1.0.0/16"])}
    ((link,),) = [item["links"] for item in core.endpoints(fleet, ["three"])]
    assert link["leaving"] == {"three": ["10.3.0.0/16"]}


def test_endpoints_go_after_draining():
    ((one, two),) = [item["links"] for item in core.endpoints(FLEET, ALL, 60)]
    assert [(link["name"], link["state"], link["drain"]) for link in (one, two)] == [
        ("one", "absent", 60),
        ("two", "absent", 60),
    ]


def test_old_zones_are_those_of_the_layout_that_is_not_wanted():
    mixed = {**FLEET, "two": vpc(2, dns_layout="host_zone")}
    found = links(core.old_zones(mixed, ALL))
    assert {key: link["without_gap"] for key, link in found.items()} == {(HOST, "one"): True, (SUFFIX, "two"): False}
    assert not any(link["without_gap"] for link in links(core.old_zones(mixed, ALL, True)).values())


@pytest.mark.parametrize(
    ("deployments", "unrestricted", "codes"),
    [
        ([{"name": "orders", "allowed_ranges": ["172.20.0.0/22"]}], False, ["DEPLOYMENT_RESTRICTED"]),
        ([{"name": "orders", "allowed_ranges": ["172.20.0.0/22"]}], True, []),
        ([{"name": "orders", "allowed_ranges": []}], False, []),
        ([{"name": "orders", "allowed_ranges": ["172.20.0.0/22", "0.0.0.0/0"]}], False, []),
        ([], False, ["RESTRICTION_UNKNOWN"]),
        ([], True, []),
    ],
)
def test_agents_must_be_admitted_on_the_public_path(deployments, unrestricted, codes):
    assert [one["code"] for one in core.guard(deployments, "one", unrestricted)] == codes


def probe(agent, *addresses, problem="", **more):
    reached = [{"address": a, "status": 404, "problem": ""} for a in addresses]
    names = {"addresses": list(addresses), "problem": problem}
    return {"item": agent, "place": {}, "names": names, "addresses": reached, "health": {}, "findings": [], **more}


TARGETS = {
    "one": {
        "vpc": "one",
        "host": HOST,
        "expected": ["10.1.0.5"],
        "agents": ["agent-1"],
        "elsewhere": {},
        "findings": [],
    },
    "three": {
        "vpc": "three",
        "host": HOST,
        "expected": ["10.1.0.5"],
        "agents": ["agent-3"],
        "elsewhere": {},
        "findings": [],
    },
}


def seen(**probes):
    hosts = {f"agent-{n}": {} for n in (1, 3)}
    looked = {name: {**FLEET[name], "__teardown_probes": {"results": [result]}} for name, result in probes.items()}
    return {**FLEET, **hosts, **looked}


def used(hostvars, zones=(), accept_gap=False):
    found = core.still_used(hostvars, ["one", "three"], TARGETS, zones, accept_gap)
    return {name: [one["code"] for one in findings] for name, findings in found.items()}


def test_agents_that_are_back_need_no_endpoint():
    assert used(seen(one=probe("agent-1", "203.0.113.10"), three=probe("agent-3", "203.0.113.10"))) == {}


def test_an_agent_on_the_link_keeps_it_for_all_who_share_it():
    hostvars = seen(one=probe("agent-1", "203.0.113.10"), three=probe("agent-3", "10.1.0.5"))
    assert used(hostvars) == {"three": ["NAME_STILL_PRIVATE"], "one": ["LINK_STILL_USED"]}
    assert used(seen(one=probe("agent-1", "10.1.0.5"), three=probe("agent-3", "203.0.113.10"))) == {
        "one": ["NAME_STILL_PRIVATE"]
    }


def test_a_name_that_does_not_come_back_stops_unless_that_was_agreed_to():
    lost = seen(one=probe("agent-1", problem="DNS_NXDOMAIN"))
    assert used(lost) == {"one": ["NAME_NOT_BACK"]}
    assert used(lost, accept_gap=True) == {}


def test_a_host_that_cannot_look_is_no_evidence():
    unreachable = {"item": "agent-1", "unreachable": True, "msg": "no route"}
    assert used(seen(one=unreachable)) == {}
    assert "could not look: AGENT_HOST_UNREACHABLE" in core.summary(seen(one=unreachable), TARGETS)[0]


def test_where_a_name_could_not_be_taken_away_the_endpoint_stays():
    failed = [{"findings": [{"vpc": "three", "severity": "error", "code": "CALL_FAILED", "text": "..."}]}]
    assert used(seen(), failed) == {"three": ["CALL_FAILED"], "one": ["LINK_STILL_USED"]}


@pytest.mark.parametrize(
    ("addresses", "accept_gap", "gone"),
    [
        (["203.0.113.10"], False, True),
        (["203.0.113.10", "10.1.0.5"], False, False),
        (["10.1.0.5"], True, False),
        ([], False, False),
        ([], True, True),
    ],
)
def test_when_a_host_has_let_go(addresses, accept_gap, gone):
    assert core.has_let_go({"addresses": addresses}, ["10.1.0.5", "10.1.1.5"], accept_gap) is gone


def test_what_people_are_shown():
    hostvars = seen(one=probe("agent-1", "203.0.113.10"), three=probe("agent-3", problem="DNS_NXDOMAIN"))
    none = {"agents": [], "host": HOST, "expected": [], "vpc": "two", "findings": []}
    assert core.summary({**hostvars, "two": FLEET["two"]}, {**TARGETS, "two": none}) == [
        f"one: agent-1 resolves {HOST} to 203.0.113.10 (public, status 404)",
        f"three: agent-3 gets no address for {HOST} (DNS_NXDOMAIN)",
        "two: no agent host is given, so nobody looked from inside",
    ]


# --- agents that have no way but the link


PUBLIC = "203.0.113.10"


def lookup(*addresses, problem=""):
    return {"item": HOST, "names": {"addresses": list(addresses), "problem": problem}}


def before(*reached, names=("10.1.0.5",)):
    """What the agent of VPC one saw while its name led to the link: public addresses, and how far it came there."""
    looked = probe("agent-1", *names)
    looked["addresses"] = [{"address": a, "tls": not problem, "problem": problem} for a, problem in reached]
    return {**FLEET, "agent-1": {}, "one": {**FLEET["one"], "__teardown_before": {"results": [looked]}}}


def codes(hostvars, lookups=(), targets=None):
    lookups, targets = lookups or [lookup(PUBLIC)], targets or TARGETS
    public = core.public_addresses(hostvars, targets, lookups)
    found = core.cut_off(hostvars, targets, public, lookups)
    return {name: [one["code"] for one in findings] for name, findings in found.items()}


def test_who_comes_through_without_the_link_may_lose_it():
    assert codes(before((PUBLIC, ""), ("10.1.0.5", ""))) == {}
    assert codes(before((PUBLIC, ""), ("203.0.113.11", "TCP_TIMEOUT")), [lookup(PUBLIC, "203.0.113.11")]) == {}


def test_who_does_not_keeps_it():
    hostvars = before((PUBLIC, "TCP_TIMEOUT"), ("10.1.0.5", ""))
    assert codes(hostvars) == {"one": ["PUBLIC_PATH_CLOSED"]}
    found = core.cut_off(hostvars, TARGETS, {"one": [PUBLIC], "three": [PUBLIC]}, [])
    assert "agent-1 (TCP_TIMEOUT) cannot reach" in found["one"][0]["text"]


@pytest.mark.parametrize("names", [(PUBLIC,), ()])
def test_who_is_not_on_the_link_loses_nothing(names):
    assert codes(before((PUBLIC, "TCP_TIMEOUT"), names=names)) == {}


@pytest.mark.parametrize(
    ("lookups", "said"),
    [
        ([lookup(problem="DNS_NXDOMAIN")], "(the controller gets DNS_NXDOMAIN)"),
        ([lookup("10.1.0.5")], "(the controller gets 10.1.0.5, a link's)"),
        ([{"item": HOST, "msg": "no module"}], "(the controller cannot look)"),
    ],
)
def test_where_nobody_knows_the_public_addresses_nothing_goes(lookups, said):
    assert codes(FLEET, lookups) == {"one": ["PUBLIC_PATH_UNKNOWN"], "three": ["PUBLIC_PATH_UNKNOWN"]}
    found = core.cut_off(FLEET, TARGETS, {"one": [], "three": [PUBLIC]}, lookups)
    assert said in found["one"][0]["text"]


def test_nobody_needs_to_know_where_no_agent_host_or_no_link_is():
    alone = {"one": {**TARGETS["one"], "agents": []}, "three": {**TARGETS["three"], "expected": []}}
    assert codes(FLEET, [lookup(problem="DNS_NXDOMAIN")], alone) == {}


def test_what_is_written_down_is_not_looked_up():
    assert core.to_look_up(FLEET, TARGETS) == [HOST]
    written = {**FLEET, **{name: {**FLEET[name], "privatelink_public_addresses": [PUBLIC]} for name in TARGETS}}
    assert core.to_look_up(written, TARGETS) == []
    assert core.public_addresses(written, TARGETS, []) == {"one": [PUBLIC], "three": [PUBLIC]}


def test_another_links_address_is_not_public():
    one = {**TARGETS["one"], "elsewhere": {"two": ["10.2.0.5"]}}
    assert core.public_addresses(FLEET, {"one": one}, [lookup("10.2.0.5")]) == {"one": []}


def test_who_writes_a_links_address_down_as_a_public_one_is_told():
    hostvars = {**FLEET, "one": {**FLEET["one"], "privatelink_public_addresses": ["10.1.0.5"]}}
    alone = {"one": TARGETS["one"]}
    assert core.public_addresses(hostvars, alone, []) == {"one": []}
    found = core.cut_off(hostvars, alone, {"one": []}, [])
    assert "(privatelink_public_addresses has 10.1.0.5, a link's)" in found["one"][0]["text"]
