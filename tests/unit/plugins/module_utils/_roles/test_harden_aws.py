# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role harden_aws tells the modules: nobody is locked out for not being in the run."""

from __future__ import annotations

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import InventoryError
from ansible_collections.astro.privatelink.plugins.module_utils._roles import harden_aws as core

ONE, TWO, THREE = "vpc-11111111", "vpc-22222222", "vpc-33333333"
AGENTS, AGENTS_2, END = "sg-11111111", "sg-22222222", "sg-eeeeeeee"


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
    "one": host(ONE, agent_security_groups=[AGENTS]),
    "two": host(TWO, via="one", agent_cidrs=["10.2.0.0/16"]),
    "three": host(THREE, agent_security_groups=[AGENTS_2], profile="other"),
    "an-agent": {"privatelink_agent_vpc": "one"},
}
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


def told(fleets):
    """Of each link: whether others are to be removed from it, and who stays beside its own agents."""
    found = [link for fleet in fleets for link in fleet["links"]]
    assert all(link["sources_only"] for link in found)
    return {link["name"]: (link["purge_sources"], link["joined"]) for link in found}


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
def test_who_stays_is_asked_of_the_whole_inventory(names, expected):
    assert told(core.links(HOSTS, names)) == expected


def test_links_of_one_vpc_to_several_clusters_share_a_group_and_are_narrowed_once():
    twin = host(ONE, cluster_id="second", agent_cidrs=["100.64.0.0/10"])
    both = told(core.links({**HOSTS, "twin": twin}, ["one", "twin"]))
    assert both == {"one": (True, {"two": ["10.2.0.0/16"], "twin": ["100.64.0.0/10"]}), "twin": (False, {})}
    alone = told(core.links({**HOSTS, "twin": twin}, ["twin"]))
    assert alone == {"twin": (True, {"one": [AGENTS], "two": ["10.2.0.0/16"]})}


def test_an_inventory_that_is_not_understood_outside_of_the_run_stops_it():
    with pytest.raises(InventoryError, match=r"two: privatelink_agent_cidrs has '10\.2'"):
        core.links({**HOSTS, "two": host(TWO, via="one", agent_cidrs=["10.2"])}, ["one"])


@pytest.mark.parametrize(
    ("names", "again"), [(["one"], {"one": ["0.0.0.0/0"]}), (["two"], {"one": ["0.0.0.0/0"]}), (["three"], {})]
)
def test_a_vpc_that_is_cut_off_has_the_rules_of_its_link_put_back(names, again):
    assert told(core.readmit(HOSTS, names, LOOKED)) == {name: (False, {name: s}) for name, s in again.items()}


def test_egress_leads_to_the_link_and_to_what_is_required():
    required = [{"cidr": "203.0.113.0/24", "port": 443}]
    (fleet,) = core.agents(HOSTS, ["one", "two", "three"], ENDS, required)
    (one,) = fleet["agents"]
    assert (fleet["region"], one["name"], one["group_id"]) == ("us-east-1", "one", AGENTS)
    assert one["allowed"] == [{"group": END, "port": 443, "description": "Astro over PrivateLink"}, *required]


def test_the_agents_of_a_joined_vpc_go_to_the_owners_endpoint():
    joined = {**HOSTS, "two": host(TWO, via="one", agent_security_groups=[AGENTS_2], profile="theirs")}
    (fleet,) = core.agents(joined, ["two"], ENDS, [], [AGENTS_2])
    assert (fleet["profile"], fleet["agents"][0]["allowed"][0]["group"]) == ("theirs", END)


def test_only_groups_that_are_named_and_known():
    assert core.agents(HOSTS, ["one"], ENDS, [], []) == []
    with pytest.raises(InventoryError, match="harden_aws_egress_groups has sg-99999999"):
        core.agents(HOSTS, ["one"], ENDS, [], [AGENTS, "sg-99999999"])


def test_what_was_open_is_opened_again():
    fleets = core.agents(HOSTS, ["one"], ENDS, [])
    everything = [{"cidr": "0.0.0.0/0", "protocol": "-1", "description": ""}]
    looked = [{"vpcs": {"one": {"groups": {AGENTS: {"open": everything}}}}}]
    assert core.close(fleets)[0]["agents"][0]["purge"] is True
    (again,) = core.reopen(fleets, looked)[0]["agents"]
    assert (again["allowed"], again.get("purge")) == (everything, None)


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
    seen = core.audit(HOSTS, ["one", "three"], LOOKED, egress)
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
    assert core.values(HOSTS, ["one", "two"], LOOKED) == {
        "hosts": ["cluster.external.astronomer.run"],
        "vpc_ids": [ONE, TWO],
        "addresses": ["10.1.0.5"],
        "services": ["com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"],
    }
