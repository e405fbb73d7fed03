# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role setup under Ansible's own keywords, options and ways of setting variables: none of them leads a name to a dead link.

One lab: ledger's private path is intercepted, so its name has to stay public, whatever the play says. Its agent asks all the while.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from astrolab.lab import Lab
from conftest import LabUp
from keywords import ELSEWHERE, LENIENT, own_play
from running import play
from watching import watched

PUBLIC = ["203.0.113.10"]
TEXT = {"setup_probe_before_dns": "true", "setup_wait_timeout": "60"}


@pytest.fixture(scope="module")
def lab(lab_up: LabUp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab_up() as started:
        started.fault("tls", "ledger", "intercepted")
        done = play(started, tmp_path_factory.mktemp("setup"), "setup")
        assert set(done.failed) == {"ledger"}, done.text
        yield started


def kept(lab: Lab) -> bool:
    """Whether ledger's agent still has the public way, and no zone of its own."""
    zones = lab.client("route53").list_hosted_zones()["HostedZones"]
    return lab.look("ledger-agent")["addresses"] == PUBLIC and not [
        zone for zone in zones if "(ledger)" in zone["Config"].get("Comment", "")
    ]


@pytest.mark.in_turn
@pytest.mark.parametrize(
    ("keywords", "arguments", "more"),
    [
        (LENIENT, ["--forks", "1"], {}),
        (ELSEWHERE, ["-c", "local", "--tags", "all"], {"env": {"ANSIBLE_TRANSPORT": "local"}}),
        ({"serial": 1, "any_errors_fatal": True}, [], {}),
        ({"vars": TEXT}, ["-b"], {"form": "include_role"}),
        ({}, ["-e", json.dumps(TEXT)], {"of_task": {"vars": {"privatelink_replace_endpoint": "false"}}}),
        ({}, ["--limit", "ledger,all"], {"of_task": {"ignore_errors": True, "check_mode": False}}),
        ({}, ["--start-at-task", "Create the VPC endpoints and resolve the cluster's name to them"], {}),
        (
            {"environment": {"HTTPS_PROXY": "http://127.0.0.1:9"}, "timeout": 300},
            [],
            {"env": {"ANSIBLE_GATHERING": "implicit"}},
        ),
    ],
    ids=["lenient", "elsewhere", "serial", "play-vars", "text", "task", "start-at", "environment"],
)
def test_no_keyword_is_consent(
    lab: Lab, tmp_path: Path, keywords: Mapping[str, Any], arguments: list[str], more: Mapping[str, Any]
) -> None:
    with watched(lab, "ledger-agent") as watch:
        done = own_play(lab, tmp_path, "setup", keywords, *arguments, **more)
    assert kept(lab), done.text
    assert watch.answers == PUBLIC
    assert "TLS_UNTRUSTED" in done.text, done.text


@pytest.mark.parametrize("strategy", ["free", "host_pinned"])
def test_a_strategy_that_cannot_run_a_step_once_is_refused(lab: Lab, tmp_path: Path, strategy: str) -> None:
    lab.reset_calls()
    done = own_play(lab, tmp_path, "setup", {"strategy": strategy})
    assert done.rc != 0
    assert "bypasses the host loop" in done.text
    assert lab.calls()["total"] == 0
    assert kept(lab)


def test_check_mode_sends_nothing(lab: Lab, tmp_path: Path) -> None:
    lab.reset_calls()
    own_play(lab, tmp_path, "setup", {"check_mode": True, **LENIENT})
    assert lab.calls()["mutating"] == 0
    assert kept(lab)


def test_with_the_path_repaired_the_same_play_goes_through(lab: Lab, tmp_path: Path) -> None:
    lab.heal("tls")
    done = own_play(lab, tmp_path, "setup", {**ELSEWHERE}, "-c", "local")
    assert done.rc == 0, done.text
    assert lab.look("ledger-agent")["addresses"] != PUBLIC
