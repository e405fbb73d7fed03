# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's clusters, as the real kubectl sees them, and what pods are in the network."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from astrolab.home import LabError
from astrolab.lab import Lab
from by_hand import until
from conftest import LabUp
from kubectl import KUBECTL, complaint, kubectl, needed, says

TOPOLOGY = Path(__file__).parents[1] / "lab" / "topologies" / "clusters.yml"
pytestmark = needed


@pytest.fixture(scope="module")
def lab(lab_up: LabUp) -> Iterator[Lab]:
    with lab_up(topology=TOPOLOGY, profile="kind") as started:
        if started.mode == "loopback":
            pytest.skip("pods have no files and no network of their own in loopback mode")
        yield started


def pods(config: Path, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(says(config, "get", "pods", "-o", "json", *words))["items"]
    return found


def a_worker(lab: Lab, cluster: str = "payments") -> str:
    return next(
        str(each["metadata"]["name"])
        for each in lab.pods(cluster)
        if each["metadata"]["labels"].get("component") == "worker"
    )


def test_pods_are_listed_by_label_and_namespace(lab: Lab) -> None:
    config = lab.kubeconfig("payments")
    everywhere = says(config, "get", "pods", "-A", "-o", "name").split()
    assert len(everywhere) == 6  # with two of CoreDNS
    assert len(says(config, "get", "pods", "-l", "app=astro-agent", "-o", "name").split()) == 4
    for selector, count in (
        ("component=worker", 2),
        ("component!=worker", 2),
        ("component in (worker, triggerer)", 3),
        ("component notin (worker)", 2),
        ("component,!missing", 4),
        ("missing", 0),
    ):
        assert len(pods(config, "-l", selector)) == count, selector
    assert says(config, "get", "pods", "-n", "nowhere", "-o", "name") == ""
    name = a_worker(lab)
    assert [each["metadata"]["name"] for each in pods(config, "--field-selector", f"metadata.name={name}")] == [name]
    assert "field label not supported: spec.image" in complaint(
        config, "get", "pods", "--field-selector", "spec.image=x"
    )


def test_the_table_has_what_kubectl_prints(lab: Lab) -> None:
    config = lab.kubeconfig("payments")
    header, *rows = says(config, "get", "pods", "-A", "-o", "wide").splitlines()
    assert header.split()[:7] == ["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP"]
    assert {tuple(row.split()[2:5]) for row in rows} == {("1/1", "Running", "0")}


def test_a_pod_is_a_host_of_the_vpc(lab: Lab) -> None:
    """Its address is a secondary one of its node's interface, and what comes from there to Astro is the pod's."""
    config, interfaces = (
        lab.kubeconfig("payments"),
        lab.client("ec2").describe_network_interfaces()["NetworkInterfaces"],
    )
    nodes = {each["metadata"]["name"]: each for each in json.loads(says(config, "get", "nodes", "-o", "json"))["items"]}
    for pod in pods(config):
        address, node = pod["status"]["podIP"], nodes[pod["spec"]["nodeName"]]
        assert ip_address(address) in ip_network("10.10.0.0/16")
        assert pod["status"]["hostIP"] == node["status"]["addresses"][0]["address"]
        zone, instance = node["spec"]["providerID"].removeprefix("aws:///").split("/")
        assert node["metadata"]["labels"]["topology.kubernetes.io/zone"] == zone
        (held,) = (
            each for each in interfaces if address in {one["PrivateIpAddress"] for one in each["PrivateIpAddresses"]}
        )
        assert (held["Attachment"]["InstanceId"], held["AvailabilityZone"]) == (instance, zone)
        seen = lab.look(pod["metadata"]["name"])
        assert [each["status"] for each in seen["attempts"]] == [404]
        assert lab.requests()[-1]["source"] == address


def test_a_pod_belongs_to_a_replica_set_of_a_deployment(lab: Lab) -> None:
    config = lab.kubeconfig("payments")
    (pod, *_more) = pods(config, "-l", "component=worker")
    (owner,) = pod["metadata"]["ownerReferences"]
    assert owner["kind"] == "ReplicaSet"
    number = pod["metadata"]["labels"]["pod-template-hash"]
    assert owner["name"] == f"astro-agent-worker-{number}"
    assert pod["metadata"]["name"].startswith(f"{owner['name']}-")
    replicas = json.loads(says(config, "get", "replicaset", owner["name"], "-o", "json"))
    assert replicas["metadata"]["uid"] == owner["uid"]
    assert replicas["metadata"]["ownerReferences"][0]["name"] == "astro-agent-worker"


def test_exec_carries_streams_and_the_exit_code(lab: Lab) -> None:
    config, pod = lab.kubeconfig("payments"), a_worker(lab)
    done = kubectl(config, "exec", "-i", pod, "--", "sh", "-c", "cat; echo no >&2; exit 7", given=b"yes")
    assert (done.stdout, done.returncode) == ("yes", 7)
    assert done.stderr == "no\ncommand terminated with exit code 7\n"
    much = os.urandom(1_500_000).hex()
    assert says(config, "exec", "-i", pod, "--", "cat", given=much.encode()) == much
    assert says(config, "exec", pod, "--", "hostname").strip() == pod


def test_a_command_that_is_not_there_has_no_exit_code(lab: Lab) -> None:
    said = complaint(lab.kubeconfig("payments"), "exec", a_worker(lab), "--", "nope")
    assert 'exec: "nope": executable file not found in $PATH' in said
    assert "exit code" not in said


def test_a_pods_environment_is_its_own(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_SECRET", "of the controller")
    config, pod = lab.kubeconfig("ledger"), a_worker(lab, "ledger")
    known = dict(
        line.partition("=")[::2] for line in says(config, "exec", pod, "-c", "worker", "--", "env").splitlines()
    )
    assert (known["HTTPS_PROXY"], known["NO_PROXY"]) == ("http://proxy.example:3128", ".svc,.cluster.local")
    assert known["HOSTNAME"] == pod
    assert known["KUBERNETES_SERVICE_HOST"] == "172.20.0.1"
    assert not {name for name in known if name.startswith(("AWS_", "LAB_", "ANSIBLE_"))}


def test_an_image_may_have_its_python_elsewhere_and_a_root_that_is_read_only(lab: Lab) -> None:
    config, pod = lab.kubeconfig("ledger"), a_worker(lab, "ledger")
    entering = ("exec", pod, "-c", "worker", "--")
    assert "not found" in complaint(config, *entering, "python3", "-V")
    assert "no such file" in complaint(config, *entering, "/usr/bin/python3", "-V")
    assert says(config, *entering, "/opt/agent/bin/python3", "-c", "import ssl; print(6 * 7)") == "42\n"
    for place in ("/tmp", "/var/tmp", "/", "/opt/agent"):
        said = complaint(config, *entering, "sh", "-c", f"echo x > {place}/written-by-a-pod")
        assert "Read-only file system" in said, place


def test_an_image_may_have_no_python_at_all(lab: Lab) -> None:
    config = lab.kubeconfig("bare")
    (pod,) = (each["metadata"]["name"] for each in pods(config, "-l", "app=astro-agent"))
    assert pod.startswith("etl-worker-")
    finding = "command -v python3 python || ls /usr/bin/python* /usr/local/bin/python* /bin/python* 2>/dev/null"
    done = kubectl(config, "exec", pod, "--", "sh", "-c", finding)
    assert (done.stdout, done.returncode != 0) == ("", True)
    assert (
        says(config, "exec", pod, "--", "sh", "-c", "cat /etc/hostname >/dev/null; echo fine | tr a-z A-Z") == "FINE\n"
    )


def test_a_container_has_to_be_named_where_there_are_several(lab: Lab) -> None:
    config, pod = lab.kubeconfig("ledger"), a_worker(lab, "ledger")
    assert "container nope is not valid for pod" in complaint(config, "exec", pod, "-c", "nope", "--", "true")
    assert kubectl(config, "exec", pod, "--", "true").stderr.startswith(
        'Defaulted container "worker" out of: worker, istio'
    )


def test_pods_of_custom_networking_have_addresses_of_another_range(lab: Lab) -> None:
    addresses = {pod["status"]["podIP"] for pod in lab.pods("ledger")}
    assert all(ip_address(each) in ip_network("100.64.1.0/24") for each in addresses)
    assert {pod["status"]["hostIP"] for pod in lab.pods("ledger")} <= {"10.20.1.4"}


def test_what_is_not_there_is_said_as_kubernetes_says_it(lab: Lab) -> None:
    config = lab.kubeconfig("payments")
    assert complaint(config, "get", "pod", "nope") == 'Error from server (NotFound): pods "nope" not found\n'
    assert "doesn't have a resource type" in complaint(config, "get", "nothings")
    assert 'pods "nope" not found' in complaint(config, "exec", "nope", "--", "true")
    assert complaint(config, "get", "ns", "nope") == 'Error from server (NotFound): namespaces "nope" not found\n'


def test_a_user_may_what_a_role_says(lab: Lab) -> None:
    config, pod = lab.kubeconfig("payments", "prober"), a_worker(lab)
    assert len(pods(config)) == 4
    assert complaint(config, "get", "pods", "-A") == (
        'Error from server (Forbidden): pods is forbidden: User "prober" cannot list resource "pods" in API group "" '
        "at the cluster scope\n"
    )
    assert complaint(config, "get", "pods", "-n", "default") == (
        'Error from server (Forbidden): pods is forbidden: User "prober" cannot list resource "pods" in API group "" '
        'in the namespace "default"\n'
    )
    assert f'pods "{pod}" is forbidden: User "prober" cannot get resource "pods"' in complaint(
        config, "get", "pod", pod
    )
    assert says(config, "auth", "can-i", "list", "pods") == "yes\n"
    assert says(config, "auth", "can-i", "create", "pods", "--subresource=exec") == "yes\n"
    assert kubectl(config, "auth", "can-i", "delete", "pods").stdout == "no\n"
    assert kubectl(config, "auth", "can-i", "list", "jobs.batch").stdout == "no\n"


def test_a_token_that_is_over_is_refused_and_can_be_renewed(lab: Lab) -> None:
    config = lab.kubeconfig("payments", "watcher")
    assert says(config, "get", "pods", "-o", "name")
    lab.kube("payments", "expire", user="watcher")
    assert "You must be logged in to the server" in complaint(config, "get", "pods")
    lab.kube("payments", "renew", user="watcher")
    assert says(config, "get", "pods", "-o", "name")


def test_logs_and_events(lab: Lab) -> None:
    config, pod = lab.kubeconfig("payments", "watcher"), a_worker(lab)
    lab.kube("payments", "log", pod=pod, container="worker", lines=["first", "last"])
    assert says(config, "logs", pod).splitlines()[-2:] == ["first", "last"]
    assert says(config, "logs", pod, "--tail=1") == "last\n"
    assert says(config, "logs", pod, "--tail=1", "--timestamps").endswith("Z last\n")
    assert f"pod/{pod}" in says(config, "get", "events")
    refused = complaint(lab.kubeconfig("payments", "prober"), "logs", pod)
    assert "forbidden" in refused


def test_a_pod_can_be_told_of_otherwise(lab: Lab) -> None:
    config, pod = lab.kubeconfig("ledger"), a_worker(lab, "ledger")
    shown = ("get", "pod", pod, "--no-headers")
    lab.arrange("ledger", pod, ready=False, restarts=3)
    assert says(config, *shown).split()[1:4] == ["0/2", "Running", "6"]
    lab.arrange("ledger", pod, ready=True, restarts=0, annotations={"example.com/some": "thing"})
    assert says(config, *shown).split()[1:4] == ["2/2", "Running", "0"]
    lab.arrange("ledger", pod, terminating=True)
    assert says(config, *shown).split()[2] == "Terminating"
    other = next(each["metadata"]["name"] for each in lab.pods("ledger") if "triggerer" in each["metadata"]["name"])
    lab.arrange("ledger", other, phase="Pending")
    assert says(config, "get", "pod", other, "--no-headers").split()[1:3] == ["0/2", "Pending"]
    assert "does not have a host assigned" not in complaint(config, "exec", other, "-c", "triggerer", "--", "true")
    with pytest.raises(LabError, match="there is no pod nope"):
        lab.arrange("ledger", "nope", ready=True)


def test_an_api_that_is_private_does_not_answer(lab: Lab) -> None:
    said = complaint(lab.kubeconfig("vault"), "get", "pods", "--request-timeout=2")
    assert "Client.Timeout" in said or "i/o timeout" in said or "deadline exceeded" in said


def test_a_rollout_brings_pods_of_other_names_and_addresses(lab: Lab) -> None:
    config = lab.kubeconfig("payments")
    before = {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in pods(config, "-l", "component=worker")}
    others = set(says(config, "get", "pods", "-l", "component!=worker", "-o", "name").split())
    running = [KUBECTL, "--kubeconfig", config, "exec", next(iter(before)), "--", "sleep", "60"]
    staying = subprocess.Popen(running, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    new = lab.rollout("payments", "astro-agent-worker")
    after = {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in pods(config, "-l", "component=worker")}
    assert set(new) == after.keys()
    assert not before.keys() & after.keys()
    assert not set(before.values()) & set(after.values())
    assert set(says(config, "get", "pods", "-l", "component!=worker", "-o", "name").split()) == others
    until(lambda: staying.poll() is not None, "what ran in the old pod has ended")
    assert [each["status"] for each in lab.look(new[0])["attempts"]] == [404]
    with pytest.raises(LabError, match="there is no Deployment nope; there are astro-agent-dag-processor"):
        lab.rollout("payments", "nope")


def test_a_deleted_pod_is_replaced(lab: Lab) -> None:
    config, pod = lab.kubeconfig("payments"), a_worker(lab)
    says(config, "delete", "pod", pod, "--wait=false")
    until(lambda: pod not in says(config, "get", "pods"), "the pod is gone")
    until(lambda: len(pods(config, "-l", "component=worker")) == 2, "another one is there")


def test_a_job_runs_in_the_vpc_with_the_agents_labels(lab: Lab, tmp_path: Path) -> None:
    config = lab.kubeconfig("payments")
    file = tmp_path / "job.yml"
    container = {
        "name": "probe",
        "image": "example.com/python:3",
        "command": ["sh", "-c", "hostname; hostname -I; exit 0"],
    }
    spec = {"restartPolicy": "Never", "serviceAccountName": "astro-agent", "containers": [container]}
    template = {"metadata": {"labels": {"app": "astro-agent"}}, "spec": spec}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "look"}, "spec": {"template": template}}
    file.write_text(yaml.safe_dump(job))
    says(config, "create", "--validate=false", "-f", str(file))

    def done() -> bool:
        return "succeeded" in json.loads(says(config, "get", "job", "look", "-o", "json"))["status"]

    until(done, "the Job succeeded")
    (pod,) = pods(config, "-l", "batch.kubernetes.io/job-name=look")
    assert (pod["status"]["phase"], pod["metadata"]["labels"]["app"]) == ("Succeeded", "astro-agent")
    assert pod["metadata"]["ownerReferences"][0]["kind"] == "Job"
    assert says(config, "logs", "job/look").split() == [pod["metadata"]["name"], pod["status"]["podIP"]]
    says(config, "delete", "job", "look")
    until(lambda: not pods(config, "-l", "batch.kubernetes.io/job-name=look"), "its pods are gone")


def test_a_job_that_fails_is_tried_as_often_as_it_says(lab: Lab, tmp_path: Path) -> None:
    config, file = lab.kubeconfig("payments"), tmp_path / "job.yml"
    spec = {"restartPolicy": "Never", "containers": [{"name": "no", "image": "x", "command": ["sh", "-c", "exit 3"]}]}
    job = {"backoffLimit": 1, "template": {"spec": spec}}
    file.write_text(yaml.safe_dump({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "no"}, "spec": job}))
    says(config, "create", "--validate=false", "-f", str(file))

    def status() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(says(config, "get", "job", "no", "-o", "json"))["status"]
        return found

    until(lambda: "conditions" in status(), lambda: f"the Job failed: {status()}")
    assert (status()["failed"], status()["conditions"][0]["type"]) == (2, "Failed")
    assert {pod["status"]["phase"] for pod in pods(config, "-l", "job-name=no")} == {"Failed"}
    says(config, "delete", "job", "no")


def test_components_say_how_they_are(lab: Lab) -> None:
    """Inside of their pods, as the kubelet asks them."""
    config = lab.kubeconfig("ledger")
    asks = "import urllib.request, sys; print(urllib.request.urlopen(sys.argv[1]).status)"
    for component, place in (("dag-processor", "39091/healthz"), ("sentinel", "8080/health")):
        (pod,) = (each["metadata"]["name"] for each in pods(config, "-l", f"component={component}"))
        asking = ("exec", pod, "-c", component, "--", "/opt/agent/bin/python3", "-c", asks, f"http://127.0.0.1:{place}")
        assert says(config, *asking) == "200\n"
        lab.arrange("ledger", pod, well=False)
        assert "HTTP Error 503" in complaint(config, *asking)


def test_a_manifest_is_applied(lab: Lab, tmp_path: Path) -> None:
    """kubectl believes that the server checks its fields; what it applies counts at once."""
    config, file = lab.kubeconfig("payments"), tmp_path / "role.yml"
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "zones"},
        "rules": [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list"]}],
    }
    subject = {"kind": "User", "name": "watcher", "apiGroup": "rbac.authorization.k8s.io"}
    binding = {
        **role,
        "kind": "ClusterRoleBinding",
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "zones"},
        "subjects": [subject],
    }
    del binding["rules"]
    file.write_text(yaml.safe_dump_all([role, binding]))
    watcher = lab.kubeconfig("payments", "watcher")
    assert "forbidden" in complaint(watcher, "get", "nodes")
    assert says(config, "apply", "-f", str(file)).count(" created") == 2
    assert says(watcher, "get", "nodes", "-o", "name").count("node/") == 2
    assert says(config, "apply", "-f", str(file)).count(" unchanged") == 2
    assert "namespaces" not in says(config, "delete", "-f", str(file))
    assert "forbidden" in complaint(watcher, "get", "nodes")


def test_kubectl_restarts_a_deployment(lab: Lab) -> None:
    config = lab.kubeconfig("payments")
    before = set(says(config, "get", "pods", "-l", "component=triggerer", "-o", "name").split())
    says(config, "rollout", "restart", "deployment/astro-agent-triggerer")

    def renewed() -> bool:
        now = set(says(config, "get", "pods", "-l", "component=triggerer", "-o", "name").split())
        return len(now) == 1 and not now & before

    until(renewed, "another pod has taken its place")
