# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies name what an inventory has in each account, and nothing of another one."""

from __future__ import annotations

import json

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._core.errors import InventoryError
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.policies import LONGEST, RUN, policies
from astrolab.aws.policies import Demand, allowed_by

HERE, THERE = "111111111111", "222222222222"
SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"
ROLE = f"arn:aws:iam::{THERE}:role/privatelink"
COMMON = {
    "privatelink_region": "us-east-1",
    "privatelink_cluster_id": "clmh1kd8v000108l3a9v7c5x2",
    "privatelink_service_name": SERVICE,
}
OURS = {"aws:ResourceTag/managed-by": ["astro.privatelink"]}
MADE = {"aws:RequestTag/managed-by": ["astro.privatelink"]}


def vpc(number, **more):
    return {
        **COMMON,
        "privatelink_vpc_id": f"vpc-0000000{number}",
        "privatelink_agent_security_groups": [f"sg-0000000{number}"],
        **{f"privatelink_{key}": value for key, value in more.items()},
    }


FLEET = {
    "own": vpc(1),
    "held": vpc(2, region="eu-west-1", holder_vpc_id="vpc-0000000f", service_region="us-east-1"),
    "joined": vpc(3, via="own", agent_security_groups=[], agent_cidrs=["10.3.0.0/16"]),
    "partner": vpc(4, via="own", assume_role_arn=ROLE, agent_security_groups=[], agent_cidrs=["10.4.0.0/16"]),
    "used": vpc(5, endpoint_id="vpce-00000005"),
    "taken": vpc(6, endpoint_id="vpce-00000006", take_over=True),
}


def written(fleet=None, account=HERE, groups=()):
    fleet = FLEET if fleet is None else fleet
    return policies(Inventory.read(fleet, list(fleet)), account, groups)


def ec2(kind, name="*", region="us-east-1", account=HERE):
    return f"arn:aws:ec2:{region}:{account}:{kind}/{name}"


def of(vpc_id, region="us-east-1"):
    return {"route53:VPCs": [f"VPCId={vpc_id},VPCRegion={region}"]}


def record(name="clmh1kd8v000108l3a9v7c5x2.external.astronomer.run", kind="A"):
    key = "route53:ChangeResourceRecordSets"
    return {f"{key}NormalizedRecordNames": [name], f"{key}RecordTypes": [kind], f"{key}Actions": ["UPSERT"]}


ZONE = "arn:aws:route53:::hostedzone/Z1"
ALLOWED = [
    Demand("ec2:CreateVpcEndpoint", ec2("vpc", "vpc-00000001")),
    Demand("ec2:CreateVpcEndpoint", ec2("subnet", "subnet-1", "eu-west-1")),
    Demand("ec2:CreateVpcEndpoint", ec2("vpc-endpoint"), {**MADE, "ec2:VpceServiceName": [SERVICE]}),
    Demand("ec2:CreateTags", ec2("vpc-endpoint"), {"ec2:CreateAction": ["CreateVpcEndpoint"]}),
    Demand("ec2:ModifyVpcEndpoint", ec2("vpc-endpoint", "vpce-00000005")),
    Demand("ec2:CreateTags", ec2("vpc-endpoint", "vpce-00000006")),
    Demand("ec2:ModifyVpcEndpoint", ec2("vpc-endpoint", "vpce-1"), OURS),
    Demand("ec2:DeleteVpc", ec2("vpc", "vpc-9"), OURS),
    Demand("vpce:AllowMultiRegion", ec2("vpc-endpoint", region="eu-west-1")),
    Demand("route53:AssociateVPCWithHostedZone", ZONE, of("vpc-0000000f", "eu-west-1")),
    Demand("route53:CreateVPCAssociationAuthorization", ZONE, of("vpc-00000004")),
    Demand("route53:DisassociateVPCFromHostedZone", ZONE, of("vpc-00000004")),  # a zone's account can take any VPC off
    Demand("route53:ChangeResourceRecordSets", ZONE, record()),
]
REFUSED = [
    Demand("ec2:CreateVpcEndpoint", ec2("vpc", "vpc-0000000e")),  # not in the inventory
    Demand("ec2:CreateVpcEndpoint", ec2("vpc", "vpc-00000003")),  # shares a link
    Demand("ec2:CreateVpcEndpoint", ec2("vpc-endpoint"), {**MADE, "ec2:VpceServiceName": ["another"]}),
    Demand("ec2:CreateVpcEndpoint", ec2("vpc-endpoint"), {"ec2:VpceServiceName": [SERVICE]}),  # without the tag
    Demand("ec2:CreateVpcEndpoint", ec2("subnet", "subnet-1", "ap-south-1")),
    Demand("ec2:CreateTags", ec2("instance", "i-1"), MADE),
    Demand("ec2:DeleteVpcEndpoints", ec2("vpc-endpoint", "vpce-1")),  # somebody else's
    Demand("ec2:CreateTags", ec2("vpc-endpoint", "vpce-00000005")),  # used, not taken over
    Demand("ec2:DeleteVpcEndpoints", ec2("vpc-endpoint", "vpce-00000006")),
    Demand("ec2:DeleteSecurityGroup", ec2("security-group", "sg-1")),
    Demand("ec2:DeleteVpc", ec2("vpc", "vpc-00000001")),
    Demand("ec2:AuthorizeSecurityGroupEgress", ec2("security-group", "sg-00000001")),
    Demand("ec2:CreateVpc", ec2("vpc", region="eu-west-1"), MADE),  # there is a holder
    Demand("vpce:AllowMultiRegion", ec2("vpc-endpoint")),
    Demand("route53:AssociateVPCWithHostedZone", ZONE, of("vpc-00000001", "eu-west-1")),
    Demand("route53:AssociateVPCWithHostedZone", ZONE),
    Demand("route53:CreateVPCAssociationAuthorization", ZONE, of("vpc-00000001")),
    Demand("route53:ChangeResourceRecordSets", ZONE, record("www.example.com")),
    Demand("route53:ChangeResourceRecordSets", ZONE, record(kind="CNAME")),
    Demand("route53:ChangeResourceRecordSets", ZONE),
    Demand("route53:DeleteHostedZone", "arn:aws:route53:::healthcheck/Z1"),
    Demand("iam:PassRole", "*"),
]


@pytest.mark.parametrize("demand", ALLOWED, ids=lambda each: f"{each.action} {each.resource}")
def test_allows(demand):
    assert allowed_by([written()[HERE]["change"]], demand)


@pytest.mark.parametrize("demand", REFUSED, ids=lambda each: f"{each.action} {each.resource}")
def test_refuses(demand):
    assert not allowed_by([written()[HERE]["change"]], demand)


def test_an_account_without_links_only_brings_its_vpcs():
    found = written()[THERE]
    assert set(found) == {"read", "change"}
    (statement,) = found["change"]["Statement"]
    assert statement["Action"] == ["route53:AssociateVPCWithHostedZone", "route53:DisassociateVPCFromHostedZone"]
    assert statement["Condition"]["ForAllValues:StringEquals"] == of("vpc-00000004")


def test_with_a_holder_of_ones_own_no_other_vpc_is_touched():
    change = written({"held": FLEET["held"]})[HERE]["change"]
    for vpc_id, allowed in (("vpc-0000000f", True), ("vpc-00000009", False)):
        demand = Demand("route53:CreateHostedZone", "*", of(vpc_id, "eu-west-1"))
        assert bool(allowed_by([change], demand)) is allowed


def test_the_run_only_assumes_its_roles():
    assert written()[RUN]["assume_roles"]["Statement"][0]["Resource"] == [ROLE]
    assert RUN not in written({"own": vpc(1)})


def test_egress_of_the_groups_that_are_named_and_are_agents():
    found = written(groups=["sg-00000002", "sg-ffffffff"])[HERE]["harden_aws"]["Statement"][-1]
    assert found["Resource"] == [ec2("security-group", "sg-00000002", "eu-west-1")]


def test_zones_that_are_adopted_are_named():
    found = written({"own": vpc(1, hosted_zone_id="Z1")})[HERE]["change"]
    assert found["Statement"][-1]["Resource"] == [ZONE]


@pytest.mark.parametrize(
    ("region", "partition"), [("us-east-1", "aws"), ("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")]
)
def test_partitions(region, partition):
    text = json.dumps(written({"own": vpc(1, region=region)})[HERE])
    assert f"arn:{partition}:ec2:{region}:{HERE}:vpc/vpc-00000001" in text
    assert f"arn:{partition}:route53:::hostedzone/*" in text


def test_a_large_fleet_gets_policies_that_aws_takes():
    fleet = {f"v{n}": vpc(1, vpc_id=f"vpc-{n:017x}") for n in range(300)}
    found = {name: policy for name, policy in written(fleet)[HERE].items() if name.startswith("change")}
    assert list(found) == ["change", *(f"change-{n}" for n in range(2, len(found) + 1))]
    sids = [statement["Sid"] for policy in found.values() for statement in policy["Statement"]]
    assert len(sids) == len(set(sids))
    for policy in found.values():
        assert len(json.dumps(policy, separators=(",", ":"))) <= LONGEST
    for n in (0, 155, 299):
        assert allowed_by(found.values(), Demand("ec2:CreateVpcEndpoint", ec2("vpc", f"vpc-{n:017x}")))


@pytest.mark.parametrize(
    ("more", "account", "told"),
    [
        ({}, "", "own: its account is not known. Set privatelink_account_id of it, or iam_policies_account."),
        ({"profile": "network"}, HERE, "own: its account is not known. Set privatelink_account_id of it."),
        ({}, "12", "iam_policies_account is '12'; an account id has twelve digits."),
    ],
)
def test_accounts_that_are_not_known(more, account, told):
    with pytest.raises(InventoryError) as error:
        written({"own": vpc(1, **more)}, account)
    assert told in str(error.value)


def test_a_vpc_of_another_account_that_has_a_link_of_its_own_may_leave_the_zones_that_it_joined():
    def let_go(**more):
        fleet = {**FLEET, "partner": vpc(4, assume_role_arn=ROLE, **more)}
        statements = [each for policy in written(fleet)[HERE].values() for each in policy["Statement"]]
        return [each for each in statements if each["Sid"] == "LetFormerVpcsOfOtherAccountsGo"]

    (one,) = let_go()
    assert one["Action"] == ["route53:DisassociateVPCFromHostedZone"]
    assert one["Condition"]["ForAllValues:StringEquals"] == of("vpc-00000004")
    assert let_go(via="own", agent_security_groups=[], agent_cidrs=["10.4.0.0/16"]) == []
    assert let_go(cluster_id="clmh1kd8v000108l3a9v7c5x3") == []
