# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs left in a region, of whatever run: by tag, and by name where tags cannot be searched for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from .choices import TAG, buckets, roles
from .cloud import Cloud

_BY_TAG = [{"Name": "tag-key", "Values": [TAG]}]
_OVER = ("deleted", "deleting", "rejected", "failed", "expired")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """Ids, ARNs or names, in the order in which they can be taken away."""

    zones: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    load_balancers: tuple[str, ...] = ()
    target_groups: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    peerings: tuple[str, ...] = ()
    doors: tuple[str, ...] = ()  # internet gateways
    vpcs: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    buckets: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Nothing, if there is nothing."""
        found = ((each.name.replace("_", " "), getattr(self, each.name)) for each in fields(self))
        return [f"{name} {', '.join(values)}" for name, values in found if values]


def find(cloud: Cloud) -> Leftovers:
    ec2, path = cloud.ec2, roles(cloud.choices.region)
    vpcs = [each["VpcId"] for each in cloud.pages("ec2", "describe_vpcs", "Vpcs", Filters=_BY_TAG)]
    gateways = list(_alive(cloud, "TransitGateway", _BY_TAG))
    iam, elb = cloud.client("iam"), "elbv2"
    return Leftovers(
        zones=tuple(dict.fromkeys(_zones(cloud, vpcs))),
        endpoints=tuple(_endpoints(cloud, vpcs)),
        services=_ids(
            ec2.describe_vpc_endpoint_service_configurations(Filters=_BY_TAG)["ServiceConfigurations"], "ServiceId"
        ),
        load_balancers=tuple(
            _tagged(cloud, cloud.pages(elb, "describe_load_balancers", "LoadBalancers"), "LoadBalancerArn")
        ),
        target_groups=tuple(
            _tagged(cloud, cloud.pages(elb, "describe_target_groups", "TargetGroups"), "TargetGroupArn")
        ),
        instances=tuple(_instances(cloud)),
        attachments=tuple(_attachments(cloud, gateways)),
        gateways=tuple(gateways),
        peerings=_ids(
            (
                each
                for each in ec2.describe_vpc_peering_connections(Filters=_BY_TAG)["VpcPeeringConnections"]
                if each["Status"]["Code"] not in _OVER
            ),
            "VpcPeeringConnectionId",
        ),
        doors=_ids(ec2.describe_internet_gateways(Filters=_BY_TAG)["InternetGateways"], "InternetGatewayId"),
        vpcs=tuple(vpcs),
        profiles=_ids(iam.list_instance_profiles(PathPrefix=path)["InstanceProfiles"], "InstanceProfileName"),
        roles=_ids(iam.list_roles(PathPrefix=path)["Roles"], "RoleName"),
        buckets=tuple(
            each["Name"]
            for each in cloud.client("s3").list_buckets()["Buckets"]
            if each["Name"].startswith(buckets(cloud.choices.region))
        ),
    )


def _batches(things: list[str], size: int) -> Iterator[list[str]]:
    yield from (things[start : start + size] for start in range(0, len(things), size))


def _ids(things: Iterable[Any], key: str) -> tuple[str, ...]:
    return tuple(str(each[key]) for each in things)


def _zones(cloud: Cloud, vpcs: list[str]) -> Iterator[str]:
    """Those of the VPCs, and tagged ones whose VPC is gone."""
    route53, (account, _unused) = cloud.client("route53"), cloud.identity()
    for vpc in vpcs:
        told = route53.list_hosted_zones_by_vpc(VPCId=vpc, VPCRegion=cloud.choices.region)
        yield from (
            each["HostedZoneId"]
            for each in told["HostedZoneSummaries"]
            if each["Owner"].get("OwningAccount") == account
        )
    all_zones = cloud.pages("route53", "list_hosted_zones", "HostedZones")
    private = [each["Id"].rpartition("/")[2] for each in all_zones if each["Config"].get("PrivateZone")]
    for some in _batches(private, 10):
        told = route53.list_tags_for_resources(ResourceType="hostedzone", ResourceIds=some)
        yield from (
            each["ResourceId"]
            for each in told["ResourceTagSets"]
            if any(tag["Key"] == TAG and _here(cloud, each["ResourceId"]) for tag in each["Tags"])
        )


def _here(cloud: Cloud, zone: str) -> bool:
    """Zones belong to no region; their VPCs do."""
    vpcs = cloud.client("route53").get_hosted_zone(Id=zone)["VPCs"]
    return all(each["VPCRegion"] == cloud.choices.region for each in vpcs)


def _endpoints(cloud: Cloud, vpcs: list[str]) -> Iterator[str]:
    if vpcs:
        wanted = [{"Name": "vpc-id", "Values": vpcs}]
        for each in cloud.pages("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=wanted):
            if each["State"] != "deleted":
                yield each["VpcEndpointId"]


def _instances(cloud: Cloud) -> Iterator[str]:
    alive = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped", "shutting-down"]}
    for each in cloud.pages("ec2", "describe_instances", "Reservations", Filters=[*_BY_TAG, alive]):
        yield from (instance["InstanceId"] for instance in each["Instances"])


def _attachments(cloud: Cloud, gateways: list[str]) -> Iterator[str]:
    if gateways:
        yield from _alive(cloud, "TransitGatewayVpcAttachment", [{"Name": "transit-gateway-id", "Values": gateways}])


def _alive(cloud: Cloud, thing: str, filters: list[Any]) -> Iterator[str]:
    """Transit gateways and their attachments, which are described for a while after they are gone."""
    listing = f"describe_{xform_name(thing)}s"
    for each in cloud.pages("ec2", listing, f"{thing}s", Filters=filters):
        if each["State"] != "deleted":
            yield each[f"{thing.replace('Vpc', '')}Id"]


def _tagged(cloud: Cloud, things: Iterable[Any], key: str) -> Iterator[str]:
    """Load balancers cannot be searched by tag."""
    for some in _batches([str(each[key]) for each in things], 20):
        try:
            told = cloud.client("elbv2").describe_tags(ResourceArns=some)["TagDescriptions"]
        except ClientError:  # one of them is gone meanwhile
            continue
        yield from (each["ResourceArn"] for each in told if any(tag["Key"] == TAG for tag in each["Tags"]))
