# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Endpoint services over accounts and regions, seen by consumers and kept by providers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .conftest import AGENTS, ASTRO, FAR, OTHERS, REGION, Aws


def detail(aws: Aws, name: str, *regions: str, account: str = AGENTS) -> Any:
    more = {"ServiceRegions": list(regions)} if regions else {}
    return aws.client("ec2", account).describe_vpc_endpoint_services(ServiceNames=[name], **more)["ServiceDetails"][0]


def test_service_ids_have_seventeen_hex_digits(aws: Aws) -> None:
    assert re.fullmatch(rf"com\.amazonaws\.vpce\.{REGION}\.vpce-svc-[0-9a-f]{{17}}", aws.service())


def test_another_account_sees_an_open_service_with_its_zones_and_owner(aws: Aws) -> None:
    found = detail(aws, aws.service(zones=["us-east-1a", "us-east-1b"], acceptance_required=True))
    assert found["AvailabilityZones"] == ["us-east-1a", "us-east-1b"]
    zones = aws.ec2.describe_availability_zones(ZoneNames=["us-east-1a", "us-east-1b"])["AvailabilityZones"]
    assert sorted(found["AvailabilityZoneIds"]) == sorted(zone["ZoneId"] for zone in zones)
    assert (found["Owner"], found["AcceptanceRequired"]) == (ASTRO, True)
    assert (found["ServiceRegion"], found["SupportedIpAddressTypes"]) == (REGION, ["ipv4"])


def test_a_consumer_sees_the_zones_under_its_own_names(aws: Aws) -> None:
    aws.settings.zone_shifts = {ASTRO: 1}
    found = detail(aws, aws.service(zones=["use1-az2"]))
    mine = aws.ec2.describe_availability_zones(ZoneIds=["use1-az2"])["AvailabilityZones"][0]["ZoneName"]
    theirs = aws.client("ec2", ASTRO).describe_availability_zones(ZoneIds=["use1-az2"])["AvailabilityZones"][0]
    assert (found["AvailabilityZones"], found["AvailabilityZoneIds"]) == ([mine], ["use1-az2"])
    assert theirs["ZoneName"] != mine
    vpc = aws.vpc()
    assert aws.endpoint(vpc, found["ServiceName"], aws.subnet(vpc, zone=mine))["State"] == "pending"


def test_who_is_not_allowed_hears_that_it_does_not_exist(aws: Aws) -> None:
    name = aws.service(principals=[f"arn:aws:iam::{OTHERS}:root"])
    with aws.refuses("InvalidServiceName", text=f"The Vpc Endpoint Service '{name}' does not exist"):
        detail(aws, name)
    assert detail(aws, name, account=OTHERS)["ServiceName"] == name


def test_the_owner_sees_its_service_without_being_a_principal(aws: Aws) -> None:
    name = aws.service(principals=[])
    assert detail(aws, name, account=ASTRO)["ServiceName"] == name


def test_across_regions_the_service_is_found_by_its_region_and_shows_no_zones(aws: Aws) -> None:
    name = aws.service(region=FAR, supported_regions=[REGION])
    with aws.refuses("InvalidServiceName"):
        detail(aws, name)
    found = detail(aws, name, FAR)
    assert found["ServiceRegion"] == FAR
    assert found.get("AvailabilityZones", []) == []


def test_a_private_name_is_shown_where_there_is_one(aws: Aws) -> None:
    assert detail(aws, aws.service(private_dns_name="a.example.com"))["PrivateDnsName"] == "a.example.com"
    assert "PrivateDnsName" not in detail(aws, aws.service())


def test_services_can_be_filtered_by_owner(aws: Aws) -> None:
    name = aws.service()
    found = aws.ec2.describe_vpc_endpoint_services(Filters=[{"Name": "owner", "Values": [ASTRO]}])
    assert found["ServiceNames"] == [name]


@pytest.mark.on_aws
def test_awss_own_services_are_listed_too(aws: Aws) -> None:
    assert detail(aws, f"com.amazonaws.{REGION}.s3")["ServiceType"] == [{"ServiceType": "Gateway"}]
    assert detail(aws, f"com.amazonaws.{REGION}.sts")["Owner"] == "amazon"


def test_a_provider_makes_a_service_through_aws_with_the_zones_of_its_load_balancer(aws: Aws) -> None:
    vpc = aws.vpc(account=ASTRO)
    subnet = aws.subnet(vpc, zone="us-east-1b", account=ASTRO)
    balancer = aws.client("elbv2", ASTRO).create_load_balancer(
        Name="astro", Subnets=[subnet], Type="network", Scheme="internal"
    )["LoadBalancers"][0]["LoadBalancerArn"]
    provider = aws.client("ec2", ASTRO)
    made = provider.create_vpc_endpoint_service_configuration(
        NetworkLoadBalancerArns=[balancer], AcceptanceRequired=True
    )["ServiceConfiguration"]
    name = made["ServiceName"]
    assert re.fullmatch(r"vpce-svc-[0-9a-f]{17}", made["ServiceId"])
    with aws.refuses("InvalidServiceName"):
        detail(aws, name)
    provider.modify_vpc_endpoint_service_permissions(
        ServiceId=made["ServiceId"], AddAllowedPrincipals=[f"arn:aws:iam::{AGENTS}:root"]
    )
    assert detail(aws, name)["AvailabilityZones"] == ["us-east-1b"]


def test_the_provider_enables_a_region_for_its_service(aws: Aws) -> None:
    name = aws.service(region=FAR)
    with aws.refuses("InvalidServiceName"):
        detail(aws, name, FAR)
    aws.client("ec2", ASTRO, FAR).modify_vpc_endpoint_service_configuration(
        ServiceId=name.rpartition(".")[2], AddSupportedRegions=[REGION]
    )
    assert detail(aws, name, FAR)["ServiceName"] == name
