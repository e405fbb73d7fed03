# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans, applied by a small model of AWS to whatever may be there, lead to what is wanted, and a second plan is empty.

The model refuses what AWS refuses, so a plan that makes a thing twice, or takes away too early, fails. Nothing foreign is
touched, agents that may enter can always enter, and no VPC gets into a zone that lacks its record.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.astro.privatelink.plugins.module_utils._astro import access
from ansible_collections.astro.privatelink.plugins.module_utils._core.findings import errors
from ansible_collections.astro.privatelink.plugins.module_utils._core.plan import Call, New, Plan, Token, fill
from ansible_collections.astro.privatelink.plugins.module_utils._link import (
    association,
    egress,
    endpoint,
    existing,
    model,
    security_group,
    zone,
)
from hypothesis import given, settings
from hypothesis import strategies as st

#: More are worth trying now and then.
EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "300"))
MANY = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)

ACCOUNT, SERVICE = "111111111111", "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"
OTHER_SERVICE = SERVICE.replace("0123", "ffff")
ZONES = ("a", "b", "c")  # the service is not in the last one
VPCS = ("vpc-00000001", "vpc-00000002")
SOURCES = ("sg-0000000a", "10.1.0.0/16", "10.2.0.0/16", "pl-00000001")
OURS = {"Name": model.NAME, **model.OWNED}


class Refused(AssertionError):
    """What AWS would refuse, or must never be asked for."""


def require(condition: bool, why: str) -> None:
    if not condition:
        raise Refused(why)


# --- a small model of EC2


class Ec2:
    """What AWS has of a fleet, and how calls change it."""

    def __init__(self, have: model.Have) -> None:
        self.have = have
        self.groups = {str(group.id): group for group in have.groups}
        self.endpoints = {str(each.id): each for each in have.endpoints}
        self.subnets = {subnet.id: subnet for subnet in have.subnets}
        self.made: dict[New, str] = {}

    @property
    def now(self) -> model.Have:
        return replace(self.have, groups=tuple(self.groups.values()), endpoints=tuple(self.endpoints.values()))

    def send(self, call: Call) -> None:
        given = fill(call.arguments, lambda each: "token" if isinstance(each, Token) else self.made[each])
        made = getattr(self, call.operation)(**given)
        if call.makes is not None:
            self.made[call.makes] = made

    def CreateSecurityGroup(self, *, GroupName: str, VpcId: str, TagSpecifications: Any, **_more: Any) -> str:
        twin = [group for group in self.groups.values() if (group.vpc_id, group.name) == (VpcId, GroupName)]
        require(not twin, "InvalidGroup.Duplicate")
        made = f"sg-{len(self.groups):08x}"
        self.groups[made] = model.SecurityGroup(
            id=made,
            vpc_id=VpcId,
            name=GroupName,
            sources=frozenset(),
            owned=True,
            exact=frozenset(),
            tags={tag["Key"]: tag["Value"] for tag in TagSpecifications[0]["Tags"]},
        )
        return made

    def AuthorizeSecurityGroupIngress(self, *, GroupId: str, IpPermissions: Any) -> None:
        new = security_group.sources_of({"IpPermissions": IpPermissions})
        group = self.groups[GroupId]
        require(bool(new) and not new & group.exact, "InvalidPermission.Duplicate")
        self.groups[GroupId] = replace(group, sources=group.sources | new, exact=group.exact | new)

    def RevokeSecurityGroupIngress(self, *, GroupId: str, IpPermissions: Any) -> None:
        gone = security_group.sources_of({"IpPermissions": IpPermissions})
        group = self.groups[GroupId]
        require(gone <= group.exact, "InvalidPermission.NotFound")
        self.groups[GroupId] = replace(group, sources=group.sources - gone, exact=group.exact - gone)

    def DeleteSecurityGroup(self, *, GroupId: str) -> None:
        used = [each for each in self.endpoints.values() if GroupId in each.security_groups and each.live]
        require(not used, "DependencyViolation")
        del self.groups[GroupId]

    def CreateVpcEndpoint(
        self,
        *,
        VpcId: str,
        ServiceName: str,
        SubnetIds: Any,
        SecurityGroupIds: Any,
        TagSpecifications: Any,
        **_more: Any,
    ) -> str:
        made = f"vpce-{len(self.endpoints) + 100:08x}"
        self._fits(VpcId, SubnetIds)
        require(all(self.groups[group].vpc_id == VpcId for group in SecurityGroupIds), "a group of another VPC")
        twins = [
            each
            for each in self.endpoints.values()
            if (each.vpc_id, each.service_name) == (VpcId, ServiceName) and each.live and each.owned
        ]
        require(not twins, "a second endpoint for the same service")
        self.endpoints[made] = model.Endpoint(
            id=made,
            vpc_id=VpcId,
            service_name=ServiceName,
            subnets=frozenset(SubnetIds),
            security_groups=frozenset(SecurityGroupIds),
            tags={tag["Key"]: tag["Value"] for tag in TagSpecifications[0]["Tags"]},
            state="available",
            dns_name=f"{made}.example",
        )
        return made

    def ModifyVpcEndpoint(
        self,
        *,
        VpcEndpointId: str,
        AddSubnetIds: Sequence[str] = (),
        RemoveSubnetIds: Sequence[str] = (),
        AddSecurityGroupIds: Sequence[str] = (),
        RemoveSecurityGroupIds: Sequence[str] = (),
    ) -> None:
        there = self.endpoints[VpcEndpointId]
        subnets = there.subnets - set(RemoveSubnetIds)
        require(set(RemoveSubnetIds) <= there.subnets, "a subnet that it does not have is removed")
        require(not set(AddSubnetIds) & there.subnets, "a subnet that it has is added")
        self._fits(there.vpc_id, [*subnets, *AddSubnetIds])
        groups = (there.security_groups | set(AddSecurityGroupIds)) - set(RemoveSecurityGroupIds)
        require(bool(groups), "an endpoint without a group")
        self.endpoints[VpcEndpointId] = replace(there, subnets=subnets | set(AddSubnetIds), security_groups=groups)

    def CreateTags(self, *, Resources: Any, Tags: Any) -> None:
        for each in Resources:
            self._tag(each, lambda tags: {**tags, **{tag["Key"]: tag["Value"] for tag in Tags}})

    def DeleteTags(self, *, Resources: Any, Tags: Any) -> None:
        for each in Resources:
            self._tag(each, lambda tags: {key: tags[key] for key in tags if {"Key": key} not in Tags})

    def _tag(self, each: str, change: Callable[[Mapping[str, str]], Mapping[str, str]]) -> None:
        """Whatever has that id."""
        if each in self.groups:
            self.groups[each] = replace(self.groups[each], tags=change(self.groups[each].tags))
        else:
            self.endpoints[each] = replace(self.endpoints[each], tags=change(self.endpoints[each].tags))

    def DeleteVpcEndpoints(self, *, VpcEndpointIds: Any) -> None:
        for each in VpcEndpointIds:
            self.endpoints[each] = replace(self.endpoints[each], state="deleted")

    def _fits(self, vpc_id: str, subnets: Sequence[str]) -> None:
        zones = [self.subnets[each].zone for each in subnets]
        require(len(set(zones)) == len(zones), "DuplicateSubnetsInSameZone")
        require(all(self.subnets[each].vpc_id == vpc_id for each in subnets), "a subnet of another VPC")

    def entering(self, each: model.Endpoint) -> frozenset[str]:
        """Who may enter an endpoint."""
        return frozenset().union(*(self.groups[str(g)].sources for g in each.security_groups if str(g) in self.groups))


# --- what may be there and wanted


def _subnets() -> tuple[model.Subnet, ...]:
    return tuple(
        model.Subnet(
            id=f"subnet-{vpc[-1]}{z}{number}",
            vpc_id=vpc,
            zone=f"us-east-1{z}",
            zone_id=f"use1-az{ZONES.index(z) + 1}",
            free=9,
            public=number == 1,
            owner=ACCOUNT,
            cidr="10.0.0.0/24",
        )
        for vpc in VPCS
        for z in ZONES
        for number in (1, 2)
    )


SUBNETS = _subnets()


def some(draw: st.DrawFn, of: Sequence[Any], least: int = 0) -> frozenset[Any]:
    return frozenset(draw(st.lists(st.sampled_from(list(of)), min_size=least, max_size=4, unique=True)))


@st.composite
def groups_of(draw: st.DrawFn, vpc: str) -> list[model.SecurityGroup]:
    """The agents' group, one of the user's, and perhaps one with the managed one's name."""
    number = vpc[-1]
    found = [
        model.SecurityGroup(id=f"sg-0000000{kind}", vpc_id=vpc, name=name, sources=frozenset(), owned=False)
        for kind, name in ((("a", "agents") if number == "1" else ("e", "agents")), (f"{number}", "mine"))
    ]
    if draw(st.booleans()):
        exact = some(draw, SOURCES)
        sources = exact | some(draw, ["192.0.2.0/24"])
        owned = draw(st.integers(0, 5)) > 0
        found.append(
            model.SecurityGroup(
                id=f"sg-1000000{number}", vpc_id=vpc, name=model.NAME, sources=sources, owned=owned, exact=exact
            )
        )
    return found


STATES = ["available"] * 4 + ["pending", "pendingacceptance", "rejected", "failed", "expired", "deleted", "partial"]


@st.composite
def endpoints_of(draw: st.DrawFn, vpc: str, groups: Sequence[model.SecurityGroup]) -> list[model.Endpoint]:
    found = []
    for number in range(draw(st.integers(0, 2))):
        one_each = {subnet.zone: subnet.id for subnet in some(draw, [s for s in SUBNETS if s.vpc_id == vpc])}
        found.append(
            model.Endpoint(
                id=f"vpce-{vpc[-1]}{number}",
                vpc_id=vpc,
                service_name=draw(st.sampled_from([SERVICE, SERVICE, OTHER_SERVICE])),
                subnets=frozenset(one_each.values()),
                security_groups=some(draw, [group.id for group in groups], 1),
                tags=draw(st.sampled_from([OURS, {**OURS, "Owner": "me"}, {}, {"Name": "hand"}])),
                state=draw(st.sampled_from(STATES)),
                dns_name=f"vpce-{number}.example",
            )
        )
    return found


@st.composite
def links_of(draw: st.DrawFn, vpc: str, groups: Sequence[model.SecurityGroup], ids: Sequence[str]) -> model.Link:
    agents = {group.id for group in groups if group.name == "agents"}
    sources = some(draw, [*agents, "10.1.0.0/16", "pl-00000001"], 1)
    mine = {s.zone: s.id for s in SUBNETS if s.vpc_id == vpc and s.zone[-1] in "ab"}
    kind = draw(st.sampled_from(["present"] * 5 + ["absent", "sources"]))
    return model.Link(
        name=f"name-of-{vpc[-1]}",
        vpc_id=vpc,
        service_name=SERVICE,
        sources=sources,
        joined={"joined": some(draw, ["10.2.0.0/16", "10.1.0.0/16"], 1)} if draw(st.booleans()) else {},
        subnets=frozenset(mine.values()) if draw(st.integers(0, 3)) == 0 else frozenset(),
        security_groups=frozenset(g.id for g in groups if g.name == "mine")
        if draw(st.integers(0, 3)) == 0
        else frozenset(),
        tags=draw(st.sampled_from([{}, {"Owner": "me"}, {"Owner": "you"}])),
        endpoint_id=draw(st.sampled_from([*ids, "vpce-none"])) if draw(st.integers(0, 3)) == 0 else "",
        replace=draw(st.booleans()),
        take_over=draw(st.booleans()),
        present=kind != "absent",
        sources_only=kind == "sources",
        purge_sources=draw(st.integers(0, 3)) == 0,
    )


@st.composite
def fleets(draw: st.DrawFn) -> tuple[list[model.Link], model.Have]:
    groups = {vpc: draw(groups_of(vpc)) for vpc in VPCS}
    there = {vpc: draw(endpoints_of(vpc, groups[vpc])) for vpc in VPCS}
    links = [draw(links_of(vpc, groups[vpc], [str(each.id) for each in there[vpc]])) for vpc in VPCS]
    have = model.Have(
        region="us-east-1",
        vpcs=dict.fromkeys(VPCS, ACCOUNT),
        services={SERVICE: model.Service(name=SERVICE, zones=frozenset(f"us-east-1{z}" for z in ZONES[:2]))},
        subnets=SUBNETS,
        groups=tuple(group for found in groups.values() for group in found),
        endpoints=tuple(each for found in there.values() for each in found),
    )
    return links, have


@MANY
@given(fleets())
def test_endpoints_and_their_groups(fleet):
    links, have = fleet
    plan = endpoint.plan(links, have)
    stopped = errors(plan.findings)
    assert not [call for call in plan.calls if call.subjects <= set(stopped)], "a VPC with an error has calls"
    aws = Ec2(have)
    for call in plan.calls:
        _step(aws, call)
    again = endpoint.plan(links, aws.now)
    assert [call.public() for call in again.calls] == [], "a second plan"
    for link in links:
        if link.name not in stopped:
            _arrived(link, plan, aws)
    _untouched(links, have, aws)


def _step(aws: Ec2, call: Call) -> None:
    """One call; whoever could enter a working endpoint before and after all of it can at any time between."""
    before = {each: (one, aws.entering(one)) for each, one in aws.endpoints.items() if one.state == "available"}
    aws.send(call)
    for each, (was, entered) in before.items():
        now = aws.endpoints[each]
        if not now.live:
            continue
        other_groups = call.arguments.get("RemoveSecurityGroupIds")  # the user's; what they admit is the user's, too
        if call.operation != "RevokeSecurityGroupIngress" and not other_groups:
            assert entered <= aws.entering(now), f"{call.operation} shuts somebody out"
        if was.subnets and not now.subnets:
            assert len(was.subnets) == 1, "all zones of an endpoint are gone at once"


def _arrived(link: model.Link, plan: Plan, aws: Ec2) -> None:
    there, problems = endpoint.find(link, aws.now)
    link = existing.with_its_groups(link, there, aws.now) if link.present else link
    group = security_group.find(link, aws.now)[0]
    assert problems == []
    if not link.present:
        assert there is None or not there.owned
        return
    if link.sources_only:
        assert group is None or link.joined.get("joined", frozenset()) <= group.sources
        return
    assert there is not None
    zones = [aws.subnets[each].zone for each in there.subnets]
    assert zones
    assert model.OWNED.items() <= there.tags.items() or (link.endpoint_id and not link.take_over)
    assert link.tags.items() <= there.tags.items()
    if link.subnets:
        assert there.subnets == link.subnets
    if link.security_groups:
        assert there.security_groups == link.security_groups
    else:
        wanted = link.sources.union(*link.joined.values())
        assert group is not None
        assert group.id in there.security_groups
        assert wanted <= group.sources
        spared = "SG_SHARED" in {each.code for each in plan.findings if link.name == each.vpc}
        assert spared or not link.purge_sources or group.exact <= wanted
    told = fill(plan.after[link.name], str)
    real = {str(new): made for new, made in aws.made.items()}
    for one in (told["endpoint"], told.get("security_group", {})):
        for key in ("vpc_endpoint_id", "group_id"):
            if key in one:
                one[key] = real.get(one[key], one[key])
    told["endpoint"]["security_group_ids"] = sorted(real.get(g, g) for g in told["endpoint"]["security_group_ids"])
    assert told == endpoint.public(there, group), "the diff told something else"


def _untouched(links: Sequence[model.Link], have: model.Have, aws: Ec2) -> None:
    adopted = {link.endpoint_id for link in links}
    for each in have.endpoints:
        ours = each.owned and each.service_name == SERVICE
        if not ours and each.id not in adopted:
            assert aws.endpoints[str(each.id)] == each
            assert aws.endpoints[str(each.id)].state == each.state
    for group in have.groups:
        if not any(security_group.ours(link, group, have) for link in links):
            assert aws.groups[str(group.id)] == group


# --- a small model of Route 53

MEMBERS = ("vpc-00000001", "vpc-00000002", "vpc-00000003")
HOLDER = "vpc-0000000f"
SUFFIX, HOST = "external.astronomer.run", "clx.external.astronomer.run"
RIGHT, WRONG = (zone.Alias(dns_name=name, hosted_zone_id="Z") for name in ("vpce-1.example", "vpce-9.example"))


class Route53:
    def __init__(self, zones: Sequence[zone.Zone]) -> None:
        self.zones = {str(each.id): each for each in zones}
        self.made: dict[New, str] = {}

    @property
    def now(self) -> list[zone.Zone]:
        return list(self.zones.values())

    def send(self, call: Call) -> None:
        given = fill(call.arguments, lambda each: "token" if isinstance(each, Token) else self.made[each])
        made = getattr(self, call.operation)(given.pop("HostedZoneId", given.pop("Id", "")), **given)
        if call.makes is not None:
            self.made[call.makes] = made

    def _one_of_a_name(self, name: str, vpc_id: str) -> None:
        require(not [z for z in self.zones.values() if z.name == name and vpc_id in z.vpcs], "ConflictingDomainExists")

    def CreateHostedZone(self, _id: str, *, Name: str, VPC: Any, HostedZoneConfig: Any, **_more: Any) -> str:
        self._one_of_a_name(zone.plain(Name), VPC["VPCId"])
        require(len(HostedZoneConfig["Comment"]) <= 256, "InvalidInput")
        made = f"Z{len(self.zones) + 100}"
        mark = zone.marked_vpc(HostedZoneConfig["Comment"])
        vpcs = {VPC["VPCId"]: VPC["VPCRegion"]}
        self.zones[made] = zone.Zone(id=made, name=zone.plain(Name), link=mark, vpcs=vpcs)
        return made

    def ChangeResourceRecordSets(self, zone_id: str, *, ChangeBatch: Any) -> None:
        there = self.zones[zone_id]
        records = list(there.records)
        for change in ChangeBatch["Changes"]:
            given = change["ResourceRecordSet"]
            name, kind, target = zone.plain(given["Name"]), given["Type"], given.get("AliasTarget")
            same = [record for record in records if (record.name, record.type) == (name, kind)]
            require(change["Action"] == "UPSERT" or bool(same), "InvalidChangeBatch")
            records = [record for record in records if record not in same]
            if change["Action"] == "UPSERT":
                require(not [r for r in records if r.name == name and r.type == "CNAME"], "InvalidChangeBatch")
                alias = zone.Alias(dns_name=target["DNSName"], hosted_zone_id=target["HostedZoneId"])
                records.append(zone.Record(name=name, type=kind, alias=alias, raw=given))
        self.zones[zone_id] = replace(there, records=tuple(records))

    def AssociateVPCWithHostedZone(self, zone_id: str, *, VPC: Any) -> None:
        there = self.zones[zone_id]
        self._one_of_a_name(there.name, VPC["VPCId"])
        self.zones[zone_id] = replace(there, vpcs={**there.vpcs, VPC["VPCId"]: VPC["VPCRegion"]})

    def DisassociateVPCFromHostedZone(self, zone_id: str, *, VPC: Any) -> None:
        there = self.zones[zone_id]
        require(set(there.vpcs) > {VPC["VPCId"]}, "LastVPCAssociation")
        self.zones[zone_id] = replace(there, vpcs={k: v for k, v in there.vpcs.items() if k != VPC["VPCId"]})

    def CreateVPCAssociationAuthorization(self, zone_id: str, *, VPC: Any) -> None:
        self.zones[zone_id] = replace(self.zones[zone_id], authorised=self.zones[zone_id].authorised | {VPC["VPCId"]})

    def DeleteVPCAssociationAuthorization(self, zone_id: str, *, VPC: Any) -> None:
        require(VPC["VPCId"] in self.zones[zone_id].authorised, "VPCAssociationAuthorizationNotFound")
        self.zones[zone_id] = replace(self.zones[zone_id], authorised=self.zones[zone_id].authorised - {VPC["VPCId"]})

    def DeleteHostedZone(self, zone_id: str) -> None:
        left = [record for record in self.zones[zone_id].records if record.type not in {"NS", "SOA"}]
        require(not left, "HostedZoneNotEmpty")
        del self.zones[zone_id]


def record(name: str, alias: zone.Alias, kind: str = "A") -> zone.Record:
    target = {"DNSName": alias.dns_name, "HostedZoneId": alias.hosted_zone_id, "EvaluateTargetHealth": False}
    raw = {"Name": f"{name}.", "Type": kind, "AliasTarget": target}
    return zone.Record(name=name, type=kind, alias=alias, raw=raw)


RECORDS = [
    record(HOST, RIGHT),
    record(HOST, WRONG),
    record(f"other.{SUFFIX}", WRONG),
    zone.Record(name=f"mail.{SUFFIX}", type="MX", alias=None),
]


@st.composite
def zones_there(draw: st.DrawFn) -> list[zone.Zone]:
    """Up to three zones of the name; as in AWS each has a VPC, and a VPC is in one of them at most."""
    left = [*MEMBERS, "vpc-000000ee"]
    found = []
    for number in range(draw(st.integers(0, 3))):
        if not left:
            break
        chosen = some(draw, left, 1)
        left = [each for each in left if each not in chosen]
        mark = draw(st.sampled_from([*MEMBERS[:2], MEMBERS[0], ""]))
        records = {(each.name, each.type): each for each in draw(st.lists(st.sampled_from(RECORDS), max_size=4))}
        found.append(
            zone.Zone(
                id=f"Z{number}",
                name=SUFFIX,
                link=mark,
                vpcs=dict.fromkeys(sorted(chosen), "us-east-1"),
                records=tuple(records.values()),
                authorised=some(draw, MEMBERS) if draw(st.integers(0, 3)) == 0 else frozenset(),
            )
        )
    return found


@st.composite
def zone_links(draw: st.DrawFn, ids: Sequence[str]) -> zone.Link:
    members = [
        zone.Vpc(
            name=f"name-of-{vpc[-1]}",
            vpc_id=vpc,
            region="us-east-1",
            present=draw(st.integers(0, 4)) > 0,
            access=draw(st.sampled_from(["", "", "other"])),
        )
        for vpc in sorted(some(draw, MEMBERS, 1))
    ]
    return zone.Link(
        name="name-of-1",
        vpc_id=MEMBERS[0],
        zone=SUFFIX,
        records={HOST: RIGHT},
        vpcs=tuple(members),
        holder=zone.Vpc(name="holder", vpc_id=HOLDER, region="us-east-1") if draw(st.booleans()) else None,
        zone_id=draw(st.sampled_from([*ids, "Z-none"])) if draw(st.integers(0, 3)) == 0 else "",
        present=draw(st.integers(0, 3)) > 0,
        force_record=draw(st.booleans()),
        without_gap=draw(st.booleans()),
    )


@st.composite
def zone_cases(draw: st.DrawFn) -> tuple[zone.Link, list[zone.Zone]]:
    there = draw(zones_there())
    return draw(zone_links([str(each.id) for each in there])), there


@MANY
@given(zone_cases())
def test_zones_and_their_records(case):
    link, have = case
    plan = zone.plan([link], have)
    stopped = errors(plan.findings)
    aws = Route53(have)
    for call in plan.calls:
        assert not call.subjects <= set(stopped), "a VPC with an error has calls"
        inside = {vpc for each in aws.now if _answers(each) for vpc in each.vpcs}
        aws.send(call)
        _answered(link, inside, aws, call)
    again = zone.plan([link], aws.now)
    assert [call.public() for call in again.calls] == [], "a second plan"
    _led(link, have, aws, stopped)


def _answers(each: zone.Zone) -> bool:
    return HOST in {record.name for record in each.records if record.type == "A"}


def _answered(link: zone.Link, inside: set[str], aws: Route53, call: Call) -> None:
    """No VPC joins a zone without its record. With a holder none is ever in one that lacks it, setup and teardown alike."""
    agents = {vpc.vpc_id for vpc in link.vpcs}
    for each in aws.now:
        if _answers(each) or each.name != SUFFIX:
            continue
        if call.operation == "AssociateVPCWithHostedZone" and call.arguments["HostedZoneId"] in {each.id, *aws.made}:
            assert call.arguments["VPC"]["VPCId"] == HOLDER, "a VPC joins a zone that lacks its record"
        if call.operation == "ChangeResourceRecordSets" and link.holder is not None:
            assert not inside & set(each.vpcs) & agents or link.zone_id, "a VPC loses its record"
        if call.operation == "CreateHostedZone" and link.holder is not None:
            assert set(each.vpcs) == {HOLDER} or each.id in {"Z0", "Z1", "Z2"}


def _led(link: zone.Link, have: Sequence[zone.Zone], aws: Route53, stopped: Mapping[str, Any]) -> None:
    foreign = [each for each in have if each.link != link.vpc_id and each.id != link.zone_id]
    assert [aws.zones[str(each.id)] for each in foreign] == foreign, "a foreign zone is touched"
    there = zone.find(link, aws.now)[0]
    if link.name in stopped or there is None:
        return
    if not link.present:
        others = [each for each in there.records if each.name != HOST and each.type == "A" and each.alias is not None]
        assert not there.link or others, "our own zone stays"
        assert there.alias(HOST) != RIGHT, "our own record stays"  # one that leads elsewhere is the user's
        return
    assert there.alias(HOST) == record(HOST, RIGHT)
    before = next((each for each in have if each.id == there.id), None)
    others = [each for each in (before.records if before else ()) if (each.name, each.type) != (HOST, "A")]
    assert set(others) <= set(there.records), "somebody else's record is gone"
    for vpc in link.vpcs:
        if vpc.name not in stopped:
            assert (vpc.vpc_id in there.vpcs) is vpc.present
    assert before is None or {v for v in before.vpcs if v not in MEMBERS} <= {*there.vpcs, HOLDER}
    assert not there.authorised - (before.authorised if before else frozenset()), "an authorisation is left"


# --- associations, egress, allowed ranges

PAIRS = st.dictionaries(st.sampled_from(MEMBERS), st.dictionaries(st.sampled_from(["Z1", "Z2", "Z3"]), st.just(SUFFIX)))


@MANY
@given(PAIRS, st.lists(st.tuples(st.sampled_from(MEMBERS), st.booleans()), max_size=3, unique_by=lambda pair: pair[0]))
def test_associations(have, wanted):
    wants = [
        association.Association(name=vpc, vpc_id=vpc, region="us-east-1", zone_id="Z1", present=present)
        for vpc, present in wanted
    ]
    now = {vpc: dict(zones) for vpc, zones in have.items()}
    for call in association.plan(wants, have).calls:
        vpc = call.arguments["VPC"]["VPCId"]
        zones = now.setdefault(vpc, {})
        if call.operation == "AssociateVPCWithHostedZone":
            require("Z1" not in zones, "associated twice")
            zones["Z1"] = SUFFIX
        else:
            del zones["Z1"]
    assert association.plan(wants, now).calls == ()
    assert all(association.result(want, now)["associated"] is want.present for want in wants)
    others = [{(v, z) for v, zones in each.items() for z in zones if z != "Z1"} for each in (have, now)]
    assert others[0] == others[1]


RULES = st.builds(
    lambda peer, port: egress.Rule(peer=peer, protocol="tcp", first=port, last=port),
    st.sampled_from(["0.0.0.0/0", "::/0", "10.1.0.0/16", "sg-00000001", "pl-00000001"]),
    st.sampled_from([443, 53]),
) | st.builds(
    lambda peer: egress.Rule(peer=peer, protocol=egress.ALL), st.sampled_from(["0.0.0.0/0", "::/0", "10.9.0.0/16"])
)


@MANY
@given(
    st.dictionaries(st.sampled_from(["sg-1", "sg-2", "sg-3"]), st.frozensets(RULES, max_size=5)),
    st.lists(
        st.tuples(st.sampled_from(["sg-1", "sg-2"]), st.frozensets(RULES, min_size=1, max_size=3), st.booleans()),
        max_size=2,
        unique_by=lambda one: one[0],
    ),
)
def test_egress(have, wanted):
    wants = [egress.Agents(name="one", vpc_id="vpc-1", group_id=g, allowed=a, purge=p) for g, a, p in wanted]
    plan = egress.plan(wants, have)
    if errors(plan.findings):
        assert plan.calls == ()
        return
    now, removed = {group: set(rules) for group, rules in have.items()}, False
    for call in plan.calls:
        rules = egress.rules_of(call.arguments["IpPermissions"])
        there = now[call.arguments["GroupId"]]
        if call.operation == "AuthorizeSecurityGroupEgress":
            require(not rules & there, "InvalidPermission.Duplicate")
            assert not removed, "something is removed before all is added"
            there |= rules
        else:
            removed = True
            require(rules <= there, "InvalidPermission.NotFound")
            there -= rules
    ended = {group: frozenset(rules) for group, rules in now.items()}
    assert egress.plan(wants, ended).calls == ()
    for want in wants:
        assert want.allowed <= ended[want.group_id]
        assert not want.purge or not {rule for rule in ended[want.group_id] - want.allowed if rule.open}
        assert {rule for rule in have[want.group_id] if not rule.open} <= ended[want.group_id]
    untouched = set(have) - {want.group_id for want in wants}
    assert all(ended[group] == have[group] for group in untouched)


RANGES = st.lists(
    st.sampled_from(
        ["172.20.0.0/22", "172.20.0.0/24", "10.0.0.0/8", "10.1.2.3", "10.1.2.3/32", "0.0.0.0/0", "::/0", "2600::/32"]
    ),
    max_size=4,
    unique=True,
)


@MANY
@given(
    RANGES,
    st.none() | RANGES,
    st.sampled_from(["present", "absent", "exact"]),
    st.booleans(),
    st.booleans(),
)
def test_allowed_ranges(before, ranges, state, allow_open, allow_lockout):
    cluster = access.Cluster(id="c", ranges=("172.20.0.0/22",))
    document = {
        "id": "d",
        **dict.fromkeys(access.REQUIRED, "x"),
        "name": "n",
        "environmentVariables": [],
        "remoteExecution": {"enabled": True, "allowedIpAddressRanges": before},
    }
    want = access.Want(
        deployment_id="d",
        ranges=None if ranges is None else tuple(ranges),
        state=state,
        allow_open=allow_open,
        allow_lockout=allow_lockout,
    )
    have = access.Have(document=document, cluster=cluster)
    plan = access.plan(want, have)
    if not plan.calls:
        return
    (call,) = plan.calls
    after = call.arguments["allowedIpAddressRanges"]
    body = access.body(document, after)
    ended = replace(have, document={**document, "remoteExecution": body["remoteExecution"]})
    assert access.plan(want, ended).calls == ()
    wanted = set(map(access.canonical, cluster.ranges if ranges is None else ranges))
    there = set(map(access.canonical, after))
    assert wanted <= there if state != "absent" else not wanted & there
    assert state != "exact" or there == wanted
    others = set(map(access.canonical, before)) - wanted
    assert state == "exact" or others <= there, "somebody else's range is gone"
    assert not access.is_open(after) or access.is_open(before) or allow_open
    if not allow_lockout and access._covers(before, "172.20.0.0/22"):
        assert access._covers(after, "172.20.0.0/22")
    assert access.drift(document, ended.document) in ([], [access.RANGES])
