# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VPCs, subnets, groups, routes and peering, where moto alone is kinder or blinder than AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from astrolab.aws.ec2.filters import FILTERS
from botocore import xform_name

from .conftest import AGENTS, FAR, OTHERS, REGION, Aws

Prepare = Callable[[Aws], dict[str, Any]]


@pytest.mark.on_aws
def test_a_new_vpc_supports_dns_but_has_no_dns_hostnames(aws: Aws) -> None:
    vpc = aws.vpc()
    support = aws.ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsSupport")
    names = aws.ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")
    assert (support["EnableDnsSupport"]["Value"], names["EnableDnsHostnames"]["Value"]) == (True, False)


@pytest.mark.on_aws
def test_each_region_has_default_dhcp_options_that_every_new_vpc_uses(aws: Aws) -> None:
    vpc = aws.ec2.describe_vpcs(VpcIds=[aws.vpc()])["Vpcs"][0]
    options = aws.ec2.describe_dhcp_options(DhcpOptionsIds=[vpc["DhcpOptionsId"]])["DhcpOptions"][0]
    servers = next(each for each in options["DhcpConfigurations"] if each["Key"] == "domain-name-servers")
    assert servers["Values"] == [{"Value": "AmazonProvidedDNS"}]


@pytest.mark.on_aws
def test_dhcp_options_in_use_cannot_be_deleted_and_outlive_their_vpc(aws: Aws) -> None:
    vpc = aws.vpc()
    made = aws.ec2.create_dhcp_options(DhcpConfigurations=[{"Key": "domain-name-servers", "Values": ["10.0.0.9"]}])
    options = made["DhcpOptions"]["DhcpOptionsId"]
    aws.ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=vpc)
    with aws.refuses("DependencyViolation"):
        aws.ec2.delete_dhcp_options(DhcpOptionsId=options)
    aws.ec2.delete_vpc(VpcId=vpc)
    aws.ec2.delete_dhcp_options(DhcpOptionsId=options)


@pytest.mark.on_aws
def test_the_default_group_lets_its_own_members_in(aws: Aws) -> None:
    wanted = [{"Name": "vpc-id", "Values": [aws.vpc()]}, {"Name": "group-name", "Values": ["default"]}]
    group = aws.ec2.describe_security_groups(Filters=wanted)["SecurityGroups"][0]
    assert [pair["GroupId"] for pair in group["IpPermissions"][0]["UserIdGroupPairs"]] == [group["GroupId"]]


@pytest.mark.on_aws
def test_the_default_group_cannot_be_deleted(aws: Aws) -> None:
    wanted = [{"Name": "vpc-id", "Values": [aws.vpc()]}]
    group = aws.ec2.describe_security_groups(Filters=wanted)["SecurityGroups"][0]["GroupId"]
    with aws.refuses("CannotDelete", text="cannot be deleted by a user"):
        aws.ec2.delete_security_group(GroupId=group)


@pytest.mark.on_aws
def test_a_group_that_another_group_refers_to_cannot_be_deleted(aws: Aws) -> None:
    vpc = aws.vpc()
    agents, endpoint = aws.group(vpc), aws.group(vpc, "endpoint")
    rule = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "UserIdGroupPairs": [{"GroupId": agents}],
    }
    aws.ec2.authorize_security_group_ingress(GroupId=endpoint, IpPermissions=[rule])
    with aws.refuses("DependencyViolation", text=f"resource {agents} has a dependent object"):
        aws.ec2.delete_security_group(GroupId=agents)


@pytest.mark.on_aws
def test_the_same_rule_twice_is_a_duplicate(aws: Aws) -> None:
    group = aws.group(aws.vpc())

    def authorize(dry: bool = False) -> Any:
        return aws.client("ec2").authorize_security_group_ingress(
            GroupId=group, IpProtocol="tcp", FromPort=443, ToPort=443, CidrIp="10.10.0.0/16", DryRun=dry
        )

    with aws.refuses("DryRunOperation", 412):
        authorize(dry=True)
    authorize()
    with aws.refuses("InvalidPermission.Duplicate"):
        authorize()
    with aws.refuses("InvalidPermission.Duplicate"):
        authorize(dry=True)


def permission(port: int = 443, **more: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **more}


def count_rules(aws: Aws, group: str) -> int:
    wanted = [{"Name": "group-id", "Values": [group]}]
    return len(aws.ec2.describe_security_group_rules(Filters=wanted)["SecurityGroupRules"])


@pytest.mark.on_aws
def test_a_request_with_one_duplicate_adds_no_rule_at_all(aws: Aws) -> None:
    group = aws.group(aws.vpc())
    one = permission(IpRanges=[{"CidrIp": "10.10.0.0/16"}])
    aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[one])
    before = count_rules(aws, group)
    with aws.refuses("InvalidPermission.Duplicate"):
        other = permission(IpRanges=[{"CidrIp": "10.20.0.0/16"}])
        aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[other, one])
    assert count_rules(aws, group) == before


@pytest.mark.on_aws
def test_all_added_rules_come_back_with_their_ids(aws: Aws) -> None:
    group = aws.group(aws.vpc())
    wanted = [permission(port, IpRanges=[{"CidrIp": "10.10.0.0/16"}]) for port in (443, 8443)]
    made = aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=wanted)["SecurityGroupRules"]
    assert [each["FromPort"] for each in made] == [443, 8443]
    ids = [each["SecurityGroupRuleId"] for each in made]
    aws.ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=ids)
    assert count_rules(aws, group) == 1


@pytest.mark.on_aws
def test_revoking_looks_at_the_source_not_at_the_description(aws: Aws) -> None:
    vpc = aws.vpc()
    agents, group = aws.group(vpc), aws.group(vpc, "endpoint")
    described = permission(UserIdGroupPairs=[{"GroupId": agents, "Description": "agents"}])
    aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[described])
    bare = permission(UserIdGroupPairs=[{"GroupId": agents}])
    aws.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[bare])
    with aws.refuses("InvalidPermission.NotFound"):
        aws.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[bare])


def test_a_rule_refers_to_groups_of_peered_vpcs_only(aws: Aws) -> None:
    vpc, other = aws.vpc(), aws.vpc("10.20.0.0/16", OTHERS)
    group = aws.group(vpc)
    foreign = aws.client("ec2", OTHERS).create_security_group(VpcId=other, GroupName="agents", Description="agents")
    rule = permission(UserIdGroupPairs=[{"GroupId": foreign["GroupId"], "UserId": OTHERS}])
    with aws.refuses("InvalidGroup.NotFound", text="two resources that belong to different networks"):
        aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    made = aws.ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other, PeerOwnerId=OTHERS)
    aws.client("ec2", OTHERS).accept_vpc_peering_connection(
        VpcPeeringConnectionId=made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    )
    aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    pairs = aws.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"][0]
    assert pairs["UserIdGroupPairs"] == [
        {
            "GroupId": foreign["GroupId"],
            "UserId": OTHERS,
            "VpcId": other,
            "VpcPeeringConnectionId": made["VpcPeeringConnection"]["VpcPeeringConnectionId"],
            "PeeringStatus": "active",
        }
    ]


@pytest.mark.on_aws
def test_a_rule_to_an_unknown_group_is_refused(aws: Aws) -> None:
    rule = permission(UserIdGroupPairs=[{"GroupId": "sg-00000000000000000"}])
    with aws.refuses("InvalidGroup.NotFound"):
        aws.ec2.authorize_security_group_ingress(GroupId=aws.group(aws.vpc()), IpPermissions=[rule])


@pytest.mark.on_aws
def test_tagging_an_unknown_endpoint_is_refused(aws: Aws) -> None:
    with aws.refuses("InvalidVpcEndpointId.NotFound"):
        aws.ec2.create_tags(Resources=["vpce-00000000000000000"], Tags=[{"Key": "a", "Value": "b"}])


def test_a_new_group_may_be_hidden_from_reads_for_a_while(aws: Aws) -> None:
    aws.settings.hidden_seconds = 3
    group = aws.group(aws.vpc())
    with aws.refuses("InvalidGroup.NotFound", text=f"The security group '{group}' does not exist"):
        aws.ec2.describe_security_groups(GroupIds=[group])
    aws.advance(3)
    assert aws.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["GroupId"] == group


@pytest.mark.on_aws
def test_a_vpc_with_a_group_of_its_own_cannot_be_deleted(aws: Aws) -> None:
    vpc = aws.vpc()
    group = aws.group(vpc)
    with aws.refuses("DependencyViolation"):
        aws.ec2.delete_vpc(VpcId=vpc)
    aws.ec2.delete_security_group(GroupId=group)
    aws.ec2.delete_vpc(VpcId=vpc)
    with aws.refuses("InvalidVpcID.NotFound", text=f"The vpc ID '{vpc}' does not exist"):
        aws.ec2.describe_vpcs(VpcIds=[vpc])


def test_the_default_acl_goes_with_its_vpc_and_another_one_keeps_it(aws: Aws) -> None:
    vpc = aws.vpc()
    of_it = [{"Name": "vpc-id", "Values": [vpc]}]
    own = aws.ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    with aws.refuses("DependencyViolation"):
        aws.ec2.delete_vpc(VpcId=vpc)
    assert len(aws.ec2.describe_network_acls(Filters=of_it)["NetworkAcls"]) == 2
    aws.ec2.delete_network_acl(NetworkAclId=own)
    aws.ec2.delete_vpc(VpcId=vpc)
    assert aws.ec2.describe_network_acls(Filters=of_it)["NetworkAcls"] == []


@pytest.mark.on_aws
def test_a_refused_deletion_of_a_vpc_leaves_it_whole(aws: Aws) -> None:
    vpc = aws.vpc()
    aws.subnet(vpc)
    before = aws.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]
    with aws.refuses("DependencyViolation"):
        aws.ec2.delete_vpc(VpcId=vpc)
    assert aws.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"] == before
    wanted = [{"Name": "vpc-id", "Values": [vpc]}]
    groups = aws.ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
    with aws.refuses("CannotDelete"):
        aws.ec2.delete_security_group(GroupId=groups[0]["GroupId"])


CHANGES: dict[str, Prepare] = {
    "create_vpc": lambda _unused: {"CidrBlock": "10.20.0.0/16"},
    "create_subnet": lambda aws: {"VpcId": aws.vpc(), "CidrBlock": "10.10.9.0/24"},
    "create_security_group": lambda aws: {"VpcId": aws.vpc(), "GroupName": "g", "Description": "g"},
    "create_network_interface": lambda aws: {"SubnetId": aws.subnet(aws.vpc())},
    "create_route_table": lambda aws: {"VpcId": aws.vpc()},
    "create_tags": lambda aws: {"Resources": [aws.vpc()], "Tags": [{"Key": "a", "Value": "b"}]},
    "delete_security_group": lambda aws: {"GroupId": aws.group(aws.vpc())},
    "delete_subnet": lambda aws: {"SubnetId": aws.subnet(aws.vpc())},
    "delete_vpc": lambda aws: {"VpcId": aws.vpc()},
    "create_vpc_peering_connection": lambda aws: {
        "VpcId": aws.vpc(),
        "PeerVpcId": aws.vpc("10.20.0.0/16", OTHERS),
        "PeerOwnerId": OTHERS,
    },
}


def everything(aws: Aws) -> list[int]:
    return [
        len(found)
        for ec2 in (aws.client("ec2", AGENTS), aws.client("ec2", OTHERS))
        for found in (
            ec2.describe_vpcs()["Vpcs"],
            ec2.describe_subnets()["Subnets"],
            ec2.describe_security_groups()["SecurityGroups"],
            ec2.describe_network_interfaces()["NetworkInterfaces"],
            ec2.describe_route_tables()["RouteTables"],
            ec2.describe_tags()["Tags"],
            ec2.describe_vpc_peering_connections()["VpcPeeringConnections"],
        )
    ]


@pytest.mark.parametrize("operation", sorted(CHANGES))
def test_the_dry_run_of_a_change_stores_nothing(aws: Aws, operation: str) -> None:
    change = getattr(aws.client("ec2"), operation)
    wanted = CHANGES[operation](aws)
    before = everything(aws)
    with aws.refuses("DryRunOperation", 412):
        change(DryRun=True, **wanted)
    assert everything(aws) == before
    change(**wanted)
    assert everything(aws) != before


@pytest.mark.parametrize(
    ("operation", "key"),
    [
        ("describe_vpcs", "Vpcs"),
        ("describe_subnets", "Subnets"),
        ("describe_security_groups", "SecurityGroups"),
        ("describe_security_group_rules", "SecurityGroupRules"),
        ("describe_network_interfaces", "NetworkInterfaces"),
        ("describe_route_tables", "RouteTables"),
        ("describe_vpc_endpoints", "VpcEndpoints"),
    ],
)
def test_describe_answers_in_pages(aws: Aws, operation: str, key: str) -> None:
    service, vpcs = aws.service(), [aws.vpc() for _unused in range(7)]
    for vpc in vpcs:
        aws.endpoint(vpc, service, aws.subnet(vpc))
    ec2 = aws.client("ec2")
    whole = getattr(ec2, operation)()[key]
    pages = list(ec2.get_paginator(operation).paginate(PaginationConfig={"PageSize": 5}))
    assert len(pages) > 1
    assert [len(page[key]) for page in pages[:-1]] == [5] * (len(pages) - 1)
    assert [each for page in pages for each in page[key]] == whole


@pytest.mark.on_aws
def test_the_smallest_page_has_five_entries(aws: Aws) -> None:
    with aws.refuses("InvalidParameterValue", text="Expecting a value between 5 and 1000"):
        aws.ec2.describe_vpcs(MaxResults=4)


@pytest.mark.on_aws
def test_pages_and_ids_exclude_each_other(aws: Aws) -> None:
    with aws.refuses("InvalidParameterCombination"):
        aws.ec2.describe_vpcs(VpcIds=[aws.vpc()], MaxResults=5)


@pytest.mark.on_aws
def test_a_made_up_token_is_refused(aws: Aws) -> None:
    with aws.refuses("InvalidNextToken"):
        aws.ec2.describe_vpcs(NextToken="made-up")


@pytest.mark.parametrize(
    "operation",
    ["vpcs", "subnets", "security_groups", "network_interfaces", "vpc_endpoints", "route_tables", "dhcp_options"],
)
@pytest.mark.on_aws
def test_an_unknown_filter_is_refused(aws: Aws, operation: str) -> None:
    with aws.refuses("InvalidParameterValue", text="The filter 'vpc-colour' is invalid"):
        getattr(aws.client("ec2"), f"describe_{operation}")(Filters=[{"Name": "vpc-colour", "Values": ["red"]}])


@pytest.mark.parametrize("action", sorted(FILTERS))
@pytest.mark.on_aws
def test_every_documented_filter_is_known(aws: Aws, action: str) -> None:
    vpc = aws.vpc()
    subnet = aws.subnet(vpc)
    aws.ec2.create_network_interface(SubnetId=subnet)
    aws.ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=aws.vpc("10.20.0.0/16"))
    gateway = aws.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    aws.ec2.create_transit_gateway_vpc_attachment(TransitGatewayId=gateway, VpcId=vpc, SubnetIds=[subnet])
    there = aws.subnet(vpc, "10.10.2.0/24")
    aws.ec2.run_instances(ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1, SubnetId=there)
    aws.ec2.associate_security_group_vpc(GroupId=aws.group(vpc), VpcId=aws.vpc("10.30.0.0/16"))
    describe = getattr(aws.ec2, xform_name(action))
    for name in (*FILTERS[action], "tag:colour", "tag-key"):
        answer = describe(Filters=[{"Name": name, "Values": ["sg-00000000000000000"]}])
        assert [value for key, value in answer.items() if isinstance(value, list) and value] == [], name


@pytest.mark.on_aws
def test_an_interface_with_two_groups_is_found_by_either(aws: Aws) -> None:
    vpc = aws.vpc()
    one, two, three = aws.group(vpc, "one"), aws.group(vpc, "two"), aws.group(vpc, "three")
    aws.ec2.create_network_interface(SubnetId=aws.subnet(vpc), Groups=[one, two])
    wanted = [{"Name": "group-id", "Values": [two, three]}]
    assert len(aws.ec2.describe_network_interfaces(Filters=wanted)["NetworkInterfaces"]) == 1


@pytest.mark.on_aws
def test_peering_of_overlapping_vpcs_fails(aws: Aws) -> None:
    made = aws.ec2.create_vpc_peering_connection(VpcId=aws.vpc(), PeerVpcId=aws.vpc())["VpcPeeringConnection"]
    assert made["Status"]["Code"] == "initiating-request"
    found = aws.ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[made["VpcPeeringConnectionId"]])
    assert found["VpcPeeringConnections"][0]["Status"]["Code"] == "failed"
    with aws.refuses("InvalidStateTransition"):
        aws.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=made["VpcPeeringConnectionId"])


def test_peering_over_accounts_and_regions_is_accepted_by_the_other_side(aws: Aws) -> None:
    peer = aws.vpc("10.20.0.0/16", OTHERS, FAR)
    made = aws.ec2.create_vpc_peering_connection(VpcId=aws.vpc(), PeerVpcId=peer, PeerOwnerId=OTHERS, PeerRegion=FAR)[
        "VpcPeeringConnection"
    ]
    assert made["Status"]["Code"] == "initiating-request"
    accepted = aws.client("ec2", OTHERS, FAR).accept_vpc_peering_connection(
        VpcPeeringConnectionId=made["VpcPeeringConnectionId"]
    )
    assert accepted["VpcPeeringConnection"]["Status"]["Code"] == "active"


@pytest.mark.on_aws
def test_a_route_over_a_deleted_peering_is_a_blackhole(aws: Aws) -> None:
    vpc = aws.vpc()
    peering = aws.ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=aws.vpc("10.20.0.0/16"))
    peering_id = peering["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    aws.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering_id)
    wanted = [{"Name": "vpc-id", "Values": [vpc]}]
    table = aws.ec2.describe_route_tables(Filters=wanted)["RouteTables"][0]["RouteTableId"]
    aws.ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.20.0.0/16", VpcPeeringConnectionId=peering_id)

    def states() -> dict[str, str]:
        routes = aws.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        return {each["DestinationCidrBlock"]: each["State"] for each in routes}

    assert states() == {"10.10.0.0/16": "active", "10.20.0.0/16": "active"}
    aws.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering_id)
    assert states() == {"10.10.0.0/16": "active", "10.20.0.0/16": "blackhole"}


@pytest.mark.on_aws
def test_peerings_can_be_filtered_by_state_and_side(aws: Aws) -> None:
    vpc = aws.vpc()
    aws.ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=aws.vpc("10.20.0.0/16"))
    for name, value, count in (
        ("requester-vpc-info.vpc-id", vpc, 1),
        ("accepter-vpc-info.vpc-id", vpc, 0),
        ("status-code", "pending-acceptance", 1),
        ("status-code", "active", 0),
    ):
        wanted = [{"Name": name, "Values": [value]}]
        found = aws.ec2.describe_vpc_peering_connections(Filters=wanted)["VpcPeeringConnections"]
        assert len(found) == count, name


@pytest.mark.on_aws
def test_subnets_are_told_apart_by_zone_id(aws: Aws) -> None:
    vpc = aws.vpc()
    subnet = aws.subnet(vpc, zone="us-east-1b")
    zone = aws.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["AvailabilityZoneId"]
    wanted = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "availability-zone-id", "Values": [zone]}]
    assert len(aws.ec2.describe_subnets(Filters=wanted)["Subnets"]) == 1


def test_zone_names_are_each_accounts_own_but_ids_are_not(aws: Aws) -> None:
    aws.settings.zone_shifts = {OTHERS: 1}

    def names(account: str) -> dict[str, str]:
        zones = aws.client("ec2", account).describe_availability_zones()["AvailabilityZones"]
        return {zone["ZoneId"]: zone["ZoneName"] for zone in zones}

    mine, theirs = names(AGENTS), names(OTHERS)
    assert set(mine) == set(theirs)
    assert mine != theirs
    subnet = aws.client("ec2", OTHERS).create_subnet(
        VpcId=aws.vpc(account=OTHERS), CidrBlock="10.10.1.0/24", AvailabilityZoneId="use1-az2"
    )["Subnet"]
    assert (subnet["AvailabilityZone"], subnet["AvailabilityZoneId"]) == (theirs["use1-az2"], "use1-az2")


@pytest.mark.on_aws
def test_an_unknown_zone_is_refused(aws: Aws) -> None:
    with aws.refuses("InvalidParameterValue", text="Invalid availability zone: [us-east-1z]"):
        aws.ec2.describe_availability_zones(ZoneNames=["us-east-1z"])
    with aws.refuses("InvalidParameterValue", text="Value (us-east-1z) for parameter availabilityZone is invalid."):
        aws.subnet(aws.vpc(), zone="us-east-1z")


@pytest.mark.on_aws
def test_zones_are_found_by_id_and_opt_in(aws: Aws) -> None:
    wanted = [{"Name": "zone-id", "Values": ["use1-az2"]}, {"Name": "opt-in-status", "Values": ["opt-in-not-required"]}]
    found = aws.ec2.describe_availability_zones(Filters=wanted)["AvailabilityZones"]
    assert [(each["ZoneId"], each["State"], each["ZoneType"]) for each in found] == [
        ("use1-az2", "available", "availability-zone")
    ]


@pytest.mark.on_aws
def test_transit_gateway_attachments_of_a_vpc_are_found(aws: Aws) -> None:
    vpc = aws.vpc()
    gateway = aws.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    aws.ec2.create_transit_gateway_vpc_attachment(TransitGatewayId=gateway, VpcId=vpc, SubnetIds=[aws.subnet(vpc)])
    wanted = [{"Name": "vpc-id", "Values": [vpc]}]
    found = aws.ec2.describe_transit_gateway_vpc_attachments(Filters=wanted)
    assert [each["TransitGatewayId"] for each in found["TransitGatewayVpcAttachments"]] == [gateway]


@pytest.mark.on_aws
def test_network_acls_of_a_subnet_are_found(aws: Aws) -> None:
    subnet = aws.subnet(aws.vpc())
    wanted = [{"Name": "association.subnet-id", "Values": [subnet]}]
    found = aws.ec2.describe_network_acls(Filters=wanted)["NetworkAcls"]
    assert [each["IsDefault"] for each in found] == [True]


@pytest.mark.on_aws
def test_a_subnet_uses_its_region(aws: Aws) -> None:
    with aws.refuses("InvalidSubnet.Range"):
        aws.subnet(aws.vpc(), "10.99.0.0/24", f"{REGION}a")
