# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that says whose an answer was is kept, and what is kept can still be compared."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from recording.recorder import Recorder
from recording.replacing import REMOVED, Replacer

# What must not be found in a recording, wherever an answer had it.
CANARIES = {
    "account": "210987654321",
    "access key": "AKIAIOSFODNN7EXAMPLE",
    "secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "session token": "FwoGZXIvYXdzEBYaDkCanaryTokenOfASession",
    "vpc": "vpc-0c0ffee0c0ffee0c0",
    "old id": "i-c0ffee01",
    "zone": "Z0123456CANARY",
    "public address": "52.94.236.248",
    "private address": "10.123.45.67",
    "ipv6": "2600:1f18:c0ff:ee00::17",
    "mac": "0e:c0:ff:ee:00:17",
    "name": "payments-canary",
    "domain": "canary-corp.io",
    "endpoint name": "vpce-0c0ffee0c0ffee0c1-c4n4ryxx.vpce-svc-0c0ffee0c0ffee0c2.us-east-1.vpce.amazonaws.com",
    "load balancer": "canary-nlb-0123456789abcdef",
    "role": "canary-admin",
    "person": "jane.canary",
    "request": "c0ffee00-1111-4222-8333-444455556666",
    "signature": "X-Amz-Signature=c0ffee0123456789",
    "host": "ip-10-123-45-67",
    "key material": "MIGHAgEAMBMGByqGSM49Canary",
}
TOLD: dict[str, Any] = {
    "Vpcs": [
        {
            "VpcId": CANARIES["vpc"],
            "OwnerId": CANARIES["account"],
            "CidrBlock": "10.123.0.0/16",
            "State": "available",
            "Tags": [
                {"Key": "Name", "Value": CANARIES["name"]},
                {"Key": CANARIES["name"], "Value": f"{CANARIES['person']}@{CANARIES['domain']}"},
            ],
            "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": "2600:1f18:c0ff:ee00::/56"}],
        }
    ],
    "Credentials": {
        "AccessKeyId": CANARIES["access key"],
        "SecretAccessKey": CANARIES["secret"],
        "SessionToken": CANARIES["session token"],
        "Expiration": datetime(2026, 1, 2, tzinfo=UTC),
    },
    "Interfaces": [
        {
            "PrivateIpAddress": CANARIES["private address"],
            "PrivateDnsName": f"{CANARIES['host']}.ec2.internal",
            "PublicIp": CANARIES["public address"],
            "Ipv6Address": CANARIES["ipv6"],
            "MacAddress": CANARIES["mac"],
            "InstanceId": CANARIES["old id"],
            "Description": f"of {CANARIES['person']} in {CANARIES['account']}",
        }
    ],
    "Arn": f"arn:aws:sts::{CANARIES['account']}:assumed-role/{CANARIES['role']}/{CANARIES['person']}",
    "LoadBalancerArn": "arn:aws:elasticloadbalancing:us-east-1:"
    f"{CANARIES['account']}:loadbalancer/net/{CANARIES['load balancer']}/c0ffee0123456789",
    "DnsEntries": [{"DnsName": CANARIES["endpoint name"], "HostedZoneId": CANARIES["zone"]}],
    "HostedZone": {"Id": f"/hostedzone/{CANARIES['zone']}", "Name": f"{CANARIES['domain']}."},
    "Url": f"https://bucket.s3.amazonaws.com/x?{CANARIES['signature']}",
    "UserData": {"Value": CANARIES["key material"]},
    "State": CANARIES["account"],
    "Number": int(CANARIES["account"]),
    "Body": io.BytesIO(CANARIES["secret"].encode()),
}


def kept(value: Any) -> str:
    return json.dumps(Replacer().value(value))


@pytest.mark.parametrize("canary", CANARIES)
def test_no_canary_is_kept(canary: str) -> None:
    assert CANARIES[canary] not in kept(TOLD)


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize("around", ["{}", "User: {} is not authorized", "'{}' does not exist", "[{}], [x]", "({})"])
def test_no_canary_is_kept_in_a_value(canary: str, around: str) -> None:
    assert CANARIES[canary] not in kept({"Anything": around.format(CANARIES[canary])})


@pytest.mark.parametrize("canary", sorted(set(CANARIES) - {"secret", "session token", "signature", "key material"}))
def test_no_canary_is_kept_in_quotes_of_an_error(canary: str) -> None:
    assert CANARIES[canary] not in Replacer().message(f"The thing '{CANARIES[canary]}' does not exist")


def test_the_same_is_replaced_by_the_same_wherever_it_is() -> None:
    replacer = Replacer()
    told = replacer.value({"VpcId": CANARIES["vpc"], "OwnerId": CANARIES["account"], "Arn": TOLD["Arn"]})
    assert (
        replacer.message(f"The vpc ID '{CANARIES['vpc']}' does not exist")
        == f"The vpc ID '{told['VpcId']}' does not exist"
    )
    assert told["OwnerId"] in told["Arn"]
    assert told["VpcId"] == "vpc-00000000000000001"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("State", "available"),
        ("RegionName", "eu-west-1"),
        ("AvailabilityZoneId", "use1-az4"),
        ("IpProtocol", "-1"),
        ("CidrIp", "0.0.0.0/0"),
        ("FromPort", 443),
        ("EnableDnsSupport", True),
        ("DnsName", "*.us-east-1.vpce.amazonaws.com"),
        ("Nothing", None),
    ],
)
def test_what_is_everybodys_stays(key: str, value: object) -> None:
    assert Replacer().value({key: value}) == {key: value}


def test_a_name_that_was_met_is_replaced_in_a_sentence() -> None:
    replacer = Replacer()
    told = replacer.value({"GroupName": CANARIES["name"]})["GroupName"]
    assert replacer.message(f"The group {CANARIES['name']} is there") == f"The group {told} is there"
    assert "canary" not in replacer.message("The domain name www.canary-corp.io does not match.")


def test_ranges_stay_ranges_and_addresses_stay_in_them() -> None:
    told = Replacer().value(
        {"Cidr": "10.123.0.0/16", "Subnet": "10.123.40.0/24", "Address": "10.123.40.7", "Other": "172.31.0.0/20"}
    )
    assert told == {"Cidr": "10.1.0.0/16", "Subnet": "10.1.40.0/24", "Address": "10.1.40.7", "Other": "10.2.0.0/20"}


def test_names_stay_below_their_zones() -> None:
    told = Replacer().value({"Name": "canary-corp.io.", "Record": "api.canary-corp.io."})
    assert told["Record"].endswith(f".{told['Name']}")


def test_secrets_go_by_the_names_of_their_fields() -> None:
    told = Replacer().value(TOLD["Credentials"])
    assert told["SecretAccessKey"] == told["SessionToken"] == REMOVED


def test_a_recorder_keeps_what_a_session_asks_and_hears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    session = boto3.Session(
        aws_access_key_id=CANARIES["access key"],
        aws_secret_access_key=CANARIES["secret"],
        aws_session_token=CANARIES["session token"],
    )
    body = (
        f"<DescribeVpcsResponse><requestId>{CANARIES['request']}</requestId><vpcSet><item><vpcId>{CANARIES['vpc']}</vpcId>"
        f"<ownerId>{CANARIES['account']}</ownerId><state>available</state></item></vpcSet></DescribeVpcsResponse>"
    )

    class Raw(io.BytesIO):
        def stream(self, **_unused: object) -> Any:
            yield self.read()

    def answers(request: Any, **_unused: Any) -> AWSResponse:
        assert CANARIES["access key"] in str(request.headers)  # it is signed, and that is not kept
        return AWSResponse(request.url, 200, {"x-amzn-requestid": CANARIES["request"]}, Raw(body.encode()))

    with Recorder(tmp_path / "r.jsonl") as recorder:
        recorder.listen(session)
        session.events.register("before-send", answers)
        session.client("ec2", region_name="us-east-1").describe_vpcs(VpcIds=[CANARIES["vpc"]])
    text = (tmp_path / "r.jsonl").read_text()
    line = json.loads(text)
    assert (line["operation"], line["status"], line["error"]) == ("DescribeVpcs", 200, None)
    assert line["asked"]["VpcIds"] == [line["answer"]["Vpcs"][0]["VpcId"]]
    assert line["answer"]["Vpcs"][0]["State"] == "available"
    assert not [name for name, canary in CANARIES.items() if canary in text]
