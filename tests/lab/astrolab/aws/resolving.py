# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the Route 53 Resolver of a VPC answers, from zones, endpoints and VPC attributes alone.

It opens no socket. Names that no private zone covers are the public internet's: the caller answers those.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from moto.ec2.models import ec2_backends

from . import profiles
from .ec2.endpoints import Endpoint, everywhere
from .ec2.families import FAMILIES
from .route53 import names, zones
from .route53.zones import RecordSet, Version, ZoneVpc
from .world import WORLD

ALIAS_TTL = 60
LONGEST_CHAIN = 8


@dataclass(frozen=True, slots=True)
class Record:
    name: str
    rtype: str
    ttl: int
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`source` is "private" (a zone of the VPC), "endpoint" (a name of AWS's for an endpoint) or "public"."""

    rcode: str = "NOERROR"
    records: tuple[Record, ...] = ()
    zone: str | None = None
    source: str = "public"


def answer(vpc_id: str, name: str, rdtype: str) -> Answer:
    """As the resolver of that VPC; NODATA is NOERROR without records."""
    with WORLD.lock:
        return _resolve(_zones_of(vpc_id), names.normal(name), rdtype.upper(), LONGEST_CHAIN)


def _zones_of(vpc_id: str) -> dict[str, Version]:
    """The private zones in force in the VPC, by name; none unless both DNS attributes are on."""
    for _unused, region, backend in ec2_backends.iter_backends():
        vpc = getattr(backend, "vpcs", {}).get(vpc_id)
        if vpc is not None and vpc.enable_dns_support and vpc.enable_dns_hostnames:
            here, far = ZoneVpc(vpc_id, region), set(profiles.zone_ids_of(vpc_id, region))
            published = list(zones.STORE.publishing())
            through = {zone.name: version for zone, version in published if zone.id in far}
            return through | {zone.name: version for zone, version in published if here in version.vpcs}
    return {}


def _resolve(known: dict[str, Version], name: str, rdtype: str, left: int) -> Answer:
    covering = [zone for zone in known if names.within(name, zone)]
    if not covering:
        return _endpoint_answer(name, rdtype)
    zone = max(covering, key=len)
    found = in_zone(known[zone].records.values(), zone, name)
    if found is None:
        return Answer(rcode="NXDOMAIN", zone=names.plain(zone), source="private")
    records: list[Record] = []
    for record in found:
        if record.type in {rdtype, "CNAME"}:
            records += _values(known, record, names.plain(name), rdtype, left)
    return Answer(records=tuple(records), zone=names.plain(zone), source="private")


def in_zone(records: Iterable[RecordSet], zone: str, name: str) -> list[RecordSet] | None:
    """The records of a name or of the closest wildcard; None where the name does not exist at all."""
    present = list(records)
    exact = [each for each in present if each.name == name]
    if exact:
        return exact
    if any(each.name.endswith(f".{name}") for each in present):
        return []  # an empty non-terminal
    parent = name
    while parent != zone:
        parent = parent.partition(".")[2]
        wild = [each for each in present if each.name == f"\\052.{parent}"]
        if wild:
            return wild
        if any(names.within(each.name, parent) for each in present):
            return None
    return None


def _values(known: dict[str, Version], record: RecordSet, name: str, rdtype: str, left: int) -> list[Record]:
    if left == 0:
        return []
    if record.alias:
        target = _resolve(known, record.alias.name, rdtype, left - 1)
        return [replace(each, name=name, ttl=ALIAS_TTL) for each in target.records if each.rtype == rdtype]
    found = [Record(name, record.type, record.ttl or 0, value) for value in record.values]
    if record.type == "CNAME" and rdtype != "CNAME":
        for value in record.values:
            found += _resolve(known, names.normal(value), rdtype, left - 1).records
    return found


def _endpoint_answer(name: str, rdtype: str) -> Answer:
    """The names of endpoints resolve everywhere, to private addresses, as in AWS's public DNS."""
    endpoint_id = "-".join(name.split("-", 2)[:2])
    for endpoint in everywhere() if name.startswith("vpce-") else ():
        if endpoint.id == endpoint_id and name in {names.normal(each["DnsName"]) for each in endpoint.dns_entries}:
            return _addresses(endpoint, names.plain(name), rdtype)
    return Answer()


def _addresses(endpoint: Endpoint, name: str, rdtype: str) -> Answer:
    if endpoint.state != "available":
        return Answer(rcode="NXDOMAIN", source="endpoint")
    family = {"A": "ipv4", "AAAA": "ipv6"}.get(rdtype)
    if family not in FAMILIES.get(endpoint.dns_options["DnsRecordIpType"], ()):
        return Answer(source="endpoint")
    host = name.partition(".")[0].removeprefix(f"{endpoint.id}-{endpoint.random}")
    zone = host.removeprefix("-")
    chosen = [each for each in endpoint.interfaces if not zone or each.availability_zone == zone]
    return Answer(
        records=tuple(
            Record(name, rdtype, ALIAS_TTL, str(address))
            for each in chosen
            for address in (each.ipv6_addresses if family == "ipv6" else [each.private_ip_address])
            if address
        ),
        source="endpoint",
    )
