# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How VPCs hang together, as the network needs it: subnets, route tables, network ACLs, transit gateways. Read-only.

Like `state`: frozen values, computed afresh at each call; nothing of moto leaks out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.ec2.models import ec2_backends

from .ec2 import transit
from .world import WORLD

NAT64 = "64:ff9b::/96"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a route table; one that is not active is a black hole."""

    destination: str
    target: str  # "local", "pcx-...", "tgw-...", "igw-...", ...
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A rule of a network ACL; without ports it is for all of them."""

    number: int
    allow: bool
    network: str
    protocol: str  # "-1" for all, or a number
    from_port: int | None
    to_port: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    id: str
    zone: str
    cidr: str
    lines: tuple[Line, ...]
    inbound: tuple[Entry, ...]  # of its network ACL, in the order in which they count
    outbound: tuple[Entry, ...]
    dns64: bool
    nat64: tuple[str, str] | None  # the NAT gateway that the way to 64:ff9b::/96 leads to: its address and subnet


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A VPC on a transit gateway: the zones that reach it, and where the gateway's table leads, by destination."""

    vpc_id: str
    zones: frozenset[str]
    routes: Mapping[str, str | None]  # to a VPC, or None: a black hole


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    id: str
    attachments: tuple[Attachment, ...]


def subnets(vpc_id: str) -> list[Subnet]:
    """Those of a VPC that have IPv4 addresses."""
    with WORLD.lock:
        for _account, _region, backend in ec2_backends.iter_backends():
            if vpc_id in backend.vpcs:
                tables = [table for table in backend.route_tables.values() if table.vpc_id == vpc_id]
                subnets = (each for zone in backend.subnets.values() for each in zone.values())
                of_vpc = [each for each in subnets if each.vpc_id == vpc_id and each.cidr_block]
                acls = [acl for acl in backend.network_acls.values() if acl.vpc_id == vpc_id]
                return [_subnet(each, tables, acls) for each in of_vpc]
    return []


def ipv6_address(interface_id: str) -> str | None:
    """The first one of an interface."""
    with WORLD.lock:
        for _account, _region, backend in ec2_backends.iter_backends():
            if interface_id in backend.enis:
                return next(iter(backend.enis[interface_id].ipv6_addresses), None)
    return None


def gateways() -> list[Gateway]:
    with WORLD.lock:
        found = {
            each.id: each
            for _account, _region, backend in ec2_backends.iter_backends()
            for each in backend.transit_gateways.values()
        }
        return [
            Gateway(id=each.id, attachments=tuple(_attachment(one) for one in transit.attachments(each)))
            for each in found.values()
        ]


def _subnet(subnet: Any, tables: list[Any], acls: list[Any]) -> Subnet:
    entries = _entries(subnet.id, acls)
    own = [table for table in tables if subnet.id in table._associations.values()]
    table = own[0] if own else next(table for table in tables if table.main_association_id)
    return Subnet(
        id=subnet.id,
        zone=subnet.availability_zone,
        cidr=subnet.cidr_block,
        lines=tuple(line for route in table.routes for line in _lines(route)),
        inbound=tuple(_entry(each) for each in entries if not each.egress),
        outbound=tuple(_entry(each) for each in entries if each.egress),
        dns64=bool(getattr(subnet, "enable_dns64", False)),
        nat64=next(filter(None, map(_nat64, table.routes)), None),
    )


def _nat64(route: Any) -> tuple[str, str] | None:
    gateway = route.nat_gateway
    if gateway is None or gateway.state != "available" or route.destination_ipv6_cidr_block != NAT64:
        return None
    return gateway.private_ip, gateway.subnet_id


def _entries(subnet_id: str, acls: list[Any]) -> list[Any]:
    own = (acl for acl in acls if subnet_id in {each.subnet_id for each in acl._associations.values()})
    entries = (each for acl in own for each in acl.network_acl_entries if each.cidr_block)
    return sorted(entries, key=lambda each: int(each.rule_number))


def _entry(entry: Any) -> Entry:
    return Entry(
        number=int(entry.rule_number),
        allow=entry.rule_action == "allow",
        network=entry.cidr_block,
        protocol=str(entry.protocol),
        from_port=entry.port_range_from,
        to_port=entry.port_range_to,
    )


def _lines(route: Any) -> Iterator[Line]:
    targets = (
        route.gateway_id,
        route.vpc_peering_connection_id,
        route.transit_gateway_id,
        route.nat_gateway_id,
        route.network_interface_id,
        route.instance_id,
    )
    target = next((each for each in targets if each), None)
    for destination in _destinations(route) if target else ():
        yield Line(destination=destination, target=str(target), active=route.state == "active")


def _destinations(route: Any) -> list[str]:
    if route.destination_cidr_block:
        return [route.destination_cidr_block]
    if route.destination_prefix_list:
        return [entry["Cidr"] for entry in list(route.destination_prefix_list.entries.values())[-1]]
    return []


def _attachment(attachment: Any) -> Attachment:
    backend = attachment.ec2_backend
    table = transit.associated(attachment)
    return Attachment(
        vpc_id=attachment.resource_id,
        zones=frozenset(zone for zone, known in backend.subnets.items() if known.keys() & set(attachment.subnet_ids)),
        routes={route["destinationCidrBlock"]: _target(route) for route in transit.routes(table)} if table else {},
    )


def _target(route: dict[str, Any]) -> str | None:
    if route["state"] != "active":
        return None
    (target,) = route["transitGatewayAttachments"]
    return str(target["resourceId"])
