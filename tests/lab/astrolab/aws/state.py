# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The world of the double as the network needs it: read-only views, computed afresh at each call.

Everything here is a frozen value; nothing of moto leaks out. DNS answers are in `resolving`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends

from .ec2.endpoints import everywhere
from .resolving import Answer, Record, answer
from .world import WORLD

__all__ = [
    "Answer",
    "Ingress",
    "Interface",
    "Peering",
    "Record",
    "Route",
    "Vpc",
    "VpcRef",
    "allowed",
    "answer",
    "endpoint_interfaces",
    "interface",
    "leaving",
    "peerings",
    "routes",
    "vpcs",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vpc:
    account: str
    region: str
    id: str
    cidrs: tuple[str, ...]
    dns_support: bool
    dns_hostnames: bool
    dns_servers: tuple[str, ...]  # as in the DHCP options, mostly ("AmazonProvidedDNS",)
    is_default: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    id: str
    address: str
    vpc_id: str
    subnet_id: str
    zone: str
    security_group_ids: tuple[str, ...]
    endpoint_id: str | None
    ipv6: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingress:
    source: str  # a CIDR
    protocol: str  # "tcp", "udp", "icmp", or "-1" for all
    from_port: int | None
    to_port: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    destination: str  # a CIDR
    target: str  # "local", "pcx-...", "tgw-...", "igw-...", ...


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcRef:
    account: str
    region: str
    vpc_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Peering:
    id: str
    state: str
    requester: VpcRef
    accepter: VpcRef


def vpcs() -> list[Vpc]:
    """Every VPC of every account and region that was used so far, AWS's default ones among them."""
    with WORLD.lock:
        return [
            Vpc(
                account=account,
                region=region,
                id=vpc.id,
                cidrs=tuple(
                    each["cidr_block"]
                    for each in vpc.get_cidr_block_association_set()
                    if each["cidr_block_state"]["state"] == "associated"
                ),
                dns_support=vpc.enable_dns_support,
                dns_hostnames=vpc.enable_dns_hostnames,
                dns_servers=tuple(vpc.dhcp_options._options["domain-name-servers"] or ()) if vpc.dhcp_options else (),
                is_default=vpc.is_default,
            )
            for account, region, backend in _backends()
            for vpc in backend.vpcs.values()
        ]


def endpoint_interfaces(vpc_id: str) -> list[Interface]:
    """The interfaces of the VPC's available endpoints: only they answer."""
    with WORLD.lock:
        return [
            _interface(each)
            for endpoint in everywhere()
            if endpoint.vpc_id == vpc_id and endpoint.state == "available"
            for each in endpoint.interfaces
            if each.private_ip_address
        ]


def interface(eni_id: str) -> Interface:
    with WORLD.lock:
        for _unused, _unused, backend in _backends():
            if eni_id in backend.enis:
                return _interface(backend.enis[eni_id])
    raise KeyError(eni_id)


def allowed(security_group_ids: Iterable[str]) -> list[Ingress]:
    """What the groups let in. A group as source stands for the addresses of the interfaces that carry it."""
    return _rules(security_group_ids, "ingress_rules")


def leaving(security_group_ids: Iterable[str]) -> list[Ingress]:
    """What the groups let out; the source is then where packets may go."""
    return _rules(security_group_ids, "egress_rules")


def _rules(security_group_ids: Iterable[str], which: str) -> list[Ingress]:
    with WORLD.lock:
        wanted = set(security_group_ids)
        found = (
            ingress
            for _unused, _unused, backend in _backends()
            for groups in backend.groups.values()
            for group in groups.values()
            if group.id in wanted
            for rule in getattr(group, which)
            for ingress in _ingress(backend, group, rule)
        )
        return list(dict.fromkeys(found))


def routes(subnet_id: str) -> list[Route]:
    """The active routes of the subnet's own table, or of the main one."""
    with WORLD.lock:
        for _unused, _unused, backend in _backends():
            with suppress(ServiceException):
                table = _table(backend, backend.get_subnet(subnet_id))
                return [found for route in table.routes if route.state == "active" for found in _routes(route)]
    raise KeyError(subnet_id)


def peerings() -> list[Peering]:
    with WORLD.lock:
        unique = {each.id: each for _unused, _unused, backend in _backends() for each in backend.vpc_pcxs.values()}
        return [
            Peering(id=each.id, state=each.status["Code"], requester=_ref(each.vpc), accepter=_ref(each.peer_vpc))
            for each in unique.values()
        ]


def _backends() -> list[tuple[str, str, Any]]:
    return list(ec2_backends.iter_backends())


def _interface(eni: Any) -> Interface:
    return Interface(
        id=eni.id,
        address=eni.private_ip_address,
        vpc_id=eni.vpc_id,
        subnet_id=eni.subnet_id,
        zone=eni.availability_zone,
        security_group_ids=tuple(group.id for group in eni.group_set),
        endpoint_id=getattr(eni, "endpoint_id", None),
        ipv6=next(iter(eni.ipv6_addresses), None),
    )


def _ingress(backend: Any, group: Any, rule: Any) -> Iterator[Ingress]:
    for source in _sources(backend, group, rule):
        yield Ingress(source=source, protocol=rule.ip_protocol, from_port=rule.from_port, to_port=rule.to_port)


def _sources(backend: Any, group: Any, rule: Any) -> Iterator[str]:
    if rule.cidr_ipv4:
        yield rule.cidr_ipv4
    if rule.cidr_ipv6:
        yield rule.cidr_ipv6
    if rule.prefix_list_id in backend.managed_prefix_lists:
        prefix_list = backend.managed_prefix_lists[rule.prefix_list_id]
        yield from (entry["Cidr"] for entry in list(prefix_list.entries.values())[-1])
    referred = rule.source_group.get("GroupId")
    if referred:
        yield from _carriers(referred, _reachable(group.vpc_id))


def _carriers(group_id: str, vpc_ids: set[str]) -> Iterator[str]:
    for _unused, _unused, backend in _backends():
        for eni in backend.enis.values():
            if eni.vpc_id in vpc_ids and any(group.id == group_id for group in eni.group_set):
                yield from (f"{each['PrivateIpAddress']}/32" for each in eni.private_ip_addresses)
                yield from (f"{each}/128" for each in eni.ipv6_addresses)


def _reachable(vpc_id: str) -> set[str]:
    """The VPC and those it has an active peering with in the same region: there a group reference means something."""
    found = {vpc_id}
    for peering in peerings():
        ends = (peering.requester, peering.accepter)
        if peering.state == "active" and ends[0].region == ends[1].region and vpc_id in {each.vpc_id for each in ends}:
            found |= {each.vpc_id for each in ends}
    return found


def _table(backend: Any, subnet: Any) -> Any:
    tables = [table for table in backend.route_tables.values() if table.vpc_id == subnet.vpc_id]
    own = [table for table in tables if subnet.id in table._associations.values()]
    return own[0] if own else next(table for table in tables if table.main_association_id)


def _routes(route: Any) -> Iterator[Route]:
    targets = (
        route.gateway_id,
        route.vpc_peering_connection_id,
        route.transit_gateway_id,
        route.nat_gateway_id,
        route.network_interface_id,
        route.instance_id,
    )
    target = next((each for each in targets if each), None)
    if target is None:
        return
    if route.destination_cidr_block:
        yield Route(destination=route.destination_cidr_block, target=target)
    elif route.destination_prefix_list:
        entries = list(route.destination_prefix_list.entries.values())[-1]
        yield from (Route(destination=entry["Cidr"], target=target) for entry in entries)


def _ref(vpc: Any) -> VpcRef:
    return VpcRef(account=vpc.ec2_backend.account_id, region=vpc.region, vpc_id=vpc.id)
