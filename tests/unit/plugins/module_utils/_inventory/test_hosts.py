# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory says, and all that can be wrong with it."""

from __future__ import annotations

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._core.errors import InventoryError
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory

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


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"cluster_id": "abc.external.astronomer.run"}, "is not a cluster id"),
        ({"cluster_id": "ABC"}, "is not a cluster id"),
        ({"cluster_id": ""}, "privatelink_cluster_id is not set"),
        ({"region": None}, "privatelink_region is not set"),
        ({"cluster_id": "FILL IN: the id"}, "privatelink_cluster_id is still to be filled in: the id."),
        ({"agent_cidrs": "FILL IN: the ranges"}, "privatelink_agent_cidrs is still to be filled in: the ranges."),
        ({"agent_cidrs": ["FILL IN: the ranges", "or groups"]}, "still to be filled in: the ranges, or groups."),
        ({"endpoint_id": "FILL IN"}, "privatelink_endpoint_id is still to be filled in: a value."),
        ({"vpc_id": ""}, "privatelink_vpc_id is not set"),
        ({"service_name": ""}, "privatelink_service_name is not set"),
        ({"service_name": "vpce-svc-1"}, "is not the name of an endpoint service"),
        ({"vpc_id": "vpc-XYZ"}, "vpc-0123456789abcdef0"),
        ({"subnet_ids": ["10.0.0.0/24"]}, "subnet-0123456789abcdef0"),
        ({"agent_cidrs": ["10.1.0.1/16"]}, "write the range as 10.1.0.0/16"),
        ({"agent_cidrs": ["everywhere"]}, "is not a CIDR range"),
        ({"agent_cidrs": ["fd00::/8"]}, "IPv4"),
        ({"public_addresses": ["astro"]}, "privatelink_public_addresses has 'astro'"),
        ({"via": "nobody"}, "not in the inventory, or not in this slice"),
        ({"account_id": 1402433619}, "is 1402433619; an account id has twelve digits. Put quotes around it"),
        ({"via": "one"}, "is the VPC itself"),
        ({"via": "three"}, "Set two instead"),
        ({"via": "other_cluster"}, "privatelink_cluster_id is not that of other_cluster"),
        ({"via": "two", "agent_security_groups": []}, "no source of its agents is set"),
        ({"vpc_id": "vpc-00000002"}, "the same VPC as"),
        ({"vpc_id": "vpc-00000002", "cluster_id": "xyz"}, "privatelink_dns_layout: host_zone for both"),
        ({"region": "us-east-1a"}, "a region looks like us-east-1"),
        (
            {"assume_role_arn": "arn:aws:iam::222222222222:privatelink"},
            "looks like arn:aws:iam::111111111111:role/privatelink",
        ),
        ({"supported_az_ids": ["us-east-1a"]}, "use1-az1, not zone names"),
        ({"tags": {"aws:team": "x"}}, "begins with aws:"),
        ({"tags": {"Owner": None}}, "Owner needs a string"),
        ({"tags": {"x" * 129: "y"}}, "too long"),
        ({"tags": {"managed-by": "me"}}, "Use another key"),
        ({"endpoint_id": "vpce-svc-1"}, "an id looks like vpce-0123456789abcdef0"),
        ({"kubernetes": [{"namespace": "airflow"}]}, "names no cluster. Set context"),
        ({"kubernetes": [{"context": "a"}, {"eks_cluster": "b", "context": "c"}]}, "entry 2, has eks_cluster beside"),
        ({"kubernetes": [{"eks_cluster": "a", "region": "Ohio"}]}, "a region looks like us-east-1"),
        ({"kubernetes": [{"context": "a", "pods_per_component": -1}]}, "0 for all pods"),
        ({"kubernetes": [{"context": "a", "namespace": "Air flow"}]}, "not the name of a namespace"),
        ({"kubernetes": [{"context": "a", "selector": "app astro"}]}, "looks like app=astro-agent,tier=worker"),
        ({"kubernetes": [{"context": "a"}], "dial_through": "proxy"}, "privatelink_dial_through is 'proxy'"),
    ],
)
def test_bad_inventories_are_explained_by_name(change, text):
    hosts = {
        "one": vpc(1, **change),
        "two": vpc(2),
        "three": vpc(3, via="two"),
        "other_cluster": vpc(4, cluster_id="xyz"),
    }
    with pytest.raises(InventoryError, match="nothing was changed") as raised:
        Inventory.read(hosts, list(hosts))
    (problem,) = [line for line in str(raised.value).splitlines()[1:] if line]
    assert text in problem
    assert "one" in problem


def test_all_that_is_wrong_with_an_inventory_is_said_at_once():
    hosts = {"one": vpc(1, region=""), "two": vpc(2, cluster_id="A.B")}
    with pytest.raises(InventoryError) as raised:
        Inventory.read(hosts, list(hosts))
    assert len(str(raised.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("named", "text"),
    [
        ({}, "agent: privatelink_agent_vpc is not set"),
        ({"privatelink_agent_vpc": "onne"}, "which is not an agent VPC of this inventory. Did you mean one?"),
        ({"privatelink_agent_vpc": "vpc-00000001"}, "which is not an agent VPC of this inventory"),
    ],
)
def test_an_agent_host_belongs_to_an_agent_vpc(named, text):
    with pytest.raises(InventoryError) as raised:
        Inventory.read({"one": vpc(1), "agent": named}, ["one"], ["agent"])
    assert text in str(raised.value)


def test_a_job_slice_may_have_agent_hosts_of_other_slices():
    hosts = {"one": vpc(1), "mine": {"privatelink_agent_vpc": "one"}, "theirs": {"privatelink_agent_vpc": "two"}}
    read = Inventory.read(hosts, ["one"], ["mine", "theirs"], sliced=True)
    assert (list(read.agents), read.strangers) == (["mine"], ("theirs",))


def test_what_many_hosts_lack_is_said_once():
    hosts = {f"vpc{number}": vpc(number, cluster_id="") for number in range(1, 9)}
    with pytest.raises(InventoryError) as raised:
        Inventory.read(hosts, list(hosts))
    (problem,) = raised.value.problems
    assert problem.startswith(
        "vpc1, vpc2, vpc3, vpc4, vpc5 and 3 more: privatelink_cluster_id is not set. Set it to the id"
    )


def test_a_broken_vpc_outside_of_the_run_does_not_stop_it_but_is_not_forgotten():
    hosts = {"one": vpc(1), "broken": vpc(2, region="nowhere"), "joined": vpc(3, via="broken")}
    known = Inventory.read(hosts, ["one"])
    assert (list(known.everyone), known.unclear) == (["one"], ("broken", "joined"))
    with pytest.raises(InventoryError, match="broken: is an agent VPC, too"):
        known.widened()


def test_hosts_that_are_no_vpcs_are_not_read():
    known = Inventory.read({"one": vpc(1), "web": {"unrelated": 1}}, ["one"])
    assert (list(known.vpcs), list(known.everyone), known.unclear) == (["one"], ["one"], ())


@pytest.mark.parametrize(
    "selector",
    ["app=astro-agent", "app==a,tier!=b", "app in (a, b)", "tier notin (a)", "app", "!legacy", "a.b/c=d , e=", "x="],
)
def test_selectors_of_kubernetes(selector):
    hosts = {"one": vpc(1, kubernetes=[{"context": "a", "selector": selector}])}
    (agent,) = Inventory.read(hosts, ["one"]).agents.values()
    assert agent.cluster.selector == selector


def test_clusters_of_vpcs_outside_of_the_run_are_known_and_one_with_errors_is_unclear():
    odd = [{"context": "a", "pods_per_component": -1}]
    hosts = {"one": vpc(1), "two": vpc(2, kubernetes=[{"context": "a"}]), "three": vpc(3, kubernetes=odd)}
    found = Inventory.read(hosts, ["one"])
    assert [agent.vpc for agent in found.agents.values()] == ["two"]
    assert found.unclear == ("three",)


def test_what_is_to_be_filled_in_is_said_once():
    host = vpc(1, cluster_id="FILL IN: the id", via="FILL IN: the owner", hosted_zone_id="FILL IN: the zone")
    with pytest.raises(InventoryError) as refused:
        Inventory.read({"one": host}, ["one"])
    assert [problem.split(":")[1] for problem in refused.value.problems] == [
        " privatelink_cluster_id is still to be filled in",
        " privatelink_via is still to be filled in",
        " privatelink_hosted_zone_id is still to be filled in",
    ]
