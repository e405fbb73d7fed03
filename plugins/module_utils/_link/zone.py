# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private hosted zones of links: what is wanted and what Route 53 has, to the calls that turn one into the other. Pure.

The rules are Route 53's: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from .._core.findings import Finding, errors, finding
from .._core.plan import Call, Id, New, Plan, Token
from . import holder
from .holder import Holder

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


def manager(comment: str) -> str:
    """The tool that made a zone, by the comment that Terraform and Pulumi give zones by themselves; "" where it does not tell.

    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/route53_zone
    """
    match = re.match(r"Managed by (?P<tool>Terraform|OpenTofu|Pulumi)\b", comment)
    return f"{match['tool']} (its comment: {match[0]})" if match else ""


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
    vpc_id: Id
    region: str
    present: bool = True
    access: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What is wanted of one link's zone. ``vpcs`` are the VPCs of this run; others of the zone are left as they are.

    The zone belongs to the VPC ``vpc_id`` (``name`` in the inventory). ``records`` maps host names to their targets; with
    ``compare_only`` they are not written, and VPCs only join where the zone has them. A ``holder`` is a VPC without agents
    in which the zone is made and taken down, so that no agent ever sees it empty; without one it is made for that time in
    ``holder_region``. With ``without_gap`` the zone stays where a name would not exist for agents while it is taken down.
    A link that is ``released`` leaves its zone as it is, without the comment that says whose it is.
    ``others`` are the names of VPCs outside of this run that may share the link, by their ids. A ``dualstack`` link has an AAAA
    record beside each A record.
    """

    name: str
    vpc_id: str
    zone: str
    records: Mapping[str, Alias] = field(default_factory=dict)
    vpcs: tuple[Vpc, ...] = ()
    holder: Vpc | None = None
    holder_region: str = ""
    compare_only: bool = False
    zone_id: str = ""
    present: bool = True
    released: bool = False
    force_record: bool = False
    without_gap: bool = False
    others: Mapping[str, str] = field(default_factory=dict)
    dualstack: bool = False

    @property
    def types(self) -> tuple[str, ...]:
        """The types of its records."""
        return ("A", "AAAA") if self.dualstack else ("A",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record set of a zone: ``alias`` if it is one, ``raw`` as Route 53 gave it (deleting repeats it exactly).

    One with an ``identifier`` (weighted, latency, ...) is one of several of its name and type: never ours.
    """

    name: str
    type: str
    alias: Alias | None
    identifier: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def leads_to(self, endpoint: str, addresses: Collection[str] = ()) -> bool:
        """Whether it leads to an endpoint: by one of its DNS names, which all begin with its id, or by an address of it."""
        values = [plain(str(each.get("Value", ""))) for each in self.raw.get("ResourceRecords", [])]
        targets = [*values, *([self.alias.dns_name] if self.alias else [])]
        return any(target.startswith((f"{endpoint}-", f"{endpoint}.")) or target in addresses for target in targets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A private zone as it is, or as it is wanted. ``link`` is the VPC it was made for, "" if it is not ours.

    ``authorised`` are VPCs of other accounts that may be associated; between runs there are none.
    """

    id: Id
    name: str
    link: str
    vpcs: Mapping[Id, str]
    records: tuple[Record, ...] = ()
    authorised: frozenset[str] = frozenset()
    comment: str = field(default="", compare=False)

    def alias(self, host: str) -> Record | None:
        """The plain A record of a host."""
        return next((r for r in self.records if r.name == host and r.type == "A" and not r.identifier), None)

    def leads(self, host: str, alias: Alias) -> bool:
        """Whether a host leads to just that target by records of another form than a plain alias: a CNAME, or record sets with a
        routing policy that all point to it."""
        there = self.in_the_way(host)
        values = [plain(str(each.get("Value", ""))) for one in there for each in one.raw.get("ResourceRecords", [])]
        targets = [*values, *(one.alias.dns_name for one in there if one.alias)]
        told = all(one.type in {"A", "CNAME"} and (one.alias or one.raw.get("ResourceRecords")) for one in there)
        return bool(there and targets) and told and self.alias(host) is None and set(targets) == {alias.dns_name}

    def in_the_way(self, host: str) -> list[Record]:
        """Record sets of a host beside which plain A and AAAA records cannot be, or would not be the only answer."""
        return [
            r for r in self.records if r.name == host and (r.type in _ANSWERS or (r.type in _OURS and r.identifier))
        ]

    def six(self, host: str) -> Record | None:
        """The plain AAAA record of a host."""
        return next((r for r in self.records if r.name == host and r.type == "AAAA" and not r.identifier), None)


#: Types of records, beside A and AAAA, that tell clients where a host is.
_ANSWERS = {"CNAME", "HTTPS", "SVCB"}
#: Types of the alias records that links have.
_OURS = {"A", "AAAA"}


def plan(links: Sequence[Link], zones: Sequence[Zone], holders: Sequence[Holder] = ()) -> Plan:
    """The plan for the links of one account. A zone that holds VPCs or records beyond the wanted ones keeps them.

    ``holders`` are VPCs that earlier runs made to hold zones.
    """
    twins = _twins(links)
    return Plan.merge(_plan_link(link, zones, holders, twins.get(link.name, [])) for link in links)


def urgent(links: Sequence[Link], zones: Sequence[Zone], holders: Sequence[Holder] = ()) -> list[Finding]:
    """The links for whose agents a name does not exist now: a zone hides the public one and has no record itself."""
    found = []
    for link in (link for link in links if link.present):
        zone = find(link, zones)[0]
        apart = {each.id for each in holders} | ({link.holder.vpc_id} if link.holder else set())
        there = set(zone.vpcs) - apart if zone else set()
        missing = [host for host in link.records if zone and zone.link and not _answers(zone, plain(host))]
        if zone and there and missing:
            names = {str(vpc.vpc_id): vpc.name for vpc in link.vpcs}
            vpcs = [f"{names[each]} ({each})" if each in names else each for each in map(str, there)]
            found.append(finding("NAME_MISSING", link.name, hosts=missing, zone_id=zone.id, vpcs=vpcs))
    return found


def _answers(zone: Zone, host: str) -> bool:
    return zone.alias(host) is not None or zone.six(host) is not None or bool(zone.in_the_way(host))


def _twins(links: Sequence[Link]) -> dict[str, list[Finding]]:
    """Links that name one zone and want the same host to lead to different endpoints: one zone gives one answer."""
    wanted: dict[tuple[str, str], dict[str, Alias]] = {}
    for link in (link for link in links if link.present and link.zone_id and not link.compare_only):
        for host, alias in link.records.items():
            wanted.setdefault((link.zone_id, plain(host)), {})[link.name] = alias
    found: dict[str, list[Finding]] = {}
    for (zone_id, host), by_link in wanted.items():
        if len(set(by_link.values())) > 1:
            for name in by_link:
                others = sorted(set(by_link) - {name})
                found.setdefault(name, []).append(
                    finding("ZONE_WANTED_TWICE", name, zone_id=zone_id, host=host, others=others)
                )
    return found


def find(link: Link, zones: Sequence[Zone]) -> tuple[Zone | None, list[Finding]]:
    """The zone of a link: the one named by id, else the one that carries the link's mark."""
    name = plain(link.zone)
    same = [zone for zone in zones if zone.name == name]
    if link.zone_id:
        chosen = next((zone for zone in same if zone.id == link.zone_id), None)
        if chosen is None and link.present:
            return None, [finding("ZONE_NOT_FOUND", link.name, zone=link.zone, zone_id=link.zone_id)]
        if chosen is not None and chosen.link not in {"", link.vpc_id}:
            facts = {"zone_id": link.zone_id, "other": chosen.link}
            return None, [finding("ZONE_OF_ANOTHER_LINK", link.name, **facts)]
        return chosen, []
    ours = [zone for zone in same if zone.link == link.vpc_id]
    if len(ours) > 1:
        named: dict[str, Any] = {"zone": link.zone, "vpc_id": link.vpc_id, "zones": [zone.id for zone in ours]}
        return None, [finding("ZONE_DUPLICATE", link.name, **named)]
    return (ours[0] if ours else None), []


def stands(links: Sequence[Link], zones: Sequence[Zone], holders: Sequence[Holder] = ()) -> dict[str, set[str]]:
    """What is there of what plans of these links name by placeholders; names of endpoints are as records have them."""
    found: dict[str, set[str]] = {}
    for link in links:
        zone, endpoint = find(link, zones)[0], str(New("endpoint", link.name))
        real = {name for alias in link.records.values() for name in (alias.dns_name, alias.hosted_zone_id)}
        found[endpoint] = found[plain(endpoint)] = real - {"", endpoint, plain(endpoint)}
        if zone is not None:
            found[str(New("zone", link.name))] = {str(zone.id)}
        left = holder.of(link.vpc_id, plain(link.zone), holders)
        found[str(New("holder", link.name))] = {each.id for each in left}
    return found


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
    led = next((alias.dns_name for host, alias in link.records.items() if zone.leads(plain(host), alias)), "")
    if led:
        return led
    there = next((zone.alias(plain(host)) for host in link.records), None)
    return there.alias.dns_name if there is not None and there.alias is not None else ""


def _plan_link(link: Link, zones: Sequence[Zone], holders: Sequence[Holder], twins: Sequence[Finding]) -> Plan:
    zone, problems = find(link, zones)
    problems = [*problems, *twins]
    if problems:
        return Plan(findings=(*problems, *_owner_failed(link)))
    left = holder.of(link.vpc_id, plain(link.zone), holders)
    if link.released:
        return _plan_released(link, zone)
    if not link.present:
        return _plan_absent(link, zone, left)
    if zone is not None:
        link = replace(link, records=_unled(link, zone))
    problems = _conflicts(link, zone, zones)
    stopped = errors(problems)
    if zone is None and link.name not in {vpc.name for vpc in link.vpcs if vpc.present}:
        joined = [vpc.name for vpc in link.vpcs if vpc.present and vpc.name not in stopped]
        return Plan(findings=(*problems, *(finding("LINK_NOT_SET_UP", name, via=link.name) for name in joined)))
    problems += _records(link, zone) + _last_vpc(link, zone, left, set(stopped))
    stopped = errors(problems)
    if link.name in stopped:
        return Plan(findings=(*problems, *_owner_failed(link, set(stopped))))
    return _plan_present(link, zone, problems, left)


def _unled(link: Link, zone: Zone) -> dict[str, Alias]:
    """The records that a zone does not already have in another form. In a zone that others made such records stay."""
    led = [host for host, alias in link.records.items() if not zone.link and zone.leads(plain(host), alias)]
    return {host: alias for host, alias in link.records.items() if host not in led}


def _plan_released(link: Link, zone: Zone | None) -> Plan:
    """The zone stays as it is; the comment that says whose it is goes."""
    shown = {link.name: public(zone)}
    ours = zone is not None and zone.link == link.vpc_id
    calls = [_call(link, "UpdateHostedZoneComment", {"Id": zone.id}, link.name)] if zone is not None and ours else []
    return Plan(calls=tuple(calls), before=shown, after=shown)


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


def _records(link: Link, zone: Zone | None) -> list[Finding]:
    """Why the link's records cannot be written, or must not be."""
    if link.compare_only:
        return _elsewhere(link, zone)
    blank = [host for host, alias in link.records.items() if not alias.dns_name]
    problems = [finding("RECORD_NO_TARGET", link.name, hosts=blank)] if blank else []
    for host, alias in link.records.items() if zone else ():
        if zone and (others := [*zone.in_the_way(plain(host)), *_foreign_six(link, zone, plain(host), alias)]):
            shown = [f"{each.type} {each.identifier}".strip() for each in others]
            problems.append(finding("RECORD_IN_THE_WAY", link.name, zone_id=zone.id, host=host, records=shown))
        there = zone.alias(plain(host)) if zone and not zone.link and not link.force_record else None
        if zone and there is not None and there.alias != alias:  # in a zone that the user made
            target = there.alias.dns_name if there.alias else "its own addresses"
            problems.append(finding("RECORD_FOREIGN", link.name, zone_id=zone.id, record=host, target=target))
    return problems


def _foreign_six(link: Link, zone: Zone, host: str, wanted: Alias) -> list[Record]:
    """An AAAA record of a host that is not the link's own: beside it, agents would not all use the link."""
    there = zone.six(host)
    return [] if there is None or _may_change(link, zone, there, wanted) else [there]


def _may_change(link: Link, zone: Zone, record: Record, wanted: Alias) -> bool:
    """Whether an AAAA record is the link's, to be kept, moved or removed. In a zone of the user's it is only where it leads to the
    link, and is wanted there."""
    if zone.link:
        return record.alias is not None and record.alias.dns_name.startswith("vpce-")
    return link.dualstack and (record.alias == wanted or link.force_record)


def _elsewhere(link: Link, zone: Zone | None) -> list[Finding]:
    """The VPCs that would join a zone that does not lead to the endpoint that they are meant to use."""
    joining = [vpc for vpc in link.vpcs if vpc.present and zone and vpc.vpc_id not in zone.vpcs]
    wrong = {}
    for host, alias in link.records.items() if zone and joining else ():
        there = zone.alias(plain(host)) if zone else None
        if there is None or there.alias != alias:
            wrong[host] = there.alias.dns_name if there and there.alias else "no endpoint"
    facts = {"zone_id": zone.id if zone else "", "via": link.name, "hosts": list(wrong), "target": set(wrong.values())}
    return [finding("LINK_LEADS_ELSEWHERE", vpc.name, **facts) for vpc in joining if wrong]


def _last_vpc(link: Link, zone: Zone | None, left: Sequence[Holder], stopped: Set[str]) -> list[Finding]:
    """Who cannot leave, since nobody else is in the zone; ``stopped`` are those who will not get in."""
    leaving = [vpc for vpc in link.vpcs if not vpc.present and zone and vpc.vpc_id in zone.vpcs]
    staying = (set(zone.vpcs) if zone else set()) | {
        vpc.vpc_id for vpc in link.vpcs if vpc.present and vpc.name not in stopped
    }
    if zone is None or not leaving or staying - {vpc.vpc_id for vpc in leaving} - {each.id for each in left}:
        return []
    return [finding("LAST_VPC", vpc.name, vpc_id=vpc.vpc_id, zone_id=zone.id) for vpc in leaving]


# --- want and have to calls


def _plan_present(link: Link, zone: Zone | None, problems: Sequence[Finding], left: Sequence[Holder]) -> Plan:
    stopped = errors(problems)
    vpcs = [vpc for vpc in link.vpcs if vpc.name not in stopped]
    held = _held(link, left) if zone is None else link.holder
    apart = [each for each in (link.holder, *map(_vpc, left)) if each is not None]
    wanted = _goal(link, zone, vpcs, apart)
    calls: list[Call] = []
    there = zone
    if there is None:
        owner = next(vpc for vpc in vpcs if vpc.name == link.name)
        if held is not None and isinstance(held.vpc_id, New):
            calls.append(_make_holder(link, otherwise=str(owner.vpc_id)))
            apart.append(held)
        first = held or owner
        calls.append(replace(_create(link, first), undo=tuple(_drop(link, held, []))))
        there = replace(wanted, vpcs={first.vpc_id: first.region}, records=(), authorised=frozenset())
    undo = (_call(link, "DeleteHostedZone", {"Id": there.id}, link.name), *_drop(link, held, []))
    calls += [replace(call, undo=undo if zone is None else ()) for call in _record_calls(link, there, wanted)]
    # A zone that was just made goes again if it cannot have its records. Joins come before leaves: AWS keeps the last VPC on a zone.
    for vpc in vpcs:
        if vpc.present:
            calls += _joined(link, there, vpc, held)
    for vpc in vpcs:
        if not vpc.present:
            calls += _leave(link, there, vpc)
    calls += _release(link, there, wanted, apart)
    calls = _wait_for_last(calls)
    if zone is not None and calls and manager(zone.comment):
        facts = {"thing": f"zone {zone.id}", "manager": manager(zone.comment)}
        problems = [*problems, finding("MANAGED_ELSEWHERE", link.name, **facts)]
    return Plan(
        calls=(*calls, *_drop(link, held, left)),
        findings=tuple(problems),
        before={link.name: public(zone)},
        after={link.name: public(wanted)},
    )


def _held(link: Link, left: Sequence[Holder]) -> Vpc | None:
    """The VPC without agents that a zone is made or taken down in: the user's, one that was left behind, or one to be made."""
    if link.holder is not None:
        return link.holder
    if left:
        return _vpc(left[0])
    if link.holder_region:
        return Vpc(name=link.name, vpc_id=New("holder", link.name), region=link.holder_region)
    return None


def _vpc(left: Holder) -> Vpc:
    return Vpc(name=left.link, vpc_id=left.id, region=left.region)


def _make_holder(link: Link, otherwise: str = "") -> Call:
    return holder.create(link.name, (link.vpc_id, plain(link.zone)), link.holder_region, _lane(link), otherwise)


def _drop(link: Link, held: Vpc | None, left: Sequence[Holder]) -> list[Call]:
    """Delete the holders that this run, or an earlier one, made. That of the user stays."""
    ids: dict[Id, str] = {each.id: each.region for each in left}
    if held is not None and isinstance(held.vpc_id, New):
        ids[held.vpc_id] = held.region
    return [holder.delete(link.name, vpc_id, region, _lane(link)) for vpc_id, region in ids.items()]


def _joined(link: Link, zone: Zone, vpc: Vpc, held: Vpc | None) -> list[Call]:
    """A VPC that takes the place of a holder that could not be made is on its zone already."""
    made = held.vpc_id if held is not None and isinstance(held.vpc_id, New) else None
    calls = _join(link, zone, vpc)
    return [replace(call, needs=made) for call in calls] if made is not None and vpc.vpc_id == link.vpc_id else calls


def _wait_for_last(calls: list[Call]) -> list[Call]:
    """Route 53 takes the changes of a zone in order: the last one in sync means that all are. One that may be left out is
    waited for beside the last before it."""
    found = list(calls)
    for index in range(len(calls) - 1, -1, -1):
        if calls[index].service == "route53" and not calls[index].operation.endswith("Authorization"):
            found[index] = replace(calls[index], until="insync")
            if calls[index].needs is None:
                break
    return found


def _join(link: Link, zone: Zone, vpc: Vpc) -> list[Call]:
    """Associate a VPC. Across accounts the zone's account allows it before and takes the permission back after."""
    associate = [] if vpc.vpc_id in zone.vpcs else [_membership(link, zone.id, vpc, "AssociateVPCWithHostedZone")]
    allowed = vpc.vpc_id in zone.authorised
    withdraw = _membership(link, zone.id, vpc, "DeleteVPCAssociationAuthorization")
    if not vpc.access:
        return [*associate, *([withdraw] if allowed else [])]
    before = [_membership(link, zone.id, vpc, "CreateVPCAssociationAuthorization")] if associate and not allowed else []
    after = [withdraw] if associate or allowed else []
    return [*before, *(replace(call, access=vpc.access, undo=(withdraw,)) for call in associate), *after]


def _leave(link: Link, zone: Zone, vpc: Vpc) -> list[Call]:
    """Any VPC can be taken off from the zone's account; what a broken run allowed it goes as well."""
    left = ["DeleteVPCAssociationAuthorization"] if vpc.vpc_id in zone.authorised else []
    there = ["DisassociateVPCFromHostedZone"] if vpc.vpc_id in zone.vpcs else []
    return [_membership(link, zone.id, vpc, operation) for operation in (*left, *there)]


def _release(link: Link, zone: Zone, wanted: Zone, apart: Sequence[Vpc]) -> list[Call]:
    """Holders leave as soon as an agent VPC is in."""
    going = {vpc.vpc_id: vpc for vpc in apart if vpc.vpc_id in zone.vpcs and vpc.vpc_id not in wanted.vpcs}
    return [
        replace(call, subjects=frozenset([link.name]), needs=vpc.vpc_id if isinstance(vpc.vpc_id, New) else None)
        for vpc in going.values()
        for call in _leave(link, zone, vpc)
    ]


def _goal(link: Link, zone: Zone | None, vpcs: Sequence[Vpc], apart: Sequence[Vpc]) -> Zone:
    members = dict(zone.vpcs) if zone else {}
    for vpc in vpcs:
        if vpc.present:
            members.setdefault(vpc.vpc_id, vpc.region)
        else:
            members.pop(vpc.vpc_id, None)
    holding = {vpc.vpc_id for vpc in apart}
    if set(members) - holding:
        members = {vpc_id: region for vpc_id, region in members.items() if vpc_id not in holding}
    written = {} if link.compare_only else link.records
    ours = [Record(name=plain(h), type=kind, alias=alias) for h, alias in written.items() for kind in link.types]
    hosts = {record.name for record in ours}
    kept = [r for r in (zone.records if zone else ()) if r.type not in _OURS or r.name not in hosts]
    records = tuple(sorted((*kept, *ours), key=lambda r: (r.name, r.type)))
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
    missing = [(r, r.alias) for r in wanted.records if r not in zone.records and r.alias]
    there = {(r.name, r.type) for r in wanted.records}
    gone = [r for r in zone.records if r.type in _OURS and (r.name, r.type) not in there]
    if not missing and not gone:
        return []
    changes = [{"Action": "UPSERT", "ResourceRecordSet": _record_set(record, alias)} for record, alias in missing]
    changes += [{"Action": "DELETE", "ResourceRecordSet": record.raw} for record in gone]
    arguments = {"HostedZoneId": zone.id, "ChangeBatch": {"Changes": changes}}
    return [_call(link, "ChangeResourceRecordSets", arguments, link.name, until="insync")]


def _record_set(record: Record, alias: Alias) -> dict[str, Any]:
    target = {"HostedZoneId": alias.hosted_zone_id, "DNSName": alias.dns_name, "EvaluateTargetHealth": False}
    return {"Name": record.name, "Type": record.type, "AliasTarget": target}


def _membership(link: Link, zone_id: Id, vpc: Vpc, operation: str) -> Call:
    arguments = {"HostedZoneId": zone_id, "VPC": {"VPCRegion": vpc.region, "VPCId": vpc.vpc_id}}
    return _call(link, operation, arguments, vpc.name, requires=frozenset([link.name]))


def _plan_absent(link: Link, zone: Zone | None, left: Sequence[Holder]) -> Plan:
    if zone is None:
        calls = _drop(link, None, left)
        return Plan(calls=tuple(calls), before={link.name: public(None)}, after={link.name: public(None)})
    ours = [record for record in zone.records if _is_ours(link, zone, record)]
    others = [r for r in zone.records if r not in ours and r.type not in {"NS", "SOA"}]
    # One that the user made stays, and so does one that also has names of other clusters' links.
    stays = not zone.link or (bool(others) and all(_of_another_link(link, each) for each in others))
    problems = _still_needed(link, zone, ours, others, left, stays=stays)
    if errors(problems):
        return Plan(findings=(*problems, *_owner_failed(link)))
    held = _held(link, left) if not stays and ours and (link.without_gap or link.holder or left) else None
    calls = [] if stays else _empty(link, zone, held)
    if held is not None and isinstance(held.vpc_id, New):
        calls = [_make_holder(link), *calls]
    # Where a VPC could not be taken off, its names would no longer exist.
    first = frozenset(subject for call in calls for subject in call.subjects)
    if ours:
        changes = [{"Action": "DELETE", "ResourceRecordSet": record.raw} for record in ours]
        arguments = {"HostedZoneId": zone.id, "ChangeBatch": {"Changes": changes}}
        calls.append(_call(link, "ChangeResourceRecordSets", arguments, link.name, requires=first, until="insync"))
    after = replace(zone, records=tuple(r for r in zone.records if r not in ours))
    if not stays:
        calls.append(_call(link, "DeleteHostedZone", {"Id": zone.id}, link.name, requires=first))
    return Plan(
        calls=(*calls, *_drop(link, held, left)),
        findings=tuple(problems),
        before={link.name: public(zone)},
        after={link.name: public(after if stays else None)},
    )


def _of_another_link(link: Link, record: Record) -> bool:
    """Whether a record leads another host to an endpoint, as those of other clusters' links do."""
    apart = record.name not in map(plain, link.records) and record.type in _OURS and not record.identifier
    return apart and record.alias is not None and record.alias.dns_name.startswith("vpce-")


def _is_ours(link: Link, zone: Zone, record: Record) -> bool:
    """Whether a record is this link's own: the plain alias of its host, which in a zone of the user's leads to its endpoint."""
    wanted = {plain(host): alias for host, alias in link.records.items()}
    alone = record.type in _OURS and not record.identifier and record.name in wanted
    plain_alias = alone and record.alias is not None
    return plain_alias and (bool(zone.link) or record.alias == wanted[record.name])


def _still_needed(
    link: Link, zone: Zone, ours: Sequence[Record], others: Sequence[Record], left: Sequence[Holder], *, stays: bool
) -> list[Finding]:
    """Why a zone, or its record, cannot go. VPCs in a zone that ``stays`` only count if they share the link."""
    leaving = {vpc.vpc_id for vpc in (*link.vpcs, *([link.holder] if link.holder else []))} | {link.vpc_id}
    staying = set(zone.vpcs) - leaving - {each.id for each in left}
    sharing = {
        f"{link.others[v]} ({v})" if v in link.others else v for v in map(str, staying) if not stays or v in link.others
    }
    problems = []
    hosts = {plain(host) for host in link.records} - {record.name for record in ours}
    foreign = [record for record in zone.records if not zone.link and record.name in hosts]
    if foreign:
        shown = [f"{each.name} {each.type}" for each in foreign]
        problems.append(finding("RECORD_LEFT", link.name, zone_id=zone.id, records=shown))
    if others and not stays:
        records = [f"{each.name} {each.type}" for each in others]
        problems.append(finding("ZONE_NOT_EMPTY", link.name, zone_id=zone.id, records=records))
    if sharing and (not stays or ours):
        problems.append(finding("ZONE_STILL_USED", link.name, zone_id=zone.id, vpcs=sharing))
    if errors(problems) or not (ours and link.without_gap):
        return problems
    facts = {"zone_id": zone.id, "hosts": [record.name for record in ours], "vpcs": list(zone.vpcs)}
    if stays:
        return [*problems, finding("NAME_LOST", link.name, **facts)] if zone.vpcs else problems
    return problems if _held(link, left) else [*problems, finding("NAME_GAP", link.name, **facts)]


def _empty(link: Link, zone: Zone, held: Vpc | None) -> list[Call]:
    """Take the VPCs off before the record goes, so that their names fall back at once instead of not existing.

    AWS keeps one VPC on a private zone. That is the holder; without one the last VPC has no answer until the zone is gone.
    """
    leaving = sorted((vpc for vpc in link.vpcs if vpc.vpc_id in zone.vpcs), key=lambda vpc: vpc.name != link.name)
    if held is None:
        leaving = leaving[1:]
        arriving = []
    else:
        arriving = _join(link, zone, replace(held, name=link.name))
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
    shown = [r for r in zone.records if r.type not in {"NS", "SOA"}]
    records = {
        f"{r.name} AAAA" if r.alias and r.type == "AAAA" else r.name: r.alias.dns_name if r.alias else r.type
        for r in shown
    }
    return {
        "hosted_zone_id": str(zone.id),
        "name": zone.name,
        "vpc_ids": sorted(map(str, zone.vpcs)),
        "records": dict(sorted(records.items())),
    }
