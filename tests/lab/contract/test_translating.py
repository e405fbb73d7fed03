# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DNS64 and NAT gateways, which moto does not know or gets wrong."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from .conftest import Aws


@pytest.mark.on_aws
def test_dns64_is_an_attribute_of_a_subnet(aws: Aws) -> None:
    subnet = aws.subnet(aws.vpc())
    for wanted in (False, True, False):
        aws.ec2.modify_subnet_attribute(SubnetId=subnet, EnableDns64={"Value": wanted})
        (told,) = aws.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
        assert told["EnableDns64"] is wanted
    aws.ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    assert aws.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["MapPublicIpOnLaunch"] is True


def test_a_nat_gateway_has_an_address_of_its_subnet(aws: Aws) -> None:
    vpc = aws.vpc()
    subnet = aws.subnet(vpc)
    made = aws.ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")["NatGateway"]
    address = made["NatGatewayAddresses"][0]["PrivateIp"]
    assert ip_address(address) in ip_network("10.10.1.0/24")
    (table,) = aws.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    aws.ec2.create_route(
        RouteTableId=table["RouteTableId"], DestinationIpv6CidrBlock="64:ff9b::/96", NatGatewayId=made["NatGatewayId"]
    )
    aws.ec2.delete_nat_gateway(NatGatewayId=made["NatGatewayId"])
    aws.ec2.delete_subnet(SubnetId=subnet)
