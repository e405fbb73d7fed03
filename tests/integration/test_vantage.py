# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Agent hosts as the README of role verify writes them: the real connection plugins, a real SSH server, and stand-ins for
kubectl and session-manager-plugin.

All of them are agent hosts of the lab. That the plugins work on Kubernetes and AWS is not shown here.
"""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import yaml
from astrolab import enter
from astrolab.aws.errors import Reply
from astrolab.aws.server import Serving
from astrolab.lab import Lab
from by_hand import inventory
from conftest import LabUp
from running import ROOT, Play, environment, play

STAND_INS = Path(__file__).parent / "vantage"
(SNIPPET,) = re.findall(r"^```yaml\n(agent_hosts:.*?)^```$", (ROOT / "roles/verify/README.md").read_text(), re.M | re.S)
WRITTEN: dict[str, dict[str, Any]] = yaml.safe_load(SNIPPET)["agent_hosts"]["hosts"]
SSH, POD, INSTANCE, RUNNER = "airflow-agent-1", "payments-pod", "i-0123456789abcdef0", "runner"
BUCKET = WRITTEN[INSTANCE]["ansible_aws_ssm_bucket_name"]


@pytest.fixture(scope="module")
def lab(lab_up: LabUp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab_up() as started:
        done = play(started, tmp_path_factory.mktemp("setup"), "setup", "--limit", "payments,ledger")
        assert done.rc == 0, done.text
        yield started


class Aws:
    """Systems Manager with managed instances, and S3 with one bucket, whose objects are files."""

    def __init__(self, place: Path, connected: set[str]) -> None:
        self.bucket, self.connected = place / "buckets" / BUCKET, connected
        self.bucket.mkdir(parents=True)
        self.sessions: list[str] = []
        self.ended: list[str] = []
        self.put: list[str] = []

    def handle(self, environ: dict[str, Any], body: bytes) -> Reply:
        if target := environ.get("HTTP_X_AMZ_TARGET"):
            status, said = self._session(target, json.loads(body))
            return Reply(status, "application/x-amz-json-1.1", json.dumps(said).encode())
        return Reply(self._object(environ["REQUEST_METHOD"], environ["PATH_INFO"].lstrip("/"), body), "text/xml", b"")

    def _session(self, target: str, asked: dict[str, str]) -> tuple[int, dict[str, str]]:
        if target == "AmazonSSM.TerminateSession":
            self.ended.append(asked["SessionId"])
            return 200, asked
        if target != "AmazonSSM.StartSession" or asked["Target"] not in self.connected:
            return 400, {"__type": "TargetNotConnected", "message": f"{asked['Target']} is not connected."}
        self.sessions.append(f"somebody-{uuid.uuid4().hex[:17]}")
        return 200, {"SessionId": self.sessions[-1], "TokenValue": "x", "StreamUrl": "wss://127.0.0.1:9"}

    def _object(self, method: str, path: str, body: bytes) -> int:
        file = self.bucket.parent / path
        if method == "PUT":
            self.put.append(path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)
        elif method == "DELETE":
            file.unlink()
        elif method != "HEAD" or not file.exists():
            return 404
        return 200


class Run:
    """Verify, with more agent hosts, which are written as in the README; and what was asked of kubectl and AWS meanwhile.

    ``hosts`` leads from each to the agent host of the lab that it is. ``there`` is what kubectl and AWS know,
    ``beside`` are variables of all that the README leaves to the reader, such as a key.
    """

    def __init__(
        self,
        lab: Lab,
        place: Path,
        hosts: Mapping[str, str],
        there: Mapping[str, str],
        beside: Mapping[str, str] | None = None,
        **env: str,
    ) -> None:
        self.aws = Aws(place, set(there))
        ways = {target: self._way(lab, agent) for target, agent in there.items()}
        (place / "hosts.json").write_text(json.dumps(ways))
        (place / "more.yml").write_text(json.dumps(self._more(lab, hosts, beside or {})))
        (place / "bin").mkdir()
        for name in ("kubectl", "curl"):
            (place / "bin" / name).symlink_to(STAND_INS / f"{name}.py")
        with self._serving() as url:
            around = {
                "VANTAGE": str(place),
                "PATH": f"{place / 'bin'}:{environment(lab)['PATH']}",
                "AWS_SESSION_MANAGER_PLUGIN": str(STAND_INS / "session_manager_plugin.py"),
                "AWS_ENDPOINT_URL_SSM": url,
                "AWS_ENDPOINT_URL_S3": url,
                "AWS_REGION": "eu-west-1",  # what the README says of the region has to be heard
                "AWS_DEFAULT_REGION": "eu-west-1",
            }
            vpcs = [WRITTEN[host]["privatelink_agent_vpc"] for host in hosts]
            asked = ["-i", str(place / "more.yml"), "--limit", ",".join([*vpcs, "agent_hosts"])]
            self.done: Play = play(lab, place, "verify", *asked, "-e", f"report_directory={place}", **around, **env)
        self.vpcs = {vpc["name"]: vpc for vpc in json.loads((place / "report.json").read_text())["vpcs"]}
        self.agents = {agent["name"]: agent for vpc in self.vpcs.values() for agent in vpc["agents"]}
        calls = place / "calls.jsonl"
        self.calls = [json.loads(line) for line in calls.read_text().splitlines()] if calls.exists() else []

    @staticmethod
    def _way(lab: Lab, agent: str) -> list[str]:
        return enter.command(
            lab.record, agent, ["env", *(f"{k}={v}" for k, v in enter.environment(lab.record).items())]
        )

    @staticmethod
    def _more(lab: Lab, hosts: Mapping[str, str], beside: Mapping[str, str]) -> dict[str, Any]:
        """The lab's agent hosts say what is so because of this machine: its Python; in loopback mode, how names are asked."""
        known = inventory(lab)["agent_hosts"]["hosts"]
        here = {
            host: {k: v for k, v in known[agent].items() if not k.startswith("lab_")} for host, agent in hosts.items()
        }
        return {"agent_hosts": {"hosts": {host: {**here[host], **beside, **WRITTEN[host]} for host in hosts}}}

    @contextlib.contextmanager
    def _serving(self) -> Iterator[str]:
        serving = Serving(socket.create_server(("127.0.0.1", 0)), self.aws.handle)
        try:
            yield serving.url
        finally:
            serving.close()


BOTH = {POD: "payments-agent", INSTANCE: "ledger-agent"}
POD_NAME = "{ansible_kubectl_namespace}/{ansible_kubectl_pod}".format(**WRITTEN[POD])


@pytest.fixture(scope="module")
def there(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(lab, tmp_path_factory.mktemp("there"), BOTH, {POD_NAME: BOTH[POD], INSTANCE: BOTH[INSTANCE]})


@pytest.fixture(scope="module")
def missing(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(lab, tmp_path_factory.mktemp("missing"), BOTH, {})


def works(run: Run, host: str, connection: str, agent_host: str) -> None:
    vpc = run.vpcs[WRITTEN[host]["privatelink_agent_vpc"]]
    assert (vpc["verdict"], vpc["findings"]) == ("works", []), run.done.text
    agent = run.agents[host]
    assert (agent["connection"], agent["place"]["hostname"]) == (connection, agent_host)
    assert [reach["status"] for reach in agent["addresses"]] == [404, 404]


def test_a_pod(there: Run) -> None:
    works(there, POD, "kubernetes.core.kubectl", BOTH[POD])
    told = ("ansible_kubectl_namespace", "ansible_kubectl_pod", "ansible_kubectl_container")
    called = [(call["namespace"], call["pod"], call["container"]) for call in there.calls if "pod" in call]
    assert set(called) == {tuple(WRITTEN[POD][key] for key in told)}


def test_an_instance(there: Run) -> None:
    works(there, INSTANCE, "amazon.aws.aws_ssm", BOTH[INSTANCE])
    regions = {(call["operation"], call["region"]) for call in there.calls if "session" in call}
    assert regions == {("StartSession", WRITTEN[INSTANCE]["ansible_aws_ssm_region"])}
    assert any(path.startswith(f"{BUCKET}/{INSTANCE}/") for path in there.aws.put)
    assert not [file for file in there.aws.bucket.rglob("*") if file.is_file()]
    assert there.aws.ended == there.aws.sessions != []


@pytest.fixture
def sshd(lab: Lab, tmp_path: Path) -> Iterator[dict[str, str]]:
    """An SSH server on an agent host: what there is to say beside what the README says, to get into the lab's network."""
    if not shutil.which("ssh"):
        pytest.skip("there is no ssh here")
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(tmp_path / "key")
    (tmp_path / "key").chmod(0o600)
    key.write_public_key(tmp_path / "key.pub")
    server, path = [sys.executable, str(STAND_INS / "sshd.py")], str(tmp_path / "socket")
    command = enter.command(lab.record, "payments-agent", [*server, "serve", path, str(tmp_path / "key")])
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        options = {"ProxyCommand": " ".join([*server, "bastion", path]), "ControlPath": "none"}
        options |= {"UserKnownHostsFile": "/dev/null", "StrictHostKeyChecking": "no"}
        yield {
            "ansible_ssh_private_key_file": str(tmp_path / "key"),
            "ansible_ssh_common_args": shlex.join(
                ["-F", "none", *(f"-o{key}={value}" for key, value in options.items())]
            ),
        }
        process.communicate(timeout=10)


def test_a_host_over_ssh(lab: Lab, sshd: dict[str, str], tmp_path: Path) -> None:
    beside = {**sshd, "ansible_connection": "ssh"}
    works(Run(lab, tmp_path, {SSH: "payments-agent"}, {}, beside), SSH, "ssh", "payments-agent")


def test_what_is_not_there(missing: Run) -> None:
    """Ansible guesses that a directory could not be made in the pod; the finding does not."""
    assert set(missing.done.failed) == {"payments", "ledger"}
    (pod,), (instance,) = missing.vpcs["payments"]["findings"], missing.vpcs["ledger"]["findings"]
    assert pod["code"] == "AGENT_HOST_UNREACHABLE"
    assert f"{POD} cannot be reached over its connection kubernetes.core.kubectl: no command runs there" in pod["seen"]
    assert instance["code"] == "PROBE_FAILED"
    assert f"{INSTANCE} is not connected" in instance["seen"]


def test_the_controller_itself(lab_up: LabUp, tmp_path: Path) -> None:
    """Only in loopback mode is the machine that Ansible runs on in the VPC."""
    with lab_up(mode="loopback") as lab:
        done = play(lab, tmp_path, "setup", "-e", "setup_probe_before_dns=false", "--limit", "payments,analytics")
        assert done.rc == 0, done.text
        run = Run(lab, tmp_path, {RUNNER: "analytics-agent"}, {}, SSL_CERT_FILE=lab.record.bundle)
        assert (run.done.rc, run.vpcs["analytics"]["verdict"]) == (0, "works"), run.done.text
        (one,) = run.agents[RUNNER]["findings"]
        assert one["code"] == "AGENT_HOST_LOCAL"
        assert f"the controller, {socket.gethostname()}" in one["seen"]


def test_the_stand_in_refuses_what_it_does_not_know() -> None:
    """So a plugin that calls kubectl in another way fails the tests above."""
    for told in (["exec", "pod", "--", "true"], ["--token", "x", "exec", "-i", "pod", "--", "true"]):
        command = [sys.executable, STAND_INS / "kubectl.py", *told]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (2, "")
