# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results survive: whatever AWS refuses, and when, each VPC's result says what was there, what was sent, what is wrong and what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._core.catalogue import CATALOGUE
from astrolab.lab import Lab
from conftest import LabUp
from running import Play, play

VPCS = {"payments", "ledger", "analytics"}
READS = ("Describe", "Get", "List", "Search", "Assume")
EVERYWHERE = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.98.0.0/16"}]}
LAYOUT = {"privatelink_dns_layout": "host_zone"}
#: What changes something, in the order of a link's life; what it is given; and from which change on AWS refuses all.
PLAYS: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("setup", {}, (1, 6)),
    ("setup", LAYOUT, ()),
    ("move_dns_layout", LAYOUT, (3,)),
    ("harden_aws", {**LAYOUT, "harden_aws_tighten": True}, (1,)),
    ("teardown", {**LAYOUT, "teardown_drain": 1, "teardown_deployment_unrestricted": True}, (2,)),
]


@pytest.fixture(scope="module")
def lab(lab_up: LabUp) -> Iterator[Lab]:
    with lab_up() as started:
        yield started


def run(lab: Lab, tmp_path: Path, playbook: str, given: dict[str, Any]) -> Play:
    lab.reset_calls()
    return play(lab, tmp_path, playbook, "-e", json.dumps(given))


def admit(lab: Lab) -> None:
    """A rule that is too much, for tightening to remove."""
    ec2 = lab.client("ec2")
    named = [{"Name": "group-name", "Values": ["astro-privatelink"]}]
    for group in ec2.describe_security_groups(Filters=named)["SecurityGroups"]:
        if all("10.98.0.0/16" not in json.dumps(rule) for rule in group["IpPermissions"]):
            ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[EVERYWHERE])


def taken(lab: Lab) -> list[str]:
    """The changes that AWS took."""
    return [
        each["name"]
        for each in lab.calls()["calls"]
        if not each["code"] and not each["name"].split(":")[1].startswith(READS)
    ]


@pytest.mark.parametrize(
    ("playbook", "given", "refused"),
    [(playbook, given, k) for playbook, given, ks in PLAYS for k in (*ks, 0)],
)
def test_each_vpc_has_its_result(lab: Lab, tmp_path: Path, playbook: str, given: dict[str, Any], refused: int) -> None:
    if playbook == "harden_aws":
        admit(lab)
    if refused:
        lab.aws_fault(fault="refused", at=refused, count=10**6, mutating=True)
    try:
        done = run(lab, tmp_path, playbook, given)
    finally:
        lab.heal()
    assert done.changed == bool(taken(lab)), (done.text, taken(lab))
    assert "Traceback" not in done.text
    assert (done.rc == 0) == (not refused), done.text
    for vpc, text in done.failed.items():
        codes = re.findall(r"^([A-Z][A-Z_]+): ", text, re.MULTILINE)
        assert codes, f"{vpc} fails without a finding: {text}"
        for code in codes:
            remedy = CATALOGUE[code].remedy
            assert re.split(r"[{‹]", remedy)[0].strip() in " ".join(text.split()), f"{vpc}: {code} without its remedy"
    # Rules of an endpoint are its own VPC's, whoever shares it.
    _whole(done, VPCS - {"analytics"} if playbook == "harden_aws" else VPCS)


def _whole(done: Play, vpcs: set[str]) -> None:
    """No VPC is missing from what a step answers, and what it sent, or would send, is there with what was there before."""
    steps = [r["result"] for r in done.results if r["result"].get("answers")]
    assert steps, done.text
    for step in steps:
        found = {name for answer in step["answers"] for name in answer["vpcs"]} | set(step["failed_vpcs"])
        sent = [call for answer in step["answers"] for call in answer["calls"]]
        before = {name for answer in step["answers"] for name in answer["diff"]["before"]}
        assert {vpc for call in sent for vpc in call["vpcs"]} <= found
        for call in sent:
            assert call["operation"].count(":") == 1
            assert call["arguments"], call
        owners = {vpc for call in sent if "Authorize" not in call["operation"] for vpc in call["vpcs"]} - {"analytics"}
        assert owners <= before, (owners, before)
    everyone = {name for step in steps for answer in step["answers"] for name in answer["vpcs"]}
    everyone |= {name for step in steps for name in step["failed_vpcs"]}
    assert everyone >= vpcs, everyone
