# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS and others as judges of the double: what differs is named by its rule, the table of judges is current."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import boto3
import pytest
from recording.__main__ import PAGE, judged, main, told
from recording.asking import ROOT, Asked, ask
from recording.judges import NoJudge, moto
from recording.table import Judgement, column, page
from recording.tidying import FURTHER, MADE

GROUPS = "tests/lab/contract/test_group_rules.py"
ZONES = "tests/lab/contract/test_zones.py"
KNOWN = {*MADE, *FURTHER}
#: What goes with a VPC, a zone or a transit gateway.
INSIDE = {
    *("CreateSubnet", "CreateSecurityGroup", "CreateNetworkInterface", "CreateRoute", "CreateRouteTable", "CreateTags"),
    *("CreateTransitGatewayRoute", "CreateTransitGatewayRouteTable"),
}
#: A pytest plugin that takes one rule away: ranges keep the bits of a host.
WRONG = """
from astrolab.aws.ec2 import ranges
ranges.canonical = lambda cidr: cidr
"""


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    return ask(tmp_path_factory.mktemp("right"), {"CONTRACT_JUDGE": ""}, GROUPS)


def test_the_double_does_not_differ_from_itself(
    right: Asked, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(right, ask(tmp_path, {"CONTRACT_JUDGE": ""}, GROUPS)) == 0
    assert capsys.readouterr().out == "0 rules and 0 conversations differ\n"


def test_a_rule_that_is_off_is_named(right: Asked, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "wrong.py").write_text(WRONG)
    around = {"CONTRACT_JUDGE": "", "PYTHONPATH": f"{tmp_path}:{ROOT}/tests/lab"}
    wrong = ask(tmp_path, around, GROUPS, "-p", "wrong")
    assert told(right, wrong) == 1
    said = capsys.readouterr().out.splitlines()
    named = {line.split()[1].partition("[")[0].rstrip(":") for line in said[:-1]}
    rules = ("test_ranges_are_kept_without_the_bits_of_a_host", "test_ranges_of_vpcs_and_subnets_too")
    assert named == {f"test_group_rules.py::{rule}" for rule in rules}
    assert any(line.startswith("ANSWER") and "AuthorizeSecurityGroupIngress" in line for line in said)


@contextlib.contextmanager
def double() -> Iterator[str]:
    """A double of its own process, in AWS's place."""
    command = [sys.executable, "-m", "astrolab.aws"]
    around = {**os.environ, "PYTHONPATH": str(ROOT / "tests/lab")}
    with subprocess.Popen(command, env=around, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip().partition("=")[2]
        finally:
            process.terminate()


def test_aws_itself_is_asked_recorded_and_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with double() as url:
        keys = {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "444455556666", "AWS_SECRET_ACCESS_KEY": "x"}
        more = {"ACCEPT_COSTS": "yes", "ACCEPT_RECORDINGS": str(tmp_path), "CONTRACT_TESTS": f"{GROUPS} {ZONES}"}
        for name, value in {**keys, **more, "AWS_EC2_METADATA_DISABLED": "true"}.items():
            monkeypatch.setenv(name, value)
        before = state(url)
        main(["real"], os.environ)
        assert state(url) == before
    said = capsys.readouterr().out
    (kept,) = tmp_path.glob("contract-*.jsonl")
    assert f"asked of AWS (account 444455556666, us-east-1); answers are in {kept}" in said
    assert "444455556666" not in kept.read_text()
    # that double answers sooner than the one of the contract tests, and nothing else may differ
    assert {line.split()[1] for line in said.splitlines() if line.startswith("RULE")} <= {
        "test_zones.py::test_a_change_is_pending_until_it_is_in_sync"
    }


def state(url: str) -> list[object]:
    ec2, route53 = (boto3.client(each, endpoint_url=url, region_name="us-east-1") for each in ("ec2", "route53"))
    return [
        [each["VpcId"] for each in ec2.describe_vpcs()["Vpcs"]],
        [each["GroupId"] for each in ec2.describe_security_groups()["SecurityGroups"]],
        route53.list_hosted_zones()["HostedZones"],
    ]


def test_it_refuses_to_cost_anything_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["real"], {}) == 2
    assert "Set ACCEPT_COSTS=yes" in capsys.readouterr().err


def test_there_is_nothing_else_to_ask(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["unreal"], {}) == 2
    assert "double, real, judges" in capsys.readouterr().err


@pytest.fixture(scope="module")
def plain_moto(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    place = tmp_path_factory.mktemp("moto")
    with moto(place / "log") as environ:
        return ask(place, environ)


def test_the_column_of_moto_is_current(plain_moto: Asked) -> None:
    now = Judgement("moto", "", "", plain_moto.counted)
    assert now.differing == column(PAGE.read_text(), "moto"), "make judges"


def test_all_that_is_asked_of_an_account_can_be_taken_away(plain_moto: Asked) -> None:
    made = {
        line["operation"] for line in plain_moto.lines if line["operation"].startswith(("Create", "Allocate", "Run"))
    }
    assert made <= {*KNOWN, *INSIDE, "RunInstances"}
    changed = {line["operation"] for line in plain_moto.lines if line["operation"].startswith("Modify")}
    assert changed == {"ModifySubnetAttribute", "ModifyVpcEndpoint"}  # nothing of the account's own


def test_a_judge_that_is_not_there_is_told_so(tmp_path: Path) -> None:
    def nobody(_log: Path) -> NoReturn:
        raise NoJudge("it is not installed")

    told_of = page(
        [Judgement("moto", "1", "2026-01-02", {"a.py::test_x[1]": "failed"}), judged("x", tmp_path, nobody, str)]
    )
    assert "| x | - | - | - | it is not installed |" in told_of
    assert column(told_of, "moto") == {"a.py::test_x"}
