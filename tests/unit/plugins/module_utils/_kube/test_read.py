# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of a cluster, and what becomes of what may not be read."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._kube import read as core
from ansible_collections.astro.privatelink.plugins.module_utils._kube import told
from ansible_collections.astro.privatelink.plugins.module_utils._kube.choose import Place
from ansible_collections.astro.privatelink.plugins.module_utils._kube.model import Cluster, Refused

from .fake import Api, forbidden

CLUSTER = Cluster(context="c", namespaces=("airflow",))
PLACES = [Place(cidr="10.1.0.0/24", zone="a")]
PODS = "/api/v1/namespaces/airflow/pods"
POLICIES = "/apis/networking.k8s.io/v1/namespaces/airflow/networkpolicies"
EVENTS = "/api/v1/namespaces/airflow/events"
COREDNS = "/api/v1/namespaces/kube-system/configmaps/coredns"
LOG = "/api/v1/namespaces/airflow/pods/w/log"


def pod(name="w", host="10.1.0.5", phase="Running", **labels):
    return {
        "metadata": {"name": name, "namespace": "airflow", "labels": labels},
        "status": {"phase": phase, "hostIP": host},
    }


CHOSEN = [SimpleNamespace(pod=SimpleNamespace(namespace="airflow", name="w"), container="worker")]


@pytest.mark.parametrize(
    ("given", "there"),
    [
        (pod(), True),
        (pod(host="10.2.0.5"), False),
        (pod(host=""), True),  # not on a node yet
        (pod(phase="Succeeded"), False),
        (pod(phase="Pending"), True),
        (pod(**{"astro.privatelink/probe": "x"}), False),
    ],
)
def test_the_agents_of_the_vpc(given, there):
    assert bool(core.pods(Api(**{PODS: [given]}), CLUSTER, PLACES)) is there


def test_pods_that_are_nowhere_yet_are_where_the_others_of_their_workload_are():
    def of(workload, name, host):
        owner = {"kind": "StatefulSet", "name": workload, "controller": True}
        given = pod(name, host, "Pending" if not host else "Running")
        return {**given, "metadata": {**given["metadata"], "ownerReferences": [owner]}}

    given = [of("near", "near-0", "10.1.0.5"), of("near", "near-1", ""), of("far", "far-0", "10.2.0.5")]
    found = core.pods(Api(**{PODS: [*given, of("far", "far-1", "")]}), CLUSTER, PLACES)
    assert [each["metadata"]["name"] for each in found] == ["near-0", "near-1"]


def test_pods_of_one_name_in_two_namespaces_have_a_log_each():
    twins = [
        SimpleNamespace(pod=SimpleNamespace(namespace=space, name="w"), container="worker") for space in ("one", "two")
    ]
    logs = {f"/api/v1/namespaces/{space}/pods/w/log": f"heartbeat {space}".encode() for space in ("one", "two")}
    found = core.told(Api(**{EVENTS: [], **logs}), CLUSTER, [], False, twins)
    assert found.logs == {"one/w": "heartbeat one", "two/w": "heartbeat two"}


def test_without_a_namespace_all_are_asked():
    api = Api(**{"/api/v1/pods": [pod()]})
    assert core.pods(api, Cluster(context="c"), PLACES)
    assert api.asked == [("/api/v1/pods", {"labelSelector": "app=astro-agent"})]


def test_only_what_is_asked_for_is_read():
    api = Api(**{EVENTS: []})
    found = core.told(api, CLUSTER, [pod()], False, None)
    assert api.asked == []
    assert (found.policies, found.configs, found.events, found.logs) == ((), (), None, {})
    core.told(api, CLUSTER, [pod()], False, [])
    assert api.asked == [(EVENTS, {"fieldSelector": "type=Warning"})]


def test_all_of_it():
    answers = {
        POLICIES: [{"metadata": {"name": "p"}}, 7],
        EVENTS: [{"type": "Warning"}],
        COREDNS: {"data": {}},
        LOG: b"heartbeat \xff",
    }
    found = core.told(Api(**answers), CLUSTER, [pod()], True, CHOSEN)
    assert [each.get("metadata", {}).get("name") for each in found.policies] == ["p", None]
    assert {each["kind"] for each in found.policies} == {"NetworkPolicy"}
    assert found.configs == ({"data": {}},)
    assert found.logs["airflow/w"].startswith("heartbeat")
    assert not found.unread


def test_cilium_is_asked_for_its_policies_only_where_it_is():
    here = {
        "/apis/cilium.io/v2": {"resources": []},
        "/apis/cilium.io/v2/ciliumclusterwidenetworkpolicies": forbidden(
            "list", "ciliumclusterwidenetworkpolicies", "all namespaces"
        ),
        "/apis/cilium.io/v2/namespaces/airflow/ciliumnetworkpolicies": [{"spec": {}}],
    }
    found = core.told(Api(**here, **{POLICIES: []}), CLUSTER, [pod()], True, None)
    assert [each["kind"] for each in found.policies] == ["CiliumNetworkPolicy"]
    assert list(found.unread) == ["Cilium's policies"]


def test_what_may_not_be_read_is_told_once_with_the_rights():
    answers = {
        POLICIES: forbidden("list", "networkpolicies"),
        EVENTS: forbidden("list", "events"),
        LOG: forbidden("get", "pods/log"),
    }
    api = Api(**answers)
    found = core.told(api, CLUSTER, [pod()], True, CHOSEN * 3)
    assert found.events is None
    assert sum(path == LOG for path, _query in api.asked) == 1
    (one,) = told.unread("one", found)
    assert (one.code, one.severity) == ("KUBE_NOT_CHECKED", "warning")
    assert "get pods/log in airflow, list events in airflow, list networkpolicies in airflow" in one.remedy


def test_pods_that_may_not_be_read_are_refused():
    with pytest.raises(Refused):
        core.pods(Api(**{PODS: forbidden("list", "pods")}), CLUSTER, PLACES)


def test_of_a_long_log_the_newest_lines_are_read():
    """A limit of bytes cuts off the end, and the last heartbeat is there."""
    api = Api(**{EVENTS: [], LOG: (b"x" * core.LOG, b"heartbeat failed")})
    assert core.told(api, CLUSTER, [pod()], False, CHOSEN).logs == {"airflow/w": "heartbeat failed"}
    assert [query["tailLines"] for path, query in api.asked if path == LOG] == ["2000", "200"]


def test_a_log_without_an_end_says_nothing():
    api = Api(**{EVENTS: [], LOG: b"heartbeat " + b"x" * core.LOG})
    found = core.told(api, CLUSTER, [pod()], False, CHOSEN)
    assert (found.logs, found.unread) == ({}, {})
