# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods as agent hosts of a step: found once, asked side by side, replaced when they go away; and what cannot be asked."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._core.errors import ReadFailed
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._kube import script
from ansible_collections.astro.privatelink.plugins.module_utils._kube.choose import Place
from ansible_collections.astro.privatelink.plugins.module_utils._kube.client import Missing
from ansible_collections.astro.privatelink.plugins.module_utils._kube.model import Refused
from ansible_collections.astro.privatelink.plugins.module_utils._probe.model import Target
from ansible_collections.astro.privatelink.plugins.plugin_utils import _pods
from ansible_collections.astro.privatelink.plugins.plugin_utils._agents import Look

CLUSTER = {"context": "prod", "namespace": "airflow"}


def vpc(number, *clusters, **more):
    return {
        "privatelink_cluster_id": "abc",
        "privatelink_region": "us-east-1",
        "privatelink_service_name": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0",
        "privatelink_vpc_id": f"vpc-{number:08d}",
        "privatelink_kubernetes": list(clusters),
        **{f"privatelink_{key}": value for key, value in more.items()},
    }


def inventory(agents=(), **hosts):
    vpcs = [name for name in hosts if name not in agents]
    return Inventory.read(hosts, vpcs, list(agents))


def shown(name, node="10.10.0.5", **more):
    workload = name.rpartition("-")[0]
    running = [{"name": workload, "state": {"running": {}}}]
    return {
        "metadata": {
            "name": name,
            "namespace": "airflow",
            "uid": name,
            "ownerReferences": [{"kind": "StatefulSet", "name": workload}],
            **more,
        },
        "spec": {"containers": [{"name": workload}], "nodeName": "n"},
        "status": {
            "phase": "Running",
            "hostIP": node,
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": running,
        },
    }


class Api:
    """An API with pods, each of which answers with its name. ``wrong`` are pods, and what becomes of an exec into them."""

    def __init__(self, *pods, wrong=None, lists=None):
        self.pods, self.wrong, self.lists = list(pods), wrong or {}, lists
        self.asked, self.listed = [], 0

    def list(self, _path, _query=None):
        self.listed += 1
        if isinstance(self.lists, Exception):
            raise self.lists
        return {"items": self.pods}

    def get(self, _path, _query=None):
        return {}

    def run(self, there, command, stdin, _longest):
        self.asked.append((there.pod.name, there.container, command[0]))
        problem = self.wrong.get(there.pod.name)
        if isinstance(problem, Exception):
            raise problem
        if problem is not None:
            return problem
        answer = {
            "name": there.pod.name,
            "asked": json.loads(json.loads(stdin.decode().split("loads(")[-1].split("))")[0])),
        }
        return script.Ended(stdout=f"{script.MARK}{json.dumps(answer)}\n".encode(), status=b'{"status": "Success"}')


class Some(_pods.Pods):
    """Pods of APIs, by their contexts; subnets by VPC id."""

    def __init__(self, apis, places=None):
        self.said = []
        super().__init__(None, 5, "", self.said.extend)
        self.apis, self.places = apis, places

    def _opened(self, _host, cluster):
        api = self.apis[cluster.context]
        if isinstance(api, Exception):
            raise api
        return api

    def _read_places(self, names):
        self._places |= {name: [Place(cidr="10.10.0.0/16", zone="us-east-1a")] for name in names}


def looks(found, vpc_name, **more):
    return [
        Look(one, Target(vpc=vpc_name, host="h", expected=("10.10.1.1",), **more)) for one in found.agents_of(vpc_name)
    ]


def answers(pods, found, name="one"):
    return [one.code if isinstance(one, Refused) else one["name"] for one in pods.look(looks(found, name))]


def test_a_cluster_that_was_not_asked_is_an_agent_host_that_nobody_can_ask():
    given = inventory(one=vpc(1, CLUSTER), two=vpc(2))
    (host,) = given.agents_of("one")
    assert (host.name, host.connection, host.chosen) == ("one/prod", "kubernetes", None)
    assert given.agents_of("two") == []
    api = Api(shown("worker-1"))
    assert answers(Some({"prod": api}), given) == ["KUBE_EXEC_FAILED"]
    assert (api.listed, api.asked) == (0, [])


def test_pods_take_the_place_of_their_cluster():
    api = Api(shown("worker-1"), shown("worker-2"), shown("worker-3"), shown("triggerer-1"))
    pods = Some({"prod": api})
    given = inventory(one=vpc(1, CLUSTER, ca_file="/ca.pem", health_url="http://h"), two=vpc(2, CLUSTER))
    found = pods.with_pods(given, ["one"])
    assert [one.name for one in found.agents_of("one")] == [
        "one/airflow/triggerer/1",
        "one/airflow/worker/1",
        "one/airflow/worker/2",
    ]
    assert {(one.ca_file, one.health_url) for one in found.agents_of("one")} == {("/ca.pem", "http://h")}
    assert [one.name for one in found.agents_of("two")] == ["two/prod"]
    assert pods.said == ["one, pods of prod: airflow/worker: 2 of 3 running pods are asked"]
    pods.with_pods(given, ["one"])
    assert api.listed == 1
    assert answers(pods, found) == ["triggerer-1", "worker-1", "worker-2"]
    assert pods.place(found.agents["one/airflow/worker/2"]) == {
        "pod": "airflow/worker-2",
        "container": "worker",
        "node": "n",
        "zone": "us-east-1a",
    }


def test_several_clusters_of_a_vpc_are_told_apart():
    given = inventory(one=vpc(1, CLUSTER, {"context": "other"}, {"context": "other", "selector": "x=y"}))
    assert list(given.agents) == ["one/prod", "one/other", "one/other#3"]
    pods = Some({"prod": Api(shown("worker-1")), "other": Api(shown("worker-1"))})
    assert list(pods.with_pods(given, ["one"]).agents) == [
        "one/prod/airflow/worker/1",
        "one/other/airflow/worker/1",
        "one/other#3/airflow/worker/1",
    ]


def test_agent_hosts_of_other_kinds_stay():
    given = inventory(["box"], one=vpc(1, CLUSTER), box={"privatelink_agent_vpc": "one"})
    found = Some({"prod": Api(shown("worker-1"))}).with_pods(given, ["one"])
    assert [one.name for one in found.agents_of("one")] == ["box", "one/airflow/worker/1"]


def test_the_probe_is_told_what_it_is_told_elsewhere():
    api = Api(shown("worker-1"))
    pods = Some({"prod": api})
    found = pods.with_pods(inventory(one=vpc(1, CLUSTER)), ["one"])
    (answer,) = pods.look(looks(found, "one", interfaces={"10.10.1.1": "eni-1"}, patience=3.0))
    assert answer["asked"] == {
        "vpc": "one",
        "host": "h",
        "expected": ["10.10.1.1"],
        "port": 443,
        "path": "/",
        "timeout": 5.0,
        "patience": 3.0,
        "nameservers": [],
        "dial_through": "",
        "resolve": True,
        "health_url": "",
    }


@pytest.mark.parametrize(
    ("api", "code"),
    [
        (Refused("KUBE_LOGIN_REFUSED", cluster="c", detail="d"), "KUBE_LOGIN_REFUSED"),
        (ReadFailed("AWS says no."), "READ_FAILED"),
        (Api(lists=Refused("KUBE_API_UNREACHABLE", cluster="c", url="u", detail="d", hint="")), "KUBE_API_UNREACHABLE"),
        (Api(), "KUBE_NO_PODS"),
        (Api(shown("worker-1", node="10.20.0.5")), "KUBE_POD_ELSEWHERE"),
    ],
)
def test_a_cluster_that_shows_no_pods_is_no_other_vpcs_problem(api, code):
    pods = Some({"prod": Api(shown("worker-1")), "odd": api})
    given = inventory(one=vpc(1, {"context": "odd", "namespace": "airflow"}), two=vpc(2, CLUSTER))
    found = pods.with_pods(given, ["one", "two"])
    (host,) = found.agents_of("one")
    assert (host.name, host.refused.code) == ("one/odd", code)
    assert answers(pods, found) == [code]
    assert answers(pods, found, "two") == ["worker-1"]


def gone(name):
    return Missing("KUBE_POD_GONE", pod=name, detail="not found")


def test_a_pod_that_is_gone_has_a_successor():
    api = Api(shown("worker-1"), shown("worker-2"))
    pods = Some({"prod": api})
    found = pods.with_pods(inventory(one=vpc(1, CLUSTER)), ["one"])
    api.pods = [shown("worker-2"), shown("worker-8"), shown("worker-9")]
    api.wrong = {"worker-1": gone("worker-1")}
    assert answers(pods, found) == ["worker-8", "worker-2"]
    assert pods.said == ["one/airflow/worker/1: worker-1 is gone, worker-8 is asked instead"]
    assert pods.place(found.agents["one/airflow/worker/1"])["pod"] == "airflow/worker-8"
    api.asked.clear()
    assert answers(pods, found) == ["worker-8", "worker-2"]
    assert ("worker-1", "worker", "sh") not in api.asked  # the successor stays


def test_successors_are_not_shared():
    api = Api(shown("worker-1"), shown("worker-2"))
    pods = Some({"prod": api})
    found = pods.with_pods(inventory(one=vpc(1, CLUSTER)), ["one"])
    api.pods = [shown("worker-9")]
    api.wrong = {name: gone(name) for name in ("worker-1", "worker-2")}
    assert sorted(answers(pods, found)) == ["KUBE_POD_GONE", "worker-9"]


@pytest.mark.parametrize("code", ["KUBE_POD_GONE", "KUBE_EXEC_FAILED"])
def test_a_pod_that_is_still_there_is_not_replaced(code):
    api = Api(shown("worker-1"), wrong={"worker-1": Refused(code, pod="worker-1", detail="odd")})
    pods = Some({"prod": api})
    found = pods.with_pods(inventory(one=vpc(1, {**CLUSTER, "pods_per_component": 1})), ["one"])
    api.pods.append(shown("worker-2"))
    assert answers(pods, found) == [code]


@pytest.mark.parametrize(
    "problem",
    [
        Refused(
            "KUBE_FORBIDDEN",
            cluster="c",
            detail="d",
            verb="get",
            resource="pods/exec",
            namespace="airflow",
            kind="Role",
        ),
        ValueError("a library's own"),
        ReadFailed("the token could not be made"),
    ],
)
def test_one_pod_takes_no_other_with_it(problem):
    api = Api(shown("worker-1"), shown("triggerer-1"), wrong={"worker-1": problem})
    pods = Some({"prod": api})
    found = pods.with_pods(inventory(one=vpc(1, CLUSTER)), ["one"])
    first, second = answers(pods, found)
    assert first == "triggerer-1"
    assert (
        second
        == {"Refused": "KUBE_FORBIDDEN", "ValueError": "KUBE_EXEC_FAILED", "ReadFailed": "READ_FAILED"}[
            type(problem).__name__
        ]
    )


def missing(text):
    return script.Ended(status=json.dumps({"status": "Failure", "message": text}).encode())


def test_without_sh_python_is_tried_by_name_and_none_is_said():
    api = Api(shown("worker-1"), wrong={"worker-1": missing("executable file not found in $PATH")})
    pods = Some({"prod": api})
    found = pods.with_pods(inventory(one=vpc(1, CLUSTER)), ["one"])
    assert answers(pods, found) == ["KUBE_NO_PYTHON"]
    assert [command for _pod, _container, command in api.asked][:3] == ["sh", "python3", "python"]


def test_what_python_says_in_the_end_is_told():
    ended = script.Ended(stderr=b"Traceback\nMemoryError: no\n", status=b'{"status": "Failure"}')
    api = Api(shown("worker-1"), wrong={"worker-1": ended})
    pods = Some({"prod": api})
    found = pods.with_pods(inventory(one=vpc(1, CLUSTER)), ["one"])
    (problem,) = pods.look(looks(found, "one"))
    assert problem.code == "KUBE_EXEC_FAILED"
    assert "MemoryError: no" in str(problem)
    assert len(api.asked) == 1


def test_many_are_asked_side_by_side_but_not_more_than_that():
    together = threading.Barrier(5, timeout=20)
    running, most, lock = [0], [0], threading.Lock()

    class Slow(Api):
        def run(self, *given):
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            together.wait()
            with lock:
                running[0] -= 1
            return super().run(*given)

    api = Slow(*(shown(f"worker-{number}") for number in range(10)))
    pods = Some({"prod": api})
    found = pods.with_pods(inventory(one=vpc(1, {**CLUSTER, "pods_per_component": 0})), ["one"])
    assert len(answers(pods, found)) == 10
    assert most[0] == 5


def test_every_step_that_looks_looks_from_pods():
    """A step that forgets would not pass, since its clusters could not be asked; but it would never do its work."""
    steps = (Path(_pods.__file__).parents[1] / "action").glob("*.py")
    calls = [
        call for file in steps for call in re.findall(r"(?:verify|harden_aws)\.targets\((.{15})", file.read_text())
    ]
    assert len(calls) >= 8
    assert set(calls) == {"self.with_pods("}


def test_what_a_library_raises_fails_one_cluster_alone():
    """Whatever it is: the others are asked, and it is no consent."""
    pods = Some({"prod": Api(lists=RecursionError("too deep")), "other": Api(shown("worker-0"))})
    found = inventory(one=vpc(1, CLUSTER), two=vpc(2, {**CLUSTER, "context": "other"}))
    found = pods.with_pods(found, ["one", "two"])
    assert answers(pods, found, "one") == ["READ_FAILED"]
    assert answers(pods, found, "two") == ["worker-0"]
    assert "RecursionError: too deep" in str(found.agents_of("one")[0].refused)
