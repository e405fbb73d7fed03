# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Quotas as AWS tells them; each that the double keeps is told as it is set."""

from __future__ import annotations

import pytest

from .conftest import FAR, Aws


@pytest.mark.parametrize(
    ("setting", "service", "code", "usual"),
    [
        ("endpoints_per_vpc", "vpc", "L-29B6F2EB", 50),
        ("rules_per_group", "vpc", "L-0EA8095F", 60),
        ("groups_per_interface", "vpc", "L-2AFB9258", 5),
        ("zones_per_account", "route53", "L-4EA4796A", 500),
    ],
)
def test_a_quota_is_what_the_setting_says(aws: Aws, setting: str, service: str, code: str, usual: int) -> None:
    quotas = aws.client("service-quotas")
    aws.control("PATCH", "settings", {setting: 7})
    assert quotas.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"] == 7
    default = quotas.get_aws_default_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]
    assert (default["Value"], default["GlobalQuota"]) == (usual, service == "route53")
    listed = quotas.list_service_quotas(ServiceCode=service)["Quotas"]
    assert {each["QuotaCode"]: each["Value"] for each in listed}[code] == 7


@pytest.mark.on_aws
def test_unknown_quotas_and_services_are_not_found(aws: Aws) -> None:
    quotas = aws.client("service-quotas")
    with aws.refuses("NoSuchResourceException"):
        quotas.get_service_quota(ServiceCode="vpc", QuotaCode="L-00000000")
    with aws.refuses("NoSuchResourceException"):
        quotas.list_service_quotas(ServiceCode="nothing")


@pytest.mark.on_aws
def test_quotas_of_route53_are_in_one_region_only(aws: Aws) -> None:
    with aws.refuses("NoSuchResourceException"):
        aws.client("service-quotas", region=FAR).list_service_quotas(ServiceCode="route53")


def test_attributes_of_an_account(aws: Aws) -> None:
    name = "vpc-max-security-groups-per-interface"
    aws.settings.groups_per_interface = 7
    found = aws.ec2.describe_account_attributes(AttributeNames=[name])["AccountAttributes"]
    assert found == [{"AttributeName": name, "AttributeValues": [{"AttributeValue": "7"}]}]
    everything = aws.ec2.describe_account_attributes()["AccountAttributes"]
    values = {each["AttributeName"]: each["AttributeValues"][0]["AttributeValue"] for each in everything}
    assert values["supported-platforms"] == "VPC"
    assert values["default-vpc"].startswith("vpc-")


def test_a_region_has_so_many_vpcs(aws: Aws) -> None:
    aws.settings.vpcs_per_region = len(aws.ec2.describe_vpcs()["Vpcs"])
    with aws.refuses("VpcLimitExceeded", text="The maximum number of VPCs has been reached."):
        aws.vpc()


def test_an_account_has_so_many_zones(aws: Aws) -> None:
    vpc = aws.vpc()
    aws.settings.zones_per_account = 0
    with aws.refuses("TooManyHostedZones"):
        aws.zone(vpc)
