# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the AWS double's state for the network: the only file here that does. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address, IPv4Interface, IPv4Network, IPv6Address, ip_network

from ..aws import links, state
from .network import Observe
from .plan import HostPlan, Plan
from .resolver import Lookup, PublicNames, Record, Reply
from .view import ANY_PROTOCOL, TCP, UDP, Acl, Door, Entry, Gateway, Guest, Sight, Subnet, Traffic, View, Way

_PROTOCOLS = {"tcp": TCP, "6": TCP, "udp": UDP, "17": UDP, "-1": ANY_PROTOCOL}
_ALL_PORTS = (0, 65535)


@dataclass(frozen=True, slots=True)
class _Target:
    """A VPC or a transit gateway, which takes packets from some zones only."""

    node: str
    zones: frozenset[str] | None = None


@dataclass(slots=True)
class Lodgers:
    """Who is in each VPC: agent hosts and pods, which come and go, what NetworkPolicies let a pod send, and who is behind the
    addresses of name servers of clusters."""

    hosts: dict[str, dict[str, HostPlan]]
    policies: dict[IPv4Address, frozenset[Traffic]] = field(default_factory=dict)
    services: dict[str, dict[IPv4Address, frozenset[IPv4Address]]] = field(default_factory=dict)


def lodgers(plan: Plan) -> Lodgers:
    return Lodgers({vpc.id: dict(vpc.hosts) for vpc in plan.vpcs})


def placed(interface: str) -> tuple[str, HostPlan]:
    """The VPC of an interface, and the agent host that would have it."""
    found = state.interface(interface)
    subnet = next(each for each in links.subnets(found.vpc_id) if each.id == found.subnet_id)
    length = IPv4Network(subnet.cidr).prefixlen
    return found.vpc_id, HostPlan(interface=interface, address=IPv4Interface(f"{found.address}/{length}"))


def observer(plan: Plan, within: Lodgers) -> Observe:
    """Sees the VPCs of the plan and those that were made since."""
    spared = frozenset(plan.spared)

    def observe() -> Sight:
        gateways = links.gateways()
        across = _across(gateways)
        unseen = spared - _near(within, gateways, across)
        views = {
            vpc.id: _view(vpc, within, across.get(vpc.id, {}))
            for vpc in state.vpcs()
            if not vpc.is_default and vpc.id not in unseen
        }
        return Sight(vpcs=views, gateways={each.id: _gateway(each) for each in gateways})

    return observe


def _near(within: Lodgers, gateways: list[links.Gateway], across: Mapping[str, Mapping[str, _Target]]) -> set[str]:
    """What is connected with a VPC that has agent hosts."""
    inhabited = [vpc for vpc, hosts in within.hosts.items() if hosts]
    nodes = {target.node for vpc in inhabited for target in across.get(vpc, {}).values()}
    behind = (attachment.vpc_id for each in gateways if each.id in nodes for attachment in each.attachments)
    return nodes.union(behind)


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


def _view(vpc: state.Vpc, within: Lodgers, across: Mapping[str, _Target]) -> View:
    doors = frozenset(map(_door, state.endpoint_interfaces(vpc.id)))
    hosts = frozenset(_guests(list(within.hosts.get(vpc.id, {}).values()), within.policies))
    known = {each.id: each for each in links.subnets(vpc.id)}
    used = {door.subnet for door in doors} | {host.subnet for host in hosts}
    used |= {each.nat64[1] for name, each in known.items() if name in used and each.nat64}
    return View(
        vpc=vpc.id,
        cidr=IPv4Network(vpc.cidrs[0]),
        doors=doors,
        guests=hosts,
        subnets={name: _subnet(each, across) for name, each in known.items() if name in used},
        neighbours=frozenset(target.node for target in across.values()),
        name_servers=tuple(_addresses(vpc.dns_servers)),
        services=dict(within.services.get(vpc.id, {})),
        region=vpc.region,
    )


def _door(interface: state.Interface) -> Door:
    return Door(
        address=IPv4Address(interface.address),
        subnet=interface.subnet_id,
        endpoint=interface.endpoint_id or "",
        allows=frozenset(_traffic(state.allowed(interface.security_group_ids), ipv6=True)),
        ipv6=IPv6Address(interface.ipv6) if interface.ipv6 else None,
    )


def _guests(hosts: Iterable[HostPlan], policies: Mapping[IPv4Address, frozenset[Traffic]]) -> Iterator[Guest]:
    for host in hosts:
        with suppress(KeyError):  # somebody deleted its interface: the host is cut off
            found = state.interface(host.interface)
            leaves = frozenset(_traffic(state.leaving(found.security_group_ids)))
            ipv6 = None if host.container else links.ipv6_address(host.interface)
            yield Guest(
                address=host.address.ip,
                subnet=found.subnet_id,
                leaves=leaves,
                policy=policies.get(host.address.ip),
                ipv6=IPv6Address(ipv6) if ipv6 else None,
            )


def _traffic(rules: Iterable[state.Ingress], *, ipv6: bool = False) -> Iterator[Traffic]:
    for rule in rules:
        if rule.protocol in _PROTOCOLS and (ipv6 or ":" not in rule.source):
            yield _some(rule.source, rule)


def _some(network: str, rule: state.Ingress | links.Entry) -> Traffic:
    protocol = _PROTOCOLS[rule.protocol]
    first, last = _ALL_PORTS if protocol == ANY_PROTOCOL else (rule.from_port, rule.to_port)
    return Traffic(
        network=ip_network(network, strict=False),
        protocol=protocol,
        first=first or 0,
        last=65535 if last is None else last,
    )


def _subnet(subnet: links.Subnet, across: Mapping[str, _Target]) -> Subnet:
    return Subnet(
        cidr=IPv4Network(subnet.cidr),
        ways=frozenset(_ways(subnet, across)),
        inbound=_acl(subnet.inbound),
        outbound=_acl(subnet.outbound),
        dns64=subnet.dns64,
        nat64=Guest(address=IPv4Address(subnet.nat64[0]), subnet=subnet.nat64[1]) if subnet.nat64 else None,
    )


def _acl(entries: Iterable[links.Entry]) -> Acl:
    known = (each for each in entries if each.protocol in _PROTOCOLS)
    return tuple(Entry(number=each.number, allow=each.allow, traffic=_some(each.network, each)) for each in known)


def _ways(subnet: links.Subnet, across: Mapping[str, _Target]) -> Iterator[Way]:
    """Routes that lead out of the VPC. What is inside and answers is found before them; the rest of it is nowhere."""
    for line in subnet.lines:
        if line.target == "local":
            yield Way(destination=IPv4Network(line.destination), to=None)
        elif line.target.startswith(("pcx-", "tgw-")):
            target = across.get(line.target) if line.active else None
            reached = target is not None and (target.zones is None or subnet.zone in target.zones)
            yield Way(destination=IPv4Network(line.destination), to=target.node if target and reached else None)


def _gateway(gateway: links.Gateway) -> Gateway:
    return Gateway(
        id=gateway.id,
        ways={
            attachment.vpc_id: frozenset(
                Way(destination=IPv4Network(destination), to=vpc) for destination, vpc in attachment.routes.items()
            )
            for attachment in gateway.attachments
        },
    )


def _across(gateways: list[links.Gateway]) -> dict[str, dict[str, _Target]]:
    """For each VPC, what is behind its active peering connections and transit gateways, by their ids."""
    found: dict[str, dict[str, _Target]] = {}
    for peering in state.peerings():
        if peering.state == "active":
            ends = (peering.requester.vpc_id, peering.accepter.vpc_id)
            for here, there in (ends, ends[::-1]):
                found.setdefault(here, {})[peering.id] = _Target(there)
    for gateway in gateways:
        for attachment in gateway.attachments:
            found.setdefault(attachment.vpc_id, {})[gateway.id] = _Target(gateway.id, attachment.zones)
    return found


def _addresses(servers: tuple[str, ...]) -> Iterator[IPv4Address]:
    for server in servers:
        with suppress(AddressValueError):  # AmazonProvidedDNS is no address
            yield IPv4Address(server)
