# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private hosted zones of links: what is wanted and what Route 53 has, to the calls that turn one into the other. Pure.

The rules are Route 53's: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from .._core.findings import Finding, errors, finding
from .._core.plan import Call, Id, New, Plan, Token

_MARK = re.compile(r"astro\.privatelink: link of (?P<vpc_id>vpc-[0-9a-f]+)\b")


def mark(vpc_id: str, name: str) -> str:
    """The comment of a zone that this collection makes; it says whose link the zone is. Route 53 takes 256 characters.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_HostedZoneConfig.html
    """
    start = f"astro.privatelink: link of {vpc_id} ("
    return f"{start}{name[: 255 - len(start)]})"


def marked_vpc(comment: str) -> str:
    """The VPC in a zone's comment, or "" for a zone that is not ours."""
    match = _MARK.match(comment)
    return match["vpc_id"] if match else ""


def plain(name: str) -> str:
    """A DNS name as it is compared: lower case, no final dot."""
    return name.lower().rstrip(".")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """The target of an alias record: an endpoint's regional DNS name and the hosted zone id that AWS gives with it."""

    dns_name: str
    hosted_zone_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vpc:
    """A VPC of a zone. ``present`` false: it is to be taken off. ``access`` names its account if that is another one."""

    name: str
    vpc_id: str
    region: str
    present: bool = True
    access: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What is wanted of one link's zone. ``vpcs`` are the VPCs of this run; others of the zone are left as they are.

    The zone belongs to the VPC ``vpc_id`` (``name`` in the inventory). ``records`` maps host names to their targets. A
    ``holder`` is a VPC without agents in which the zone is made and taken down, so that no agent ever sees it empty.
    With ``without_gap`` it stays where a name would not exist for agents while it is taken down. ``others`` are the names
    of VPCs outside of this run that may share the link, by their ids.
    """

    name: str
    vpc_id: str
    zone: str
    records: Mapping[str, Alias] = field(default_factory=dict)
    vpcs: tuple[Vpc, ...] = ()
    holder: Vpc | None = None
    zone_id: str = ""
    present: bool = True
    force_record: bool = False
    without_gap: bool = False
    others: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record set of a zone: ``alias`` if it is one, ``raw`` as Route 53 gave it (deleting repeats it exactly)."""

    name: str
    type: str
    alias: Alias | None
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A private zone as it is, or as it shall be. ``link`` is the VPC it was made for, "" if it is not ours.

    ``authorised`` are VPCs of other accounts that may be associated; between runs there are none.
    """

    id: Id
    name: str
    link: str
    vpcs: Mapping[str, str]
    records: tuple[Record, ...] = ()
    authorised: frozenset[str] = frozenset()

    def alias(self, host: str) -> Record | None:
        return next((r for r in self.records if r.name == host and r.type == "A"), None)


def plan(links: Sequence[Link], zones: Sequence[Zone]) -> Plan:
    """The plan for the links of one account. A zone that holds VPCs or records beyond the wanted ones keeps them."""
    return Plan.merge(_plan_link(link, zones) for link in links)


def find(link: Link, zones: Sequence[Zone]) -> tuple[Zone | None, list[Finding]]:
    """The zone of a link: the one named by id, else the one that carries the link's mark."""
    same = [zone for zone in zones if zone.name == plain(link.zone)]
    if link.zone_id:
        chosen = next((zone for zone in same if zone.id == link.zone_id), None)
        if chosen is None and link.present:
            return None, [finding("ZONE_NOT_FOUND", link.name, zone=link.zone, zone_id=link.zone_id)]
        return chosen, []
    ours = [zone for zone in same if zone.link == link.vpc_id]
    if len(ours) > 1:
        facts = {"zone": link.zone, "vpc_id": link.vpc_id, "zones": [zone.id for zone in ours]}
        return None, [finding("ZONE_DUPLICATE", link.name, **facts)]
    return (ours[0] if ours else None), []


def result(link: Link, vpc: Vpc, zones: Sequence[Zone]) -> dict[str, Any]:
    """RETURN's entry of one VPC; a zone that is still to be created is named by its placeholder."""
    zone, problems = find(link, zones)
    if zone is None:
        owner_here = any(v.name == link.name and v.present for v in link.vpcs)
        later = link.present and owner_here and not problems
        return {"hosted_zone_id": str(New("zone", link.name)) if later else "", "associated": False, "leads_to": ""}
    return {"hosted_zone_id": zone.id, "associated": vpc.vpc_id in zone.vpcs, "leads_to": _leads_to(link, zone)}


def _leads_to(link: Link, zone: Zone) -> str:
    """Where the first of the link's hosts leads in a zone: the DNS name of an endpoint, or nothing."""
    there = next((zone.alias(plain(host)) for host in link.records), None)
    return there.alias.dns_name if there is not None and there.alias is not None else ""


def _plan_link(link: Link, zones: Sequence[Zone]) -> Plan:
    zone, problems = find(link, zones)
    if problems:
        return Plan(findings=(*problems, *_owner_failed(link)))
    if not link.present:
        return _plan_absent(link, zone)
    problems = _conflicts(link, zone, zones)
    stopped = errors(problems)
    if zone is None and link.name not in {vpc.name for vpc in link.vpcs if vpc.present}:
        joined = [vpc.name for vpc in link.vpcs if vpc.present and vpc.name not in stopped]
        return Plan(findings=(*problems, *(finding("LINK_NOT_SET_UP", name, via=link.name) for name in joined)))
    problems += _foreign_records(link, zone) + _last_vpc(link, zone, set(stopped))
    stopped = errors(problems)
    if link.name in stopped:
        return Plan(findings=(*problems, *_owner_failed(link, set(stopped))))
    return _plan_present(link, zone, problems)


# --- what is wrong


def _owner_failed(link: Link, named: set[str] | None = None) -> list[Finding]:
    known = (named or set()) | {link.name}
    return [finding("LINK_OWNER_FAILED", vpc.name, via=link.name) for vpc in link.vpcs if vpc.name not in known]


def _conflicts(link: Link, zone: Zone | None, zones: Sequence[Zone]) -> list[Finding]:
    """A VPC can be in one zone of a name only."""
    problems = []
    for vpc in link.vpcs:
        other = next((z for z in zones if z.name == plain(link.zone) and vpc.vpc_id in z.vpcs and z != zone), None)
        if other is not None and vpc.present:
            facts = {"vpc_id": vpc.vpc_id, "other": other.id, "zone": link.zone}
            problems.append(finding("ZONE_CONFLICT", vpc.name, **facts))
    return problems


def _foreign_records(link: Link, zone: Zone | None) -> list[Finding]:
    """In a zone that the user made, a record that is there is only replaced when asked."""
    if zone is None or zone.link or link.force_record:
        return []
    problems = []
    for host, alias in link.records.items():
        there = zone.alias(plain(host))
        if there is not None and there.alias != alias:
            target = there.alias.dns_name if there.alias else "its own addresses"
            problems.append(finding("RECORD_FOREIGN", link.name, zone_id=zone.id, record=host, target=target))
    return problems


def _last_vpc(link: Link, zone: Zone | None, stopped: Set[str]) -> list[Finding]:
    """Who cannot leave, since nobody else is in the zone; ``stopped`` are those who will not get in."""
    leaving = [vpc for vpc in link.vpcs if not vpc.present and zone and vpc.vpc_id in zone.vpcs]
    staying = (set(zone.vpcs) if zone else set()) | {
        vpc.vpc_id for vpc in link.vpcs if vpc.present and vpc.name not in stopped
    }
    if zone is None or not leaving or staying - {vpc.vpc_id for vpc in leaving}:
        return []
    return [finding("LAST_VPC", vpc.name, vpc_id=vpc.vpc_id, zone_id=zone.id) for vpc in leaving]


# --- want and have to calls


def _plan_present(link: Link, zone: Zone | None, problems: Sequence[Finding]) -> Plan:
    stopped = errors(problems)
    vpcs = [vpc for vpc in link.vpcs if vpc.name not in stopped]
    wanted = _goal(link, zone, vpcs)
    calls = []
    there = zone
    if there is None:
        first = link.holder or next(vpc for vpc in vpcs if vpc.name == link.name)
        calls.append(_create(link, first))
        there = replace(wanted, vpcs={first.vpc_id: first.region}, records=(), authorised=frozenset())
    calls += _record_calls(link, there, wanted)
    for vpc in vpcs:
        calls += _join(link, there, vpc) if vpc.present else []
    for vpc in vpcs:  # AWS keeps one VPC on a private zone: who leaves waits for who comes
        calls += [] if vpc.present else _leave(link, there, vpc)
    calls += _release(link, there, wanted)
    return Plan(
        calls=tuple(_wait_for_last(calls)),
        findings=tuple(problems),
        before={link.name: public(zone)},
        after={link.name: public(wanted)},
    )


def _wait_for_last(calls: list[Call]) -> list[Call]:
    """Route 53 takes the changes of a zone in order: the last one in sync means that all are."""
    for index in range(len(calls) - 1, -1, -1):
        if not calls[index].operation.endswith("Authorization"):
            calls[index] = replace(calls[index], until="insync")
            break
    return calls


def _join(link: Link, zone: Zone, vpc: Vpc) -> list[Call]:
    """Associate a VPC. Across accounts the zone's account allows it before and takes the permission back after."""
    associate = [] if vpc.vpc_id in zone.vpcs else [_membership(link, zone.id, vpc, "AssociateVPCWithHostedZone")]
    if not vpc.access:
        return associate
    allowed = vpc.vpc_id in zone.authorised
    before = [_membership(link, zone.id, vpc, "CreateVPCAssociationAuthorization")] if associate and not allowed else []
    after = [_membership(link, zone.id, vpc, "DeleteVPCAssociationAuthorization")] if associate or allowed else []
    return [*before, *(replace(call, access=vpc.access) for call in associate), *after]


def _leave(link: Link, zone: Zone, vpc: Vpc) -> list[Call]:
    """Any VPC can be taken off from the zone's account."""
    return [_membership(link, zone.id, vpc, "DisassociateVPCFromHostedZone")] if vpc.vpc_id in zone.vpcs else []


def _release(link: Link, zone: Zone, wanted: Zone) -> list[Call]:
    """The holder leaves as soon as an agent VPC is in."""
    if link.holder is None or link.holder.vpc_id not in zone.vpcs or link.holder.vpc_id in wanted.vpcs:
        return []
    return [replace(call, subjects=frozenset([link.name])) for call in _leave(link, zone, link.holder)]


def _goal(link: Link, zone: Zone | None, vpcs: Sequence[Vpc]) -> Zone:
    members = dict(zone.vpcs) if zone else {}
    for vpc in vpcs:
        if vpc.present:
            members.setdefault(vpc.vpc_id, vpc.region)
        else:
            members.pop(vpc.vpc_id, None)
    if link.holder and set(members) != {link.holder.vpc_id}:
        members.pop(link.holder.vpc_id, None)
    ours = {plain(host): Record(name=plain(host), type="A", alias=alias) for host, alias in link.records.items()}
    kept = [r for r in (zone.records if zone else ()) if r.type != "A" or r.name not in ours]
    records = tuple(sorted((*kept, *ours.values()), key=lambda r: (r.name, r.type)))
    if zone is not None:
        return replace(zone, vpcs=members, records=records, authorised=zone.authorised - set(members))
    new = New("zone", link.name)
    return Zone(id=new, name=plain(link.zone), link=link.vpc_id, vpcs=members, records=records)


def _create(link: Link, owner: Vpc) -> Call:
    arguments = {
        "Name": plain(link.zone),
        "VPC": {"VPCRegion": owner.region, "VPCId": owner.vpc_id},
        "CallerReference": Token(),
        "HostedZoneConfig": {"Comment": mark(link.vpc_id, link.name), "PrivateZone": True},
    }
    return _call(link, "CreateHostedZone", arguments, link.name, makes=New("zone", link.name))


def _record_calls(link: Link, zone: Zone, wanted: Zone) -> list[Call]:
    """One batch for all records. No VPC joins a zone before its records answer: until then it would see NXDOMAIN."""
    missing = [(r.name, r.alias) for r in wanted.records if r not in zone.records and r.alias]
    if not missing:
        return []
    changes = [{"Action": "UPSERT", "ResourceRecordSet": _record_set(name, alias)} for name, alias in missing]
    arguments = {"HostedZoneId": zone.id, "ChangeBatch": {"Changes": changes}}
    return [_call(link, "ChangeResourceRecordSets", arguments, link.name, until="insync")]


def _record_set(name: str, alias: Alias) -> dict[str, Any]:
    target = {"HostedZoneId": alias.hosted_zone_id, "DNSName": alias.dns_name, "EvaluateTargetHealth": False}
    return {"Name": name, "Type": "A", "AliasTarget": target}


def _membership(link: Link, zone_id: Id, vpc: Vpc, operation: str) -> Call:
    arguments = {"HostedZoneId": zone_id, "VPC": {"VPCRegion": vpc.region, "VPCId": vpc.vpc_id}}
    return _call(link, operation, arguments, vpc.name, requires=frozenset([link.name]))


def _plan_absent(link: Link, zone: Zone | None) -> Plan:
    if zone is None:
        return Plan(before={link.name: public(None)}, after={link.name: public(None)})
    ours = [r for r in zone.records if r.type == "A" and r.alias and r.name in {plain(host) for host in link.records}]
    others = [f"{r.name} {r.type}" for r in zone.records if r not in ours and r.type not in {"NS", "SOA"}]
    problems = _still_needed(link, zone, ours, others)
    if problems:
        return Plan(findings=(*problems, *_owner_failed(link)))
    calls = _empty(link, zone) if zone.link else []
    # Where a VPC could not be taken off, its names would no longer exist.
    left = frozenset(subject for call in calls for subject in call.subjects)
    if ours:
        changes = [{"Action": "DELETE", "ResourceRecordSet": record.raw} for record in ours]
        arguments = {"HostedZoneId": zone.id, "ChangeBatch": {"Changes": changes}}
        calls.append(_call(link, "ChangeResourceRecordSets", arguments, link.name, requires=left, until="insync"))
    after = replace(zone, records=tuple(r for r in zone.records if r not in ours))
    if zone.link:  # a zone that the user made stays
        calls.append(_call(link, "DeleteHostedZone", {"Id": zone.id}, link.name, requires=left))
    return Plan(
        calls=tuple(calls),
        before={link.name: public(zone)},
        after={link.name: public(None if zone.link else after)},
    )


def _still_needed(link: Link, zone: Zone, ours: Sequence[Record], others: Sequence[str]) -> list[Finding]:
    """Why a zone, or its record, cannot go. VPCs in a zone that the user made only count if they share the link."""
    leaving = {vpc.vpc_id for vpc in (*link.vpcs, *([link.holder] if link.holder else []))} | {link.vpc_id}
    staying = set(zone.vpcs) - leaving
    sharing = {f"{link.others[v]} ({v})" if v in link.others else v for v in staying if zone.link or v in link.others}
    problems = []
    if zone.link and others:
        problems.append(finding("ZONE_NOT_EMPTY", link.name, zone_id=zone.id, records=others))
    if sharing and (zone.link or ours):
        problems.append(finding("ZONE_STILL_USED", link.name, zone_id=zone.id, vpcs=sharing))
    if problems or not (ours and link.without_gap):
        return problems
    facts = {"zone_id": zone.id, "hosts": [record.name for record in ours], "vpcs": list(zone.vpcs)}
    if not zone.link:
        return [finding("NAME_LOST", link.name, **facts)] if zone.vpcs else []
    return [finding("NAME_GAP", link.name, **facts)] if link.holder is None else []


def _empty(link: Link, zone: Zone) -> list[Call]:
    """Take the VPCs off before the record goes, so that their names fall back at once instead of not existing.

    AWS keeps one VPC on a private zone. That is the holder; without one the last VPC has no answer until the zone is gone.
    """
    leaving = sorted((vpc for vpc in link.vpcs if vpc.vpc_id in zone.vpcs), key=lambda vpc: vpc.name != link.name)
    if link.holder is None:
        leaving = leaving[1:]
        arriving = []
    else:
        arriving = _join(link, zone, replace(link.holder, name=link.name))
    return _wait_for_last([*arriving, *(call for vpc in leaving for call in _leave(link, zone, vpc))])


def _lane(link: Link) -> str:
    """Zones side by side, but those with the same holder one after another: it can be in one zone of a name only."""
    return f"{link.holder.vpc_id if link.holder else link.name} {plain(link.zone)}"


def _call(
    link: Link,
    operation: str,
    arguments: Mapping[str, Any],
    subject: str,
    *,
    requires: frozenset[str] = frozenset(),
    makes: New | None = None,
    until: str = "",
) -> Call:
    return Call(
        service="route53",
        operation=operation,
        arguments=arguments,
        subjects=frozenset([subject]),
        lane=_lane(link),
        requires=requires - {subject},
        makes=makes,
        until=until,
    )


# --- how it is shown


def public(zone: Zone | None) -> dict[str, Any]:
    """The form of diff and RETURN."""
    if zone is None:
        return {}
    records = {r.name: r.alias.dns_name if r.alias else r.type for r in zone.records if r.type not in {"NS", "SOA"}}
    return {
        "hosted_zone_id": str(zone.id),
        "name": zone.name,
        "vpc_ids": sorted(zone.vpcs),
        "records": dict(sorted(records.items())),
    }
