# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts and regions: who a caller is, and that each sees only its own."""

from __future__ import annotations

import boto3
import pytest

from .conftest import AGENTS, FAR, OTHERS, REGION, Aws


def test_an_access_key_of_twelve_digits_is_the_account(aws: Aws) -> None:
    for account in (AGENTS, OTHERS):
        identity = aws.client("sts", account).get_caller_identity()
        assert (identity["Account"], identity["Arn"]) == (account, f"arn:aws:iam::{account}:user/lab")


def test_any_role_of_any_account_can_be_assumed(aws: Aws) -> None:
    assumed = aws.client("sts").assume_role(RoleArn=f"arn:aws:iam::{OTHERS}:role/network", RoleSessionName="lab")
    keys = assumed["Credentials"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], REGION)
    sts = session.client("sts", endpoint_url=aws.double.url)
    assert sts.get_caller_identity()["Arn"] == f"arn:aws:sts::{OTHERS}:assumed-role/network/lab"
    vpc = aws.vpc(account=OTHERS)
    ec2 = session.client("ec2", endpoint_url=aws.double.url)
    assert vpc in [each["VpcId"] for each in ec2.describe_vpcs()["Vpcs"]]


@pytest.mark.parametrize(("account", "region"), [(OTHERS, REGION), (AGENTS, FAR)])
def test_accounts_and_regions_are_apart(aws: Aws, account: str, region: str) -> None:
    vpc = aws.vpc()
    with aws.refuses("InvalidVpcID.NotFound"):
        aws.client("ec2", account, region).describe_vpcs(VpcIds=[vpc])


@pytest.mark.on_aws
def test_route53_is_the_same_from_every_region(aws: Aws) -> None:
    zone = aws.zone(aws.vpc())
    assert aws.client("route53", region=FAR).get_hosted_zone(Id=zone)["HostedZone"]["Id"] == zone


@pytest.mark.on_aws
def test_iam_reads_answer(aws: Aws) -> None:
    assert aws.client("iam").list_roles()["Roles"] == []
