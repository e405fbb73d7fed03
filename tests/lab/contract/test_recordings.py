# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS answered, asked of the double again; each recording is a rule for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import boto3
import pytest
from astrolab.aws.ec2 import ranges
from recording.comparing import Difference, Line, read
from recording.recorder import Recorder
from recording.replaying import replayed

from .conftest import AGENTS, REGION, Aws

RECORDINGS = Path(__file__).resolve().parents[1] / "recordings"
FILES = sorted(RECORDINGS.glob("*.jsonl"))
CONVERSATIONS = [
    pytest.param([line for line in lines if line["label"] == label], id=f"{file.stem}-{label}")
    for file in FILES
    if file.stem.startswith("contract-")
    for lines in [read(file.read_text())]
    for label in dict.fromkeys(line["label"] for line in lines)
    if label
]


@pytest.mark.parametrize("lines", CONVERSATIONS)
def test_the_double_answers_as_aws_did(aws: Aws, lines: list[Line]) -> None:
    assert list(map(str, replayed(lines, aws.client))) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_recording_says_nothing_of_whose_it_is(file: Path) -> None:
    assert telling(file.read_text()) == []


def telling(text: str) -> list[str]:
    """Accounts, keys and ids that are not those that stand for others."""
    real = (r"(?<![0-9A-Za-z-])(?!10000000)\d{12}(?![0-9A-Za-z])", r"\bA[A-Z]{3}(?!0000)[A-Z0-9]{12,17}\b")
    return [
        found[0]
        for shape in (*real, r"\b(?:vpc|subnet|sg|i|vpce)-(?!0{5})[0-9a-f]{8,17}\b")
        for found in re.finditer(shape, text)
    ]


@pytest.fixture
def recorded(aws: Aws, tmp_path: Path) -> list[Line]:
    """A conversation in which a later question needs an earlier answer, and one ends in an error."""
    session: Any = boto3.Session()
    with Recorder(tmp_path / "contract.jsonl") as recorder:
        recorder.listen(session)
        recorder.label = "a range"
        keys = {"aws_access_key_id": AGENTS, "aws_secret_access_key": "none"}
        ec2 = session.client("ec2", endpoint_url=aws.double.url, region_name=REGION, **keys)
        vpc = ec2.create_vpc(CidrBlock="10.44.0.0/16")["Vpc"]["VpcId"]
        group = ec2.create_security_group(VpcId=vpc, GroupName="agents", Description="agents")["GroupId"]
        rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.44.5.6/24"}]}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
        with aws.refuses("InvalidPermission.Duplicate"):
            ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
        ec2.describe_security_groups(GroupIds=[group])
    aws.double.reset()
    return read((tmp_path / "contract.jsonl").read_text())


def test_a_recording_is_asked_again_with_the_ids_of_now(aws: Aws, recorded: list[Line]) -> None:
    assert [line["error"] for line in recorded] == [None, None, None, "InvalidPermission.Duplicate", None]
    assert replayed(recorded, aws.client) == []
    assert telling("\n".join(map(str, recorded))) == []


def test_the_first_answer_that_differs_is_told(aws: Aws, recorded: list[Line], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "canonical", lambda cidr: cidr)
    (found,) = replayed(recorded, aws.client)
    assert isinstance(found, Difference)
    assert (found.rule, found.operation) == ("a range", "AuthorizeSecurityGroupIngress")
    assert found.what == "answer.SecurityGroupRules[0].CidrIpv4"


@pytest.mark.parametrize("text", ["111122223333", "AKIAIOSFODNN7EXAMPLE", "vpc-0a1b2c3d4e5f60718"])
def test_what_would_tell_is_found(text: str) -> None:
    assert telling(f'{{"x": "{text}"}}') == [text]
