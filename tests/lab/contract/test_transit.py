# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Transit gateways: attachments, associations, propagation and routes, where moto alone keeps none of AWS's rules."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import AGENTS, OTHERS, Aws


def attach(aws: Aws, gateway: str, cidr: str, account: str = AGENTS) -> tuple[str, str]:
    """A new VPC with one subnet, and its attachment."""
    ec2 = aws.client("ec2", account)
    vpc = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr.replace("/16", "/24"))["Subnet"]["SubnetId"]
    made = ec2.create_transit_gateway_vpc_attachment(TransitGatewayId=gateway, VpcId=vpc, SubnetIds=[subnet])
    return vpc, made["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]


def main_table(aws: Aws, vpc: str) -> str:
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    return str(aws.ec2.describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"])


@pytest.fixture
def gateway(aws: Aws) -> dict[str, Any]:
    made: dict[str, Any] = aws.ec2.create_transit_gateway()["TransitGateway"]
    return made


def found(aws: Aws, table: str, **filters: str) -> dict[str, tuple[str, str]]:
    """Routes of a gateway's table: type and state, by destination."""
    asked = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
    routes = aws.ec2.search_transit_gateway_routes(
        TransitGatewayRouteTableId=table, Filters=asked or [{"Name": "state", "Values": ["active", "blackhole"]}]
    )["Routes"]
    return {each["DestinationCidrBlock"]: (each["Type"], each["State"]) for each in routes}


@pytest.mark.on_aws
def test_the_default_table_takes_in_each_attachment_and_its_ranges(aws: Aws, gateway: dict[str, Any]) -> None:
    table = gateway["Options"]["AssociationDefaultRouteTableId"]
    _vpc, attachment = attach(aws, gateway["TransitGatewayId"], "10.1.0.0/16")
    told = aws.ec2.describe_transit_gateway_attachments()["TransitGatewayAttachments"][0]
    assert told["Association"] == {"State": "associated", "TransitGatewayRouteTableId": table}
    assert found(aws, table) == {"10.1.0.0/16": ("propagated", "active")}
    assert found(aws, table, type="static") == {}
    aws.ec2.disable_transit_gateway_route_table_propagation(
        TransitGatewayRouteTableId=table, TransitGatewayAttachmentId=attachment
    )
    assert found(aws, table) == {}


@pytest.mark.on_aws
def test_both_defaults_can_be_switched_off(aws: Aws) -> None:
    options = {"DefaultRouteTableAssociation": "disable", "DefaultRouteTablePropagation": "disable"}
    gateway = aws.ec2.create_transit_gateway(Options=options)["TransitGateway"]
    attach(aws, gateway["TransitGatewayId"], "10.1.0.0/16")
    (told,) = aws.ec2.describe_transit_gateway_attachments()["TransitGatewayAttachments"]
    assert "Association" not in told


@pytest.mark.on_aws
def test_an_attachment_has_one_association(aws: Aws, gateway: dict[str, Any]) -> None:
    _vpc, attachment = attach(aws, gateway["TransitGatewayId"], "10.1.0.0/16")
    other = aws.ec2.create_transit_gateway_route_table(TransitGatewayId=gateway["TransitGatewayId"])
    table = other["TransitGatewayRouteTable"]["TransitGatewayRouteTableId"]
    names = {"TransitGatewayRouteTableId": table, "TransitGatewayAttachmentId": attachment}
    with aws.refuses("Resource.AlreadyAssociated"):
        aws.ec2.associate_transit_gateway_route_table(**names)
    default = gateway["Options"]["AssociationDefaultRouteTableId"]
    aws.ec2.disassociate_transit_gateway_route_table(**{**names, "TransitGatewayRouteTableId": default})
    aws.ec2.associate_transit_gateway_route_table(**names)
    told = aws.ec2.describe_transit_gateway_attachments()["TransitGatewayAttachments"][0]
    assert told["Association"]["TransitGatewayRouteTableId"] == table
    aws.ec2.enable_transit_gateway_route_table_propagation(**names)
    with aws.refuses("TransitGatewayRouteTablePropagation.Duplicate"):
        aws.ec2.enable_transit_gateway_route_table_propagation(**names)


@pytest.mark.on_aws
def test_equal_ranges_stay_with_the_vpc_that_came_first(aws: Aws, gateway: dict[str, Any]) -> None:
    first, _unused = attach(aws, gateway["TransitGatewayId"], "10.1.0.0/16")
    attach(aws, gateway["TransitGatewayId"], "10.1.0.0/16")
    table = gateway["Options"]["AssociationDefaultRouteTableId"]
    filters = [{"Name": "route-search.exact-match", "Values": ["10.1.0.0/16"]}]
    (route,) = aws.ec2.search_transit_gateway_routes(TransitGatewayRouteTableId=table, Filters=filters)["Routes"]
    assert [each["ResourceId"] for each in route["TransitGatewayAttachments"]] == [first]


@pytest.mark.on_aws
def test_static_routes_win_and_lead_nowhere_once_their_attachment_is_gone(aws: Aws, gateway: dict[str, Any]) -> None:
    _vpc, attachment = attach(aws, gateway["TransitGatewayId"], "10.1.0.0/16")
    table = gateway["Options"]["AssociationDefaultRouteTableId"]
    to = {"TransitGatewayRouteTableId": table, "TransitGatewayAttachmentId": attachment}
    aws.ec2.create_transit_gateway_route(**to, DestinationCidrBlock="10.1.0.0/16")
    aws.ec2.create_transit_gateway_route(
        TransitGatewayRouteTableId=table, DestinationCidrBlock="10.9.0.0/16", Blackhole=True
    )
    assert found(aws, table) == {"10.1.0.0/16": ("static", "active"), "10.9.0.0/16": ("static", "blackhole")}
    with aws.refuses("RouteAlreadyExists"):
        aws.ec2.create_transit_gateway_route(**to, DestinationCidrBlock="10.1.0.0/16")
    aws.ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=attachment)
    assert found(aws, table)["10.1.0.0/16"] == ("static", "blackhole")


@pytest.mark.on_aws
def test_a_route_leads_to_a_gateway_only_while_its_vpc_is_attached(aws: Aws, gateway: dict[str, Any]) -> None:
    vpc, attachment = attach(aws, gateway["TransitGatewayId"], "10.1.0.0/16")
    route = {"DestinationCidrBlock": "10.2.0.0/16", "TransitGatewayId": gateway["TransitGatewayId"]}
    with aws.refuses("InvalidTransitGatewayID.NotFound"):
        aws.ec2.create_route(RouteTableId=main_table(aws, aws.vpc()), **route)
    aws.ec2.create_route(RouteTableId=main_table(aws, vpc), **route)
    with aws.refuses("IncorrectState"):
        aws.ec2.delete_transit_gateway(TransitGatewayId=gateway["TransitGatewayId"])
    aws.ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=attachment)
    routes = aws.ec2.describe_route_tables(RouteTableIds=[main_table(aws, vpc)])["RouteTables"][0]["Routes"]
    assert {each.get("TransitGatewayId"): each["State"] for each in routes}[gateway["TransitGatewayId"]] == "blackhole"
    aws.ec2.delete_transit_gateway(TransitGatewayId=gateway["TransitGatewayId"])


def test_another_account_attaches_its_vpc(aws: Aws, gateway: dict[str, Any]) -> None:
    _vpc, attachment = attach(aws, gateway["TransitGatewayId"], "10.1.0.0/16", OTHERS)
    for account in (AGENTS, OTHERS):
        told = aws.client("ec2", account).describe_transit_gateway_attachments()["TransitGatewayAttachments"]
        assert [each["TransitGatewayAttachmentId"] for each in told] == [attachment]
    assert found(aws, gateway["Options"]["AssociationDefaultRouteTableId"]) == {"10.1.0.0/16": ("propagated", "active")}
    with aws.refuses("DuplicateSubnetsInSameZone"):
        twice = [aws.subnet(vpc := aws.vpc(), "10.10.1.0/24"), aws.subnet(vpc, "10.10.2.0/24")]
        aws.ec2.create_transit_gateway_vpc_attachment(
            TransitGatewayId=gateway["TransitGatewayId"], VpcId=vpc, SubnetIds=twice
        )
