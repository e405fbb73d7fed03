# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the inventory to what the modules take."""

from __future__ import annotations

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._inventory import hosts as core

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


def endpoints(*names, failed=()):
    found = {
        n: {
            "failed": n in failed,
            "dns_name": f"{n}.example",
            "hosted_zone_id": "Z",
            "addresses": [{"address": n, "network_interface_id": f"eni-{n}", "availability_zone": "az"}],
        }
        for n in names
    }
    return [{"vpcs": {n: {**v, "vpc_endpoint_id": f"vpce-{n}"} for n, v in found.items()}}]


def test_one_fleet_for_each_account_and_region():
    hosts = {**FLEET, "far": vpc(4, region="eu-west-1"), "other": vpc(5, profile="prod")}
    found = core.fleets(hosts, list(hosts))
    assert [(f["region"], f.get("profile"), [link["name"] for link in f["links"]]) for f in found] == [
        ("eu-west-1", None, ["far"]),
        ("us-east-1", None, ["one", "two"]),
        ("us-east-1", "prod", ["other"]),
    ]


def test_a_joined_vpc_is_a_source_of_its_link():
    links = core.fleets(FLEET, ALL)[0]["links"]
    assert links[0]["joined"] == {"three": ["sg-30000003"]}
    assert links[0]["sources_only"] is False


def test_under_limit_the_owner_of_a_link_only_gets_sources():
    (link,) = core.fleets(FLEET, ["three"])[0]["links"]
    assert (link["name"], link["sources_only"], link["joined"]) == ("one", True, {"three": ["sg-30000003"]})


def test_under_limit_others_are_not_mentioned():
    (link,) = core.fleets(FLEET, ["one"])[0]["links"]
    assert link["joined"] == {}


def test_ranges_and_groups_are_sources():
    (link,) = core.fleets({"one": vpc(1, agent_cidrs="10.1.0.0/16")}, ["one"])[0]["links"]
    assert link["sources"] == ["10.1.0.0/16", "sg-10000001"]


def test_zones_serve_their_own_and_joined_vpcs():
    (zone,) = core.zones(FLEET, ALL, endpoints("one", "two"))
    one, two = sorted(zone["links"], key=lambda link: link["name"])
    assert [v["name"] for v in one["vpcs"]] == ["one", "three"]
    assert one["records"] == [{"host": "abc.external.astronomer.run", "dns_name": "one.example", "hosted_zone_id": "Z"}]
    assert [v["name"] for v in two["vpcs"]] == ["two"]


def test_an_account_with_vpcs_in_two_regions_has_one_run_for_zones():
    hosts = {"one": vpc(1), "far": vpc(4, region="eu-west-1")}
    assert len(core.fleets(hosts, list(hosts))) == 2
    assert len(core.zones(hosts, list(hosts), endpoints("one", "far"))) == 1


def test_no_zone_where_the_endpoint_failed():
    assert [link["name"] for link in core.zones(FLEET, ALL, endpoints("one", "two", failed=["one"]))[0]["links"]] == [
        "two"
    ]


def test_under_limit_a_joined_vpc_does_not_touch_the_record():
    (zone,) = core.zones(FLEET, ["three"], endpoints("one"))
    (link,) = zone["links"]
    assert link["records"] == []
    assert [v["name"] for v in link["vpcs"]] == ["three"]


def test_problems_reach_those_who_share_a_link():
    error = {"vpc": "one", "severity": "error", "code": "PENDING_ACCEPTANCE"}
    found = core.problems(FLEET, ALL, [{"findings": [error]}], [])
    assert {name: [one["code"] for one in list_] for name, list_ in found.items()} == {
        "one": ["PENDING_ACCEPTANCE"],
        "three": ["LINK_OWNER_FAILED"],
    }


def test_warnings_are_no_problems():
    assert core.problems(FLEET, ALL, [{"findings": [{"vpc": "one", "severity": "warning"}]}], []) == {}


def test_targets_match_agent_hosts_and_links():
    hosts = {**FLEET, "agent": {"privatelink_agent_vpc": "three"}}
    found = core.targets(hosts, ALL, endpoints("one", "two"), ["agent"])
    assert found["three"]["expected"] == ["one"]
    assert found["three"]["elsewhere"] == {"two": ["two"]}
    assert found["three"]["agents"] == ["agent"]
    assert found["three"]["interfaces"] == {"one": "eni-one in az"}
    assert [one["code"] for one in found["one"]["findings"]] == ["NO_AGENT_HOST"]


@pytest.mark.parametrize(
    ("subject", "changed", "codes"),
    [
        ("one", False, ["SETUP_INCOMPLETE"]),  # the link that it shares
        ("three", False, ["SETUP_INCOMPLETE"]),
        ("two", False, []),
        ("one", True, []),  # it was carried out
    ],
)
def test_a_plan_that_was_only_looked_at_is_drift(subject, changed, codes):
    (result,) = endpoints("one", "two")
    result |= {"calls": [{"operation": "ec2:ModifyVpcEndpoint", "vpcs": [subject]}], "changed": changed}
    hosts = {**FLEET, "agent": {"privatelink_agent_vpc": "three"}}
    found = core.targets(hosts, ["three"], [result], ["agent"])["three"]
    assert [one["code"] for one in found["findings"]] == codes


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"cluster_id": "abc.external.astronomer.run"}, "is not a cluster id"),
        ({"cluster_id": "ABC"}, "is not a cluster id"),
        ({"cluster_id": ""}, "privatelink_cluster_id is not set"),
        ({"region": None}, "privatelink_region is not set"),
        ({"vpc_id": ""}, "privatelink_vpc_id is not set"),
        ({"service_name": ""}, "privatelink_service_name is not set"),
        ({"service_name": "vpce-svc-1"}, "is not the name of an endpoint service"),
        ({"vpc_id": "vpc-XYZ"}, "vpc-0123456789abcdef0"),
        ({"subnet_ids": ["10.0.0.0/24"]}, "subnet-0123456789abcdef0"),
        ({"agent_cidrs": ["10.1.0.1/16"]}, "write the range as 10.1.0.0/16"),
        ({"agent_cidrs": ["everywhere"]}, "no CIDR range"),
        ({"agent_cidrs": ["fd00::/8"]}, "IPv4"),
        ({"public_addresses": ["astro"]}, "privatelink_public_addresses has 'astro'"),
        ({"via": "nobody"}, "not in the inventory, or not in this slice"),
        ({"account_id": 1402433619}, "is 1402433619; an account id has twelve digits. Put quotes around it"),
        ({"via": "one"}, "names the VPC itself"),
        ({"via": "three"}, "Name two instead"),
        ({"via": "other_cluster"}, "another privatelink_cluster_id"),
        ({"via": "two", "agent_security_groups": []}, "says nothing of where its agents are"),
        ({"vpc_id": "vpc-00000002"}, "the same VPC as"),
    ],
)
def test_bad_inventories_are_explained_by_name(change, text):
    hosts = {
        "one": vpc(1, **change),
        "two": vpc(2),
        "three": vpc(3, via="two"),
        "other_cluster": vpc(4, cluster_id="xyz"),
    }
    with pytest.raises(core.InventoryError, match="nothing was changed") as raised:
        core.fleets(hosts, list(hosts))
    (problem,) = [line for line in str(raised.value).splitlines()[1:] if line]
    assert text in problem
    assert "one" in problem


def test_all_that_is_wrong_with_an_inventory_is_said_at_once():
    hosts = {"one": vpc(1, region=""), "two": vpc(2, cluster_id="A.B")}
    with pytest.raises(core.InventoryError) as raised:
        core.fleets(hosts, list(hosts))
    assert len(str(raised.value).splitlines()) == 3
