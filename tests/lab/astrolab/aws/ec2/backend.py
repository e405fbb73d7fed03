# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""moto's EC2 of one account and region, with the rules that AWS keeps and moto does not. `seams` makes moto use it."""

from __future__ import annotations

import copy
import ipaddress
import itertools
from typing import Any

from moto.core.base_backend import BackendDict
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.availability_zones_and_regions import Zone
from moto.ec2.models.dhcp_options import DHCPOptionsSet
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupRule
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpc_peering_connections import VPCPeeringConnection
from moto.ec2.models.vpcs import VPC
from moto.ec2.utils import random_vpc_peering_connection_id

from .. import arns
from ..errors import AwsError
from ..world import WORLD
from . import families, ranges, rules, spanning, zones
from .choosing import (
    MISSING,
    dhcp_options_not_found,
    endpoint_not_found,
    filtered,
    group_not_found,
    known,
    peering_not_found,
    pick,
    subnet_not_found,
    visible,
    vpc_not_found,
)
from .endpoints import Endpoint, EndpointInterface, Wanted
from .services import Configuration
from .transit import TransitBackend
from .translating import TranslatingBackend


class Backend(TransitBackend, TranslatingBackend):
    __module__ = EC2Backend.__module__  # moto derives names from it

    def __init__(self, region_name: str, account_id: str) -> None:
        self.tokens: dict[str, tuple[Any, str]] = {}  # ClientToken -> (parameters, endpoint id)
        self.default_dhcp_options: DHCPOptionsSet | None = None
        self.released: dict[str, float] = {}  # removed interfaces, and when their addresses are free
        self.trial = False  # whether this is only a copy to try a change on
        self.group_vpcs: dict[str, list[str]] = {}  # groups, and the further VPCs that they are associated with
        self.begun = False
        super().__init__(region_name, account_id)
        self.begun = True

    def known_from(self, kind: str) -> float:
        """From when on something new is found; what an account has from the beginning always is."""
        return WORLD.stale(kind, self.account_id) if self.begun else 0.0

    # --- endpoints ---

    def living_endpoints(self) -> list[Endpoint]:
        """Endpoints that exist, after those whose deletion is over have left with their interfaces."""
        for endpoint in list(self.vpc_end_points.values()):
            if endpoint.state == "deleted":
                for interface_id in endpoint.network_interface_ids:
                    self.enis.pop(interface_id, None)
                del self.vpc_end_points[endpoint.id]
        for interface_id, free_at in list(self.released.items()):
            if WORLD.now() >= free_at:
                self.enis.pop(interface_id, None)
                del self.released[interface_id]
        living: list[Endpoint] = list(self.vpc_end_points.values())
        return living

    def release(self, interface: NetworkInterface) -> None:
        """An interface that no endpoint needs any more goes, and a moment later its address is free."""
        self.released[interface.id] = WORLD.now() + WORLD.settings.release_seconds
        self.living_endpoints()

    def endpoint(self, endpoint_id: str) -> Endpoint:
        endpoint: Endpoint
        for endpoint in known(self.living_endpoints()):
            if endpoint.id == endpoint_id:
                return endpoint
        raise endpoint_not_found(endpoint_id)

    def add_endpoint(self, wanted: Wanted) -> Endpoint:
        endpoint = Endpoint(self, wanted)
        self.vpc_end_points[endpoint.id] = endpoint
        for subnet_id in wanted.subnet_ids:
            endpoint.add_subnet(subnet_id)
        if wanted.kind == "Gateway":
            self._route_to_gateway(endpoint)
        return endpoint

    def _route_to_gateway(self, endpoint: Endpoint) -> None:
        for prefix_list in self.managed_prefix_lists.values():
            if prefix_list.prefix_list_name == endpoint.service_name:
                endpoint.destination_prefix_list_id = prefix_list.id
                for route_table_id in endpoint.route_table_ids:
                    self.create_route(
                        route_table_id, None, gateway_id=endpoint.id, destination_prefix_list_id=prefix_list.id
                    )

    def describe_vpc_endpoints(self, vpc_end_point_ids: list[str] | None, filters: Any = None) -> list[Any]:
        found = visible(self.living_endpoints())
        chosen = pick(found, vpc_end_point_ids, endpoint_not_found)
        return filtered([each.seen for each in chosen], filters)

    def delete_vpc_endpoints(self, vpce_ids: list[str] | None = None) -> None:
        for endpoint_id in vpce_ids or []:
            endpoint = self.endpoint(endpoint_id)
            if endpoint.life.deleted_at is None:
                endpoint.changing()
                endpoint.life.deleted_at = WORLD.now() + WORLD.settings.deleting_seconds
                for route_table_id in endpoint.route_table_ids if endpoint.destination_prefix_list_id else ():
                    self.delete_route(route_table_id, None, None, endpoint.destination_prefix_list_id)

    # --- interfaces ---

    def free_address(self, subnet: Subnet, family: str = "ipv4") -> str:
        return families.lowest(subnet, family, self.taken_addresses(subnet))

    def taken_addresses(self, subnet: Subnet) -> set[str]:
        self.living_endpoints()
        interfaces = [each for each in self.enis.values() if each.subnet.id == subnet.id]
        old = {str(each["PrivateIpAddress"]) for eni in interfaces for each in eni.private_ip_addresses}
        return old | {str(each) for eni in interfaces for each in eni.ipv6_addresses}

    def create_network_interface(
        self, subnet: Any, private_ip_address: Any, *args: Any, **kwargs: Any
    ) -> NetworkInterface:
        subnet = self.get_subnet(subnet) if isinstance(subnet, str) else subnet
        self._check_groups(subnet, args[1] if len(args) > 1 else kwargs.get("group_ids"))
        if not subnet.cidr_block:
            return self._ipv6_interface(subnet, *args, **kwargs)
        wanted = private_ip_address or self.free_address(subnet)
        if wanted in self.taken_addresses(subnet):
            raise AwsError("InvalidIPAddress.InUse", f"Address {wanted} is in use.")
        if ipaddress.ip_address(wanted) not in subnet.cidr:
            raise AwsError("InvalidParameterValue", "Address does not fall within the subnet's address range")
        return super().create_network_interface(subnet, wanted, *args, **kwargs)

    def _check_groups(self, subnet: Subnet, group_ids: list[str] | None) -> None:
        for each in group_ids or ():
            group = self.known_group(each)
            if group is None:
                raise group_not_found(each)
            if subnet.vpc_id not in spanning.vpcs_of(self, group):
                raise AwsError(
                    "InvalidGroup.NotFound", "You have specified two resources that belong to different networks."
                )

    def _ipv6_interface(self, subnet: Subnet, *args: Any, **kwargs: Any) -> NetworkInterface:
        given = kwargs.get("ipv6_addresses") or [self.free_address(subnet, "ipv6")]
        more = {**kwargs, "ipv6_addresses": given, "ipv6_address_count": 0}
        interface = super().create_network_interface(subnet, "0.0.0.0", *args, **more)
        families.without_ipv4(interface)
        return interface

    def delete_network_interface(self, eni_id: str) -> None:
        if self.get_network_interface(eni_id).status == "in-use":
            raise AwsError("InvalidParameterValue", f"Network interface '{eni_id}' is currently in use.")
        super().delete_network_interface(eni_id)

    def detach_network_interface(self, attachment_id: str) -> None:
        for interface in self.enis.values():
            if interface.attachment_id == attachment_id and isinstance(interface, EndpointInterface):
                raise AwsError("OperationNotPermitted", "You are not allowed to manage 'ela-attach' attachments.")
        super().detach_network_interface(attachment_id)

    def get_all_network_interfaces(self, eni_ids: list[str] | None = None, filters: Any = None) -> list[Any]:
        self.living_endpoints()
        found: list[Any] = super().get_all_network_interfaces(eni_ids, filters)
        return found

    def terminate_instances(self, instance_ids: list[str]) -> Any:
        """The interfaces that were made with an instance go with it."""
        ended = super().terminate_instances(instance_ids)
        for instance, _unused in ended:
            for interface in instance.network_interfaces:
                self.enis.pop(interface.id, None)
        return ended

    # --- security groups ---

    def create_security_group(self, *args: Any, **kwargs: Any) -> SecurityGroup:
        group = super().create_security_group(*args, **kwargs)
        group.arn = arns.ec2("security-group", group.id, self.account_id, self.region_name)
        if not group.is_default:
            group.known_at = self.known_from("group")
            group.visible_at = group.known_at + WORLD.settings.hidden_seconds
        return group

    def describe_security_groups(
        self, group_ids: list[str] | None = None, groupnames: list[str] | None = None, filters: Any = None
    ) -> list[SecurityGroup]:
        mine = {name: values for name, values in (filters or {}).items() if name in MISSING}
        motos = {name: values for name, values in (filters or {}).items() if name not in MISSING}
        groups = filtered(visible(super().describe_security_groups(None, groupnames, motos)), mine)
        present = groups if not filters else visible(super().describe_security_groups())
        pick(present, group_ids, group_not_found)
        return [rules.seen(self, group) for group in groups if not group_ids or group.id in group_ids]

    def describe_security_group_rules(
        self, sg_rule_ids: list[str], filters: dict[str, list[str]]
    ) -> list[SecurityGroupRule]:
        """moto's answer over the groups as reads show them."""
        shown = copy.copy(self)
        shown.groups = {
            vpc: {key: rules.seen(self, each) for key, each in own.items()} for vpc, own in self.groups.items()
        }
        found: list[SecurityGroupRule] = EC2Backend.describe_security_group_rules(shown, sg_rule_ids, filters)
        return found

    def known_group(self, group_id: str | None) -> SecurityGroup | None:
        """The group, if changes that name it know it already."""
        return next(iter(known(filter(None, [self.get_security_group_from_id(group_id)]))), None)

    def delete_security_group(self, name: str | None = None, group_id: str | None = None) -> None:
        self.living_endpoints()
        group = self.get_security_group_by_name_or_id(group_id or name or "")
        if group is not None:
            self._guard_group(group)
        super().delete_security_group(name, group_id)

    def _guard_group(self, group: SecurityGroup) -> None:
        if group.is_default and group.vpc_id in self.vpcs:
            raise AwsError(
                "CannotDelete", f'the specified group: "{group.id}" name: "default" cannot be deleted by a user'
            )
        carried = any(group in interface.group_set for interface in self.enis.values())
        others = [each for groups in self.groups.values() for each in groups.values() if each.id != group.id]
        referred = any(
            rule.source_group.get("GroupId") == group.id
            for each in others
            for rule in (*each.ingress_rules, *each.egress_rules)
        )
        if carried or referred or any(group.id in each.security_group_ids for each in self.living_endpoints()):
            raise AwsError("DependencyViolation", f"resource {group.id} has a dependent object")

    def _add_source_group(
        self, source_groups: list[dict[str, Any]] | None, _vpc_id: str | None
    ) -> list[dict[str, Any]]:
        """Whether they are in reach was checked before; moto looks into this account only."""
        return [{"UserId": self.account_id, **pair} for pair in source_groups or ()]

    def _verify_group_will_respect_rule_count_limit(self, *_unused: Any, **_more: Any) -> None:
        """moto's has a fixed number and counts all together; the whole request is judged by rules.check_quota."""

    # --- tags ---

    def do_resources_exist(self, resource_ids: list[str]) -> bool:
        endpoints = [each for each in resource_ids if each.startswith("vpce-") and not each.startswith("vpce-svc-")]
        pick(self.living_endpoints(), endpoints, endpoint_not_found)
        return bool(super().do_resources_exist([each for each in resource_ids if each not in endpoints]))

    # --- subnets, VPCs, DHCP options ---

    def describe_subnets(self, subnet_ids: list[str] | None = None, filters: Any | None = None) -> list[Subnet]:
        found = super().describe_subnets(None, None)
        return filtered(pick(found, subnet_ids, subnet_not_found), filters)

    def describe_availability_zones(
        self,
        _filters: Any = None,
        zone_names: list[str] | None = None,
        zone_ids: list[str] | None = None,
        everywhere: bool | None = None,
    ) -> list[Zone]:
        """Filters are applied to every answer of this kind afterwards; `everywhere` shows what is not opted in to."""
        own = zones.of(self.account_id, self.region_name)
        if everywhere is not None:
            edges = zones.edges(self.account_id, self.region_name)
            own = (*own, *(each for each in edges if everywhere or each.opted_in))
        for wanted, present, what in (
            (zone_names, {zone.name for zone in own}, "availability zone"),
            (zone_ids, {zone.zone_id for zone in own}, "availability zone-id"),
        ):
            unknown = sorted(set(wanted or ()) - present)
            if unknown:
                raise AwsError("InvalidParameterValue", f"Invalid {what}: [{', '.join(unknown)}]")
        return [
            zone
            for zone in own
            if (not zone_names or zone.name in zone_names) and (not zone_ids or zone.zone_id in zone_ids)
        ]

    def create_subnet(
        self,
        vpc_id: str,
        cidr_block: str | None,
        ipv6_cidr_block: str | None = None,
        availability_zone: str | None = None,
        availability_zone_id: str | None = None,
        **more: Any,
    ) -> Subnet:
        wanted = availability_zone or availability_zone_id
        own = zones.usable(self.account_id, self.region_name)
        zone = next((each for each in own if wanted in {each.name, each.zone_id}), None)
        if zone is None:
            names = ", ".join(each.name for each in own)
            raise AwsError(
                "InvalidParameterValue",
                f"Value ({wanted}) for parameter availabilityZone is invalid. "
                f"Subnets can currently only be created in the following availability zones: {names}.",
            )
        if not cidr_block and not more.get("ipv6_native"):
            raise AwsError("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
        cidr_block, ipv6_cidr_block = ranges.canonical(cidr_block), ranges.canonical(ipv6_cidr_block)
        families.check_range(self.get_vpc(vpc_id), self.describe_subnets(), ipv6_cidr_block)
        place = zone.parent_zone_name if isinstance(zone, zones.Edge) else zone.name  # moto knows no others
        subnet = super().create_subnet(vpc_id, cidr_block, ipv6_cidr_block, place, **more)
        subnet._availability_zone = zone
        subnet.visible_at = self.known_from("subnet")
        return subnet

    def delete_subnet(self, subnet_id: str) -> Subnet:
        self.living_endpoints()
        if any(interface.subnet.id == subnet_id for interface in self.enis.values()):
            raise AwsError("DependencyViolation", f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
        return super().delete_subnet(subnet_id)

    def create_vpc(self, cidr_block: str, *args: Any, **kwargs: Any) -> VPC:
        if len(self.vpcs) >= WORLD.settings.vpcs_per_region:
            raise AwsError("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
        vpc = super().create_vpc(ranges.canonical(cidr_block) or "", *args, **kwargs)
        group = self.get_default_security_group(vpc.id)
        self.authorize_security_group_ingress(group.id, "-1", None, None, [], source_groups=[{"GroupId": group.id}])
        if self.default_dhcp_options is None:
            domain = "ec2.internal" if self.region_name == "us-east-1" else f"{self.region_name}.compute.internal"
            self.default_dhcp_options = self.create_dhcp_options(["AmazonProvidedDNS"], [domain])
        vpc.dhcp_options = self.default_dhcp_options
        vpc.visible_at = self.known_from("vpc")
        return vpc

    def describe_vpcs(self, vpc_ids: list[str] | None = None, filters: Any = None) -> list[VPC]:
        return filtered(pick(visible(self.vpcs.values()), vpc_ids, vpc_not_found), filters)

    def get_vpc(self, vpc_id: str) -> VPC:
        if vpc_id not in self.vpcs or not visible([self.vpcs[vpc_id]]):
            raise vpc_not_found(vpc_id)
        return self.vpcs[vpc_id]

    def delete_vpc(self, vpc_id: str) -> VPC:
        vpc = self.get_vpc(vpc_id)
        peered = any(
            vpc in (each.vpc, each.peer_vpc) and each.status["Code"] == "active" for each in self.vpc_pcxs.values()
        )
        groups = [group for group in self.groups[vpc_id].values() if not group.is_default]
        acls = [acl for acl in self.network_acls.values() if acl.vpc_id == vpc_id]
        own = peered or groups or any(not acl.default for acl in acls)
        if own or any(each.vpc_id == vpc_id for each in self.living_endpoints()):
            raise AwsError("DependencyViolation", f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
        options, vpc.dhcp_options = vpc.dhcp_options, None  # moto would delete the options with the VPC
        group = self.get_default_security_group(vpc_id)
        try:
            if group is not None:
                group.is_default = False
            super().delete_vpc(vpc_id)
            for acl in acls:  # moto would leave the default one
                del self.network_acls[acl.id]
            return vpc
        except Exception:
            vpc.dhcp_options = options
            if group is not None:
                group.is_default = True
            raise

    def delete_dhcp_options_set(self, options_id: str | None) -> None:
        if any(vpc.dhcp_options_id == options_id for vpc in self.vpcs.values()):
            raise AwsError(
                "DependencyViolation", f"The dhcpOptions '{options_id}' has dependencies and cannot be deleted."
            )
        pick(self.dhcp_options_sets.values(), [options_id or ""], dhcp_options_not_found)
        del self.dhcp_options_sets[options_id]

    # --- peering ---

    def create_vpc_peering_connection(
        self, vpc: VPC, peer_vpc: VPC, tags: dict[str, str] | None = None
    ) -> VPCPeeringConnection:
        peering = VPCPeeringConnection(self, random_vpc_peering_connection_id(), vpc, peer_vpc, tags)
        peering._status.pending()
        if overlapping(vpc, peer_vpc):
            peering._status.code = "failed"
            peering._status.message = "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range"
        for backend in (self,) if self.trial else (self, peer_vpc.ec2_backend):
            backend.vpc_pcxs[peering.id] = peering
        return peering

    def describe_vpc_peering_connections(self, vpc_peering_ids: list[str] | None = None) -> list[VPCPeeringConnection]:
        return pick(self.vpc_pcxs.values(), vpc_peering_ids, peering_not_found)

    # --- services ---

    def create_vpc_endpoint_service_configuration(
        self,
        lb_arns: list[Any],
        acceptance_required: bool,
        private_dns_name: str,
        tags: list[dict[str, str]],
        supported_regions: list[str],
    ) -> Configuration:
        configuration = Configuration(
            self.elbv2_backend.describe_load_balancers(arns=lb_arns, names=None),
            self.region_name,
            acceptance_required=acceptance_required,
            private_dns_name=private_dns_name,
            supported_regions=supported_regions,
            ec2_backend=self,
        )
        configuration.add_tags({each["Key"]: each["Value"] for each in tags or []})
        self.configurations[configuration.id] = configuration
        return configuration

    def sandbox(self) -> Backend:
        """A copy to try a change on: nothing done to it reaches this backend or another."""
        twin = copy.copy(self)
        memo: dict[int, Any] = {id(each): each for _unused, _unused, each in ec2_backends.iter_backends()}
        memo[id(self)] = twin
        for name, value in vars(self).items():
            setattr(twin, name, copy.deepcopy(value, memo))
        twin.trial = True
        return twin


def overlapping(one: VPC, other: VPC) -> bool:
    networks = [
        [ipaddress.ip_network(each["cidr_block"]) for each in vpc.get_cidr_block_association_set()]
        for vpc in (one, other)
    ]
    return any(a.overlaps(b) for a, b in itertools.product(*networks))


def reset() -> None:
    """Forgets what moto holds, for every service."""
    BackendDict.reset()
