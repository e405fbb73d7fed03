# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Regions that an account has to opt in to, and the other partitions: GovCloud and China."""

from __future__ import annotations

import urllib.error
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from .conftest import AGENTS, ASTRO, OTHERS, REGION, Aws, a_record

MILAN, GOV, CHINA = "eu-south-1", "us-gov-west-1", "cn-north-1"


@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("ec2", "describe_vpcs", "AuthFailure", 401),
        ("sts", "get_caller_identity", "InvalidClientTokenId", 403),
        ("route53resolver", "list_resolver_rules", "UnrecognizedClientException", 400),
        ("service-quotas", "list_services", "UnrecognizedClientException", 400),
    ],
)
@pytest.mark.on_aws
def test_a_region_that_is_not_enabled_does_not_know_the_keys(
    aws: Aws, service: str, operation: str, code: str, status: int
) -> None:
    with aws.refuses(code, status):
        getattr(aws.client(service, region=MILAN), operation)()


def test_an_account_opts_in_for_itself(aws: Aws) -> None:
    aws.control("PATCH", "settings", {"opted_in": {AGENTS: [MILAN]}})
    aws.vpc(region=MILAN)
    with aws.refuses("AuthFailure", 401):
        aws.vpc(account=OTHERS, region=MILAN)


def test_regions_are_listed_with_their_status(aws: Aws) -> None:
    def listed(**more: Any) -> dict[str, str]:
        return {each["RegionName"]: each["OptInStatus"] for each in aws.ec2.describe_regions(**more)["Regions"]}

    assert MILAN not in listed()
    assert listed(AllRegions=True)[MILAN] == "not-opted-in"
    assert listed()[REGION] == "opt-in-not-required"
    assert not {GOV, CHINA} & set(listed(AllRegions=True))
    with aws.refuses("InvalidParameterValue"):
        listed(RegionNames=[MILAN])
    aws.settings.opted_in = {AGENTS: [MILAN]}
    assert listed(RegionNames=[MILAN]) == {MILAN: "opted-in"}


def test_a_service_of_a_region_that_is_not_enabled_does_not_exist(aws: Aws) -> None:
    vpc, service = aws.vpc(), aws.service(region=MILAN, supported_regions=[REGION])
    subnet = aws.subnet(vpc)
    with aws.refuses("InvalidServiceName"):
        aws.endpoint(vpc, service, subnet, ServiceRegion=MILAN)
    aws.settings.opted_in = {AGENTS: [MILAN]}
    aws.endpoint(vpc, service, subnet, ServiceRegion=MILAN)


@dataclass(frozen=True, slots=True)
class Part:
    """A region of another partition, and what is different there."""

    region: str
    partition: str
    prefix: str
    suffix: str


PARTS = (
    Part(GOV, "aws-us-gov", "com.amazonaws", "amazonaws.com"),
    Part(CHINA, "aws-cn", "cn.com.amazonaws", "amazonaws.com.cn"),
)


@pytest.fixture(params=PARTS, ids=lambda part: part.partition)
def part(request: pytest.FixtureRequest) -> Part:
    return request.param


def test_names_and_arns_are_its_own(aws: Aws, part: Part) -> None:
    service = aws.service(region=part.region, service_id="vpce-svc-0123456789abcdef0")
    assert service == f"{part.prefix}.vpce.{part.region}.vpce-svc-0123456789abcdef0"
    vpc = aws.vpc(region=part.region)
    subnet = aws.subnet(vpc, zone=f"{part.region}a")
    endpoint = aws.endpoint(vpc, service, subnet, region=part.region)
    assert endpoint["DnsEntries"][0]["DnsName"].endswith(f"vpce-svc-0123456789abcdef0.{part.region}.vpce.{part.suffix}")
    there = aws.client("ec2", region=part.region)
    shown = there.describe_subnets(SubnetIds=[subnet])["Subnets"][0]
    assert shown["SubnetArn"] == f"arn:{part.partition}:ec2:{part.region}:{AGENTS}:subnet/{subnet}"
    identity = aws.client("sts", region=part.region).get_caller_identity()
    assert identity["Arn"] == f"arn:{part.partition}:iam::{AGENTS}:user/lab"


def test_a_zone_works_and_takes_no_vpc_of_another_partition(aws: Aws, part: Part) -> None:
    route53 = aws.client("route53", region=part.region)
    wanted = {"Name": "external.astronomer.run", "HostedZoneConfig": {"PrivateZone": True}}
    vpc = {"VPCId": aws.vpc(region=part.region), "VPCRegion": part.region}
    zone = route53.create_hosted_zone(**wanted, CallerReference="1", VPC=vpc)["HostedZone"]["Id"]
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": a_record("a.external.astronomer.run", "10.0.0.1")}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    home = {"VPCId": aws.vpc(), "VPCRegion": REGION}
    with aws.refuses("InvalidVPCId"):
        route53.create_hosted_zone(**wanted, CallerReference="2", VPC=home)
    with aws.refuses("InvalidVPCId"):
        route53.associate_vpc_with_hosted_zone(HostedZoneId=zone, VPC=home)
    aws.settings.denied = {AGENTS: ["route53:DeleteHostedZone"]}
    with aws.refuses("AccessDenied", 403, f"User: arn:{part.partition}:iam::{AGENTS}:user/lab is not authorized"):
        route53.delete_hosted_zone(Id=zone)


def test_keys_of_one_are_unknown_in_the_others(aws: Aws, part: Part) -> None:
    aws.control("PATCH", "settings", {"partitions": {AGENTS: part.partition}})
    aws.client("ec2", region=part.region).describe_vpcs()
    with aws.refuses("AuthFailure", 401):
        aws.ec2.describe_vpcs()
    with aws.refuses("InvalidClientTokenId", 403):
        aws.client("route53", region=REGION).list_hosted_zones()
    aws.client("ec2", OTHERS).describe_vpcs()


@pytest.mark.on_aws
def test_roles_are_of_the_partition(aws: Aws, part: Part) -> None:
    sts = aws.client("sts", region=part.region)
    with aws.refuses("ValidationError"):
        sts.assume_role(RoleArn=f"arn:aws:iam::{OTHERS}:role/network", RoleSessionName="lab")
    arn = f"arn:{part.partition}:iam::{OTHERS}:role/network"
    keys = sts.assume_role(RoleArn=arn, RoleSessionName="lab")["Credentials"]
    session: Any = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], part.region)
    identity = session.client("sts", endpoint_url=aws.double.url).get_caller_identity()
    assert identity["Arn"] == f"arn:{part.partition}:sts::{OTHERS}:assumed-role/network/lab"


def test_no_service_spans_partitions(aws: Aws, part: Part) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        aws.service(account=ASTRO, supported_regions=[part.region])
    assert "is in another partition than us-east-1" in caught.value.read().decode()


@pytest.mark.on_aws
def test_aws_s_own_services_in_china_have_two_kinds_of_names(aws: Aws) -> None:
    names = aws.client("ec2", region=CHINA).describe_vpc_endpoint_services()["ServiceNames"]
    assert {"com.amazonaws.cn-north-1.s3", "cn.com.amazonaws.cn-north-1.ec2"} <= set(names)


def test_an_unknown_partition_is_refused(aws: Aws) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        aws.control("PATCH", "settings", {"partitions": {AGENTS: "aws-mars"}})
    assert "partitions are aws, aws-cn, aws-us-gov, not aws-mars" in caught.value.read().decode()
