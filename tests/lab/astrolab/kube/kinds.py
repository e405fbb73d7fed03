# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of objects that the API server knows, as discovery tells them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

READS = ("get", "list", "watch")
WRITES = ("create", "delete", "patch", "update")


@dataclass(frozen=True, slots=True)
class Kind:
    plural: str
    name: str
    group: str = ""
    version: str = "v1"
    namespaced: bool = True
    short: tuple[str, ...] = ()
    verbs: tuple[str, ...] = (*READS, *WRITES)

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """As error messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a request is about."""

    kind: Kind
    namespace: str = ""
    name: str = ""
    part: str = ""  # a subresource

    @property
    def resource(self) -> str:
        return f"{self.kind.plural}/{self.part}" if self.part else self.kind.plural


PODS = Kind("pods", "Pod", short=("po",))
NODES = Kind("nodes", "Node", namespaced=False, short=("no",))
NAMESPACES = Kind("namespaces", "Namespace", namespaced=False, short=("ns",))
SERVICES = Kind("services", "Service", short=("svc",))
ENDPOINTS = Kind("endpoints", "Endpoints", short=("ep",))
CONFIG_MAPS = Kind("configmaps", "ConfigMap", short=("cm",))
EVENTS = Kind("events", "Event", short=("ev",))
SERVICE_ACCOUNTS = Kind("serviceaccounts", "ServiceAccount", short=("sa",))
DEPLOYMENTS = Kind("deployments", "Deployment", "apps", short=("deploy",))
REPLICA_SETS = Kind("replicasets", "ReplicaSet", "apps", short=("rs",))
DAEMON_SETS = Kind("daemonsets", "DaemonSet", "apps", short=("ds",))
JOBS = Kind("jobs", "Job", "batch")
POLICIES = Kind("networkpolicies", "NetworkPolicy", "networking.k8s.io", short=("netpol",))
ROLES = Kind("roles", "Role", "rbac.authorization.k8s.io")
ROLE_BINDINGS = Kind("rolebindings", "RoleBinding", "rbac.authorization.k8s.io")
CLUSTER_ROLES = Kind("clusterroles", "ClusterRole", "rbac.authorization.k8s.io", namespaced=False)
CLUSTER_ROLE_BINDINGS = Kind("clusterrolebindings", "ClusterRoleBinding", "rbac.authorization.k8s.io", namespaced=False)
CILIUM_POLICIES = Kind("ciliumnetworkpolicies", "CiliumNetworkPolicy", "cilium.io", "v2", short=("cnp",))
POD_GROUPS = Kind("securitygrouppolicies", "SecurityGroupPolicy", "vpcresources.k8s.aws", "v1beta1", short=("sgp",))

#: Those that only some clusters have: where such an object is.
EXTENSIONS = (CILIUM_POLICIES, POD_GROUPS)
_ALL = (PODS, SERVICES, DEPLOYMENTS, REPLICA_SETS, DAEMON_SETS, JOBS)
KINDS = (
    *(PODS, NODES, NAMESPACES, SERVICES, ENDPOINTS, CONFIG_MAPS, EVENTS, SERVICE_ACCOUNTS),
    *(DEPLOYMENTS, REPLICA_SETS, DAEMON_SETS, JOBS, POLICIES),
    *(ROLES, ROLE_BINDINGS, CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS),
)
#: (plural, kind, verbs, group); as what they are asked for with a verb.
SUBRESOURCES = (
    ("pods/exec", "PodExecOptions", ("create", "get"), ""),
    ("pods/log", "Pod", ("get",), ""),
    ("pods/status", "Pod", ("get",), ""),
)
REVIEWS = Kind(
    "selfsubjectaccessreviews", "SelfSubjectAccessReview", "authorization.k8s.io", "v1", False, verbs=("create",)
)


def groups(kinds: Iterable[Kind]) -> dict[str, list[str]]:
    """The versions of each named group."""
    found: dict[str, list[str]] = {}
    for kind in kinds:
        if kind.group and kind.version not in found.setdefault(kind.group, []):
            found[kind.group].append(kind.version)
    return found


def resources(kinds: Iterable[Kind], group: str, version: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = [
        {
            "name": kind.plural,
            "singularName": kind.name.lower(),
            "namespaced": kind.namespaced,
            "kind": kind.name,
            "verbs": list(kind.verbs),
            **({"shortNames": list(kind.short)} if kind.short else {}),
            **({"categories": ["all"]} if kind in _ALL else {}),
        }
        for kind in kinds
        if (kind.group, kind.version) == (group, version)
    ]
    parts = [each for each in SUBRESOURCES if (each[3], "v1") == (group, version)]
    return found + [
        {"name": name, "singularName": "", "namespaced": True, "kind": kind, "verbs": list(verbs)}
        for name, kind, verbs, _group in parts
    ]
