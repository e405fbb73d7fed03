# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's command line: what people type, what they read, and what is left when it is over."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from astrolab import seed
from astrolab.__main__ import _parser
from astrolab.home import Home
from astrolab.lab import Lab
from astrolab.topology import DEMO
from botocore.config import Config
from botocore.exceptions import ClientError
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
        (
            ("look", "nobody"),
            "There is no agent host nobody in the lab; there are analytics-agent, ledger-agent, payments-agent.",
        ),
        (("fault", "dns", "nowhere", "--silent"), "There is no VPC or agent host nowhere"),
        (("fault", "address", "elsewhere", "--dead"), "elsewhere is not an address"),
        (("heal", "everything"), "heal knows dns, tls, http, address and aws"),
        (("kubeconfig", "nowhere"), "There is no cluster nowhere in the lab; there are payments."),
        (
            ("kubeconfig", "payments", "nobody"),
            "There is no user nobody of the cluster payments; there are admin, prober.",
        ),
        (
            ("rollout", "payments", "nothing"),
            "there is no Deployment nothing; there are astro-agent-triggerer, astro-agent-worker",
        ),
        (("fault", "aws", "throttled"), "throttled is not of the form NAME=VALUE."),
    ],
)
def test_mistakes_are_answered_in_a_sentence(lab: Lab, words: tuple[str, ...], sentence: str) -> None:
    assert sentence in complaint(lab, *words)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("fault=nothing", "there is no fault 'nothing'; there are throttled, refused, error"),
        ("sttus=500", "a fault has no sttus"),
        ("fault=error", "an error needs its code"),
        ("status=99", "there is no fault"),
    ],
)
def test_mistakes_in_a_fault_of_aws_are_named(lab: Lab, setting: str, sentence: str) -> None:
    assert sentence in complaint(lab, "fault", "aws", setting)


def test_a_fault_of_aws_has_any_code_and_text(lab: Lab) -> None:
    words = ("code=InternalError", "message=Out of order", "status=500", "action=DescribeVpcs", "at=2", "count=1")
    say(lab, "fault", "aws", "fault=error", *words)
    ec2 = boto3.session.Session().client(
        "ec2",
        endpoint_url=lab.record.url,
        region_name=lab.record.region,
        aws_access_key_id=lab.record.account,
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}),
    )
    ec2.describe_vpcs()
    with pytest.raises(ClientError, match="Out of order"):
        ec2.describe_vpcs()
    ec2.describe_vpcs()


# Each command as it is typed, and what it says; `lab up`, `down` and `aws` have tests of their own below.
TYPED = [
    (("status",), "is up in"),
    (("status", "--json"), '"mode"'),
    (("env",), "export AWS_ENDPOINT_URL="),
    (("inventory",), "inventory.yml"),
    (("exec", "payments-agent", "--", "echo", "hello"), "hello"),
    (("agent", "payments-agent", "--every", "0.1", "--times", "1", "--address", "203.0.113.10"), "200 OK"),
    (("look", "payments-agent"), "TLS verified"),
    (("look", "payments-agent", "--json"), '"attempts"'),
    (("look", "payments-agent", "nowhere.example"), "nowhere.example is"),
    (("kubeconfig", "payments"), "kube/payments.yml"),
    (("rollout", "payments", "astro-agent-triggerer"), "astro-agent-triggerer-"),
    (("calls",), "calls,"),
    (("calls", "--json", "--reset"), '"total"'),
    (("requests",), "by the public way"),
    (("requests", "--json", "--reset"), "203.0.113.10"),
    (("fault", "dns", "ledger-agent", "--slow", "0.1"), ""),
    (("fault", "dns", "ledger-agent", "--silent"), ""),
    (("fault", "dns", "ledger-agent", "--servfail"), ""),
    (("fault", "dns", "ledger-agent", "--split"), ""),
    (("fault", "tls", "public", "--expired"), ""),
    (("fault", "tls", "public", "--wrong-name"), ""),
    (("fault", "tls", "public", "--intercepted"), ""),
    (("fault", "tls", "public", "--reset-sni"), ""),
    (("fault", "tls", "public", "--stalled"), ""),
    (("fault", "tls", "public", "--plaintext"), ""),
    (("fault", "http", "public", "--unexpected"), ""),
    (("fault", "http", "public", "--silent"), ""),
    (("fault", "http", "public", "--large-lost"), ""),
    (("fault", "address", "10.10.1.9", "--dead"), ""),
    (("fault", "address", "10.10.1.9", "--refuse"), ""),
    (("fault", "address", "10.10.1.9", "--unreachable"), ""),
    (("fault", "aws", "fault=slow", "seconds=0.1", "action=nothing"), '"slow"'),
    (("heal", "dns", "tls", "http", "address", "aws"), ""),
    (("heal",), ""),
]
LIVES = {
    ("up", "--topology", "--mode", "--profile"): "test_a_lab_is_started_as_asked_and_ended",
    ("down",): "test_a_lab_is_started_as_asked_and_ended",
    ("aws", "--port", "--profile"): "test_the_double_runs_alone",
}


def commands_of(parser: argparse.ArgumentParser, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Each command, and each of its options, as the parser has them."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                yield from commands_of(inner, (*path, name))
        elif path and action.option_strings and "--help" not in action.option_strings:
            yield (*path, action.option_strings[-1])
    if path and not any(isinstance(action, argparse._SubParsersAction) for action in parser._actions):
        yield path


def command_of(words: tuple[str, ...]) -> tuple[str, ...]:
    return words[:2] if words[0] == "fault" else words[:1]


def test_every_command_and_option_is_typed_by_a_test() -> None:
    typed = {(*command_of(words), word) for words, _unused in TYPED for word in words if word.startswith("--")}
    typed |= {command_of(words) for words, _unused in TYPED}
    typed |= {(words[0], *word) for words in LIVES for word in ((), *((each,) for each in words[1:]))}
    known = set(commands_of(_parser()))
    named = {each for each in known if each[-1] == "--name"}
    assert sorted(known - named - typed) == []
    assert named == {(*each, "--name") for each in known if not each[-1].startswith("--") and each != ("aws",)}
    assert set(LIVES.values()) <= set(globals())


@pytest.mark.parametrize(
    ("words", "text"), TYPED, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_a_command_does_what_its_help_says(lab: Lab, words: tuple[str, ...], text: str) -> None:
    if words[0] == "requests":
        say(lab, "agent", "payments-agent", "--times", "1")
    command = command_of(words)
    try:
        assert text in say(None, *command, "--name", lab.record.name, *words[len(command) :])
    finally:
        lab.heal()


@pytest.mark.parametrize("command", sorted({each for each in commands_of(_parser()) if not each[-1].startswith("--")}))
def test_every_command_has_a_help(command: tuple[str, ...]) -> None:
    assert f"usage: lab {' '.join(command)}" in say(None, *command, "--help")


def test_a_lab_is_started_as_asked_and_ended(tmp_path: Path) -> None:
    file = tmp_path / "asked.yml"
    file.write_text(DEMO.read_text() + "settings: {deleting_seconds: 3}\n")
    more = ("--topology", str(file), "--mode", "loopback", "--profile", "as_aws")
    assert "is up in loopback mode" in say(None, "up", "--name", "asked", *more)
    try:
        url = json.loads(say(None, "status", "--name", "asked", "--json"))["url"]
        with urllib.request.urlopen(f"{url}/_lab/settings") as answer:
            settings = json.load(answer)
        assert (settings["profile"], settings["throttle"], settings["deleting_seconds"]) == ("as_aws", True, 3)
    finally:
        assert "is down" in say(None, "down", "--name", "asked")


def test_many_vpcs_are_planted_where_rates_are_limited(lab_up: LabUp, tmp_path: Path) -> None:
    file = tmp_path / "limited.yml"
    file.write_text(
        DEMO.read_text() + "generate: {count: 20}\nsettings: {throttle: true, buckets: {'ec2:*': [1, 0.1]}}\n"
    )
    with lab_up(profile="kind", topology=file, mode="loopback") as limited:
        assert len(limited.record.vpcs) == 23


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ("{profile: as_asw}", "settings: no such profile: as_asw; there are kind, as_aws; did you mean as_aws?"),
        ("{deleting_second: 3}", "settings: no such setting: deleting_second; did you mean deleting_seconds?"),
        ("{throttle: often}", "settings: throttle is not a bool: 'often'"),
    ],
)
def test_a_wrong_setting_of_a_topology_is_named_before_anything_starts(
    tmp_path: Path, settings: str, sentence: str
) -> None:
    file = tmp_path / "wrong.yml"
    file.write_text(DEMO.read_text() + f"settings: {settings}\n")
    assert complaint(None, "up", "--name", "wrong", "--topology", str(file)) == f"wrong.yml: {sentence}\n"
    assert not Home.of("wrong").directory.exists()


def test_a_topology_over_two_partitions_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yml"
    file.write_text(DEMO.read_text().replace("  ledger:\n", "  ledger:\n    region: us-gov-west-1\n"))
    said = complaint(None, "up", "--name", "wrong", "--topology", str(file))
    assert said == "wrong.yml: regions of aws and aws-us-gov do not reach each other\n"


def test_a_wrong_profile_on_the_command_line_is_named() -> None:
    for command in (("up", "--name", "wrong"), ("aws",)):
        assert "invalid choice: 'as_asw' (choose from" in complaint(None, *command, "--profile", "as_asw")


def test_the_double_runs_alone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        assert f"Nothing can listen on port {port}" in complaint(None, "aws", "--port", str(port))
    running = subprocess.Popen(
        [LAB, "aws", "--port", str(port), "--profile", "as_aws"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert running.stdout is not None
        assert running.stdout.readline() == f"AWS_ENDPOINT_URL=http://127.0.0.1:{port}\n"
        assert seed.client(f"http://127.0.0.1:{port}", "ec2", "111111111111", "us-east-1").describe_vpcs()["Vpcs"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_lab/settings") as answer:
            assert json.load(answer)["profile"] == "as_aws"
    finally:
        running.terminate()
        assert running.wait(timeout=10) == 0


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
    with lab_up(profile="kind") as other:
        assert other.record.url != lab.record.url
        other.fault("dns", "payments", "servfail")
        assert other.look("payments-agent")["addresses"] == []
        assert lab.look("payments-agent")["addresses"] == ["203.0.113.10"]
        assert other.record.vpcs["payments"].id != lab.record.vpcs["payments"].id
    assert lab.look("payments-agent")["addresses"] == ["203.0.113.10"]


@pytest.mark.parametrize("mode", ["auto", "loopback"])
def test_a_killed_lab_leaves_nothing_behind(lab_up: LabUp, mode: str) -> None:
    with lab_up(profile="kind", mode=mode) as doomed:
        record, home = doomed.record, doomed.home
        pids = [facts.pid for facts in record.hosts.values() if facts.pid]
        assert all(Path(f"/proc/{pid}").exists() for pid in pids)
        os.kill(record.pid, signal.SIGKILL)
        until(lambda: not home.alive(), "lock free")
        assert "is not up" in complaint(doomed, "status")
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), "agent hosts gone")
    assert str(home.directory) not in Path("/proc/self/mounts").read_text()
    assert home.directory.exists()
    with lab_up(profile="kind"):
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
    with lab_up(profile="kind") as plain:
        assert plain.mode == "loopback"
        said = say(plain, "status")
        assert "It cannot show" in said
        assert "A better mode does not work here: rootless: there is no unshare" in said
        assert plain.look("payments-agent")["attempts"][0]["status"] == 404


def test_a_profile_that_is_not_there_stops_nobody(monkeypatch: pytest.MonkeyPatch, lab_up: LabUp) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with lab_up(profile="kind") as started:
        assert started.client("ec2").describe_vpcs()["Vpcs"]
