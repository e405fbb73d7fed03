# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that a run makes before the collection does anything: the provider, and the VPCs with agent hosts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from . import answerer, instances, networks, provider
from .cloud import Cloud
from .networks import Network
from .provider import Service

PROVIDER = "10.90.0.0/24"
#: The agent VPCs, and how each comes to the link.
CIDRS: Mapping[str, str] = {"own": "10.91.0.0/24", "peered": "10.92.0.0/24", "crossing": "10.93.0.0/24"}


@dataclass(frozen=True, slots=True)
class Scene:
    service: Service
    networks: Mapping[str, Network]
    agents: Mapping[str, str]  # the instance in each agent VPC
    bucket: str


def make(cloud: Cloud, say: Callable[[str], None]) -> Scene:
    names = [name for name in CIDRS if name != "crossing" or cloud.choices.gateway]
    zone, ami, who = instances.zone(cloud), instances.image(cloud), answerer.identity(cloud.choices.host)
    say(f"making {len(names)} agent VPCs in {zone}")
    profile, bucket = instances.profile(cloud), instances.bucket(cloud)
    made = {name: networks.make(cloud, CIDRS[name], zone, online=True) for name in names}
    start = partial(instances.start, cloud, ami=ami, user_data=answerer.trusting(who), managed_as=profile)
    agents = {name: start(network) for name, network in made.items()}
    networks.peer(cloud, made["own"], made["peered"])
    if "crossing" in made:
        say("making a transit gateway")
        networks.cross(cloud, made["own"], made["crossing"])
    say("making the provider's VPC, load balancer and endpoint service")
    service = provider.make(cloud, networks.make(cloud, PROVIDER, zone, online=False), ami, who)
    say("waiting for Systems Manager to know the agent hosts")
    instances.running(cloud, agents.values())
    instances.managed(cloud, agents.values())
    return Scene(service, made, agents, bucket)
