# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Actions that are denied on some resources only, roles that may not be assumed, and IAM's simulation of it."""

from __future__ import annotations

import pytest

from .conftest import AGENTS, OTHERS, Aws, a_record

USER = f"arn:aws:iam::{AGENTS}:user/lab"


def test_an_action_can_be_denied_on_one_endpoint(aws: Aws) -> None:
    vpc = aws.vpc()
    service, subnet = aws.service(), aws.subnet(vpc)
    one, two = (str(aws.endpoint(vpc, service, subnet)["VpcEndpointId"]) for _unused in range(2))
    arn = f"arn:aws:ec2:us-east-1:{AGENTS}:vpc-endpoint/{one}"
    aws.settings.denied = {AGENTS: [f"ec2:DeleteVpcEndpoints {arn}"]}
    with aws.refuses("UnauthorizedOperation", 403, f"perform: ec2:DeleteVpcEndpoints on resource: {arn}"):
        aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[one])
    aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[two])


def test_an_action_can_be_denied_on_one_zone(aws: Aws) -> None:
    one, two = aws.zone(aws.vpc()), aws.zone(aws.vpc("10.20.0.0/16"))
    arn = f"arn:aws:route53:::hostedzone/{one.rpartition('/')[2]}"
    aws.settings.denied = {AGENTS: [f"route53:ChangeResourceRecordSets {arn}"]}
    record = a_record("a.external.astronomer.run", "10.0.0.1")
    with aws.refuses("AccessDenied", 403, f"on resource: {arn}"):
        aws.change(one, ("CREATE", record))
    aws.change(two, ("CREATE", record))


def test_making_things_can_be_denied_in_one_vpc(aws: Aws) -> None:
    one, two = aws.vpc(), aws.vpc("10.20.0.0/16")
    aws.settings.denied = {AGENTS: [f"ec2:CreateSecurityGroup *:vpc/{one}"]}
    with aws.refuses("UnauthorizedOperation", 403):
        aws.group(one)
    aws.group(two)


def test_making_any_endpoint_can_be_denied_as_what_is_made(aws: Aws) -> None:
    vpc = aws.vpc()
    aws.settings.denied = {AGENTS: ["ec2:CreateVpcEndpoint arn:aws:ec2:*:*:vpc-endpoint/*"]}
    with aws.refuses("UnauthorizedOperation", 403):
        aws.endpoint(vpc, aws.service(), aws.subnet(vpc))


def test_one_role_can_be_denied(aws: Aws) -> None:
    def enter(role: str) -> None:
        aws.client("sts").assume_role(RoleArn=f"arn:aws:iam::{OTHERS}:role/{role}", RoleSessionName="lab")

    aws.settings.denied = {AGENTS: ["sts:AssumeRole *:role/network"]}
    with aws.refuses("AccessDenied", 403, f"perform: sts:AssumeRole on resource: arn:aws:iam::{OTHERS}:role/network"):
        enter("network")
    enter("other")


def simulated(aws: Aws, *actions: str, about: list[str] | None = None) -> dict[str, str]:
    more = {"ResourceArns": about} if about else {}
    answer = aws.client("iam").simulate_principal_policy(PolicySourceArn=USER, ActionNames=list(actions), **more)
    return {each["EvalActionName"]: each["EvalDecision"] for each in answer["EvaluationResults"]}


def test_the_simulation_says_what_a_call_would_meet(aws: Aws) -> None:
    aws.settings.denied = {AGENTS: ["ec2:CreateVpc*"]}
    assert simulated(aws, "ec2:CreateVpcEndpoint", "ec2:DescribeVpcs") == {
        "ec2:CreateVpcEndpoint": "implicitDeny",
        "ec2:DescribeVpcs": "allowed",
    }


def test_the_simulation_knows_resources(aws: Aws) -> None:
    arns = [f"arn:aws:route53:::hostedzone/{name}" for name in ("ZONE1", "ZONE2")]
    aws.settings.denied = {AGENTS: [f"route53:GetHostedZone {arns[0]}"]}
    assert simulated(aws, "route53:GetHostedZone", about=arns[:1]) == {"route53:GetHostedZone": "implicitDeny"}
    assert simulated(aws, "route53:GetHostedZone", about=arns[1:]) == {"route53:GetHostedZone": "allowed"}
    both = aws.client("iam").simulate_principal_policy(
        PolicySourceArn=USER, ActionNames=["route53:GetHostedZone"], ResourceArns=arns
    )["EvaluationResults"][0]
    assert [each["EvalResourceDecision"] for each in both["ResourceSpecificResults"]] == ["implicitDeny", "allowed"]


@pytest.mark.parametrize("arn", [f"arn:aws:iam::{OTHERS}:role/network"])
@pytest.mark.on_aws
def test_another_accounts_principal_does_not_exist_here(aws: Aws, arn: str) -> None:
    with aws.refuses("NoSuchEntity", 404):
        aws.client("iam").simulate_principal_policy(PolicySourceArn=arn, ActionNames=["ec2:DescribeVpcs"])
