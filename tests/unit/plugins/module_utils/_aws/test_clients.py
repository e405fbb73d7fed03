# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shell around AWS: waiting, lost answers, and errors as sentences. Reads are tested on the lab."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._aws import clients as aws_clients
from ansible_collections.astro.privatelink.plugins.module_utils._aws import send as aws_send
from ansible_collections.astro.privatelink.plugins.module_utils._core.plan import WORKERS, Call, CallFailed
from botocore.exceptions import (
    ConnectionClosedError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from botocore.parsers import ResponseParserError
from prepared import Client, Clock, refused


def call(operation, service="ec2", until=""):
    return Call(
        service=service, operation=operation, arguments={}, subjects=frozenset(["one"]), lane="one", until=until
    )


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock.monotonic)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    return clock


def sender(**clients):
    return aws_send.Sender(SimpleNamespace(get=lambda service, *_where, **_region: clients[service]), timeout=60)


@pytest.mark.parametrize(
    ("operation", "reply", "made"),
    [
        ("CreateSecurityGroup", {"GroupId": "sg-1"}, "sg-1"),
        ("CreateVpcEndpoint", {"VpcEndpoint": {"VpcEndpointId": "vpce-1"}}, "vpce-1"),
        ("ModifyVpcEndpoint", {"Return": True}, ""),
    ],
)
def test_the_id_of_what_was_made(operation, reply, made):
    name = aws_send.xform_name(operation)
    assert sender(ec2=Client(**{name: [reply]}))(call(operation), {}) == made


def test_a_zone_id_comes_without_its_path():
    route53 = Client(create_hosted_zone=[{"HostedZone": {"Id": "/hostedzone/Z1"}}])
    assert sender(route53=route53)(call("CreateHostedZone", "route53"), {}) == "Z1"


def test_a_refusal_carries_the_code_and_the_text():
    with pytest.raises(CallFailed, match="denied") as raised:
        sender(ec2=Client(modify_vpc_endpoint=[refused("UnauthorizedOperation", "denied")]))(
            call("ModifyVpcEndpoint"), {}
        )
    assert raised.value.code == "UnauthorizedOperation"


def test_what_was_just_made_may_be_unknown_for_a_moment():
    ec2 = Client(
        create_security_group=[{"GroupId": "sg-1"}],
        authorize_security_group_ingress=[refused("InvalidGroup.NotFound", "sg-1 does not exist"), {}],
    )
    send = sender(ec2=ec2)
    send(call("CreateSecurityGroup"), {})
    send(call("AuthorizeSecurityGroupIngress"), {})
    assert [name for name, _arguments in ec2.calls].count("authorize_security_group_ingress") == 2


def test_a_group_may_be_held_for_a_moment_after_its_endpoint_is_gone():
    ec2 = Client(delete_security_group=[refused("DependencyViolation", "has a dependent object"), {}])
    assert sender(ec2=ec2)(call("DeleteSecurityGroup"), {}) == ""
    assert len(ec2.calls) == 2


def test_what_others_made_is_not_waited_for():
    ec2 = Client(authorize_security_group_ingress=[refused("InvalidGroup.NotFound", "sg-9 does not exist")])
    with pytest.raises(CallFailed):
        sender(ec2=ec2)(call("AuthorizeSecurityGroupIngress"), {})


def test_a_zone_whose_answer_was_lost_is_found_by_its_reference():
    zones = [
        {"Name": "a.example.", "Id": "/hostedzone/Z0", "CallerReference": "else", "Config": {"PrivateZone": True}},
        {"Name": "a.example.", "Id": "/hostedzone/Z1", "CallerReference": "mine", "Config": {"PrivateZone": True}},
    ]
    route53 = Client(
        create_hosted_zone=[refused("HostedZoneAlreadyExists")],
        list_hosted_zones_by_name=[{"HostedZones": zones, "IsTruncated": False}],
    )
    arguments = {"Name": "a.example", "CallerReference": "mine"}
    assert sender(route53=route53)(call("CreateHostedZone", "route53"), arguments) == "Z1"


def test_reads_may_be_behind_the_zone_whose_answer_was_lost():
    mine = {"Name": "a.example.", "Id": "/hostedzone/Z1", "CallerReference": "mine", "Config": {"PrivateZone": True}}
    route53 = Client(
        create_hosted_zone=[refused("HostedZoneAlreadyExists")],
        list_hosted_zones_by_name=[{"HostedZones": each, "IsTruncated": False} for each in ([], [], [mine])],
    )
    arguments = {"Name": "a.example", "CallerReference": "mine"}
    assert sender(route53=route53)(call("CreateHostedZone", "route53"), arguments) == "Z1"


def test_a_zone_that_never_shows_may_be_there_all_the_same():
    route53 = Client(
        create_hosted_zone=[refused("HostedZoneAlreadyExists")],
        list_hosted_zones_by_name=[{"HostedZones": [], "IsTruncated": False}],
    )
    with pytest.raises(CallFailed) as raised:
        sender(route53=route53)(call("CreateHostedZone", "route53"), {"Name": "a.example", "CallerReference": "mine"})
    assert raised.value.sent


TAGS = {"TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "of", "Value": "one"}]}]}


@pytest.mark.parametrize(
    "lost",
    [
        HTTPClientError(error="cut"),
        ResponseStreamingError(error="cut"),
        ReadTimeoutError(endpoint_url="x"),
        ConnectionClosedError(endpoint_url="x"),
    ],
)
def test_a_holder_whose_answer_was_lost_is_found_by_its_tags(lost):
    ec2 = Client(create_vpc=[lost], describe_vpcs=[{"Vpcs": []}, {"Vpcs": [{"VpcId": "vpc-1"}]}])
    assert sender(ec2=ec2)(call("CreateVpc"), TAGS) == "vpc-1"
    assert [name for name, _arguments in ec2.calls] == ["create_vpc", "describe_vpcs", "describe_vpcs"]
    assert ec2.calls[-1][1]["Filters"] == [{"Name": "tag:of", "Values": ["one"]}]


def test_a_removal_whose_answer_was_lost_is_sent_once_more():
    route53 = Client(delete_hosted_zone=[HTTPClientError(error="cut"), refused("NoSuchHostedZone")])
    assert sender(route53=route53)(call("DeleteHostedZone", "route53"), {"Id": "Z1"}) == ""
    route53 = Client(delete_hosted_zone=[HTTPClientError(error="cut")])
    with pytest.raises(CallFailed) as raised:
        sender(route53=route53)(call("DeleteHostedZone", "route53"), {"Id": "Z1"})
    assert (raised.value.sent, len(route53.calls)) == (True, 2)


def test_one_that_never_shows_is_not_known_to_be_there():
    ec2 = Client(create_vpc=[ReadTimeoutError(endpoint_url="x")], describe_vpcs=[{"Vpcs": []}])
    with pytest.raises(CallFailed) as raised:
        sender(ec2=ec2)(call("CreateVpc"), TAGS)
    assert (raised.value.code, raised.value.sent) == ("ReadTimeoutError", True)


def test_a_look_that_is_refused_is_no_refusal_of_the_holder():
    ec2 = Client(create_vpc=[ReadTimeoutError(endpoint_url="x")], describe_vpcs=[refused("UnauthorizedOperation")])
    with pytest.raises(CallFailed) as raised:
        sender(ec2=ec2)(call("CreateVpc"), TAGS)
    assert (raised.value.code, raised.value.sent) == ("ReadTimeoutError", True)


def test_a_quota_that_the_lost_holder_has_used_up_is_no_refusal_of_it():
    full = refused("VpcLimitExceeded")
    full.response["ResponseMetadata"] = {"RetryAttempts": 1}
    ec2 = Client(create_vpc=[full], describe_vpcs=[{"Vpcs": [{"VpcId": "vpc-1"}]}])
    assert sender(ec2=ec2)(call("CreateVpc"), TAGS) == "vpc-1"


@pytest.mark.parametrize(("attempts", "deleted"), [(0, ["vpc-1"]), (1, ["vpc-1", "vpc-2"])])
def test_a_holder_that_the_sdk_made_twice_goes_twice(attempts, deleted):
    made = {"Vpc": {"VpcId": "vpc-1"}, "ResponseMetadata": {"RetryAttempts": attempts}}
    both = {"Vpcs": [{"VpcId": "vpc-1"}, {"VpcId": "vpc-2"}]}
    ec2 = Client(create_vpc=[made], describe_vpcs=[both], delete_vpc=[{}, {}])
    send = sender(ec2=ec2)
    send(call("CreateVpc"), TAGS)
    send(call("DeleteVpc"), {"VpcId": "vpc-1"})
    assert [arguments["VpcId"] for name, arguments in ec2.calls if name == "delete_vpc"] == deleted


def test_a_delete_that_aws_reports_as_unsuccessful_failed():
    error = {"Code": "OperationNotPermitted", "Message": "in use"}
    ec2 = Client(delete_vpc_endpoints=[{"Unsuccessful": [{"Error": error}]}])
    with pytest.raises(CallFailed, match="in use"):
        sender(ec2=ec2)(call("DeleteVpcEndpoints"), {"VpcEndpointIds": ["vpce-1"]})


def test_a_delete_of_what_is_gone_is_done():
    error = {"Code": "InvalidVpcEndpoint.NotFound", "Message": "gone"}
    ec2 = Client(delete_vpc_endpoints=[{"Unsuccessful": [{"Error": error}]}])
    assert sender(ec2=ec2)(call("DeleteVpcEndpoints"), {"VpcEndpointIds": ["vpce-1"]}) == ""


def change(status):
    return {"ChangeInfo": {"Id": "/change/C1", "Status": status}}


def test_a_change_is_waited_for():
    route53 = Client(change_resource_record_sets=[change("PENDING")], get_change=[change("PENDING"), change("INSYNC")])
    sender(route53=route53)(call("ChangeResourceRecordSets", "route53", "insync"), {})
    assert route53.calls[-1] == ("get_change", {"Id": "C1"})


def test_a_change_in_another_account_cannot_be_watched():
    route53 = Client(associate_vpc_with_hosted_zone=[change("PENDING")], get_change=[refused("AccessDenied")])
    assert sender(route53=route53)(call("AssociateVPCWithHostedZone", "route53", "insync"), {}) == ""


def test_a_wait_ends():
    route53 = Client(change_resource_record_sets=[change("PENDING")], get_change=[change("PENDING")] * 99)
    with pytest.raises(CallFailed, match="not insync after 60 seconds"):
        sender(route53=route53)(call("ChangeResourceRecordSets", "route53", "insync"), {})


@pytest.mark.parametrize(
    ("problem", "advice"),
    [
        (NoCredentialsError(), "Provide credentials"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1/"), "AWS_ENDPOINT_URL"),
        (refused("UnauthorizedOperation"), "Allow the action"),
    ],
)
def test_errors_say_what_to_do(problem, advice):
    assert advice in aws_clients.explain(problem)


def test_filters_of_any_length_are_cut():
    ec2 = Client(describe_vpcs=[{"Vpcs": [{"n": 1}]}, {"Vpcs": [{"n": 2}]}])
    ids = [f"vpc-{number}" for number in range(aws_clients.FILTER_SIZE + 1)]
    assert aws_clients.describe(ec2, "describe_vpcs", "Vpcs", {"vpc-id": ids}) == [{"n": 1}, {"n": 2}]
    assert [len(a["Filters"][0]["Values"]) for _name, a in ec2.calls] == [aws_clients.FILTER_SIZE, 1]
    assert aws_clients.describe(ec2, "describe_vpcs", "Vpcs", {"vpc-id": []}) == []


def test_few_requests_are_under_way_at_a_time_however_many_lanes_there_are():
    class Ec2:
        lock, now, most = threading.Lock(), 0, 0
        full = threading.Barrier(WORKERS)

        def create_tags(self, **_arguments):
            with self.lock:
                self.now += 1
                self.most = max(self.most, self.now)
            self.full.wait(timeout=20)
            with self.lock:
                self.now -= 1
            return {}

    ec2 = Ec2()
    send = sender(ec2=ec2)
    with ThreadPoolExecutor(4 * WORKERS) as pool:
        list(pool.map(lambda _each: send(call("CreateTags"), {}), range(4 * WORKERS)))
    assert ec2.most == WORKERS


class Cut:
    """A client of boto3's whose answers end in the middle, so many times."""

    def __init__(self, times):
        self.times, self.asked = times, 0

    def _make_api_call(self, operation, _arguments):
        self.asked += 1
        if self.asked <= self.times:
            raise ResponseParserError("Unable to parse " + "x" * 9999)
        return {"of": operation}


@pytest.mark.parametrize(
    ("operation", "times", "asked"),
    [("DescribeVpcs", 2, 3), ("DescribeVpcs", 9, 3), ("CreateVpc", 1, 1), ("ListHostedZones", 0, 1)],
)
def test_an_answer_that_ends_in_the_middle_is_an_error_of_the_connection(operation, times, asked):
    client = aws_clients._whole(Cut(times))
    if times < asked:
        assert client._make_api_call(operation, {}) == {"of": operation}
    else:
        with pytest.raises(HTTPClientError) as raised:
            client._make_api_call(operation, {})
        assert len(str(raised.value)) < 300
    assert client.asked == asked
