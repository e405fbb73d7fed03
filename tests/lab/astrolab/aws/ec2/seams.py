# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts our EC2 in place of moto's and moto's few wrong helpers right, once, when it is imported."""

from __future__ import annotations

from typing import Any

import moto.ec2.utils
from moto.ec2.models import ec2_backends
from moto.ec2.models.availability_zones_and_regions import Zone
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.models.route_tables import Route
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.transit_gateway_attachments import TransitGatewayAttachment
from moto.ec2.models.vpcs import VPC

from .. import arns
from ..world import WORLD
from .backend import Backend
from .choosing import matches
from .rules import same
from .transit import association, attached


def _tags(thing: Any) -> list[dict[str, str]]:
    """moto looks through the tags of everything for each thing."""
    return [{"key": key, "value": value} for key, value in thing.ec2_backend.tags.get(thing.id, {}).items()]


def _owner(thing: Any) -> str:
    """A participant of a shared VPC sees the owner's account on the VPC and its subnets."""
    vpc_id = thing.id if isinstance(thing, VPC) else thing.vpc_id
    return str(WORLD.settings.shared_vpcs.get(vpc_id, thing.ec2_backend.account_id))


def _arn(kind: str) -> property:
    return property(lambda thing: arns.ec2(kind, thing.id, thing.ec2_backend.account_id, thing.ec2_backend.region_name))


def _free(subnet: Any) -> int:
    """Only IPv4 addresses count: a subnet without them has none that are free."""
    if not subnet.cidr_block:
        return 0
    old = [each for each in subnet.ec2_backend.taken_addresses(subnet) if ":" not in each]
    return int(subnet._available_ip_addresses) - len(old)


def _next_address(subnet: Any, instance: Any) -> str:
    """moto gives an instance one that an interface may have."""
    if not subnet.cidr_block:
        return str(_moto_next_address(subnet, instance))
    address = str(subnet.ec2_backend.free_address(subnet))
    subnet._subnet_ips[address] = instance
    return address


def _ipv6_ranges(subnet: Any) -> list[dict[str, Any]]:
    """moto puts the state of a range into a state."""
    return [
        {**each, "ipv6CidrBlockState": {"state": each["ipv6CidrBlockState"]["state"]["State"]}}
        for each in _moto_ipv6_ranges(subnet)
    ]


def _zone_group(zone: Any) -> str:
    return f"{zone.region_name}-zg-1"


def _route_state(route: Any) -> str:
    if route.vpc_pcx is not None:
        return "active" if route.vpc_pcx.status["Code"] == "active" else "blackhole"
    if route.transit_gateway is not None:
        return "active" if attached(route.transit_gateway, route.route_table.vpc_id) else "blackhole"
    return "active"


_moto_next_address = Subnet.get_available_subnet_ip
_moto_ipv6_ranges = Subnet.ipv6_cidr_block_association_set.fget
ec2_backends.backend = Backend
moto.ec2.utils.is_filter_matching = matches
TaggedEC2Resource.get_tags = _tags
SecurityGroupRule.__eq__ = same
Subnet.owner_id = VPC.owner_id = property(_owner)
Subnet.available_ip_address_count = property(_free)
Subnet.get_available_subnet_ip = _next_address
Subnet.ipv6_cidr_block_association_set = property(_ipv6_ranges)
Subnet.arn = _arn("subnet")
Route.state = property(_route_state)
TransitGatewayAttachment.association = property(association)
Zone.opt_in_status = "opt-in-not-required"
Zone.group_name = property(_zone_group)
Zone.network_border_group = property(lambda zone: zone.region_name)
