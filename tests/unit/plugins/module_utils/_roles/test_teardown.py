# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What jobs are told when links go, and when that has to stop."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._link.zone import Alias, Record, Zone
from ansible_collections.astro.privatelink.plugins.module_utils._roles import move_dns_layout, verify
from ansible_collections.astro.privatelink.plugins.module_utils._roles import teardown as core

SUFFIX = "external.astronomer.run"
HOST = f"abc.{SUFFIX}"
LINK = ("10.1.0.5", "10.1.1.5")
PUBLIC = "203.0.113.10"
RECORD = {"host": HOST, "dns_name": "", "hosted_zone_id": ""}


def vpc(number, **more):
    base = {
        "vpc_id": f"vpc-{number:08d}",
        "region": "us-east-1",
        "cluster_id": "abc",
        "service_name": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0",
        "agent_cidrs": [f"10.{number}.0.0/16"],
    }
    return {f"privatelink_{key}": value for key, value in {**base, **more}.items()}


FLEET = MappingProxyType(
    {
        "one": vpc(1, holder_vpc_id="vpc-99999999"),
        "two": vpc(2),
        "three": vpc(3, via="one"),
        "four": vpc(4, via="one"),
        "agent-1": {"privatelink_agent_vpc": "one"},
        "agent-3": {"privatelink_agent_vpc": "three"},
    }
)
ALL = ("one", "two", "three", "four")


def read(fleet=FLEET, names=ALL):
    agents = [name for name, known in fleet.items() if "privatelink_agent_vpc" in known]
    return Inventory.read(fleet, list(names), agents)


def links(items):
    return {(link["zone"], link["name"]): link for item in items for link in item["links"]}


def test_the_zones_of_both_layouts_go():
    found = links(core.zones(read()))
    assert set(found) == {(zone, name) for zone in (SUFFIX, HOST) for name in ("one", "two")}
    one = found[SUFFIX, "one"]
    assert (one["state"], one["records"], one["without_gap"]) == ("absent", [RECORD], True)
    assert [(v["name"], v["state"]) for v in one["vpcs"]] == [
        ("one", "absent"),
        ("three", "absent"),
        ("four", "absent"),
    ]
    assert one["holder"] == {"vpc_id": "vpc-99999999", "region": "us-east-1"}
    assert found[SUFFIX, "two"]["holder_region"] == "us-east-1"  # without one it is made there
    assert links(core.zones(read(), True))[HOST, "two"]["without_gap"] is False


def test_one_account_takes_one_run_for_each_layout():
    assert len(core.zones(read())) == 2
    assert len(core.zones(read({**FLEET, "two": vpc(2, profile="other")}))) == 4


def test_an_adopted_zone_is_that_of_the_layout_in_use():
    found = links(core.zones(read({"one": vpc(1, hosted_zone_id="Z1234567", dns_layout="host_zone")}, ["one"])))
    assert {key: link["hosted_zone_id"] for key, link in found.items()} == {
        (SUFFIX, "one"): "",
        (HOST, "one"): "Z1234567",
    }


def test_only_a_record_that_leads_to_the_links_endpoint_goes_from_a_zone_of_the_users():
    done = [{"vpcs": {"one": {"dns_name": "vpce-1.example", "hosted_zone_id": "Z7"}}}]
    found = links(core.zones(read(), endpoints=done))
    assert found[SUFFIX, "one"]["records"] == [{"host": HOST, "dns_name": "vpce-1.example", "hosted_zone_id": "Z7"}]


def test_vpcs_outside_of_the_run_that_share_a_link_are_told_by_name():
    found = links(core.zones(read(names=["one", "three"])))
    assert found[SUFFIX, "one"]["others"] == {"vpc-00000004": "four"}
    assert [v["name"] for v in found[SUFFIX, "one"]["vpcs"]] == ["one", "three"]


def test_under_limit_a_joined_vpc_only_leaves():
    found = links(core.zones(read(names=["three"])))
    one = found[SUFFIX, "one"]
    assert (one["state"], one["records"], [v["name"] for v in one["vpcs"]]) == ("present", [], ["three"])
    ((link,),) = [item["links"] for item in core.endpoints(read(names=["three"]))]
    assert (link["name"], link["sources_only"], link["leaving"]) == ("one", True, {"three": ["10.3.0.0/16"]})


def test_a_source_that_others_need_as_well_stays():
    fleet = {**FLEET, "three": vpc(3, via="one", agent_cidrs=["10.3.0.0/16", "10.4.0.0/16", "10.1.0.0/16"])}
    ((link,),) = [item["links"] for item in core.endpoints(read(fleet, ["three"]))]
    assert link["leaving"] == {"three": ["10.3.0.0/16"]}


def test_endpoints_go_after_draining():
    ((one, two),) = [item["links"] for item in core.endpoints(read(), 60)]
    assert [(link["name"], link["state"], link["drain"]) for link in (one, two)] == [
        ("one", "absent", 60),
        ("two", "absent", 60),
    ]


def test_old_zones_are_those_of_the_layout_that_is_not_wanted():
    mixed = {**FLEET, "two": vpc(2, dns_layout="host_zone")}
    found = links(move_dns_layout.old_zones(read(mixed)))
    assert {key: link["without_gap"] for key, link in found.items()} == {(HOST, "one"): True, (SUFFIX, "two"): False}
    assert not any(link["without_gap"] for link in links(move_dns_layout.old_zones(read(mixed), True)).values())


def called(*calls):
    return {"calls": [{"operation": operation, "vpcs": list(vpcs)} for operation, *vpcs in calls]}


def served(*names, associated=True):
    return {"vpcs": {name: {"associated": associated} for name in names}, "calls": []}


def test_a_vpc_that_its_new_zone_does_not_serve_is_not_ready():
    def codes(*zones):
        found = move_dns_layout.not_ready(read(), zones)
        return {name: [one["code"] for one in each] for name, each in found.items()}

    assert codes(served(*ALL)) == {}
    plan = {**served(*ALL), **called(("route53:AssociateVPCWithHostedZone", "two"))}
    assert codes(plan) == {"two": ["LAYOUT_NOT_READY"]}
    record = {**served(*ALL), **called(("route53:ChangeResourceRecordSets", "one"))}
    assert list(codes(record)) == ["one", "three", "four"]  # a record is of all who share the link


@pytest.mark.parametrize("zones", [[], [served("one", associated=False)]])
def test_a_vpc_that_no_plan_speaks_of_is_not_ready(zones):
    """A link without an available endpoint has no plan for its zone, and so no calls."""
    found = move_dns_layout.not_ready(read(names=["one"]), zones)
    assert [one["code"] for one in found["one"]] == ["LAYOUT_NOT_READY"]


@pytest.mark.parametrize(
    ("ranges", "codes"),
    [
        ([["172.20.0.0/22"]], ["DEPLOYMENT_RESTRICTED"]),
        ([[]], []),
        ([["172.20.0.0/22", "0.0.0.0/0"]], []),
        ([[], ["172.20.0.0/22"]], ["DEPLOYMENT_RESTRICTED"]),
        ([], ["RESTRICTION_UNKNOWN"]),
    ],
)
def test_agents_must_be_admitted_on_the_public_path(ranges, codes):
    deployments = [{"name": "orders", "allowed_ranges": each} for each in ranges]
    found = core.guard(deployments, "one", "no Deployment is named")
    assert [one["code"] for one in found] == codes
    assert all("no Deployment is named" in one["text"] for one in found if one["code"] == "RESTRICTION_UNKNOWN")


# --- what agent hosts say


def agent(name, *addresses, problem="", reached=(), lost=""):
    """What one agent host saw; ``lost`` is why it saw nothing, ``reached`` how far it came at further addresses."""
    if lost:
        failed = {"code": lost, "severity": "error", "text": f"{lost}: ..."}
        return {"name": name, "names": {}, "addresses": [], "findings": [failed]}
    tried = [{"address": a, "tls": True, "status": 404, "problem": ""} for a in addresses]
    tried += [{"address": a, "tls": not why, "status": 0, "problem": why} for a, why in reached]
    return {
        "name": name,
        "names": {"addresses": list(addresses), "problem": problem},
        "addresses": tried,
        "findings": [],
    }


def target(name, expected=LINK, elsewhere=None, fleet=FLEET):
    return verify.VpcTarget(
        vpc=name,
        host=HOST,
        link=fleet[name].get("privatelink_via", name),
        vpc_endpoint_id="vpce-1",
        expected=tuple(expected),
        every=tuple(expected),
        interfaces={},
        elsewhere=elsewhere or {"one": tuple(expected)},
        agents=tuple(read(fleet).agents_of(name)),
    )


TARGETS = {name: target(name) for name in ("one", "three")}
PAIR = read(names=["one", "three"])


def used(one, three, accept_gap=False):
    seen = {name: [each] for name, each in (("one", one), ("three", three)) if each}
    found = core.sharing(PAIR, core.still_used(PAIR, TARGETS, seen, accept_gap))
    return {name: [each["code"] for each in findings] for name, findings in found.items()}


BACK = (agent("agent-1", PUBLIC), agent("agent-3", PUBLIC))


def test_agents_that_are_back_need_no_endpoint():
    assert used(*BACK) == {}


def test_an_agent_on_the_link_keeps_it_for_all_who_share_it():
    assert used(BACK[0], agent("agent-3", *LINK)) == {"three": ["NAME_STILL_PRIVATE"], "one": ["LINK_STILL_USED"]}
    assert used(agent("agent-1", LINK[0]), BACK[1]) == {"one": ["NAME_STILL_PRIVATE"]}


def test_a_name_that_does_not_come_back_stops_unless_that_was_agreed_to():
    lost = agent("agent-1", problem="DNS_NXDOMAIN")
    assert used(lost, BACK[1]) == {"one": ["NAME_NOT_BACK"]}
    assert used(lost, BACK[1], accept_gap=True) == {}


@pytest.mark.parametrize("accept_gap", [False, True])
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (agent("agent-1", lost="AGENT_HOST_UNREACHABLE"), "WAY_BACK_UNSEEN"),
        (agent("agent-1", lost="PROBE_FAILED"), "WAY_BACK_UNSEEN"),
        (None, "WAY_BACK_UNSEEN"),
        (
            {**agent("agent-1", PUBLIC), "findings": [{"code": "AGENT_HOST_SHARED", "severity": "error"}]},
            "WAY_BACK_UNSEEN",
        ),
        (agent("agent-1", problem="DNS_TIMEOUT"), "NAME_NOT_BACK"),
        (agent("agent-1", problem="DNS_SERVFAIL"), "NAME_NOT_BACK"),
    ],
)
def test_no_answer_is_no_consent(answer, code, accept_gap):
    assert used(answer, BACK[1], accept_gap) == {"one": [code]}
    assert core.waiting(TARGETS, {"one": [answer] if answer else [], "three": [BACK[1]]}, accept_gap) == ["one"]


@pytest.mark.parametrize(
    ("answer", "accept_gap", "gone"),
    [
        (agent("a", PUBLIC), False, True),
        (agent("a", PUBLIC, LINK[0]), False, False),
        (agent("a", LINK[0]), True, False),
        (agent("a", problem="DNS_NXDOMAIN"), False, False),
        (agent("a", problem="DNS_NXDOMAIN"), True, True),
        (agent("a", problem="DNS_TIMEOUT"), True, False),
        (agent("a", lost="AGENT_HOST_UNREACHABLE"), True, False),
    ],
)
def test_when_a_host_has_let_go(answer, accept_gap, gone):
    assert core.has_let_go(answer, LINK, accept_gap) is gone


def test_what_people_are_shown():
    seen = {
        "one": [agent("agent-1", PUBLIC)],
        "three": [agent("agent-3", problem="DNS_NXDOMAIN"), agent("agent-4", lost="AGENT_HOST_UNREACHABLE")],
    }
    assert core.summary({**TARGETS, "two": target("two", ())}, seen) == [
        f"one: agent-1 resolves {HOST} to 203.0.113.10 (public, status 404)",
        f"three: agent-3 gets no address for {HOST} (DNS_NXDOMAIN)",
        "three: agent-4 could not look: AGENT_HOST_UNREACHABLE: ...",
        "two: no agent host is in the inventory, so nothing was seen from inside",
    ]


# --- zones that still lead to an endpoint


ENDPOINT = [{"vpcs": {"one": {"vpc_endpoint_id": "vpce-1", "addresses": [{"address": LINK[0]}]}}}]
ALIAS = Alias(dns_name="vpce-1-abcd.vpce-svc-1.us-east-1.vpce.amazonaws.com", hosted_zone_id="Z7")


@pytest.mark.parametrize(
    ("record", "stays"),
    [
        (Record(name=HOST, type="A", alias=ALIAS), True),
        (Record(name=HOST, type="AAAA", alias=ALIAS), True),
        (Record(name=HOST, type="CNAME", alias=None, raw={"ResourceRecords": [{"Value": ALIAS.dns_name + "."}]}), True),
        (Record(name=HOST, type="A", alias=None, raw={"ResourceRecords": [{"Value": LINK[0]}]}), True),
        (Record(name=HOST, type="A", alias=Alias(dns_name="vpce-12-x.example", hosted_zone_id="Z7")), False),
        (Record(name=HOST, type="A", alias=None, raw={"ResourceRecords": [{"Value": PUBLIC}]}), False),
        (Record(name=HOST, type="TXT", alias=None, raw={}), False),
    ],
)
def test_an_endpoint_that_any_zone_leads_to_stays(record, stays):
    zone = Zone(id="Z1", name=SUFFIX, link="vpc-9", vpcs={"vpc-9": "us-east-1"}, records=(record,))
    found = core.led_to(PAIR, ENDPOINT, [zone])
    assert {name: [each["code"] for each in found[name]] for name in found} == (
        {"one": ["ENDPOINT_STILL_LED_TO"]} if stays else {}
    )
    assert core.led_to(read(names=["two"]), ENDPOINT, [zone]) == {}


def test_a_zone_that_is_not_removed_yet_keeps_the_endpoint():
    found = core.names_left(PAIR, [called(("route53:DeleteHostedZone", "one"), ("route53:DeleteHostedZone", "two"))])
    assert {name: [each["code"] for each in found[name]] for name in found} == {"one": ["NAMES_NOT_REMOVED"]}


# --- agents that have no way but the link


def lookup(*addresses, problem=""):
    return {HOST: {"addresses": list(addresses), "problem": problem}}


def before(*reached, names=("10.1.0.5",), problem=""):
    """What the agent of VPC one saw while its name led to the link: public addresses, and how far it came there."""
    return {"one": [agent("agent-1", *names, reached=reached, problem=problem)], "three": [agent("agent-3", PUBLIC)]}


def codes(seen, lookups=None, targets=None, fleet=FLEET):
    lookups, targets = lookups or lookup(PUBLIC), targets or TARGETS
    public = core.public_addresses(read(fleet), targets, lookups)
    found = core.cut_off(read(fleet), targets, public, seen, lookups)
    return {name: [one["code"] for one in findings] for name, findings in found.items()}


def test_who_comes_through_without_the_link_may_lose_it():
    assert codes(before((PUBLIC, ""))) == {}
    two = lookup(PUBLIC, "203.0.113.11")
    assert codes(before((PUBLIC, ""), ("203.0.113.11", "TCP_TIMEOUT")), two) == {}


def test_who_does_not_keeps_it():
    closed = before((PUBLIC, "TCP_TIMEOUT"))
    assert codes(closed) == {"one": ["PUBLIC_PATH_CLOSED"]}
    found = core.cut_off(read(), TARGETS, {"one": [PUBLIC]}, closed, {})
    assert "agent-1 (TCP_TIMEOUT) cannot reach" in found["one"][0]["text"]


@pytest.mark.parametrize(("names", "problem"), [((PUBLIC,), ""), ((), "DNS_NXDOMAIN"), ((), "DNS_NODATA")])
def test_who_is_not_on_the_link_loses_nothing(names, problem):
    seen = {**before((PUBLIC, "TCP_TIMEOUT"), names=(), problem=problem)}
    if names:
        seen["one"] = [agent("agent-1", "198.51.100.7", reached=[(PUBLIC, "TCP_TIMEOUT")])]
    assert codes(seen) == {}


@pytest.mark.parametrize("problem", ["DNS_TIMEOUT", "DNS_SERVFAIL", ""])
def test_who_does_not_know_the_name_may_be_on_the_link(problem):
    assert codes(before((PUBLIC, "TCP_TIMEOUT"), names=(), problem=problem)) == {"one": ["PUBLIC_PATH_CLOSED"]}


@pytest.mark.parametrize("seen", [[], [agent("agent-1", lost="AGENT_HOST_UNREACHABLE")]])
def test_who_cannot_be_asked_keeps_its_link(seen):
    assert codes({**before(), "one": seen}) == {"one": ["PUBLIC_PATH_UNSEEN"]}


def test_a_public_address_that_was_not_tried_is_no_way():
    assert codes(before()) == {"one": ["PUBLIC_PATH_CLOSED"]}


@pytest.mark.parametrize(
    ("lookups", "said"),
    [
        (lookup(problem="DNS_NXDOMAIN"), "(the controller gets DNS_NXDOMAIN)"),
        (lookup("10.1.0.5"), "(the controller gets 10.1.0.5, a link's)"),
        ({HOST: {}}, "(the controller cannot look it up)"),
    ],
)
def test_where_the_public_addresses_are_unknown_nothing_goes(lookups, said):
    assert codes({}, lookups) == {"one": ["PUBLIC_PATH_UNKNOWN"], "three": ["PUBLIC_PATH_UNKNOWN"]}
    found = core.cut_off(read(), TARGETS, {"one": []}, {}, lookups)
    assert said in found["one"][0]["text"]


def test_nobody_needs_to_know_where_no_agent_host_or_no_link_is():
    alone = {"two": target("two"), "three": target("three", ())}
    assert codes({}, lookup(problem="DNS_NXDOMAIN"), alone) == {}
    assert [(one["vpc"], one["code"]) for one in core.unproven(alone)] == [("two", "WAY_BACK_UNPROVEN")]


def test_what_is_written_down_is_not_looked_up():
    assert core.to_look_up(read(), TARGETS) == [HOST]
    written = {**FLEET, **{name: {**FLEET[name], "privatelink_public_addresses": [PUBLIC]} for name in TARGETS}}
    assert core.to_look_up(read(written), TARGETS) == []
    assert core.public_addresses(read(written), TARGETS, {}) == {"one": [PUBLIC], "three": [PUBLIC]}


def test_another_links_address_is_not_public():
    one = target("one", elsewhere={"two": ("10.2.0.5",)})
    assert core.public_addresses(read(), {"one": one}, lookup("10.2.0.5")) == {"one": []}


def test_who_writes_a_links_address_down_as_a_public_one_is_told():
    fleet = {**FLEET, "one": {**FLEET["one"], "privatelink_public_addresses": ["10.1.0.5"]}}
    alone = {"one": TARGETS["one"]}
    assert core.public_addresses(read(fleet), alone, {}) == {"one": []}
    found = core.cut_off(read(fleet), alone, {"one": []}, {}, {})
    assert "(privatelink_public_addresses has 10.1.0.5, a link's)" in found["one"][0]["text"]
