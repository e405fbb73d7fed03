# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts made from VPCs, security groups and machines that were found, and the errors for an invalid file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from ansible_collections.astro.privatelink.plugins.inventory import agent_vpcs
from ansible_collections.astro.privatelink.plugins.module_utils._inventory import tags as _inventory
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import InventoryError
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.tags import (
    EksCluster,
    Found,
    Group,
    Interface,
    Machine,
    Rules,
    Vpc,
    Wanted,
)

ROOT = Path(__file__).resolve().parents[4]
RULES = Rules(kinds={"via": "str", "agent_cidrs": "list", "replace_endpoint": "bool", "tags": "dict", "vpc_id": "str"})


def vpc(number: int, called: str, /, **tags: str) -> Vpc:
    """Tags of ours without their prefix."""
    return Vpc(
        vpc_id=f"vpc-{number:08x}",
        region="us-east-1",
        account_id="111111111111",
        cidrs=(f"10.{number}.0.0/16",),
        tags={"Name": called, **{f"astro.privatelink/{key}": value for key, value in tags.items()}},
    )


def machine(number: int, vpc_id: str, **tags: str) -> Machine:
    return Machine(
        instance_id=f"i-{number:08x}",
        vpc_id=vpc_id,
        region="us-east-1",
        account_id="111111111111",
        private_ip_address=f"10.1.0.{number}",
        private_dns_name=f"ip-10-1-0-{number}.ec2.internal",
        tags=tags,
    )


def variables(found: Found, rules: Rules = RULES) -> dict[str, dict[str, object]]:
    return {
        host.name: {key.removeprefix("privatelink_"): value for key, value in host.variables.items()}
        for host in _inventory.hosts(found, rules)
    }


class TestVariables:
    def test_a_link_of_its_own_lets_the_groups_of_its_agents_in(self):
        groups = (Group(group_id="sg-2", vpc_id="vpc-00000001"), Group(group_id="sg-1", vpc_id="vpc-00000001"))
        assert variables(Found(vpcs=(vpc(1, "payments"),), groups=groups)) == {
            "payments": {
                "vpc_id": "vpc-00000001",
                "region": "us-east-1",
                "account_id": "111111111111",
                "agent_security_groups": ["sg-1", "sg-2"],
            }
        }

    def test_a_joined_vpc_is_let_in_by_its_ranges(self):
        groups = (Group(group_id="sg-2", vpc_id="vpc-00000002"),)
        found = variables(Found(vpcs=(vpc(1, "payments"), vpc(2, "analytics", via="payments")), groups=groups))
        assert found["analytics"]["via"] == "payments"
        assert found["analytics"]["agent_cidrs"] == ["10.2.0.0/16"]
        assert "agent_security_groups" not in found["analytics"]

    @pytest.mark.parametrize(
        ("agent_cidrs", "own", "joined"),
        [
            ("joined", "agent_security_groups", "agent_cidrs"),
            ("all", "agent_cidrs", "agent_cidrs"),
            ("none", "agent_security_groups", "agent_security_groups"),
        ],
    )
    def test_the_file_can_choose_between_ranges_and_groups(self, agent_cidrs, own, joined):
        groups = tuple(Group(group_id=f"sg-{number}", vpc_id=f"vpc-0000000{number}") for number in (1, 2))
        found = Found(vpcs=(vpc(1, "payments"), vpc(2, "analytics", via="payments")), groups=groups)
        known = variables(found, replace(RULES, agent_cidrs=agent_cidrs))
        assert [name for name in known["payments"] if name.startswith("agent_")] == [own]
        assert [name for name in known["analytics"] if name.startswith("agent_")] == [joined]

    def test_tags_win_over_what_was_found(self):
        found = variables(Found(vpcs=(vpc(1, "a", agent_cidrs="10.9.0.0/24 10.8.0.0/24", replace_endpoint="Yes"),)))
        assert found["a"]["agent_cidrs"] == ["10.9.0.0/24", "10.8.0.0/24"]
        assert found["a"]["replace_endpoint"] is True

    def test_via_may_be_an_id(self):
        found = variables(Found(vpcs=(vpc(1, "payments"), vpc(2, "analytics", via="vpc-00000001"))))
        assert found["analytics"]["via"] == "payments"

    def test_via_may_name_a_vpc_that_was_not_found(self):
        assert variables(Found(vpcs=(vpc(2, "analytics", via="payments"),)))["analytics"]["via"] == "payments"

    def test_the_way_to_the_account_is_handed_on(self):
        access = {"profile": "network", "assume_role_arn": "arn:aws:iam::222222222222:role/x"}
        known = variables(Found(vpcs=(replace(vpc(1, "a"), access=access),)))
        assert {key: known["a"][key] for key in access} == access

    def test_the_agents_tag_and_those_of_the_file_set_nothing(self):
        rules = replace(RULES, other_tags=_inventory.other_tags(["tag:astro.privatelink/name"], {}))
        known = variables(Found(vpcs=(vpc(1, "a", agents="true", name="b"),)), rules)
        assert set(known["a"]) == {"vpc_id", "region", "account_id"}


class TestNames:
    def test_without_a_name_it_is_the_id(self):
        assert list(variables(Found(vpcs=(replace(vpc(1, ""), tags={}), vpc(2, ""))))) == [
            "vpc-00000001",
            "vpc-00000002",
        ]

    def test_hostnames_are_tried_in_order(self):
        found = Found(vpcs=(vpc(1, "a", name="b"), vpc(2, "c")))
        rules = replace(
            RULES,
            hostnames=("tag:astro.privatelink/name", "tag:Name"),
            other_tags=frozenset({"astro.privatelink/name"}),
        )
        assert list(variables(found, rules)) == ["b", "c"]

    def test_two_of_a_name_are_refused(self):
        with pytest.raises(
            InventoryError, match=r"main: is the name of both vpc-00000001 and vpc-00000002\. .*hostnames"
        ):
            variables(Found(vpcs=(vpc(2, "main"), vpc(1, "main"))))

    def test_a_vpc_seen_twice_is_there_once_by_the_first_way(self):
        first, second = (Found(vpcs=(replace(vpc(1, "a"), access={"profile": name}),)) for name in ("x", "y"))
        assert variables(Found.merge([first, second]))["a"]["profile"] == "x"


class TestMachines:
    def test_they_say_which_vpc_they_are_in(self):
        found = Found(vpcs=(vpc(1, "payments"),), machines=(machine(4, "vpc-00000001"), machine(5, "vpc-0000000f")))
        assert variables(found)["i-00000004"] == {"agent_vpc": "payments", "ansible_host": "10.1.0.4"}
        assert "i-00000005" not in variables(found)

    def test_address_and_name_can_be_chosen(self):
        found = Found(vpcs=(vpc(1, "payments"),), machines=(machine(4, "vpc-00000001", Name="agent"),))
        rules = replace(RULES, agent_hostnames=("tag:Name",), agent_host_address="instance_id")
        assert variables(found, rules)["agent"]["ansible_host"] == "i-00000004"

    def test_a_machine_cannot_be_called_as_a_vpc(self):
        found = Found(vpcs=(vpc(1, "payments"),), machines=(machine(4, "vpc-00000001", Name="payments"),))
        with pytest.raises(InventoryError, match="agent_hostnames"):
            variables(found, replace(RULES, agent_hostnames=("tag:Name",)))


@pytest.mark.parametrize(
    ("tags", "text"),
    [
        (
            {"veea": "payments"},
            r"a: the tag astro.privatelink/veea is not known\. .* one of agent_cidrs, replace_endpoint, via\.",
        ),
        ({"tags": "x"}, "tags is not known"),
        ({"vpc_id": "vpc-00000009"}, "vpc_id is not known"),
        ({"replace_endpoint": "maybe"}, "replace_endpoint is 'maybe'; it is true or false"),
    ],
)
def test_tags_that_cannot_be_meant_are_refused(tags, text):
    with pytest.raises(InventoryError, match=text):
        variables(Found(vpcs=(vpc(1, "a", **tags),)))


def test_a_cache_gives_back_what_was_found():
    found = Found(
        vpcs=(vpc(1, "a"),), groups=(Group(group_id="sg-1", vpc_id="vpc-1"),), machines=(machine(4, "vpc-00000001"),)
    )
    assert Found.read(json.loads(json.dumps(found.plain()))) == found


class TestFile:
    def test_without_accounts_it_is_that_of_the_credentials(self):
        (account,) = _inventory.accounts([], ["us-east-1"])
        assert account.regions == ("us-east-1",)
        assert account.access == {}

    def test_an_account_may_have_regions_of_its_own(self):
        one, other = _inventory.accounts([{"profile": "x"}, {"profile": "y", "regions": ["b"]}], ["a"])
        assert (one.regions, other.regions) == (("a",), ("b",))

    @pytest.mark.parametrize(
        ("accounts", "regions", "text"),
        [
            ([], [], "regions is not set"),
            ([{"profile": "x"}], [], "regions is not set"),
            ([{"role_arn": "x"}], ["a"], "entry 1: does not know role_arn"),
            ([{"regions": "a"}], [], "entry 1: regions is a list"),
        ],
    )
    def test_accounts_that_cannot_be_meant_are_refused(self, accounts, regions, text):
        with pytest.raises(InventoryError, match=text):
            _inventory.accounts(accounts, regions)

    def test_filters_may_have_one_value_or_more(self):
        assert _inventory.filters("filters", {"a": "b", "c": ["d", "e"]}) == {"a": ["b"], "c": ["d", "e"]}

    @pytest.mark.parametrize(
        ("given", "text"),
        [({}, "every VPC"), ({"tag:x": True}, "tag:x takes strings"), ({"a": []}, "a takes strings")],
    )
    def test_filters_that_cannot_be_meant_are_refused(self, given, text):
        with pytest.raises(InventoryError, match=text):
            _inventory.filters("filters", given)


def test_it_knows_the_variables_of_the_roles():
    spec = yaml.safe_load((ROOT / "roles/setup/meta/argument_specs.yml").read_text())["argument_specs"]["main"]
    ours = {name: option["type"] for name, option in spec["options"].items() if name.startswith("privatelink_")}
    known = {f"privatelink_{name}": kind for name, kind in agent_vpcs._kinds().items()}
    assert ours.items() <= known.items()
    assert known["privatelink_agents_confirmed"] == "str"  # of another role


def cluster(name: str, number: int = 1, **tags: str) -> EksCluster:
    return EksCluster(name=name, vpc_id=f"vpc-{number:08x}", region="us-east-1", group_id=f"sg-{name}", tags=tags)


class TestClusters:
    def test_they_are_where_the_agents_of_their_vpc_are(self):
        found = Found(vpcs=(vpc(1, "payments"), vpc(2, "ledger")), clusters=(cluster("b"), cluster("a")))
        hosts = variables(found, replace(RULES, eks_options={"namespace": "airflow"}))
        assert hosts["payments"]["kubernetes"] == [
            {"eks_cluster": "a", "namespace": "airflow"},
            {"eks_cluster": "b", "namespace": "airflow"},
        ]
        assert "kubernetes" not in hosts["ledger"]
        assert "agent_security_groups" not in hosts["payments"]

    @pytest.mark.parametrize(
        ("which", "groups"),
        [("none", ["sg-2"]), ("cluster", ["sg-2", "sg-a", "sg-b"]), ("used", ["sg-2", "sg-b", "sg-nodes", "sg-pods"])],
    )
    def test_their_security_groups_as_the_file_says(self, which, groups):
        """Of b no node runs, so it has the group that EKS made."""
        clusters = (replace(cluster("a"), groups=("sg-nodes", "sg-pods", "sg-2")), cluster("b"))
        known = (Group(group_id="sg-2", vpc_id="vpc-00000001"),)
        found = Found(vpcs=(vpc(1, "payments"),), groups=known, clusters=clusters)
        hosts = variables(found, replace(RULES, eks_security_groups=which))
        assert hosts["payments"]["agent_security_groups"] == groups

    @pytest.mark.parametrize(
        ("which", "running", "cidrs"),
        [
            ("vpc", True, ["10.2.0.0/16", "100.64.0.0/16"]),
            ("used", True, ["10.2.1.0/24", "100.64.1.0/24"]),
            ("used", False, ["10.2.0.0/16", "100.64.0.0/16"]),
        ],
    )
    def test_the_ranges_of_a_joined_vpc_as_the_file_says(self, which, running, cidrs):
        """All of the VPC, as soon as it is not known of one of its clusters where its pods are."""
        there = replace(vpc(2, "analytics", via="payments"), cidrs=("10.2.0.0/16", "100.64.0.0/16"))
        clusters = (
            replace(cluster("a", 2), cidrs=("10.2.1.0/24", "100.64.1.0/24")),
            replace(cluster("b", 2), cidrs=("10.2.1.0/24",) if running else ()),
        )
        hosts = variables(Found(vpcs=(vpc(1, "payments"), there), clusters=clusters), replace(RULES, eks_cidrs=which))
        assert hosts["analytics"]["agent_cidrs"] == cidrs

    def test_ranges_of_pods_need_pods(self):
        hosts = variables(Found(vpcs=(vpc(2, "a", via="b"),)), replace(RULES, eks_cidrs="used"))
        assert hosts["a"]["agent_cidrs"] == ["10.2.0.0/16"]

    def test_one_that_has_no_nodes_is_named(self):
        found = Found(clusters=(replace(cluster("a"), groups=("sg-nodes",)), cluster("idle", 2)))
        (warning,) = _inventory.unseen(found)
        assert warning.startswith("No node of the EKS cluster idle in vpc-00000002 (us-east-1) runs now.")
        assert "sg-idle" in warning

    @pytest.mark.parametrize(
        ("tags", "more", "theirs"),
        [
            ({"kubernetes.io/cluster/a": "owned"}, {}, True),  # of a node, or a branch for one pod
            ({"kubernetes.io/cluster/a": "shared"}, {}, True),
            ({"cluster.k8s.amazonaws.com/name": "a"}, {}, True),  # of the VPC CNI
            ({"eks:cluster-name": "a"}, {}, True),  # of managed nodes
            ({"eks:eks-cluster-name": "a"}, {}, True),  # of Auto Mode
            ({"kubernetes.io/cluster/ab": "owned"}, {}, False),
            ({"cluster.k8s.amazonaws.com/name": "b"}, {}, False),
            ({"kubernetes.io/cluster/a": "owned"}, {"vpc_id": "vpc-00000002"}, False),  # of a namesake
            ({"kubernetes.io/cluster/a": "owned"}, {"description": "Amazon EKS a"}, False),  # of the control plane
            ({}, {"description": "aws-k8s-branch-eni"}, False),
        ],
    )
    def test_which_interfaces_are_those_of_nodes_and_pods(self, tags, more, theirs):
        known = {"vpc_id": "vpc-00000001", "subnet_id": "subnet-1", "groups": ("sg-1",), "description": ""}
        interface = Interface(**{**known, **more}, tags=tags)
        assert _inventory.in_use(cluster("a"), [interface]) == ([interface] if theirs else [])

    @pytest.mark.parametrize(
        ("wanted", "tagged", "plain"), [("none", False, False), ("tagged", True, False), ("all", True, True)]
    )
    def test_which_of_them(self, wanted, tagged, plain):
        which = Wanted(vpcs={}, groups={}, machines={}, clusters=wanted)
        assert which.has(cluster("a", **{"astro.privatelink/agents": ""})) is tagged
        assert which.has(cluster("a", other="tag")) is plain

    def test_they_are_the_same_in_a_cache(self):
        running = replace(cluster("a", x="y"), groups=("sg-1",), cidrs=("10.1.0.0/24",))
        found = Found(vpcs=(vpc(1, "payments"),), clusters=(running, cluster("b")))
        assert Found.read(json.loads(json.dumps(found.plain()))) == found

    def test_a_cluster_that_two_logins_show_is_one(self):
        found = Found.merge([Found(clusters=(cluster("a"),)), Found(clusters=(cluster("a"), cluster("a", 2)))])
        assert [each.vpc_id for each in found.clusters] == ["vpc-00000001", "vpc-00000002"]
