# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cuts a Describe answer into pages. A token says how far the last page went and for which action."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from ..errors import AwsError

PAGED = {
    "DescribeVpcs": "Vpcs",
    "DescribeSubnets": "Subnets",
    "DescribeSecurityGroups": "SecurityGroups",
    "DescribeSecurityGroupRules": "SecurityGroupRules",
    "DescribeSecurityGroupVpcAssociations": "SecurityGroupVpcAssociations",
    "DescribeNetworkInterfaces": "NetworkInterfaces",
    "DescribeInstances": "Reservations",
    "DescribeVpcEndpoints": "VpcEndpoints",
    "DescribeVpcEndpointServices": "ServiceDetails",
    "DescribeVpcEndpointConnections": "VpcEndpointConnections",
    "DescribeVpcEndpointServiceConfigurations": "ServiceConfigurations",
    "DescribeRouteTables": "RouteTables",
    "DescribeNetworkAcls": "NetworkAcls",
    "DescribeDhcpOptions": "DhcpOptions",
    "DescribeVpcPeeringConnections": "VpcPeeringConnections",
    "DescribeManagedPrefixLists": "PrefixLists",
    "DescribeAvailabilityZones": "AvailabilityZones",
    "DescribeTags": "Tags",
    "DescribeTransitGateways": "TransitGateways",
    "DescribeTransitGatewayAttachments": "TransitGatewayAttachments",
    "DescribeTransitGatewayVpcAttachments": "TransitGatewayVpcAttachments",
    "DescribeTransitGatewayRouteTables": "TransitGatewayRouteTables",
}
LARGEST = 1000


def page(action: str, found: list[Any], max_results: int | None, token: str | None) -> tuple[list[Any], str | None]:
    """One page and the token of the next."""
    start = _start(action, token) if token else 0
    size = min(max_results or LARGEST, LARGEST)
    end = start + size
    return found[start:end], _token(action, end) if end < len(found) else None


def check_size(action: str, max_results: int | None, by_id: bool) -> None:
    if max_results is None or action not in PAGED:
        return
    if by_id:
        raise AwsError(
            "InvalidParameterCombination", "The parameter MaxResults cannot be used with a list of ids in one request."
        )
    if not 5 <= max_results <= LARGEST:
        raise AwsError(
            "InvalidParameterValue",
            f"Value ( {max_results} ) for parameter maxResults is invalid. Expecting a value between 5 and {LARGEST}.",
        )


def _token(action: str, start: int) -> str:
    return base64.urlsafe_b64encode(f"{action}/{start}".encode()).decode()


def _start(action: str, token: str) -> int:
    try:
        name, _unused, start = base64.urlsafe_b64decode(token.encode()).decode().partition("/")
        if name == action:
            return int(start)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        pass
    raise AwsError("InvalidNextToken", f"The token '{token}' is invalid")
