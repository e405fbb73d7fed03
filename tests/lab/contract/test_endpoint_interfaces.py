# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The network interfaces and DNS names of endpoints, and what still hangs on them."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

import pytest

from .conftest import FAR, REGION, Aws

UNKNOWN_REGION = "eu-central-1"


class Linked:
    """A VPC with an endpoint in two zones."""

    def __init__(self, aws: Aws) -> None:
        self.vpc = aws.vpc()
        self.group = aws.group(self.vpc)
        self.one, self.two = aws.subnet(self.vpc), aws.subnet(self.vpc, "10.10.2.0/24", "us-east-1b")
        self.made = aws.endpoint(self.vpc, aws.service(), self.one, self.two, SecurityGroupIds=[self.group])
        self.id = str(self.made["VpcEndpointId"])


@pytest.fixture
def linked(aws: Aws) -> Linked:
    return Linked(aws)


def interfaces(aws: Aws, endpoint: str) -> list[Any]:
    ids = aws.look(endpoint)["NetworkInterfaceIds"]
    return list(aws.ec2.describe_network_interfaces(NetworkInterfaceIds=ids)["NetworkInterfaces"]) if ids else []


def test_each_subnet_has_one_interface_with_an_address_of_the_subnet(aws: Aws, linked: Linked) -> None:
    found = {each["SubnetId"]: each["PrivateIpAddress"] for each in interfaces(aws, linked.id)}
    assert set(found) == {linked.one, linked.two}
    assert ipaddress.ip_address(found[linked.one]) in ipaddress.ip_network("10.10.1.0/24")
    assert ipaddress.ip_address(found[linked.two]) in ipaddress.ip_network("10.10.2.0/24")


def test_the_first_four_addresses_of_a_subnet_are_never_given(aws: Aws, linked: Linked) -> None:
    addresses = {each["PrivateIpAddress"] for each in interfaces(aws, linked.id)}
    assert addresses == {"10.10.1.4", "10.10.2.4"}


def test_primary_address_and_address_list_agree(aws: Aws, linked: Linked) -> None:
    for each in interfaces(aws, linked.id):
        assert [one["PrivateIpAddress"] for one in each["PrivateIpAddresses"]] == [each["PrivateIpAddress"]]


def test_an_interface_of_an_endpoint_looks_like_one(aws: Aws, linked: Linked) -> None:
    for each in interfaces(aws, linked.id):
        assert each["InterfaceType"] == "vpc_endpoint"
        assert each["RequesterManaged"] is True
        assert each["Status"] == "in-use"
        assert each["Description"] == f"VPC Endpoint Interface {linked.id}"
        assert [group["GroupId"] for group in each["Groups"]] == [linked.group]


def test_interfaces_can_be_found_by_description_type_and_group(aws: Aws, linked: Linked) -> None:
    for name, value in (
        ("description", f"VPC Endpoint Interface {linked.id}"),
        ("interface-type", "vpc_endpoint"),
        ("group-id", linked.group),
        ("requester-managed", "true"),
    ):
        wanted = [{"Name": name, "Values": [value]}]
        found = aws.ec2.describe_network_interfaces(Filters=wanted)["NetworkInterfaces"]
        assert len(found) == 2, name


def test_a_removed_subnet_takes_interface_and_zonal_name_with_it(aws: Aws, linked: Linked) -> None:
    aws.ec2.modify_vpc_endpoint(VpcEndpointId=linked.id, RemoveSubnetIds=[linked.two])
    assert [each["SubnetId"] for each in interfaces(aws, linked.id)] == [linked.one]
    names = [each["DnsName"] for each in aws.look(linked.id)["DnsEntries"]]
    assert len(names) == 2
    assert not any("us-east-1b" in name for name in names)


def test_an_added_subnet_brings_interface_and_zonal_name(aws: Aws, linked: Linked) -> None:
    three = aws.subnet(linked.vpc, "10.10.3.0/24", "us-east-1c")
    aws.ec2.modify_vpc_endpoint(VpcEndpointId=linked.id, AddSubnetIds=[three])
    assert three in [each["SubnetId"] for each in interfaces(aws, linked.id)]
    assert any("-us-east-1c." in each["DnsName"] for each in aws.look(linked.id)["DnsEntries"])


def test_changed_groups_reach_the_interfaces(aws: Aws, linked: Linked) -> None:
    other = aws.group(linked.vpc, "other")
    aws.ec2.modify_vpc_endpoint(
        VpcEndpointId=linked.id, AddSecurityGroupIds=[other], RemoveSecurityGroupIds=[linked.group]
    )
    for each in interfaces(aws, linked.id):
        assert [group["GroupId"] for group in each["Groups"]] == [other]


def test_deletion_takes_the_interfaces_only_when_it_is_over(aws: Aws, linked: Linked) -> None:
    aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[linked.id])
    assert len(interfaces(aws, linked.id)) == 2
    aws.advance()
    assert aws.ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_addresses_become_free_again(aws: Aws, linked: Linked) -> None:
    def available() -> int:
        return int(aws.ec2.describe_subnets(SubnetIds=[linked.one])["Subnets"][0]["AvailableIpAddressCount"])

    assert available() == 250
    aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[linked.id])
    aws.advance()
    assert available() == 251
    again = aws.endpoint(linked.vpc, aws.service(), linked.one)["VpcEndpointId"]
    assert interfaces(aws, again)[0]["PrivateIpAddress"] == "10.10.1.4"


def test_two_interfaces_never_share_an_address(aws: Aws, linked: Linked) -> None:
    own = aws.ec2.create_network_interface(SubnetId=linked.one)["NetworkInterface"]["PrivateIpAddress"]
    assert own not in {each["PrivateIpAddress"] for each in interfaces(aws, linked.id)}
    with aws.refuses("InvalidIPAddress.InUse"):
        aws.ec2.create_network_interface(SubnetId=linked.one, PrivateIpAddress="10.10.1.4")


def test_an_address_outside_the_subnet_is_refused(aws: Aws, linked: Linked) -> None:
    with aws.refuses("InvalidParameterValue", text="subnet's address range"):
        aws.ec2.create_network_interface(SubnetId=linked.one, PrivateIpAddress="10.99.0.4")


def test_nobody_deletes_an_endpoints_interface(aws: Aws, linked: Linked) -> None:
    interface = linked.made["NetworkInterfaceIds"][0]
    with aws.refuses("InvalidParameterValue", text=f"Network interface '{interface}' is currently in use."):
        aws.ec2.delete_network_interface(NetworkInterfaceId=interface)


def test_nobody_detaches_an_endpoints_interface(aws: Aws, linked: Linked) -> None:
    attachment = interfaces(aws, linked.id)[0]["Attachment"]["AttachmentId"]
    with aws.refuses("OperationNotPermitted"):
        aws.ec2.detach_network_interface(AttachmentId=attachment)


def test_dns_names_are_one_regional_then_one_per_zone(linked: Linked) -> None:
    service = linked.made["ServiceName"].rpartition(".")[2]
    names = [each["DnsName"] for each in linked.made["DnsEntries"]]
    assert re.fullmatch(rf"{linked.id}-[0-9a-z]+\.{service}\.{REGION}\.vpce\.amazonaws\.com", names[0])
    head = names[0].partition(".")[0]
    assert [name.partition(".")[0] for name in names[1:]] == [f"{head}-us-east-1a", f"{head}-us-east-1b"]


def test_all_names_of_a_region_lie_in_one_zone_of_awss(linked: Linked) -> None:
    assert {each["HostedZoneId"] for each in linked.made["DnsEntries"]} == {"Z7HUB22UULQXV"}


def test_regions_have_different_zones(aws: Aws) -> None:
    service = aws.service(region=UNKNOWN_REGION)
    vpc = aws.vpc(region=UNKNOWN_REGION)
    endpoint = aws.endpoint(vpc, service, aws.subnet(vpc, zone=f"{UNKNOWN_REGION}a"), region=UNKNOWN_REGION)
    assert endpoint["DnsEntries"][0]["HostedZoneId"] != "Z7HUB22UULQXV"


def test_across_regions_there_is_only_the_regional_name_of_the_services_region(aws: Aws) -> None:
    vpc, service = aws.vpc(), aws.service(region=FAR, supported_regions=[REGION])
    endpoint = aws.endpoint(vpc, service, aws.subnet(vpc), ServiceRegion=FAR)
    assert [each["DnsName"].endswith(f".{FAR}.vpce.amazonaws.com") for each in endpoint["DnsEntries"]] == [True]


def test_a_group_on_an_endpoint_cannot_be_deleted_until_the_endpoint_is_gone(aws: Aws, linked: Linked) -> None:
    with aws.refuses("DependencyViolation", text=f"resource {linked.group} has a dependent object"):
        aws.ec2.delete_security_group(GroupId=linked.group)
    aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[linked.id])
    with aws.refuses("DependencyViolation"):
        aws.ec2.delete_security_group(GroupId=linked.group)
    aws.advance()
    aws.ec2.delete_security_group(GroupId=linked.group)


def test_a_subnet_with_an_endpoint_cannot_be_deleted(aws: Aws, linked: Linked) -> None:
    with aws.refuses("DependencyViolation", text=f"The subnet '{linked.one}' has dependencies and cannot be deleted."):
        aws.ec2.delete_subnet(SubnetId=linked.one)
    aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[linked.id])
    aws.advance()
    aws.ec2.delete_subnet(SubnetId=linked.one)


def test_a_vpc_with_an_endpoint_cannot_be_deleted(aws: Aws) -> None:
    vpc = aws.vpc()
    endpoint = aws.endpoint(vpc, aws.service())["VpcEndpointId"]
    with aws.refuses("DependencyViolation", text=f"The vpc '{vpc}' has dependencies and cannot be deleted."):
        aws.ec2.delete_vpc(VpcId=vpc)
    aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    aws.advance()
    aws.ec2.delete_vpc(VpcId=vpc)
