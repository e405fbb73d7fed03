# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods as the API shows them, whatever form that has."""

from __future__ import annotations

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._kube import model

REPLICA_SET = {"kind": "ReplicaSet", "name": "worker-7d9f8b6c5d", "controller": True}


def shown(name="worker-7d9f8b6c5d-abcde", **more):
    """A Pod as the API shows it."""
    raw = {
        "metadata": {
            "name": name,
            "namespace": "airflow",
            "uid": f"uid of {name}",
            "labels": {"app": "astro-agent", "pod-template-hash": "7d9f8b6c5d"},
            "ownerReferences": [REPLICA_SET],
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {"nodeName": "node-1", "containers": [{"name": "worker", "image": "agent:1"}]},
        "status": {
            "phase": "Running",
            "podIP": "10.10.1.20",
            "hostIP": "10.10.1.5",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "worker", "restartCount": 2, "state": {"running": {"startedAt": "now"}}}],
        },
    }
    for part, given in more.items():
        raw[part] = {**raw[part], **given}
    return raw


def test_a_pod_is_read():
    assert model.pod(shown()) == model.Pod(
        namespace="airflow",
        name="worker-7d9f8b6c5d-abcde",
        uid="uid of worker-7d9f8b6c5d-abcde",
        workload="worker",
        phase="Running",
        ready=True,
        node="node-1",
        address="10.10.1.20",
        node_address="10.10.1.5",
        created="2026-01-01T00:00:00Z",
        containers=(model.Container(name="worker", image="agent:1", running=True, restarts=2),),
        labels={"app": "astro-agent", "pod-template-hash": "7d9f8b6c5d"},
    )


@pytest.mark.parametrize(
    ("meta", "workload"),
    [
        ({"ownerReferences": [{"kind": "StatefulSet", "name": "worker", "controller": True}]}, "worker"),
        ({"ownerReferences": [{"kind": "Other", "name": "x"}, REPLICA_SET]}, "worker"),
        ({"labels": {}}, "worker"),  # without the hash: all but the last part
        ({"ownerReferences": []}, "worker-7d9f8b6c5d-abcde"),
        ({"ownerReferences": [{"kind": "ReplicaSet", "name": "../../secrets"}]}, "worker-7d9f8b6c5d-abcde"),
    ],
)
def test_the_workload_is_the_owner_without_the_hash_of_its_template(meta, workload):
    assert model.pod(shown(metadata=meta)).workload == workload


@pytest.mark.parametrize(
    ("more", "runs", "over"),
    [
        ({}, True, False),
        ({"status": {"phase": "Pending"}}, False, False),
        ({"status": {"phase": "Succeeded"}}, False, True),
        ({"status": {"phase": "Failed", "reason": "Evicted"}}, False, True),
        ({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}, False, False),
        ({"status": {"containerStatuses": [{"name": "worker", "state": {"waiting": {}}}]}}, False, False),
    ],
)
def test_what_runs(more, runs, over):
    found = model.pod(shown(**more))
    assert (found.runs, found.over) == (runs, over)


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        {},
        {"metadata": None},
        {"metadata": {"name": "x"}},
        {"metadata": {"name": "../x", "namespace": "airflow"}},
        {"metadata": {"name": "x\x1b[31m", "namespace": "airflow"}},
        {"metadata": {"name": 7, "namespace": "airflow"}},
    ],
)
def test_what_has_no_proper_name_is_no_pod(raw):
    assert model.pod(raw) is None
    assert model.pods({"items": [raw]}) == []


def test_other_forms_are_left_out():
    odd = shown(
        spec={"nodeName": ["n"], "containers": [None, {"name": 3}, {"name": "worker"}]},
        status={"conditions": {}, "containerStatuses": [{"name": "worker", "state": "up", "restartCount": True}]},
        metadata={"labels": {"app": 7, "x\x1b": "y\x1b[2J"}, "annotations": []},
    )
    found = model.pod(odd)
    assert found.containers == (model.Container(name="worker"),)
    assert (found.node, found.ready, found.labels) == ("", False, {"x": "y[2J"})
    assert model.pods({"items": {"a": 1}}) == model.pods({}) == []


def test_lists_are_bounded():
    many = shown(spec={"containers": [{"name": f"c{number}"} for number in range(10_000)]})
    assert len(model.pod(many).containers) == 64


@pytest.mark.parametrize(
    ("given", "want"),
    [
        (
            {"context": "prod", "namespace": "airflow", "pods_per_component": None, "namespaces": None},
            {"context": "prod", "namespaces": ("airflow",), "selector": "app=astro-agent", "most": 2, "label": "prod"},
        ),
        ({"context": "a", "namespace": "x", "namespaces": ["x", "y"]}, {"namespaces": ("x", "y")}),
        ({"context": "a", "pods_per_component": 0, "region": "eu-west-1"}, {"most": 0, "region": ""}),
        ({"eks_cluster": "agents"}, {"region": "us-east-1", "label": "agents"}),
        ({"eks_cluster": "agents", "region": "eu-west-1"}, {"region": "eu-west-1"}),
        ({"kubeconfig": "/etc/kube/prod"}, {"label": "prod"}),
    ],
)
def test_a_cluster_is_read_from_the_inventory(given, want):
    found = model.Cluster.read(given, "us-east-1")
    assert {key: getattr(found, key) for key in want} == want


def test_what_stands_in_the_way_is_a_finding_fit_to_show():
    problem = model.Refused("KUBE_CONTEXT_UNKNOWN", file="f", context="a\x1b[31mb\n", contexts=["d", "c"])
    assert problem.of("payments").vpc == "payments"
    assert problem.of("payments").seen == "The kubeconfig file f has no context a[31mb . It has: c, d."
