# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a discovery finds, in whole accounts and regions, whoever made it. Types only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .._link.model import Endpoint, SecurityGroup
from .._link.zone import Zone
from .tags import EksCluster, Vpc


@dataclass(frozen=True, kw_only=True)
class HostedZone:
    """A private zone of Astro's names, the account that has it, and how that was reached."""

    zone: Zone
    account_id: str
    access: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Connection:
    """An active peering, or one VPC on a transit gateway: VPCs with the same ``id`` are connected."""

    id: str
    vpcs: frozenset[str]

    @property
    def kind(self) -> str:
        return "peering" if self.id.startswith("pcx-") else "transit gateway"


@dataclass(frozen=True, kw_only=True)
class Pods:
    """What an EKS cluster shows of agents: how many pods each namespace has, or the ``problem`` why nothing is known of them."""

    cluster: EksCluster
    namespaces: Mapping[str, int] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A Deployment with Remote Execution. ``ranges`` are those that may reach its API, none for everybody."""

    id: str
    name: str
    cluster_id: str
    url: str
    ranges: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Astro:
    """What Astro has; ``clusters`` are the ranges of each, from which requests over PrivateLink come."""

    deployments: tuple[Deployment, ...] = ()
    clusters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Survey:
    """All that was found. ``groups`` are those of endpoints to Astro and those that they admit; ``tagged`` are groups of agents by their
    tag, by VPC. ``subnets`` are the Availability Zone and the range of each. ``serving`` are zones of Astro's names that serve
    VPCs, of whatever account: ids by VPC. ``asked`` and ``unread`` say which accounts and regions were read, and what was not.
    """

    vpcs: tuple[Vpc, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    groups: tuple[SecurityGroup, ...] = ()
    zones: tuple[HostedZone, ...] = ()
    connections: tuple[Connection, ...] = ()
    subnets: Mapping[str, str] = field(default_factory=dict)
    tagged: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    clusters: tuple[EksCluster, ...] = ()
    pods: tuple[Pods, ...] = ()
    serving: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    astro: Astro | None = None
    asked: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @classmethod
    def merge(cls, parts: Iterable[Survey]) -> Survey:
        """Where two ways lead to the same thing the first one counts; of an EKS cluster the last one, which knows more."""
        every = list(parts)
        vpcs: dict[str, Vpc] = {}
        for vpc in (vpc for part in every for vpc in part.vpcs):
            vpcs.setdefault(vpc.vpc_id, vpc)
        zones: dict[str, HostedZone] = {}
        for zone in (zone for part in every for zone in part.zones):
            zones.setdefault(str(zone.zone.id), zone)
        return cls(
            vpcs=tuple(vpcs.values()),
            endpoints=tuple({str(e.id): e for part in reversed(every) for e in part.endpoints}.values()),
            groups=tuple({str(g.id): g for part in every for g in part.groups}.values()),
            zones=tuple(zones.values()),
            connections=tuple(dict.fromkeys(each for part in every for each in part.connections)),
            subnets={key: text for part in every for key, text in part.subnets.items()},
            tagged={key: groups for part in every for key, groups in part.tagged.items()},
            clusters=tuple({(c.vpc_id, c.name): c for part in every for c in part.clusters}.values()),
            pods=tuple({(p.cluster.vpc_id, p.cluster.name): p for part in every for p in part.pods}.values()),
            serving={key: zones_ for part in every for key, zones_ in part.serving.items()},
            astro=next((part.astro for part in every if part.astro), None),
            asked=tuple(dict.fromkeys(text for part in every for text in part.asked)),
            unread=tuple(dict.fromkeys(text for part in every for text in part.unread)),
        )
