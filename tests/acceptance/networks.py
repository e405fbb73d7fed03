# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPCs of one subnet, and what joins two of them.

Agent hosts reach Systems Manager over an internet gateway with public addresses and without any inbound rule: $0.005 an hour each.
Endpoints of Systems Manager would be two a VPC at $0.01, a NAT gateway $0.045.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from .cloud import Cloud


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A VPC with the group of what is in it."""

    vpc: str
    cidr: str
    subnet: str
    group: str
    routes: str  # its main route table


def make(cloud: Cloud, cidr: str, zone: str, *, online: bool) -> Network:
    """`online`: with a way to the internet."""
    ec2 = cloud.ec2
    vpc = ec2.create_vpc(CidrBlock=cidr, TagSpecifications=cloud.tagged("vpc"))["Vpc"]["VpcId"]
    cloud.pace.until(f"{vpc} known", lambda: _named(ec2.describe_vpcs(Filters=_of(vpc))["Vpcs"]))
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):  # private zones need both
        ec2.modify_vpc_attribute(VpcId=vpc, **{attribute: {"Value": True}})
    inside = str(next(IPv4Network(cidr).subnets(prefixlen_diff=1)))
    subnet = ec2.create_subnet(
        VpcId=vpc, CidrBlock=inside, AvailabilityZone=zone, TagSpecifications=cloud.tagged("subnet")
    )["Subnet"]["SubnetId"]
    group = ec2.create_security_group(
        VpcId=vpc,
        GroupName=cloud.choices.name,
        Description="Acceptance of astro.privatelink",
        TagSpecifications=cloud.tagged("security-group"),
    )["GroupId"]
    tables = cloud.pace.until(
        f"the route table of {vpc}", lambda: ec2.describe_route_tables(Filters=_of(vpc))["RouteTables"]
    )
    made = Network(vpc=vpc, cidr=cidr, subnet=subnet, group=group, routes=tables[0]["RouteTableId"])
    if online:
        _go_online(cloud, made)
    return made


def _go_online(cloud: Cloud, network: Network) -> None:
    ec2 = cloud.ec2
    made = ec2.create_internet_gateway(TagSpecifications=cloud.tagged("internet-gateway"))["InternetGateway"]
    door = made["InternetGatewayId"]
    cloud.pace.insist(
        f"{door} attached", lambda: ec2.attach_internet_gateway(InternetGatewayId=door, VpcId=network.vpc)
    )
    ec2.create_route(RouteTableId=network.routes, DestinationCidrBlock="0.0.0.0/0", GatewayId=door)


def peer(cloud: Cloud, one: Network, other: Network) -> None:
    ec2 = cloud.ec2
    made = ec2.create_vpc_peering_connection(
        VpcId=one.vpc, PeerVpcId=other.vpc, TagSpecifications=cloud.tagged("vpc-peering-connection")
    )["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    wanted = [{"Name": "vpc-peering-connection-id", "Values": [made]}]

    def state() -> str:
        told = ec2.describe_vpc_peering_connections(Filters=wanted)["VpcPeeringConnections"]
        return str(told[0]["Status"]["Code"]) if told else ""

    cloud.pace.until(f"{made} to be accepted", lambda: state() == "pending-acceptance")
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=made)
    cloud.pace.until(f"{made} active", lambda: state() == "active")
    for near, far in ((one, other), (other, one)):
        ec2.create_route(RouteTableId=near.routes, DestinationCidrBlock=far.cidr, VpcPeeringConnectionId=made)


def cross(cloud: Cloud, one: Network, other: Network) -> None:
    """By a transit gateway with AWS's defaults, which let all of its VPCs meet."""
    ec2 = cloud.ec2
    gateway = ec2.create_transit_gateway(TagSpecifications=cloud.tagged("transit-gateway"))["TransitGateway"][
        "TransitGatewayId"
    ]
    by_gateway = [{"Name": "transit-gateway-id", "Values": [gateway]}]

    def states(listing: Any, key: str) -> set[str]:
        return {each["State"] for each in listing(Filters=by_gateway)[key]}

    cloud.pace.until(
        f"{gateway} available", lambda: states(ec2.describe_transit_gateways, "TransitGateways") == {"available"}
    )
    for network in (one, other):
        ec2.create_transit_gateway_vpc_attachment(
            TransitGatewayId=gateway,
            VpcId=network.vpc,
            SubnetIds=[network.subnet],
            TagSpecifications=cloud.tagged("transit-gateway-attachment"),
        )
    listing = ec2.describe_transit_gateway_vpc_attachments
    cloud.pace.until("attachments available", lambda: states(listing, "TransitGatewayVpcAttachments") == {"available"})
    for near, far in ((one, other), (other, one)):
        ec2.create_route(RouteTableId=near.routes, DestinationCidrBlock=far.cidr, TransitGatewayId=gateway)


def _of(vpc: str) -> list[dict[str, Any]]:
    return [{"Name": "vpc-id", "Values": [vpc]}]


def _named(things: Iterable[Any]) -> bool:
    return any(True for _each in things)
