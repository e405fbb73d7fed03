# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters as an inventory names them, and pods as the Kubernetes API shows them: known keys, known types, bounded. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._core.errors import PrivateLinkError
from .._core.findings import Finding, finding
from .._core.text import printable
from .health import health_url

#: What Astronomer's Helm chart labels the pods of agents with.
SELECTOR = "app=astro-agent"
#: How many pods of each workload are asked, where the inventory does not say.
MOST = 2
#: The annotation that names a pod's own container (https://kubernetes.io/docs/reference/labels-annotations-taints/).
_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
#: Names of objects of the API (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/).
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
#: Most entries of any list in an object, and most pods of a cluster.
_MANY, _PODS = 64, 20_000


class Refused(PrivateLinkError):
    """What stood in the way of a cluster or a pod: a code of the catalogue and its facts, whichever VPC it concerns."""

    def __init__(self, code: str, **facts: Any) -> None:
        self.code, self.facts = code, facts
        super().__init__(self.of("").text)

    def of(self, vpc: str) -> Finding:
        return finding(self.code, vpc, **{key: _fit(each) for key, each in self.facts.items()})


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Where agents of a VPC run. Either a context of a kubeconfig file, or the name of an EKS cluster; ``most`` pods of each
    workload are asked, 0 for all. ``job``: by a Job like them, where nothing may run in them."""

    context: str = ""
    kubeconfig: str = ""
    eks_cluster: str = ""
    region: str = ""
    namespaces: tuple[str, ...] = ()
    selector: str = SELECTOR
    most: int = MOST
    container: str = ""
    python: str = ""
    job: bool = False
    job_image: str = ""

    @classmethod
    def read(cls, given: Mapping[str, Any], region: str) -> Cluster:
        """From an entry of privatelink_kubernetes; ``region`` is the VPC's."""

        def text(key: str) -> str:
            return str(given.get(key) or "")

        named = [text("namespace"), *map(str, given.get("namespaces") or [])]
        most = given.get("pods_per_component")
        return cls(
            context=text("context"),
            kubeconfig=text("kubeconfig"),
            eks_cluster=text("eks_cluster"),
            region=(text("region") or region) if text("eks_cluster") else "",
            namespaces=tuple(dict.fromkeys(name for name in named if name)),
            selector=text("selector") or SELECTOR,
            most=MOST if most is None else int(most),
            container=text("container"),
            python=text("python"),
            job=given.get("job") is True,
            job_image=text("job_image"),
        )

    @property
    def label(self) -> str:
        """What it is called in texts and in the names of its pods."""
        return self.eks_cluster or self.context or self.kubeconfig.rpartition("/")[2] or "kubernetes"


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container of a pod, as it is wanted and as it runs. ``health_url`` is the page that the kubelet asks, from inside."""

    name: str
    image: str = ""
    running: bool = False
    restarts: int = 0
    health_url: str = ""


@dataclass(frozen=True, kw_only=True)
class Pod:
    """One pod. ``workload`` is the Deployment (or other owner) that makes such pods, ``address`` its own address and
    ``node_address`` that of its node."""

    namespace: str
    name: str
    uid: str = ""
    workload: str = ""
    phase: str = ""
    ready: bool = False
    terminating: bool = False
    node: str = ""
    address: str = ""
    node_address: str = ""
    created: str = ""
    default_container: str = ""
    containers: tuple[Container, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict, repr=False)
    service_account: str = ""

    @property
    def group(self) -> tuple[str, str]:
        """Pods with the same one stand in for each other."""
        return (self.namespace, self.workload)

    @property
    def over(self) -> bool:
        """Whether it has ended: evicted pods and those of finished jobs stay in the API."""
        return self.phase in {"Succeeded", "Failed"}

    @property
    def runs(self) -> bool:
        return self.phase == "Running" and not self.terminating and any(each.running for each in self.containers)


def pods(listed: Mapping[str, Any]) -> list[Pod]:
    """The pods of a PodList."""
    items = _many(listed.get("items"), _PODS)
    return [found for found in map(pod, items) if found]


def pod(raw: Any) -> Pod | None:
    """One pod, or None where it lacks a proper name. Whatever else is missing or of another form is left out."""
    meta, spec, status = (_map(_map(raw).get(key)) for key in ("metadata", "spec", "status"))
    namespace, name = meta.get("namespace"), meta.get("name")
    if not (is_name(namespace) and is_name(name)):
        return None
    labels = _texts(meta.get("labels"))
    annotations = _texts(meta.get("annotations"))
    conditions = {_text(each.get("type")): _text(each.get("status")) for each in _maps(status.get("conditions"))}
    return Pod(
        namespace=str(namespace),
        name=str(name),
        uid=_text(meta.get("uid")),
        workload=_workload(meta, labels) or str(name),
        phase=_text(status.get("phase")),
        ready=conditions.get("Ready") == "True",
        terminating=bool(meta.get("deletionTimestamp")),
        node=_text(spec.get("nodeName")),
        address=_text(status.get("podIP")),
        node_address=_text(status.get("hostIP")),
        created=_text(meta.get("creationTimestamp")),
        default_container=annotations.get(_DEFAULT_CONTAINER, ""),
        containers=tuple(_containers(spec, status)),
        labels=labels,
        annotations=annotations,
        service_account=_text(spec.get("serviceAccountName")),
    )


def is_name(value: Any) -> bool:
    """Whether it is a name of an object, and so safe in a path."""
    return isinstance(value, str) and bool(_NAME.fullmatch(value))


def _containers(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Iterable[Container]:
    states = {_text(each.get("name")): each for each in _maps(status.get("containerStatuses"))}
    for each in _maps(spec.get("containers")):
        name = each.get("name")
        if is_name(name):
            state = states.get(str(name), {})
            yield Container(
                name=str(name),
                image=_text(each.get("image")),
                running="running" in _map(state.get("state")),
                restarts=_count(state.get("restartCount")),
                health_url=health_url(each),
            )


def _workload(meta: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """The owner's name; of a ReplicaSet that of its Deployment, which is the same without the template's hash."""
    owners = _maps(meta.get("ownerReferences"))
    owner = next((each for each in owners if each.get("controller") is True), owners[0] if owners else {})
    name = owner.get("name")
    if not is_name(name):
        return ""
    if owner.get("kind") != "ReplicaSet":
        return str(name)
    digest = labels.get("pod-template-hash", "")
    return str(name).removesuffix(f"-{digest}") if digest else str(name).rpartition("-")[0] or str(name)


def _fit(fact: Any) -> Any:
    if isinstance(fact, (list, tuple, set)):
        return [printable(each, 253) for each in sorted(map(str, fact))[:_MANY]]
    return printable(fact).rstrip(".") if isinstance(fact, str) else fact


def _map(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


def _many(raw: Any, most: int = _MANY) -> list[Any]:
    return raw[:most] if isinstance(raw, list) else []


def _maps(raw: Any) -> list[Mapping[str, Any]]:
    return [each for each in _many(raw) if isinstance(each, Mapping)]


def _text(raw: Any) -> str:
    return printable(raw, 253) if isinstance(raw, str) else ""


def _texts(raw: Any) -> dict[str, str]:
    """Labels or annotations."""
    return {_text(key): printable(each, 2000) for key, each in [*_map(raw).items()][:_MANY] if isinstance(each, str)}


def _count(raw: Any) -> int:
    return raw if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < 1_000_000_000 else 0
