# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the network is to be built from, once AWS has given its ids, and what it tells about its hosts once it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Interface, IPv6Network
from typing import Literal

#: One that knows the internet only, one that asks the VPC's resolver, and one that also keeps what that answers.
NameServer = Literal["public", "forwarding", "caching"]
NAT64 = IPv6Network("64:ff9b::/96")  # IPv4 addresses as IPv6 hosts know them
AMAZON = IPv4Address("169.254.169.253")  # every VPC's own resolver answers there too, whatever the DHCP options say


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What makes a host a pod: files of its own in /etc, processes of its own, and what its image has."""

    resolv_conf: str
    servers: tuple[IPv4Address, ...]  # the name servers in it
    python: str = "python3"  # on PATH, or at this path only, or none
    read_only: bool = False  # nothing can be written, not even in /tmp


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPlan:
    interface: str  # its network interface in AWS
    address: IPv4Interface
    ipv6: IPv6Interface | None = None
    container: Container | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterServer:
    """A cluster's name server: the names of its services, whom it asks for others, and how long it keeps the answers."""

    forward: NameServer = "forwarding"
    cache: int = 30
    services: Mapping[str, IPv4Address] = field(default_factory=dict)
    node_local: IPv4Address | None = None  # where another cache in front of it answers


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcPlan:
    id: str
    cidr: IPv4Network  # the first one; it holds the router and the resolver
    hosts: Mapping[str, HostPlan] = field(default_factory=dict)
    dns_servers: Mapping[IPv4Address, NameServer] = field(default_factory=dict)
    clusters: Mapping[IPv4Address, ClusterServer] = field(default_factory=dict)

    @property
    def router(self) -> IPv4Address:
        return self.cidr[1]

    @property
    def resolver(self) -> IPv4Address:
        return self.cidr[2]

    @property
    def name_servers(self) -> Mapping[IPv4Address, NameServer]:
        return {self.resolver: "forwarding", AMAZON: "forwarding", **self.dns_servers}

    @property
    def cluster_addresses(self) -> tuple[IPv4Address, ...]:
        """At which name servers of clusters answer."""
        return (*self.clusters, *(each.node_local for each in self.clusters.values() if each.node_local))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    vpcs: tuple[VpcPlan, ...]
    names: Mapping[str, tuple[IPv4Address, ...]]  # the world's DNS
    astro: IPv4Address  # the cluster's public address
    public_ttl: int = 60  # seconds for which the world's answers may be kept
    spared: tuple[str, ...] = ()  # VPCs that need no network until they are connected with one that has agent hosts

    @property
    def public_addresses(self) -> tuple[IPv4Address, ...]:
        return tuple(sorted({self.astro, *(address for addresses in self.names.values() for address in addresses)}))


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """How to be on an agent host: by entering a process, or in loopback mode through ports."""

    vpc: str
    address: IPv4Address
    pid: int | None = None
    pid_namespace: str | None = None  # where it has processes of its own, of which `pid` is then the first
    name_servers: tuple[str, ...] = ()
    dial_through: str | None = None
