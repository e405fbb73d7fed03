# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IPv6: subnets without IPv4, subnets with both, and endpoints in them."""

from __future__ import annotations

from ipaddress import IPv6Network
from typing import Any

import pytest
from astrolab.aws import state

from .conftest import Aws

ZONES = [f"us-east-1{letter}" for letter in "abcdef"]


class Both:
    """A VPC with both families, and its subnets."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        made = aws.ec2.create_vpc(CidrBlock="10.10.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
        self.vpc = str(made["VpcId"])
        shown = aws.ec2.describe_vpcs(VpcIds=[self.vpc])["Vpcs"][0]
        whole = IPv6Network(shown["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"])
        self.parts = [str(each) for each, _unused in zip(whole.subnets(new_prefix=64), range(8), strict=False)]

    def subnet(self, number: int, *, old: bool, new: bool) -> Any:
        more: dict[str, Any] = {"AvailabilityZone": ZONES[number], "VpcId": self.vpc}
        if old:
            more["CidrBlock"] = f"10.10.{number}.0/24"
        if new:
            more |= {"Ipv6CidrBlock": self.parts[number], "Ipv6Native": not old}
        return self.aws.ec2.create_subnet(**more)["Subnet"]


@pytest.fixture
def both(aws: Aws) -> Both:
    return Both(aws)


@pytest.mark.on_aws
def test_a_subnet_without_ipv4_has_no_cidr_and_no_free_addresses(aws: Aws, both: Both) -> None:
    made = both.subnet(0, old=False, new=True)
    shown = aws.ec2.describe_subnets(SubnetIds=[made["SubnetId"]])["Subnets"][0]
    for subnet in (made, shown):
        assert "CidrBlock" not in subnet
        assert (subnet["AvailableIpAddressCount"], subnet["Ipv6Native"]) == (0, True)
        assert subnet["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"] == both.parts[0]


@pytest.mark.on_aws
def test_a_subnet_of_both_families_counts_free_ipv4_addresses(both: Both) -> None:
    subnet = both.subnet(0, old=True, new=True)
    assert (subnet["CidrBlock"], subnet["AvailableIpAddressCount"]) == ("10.10.0.0/24", 251)
    assert (subnet["Ipv6Native"], len(subnet["Ipv6CidrBlockAssociationSet"])) == (False, 1)


@pytest.mark.on_aws
def test_a_range_of_a_subnet_has_its_state(aws: Aws, both: Both) -> None:
    made = both.subnet(0, old=True, new=True)["SubnetId"]
    (range_,) = aws.ec2.describe_subnets(SubnetIds=[made])["Subnets"][0]["Ipv6CidrBlockAssociationSet"]
    assert (range_["Ipv6CidrBlock"], range_["Ipv6CidrBlockState"]) == (both.parts[0], {"State": "associated"})


@pytest.mark.on_aws
def test_a_subnet_of_no_family_is_refused(aws: Aws, both: Both) -> None:
    with aws.refuses("MissingParameter", text="Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided."):
        both.subnet(0, old=False, new=False)
    with aws.refuses("MissingParameter"):
        aws.ec2.create_subnet(VpcId=both.vpc, AvailabilityZone=ZONES[0], Ipv6Native=True)


@pytest.mark.on_aws
def test_ipv6_ranges_lie_in_the_vpc_and_do_not_overlap(aws: Aws, both: Both) -> None:
    both.subnet(0, old=False, new=True)
    both.parts[1] = both.parts[0]
    with aws.refuses("InvalidSubnet.Conflict"):
        both.subnet(1, old=True, new=True)
    both.parts[2] = "2001:db8::/64"
    with aws.refuses("InvalidSubnet.Range"):
        both.subnet(2, old=True, new=True)


@pytest.mark.on_aws
def test_an_interface_in_a_subnet_without_ipv4_has_none(aws: Aws, both: Both) -> None:
    subnet = both.subnet(0, old=False, new=True)["SubnetId"]
    interface = aws.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]
    assert "PrivateIpAddress" not in interface
    assert interface["PrivateIpAddresses"] == []
    assert [each["Ipv6Address"] for each in interface["Ipv6Addresses"]] == [both.parts[0].replace("/64", "4")]


def test_a_group_as_source_stands_for_addresses_of_both_families(aws: Aws, both: Both) -> None:
    group = aws.group(both.vpc)
    aws.ec2.create_network_interface(SubnetId=both.subnet(0, old=False, new=True)["SubnetId"], Groups=[group])
    pair = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}
    aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[pair])
    assert [each.source for each in state.allowed([group])] == [both.parts[0].replace("/64", "4/128")]
    ranges = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "Ipv6Ranges": [{"CidrIpv6": both.parts[1]}]}
    aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[ranges])
    assert both.parts[1] in {each.source for each in state.allowed([group])}


def test_an_ipv4_endpoint_does_not_go_into_a_subnet_without_ipv4(aws: Aws, both: Both) -> None:
    subnet = both.subnet(0, old=False, new=True)["SubnetId"]
    with aws.refuses("InvalidParameter", text=f"The subnet {subnet} does not have an associated IPv4 CIDR block."):
        aws.endpoint(both.vpc, aws.service(), subnet)


def test_a_service_offers_ipv4_unless_it_says_more(aws: Aws, both: Both) -> None:
    subnet = both.subnet(0, old=True, new=True)["SubnetId"]
    name = aws.service()
    with aws.refuses("InvalidParameter", text="does not support the IP address type dualstack"):
        aws.endpoint(both.vpc, name, subnet, IpAddressType="dualstack")
    more = aws.service(ip_address_types=["ipv4", "ipv6"])
    shown = aws.ec2.describe_vpc_endpoint_services(ServiceNames=[more])["ServiceDetails"][0]
    assert shown["SupportedIpAddressTypes"] == ["ipv4", "ipv6"]


@pytest.mark.parametrize(("kind", "families"), [("ipv4", ["A"]), ("ipv6", ["AAAA"]), ("dualstack", ["A", "AAAA"])])
def test_an_endpoint_has_addresses_and_answers_of_its_type(
    aws: Aws, both: Both, kind: str, families: list[str]
) -> None:
    subnet = both.subnet(0, old=True, new=True)["SubnetId"]
    service = aws.service(ip_address_types=["ipv4", "ipv6"])
    made = aws.endpoint(both.vpc, service, subnet, IpAddressType=kind)
    aws.advance()
    interface = aws.ec2.describe_network_interfaces(NetworkInterfaceIds=made["NetworkInterfaceIds"])[
        "NetworkInterfaces"
    ][0]
    name = made["DnsEntries"][0]["DnsName"]
    answers = {each: [found.value for found in state.answer(both.vpc, name, each).records] for each in ("A", "AAAA")}
    assert [each for each, found in answers.items() if found] == families
    assert answers["A"] == [each for each in [interface.get("PrivateIpAddress")] if each]
    assert answers["AAAA"] == [each["Ipv6Address"] for each in interface.get("Ipv6Addresses", [])]
    assert made["DnsOptions"]["DnsRecordIpType"] == kind


def test_the_address_type_of_an_endpoint_can_change(aws: Aws, both: Both) -> None:
    subnet = both.subnet(0, old=True, new=True)["SubnetId"]
    made = aws.endpoint(both.vpc, aws.service(ip_address_types=["ipv4", "ipv6"]), subnet)
    aws.ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], IpAddressType="dualstack")
    shown = aws.look(made["VpcEndpointId"])
    assert (shown["IpAddressType"], shown["DnsOptions"]["DnsRecordIpType"]) == ("dualstack", "dualstack")
    interface = aws.ec2.describe_network_interfaces(NetworkInterfaceIds=shown["NetworkInterfaceIds"])
    assert len(interface["NetworkInterfaces"][0]["Ipv6Addresses"]) == 1


@pytest.mark.parametrize("there", ["dualstack", "ipv4"])
def test_ipv6_comes_and_goes_beside_an_ipv4_address_that_stays(aws: Aws, both: Both, there: str) -> None:
    subnet = both.subnet(0, old=True, new=True)["SubnetId"]
    before = {"dualstack": "ipv4", "ipv4": "dualstack"}[there]
    made = aws.endpoint(both.vpc, aws.service(ip_address_types=["ipv4", "ipv6"]), subnet, IpAddressType=before)
    (old,) = aws.ec2.describe_network_interfaces(NetworkInterfaceIds=made["NetworkInterfaceIds"])["NetworkInterfaces"]
    aws.ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], IpAddressType=there)
    assert aws.look(made["VpcEndpointId"])["NetworkInterfaceIds"] == made["NetworkInterfaceIds"]
    (new,) = aws.ec2.describe_network_interfaces(NetworkInterfaceIds=made["NetworkInterfaceIds"])["NetworkInterfaces"]
    assert new["PrivateIpAddress"] == old["PrivateIpAddress"]
    assert (len(old["Ipv6Addresses"]), len(new["Ipv6Addresses"])) == ((0, 1) if there == "dualstack" else (1, 0))


def test_records_are_of_families_that_the_endpoint_has(aws: Aws, both: Both) -> None:
    subnet = both.subnet(0, old=True, new=True)["SubnetId"]
    service = aws.service(ip_address_types=["ipv4", "ipv6"])
    with aws.refuses("InvalidParameter"):
        aws.endpoint(both.vpc, service, subnet, DnsOptions={"DnsRecordIpType": "dualstack"})
    made = aws.endpoint(
        both.vpc, service, subnet, IpAddressType="dualstack", DnsOptions={"DnsRecordIpType": "dualstack"}
    )
    with aws.refuses("InvalidParameter"):
        aws.ec2.modify_vpc_endpoint(
            VpcEndpointId=made["VpcEndpointId"], IpAddressType="ipv4", DnsOptions={"DnsRecordIpType": "dualstack"}
        )


def test_an_endpoint_without_subnets_has_no_names(aws: Aws) -> None:
    made = aws.endpoint(aws.vpc(), aws.service())
    assert (made["DnsEntries"], made["NetworkInterfaceIds"]) == ([], [])


def test_names_may_come_with_acceptance_only(aws: Aws) -> None:
    aws.settings.names_after_acceptance = True
    vpc = aws.vpc()
    made = aws.endpoint(vpc, aws.service(acceptance_required=True), aws.subnet(vpc))
    assert made["DnsEntries"] == []
    aws.control("POST", f"endpoints/{made['VpcEndpointId']}", {"state": "available"})
    assert aws.look(made["VpcEndpointId"])["DnsEntries"]


def test_what_an_endpoint_has_not_is_not_shown(aws: Aws) -> None:
    vpc = aws.vpc()
    made = aws.endpoint(vpc, aws.service(), aws.subnet(vpc))
    for endpoint in (made, aws.look(made["VpcEndpointId"])):
        assert not {"LastError", "FailureReason", "ServiceNetworkArn", "ResourceConfigurationArn"} & set(endpoint)
        assert endpoint["RouteTableIds"] == []
