# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight's reads, beyond those of setup in `_aws`. They change and decide nothing; `read_network` and `read_names` have
the others.

A fleet takes a fixed number of calls (pages aside). What cannot be read is a finding, and the rest continues.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

try:
    import botocore
    from botocore import xform_name
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports what to install
    pass

from .._aws import clients, read
from .._aws.answers import UNCLEAR, text, understood, values
from .._core import errors
from .._core.catalogue import BY_ERROR
from .._core.findings import Finding, finding, from_error
from .._core.plan import WORKERS, Call, New, Plan, Token
from .._core.supported import numbers
from .._kube import admission
from .._link import endpoint, model
from .._link import zone as _zone
from . import network as _network
from . import read_names, read_network, resolution
from .checks import Fleet, Limit, Seen, Zones, creating, too_old, waiting
from .session import Place

#: The quota "Interface VPC endpoints per VPC", and its default.
ENDPOINT_QUOTA, USUAL_QUOTA = "L-29B6F2EB", 50


@dataclass(frozen=True, kw_only=True)
class Account:
    """The zones to look at in one account; their records have hosts and no targets yet."""

    place: Place
    links: tuple[_zone.Link, ...]


def sdk_version() -> tuple[int, ...]:
    return numbers(botocore.__version__)


def survey(places: Sequence[Place], accounts: Sequence[Account], sdk: Sequence[int]) -> Seen:
    """Read all accounts and regions side by side, then the VPCs that still lack their zone."""
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        parts = list(pool.map(lambda place: _read_fleet(place, sdk), places))
        aliases = {name: alias for part in parts for fleet in part.fleets for name, alias in _aliases(fleet).items()}
        parts += pool.map(lambda account: _read_account(account, aliases), accounts)
        network = _network.Network.merge(part.network for part in parts)
        outside = {name for part in parts for zones in part.zones for name in waiting(zones)}
        names = list(pool.map(lambda place: read_names.read(place, outside, set(network.vpcs)), places))
    asked = [*places, *(account.place for account in accounts)]
    return Seen(
        fleets=tuple(fleet for part in parts for fleet in part.fleets),
        zones=tuple(zones for part in parts for zones in part.zones),
        network=network,
        names={vpc_id: _with_network(vpc_id, found, network) for part in names for vpc_id, found in part.items()},
        findings=tuple(one for place in asked for one in place.findings),
    )


def _with_network(vpc_id: str, names: resolution.Names, network: _network.Network) -> resolution.Names:
    vpc = network.vpcs.get(vpc_id)
    return replace(names, name_servers=vpc.name_servers, cidrs=vpc.cidrs) if vpc else names


# --- endpoints of an account and region


def _read_fleet(place: Place, sdk: Sequence[int]) -> Seen:
    old = too_old(place.links, place.region, sdk)
    place.findings.extend(old)
    links = tuple(link for link in place.links if link.name not in {one.vpc for one in old})
    try:
        have = read.read_fleet(place.client("ec2"), links, place.ids)
        have = read.with_peers(have, place.clients, links, place.access, own="")
        with clients.reading("EC2"):
            network = read_network.read(place, have.subnets)
    except errors.ReadFailed as problem:
        place.findings.extend(finding("READ_FAILED", name, problem=problem) for name in place.names)
        return Seen()
    plan = endpoint.plan(links, have)
    place.findings.extend(_absent(place, have))
    place.findings.extend(_rehearse(place.client("ec2"), plan))
    fleet = Fleet(
        vpcs=place.vpcs,
        links=links,
        have=have,
        plan=plan,
        account=place.ask("sts:GetCallerIdentity", "whether VPCs are shared", lambda: _account(place)) or "",
        agents=place.ask("ec2:DescribeNetworkInterfaces", "where agents are", lambda: _agents(place)) or {},
        quota=_endpoint_quota(place, plan, have),
        interfaces=_interfaces(place),
    )
    return Seen(fleets=(fleet,), network=network)


def _absent(place: Place, have: model.Have) -> list[Finding]:
    """VPCs without an endpoint of their own; for the others the plan says it."""
    linked = {link.name for link in place.links}
    missing = [vpc for vpc in place.vpcs if vpc.vpc_id not in have.vpcs and vpc.name not in linked]
    return [finding("VPC_NOT_FOUND", vpc.name, vpc_id=vpc.vpc_id, region=place.region) for vpc in missing]


def _account(place: Place) -> str:
    return str(place.client("sts").get_caller_identity()["Account"])


def _agents(place: Place) -> dict[str, frozenset[str]]:
    wanted = {group for vpc in place.vpcs for group in vpc.groups}
    found: dict[str, set[str]] = {}
    for interface in place.describe("describe_network_interfaces", "NetworkInterfaces", {"group-id": sorted(wanted)}):
        for group in values(interface.get("Groups"), "GroupId"):
            found.setdefault(group, set()).update(values([interface], "SubnetId"))
    return {group: frozenset(subnets) for group, subnets in found.items() if group in wanted}


def _interfaces(place: Place) -> tuple[admission.Interface, ...]:
    """The network interfaces of VPCs with pods."""
    homes = [vpc for vpc in place.vpcs if vpc.pods]
    if not homes:
        return ()
    found = place.ask(
        "ec2:DescribeNetworkInterfaces",
        "which security groups pods have",
        lambda: place.describe(
            "describe_network_interfaces", "NetworkInterfaces", {"vpc-id": sorted({vpc.vpc_id for vpc in homes})}
        ),
        [vpc.name for vpc in homes],
    )
    return tuple(understood(found, _interface))


def _interface(interface: Mapping[str, Any]) -> admission.Interface:
    """With its addresses, and the prefixes that are delegated to it."""
    addresses = values(interface.get("PrivateIpAddresses"), "PrivateIpAddress")
    return admission.Interface(
        id=text(interface, "NetworkInterfaceId"),
        groups=frozenset(values(interface.get("Groups"), "GroupId")),
        spans=frozenset([*addresses, *values(interface.get("Ipv4Prefixes"), "Ipv4Prefix")]),
    )


def _endpoint_quota(place: Place, plan: Plan, have: model.Have) -> int:
    """Read only if it matters: when a VPC is to have more endpoints than the default quota allows."""
    there = Counter(endpoint.vpc_id for endpoint in have.endpoints if endpoint.live)
    if all(there[vpc] + len(names) <= USUAL_QUOTA for vpc, names in creating(plan).items()):
        return USUAL_QUOTA
    try:
        reply = place.client("service-quotas").get_service_quota(ServiceCode="vpc", QuotaCode=ENDPOINT_QUOTA)
        return int(reply["Quota"]["Value"])
    except (BotoCoreError, ClientError, errors.ReadFailed, *UNCLEAR):
        return USUAL_QUOTA


# --- dry runs: are these credentials sufficient for the plan?


def _rehearse(ec2: Any, plan: Plan) -> Iterable[Finding]:
    """Send one call of each kind as a dry run; its result applies to all VPCs that need such a call."""
    kinds: dict[tuple[str, str], list[Call]] = {}
    for call in plan.calls:
        kinds.setdefault((call.operation, call.arguments.get("ServiceRegion", "")), []).append(call)
    for alike in kinds.values():
        arguments = next((known for known in map(_known, alike) if known is not None), None)
        if arguments is not None:
            yield from _try(ec2, alike[0].operation, arguments, {name for call in alike for name in call.subjects})


def _known(call: Call) -> dict[str, Any] | None:
    """Arguments without what does not exist yet, or None if the call is about just that."""
    given = {key: value for key, value in call.arguments.items() if not isinstance(value, Token)}
    if any(isinstance(value, New) for value in given.values()):
        return None
    lists = {
        key: [v for v in value if not isinstance(v, New)] for key, value in given.items() if isinstance(value, list)
    }
    return {key: lists.get(key, value) for key, value in given.items() if lists.get(key, value) != []}


def _try(ec2: Any, operation: str, arguments: Mapping[str, Any], names: Iterable[str]) -> list[Finding]:
    try:
        getattr(ec2, xform_name(operation))(**arguments, DryRun=True)
    except ClientError as answer:
        error = answer.response["Error"]
        if BY_ERROR.get(error["Code"]) in {"PERMISSION_MISSING", "ENDPOINT_QUOTA"}:
            message = error.get("Message", "")
            return [from_error(name, f"ec2:{operation}", message, error["Code"]) for name in sorted(names)]
    except BotoCoreError:
        pass  # nothing is known then; setup itself will tell
    return []


# --- zones of an account


def _aliases(fleet: Fleet) -> dict[str, _zone.Alias]:
    """What the records of each link will point to."""
    found = {link.name: endpoint.target(link.name, endpoint.result(link, fleet.have)) for link in fleet.links}
    return {
        name: _zone.Alias(dns_name=_zone.plain(end["dns_name"]), hosted_zone_id=end["hosted_zone_id"])
        for name, end in found.items()
    }


def _read_account(account: Account, aliases: Mapping[str, _zone.Alias]) -> Seen:
    place, links = account.place, tuple(_with_target(link, aliases.get(link.name)) for link in account.links)
    try:
        have = tuple(read.read_zones(place.client("route53"), links))
    except errors.ReadFailed as problem:
        names = [vpc.name for link in links for vpc in link.vpcs]
        place.findings.extend(finding("READ_FAILED", name, problem=problem) for name in names)
        return Seen()
    plan = _zone.plan(links, have)
    owners = [link.name for link in links]
    limits = place.ask("route53:GetHostedZoneLimit", "how full zones are", lambda: _limits(place, plan), owners)
    public = frozenset(_public(place, links, have))
    return Seen(zones=(Zones(links=links, have=have, plan=plan, limits=limits or {}, public=public),))


def _with_target(link: _zone.Link, alias: _zone.Alias | None) -> _zone.Link:
    """A link that could not be read has no endpoint to compare its record with, so the record is not judged."""
    return replace(link, records={host: alias for host in link.records} if alias else {})


def _limits(place: Place, plan: Plan) -> dict[str, Limit]:
    """Only of zones that VPCs are to join, and of the account if there will be more zones."""
    route53 = place.client("route53")
    joined = {call.arguments["HostedZoneId"] for call in plan.calls if call.operation == "AssociateVPCWithHostedZone"}
    replies = {
        zone_id: route53.get_hosted_zone_limit(HostedZoneId=zone_id, Type="MAX_VPCS_ASSOCIATED_BY_ZONE")
        for zone_id in joined
        if isinstance(zone_id, str)
    }
    if any(call.operation == "CreateHostedZone" for call in plan.calls):
        replies[""] = route53.get_account_limit(Type="MAX_HOSTED_ZONES_BY_OWNER")
    return {key: Limit(most=reply["Limit"]["Value"], count=reply["Count"]) for key, reply in replies.items()}


def _public(place: Place, links: Iterable[_zone.Link], have: Iterable[_zone.Zone]) -> Iterable[str]:
    """Ids that were given, that are not among the private zones, and that exist all the same."""
    for zone_id in {link.zone_id for link in links} - {"", *(str(zone.id) for zone in have)}:
        try:
            if place.client("route53").get_hosted_zone(Id=zone_id)["HostedZone"]["Config"]["PrivateZone"] is False:
                yield zone_id
        except (BotoCoreError, ClientError, errors.ReadFailed, *UNCLEAR):
            continue  # not there, or not ours: the plan says so
