# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosted zones with their records, associations and changes: the state, and what of it is already in sync.

It knows no request and no answer. Records never change, so an earlier version of a zone is a cheap copy.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from ..world import WORLD
from . import names

ALPHABET = string.ascii_uppercase + string.digits
POLICIES = {
    "Weight": "weighted",
    "Region": "latency",
    "Failover": "failover",
    "MultiValueAnswer": "multivalue answer",
    "GeoLocation": "geolocation",
}
NAME_SERVERS = (
    "ns-1536.awsdns-00.co.uk.",
    "ns-0.awsdns-00.com.",
    "ns-1024.awsdns-00.org.",
    "ns-512.awsdns-00.net.",
)


@dataclass(frozen=True, slots=True)
class Alias:
    zone_id: str
    name: str
    evaluate_target_health: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSet:
    name: str
    type: str
    ttl: int | None = None
    values: tuple[str, ...] = ()
    alias: Alias | None = None
    set_identifier: str | None = None
    routing: tuple[tuple[str, str], ...] = ()  # weight, region, failover and the like, as sent

    @property
    def key(self) -> tuple[str, str, str | None]:
        return self.name, self.type, self.set_identifier

    @property
    def policy(self) -> str | None:
        """How it is routed, in the words of Route 53's messages; None for a plain record."""
        return next((POLICIES[field] for field, _unused in self.routing if field in POLICIES), None)


Records = dict[tuple[str, str, str | None], RecordSet]


@dataclass(frozen=True, slots=True, order=True)
class ZoneVpc:
    id: str
    region: str


@dataclass(frozen=True, slots=True)
class Version:
    """What resolvers of these VPCs answer for a zone from a moment on."""

    since: float
    vpcs: frozenset[ZoneVpc]
    records: Records


@dataclass(frozen=True, slots=True)
class Change:
    id: str
    account: str
    submitted: datetime
    insync_at: float
    comment: str | None = None

    @property
    def status(self) -> str:
        return "INSYNC" if WORLD.now() >= self.insync_at else "PENDING"


@dataclass(slots=True)
class Zone:
    id: str
    name: str
    account: str
    caller_reference: str
    comment: str | None
    private: bool
    vpcs: list[ZoneVpc]
    records: Records
    tags: dict[str, str] = field(default_factory=dict)
    authorizations: list[ZoneVpc] = field(default_factory=list)
    authorized_at: float = float("-inf")
    changed_at: float = float("-inf")
    known_at: float = float("-inf")
    vpcs_before: tuple[ZoneVpc, ...] = ()
    stale_until: float = float("-inf")
    versions: list[Version] = field(default_factory=list)

    def changing_vpcs(self) -> None:
        """To be called before a change of associations: reads may show those of now for a while."""
        self.vpcs_before, self.stale_until = tuple(self.vpcs), WORLD.stale("zone", self.account)

    @property
    def seen_vpcs(self) -> list[ZoneVpc]:
        """The associations as reads show them; records are always read as they are, the API reference says."""
        return list(self.vpcs_before) if WORLD.now() < self.stale_until else self.vpcs

    @property
    def known(self) -> bool:
        return WORLD.now() >= self.known_at

    def published(self) -> Version | None:
        """The newest version that is in sync; older ones are forgotten on the way."""
        now = WORLD.now()
        current = [index for index, version in enumerate(self.versions) if version.since <= now]
        if not current:
            return None
        del self.versions[: current[-1]]
        return self.versions[0]

    def sorted_records(self) -> list[RecordSet]:
        return sorted(
            self.records.values(), key=lambda each: (names.order(each.name), each.type, each.set_identifier or "")
        )

    @property
    def busy(self) -> bool:
        return WORLD.now() < self.changed_at + WORLD.settings.busy_seconds


@dataclass(slots=True)
class Store:
    zones: dict[str, Zone] = field(default_factory=dict)
    deleted: list[Zone] = field(default_factory=list)  # still answered until their deletion is in sync
    changes: dict[str, Change] = field(default_factory=dict)
    references: set[tuple[str, str]] = field(default_factory=set)  # (account, CallerReference), for ever

    def of_account(self, account: str) -> list[Zone]:
        return [zone for zone in self.zones.values() if zone.account == account]

    def of_vpc(self, vpc: ZoneVpc) -> list[Zone]:
        return [zone for zone in self.zones.values() if vpc in zone.vpcs]

    def publishing(self) -> Iterator[tuple[Zone, Version]]:
        """Every zone that resolvers know at this moment, as they know it."""
        for zone in (*self.zones.values(), *self.deleted):
            version = zone.published()
            if version is not None and version.vpcs:
                yield zone, version


STORE = Store()


def reset() -> None:
    global STORE  # noqa: PLW0603  # a fresh store is simpler to trust than an emptied one
    STORE = Store()


def random_id(prefix: str, length: int) -> str:
    return prefix + "".join(secrets.choice(ALPHABET) for _unused in range(length))


def changed(zone: Zone, comment: str | None = None) -> Change:
    """Notes that the zone is now different: resolvers will see it when the change is in sync."""
    now = WORLD.now()
    zone.changed_at = now
    change = Change(random_id("C", 20), zone.account, WORLD.timestamp(), now + WORLD.settings.insync_seconds, comment)
    STORE.changes[change.id] = change
    zone.versions.append(Version(change.insync_at, frozenset(zone.vpcs), dict(zone.records)))
    return change


def apex_records(name: str) -> Records:
    """The NS and SOA records that each new zone has."""
    soa = f"{NAME_SERVERS[0]} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
    made = (
        RecordSet(name=name, type="NS", ttl=172800, values=NAME_SERVERS),
        RecordSet(name=name, type="SOA", ttl=900, values=(soa,)),
    )
    return {each.key: each for each in made}
