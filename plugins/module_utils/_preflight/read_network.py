# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the network between agents and endpoints in one account and region, in bulk, into the types of `network`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .._aws.answers import many, text, understood, values
from .._core.ranges import ipv4
from .._link.model import Subnet
from . import network as _network
from .session import Place

_TARGETS = (
    "GatewayId",
    "VpcPeeringConnectionId",
    "TransitGatewayId",
    "NatGatewayId",
    "NetworkInterfaceId",
    "LocalGatewayId",
    "CarrierGatewayId",
    "CoreNetworkArn",
)


def read(place: Place, subnets: Iterable[Subnet]) -> _network.Network:
    ids = {"vpc-id": place.ids}
    vpcs = place.describe("describe_vpcs", "Vpcs", ids)
    acls = place.ask(
        "ec2:DescribeNetworkAcls",
        "what network ACLs block",
        lambda: place.describe("describe_network_acls", "NetworkAcls", ids),
    )
    servers = _servers(place, vpcs)
    network = _network.Network(
        vpcs={vpc.id: vpc for vpc in understood(vpcs, lambda vpc: _vpc(vpc, place.region, servers))},
        subnets={subnet.id: subnet for subnet in subnets},
        acls=tuple(understood(acls, _acl)),
    )
    if any(vpc.via for vpc in place.vpcs) or any(link.joined for link in place.links):
        return _with_ways(network, place)
    return network


def _with_ways(network: _network.Network, place: Place) -> _network.Network:
    """How VPCs reach each other; peerings and gateways only where security groups are to be named over them."""
    tables = place.ask(
        "ec2:DescribeRouteTables",
        "whether VPCs reach each other",
        lambda: place.describe("describe_route_tables", "RouteTables", {"vpc-id": place.ids}),
    )
    network = replace(network, tables=tuple(understood(tables, _table)))
    sources = [source for link in place.links for joined in link.joined.values() for source in joined]
    if not any(source.startswith("sg-") for source in sources) and not any(v.via and v.groups for v in place.vpcs):
        return network
    what = "whether security groups can be named in other VPCs"
    peerings = place.ask("ec2:DescribeVpcPeeringConnections", what, lambda: _peerings(place))
    attachments = place.ask("ec2:DescribeTransitGatewayVpcAttachments", what, lambda: _attachments(place))
    return replace(network, peerings=peerings or frozenset(), attachments=attachments or ())


def _servers(place: Place, vpcs: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    filters = {"dhcp-options-id": sorted(set(values(vpcs, "DhcpOptionsId")))}
    options = place.ask(
        "ec2:DescribeDhcpOptions",
        "which name servers the VPCs hand out",
        lambda: place.describe("describe_dhcp_options", "DhcpOptions", filters),
    )
    return dict(understood(options, lambda each: (text(each, "DhcpOptionsId"), _name_servers(each))))


def _peerings(place: Place) -> frozenset[frozenset[str]]:
    found = [
        peering
        for side in ("requester", "accepter")
        for peering in place.describe(
            "describe_vpc_peering_connections",
            "VpcPeeringConnections",
            {f"{side}-vpc-info.vpc-id": place.ids, "status-code": ["active"]},
        )
    ]
    sides = ("RequesterVpcInfo", "AccepterVpcInfo")
    return frozenset(understood(found, lambda peering: frozenset(text(peering[side], "VpcId") for side in sides)))


def _attachments(place: Place) -> tuple[_network.Attachment, ...]:
    filters = {"vpc-id": place.ids, "state": ["available"]}
    found = place.describe("describe_transit_gateway_vpc_attachments", "TransitGatewayVpcAttachments", filters)
    ids = {"transit-gateway-id": sorted(set(values(found, "TransitGatewayId")))}
    gateways = place.describe("describe_transit_gateways", "TransitGateways", ids)
    allowing = set(values(filter(_referencing, gateways), "TransitGatewayId"))

    def attachment(each: Mapping[str, Any]) -> _network.Attachment:
        gateway = text(each, "TransitGatewayId")
        allowed = gateway in allowing and _referencing(each)
        return _network.Attachment(gateway=gateway, vpc_id=text(each, "VpcId"), references=allowed)

    return tuple(understood(found, attachment))


def _referencing(thing: Mapping[str, Any]) -> bool:
    return bool((thing.get("Options") or {}).get("SecurityGroupReferencingSupport") == "enable")


def _vpc(vpc: Mapping[str, Any], region: str, servers: Mapping[str, tuple[str, ...]]) -> _network.Vpc:
    associated = [
        block
        for block in many(vpc, "CidrBlockAssociationSet")
        if (block.get("CidrBlockState") or {}).get("State") == "associated"
    ]
    cidrs = {str(vpc.get("CidrBlock") or ""), *values(associated, "CidrBlock")}
    return _network.Vpc(
        id=text(vpc, "VpcId"),
        owner=str(vpc.get("OwnerId") or ""),
        region=region,
        cidrs=tuple(sorted(cidr for cidr in cidrs if ipv4([cidr]))),
        name_servers=servers.get(str(vpc.get("DhcpOptionsId")), ()),
    )


def _name_servers(options: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        server
        for each in many(options, "DhcpConfigurations")
        if each.get("Key") == "domain-name-servers"
        for server in values(each.get("Values"), "Value")
    )


def _table(table: Mapping[str, Any]) -> _network.Table:
    associations = many(table, "Associations")
    return _network.Table(
        id=text(table, "RouteTableId"),
        vpc_id=text(table, "VpcId"),
        main=any(each.get("Main") for each in associations),
        subnets=frozenset(values(associations, "SubnetId")),
        routes=tuple(_route(each) for each in many(table, "Routes") if "DestinationIpv6CidrBlock" not in each),
    )


def _route(route: Mapping[str, Any]) -> _network.Route:
    return _network.Route(
        cidr=str(route.get("DestinationCidrBlock") or ""),
        target=next((str(route[key]) for key in _TARGETS if route.get(key)), ""),
        active=route.get("State") in {None, "active"},
    )


def _acl(acl: Mapping[str, Any]) -> _network.Acl:
    """A network ACL. If one of its IPv4 entries is not understood, nothing is known of it, and it is left out."""
    return _network.Acl(
        id=text(acl, "NetworkAclId"),
        subnets=frozenset(values(acl.get("Associations"), "SubnetId")),
        rules=tuple(_entry(each) for each in many(acl, "Entries") if not each.get("Ipv6CidrBlock")),
    )


def _entry(entry: Mapping[str, Any]) -> _network.Rule:
    ports = entry.get("PortRange")
    if not ipv4([text(entry, "CidrBlock")]):
        raise ValueError("no range")
    return _network.Rule(
        number=int(entry["RuleNumber"]),
        egress=bool(entry["Egress"]),
        allow=text(entry, "RuleAction") == "allow",
        cidr=entry["CidrBlock"],
        protocol=text(entry, "Protocol"),
        ports=(int(ports["From"]), int(ports["To"])) if ports else (0, 65535),
    )
