# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A link's endpoint and what belongs to it: as it is wanted, and as AWS has it. Types only; what is to be done others decide."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._core.plan import Call, Id, New

#: The Name that Astronomer's page gives the endpoint; the managed security group is called the same.
NAME = "astro-privatelink"
#: What this collection created, or was told to adopt, carries this tag.
OWNED = {"managed-by": "astro.privatelink"}
#: The managed security group carries a tag with this prefix for each cluster whose link uses it: several inventories may share it.
CLUSTER_TAG = "astro.privatelink/"

#: In China's partition there is a prefix; AWS's CDK has it as vpcEndpointServiceNamePrefix:
#: https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.region_info.FactName.html
_SERVICE_NAME = re.compile(r"(?:cn\.)?com\.amazonaws\.vpce\.(?P<region>[a-z0-9-]+)\.vpce-svc-[0-9a-f]{8,17}")
#: States in which an endpoint no longer counts.
_GONE = {"deleting", "deleted"}


def parse_service_region(service_name: str) -> str | None:
    """The region in an endpoint service's name, or None if it is no such name."""
    match = _SERVICE_NAME.fullmatch(service_name)
    return match["region"] if match else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Where a VPC that shares a link is, if not at the link's. ``access`` names how its account is reached, "" for the link's."""

    region: str = ""
    access: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What is wanted of one VPC's endpoint. ``sources`` are security group ids and CIDRs whose agents may enter.

    ``joined`` are the sources of VPCs that share this link, by their names. With ``sources_only`` the endpoint belongs
    to a VPC outside of this run: only missing sources are added, and those of ``leaving`` VPCs removed. With ``purge_sources``
    nobody else may enter: rules for just the port that name others are removed from the managed group.
    ``service_region`` is where the service lives, "" for the VPC's region; ``zone_ids`` are the AZ ids that Support
    named, if AWS is not to be asked. ``replace`` allows to delete an endpoint that is rejected, failed or expired, and to
    make a new one. ``drain`` are the seconds for which an available endpoint is still kept before it is deleted, for
    agents that have its addresses from before. ``cluster`` is the Astro cluster that the link leads to, if it is known.
    ``peers`` says where joined VPCs are that are elsewhere, ``accounts`` of which accounts security groups are that are not the
    link's own. An endpoint that ``endpoint_id`` names is used as it is; with ``take_over`` it becomes this collection's. A link
    that is ``released`` is no longer this collection's: it is left as it is, without the tags that say so. ``barred`` are joined
    VPCs that get no new rules, since AWS would not take them.
    """

    name: str
    vpc_id: str
    service_name: str
    service_region: str = ""
    zone_ids: frozenset[str] = frozenset()
    replace: bool = False
    sources: frozenset[str] = frozenset()
    joined: Mapping[str, frozenset[str]] = field(default_factory=dict)
    subnets: frozenset[str] = frozenset()
    security_groups: frozenset[str] = frozenset()
    tags: Mapping[str, str] = field(default_factory=dict)
    endpoint_id: str = ""
    present: bool = True
    take_over: bool = False
    released: bool = False
    sources_only: bool = False
    leaving: Mapping[str, frozenset[str]] = field(default_factory=dict)
    purge_sources: bool = False
    drain: int = 0
    keep_endpoint: bool = False
    cluster: str = ""
    peers: Mapping[str, Peer] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)
    barred: frozenset[str] = frozenset()

    def call(self, operation: str, arguments: Mapping[str, Any], makes: New | None = None, until: str = "") -> Call:
        """A request to EC2 for this link, in its own lane."""
        return Call(
            service="ec2",
            operation=operation,
            arguments=arguments,
            subjects=frozenset([self.name]),
            lane=self.name,
            makes=makes,
            until=until,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """An endpoint service as this account sees it; ``zones`` are zone names of this account, none for another region."""

    name: str
    zones: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """``ipv4`` is false for a subnet with IPv6 only, which has no ``cidr`` and no ``free`` address."""

    id: str
    vpc_id: str
    zone: str
    zone_id: str
    free: int
    public: bool
    owner: str
    cidr: str = ""
    ipv4: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup:
    """``sources`` are those who may reach port 443, by whichever rule; ``exact`` those by a rule for just that port.

    ``accounts`` are the accounts of security groups among them, ``rules`` the number of rules as AWS counts them: for IPv4
    and IPv6 apart, and one that names a group in both.
    """

    id: Id
    vpc_id: str
    name: str
    sources: frozenset[str]
    owned: bool
    exact: frozenset[str] = field(default=frozenset(), compare=False)
    tags: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict, compare=False)
    rules: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An endpoint as it is, or as it is wanted. What AWS makes of it (state, names, addresses) is not compared."""

    id: Id
    vpc_id: str
    service_name: str
    subnets: frozenset[str]
    security_groups: frozenset[Id]
    tags: Mapping[str, str]
    state: str = field(default="", compare=False)
    detail: str = field(default="", compare=False)
    dns_name: str = field(default="", compare=False)
    hosted_zone_id: str = field(default="", compare=False)
    addresses: tuple[Mapping[str, str], ...] = field(default=(), compare=False)

    @property
    def owned(self) -> bool:
        return OWNED.items() <= self.tags.items()

    @property
    def live(self) -> bool:
        return self.state not in _GONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Have:
    """All that AWS has of a fleet, read in bulk. ``vpcs`` maps ids to the owning account, "" where it is not told.

    ``unclear`` says, for VPCs with something that was not understood and might be the link's own, what that is.

    ``owners`` are the accounts of joined VPCs' security groups, as far as these were read; ``unread`` says of joined VPCs why
    theirs were not. ``rules`` is how many rules a security group may have, 0 if that is not known.
    """

    region: str
    vpcs: Mapping[str, str]
    services: Mapping[str, Service]
    subnets: tuple[Subnet, ...] = ()
    groups: tuple[SecurityGroup, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    owners: Mapping[str, str] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    rules: int = 60
    unclear: Mapping[str, str] = field(default_factory=dict)

    def subnets_of(self, vpc_id: str) -> dict[str, Subnet]:
        return {subnet.id: subnet for subnet in self.subnets if subnet.vpc_id == vpc_id}


def tag_specification(kind: str, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": tags[key]} for key in sorted(tags)]}]
