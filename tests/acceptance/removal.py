# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes everything away that runs left in a region, in the order that AWS needs. Doing it again does no harm."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from botocore.exceptions import ClientError

from . import leftovers, vpc_removal
from .cloud import Cloud
from .leftovers import Leftovers
from .waiting import GONE

Say = Callable[[str], None]


def everything(cloud: Cloud, say: Say) -> Leftovers:
    """What is left after all; nothing, as a rule."""
    found = leftovers.find(cloud)
    for line in found.lines():
        say(f"taking away {line}")
    these(cloud, found, say)
    return leftovers.find(cloud)


def these(cloud: Cloud, found: Leftovers, say: Say) -> None:
    """One thing that stays does not keep the others."""
    steps = (
        (_zone, found.zones),
        (_endpoints, [found.endpoints] if found.endpoints else ()),
        (_service, found.services),
        (_load_balancer, found.load_balancers),
        (_target_group, found.target_groups),
        (_instances, [found.instances] if found.instances else ()),
        (_attachment, found.attachments),
        (_gateway, found.gateways),
        (_peering, found.peerings),
        (vpc_removal.door, found.doors),
        (vpc_removal.vpc, found.vpcs),
        (_profile, found.profiles),
        (_role, found.roles),
        (_bucket, found.buckets),
    )
    for step, things in steps:
        _each(step, things, cloud, say)


def _each(step: Callable[[Cloud, Any], None], things: Iterable[Any], cloud: Cloud, say: Say) -> None:
    for thing in things:
        try:
            step(cloud, thing)
        except Exception as error:  # whatever it is, the next thing still has to go
            say(f"{thing} stays: {error}")


def _zone(cloud: Cloud, zone: str) -> None:
    route53 = cloud.client("route53")
    try:
        records = list(cloud.pages("route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone))
    except ClientError as error:
        if any(part in error.response["Error"]["Code"] for part in GONE):
            return
        raise
    changes = [{"Action": "DELETE", "ResourceRecordSet": each} for each in records if each["Type"] not in ("NS", "SOA")]
    if changes:
        cloud.pace.insist(
            f"the records of {zone} gone",
            lambda: route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes}),
        )
    cloud.pace.insist(f"{zone} gone", lambda: route53.delete_hosted_zone(Id=zone))


def _endpoints(cloud: Cloud, endpoints: tuple[str, ...]) -> None:
    """All at once: each takes minutes."""
    ec2, pace = cloud.ec2, cloud.pace
    pace.insist("endpoints being deleted", lambda: ec2.delete_vpc_endpoints(VpcEndpointIds=list(endpoints)))
    wanted = [{"Name": "vpc-endpoint-id", "Values": list(endpoints)}]
    pace.until("all endpoints gone", lambda: not _states(ec2.describe_vpc_endpoints(Filters=wanted)["VpcEndpoints"]))


def _states(things: Iterable[Any]) -> list[str]:
    return [each["State"] for each in things if each["State"].lower() != "deleted"]


def _service(cloud: Cloud, service: str) -> None:
    def delete() -> bool:
        told = cloud.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[service])
        return all("NotFound" in each["Error"]["Code"] for each in told.get("Unsuccessful", ()))

    cloud.pace.until(f"{service} gone", delete)


def _load_balancer(cloud: Cloud, arn: str) -> None:
    elb = cloud.client("elbv2")
    cloud.pace.insist(f"{arn} gone", lambda: elb.delete_load_balancer(LoadBalancerArn=arn))


def _target_group(cloud: Cloud, arn: str) -> None:
    elb = cloud.client("elbv2")
    cloud.pace.insist(f"{arn} gone", lambda: elb.delete_target_group(TargetGroupArn=arn))


def _instances(cloud: Cloud, instances: tuple[str, ...]) -> None:
    ec2, ids = cloud.ec2, list(instances)
    ec2.terminate_instances(InstanceIds=ids)

    def over() -> bool:
        told = ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": ids}])["Reservations"]
        states = {instance["State"]["Name"] for each in told for instance in each["Instances"]}
        return states <= {"terminated"}

    cloud.pace.until("all instances terminated", over)


def _attachment(cloud: Cloud, attachment: str) -> None:
    ec2, ids = cloud.ec2, [attachment]
    cloud.pace.insist(
        f"{attachment} being deleted",
        lambda: ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=attachment),
    )
    wanted = [{"Name": "transit-gateway-attachment-id", "Values": ids}]
    listing = ec2.describe_transit_gateway_vpc_attachments
    cloud.pace.until(f"{attachment} gone", lambda: not _states(listing(Filters=wanted)["TransitGatewayVpcAttachments"]))


def _gateway(cloud: Cloud, gateway: str) -> None:
    ec2, wanted = cloud.ec2, [{"Name": "transit-gateway-id", "Values": [gateway]}]
    cloud.pace.insist(f"{gateway} being deleted", lambda: ec2.delete_transit_gateway(TransitGatewayId=gateway))
    cloud.pace.until(
        f"{gateway} gone", lambda: not _states(ec2.describe_transit_gateways(Filters=wanted)["TransitGateways"])
    )


def _peering(cloud: Cloud, peering: str) -> None:
    ec2 = cloud.ec2
    cloud.pace.insist(f"{peering} gone", lambda: ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering))


def _profile(cloud: Cloud, name: str) -> None:
    iam = cloud.client("iam")
    for role in iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]:
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role["RoleName"])
    cloud.pace.insist(f"{name} gone", lambda: iam.delete_instance_profile(InstanceProfileName=name))


def _role(cloud: Cloud, name: str) -> None:
    iam = cloud.client("iam")
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    cloud.pace.insist(f"{name} gone", lambda: iam.delete_role(RoleName=name))


def _bucket(cloud: Cloud, name: str) -> None:
    s3 = cloud.client("s3")
    for each in list(cloud.pages("s3", "list_objects_v2", "Contents", Bucket=name)):
        s3.delete_object(Bucket=name, Key=each["Key"])
    s3.delete_bucket(Bucket=name)
