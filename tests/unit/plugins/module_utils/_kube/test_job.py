# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Job that stands in for an agent."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._kube import job as core

POD = {
    "metadata": {
        "name": "worker-5d4-x",
        "namespace": "agents",
        "labels": {
            "app": "astro-agent",
            "component": "worker",
            "pod-template-hash": "5d4",
            "batch.kubernetes.io/x": "y",
        },
        "annotations": {"traffic.sidecar.istio.io/excludeOutboundPorts": "443", "checksum/config": "x"},
    },
    "spec": {
        "serviceAccountName": "agent",
        "nodeName": "ip-10-1-0-5",
        "nodeSelector": {"pool": "agents"},
        "tolerations": [{"key": "agents", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {"x": 1}, "podAntiAffinity": {"y": 1}},
        "imagePullSecrets": [{"name": "registry"}],
        "dnsConfig": {"options": [{"name": "ndots", "value": "2"}]},
        "securityContext": {"runAsUser": 50000, "fsGroup": 50000, "sysctls": [1]},
        "volumes": [{"name": "secret"}],
        "containers": [
            {"name": "istio-proxy", "image": "mesh"},
            {
                "name": "worker",
                "image": "registry.example/agent:1",
                "imagePullPolicy": "Always",
                "command": ["agent"],
                "env": [
                    {"name": "HTTPS_PROXY", "value": "http://proxy:3128"},
                    {"name": "NO_PROXY", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
                    {"name": "AGENT_TOKEN", "valueFrom": {"secretKeyRef": {"name": "token", "key": "t"}}},
                ],
                "volumeMounts": [{"name": "secret"}],
                "securityContext": {
                    "privileged": True,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"add": ["NET_ADMIN"]},
                },
            },
        ],
    },
}
ORDER = core.Order(
    name="probe-1", container="worker", command=["python3", "-c", "print('$(HOME)$$', \"$each\")"], seconds=90
)
JOB = core.manifest(POD, ORDER)
INNER = JOB["spec"]["template"]
(CONTAINER,) = INNER["spec"]["containers"]


def test_what_decides_where_it_runs_is_the_agents():
    assert JOB["metadata"] == {"name": "probe-1", "namespace": "agents", "labels": {core.MARK: "probe-1"}}
    assert INNER["metadata"]["labels"] == {"app": "astro-agent", "component": "worker", core.MARK: "probe-1"}
    assert INNER["metadata"]["annotations"] == {"traffic.sidecar.istio.io/excludeOutboundPorts": "443"}
    for key in ("serviceAccountName", "nodeSelector", "tolerations", "imagePullSecrets", "dnsConfig"):
        assert INNER["spec"][key] == POD["spec"][key]
    assert INNER["spec"]["affinity"] == {"nodeAffinity": {"x": 1}}
    assert "nodeName" not in INNER["spec"]


def test_it_gets_none_of_the_agents_secrets_and_rights():
    assert [each["name"] for each in CONTAINER["env"]] == ["HTTPS_PROXY", "NO_PROXY"]
    assert "volumes" not in INNER["spec"]
    assert "volumeMounts" not in CONTAINER
    assert INNER["spec"]["automountServiceAccountToken"] is False
    assert INNER["spec"]["securityContext"] == {"runAsUser": 50000, "fsGroup": 50000}
    assert CONTAINER["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }


def test_it_ends_once_and_goes_away_by_itself():
    assert (JOB["spec"]["backoffLimit"], JOB["spec"]["activeDeadlineSeconds"]) == (0, 90)
    assert JOB["spec"]["ttlSecondsAfterFinished"] == core.LEFT
    assert INNER["spec"]["restartPolicy"] == "Never"


def test_image_and_command():
    assert (CONTAINER["image"], CONTAINER["imagePullPolicy"]) == ("registry.example/agent:1", "Always")
    assert CONTAINER["command"][-1] == "print('$$(HOME)$$$', \"$each\")"
    other = core.manifest(POD, replace(ORDER, image="python:3.12"))
    (one,) = other["spec"]["template"]["spec"]["containers"]
    assert one["image"] == "python:3.12"
    assert "imagePullPolicy" not in one


def test_pods_of_such_jobs_are_no_agents():
    assert core.is_agent(POD)
    assert not core.is_agent(INNER)


def test_a_program_as_one_argument(monkeypatch):
    program = (
        b"import sys\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\nprint(A(len(sys.argv)))\n"
        + b"#" * 200_000
    )
    monkeypatch.setattr(core, "SETTLES", 0)
    line = core.start(program)
    assert len(line) < core.LONGEST
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout == "A(x=1)\n"


def pod(state=None, phase="Pending", name="probe", **status):
    return {"status": {"phase": phase, "containerStatuses": [{"name": name, "state": state or {}}], **status}}


@pytest.mark.parametrize(
    ("given", "ended", "hopeless"),
    [
        (pod(), False, False),
        (pod({"running": {}}, "Running"), False, False),
        (pod({"terminated": {"exitCode": 0}}, "Running"), True, False),  # a sidecar goes on
        (pod({"terminated": {"exitCode": 0}}, "Running", "istio-proxy"), False, False),
        (pod(phase="Failed"), True, False),
        (pod({"waiting": {"reason": "ContainerCreating"}}), False, False),
        (pod({"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}), False, True),
        ({"status": {"containerStatuses": [7]}}, False, False),
    ],
)
def test_how_it_fares(given, ended, hopeless):
    assert core.ended(given) is ended
    assert bool(core.hopeless(given)) is hopeless


@pytest.mark.parametrize(
    ("given", "job", "said"),
    [
        (None, {}, "no pod was made"),
        (None, {"status": {"conditions": [{"type": "Failed", "reason": "DeadlineExceeded"}]}}, "DeadlineExceeded"),
        (pod({"waiting": {"reason": "ImagePullBackOff", "message": "no image"}}), {}, "ImagePullBackOff: no image"),
        (pod({"terminated": {"reason": "StartError", "message": "no sh"}}), {}, "StartError: no sh"),
        (
            pod(
                conditions=[
                    {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes."}
                ]
            ),
            {},
            "Unschedulable: 0/3 nodes",
        ),
        (pod(), {}, "its pod is Pending"),
    ],
)
def test_what_it_waits_for(given, job, said):
    assert core.waits(given, job).startswith(said)
