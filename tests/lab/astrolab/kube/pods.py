# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods as objects: from a template, through their life, to what is seen of them. Pure, but for names and the clock."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from .store import Object, now
from .wanted import ClusterWanted, NodePlan

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"  # of generated names: no vowels, nothing that looks alike
IMAGE = "images.astronomer.cloud/baseimages/astro-remote-execution-agent:3.1-1-python-3.12-astro-agent-1.2.0"
SERVICE_ACCOUNT = "astro-agent"
HEALTH = {"sentinel": (8080, "/health")}
_HEALTHZ = (39091, "/healthz")


def letters(count: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _each in range(count))


def health(component: str) -> tuple[int, str]:
    """Port and path at which the kubelet asks a component of the agents."""
    return HEALTH.get(component, _HEALTHZ)


def template(wanted: ClusterWanted, component: str) -> Object:
    """The pod template of one of the chart's Deployments."""
    port, path = health(component)
    probe = {"httpGet": {"path": path, "port": port, "scheme": "HTTP"}, "periodSeconds": 10}
    main: Object = {
        "name": component,
        "image": IMAGE,
        "env": [{"name": name, "value": value} for name, value in wanted.env.items()],
        "ports": [{"name": "health", "containerPort": port, "protocol": "TCP"}],
        "livenessProbe": probe,
        "readinessProbe": probe,
        "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}},
    }
    if wanted.read_only:
        main["securityContext"] = {"readOnlyRootFilesystem": True, "runAsNonRoot": True}
    containers = [main, *({"name": name, "image": f"example.com/{name}:1"} for name in wanted.sidecars)]
    return {
        "metadata": {"labels": {"app": "astro-agent", "component": component}},
        "spec": {
            "containers": containers,
            "serviceAccountName": SERVICE_ACCOUNT,
            "restartPolicy": "Always",
            "dnsPolicy": "ClusterFirst",
            "terminationGracePeriodSeconds": 600,
        },
    }


def pod(made_from: Object, name: str, namespace: str, owner: Object | None, more: Mapping[str, str]) -> Object:
    """A pod that is not on a node yet; `more` are further labels."""
    metadata = copy.deepcopy(made_from.get("metadata") or {})
    metadata |= {"name": name, "namespace": namespace, "labels": {**(metadata.get("labels") or {}), **more}}
    if owner is not None:
        metadata["ownerReferences"] = [
            {
                "apiVersion": owner["apiVersion"],
                "kind": owner["kind"],
                "name": owner["metadata"]["name"],
                "uid": owner["metadata"]["uid"],
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ]
    spec = copy.deepcopy(made_from["spec"])
    spec.setdefault("serviceAccountName", "default")
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("tolerations", [])
    return {"metadata": metadata, "spec": spec, "status": {"phase": "Pending", "qosClass": "Burstable"}}


def placed(thing: Object, node: NodePlan) -> Object:
    return {**thing, "spec": {**thing["spec"], "nodeName": node.name}}


def running(thing: Object, node: NodePlan, address: str, *, ready: bool = True, restarts: int = 0) -> Object:
    at = now()
    status = {
        **thing["status"],
        "phase": "Running",
        "hostIP": str(node.address),
        "hostIPs": [{"ip": str(node.address)}],
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": thing["status"].get("startTime", at),
        "conditions": conditions(at, ready=ready),
        "containerStatuses": [
            {
                "name": each["name"],
                "image": each["image"],
                "imageID": f"{each['image'].partition(':')[0]}@sha256:{'0' * 64}",
                "containerID": f"containerd://{thing['metadata']['uid'].replace('-', '') * 2}",
                "ready": ready,
                "started": True,
                "restartCount": restarts,
                "state": {"running": {"startedAt": at}},
                "lastState": {},
            }
            for each in thing["spec"]["containers"]
        ],
    }
    return {**thing, "status": status}


def ended(thing: Object, code: int) -> Object:
    """A pod whose only container is done."""
    at, phase = now(), "Failed" if code else "Succeeded"
    why = "Error" if code else "Completed"
    statuses = [
        {
            **each,
            "ready": False,
            "started": False,
            "state": {"terminated": {"exitCode": code, "reason": why, "finishedAt": at, "startedAt": at}},
        }
        for each in thing["status"].get("containerStatuses", ())
    ]
    status = {
        **thing["status"],
        "phase": phase,
        "conditions": conditions(at, ready=False),
        "containerStatuses": statuses,
    }
    return {**thing, "status": status}


def terminating(thing: Object) -> Object:
    """A pod that is asked to end: it has a deletion timestamp, and soon it is not ready."""
    metadata = {**thing["metadata"], "deletionTimestamp": now(), "deletionGracePeriodSeconds": 30}
    return {**thing, "metadata": metadata}


def unschedulable(thing: Object) -> Object:
    message = "0/2 nodes are available: 2 Insufficient memory. preemption: 0/2 nodes are available."
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    return {**thing, "status": {"phase": "Pending", "qosClass": "Burstable", "conditions": [condition]}}


def conditions(at: str, *, ready: bool) -> list[dict[str, str]]:
    known = {"Initialized": True, "Ready": ready, "ContainersReady": ready, "PodScheduled": True}
    return [{"type": name, "status": str(value), "lastTransitionTime": at} for name, value in known.items()]


def is_ready(thing: Object) -> bool:
    known = thing["status"].get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in known)


def env(thing: Object, container: str, of_service: Mapping[str, str]) -> dict[str, str]:
    """The environment of a container, less what the image sets."""
    spec = next(each for each in thing["spec"]["containers"] if each["name"] == container)
    given = {each["name"]: str(each.get("value", "")) for each in spec.get("env") or ()}
    return {"HOSTNAME": thing["metadata"]["name"], **of_service, **given}


def owned_by(things: Iterable[Object], owner: Object) -> list[Object]:
    uid = owner["metadata"]["uid"]
    return [each for each in things if any(one["uid"] == uid for one in each["metadata"].get("ownerReferences", ()))]


def container_names(thing: Object) -> list[str]:
    return [str(each["name"]) for each in thing["spec"]["containers"]]


def ready_count(thing: Object) -> int:
    statuses: list[dict[str, Any]] = thing["status"].get("containerStatuses", [])
    return sum(each["ready"] for each in statuses)
