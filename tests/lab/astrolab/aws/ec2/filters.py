# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which filters each Describe action knows, as the EC2 API reference lists them."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import AwsError

FILTERS: dict[str, frozenset[str]] = {
    action: frozenset(names.split())
    for action, names in {
        "DescribeVpcs": "cidr cidr-block-association.cidr-block cidr-block-association.association-id "
        "cidr-block-association.state dhcp-options-id ipv6-cidr-block-association.ipv6-cidr-block "
        "ipv6-cidr-block-association.association-id ipv6-cidr-block-association.state is-default owner-id state "
        "vpc-id",
        "DescribeSubnets": "availability-zone availabilityZone availability-zone-id availabilityZoneId "
        "available-ip-address-count cidr-block cidr cidrBlock default-for-az defaultForAz ipv6-native "
        "map-public-ip-on-launch owner-id state subnet-arn subnet-id vpc-id",
        "DescribeSecurityGroups": "description egress.ip-permission.cidr egress.ip-permission.from-port "
        "egress.ip-permission.group-id egress.ip-permission.group-name "
        "egress.ip-permission.ipv6-cidr egress.ip-permission.prefix-list-id "
        "ip-permission.ipv6-cidr ip-permission.prefix-list-id "
        " egress.ip-permission.protocol egress.ip-permission.to-port "
        "egress.ip-permission.user-id group-id group-name ip-permission.cidr ip-permission.from-port "
        "ip-permission.group-id ip-permission.group-name  "
        "ip-permission.protocol ip-permission.to-port ip-permission.user-id owner-id vpc-id",
        "DescribeSecurityGroupRules": "group-id security-group-rule-id",
        "DescribeSecurityGroupVpcAssociations": "group-id group-owner-id state vpc-id vpc-owner-id",
        "DescribeNetworkInterfaces": "addresses.primary addresses.private-ip-address attachment.attachment-id "
        "attachment.instance-id attachment.instance-owner-id attachment.status availability-zone description "
        "group-id interface-type mac-address network-interface-id owner-id private-dns-name private-ip-address "
        "requester-id requester-managed source-dest-check status subnet-id vpc-id",
        "DescribeInstances": "architecture availability-zone dns-name group-id image-id instance-id instance-state-code "
        "instance-state-name instance-type instance.group-id instance.group-name ip-address key-name "
        "network-interface.private-dns-name owner-id private-dns-name private-ip-address product-code "
        "source-dest-check state-reason-code subnet-id vpc-id",
        "DescribeVpcEndpoints": "ip-address-type service-name service-region vpc-endpoint-id vpc-endpoint-state "
        "vpc-endpoint-type vpc-id",
        "DescribeVpcEndpointServices": "owner service-name service-region service-type supported-ip-address-types",
        "DescribeVpcEndpointConnections": "ip-address-type service-id vpc-endpoint-id vpc-endpoint-owner "
        "vpc-endpoint-region vpc-endpoint-state",
        "DescribeVpcEndpointServiceConfigurations": "service-id service-name service-state",
        "DescribeRouteTables": "association.gateway-id association.main association.route-table-association-id "
        "association.route-table-id association.subnet-id owner-id route-table-id route.destination-cidr-block "
        "route.destination-ipv6-cidr-block route.destination-prefix-list-id route.gateway-id route.instance-id "
        "route.nat-gateway-id route.origin route.state route.transit-gateway-id route.vpc-peering-connection-id "
        "vpc-id",
        "DescribeNetworkAcls": "association.association-id association.network-acl-id association.subnet-id default "
        "entry.cidr entry.egress entry.ipv6-cidr entry.port-range.from entry.port-range.to entry.protocol "
        "entry.rule-action entry.rule-number network-acl-id owner-id vpc-id",
        "DescribeDhcpOptions": "dhcp-options-id key owner-id value",
        "DescribeAvailabilityZones": "group-name message opt-in-status parent-zone-id parent-zone-name region-name "
        "state zone-id zone-name zone-type",
        "DescribeVpcPeeringConnections": "accepter-vpc-info.cidr-block accepter-vpc-info.owner-id "
        "accepter-vpc-info.vpc-id requester-vpc-info.cidr-block requester-vpc-info.owner-id "
        "requester-vpc-info.vpc-id status-code status-message vpc-peering-connection-id",
        "DescribeManagedPrefixLists": "owner-id prefix-list-id prefix-list-name",
        "DescribeTags": "key resource-id resource-type value",
        "DescribeTransitGateways": "options.association-default-route-table-id options.auto-accept-shared-attachments "
        "options.amazon-side-asn options.dns-support options.vpn-ecmp-support owner-id state transit-gateway-id",
        "DescribeTransitGatewayAttachments": "resource-id resource-owner-id resource-type state "
        "transit-gateway-attachment-id transit-gateway-id transit-gateway-owner-id",
        "DescribeTransitGatewayVpcAttachments": "state transit-gateway-attachment-id transit-gateway-id vpc-id",
        "DescribeTransitGatewayRouteTables": "default-association-route-table default-propagation-route-table state "
        "transit-gateway-id transit-gateway-route-table-id",
    }.items()
}

IGNORED_BY_MOTO = {
    "DescribeAvailabilityZones",
    "DescribeManagedPrefixLists",
    "DescribeTransitGateways",
    "DescribeTransitGatewayAttachments",
    "DescribeTransitGatewayVpcAttachments",
    "DescribeTransitGatewayRouteTables",
}


def check(action: str, names: Iterable[str]) -> None:
    known = FILTERS.get(action)
    for name in names:
        tag = name.startswith("tag:") or name == "tag-key" or (name == "tag" and action == "DescribeTags")
        if known is not None and name not in known and not tag:
            raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")
