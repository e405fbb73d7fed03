# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults of any code and shape that a test plans: in the service's format, as a page, cut off, before or after the effect."""

from __future__ import annotations

import time
import urllib.error
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ResponseStreamingError,
)
from botocore.parsers import ResponseParserError

from .conftest import AGENTS, OTHERS, Aws


def planned(aws: Aws, **content: Any) -> Any:
    return aws.control("POST", "faults", content)


def count(aws: Aws) -> int:
    return len(aws.ec2.describe_vpcs()["Vpcs"])


def test_any_code_message_and_status_at_the_nth_call(aws: Aws) -> None:
    planned(aws, fault="error", code="InternalError", message="Out of order", status=500, action="DescribeVpcs", at=2)
    count(aws)
    with aws.refuses("InternalError", 500, "Out of order"):
        count(aws)
    count(aws)


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("ec2", "describe_vpcs"),
        ("route53", "list_hosted_zones"),
        ("sts", "get_caller_identity"),
        ("route53resolver", "list_resolver_rules"),
        ("route53profiles", "list_profiles"),
    ],
)
def test_an_error_has_the_format_of_its_service(aws: Aws, service: str, operation: str) -> None:
    planned(aws, code="OddError", message="<&>", status=409)
    with aws.refuses("OddError", 409, "<&>"):
        getattr(aws.client(service), operation)()


@pytest.mark.parametrize(("after", "made"), [(False, 0), (True, 1)])
def test_an_error_comes_before_or_after_the_effect(aws: Aws, after: bool, made: int) -> None:
    before = count(aws)
    planned(aws, code="InternalError", status=500, mutating=True, after=after)
    with aws.refuses("InternalError", 500):
        aws.vpc()
    assert count(aws) - before == made


@pytest.mark.parametrize("service", ["ec2", "route53"])
def test_a_page_is_no_answer_of_aws(aws: Aws, service: str) -> None:
    planned(aws, fault="html", count=2)
    with pytest.raises((ResponseParserError, ClientError)):
        (aws.ec2.describe_vpcs if service == "ec2" else aws.route53.list_hosted_zones)()
    with pytest.raises(urllib.error.HTTPError) as caught:
        _raw(aws, service)
    assert (caught.value.code, caught.value.headers["Content-Type"]) == (502, "text/html")
    assert "502 Bad Gateway" in caught.value.read().decode()


def _raw(aws: Aws, service: str) -> None:
    import urllib.request

    signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={AGENTS}/20260101/us-east-1/{service}/aws4_request, x"}
    url = f"{aws.double.url}/" + ("?Action=DescribeVpcs" if service == "ec2" else "2013-04-01/hostedzone")
    urllib.request.urlopen(urllib.request.Request(url, headers=signed))


def test_an_answer_is_cut_off_after_the_effect(aws: Aws) -> None:
    before = count(aws)
    planned(aws, fault="cut", mutating=True)
    with pytest.raises((ResponseStreamingError, ResponseParserError)):  # it depends on urllib3
        aws.vpc()
    assert count(aws) - before == 1


def test_half_an_answer_that_looks_whole_cannot_be_parsed(aws: Aws) -> None:
    before = count(aws)
    planned(aws, fault="garbled", mutating=True, status=502)
    with pytest.raises(ResponseParserError):
        aws.vpc()
    assert count(aws) - before == 1


@pytest.mark.parametrize(("fault", "made"), [("close-before", 0), ("close-after", 1)])
def test_the_connection_is_closed_before_or_after_the_effect(aws: Aws, fault: str, made: int) -> None:
    before = count(aws)
    planned(aws, fault=fault, mutating=True)
    with pytest.raises(ConnectionClosedError):
        aws.vpc()
    assert count(aws) - before == made


def test_an_answer_may_be_slow(aws: Aws) -> None:
    planned(aws, fault="slow", seconds=0.2)
    began = time.monotonic()
    count(aws)
    assert time.monotonic() - began > 0.2


def test_an_account_that_looks_like_a_number_is_one(aws: Aws) -> None:
    planned(aws, code="X", account=int(OTHERS))
    count(aws)
    with aws.refuses("X"):
        aws.client("ec2", OTHERS).describe_vpcs()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"fault": "odd"}, "there is no fault 'odd'; there are throttled, refused, error, html, cut"),
        ({}, "there is no fault ''"),
        ({"fault": "error"}, "an error needs its code"),
        ({"code": "X", "sttus": 1}, "a fault has no sttus; it has fault, at, count"),
        ({"code": "X", "status": 99}, "status is an HTTP status, not 99"),
        ({"code": "X", "at": 0}, "at is a number from 1 on, not 0"),
        ({"code": "X", "count": "two"}, "count is a number from 1 on, not 'two'"),
        ({"code": "X", "after": "yes"}, "after is true or false, not 'yes'"),
        ({"fault": "slow", "seconds": -1}, "seconds is a number from 0 on, not -1"),
    ],
)
def test_a_wrong_plan_is_told_in_a_sentence(aws: Aws, content: dict[str, Any], sentence: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        planned(aws, **content)
    assert caught.value.code == 400
    assert sentence in caught.value.read().decode()
    assert aws.control("GET", "faults") == []
