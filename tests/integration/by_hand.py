# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A link set up by plain boto3 calls, as somebody without this collection would: what the lab's own tests try it with."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml
from astrolab.home import VpcFacts
from astrolab.lab import Lab

SUFFIX = "external.astronomer.run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    vpc: str
    group: str
    endpoint: str
    zone: str
    addresses: tuple[str, ...]


def inventory(lab: Lab) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(lab.inventory.read_text())
    return found


def vpc_id(lab: Lab, vpc: str) -> str:
    return lab.record.vpcs[vpc].id


def until(true: Callable[[], bool], what: str | Callable[[], str], seconds: float = 20.0) -> None:
    """Waits; where ``what`` depends on what was seen, it is asked for when time is up."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what if isinstance(what, str) else what()}"
        time.sleep(0.05)


def permission(*, group: str | None = None, cidr: str | None = None) -> dict[str, Any]:
    """HTTPS from a group or a network."""
    opened: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    if group:
        opened["UserIdGroupPairs"] = [{"GroupId": group}]
    if cidr:
        opened["IpRanges"] = [{"CidrIp": cidr}]
    return opened


def make_link(lab: Lab, vpc: str, zones: tuple[str, ...]) -> Link:
    """An endpoint in these zones, open to the VPC's agents, and a private zone with the cluster's name."""
    groups = inventory(lab)["agent_vpcs"]["hosts"][vpc]["privatelink_agent_security_groups"]
    return link_in(lab, lab.record.vpcs[vpc], zones, [permission(group=agents) for agents in groups])


def link_in(lab: Lab, facts: VpcFacts, zones: tuple[str, ...], opened: list[dict[str, Any]]) -> Link:
    """The same in any VPC, open to whom you like."""
    ec2 = lab.client("ec2", facts.account, facts.region)
    group = ec2.create_security_group(GroupName="astro", Description="Astro endpoint", VpcId=facts.id)["GroupId"]
    for each in opened:
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[each])
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [facts.id]}])["Subnets"]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=facts.id,
        VpcEndpointType="Interface",
        ServiceName=inventory(lab)["agent_vpcs"]["vars"]["privatelink_service_name"],
        SubnetIds=[subnet["SubnetId"] for subnet in subnets if subnet["AvailabilityZoneId"] in zones],
        SecurityGroupIds=[group],
        PrivateDnsEnabled=False,
    )["VpcEndpoint"]["VpcEndpointId"]
    until(lambda: describe(ec2, endpoint)["State"] == "available", "endpoint available")
    zone = make_zone(lab, facts, describe(ec2, endpoint)["DnsEntries"][0])
    return Link(vpc=facts.id, group=group, endpoint=endpoint, zone=zone, addresses=addresses(ec2, endpoint))


def make_zone(lab: Lab, facts: VpcFacts, target: dict[str, str], name: str = SUFFIX) -> str:
    """A private zone with the cluster's name, which leads to the target."""
    route53 = lab.client("route53", facts.account)
    zone: str = route53.create_hosted_zone(
        Name=name,
        CallerReference=f"{facts.id} {name}",
        VPC={"VPCId": facts.id, "VPCRegion": facts.region},
        HostedZoneConfig={"PrivateZone": True},
    )["HostedZone"]["Id"]
    alias = {"HostedZoneId": target["HostedZoneId"], "DNSName": target["DnsName"], "EvaluateTargetHealth": False}
    record = {"Name": lab.record.cluster_host, "Type": "A", "AliasTarget": alias}
    change = route53.change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    )["ChangeInfo"]["Id"]
    until(lambda: route53.get_change(Id=change)["ChangeInfo"]["Status"] == "INSYNC", "record in sync")
    return zone


def join(lab: Lab, link: Link, vpc: str) -> None:
    """Has another VPC take its names from the link's zone."""
    facts = lab.record.vpcs[vpc]
    route53 = lab.client("route53", facts.account)
    change = route53.associate_vpc_with_hosted_zone(
        HostedZoneId=link.zone, VPC={"VPCId": facts.id, "VPCRegion": facts.region}
    )["ChangeInfo"]["Id"]
    until(lambda: route53.get_change(Id=change)["ChangeInfo"]["Status"] == "INSYNC", "association in sync")


def describe(ec2: Any, endpoint: str) -> dict[str, Any]:
    found: dict[str, Any] = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"][0]
    return found


def addresses(ec2: Any, endpoint: str) -> tuple[str, ...]:
    interfaces = describe(ec2, endpoint)["NetworkInterfaceIds"]
    found = ec2.describe_network_interfaces(NetworkInterfaceIds=interfaces)["NetworkInterfaces"]
    return tuple(sorted(each["PrivateIpAddress"] for each in found))
