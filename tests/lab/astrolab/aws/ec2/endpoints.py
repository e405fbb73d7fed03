# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""VPC endpoints and their network interfaces: what they are, and how the clock moves them on.

Whether a request is right is decided in `requests`; this file trusts what it is given.
"""

from __future__ import annotations

import copy
import json
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.vpcs import VPCEndPoint
from moto.ec2.utils import random_eni_attach_id, random_vpc_ep_id

from ..world import WORLD
from . import dns, families
from .choosing import endpoint_not_found
from .lives import Life
from .services import Service

if TYPE_CHECKING:
    from .backend import Backend

AMAZON = "727180483921"  # the account that AWS shows as requester of endpoint interfaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a CreateVpcEndpoint request asks for, with AWS's defaults filled in."""

    vpc_id: str
    kind: str
    service: Service
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    route_table_ids: tuple[str, ...] = ()
    policy_document: str | None = None
    private_dns_enabled: bool = False
    ip_address_type: str = "ipv4"
    dns_options: dict[str, Any] | None = None
    client_token: str | None = None
    tags: dict[str, str] | None = None


class EndpointInterface(NetworkInterface):
    """A network interface that belongs to an endpoint; its users may look at it and no more."""

    def __init__(self, backend: Backend, endpoint: Endpoint, subnet_id: str) -> None:
        subnet = backend.get_subnet(subnet_id)
        wanted = families.FAMILIES[endpoint.ip_address_type]
        super().__init__(
            backend,
            subnet,
            backend.free_address(subnet) if "ipv4" in wanted else "0.0.0.0",
            group_ids=endpoint.security_group_ids,
            description=f"VPC Endpoint Interface {endpoint.id}",
            ipv6_addresses=[backend.free_address(subnet, "ipv6")] if "ipv6" in wanted else [],
        )
        if "ipv4" not in wanted:
            families.without_ipv4(self)
        self.endpoint_id = endpoint.id
        self.interface_type = "vpc_endpoint"
        self.requester_managed = True
        self.requester_id = AMAZON
        self.status = "in-use"
        self.attachment_id = random_eni_attach_id()

    @property
    def attachment(self) -> Any:
        return {
            "AttachmentId": self.attachment_id,
            "DeleteOnTermination": False,
            "DeviceIndex": 1,
            "InstanceOwnerId": "amazon-aws",
            "Status": "attached",
        }


class Endpoint(VPCEndPoint):
    """moto's endpoint with a life of its own; moto's constructor would fix state and names."""

    def __init__(self, backend: Backend, wanted: Wanted) -> None:
        self.ec2_backend: Backend = backend
        self.id = random_vpc_ep_id()
        self.random = secrets.token_hex(4)
        self.vpc_id = wanted.vpc_id
        self.service = wanted.service
        self.service_name = wanted.service.name
        self.service_region = wanted.service.region
        self.vpc_endpoint_type = wanted.kind
        self.policy_document = wanted.policy_document or json.dumps(VPCEndPoint.DEFAULT_POLICY)
        self.route_table_ids = list(wanted.route_table_ids)
        self.subnet_ids: list[str] = []
        self.security_group_ids = list(wanted.security_group_ids)
        self.network_interface_ids: list[str] = []
        self.private_dns_enabled = wanted.private_dns_enabled
        self.ip_address_type = wanted.ip_address_type
        self.dns_options = {
            "DnsRecordIpType": wanted.ip_address_type,
            "PrivateDnsOnlyForInboundResolverEndpoint": False,
            **(wanted.dns_options or {}),
        }
        self.client_token = wanted.client_token
        self.requester_managed = False
        self.destination_prefix_list_id: str | None = None
        self.last_error: dict[str, str] | None = None
        self.failure_reason: str | None = None
        self.creation_timestamp = WORLD.timestamp()
        self.known_at = WORLD.stale("endpoint", backend.account_id)
        self.visible_at = self.known_at + WORLD.settings.hidden_seconds
        self.busy_until = self.stale_until = float("-inf")
        self.earlier: Endpoint | None = None
        self.connection_id = f"vpce-con-{secrets.token_hex(9)[:17]}"
        self.life = self._born()
        self.add_tags(wanted.tags or {})

    def _born(self) -> Life:
        now, settings = WORLD.now(), WORLD.settings
        if self.service.owner == "amazon" and self.vpc_endpoint_type == "Gateway":
            return Life(now, None, 0.0)
        if not self.service.acceptance_required:
            return Life(now, None, settings.pending_seconds)
        accepted = None if settings.acceptance_seconds is None else now + settings.acceptance_seconds
        expires = None if settings.expiry_seconds is None else now + settings.expiry_seconds
        return Life(accepted, expires, settings.pending_seconds)

    @property
    def state(self) -> str:  # moto's is an attribute that never changes
        return self.life.state(WORLD.now())

    @property
    def zones(self) -> list[str]:
        return [self.ec2_backend.get_subnet(each).availability_zone for each in self.subnet_ids]

    @property
    def dns_entries(self) -> list[dict[str, str]]:  # follows the subnets
        unnamed = WORLD.settings.names_after_acceptance and self.state in {"pendingAcceptance", "rejected", "expired"}
        if self.vpc_endpoint_type != "Interface" or not self.subnet_ids or unnamed:
            return []
        remote = self.service_region != self.ec2_backend.region_name
        return dns.entries(self.id, self.random, self.service.id, self.service_region, () if remote else self.zones)

    @property
    def interfaces(self) -> list[NetworkInterface]:
        return [self.ec2_backend.enis[each] for each in self.network_interface_ids if each in self.ec2_backend.enis]

    def changing(self) -> None:
        """To be called before a change: reads may show the endpoint of now for a while, and no other change may start."""
        earlier = copy.copy(self)
        earlier.life = copy.copy(self.life)
        for name in ("subnet_ids", "security_group_ids", "network_interface_ids"):
            setattr(earlier, name, list(getattr(self, name)))
        earlier.dns_options = dict(self.dns_options)
        earlier.earlier = None
        self.earlier, self.stale_until = earlier, WORLD.stale("endpoint", self.owner_id)
        self.busy_until = WORLD.now() + WORLD.settings.operation_seconds

    @property
    def busy(self) -> bool:
        return WORLD.now() < self.busy_until

    @property
    def seen(self) -> Endpoint:
        """The endpoint as reads show it."""
        return self.earlier if self.earlier is not None and WORLD.now() < self.stale_until else self

    def add_subnet(self, subnet_id: str) -> None:
        interface = EndpointInterface(self.ec2_backend, self, subnet_id)
        self.ec2_backend.enis[interface.id] = interface
        self.subnet_ids.append(subnet_id)
        self.network_interface_ids.append(interface.id)

    def remove_subnet(self, subnet_id: str) -> None:
        self.subnet_ids.remove(subnet_id)
        for interface in self.interfaces:
            if interface.subnet_id == subnet_id:
                self.network_interface_ids.remove(interface.id)
                self.ec2_backend.release(interface)

    def set_address_type(self, wanted: str) -> None:
        """Gives and takes addresses, as an endpoint of this type has them. IPv6 beside IPv4 comes and goes without interruption:
        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-vpcendpoint.html"""
        before = self.ip_address_type
        if wanted == before:
            return
        self.ip_address_type = self.dns_options["DnsRecordIpType"] = wanted
        if "ipv6" not in (before, wanted):
            for interface in self.interfaces:
                families.set_ipv6(self.ec2_backend, interface, wanted == "dualstack")
            return
        subnets, self.subnet_ids = self.subnet_ids, []
        for interface in self.interfaces:
            del self.ec2_backend.enis[interface.id]
        self.network_interface_ids = []
        for subnet_id in subnets:
            self.add_subnet(subnet_id)

    def set_groups(self, group_ids: Iterable[str]) -> None:
        self.security_group_ids = list(group_ids)
        for interface in self.interfaces:
            interface._group_set = [
                group
                for each in self.security_group_ids
                if (group := self.ec2_backend.get_security_group_from_id(each))
            ]

    def connection(self) -> dict[str, Any]:
        """The endpoint as its service's provider sees it."""
        return {
            "ServiceId": self.service.id,
            "VpcEndpointId": self.id,
            "VpcEndpointOwner": self.owner_id,
            "VpcEndpointState": self.state,
            "VpcEndpointConnectionId": self.connection_id,
            "VpcEndpointRegion": self.ec2_backend.region_name,
            "CreationTimestamp": self.creation_timestamp,
            "DnsEntries": self.dns_entries,
            "NetworkLoadBalancerArns": list(self.service.load_balancer_arns),
            "IpAddressType": self.ip_address_type,
            "Tags": [],
        }

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        simple = {
            "vpc-endpoint-id": self.id,
            "vpc-id": self.vpc_id,
            "service-name": self.service_name,
            "service-region": self.service_region,
            "ip-address-type": self.ip_address_type,
            "vpc-endpoint-type": self.vpc_endpoint_type,
            "vpc-endpoint-state": self.state,
        }
        return simple.get(filter_name) or super().get_filter_value(filter_name, method_name)


def everywhere() -> Iterator[Endpoint]:
    """The endpoints of all accounts and regions that still exist."""
    for _unused, _unused, backend in list(ec2_backends.iter_backends()):
        yield from backend.living_endpoints()


def force(endpoint_id: str, *, state: str | None = None, last_error: dict[str, str] | None = None) -> None:
    """Holds an endpoint in a state with the error that explains it, or lets it live on by itself again."""
    for endpoint in everywhere():
        if endpoint.id == endpoint_id:
            endpoint.life.forced = state
            endpoint.last_error = {key.capitalize(): value for key, value in last_error.items()} if last_error else None
            endpoint.failure_reason = last_error.get("message") if last_error and state == "failed" else None
            return
    raise endpoint_not_found(endpoint_id)
