# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An acceptance run with the lab in AWS's place: whole, refused, and broken off in the middle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from acceptance import leftovers, onlab, removal, run
from acceptance.__main__ import main
from acceptance.choices import TAG, Choices
from acceptance.cloud import Cloud
from acceptance.playing import Played, Player
from astrolab.lab import Lab
from conftest import LabUp
from running import ROOT, settings

ACCOUNT = "111122223333"


@pytest.fixture(scope="module")
def lab(lab_up: LabUp) -> Iterator[Lab]:
    with lab_up(topology=onlab.TOPOLOGY) as started:
        yield started


@pytest.fixture
def cloud(lab: Lab) -> Iterator[Cloud]:
    with mock.patch.dict(os.environ, lab.env, clear=True):
        made = Cloud(Choices(run="0a1b2c3d", costs=True), onlab.PACE)
        yield made
        removal.everything(made, print)


def test_all_of_it(tmp_path: Path) -> None:
    around = {**os.environ, "AWS": "lab", "WITH_TRANSIT_GATEWAY": "yes", "ACCEPT_RECORDINGS": str(tmp_path)}
    around |= {"PYTHONPATH": f"{ROOT}/tests:{ROOT}/tests/lab"}
    done = subprocess.run(
        [sys.executable, "-m", "acceptance"], env=around, text=True, capture_output=True, check=False, timeout=480
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[1].startswith("It costs about $")
    assert lines[-1] == "all of it works, and nothing is left"
    (recording,) = tmp_path.glob("acceptance-*.jsonl")
    kept = [json.loads(line) for line in recording.read_text().splitlines()]
    assert {"CreateVpcEndpointServiceConfiguration", "RunInstances", "DeleteBucket"} <= {
        each["operation"] for each in kept
    }
    assert ACCOUNT not in recording.read_text()


def refused(
    lab: Lab, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...] = (), keys: bool = True, **environ: str
) -> str:
    """Why; nothing was made."""
    around = {key: value for key, value in lab.env.items() if keys or not key.startswith(("AWS_ACCESS", "AWS_SECRET"))}
    around |= {"AWS_SESSION_MANAGER_PLUGIN": sys.executable, **environ}
    before = things(lab)
    with mock.patch.dict(os.environ, around, clear=True):
        assert main(list(arguments), around) == 2
    assert things(lab) == before
    return capsys.readouterr().err


def things(lab: Lab) -> list[Any]:
    ec2 = lab.client("ec2")
    found = [ec2.describe_vpcs()["Vpcs"], ec2.describe_instances()["Reservations"], ec2.describe_security_groups()]
    return [
        *found[:2],
        found[2]["SecurityGroups"],
        lab.client("iam").list_roles()["Roles"],
        lab.client("s3").list_buckets()["Buckets"],
    ]


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({}, "Set ACCEPT_COSTS=yes"),
        ({"ACCEPT_COSTS": "perhaps"}, "ACCEPT_COSTS is 'perhaps'; it is yes or no"),
        ({"ACCEPT_COSTS": "yes", "AWS": "moon"}, "AWS is 'moon'; it is real or lab"),
        ({"ACCEPT_COSTS": "yes", "REGION": "mars-east-1"}, "There is no region mars-east-1"),
        ({"ACCEPT_COSTS": "yes", "REGION": "ap-east-1"}, "ap-east-1 is not enabled in this account"),
        ({"ACCEPT_COSTS": "yes", "AWS_SESSION_MANAGER_PLUGIN": "/nowhere"}, "There is no session-manager-plugin"),
    ],
)
def test_it_refuses(lab: Lab, capsys: pytest.CaptureFixture[str], environ: Mapping[str, str], reason: str) -> None:
    assert reason in refused(lab, capsys, **environ)


def test_it_refuses_without_credentials(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    assert "AWS does not know who asks" in refused(lab, capsys, keys=False, ACCEPT_COSTS="yes")


def test_it_refuses_what_it_does_not_know(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is only `clean`" in refused(lab, capsys, ("clear",))


def test_it_refuses_without_rights_and_names_all_that_are_missing(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    settings(lab, denied={ACCOUNT: ["ec2:CreateVpcPeeringConnection", "ec2:RunInstances", "s3:CreateBucket"]})
    try:
        said = refused(lab, capsys, ACCEPT_COSTS="yes")
    finally:
        settings(lab, denied={})
    assert "not allowed to: ec2:CreateVpcPeeringConnection, ec2:RunInstances, s3:CreateBucket." in said


def test_it_refuses_where_it_may_not_read(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    settings(lab, denied={ACCOUNT: ["elasticloadbalancing:DescribeLoadBalancers"]})
    try:
        said = refused(lab, capsys, ACCEPT_COSTS="yes")
    finally:
        settings(lab, denied={})
    assert "What is there cannot be read" in said
    assert "DescribeLoadBalancers" in said


def test_it_refuses_where_a_region_has_no_room(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    settings(lab, vpcs_per_region=4)
    try:
        said = refused(lab, capsys, ACCEPT_COSTS="yes")
    finally:
        settings(lab, vpcs_per_region=1000)
    assert "A run makes 3 VPCs" in said


def test_it_refuses_with_leftovers_which_clean_takes_away(
    lab: Lab, cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": TAG, "Value": "earlier"}]}]
    vpc = cloud.ec2.create_vpc(CidrBlock="10.9.0.0/24", TagSpecifications=tags)["Vpc"]["VpcId"]
    lab.settle()
    said = refused(lab, capsys, ACCEPT_COSTS="yes")
    assert f"An earlier run left in us-east-1: vpcs {vpc}." in said
    assert "make acceptance-clean REGION=us-east-1" in said
    for _time in range(2):
        assert main(["clean"], os.environ) == 0
        assert "nothing of a run is left in us-east-1" in capsys.readouterr().out
    assert vpc not in [each["VpcId"] for each in cloud.ec2.describe_vpcs()["Vpcs"]]


class Stumbling(Player):
    """Playbooks end in something that is no error of theirs."""

    def play(self, playbook: str, **variables: Any) -> Played:
        raise KeyboardInterrupt(playbook, variables)


def broken(lab: Lab, cloud: Cloud, player: Callable[..., Player], place: Path) -> list[str]:
    said: list[str] = []
    run.whole(cloud, player(place, lab.env), lab.env, said.append, lambda scene: onlab.ways(lab, cloud, scene))
    return said


def test_an_interrupt_in_the_middle_leaves_nothing(lab: Lab, cloud: Cloud, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt, match="preflight"):
        broken(lab, cloud, Stumbling, tmp_path)
    assert (tmp_path / "inventory.yml").exists()  # it had all been made
    assert leftovers.find(cloud).lines() == []


def test_an_error_of_aws_in_the_middle_leaves_nothing(lab: Lab, cloud: Cloud, tmp_path: Path) -> None:
    lab.aws_fault(
        code="InvalidParameter", status=400, message="no", action="CreateVpcEndpointServiceConfiguration", at=2
    )
    with pytest.raises(Exception, match="CreateVpcEndpointServiceConfiguration"):
        broken(lab, cloud, Player, tmp_path)
    assert leftovers.find(cloud).lines() == []


def test_what_cannot_be_taken_away_is_told_and_does_not_keep_the_rest(
    lab: Lab, cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    for cidr in ("10.9.0.0/24", "10.8.0.0/24"):
        cloud.ec2.create_vpc(CidrBlock=cidr, TagSpecifications=cloud.tagged("vpc"))
    lab.settle()
    lab.aws_fault(fault="refused", action="DeleteVpc")
    assert main(["clean"], os.environ) == 1
    told = capsys.readouterr()
    assert "stays: An error occurred (UnauthorizedOperation)" in told.out
    assert told.err.count("vpc-") == 1
    assert "It goes on costing money" in told.err


def test_make_asks_for_agreement_first(tmp_path: Path) -> None:
    around = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "MAKE", "ACCEPT_"))}
    more = [f"TMPDIR={tmp_path}", "REGION=eu-west-1"]
    done = subprocess.run(
        ["make", "-s", "-C", str(ROOT), "acceptance", *more], env=around, text=True, capture_output=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout.startswith("What it makes: 3 instance")
    assert "Refused, nothing was made: This costs money. Set ACCEPT_COSTS=yes" in done.stderr
    assert list(tmp_path.iterdir()) == []
