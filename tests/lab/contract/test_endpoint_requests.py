# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CreateVpcEndpoint and ModifyVpcEndpoint: defaults, and what AWS refuses in which words."""

from __future__ import annotations

import pytest

from .conftest import AGENTS, ASTRO, FAR, REGION, Aws


def test_the_type_defaults_to_gateway_which_an_interface_service_refuses(aws: Aws) -> None:
    vpc, service = aws.vpc(), aws.service()
    with aws.refuses(
        "InvalidParameter", text="Endpoint type (Gateway) does not match available service types ([Interface])."
    ):
        aws.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=service)


@pytest.mark.on_aws
def test_a_gateway_endpoint_is_available_at_once_and_can_be_deleted(aws: Aws) -> None:
    made = aws.ec2.create_vpc_endpoint(VpcId=aws.vpc(), ServiceName=f"com.amazonaws.{REGION}.s3")["VpcEndpoint"]
    assert (made["VpcEndpointType"], made["State"]) == ("Gateway", "available")
    aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    assert aws.look(made["VpcEndpointId"])["State"] == "deleting"


def test_without_groups_it_gets_the_default_group_of_the_vpc(aws: Aws) -> None:
    vpc = aws.vpc()
    endpoint = aws.endpoint(vpc, aws.service(), aws.subnet(vpc))
    assert [each["GroupName"] for each in endpoint["Groups"]] == ["default"]


def test_region_address_type_and_requester_are_returned(aws: Aws) -> None:
    vpc = aws.vpc()
    endpoint = aws.endpoint(vpc, aws.service(), aws.subnet(vpc))
    assert (endpoint["ServiceRegion"], endpoint["IpAddressType"]) == (REGION, "ipv4")
    assert endpoint["DnsOptions"] == {"DnsRecordIpType": "ipv4", "PrivateDnsOnlyForInboundResolverEndpoint": False}
    assert endpoint["RequesterManaged"] is False
    assert endpoint["OwnerId"] == AGENTS


def test_the_same_client_token_gives_the_same_endpoint(aws: Aws) -> None:
    vpc, service = aws.vpc(), aws.service()
    subnet = aws.subnet(vpc)
    first = aws.endpoint(vpc, service, subnet, ClientToken="once")
    again = aws.endpoint(vpc, service, subnet, ClientToken="once")
    assert again["VpcEndpointId"] == first["VpcEndpointId"]
    assert len(aws.ec2.describe_vpc_endpoints()["VpcEndpoints"]) == 1


def test_the_same_client_token_with_other_parameters_is_a_mismatch(aws: Aws) -> None:
    vpc, service = aws.vpc(), aws.service()
    aws.endpoint(vpc, service, ClientToken="once")
    with aws.refuses("IdempotentParameterMismatch"):
        aws.endpoint(vpc, service, aws.subnet(vpc), ClientToken="once")


def test_private_dns_is_wanted_unless_said_otherwise_where_the_service_has_a_name(aws: Aws) -> None:
    def made(service: str, vpc: str) -> bool:
        reply = aws.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=service, VpcEndpointType="Interface")
        return bool(reply["VpcEndpoint"]["PrivateDnsEnabled"])

    named = aws.vpc()
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
        aws.ec2.modify_vpc_attribute(VpcId=named, **{attribute: {"Value": True}})
    assert made(aws.service(private_dns_name="api.example.com"), named)
    assert not made(aws.service(), aws.vpc())


def test_private_dns_is_refused_without_a_name(aws: Aws) -> None:
    vpc, service = aws.vpc(), aws.service()
    with aws.refuses(
        "InvalidParameter",
        text=f"Private DNS can't be enabled because the service {service} does not provide a private DNS name.",
    ):
        aws.endpoint(vpc, service, PrivateDnsEnabled=True)


def test_private_dns_needs_both_dns_attributes_of_the_vpc(aws: Aws) -> None:
    vpc, service = aws.vpc(), aws.service(private_dns_name="api.example.com")
    with aws.refuses("InvalidParameter", text="enableDnsSupport and enableDnsHostnames"):
        aws.endpoint(vpc, service, PrivateDnsEnabled=True)
    aws.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    assert aws.endpoint(vpc, service, PrivateDnsEnabled=True)["PrivateDnsEnabled"] is True
    with aws.refuses("InvalidParameter", text="conflicting DNS domain for api.example.com"):
        aws.endpoint(vpc, service, PrivateDnsEnabled=True)


@pytest.mark.on_aws
def test_an_unknown_service_does_not_exist(aws: Aws) -> None:
    name = f"com.amazonaws.vpce.{REGION}.vpce-svc-00000000000000000"
    with aws.refuses("InvalidServiceName", text=f"The Vpc Endpoint Service '{name}' does not exist"):
        aws.endpoint(aws.vpc(), name)


def test_an_account_that_is_not_an_allowed_principal_hears_that_it_does_not_exist(aws: Aws) -> None:
    service = aws.service(principals=["arn:aws:iam::123123123123:root"])
    with aws.refuses("InvalidServiceName"):
        aws.endpoint(aws.vpc(), service)


def test_an_allowed_principal_may_use_it(aws: Aws) -> None:
    vpc = aws.vpc()
    assert aws.endpoint(vpc, aws.service(principals=[f"arn:aws:iam::{AGENTS}:root"]))["State"] == "pending"


def test_a_service_of_another_region_needs_the_service_region(aws: Aws) -> None:
    service = aws.service(region=FAR, supported_regions=[REGION])
    vpc = aws.vpc()
    with aws.refuses("InvalidServiceName"):
        aws.endpoint(vpc, service)
    assert aws.endpoint(vpc, service, ServiceRegion=FAR)["ServiceRegion"] == FAR


def test_a_region_that_the_provider_has_not_enabled_is_refused(aws: Aws) -> None:
    with aws.refuses("InvalidServiceName"):
        aws.endpoint(aws.vpc(), aws.service(region=FAR), ServiceRegion=FAR)


def test_multi_region_access_can_be_denied_by_itself(aws: Aws) -> None:
    service = aws.service(region=FAR, supported_regions=[REGION])
    aws.settings.denied = {AGENTS: ["vpce:AllowMultiRegion"]}
    with aws.refuses("UnauthorizedOperation", 403, "vpce:AllowMultiRegion"):
        aws.endpoint(aws.vpc(), service, ServiceRegion=FAR)


def test_a_zone_that_the_service_does_not_offer_is_refused(aws: Aws) -> None:
    vpc, service = aws.vpc(), aws.service(zones=["us-east-1a"])
    subnet = aws.subnet(vpc, zone="us-east-1b")
    with aws.refuses(
        "InvalidParameter",
        text=f"The VPC endpoint service {service} does not support the availability zone of the subnet: {subnet}.",
    ):
        aws.endpoint(vpc, service, subnet)


def test_across_regions_zones_need_not_match_but_some_are_refused_with_a_list(aws: Aws) -> None:
    vpc, service = aws.vpc(), aws.service(region=FAR, zones=["eu-west-1a"], supported_regions=[REGION])
    zones = aws.ec2.describe_availability_zones()["AvailabilityZones"]
    names = {zone["ZoneId"]: zone["ZoneName"] for zone in zones}
    refused = aws.subnet(vpc, zone=names["use1-az3"])
    with aws.refuses(
        "InvalidParameter", text="Only the following availability zones are supported for remote access: "
    ):
        aws.endpoint(vpc, service, refused, ServiceRegion=FAR)
    good = aws.subnet(vpc, "10.10.2.0/24", zone=names["use1-az2"])
    assert aws.endpoint(vpc, service, good, ServiceRegion=FAR)["SubnetIds"] == [good]


def test_the_list_of_remote_zones_leaves_out_the_refused_one(aws: Aws) -> None:
    vpc, service = aws.vpc(), aws.service(region=FAR, supported_regions=[REGION])
    zones = aws.ec2.describe_availability_zones()["AvailabilityZones"]
    refused = next(zone["ZoneName"] for zone in zones if zone["ZoneId"] == "use1-az3")
    good = [zone["ZoneId"] for zone in zones if zone["ZoneId"] != "use1-az3"]
    with aws.refuses("InvalidParameter", text=", ".join(good)):
        aws.endpoint(vpc, service, aws.subnet(vpc, zone=refused), ServiceRegion=FAR)


def test_two_subnets_in_one_zone_are_refused(aws: Aws) -> None:
    vpc, service = aws.vpc(), aws.service()
    one, two = aws.subnet(vpc), aws.subnet(vpc, "10.10.2.0/24")
    with aws.refuses(
        "DuplicateSubnetsInSameZone",
        text=f"Found another VPC endpoint subnet in the availability zone of {two}. VPC endpoint subnets should be in "
        "different availability zones supported by the VPC endpoint service.",
    ):
        aws.endpoint(vpc, service, one, two)


def test_an_unknown_subnet_is_refused(aws: Aws) -> None:
    with aws.refuses("InvalidSubnetID.NotFound", text="The subnet ID 'subnet-0' does not exist"):
        aws.endpoint(aws.vpc(), aws.service(), "subnet-0")


def test_a_subnet_of_another_vpc_is_refused(aws: Aws) -> None:
    with aws.refuses("InvalidParameter", text="different networks"):
        aws.endpoint(aws.vpc(), aws.service(), aws.subnet(aws.vpc()))


def test_a_full_subnet_is_refused(aws: Aws) -> None:
    vpc, service = aws.vpc(), aws.service()
    subnet = aws.subnet(vpc, "10.10.1.0/28")
    for _unused in range(11):
        aws.ec2.create_network_interface(SubnetId=subnet)
    with aws.refuses("InsufficientFreeAddressesInSubnet"):
        aws.endpoint(vpc, service, subnet)


def test_an_unknown_group_is_refused(aws: Aws) -> None:
    with aws.refuses("InvalidSecurityGroupId.NotFound"):
        aws.endpoint(aws.vpc(), aws.service(), SecurityGroupIds=["sg-00000000000000000"])


def test_a_group_of_another_vpc_is_refused(aws: Aws) -> None:
    with aws.refuses("InvalidParameter", text="different networks"):
        aws.endpoint(aws.vpc(), aws.service(), SecurityGroupIds=[aws.group(aws.vpc())])


def test_an_unknown_vpc_is_refused(aws: Aws) -> None:
    with aws.refuses("InvalidVpcID.NotFound"):
        aws.endpoint("vpc-00000000000000000", aws.service())


def test_the_quota_of_endpoints_per_vpc_is_a_limit(aws: Aws) -> None:
    aws.settings.endpoints_per_vpc = 1
    vpc, service = aws.vpc(), aws.service()
    aws.endpoint(vpc, service)
    with aws.refuses("VpcEndpointLimitExceeded"):
        aws.endpoint(vpc, service)


def test_a_participant_of_a_shared_vpc_is_refused(aws: Aws) -> None:
    vpc, service = aws.vpc(), aws.service()
    subnet = aws.subnet(vpc)
    aws.settings.shared_vpcs = {vpc: ASTRO}
    assert aws.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["OwnerId"] == ASTRO
    with aws.refuses("UnauthorizedOperation", 403, "This operation does not support shared VPCs."):
        aws.endpoint(vpc, service, subnet)


@pytest.mark.parametrize("operation", ["create", "modify", "delete"])
def test_a_dry_run_changes_nothing_and_says_so(aws: Aws, operation: str) -> None:
    vpc, service = aws.vpc(), aws.service()
    subnet, second = aws.subnet(vpc), aws.subnet(vpc, "10.10.2.0/24", "us-east-1b")
    endpoint = aws.endpoint(vpc, service, subnet)["VpcEndpointId"]
    before = aws.ec2.describe_vpc_endpoints()["VpcEndpoints"], aws.ec2.describe_network_interfaces()
    with aws.refuses("DryRunOperation", 412, "Request would have succeeded, but DryRun flag is set."):
        if operation == "create":
            aws.endpoint(vpc, service, subnet, DryRun=True, ClientToken="dry")
        elif operation == "modify":
            aws.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[second], DryRun=True)
        else:
            aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint], DryRun=True)
    after = aws.ec2.describe_vpc_endpoints()["VpcEndpoints"], aws.ec2.describe_network_interfaces()
    assert before[0] == after[0]
    assert before[1]["NetworkInterfaces"] == after[1]["NetworkInterfaces"]


def test_a_dry_run_finds_the_error_of_the_real_call(aws: Aws) -> None:
    vpc, service = aws.vpc(), aws.service(zones=["us-east-1a"])
    with aws.refuses("InvalidParameter", text="does not support the availability zone"):
        aws.endpoint(vpc, service, aws.subnet(vpc, zone="us-east-1b"), DryRun=True)


def test_modify_adds_and_removes_subnets_and_groups(aws: Aws) -> None:
    vpc, service = aws.vpc(), aws.service()
    one, two, group = aws.subnet(vpc), aws.subnet(vpc, "10.10.2.0/24", "us-east-1b"), aws.group(vpc)
    made = aws.endpoint(vpc, service, one)
    aws.ec2.modify_vpc_endpoint(
        VpcEndpointId=made["VpcEndpointId"],
        AddSubnetIds=[two],
        RemoveSubnetIds=[one],
        AddSecurityGroupIds=[group],
        RemoveSecurityGroupIds=[made["Groups"][0]["GroupId"]],
    )
    endpoint = aws.look(made["VpcEndpointId"])
    assert endpoint["SubnetIds"] == [two]
    assert [each["GroupId"] for each in endpoint["Groups"]] == [group]


def test_modify_cannot_swap_subnets_within_a_zone_in_one_call(aws: Aws) -> None:
    vpc, service = aws.vpc(), aws.service()
    one, two = aws.subnet(vpc), aws.subnet(vpc, "10.10.2.0/24")
    endpoint = aws.endpoint(vpc, service, one)["VpcEndpointId"]
    with aws.refuses("DuplicateSubnetsInSameZone"):
        aws.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[two], RemoveSubnetIds=[one])
    aws.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveSubnetIds=[one])
    aws.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[two])
    assert aws.look(endpoint)["SubnetIds"] == [two]


def test_modify_cannot_take_the_last_group(aws: Aws) -> None:
    vpc = aws.vpc()
    made = aws.endpoint(vpc, aws.service())
    with aws.refuses("InvalidParameter", text="at least one security group"):
        aws.ec2.modify_vpc_endpoint(
            VpcEndpointId=made["VpcEndpointId"], RemoveSecurityGroupIds=[made["Groups"][0]["GroupId"]]
        )


@pytest.mark.on_aws
def test_modify_of_an_unknown_endpoint_is_refused(aws: Aws) -> None:
    with aws.refuses("InvalidVpcEndpointId.NotFound"):
        aws.ec2.modify_vpc_endpoint(VpcEndpointId="vpce-00000000000000000")


def test_tags_given_at_creation_can_be_filtered_for(aws: Aws) -> None:
    vpc, service = aws.vpc(), aws.service()
    tags = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "managed-by", "Value": "astro.privatelink"}]}]
    made = aws.endpoint(vpc, service, TagSpecifications=tags)
    aws.endpoint(vpc, service)
    wanted = [{"Name": "tag:managed-by", "Values": ["astro.privatelink"]}]
    found = aws.ec2.describe_vpc_endpoints(Filters=wanted)["VpcEndpoints"]
    assert [each["VpcEndpointId"] for each in found] == [made["VpcEndpointId"]]
    assert found[0]["Tags"] == tags[0]["Tags"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("vpc-endpoint-type", "Interface"),
        ("vpc-endpoint-state", "pending"),
        ("service-region", REGION),
        ("ip-address-type", "ipv4"),
        ("service-name", "com.amazonaws.vpce.*"),
    ],
)
def test_filters_of_endpoints(aws: Aws, name: str, value: str) -> None:
    vpc = aws.vpc()
    aws.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3")
    made = aws.endpoint(vpc, aws.service())
    found = aws.ec2.describe_vpc_endpoints(Filters=[{"Name": name, "Values": [value]}])["VpcEndpoints"]
    assert made["VpcEndpointId"] in [each["VpcEndpointId"] for each in found]
    missing = aws.ec2.describe_vpc_endpoints(Filters=[{"Name": name, "Values": ["nothing"]}])["VpcEndpoints"]
    assert missing == []


@pytest.mark.on_aws
def test_an_id_as_filter_finds_nothing_where_an_id_as_argument_is_an_error(aws: Aws) -> None:
    wanted = [{"Name": "vpc-endpoint-id", "Values": ["vpce-00000000000000000"]}]
    assert aws.ec2.describe_vpc_endpoints(Filters=wanted)["VpcEndpoints"] == []


def test_a_filter_with_many_values_finds_any_of_them(aws: Aws) -> None:
    service, vpcs = aws.service(), [aws.vpc() for _unused in range(3)]
    for vpc in vpcs:
        aws.endpoint(vpc, service)
    found = aws.ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": vpcs[:2]}])["VpcEndpoints"]
    assert {each["VpcId"] for each in found} == set(vpcs[:2])
