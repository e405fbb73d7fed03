# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role preflight: what to read for an inventory, and the findings from what was read. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._core.findings import Finding, Shown, finding
from .._core.grouped import grouped
from .._inventory.hosts import SUFFIX, AgentVpc, Inventory
from .._kube import admission
from .._kube import told as _told
from .._kube.admission import Placed
from .._kube.need import Need
from .._kube.told import Told
from .._preflight import checks
from .._probe.results import AgentResult
from . import setup, verify

#: The finding of a VPC that was not read, and the findings that follow from it for those that share its link.
_UNREAD = {"VPC_NOT_FOUND", "READ_FAILED"}
_OF_LINK = {"SUPPORT_NEEDED", "ZONE_CONFLICT", "ZONE_TAKEN"}

Fleets = dict[tuple[tuple[str, str], ...], dict[str, Any]]


def scope(inventory: Inventory, pods: Mapping[str, Sequence[Placed]] | None = None) -> dict[str, Any]:
    """What `preflight` takes: its ``fleets`` and ``zones``; ``pods`` are those of each VPC."""
    unknown = {"failed": False, "dns_name": "", "hosted_zone_id": "", "state": ""}
    zones = setup.zones(inventory, [{"vpcs": dict.fromkeys(inventory.vpcs, unknown)}], planning=True)
    fleets = _with_links(_fleets(inventory), inventory)
    for vpc in (vpc for fleet in fleets for vpc in fleet["vpcs"]):
        vpc.update({"pods": pods[vpc["name"]]} if pods and pods.get(vpc["name"]) else {})
    return {"fleets": fleets, "zones": zones}


def placed(told: Mapping[str, Sequence[Told]]) -> dict[str, list[Placed]]:
    """Where the pods of each VPC are."""
    return {
        name: [found for each in clusters for found in map(admission.placed, each.pods) if found]
        for name, clusters in told.items()
    }


def of_pods(needs: Mapping[str, Need], told: Mapping[str, Sequence[Told]]) -> list[Finding]:
    """What clusters say that would keep their pods from the link."""
    found: list[Finding] = []
    for name, clusters in told.items():
        found += _told.findings(needs[name], clusters) if name in needs else []
        found += [one for each in clusters for one in _told.unread(name, each)]
    return found


def support_scope(inventory: Inventory) -> list[dict[str, Any]]:
    """The ``fleets`` alone. Before Support has sent the service's name, there are only VPCs to read."""
    known = all(vpc.via or vpc.text("service_name") for vpc in inventory.vpcs.values())
    return _with_links(_fleets(inventory), inventory) if known else list(_fleets(inventory).values())


def _fleets(inventory: Inventory) -> Fleets:
    found: Fleets = {}
    twins = grouped((vpc.text("vpc_id"), vpc.host) for vpc in inventory.vpcs.values())
    for vpc in sorted(inventory.vpcs.values(), key=lambda vpc: vpc.name):
        place = {"region": vpc.text("region"), **vpc.access}
        fleet = found.setdefault(tuple(place.items()), {**place, "vpcs": [], "links": []})
        fleet["vpcs"].append(_vpc(vpc, twins[vpc.text("vpc_id")]))
    return found


def _with_links(fleets: Fleets, inventory: Inventory) -> list[dict[str, Any]]:
    for fleet in setup.fleets(inventory):
        place = tuple((key, value) for key, value in fleet.items() if key != "links")
        fleets[place]["links"].extend(fleet["links"])
    return list(fleets.values())


def _vpc(vpc: AgentVpc, twins: Sequence[str]) -> dict[str, Any]:
    """``twins`` are the hosts of all links of the VPC."""
    others = [name if "." in name else f"{name}.{SUFFIX}" for name in vpc.many("other_clusters")]
    return {
        "name": vpc.name,
        "vpc_id": vpc.text("vpc_id"),
        "host": vpc.host,
        "via": vpc.via,
        "sources": vpc.sources,
        "in_use": sorted({*twins, *others} - {vpc.host}),
        "support_confirmed": vpc.flag("support_confirmed"),
    }


def to_ask(inventory: Inventory, vpcs: Mapping[str, Mapping[str, Any]]) -> list[verify.VpcTarget]:
    """The VPCs in which nothing private covers the cluster's name, and whose agent hosts can say what the name is."""
    return [
        verify.VpcTarget(
            vpc=name,
            host=inventory.vpcs[name].host,
            link=name,
            vpc_endpoint_id="",
            expected=(),
            every=(),
            interfaces={},
            elsewhere={},
            agents=tuple(inventory.agents_of(name)),
        )
        for name, vpc in vpcs.items()
        if name in inventory.names and not vpc["covered"] and inventory.agents_of(name)
    ]


def findings(
    inventory: Inventory,
    read: Mapping[str, Any],
    seen: Mapping[str, Sequence[AgentResult]],
    astro: Mapping[str, Any] | None = None,
) -> list[Shown]:
    """What AWS, the agent hosts and the Astro API (as `astro_info` answered, if it was asked) showed, as one list."""
    hosts = {name: vpc["host"] for name, vpc in read["vpcs"].items() if name in inventory.names}
    found: list[Finding] = []
    for name, host in hosts.items():
        if not inventory.agents_of(name):
            found.append(finding("NO_AGENT_HOST_YET", name, host=host))
        found += [one.refused.of(name) for one in inventory.agents_of(name) if one.refused]
        for agent in seen.get(name, ()):
            found += checks.unknown_cluster(name, host, agent["name"], agent["names"])
    found += checks.unfit((astro or {}).get("deployments", []), hosts)
    if astro and "deployments" not in astro:
        facts = {
            "operation": "The Astro API",
            "message": str(astro["msg"]).rstrip("."),
            "what": "whether the Deployments fit",
        }
        found += [finding("NOT_CHECKED", name, **facts) for name in hosts]
    proven = {name for name, agents in seen.items() if agents and all(map(_answered, agents))}
    told = [one for one in read["findings"] if not (one["code"] == "POLICY_BLOCKS_DNS" and one["vpc"] in proven)]
    return _causes(inventory, [*map(dict, told), *(one.public() for one in found)])


def _causes(inventory: Inventory, found: Sequence[Shown]) -> list[Shown]:
    """Without the findings of VPCs that share the link of one that could not be read: it follows from that, and its remedy would
    lead astray. `problems` fails them for their link's owner."""
    unread = {one["vpc"] for one in found if one["code"] in _UNREAD}
    joined = {name for name, vpc in inventory.vpcs.items() if vpc.via in unread}
    return [one for one in found if not (one["vpc"] in joined and one["code"] in _OF_LINK)]


def _answered(agent: AgentResult) -> bool:
    """Whether an agent host got an answer of its name servers, whatever it was."""
    return bool(agent["names"].get("addresses")) or agent["names"].get("problem") in {"DNS_NXDOMAIN", "DNS_NODATA"}


def problems(inventory: Inventory, found: Sequence[Shown]) -> dict[str, list[Shown]]:
    """The errors of each VPC of the run. A VPC that shares the link of one with an error fails with it."""
    return setup.problems(inventory, [{"findings": found}], [])
