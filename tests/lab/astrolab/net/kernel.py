# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's side of a VPC: addresses, policy rules, routes and cables, as data and by netlink. Knows no AWS.

A packet that may not pass must vanish, as in AWS, and not be refused. Policy rules do that without any firewall:
the table of local addresses is asked late, what may pass is sent to it early, and what is left meets a black hole.
Before that come blocks of rules, one for each question (may this host send that, may this subnet receive it): a packet
that passes skips the rest of the block, and one that does not is lost in it.
"""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from pathlib import Path
from typing import Any, overload

from pyroute2 import IPRoute

from .namespaces import Namespace
from .plan import NAT64

LOCAL, MAIN = 255, 254
DEAD, BLOCKS = 90, 0x10000
ALLOW, CLOSED, OWN, INSIDE, ROUTED, LOST = (0xF0000000 + number for number in (100, 600, 700, 750, 800, 900))
BLOCK = 0x10000  # rules that one question may need
ANYWHERE = IPv4Network("0.0.0.0/0")
TRANSIT = IPv4Network("169.254.64.0/18")


@dataclass(frozen=True, slots=True)
class Address:
    ip: IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A line of a subnet's route table; without a cable it is a black hole."""

    table: int
    destination: IPv4Network
    cable: Cable | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A policy rule, of the family of its networks; with nothing to do the packet vanishes, or if `told` its sender hears that
    there is no way."""

    priority: int
    cable: Cable | None = None  # the one it arrives by
    source: IPv4Network | IPv6Network = ANYWHERE
    destination: IPv4Network | IPv6Network = ANYWHERE
    protocol: int | None = None
    ports: tuple[int, int] | None = None
    table: int | None = None
    told: bool = False
    skip_to: int | None = None  # the priority at which the search goes on
    landing: bool = False  # nothing but a place to skip to


@dataclass(frozen=True, slots=True)
class Translated:
    """An IPv6 host whose packets to wrapped IPv4 addresses are taken by the fabric itself."""

    host: IPv6Address


Thing = Address | Route | Rule | Translated


@dataclass(frozen=True, slots=True)
class Cable:
    """A way between two VPCs, or between a VPC and a transit gateway, seen from one of its two ends."""

    number: int
    end: int

    @property
    def name(self) -> str:
        return f"cable{self.number}"

    @property
    def other(self) -> Cable:
        return Cable(self.number, 1 - self.end)

    @property
    def ip(self) -> IPv4Address:
        return TRANSIT[4 * self.number + 1 + self.end]


@overload
def host_network(ip: IPv4Address) -> IPv4Network: ...


@overload
def host_network(ip: IPv6Address) -> IPv6Network: ...


def host_network(ip: IPv4Address | IPv6Address) -> IPv4Network | IPv6Network:
    return IPv4Network((ip, 32)) if isinstance(ip, IPv4Address) else IPv6Network((ip, 128))


def furnish(fabric: Namespace, addresses: Iterable[IPv4Address]) -> None:
    """Makes a new namespace the fabric of a VPC: it forwards, owns these addresses, and loses what it does not know."""

    def inside() -> None:
        sysctl = Path("/proc/sys/net/ipv4")
        (sysctl / "ip_forward").write_text("1")
        # Or only the first few of many connections would hear that there is no way.
        (sysctl / "icmp_ratelimit").write_text("0")
        for scope in ("all", "default"):  # a reverse path filter would judge by the wrong table
            (sysctl / "conf" / scope / "rp_filter").write_text("0")
            (sysctl / "conf" / scope / "send_redirects").write_text("0")
        with IPRoute() as netlink:
            netlink.link("set", index=_index(netlink, "lo"), state="up")
            first: list[Thing] = [
                Rule(priority=OWN, table=LOCAL),
                Rule(priority=INSIDE, table=MAIN),
                Rule(priority=LOST),
            ]
            for thing in first + [Address(address) for address in addresses]:
                _tell(netlink, "add", thing)
            for priority, table in _OF_THE_KERNEL:
                netlink.rule("del", priority=priority, table=table)

    fabric.run(inside)


def furnish_ipv6(fabric: Namespace) -> None:
    """Hosts of a VPC reach each other, and endpoints that admit them; what else they send is lost, or translated."""

    def inside() -> None:
        Path("/proc/sys/net/ipv6/conf/all/forwarding").write_text("1")
        with IPRoute() as netlink:
            for priority, table in ((OWN, LOCAL), (INSIDE, MAIN)):
                netlink.rule("add", family=socket.AF_INET6, priority=priority, table=table)
            netlink.rule("add", family=socket.AF_INET6, priority=LOST, action="FR_ACT_BLACKHOLE")
            for priority, table in ((0, LOCAL), (32766, MAIN)):  # the kernel's own would be asked before ours
                netlink.rule("del", family=socket.AF_INET6, priority=priority, table=table)
            index = _index(netlink, "lo")
            netlink.route("add", family=socket.AF_INET6, dst=str(NAT64), oif=index, table=_WRAPPED, type="local")

    fabric.run(inside)


def change(fabric: Namespace, gone: Collection[Thing], new: Collection[Thing]) -> None:
    """What may pass and what may not is said before an address appears, and forgotten after it went."""
    order = (Route, Rule, Translated, Address)

    def rank(thing: Thing) -> tuple[int, bool, int]:
        """Rules in the order in which they are asked, but first of all where they may skip to."""
        rule = thing if isinstance(thing, Rule) else None
        return order.index(type(thing)), rule is None or not rule.landing, rule.priority if rule else 0

    # a route takes the place of the one that led elsewhere
    placed = {(thing.table, thing.destination) for thing in new if isinstance(thing, Route)}

    def inside() -> None:
        with IPRoute() as netlink:
            for thing in sorted(new, key=rank):
                _tell(netlink, "replace" if isinstance(thing, Route) else "add", thing)
            for thing in sorted(gone, key=rank, reverse=True):
                if not (isinstance(thing, Route) and (thing.table, thing.destination) in placed):
                    _tell(netlink, "del", thing)

    fabric.run(inside)


def plug_host(fabric: Namespace, host: Namespace, number: int, address: IPv4Interface, router: IPv4Address) -> None:
    """A cable from an agent host to its VPC's fabric; the host sends everything to the router, as an EC2 host does."""
    cable = f"host{number}"

    def at_the_fabric() -> None:
        with IPRoute() as netlink:
            netlink.link("add", ifname=cable, kind="veth", peer={"ifname": "eth0", "net_ns_fd": host.network})
            index = _index(netlink, cable)
            netlink.link("set", index=index, state="up")
            netlink.route("add", dst=str(host_network(address.ip)), oif=index)

    def at_the_host() -> None:
        with IPRoute() as netlink:
            netlink.link("set", index=_index(netlink, "lo"), state="up")
            index = _index(netlink, "eth0")
            # no prefix route: a neighbour that is not there must time out, not be reported as unreachable
            netlink.addr(
                "add", index=index, address=str(address.ip), prefixlen=address.network.prefixlen, flags=_NO_PREFIX_ROUTE
            )
            netlink.link("set", index=index, state="up")
            netlink.route("add", dst="default", gateway=str(router), oif=index, flags=_ONLINK)

    fabric.run(at_the_fabric)
    host.run(at_the_host)


def plug_ipv6(fabric: Namespace, host: Namespace, number: int, address: IPv6Interface) -> None:
    """A second address for a host that is plugged already."""

    def at_the_fabric() -> None:
        with IPRoute() as netlink:
            index = _index(netlink, f"host{number}")
            netlink.addr("add", index=index, address=_ROUTER, prefixlen=64, flags=_NO_DAD)
            netlink.route("add", family=socket.AF_INET6, dst=f"{address.ip}/128", oif=index)

    def at_the_host() -> None:
        with IPRoute() as netlink:
            index = _index(netlink, "eth0")
            flags = _NO_DAD | _NO_PREFIX_ROUTE
            netlink.addr("add", index=index, address=str(address.ip), prefixlen=address.network.prefixlen, flags=flags)
            netlink.route("add", family=socket.AF_INET6, dst="default", gateway=_ROUTER, oif=index)

    fabric.run(at_the_fabric)
    host.run(at_the_host)


def plug_cable(number: int, fabrics: tuple[Namespace, Namespace]) -> None:
    """A cable between two fabrics; it carries nothing until routes use it."""
    near, far = Cable(number, 0), Cable(number, 1)

    def make() -> None:
        with IPRoute() as netlink:
            peer = {"ifname": far.name, "net_ns_fd": fabrics[1].network}
            netlink.link("add", ifname=near.name, kind="veth", peer=peer)

    def raise_end(cable: Cable) -> None:
        with IPRoute() as netlink:
            index = _index(netlink, cable.name)
            netlink.addr("add", index=index, address=str(cable.ip), prefixlen=30)
            netlink.link("set", index=index, state="up")

    fabrics[0].run(make)
    fabrics[0].run(lambda: raise_end(near))
    fabrics[1].run(lambda: raise_end(far))


_OF_THE_KERNEL = ((0, LOCAL), (32766, MAIN), (32767, 253))  # its own rules would be asked before ours
_NO_PREFIX_ROUTE = 0x200
_NO_DAD = 0x02
_ROUTER = "fe80::1"
_WRAPPED = 64  # the table that leads wrapped addresses to the fabric
_ONLINK = 4


def _index(netlink: Any, name: str) -> int:
    return int(netlink.link_lookup(ifname=name)[0])


def _tell(netlink: Any, command: str, thing: Thing) -> None:
    match thing:
        case Address(ip=ip):
            length, flags = (32, {}) if ip.version == 4 else (128, {"flags": _NO_DAD})
            netlink.addr(command, index=_index(netlink, "lo"), address=str(ip), prefixlen=length, **flags)
        case Route(table=table, destination=destination, cable=None):
            netlink.route(command, dst=str(destination), table=table, type="blackhole")
        case Route(table=table, destination=destination, cable=Cable() as cable):
            index = _index(netlink, cable.name)
            gateway = str(cable.other.ip)
            netlink.route(command, dst=str(destination), table=table, gateway=gateway, oif=index, flags=_ONLINK)
        case Translated(host=host):
            wrapped = {"dst": str(NAT64.network_address), "dst_len": NAT64.prefixlen, "src": str(host), "src_len": 128}
            netlink.rule(command, family=socket.AF_INET6, priority=BLOCKS, table=_WRAPPED, **wrapped)
        case Rule():
            netlink.rule(command, **_rule(thing))


def _rule(rule: Rule) -> dict[str, object]:
    told: dict[str, object] = {"priority": rule.priority}
    if rule.destination.version == 6:
        told["family"] = socket.AF_INET6
    if rule.cable is not None:
        told["iifname"] = rule.cable.name
    if rule.source.prefixlen:
        told |= {"src": _named(rule.source), "src_len": rule.source.prefixlen}
    if rule.destination != ANYWHERE:
        told |= {"dst": _named(rule.destination), "dst_len": rule.destination.prefixlen}
    if rule.protocol is not None:
        told["ip_proto"] = rule.protocol
    if rule.ports is not None and rule.protocol in (socket.IPPROTO_TCP, socket.IPPROTO_UDP):
        told["dport_range"] = "{}:{}".format(*rule.ports)
    return told | _action(rule)


def _named(network: IPv4Network | IPv6Network) -> str:
    """An address of a network: pyroute2 leaves out 0.0.0.0, and the kernel then refuses the length."""
    return (
        str(network.network_address)
        if int(network.network_address)
        else str(network[min(1, network.num_addresses - 1)])
    )


def _action(rule: Rule) -> dict[str, object]:
    if rule.table is not None:
        return {"table": rule.table}
    if rule.skip_to is not None:
        return {"action": "FR_ACT_GOTO", "goto": rule.skip_to}
    if rule.landing:
        return {"action": "FR_ACT_NOP"}
    return {"action": "FR_ACT_UNREACHABLE" if rule.told else "FR_ACT_BLACKHOLE"}
