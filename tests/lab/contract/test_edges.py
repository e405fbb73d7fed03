# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Local and Wavelength Zones, and security groups that are associated with further VPCs."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import FAR, OTHERS, Aws

BOSTON, WAVE = "us-east-1-bos-1a", "us-east-1-wl1-bos-wlz-1"


def zones(aws: Aws, **more: Any) -> dict[str, Any]:
    found = aws.ec2.describe_availability_zones(**more)["AvailabilityZones"]
    return {each["ZoneName"]: each for each in found}


def opt_in(aws: Aws) -> None:
    for group in ("us-east-1-bos-1", "us-east-1-wl1"):
        aws.ec2.modify_availability_zone_group(GroupName=group, OptInStatus="opted-in")


def test_zones_at_the_edge_are_shown_when_asked_for_or_opted_in_to(aws: Aws) -> None:
    assert not {BOSTON, WAVE} & set(zones(aws))
    shown = zones(aws, AllAvailabilityZones=True)[BOSTON]
    assert (shown["ZoneType"], shown["OptInStatus"]) == ("local-zone", "not-opted-in")
    assert (shown["GroupName"], shown["NetworkBorderGroup"]) == ("us-east-1-bos-1", "us-east-1-bos-1")
    assert (shown["ParentZoneName"], shown["ZoneId"]) == ("us-east-1a", "use1-bos1-az1")
    opt_in(aws)
    assert zones(aws)[BOSTON]["OptInStatus"] == "opted-in"
    assert zones(aws)[WAVE]["ZoneType"] == "wavelength-zone"
    assert zones(aws)["us-east-1a"]["OptInStatus"] == "opt-in-not-required"


def test_zones_are_found_by_their_type(aws: Aws) -> None:
    opt_in(aws)
    found = zones(aws, Filters=[{"Name": "zone-type", "Values": ["availability-zone"]}])
    assert not {BOSTON, WAVE} & set(found)
    assert "us-east-1a" in found


def test_opting_in_is_each_accounts_own_and_for_groups_that_exist(aws: Aws) -> None:
    opt_in(aws)
    theirs = aws.client("ec2", OTHERS).describe_availability_zones()["AvailabilityZones"]
    assert BOSTON not in [each["ZoneName"] for each in theirs]
    with aws.refuses("InvalidParameterValue"):
        aws.ec2.modify_availability_zone_group(GroupName="us-east-1-nowhere-1", OptInStatus="opted-in")
    with aws.refuses("InvalidParameterValue"):
        aws.ec2.modify_availability_zone_group(GroupName="us-east-1-bos-1", OptInStatus="not-opted-in")


def test_a_subnet_needs_the_opt_in(aws: Aws) -> None:
    vpc = aws.vpc()
    wanted = {"VpcId": vpc, "CidrBlock": "10.10.1.0/24", "AvailabilityZone": BOSTON}
    with aws.refuses("InvalidParameterValue"):
        aws.ec2.create_subnet(**wanted)
    opt_in(aws)
    assert aws.ec2.create_subnet(**wanted)["Subnet"]["AvailabilityZoneId"] == "use1-bos1-az1"


@pytest.mark.parametrize("zone", [BOSTON, WAVE])
def test_no_endpoint_goes_to_the_edge(aws: Aws, zone: str) -> None:
    opt_in(aws)
    vpc = aws.vpc()
    subnet = aws.ec2.create_subnet(VpcId=vpc, CidrBlock="10.10.1.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
    with aws.refuses("InvalidParameter", text="does not support the availability zone of the subnet"):
        aws.endpoint(vpc, aws.service(), subnet)
    remote = aws.service(region=FAR, supported_regions=["us-east-1"])
    with aws.refuses("InvalidParameter", text="Only the following availability zones are supported for remote access"):
        aws.endpoint(vpc, remote, subnet, ServiceRegion=FAR)


def associated(aws: Aws, **wanted: str) -> list[str]:
    named = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in wanted.items()]
    found = aws.ec2.describe_security_group_vpc_associations(Filters=named)["SecurityGroupVpcAssociations"]
    assert all(each["State"] == "associated" for each in found)
    return [each["VpcId"] for each in found]


def test_a_group_works_in_the_vpcs_it_is_associated_with(aws: Aws) -> None:
    vpc, other = aws.vpc(), aws.vpc("10.20.0.0/16")
    group, subnet, service = aws.group(vpc), aws.subnet(other, "10.20.1.0/24"), aws.service()
    with aws.refuses("InvalidParameter", text="belong to different networks"):
        aws.endpoint(other, service, subnet, SecurityGroupIds=[group])
    aws.ec2.associate_security_group_vpc(GroupId=group, VpcId=other)
    assert associated(aws, group_id=group) == [other]
    assert associated(aws, vpc_id=vpc) == []
    made = aws.endpoint(other, service, subnet, SecurityGroupIds=[group])
    with aws.refuses("DependencyViolation"):
        aws.ec2.disassociate_security_group_vpc(GroupId=group, VpcId=other)
    aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    aws.advance()
    aws.ec2.describe_vpc_endpoints()
    aws.ec2.disassociate_security_group_vpc(GroupId=group, VpcId=other)
    assert associated(aws, group_id=group) == []


@pytest.mark.on_aws
def test_rules_refer_to_groups_that_share_a_vpc(aws: Aws) -> None:
    vpc, other = aws.vpc(), aws.vpc("10.20.0.0/16")
    agents, group = aws.group(vpc), aws.group(other, "endpoint")
    rule = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": agents}]}
    with aws.refuses("InvalidGroup.NotFound"):
        aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    aws.ec2.associate_security_group_vpc(GroupId=agents, VpcId=other)
    aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])


def test_the_default_group_other_accounts_vpcs_and_second_times_are_refused(aws: Aws) -> None:
    vpc, other = aws.vpc(), aws.vpc("10.20.0.0/16")
    shown = aws.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    group = aws.group(vpc)
    with pytest.raises(ClientError):
        aws.ec2.associate_security_group_vpc(GroupId=shown[0]["GroupId"], VpcId=other)
    with aws.refuses("InvalidVpcID.NotFound"):
        aws.ec2.associate_security_group_vpc(GroupId=group, VpcId=aws.vpc("10.30.0.0/16", OTHERS))
    aws.ec2.associate_security_group_vpc(GroupId=group, VpcId=other)
    with pytest.raises(ClientError):
        aws.ec2.associate_security_group_vpc(GroupId=group, VpcId=other)
    with pytest.raises(ClientError):
        aws.ec2.disassociate_security_group_vpc(GroupId=group, VpcId=vpc)


@pytest.mark.on_aws
def test_an_interface_takes_groups_of_its_vpc_only(aws: Aws) -> None:
    subnet, group = aws.subnet(aws.vpc()), aws.group(aws.vpc("10.20.0.0/16"))
    for wrong in (group, "sg-00000000000000000"):
        with aws.refuses("InvalidGroup.NotFound"):
            aws.ec2.create_network_interface(SubnetId=subnet, Groups=[wrong])
