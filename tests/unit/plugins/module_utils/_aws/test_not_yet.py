# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on its way is waited for, in one place; what came of a call is told truly, whatever fails."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._aws import not_yet, read
from ansible_collections.astro.privatelink.plugins.module_utils._aws import send as aws_send
from ansible_collections.astro.privatelink.plugins.module_utils._core.errors import CallFailed, ReadFailed
from ansible_collections.astro.privatelink.plugins.module_utils._core.plan import Call
from ansible_collections.astro.privatelink.plugins.module_utils._link import model, params
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from prepared import Client, Clock, refused

VPCE = {"VpcEndpointId": "vpce-1"}


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock.monotonic)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    return clock


def send(operation, arguments=None, *, service="ec2", until="", timeout=600, get=None, **clients):
    give = get or (lambda name, *_where, **_region: clients[name])
    call = Call(service=service, operation=operation, arguments={}, subjects=frozenset(), lane="", until=until)
    return aws_send.Sender(SimpleNamespace(get=give), timeout=timeout)(call, arguments or {})


ENTRIES = [(operation, code) for operation, codes in not_yet.NOT_YET.items() for code in codes]


@pytest.mark.parametrize(("operation", "code"), ENTRIES)
def test_each_answer_of_the_table_is_waited_out(operation, code):
    operation = "ModifyVpcEndpoint" if operation == "*" else operation
    method = aws_send.xform_name(operation)
    made = {"Vpc": {"VpcId": "vpc-1"}} if operation == "CreateVpc" else {}
    ec2 = Client(**{method: [refused(code), refused(code), made]})
    send(operation, ec2=ec2)
    assert len(ec2.calls) == 3


@pytest.mark.parametrize(("operation", "code"), ENTRIES)
def test_and_no_longer_than_it_says(clock, operation, code):
    operation = "ModifyVpcEndpoint" if operation == "*" else operation
    with pytest.raises(CallFailed) as raised:
        send(operation, ec2=Client(**{aws_send.xform_name(operation): [refused(code)]}), timeout=90)
    assert (raised.value.code, raised.value.sent) == (code, False)
    assert 20 <= clock.now <= 90


def test_what_is_final_is_not_waited_for(clock):
    with pytest.raises(CallFailed):
        send("ModifyVpcEndpoint", ec2=Client(modify_vpc_endpoint=[refused("InvalidParameter")]))
    assert clock.now == 0


def test_a_zone_that_was_just_made_may_be_unknown():
    route53 = Client(
        create_hosted_zone=[{"HostedZone": {"Id": "/hostedzone/Z1"}}],
        change_resource_record_sets=[refused("NoSuchHostedZone", "No hosted zone found with ID: Z1"), {}],
    )
    sender = aws_send.Sender(SimpleNamespace(get=lambda *_where, **_region: route53), timeout=60)
    for operation in ("CreateHostedZone", "ChangeResourceRecordSets"):
        sender(Call(service="route53", operation=operation, arguments={}, subjects=frozenset(), lane=""), {})
    assert len(route53.calls) == 3


def states(*names):
    return [{"VpcEndpoints": [{**VPCE, "State": name}] if name else []} for name in names]


@pytest.mark.parametrize(
    ("operation", "until", "seen", "reads"),
    [
        ("DeleteVpcEndpoints", "deleted", ["deleting", "deleting", "deleted"], 3),
        ("DeleteVpcEndpoints", "deleted", ["deleting", ""], 2),
        ("ModifyVpcEndpoint", "settled", ["pending", "available"], 2),
        ("ModifyVpcEndpoint", "settled", ["pendingAcceptance"], 1),
        ("ModifyVpcEndpoint", "settled", [""], 1),
    ],
)
def test_an_endpoint_is_waited_for(operation, until, seen, reads):
    ec2 = Client(**{aws_send.xform_name(operation): [{}]}, describe_vpc_endpoints=states(*seen))
    send(operation, {"VpcEndpointIds": ["vpce-1"], **VPCE}, until=until, ec2=ec2)
    assert [name for name, _arguments in ec2.calls].count("describe_vpc_endpoints") == reads


def test_a_deletion_is_waited_for_as_long_as_the_run_waits(clock):
    ec2 = Client(delete_vpc_endpoints=[{}], describe_vpc_endpoints=states("deleting"))
    with pytest.raises(CallFailed, match="not deleted after 600 seconds") as raised:
        send("DeleteVpcEndpoints", {"VpcEndpointIds": ["vpce-1"]}, until="deleted", ec2=ec2)
    assert raised.value.sent
    assert 590 < clock.now <= 600


DENIED = refused("UnauthorizedOperation")


@pytest.mark.parametrize("problem", [DENIED, ReadFailed("the login failed"), EndpointConnectionError(endpoint_url="x")])
def test_what_fails_after_aws_took_the_call_was_sent(problem):
    ec2 = Client(delete_vpc_endpoints=[{}], describe_vpc_endpoints=[problem])
    with pytest.raises(CallFailed) as raised:
        send("DeleteVpcEndpoints", {"VpcEndpointIds": ["vpce-1"]}, until="deleted", ec2=ec2)
    assert raised.value.sent


@pytest.mark.parametrize(
    ("problem", "sent"),
    [
        (DENIED, False),
        (EndpointConnectionError(endpoint_url="x"), False),
        (ReadTimeoutError(endpoint_url="x"), True),
        (ReadFailed("the login failed"), False),
    ],
)
def test_whether_a_call_that_fails_may_have_taken_effect(problem, sent):
    with pytest.raises(CallFailed) as raised:
        send("ModifyVpcEndpoint", ec2=Client(modify_vpc_endpoint=[problem]))
    assert raised.value.sent is sent


def test_a_login_that_fails_is_a_call_that_failed():
    def get(*_where, **_region):
        raise ReadFailed("Could not log in")

    with pytest.raises(CallFailed, match="Could not log in") as raised:
        send("ModifyVpcEndpoint", get=get)
    assert (raised.value.code, raised.value.sent) == ("ReadFailed", False)


ASKED = {"VpcId": "vpc-1", "ServiceName": "service", "ClientToken": "t"}


class TestTokens:
    def test_a_token_whose_endpoint_is_gone_is_not_used_again(self):
        replies = [{"VpcEndpoint": {**VPCE, "State": "deleted"}}, {"VpcEndpoint": {"VpcEndpointId": "vpce-2"}}]
        ec2 = Client(create_vpc_endpoint=replies)
        assert send("CreateVpcEndpoint", ASKED, ec2=ec2) == "vpce-2"
        assert len({arguments["ClientToken"] for _name, arguments in ec2.calls}) == 2

    def test_what_another_run_has_just_made_is_taken(self):
        mismatch = refused("IdempotentParameterMismatch")
        ec2 = Client(create_vpc_endpoint=[mismatch], describe_vpc_endpoints=states("pending"))
        assert send("CreateVpcEndpoint", ASKED, ec2=ec2) == "vpce-1"

    def test_it_may_not_show_at_once(self):
        mismatch = refused("IdempotentParameterMismatch")
        ec2 = Client(create_vpc_endpoint=[mismatch], describe_vpc_endpoints=states("", "", "pending"))
        assert send("CreateVpcEndpoint", ASKED, ec2=ec2) == "vpce-1"

    def test_where_none_shows_the_token_was_of_one_that_is_gone(self):
        replies = [refused("IdempotentParameterMismatch"), {"VpcEndpoint": {"VpcEndpointId": "vpce-2"}}]
        ec2 = Client(create_vpc_endpoint=replies, describe_vpc_endpoints=states("deleted"))
        assert send("CreateVpcEndpoint", ASKED, ec2=ec2) == "vpce-2"


GROUP = {
    "GroupId": "sg-1",
    "VpcId": "vpc-2",
    "GroupName": "shared",
    "OwnerId": "222222222222",
    "IpPermissions": [
        {
            "IpProtocol": "tcp",
            "FromPort": 443,
            "ToPort": 443,
            "IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "10.1.0.0/16"}],
            "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
            "UserIdGroupPairs": [{"GroupId": "sg-2", "UserId": "222222222222"}],
            "PrefixListIds": [{"PrefixListId": "pl-1"}],
        },
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
    ],
}


def test_rules_are_counted_and_accounts_kept():
    found = read.group(GROUP)
    assert (found.rules, found.accounts) == (5, {"sg-2": "222222222222"})


class TestAssociated:
    """Security groups of a VPC that are associated with a further one."""

    def test_they_are_found(self):
        pair = {"GroupId": "sg-1", "VpcId": "vpc-1", "State": "associated"}
        ec2 = Client(
            describe_security_group_vpc_associations=[{"SecurityGroupVpcAssociations": [pair]}],
            describe_security_groups=[{"SecurityGroups": [GROUP]}],
        )
        (found,) = read._read_associated(ec2, {("sg-1", "vpc-1"), ("sg-9", "vpc-1")})
        assert (found.id, found.vpc_id) == ("sg-1", "vpc-1")
        assert found.name != "shared"

    @pytest.mark.parametrize("problem", [DENIED, AttributeError("an old botocore")])
    def test_where_nobody_may_ask_there_are_none(self, problem):
        ec2 = Client(describe_security_group_vpc_associations=[problem])
        assert list(read._read_associated(ec2, {("sg-1", "vpc-1")})) == []

    def test_without_need_nobody_is_asked(self):
        assert list(read._read_associated(None, set())) == []


LINK = model.Link(
    name="one",
    vpc_id="vpc-1",
    service_name="service",
    joined={"two": frozenset(["sg-1"])},
    peers={"two": model.Peer(region="us-east-1", access="theirs")},
)
HAVE = model.Have(region="us-east-1", vpcs={"vpc-1": "111111111111"}, services={})


class TestPeers:
    def test_accounts_are_asked_for_where_rules_are_missing(self):
        theirs = Client(describe_security_groups=[{"SecurityGroups": [GROUP]}])
        clients = SimpleNamespace(get=lambda _service, access="", _region="": {"theirs": theirs}[access])
        assert read.with_peers(HAVE, clients, [LINK]).owners == {"sg-1": "222222222222"}
        there = model.SecurityGroup(id="sg-0", vpc_id="vpc-1", name=model.NAME, sources=frozenset(["sg-1"]), owned=True)
        done = model.Have(region="us-east-1", vpcs={}, services={}, groups=(there,))
        assert read.with_peers(done, None, [LINK]).owners == {}

    @pytest.mark.parametrize(
        ("where", "asked"),
        [
            ({"profile": "theirs"}, "theirs"),
            ({"other_account": True}, params.WITH_OWN_CREDENTIALS),
            ({"region": "us-east-1"}, None),
        ],
    )
    def test_no_way_of_its_own_is_not_the_links_own_way(self, where, asked):
        """The link's account may be reached by a role, and the joined VPC's with the run's own credentials."""
        given = {"name": "one", "vpc_id": "vpc-1", "service_name": "service", "joined": {"two": ["sg-1"]}}
        (link,) = params.checked(params.ENDPOINT_LINK, [{**given, "joined_from": {"two": where}}])
        ways = []

        def get(_service, access="", _region=""):
            ways.append(access)
            return Client(describe_security_groups=[{"SecurityGroups": [GROUP]}])

        read.with_peers(HAVE, SimpleNamespace(get=get), [params.endpoint_link(link)])
        assert ways == ([asked] if asked else [])
        assert set(params.peers([link])) == ({asked} if asked else set())

    def test_an_account_that_cannot_be_entered_is_told_for_its_vpc(self):
        def get(*_where, **_region):
            raise ReadFailed("Could not log in.")

        assert read.with_peers(HAVE, SimpleNamespace(get=get), [LINK]).unread == {"two": "Could not log in."}

    @pytest.mark.parametrize(
        ("answer", "limit"), [({"Quota": {"Value": 100.0}}, 100), (refused("AccessDeniedException"), 0)]
    )
    def test_the_quota_is_asked_for_where_the_usual_one_is_not_enough(self, answer, limit):
        quotas = Client(get_service_quota=[answer])
        clients = SimpleNamespace(get=lambda service, *_where: {"service-quotas": quotas}[service])
        many = frozenset(f"10.0.{n}.0/24" for n in range(61))
        wide = model.Link(name="one", vpc_id="vpc-1", service_name="service", sources=many)
        assert read.with_peers(HAVE, clients, [wide]).rules == limit
