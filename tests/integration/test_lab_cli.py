# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's command line: what people type, what they read, and what is left when it is over."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from astrolab.home import Home
from astrolab.lab import Lab
from by_hand import until
from conftest import LabUp

LAB = Path(__file__).resolve().parents[1] / "lab" / "lab"


@pytest.fixture(autouse=True, scope="module")
def _own_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Labs that somebody else runs are none of these tests' business."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
        yield


def run(lab: Lab | None, *words: str) -> subprocess.CompletedProcess[str]:
    named = {key: value for key, value in os.environ.items() if key != "LAB_NAME"}
    if lab is not None:
        named["LAB_NAME"] = lab.record.name
    return subprocess.run([LAB, *words], check=False, capture_output=True, text=True, env=named)


def say(lab: Lab | None, *words: str) -> str:
    done = run(lab, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def complaint(lab: Lab | None, *words: str) -> str:
    done = run(lab, *words)
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


def test_status_names_the_mode_and_the_hosts(lab: Lab) -> None:
    said = say(lab, "status")
    assert f"is up in {lab.mode} mode" in said
    assert f"payments-agent: {lab.record.hosts['payments-agent'].address} in payments" in said
    assert json.loads(say(lab, "status", "--json"))["mode"] == lab.mode


def test_starting_twice_says_so(lab: Lab) -> None:
    assert "is up already" in complaint(lab, "up")
    assert json.loads(say(lab, "look", "payments-agent", "--json"))["addresses"] == ["203.0.113.10"]


def test_look_is_one_readable_line(lab: Lab) -> None:
    assert say(lab, "look", "payments-agent").splitlines() == [
        f"payments-agent: {lab.record.cluster_host} is 203.0.113.10; "
        "203.0.113.10 TLS verified, 404 '404 page not found'"
    ]


def test_exec_passes_the_exit_status_and_the_directory(lab: Lab) -> None:
    assert say(lab, "exec", "payments-agent", "--", "pwd").strip() == os.getcwd()
    assert run(lab, "exec", "payments-agent", "--", "sh", "-c", "exit 3").returncode == 3


def test_env_leads_a_client_to_the_lab_and_nowhere_else(lab: Lab) -> None:
    script = f'eval "$({LAB} env --name {lab.record.name})" && exec "$0" -c "$1"'
    asks = (
        "import boto3; session = boto3.session.Session(); ec2 = session.client('ec2');"
        "print(session.profile_name, ec2.meta.endpoint_url, len(ec2.describe_vpcs()['Vpcs']))"
    )
    around = os.environ | {"AWS_PROFILE": "production", "AWS_CA_BUNDLE": "/nowhere", "HTTP_PROXY": "http://127.0.0.1:1"}
    done = subprocess.run(
        ["bash", "-c", script, sys.executable, asks], check=True, capture_output=True, text=True, env=around
    )
    profile, endpoint, count = done.stdout.split()
    assert (profile, endpoint) == ("default", lab.record.url)
    assert int(count) >= 3


def test_calls_are_counted_and_forgotten(lab: Lab) -> None:
    lab.reset_calls()
    lab.client("ec2").describe_subnets()
    assert say(lab, "calls").splitlines() == ["1 calls, 0 of them changes", "      1 ec2:DescribeSubnets"]
    assert json.loads(say(lab, "calls", "--json", "--reset"))["total"] == 1
    assert lab.calls()["total"] == 0


def test_faults_are_made_and_healed(lab: Lab) -> None:
    say(lab, "fault", "dns", "ledger-agent", "--servfail")
    say(lab, "fault", "tls", "public", "--expired")
    assert "ledger-agent" in (said := say(lab, "look", "ledger-agent"))
    assert "TLS verified" not in said
    assert "certificate has expired" in say(lab, "look", "payments-agent")
    say(lab, "heal", "tls")
    assert "TLS verified" in say(lab, "look", "payments-agent")
    assert "TLS verified" not in say(lab, "look", "ledger-agent")
    say(lab, "heal")
    assert "TLS verified" in say(lab, "look", "ledger-agent")


def test_faults_of_aws_are_passed_on(lab: Lab) -> None:
    say(lab, "fault", "aws", "fault=throttled", "action=ec2:DescribeSubnets", "count=1")
    lab.client("ec2").describe_subnets()
    statuses = [each["status"] for each in lab.calls()["calls"] if each["name"] == "ec2:DescribeSubnets"]
    assert statuses[-2:] == [503, 200]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("look", "nobody"), "There is no agent host nobody in the lab; there are payments-agent, ledger-agent"),
        (("fault", "dns", "nowhere", "--silent"), "There is no VPC or agent host nowhere"),
        (("fault", "address", "elsewhere", "--dead"), "elsewhere is not an address"),
        (("heal", "everything"), "heal knows dns, tls, http, address and aws"),
        (("fault", "aws", "throttled"), "throttled is not of the form NAME=VALUE."),
    ],
)
def test_mistakes_are_answered_in_a_sentence(lab: Lab, words: tuple[str, ...], sentence: str) -> None:
    assert sentence in complaint(lab, *words)


def test_without_a_lab_each_command_says_how_to_get_one() -> None:
    assert complaint(None, "status") == "The lab default is not up; `lab up --name default` starts it.\n"


def test_a_topology_that_aws_refuses_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "refused.yml"
    file.write_text(
        "cluster: {id: c}\nservice: {az_ids: [use1-az1]}\n"
        "vpcs: {v: {cidrs: [10.0.0.0/30], subnets: {a: {cidr: 10.0.0.0/30, az_id: use1-az1}}}}\n"
    )
    said = complaint(None, "up", "--name", "refused", "--topology", str(file))
    assert said.startswith("AWS refuses what refused.yml asks for: ")
    assert not Home.of("refused").alive()


def test_two_labs_do_not_meet(lab: Lab, lab_up: LabUp) -> None:
    with lab_up() as other:
        assert other.record.url != lab.record.url
        other.fault("dns", "payments", "servfail")
        assert other.look("payments-agent")["addresses"] == []
        assert lab.look("payments-agent")["addresses"] == ["203.0.113.10"]
        assert other.record.vpcs["payments"].id != lab.record.vpcs["payments"].id
    assert lab.look("payments-agent")["addresses"] == ["203.0.113.10"]


@pytest.mark.parametrize("mode", ["auto", "loopback"])
def test_a_killed_lab_leaves_nothing_behind(lab_up: LabUp, mode: str) -> None:
    with lab_up(mode=mode) as doomed:
        record, home = doomed.record, doomed.home
        pids = [facts.pid for facts in record.hosts.values() if facts.pid]
        assert all(Path(f"/proc/{pid}").exists() for pid in pids)
        os.kill(record.pid, signal.SIGKILL)
        until(lambda: not home.alive(), "lock free")
        assert "is not up" in complaint(doomed, "status")
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), "agent hosts gone")
    assert str(home.directory) not in Path("/proc/self/mounts").read_text()
    assert home.directory.exists()
    with lab_up():
        assert not home.directory.exists()


def test_a_start_that_is_broken_off_leaves_nothing_running() -> None:
    home = Home.of("hasty")
    starting = subprocess.Popen([LAB, "up", "--name", "hasty"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until((home.directory / "pid").exists, "a process started")
    starting.terminate()
    assert starting.wait() == 128 + signal.SIGTERM
    until(lambda: not home.alive(), "it ended")


def test_nothing_is_left_of_a_lab_that_never_got_ready_after_down() -> None:
    home = Home.of("orphan")
    starting = subprocess.Popen([LAB, "up", "--name", "orphan"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until((home.directory / "pid").exists, "a process started")
    starting.kill()
    starting.wait()
    done = run(None, "down", "--name", "orphan")
    assert "is down" in done.stdout or "is not up" in done.stderr  # it ends by itself if it was not ready by then
    assert not home.alive()


def test_loopback_mode_is_what_remains_without_unshare(lab_up: LabUp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _command: None)
    with lab_up() as plain:
        assert plain.mode == "loopback"
        said = say(plain, "status")
        assert "It cannot show" in said
        assert "A better mode does not work here: rootless: there is no unshare" in said
        assert plain.look("payments-agent")["attempts"][0]["status"] == 404


def test_a_profile_that_is_not_there_stops_nobody(monkeypatch: pytest.MonkeyPatch, lab_up: LabUp) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with lab_up() as started:
        assert started.client("ec2").describe_vpcs()["Vpcs"]
