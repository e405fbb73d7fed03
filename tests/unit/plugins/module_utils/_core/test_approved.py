# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was approved, beside what would be sent: tables of both."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._core.approved import Approved
from ansible_collections.astro.privatelink.plugins.module_utils._core.errors import ReadFailed
from ansible_collections.astro.privatelink.plugins.module_utils._core.plan import Call, New, Plan, Token
from ansible_collections.astro.privatelink.plugins.module_utils._core.run import Job, carry_out

ONE, GROUP = New("endpoint", "one"), New("security group", "one")


def call(operation, vpc="one", lane="", **arguments):
    return Call(service="ec2", operation=operation, arguments=arguments, subjects=frozenset([vpc]), lane=lane or vpc)


MAKE = call("CreateSecurityGroup", GroupName="astro")
ADMIT = call("AuthorizeSecurityGroupIngress", GroupId=GROUP, IpPermissions=[{"IpRanges": [{"CidrIp": "10.0.0.0/8"}]}])
CREATE = call("CreateVpcEndpoint", SecurityGroupIds=[GROUP, "sg-hand"], SubnetIds=["a", "b"], ClientToken=Token())
NAME = call("ChangeResourceRecordSets", Alias={"DNSName": ONE, "HostedZoneId": ONE})
OTHER = call("CreateVpcEndpoint", vpc="two", SubnetIds=["a"])
PLAN = [MAKE, ADMIT, CREATE, NAME, OTHER]
#: The same once the group and the endpoint are there.
STANDS = {str(GROUP): {"sg-1"}, str(ONE): {"vpce-1.example", "Z1"}}


def real(known, **arguments):
    return replace(known, arguments={**known.arguments, **arguments})


def narrowed(calls, stands=None):
    approved = Approved(tuple(each.public() for each in PLAN))
    return approved.narrowed(Plan(calls=tuple(calls)), STANDS if stands is None else stands)


def told(plan):
    return {one.vpc: one.seen.partition(": ")[2].rstrip(".") for one in plan.findings}


@pytest.mark.parametrize(
    "calls",
    [
        PLAN,
        [],
        [OTHER],
        PLAN[1:],
        [MAKE, CREATE, OTHER],
        # what has its ids by now
        [real(ADMIT, GroupId="sg-1"), real(CREATE, SecurityGroupIds=["sg-1", "sg-hand"])],
        # an id sorts otherwise than its placeholder
        [real(CREATE, SecurityGroupIds=["sg-hand", "sg-1"])],
        [real(NAME, Alias={"DNSName": "vpce-1.example", "HostedZoneId": "Z1"})],
    ],
)
def test_the_plan_or_what_is_left_of_it_is_sent(calls):
    plan = narrowed(calls)
    assert (list(plan.calls), plan.findings) == (calls, ())


@pytest.mark.parametrize(
    ("calls", "reason"),
    [
        ([call("DeleteVpcEndpoints", VpcEndpointIds=["vpce-1"])], "ec2:DeleteVpcEndpoints for one is not in the plan"),
        (
            [replace(OTHER, subjects=frozenset(["one"]), lane="one")],
            "ec2:CreateVpcEndpoint for one: ClientToken is only in the plan",
        ),
        ([real(CREATE, PrivateDnsEnabled=True)], "ec2:CreateVpcEndpoint for one: PrivateDnsEnabled is not in the plan"),
        ([real(CREATE, SubnetIds=["a"])], "ec2:CreateVpcEndpoint for one: SubnetIds is a, and in the plan a, b"),
        (
            [real(CREATE, SecurityGroupIds=["sg-2", "sg-hand"])],
            "ec2:CreateVpcEndpoint for one: SecurityGroupIds is sg-2, sg-hand, and in the plan <security group of one>, sg-hand",
        ),
        # one thing does not stand for two
        (
            [real(CREATE, SecurityGroupIds=["sg-1", "sg-1"])],
            "ec2:CreateVpcEndpoint for one: SecurityGroupIds is sg-1, sg-1, and in the plan <security group of one>, sg-hand",
        ),
        (
            [real(ADMIT, IpPermissions=[{"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])],
            "ec2:AuthorizeSecurityGroupIngress for one: IpPermissions.IpRanges.CidrIp is 0.0.0.0/0, and in the plan 10.0.0.0/8",
        ),
        (
            [real(ADMIT, IpPermissions=[])],
            "ec2:AuthorizeSecurityGroupIngress for one: IpPermissions has 0 entries, and in the plan 1",
        ),
        # the name would lead to another endpoint than that of the link
        (
            [real(NAME, Alias={"DNSName": "vpce-9.example", "HostedZoneId": "Z1"})],
            "ec2:ChangeResourceRecordSets for one: Alias.DNSName is vpce-9.example, and in the plan <endpoint of one>",
        ),
        ([CREATE, MAKE], "ec2:CreateSecurityGroup for one comes in another order"),
        ([MAKE, MAKE], "ec2:CreateSecurityGroup for one comes in another order"),
    ],
)
def test_anything_else_is_not_sent_and_named(calls, reason):
    plan = narrowed([*calls, OTHER])
    assert plan.calls == (OTHER,)
    assert told(plan) == {"one": reason}


def test_calls_that_build_upon_each_other_stop_together():
    joined = call("AuthorizeSecurityGroupIngress", vpc="joined", lane="one", GroupId="sg-9")
    plan = narrowed([MAKE, joined, OTHER])
    assert plan.calls == (OTHER,)
    assert told(plan) == {
        "one": "a call before it was not approved",
        "joined": "ec2:AuthorizeSecurityGroupIngress for joined is not in the plan",
    }


class OneThing(Job[list[str]]):
    """Makes a group, and an endpoint that uses it."""

    def __init__(self, wanted):
        self.sent, self.wanted = [], wanted

    def read(self):
        return list(self.sent)

    def plan(self, have):
        return Plan(calls=tuple(each for each in self.wanted if each.operation not in have))

    def stands(self, have):  # noqa: ARG002
        return STANDS

    def api(self):
        def send(sent, _arguments):
            self.sent.append(sent.operation)
            return "id"

        return send

    def settle(self, have, outcome):  # noqa: ARG002
        return self.read()


def test_a_job_sends_what_was_approved_and_fails_the_rest_at_once():
    approved = Approved(tuple(each.public() for each in PLAN))
    unknown = call("CreateVpc", vpc="three")
    job = OneThing([MAKE, unknown])
    done = carry_out(job, False, approved)
    assert job.sent == ["CreateSecurityGroup"]
    assert [(one.code, one.vpc) for one in done.findings] == [("PLAN_DIFFERS", "three")]
    assert [each.operation for each in done.plan.calls] == ["CreateSecurityGroup"]


def test_in_check_mode_a_job_says_what_it_would_not_send():
    job = OneThing([real(MAKE, GroupName="other")])
    done = carry_out(job, True, Approved((MAKE.public(),)))
    assert (done.changed, [one.code for one in done.findings], job.sent) == (False, ["PLAN_DIFFERS"], [])


def test_what_cannot_be_read_is_not_compared():
    class Unreadable(OneThing):
        def read(self):
            raise ReadFailed("no")

    with pytest.raises(ReadFailed):
        carry_out(Unreadable([MAKE]), False, Approved(()))
