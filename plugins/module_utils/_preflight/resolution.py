# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What affects a name in a VPC besides the link's private zone: DNS attributes, resolver rules, other zones. Pure.

The most specific of zones and rules that cover a name wins; between equals a forwarding rule does.
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .._core.findings import Finding, finding
from .._core.ranges import ipv4

#: Where every VPC's own resolver answers, beside the third address of the VPC's ranges.
#: https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
_RESOLVERS = {"AmazonProvidedDNS", "169.254.169.253", "fd00:ec2::253"}
_ATTRIBUTES = {"enableDnsSupport": "enable-dns-support", "enableDnsHostnames": "enable-dns-hostnames"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A resolver rule of a VPC: it forwards names under ``domain``, or (SYSTEM) leaves them to AWS."""

    id: str
    domain: str
    forward: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A private zone of a VPC, of any account, possibly through a Route 53 Profile."""

    id: str
    name: str
    owner: str
    profile: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a VPC has now. ``off`` are its DNS attributes that are false. Of a VPC in its link's zone less is asked."""

    name_servers: tuple[str, ...] = ()
    cidrs: tuple[str, ...] = ()
    off: frozenset[str] = frozenset()
    rules: tuple[Rule, ...] = ()
    zones: tuple[Served, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The zone that is to answer for ``host`` in a VPC. ``known``: ids that the plan of zones already judges."""

    name: str
    vpc_id: str
    host: str
    zone: str
    known: frozenset[str] = frozenset()


def within(name: str, domain: str) -> bool:
    return domain in {"", name} or name.endswith(f".{domain}")


def covered(host: str, names: Names) -> bool:
    """Whether this VPC does not use public DNS for the host."""
    rule = _rule(host, names.rules)
    return any(within(host, zone.name) for zone in names.zones) or (rule is not None and rule.forward)


def check(want: Wanted, names: Names) -> list[Finding]:
    return [*_resolver(want, names), *_rules(want, names), *_zones(want, names)]


def _resolver(want: Wanted, names: Names) -> Iterable[Finding]:
    if names.off:
        options = " --".join(option for attribute, option in _ATTRIBUTES.items() if attribute in names.off)
        yield finding("VPC_DNS_OFF", want.name, vpc_id=want.vpc_id, attributes=names.off, option=options)
    own = _RESOLVERS | {str(span[2]) for span in ipv4(names.cidrs) if span.num_addresses > 2}
    if others := set(names.name_servers) - own:
        yield finding("CUSTOM_DNS", want.name, vpc_id=want.vpc_id, servers=others, zone=want.zone)


def _rule(host: str, rules: Iterable[Rule]) -> Rule | None:
    return max((rule for rule in rules if within(host, rule.domain)), key=lambda rule: len(rule.domain), default=None)


def _rules(want: Wanted, names: Names) -> Iterable[Finding]:
    rule = _rule(want.host, names.rules)
    if rule is not None and rule.forward and len(rule.domain) >= len(want.zone):
        facts = {"rule": rule.id, "domain": rule.domain, "zone": want.zone, "host": want.host}
        yield finding("RESOLVER_RULE_WINS", want.name, **facts)


def _zones(want: Wanted, names: Names) -> Iterable[Finding]:
    for zone in names.zones:
        judged = zone.id in want.known and not zone.profile
        if judged or not within(want.host, zone.name) or len(zone.name) < len(want.zone):
            continue
        facts = {"vpc_id": want.vpc_id, "other": zone.id, "name": zone.name, "owner": zone.owner}
        if zone.profile:
            yield finding("ZONE_IN_PROFILE", want.name, **facts, profile=zone.profile)
        elif zone.name == want.zone:
            yield finding("ZONE_TAKEN", want.name, **facts)
        else:
            yield finding("ZONE_MORE_SPECIFIC", want.name, **facts, host=want.host, zone=want.zone)


def hidden(want: Wanted, in_use: Iterable[str], records: Sequence[str]) -> list[Finding]:
    """The zone hides every other name below its own that it has no record for."""
    gone = {name for name in in_use if within(name, want.zone)} - {want.host, *records}
    return [finding("ZONE_SHADOWS_NAMES", want.name, zone=want.zone, names=gone)] if gone else []
