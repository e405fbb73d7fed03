# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pacing in virtual time: never faster than a bucket, slower when AWS throttles, and back to the full rate."""

from __future__ import annotations

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import botocore.session
import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._aws import pace
from ansible_collections.astro.privatelink.plugins.module_utils._aws.pace import Bucket, Limit, Pacer
from ansible_collections.astro.privatelink.plugins.module_utils._aws.session import Login
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from prepared import Clock

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "300"))
MANY = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
ENDPOINTS = pace.limit("ec2", "CreateVpcEndpoint")


@pytest.mark.parametrize(
    ("service", "action", "burst", "per_second"),
    [
        ("route53", "CreateHostedZone", 40, 2),
        ("route53", "AssociateVPCWithHostedZone", 20, 5),
        ("route53", "ListHostedZonesByName", 50, 10),
        ("ec2", "CreateVpcEndpoint", 4, 0.3),
        ("ec2", "CreateTags", 100, 10),
        ("ec2", "DescribeVpcEndpoints", 100, 20),
        ("ec2", "GetManagedPrefixListEntries", 100, 20),
        ("ec2", "CreateSecurityGroup", 50, 5),
        ("eks", "DescribeCluster", 20, 5),
    ],
)
def test_the_published_bucket_of_an_action(service, action, burst, per_second):
    known = pace.limit(service, action)
    assert (known.burst, known.per_second) == (burst, per_second)


LIMITS = st.builds(
    Limit,
    burst=st.integers(1, 50),
    per_second=st.floats(0.1, 20),
    ceiling=st.one_of(st.just(0.0), st.floats(0.1, 40)),
)
#: How long somebody waits before the next request, and whether AWS throttles it.
STEPS = st.lists(st.tuples(st.floats(0, 20), st.booleans()), max_size=60)


@MANY
@given(LIMITS, STEPS)
def test_never_faster_than_the_bucket(limit, steps):
    now, bucket, sent = 0.0, Bucket(limit, 0.0), []
    for idle, throttled in steps:
        now += idle
        while pause := bucket.take(now):
            now += pause
        sent.append(now)
        if throttled:
            bucket.throttled(now, now)
        else:
            bucket.passed()
    most = max(limit.per_second, limit.ceiling)
    for first, start in enumerate(sent):
        for last in range(first, len(sent)):
            assert last - first + 1 <= limit.burst + (sent[last] - start) * most + 1e-6


@MANY
@given(LIMITS, STEPS)
def test_the_rate_recovers_and_is_never_outside_its_bounds(limit, steps):
    now, bucket = 0.0, Bucket(limit, 0.0)

    def one(throttled):
        nonlocal now
        while pause := bucket.take(now):
            now += pause
        if throttled:
            bucket.throttled(now, now)
        else:
            bucket.passed()
        assert pace.LOWEST <= bucket.rate <= max(limit.per_second, limit.ceiling)

    for idle, throttled in steps:
        now += idle
        one(throttled)
    for _time in range(int(limit.burst + 1 / pace.GAIN) + 1):
        one(throttled=False)
    assert bucket.rate >= limit.per_second - 1e-6


class Aws:
    """A bucket as AWS has it."""

    def __init__(self, burst, per_second):
        self.burst, self.per_second, self.tokens, self.at = burst, per_second, burst, 0.0

    def takes(self, now):
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.per_second)
        self.at = now
        if self.tokens < 1 - 1e-6:
            return False
        self.tokens -= 1
        return True


def create(count, callers, aws):
    """Each caller sends so many requests; returns when, how many were throttled, and what each has sent by the time the first ends."""
    clocks = [[0.0, Bucket(ENDPOINTS, 0.0), 0] for _time in range(callers)]
    throttled = 0
    while min(sent for _now, _bucket, sent in clocks) < count:
        each = min((one for one in clocks if one[2] < count), key=lambda one: one[0])
        if pause := each[1].take(each[0]):
            each[0] += pause
        elif aws.takes(each[0]):
            each[1].passed()
            each[2] += 1
        else:
            throttled += 1
            each[1].throttled(each[0], each[0])
            each[0] += 0.1
        if max(one[2] for one in clocks) == count:
            break
    return max(one[0] for one in clocks), throttled, [one[2] for one in clocks]


@pytest.mark.parametrize("per_second", [0.3, 0.8, 2.0, 4.0])
@pytest.mark.parametrize("count", [200, 1000])
def test_as_fast_as_aws_allows_whatever_that_is(per_second, count):
    """The limit of endpoints differs between accounts. A VPC takes more than ten requests, one of which is this one."""
    took, throttled, _sent = create(count, 1, Aws(4, per_second))
    assert took <= 1.1 * (count - 4) / per_second + 10
    assert throttled / (10 * count) < 0.02


def test_several_runs_share_an_account():
    """Neither starves, and together they use what there is."""
    took, throttled, sent = create(300, 3, Aws(4, 0.8))
    assert min(sent) >= 300 / 2
    assert sum(sent) >= 0.85 * 0.8 * took
    assert throttled / (10 * sum(sent)) < 0.02


def test_what_was_under_way_when_the_rate_was_cut_does_not_cut_it_again():
    bucket = Bucket(Limit(50, 10), 0.0)
    for sent in (1.0, 1.0, 1.1, 1.2):
        bucket.throttled(1.2, sent)
    assert bucket.rate == 10 * pace.CUT
    bucket.throttled(1.3, 1.25)
    assert bucket.rate == 10 * pace.CUT**2


def test_nobody_waits_while_there_are_tokens_and_an_idle_bucket_fills():
    clock = Clock()
    pacer = Pacer("route53", clock.monotonic, clock.sleep)
    for _time in range(50):
        pacer.take("GetHostedZone")
    assert clock.now == 0
    pacer.take("GetHostedZone")
    assert clock.now == pytest.approx(0.1)
    clock.now += 60
    for _time in range(50):
        pacer.take("GetHostedZone")
    assert pacer.requests == {"calls": 101, "throttled": 0, "waited": pytest.approx(0.1)}


def test_all_actions_of_an_account_share_route_53():
    """Each has tokens of its own left when those of the account are used up."""
    clock = Clock()
    pacer = Pacer("route53", clock.monotonic, clock.sleep)
    for action in ("GetHostedZone", "ListResourceRecordSets", "ChangeResourceRecordSets"):
        for _time in range(30):
            pacer.take(action)
    assert clock.now == pytest.approx((90 - 50) / 10)


def test_threads_wait_in_one_queue():
    class Locked(Clock):
        lock = threading.Lock()

        def sleep(self, seconds):
            with self.lock:
                super().sleep(seconds)

    clock = Locked()
    pacer = Pacer("ec2", clock.monotonic, clock.sleep)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _each: pacer.take("CreateSecurityGroup"), range(100)))
    assert clock.now == pytest.approx((100 - 50) / 5)  # two that slept at once would have moved the clock on twice
    assert pacer.requests["calls"] == 100


@pytest.mark.parametrize(
    ("login", "account"),
    [
        (Login(), ""),
        (Login(profile="prod"), "prod"),
        (Login(profile="prod", assume_role_arn="arn:aws:iam::222222222222:role/links"), "222222222222"),
        (Login(assume_role_arn="arn:aws-cn:iam::222222222222:role/a/b"), "222222222222"),
        (Login(profile="prod", assume_role_arn="odd"), "prod"),
    ],
)
def test_accounts_are_told_apart_by_their_login(login, account):
    assert login.account == account


# --- in a client of botocore


class Raw:
    def __init__(self, body):
        self.body = body

    def stream(self, *_more, **_and_more):
        yield self.body


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def client(clock, monkeypatch):
    """A client whose requests are answered by a list: "" is success, anything else an error of this code."""
    pacer = Pacer("ec2", clock.monotonic, clock.sleep)
    monkeypatch.setattr(pace.PACERS, "of", lambda *_where: pacer)
    made = botocore.session.Session().create_client(
        "ec2",
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=Config(retries={"mode": "standard", "max_attempts": 8}),
    )
    pace.attach(made, "", patience=900)
    made.answers, made.pacer = [], pacer

    def answer(request, **_more):
        code = made.answers.pop(0) if len(made.answers) > 1 else made.answers[0]
        error = f"<Response><Errors><Error><Code>{code}</Code><Message>m</Message></Error></Errors></Response>"
        body = error if code else "<CreateVpcEndpointResponse></CreateVpcEndpointResponse>"
        return AWSResponse(request.url, {"": 200, "RequestLimitExceeded": 503}.get(code, 403), {}, Raw(body.encode()))

    made.meta.events.register("before-send.ec2", answer)
    return made


def test_throttling_does_not_use_up_the_retries(client):
    """More often than botocore sends a call, and more than its quota has for the whole client."""
    for _time in range(15):
        client.answers = [*["RequestLimitExceeded"] * 20, ""]
        client.create_vpc_endpoint(VpcId="vpc-1", ServiceName="s")
    assert client.pacer.requests["throttled"] == 300
    assert client.pacer.requests["calls"] == 315


def test_throttling_is_waited_out_for_as_long_as_was_said(client, clock):
    client.answers = ["RequestLimitExceeded"]
    with pytest.raises(ClientError, match="RequestLimitExceeded"):
        client.create_vpc_endpoint(VpcId="vpc-1", ServiceName="s")
    assert 900 <= clock.now < 1800


def test_what_is_no_throttling_is_not_sent_more_often_than_before(client):
    client.answers = ["UnauthorizedOperation"]
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        client.create_vpc_endpoint(VpcId="vpc-1", ServiceName="s")
    assert client.pacer.requests["calls"] == 1


def test_a_request_is_signed_after_its_turn_came(client, clock):
    """A signature is good for five minutes only."""
    seen = []
    client.meta.events.register_first("before-sign.ec2", lambda **_more: seen.append(clock.now))
    client.answers = [""]
    for _time in range(5):
        client.create_vpc_endpoint(VpcId="vpc-1", ServiceName="s")
    assert seen[-1] == pytest.approx(1 / 0.3)


def test_what_was_asked_is_told_by_service():
    """Regions wait side by side, so their waits do not add up."""
    pacers = [Pacer("ec2"), Pacer("ec2"), Pacer("route53"), Pacer("sts")]
    for pacer, calls, waited in zip(pacers, (2, 3, 4, 0), (5.0, 1.04, 0.0, 0.0), strict=True):
        pacer.requests = {"calls": calls, "throttled": 1, "waited": waited}
    told = pace.total(pacers)
    assert json.loads(json.dumps(told)) == {
        "ec2": {"calls": 5, "throttled": 2, "waited": 5.0},
        "route53": {"calls": 4, "throttled": 1, "waited": 0.0},
    }
