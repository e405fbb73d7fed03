# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster told of a VPC's agents, and what is wrong with that. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .._core.findings import Finding, finding
from . import dns, health, mesh, policies, setting
from .model import Refused
from .need import Need
from .objects import Thing


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was read. ``events`` are None if they may not be; ``logs`` are by NAMESPACE/POD; ``unread`` says what else was refused."""

    cluster: str
    pods: tuple[Thing, ...] = ()
    policies: tuple[Thing, ...] = ()
    configs: tuple[Thing, ...] = ()
    events: tuple[Thing, ...] | None = None
    logs: Mapping[str, str] = field(default_factory=dict)
    unread: Mapping[str, Refused] = field(default_factory=dict)


def findings(need: Need, told: Iterable[Told]) -> list[Finding]:
    """What stands in the way of a VPC's pods."""
    found: list[Finding] = []
    for each in told:
        found += policies.check(need, each.pods, each.policies, [dns.NODE_LOCAL])
        found += dns.check(need, each.configs)
        found += mesh.check(need, each.pods)
        found += setting.check(need, each.pods)
    return list(dict.fromkeys(found))


def unread(vpc: str, told: Told) -> list[Finding]:
    """What may not be read, in one finding for each cluster."""
    if not told.unread:
        return []
    rights = {
        f"{problem.facts['verb']} {problem.facts['resource']} in {problem.facts['namespace']}"
        if problem.code == "KUBE_FORBIDDEN"
        else problem.of(vpc).seen
        for problem in told.unread.values()
    }
    return [finding("KUBE_NOT_CHECKED", vpc, cluster=told.cluster, what=list(told.unread), rights=rights)]


def evidence(told: Iterable[Told], now: datetime.datetime) -> list[health.Evidence]:
    """What speaks for and against the health of a VPC's agents."""
    return [one for each in told for one in health.evidence(health.states(each.pods), each.events, each.logs, now)]
