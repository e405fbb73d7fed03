# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which endpoints are ones to Astro, and whose names lead to them, by what a discovery found. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .._link.model import NAME, OWNED, Endpoint, parse_service_region
from .._link.zone import Record, plain
from .found import HostedZone, Survey
from .hosts import SUFFIX
from .tags import AGENTS_TAG

_ENDPOINT = re.compile(r"(?P<id>vpce-[0-9a-f]{8,17})[-.]")
_CLUSTER = re.compile(rf"(?P<id>[a-z0-9]([a-z0-9-]{{0,61}}[a-z0-9])?)\.{re.escape(SUFFIX)}")
#: States from which an endpoint never serves anybody.
_DEAD = {"deleting", "deleted", "rejected", "failed", "expired"}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """By what endpoints to Astro are known, beside the names that lead to them: their services, and any of these tags."""

    services: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=lambda: {"Name": NAME, **OWNED})


@dataclass(frozen=True, kw_only=True)
class Target:
    """A record of a private zone that leads a cluster's name to an endpoint."""

    cluster_id: str
    endpoint_id: str
    zone: HostedZone
    record: Record


@dataclass(frozen=True, kw_only=True)
class Claim:
    """An endpoint that a VPC uses for a cluster, by the names of ``targets``, or because it is the VPC's own."""

    endpoint_id: str
    targets: tuple[Target, ...] = ()


#: The VPC and the cluster, "" where that is not known, and the endpoints that claim to serve it.
Claims = dict[tuple[str, str], list[Claim]]


def targets(survey: Survey) -> list[Target]:
    """All records that lead the name of a cluster to an endpoint."""
    found = []
    for zone in survey.zones:
        for record in zone.zone.records:
            if cluster := _CLUSTER.fullmatch(record.name):
                found += [
                    Target(cluster_id=cluster["id"], endpoint_id=endpoint_id, zone=zone, record=record)
                    for endpoint_id in _leads_to(record)
                ]
    return found


def _leads_to(record: Record) -> set[str]:
    values = [plain(str(each.get("Value", ""))) for each in record.raw.get("ResourceRecords") or ()]
    names = [*values, *([record.alias.dns_name] if record.alias else [])] if record.type in {"A", "CNAME"} else []
    return {match["id"] for match in map(_ENDPOINT.match, names) if match}


def endpoints(survey: Survey, asked: Asked) -> dict[str, tuple[str, ...]]:
    """The ids of endpoints to Astro, each with the reasons why it is one."""
    named = targets(survey)
    found: dict[str, list[str]] = {}
    for each in survey.endpoints:
        key = str(each.id)
        if not each.live or parse_service_region(each.service_name) is None:  # those of AWS's own services
            continue
        reasons = [
            f"zone {t.zone.zone.id} ({t.zone.zone.name}) leads {t.cluster_id} to it"
            for t in named
            if t.endpoint_id == key
        ]
        reasons += [f"it has the tag {k}: {v}" for k, v in asked.tags.items() if each.tags.get(k) == v]
        if each.service_name in asked.services:
            reasons.append("its service is one that was given")
        if reasons:
            found[key] = list(dict.fromkeys(reasons))
    services = {e.service_name: str(e.id) for e in survey.endpoints if str(e.id) in found}
    for each in survey.endpoints:
        if each.service_name in services and str(each.id) not in found and each.live:
            found[str(each.id)] = [f"its service is that of {services[each.service_name]}"]
    return {key: tuple(reasons) for key, reasons in found.items()}


def wanted(survey: Survey, asked: Asked) -> list[Endpoint]:
    """The endpoints to Astro."""
    ids = endpoints(survey, asked)
    return [each for each in survey.endpoints if str(each.id) in ids]


def claims(survey: Survey, asked: Asked) -> Claims:
    """Which endpoints serve which VPCs. VPCs with agents that none serves are there without any."""
    there = {str(each.id): each for each in survey.endpoints}
    named: dict[tuple[str, str], dict[str, list[Target]]] = {}
    for target in targets(survey):
        own = [there[target.endpoint_id].vpc_id] if target.endpoint_id in there else []
        for vpc_id in dict.fromkeys([*map(str, target.zone.zone.vpcs), *own]):
            by_endpoint = named.setdefault((vpc_id, target.cluster_id), {})
            by_endpoint.setdefault(target.endpoint_id, []).append(target)
    found: Claims = {
        key: [Claim(endpoint_id=each, targets=tuple(t)) for each, t in by_endpoint.items()]
        for key, by_endpoint in named.items()
    }
    led_to = {each.endpoint_id for every in found.values() for each in every}
    for endpoint in wanted(survey, asked):
        if str(endpoint.id) not in led_to and endpoint.state not in _DEAD:
            key = (endpoint.vpc_id, _beside(endpoint, found, there))
            found.setdefault(key, []).append(Claim(endpoint_id=str(endpoint.id)))
    known = {vpc_id for vpc_id, _cluster in found}
    return {**found, **{(vpc_id, ""): [] for vpc_id in agents(survey) if vpc_id not in known}}


def _beside(endpoint: Endpoint, found: Claims, there: Mapping[str, Endpoint]) -> str:
    """The cluster whose names lead this VPC to an endpoint of the same service: then two links claim the VPC."""
    for (vpc_id, cluster_id), every in found.items():
        services = {there[each.endpoint_id].service_name for each in every if each.endpoint_id in there}
        if vpc_id == endpoint.vpc_id and endpoint.service_name in services:
            return cluster_id
    return ""


def agents(survey: Survey) -> dict[str, list[str]]:
    """The VPCs that have agents whatever their names lead to, and by what that is known."""
    found: dict[str, list[str]] = {}
    for vpc in survey.vpcs:
        if AGENTS_TAG in vpc.tags:
            found.setdefault(vpc.vpc_id, []).append(f"it has the tag {AGENTS_TAG}")
    for vpc_id, groups in survey.tagged.items():
        found.setdefault(vpc_id, []).append(f"its security groups {', '.join(groups)} have the tag {AGENTS_TAG}")
    for pods in survey.pods:
        if pods.namespaces:
            text = f"its EKS cluster {pods.cluster.name} has the pods of agents"
            found.setdefault(pods.cluster.vpc_id, []).append(text)
    return found


def unnamed(survey: Survey, asked: Asked) -> list[str]:
    """The VPCs whose names no zone that was read leads to an endpoint: a zone of another account may."""
    return sorted({vpc_id for (vpc_id, _cluster), every in claims(survey, asked).items() if not _named(every)})


def _named(every: Iterable[Claim]) -> bool:
    return any(claim.targets for claim in every)
