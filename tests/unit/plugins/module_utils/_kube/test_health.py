# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How agent pods are, and whether a change made them worse: tables."""

from __future__ import annotations

import datetime

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._kube import health as core

NOW = datetime.datetime(2026, 5, 1, 12, 0, tzinfo=datetime.UTC)
BEFORE = "2026-05-01T11:55:00Z"
LONG_AGO = "2026-05-01T09:00:00Z"


def pod(name="worker-5d4-a", *, uid="1", ready=True, restarts=0, state=None, ended="", **more):
    status = {"restartCount": restarts, "state": state or {"running": {}}}
    status["lastState"] = {"terminated": {"finishedAt": ended}} if ended else {}
    return {
        "metadata": {
            "name": name,
            "namespace": "agents",
            "uid": uid,
            "labels": {"pod-template-hash": "5d4"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": f"{name.split('-')[0]}-5d4"}],
            **more,
        },
        "status": {
            "phase": "Running",
            "podIP": "10.1.0.17",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [status],
        },
    }


WAITS = {"waiting": {"reason": "CrashLoopBackOff"}}


def event(reason, kind="Warning", last=BEFORE, pod="worker-5d4-a"):
    about = {"namespace": "agents", "name": pod}
    return {
        "type": kind,
        "reason": reason,
        "message": f"about {reason}",
        "involvedObject": about,
        "lastTimestamp": last,
    }


def told(pods, events=None, logs=None):
    return {each["kind"]: each["good"] for each in core.evidence(core.states(pods), events, logs or {}, NOW)}


@pytest.mark.parametrize(
    ("pods", "events", "logs", "found"),
    [
        ([], None, {}, {}),
        ([], [], {}, {}),
        ([pod()], None, {}, {"pods": True}),
        ([pod(), pod(uid="2", ready=False)], None, {}, {"pods": True}),  # one of its pods starts
        ([pod(ready=False)], None, {}, {"pods": False}),
        ([pod(), pod(uid="2", ready=False, state=WAITS)], None, {}, {"pods": False}),
        ([pod(), pod("triggerer-5d4-a", uid="2", ready=False)], None, {}, {"pods": False}),
        ([pod(), pod(uid="2", ready=False, deletionTimestamp=BEFORE)], None, {}, {"pods": True}),
        ([pod(restarts=3, ended=LONG_AGO)], None, {}, {"pods": True}),
        ([pod(restarts=3, ended=BEFORE)], None, {}, {"pods": True, "pod restarts": False}),
        ([pod()], [], {}, {"pods": True, "events": True}),
        ([pod()], [event("BackOff")], {}, {"pods": True, "events": False}),
        ([pod()], [event("BackOff", kind="Normal")], {}, {"pods": True, "events": True}),
        ([pod()], [event("BackOff", last=LONG_AGO)], {}, {"pods": True, "events": True}),
        ([pod()], [event("BackOff", pod="other")], {}, {"pods": True, "events": True}),
        ([pod()], [event("Unhealthy")], {}, {"pods": True, "events": True}),
        ([pod()], [event("BackOff", last=7), 7, {}], {}, {"pods": True, "events": True}),
        ([pod()], None, {"a": "INFO heartbeat sent"}, {"pods": True, "logs": True}),
        ([pod()], None, {"a": "nothing of that"}, {"pods": True}),
        ([pod()], None, {"a": "heartbeat failed: timed out\nINFO Heartbeat sent"}, {"pods": True, "logs": True}),
        ([pod()], None, {"a": "Heartbeat ok\nERROR heartbeat failed", "b": "heartbeat"}, {"pods": True, "logs": False}),
    ],
)
def test_evidence(pods, events, logs, found):
    assert told(pods, events, logs) == found


def test_the_texts_say_what_it_is():
    found = core.evidence(
        core.states([pod(), pod("triggerer-5d4-a", ready=False, state=WAITS)]), [event("BackOff")], {}, NOW
    )
    texts = [each["text"] for each in found]
    assert texts[0] == (
        "1 of 2 agent pods are ready (triggerer 0, worker 1); triggerer-5d4-a is not ready (CrashLoopBackOff)"
    )
    assert texts[1] == "BackOff of worker-5d4-a: about BackOff"


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ([pod()], [pod()], ""),
        ([pod()], [pod(ready=False)], "is not ready"),
        ([pod(ready=False)], [pod(ready=False)], ""),
        ([pod(restarts=1)], [pod(restarts=2)], "restarted"),
        ([pod(restarts=1)], [pod(restarts=1)], ""),
        ([pod()], [pod(uid="2")], ""),  # rolled out, and ready
        ([pod()], [pod(uid="2", ready=False)], "is gone"),
        ([pod()], [], "is gone"),
        ([pod(), pod(uid="2")], [pod(uid="2")], ""),
        ([pod()], [pod("triggerer-5d4-a", uid="2")], "is gone"),
        ([], [pod(ready=False)], ""),
    ],
)
def test_through_a_change(before, after, found):
    got = core.worse("one", core.states(before), core.states(after))
    assert bool(got) is bool(found)
    assert all(one.code == "PODS_WORSE" and found in one.seen for one in got)


@pytest.mark.parametrize(
    ("container", "url"),
    [
        ({"readinessProbe": {"httpGet": {"path": "/healthz", "port": 39091}}}, "http://localhost:39091/healthz"),
        (
            {
                "livenessProbe": {"httpGet": {"path": "/health", "port": "http"}},
                "ports": [{"name": "http", "containerPort": 8080}],
            },
            "http://localhost:8080/health",
        ),
        ({"livenessProbe": {"httpGet": {"port": 1, "host": "169.254.169.254"}}}, "http://localhost:1/"),
        ({"livenessProbe": {"httpGet": {"path": "/x y\n", "port": 1}}}, ""),
        ({"livenessProbe": {"httpGet": {"path": "/", "port": 99999}}}, ""),
        ({"livenessProbe": {"httpGet": {"path": "/", "port": 1, "scheme": "HTTPS"}}}, ""),
        ({"livenessProbe": {"exec": {"command": ["true"]}}}, ""),
        ({}, ""),
    ],
)
def test_where_a_container_says_how_it_is(container, url):
    assert core.health_url({"name": "worker", **container}) == url
