# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `kubectl get` prints: the server makes the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from . import pods
from .kinds import DEPLOYMENTS, EVENTS, JOBS, NODES, PODS, Kind
from .store import Object

Cells = Callable[[Object], list[Any]]
_WIDE = 1  # the priority of columns for -o wide


def table(kind: Kind, things: Iterable[Object], metadata: Object, include: str) -> Object:
    columns, cells = _SHOWN.get(kind, (_PLAIN, lambda thing: [thing["metadata"]["name"], age(thing)]))
    rows = [{"cells": cells(thing), "object": _object(thing, include)} for thing in things]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": [
            {
                "name": name,
                "type": "string",
                "format": "name" if name == "Name" else "",
                "description": "",
                "priority": wide,
            }
            for name, wide in columns
        ],
        "rows": rows,
    }


def _object(thing: Object, include: str) -> Object | None:
    if include == "None":
        return None
    if include == "Object":
        return thing
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": thing["metadata"]}


def age(thing: Object, at: str | None = None) -> str:
    began = datetime.strptime(at or thing["metadata"]["creationTimestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    seconds = max(0, int((datetime.now(UTC) - began).total_seconds()))
    for size, letter in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= 2 * size:
            return f"{seconds // size}{letter}"
    return f"{seconds}s"


def _pod(thing: Object) -> list[Any]:
    status, names = thing["status"], pods.container_names(thing)
    restarts = sum(each["restartCount"] for each in status.get("containerStatuses", ()))
    shown = "Terminating" if "deletionTimestamp" in thing["metadata"] else _phase(status)
    where = [status.get("podIP", "<none>"), thing["spec"].get("nodeName", "<none>")]
    ready = f"{pods.ready_count(thing)}/{len(names)}"
    return [thing["metadata"]["name"], ready, shown, str(restarts), age(thing), *where, "<none>", "<none>"]


def _phase(status: Object) -> str:
    for each in status.get("containerStatuses", ()):
        state = each.get("state", {})
        reason = (state.get("terminated") or state.get("waiting") or {}).get("reason")
        if reason:
            return str(reason)
    return str(status["phase"])


def _node(thing: Object) -> list[Any]:
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in thing["status"]["conditions"])
    version = thing["status"]["nodeInfo"]["kubeletVersion"]
    return [thing["metadata"]["name"], "Ready" if ready else "NotReady", "<none>", age(thing), version]


def _deployment(thing: Object) -> list[Any]:
    status = thing["status"]
    ready = f"{status.get('readyReplicas', 0)}/{thing['spec']['replicas']}"
    return [
        thing["metadata"]["name"],
        ready,
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        age(thing),
    ]


def _job(thing: Object) -> list[Any]:
    status = thing.get("status", {})
    done = "Complete" if status.get("succeeded") else "Failed" if status.get("failed") else "Running"
    return [thing["metadata"]["name"], done, f"{status.get('succeeded', 0)}/1", age(thing)]


def _event(thing: Object) -> list[Any]:
    about = thing["involvedObject"]
    seen = age(thing, thing.get("lastTimestamp"))
    return [seen, thing["type"], thing["reason"], f"{about['kind'].lower()}/{about['name']}", thing["message"]]


def _columns(*names: str, wide: tuple[str, ...] = ()) -> list[tuple[str, int]]:
    return [*((name, 0) for name in names), *((name, _WIDE) for name in wide)]


_PLAIN = _columns("Name", "Age")
_SHOWN: dict[Kind, tuple[list[tuple[str, int]], Cells]] = {
    PODS: (
        _columns(
            "Name", "Ready", "Status", "Restarts", "Age", wide=("IP", "Node", "Nominated Node", "Readiness Gates")
        ),
        _pod,
    ),
    NODES: (_columns("Name", "Status", "Roles", "Age", "Version"), _node),
    DEPLOYMENTS: (_columns("Name", "Ready", "Up-to-date", "Available", "Age"), _deployment),
    JOBS: (_columns("Name", "Status", "Completions", "Age"), _job),
    EVENTS: (_columns("Last Seen", "Type", "Reason", "Object", "Message"), _event),
}
