# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags that AWS refuses, with whatever call they come; and comments of zones, which stand in for tags there."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Aws

WRONG = [
    ({"Key": "aws:createdBy", "Value": "x"}, "Tag keys starting with 'aws:' are reserved for internal use"),
    ({"Key": "AWS:x", "Value": "x"}, "reserved for internal use"),
    ({"Key": "k" * 129, "Value": "x"}, "Tag key exceeds the maximum length of 128 characters"),
    ({"Key": "k", "Value": "v" * 257}, "Tag value exceeds the maximum length of 256 characters"),
]


def many(count: int) -> list[dict[str, str]]:
    return [{"Key": f"key{number}", "Value": "x"} for number in range(count)]


@pytest.mark.parametrize(("tag", "text"), WRONG)
@pytest.mark.on_aws
def test_a_wrong_tag_is_refused_by_create_tags(aws: Aws, tag: dict[str, str], text: str) -> None:
    with aws.refuses("InvalidParameterValue", text=text):
        aws.ec2.create_tags(Resources=[aws.vpc()], Tags=[tag])


@pytest.mark.parametrize(("tag", "text"), WRONG)
def test_a_wrong_tag_makes_no_endpoint(aws: Aws, tag: dict[str, str], text: str) -> None:
    vpc = aws.vpc()
    named: list[dict[str, Any]] = [{"ResourceType": "vpc-endpoint", "Tags": [tag]}]
    with aws.refuses("InvalidParameterValue", text=text):
        aws.endpoint(vpc, aws.service(), aws.subnet(vpc), TagSpecifications=named)
    assert aws.ec2.describe_vpc_endpoints()["VpcEndpoints"] == []


@pytest.mark.on_aws
def test_the_longest_tags_are_taken(aws: Aws) -> None:
    vpc = aws.vpc()
    aws.ec2.create_tags(Resources=[vpc], Tags=[{"Key": "k" * 128, "Value": "v" * 256}])


@pytest.mark.on_aws
def test_fifty_tags_and_no_more(aws: Aws) -> None:
    vpc = aws.vpc()
    aws.ec2.create_tags(Resources=[vpc], Tags=many(50))
    with aws.refuses("TagLimitExceeded"):
        aws.ec2.create_tags(Resources=[vpc], Tags=[{"Key": "one more", "Value": "x"}])
    aws.ec2.create_tags(Resources=[vpc], Tags=[{"Key": "key0", "Value": "other"}])
    with aws.refuses("TagLimitExceeded", text="More than 50 tags specified"):
        aws.ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": many(51)}])


@pytest.mark.parametrize(
    "tags",
    [
        [{"Key": "aws:x", "Value": "x"}],
        [{"Key": "k" * 129, "Value": "x"}],
        [{"Key": "k", "Value": "v" * 257}],
        many(51),
    ],
)
@pytest.mark.on_aws
def test_wrong_tags_of_a_zone_are_refused_as_a_whole(aws: Aws, tags: list[dict[str, str]]) -> None:
    zone = aws.zone(aws.vpc()).rpartition("/")[2]
    with aws.refuses("InvalidInput"):
        aws.route53.change_tags_for_resource(
            ResourceType="hostedzone", ResourceId=zone, AddTags=[{"Key": "fine", "Value": "x"}, *tags]
        )
    found = aws.route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=zone)
    assert found["ResourceTagSet"]["Tags"] == []


@pytest.mark.on_aws
def test_a_zones_comment_has_256_characters(aws: Aws) -> None:
    vpc = {"VPCId": aws.vpc(), "VPCRegion": "us-east-1"}
    made: dict[str, Any] = {"Name": "x.run", "CallerReference": "1", "VPC": vpc}
    with aws.refuses("InvalidInput", text="Member must have length less than or equal to 256"):
        aws.route53.create_hosted_zone(**made, HostedZoneConfig={"Comment": "c" * 257, "PrivateZone": True})
    zone = aws.route53.create_hosted_zone(**made, HostedZoneConfig={"Comment": "c" * 256, "PrivateZone": True})
    with aws.refuses("InvalidInput"):
        aws.route53.update_hosted_zone_comment(Id=zone["HostedZone"]["Id"], Comment="c" * 257)
