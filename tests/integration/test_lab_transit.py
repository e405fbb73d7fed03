# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hub VPC that spokes reach through a transit gateway: what lets packets through, and what cuts them, in both ways."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from astrolab.lab import Lab
from astrolab.topology import DEMO
from by_hand import Link, join, make_link, permission, until, vpc_id
from conftest import LabUp
from running import play

HUB = DEMO.with_name("hub.yml")
AGENT, SPOKE = "payments-agent", "10.20.0.0/16"
REACHED, LOST = "404", "tcp: timed out"


@pytest.fixture(scope="module", params=["auto", "loopback"])
def lab(request: pytest.FixtureRequest, lab_up: LabUp) -> Iterator[Lab]:
    with lab_up(profile="kind", topology=HUB, mode=request.param) as started:
        yield started


@pytest.fixture(scope="module")
def link(lab: Lab) -> Link:
    """The hub's endpoint, open to all of its spokes but the partner, with a zone that they share."""
    made = make_link(lab, "shared", ("use1-az1", "use1-az2"))
    opened = [permission(cidr=cidr) for cidr in (SPOKE, "10.30.0.0/16")]
    lab.client("ec2").authorize_security_group_ingress(GroupId=made.group, IpPermissions=opened)
    for spoke in ("payments", "ledger"):
        join(lab, made, spoke)
    return made


@pytest.fixture
def ec2(lab: Lab) -> Any:
    return lab.client("ec2")


def outcomes(lab: Lab, host: str) -> set[str]:
    """What an agent meets at the addresses of the cluster's name."""
    seen = lab.look(host, deadline=1.5)
    return {
        f"{each['failed']}: {each['error']}" if each["failed"] else str(each["status"]) for each in seen["attempts"]
    }


def settles(lab: Lab, wanted: str, host: str = AGENT) -> None:
    seen: list[set[str]] = []
    until(lambda: seen.append(outcomes(lab, host)) or seen[-1] == {wanted}, lambda: f"{host} sees {seen[-1]}")  # type: ignore[func-returns-value]


def attachment(lab: Lab, vpc: str) -> dict[str, Any]:
    filters = [{"Name": "resource-id", "Values": [vpc_id(lab, vpc)]}]
    found: dict[str, Any] = lab.client("ec2").describe_transit_gateway_attachments(Filters=filters)[
        "TransitGatewayAttachments"
    ][0]
    return found


def association(lab: Lab, vpc: str) -> dict[str, str]:
    """The gateway's route table of a VPC, and its attachment, as the API names them."""
    found = attachment(lab, vpc)
    return {
        "TransitGatewayRouteTableId": found["Association"]["TransitGatewayRouteTableId"],
        "TransitGatewayAttachmentId": found["TransitGatewayAttachmentId"],
    }


def route(lab: Lab, vpc: str, cidr: str) -> dict[str, str]:
    tables = lab.client("ec2").describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc_id(lab, vpc)]}])
    return {"RouteTableId": tables["RouteTables"][0]["RouteTableId"], "DestinationCidrBlock": cidr}


def test_spokes_reach_the_hub_whatever_their_zone(lab: Lab, link: Link) -> None:
    settles(lab, REACHED)
    settles(lab, REACHED, "ledger-agent")
    last = lab.requests()[-1]
    assert (last["vpc"], last["endpoint"]) == (link.vpc, link.endpoint)
    assert last["source"] == str(lab.record.hosts["ledger-agent"].address)


@pytest.mark.usefixtures("link")
def test_spokes_meet_only_the_hub(lab: Lab, ec2: Any) -> None:
    """The spokes' table has no route to another spoke, whatever a VPC's own table says."""
    where = {"TransitGatewayId": attachment(lab, "payments")["TransitGatewayId"]}
    ec2.create_route(**route(lab, "payments", "10.30.0.0/16"), **where)
    table = association(lab, "payments")["TransitGatewayRouteTableId"]
    names = [{"Name": "state", "Values": ["active"]}]
    routes = ec2.search_transit_gateway_routes(TransitGatewayRouteTableId=table, Filters=names)["Routes"]
    assert [each["DestinationCidrBlock"] for each in routes] == ["10.10.0.0/16"]
    ec2.delete_route(**route(lab, "payments", "10.30.0.0/16"))


@pytest.mark.usefixtures("link")
@pytest.mark.parametrize("side", ["spoke", "hub"])
def test_the_route_tables_of_both_vpcs_lead_to_the_gateway(lab: Lab, ec2: Any, side: str) -> None:
    vpc, cidr = ("payments", "10.10.0.0/16") if side == "spoke" else ("shared", SPOKE)
    settles(lab, REACHED)
    ec2.delete_route(**route(lab, vpc, cidr))
    settles(lab, LOST)
    settles(lab, REACHED, "ledger-agent")
    ec2.create_route(**route(lab, vpc, cidr), TransitGatewayId=attachment(lab, vpc)["TransitGatewayId"])
    settles(lab, REACHED)


@pytest.mark.usefixtures("link")
def test_the_hubs_table_needs_the_spokes_propagation_or_a_static_route(lab: Lab, ec2: Any) -> None:
    table = association(lab, "shared")["TransitGatewayRouteTableId"]
    spoke = attachment(lab, "payments")["TransitGatewayAttachmentId"]
    names = {"TransitGatewayRouteTableId": table, "TransitGatewayAttachmentId": spoke}
    ec2.disable_transit_gateway_route_table_propagation(**names)
    settles(lab, LOST)
    ec2.create_transit_gateway_route(**names, DestinationCidrBlock=SPOKE)
    settles(lab, REACHED)
    ec2.delete_transit_gateway_route(TransitGatewayRouteTableId=table, DestinationCidrBlock=SPOKE)
    ec2.enable_transit_gateway_route_table_propagation(**names)
    settles(lab, REACHED)


@pytest.mark.usefixtures("link")
def test_a_blackhole_beats_what_is_wider_or_propagated(lab: Lab, ec2: Any) -> None:
    table = association(lab, "payments")["TransitGatewayRouteTableId"]
    for cidr in ("10.10.0.0/16", "10.10.0.0/20"):
        names = {"TransitGatewayRouteTableId": table, "DestinationCidrBlock": cidr}
        ec2.create_transit_gateway_route(**names, Blackhole=True)
        settles(lab, LOST)
        ec2.delete_transit_gateway_route(**names)
        settles(lab, REACHED)


@pytest.mark.usefixtures("link")
def test_an_attachment_without_a_route_table_carries_nothing(lab: Lab, ec2: Any) -> None:
    names = association(lab, "payments")
    ec2.disassociate_transit_gateway_route_table(**names)
    settles(lab, LOST)
    ec2.associate_transit_gateway_route_table(**names)
    settles(lab, REACHED)


@pytest.mark.usefixtures("link")
def test_zones_without_an_attachment_are_cut_off(lab: Lab, ec2: Any) -> None:
    """The agent is in the first zone of its VPC; an attachment that has only the second does not carry its packets."""
    names = association(lab, "payments")
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id(lab, "payments")]}])["Subnets"]
    (near,) = (each["SubnetId"] for each in subnets if each["AvailabilityZoneId"] == "use1-az1")
    where = {"TransitGatewayAttachmentId": names["TransitGatewayAttachmentId"]}
    ec2.modify_transit_gateway_vpc_attachment(**where, RemoveSubnetIds=[near])
    settles(lab, LOST)
    ec2.modify_transit_gateway_vpc_attachment(**where, AddSubnetIds=[near])
    settles(lab, REACHED)


@pytest.mark.usefixtures("link")
def test_without_its_attachment_a_vpc_is_cut_off_until_it_is_attached_anew(lab: Lab, ec2: Any) -> None:
    old, table = attachment(lab, "payments"), association(lab, "payments")["TransitGatewayRouteTableId"]
    ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=old["TransitGatewayAttachmentId"])
    settles(lab, LOST)
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id(lab, "payments")]}])["Subnets"]
    made = ec2.create_transit_gateway_vpc_attachment(
        TransitGatewayId=old["TransitGatewayId"],
        VpcId=vpc_id(lab, "payments"),
        SubnetIds=[subnet["SubnetId"] for subnet in subnets],
    )["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    hub = association(lab, "shared")["TransitGatewayRouteTableId"]
    ec2.associate_transit_gateway_route_table(TransitGatewayRouteTableId=table, TransitGatewayAttachmentId=made)
    ec2.enable_transit_gateway_route_table_propagation(TransitGatewayRouteTableId=hub, TransitGatewayAttachmentId=made)
    settles(lab, REACHED)


def test_the_playbook_sets_the_hub_up(lab_up: LabUp, tmp_path: Path) -> None:
    with lab_up(profile="kind", topology=HUB) as lab:
        done = play(lab, tmp_path, "site", "-e", '{"privatelink_support_confirmed": true}')
        assert done.rc == 0, done.text
        for host in lab.record.hosts:
            assert outcomes(lab, host) == {REACHED}
            assert lab.requests()[-1]["path"] == "private"
