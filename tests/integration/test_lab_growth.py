# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPCs that are made, connected and deleted while the lab runs, in both ways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from astrolab.home import VpcFacts
from astrolab.lab import Lab
from by_hand import Link, describe, join, link_in, permission, until, vpc_id
from conftest import LabUp

AGENT, AGENTS = "ledger-agent", "10.20.0.0/16"
NEW, SUBNET = "10.70.0.0/16", "10.70.1.0/24"


@pytest.fixture(params=["auto", "loopback"])
def lab(request: pytest.FixtureRequest, lab_up: LabUp) -> Iterator[Lab]:
    with lab_up(profile="kind", mode=request.param) as started:
        yield started
        assert "Traceback" not in started.home.log.read_text()


def make_vpc(ec2: Any) -> str:
    vpc: str = ec2.create_vpc(CidrBlock=NEW)["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    ec2.create_subnet(VpcId=vpc, CidrBlock=SUBNET, AvailabilityZoneId="use1-az1")
    return vpc


def connect(lab: Lab, vpc: str) -> str:
    """A peering between the new VPC and the agent's, with routes on both sides."""
    ec2, agents = lab.client("ec2"), vpc_id(lab, "ledger")
    made = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=agents)["VpcPeeringConnection"]
    peering: str = made["VpcPeeringConnectionId"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
    for near, cidr in ((vpc, AGENTS), (agents, NEW)):
        (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [near]}])["RouteTables"]
        where = {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": cidr}
        if cidr in {route.get("DestinationCidrBlock") for route in table["Routes"]}:
            ec2.delete_route(**where)
        ec2.create_route(**where, VpcPeeringConnectionId=peering)
    return peering


def take_down(lab: Lab, link: Link, peering: str) -> None:
    ec2, route53 = lab.client("ec2"), lab.client("route53")
    here = {"VPCId": vpc_id(lab, "ledger"), "VPCRegion": "us-east-1"}
    route53.disassociate_vpc_from_hosted_zone(HostedZoneId=link.zone, VPC=here)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[link.endpoint])
    until(
        lambda: not ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [link.vpc]}])["VpcEndpoints"], ""
    )
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering)
    ec2.delete_security_group(GroupId=link.group)
    for subnet in ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [link.vpc]}])["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.delete_vpc(VpcId=link.vpc)


def test_a_new_vpc_holds_a_link_until_it_is_deleted(lab: Lab) -> None:
    ec2 = lab.client("ec2")
    for _time in range(2):  # a new one of the same range has nothing of the old one
        vpc = make_vpc(ec2)
        peering = connect(lab, vpc)
        facts = VpcFacts(id=vpc, account=lab.record.account, region=lab.record.region)
        link = link_in(lab, facts, ("use1-az1",), [permission(cidr=AGENTS)])
        join(lab, link, "ledger")
        assert describe(ec2, link.endpoint)["State"] == "available"
        until(lambda: outcome(lab) == (link.addresses, "404"), lambda: str(lab.look(AGENT, deadline=1.5)))  # noqa: B023
        assert lab.requests()[-1]["vpc"] == vpc
        take_down(lab, link, peering)
        until(lambda: outcome(lab) == (("203.0.113.10",), "404"), "the agent comes in publicly again")


def outcome(lab: Lab) -> tuple[tuple[str, ...], str]:
    seen = lab.look(AGENT, deadline=1.5)
    return tuple(seen["addresses"]), ", ".join(str(each["status"] or each["error"]) for each in seen["attempts"])
