# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the agents of a VPC are, by the security groups of the endpoint that they use and by tags. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network

from .._core.ranges import ipv4
from .._link.model import Endpoint
from .fill_in import fill_in
from .found import Survey
from .lines import Line, listed
from .tags import AGENTS_TAG, Vpc

Pairs = list[tuple[str, str]]


def lines(vpc: Vpc, endpoint: Endpoint | None, survey: Survey) -> list[Line]:
    """The variables that say so. What an endpoint admits and what tags name counts; where that is nothing, what nodes and pods of EKS
    clusters with agents have; otherwise there is a line to fill in."""
    groups, ranges = _admitted(vpc, endpoint, survey) if endpoint else ([], [])
    known = {name for name, _why in groups}
    groups += [
        (name, f"it has the tag {AGENTS_TAG}") for name in survey.tagged.get(vpc.vpc_id, ()) if name not in known
    ]
    if not groups and not ranges:
        groups = _of_clusters(vpc, survey)
    if groups or ranges:
        return [*listed("agent_security_groups", groups), *listed("agent_cidrs", ranges)]
    if endpoint is None:
        why = "no security group or range of its agents is known"
    else:
        why = f"the security groups of {endpoint.id} admit nobody of this VPC on port 443"
    what = "the ranges of its agents; or replace this line by privatelink_agent_security_groups"
    return [Line(key="agent_cidrs", value=fill_in(what), why=why)]


def _admitted(vpc: Vpc, endpoint: Endpoint, survey: Survey) -> tuple[Pairs, Pairs]:
    """Who of a VPC may enter an endpoint: security groups, and ranges within those of the VPC."""
    homes = {str(group.id): group.vpc_id for group in survey.groups}
    used = [group for group in survey.groups if group.id in endpoint.security_groups]
    groups: dict[str, str] = {}
    ranges: dict[str, str] = {}
    for group in used:
        why = f"{group.id} of {endpoint.id} admits"
        for source in sorted(group.sources):
            if homes.get(source) == vpc.vpc_id:
                groups.setdefault(source, f"{why} it on port 443")
            for part in _within(source, vpc.cidrs):
                ranges.setdefault(part, f"{why} {source} on port 443")
    return list(groups.items()), list(ranges.items())


def _within(source: str, cidrs: Sequence[str]) -> Iterable[str]:
    """The part of a range that is in a VPC."""
    for admitted in ipv4([source]):
        for own in ipv4(cidrs):
            if admitted.overlaps(own):
                yield str(_smaller(admitted, own))


def _smaller(one: IPv4Network, other: IPv4Network) -> IPv4Network:
    return one if one.prefixlen >= other.prefixlen else other


def _of_clusters(vpc: Vpc, survey: Survey) -> Pairs:
    there = {each.cluster.name for each in survey.pods if each.cluster.vpc_id == vpc.vpc_id and each.namespaces}
    found: dict[str, str] = {}
    for cluster in survey.clusters:
        if cluster.vpc_id == vpc.vpc_id and cluster.name in there:
            groups = cluster.groups or ((cluster.group_id,) if cluster.group_id else ())
            found |= {group: f"nodes or pods of the EKS cluster {cluster.name} have it" for group in groups}
    return list(found.items())
