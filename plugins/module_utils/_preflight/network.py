# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network between agents and an endpoint: routes, network ACLs, peerings, gateways, and what they block. Pure.

What could not be read counts as open: a finding needs evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Network

from .._core.findings import Finding, finding
from .._core.grouped import grouped
from .._core.ranges import ipv4
from .._link.model import Subnet
from .._link.security_group import PORT

#: The ports that Linux uses for its own side of a connection; replies go to them.
EPHEMERAL = (32768, 60999)
TCP = "6"
#: Targets that cannot lead to another VPC. Any other (an appliance, a VPN, a gateway) may.
_DEAD_ENDS = ("local", "igw-", "eigw-", "nat-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vpc:
    """``owner`` is the account, ``name_servers`` those of its DHCP options."""

    id: str
    owner: str
    region: str
    cidrs: tuple[str, ...] = ()
    name_servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An entry of a network ACL. ``protocol`` is a number, "-1" for all."""

    number: int
    egress: bool
    allow: bool
    cidr: str
    protocol: str = "-1"
    ports: tuple[int, int] = (0, 65535)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acl:
    id: str
    subnets: frozenset[str]
    rules: tuple[Rule, ...]

    def admits(self, egress: bool, peer: str, ports: tuple[int, int]) -> bool:
        """Whether TCP to (or from) any part of ``peer`` passes; the first rule that covers the ports decides."""
        left = ipv4([peer])
        for rule in sorted(self.rules, key=lambda rule: rule.number):
            covers = rule.protocol in {"-1", TCP} and rule.ports[0] <= ports[0] and ports[1] <= rule.ports[1]
            if rule.egress is not egress or not covers:
                continue
            for span in ipv4([rule.cidr]):
                if rule.allow and any(part.overlaps(span) for part in left):
                    return True
                left = [rest for part in left for rest in _without(part, span)]
        return False


def _without(part: IPv4Network, gone: IPv4Network) -> Iterable[IPv4Network]:
    if not part.overlaps(gone):
        return [part]
    return [] if part.subnet_of(gone) else part.address_exclude(gone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """``cidr`` is "" for a prefix list, whose contents are not known; those of AWS's gateway endpoints lead nowhere else."""

    cidr: str
    target: str
    active: bool = True

    @property
    def leads_out(self) -> bool:
        ends_here = self.target.startswith(_DEAD_ENDS) or (not self.cidr and self.target.startswith("vpce-"))
        return self.active and not ends_here


@dataclass(frozen=True, kw_only=True)
class Table:
    """A route table, and the subnets that name it; the main one serves those that name none."""

    id: str
    vpc_id: str
    main: bool
    subnets: frozenset[str]
    routes: tuple[Route, ...]

    def leads_to(self, cidr: str) -> bool:
        """Whether the most specific route for a network leads to another VPC."""
        destination = IPv4Network(cidr)
        wider = (destination.supernet(new_prefix=length) for length in range(destination.prefixlen, -1, -1))
        best = next((self._by_span[span] for span in wider if span in self._by_span), None)
        lists = any(route.leads_out for route in self.routes if not route.cidr)
        return lists or (best is not None and best.leads_out)

    @cached_property
    def _by_span(self) -> dict[IPv4Network, Route]:
        """A hub's table has a route for each VPC that joins it, and is asked as often."""
        return {span: route for route in reversed(self.routes) for span in ipv4([route.cidr])}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A VPC on a transit gateway; ``references``: security groups may be named across it."""

    gateway: str
    vpc_id: str
    references: bool


@dataclass(frozen=True, kw_only=True)
class Network:
    """The networks of all VPCs of a run; ids are unique over accounts and regions. ``peerings`` are the active ones."""

    vpcs: Mapping[str, Vpc] = field(default_factory=dict)
    subnets: Mapping[str, Subnet] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()
    acls: tuple[Acl, ...] = ()
    peerings: frozenset[frozenset[str]] = frozenset()
    attachments: tuple[Attachment, ...] = ()

    @staticmethod
    def merge(parts: Iterable[Network]) -> Network:
        all_ = list(parts)
        return Network(
            vpcs={key: vpc for part in all_ for key, vpc in part.vpcs.items()},
            subnets={key: subnet for part in all_ for key, subnet in part.subnets.items()},
            tables=tuple(table for part in all_ for table in part.tables),
            acls=tuple(acl for part in all_ for acl in part.acls),
            peerings=frozenset(pair for part in all_ for pair in part.peerings),
            attachments=tuple(attachment for part in all_ for attachment in part.attachments),
        )

    def subnets_of(self, vpc_id: str) -> list[Subnet]:
        """Those with IPv4 addresses; from others nobody gets to an endpoint."""
        return self._subnets.get(vpc_id, [])

    def table_of(self, subnet: Subnet) -> Table | None:
        here = self._tables.get(subnet.vpc_id, [])
        named = next((table for table in here if subnet.id in table.subnets), None)
        return named or next((table for table in here if table.main), None)

    def acl_of(self, subnet: Subnet) -> Acl | None:
        return self._acls.get(subnet.id)

    def groups_cross(self, one: str, other: str) -> bool:
        """Whether a security group of one VPC may be named in the other: by peering, or by a gateway that allows it."""
        if frozenset([one, other]) in self.peerings:
            return True
        gateways = [
            {each.gateway for each in self._attachments.get(vpc, ()) if each.references} for vpc in (one, other)
        ]
        return bool(gateways[0] & gateways[1])

    # --- the same by VPC or subnet: each VPC of a fleet asks

    @cached_property
    def _subnets(self) -> dict[str, list[Subnet]]:
        return grouped((each.vpc_id, each) for each in self.subnets.values() if ipv4([each.cidr]))

    @cached_property
    def _tables(self) -> dict[str, list[Table]]:
        return grouped((each.vpc_id, each) for each in self.tables)

    @cached_property
    def _acls(self) -> dict[str, Acl]:
        return {subnet: each for each in reversed(self.acls) for subnet in each.subnets}

    @cached_property
    def _attachments(self) -> dict[str, list[Attachment]]:
        return grouped((each.vpc_id, each) for each in self.attachments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """From where the agents of the VPC ``name`` come (``places``), and where the endpoint is (``ends``).

    ``sure``: agents are known to be in each of the places. Otherwise they may be in any of them.
    """

    name: str
    places: tuple[Subnet, ...]
    ends: tuple[Subnet, ...]
    sure: bool = False


def closed(path: Path, network: Network) -> list[Finding]:
    """What keeps agents from an endpoint: an error if certain, a warning if it depends on where they are."""
    return [*_missing_routes(path, network), *_blocking_acls(path, network)]


def _missing_routes(path: Path, network: Network) -> Iterable[Finding]:
    gaps: dict[tuple[str, str], set[str]] = {}
    cut = set()
    for place in path.places:
        for end in path.ends:
            for here, there in ((place, end), (end, place)):
                table = network.table_of(here) if here.vpc_id != there.vpc_id else None
                if table is not None and not table.leads_to(there.cidr):
                    gaps.setdefault((table.id, here.vpc_id), set()).add(there.cidr)
                    cut.add(place.id)
    code = _code("ROUTE_MISSING", path, cut)
    for (table_id, vpc_id), cidrs in sorted(gaps.items()):
        yield finding(code, path.name, table=table_id, vpc_id=vpc_id, cidrs=cidrs)


def _blocking_acls(path: Path, network: Network) -> Iterable[Finding]:
    blocks: dict[tuple[str, str], tuple[set[str], set[str]]] = {}
    cut = set()
    for place in path.places:
        for end in path.ends:
            for acl, subnet, what, peer in _blocks(place, end, network):
                subnets, peers = blocks.setdefault((acl, what), (set(), set()))
                subnets.add(subnet)
                peers.add(peer)
                cut.add(place.id)
    code = _code("NACL_BLOCKS", path, cut)
    for (acl, what), (subnets, peers) in sorted(blocks.items()):
        yield finding(code, path.name, acl=acl, what=what, subnets=subnets, peers=peers)


def _blocks(place: Subnet, end: Subnet, network: Network) -> Iterable[tuple[str, str, str, str]]:
    """Each rule set that does not let a connection or its answers pass. Within a subnet there is none to pass."""
    if place.id == end.id:
        return
    asking, answers = (PORT, PORT), EPHEMERAL
    for here, there, egress, ports in (
        (place, end, True, asking),
        (end, place, False, asking),
        (end, place, True, answers),
        (place, end, False, answers),
    ):
        acl = network.acl_of(here)
        if acl is not None and not acl.admits(egress, there.cidr, ports):
            kind = f"port {PORT}" if ports == asking else f"replies on ports {ports[0]}-{ports[1]}"
            yield acl.id, here.id, f"{kind} {'to' if egress else 'from'}", there.cidr


def _code(code: str, path: Path, cut: set[str]) -> str:
    return code if path.sure or len(cut) == len(path.places) else f"{code}_SOMEWHERE"
