# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what decides name resolution in the VPCs of one account and region, into the types of `resolution`.

Only VPCs that are not yet in their link's zone need calls of their own: a fleet without changes needs one listing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from .._aws.answers import text, understood
from .._core.plan import WORKERS
from .._link import zone as _zone
from . import resolution
from .checks import Vpc
from .session import Place

_ATTRIBUTES = {"enableDnsSupport": "EnableDnsSupport", "enableDnsHostnames": "EnableDnsHostnames"}


def read(place: Place, outside: Collection[str], known: Set[str]) -> dict[str, resolution.Names]:
    """By VPC id, of those ``known`` to exist; ``outside`` are the names of the VPCs that are still to get into a zone."""
    if not known & set(place.ids):
        return {}  # none of them is there, or the account cannot be read, which is a finding already
    what = "whether resolver rules take the name away"
    rules = place.ask("route53resolver:ListResolverRuleAssociations", what, lambda: _rules(place)) or {}
    names = {vpc_id: resolution.Names(rules=rules.get(vpc_id, ())) for vpc_id in place.ids if vpc_id in known}
    away = [vpc for vpc in place.vpcs if vpc.name in outside and vpc.vpc_id in known]
    profiles = _profiles(place, away) if away else {}

    def look(vpc: Vpc) -> resolution.Names:
        zones = (*_zones(place, vpc), *profiles.get(vpc.vpc_id, ()))
        return replace(names[vpc.vpc_id], off=_switched_off(place, vpc), zones=zones)

    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        return {**names, **dict(zip((vpc.vpc_id for vpc in away), pool.map(look, away), strict=True))}


def _rules(place: Place) -> dict[str, tuple[resolution.Rule, ...]]:
    associations = place.pages("route53resolver", "list_resolver_rule_associations", "ResolverRuleAssociations")
    pairs = understood(associations, lambda each: (text(each, "VPCId"), text(each, "ResolverRuleId")))
    pairs = [(vpc, rule) for vpc, rule in pairs if vpc in place.ids and "autodefined" not in rule]
    if not pairs:
        return {}
    rules = place.pages("route53resolver", "list_resolver_rules", "ResolverRules")
    known = {rule.id: rule for rule in understood(rules, _rule)}
    return {
        vpc: tuple(known[rule] for of, rule in pairs if of == vpc and rule in known)
        for vpc in {of for of, rule in pairs}
    }


def _rule(rule: Mapping[str, Any]) -> resolution.Rule:
    """A rule for a domain. One of type DELEGATE has none: it is about where a zone's own NS records lead, and is left out.

    https://docs.aws.amazon.com/cli/latest/reference/route53resolver/create-resolver-rule.html
    """
    domain = _zone.plain(text(rule, "DomainName"))
    return resolution.Rule(id=text(rule, "Id"), domain=domain, forward=rule.get("RuleType") == "FORWARD")


def _switched_off(place: Place, vpc: Vpc) -> frozenset[str]:
    ec2 = place.client("ec2")

    def read_() -> frozenset[str]:
        answers = {
            attribute: (ec2.describe_vpc_attribute(VpcId=vpc.vpc_id, Attribute=attribute).get(key) or {}).get("Value")
            for attribute, key in _ATTRIBUTES.items()
        }
        return frozenset(attribute for attribute, on in answers.items() if on is False)

    what = "whether the VPC's DNS is on"
    return place.ask("ec2:DescribeVpcAttribute", what, read_, [vpc.name]) or frozenset()


def _zones(place: Place, vpc: Vpc) -> list[resolution.Served]:
    """The private zones of a VPC, of all accounts. Route 53 has no paginator for them."""

    def read_() -> list[resolution.Served]:
        route53 = place.client("route53")
        found: list[resolution.Served] = []
        position: dict[str, str] = {}
        while True:
            page = route53.list_hosted_zones_by_vpc(VPCId=vpc.vpc_id, VPCRegion=vpc.region, **position)
            found += understood(page.get("HostedZoneSummaries"), _served)
            if not page.get("NextToken"):
                return found
            position = {"NextToken": page["NextToken"]}

    return place.ask("route53:ListHostedZonesByVPC", "which other zones the VPC has", read_, [vpc.name]) or []


def _served(zone: Mapping[str, Any]) -> resolution.Served:
    return resolution.Served(
        id=text(zone, "HostedZoneId"), name=_zone.plain(text(zone, "Name")), owner=_owner(zone.get("Owner") or {})
    )


def _owner(owner: Mapping[str, str]) -> str:
    if owner.get("OwningAccount"):
        return f"account {owner['OwningAccount']}"
    return owner.get("OwningService") or "an unknown account"


def _profiles(place: Place, vpcs: Collection[Vpc]) -> dict[str, list[resolution.Served]]:
    """The zones that come to VPCs through Route 53 Profiles."""
    ids = {vpc.vpc_id for vpc in vpcs}

    def read_() -> dict[str, list[resolution.Served]]:
        associations = place.pages("route53profiles", "list_profile_associations", "ProfileAssociations")
        pairs = understood(associations, lambda each: (text(each, "ResourceId"), text(each, "ProfileId")))
        found = {vpc_id: profile for vpc_id, profile in pairs if vpc_id in ids}
        zones = {profile: _profile_zones(place, profile) for profile in set(found.values())}
        return {vpc_id: zones[profile] for vpc_id, profile in found.items()}

    what, names = "whether names come through a Profile", [vpc.name for vpc in vpcs]
    return place.ask("route53profiles:ListProfileAssociations", what, read_, names) or {}


def _profile_zones(place: Place, profile: str) -> list[resolution.Served]:
    key = "ProfileResourceAssociations"
    resources = place.pages("route53profiles", "list_profile_resource_associations", key, ProfileId=profile)
    arns = understood(resources, lambda each: text(each, "ResourceArn"))
    ids = [arn.rpartition("/")[2] for arn in arns if ":hostedzone/" in arn]
    zones = [(each, place.client("route53").get_hosted_zone(Id=each)) for each in ids]
    return understood(
        zones,
        lambda pair: resolution.Served(
            id=pair[0], name=_zone.plain(text(pair[1]["HostedZone"], "Name")), owner="the Profile", profile=profile
        ),
    )
