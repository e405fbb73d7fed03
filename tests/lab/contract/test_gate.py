# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can befall any call: denied, throttled, lost before or after it took effect, unknown to the double."""

from __future__ import annotations

from typing import Any

import pytest
from astrolab.aws import Bucket
from botocore.exceptions import ConnectionClosedError

from .conftest import AGENTS, FAR, OTHERS, REGION, Aws


def test_a_denied_ec2_action_is_unauthorized(aws: Aws) -> None:
    aws.settings.denied = {AGENTS: ["ec2:CreateVpc"]}
    with aws.refuses("UnauthorizedOperation", 403, "You are not authorized to perform this operation."):
        aws.vpc()
    aws.vpc(account=OTHERS)


def test_a_denied_ec2_action_is_unauthorized_in_a_dry_run_too(aws: Aws) -> None:
    aws.settings.denied = {AGENTS: ["CreateVpc*"]}
    with aws.refuses("UnauthorizedOperation", 403):
        aws.ec2.create_vpc(CidrBlock="10.10.0.0/16", DryRun=True)
    with aws.refuses("UnauthorizedOperation", 403):
        aws.ec2.create_vpc_endpoint(VpcId="vpc-0", ServiceName="x")


def test_a_denied_route53_action_is_access_denied_and_names_the_action(aws: Aws) -> None:
    zone = aws.zone(aws.vpc())
    aws.settings.denied = {AGENTS: ["route53:GetHostedZone"]}
    with aws.refuses(
        "AccessDenied",
        403,
        f"User: arn:aws:iam::{AGENTS}:user/lab is not authorized to perform: route53:GetHostedZone on resource: "
        f"arn:aws:route53:::hostedzone/{zone.rpartition('/')[2]} because no identity-based policy allows the "
        "route53:GetHostedZone action",
    ):
        aws.route53.get_hosted_zone(Id=zone)


def test_nobody_can_be_denied_to_ask_who_he_is(aws: Aws) -> None:
    aws.settings.denied = {AGENTS: ["*"]}
    assert aws.client("sts").get_caller_identity()["Account"] == AGENTS


def test_ec2_throttles_by_action_account_and_region(aws: Aws) -> None:
    aws.settings.throttle = True
    aws.settings.buckets = {"ec2:CreateVpc": Bucket(2, 1)}
    aws.vpc()
    aws.vpc()
    with aws.refuses(
        "RequestLimitExceeded",
        503,
        f"Request limit exceeded. Account {AGENTS} has been throttled on ec2:CreateVpc",
    ):
        aws.vpc()
    aws.vpc(account=OTHERS)
    aws.vpc(region=FAR)
    aws.ec2.describe_vpcs()
    aws.advance(1)
    aws.vpc()


def test_route53_throttles_by_account_and_by_action(aws: Aws) -> None:
    aws.settings.throttle = True
    aws.settings.buckets = {"route53": Bucket(5, 1), "route53:ListHostedZones": Bucket(2, 1), "route53:*": Bucket(9, 1)}
    for _unused in range(2):
        aws.route53.list_hosted_zones()
    with aws.refuses("Throttling", 400, "Rate exceeded"):
        aws.route53.list_hosted_zones()
    for _unused in range(3):
        aws.route53.get_hosted_zone_count()
    with aws.refuses("Throttling", 400):
        aws.route53.get_hosted_zone_count()
    aws.client("route53", OTHERS).get_hosted_zone_count()


def test_the_published_buckets_of_route53_are_in_the_settings(aws: Aws) -> None:
    buckets = aws.control("GET", "settings")["buckets"]
    assert buckets["route53"] == {"burst": 50, "per_second": 10}
    assert buckets["route53:CreateHostedZone"] == {"burst": 40, "per_second": 2}


def test_throttling_is_off_by_default(aws: Aws) -> None:
    for _unused in range(60):
        aws.route53.get_hosted_zone_count()


def test_a_planned_fault_strikes_the_nth_call_only(aws: Aws) -> None:
    aws.control("POST", "faults", {"fault": "throttled", "at": 3})
    aws.ec2.describe_vpcs()
    aws.ec2.describe_vpcs()
    with aws.refuses("RequestLimitExceeded", 503):
        aws.ec2.describe_vpcs()
    aws.ec2.describe_vpcs()
    assert aws.control("GET", "faults") == []


def test_a_planned_fault_can_be_for_one_action(aws: Aws) -> None:
    aws.control("POST", "faults", {"fault": "refused", "action": "CreateHostedZone", "count": 2})
    vpc = aws.vpc()
    for _unused in range(2):
        with aws.refuses("AccessDenied", 403):
            aws.zone(vpc)
    aws.zone(vpc)


def test_a_planned_fault_can_be_for_changes_only(aws: Aws) -> None:
    aws.control("POST", "faults", {"fault": "refused", "mutating": True})
    aws.ec2.describe_vpcs()
    aws.client("sts").assume_role(RoleArn=f"arn:aws:iam::{OTHERS}:role/x", RoleSessionName="x")
    with aws.refuses("UnauthorizedOperation", 403):
        aws.vpc()


def test_a_lost_request_has_no_effect(aws: Aws) -> None:
    before = len(aws.ec2.describe_vpcs()["Vpcs"])
    aws.control("POST", "faults", {"fault": "lost-request", "mutating": True})
    with pytest.raises(ConnectionClosedError):
        aws.vpc()
    assert len(aws.ec2.describe_vpcs()["Vpcs"]) == before


def test_a_lost_reply_has_taken_effect(aws: Aws) -> None:
    before = len(aws.ec2.describe_vpcs()["Vpcs"])
    aws.control("POST", "faults", {"fault": "lost-reply", "mutating": True})
    with pytest.raises(ConnectionClosedError):
        aws.vpc()
    assert len(aws.ec2.describe_vpcs()["Vpcs"]) == before + 1


def test_planned_faults_can_be_called_off(aws: Aws) -> None:
    aws.control("POST", "faults", {"fault": "refused"})
    aws.control("DELETE", "faults")
    aws.vpc()


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code"),
    [
        (
            "ec2",
            "create_network_insights_path",
            {"Source": "a", "Protocol": "tcp", "ClientToken": "x"},
            "InvalidAction",
        ),
        ("route53", "list_geo_locations", {}, "InvalidAction"),
        ("route53profiles", "tag_resource", {"ResourceArn": "x", "Tags": {}}, "InvalidAction"),
        ("route53resolver", "list_firewall_rule_groups", {}, "InvalidAction"),
        ("sqs", "list_queues", {}, "InvalidAction"),
    ],
)
def test_what_the_double_lacks_is_an_aws_error(
    aws: Aws, service: str, operation: str, arguments: dict[str, Any], code: str
) -> None:
    with aws.refuses(code, 400, "is not valid for this web service"):
        getattr(aws.client(service), operation)(**arguments)


def test_a_bug_of_the_double_is_an_internal_error(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    from astrolab.aws.ec2.responses import Ec2

    monkeypatch.setattr(Ec2, "describe_vpcs", lambda _self: 1 / 0)
    with aws.refuses("InternalError", 500, "ZeroDivisionError"):
        aws.ec2.describe_vpcs()


def test_an_unsigned_request_is_refused_in_xml(aws: Aws) -> None:
    import urllib.error
    import urllib.request

    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{aws.double.url}/?Action=DescribeVpcs")
    assert caught.value.code == 403
    assert b"<Code>MissingAuthenticationToken</Code>" in caught.value.read()


def test_all_calls_are_recorded_in_order(aws: Aws) -> None:
    aws.vpc()
    aws.client("route53", OTHERS).list_hosted_zones()
    with aws.refuses("InvalidVpcID.NotFound"):
        aws.ec2.describe_vpcs(VpcIds=["vpc-0"])
    record = aws.control("GET", "calls")
    assert (record["total"], record["mutating"]) == (3, 1)
    assert record["by_action"] == {"ec2:CreateVpc": 1, "route53:ListHostedZones": 1, "ec2:DescribeVpcs": 1}
    assert record["by_account"] == {AGENTS: 2, OTHERS: 1}
    last = record["calls"][-1]
    assert (last["number"], last["region"], last["status"], last["code"]) == (3, REGION, 400, "InvalidVpcID.NotFound")
    aws.control("DELETE", "calls")
    assert aws.control("GET", "calls")["total"] == 0


def test_a_dry_run_counts_as_a_call_and_not_as_a_change(aws: Aws) -> None:
    aws.control("DELETE", "calls")
    with aws.refuses("DryRunOperation", 412):
        aws.ec2.create_vpc(CidrBlock="10.10.0.0/16", DryRun=True)
    record = aws.control("GET", "calls")
    assert (record["total"], record["mutating"]) == (1, 0)
