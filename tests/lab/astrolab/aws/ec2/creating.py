# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a CreateVpcEndpoint or ModifyVpcEndpoint request is right, in AWS's words if it is not. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .. import arns, permissions
from ..errors import AwsError
from ..world import WORLD
from . import families, spanning, zones
from .choosing import pick, subnet_not_found, visible
from .endpoints import Endpoint, Wanted
from .services import Service

if TYPE_CHECKING:
    from .backend import Backend

IN_PROGRESS = ("OperationInProgress", "VpcEndpoint modify operation in progress")


def check_new(backend: Backend, wanted: Wanted) -> None:
    """All that AWS checks before it makes an endpoint."""
    check_kind(wanted)
    check_shared(backend, wanted.vpc_id)
    check_multi_region(backend, wanted.service)
    if wanted.kind == "Interface":
        check_address_type(wanted.service, wanted.ip_address_type)
        check_records(
            wanted.ip_address_type, (wanted.dns_options or {}).get("DnsRecordIpType") or wanted.ip_address_type
        )
        check_subnets(backend, wanted.vpc_id, wanted.service, wanted.subnet_ids, ())
        check_families(backend, wanted.subnet_ids, wanted.ip_address_type)
        check_groups(backend, wanted.vpc_id, wanted.security_group_ids)
        check_group_count(wanted.security_group_ids)
        if wanted.private_dns_enabled:
            check_private_dns(backend, wanted)
        check_quota(backend, wanted.vpc_id)
    for route_table_id in wanted.route_table_ids:
        backend.get_route_table(route_table_id)


def check_kind(wanted: Wanted) -> None:
    if wanted.kind != wanted.service.kind:
        raise AwsError(
            "InvalidParameter",
            f"Endpoint type ({wanted.kind}) does not match available service types ([{wanted.service.kind}]).",
        )
    if wanted.kind == "Gateway" and (wanted.subnet_ids or wanted.security_group_ids):
        raise AwsError("InvalidParameter", "Subnets and security groups are not supported for gateway endpoints.")


def check_shared(backend: Backend, vpc_id: str) -> None:
    if WORLD.settings.shared_vpcs.get(vpc_id, backend.account_id) != backend.account_id:
        raise AwsError("UnauthorizedOperation", "This operation does not support shared VPCs.")


def check_multi_region(backend: Backend, service: Service) -> None:
    action = "vpce:AllowMultiRegion"
    if service.region != backend.region_name and permissions.denies(backend.account_id, action):
        raise AwsError(
            "UnauthorizedOperation",
            "You are not authorized to perform this operation. "
            f"User: {arns.user(backend.account_id, backend.region_name)} is not authorized to perform: {action} "
            f"because no identity-based policy allows the {action} action",
        )


def check_subnets(backend: Backend, vpc_id: str, service: Service, new: Sequence[str], present: Iterable[str]) -> None:
    """Each new subnet exists, is of the VPC, in a zone the service offers, and alone in its zone."""
    taken = {backend.get_subnet(each).availability_zone for each in present}
    for subnet_id in new:
        subnet = pick(visible(backend.describe_subnets()), [subnet_id], subnet_not_found)[0]
        if subnet.vpc_id != vpc_id:
            raise AwsError("InvalidParameter", f"Subnet {subnet_id} and VPC {vpc_id} belong to different networks.")
        check_zone(backend.region_name, service, subnet_id, subnet.availability_zone_id)
        if subnet.availability_zone in taken:
            raise AwsError(
                "DuplicateSubnetsInSameZone",
                f"Found another VPC endpoint subnet in the availability zone of {subnet_id}. VPC endpoint subnets "
                "should be in different availability zones supported by the VPC endpoint service.",
            )
        taken.add(subnet.availability_zone)


def check_address_type(service: Service, wanted: str) -> None:
    offered = set(service.ip_address_types)
    if wanted not in families.FAMILIES or not set(families.FAMILIES[wanted]) <= offered:
        raise AwsError(
            "InvalidParameter",
            f"The VPC endpoint service {service.name} does not support the IP address type {wanted}.",
        )


def check_records(address_type: str, record_type: str) -> None:
    """AWS answers names for families that the endpoint has.

    https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_ec2.VpcEndpointDnsRecordIpType.html
    """
    if address_type not in {"dualstack", record_type}:
        raise AwsError(
            "InvalidParameter",
            f"The DNS record IP type {record_type} does not go with the IP address type {address_type}.",
        )


def check_families(backend: Backend, subnet_ids: Iterable[str], wanted: str) -> None:
    """Each subnet has the addresses that the endpoint is to have in it, and a free one of each."""
    for subnet_id in subnet_ids:
        subnet = backend.get_subnet(subnet_id)
        for family in families.FAMILIES[wanted]:
            if not families.has(subnet, family):
                name = {"ipv4": "IPv4", "ipv6": "IPv6"}[family]
                raise AwsError(
                    "InvalidParameter", f"The subnet {subnet_id} does not have an associated {name} CIDR block."
                )
            backend.free_address(subnet, family)


def check_zone(region: str, service: Service, subnet_id: str, zone_id: str) -> None:
    if service.region != region:
        refused = WORLD.settings.remote_zones_refused
        if zone_id in refused or zone_id not in zones.ids_of(region):
            good = ", ".join(each for each in zones.ids_of(region) if each not in refused)
            raise AwsError(
                "InvalidParameter", f"Only the following availability zones are supported for remote access: {good}"
            )
    elif zone_id not in service.zone_ids:
        raise AwsError(
            "InvalidParameter",
            f"The VPC endpoint service {service.name} does not support the availability zone of the subnet: {subnet_id}.",
        )


def check_groups(backend: Backend, vpc_id: str, group_ids: Iterable[str]) -> None:
    for group_id in group_ids:
        group = backend.known_group(group_id)
        if group is None:
            raise AwsError("InvalidSecurityGroupId.NotFound", f"The security group '{group_id}' does not exist")
        if vpc_id not in spanning.vpcs_of(backend, group):
            raise AwsError(
                "InvalidParameter", f"Security group {group_id} and VPC {vpc_id} belong to different networks."
            )


def check_group_count(group_ids: Sequence[str]) -> None:
    if len(group_ids) > WORLD.settings.groups_per_interface:
        raise AwsError(
            "SecurityGroupsPerInterfaceLimitExceeded",
            "The maximum number of security groups per interface has been reached.",
        )


def check_private_dns(backend: Backend, wanted: Wanted) -> None:
    name = wanted.service.private_dns_name
    if name is None:
        raise AwsError(
            "InvalidParameter",
            f"Private DNS can't be enabled because the service {wanted.service.name} "
            "does not provide a private DNS name.",
        )
    vpc = backend.get_vpc(wanted.vpc_id)
    if not (vpc.enable_dns_support and vpc.enable_dns_hostnames):
        raise AwsError(
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes "
            f"set to true for {vpc.id}",
        )
    others = (each for each in backend.living_endpoints() if each.vpc_id == vpc.id and each.private_dns_enabled)
    if any(each.service.private_dns_name == name for each in others):
        raise AwsError(
            "InvalidParameter",
            f"private-dns-enabled cannot be set because there is already a conflicting DNS domain for {name} "
            f"in the VPC {vpc.id}",
        )


def check_quota(backend: Backend, vpc_id: str) -> None:
    present = [each for each in backend.living_endpoints() if each.vpc_id == vpc_id]
    if sum(each.vpc_endpoint_type == "Interface" for each in present) >= WORLD.settings.endpoints_per_vpc:
        raise AwsError("VpcEndpointLimitExceeded", "The maximum number of VPC endpoints has been reached.")


def check_change(
    backend: Backend, endpoint: Endpoint, add_subnets: Sequence[str], add_groups: Sequence[str], groups: Sequence[str]
) -> None:
    """A change is checked against what is there before its own removals, so swapping within a zone takes two calls."""
    check_shared(backend, endpoint.vpc_id)
    if endpoint.busy:
        raise AwsError(*IN_PROGRESS)
    if endpoint.life.deleted_at is not None:
        raise AwsError("IncorrectState", f"The VPC endpoint {endpoint.id} is in state {endpoint.state}.")
    new = [each for each in add_subnets if each not in endpoint.subnet_ids]
    check_subnets(backend, endpoint.vpc_id, endpoint.service, new, endpoint.subnet_ids)
    check_families(backend, new, endpoint.ip_address_type)
    check_groups(backend, endpoint.vpc_id, add_groups)
    check_group_count(groups)
    if endpoint.vpc_endpoint_type == "Interface" and not groups:
        raise AwsError("InvalidParameter", f"The VPC endpoint {endpoint.id} must have at least one security group.")
