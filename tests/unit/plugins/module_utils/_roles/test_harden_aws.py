# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role harden_aws tells the jobs, and whom it has look: nobody is cut off for not being in the run."""

from __future__ import annotations

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._core.errors import InputError, InventoryError
from ansible_collections.astro.privatelink.plugins.module_utils._core.findings import finding
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._report.access import audit
from ansible_collections.astro.privatelink.plugins.module_utils._roles import harden_aws as core

ONE, TWO, THREE = "vpc-11111111", "vpc-22222222", "vpc-33333333"
AGENTS, AGENTS_2, END = "sg-11111111", "sg-22222222", "sg-eeeeeeee"
#: What else the job on endpoints answers.
ID = {
    "vpc_endpoint_id": "vpce-1",
    "addresses": [{"address": "10.1.0.5", "network_interface_id": "eni-1", "availability_zone": "az"}],
}


def host(vpc_id, **more):
    given = {
        "vpc_id": vpc_id,
        "region": "us-east-1",
        "cluster_id": "cluster",
        "service_name": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0",
        **more,
    }
    return {f"privatelink_{key}": value for key, value in given.items()}


HOSTS = {
    "one": host(ONE, agent_security_groups=[AGENTS], dns_layout="host_zone"),
    "two": host(TWO, via="one", agent_cidrs=["10.2.0.0/16"]),
    "three": host(THREE, agent_security_groups=[AGENTS_2], profile="other"),
}
AGENT_HOSTS = {f"{name}-agent": {"privatelink_agent_vpc": name} for name in HOSTS}
TWIN = host(ONE, cluster_id="second", agent_cidrs=["100.64.0.0/10"], dns_layout="host_zone")
ENDS = [{"vpcs": {"one": {"security_group_ids": [END], "addresses": []}}}]
LOOKED = [
    {
        "vpcs": {"one": {"security_group_ids": [END], "addresses": [{"address": "10.1.0.5"}]}},
        "diff": {
            "before": {"one": {"security_group": {"group_id": END, "sources": [AGENTS, "0.0.0.0/0", "10.9.0.0/16"]}}}
        },
        "calls": [
            {
                "operation": "ec2:RevokeSecurityGroupIngress",
                "vpcs": ["one"],
                "arguments": {"GroupId": END, "IpPermissions": [{"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]},
            }
        ],
        "findings": [],
    }
]


def inventory(*names, agents=AGENT_HOSTS, **more):
    known = {**HOSTS, **more, **agents}
    return Inventory.read(known, names, list(agents))


def told(fleets):
    """Of each link: whether others are to be removed from it, and who stays beside its own agents."""
    found = [link for fleet in fleets for link in fleet["links"]]
    assert all(link["sources_only"] for link in found)
    return {link["name"]: (link["purge_sources"], link["joined"]) for link in found}


class TestTighten:
    @pytest.mark.parametrize(
        ("names", "expected"),
        [
            (["one"], {"one": (True, {"two": ["10.2.0.0/16"]})}),
            (["two"], {"one": (False, {})}),
            (["three"], {"three": (True, {})}),
            (["one", "two", "three"], {"one": (True, {"two": ["10.2.0.0/16"]}), "three": (True, {})}),
        ],
        ids=["who shares it and is not in the run", "the link is not in the run", "nobody shares it", "all"],
    )
    def test_who_stays_is_asked_of_the_whole_inventory(self, names, expected):
        assert told(core.links(inventory(*names))) == expected

    def test_links_of_one_vpc_to_several_clusters_share_a_group_and_are_narrowed_once(self):
        both = told(core.links(inventory("one", "twin", twin=TWIN)))
        assert both == {"one": (True, {"two": ["10.2.0.0/16"], "twin": ["100.64.0.0/10"]}), "twin": (False, {})}
        alone = told(core.links(inventory("twin", twin=TWIN)))
        assert alone == {"one": (False, {}), "twin": (True, {"one": [AGENTS], "two": ["10.2.0.0/16"]})}

    def test_what_is_spared_is_only_looked_at(self):
        assert told(core.links(inventory("one", "three"), spared=["one"])) == {"one": (False, {}), "three": (True, {})}

    def test_an_inventory_that_is_not_understood_outside_of_the_run_stops_it(self):
        with pytest.raises(InventoryError, match="two: is an agent VPC, too, and its variables have errors"):
            core.links(inventory("three", two=host(TWO, via="one", agent_cidrs=["10.2"])))

    @pytest.mark.parametrize(("owners", "again"), [(["one"], {"one": ["0.0.0.0/0"]}), (["three"], {})])
    def test_a_link_whose_agents_are_cut_off_has_its_rules_put_back(self, owners, again):
        found = told(core.readmitted(inventory("one"), owners, LOOKED))
        assert found == {name: (False, {name: sources}) for name, sources in again.items()}

    def test_all_who_enter_by_a_group_are_asked_also_outside_of_the_run(self):
        assert core.users_of_links(inventory("one"), core.removed(LOOKED)) == {"one": ["one", "two"]}
        assert core.users_of_links(inventory("twin", twin=TWIN), ["twin"]) == {"twin": ["one", "twin", "two"]}


class TestEgress:
    def test_it_leads_to_the_link_and_to_what_is_required(self):
        required = [{"cidr": "203.0.113.0/24", "port": 443}]
        given = [{**required[0], "group": None, "prefix_list": None, "to_port": None}]
        (fleet,) = core.agents(inventory("one", "two", "three"), ENDS, given)
        (one,) = fleet["agents"]
        assert (fleet["region"], one["name"], one["group_id"]) == ("us-east-1", "one", AGENTS)
        assert one["allowed"] == [{"group": END, "port": 443, "description": "Astro over PrivateLink"}, *required]

    def test_the_agents_of_a_joined_vpc_go_to_the_owners_endpoint(self):
        two = host(TWO, via="one", agent_security_groups=[AGENTS_2], profile="theirs")
        three = host(THREE, agent_cidrs=["10.3.0.0/16"])
        (fleet,) = core.agents(inventory("two", two=two, three=three), ENDS, [], [AGENTS_2])
        assert (fleet["profile"], fleet["agents"][0]["allowed"][0]["group"]) == ("theirs", END)

    def test_a_group_of_several_vpcs_leads_to_all_their_links_and_is_named_once(self):
        """One of them may be outside of the run: its agents need their own link all the same."""
        shared = host(THREE, agent_security_groups=[AGENTS])
        ends = [*ENDS, {"vpcs": {"three": {"security_group_ids": ["sg-33333333"], "addresses": []}}}]
        for names in (["one"], ["one", "three"]):
            (fleet,) = core.agents(inventory(*names, three=shared), ends, [])
            (entry,) = fleet["agents"]
            assert [each["group"] for each in entry["allowed"]] == ["sg-33333333", END]
        found = inventory("one", three=shared)
        assert core.users_of_groups(found, {"one": [AGENTS]}) == {"one": ["one", "three"]}
        assert set(told(core.links(found))) == {"one", "three"}

    def test_only_groups_that_are_named_and_known(self):
        assert core.agents(inventory("one"), ENDS, [], []) == []
        with pytest.raises(InventoryError, match="harden_aws_egress_groups has sg-99999999"):
            core.agents(inventory("one"), ENDS, [], [AGENTS, "sg-99999999"])

    @pytest.mark.parametrize("rule", [{"port": 443}, {"cidr": "10.0.0.0/8", "group": "sg-1", "port": 443}])
    def test_each_rule_has_one_destination(self, rule):
        with pytest.raises(
            InputError, match=r"harden_aws_required_egress has .*: give one of cidr, group and prefix_list"
        ):
            core.agents(inventory("one"), ENDS, [rule])

    def test_a_group_without_a_link_is_told(self):
        assert [one["code"] for one in core.left_out(inventory("one"), [], [], [AGENTS])] == ["NO_ENDPOINT"]
        assert core.left_out(inventory("one"), ENDS, [], [AGENTS]) == []

    @pytest.mark.parametrize(
        ("required", "reached"),
        [
            ([], False),
            ([{"cidr": "10.1.0.0/24", "port": 443}], True),
            ([{"cidr": "10.1.0.0/24", "port": 80}], False),
            ([{"cidr": "10.1.0.0/24", "port": 80, "to_port": 1000}], True),
            ([{"cidr": "10.9.0.0/24", "port": 443}], False),
            ([{"prefix_list": "pl-1", "port": 443}], False),
        ],
    )
    def test_over_regions_groups_have_no_names(self, required, reached):
        far = host(TWO, via="one", agent_security_groups=[AGENTS_2], region="eu-west-1")
        three = host(THREE, agent_cidrs=["10.3.0.0/16"])
        found = inventory("two", two=far, three=three)
        ends = [{"vpcs": {"one": {"security_group_ids": [END], **ID}}}]
        told = core.left_out(found, ends, required, [AGENTS_2])
        assert [one["code"] for one in told] == ([] if reached else ["EGRESS_REF_INVALID"])
        fleets = core.agents(found, ends, required, [AGENTS_2])
        assert [one["allowed"] for fleet in fleets for one in fleet["agents"]] == ([required] if reached else [])

    def test_the_account_of_the_endpoints_group_is_said(self):
        ends = [{"vpcs": {"one": {"security_group_ids": [END], "addresses": [], "owner_id": "111111111111"}}}]
        (fleet,) = core.agents(inventory("one"), ends, [])
        assert fleet["agents"][0]["allowed"][0]["account_id"] == "111111111111"

    def test_what_was_open_is_opened_again(self):
        fleets = core.agents(inventory("one"), ENDS, [])
        everything = [{"cidr": "0.0.0.0/0", "protocol": "-1", "description": ""}]
        looked = [{"vpcs": {"one": {"groups": {AGENTS: {"open": everything}}}}}]
        assert core.close(fleets)[0]["agents"][0]["purge"] is True
        assert core.close(fleets, spared=["one"]) == []
        (again,) = core.reopened(fleets, ["one"], looked)[0]["agents"]
        assert (again["allowed"], again.get("purge")) == (everything, None)
        assert core.reopened(fleets, [], looked) == []


def answered(*errors):
    return {"findings": [finding(code, "one", **facts).public() for code, facts in errors]}


TIMEOUT = ("TCP_TIMEOUT", {"addresses": "10.1.0.5", "port": 443, "seconds": 5})
UNREACHABLE = ("AGENT_HOST_UNREACHABLE", {"agent": "one-agent", "connection": "ssh", "detail": "no route"})
LOCAL = ("AGENT_HOST_LOCAL", {"agent": "one-agent", "hostname": "here", "sources": []})


class TestDoubts:
    """Only agents that were seen to get through count."""

    @pytest.mark.parametrize(
        ("endpoints", "agents", "seen", "why"),
        [
            (LOOKED, AGENT_HOSTS, [answered()], None),
            (LOOKED, AGENT_HOSTS, [answered(LOCAL)], None),
            (LOOKED, AGENT_HOSTS, [answered(TIMEOUT)], "TCP_TIMEOUT"),
            (LOOKED, AGENT_HOSTS, [answered(UNREACHABLE)], "AGENT_HOST_UNREACHABLE"),
            (LOOKED, AGENT_HOSTS, [], "not all agent hosts of one answered"),
            (LOOKED, {}, [], "one has no agent host"),
            ([], AGENT_HOSTS, [answered()], "the link of one has no available endpoint"),
        ],
    )
    def test_what_counts(self, endpoints, agents, seen, why):
        users = {"one": ["one"]}
        ends = [{**each, "vpcs": {n: {**v, **ID} for n, v in each["vpcs"].items()}, "calls": []} for each in endpoints]
        places = core.targets(inventory("one", agents=agents), users, ends)
        found = core.doubts(users, places, {"one": seen})
        assert (why in found["one"][0]) if why else found == {}

    def test_what_came_of_the_way_back(self):
        reasons = {"one": ["it hangs."], "three": ["it hangs."]}
        failed = finding("PERMISSION_MISSING", "one", operation="ec2:X", message="no").public()
        told = core.taken_back(reasons, [{"findings": [failed]}])
        assert [(one["code"], one["vpc"]) for one in told] == [
            ("NARROW_NOT_TAKEN_BACK", "one"),
            ("NARROW_TAKEN_BACK", "three"),
        ]
        assert "PERMISSION_MISSING" in told[0]["text"]


def test_the_audit_tells_what_is_removed_and_what_is_left():
    egress = [
        {
            "vpcs": {
                "one": {
                    "groups": {
                        AGENTS: {
                            "rules": [{"cidr": "0.0.0.0/0", "protocol": "-1"}, {"cidr": "10.9.0.0/16", "port": 5432}],
                            "open": [{"cidr": "0.0.0.0/0", "protocol": "-1"}],
                            "missing": [{"group": END, "port": 443}],
                        }
                    }
                }
            },
            "findings": [],
        }
    ]
    seen = audit(["one", "three"], core.links(inventory("one", "three")), LOOKED, egress)
    assert [(one["code"], one["vpc"], one["severity"]) for one in seen["findings"]] == [
        ("SG_TOO_WIDE", "one", "warning"),
        ("SG_TOO_WIDE_BY_HAND", "one", "warning"),
        ("EGRESS_OPEN", "one", "warning"),
    ]
    group = seen["vpcs"]["one"]["endpoint_group"]
    assert (group["foreign"], group["wide"]) == (["0.0.0.0/0"], ["10.9.0.0/16"])
    assert seen["vpcs"]["one"]["agent_groups"][AGENTS]["goal"] == ["tcp 5432 to 10.9.0.0/16", f"tcp 443 to {END}"]
    assert seen["vpcs"]["three"] == {}
    assert [line.split("  ")[0] for line in seen["text"][:3]] == ["VPC", "one", "one"]


def test_templates_get_the_names_and_addresses_of_the_run():
    assert core.values(inventory("one", "two"), LOOKED) == {
        "hosts": ["cluster.external.astronomer.run"],
        "vpc_ids": [ONE, TWO],
        "addresses": ["10.1.0.5"],
        "services": ["com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"],
    }
