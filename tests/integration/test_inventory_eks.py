# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory from a region alone, where agents are pods: the security groups and the ranges that they really use."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from astrolab.lab import Lab
from conftest import LabUp
from running import environment, play

ACCOUNT = "111111111111"
CLUSTER_ID = "clmh1kd8v000108l3a9v7c5x2"
ZONES = {"a": "use1-az1", "b": "use1-az2"}


def vpc(number: int) -> dict[str, Any]:
    subnets = {
        label: {"cidr": f"10.{number}.{n}.0/24", "az_id": zone} for n, (label, zone) in enumerate(ZONES.items(), 1)
    }
    return {
        "cidrs": [f"10.{number}.0.0/16", f"100.{number + 54}.0.0/16"],
        "subnets": {**subnets, "pods": {"cidr": f"100.{number + 54}.1.0/24", "az_id": "use1-az1"}},
    }


ONE: dict[str, Any] = {"components": {"worker": 1}, "subnets": ["a"]}
TOPOLOGY: dict[str, Any] = {
    "account": ACCOUNT,
    "region": "us-east-1",
    "cluster": {"id": CLUSTER_ID},
    "service": {"az_ids": list(ZONES.values())},
    "vpcs": {"payments": vpc(10), "partner": vpc(11) | {"via": "payments"}},
    "peerings": [{"requester": "partner", "accepter": "payments"}],
    "clusters": {
        # groups of a launch template, and custom networking with another group in a secondary range
        "etl": {"vpc": "payments", **ONE, "own_groups": True, "pod_subnets": ["pods"]},
        # nodes as EKS makes them, and pods with a SecurityGroupPolicy
        "ml": {"vpc": "payments", **ONE, "pod_groups": True, "dns": {"address": "172.21.0.10"}},
        "far": {"vpc": "partner", **ONE, "pod_subnets": ["pods"]},
    },
}
OPTIONS = {"eks": "all", "eks_options": {"namespace": "airflow"}, "eks_security_groups": "used"}


@pytest.fixture(scope="module")
def lab(lab_up: LabUp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    file = tmp_path_factory.mktemp("topology") / "groups.yml"
    file.write_text(yaml.safe_dump(TOPOLOGY))
    with lab_up(topology=file) as started:
        ec2 = started.client("ec2")
        for name, tags in {"payments": {}, "partner": {"via": "payments"}}.items():
            tagged = [
                {"Key": f"astro.privatelink/{key}", "Value": value} for key, value in {"agents": "", **tags}.items()
            ]
            ec2.create_tags(Resources=[started.record.vpcs[name].id], Tags=tagged)
        yield started


def listed(lab: Lab, place: Path, **options: Any) -> tuple[dict[str, Any], str]:
    """The variables of each host, and what was said on the way."""
    write(place, **options)
    command = ["ansible-inventory", "-i", str(place / "fleet.agent_vpcs.yml"), "--list", "--export"]
    env = environment(lab, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true")
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, cwd=place)
    assert done.returncode == 0, done.stderr
    return bare(json.loads(done.stdout)["_meta"]["hostvars"]), " ".join(done.stderr.split())


def write(place: Path, **options: Any) -> None:
    known = {"plugin": "astro.privatelink.agent_vpcs", "regions": ["us-east-1"], **OPTIONS, **options}
    (place / "fleet.agent_vpcs.yml").write_text(yaml.safe_dump(known))


def bare(value: Any) -> Any:
    """Without the marks for strings that are not templates."""
    if isinstance(value, dict):
        return value.get("__ansible_unsafe") or {key: bare(each) for key, each in value.items()}
    return [bare(each) for each in value] if isinstance(value, list) else value


def groups(lab: Lab, *names: str) -> list[str]:
    ec2 = lab.client("ec2")
    filters = [
        {"Name": "group-name", "Values": list(names)},
        {"Name": "vpc-id", "Values": [lab.record.vpcs["payments"].id]},
    ]
    found = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    assert len(found) == len(names)
    return sorted(each["GroupId"] for each in found)


def of_cluster(lab: Lab, name: str) -> str:
    network = lab.client("eks").describe_cluster(name=name)["cluster"]["resourcesVpcConfig"]
    return str(network["clusterSecurityGroupId"])


def in_use(lab: Lab) -> list[str]:
    """Nodes and pods of etl, pods of ml, nodes of ml; what EKS made for etl has its control plane only."""
    return sorted([*groups(lab, "etl-own", "etl-pods", "payments-agents"), of_cluster(lab, "ml")])


def test_the_groups_that_nodes_and_pods_use_and_no_other(lab: Lab, tmp_path: Path) -> None:
    lab.reset_calls()
    hosts, said = listed(lab, tmp_path)
    calls = lab.calls()["by_action"]
    assert hosts["payments"]["privatelink_agent_security_groups"] == in_use(lab)
    assert of_cluster(lab, "etl") not in in_use(lab)
    assert [each["eks_cluster"] for each in hosts["payments"]["privatelink_kubernetes"]] == ["etl", "ml"]
    assert "No node of the EKS cluster" not in said
    asked = ("ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets")
    assert {action: calls[action] for action in asked} == dict.fromkeys(asked, 1)


def test_the_group_that_eks_made(lab: Lab, tmp_path: Path) -> None:
    lab.reset_calls()
    hosts, _said = listed(lab, tmp_path, eks_security_groups="cluster")
    made = sorted(of_cluster(lab, name) for name in ("etl", "ml"))
    assert hosts["payments"]["privatelink_agent_security_groups"] == made
    assert "ec2:DescribeNetworkInterfaces" not in lab.calls()["by_action"]


@pytest.mark.parametrize(
    ("which", "cidrs"),
    [("vpc", ["10.11.0.0/16", "100.65.0.0/16"]), ("used", ["10.11.1.0/24", "100.65.1.0/24"])],
)
def test_the_ranges_of_a_joined_vpc(lab: Lab, tmp_path: Path, which: str, cidrs: list[str]) -> None:
    """The node's as well as the pods': what leaves the VPC has the node's address, unless the VPC CNI is told otherwise."""
    hosts, _said = listed(lab, tmp_path, eks_cidrs=which)
    assert hosts["partner"]["privatelink_agent_cidrs"] == cidrs


def test_a_whole_run_admits_the_groups_in_use(lab: Lab, tmp_path: Path) -> None:
    write(tmp_path)
    written = yaml.safe_load(lab.inventory.read_text())["agent_vpcs"]["vars"]
    known = {key: value for key, value in written.items() if key.startswith("privatelink_")}
    (tmp_path / "group_vars").mkdir()
    common = {**known, "privatelink_support_confirmed": True}
    (tmp_path / "group_vars/agent_vpcs.yml").write_text(yaml.safe_dump(common))
    seen: Any = SimpleNamespace(inventory=tmp_path / "fleet.agent_vpcs.yml", env=lab.env)
    done = play(seen, tmp_path, "site")
    assert done.rc == 0, done.text
    assert {name: verdict.split()[0] for name, verdict in done.table().items()} == {
        "payments": "works",
        "partner": "works",
    }
    here = {"vpc-id": lab.record.vpcs["payments"].id, "group-name": "astro-privatelink"}
    filters = [{"Name": name, "Values": [value]} for name, value in here.items()]
    (endpoints,) = lab.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
    sources = [pair["GroupId"] for rule in endpoints["IpPermissions"] for pair in rule["UserIdGroupPairs"]]
    ranges = [each["CidrIp"] for rule in endpoints["IpPermissions"] for each in rule["IpRanges"]]
    assert sorted(sources) == in_use(lab)
    assert sorted(ranges) == ["10.11.0.0/16", "100.65.0.0/16"]


def test_a_cluster_of_which_no_node_runs(lab: Lab, tmp_path: Path) -> None:
    """It has interfaces of its control plane, with a group more; they are no agents'."""
    ec2, eks = lab.client("ec2"), lab.client("eks")
    here = [{"Name": "vpc-id", "Values": [lab.record.vpcs["payments"].id]}]
    subnets = [each["SubnetId"] for each in ec2.describe_subnets(Filters=here)["Subnets"]]
    network = {"subnetIds": subnets, "securityGroupIds": groups(lab, "default")}
    eks.create_cluster(name="idle", roleArn=f"arn:aws:iam::{ACCOUNT}:role/eks", resourcesVpcConfig=network)
    plane = [{"Name": "description", "Values": ["Amazon EKS idle"]}]
    shown = ec2.describe_network_interfaces(Filters=plane)["NetworkInterfaces"]
    assert [{one["GroupId"] for one in each["Groups"]} for each in shown] == [
        {of_cluster(lab, "idle"), *groups(lab, "default")}
    ] * 2
    try:
        hosts, said = listed(lab, tmp_path)
        assert hosts["payments"]["privatelink_agent_security_groups"] == sorted([*in_use(lab), of_cluster(lab, "idle")])
        assert f"No node of the EKS cluster idle in {lab.record.vpcs['payments'].id} (us-east-1) runs now." in said
        assert "EKS cluster etl" not in said
    finally:
        eks.delete_cluster(name="idle")


def test_nodes_that_are_gone_use_nothing(lab: Lab, tmp_path: Path) -> None:
    """The last one: the interface of the pods of etl is left over from a node that has ended."""
    ec2 = lab.client("ec2")
    tag = [{"Name": "tag-key", "Values": ["kubernetes.io/cluster/etl"]}]
    (node,) = (each for one in ec2.describe_instances(Filters=tag)["Reservations"] for each in one["Instances"])
    more = next(each for each in node["NetworkInterfaces"] if each["Description"].startswith("aws-K8S-"))
    ec2.detach_network_interface(AttachmentId=more["Attachment"]["AttachmentId"])
    ec2.terminate_instances(InstanceIds=[node["InstanceId"]])
    hosts, said = listed(lab, tmp_path)
    left = sorted([*groups(lab, "payments-agents"), of_cluster(lab, "ml"), of_cluster(lab, "etl")])
    assert hosts["payments"]["privatelink_agent_security_groups"] == left
    assert "No node of the EKS cluster etl" in said
