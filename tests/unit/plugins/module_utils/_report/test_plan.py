# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan on a terminal: by VPC, with totals."""

from __future__ import annotations

from ansible_collections.astro.privatelink.plugins.module_utils._core.plan import Call
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


def of(vpc, operation="CreateVpcEndpoint"):
    return Call(
        service="ec2", operation=operation, arguments={"SubnetIds": ["subnet-1"]}, subjects=frozenset([vpc]), lane=vpc
    )


def test_who_is_stopped_says_what_was_done_what_not_and_what_to_do():
    planned = [of("payments"), of("berlin"), of("ledger")]
    assert core.stopped("SIGINT", planned, planned[:1]) == [
        "Stopped: SIGINT. In the middle of the changes; this step has sent:",
        "  payments  + endpoint in 1 zone",
        "Sent: 1 created, 0 changed, 0 deleted.",
        "Planned so far and not sent: 2. The last of those sent may not have taken effect.",
        "Run the same playbook again: it goes on from here, and creates nothing twice.",
    ]


def test_what_takes_something_back_is_no_part_of_what_is_left():
    planned = [of("payments"), of("berlin")]
    assert "not sent: 1." in core.stopped("SIGTERM", planned, [planned[0], of("payments", "Unheard")])[-2]


def test_who_is_stopped_before_any_change_says_so():
    (line,) = core.stopped("[Errno 28] No space left on device", [of("payments")], [])
    assert line.startswith("Stopped: [Errno 28] No space left on device. This step has changed nothing.")
