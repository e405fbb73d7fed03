# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instances as AWS describes them, with what they have not left out."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from .conftest import FAR, REGION, Aws


def start(aws: Aws, subnet: str, region: str = REGION) -> str:
    made = aws.client("ec2", region=region).run_instances(ImageId="ami-1", MinCount=1, MaxCount=1, SubnetId=subnet)
    return str(made["Instances"][0]["InstanceId"])


def shown(aws: Aws, instance: str, region: str = REGION) -> Any:
    found = aws.client("ec2", region=region).describe_instances(InstanceIds=[instance])["Reservations"]
    return found[0]["Instances"][0]


@pytest.mark.parametrize(("region", "domain"), [(REGION, "ec2.internal"), (FAR, f"{FAR}.compute.internal")])
@pytest.mark.on_aws
def test_a_private_instance_has_no_public_side(aws: Aws, region: str, domain: str) -> None:
    vpc = aws.vpc(region=region)
    instance = shown(aws, start(aws, aws.subnet(vpc, zone=f"{region}b"), region), region)
    assert (instance["PrivateIpAddress"], instance["VpcId"]) == ("10.10.1.4", vpc)
    assert (instance["PrivateDnsName"], instance["PublicDnsName"]) == (f"ip-10-10-1-4.{domain}", "")
    assert not {"PublicIpAddress", "Ipv6Address", "StateReason", "KernelId", "Tags"} & set(instance)
    assert "Association" not in instance["NetworkInterfaces"][0]
    assert instance["NetworkInterfaces"][0]["NetworkInterfaceId"].startswith("eni-")
    assert [each["GroupName"] for each in instance["SecurityGroups"]] == ["default"]


@pytest.mark.on_aws
def test_an_instance_without_ipv4_has_no_private_address(aws: Aws) -> None:
    vpc = aws.ec2.create_vpc(CidrBlock="10.10.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
    block = aws.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
    part = block.replace("/56", "/64")
    subnet = aws.ec2.create_subnet(VpcId=vpc, Ipv6CidrBlock=part, Ipv6Native=True, AvailabilityZone="us-east-1b")
    name = start(aws, subnet["Subnet"]["SubnetId"])
    instance = shown(aws, name)
    assert "PrivateIpAddress" not in instance
    assert instance["Ipv6Address"] == str(ip_network(part)[4])
    assert instance["PrivateDnsName"] == f"{name}.ec2.internal"


@pytest.mark.on_aws
def test_a_terminated_instance_is_in_no_vpc(aws: Aws) -> None:
    vpc = aws.vpc()
    subnet = aws.subnet(vpc, zone="us-east-1b")
    name = start(aws, subnet)
    aws.ec2.terminate_instances(InstanceIds=[name])
    instance = shown(aws, name)
    assert instance["State"]["Name"] == "terminated"
    assert instance["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    assert not {"VpcId", "SubnetId", "PrivateIpAddress"} & set(instance)
    assert (instance["PrivateDnsName"], instance["NetworkInterfaces"], instance["SecurityGroups"]) == ("", [], [])
    aws.ec2.delete_subnet(SubnetId=subnet)


@pytest.mark.on_aws
def test_instances_are_filtered_and_paged(aws: Aws) -> None:
    vpc = aws.vpc()
    subnet = aws.subnet(vpc, zone="us-east-1b")
    names = {start(aws, subnet) for _unused in range(6)}
    wanted = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "instance-state-name", "Values": ["running"]}]
    pages = aws.ec2.get_paginator("describe_instances").paginate(Filters=wanted, PaginationConfig={"PageSize": 5})
    counts = [[each["Instances"][0]["InstanceId"] for each in page["Reservations"]] for page in pages]
    assert [len(page) for page in counts] == [5, 1]
    assert {name for page in counts for name in page} == names
    with aws.refuses("InvalidParameterValue"):
        aws.ec2.describe_instances(Filters=[{"Name": "nosuch", "Values": ["x"]}])


@pytest.mark.on_aws
def test_instances_are_found_by_the_number_of_their_state(aws: Aws) -> None:
    vpc = aws.vpc()
    start(aws, aws.subnet(vpc))
    for code, found in (("16", 1), ("48", 0)):
        wanted = [{"Name": "instance-state-code", "Values": [code]}]
        assert len(aws.ec2.describe_instances(Filters=wanted)["Reservations"]) == found
