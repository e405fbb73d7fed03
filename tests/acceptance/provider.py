# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider's side: what answers, a network load balancer before it, and the endpoint service that agents find."""

from __future__ import annotations

from dataclasses import dataclass

from . import instances
from .answerer import Identity, serving
from .cloud import Cloud
from .networks import Network

HTTPS = 443


@dataclass(frozen=True, slots=True)
class Service:
    id: str
    name: str


def make(cloud: Cloud, network: Network, ami: str, who: Identity) -> Service:
    """Connections to it have to be accepted, as Astronomer's do."""
    ec2, elb, choices = cloud.ec2, cloud.client("elbv2"), cloud.choices
    allowed = {"IpProtocol": "tcp", "FromPort": HTTPS, "ToPort": HTTPS, "IpRanges": [{"CidrIp": network.cidr}]}
    ec2.authorize_security_group_ingress(GroupId=network.group, IpPermissions=[allowed])
    answerer = instances.start(cloud, network, ami, serving(who), None)
    balancer = elb.create_load_balancer(
        Name=choices.name, Type="network", Scheme="internal", Subnets=[network.subnet], Tags=cloud.tags()
    )["LoadBalancers"][0]["LoadBalancerArn"]
    targets = elb.create_target_group(
        Name=choices.name, Protocol="TCP", Port=HTTPS, VpcId=network.vpc, TargetType="instance", Tags=cloud.tags()
    )["TargetGroups"][0]["TargetGroupArn"]
    instances.running(cloud, [answerer])
    elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": answerer}])
    forward = [{"Type": "forward", "TargetGroupArn": targets}]
    elb.create_listener(LoadBalancerArn=balancer, Protocol="TCP", Port=HTTPS, DefaultActions=forward, Tags=cloud.tags())
    _answers(cloud, balancer, targets)
    made = cloud.ec2.create_vpc_endpoint_service_configuration(
        NetworkLoadBalancerArns=[balancer],
        AcceptanceRequired=True,
        TagSpecifications=cloud.tagged("vpc-endpoint-service"),
    )["ServiceConfiguration"]
    return Service(made["ServiceId"], made["ServiceName"])


def accept(cloud: Cloud, service: Service) -> list[str]:
    """The connections that wait, now accepted."""
    wanted = [{"Name": "service-id", "Values": [service.id]}]
    told = cloud.ec2.describe_vpc_endpoint_connections(Filters=wanted)["VpcEndpointConnections"]
    waiting = [each["VpcEndpointId"] for each in told if each["VpcEndpointState"] == "pendingAcceptance"]
    if waiting:
        cloud.ec2.accept_vpc_endpoint_connections(ServiceId=service.id, VpcEndpointIds=waiting)
    return waiting


def _answers(cloud: Cloud, balancer: str, targets: str) -> None:
    elb = cloud.client("elbv2")

    def ready() -> bool:
        (told,) = elb.describe_load_balancers(LoadBalancerArns=[balancer])["LoadBalancers"]
        health = elb.describe_target_health(TargetGroupArn=targets)["TargetHealthDescriptions"]
        return told["State"]["Code"] == "active" and [each["TargetHealth"]["State"] for each in health] == ["healthy"]

    cloud.pace.until("a load balancer with a healthy target", ready)
