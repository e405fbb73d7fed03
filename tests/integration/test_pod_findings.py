# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only pods can have, on a lab with clusters: it is found before a change, it explains what the probe saw, healthy rests on it,
harden watches it, and a Job looks where nothing may run in an agent."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import yaml
from astrolab import talk
from astrolab.astro.organization import DEPLOYMENT, RANGE
from astrolab.lab import Lab
from by_hand import inventory, until
from conftest import LabUp
from kube_rights import documented, taken
from running import Play, environment, play

READ = {"pods": ["list"], "pods/exec": ["get", "create"]}
MORE = {"networkpolicies": ["list"], "events": ["list"], "pods/log": ["get"], "configmaps": ["get"]}
JOBS = {"pods": ["list"], "pods/log": ["get"], "jobs": ["create", "delete"]}
AZ = "use1-az1"
TOPOLOGY: dict[str, Any] = {
    "account": "111111111111",
    "region": "us-east-1",
    "cluster": {"id": "clmh1kd8v000108l3a9v7c5x2"},
    "service": {"az_ids": [AZ]},
    "vpcs": {
        name: {"cidrs": [f"{net}.0.0/16"], "subnets": {"a": {"cidr": f"{net}.1.0/24", "az_id": AZ}}}
        for name, net in (("payments", "10.10"), ("ledger", "10.20"), ("vault", "10.30"))
    },
    "clusters": {
        "payments": {
            "vpc": "payments",
            "service": "plain",
            "components": {"worker": 2, "triggerer": 1},
            "users": {
                "reader": {"can": {**READ, **MORE}},
                "prober": {"namespace": "airflow", "can": READ},
                "jobber": {"namespace": "airflow", "can": JOBS},
                "lister": {"namespace": "airflow", "can": {"pods": ["list"]}},
            },
        },
        "ledger": {
            "vpc": "ledger",
            "service": "plain",
            "components": {"worker": 1},
            "env": {"HTTPS_PROXY": "http://me:secret@proxy.example:3128", "NO_PROXY": ".svc,.cluster.local"},
            "sidecars": ["istio-proxy"],
            "dns": {"forward": "public", "cache": 300},
            "users": {"reader": {"can": {**READ, **MORE}}},
        },
        "vault": {
            "vpc": "vault",
            "service": "plain",
            "components": {"worker": 1},
            "pod_groups": True,
            "users": {"reader": {"can": {**READ, **MORE}}},
        },
    },
}
CIDRS = {name: {"privatelink_agent_cidrs": vpc["cidrs"]} for name, vpc in TOPOLOGY["vpcs"].items()}
POLICY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "no-private-ranges", "namespace": "airflow"},
    "spec": {
        "podSelector": {"matchLabels": {"component": "worker"}},
        "policyTypes": ["Egress"],
        "egress": [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}], "ports": [{"port": 443}]}],
    },
}


@pytest.fixture(scope="module")
def lab(lab_up: LabUp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    file = tmp_path_factory.mktemp("topology") / "pods.yml"
    file.write_text(yaml.safe_dump(TOPOLOGY))
    with lab_up(topology=file) as started:
        yield started


def run(lab: Lab, place: Path, playbook: str, *arguments: str, user: str = "reader", **more: Any) -> Play:
    """A playbook over the lab's inventory, with pods as agent hosts; ``user`` asks payments' cluster."""
    hosts = {
        name: {
            **CIDRS[name],
            "privatelink_kubernetes": [
                {
                    "kubeconfig": str(lab.kubeconfig(name, user if name == "payments" else "reader")),
                    "namespace": "airflow",
                    **(more if name == "payments" else {}),
                }
            ],
        }
        for name in lab.record.vpcs
    }
    group = lab.client("ec2").describe_security_groups(
        Filters=[
            {"Name": "vpc-id", "Values": [lab.record.vpcs["vault"].id]},
            {"Name": "group-name", "Values": ["default"]},
        ]
    )["SecurityGroups"][0]["GroupId"]
    hosts["vault"] |= {"privatelink_agent_cidrs": [], "privatelink_agent_security_groups": [group]}
    file = place / "pods.yml"
    file.write_text(yaml.safe_dump({"agent_vpcs": {"hosts": hosts}}))
    return play(lab, place, playbook, "-i", str(file), *arguments)


def asked(lab: Lab) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lab.kube("payments", "requests", reset=True)
    return found


def result(done: Play, key: str) -> Any:
    return next(one["result"][key] for one in done.results if key in one["result"])


@pytest.fixture(scope="module")
def found(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, str]]]:
    """What preflight says of each VPC, before there is any link."""
    lab.kube("payments", "create", manifest=POLICY)
    done = run(lab, tmp_path_factory.mktemp("preflight"), "preflight", "-e", "preflight_enforce=false")
    assert "secret" not in done.text
    found: dict[str, list[dict[str, str]]] = {name: [] for name in lab.record.vpcs}
    for one in result(done, "findings"):
        found[one["vpc"]].append(one)
    return found


class TestBeforeAChange:
    def test_policies_that_keep_pods_from_the_endpoint_and_from_dns(self, found) -> None:
        codes = {one["code"]: one for one in found["payments"]}
        endpoint = codes["POLICY_BLOCKS_ENDPOINT"]
        assert "NetworkPolicy no-private-ranges in namespace airflow stop astro-agent-worker" in endpoint["seen"]
        assert "cidr: 10.10.1.0/24" in endpoint["remedy"]
        assert "triggerer" not in endpoint["seen"]
        assert "POLICY_BLOCKS_DNS" in codes

    def test_a_proxy_a_mesh_and_dns_that_is_asked_elsewhere(self, found) -> None:
        codes = {one["code"]: one for one in found["ledger"]}
        assert "HTTPS_PROXY set to proxy.example:3128" in codes["POD_PROXY"]["seen"]
        assert "excludeOutboundIPRanges" in codes["MESH"]["remedy"]
        assert "kube-system/coredns" in codes["CLUSTER_DNS_ELSEWHERE"]["seen"]
        assert "300 seconds" in codes["CLUSTER_DNS_CACHE"]["seen"]

    def test_security_groups_of_pods_that_the_endpoint_will_not_admit(self, found) -> None:
        (one,) = [one for one in found["vault"] if one["code"] == "POD_NOT_ADMITTED"]
        assert "groups of their own" in one["seen"]

    def test_nothing_else(self, found) -> None:
        pods = ("POD", "POLICY", "CLUSTER_DNS", "MESH", "KUBE")
        codes = {name: {one["code"] for one in each if one["code"].startswith(pods)} for name, each in found.items()}
        assert codes == {
            "payments": {"POLICY_BLOCKS_ENDPOINT", "POLICY_BLOCKS_DNS"},
            "ledger": {"POD_PROXY", "MESH", "CLUSTER_DNS_ELSEWHERE", "CLUSTER_DNS_CACHE"},
            "vault": {"POD_NOT_ADMITTED"},
        }


@pytest.fixture(scope="module")
def linked(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """payments has its link, and no policy."""
    remove_policy(lab)
    done = run(lab, tmp_path_factory.mktemp("site"), "site", "--limit", "payments")
    assert done.rc == 0, done.text
    return lab


def remove_policy(lab: Lab) -> None:
    from ansible_collections.astro.privatelink.plugins.module_utils._kube import client
    from ansible_collections.astro.privatelink.plugins.module_utils._kube.model import Cluster

    cluster = Cluster(kubeconfig=str(lab.kubeconfig("payments")))
    api = client.Client(client.configuration(cluster, str(lab.home.directory)), cluster)
    path = "/apis/networking.k8s.io/v1/namespaces/airflow/networkpolicies"
    for each in api.list(path)["items"]:
        api.send("DELETE", f"{path}/{each['metadata']['name']}", {})


def healthy(done: Play, vpc: str = "payments") -> dict[str, bool]:
    return {one["kind"]: one["good"] for one in result(done, "pods").get(vpc, [])}


def pod(lab: Lab, component: str) -> str:
    return next(
        each["metadata"]["name"]
        for each in lab.pods("payments")
        if each["metadata"]["labels"].get("component") == component and "deletionTimestamp" not in each["metadata"]
    )


class TestHealthy:
    def test_rests_on_the_pods_their_events_and_logs(self, linked: Lab, tmp_path: Path) -> None:
        done = run(linked, tmp_path, "verify", "--limit", "payments")
        assert done.rc == 0, done.text
        assert healthy(done) == {"pods": True, "events": True, "logs": True}
        assert "payments: the agents are " in done.text
        assert "3 of 3 agent pods are ready (astro-agent-triggerer 1, astro-agent-worker 2)" in done.text

    def test_pods_that_are_not_ready_and_logs_of_failed_heartbeats_speak_against_it(self, linked, tmp_path) -> None:
        worker, triggerer = pod(linked, "worker"), pod(linked, "triggerer")
        linked.arrange("payments", triggerer, ready=False)
        linked.kube("payments", "log", pod=worker, container="worker", lines=["ERROR heartbeat failed: 403"])
        done = run(linked, tmp_path, "verify", "--limit", "payments", "-e", "verify_patience=0", pods_per_component=0)
        linked.arrange("payments", triggerer, ready=True)
        linked.kube("payments", "log", pod=worker, container="worker", lines=["heartbeat: 200 OK"])
        assert done.rc == 0, done.text  # the link itself works
        assert healthy(done) == {"pods": False, "events": True, "logs": False}
        assert f"{triggerer} is not ready" in done.text
        assert "payments: the agents are doubtful" in done.text

    def test_what_may_not_be_read_is_said_and_no_evidence(self, linked: Lab, tmp_path: Path) -> None:
        done = run(linked, tmp_path, "verify", "--limit", "payments", user="prober")
        assert done.rc == 0, done.text
        assert healthy(done) == {"pods": True}
        assert done.text.count("KUBE_NOT_CHECKED") == 1
        assert "list events in airflow" in done.text
        assert done.table() == {"payments": "works"}


def test_what_the_cluster_says_explains_what_pods_see(linked: Lab, tmp_path: Path) -> None:
    """ledger's DNS asks somebody else, so its pods find the public name; and they have a proxy."""
    assert run(linked, tmp_path, "site", "--limit", "ledger", "-e", "preflight_enforce=false").rc != 0
    done = run(linked, tmp_path, "verify", "--limit", "ledger", "-e", "verify_patience=0")
    assert done.rc != 0
    codes = {one["code"] for one in result(done, "targets")["ledger"]}
    assert {"CLUSTER_DNS_ELSEWHERE", "POD_PROXY", "MESH"} <= codes
    assert "PROXY_BYPASS" in done.failed["ledger"]


class TestAJob:
    def test_looks_where_nothing_may_run_in_agents(self, linked: Lab, tmp_path: Path) -> None:
        asked(linked)
        done = run(linked, tmp_path, "verify", "--limit", "payments", user="jobber", job=True)
        assert done.rc == 0, done.text
        assert done.table() == {"payments": "works"}
        agents = result(done, "seen")["payments"]
        assert len(agents) == 3
        assert all(each["place"]["hostname"].startswith("astro-privatelink-") for each in agents)
        requests = asked(linked)
        assert not [one for one in requests if one["path"].endswith("/exec")]
        assert sum(one["method"] == "POST" and one["path"].endswith("/jobs") for one in requests) == 3
        assert nothing_left(linked)

    def test_that_may_not_be_made_is_a_finding(self, linked: Lab, tmp_path: Path) -> None:
        done = run(linked, tmp_path, "verify", "--limit", "payments", user="lister", job=True)
        assert "KUBE_JOB_FAILED" in done.failed["payments"]
        assert "refuses to create jobs in airflow" in done.failed["payments"]

    def test_without_python_is_a_finding_and_goes_away(self, linked: Lab, tmp_path: Path) -> None:
        done = run(
            linked, tmp_path, "verify", "--limit", "payments", user="jobber", job=True, python="/opt/none/python3"
        )
        assert "KUBE_JOB_FAILED" in done.failed["payments"]
        assert nothing_left(linked)


@pytest.mark.parametrize("user", ["reader", "jobber"])
def test_a_policy_stops_agents_and_jobs_alike(linked: Lab, tmp_path: Path, user: str) -> None:
    """It selects workers by a label, which a worker's Job has as well; its finding explains what the probe saw."""
    linked.kube("payments", "create", manifest=POLICY)
    try:
        job = {"job": True} if user == "jobber" else {}
        done = run(
            linked,
            tmp_path,
            "verify",
            "--limit",
            "payments",
            "-e",
            "verify_patience=0",
            "-e",
            "verify_timeout=2",
            user=user,
            **job,
        )
    finally:
        remove_policy(linked)
    agents = {each["name"]: {one["code"] for one in each["findings"]} for each in result(done, "seen")["payments"]}
    assert agents["payments/airflow/astro-agent-triggerer/1"] == set()
    assert "TCP_TIMEOUT" in agents["payments/airflow/astro-agent-worker/1"]
    told = "POLICY_BLOCKS_ENDPOINT: NetworkPolicy no-private-ranges in namespace airflow stop astro-agent-worker"
    assert (told in done.failed["payments"]) is (user == "reader")  # who may not read policies is told that


def nothing_left(lab: Lab) -> bool:
    until(
        lambda: not any("astro-privatelink" in each["metadata"]["name"] for each in lab.pods("payments")),
        "no pod stays",
    )
    return True


class TestHarden:
    """Tokens are not watched here; the agents' pods are."""

    @pytest.fixture
    def harden(self, linked: Lab, tmp_path: Path) -> Callable[..., CompletedProcess[str]]:
        """The playbook over an inventory whose only agent VPC is payments, with its pods."""
        entry = {"kubeconfig": str(linked.kubeconfig("payments", "reader")), "namespace": "airflow"}
        alone = inventory(linked)["agent_vpcs"]
        alone["hosts"] = {
            "payments": {**alone["hosts"]["payments"], **CIDRS["payments"], "privatelink_kubernetes": [entry]}
        }
        file = tmp_path / "alone.yml"
        file.write_text(yaml.safe_dump({"agent_vpcs": alone}))
        given = ["harden_agents_confirmed=true", "harden_watch_timeout=0"]
        command = ["ansible-playbook", "-i", str(file), "astro.privatelink.harden", *(f"-e{each}" for each in given)]

        def go(*more: str) -> CompletedProcess[str]:
            return subprocess.run(
                [*command, *more],
                env=environment(linked),
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )

        yield go
        say(linked, "PATCH", f"deployments/{DEPLOYMENT}", {"remoteExecution": {"allowedIpAddressRanges": []}})

    def test_says_on_what_it_rests_and_watches_the_pods(self, linked: Lab, harden) -> None:
        done = harden("-e", "harden_pods_timeout=4")
        assert done.returncode == 0, done.stdout
        assert "payments: 3 of 3 agent pods are ready." in done.stdout
        assert "Watching the agents' pods for 4 seconds" in done.stdout
        assert ranges(linked) == [str(RANGE)]

    def test_takes_the_change_back_if_a_pod_gets_unready(self, linked: Lab, harden) -> None:
        worker = pod(linked, "worker")

        def break_it() -> None:
            until(lambda: bool(ranges(linked)), "the list is restricted", 200)
            linked.arrange("payments", worker, ready=False)

        breaking = threading.Thread(target=break_it, daemon=True)
        breaking.start()
        done = harden("-e", "harden_pods_timeout=60")
        breaking.join(5)
        linked.arrange("payments", worker, ready=True)
        assert done.returncode != 0
        assert "PODS_WORSE" in done.stdout
        assert f"{worker} is not ready" in done.stdout
        assert ranges(linked) == []

    def test_refuses_where_a_component_is_not_well_before(self, linked: Lab, harden) -> None:
        triggerer = pod(linked, "triggerer")
        linked.arrange("payments", triggerer, ready=False)
        done = harden("-e", "harden_agents_confirmed=false", "-e", "verify_patience=0")
        linked.arrange("payments", triggerer, ready=True)
        assert done.returncode != 0
        assert f"LOCKDOWN_UNSAFE: Its agents are not well: {triggerer} is not ready" in done.stdout
        assert ranges(linked) == []


def say(lab: Lab, method: str, path: str, content: object = None) -> Any:
    return talk.say(lab.record.url, method, f"astro/{path}", content)


def ranges(lab: Lab) -> list[str]:
    found: list[str] = say(lab, "GET", f"deployments/{DEPLOYMENT}")["remoteExecution"]["allowedIpAddressRanges"]
    return found


def test_the_roles_in_the_docs_are_what_all_of_this_took(linked: Lab) -> None:
    """The double has none of Cilium's kinds."""
    roles, asked = documented(), linked.kube("payments", "requests")
    cilium = {right for right in roles["astro-privatelink-optional"] if right[0] == "cilium.io"}
    optional = roles["astro-privatelink-optional"] | roles["astro-privatelink-dns"]
    read, _refused = taken(asked, "reader")
    assert read | {("", "pods/exec", "create")} == (roles["astro-privatelink"] | optional) - cilium
    by_jobs, refused = taken(asked, "jobber")
    assert by_jobs == {("", "pods", "list"), *roles[""]}
    assert refused <= optional
