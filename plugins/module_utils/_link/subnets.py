# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which subnets an endpoint takes: one for each zone that its service offers. Pure.

The rules are AWS's: https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .._core.findings import Finding, finding
from .existing import as_it_is
from .model import Endpoint, Have, Link, Service, Subnet

#: Zones that cross-region access leaves out, as AWS's page lists them; a hint for choosing, never a refusal.
#: https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-cross-region-privatelink-support.html
NOT_REMOTE = {"use1-az3", "usw1-az2", "apne1-az3", "apne2-az2", "apne2-az4"}


def proper(subnet: Subnet) -> bool:
    """Whether a subnet is in an Availability Zone; in a Local or Wavelength Zone there are no endpoints of such services.

    Ids of the former have two parts (use1-az1), those of the latter more (usw2-lax1-az1).
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-regions-availability-zones.html
    """
    return subnet.zone_id.count("-") < 2


def choose(link: Link, endpoint: Endpoint | None, have: Have) -> tuple[frozenset[str], list[Finding]]:
    """One subnet a zone of the service: those given; else those in use, and the roomiest private one elsewhere. An endpoint that
    others made keeps those that it has."""
    service = have.services.get(link.service_name)
    if service is None:
        return frozenset(), []
    subnets = have.subnets_of(link.vpc_id)
    in_use = endpoint.subnets if endpoint else frozenset()
    if link.subnets:
        return link.subnets, _check(link, subnets, service, in_use, have)
    if endpoint is not None and endpoint.subnets and as_it_is(link, endpoint):
        return endpoint.subnets, []
    chosen = {subnets[s].zone: s for s in sorted(in_use) if s in subnets}
    usable = [s for s in subnets.values() if _offers(link, service, s) and s.free and s.ipv4 and _own(s, link, have)]
    if not service.zones and not link.zone_ids:
        usable = [s for s in usable if s.zone_id not in NOT_REMOTE and proper(s)]
    for subnet in sorted(usable, key=lambda s: (s.public, -s.free, s.id)):
        chosen.setdefault(subnet.zone, subnet.id)
    if chosen:
        return frozenset(chosen.values()), []
    facts = {
        "vpc_id": link.vpc_id,
        "have": {_zone(s) for s in subnets.values()},
        "supported": _supported(link, service, have.subnets),
    }
    return frozenset(), [finding("NO_SUPPORTED_SUBNET", link.name, **facts)]


def _check(
    link: Link, subnets: Mapping[str, Subnet], service: Service, in_use: frozenset[str], have: Have
) -> list[Finding]:
    problems = []
    by_zone: dict[str, list[Subnet]] = {}
    for wanted in sorted(link.subnets):
        subnet = subnets.get(wanted)
        if subnet is None:
            facts = {"vpc_id": link.vpc_id, "subnet": wanted, "subnets": list(subnets)}
            problems.append(finding("SUBNET_NOT_FOUND", link.name, **facts))
            continue
        by_zone.setdefault(subnet.zone, []).append(subnet)
        if not _offers(link, service, subnet):
            facts = {"subnet": wanted, "az": _zone(subnet), "supported": _supported(link, service, have.subnets)}
            problems.append(finding("AZ_UNSUPPORTED", link.name, **facts))
        if not subnet.ipv4:
            problems.append(finding("SUBNET_IPV6_ONLY", link.name, subnet=wanted, az=_zone(subnet)))
        elif not subnet.free and wanted not in in_use:
            problems.append(finding("SUBNET_FULL", link.name, subnet=wanted, az=_zone(subnet)))
        if not _own(subnet, link, have):
            problems.append(finding("SHARED_VPC_PARTICIPANT", link.name, vpc_id=link.vpc_id, owner=subnet.owner))
    for twins in by_zone.values():
        if len(twins) > 1:
            problems.append(finding("SUBNETS_SAME_AZ", link.name, subnets=[s.id for s in twins], az=_zone(twins[0])))
    return problems


def _own(subnet: Subnet, link: Link, have: Have) -> bool:
    """Whether a subnet is the VPC's owner's. Where AWS does not tell, it decides itself."""
    owners = {subnet.owner, have.vpcs[link.vpc_id]} - {""}
    return len(owners) < 2


def _offers(link: Link, service: Service, subnet: Subnet) -> bool:
    """Whether the service can be reached from a subnet's zone; for another region's service AWS does not tell."""
    if link.zone_ids:
        return subnet.zone_id in link.zone_ids
    return subnet.zone in service.zones if service.zones else True


def _zone(subnet: Subnet) -> str:
    return f"{subnet.zone} ({subnet.zone_id})"


def _supported(link: Link, service: Service, subnets: Iterable[Subnet]) -> list[str]:
    """The service's zones, with their AZ ids as far as this fleet's subnets tell them."""
    if link.zone_ids:
        return sorted(link.zone_ids)
    ids = {subnet.zone: subnet.zone_id for subnet in subnets}
    return [f"{zone} ({ids[zone]})" if zone in ids else zone for zone in service.zones]
