# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the network reads of the double, in process: interfaces, groups, routes, peerings, and DNS answers."""

from __future__ import annotations

from typing import Any

import pytest
from astrolab.aws import state

from .conftest import FAR, OTHERS, REGION, Aws, a_record, alias, here

ZONE = "external.astronomer.run"
NAME = f"abc.{ZONE}"


class Linked:
    """An available endpoint in two zones and a zone with an alias to it, everything in sync."""

    def __init__(self, aws: Aws) -> None:
        self.vpc = aws.vpc()
        aws.ec2.modify_vpc_attribute(VpcId=self.vpc, EnableDnsHostnames={"Value": True})
        self.one, self.two = aws.subnet(self.vpc), aws.subnet(self.vpc, "10.10.2.0/24", "us-east-1b")
        self.endpoint = aws.endpoint(self.vpc, aws.service(), self.one, self.two)
        self.zone = aws.zone(self.vpc)
        aws.change(self.zone, ("CREATE", alias(NAME, self.endpoint["DnsEntries"][0])))
        aws.advance()


@pytest.fixture
def linked(aws: Aws) -> Linked:
    return Linked(aws)


def values(answer: state.Answer) -> list[str]:
    return sorted(record.value for record in answer.records)


def view_of(vpc: str) -> state.Vpc:
    return next(each for each in state.vpcs() if each.id == vpc)


def table_of(aws: Aws, vpc: str) -> str:
    wanted: Any = [{"Name": "vpc-id", "Values": [vpc]}]
    return str(aws.ec2.describe_route_tables(Filters=wanted)["RouteTables"][0]["RouteTableId"])


def peer(aws: Aws, vpc: str, other: str) -> str:
    made = aws.ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other)["VpcPeeringConnection"]
    aws.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=made["VpcPeeringConnectionId"])
    return str(made["VpcPeeringConnectionId"])


def test_vpcs_are_seen_with_all_their_cidrs_and_dns_attributes(aws: Aws) -> None:
    vpc = aws.vpc(account=OTHERS, region=FAR)
    aws.client("ec2", OTHERS, FAR).associate_vpc_cidr_block(VpcId=vpc, CidrBlock="100.64.0.0/16")
    seen = view_of(vpc)
    assert (seen.account, seen.region, seen.is_default) == (OTHERS, FAR, False)
    assert seen.cidrs == ("10.10.0.0/16", "100.64.0.0/16")
    assert (seen.dns_support, seen.dns_hostnames) == (True, False)
    assert seen.dns_servers == ("AmazonProvidedDNS",)


def test_custom_dns_servers_are_seen(aws: Aws) -> None:
    vpc = aws.vpc()
    made = aws.ec2.create_dhcp_options(DhcpConfigurations=[{"Key": "domain-name-servers", "Values": ["10.0.0.9"]}])
    aws.ec2.associate_dhcp_options(DhcpOptionsId=made["DhcpOptions"]["DhcpOptionsId"], VpcId=vpc)
    assert view_of(vpc).dns_servers == ("10.0.0.9",)


def test_only_available_endpoints_have_interfaces_for_the_network(aws: Aws) -> None:
    vpc = aws.vpc()
    made = aws.endpoint(vpc, aws.service(), aws.subnet(vpc))
    assert state.endpoint_interfaces(vpc) == []
    aws.advance()
    found = state.endpoint_interfaces(vpc)
    assert [(each.address, each.zone) for each in found] == [("10.10.1.4", "us-east-1a")]
    assert found[0].security_group_ids == (made["Groups"][0]["GroupId"],)
    assert state.interface(found[0].id) == found[0]
    aws.control("POST", f"endpoints/{made['VpcEndpointId']}", {"state": "failed"})
    assert state.endpoint_interfaces(vpc) == []


def test_ingress_by_cidr_is_seen_with_ports(aws: Aws) -> None:
    group = aws.group(aws.vpc())
    aws.ec2.authorize_security_group_ingress(
        GroupId=group, IpProtocol="tcp", FromPort=443, ToPort=443, CidrIp="10.10.0.0/16"
    )
    assert state.allowed([group]) == [state.Ingress(source="10.10.0.0/16", protocol="tcp", from_port=443, to_port=443)]


def refer(aws: Aws, group: str, source: str) -> None:
    rule: Any = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": source}]}
    aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])


def test_a_group_as_source_stands_for_the_addresses_that_carry_it(aws: Aws) -> None:
    vpc = aws.vpc()
    agents, group = aws.group(vpc, "agents"), aws.group(vpc, "endpoint")
    refer(aws, group, agents)
    assert state.allowed([group]) == []
    aws.ec2.create_network_interface(SubnetId=aws.subnet(vpc), Groups=[agents])
    assert [each.source for each in state.allowed([group])] == ["10.10.1.4/32"]


def test_a_group_of_a_peered_vpc_counts_only_while_the_peering_is_active(aws: Aws) -> None:
    vpc, other = aws.vpc(), aws.vpc("10.20.0.0/16")
    agents, group = aws.group(other, "agents"), aws.group(vpc, "endpoint")
    aws.ec2.create_network_interface(SubnetId=aws.subnet(other, "10.20.1.0/24"), Groups=[agents])
    peering = peer(aws, vpc, other)
    refer(aws, group, agents)
    assert [each.source for each in state.allowed([group])] == ["10.20.1.4/32"]
    aws.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering)
    assert state.allowed([group]) == []


def test_a_prefix_list_as_source_stands_for_its_entries(aws: Aws) -> None:
    group = aws.group(aws.vpc())
    made = aws.ec2.create_managed_prefix_list(
        PrefixListName="agents", AddressFamily="IPv4", MaxEntries=2, Entries=[{"Cidr": "10.9.0.0/16"}]
    )["PrefixList"]["PrefixListId"]
    rule: Any = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "PrefixListIds": [{"PrefixListId": made}]}
    aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    assert [each.source for each in state.allowed([group])] == ["10.9.0.0/16"]


def test_routes_are_those_of_the_main_table_unless_the_subnet_has_its_own(aws: Aws) -> None:
    vpc, other = aws.vpc(), aws.vpc("10.20.0.0/16")
    one, two = aws.subnet(vpc), aws.subnet(vpc, "10.10.2.0/24")
    peering = peer(aws, vpc, other)
    table = aws.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    aws.ec2.associate_route_table(RouteTableId=table, SubnetId=two)
    aws.ec2.create_route(
        RouteTableId=table_of(aws, vpc), DestinationCidrBlock="10.20.0.0/16", VpcPeeringConnectionId=peering
    )
    local = state.Route(destination="10.10.0.0/16", target="local")
    assert state.routes(two) == [local]
    assert state.routes(one) == [local, state.Route(destination="10.20.0.0/16", target=peering)]
    aws.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering)
    assert state.routes(one) == [local]


def test_peerings_are_seen_once_with_both_sides(aws: Aws) -> None:
    vpc, other = aws.vpc(), aws.vpc("10.20.0.0/16", OTHERS, FAR)
    made = aws.ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other, PeerOwnerId=OTHERS, PeerRegion=FAR)
    assert state.peerings() == [
        state.Peering(
            id=made["VpcPeeringConnection"]["VpcPeeringConnectionId"],
            state="pending-acceptance",
            requester=state.VpcRef(account="111122223333", region=REGION, vpc_id=vpc),
            accepter=state.VpcRef(account=OTHERS, region=FAR, vpc_id=other),
        )
    ]


def test_an_alias_to_an_endpoint_answers_all_its_addresses(linked: Linked) -> None:
    answer = state.answer(linked.vpc, NAME, "A")
    assert values(answer) == ["10.10.1.4", "10.10.2.4"]
    assert (answer.rcode, answer.source, answer.zone) == ("NOERROR", "private", ZONE)
    assert {(record.name, record.rtype) for record in answer.records} == {(NAME, "A")}


def test_a_change_is_answered_only_when_it_is_in_sync(aws: Aws, linked: Linked) -> None:
    record = alias(NAME, linked.endpoint["DnsEntries"][0])
    aws.change(linked.zone, ("DELETE", record))
    assert state.answer(linked.vpc, NAME, "A").rcode == "NOERROR"
    aws.advance()
    assert state.answer(linked.vpc, NAME, "A").rcode == "NXDOMAIN"


def test_a_missing_name_in_a_matching_zone_does_not_exist(linked: Linked) -> None:
    answer = state.answer(linked.vpc, f"other.{ZONE}", "A")
    assert (answer.rcode, answer.records, answer.source) == ("NXDOMAIN", (), "private")


def test_a_missing_type_has_no_data(linked: Linked) -> None:
    answer = state.answer(linked.vpc, NAME, "AAAA")
    assert (answer.rcode, answer.records, answer.source) == ("NOERROR", (), "private")


def test_names_of_no_private_zone_are_public(linked: Linked) -> None:
    assert state.answer(linked.vpc, "www.example.com", "A") == state.Answer()


def test_other_vpcs_do_not_see_the_zone_until_they_are_associated(aws: Aws, linked: Linked) -> None:
    vpc = aws.vpc("10.20.0.0/16")
    aws.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    assert state.answer(vpc, NAME, "A").source == "public"
    aws.route53.associate_vpc_with_hosted_zone(HostedZoneId=linked.zone, VPC=here(vpc))
    assert state.answer(vpc, NAME, "A").source == "public"
    aws.advance()
    assert values(state.answer(vpc, NAME, "A")) == ["10.10.1.4", "10.10.2.4"]


@pytest.mark.parametrize("attribute", ["EnableDnsHostnames", "EnableDnsSupport"])
def test_without_both_dns_attributes_private_zones_are_not_used(aws: Aws, linked: Linked, attribute: str) -> None:
    off: Any = {attribute: {"Value": False}}
    aws.ec2.modify_vpc_attribute(VpcId=linked.vpc, **off)
    assert state.answer(linked.vpc, NAME, "A").source == "public"


def test_the_most_specific_zone_wins_even_without_the_record(aws: Aws, linked: Linked) -> None:
    zone = aws.zone(linked.vpc, NAME)
    aws.advance()
    assert state.answer(linked.vpc, NAME, "A") == state.Answer(zone=NAME, source="private")
    aws.change(zone, ("CREATE", a_record(NAME, "10.0.0.1")))
    aws.advance()
    assert values(state.answer(linked.vpc, NAME, "A")) == ["10.0.0.1"]


def test_a_zonal_name_answers_the_address_of_its_zone_everywhere(aws: Aws, linked: Linked) -> None:
    names = [each["DnsName"] for each in linked.endpoint["DnsEntries"]]
    other = aws.vpc("10.20.0.0/16")
    found = [values(state.answer(other, name, "A")) for name in names]
    assert found == [["10.10.1.4", "10.10.2.4"], ["10.10.1.4"], ["10.10.2.4"]]
    assert state.answer(other, names[0], "A").source == "endpoint"


def test_the_names_of_an_endpoint_that_is_not_available_do_not_resolve(aws: Aws, linked: Linked) -> None:
    aws.control("POST", f"endpoints/{linked.endpoint['VpcEndpointId']}", {"state": "rejected"})
    assert state.answer(linked.vpc, NAME, "A").records == ()


def test_a_cname_is_followed_and_shown(aws: Aws, linked: Linked) -> None:
    regional = linked.endpoint["DnsEntries"][0]["DnsName"]
    record = {"Name": f"c.{ZONE}", "Type": "CNAME", "TTL": 30, "ResourceRecords": [{"Value": regional}]}
    aws.change(linked.zone, ("CREATE", record))
    aws.advance()
    answer = state.answer(linked.vpc, f"C.{ZONE}.", "a")
    assert [(each.rtype, each.ttl) for each in answer.records] == [("CNAME", 30), ("A", 60), ("A", 60)]


def test_a_wildcard_answers_names_that_have_no_record(aws: Aws, linked: Linked) -> None:
    aws.change(linked.zone, ("CREATE", a_record(f"*.{ZONE}", "10.0.0.1")))
    aws.advance()
    assert values(state.answer(linked.vpc, f"any.{ZONE}", "A")) == ["10.0.0.1"]
    assert values(state.answer(linked.vpc, NAME, "A")) == ["10.10.1.4", "10.10.2.4"]


def test_a_deleted_zone_is_answered_until_the_deletion_is_in_sync(aws: Aws, linked: Linked) -> None:
    aws.change(linked.zone, ("DELETE", alias(NAME, linked.endpoint["DnsEntries"][0])))
    aws.advance()
    aws.route53.delete_hosted_zone(Id=linked.zone)
    assert state.answer(linked.vpc, NAME, "A").rcode == "NXDOMAIN"
    aws.advance()
    assert state.answer(linked.vpc, NAME, "A").source == "public"
