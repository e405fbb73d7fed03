# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads AWS in bulk, into the types of the core. It decides nothing."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

with suppress(ImportError):  # AnsibleAWSModule says what to install
    from botocore.exceptions import BotoCoreError, ClientError

from .._core.errors import ReadFailed
from .._core.plan import WORKERS
from .._link import egress, holder, model, security_group
from .._link import zone as _zone
from .._link.holder import Holder
from .._link.params import WITH_OWN_CREDENTIALS
from .answers import UNCLEAR, is_text, many, tags, text, understood, values
from .clients import Clients, describe, poll, reading


def read_fleet(ec2: Any, links: Sequence[model.Link], others: Iterable[str] = ()) -> model.Have:
    """All that a fleet's endpoints need, in a number of calls that does not grow with it (pages aside).

    ``others`` are ids of further VPCs, which have no endpoint of their own.
    """
    vpc_ids = sorted({link.vpc_id for link in links}.union(others))
    names = {link.service_name for link in links}
    named = {
        (group, link.vpc_id)
        for link in links
        for group in {*link.sources, *link.security_groups}
        if group.startswith("sg-")
    }
    with reading("EC2"):
        vpcs = describe(ec2, "describe_vpcs", "Vpcs", {"vpc-id": vpc_ids})
        subnets = describe(ec2, "describe_subnets", "Subnets", {"vpc-id": vpc_ids})
        groups = describe(ec2, "describe_security_groups", "SecurityGroups", {"vpc-id": vpc_ids})
        services = _read_services(ec2, names)
        endpoints = _describe_endpoints(ec2, vpc_ids)
        interfaces = _read_interfaces(ec2, endpoints, names)
        return model.Have(
            region=region(ec2),
            vpcs=dict(understood(vpcs, lambda vpc: (text(vpc, "VpcId"), str(vpc.get("OwnerId") or "")))),
            services={service.name: service for service in services},
            subnets=tuple(understood(subnets, _subnet)),
            groups=(
                *understood(groups, group),
                *_read_associated(ec2, named - {(str(g.get("GroupId")), str(g.get("VpcId"))) for g in groups}),
            ),
            endpoints=tuple(understood(endpoints, lambda each: _endpoint(each, interfaces))),
            unclear=_unclear([each for each in endpoints if each.get("ServiceName") in {None, "", *names}], groups),
        )


def _unclear(endpoints: Iterable[Mapping[str, Any]], groups: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """What could not be understood and might be a link's own, by VPC: without it, a second one would be made."""
    lacking = [
        (str(thing.get("VpcId") or ""), what)
        for things, what, needed in (
            (endpoints, "the id or the service of an endpoint", ("VpcEndpointId", "ServiceName")),
            (groups, "the id or the name of a security group", ("GroupId", "GroupName")),
        )
        for thing in things
        if not all(is_text(thing.get(key)) for key in needed)
    ]
    return {vpc_id: what for vpc_id, what in lacking if vpc_id}


#: AWS's quota of rules of a security group, and its code in Service Quotas.
RULES_QUOTA = "L-0EA8095F"


def with_peers(
    have: model.Have, clients: Clients, links: Sequence[model.Link], access: str = "", own: str = WITH_OWN_CREDENTIALS
) -> model.Have:
    """The same with what is needed only where rules are missing: accounts of other VPCs' groups, and the quota of rules.

    ``access`` and ``own`` name, for these clients, the way to the links' account and the one with the run's own credentials.
    """
    owners: dict[str, str] = {}
    unread: dict[str, str] = {}
    most = 0
    for link in links:
        there = security_group.find(link, have)[0]
        known = there.sources if there else frozenset[str]()
        missing = {name: mine - known for name, mine in {link.name: link.sources, **link.joined}.items()}
        most = max(most, (there.rules if there else 0) + len(frozenset().union(*missing.values())))
        for name, peer in link.peers.items():
            groups = {each for each in missing.get(name, ()) if each.startswith("sg-")} - set(link.accounts)
            if groups and peer.access and peer.region in {"", have.region}:
                try:
                    way = own if peer.access == WITH_OWN_CREDENTIALS else peer.access
                    owners |= _read_owners(clients.get("ec2", way, have.region), groups)
                except ReadFailed as problem:
                    unread[name] = str(problem)
    limit = have.rules if most <= have.rules else rules_quota(clients, have.region, access)
    return replace(have, owners=owners, unread=unread, rules=limit)


def _read_owners(ec2: Any, groups: Iterable[str]) -> dict[str, str]:
    with reading("EC2"):
        found = describe(ec2, "describe_security_groups", "SecurityGroups", {"group-id": sorted(groups)})
    return {group["GroupId"]: group["OwnerId"] for group in found}


def rules_quota(clients: Clients, region: str, access: str = "") -> int:
    """How many rules a security group may have; 0 if these credentials may not ask: then AWS decides."""
    try:
        client = clients.get("service-quotas", access, region)
        reply = client.get_service_quota(ServiceCode="vpc", QuotaCode=RULES_QUOTA)
        return int(reply["Quota"]["Value"])
    except (BotoCoreError, ClientError, KeyError):
        return 0


def _read_associated(ec2: Any, wanted: set[tuple[str, str]]) -> Iterator[model.SecurityGroup]:
    """Security groups of other VPCs that are associated with those in which they are named, as if they were theirs.

    https://docs.aws.amazon.com/vpc/latest/userguide/security-group-assoc.html
    """
    if not wanted:
        return
    filters = {"vpc-id": sorted({vpc for _group, vpc in wanted}), "state": ["associated"]}
    try:
        key = "SecurityGroupVpcAssociations"
        found = describe(ec2, "describe_security_group_vpc_associations", key, filters)
    except (AttributeError, BotoCoreError, ClientError, ValueError):
        return  # an old botocore, or credentials that may not ask: then a group of another VPC is not found
    pairs = {(each["GroupId"], each["VpcId"]) for each in found} & wanted
    details = describe(
        ec2, "describe_security_groups", "SecurityGroups", {"group-id": sorted({g for g, _vpc in pairs})}
    )
    by_id = {each["GroupId"]: group(each) for each in details}
    for group_id, vpc in sorted(pairs):
        if group_id in by_id:
            yield replace(by_id[group_id], vpc_id=vpc, name=f"{group_id} of another VPC")


def read_egress(ec2: Any, group_ids: Iterable[str]) -> egress.Have:
    """The egress rules of security groups. Groups that do not exist, or not for these credentials, are left out."""
    with reading("EC2"):
        found = describe(ec2, "describe_security_groups", "SecurityGroups", {"group-id": sorted(set(group_ids))})
        return dict(
            understood(found, lambda each: (text(each, "GroupId"), egress.rules_of(many(each, "IpPermissionsEgress"))))
        )


#: Seconds of waiting after which it is told how far the endpoints are; the last one from then on.
TELL_AFTER = (5.0, 10.0, 20.0, 30.0)


def wait_for_endpoints(
    ec2: Any, ids: Iterable[str], timeout: float, tell: Callable[[Mapping[str, str]], None] | None = None
) -> None:
    """Wait until every endpoint has settled, reading all of them at once. Ends silently at the timeout (seconds)."""
    waiting, told, next_time = set(ids), 0, time.monotonic() + TELL_AFTER[0]

    def settled() -> bool:
        nonlocal told, next_time
        found = describe(ec2, "describe_vpc_endpoints", "VpcEndpoints", {"vpc-endpoint-id": sorted(waiting)})
        states = dict(understood(found, lambda each: (text(each, "VpcEndpointId"), _state(each))))
        waiting.intersection_update(i for i in waiting if states.get(i, "") in {"", "pending", "pendingacceptance"})
        if waiting and tell and time.monotonic() >= next_time:
            tell({each: states.get(each, "") for each in waiting})
            told += 1
            next_time = time.monotonic() + TELL_AFTER[min(told, len(TELL_AFTER) - 1)]
        return not waiting

    with reading("EC2"):
        poll(settled, timeout)


def read_zones(
    route53: Any, links: Sequence[_zone.Link], known: dict[str, _zone.Zone] | None = None
) -> list[_zone.Zone]:
    """The private zones that have a wanted zone's name; records only of those that are a link's own or named by id.

    One listing for each name, then one read for each zone, and a second one for the zones of these links; a third one
    for the authorisations of a zone that serves VPCs of other accounts. ``known`` remembers zones by their ids: those of other
    links are not read again.
    """
    wanted = {link.vpc_id for link in links} - {""}
    named = {link.zone_id for link in links} - {""}
    shared = {key for link in links if _shared(link) for key in (link.vpc_id, link.zone_id)} - {""}

    def read(summary: Mapping[str, Any]) -> _zone.Zone | None:
        zone_id = zone_id_of(summary)
        link = _zone.marked_vpc(_comment(summary))
        if known is not None and zone_id in known and link not in wanted and zone_id not in named:
            return known[zone_id]
        vpcs = many(route53.get_hosted_zone(Id=zone_id), "VPCs")
        if _private(summary) is None and not vpcs:
            return None  # only a private zone has VPCs
        records = _read_records(route53, zone_id) if link in wanted or zone_id in named else []
        return _zone.Zone(
            id=zone_id,
            name=_zone.plain(summary["Name"]),
            link=link,
            vpcs=dict(understood(vpcs, lambda vpc: (text(vpc, "VPCId"), str(vpc.get("VPCRegion") or "")))),
            records=tuple(records),
            comment=_comment(summary),
            authorised=frozenset(_read_authorised(route53, zone_id) if {link, zone_id} & shared else []),
        )

    with reading("Route 53"), ThreadPoolExecutor(max_workers=WORKERS) as pool:
        summaries = [
            s for name in sorted({_zone.plain(link.zone) for link in links}) for s in list_zones(route53, name)
        ]
        found = [zone for zone in pool.map(read, summaries) if zone is not None]
        if known is not None:
            known |= {str(zone.id): zone for zone in found}
        return found


def zone_id_of(summary: Mapping[str, Any]) -> str:
    return text(summary, "Id").rsplit("/", 1)[-1]


def _comment(zone: Mapping[str, Any]) -> str:
    return str((zone.get("Config") or {}).get("Comment") or "")


def _private(zone: Mapping[str, Any]) -> bool | None:
    """Whether a zone is a private one, or None where the answer does not tell."""
    told = (zone.get("Config") or {}).get("PrivateZone")
    return told if isinstance(told, bool) else None


def read_holders(ec2: Any) -> list[Holder]:
    """The VPCs of a region that this collection made to hold zones; none where they cannot be read."""
    with suppress(BotoCoreError, ClientError):
        filters = {f"tag:{key}": [value] for key, value in model.OWNED.items()}
        found = describe(ec2, "describe_vpcs", "Vpcs", {**filters, "tag-key": [holder.LINK]})
        read = [Holder.read(vpc["VpcId"], region(ec2), tags(vpc)) for vpc in found]
        return [each for each in read if each is not None]
    return []


def read_leading(route53: Any, name: str) -> list[_zone.Zone]:
    """The private zones of an account that may answer for names below ``name``, with all their records, whoever made them."""
    with reading("Route 53"), ThreadPoolExecutor(max_workers=WORKERS) as pool:
        labels = name.split(".")
        above = [".".join(labels[number:]) for number in range(1, len(labels))]
        found = [
            *list_zones(route53, name, below=True),
            *(zone for each in above for zone in list_zones(route53, each)),
        ]
        return list(pool.map(lambda summary: _read_zone(route53, summary), found))


def read_members(route53: Any, names: Iterable[str]) -> list[_zone.Zone]:
    """The private zones of these names with the VPCs on them, whoever made them, but without records. One listing for each name,
    and one read for each zone."""

    def read(summary: Mapping[str, Any]) -> _zone.Zone:
        there = many(route53.get_hosted_zone(Id=zone_id_of(summary)), "VPCs")
        return _zone.Zone(
            id=zone_id_of(summary),
            name=_zone.plain(summary["Name"]),
            link=_zone.marked_vpc(_comment(summary)),
            vpcs=dict(understood(there, lambda vpc: (text(vpc, "VPCId"), str(vpc.get("VPCRegion") or "")))),
            comment=_comment(summary),
        )

    with reading("Route 53"), ThreadPoolExecutor(max_workers=WORKERS) as pool:
        listed = [each for name in sorted(set(names)) for each in list_zones(route53, name)]
        return list(pool.map(read, listed))


def with_records(route53: Any, zone: _zone.Zone) -> _zone.Zone:
    with reading("Route 53"):
        return replace(zone, records=tuple(_read_records(route53, str(zone.id))))


def _read_zone(route53: Any, summary: Mapping[str, Any]) -> _zone.Zone:
    zone_id = summary["Id"].rsplit("/", 1)[-1]
    return _zone.Zone(
        id=zone_id,
        name=_zone.plain(summary["Name"]),
        link=_zone.marked_vpc(summary.get("Config", {}).get("Comment", "")),
        vpcs={vpc["VPCId"]: vpc["VPCRegion"] for vpc in route53.get_hosted_zone(Id=zone_id).get("VPCs", [])},
        records=tuple(_read_records(route53, zone_id)),
    )


def _shared(link: _zone.Link) -> bool:
    """Whether VPCs of other accounts may be allowed on a link's zone. Of one that leaves the account is not known."""
    return any(vpc.access or (link.present and not vpc.present) for vpc in link.vpcs)


def region(ec2: Any) -> str:
    return str(ec2.meta.region_name)


def _read_services(ec2: Any, names: Iterable[str]) -> Iterator[model.Service]:
    """The services that this account sees, asked for by the region in their names."""
    by_region: dict[str, list[str]] = {}
    for name in sorted(names):
        if there := model.parse_service_region(name):
            by_region.setdefault(there, []).append(name)
    for there, named in by_region.items():
        yield from _describe_services(ec2, named, {} if there == region(ec2) else {"ServiceRegions": [there]})


def _describe_services(ec2: Any, names: Sequence[str], where: Mapping[str, Any]) -> Iterator[model.Service]:
    """One bad name fails the call for all, so then each is asked for by itself."""
    try:
        details = many(ec2.describe_vpc_endpoint_services(ServiceNames=list(names), **where), "ServiceDetails")
    except ClientError as problem:
        if problem.response["Error"]["Code"] != "InvalidServiceName":
            raise
        if len(names) > 1:
            for name in names:
                yield from _describe_services(ec2, [name], where)
        return
    for detail in details:
        zones = frozenset() if where else frozenset(many(detail, "AvailabilityZones"))
        with suppress(*UNCLEAR):
            families = frozenset(str(each) for each in detail.get("SupportedIpAddressTypes") or ())
            yield model.Service(name=text(detail, "ServiceName"), zones=zones, families=families)


def _subnet(subnet: Mapping[str, Any]) -> model.Subnet:
    """A subnet with IPv6 only has no CidrBlock. Where AWS does not tell how many addresses are free, there may be one."""
    free = subnet.get("AvailableIpAddressCount")
    return model.Subnet(
        id=text(subnet, "SubnetId"),
        vpc_id=text(subnet, "VpcId"),
        cidr=str(subnet.get("CidrBlock") or ""),
        ipv4=bool(subnet.get("CidrBlock")),
        ipv6=any(map(_in_force, subnet.get("Ipv6CidrBlockAssociationSet") or ())),
        zone=text(subnet, "AvailabilityZone"),
        zone_id=str(subnet.get("AvailabilityZoneId") or ""),
        free=1 if free is None else int(free),
        public=bool(subnet.get("MapPublicIpOnLaunch")),
        owner=str(subnet.get("OwnerId") or ""),
    )


def _in_force(association: Mapping[str, Any]) -> bool:
    """Whether an IPv6 range of a subnet is not one on its way, or gone."""
    return (association.get("Ipv6CidrBlockState") or {}).get("State") == "associated"


def group(group: Mapping[str, Any]) -> model.SecurityGroup:
    sources: set[str] = set()
    exact: set[str] = set()
    for rule in many(group, "IpPermissions"):
        found = set(security_group.peers_of(rule)) if _admits(rule) else set()
        sources |= found
        exact |= found if rule.get("FromPort") == rule.get("ToPort") == security_group.PORT else set()
    return model.SecurityGroup(
        id=text(group, "GroupId"),
        vpc_id=text(group, "VpcId"),
        name=text(group, "GroupName"),
        sources=frozenset(sources),
        exact=frozenset(exact),
        owned=model.OWNED.items() <= tags(group).items(),
        tags=tags(group),
        accounts=security_group.accounts_of(group["IpPermissions"]),
        rules=_count(group["IpPermissions"]),
    )


def _count(rules: Iterable[Mapping[str, Any]]) -> int:
    """The rules of the family that has more; a prefix list counts for its entries, of which at least one is known."""
    peers = [peer for rule in rules for peer in security_group.peers_of(rule)]
    v6 = sum(":" in peer for peer in peers)
    return max(len(peers) - v6, sum(peer.startswith(("sg-", "pl-")) for peer in peers) + v6)


def _admits(rule: Mapping[str, Any]) -> bool:
    """Whether a rule is seen to let the link's port in. AWS gives "tcp" for the protocol's number, too."""
    if rule.get("IpProtocol") == "-1":
        return True
    first, last = rule.get("FromPort"), rule.get("ToPort")
    ports = isinstance(first, int) and isinstance(last, int) and first <= security_group.PORT <= last
    return ports and rule.get("IpProtocol") == "tcp"


def _describe_endpoints(ec2: Any, vpc_ids: Sequence[str]) -> list[dict[str, Any]]:
    filters = {"vpc-id": vpc_ids, "vpc-endpoint-type": ["Interface"]}
    return describe(ec2, "describe_vpc_endpoints", "VpcEndpoints", filters)


def read_endpoints(ec2: Any) -> list[model.Endpoint]:
    """All interface endpoints of an account and region, without their addresses."""
    found = describe(ec2, "describe_vpc_endpoints", "VpcEndpoints", {"vpc-endpoint-type": ["Interface"]})
    return understood(found, lambda each: _endpoint(each, {}))


def available(ec2: Any, wanted: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of pairs of a VPC and a service between which an endpoint is available."""
    pairs = set(wanted)
    with reading("EC2"):
        found = _describe_endpoints(ec2, sorted({vpc for vpc, _service in pairs}))
    there = {(str(e.get("VpcId")), str(e.get("ServiceName"))) for e in found if _state(e) == "available"}
    return pairs & there


def _read_interfaces(
    ec2: Any, endpoints: Iterable[Mapping[str, Any]], names: set[str]
) -> dict[str, list[dict[str, str]]]:
    """The network interfaces of the endpoints of these services, by id, as results show them: an entry for each address."""
    ids = {i for e in endpoints if e.get("ServiceName") in names for i in many(e, "NetworkInterfaceIds")}
    filters = {"network-interface-id": sorted(ids)}
    found = describe(ec2, "describe_network_interfaces", "NetworkInterfaces", filters)
    return {each[0]["network_interface_id"]: each for each in understood(found, _interface)}


def _interface(interface: Mapping[str, Any]) -> list[dict[str, str]]:
    where = {
        "subnet_id": str(interface.get("SubnetId") or ""),
        "availability_zone": str(interface.get("AvailabilityZone") or ""),
        "network_interface_id": text(interface, "NetworkInterfaceId"),
    }
    addresses = [text(interface, "PrivateIpAddress"), *values(interface.get("Ipv6Addresses"), "Ipv6Address")]
    return [{"address": address, **where} for address in addresses]


def _state(endpoint: Mapping[str, Any]) -> str:
    return str(endpoint.get("State") or "unknown").lower()


def _endpoint(endpoint: Mapping[str, Any], interfaces: Mapping[str, Sequence[Mapping[str, str]]]) -> model.Endpoint:
    problem = endpoint.get("LastError") or {}
    detail = [problem.get("Code"), problem.get("Message"), endpoint.get("FailureReason")]
    dns = _regional(endpoint)
    return model.Endpoint(
        id=text(endpoint, "VpcEndpointId"),
        vpc_id=text(endpoint, "VpcId"),
        service_name=text(endpoint, "ServiceName"),
        subnets=frozenset(many(endpoint, "SubnetIds")),
        security_groups=frozenset(values(endpoint.get("Groups"), "GroupId")),
        tags=tags(endpoint),
        ip_address_type=str(endpoint.get("IpAddressType") or model.IPV4),
        dns_record_type=str((endpoint.get("DnsOptions") or {}).get("DnsRecordIpType") or model.IPV4),
        state=_state(endpoint),
        detail=": ".join(str(each) for each in detail if each),
        dns_name=dns.get("DnsName", ""),
        hosted_zone_id=dns.get("HostedZoneId", ""),
        addresses=tuple(each for i in sorted(many(endpoint, "NetworkInterfaceIds")) for each in interfaces.get(i, ())),
    )


def _regional(endpoint: Mapping[str, Any]) -> Mapping[str, str]:
    """The entry for the whole region. AWS also gives one for each zone, and with private DNS on those of the service.

    Its first label is the endpoint's id and a random part; those of zones go on with the zone's name.
    https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html#interface-endpoint-dns-hostnames
    """
    form = re.compile(rf"{re.escape(text(endpoint, 'VpcEndpointId'))}-[a-z0-9]+\.", re.IGNORECASE)
    entries = understood(
        endpoint.get("DnsEntries"), lambda each: {k: text(each, k) for k in ("DnsName", "HostedZoneId")}
    )
    return next((entry for entry in entries if form.match(entry["DnsName"])), {})


def list_zones(route53: Any, name: str, below: bool = False) -> Iterator[dict[str, Any]]:
    """The private zones called ``name``, or also those below it. Route 53 lists from the name on, those below it next:
    stop where others begin."""
    position = {"DNSName": name}
    while True:
        page = route53.list_hosted_zones_by_name(**position, MaxItems="100")
        for zone in many(page, "HostedZones"):
            if not isinstance(zone.get("Name"), str) or not zone.get("Id"):
                continue
            there = _zone.plain(zone["Name"])
            if there != name and not (below and there.endswith(f".{name}")):
                return
            if _private(zone) is not False:
                yield zone
        if not page.get("IsTruncated") or not page.get("NextDNSName"):
            return
        later = {"DNSName": page["NextDNSName"], "HostedZoneId": page.get("NextHostedZoneId")}
        position = {key: value for key, value in later.items() if value}


def _read_records(route53: Any, zone_id: str) -> Iterator[_zone.Record]:
    for page in route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone_id):
        yield from understood(page.get("ResourceRecordSets"), _record)


def _record(record: Mapping[str, Any]) -> _zone.Record:
    aliases = understood(
        [record.get("AliasTarget") or {}],
        lambda target: _zone.Alias(
            dns_name=_zone.plain(text(target, "DNSName")), hosted_zone_id=text(target, "HostedZoneId")
        ),
    )
    return _zone.Record(
        name=_zone.plain(text(record, "Name")),
        type=text(record, "Type"),
        alias=aliases[0] if aliases else None,
        identifier=str(record.get("SetIdentifier") or ""),
        raw=record,
    )


def read_zones_by_vpc(route53: Any, vpcs: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """For each VPC (id to region) the zones that serve it, of whatever owner: their ids and names."""

    def read(vpc: tuple[str, str]) -> tuple[str, dict[str, str]]:
        position: dict[str, str] = {}
        found: dict[str, str] = {}
        while True:
            page = route53.list_hosted_zones_by_vpc(VPCId=vpc[0], VPCRegion=vpc[1], **position)
            found |= dict(
                understood(
                    page.get("HostedZoneSummaries"),
                    lambda zone: (text(zone, "HostedZoneId"), _zone.plain(str(zone.get("Name") or ""))),
                )
            )
            if not page.get("NextToken"):
                return vpc[0], found
            position = {"NextToken": page["NextToken"]}

    with reading("Route 53"), ThreadPoolExecutor(max_workers=WORKERS) as pool:
        return dict(pool.map(read, vpcs.items()))


def _read_authorised(route53: Any, zone_id: str) -> Iterator[str]:
    """The VPCs of other accounts that may be associated, at the moment."""
    for page in route53.get_paginator("list_vpc_association_authorizations").paginate(HostedZoneId=zone_id):
        yield from values(page.get("VPCs"), "VPCId")
