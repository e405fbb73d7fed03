# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv6 in a VPC: hosts that have it, DNS64, and the NAT gateway behind the answers, in both ways."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from ipaddress import IPv6Address
from typing import Any

import pytest
from astrolab import enter
from astrolab.lab import Lab
from astrolab.topology import DEMO
from by_hand import Link, make_link, permission, until, vpc_id
from conftest import LabUp

AGENT, OTHER = "payments-agent", "orders-agent"
WRAPPED = "64:ff9b::cb00:710a"  # 203.0.113.10
LISTEN = (
    "import socket; s = socket.create_server(('::', 4433), family=socket.AF_INET6); print('up', flush=True); s.accept()"
)
CALL = "import socket, sys; socket.create_connection((sys.argv[1], 4433), 3)"


@pytest.fixture(scope="module", params=["auto", "loopback"])
def lab(request: pytest.FixtureRequest, lab_up: LabUp) -> Iterator[Lab]:
    with lab_up(profile="kind", topology=DEMO.with_name("dual.yml"), mode=request.param) as started:
        yield started


@pytest.fixture(scope="module")
def link(lab: Lab) -> Link:
    return make_link(lab, "payments", ("use1-az1",))


def wrapped(address: str) -> str:
    first, second, third, fourth = map(int, address.split("."))
    return str(IPv6Address(f"64:ff9b::{first:02x}{second:02x}:{third:02x}{fourth:02x}"))


def statuses(lab: Lab) -> dict[str, int | None]:
    return {each["address"]: each["status"] for each in lab.look(AGENT, deadline=1.5)["attempts"]}


def subnet(lab: Lab) -> str:
    filters = [
        {"Name": "vpc-id", "Values": [vpc_id(lab, "payments")]},
        {"Name": "cidr-block", "Values": ["10.10.1.0/24"]},
    ]
    return str(lab.client("ec2").describe_subnets(Filters=filters)["Subnets"][0]["SubnetId"])


def gateway(lab: Lab) -> dict[str, Any]:
    (found,) = lab.client("ec2").describe_nat_gateways()["NatGateways"]
    return dict(found)


def test_without_a_link_both_families_lead_to_the_public_address(lab: Lab) -> None:
    assert statuses(lab) == {"203.0.113.10": 404, WRAPPED: 404}
    sources = {each["source"] for each in lab.requests()[-2:]}
    assert sources == {str(lab.record.hosts[AGENT].address), gateway(lab)["NatGatewayAddresses"][0]["PrivateIp"]}
    assert lab.look(OTHER)["addresses"] == ["203.0.113.10"]  # DNS64 belongs to a subnet


def test_the_endpoint_sees_the_nat_gateway(lab: Lab, link: Link) -> None:
    (address,) = link.addresses
    until(lambda: statuses(lab) == {address: 404, wrapped(address): None}, "one way is open")
    opened = permission(cidr=f"{gateway(lab)['NatGatewayAddresses'][0]['PrivateIp']}/32")
    lab.client("ec2").authorize_security_group_ingress(GroupId=link.group, IpPermissions=[opened])
    until(lambda: statuses(lab) == {address: 404, wrapped(address): 404}, "both ways are open")


@pytest.mark.usefixtures("link")
def test_without_its_route_or_dns64_there_is_no_second_way(lab: Lab) -> None:
    ec2 = lab.client("ec2")
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc_id(lab, "payments")]}])[
        "RouteTables"
    ]
    ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationIpv6CidrBlock="64:ff9b::/96")
    until(lambda: list(statuses(lab).values()) == [404, None], "the wrapped address is lost")
    ec2.modify_subnet_attribute(SubnetId=subnet(lab), EnableDns64={"Value": False})
    until(lambda: list(statuses(lab).values()) == [404], "the wrapped address is not answered")


def test_an_endpoint_of_both_families_is_entered_by_those_that_its_group_admits(lab: Lab, link: Link) -> None:
    ec2 = lab.client("ec2")
    ec2.modify_vpc_endpoint(VpcEndpointId=link.endpoint, IpAddressType="dualstack")
    endpoint = ec2.describe_vpc_endpoints(VpcEndpointIds=[link.endpoint])["VpcEndpoints"][0]
    (interface,) = ec2.describe_network_interfaces(NetworkInterfaceIds=endpoint["NetworkInterfaceIds"])[
        "NetworkInterfaces"
    ]
    (address,), six = link.addresses, interface["Ipv6Addresses"][0]["Ipv6Address"]
    _lead(lab, link, endpoint["DnsEntries"][0])
    until(lambda: statuses(lab) == {address: 404, six: 404}, "both families answer")
    assert {each["address"] for each in lab.requests()[-2:]} == {address, six}
    lab.fault("address", six, "dead")
    until(lambda: statuses(lab) == {address: 404, six: None}, "IPv6 is lost")
    lab.heal()
    rules = ec2.describe_security_groups(GroupIds=[link.group])["SecurityGroups"][0]["IpPermissions"]
    ec2.revoke_security_group_ingress(GroupId=link.group, IpPermissions=rules)
    until(lambda: statuses(lab) == {address: None, six: None}, "nobody is admitted")
    range_ = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    ec2.authorize_security_group_ingress(GroupId=link.group, IpPermissions=[range_])
    until(lambda: statuses(lab) == {address: None, six: 404}, "IPv6 alone is admitted")


def _lead(lab: Lab, link: Link, name: dict[str, Any]) -> None:
    """An AAAA record beside the A record."""
    target = {"HostedZoneId": name["HostedZoneId"], "DNSName": name["DnsName"], "EvaluateTargetHealth": False}
    record = {"Name": lab.record.cluster_host, "Type": "AAAA", "AliasTarget": target}
    lab.client("route53").change_resource_record_sets(
        HostedZoneId=link.zone, ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
    )


def test_hosts_of_a_vpc_reach_each_other(lab: Lab) -> None:
    if lab.mode == "loopback":
        pytest.skip("there are no hosts of their own in loopback mode")
    filters = [{"Name": "tag:Name", "Values": [OTHER]}]
    (there,) = lab.client("ec2").describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
    address = there["Ipv6Addresses"][0]["Ipv6Address"]
    command = enter.command(lab.record, OTHER, [sys.executable, "-c", LISTEN])
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as listening:
        assert listening.stdout is not None
        assert listening.stdout.readline() == "up\n"
        called = lab.exec(AGENT, [sys.executable, "-c", CALL, address])
        listening.terminate()
    assert called.returncode == 0, called.stderr
