# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan on a terminal: by VPC, with totals."""

from __future__ import annotations

from ansible_collections.astro.privatelink.plugins.module_utils._report import plan as core


def call(operation, *vpcs, **arguments):
    return {"operation": operation, "vpcs": list(vpcs), "arguments": arguments}


RULE = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.30.0.0/16"}]}
RECORD = {"Action": "UPSERT", "ResourceRecordSet": {"Name": "abc.external.astronomer.run"}}
CALLS = [
    call("ec2:CreateVpcEndpoint", "payments", SubnetIds=["subnet-1", "subnet-2"]),
    call("ec2:AuthorizeSecurityGroupIngress", "analytics", GroupId="sg-1", IpPermissions=[RULE]),
    call("route53:ChangeResourceRecordSets", "payments", ChangeBatch={"Changes": [RECORD]}),
    call("ec2:DeleteVpcEndpoints", "ledger", VpcEndpointIds=["vpce-1"]),
]


def test_each_vpc_has_a_line_and_the_totals_come_last():
    assert core.lines([{"calls": CALLS}], check_mode=True) == [
        "  analytics  + port 443 from 10.30.0.0/16",
        "  ledger     - endpoint vpce-1",
        "  payments   + endpoint in 2 zones   ~ record abc.external.astronomer.run (upsert)",
        "Plan: 2 to create, 1 to change, 1 to delete.",
    ]


def test_a_run_says_what_it_sent():
    assert core.lines([{"calls": CALLS[:1]}], check_mode=False)[-1] == "Sent: 1 created, 0 changed, 0 deleted."


def test_nothing_to_send_is_silent():
    assert core.lines([{"calls": []}, {}], check_mode=True) == []


def test_a_call_without_words_of_its_own_is_shown_by_its_name():
    assert core.lines([{"calls": [call("ec2:Unheard", "one", X=1)]}], check_mode=True)[0] == "  one  ~ Unheard"


def test_many_sources_are_counted():
    many = {**RULE, "IpRanges": [{"CidrIp": f"10.{number}.0.0/16"} for number in range(9)]}
    line = core.lines([{"calls": [call("ec2:AuthorizeSecurityGroupIngress", "one", IpPermissions=[many])]}], False)[0]
    assert line.endswith("10.2.0.0/16 and 6 more")


def test_what_aws_was_asked_is_one_line():
    asked = {"ec2": {"calls": 12, "throttled": 1, "waited": 3.25}, "sts": {"calls": 1, "throttled": 0, "waited": 0.0}}
    assert core.requests(asked, 61.3) == [
        "Requests to AWS in 61.3 s: ec2 12 (1 throttled, 3.2 s waited), sts 1 (0 throttled, 0.0 s waited)."
    ]
    assert core.requests({}, 1.0) == []


def test_a_vpc_with_much_to_do_has_several_lines():
    calls = [call("ec2:CreateSecurityGroup", "one", GroupName="g" * 90, VpcId="v") for _each in range(3)]
    first, second, third, totals = core.lines([{"calls": calls}], check_mode=True)
    assert first.startswith("  one  + security group ")
    assert second.startswith("       + security group ")
    assert third == second
    assert totals == "Plan: 3 to create, 0 to change, 0 to delete."
