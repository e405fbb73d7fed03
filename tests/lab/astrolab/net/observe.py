# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the AWS double's state for the network: the only file here that does. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from ..aws import state
from .network import Observe
from .plan import Plan
from .resolver import Lookup, PublicNames, Record, Reply
from .view import ANY_PROTOCOL, TCP, UDP, Allow, Door, Guest, View, Way

_PROTOCOLS = {"tcp": TCP, "6": TCP, "udp": UDP, "17": UDP, "-1": ANY_PROTOCOL}
_ALL_PORTS = (0, 65535)


def observer(plan: Plan) -> Observe:
    guests = {vpc.id: [host.interface for host in vpc.hosts.values()] for vpc in plan.vpcs}

    def observe() -> dict[str, View]:
        known = {vpc.id: vpc for vpc in state.vpcs() if vpc.id in guests}
        peers = _peers()
        return {vpc: _view(known[vpc], guests[vpc], peers) for vpc in known}

    return observe


def private_names(vpc: str, world: PublicNames) -> Lookup:
    """What a VPC's own resolver answers; where private zones say nothing, the world does."""

    def lookup(name: str, rdtype: str) -> Reply | None:
        if not any(each.id == vpc and each.dns_support for each in state.vpcs()):
            return None
        answer = state.answer(vpc, name, rdtype)
        if answer.source == "public":
            return world(name, rdtype)
        records = tuple(Record(each.name, each.rtype, each.ttl, each.value) for each in answer.records)
        return Reply(zone=answer.zone or "amazonaws.com", exists=answer.rcode == "NOERROR", records=records)

    return lookup


def _view(vpc: state.Vpc, guests: list[str], peers: Mapping[str, Mapping[str, str]]) -> View:
    doors = frozenset(map(_door, state.endpoint_interfaces(vpc.id)))
    hosts = frozenset(_guests(guests))
    subnets = {door.subnet for door in doors} | {host.subnet for host in hosts}
    across = peers.get(vpc.id, {})
    return View(
        vpc=vpc.id,
        doors=doors,
        guests=hosts,
        ways={subnet: frozenset(_ways(subnet, across)) for subnet in subnets},
        peers=frozenset(across.values()),
        name_servers=tuple(_addresses(vpc.dns_servers)),
        region=vpc.region,
    )


def _door(interface: state.Interface) -> Door:
    return Door(
        address=IPv4Address(interface.address),
        subnet=interface.subnet_id,
        endpoint=interface.endpoint_id or "",
        allows=frozenset(_allows(interface.security_group_ids)),
    )


def _guests(interfaces: list[str]) -> Iterator[Guest]:
    for each in interfaces:
        with suppress(KeyError):  # somebody deleted it: the host is cut off
            found = state.interface(each)
            yield Guest(address=IPv4Address(found.address), subnet=found.subnet_id)


def _allows(groups: tuple[str, ...]) -> Iterator[Allow]:
    for rule in state.allowed(groups):
        if rule.protocol in _PROTOCOLS:
            protocol = _PROTOCOLS[rule.protocol]
            first, last = _ALL_PORTS if protocol == ANY_PROTOCOL else (rule.from_port, rule.to_port)
            network = IPv4Network(rule.source, strict=False)
            yield Allow(source=network, protocol=protocol, first=first or 0, last=65535 if last is None else last)


def _ways(subnet: str, across: Mapping[str, str]) -> Iterator[Way]:
    """Routes that lead to another VPC of the lab, or through a peering that does not carry."""
    with suppress(KeyError):
        for route in state.routes(subnet):
            if route.target.startswith("pcx-"):
                yield Way(destination=IPv4Network(route.destination), peer=across.get(route.target))


def _peers() -> dict[str, dict[str, str]]:
    """For each VPC, the VPCs behind its active peering connections, by connection."""
    found: dict[str, dict[str, str]] = {}
    for peering in state.peerings():
        if peering.state == "active":
            ends = (peering.requester.vpc_id, peering.accepter.vpc_id)
            for here, there in (ends, ends[::-1]):
                found.setdefault(here, {})[peering.id] = there
    return found


def _addresses(servers: tuple[str, ...]) -> Iterator[IPv4Address]:
    for server in servers:
        with suppress(AddressValueError):  # AmazonProvidedDNS is no address
            yield IPv4Address(server)
