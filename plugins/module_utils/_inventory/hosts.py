# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the inventory to what the modules take: one entry for each account and region. Pure; it reads hostvars only."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._core.errors import InputError
from .._core.findings import finding
from .._link.model import parse_service_region

#: Astro's suffix, publicly and privately the same (https://www.astronomer.io/docs/astro/remote-agents-aws-privatelink).
SUFFIX = "external.astronomer.run"

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_ID = {
    "vpc_id": "vpc",
    "holder_vpc_id": "vpc",
    "subnet_ids": "subnet",
    "agent_security_groups": "sg",
    "endpoint_security_groups": "sg",
}


class InventoryError(InputError):
    """Everything that is wrong with the inventory, in one message."""

    def __init__(self, problems: Iterable[str]) -> None:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"The inventory has to be mended first; nothing was changed.\n{lines}")


@dataclass(frozen=True)
class AgentVpc:
    """One host of the group agent_vpcs: its variables without the prefix; blank ones count as not set."""

    name: str
    vars: Mapping[str, Any]

    @classmethod
    def read(cls, name: str, hostvars: Mapping[str, Any]) -> AgentVpc:
        prefix = "privatelink_"
        given = {key[len(prefix) :]: value for key, value in hostvars.items() if key.startswith(prefix)}
        return cls(name, {key: value for key, value in given.items() if value not in (None, "", [], {})})

    def text(self, key: str) -> str:
        return str(self.vars.get(key, ""))

    def many(self, key: str) -> list[str]:
        value = self.vars.get(key, [])
        return [value] if isinstance(value, str) else [str(item) for item in value]

    def flag(self, key: str) -> bool:
        """Also as text: what comes by -e on the command line is no boolean."""
        return self.text(key).lower() in {"true", "yes", "on", "1"}

    @property
    def via(self) -> str:
        return self.text("via")

    @property
    def host(self) -> str:
        return f"{self.text('cluster_id')}.{SUFFIX}"

    @property
    def zone(self) -> str:
        """Astronomer's page makes a zone of the suffix; the layout host_zone makes one of the host's name alone."""
        return self.host if self.text("dns_layout") == "host_zone" else SUFFIX

    @property
    def holder(self) -> dict[str, str] | None:
        vpc_id = self.text("holder_vpc_id")
        return {"vpc_id": vpc_id, "region": self.text("holder_vpc_region") or self.text("region")} if vpc_id else None

    @property
    def sources_given(self) -> bool:
        return "agent_security_groups" in self.vars or "agent_cidrs" in self.vars

    @property
    def sources(self) -> list[str]:
        ranges = [str(ipaddress.ip_network(cidr)) for cidr in self.many("agent_cidrs")]
        return sorted({*self.many("agent_security_groups"), *ranges})

    @property
    def access(self) -> dict[str, str]:
        """How to reach the VPC's account: what amazon.aws modules take as well."""
        return {key: self.text(key) for key in ("profile", "assume_role_arn") if key in self.vars}


def read(hostvars: Mapping[str, Any], names: Sequence[str], service_known: bool = True) -> dict[str, AgentVpc]:
    """The agent VPCs of a run, and those whose links they share. Raises InventoryError with all that is wrong.

    Before Support has answered, the service is not known.
    """
    vpcs = {name: AgentVpc.read(name, hostvars[name]) for name in names}
    for vpc in list(vpcs.values()):
        if vpc.via and vpc.via not in vpcs and vpc.via in hostvars:
            vpcs[vpc.via] = AgentVpc.read(vpc.via, hostvars[vpc.via])
    needed = ["vpc_id", "region", "cluster_id", *(["service_name"] if service_known else [])]
    problems = [problem for vpc in vpcs.values() for problem in _check(vpc, vpcs, needed)] + _check_twins(vpcs)
    if problems:
        raise InventoryError(problems)
    return vpcs


def fleets(hostvars: Mapping[str, Any], names: Sequence[str]) -> list[dict[str, Any]]:
    """For each account and region what `vpc_endpoint` takes: its ``links``, ``region`` and how to log in."""
    vpcs = read(hostvars, names)
    grouped: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for vpc in sorted(vpcs.values(), key=lambda v: v.name):
        if not vpc.via:
            fleet = {"region": vpc.text("region"), **vpc.access}
            grouped.setdefault(tuple(fleet.items()), {**fleet, "links": []})["links"].append(_link(vpc, vpcs, names))
    return list(grouped.values())


def zones(
    hostvars: Mapping[str, Any], names: Sequence[str], endpoints: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """For each account what `private_zone` takes. ``endpoints`` are the results of `vpc_endpoint`; VPCs that failed there
    are left out, and so are those that share their link."""
    vpcs = read(hostvars, names)
    done = merge(endpoints)
    grouped: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for owner in sorted(vpcs.values(), key=lambda v: v.name):
        if owner.via or done[owner.name]["failed"]:
            continue
        served = [vpcs[n] for n in names if n == owner.name or vpcs[n].via == owner.name]
        link = {
            "name": owner.name,
            "vpc_id": owner.text("vpc_id"),
            "zone": owner.zone,
            "holder": owner.holder,
            "hosted_zone_id": owner.text("hosted_zone_id"),
            "records": [_record(owner, done[owner.name])] if owner.name in names else [],
            "vpcs": [_member(v, owner) for v in served],
        }
        grouped.setdefault(tuple(owner.access.items()), {**owner.access, "links": []})["links"].append(link)
    return list(grouped.values())


def problems(
    hostvars: Mapping[str, Any],
    names: Sequence[str],
    endpoints: Sequence[Mapping[str, Any]],
    associations: Sequence[Mapping[str, Any]],
) -> dict[str, list[dict[str, str]]]:
    """The errors of each VPC of a run, from the results of both modules. A VPC that shares a failed link fails with it."""
    found: dict[str, list[dict[str, str]]] = {}
    for result in (*endpoints, *associations):
        for one in result.get("findings", []):
            if one["severity"] == "error":
                found.setdefault(one["vpc"], []).append(dict(one))
    vpcs = read(hostvars, names)
    for name in names:
        via = vpcs[name].via
        if via in found and name not in found:
            found[name] = [finding("LINK_OWNER_FAILED", name, via=via).public()]
    return {name: found[name] for name in names if name in found}


def targets(
    hostvars: Mapping[str, Any],
    names: Sequence[str],
    endpoints: Sequence[Mapping[str, Any]],
    agents: Sequence[str],
) -> dict[str, Any]:
    """For each VPC what `probe` takes, and its agent hosts (out of ``agents``) to run it on."""
    vpcs = read(hostvars, names)
    done = merge(endpoints)
    addresses = {name: sorted(a["address"] for a in vpc["addresses"]) for name, vpc in done.items()}
    hosts: dict[str, list[str]] = {}
    for agent in agents:
        hosts.setdefault(str(hostvars[agent].get("privatelink_agent_vpc", "")), []).append(agent)
    return {
        name: {
            "vpc": name,
            "host": vpcs[name].host,
            "link": vpcs[name].via or name,
            "vpc_endpoint_id": done[vpcs[name].via or name]["vpc_endpoint_id"],
            "expected": addresses[vpcs[name].via or name],
            "interfaces": {a["address"]: _interface(a) for a in done[vpcs[name].via or name]["addresses"]},
            "elsewhere": {owner: there for owner, there in addresses.items() if owner != (vpcs[name].via or name)},
            "agents": hosts.get(name, []),
            "findings": [
                *([] if name in hosts else [finding("NO_AGENT_HOST", name).public()]),
                *_incomplete(name, vpcs[name].via, endpoints),
            ],
        }
        for name in names
    }


def _interface(address: Mapping[str, str]) -> str:
    return f"{address['network_interface_id']} in {address['availability_zone']}"


def _incomplete(name: str, via: str, endpoints: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What a plan that was not carried out holds for this VPC, or for the link that it shares."""
    plans = [result.get("calls", []) for result in endpoints if not result.get("changed")]
    operations = {call["operation"] for plan in plans for call in plan if {name, via} & set(call["vpcs"])}
    return [finding("SETUP_INCOMPLETE", name, operations=operations).public()] if operations else []


def merge(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The ``vpcs`` of several module runs as one."""
    return {name: vpc for result in results for name, vpc in result.get("vpcs", {}).items()}


def _link(vpc: AgentVpc, vpcs: Mapping[str, AgentVpc], names: Sequence[str]) -> dict[str, Any]:
    return {
        "name": vpc.name,
        "vpc_id": vpc.text("vpc_id"),
        "service_name": vpc.text("service_name"),
        "service_region": vpc.text("service_region"),
        "supported_az_ids": vpc.many("supported_az_ids"),
        "replace": vpc.flag("replace_endpoint"),
        "sources": vpc.sources,
        "joined": {v.name: v.sources for v in vpcs.values() if v.via == vpc.name},
        "sources_only": vpc.name not in names,
        "subnet_ids": vpc.many("subnet_ids"),
        "security_group_ids": vpc.many("endpoint_security_groups"),
        "tags": vpc.vars.get("tags", {}),
        "vpc_endpoint_id": vpc.text("endpoint_id"),
    }


def _member(vpc: AgentVpc, owner: AgentVpc) -> dict[str, str]:
    """A VPC of a zone; how to reach its account is only said where that is not the zone's."""
    access = vpc.access if vpc.access != owner.access else {}
    return {"name": vpc.name, "vpc_id": vpc.text("vpc_id"), "region": vpc.text("region"), **access}


def _record(vpc: AgentVpc, endpoint: Mapping[str, Any]) -> dict[str, str]:
    return {"host": vpc.host, "dns_name": endpoint["dns_name"], "hosted_zone_id": endpoint["hosted_zone_id"]}


# --- what can be wrong with an inventory


def _check(vpc: AgentVpc, vpcs: Mapping[str, AgentVpc], needed: Iterable[str]) -> list[str]:
    missing = [key for key in needed if key not in vpc.vars and not (vpc.via and key == "service_name")]
    found = [f"{vpc.name}: privatelink_{key} is not set." for key in missing]
    checks = (
        _check_names(vpc),
        _check_account(vpc),
        _check_ids(vpc),
        _check_cidrs(vpc),
        _check_public(vpc),
        _check_via(vpc, vpcs),
    )
    return [*found, *(problem for check in checks for problem in check)]


def _check_names(vpc: AgentVpc) -> Iterable[str]:
    cluster, service = vpc.text("cluster_id"), vpc.text("service_name")
    if cluster and not _LABEL.fullmatch(cluster):
        yield (
            f"{vpc.name}: privatelink_cluster_id {cluster!r} is not a cluster id. Give the id alone, in lower case, as "
            "under Organization Settings > Clusters: it is what stands before .external.astronomer.run."
        )
    if vpc.text("dns_layout") not in {"", "suffix_zone", "host_zone"}:
        yield f"{vpc.name}: privatelink_dns_layout is {vpc.text('dns_layout')!r}; it is suffix_zone or host_zone."
    if service and parse_service_region(service) is None:
        yield (
            f"{vpc.name}: privatelink_service_name {service!r} is not the name of an endpoint service. It looks like "
            "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0 and comes from Astronomer Support."
        )


def _check_account(vpc: AgentVpc) -> Iterable[str]:
    if "account_id" in vpc.vars and not re.fullmatch(r"\d{12}", vpc.text("account_id")):
        yield (
            f"{vpc.name}: privatelink_account_id is {vpc.vars['account_id']!r}; an account id has twelve digits. Put quotes "
            "around it, and do not take it from a controller's survey: YAML reads one with a leading zero as another number."
        )


def _check_ids(vpc: AgentVpc) -> Iterable[str]:
    for key, kind in _ID.items():
        for value in vpc.many(key):
            if not re.fullmatch(rf"{kind}-[0-9a-f]{{8,17}}", value):
                yield f"{vpc.name}: privatelink_{key} has {value!r}; an id looks like {kind}-0123456789abcdef0."


def _check_cidrs(vpc: AgentVpc) -> Iterable[str]:
    for cidr in vpc.many("agent_cidrs"):
        try:
            network = ipaddress.ip_network(cidr, strict=False)
        except ValueError:
            yield f"{vpc.name}: privatelink_agent_cidrs has {cidr!r}, which is no CIDR range such as 10.10.0.0/16."
            continue
        if network.version != 4:
            yield f"{vpc.name}: privatelink_agent_cidrs has {cidr}; the endpoint has IPv4 addresses only."
        elif str(network) != cidr:
            yield f"{vpc.name}: privatelink_agent_cidrs has {cidr}; write the range as {network}."


def _check_public(vpc: AgentVpc) -> Iterable[str]:
    for address in vpc.many("public_addresses"):
        try:
            ipaddress.IPv4Address(address)
        except ValueError:
            yield f"{vpc.name}: privatelink_public_addresses has {address!r}, which is no IPv4 address such as 203.0.113.10."


def _check_via(vpc: AgentVpc, vpcs: Mapping[str, AgentVpc]) -> Iterable[str]:
    if not vpc.via:
        return
    owner = vpcs.get(vpc.via)
    if vpc.via == vpc.name:
        yield f"{vpc.name}: privatelink_via names the VPC itself. Leave it out for a link of its own."
    elif owner is None:
        yield f"{vpc.name}: privatelink_via names {vpc.via!r}, which is not in the inventory, or not in this slice of it."
    elif owner.via:
        yield (
            f"{vpc.name}: privatelink_via names {vpc.via}, which is joined to {owner.via} itself. Name {owner.via} instead."
        )
    elif owner.text("cluster_id") != vpc.text("cluster_id"):
        yield f"{vpc.name}: shares the link of {vpc.via}, but has another privatelink_cluster_id."
    if not vpc.sources_given:
        yield (
            f"{vpc.name}: says nothing of where its agents are. Set privatelink_agent_cidrs, or over a peering of the "
            f"same region privatelink_agent_security_groups."
        )


def _check_twins(vpcs: Mapping[str, AgentVpc]) -> list[str]:
    owners: dict[tuple[str, str], str] = {}
    found = []
    for vpc in vpcs.values():
        key = (vpc.text("vpc_id"), vpc.text("cluster_id"))
        if key[0] and (first := owners.setdefault(key, vpc.name)) != vpc.name:
            found.append(f"{vpc.name}: is the same VPC as {first} ({key[0]}). List each VPC once.")
    return found
