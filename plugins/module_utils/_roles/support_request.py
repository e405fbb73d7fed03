# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The request to Astronomer Support, from the inventory and AWS. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._inventory.hosts import AgentVpc, Inventory
from .._link.model import parse_service_region

Facts = Mapping[str, Mapping[str, Any]]


def request(facts: Facts, inventory: Inventory) -> str:
    """One text for all VPCs of a run; ``facts`` are the ``vpcs`` of `preflight`, less where AWS could not be read."""
    vpcs = [inventory.vpcs[name] for name in inventory.names]
    clusters = sorted({vpc.text("cluster_id") for vpc in vpcs})
    parts = [f"Subject: AWS PrivateLink for Remote Execution Agents of {', '.join(clusters)}", _GREETING]
    parts += [_cluster(cluster, [v for v in vpcs if v.text("cluster_id") == cluster], facts) for cluster in clusters]
    return "\n\n".join(parts) + "\n"


_GREETING = "We want our agents to reach Astro over AWS PrivateLink. Please set up or confirm the following."


def _cluster(cluster: str, vpcs: Sequence[AgentVpc], facts: Facts) -> str:
    owners = [vpc for vpc in vpcs if not vpc.via]
    lines = [f"Astro cluster {cluster}", *_service(owners), *_principals(owners, facts), *_regions(owners)]
    lines += ["  Availability Zones of our agents (AZ IDs):", *_zones(vpcs, facts), "  Our VPCs:"]
    lines += [f"    {vpc.name}: {_place(vpc, facts)}, {_link(vpc, facts)}" for vpc in vpcs]
    return "\n".join([*lines, *_shared(vpcs, facts), *_waiting(vpcs, facts)])


def _service(owners: Iterable[AgentVpc]) -> list[str]:
    names = sorted({vpc.text("service_name") for vpc in owners} - {""})
    if names:
        return [f"  Endpoint service: {', '.join(names)}"]
    return [
        "  Endpoint service: please send us its name, its region, and the Availability Zones (AZ IDs) that it supports."
    ]


def _principals(owners: Iterable[AgentVpc], facts: Facts) -> list[str]:
    accounts: dict[str, list[str]] = {}
    for vpc in owners:
        accounts.setdefault(_principal(vpc, facts), []).append(vpc.name)
    lines = [f"    {principal} ({', '.join(names)})" for principal, names in sorted(accounts.items())]
    return ["  AWS accounts to allow (principals of the endpoint service):", *lines]


def _principal(vpc: AgentVpc, facts: Facts) -> str:
    region = vpc.text("region")
    partition = next((f"aws-{part}" for part in ("cn", "us-gov") if region.startswith(f"{part}-")), "aws")
    return f"arn:{partition}:iam::{_fact(vpc, facts, 'account_id')}:root"


def _regions(owners: Iterable[AgentVpc]) -> list[str]:
    """Where a service's region is not known yet, Support has to compare."""
    regions: dict[str, list[str]] = {}
    for vpc in owners:
        regions.setdefault(vpc.text("region"), []).append(vpc.name)
    there = {vpc.text("service_region") or parse_service_region(vpc.text("service_name")) or "" for vpc in owners}
    far = {region: names for region, names in sorted(regions.items()) if region not in there}
    if not far:
        return []
    if "" in there:
        heading = "  Regions of our endpoints; please enable those for the service that are not its own:"
    else:
        heading = "  Regions to enable for the endpoint service (cross-region access):"
    return [heading, *(f"    {region} ({', '.join(names)})" for region, names in far.items())]


def _zones(vpcs: Iterable[AgentVpc], facts: Facts) -> list[str]:
    regions: dict[str, set[str]] = {}
    for vpc in vpcs:
        regions.setdefault(vpc.text("region"), set()).update(facts.get(vpc.name, {}).get("az_ids", ()))
    return [f"    {region}: {', '.join(sorted(ids)) or 'not known'}" for region, ids in sorted(regions.items())]


def _place(vpc: AgentVpc, facts: Facts) -> str:
    return f"{vpc.text('vpc_id')}, AWS account {_fact(vpc, facts, 'account_id')}, region {vpc.text('region')}"


def _link(vpc: AgentVpc, facts: Facts) -> str:
    endpoint = facts.get(vpc.name, {}).get("vpc_endpoint_id") or "an endpoint of its own"
    return f"shares the endpoint of {vpc.via}" if vpc.via else str(endpoint)


def _fact(vpc: AgentVpc, facts: Facts, key: str) -> str:
    return str(facts.get(vpc.name, {}).get(key) or vpc.text(key) or "not known")


def _shared(vpcs: Iterable[AgentVpc], facts: Facts) -> list[str]:
    lines = [
        f"    {vpc.name} is in another {' and '.join(apart)} than {vpc.via}, whose endpoint it is to share."
        for vpc in vpcs
        if (apart := facts.get(vpc.name, {}).get("apart"))
    ]
    return ["  Please tell us whether this needs anything on your side:", *lines] if lines else []


def _waiting(vpcs: Iterable[AgentVpc], facts: Facts) -> list[str]:
    waiting = {vpc.name: facts.get(vpc.name, {}) for vpc in vpcs}
    lines = [
        f"    {fact['vpc_endpoint_id']} ({name})"
        for name, fact in waiting.items()
        if fact.get("state") == "pendingacceptance"
    ]
    return ["  Please accept these endpoints:", *lines] if lines else []
