# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the network between agents and endpoints in one account and region, in bulk, into the types of `network`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

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
        vpcs={vpc["VpcId"]: _vpc(vpc, place.region, servers.get(vpc["DhcpOptionsId"], ())) for vpc in vpcs},
        subnets={subnet.id: subnet for subnet in subnets},
        acls=tuple(map(_acl, acls or [])),
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
    network = replace(network, tables=tuple(map(_table, tables or [])))
    sources = [source for link in place.links for joined in link.joined.values() for source in joined]
    if not any(source.startswith("sg-") for source in sources) and not any(v.via and v.groups for v in place.vpcs):
        return network
    what = "whether security groups can be named in other VPCs"
    peerings = place.ask("ec2:DescribeVpcPeeringConnections", what, lambda: _peerings(place))
    attachments = place.ask("ec2:DescribeTransitGatewayVpcAttachments", what, lambda: _attachments(place))
    return replace(network, peerings=peerings or frozenset(), attachments=attachments or ())


def _servers(place: Place, vpcs: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    filters = {"dhcp-options-id": sorted({vpc["DhcpOptionsId"] for vpc in vpcs})}
    options = place.ask(
        "ec2:DescribeDhcpOptions",
        "which name servers the VPCs hand out",
        lambda: place.describe("describe_dhcp_options", "DhcpOptions", filters),
    )
    return {each["DhcpOptionsId"]: _name_servers(each) for each in options or []}


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
    return frozenset(frozenset([p["RequesterVpcInfo"]["VpcId"], p["AccepterVpcInfo"]["VpcId"]]) for p in found)


def _attachments(place: Place) -> tuple[_network.Attachment, ...]:
    filters = {"vpc-id": place.ids, "state": ["available"]}
    found = place.describe("describe_transit_gateway_vpc_attachments", "TransitGatewayVpcAttachments", filters)
    ids = {"transit-gateway-id": sorted({each["TransitGatewayId"] for each in found})}
    gateways = place.describe("describe_transit_gateways", "TransitGateways", ids)
    allowing = {gateway["TransitGatewayId"] for gateway in gateways if _referencing(gateway)}
    return tuple(
        _network.Attachment(
            gateway=each["TransitGatewayId"],
            vpc_id=each["VpcId"],
            references=each["TransitGatewayId"] in allowing and _referencing(each),
        )
        for each in found
    )


def _referencing(thing: Mapping[str, Any]) -> bool:
    return bool(thing.get("Options", {}).get("SecurityGroupReferencingSupport") == "enable")


def _vpc(vpc: Mapping[str, Any], region: str, servers: tuple[str, ...]) -> _network.Vpc:
    blocks = vpc.get("CidrBlockAssociationSet", [])
    cidrs = [each["CidrBlock"] for each in blocks if each["CidrBlockState"]["State"] == "associated"]
    return _network.Vpc(
        id=vpc["VpcId"],
        owner=vpc["OwnerId"],
        region=region,
        cidrs=tuple(sorted({vpc["CidrBlock"], *cidrs})),
        name_servers=servers,
    )


def _name_servers(options: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        value["Value"]
        for each in options["DhcpConfigurations"]
        if each["Key"] == "domain-name-servers"
        for value in each["Values"]
    )


def _table(table: Mapping[str, Any]) -> _network.Table:
    routes = [
        _network.Route(
            cidr=route.get("DestinationCidrBlock", ""),
            target=next((route[key] for key in _TARGETS if route.get(key)), ""),
            active=route.get("State") == "active",
        )
        for route in table["Routes"]
        if "DestinationIpv6CidrBlock" not in route
    ]
    return _network.Table(
        id=table["RouteTableId"],
        vpc_id=table["VpcId"],
        main=any(each["Main"] for each in table["Associations"]),
        subnets=frozenset(each["SubnetId"] for each in table["Associations"] if each.get("SubnetId")),
        routes=tuple(routes),
    )


def _acl(acl: Mapping[str, Any]) -> _network.Acl:
    rules = [
        _network.Rule(
            number=entry["RuleNumber"],
            egress=entry["Egress"],
            allow=entry["RuleAction"] == "allow",
            cidr=entry["CidrBlock"],
            protocol=entry["Protocol"],
            ports=(entry["PortRange"]["From"], entry["PortRange"]["To"]) if entry.get("PortRange") else (0, 65535),
        )
        for entry in acl["Entries"]
        if entry.get("CidrBlock")
    ]
    return _network.Acl(
        id=acl["NetworkAclId"],
        subnets=frozenset(each["SubnetId"] for each in acl["Associations"]),
        rules=tuple(rules),
    )
