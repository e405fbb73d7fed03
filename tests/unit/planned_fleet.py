# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of a small fleet, made by the core as a run makes them: an own link, one that is joined to it, and what is there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.astro.privatelink.plugins.module_utils._core.run import answer, carry_out
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._link import endpoint, model, params, zone
from ansible_collections.astro.privatelink.plugins.module_utils._report.planned import Planned
from ansible_collections.astro.privatelink.plugins.module_utils._roles import setup

SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"
HOSTS: dict[str, dict[str, Any]] = {
    "payments": {"privatelink_vpc_id": "vpc-00000001", "privatelink_agent_security_groups": ["sg-00000001"]},
    "analytics": {
        "privatelink_vpc_id": "vpc-00000002",
        "privatelink_via": "payments",
        "privatelink_agent_cidrs": ["10.2.0.0/16"],
        "privatelink_kubernetes": [{"context": "agents", "namespace": "airflow"}],
    },
}
COMMON = {"privatelink_cluster_id": "abc", "privatelink_region": "us-east-1", "privatelink_service_name": SERVICE}
FIELDS = ("vpc_id", "region", "via", "agent_cidrs", "agent_security_groups", "endpoint_id", "tags")


def have(endpoints: Sequence[model.Endpoint] = (), groups: Sequence[model.SecurityGroup] = ()) -> model.Have:
    subnets = tuple(
        model.Subnet(
            id=f"subnet-0000000{az}",
            vpc_id="vpc-00000001",
            zone=f"us-east-1{az}",
            zone_id=f"use1-az{az}",
            free=9,
            public=False,
            owner="111111111111",
        )
        for az in "ab"
    )
    agents = model.SecurityGroup(
        id="sg-00000001", vpc_id="vpc-00000001", name="agents", sources=frozenset(), owned=False
    )
    return model.Have(
        region="us-east-1",
        vpcs={"vpc-00000001": "111111111111"},
        services={SERVICE: model.Service(name=SERVICE, zones=frozenset(["us-east-1a", "us-east-1b"]))},
        subnets=subnets,
        groups=(agents, *groups),
        endpoints=tuple(endpoints),
    )


@dataclass
class _Job:
    links: Sequence[Any]
    there: Any
    core: Any
    more: tuple[Any, ...] = field(default=())

    def read(self) -> Any:
        return self.there

    def plan(self, there: Any) -> Any:
        return self.core.plan(self.links, there)


def planned(
    there: model.Have | None = None,
    zones: Sequence[zone.Zone] = (),
    names: Sequence[str] = ("payments", "analytics"),
    agents: Mapping[str, str] | None = None,
    **payments: Any,
) -> Planned:
    """What check mode knows; ``agents`` are agent hosts with their VPCs, ``payments`` more variables of that VPC."""
    hosts = {name: {**COMMON, **known} for name, known in HOSTS.items()}
    hosts["payments"] |= {f"privatelink_{key}": value for key, value in payments.items()}
    looking = {name: {"privatelink_agent_vpc": vpc} for name, vpc in (agents or {}).items()}
    inventory = Inventory.read({**hosts, **looking}, list(names), list(looking))
    there = there or have()
    made = []
    for fleet in setup.fleets(inventory):
        links = [params.endpoint_link(link) for link in params.checked(params.ENDPOINT_LINK, fleet["links"])]
        done = carry_out(_Job(links, there, endpoint), True)  # type: ignore[type-var]
        made.append(answer(done, {link.name: endpoint.result(link, there) for link in links}))
    named = []
    for account in setup.zones(inventory, made, planning=True):
        links_ = [params.zone_link(link) for link in params.checked(params.ZONE_LINK, account["links"])]
        done = carry_out(_Job(links_, list(zones), zone), True)  # type: ignore[type-var]
        results = {vpc.name: zone.result(link, vpc, list(zones)) for link in links_ for vpc in link.vpcs}
        named.append(answer(done, results))
    return Planned(
        inventory=inventory,
        endpoints=made,
        zones=named,
        problems=setup.problems(inventory, made, named),
        fields=FIELDS,
        probes=True,
        collection="1.2.3",
    )
