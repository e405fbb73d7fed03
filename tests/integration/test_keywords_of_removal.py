# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles that take something away, under Ansible's own keywords, options and ways of setting variables.

One lab with working links, and for each role one reason not to act: agents have no public path (teardown), an agent host that uses the
link cannot be reached (harden_aws), the new zone does not exist (move_dns_layout). Agents ask all the while.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from astrolab.lab import Lab
from conftest import LabUp
from keywords import ELSEWHERE, LENIENT, own_play
from running import play
from watching import watched

PUBLIC = "203.0.113.10"
AGENTS = ["payments-agent", "ledger-agent", "analytics-agent"]


@dataclass(frozen=True)
class Refusal:
    """A role with what it is told, the finding that refuses it, and the task that acts."""

    code: str
    variables: Mapping[str, str]
    task: str


REFUSALS = {
    "teardown": Refusal(
        "PUBLIC_PATH_CLOSED", {"teardown_deployment_unrestricted": "true"}, "Remove the Route 53 private hosted zone"
    ),
    "harden_aws": Refusal(
        "NARROW_UNPROVEN", {"harden_aws_tighten": "true"}, "Let nobody but agents enter the endpoints"
    ),
    "move_dns_layout": Refusal(
        "LAYOUT_NOT_READY",
        {"privatelink_dns_layout": "host_zone"},
        "Remove the private hosted zone of the former DNS layout",
    ),
}
#: As many at a time as do not hide each other.
WAYS: dict[str, tuple[Mapping[str, Any], list[str], Mapping[str, Any]]] = {
    "lenient": (LENIENT | {"serial": 1}, ["--forks", "1", "-b"], {"form": "include_role"}),
    "elsewhere": (
        ELSEWHERE | {"environment": {"HTTPS_PROXY": "http://127.0.0.1:9"}},
        ["-c", "local", "--tags", "all"],
        {"env": {"ANSIBLE_TRANSPORT": "local"}, "of_task": {"ignore_errors": True}},
    ),
    "later": (
        {"any_errors_fatal": True},
        ["--skip-tags", "nothing", "--start-at-task", "TASK"],
        {"of_task": {"check_mode": False}},
    ),
}


@pytest.fixture(scope="module")
def lab(lab_up: LabUp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab_up() as started:
        done = play(started, tmp_path_factory.mktemp("setup"), "setup")
        assert done.rc == 0, done.text
        filters = {"group-name": "astro-privatelink", "vpc-id": started.record.vpcs["payments"].id}
        wanted = [{"Name": name, "Values": [value]} for name, value in filters.items()]
        (group,) = started.client("ec2").describe_security_groups(Filters=wanted)["SecurityGroups"]
        wide = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.98.0.0/16"}]}
        started.client("ec2").authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[wide])
        started.fault("address", PUBLIC, "dead")
        yield started


def refused(lab: Lab, place: Path, role: str, keywords: Mapping[str, Any], *arguments: str, **more: Any) -> Any:
    """A play that must not change anything, whatever its result; agents resolve the name as before from first to last."""
    lost = place / "lost.yml"
    lost.write_text(
        json.dumps({"agent_hosts": {"hosts": {"analytics-agent": {"ansible_connection": "no.such.plugin"}}}})
    )
    beside = ["-i", str(lost)] if role == "harden_aws" else []
    lab.reset_calls()
    with ExitStack() as stack:
        watches = [stack.enter_context(watched(lab, agent)) for agent in AGENTS]
        done = own_play(
            lab, place, role, keywords, "-e", json.dumps(REFUSALS[role].variables), *beside, *arguments, **more
        )
    assert lab.calls()["mutating"] == 0, done.text
    for watch in watches:
        assert len(watch.answers) == 1
        assert PUBLIC not in watch.answers[0]
    return done


@pytest.mark.in_turn
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("role", REFUSALS)
def test_no_keyword_is_consent(lab: Lab, tmp_path: Path, role: str, way: str) -> None:
    keywords, arguments, more = WAYS[way]
    arguments = [REFUSALS[role].task if each == "TASK" else each for each in arguments]
    done = refused(lab, tmp_path, role, keywords, *arguments, **more)
    assert REFUSALS[role].code in done.text, done.text


@pytest.mark.parametrize("strategy", ["free", "host_pinned"])
@pytest.mark.parametrize("role", REFUSALS)
def test_a_strategy_that_cannot_run_a_step_once_is_refused(lab: Lab, tmp_path: Path, role: str, strategy: str) -> None:
    done = refused(lab, tmp_path, role, {"strategy": strategy})
    assert done.rc != 0
    assert "bypasses the host loop" in done.text


@pytest.mark.parametrize("role", REFUSALS)
def test_check_mode_sends_nothing(lab: Lab, tmp_path: Path, role: str) -> None:
    refused(lab, tmp_path, role, {"check_mode": True, **LENIENT})
