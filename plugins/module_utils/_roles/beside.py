# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Zones beside a link's own one that have the cluster's name, too: of another link, of a former one, or somebody else's. Pure.

A VPC can be on several zones of different names. Of those that cover a name the most specific one answers, whatever is in it.
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from .._core.findings import Shown, finding
from .._inventory.hosts import SUFFIX, AgentVpc, Inventory
from .._link.zone import Record, Zone, plain
from .setup import merge

Findings = dict[str, list[Shown]]
#: A zone, and the account that it was read in: how to log in, and ``region``.
Found: TypeAlias = tuple[Mapping[str, Any], Zone]
#: Adds their records to zones.
Read: TypeAlias = Callable[[Sequence[Found]], list[Found]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A zone on which an agent VPC is, and which is not that of its link. ``account`` is how to log in to where it is."""

    vpc: AgentVpc
    owner: AgentVpc
    zone: Zone
    account: Mapping[str, Any]

    @property
    def conflicts(self) -> bool:
        """A VPC can be on one zone of a name only."""
        return self.zone.name == plain(self.owner.zone)

    @property
    def first(self) -> bool:
        """Whether it answers before the zone of the link."""
        return len(self.zone.name) > len(self.owner.zone)

    @property
    def former(self) -> bool:
        """Whether it is the zone of another link, or of a former one, that is seen to have no names of other clusters."""
        others = [each for each in _told(self.zone) if each.name != plain(self.vpc.host)]
        return bool(self.zone.link and self.read) and not others and not self.conflicts

    @property
    def read(self) -> bool:
        """Whether its records could be read: each zone has some of its own."""
        return bool(self.zone.records)

    @property
    def records(self) -> list[Record]:
        """Those of the cluster's name."""
        return [each for each in _told(self.zone) if each.name == plain(self.vpc.host)]

    @property
    def target(self) -> str:
        """Where it leads the cluster's name; for people."""
        there = [each.alias.dns_name if each.alias else f"its {each.type} record" for each in self.records]
        nothing = (
            "nothing: it has no record of that name" if self.read else "an unknown place: its records cannot be read"
        )
        return ", ".join(there) or nothing

    def leads_to(self, endpoint: Mapping[str, Any]) -> bool:
        """Whether it leads the cluster's name to an endpoint."""
        known = str(endpoint.get("vpc_endpoint_id") or "")
        addresses = {each["address"] for each in endpoint.get("addresses", ())}
        return bool(known and self.records) and all(each.leads_to(known, addresses) for each in self.records)


def accounts(inventory: Inventory, *, all_names: bool = False) -> list[dict[str, Any]]:
    """Where zones beside those of a run's links may be, and their names: how to log in, ``region`` and ``names``.

    These are the accounts of the run's VPCs and of all links to the same clusters. Names that the jobs on the run's zones read there
    anyway are left out, and unless ``all_names`` those that cannot answer first.
    """
    vpcs, run = inventory.vpcs, [inventory.vpcs[name] for name in inventory.names]
    hosts = {vpc.host for vpc in run}
    links = [vpc for vpc in inventory.everyone.values() if not vpc.via and vpc.host in hosts]
    owners = {vpc.name: vpcs.get(vpc.via, vpc) for vpc in run}
    names = {each for vpc in run for each in _names(vpc, owners[vpc.name], all_names)}
    judged = {(_login(owner), plain(owner.zone)) for owner in owners.values()}
    places = {_login(vpc): vpc for vpc in (*reversed(links), *owners.values(), *run)}
    found = []
    for login, vpc in places.items():
        wanted = sorted(name for name in names if (login, name) not in judged)
        found += [{**vpc.access, "region": vpc.text("region"), "names": wanted}] if wanted else []
    return found


def beside(inventory: Inventory, found: Iterable[Found], read: Read) -> list[Beside]:
    """What each VPC of a run has beside the zone of its link."""
    wanted: dict[str, list[AgentVpc]] = {}
    for vpc in inventory.everyone.values():  # one VPC may have links to several clusters
        wanted.setdefault(vpc.text("vpc_id"), []).append(inventory.everyone.get(vpc.via, vpc))
    on_it = _by_vpc(found)
    result = []
    for vpc in (inventory.vpcs[name] for name in inventory.names):
        owner = inventory.vpcs.get(vpc.via, vpc)
        links = [owner, *wanted.get(vpc.text("vpc_id"), ())]
        result += [
            Beside(vpc=vpc, owner=owner, zone=zone, account=account)
            for account, zone in on_it.get(vpc.text("vpc_id"), ())
            if zone.name in {plain(vpc.host), SUFFIX} and not any(_is_wanted(zone, link) for link in links)
        ]
    return _with_records(result, read)


def _by_vpc(found: Iterable[Found]) -> dict[str, list[Found]]:
    """Of a zone that is found more than once, the first counts."""
    on_it: dict[str, dict[str, Found]] = {}
    for one in found:
        for vpc_id in one[1].vpcs:
            on_it.setdefault(str(vpc_id), {}).setdefault(str(one[1].id), one)
    return {vpc_id: list(zones.values()) for vpc_id, zones in on_it.items()}


def _with_records(besides: Sequence[Beside], read: Read) -> list[Beside]:
    """A zone may serve many VPCs, and is read once."""
    there = {str(each.zone.id): (each.account, each.zone) for each in besides}
    known = {str(zone.id): zone for _account, zone in read(list(there.values()))} if there else {}
    return [replace(each, zone=known[str(each.zone.id)]) for each in besides]


def conflicts(besides: Iterable[Beside]) -> Findings:
    """The VPCs that cannot get on the zone of their link, since they are on another one of that name."""
    found: Findings = {}
    for each in (each for each in besides if each.conflicts):
        facts = {"vpc_id": each.vpc.text("vpc_id"), "other": each.zone.id, "zone": each.zone.name}
        found.setdefault(each.vpc.name, []).append(finding("ZONE_CONFLICT", each.vpc.name, **facts).public())
    return found


def astray(besides: Iterable[Beside], endpoints: Sequence[Mapping[str, Any]]) -> Findings:
    """The VPCs whose agents are led past their link by a zone that answers first."""
    found: Findings = {}
    done = merge(endpoints)
    for each in besides:
        if each.first and not each.leads_to(done.get(each.owner.name, {})):
            facts = {**_facts(each), "zone": each.owner.zone}
            code = "FORMER_ZONE_ANSWERS" if each.former else "ZONE_MORE_SPECIFIC"
            found.setdefault(each.vpc.name, []).append(finding(code, each.vpc.name, **facts).public())
    return found


def in_the_way(besides: Iterable[Beside], endpoints: Sequence[Mapping[str, Any]]) -> Findings:
    """The VPCs that are led past their link by a zone which this collection did not make, and does not take them off."""
    return astray([each for each in besides if not each.former], endpoints)


def left(besides: Iterable[Beside], astray: Collection[str]) -> list[Shown]:
    """The associations that former links and layouts have left, of VPCs that are not ``astray``."""
    there = [each for each in besides if each.former and each.vpc.name not in astray]
    return [finding("FORMER_ZONE_LEFT", each.vpc.name, **_facts(each)).public() for each in there]


def losing(inventory: Inventory, found: Sequence[Found], plans: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The VPCs of a run that plans take off a zone: how to log in, ``name``, ``vpc_id`` and ``region``."""
    going = {vpc_id for _zone, vpc_id in _going(found, plans)}
    return [
        {**vpc.access, "name": vpc.name, "vpc_id": vpc.text("vpc_id"), "region": vpc.text("region")}
        for vpc in (inventory.vpcs[name] for name in inventory.names)
        if vpc.text("vpc_id") in going
    ]


def unread(problems: Mapping[str, str]) -> Findings:
    """The VPCs of which nobody can tell which zones they are on, and so what would answer next."""
    return {
        name: [finding("READ_FAILED", name, problem=f"{problem} Nothing was changed for it.").public()]
        for name, problem in problems.items()
    }


def elsewhere(
    inventory: Inventory,
    found: Sequence[Found],
    read: Read,
    plans: Sequence[Mapping[str, Any]],
    accept_gap: bool = False,
) -> Findings:
    """The VPCs whose name another zone answers once plans to remove zones are carried out. One that has no record of it makes it
    no longer exist, which ``accept_gap`` agrees to."""
    on_it = _by_vpc(found)
    going = _going(found, plans)
    after, before = list[Beside](), dict[str, Zone]()
    for vpc in (inventory.vpcs[name] for name in inventory.names):
        vpc_id = vpc.text("vpc_id")
        there = [one for one in on_it.get(vpc_id, ()) if one[1].name in {plain(vpc.host), SUFFIX}]
        there.sort(key=lambda one: -len(one[1].name))
        staying = [one for one in there if (str(one[1].id), vpc_id) not in going]
        if staying and staying[0] is not there[0]:  # otherwise the same zone answers as before, or none does
            owner = inventory.vpcs.get(vpc.via, vpc)
            after.append(Beside(vpc=vpc, owner=owner, zone=staying[0][1], account=staying[0][0]))
            before[vpc.name] = there[0][1]
    return {
        each.vpc.name: [
            finding("NAME_GOES_ELSEWHERE", each.vpc.name, **_facts(each), going=before[each.vpc.name].id).public()
        ]
        for each in _with_records(after, read)
        if each.records or not each.read or not accept_gap
    }


def retired(inventory: Inventory, besides: Iterable[Beside], without_gap: bool) -> list[dict[str, Any]]:
    """What `private_zone` takes to take VPCs off the zones of their former links. The zone of a VPC's own former link is deleted.
    Zones of the other layout of the same link are no former link's."""
    grouped: dict[tuple[tuple[str, Any], ...], dict[str, dict[str, Any]]] = {}
    owners = {vpc.text("vpc_id"): vpc for vpc in inventory.everyone.values()}
    for each in besides:
        if not each.former or each.zone.link == each.owner.text("vpc_id"):
            continue
        login = {key: value for key, value in each.account.items() if key != "names"}
        maker = owners.get(each.zone.link)
        name = maker.name if maker else each.zone.link
        members = grouped.setdefault(tuple(login.items()), {})
        link = members.setdefault(
            str(each.zone.id),
            {
                "name": name,
                "vpc_id": each.zone.link,
                "zone": each.zone.name,
                "holder": maker.holder if maker else None,
                "holder_region": maker.text("region") if maker else "",
                "records": [],
                "vpcs": [],
                "state": "present",
                "without_gap": without_gap and each.first,
            },
        )
        if each.zone.link == each.vpc.text("vpc_id"):  # its own former link
            link |= {"state": "absent", "records": [{"host": each.vpc.host, "dns_name": "", "hosted_zone_id": ""}]}
        link["vpcs"].append(
            {
                "name": each.vpc.name,
                "vpc_id": each.vpc.text("vpc_id"),
                "region": each.vpc.text("region"),
                "state": "absent",
            }
        )
    return [{**dict(login), "links": list(links.values())} for login, links in grouped.items()]


def _facts(each: Beside) -> dict[str, Any]:
    return {
        "vpc_id": each.vpc.text("vpc_id"),
        "other": each.zone.id,
        "name": each.zone.name,
        "host": each.vpc.host,
        "target": each.target,
        "owner": "an account of this inventory",
    }


def _going(found: Iterable[Found], plans: Sequence[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """The pairs of a zone and a VPC that plans take apart."""
    members: dict[str, set[str]] = {}
    for _account, zone in found:
        members.setdefault(str(zone.id), set()).update(map(str, zone.vpcs))
    return {pair for answer in plans for call in answer["calls"] for pair in _goes(call, members)}


def _goes(call: Mapping[str, Any], members: Mapping[str, Collection[str]]) -> list[tuple[str, str]]:
    arguments = call["arguments"]
    if call["operation"] == "route53:DeleteHostedZone":
        return [(arguments["Id"], vpc_id) for vpc_id in members.get(arguments["Id"], ())]
    if call["operation"] == "route53:DisassociateVPCFromHostedZone":
        return [(str(arguments["HostedZoneId"]), str(arguments["VPC"]["VPCId"]))]
    return []


def _told(zone: Zone) -> list[Record]:
    """The records of a zone that are not its own."""
    return [each for each in zone.records if each.type not in {"NS", "SOA"}]


def _names(vpc: AgentVpc, owner: AgentVpc, all_names: bool) -> set[str]:
    return {name for name in (plain(vpc.host), SUFFIX) if all_names or len(name) >= len(owner.zone)}


def _login(vpc: AgentVpc) -> tuple[tuple[str, str], ...]:
    return tuple(vpc.access.items())


def _is_wanted(zone: Zone, owner: AgentVpc) -> bool:
    """Whether a zone is that of a link."""
    named = owner.text("hosted_zone_id")
    return zone.name == plain(owner.zone) and (zone.id == named if named else zone.link == owner.text("vpc_id"))
