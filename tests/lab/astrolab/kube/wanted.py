# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a topology says of a cluster, and what its API server is made from once AWS has given its ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Literal

ADMIN = "admin"
NODE_LOCAL = IPv4Address("169.254.20.10")
_COREDNS = IPv4Address("172.20.0.10")  # EKS's, where VPCs have no 172.20


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who may do what, as `can: {pods: [list, get], pods/exec: [get, create]}`; without a namespace it is for all of them."""

    can: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    namespace: str | None = None
    seconds: float | None = None  # how long its token lasts


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterDns:
    """CoreDNS: whom it asks, and for how long it keeps the answers."""

    address: IPv4Address = _COREDNS
    forward: Literal["vpc", "public"] = "vpc"
    cache: int = 30
    node_local: bool = False  # whether pods ask NodeLocal DNSCache


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterWanted:
    """A cluster in a VPC, with one installation of the agents' Helm chart."""

    vpc: str
    service: Literal["eks", "plain"] = "eks"
    version: str = "1.33"
    listed: bool = False  # whether the lab's inventory names it, so that runs find agents there
    api: Literal["public", "private", "refused"] = "public"  # private: packets from outside of the VPC are lost
    namespace: str = "airflow"
    prefix: str = "astro-agent"  # the chart's resourceNamePrefix
    components: Mapping[str, int] = field(default_factory=lambda: {"worker": 2, "dag-processor": 1, "triggerer": 1})
    subnets: tuple[str, ...] = ()  # of the nodes; none means all
    nodes: int = 1  # in each of these subnets
    pod_subnets: tuple[str, ...] = ()  # custom networking: pods have addresses of these, by zone
    own_groups: bool = (
        False  # nodes have a launch template's group instead of EKS's, and pods of custom networking another
    )
    pod_groups: bool = False  # security groups for pods: each has an interface of its own, with the agents' group
    env: Mapping[str, str] = field(default_factory=dict)  # the chart's commonEnv
    python: str = "python3"  # on PATH; a path where it is not; or nothing
    read_only: bool = False  # a read-only root without an emptyDir
    sidecars: tuple[str, ...] = ()
    dns: ClusterDns = ClusterDns()
    users: Mapping[str, User] = field(default_factory=dict)
    entries: Mapping[str, str] = field(
        default_factory=dict
    )  # EKS: account -> user; without any, its own account is admin
    objects: tuple[Mapping[str, object], ...] = ()  # further manifests
    tags: Mapping[str, str] = field(default_factory=dict)  # EKS: of the cluster in AWS


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    name: str
    instance: str
    address: IPv4Address
    zone: str
    pods_interface: str  # that has the addresses of its pods


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPlan:
    name: str
    wanted: ClusterWanted
    vpc: str  # its id
    account: str
    region: str
    nodes: tuple[NodePlan, ...]
    groups: tuple[str, ...]  # the security groups of nodes and of what they have for pods
    pods_group: str  # the security group of pods that have interfaces of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts:
    """How a cluster is reached from outside."""

    vpc: str
    server: str
    kubeconfigs: Mapping[str, str] = field(default_factory=dict)  # user -> file
