# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Job in an agent's place: what is sent, and that it is removed whatever comes of it."""

from __future__ import annotations

import json

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._kube import script, twin
from ansible_collections.astro.privatelink.plugins.module_utils._kube.choose import Chosen
from ansible_collections.astro.privatelink.plugins.module_utils._kube.model import Cluster, Pod, Refused

from .fake import Api, forbidden

JOBS = "/apis/batch/v1/namespaces/airflow/jobs"
PODS = "/api/v1/namespaces/airflow/pods"
LOG = f"{PODS}/j-1/log"
CHOSEN = Chosen(slot="airflow/worker/1", pod=Pod(namespace="airflow", name="w-1"), container="worker")
AGENT = {
    "metadata": {"name": "w-1", "namespace": "airflow"},
    "spec": {"containers": [{"name": "worker", "image": "i"}]},
}


def pod(**state):
    return {
        "metadata": {"name": "j-1"},
        "status": {"phase": "Pending", "containerStatuses": [{"name": "probe", "state": state}]},
    }


DONE = pod(terminated={"exitCode": 0})
GOOD = f"noise\n{script.MARK}{json.dumps({'addresses': []})}\n".encode()


def look(api, pause=lambda _seconds: None):
    return twin.Twin(client=api, cluster=Cluster(context="c", job=True), pause=pause).look(CHOSEN, "source", {}, 5.0)


def sent(api):
    return [method for method, _path, _body in api.sent]


def test_the_answer_is_read_from_its_log():
    api = Api(**{PODS: ([AGENT], [], [pod(running={})], [DONE]), LOG: GOOD})
    assert look(api) == {"addresses": []}
    (made, gone) = api.sent
    name = made[2]["metadata"]["name"]
    assert made[:2] == ("POST", JOBS)
    assert gone == ("DELETE", f"{JOBS}/{name}", {"propagationPolicy": "Background"})
    assert api.asked[1] == (PODS, {"labelSelector": f"astro.privatelink/probe={name}"})


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({f"POST {JOBS}": forbidden("create", "jobs")}, "refuses to create jobs in airflow"),
        ({PODS: ([AGENT], [pod(waiting={"reason": "ImagePullBackOff", "message": "no such image"})])}, "no such image"),
        ({PODS: ([AGENT], [DONE]), LOG: b"Traceback\nSyntaxError: x"}, "SyntaxError: x"),
        ({PODS: ([AGENT], [DONE]), LOG: forbidden("get", "pods/log")}, "refuses to get pods/log in airflow"),
        ({PODS: ([AGENT], forbidden("list", "pods"))}, "refuses to list pods"),
    ],
)
def test_what_goes_wrong_is_told_and_the_job_removed(answers, told):
    api = Api(**{PODS: ([AGENT], [DONE]), LOG: GOOD, **answers})
    with pytest.raises(Refused) as caught:
        look(api)
    assert caught.value.code == "KUBE_JOB_FAILED"
    assert told in str(caught.value)
    assert sent(api) == ["POST", "DELETE"]


def test_a_run_that_is_told_to_stop_removes_it():
    def pause(_seconds):
        raise InterruptedError

    api = Api(**{PODS: ([AGENT], [])})
    with pytest.raises(InterruptedError):
        look(api, pause)
    assert sent(api) == ["POST", "DELETE"]


def test_an_agent_that_is_gone_has_no_job():
    api = Api(**{PODS: []})
    with pytest.raises(Refused) as caught:
        look(api)
    assert caught.value.code == "KUBE_POD_GONE"
    assert sent(api) == []


def test_a_job_that_cannot_be_removed_does_not_hide_the_answer():
    api = Api(**{PODS: ([AGENT], [DONE]), LOG: GOOD})
    made = api.send

    def send(method, path, body):
        made(method, path, body)
        if method == "DELETE":
            raise forbidden("delete", "jobs")

    api.send = send
    assert look(api) == {"addresses": []}
    assert sent(api) == ["POST", "DELETE"]


@pytest.mark.parametrize(("code", "times"), [("KUBE_API_UNREACHABLE", 2), ("KUBE_FORBIDDEN", 1)])
def test_its_removal_is_tried_again_where_the_api_does_not_answer_for_a_moment(code, times):
    api = Api(**{PODS: ([AGENT], [DONE]), LOG: GOOD})
    made, facts = (
        api.send,
        {"url": "u", "hint": "h"} if times == 2 else {"verb": "delete", "resource": "jobs", "kind": "Role"},
    )

    def send(method, path, body):
        made(method, path, body)
        if sent(api) == ["POST", "DELETE"]:
            raise Refused(code, cluster="c", namespace="airflow", detail="no", **facts)

    api.send = send
    assert look(api) == {"addresses": []}
    assert sent(api) == ["POST", *["DELETE"] * times]
