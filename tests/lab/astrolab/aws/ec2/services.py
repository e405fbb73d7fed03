# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""The endpoint services of all accounts and regions, and who may see which of them.

Providers' services are moto's service configurations, so the provider's own API calls work on them too.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from moto.core.base_backend import BaseBackend
from moto.ec2.models import ec2_backends
from moto.ec2.models.vpc_service_configuration import VPCServiceConfiguration
from moto.ec2.models.vpcs import AWS_ENDPOINT_SERVICES

from .. import arns, regions
from ..errors import AwsError
from . import dns
from . import zones as zone_table

GATEWAYS = ("s3", "dynamodb")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """An endpoint service as a consumer may come to know it."""

    name: str
    id: str
    region: str
    owner: str
    zone_ids: tuple[str, ...]
    kind: str = "Interface"
    acceptance_required: bool = False
    principals: frozenset[str] = frozenset()
    supported_regions: frozenset[str] = frozenset()
    private_dns_name: str | None = None
    policy_supported: bool = False
    load_balancer_arns: tuple[str, ...] = ()
    ip_address_types: tuple[str, ...] = ("ipv4",)

    def visible(self, account: str, region: str) -> bool:
        """Whether that account may use it from that region; both must hold, and AWS does not say which failed."""
        allowed = self.owner in {"amazon", account} or any(
            principal == "*" or f":{account}:" in principal for principal in self.principals
        )
        return allowed and (region == self.region or region in self.supported_regions)

    def detail(self, account: str, region: str) -> dict[str, Any]:
        """As DescribeVpcEndpointServices shows it: zones by the caller's names, and none across regions."""
        offered = [zone for zone in zone_table.of(account, region) if zone.zone_id in self.zone_ids]
        names = [{"PrivateDnsName": self.private_dns_name}] if self.private_dns_name else []
        return {
            "ServiceName": self.name,
            "ServiceId": self.id,
            "ServiceType": [{"ServiceType": self.kind}],
            "ServiceRegion": self.region,
            "AvailabilityZones": [zone.name for zone in offered],
            "AvailabilityZoneIds": [zone.zone_id for zone in offered],
            "Owner": self.owner,
            "BaseEndpointDnsNames": [f"{self.id}.{dns.zone_suffix(self.region)}"],
            "PrivateDnsName": self.private_dns_name,
            "PrivateDnsNames": names,
            "PrivateDnsNameVerificationState": "verified" if names else None,
            "VpcEndpointPolicySupported": self.policy_supported,
            "AcceptanceRequired": self.acceptance_required,
            "ManagesVpcEndpoints": False,
            "Tags": [],
            "SupportedIpAddressTypes": list(self.ip_address_types),
        }


class Configuration(VPCServiceConfiguration):
    """A provider's service, named as AWS names them."""

    _supported_region_names: list[str]

    def __init__(self, load_balancers: list[Any], region: str, **others: Any) -> None:
        super().__init__(load_balancers, region, **others)
        self.rename(f"vpce-svc-{secrets.token_hex(9)[:17]}", region)
        if region not in self._supported_region_names:
            self._supported_region_names = [region, *self._supported_region_names]

    def rename(self, service_id: str, region: str) -> None:
        self.id = service_id
        self.service_name = f"{dns.service_prefix(region)}.vpce.{region}.{service_id}"
        self.endpoint_dns_name = f"{service_id}.{dns.zone_suffix(region)}"


def register(
    *,
    account: str,
    region: str,
    zones: Sequence[str] = (),
    service_id: str | None = None,
    acceptance_required: bool = True,
    principals: Sequence[str] = ("*",),
    supported_regions: Sequence[str] = (),
    private_dns_name: str | None = None,
    ip_address_types: Sequence[str] = ("ipv4",),
) -> Service:
    """Puts up a provider's service; zones are names or ids, none means all of the region."""
    backend = ec2_backends[account][region]
    far = [each for each in supported_regions if arns.partition(each) != arns.partition(region)]
    if far:
        raise ValueError(f"{', '.join(far)} is in another partition than {region}")
    configuration = Configuration(
        [],
        region,
        acceptance_required=acceptance_required,
        private_dns_name=private_dns_name or "",
        supported_regions=list(supported_regions),
        ec2_backend=backend,
    )
    if service_id:
        configuration.rename(service_id, region)
    own = zone_table.of(account, region)
    chosen = [zone.name for zone in own if not zones or zone.name in zones or zone.zone_id in zones]
    if zones and len(chosen) != len(zones):
        raise ValueError(f"not all of these are zones of {region}: {sorted(zones)}")
    configuration.availability_zones = chosen
    configuration.principals = list(principals)
    configuration.supported_ip_address_types = list(ip_address_types)
    backend.configurations[configuration.id] = configuration
    return _service(configuration, account, region)


def _service(configuration: Any, account: str, region: str) -> Service:
    return Service(
        name=configuration.service_name,
        id=configuration.id,
        region=region,
        owner=account,
        zone_ids=tuple(
            zone.zone_id for zone in zone_table.of(account, region) if zone.name in configuration.availability_zones
        ),
        acceptance_required=configuration.acceptance_required,
        principals=frozenset(configuration.principals),
        supported_regions=frozenset(configuration._supported_region_names),
        private_dns_name=configuration.private_dns_name or None,
        load_balancer_arns=tuple(configuration.network_load_balancer_arns),
        ip_address_types=tuple(getattr(configuration, "supported_ip_address_types", None) or ("ipv4",)),
    )


def provided() -> list[Service]:
    """Every provider's service in every account and region."""
    return [
        _service(configuration, account, region)
        for account, region, backend in ec2_backends.iter_backends()
        for configuration in getattr(backend, "configurations", {}).values()
    ]


@functools.cache
def amazons(region: str) -> tuple[Service, ...]:
    """AWS's own services in a region: S3 and DynamoDB as gateways, the others as interfaces."""
    found = []
    for short in dict.fromkeys([*GATEWAYS, *AWS_ENDPOINT_SERVICES]):
        found.append(
            Service(
                name=f"{'com.amazonaws' if short in GATEWAYS else dns.service_prefix(region)}.{region}.{short}",
                id=f"vpce-svc-{BaseBackend.vpce_random_number()}",
                region=region,
                owner="amazon",
                zone_ids=zone_table.ids_of(region),
                kind="Gateway" if short in GATEWAYS else "Interface",
                private_dns_name=None if short in GATEWAYS else f"{short}.{region}.{dns.domain(region)}",
                policy_supported=True,
            )
        )
    return tuple(found)


def seen(account: str, region: str, service_regions: Collection[str]) -> list[Service]:
    """What an account sees from a region, in the service regions it asks for."""
    service_regions = [each for each in service_regions if regions.enabled(account, each)]
    services = [*provided(), *(each for wanted in service_regions if wanted == region for each in amazons(wanted))]
    return [each for each in services if each.region in service_regions and each.visible(account, region)]


def find(name: str, account: str, region: str, service_region: str | None) -> Service:
    """The service of that name, or AWS's one answer for unknown, not allowed and in another region."""
    for service in seen(account, region, {service_region or region}):
        if service.name == name:
            return service
    raise AwsError("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
