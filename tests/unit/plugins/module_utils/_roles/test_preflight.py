# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the inventory to what preflight looks at, and the answers put together."""

from __future__ import annotations

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._core.errors import InventoryError
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._roles import preflight as core

SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"
SUFFIX = "external.astronomer.run"


def host(number, **more):
    known = {
        "vpc_id": f"vpc-0000000{number}",
        "region": "us-east-1",
        "cluster_id": "clx",
        "service_name": SERVICE,
        "agent_cidrs": ["10.1.0.0/16"],
    }
    return {f"privatelink_{key}": value for key, value in {**known, **more}.items() if value}


FLEET = {
    "own": host(1),
    "joined": host(2, via="own", service_name=""),
    "far": host(3, region="eu-west-1", profile="far"),
}


def test_each_account_and_region_is_looked_at_once():
    scope = core.scope(Inventory.read(FLEET, list(FLEET)))
    places = [(fleet["region"], fleet.get("profile")) for fleet in scope["fleets"]]
    assert places == [("eu-west-1", "far"), ("us-east-1", None)]
    assert [[vpc["name"] for vpc in fleet["vpcs"]] for fleet in scope["fleets"]] == [["far"], ["joined", "own"]]
    assert [[link["name"] for link in fleet["links"]] for fleet in scope["fleets"]] == [["far"], ["own"]]
    assert [[link["name"] for link in zones["links"]] for zones in scope["zones"]] == [["far"], ["own"]]


def test_a_joined_vpc_in_an_account_of_its_own_is_looked_at_there():
    abroad = {
        **FLEET,
        "joined": host(2, via="own", service_name="", assume_role_arn="arn:aws:iam::222222222222:role/r"),
    }
    scope = core.scope(Inventory.read(abroad, ["joined"]))
    assert [[vpc["name"] for vpc in fleet["vpcs"]] for fleet in scope["fleets"]] == [["joined"], ["own"]]
    assert [fleet["links"] == [] for fleet in scope["fleets"]] == [True, False]


@pytest.mark.parametrize(
    ("more", "in_use"),
    [
        ({}, []),
        ({"other_clusters": ["cly", "clz.external.astronomer.run"]}, [f"cly.{SUFFIX}", f"clz.{SUFFIX}"]),
        ({"other_clusters": "cly"}, [f"cly.{SUFFIX}"]),
        ({"other_clusters": ["clx"]}, []),
    ],
)
def test_names_that_are_in_use(more, in_use):
    (fleet,) = core.scope(Inventory.read({"own": host(1, **more)}, ["own"]))["fleets"]
    assert fleet["vpcs"][0]["in_use"] == in_use


@pytest.mark.parametrize(
    ("given", "confirmed"),
    [(True, True), ("true", True), ("yes", True), (False, False), ("false", False), (None, False)],
)
def test_what_support_confirmed_may_come_from_the_command_line(given, confirmed):
    (fleet,) = core.scope(Inventory.read({"own": host(1, support_confirmed=given)}, ["own"]))["fleets"]
    assert fleet["vpcs"][0]["support_confirmed"] is confirmed


def test_another_cluster_in_the_same_vpc_is_in_use():
    layout = {"dns_layout": "host_zone"}
    twins = {"one": host(1, **layout), "two": host(1, cluster_id="cly", **layout)}
    (fleet,) = core.scope(Inventory.read(twins, ["one", "two"]))["fleets"]
    assert [vpc["in_use"] for vpc in fleet["vpcs"]] == [[f"cly.{SUFFIX}"], [f"clx.{SUFFIX}"]]


def test_support_is_asked_before_the_service_is_known():
    unknown = {"own": host(1, service_name=""), "joined": FLEET["joined"]}
    with pytest.raises(InventoryError, match="privatelink_service_name is not set"):
        core.scope(Inventory.read(unknown, list(unknown)))
    (fleet,) = core.support_scope(Inventory.read(unknown, list(unknown), service_known=False))
    assert (len(fleet["vpcs"]), fleet["links"]) == (2, [])
    assert [len(fleet["links"]) for fleet in core.support_scope(Inventory.read(FLEET, list(FLEET)))] == [1, 1]


def test_only_agents_of_vpcs_without_a_private_answer_are_asked():
    agents = {"a1": {"privatelink_agent_vpc": "own"}, "a2": {"privatelink_agent_vpc": "far"}}
    inventory = Inventory.read({**FLEET, **agents}, list(FLEET), list(agents))
    vpcs = {"own": {"covered": False}, "joined": {"covered": False}, "far": {"covered": True}}
    asked = core.to_ask(inventory, vpcs)
    assert [(target.vpc, target.host, [agent.name for agent in target.agents]) for target in asked] == [
        ("own", f"clx.{SUFFIX}", ["a1"])
    ]


def test_findings_of_all_who_were_asked():
    inventory = Inventory.read({**FLEET, "a1": {"privatelink_agent_vpc": "own"}}, ["own"], ["a1"])
    read = {
        "findings": [{"code": "CUSTOM_DNS", "vpc": "own"}],
        "vpcs": {"own": {"host": f"clx.{SUFFIX}"}, "elsewhere": {"host": f"cly.{SUFFIX}"}},
    }
    seen = {"own": [{"name": "a1", "names": {"problem": "DNS_NXDOMAIN", "addresses": []}}, {"name": "a2", "names": {}}]}
    deployment = {
        "name": "orders",
        "cluster_id": "clx",
        "host": "",
        "remote_execution": False,
        "airflow_version": "3.0.2",
    }

    def codes(astro):
        return [one["code"] for one in core.findings(inventory, read, seen, astro)]

    assert codes(None) == ["CUSTOM_DNS", "CLUSTER_UNKNOWN"]
    assert codes({"deployments": [deployment]}) == ["CUSTOM_DNS", "CLUSTER_UNKNOWN", "DEPLOYMENT_NOT_REMOTE"]
    assert codes({"msg": "401"}) == ["CUSTOM_DNS", "CLUSTER_UNKNOWN", "NOT_CHECKED"]


def test_a_vpc_without_an_agent_host_is_told():
    read = {"findings": [], "vpcs": {"own": {"host": "h"}}}
    (found,) = core.findings(Inventory.read(FLEET, ["own"]), read, {})
    assert (found["code"], found["severity"]) == ("NO_AGENT_HOST_YET", "warning")


@pytest.mark.parametrize(
    ("seen", "codes"),
    [
        ([], ["POLICY_BLOCKS_DNS", "POLICY_BLOCKS_ENDPOINT"]),
        ([{"addresses": ["1.2.3.4"]}], ["POLICY_BLOCKS_ENDPOINT"]),
        ([{"problem": "DNS_NODATA"}], ["POLICY_BLOCKS_ENDPOINT"]),
        ([{"addresses": ["1.2.3.4"]}, {"problem": "DNS_TIMEOUT"}], ["POLICY_BLOCKS_DNS", "POLICY_BLOCKS_ENDPOINT"]),
        ([{"addresses": ["1.2.3.4"]}, {}], ["POLICY_BLOCKS_DNS", "POLICY_BLOCKS_ENDPOINT"]),
    ],
)
def test_policies_that_do_not_keep_pods_from_dns(seen, codes):
    """A name server's answer to every pod that was asked disproves what a policy says of DNS, not what it says of Astro."""
    inventory = Inventory.read({**FLEET, "a1": {"privatelink_agent_vpc": "own"}}, ["own"], ["a1"])
    read = {
        "findings": [{"code": code, "vpc": "own"} for code in ("POLICY_BLOCKS_DNS", "POLICY_BLOCKS_ENDPOINT")],
        "vpcs": {"own": {"host": "h"}},
    }
    agents = {"own": [{"name": "a1", "names": names} for names in seen]}
    assert [one["code"] for one in core.findings(inventory, read, agents)] == codes


@pytest.mark.parametrize("unread", ["VPC_NOT_FOUND", "READ_FAILED"])
def test_what_follows_from_an_owner_that_was_not_read_has_no_remedy_of_its_own(unread):
    inventory = Inventory.read(FLEET, ["joined", "own"])
    told = [
        {"code": code, "vpc": vpc, "severity": "error", "seen": "", "remedy": "", "text": code}
        for code, vpc in (
            (unread, "own"),
            ("ZONE_CONFLICT", "joined"),
            ("SUPPORT_NEEDED", "joined"),
            ("VPC_DNS_OFF", "joined"),
        )
    ]
    found = core.findings(inventory, {"vpcs": {}, "findings": told}, {})
    assert [(one["code"], one["vpc"]) for one in found] == [(unread, "own"), ("VPC_DNS_OFF", "joined")]
    without = core.findings(inventory, {"vpcs": {}, "findings": told[1:]}, {})
    assert [one["code"] for one in without] == ["ZONE_CONFLICT", "SUPPORT_NEEDED", "VPC_DNS_OFF"]


def test_one_that_shares_the_link_of_an_owner_that_was_not_read_fails_for_that():
    inventory = Inventory.read(FLEET, ["joined", "own"])
    told = [{"code": "VPC_NOT_FOUND", "vpc": "own", "severity": "error", "text": "VPC_NOT_FOUND: ..."}]
    assert [one["code"] for one in core.problems(inventory, told)["joined"]] == ["LINK_OWNER_FAILED"]
