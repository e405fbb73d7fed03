# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Job that looks in an agent's place, where nothing may run in the agent's own container: its manifest, and how it fares. Pure.

Its pod is like the agent's in all that decides where it runs and what it reaches: labels, service account, node selection, DNS and
hosts file, security context, proxy variables. It is a twin, not the agent: another start, and perhaps another node.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._core.text import printable
from .objects import Thing, labels, many, namespace, notes, part, shown, text

#: On the Job and its pod, with the Job's name. Pods that have it are no agents.
MARK = "astro.privatelink/probe"
#: Seconds after which Kubernetes removes a Job that has ended, if nobody does before.
LEFT = 300
#: Seconds that a new pod waits before it looks: network plugins may apply policies a moment after it starts, and let all pass
#: until then (https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy-configure.html).
SETTLES = 5
#: Most bytes of one argument of a program on Linux, and some to spare.
LONGEST = 120_000
#: Labels that tie a pod to what made it.
_OWNERS = {
    "apps.kubernetes.io/pod-index",
    "controller-revision-hash",
    "controller-uid",
    "job-name",
    "pod-template-generation",
    "pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
}
#: What a mesh does to a pod's connections stands in annotations with these beginnings.
_MESHES = (
    "appmesh.k8s.aws/",
    "config.linkerd.io/",
    "consul.hashicorp.com/",
    "kuma.io/",
    "linkerd.io/",
    "proxy.istio.io/",
    "sidecar.istio.io/",
    "traffic.kuma.io/",
    "traffic.sidecar.istio.io/",
)
_SPEC = (
    "dnsConfig",
    "dnsPolicy",
    "hostAliases",
    "hostNetwork",
    "imagePullSecrets",
    "nodeSelector",
    "runtimeClassName",
    "schedulerName",
    "serviceAccountName",
    "tolerations",
)
_SECURITY = ("runAsUser", "runAsGroup", "runAsNonRoot", "seccompProfile", "seLinuxOptions")
_VARIABLES = {
    *(name for each in ("http_proxy", "https_proxy", "all_proxy", "no_proxy") for name in (each, each.upper())),
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
}


def start(program: bytes) -> str:
    """A line of Python that is the whole program: a Job has no stdin."""
    packed = base64.b64encode(zlib.compress(program, 9)).decode()
    return (
        f"import time; time.sleep({SETTLES}); "
        "import sys; sys.path[:] = [p for p in sys.path if p]; import types, base64, zlib; m = types.ModuleType('probe'); "
        "sys.modules['probe'] = m; "
        f"exec(compile(zlib.decompress(base64.b64decode({packed!r})), 'probe', 'exec'), m.__dict__)"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a Job is to run, for ``seconds`` at most, in ``image`` if not in that of the agent's ``container``."""

    name: str
    container: str
    command: Sequence[str]
    seconds: int
    image: str = ""


def manifest(pod: Thing, order: Order) -> dict[str, Any]:
    """The Job in an agent's place; ``pod`` is the agent's as the API has it."""
    spec = part(pod, "spec")
    own = next(
        (part({"c": each}, "c") for each in many(spec, "containers") if text(each, "name") == order.container), {}
    )
    mark = {MARK: order.name}
    kept = {
        key: value
        for key, value in labels(pod).items()
        if key not in _OWNERS and not key.startswith("batch.kubernetes.io/")
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": order.name, "namespace": namespace(pod), "labels": mark},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": order.seconds,
            "ttlSecondsAfterFinished": LEFT,
            "template": {
                "metadata": {"labels": {**kept, **mark}, "annotations": _annotations(pod)},
                "spec": {
                    **{key: spec[key] for key in _SPEC if spec.get(key)},
                    **_affinity(spec),
                    "automountServiceAccountToken": False,
                    "restartPolicy": "Never",
                    "securityContext": _security(part(spec, "securityContext"), "fsGroup", "supplementalGroups"),
                    "containers": [_container(own, order.command, order.image)],
                },
            },
        },
    }


def _container(own: Thing, command: Sequence[str], image: str) -> dict[str, Any]:
    security = _security(part(own, "securityContext"), "readOnlyRootFilesystem")
    pull = {"imagePullPolicy": text(own, "imagePullPolicy")} if text(own, "imagePullPolicy") and not image else {}
    return {
        "name": "probe",
        "image": image or text(own, "image"),
        **pull,
        "command": [re.sub(r"\$(?=[$(])", "$$", each) for each in command],  # so that Kubernetes finds no variables
        "env": [each for each in many(own, "env") if text(each, "name") in _VARIABLES],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"cpu": "500m", "memory": "256Mi"}},
        "securityContext": {**security, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }


def _annotations(pod: Thing) -> dict[str, str]:
    return {key: value for key, value in notes(pod).items() if key.startswith(_MESHES)}


def _affinity(spec: Thing) -> dict[str, Any]:
    """On which nodes it may run, not near which pods."""
    nodes = part(spec, "affinity", "nodeAffinity")
    return {"affinity": {"nodeAffinity": dict(nodes)}} if nodes else {}


def _security(given: Thing, *more: str) -> dict[str, Any]:
    return {key: given[key] for key in (*_SECURITY, *more) if key in given}


# --- how it fares


def is_agent(pod: Thing) -> bool:
    """Whether a pod is none of a Job of this collection."""
    return MARK not in labels(pod)


def ended(pod: Thing) -> bool:
    """Whether the probe has run; sidecars may go on."""
    return text(pod, "status", "phase") in {"Succeeded", "Failed"} or bool(part(_status(pod), "state", "terminated"))


def hopeless(pod: Thing) -> str:
    """Why it will not start by itself, or nothing."""
    reason = text(_status(pod), "state", "waiting", "reason")
    stuck = {
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ImagePullBackOff",
        "InvalidImageName",
    }
    return _told(reason, text(_status(pod), "state", "waiting", "message")) if reason in stuck else ""


def waits(pod: Thing | None, job: Thing) -> str:
    """What it waits for, or why it failed."""
    for condition in many(job, "status", "conditions"):
        if text(condition, "type") in {"Failed", "FailureTarget"} and pod is None:
            return _told(text(condition, "reason"), text(condition, "message"))
    if pod is None:
        return "no pod was made for it: check quotas and admission rules of the namespace"
    waiting, over = part(_status(pod), "state", "waiting"), part(_status(pod), "state", "terminated")
    if over:
        return _told(text(over, "reason"), text(over, "message"))
    for condition in many(pod, "status", "conditions"):
        if text(condition, "type") == "PodScheduled" and text(condition, "status") == "False":
            return _told(text(condition, "reason"), text(condition, "message"))
    return (
        _told(text(waiting, "reason"), text(waiting, "message"))
        or f"its pod is {shown(pod, 'status', 'phase') or 'unknown'}"
    )


def _told(reason: str, message: str) -> str:
    return printable(": ".join(each for each in (reason, message) if each), 300).rstrip(".")


def _status(pod: Thing) -> Mapping[str, Any]:
    statuses = (part({"s": each}, "s") for each in many(pod, "status", "containerStatuses"))
    return next((each for each in statuses if text(each, "name") == "probe"), {})
