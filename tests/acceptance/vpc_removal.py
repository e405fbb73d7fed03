# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes a VPC away with all that is in it: interfaces that are free, groups that refer to each other, subnets, routes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from .cloud import Cloud


def door(cloud: Cloud, gateway: str) -> None:
    """An internet gateway, which has to be let go of first."""
    ec2 = cloud.ec2
    wanted = [{"Name": "internet-gateway-id", "Values": [gateway]}]
    for each in ec2.describe_internet_gateways(Filters=wanted)["InternetGateways"]:
        for held in each["Attachments"]:
            detach = partial(ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=held["VpcId"])
            cloud.pace.insist(f"{gateway} off {held['VpcId']}", detach)
    cloud.pace.insist(f"{gateway} gone", lambda: ec2.delete_internet_gateway(InternetGatewayId=gateway))


def vpc(cloud: Cloud, name: str) -> None:
    ec2 = cloud.ec2
    interfaces = _inside(cloud, name, "describe_network_interfaces", "NetworkInterfaces")
    free = [each for each in interfaces if each["Status"] == "available"]
    groups = _inside(cloud, name, "describe_security_groups", "SecurityGroups")
    own = [each for each in groups if each["GroupName"] != "default"]
    tables = _inside(cloud, name, "describe_route_tables", "RouteTables")
    further = [each for each in tables if not any(held.get("Main") for held in each["Associations"])]
    _remove(cloud, free, "NetworkInterfaceId", ec2.delete_network_interface)
    for each in own:
        _forget_rules(cloud, each)
    _remove(cloud, own, "GroupId", ec2.delete_security_group)
    _remove(cloud, _inside(cloud, name, "describe_subnets", "Subnets"), "SubnetId", ec2.delete_subnet)
    _remove(cloud, further, "RouteTableId", ec2.delete_route_table)
    _remove(cloud, [{"VpcId": name}], "VpcId", ec2.delete_vpc)


def _inside(cloud: Cloud, vpc: str, operation: str, key: str) -> list[Any]:
    return list(cloud.pages("ec2", operation, key, Filters=[{"Name": "vpc-id", "Values": [vpc]}]))


def _remove(cloud: Cloud, things: Iterable[Any], key: str, delete: Callable[..., Any]) -> None:
    for each in things:
        cloud.pace.insist(f"{each[key]} gone", partial(delete, **{key: each[key]}))


def _forget_rules(cloud: Cloud, group: Any) -> None:
    """Groups that refer to each other keep each other."""
    if rules := group["IpPermissions"]:
        revoke = partial(cloud.ec2.revoke_security_group_ingress, GroupId=group["GroupId"], IpPermissions=rules)
        cloud.pace.insist(f"the rules of {group['GroupId']} gone", revoke)
