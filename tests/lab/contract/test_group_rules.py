# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rule of a security group may refer to, how its ranges are kept, and how many a group may have."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import FAR, OTHERS, Aws


def permission(**source: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **source}


def admit(aws: Aws, group: str, **source: Any) -> Any:
    return aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission(**source)])


def shown(aws: Aws, group: str) -> Any:
    return aws.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]


@pytest.fixture
def peers(aws: Aws) -> tuple[str, str]:
    """A group of ours, and one of another account's VPC that ours is peered with."""
    vpc, other = aws.vpc(), aws.vpc("10.20.0.0/16", OTHERS)
    made = aws.ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other, PeerOwnerId=OTHERS)
    theirs = aws.client("ec2", OTHERS)
    theirs.accept_vpc_peering_connection(VpcPeeringConnectionId=made["VpcPeeringConnection"]["VpcPeeringConnectionId"])
    foreign = theirs.create_security_group(VpcId=other, GroupName="agents", Description="agents")
    return aws.group(vpc), str(foreign["GroupId"])


def test_a_group_of_another_account_is_only_found_with_its_account(aws: Aws, peers: tuple[str, str]) -> None:
    group, foreign = peers
    with aws.refuses("InvalidGroup.NotFound", text=f"The security group '{foreign}' does not exist"):
        admit(aws, group, UserIdGroupPairs=[{"GroupId": foreign}])
    admit(aws, group, UserIdGroupPairs=[{"GroupId": foreign, "UserId": OTHERS}])


def test_revoking_names_the_account_too(aws: Aws, peers: tuple[str, str]) -> None:
    group, foreign = peers
    admit(aws, group, UserIdGroupPairs=[{"GroupId": foreign, "UserId": OTHERS}])
    without = permission(UserIdGroupPairs=[{"GroupId": foreign}])
    with aws.refuses("InvalidPermission.NotFound"):
        aws.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[without])
    pairs = shown(aws, group)[0]["UserIdGroupPairs"]
    aws.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission(UserIdGroupPairs=pairs)])
    assert shown(aws, group) == []


def test_a_reference_over_a_deleted_peering_says_so(aws: Aws, peers: tuple[str, str]) -> None:
    group, foreign = peers
    admit(aws, group, UserIdGroupPairs=[{"GroupId": foreign, "UserId": OTHERS}])
    peering = shown(aws, group)[0]["UserIdGroupPairs"][0]["VpcPeeringConnectionId"]
    aws.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering)
    assert shown(aws, group)[0]["UserIdGroupPairs"][0]["PeeringStatus"] == "deleted"


@pytest.mark.parametrize("direction", ["ingress", "egress"])
@pytest.mark.on_aws
def test_a_group_of_another_region_cannot_be_named(aws: Aws, direction: str) -> None:
    vpc, far = aws.vpc(), aws.vpc("10.20.0.0/16", region=FAR)
    made = aws.ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=far, PeerRegion=FAR)
    there = aws.client("ec2", region=FAR)
    there.accept_vpc_peering_connection(VpcPeeringConnectionId=made["VpcPeeringConnection"]["VpcPeeringConnectionId"])
    foreign = there.create_security_group(VpcId=far, GroupName="agents", Description="agents")["GroupId"]
    authorize = getattr(aws.ec2, f"authorize_security_group_{direction}")
    with aws.refuses("InvalidGroup.NotFound"):
        authorize(GroupId=aws.group(vpc), IpPermissions=[permission(UserIdGroupPairs=[{"GroupId": foreign}])])


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"IpRanges": [{"CidrIp": "100.68.0.18/18"}]}, ("IpRanges", "CidrIp", "100.68.0.0/18")),
        ({"Ipv6Ranges": [{"CidrIpv6": "2001:DB8:0::1/64"}]}, ("Ipv6Ranges", "CidrIpv6", "2001:db8::/64")),
    ],
)
@pytest.mark.on_aws
def test_ranges_are_kept_without_the_bits_of_a_host(aws: Aws, sent: dict[str, Any], kept: tuple[str, str, str]) -> None:
    group = aws.group(aws.vpc())
    made = admit(aws, group, **sent)["SecurityGroupRules"][0]
    kind, field, cidr = kept
    assert shown(aws, group)[0][kind] == [{field: cidr}]
    assert cidr in made.values()
    same = permission(**{kind: [{field: cidr}]})
    with aws.refuses("InvalidPermission.Duplicate"):
        aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[same])
    aws.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission(**sent)])
    assert shown(aws, group) == []


@pytest.mark.on_aws
def test_ranges_of_vpcs_and_subnets_too(aws: Aws) -> None:
    vpc = aws.vpc("100.68.0.18/18")
    assert aws.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlock"] == "100.68.0.0/18"
    subnet = aws.subnet(vpc, "100.68.3.7/24")
    assert aws.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["CidrBlock"] == "100.68.3.0/24"


def cidrs(count: int, start: int = 0) -> list[dict[str, str]]:
    return [{"CidrIp": f"10.0.{number}.0/24"} for number in range(start, start + count)]


@pytest.mark.on_aws
def test_a_group_has_sixty_rules_of_a_family_and_direction(aws: Aws) -> None:
    group = aws.group(aws.vpc())
    admit(aws, group, IpRanges=cidrs(60))
    with aws.refuses(
        "RulesPerSecurityGroupLimitExceeded", text="The maximum number of rules per security group has been reached."
    ):
        admit(aws, group, IpRanges=cidrs(1, 60))
    admit(aws, group, Ipv6Ranges=[{"CidrIpv6": f"2001:db8:{number}::/48"} for number in range(60)])
    aws.ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[permission(IpRanges=cidrs(59))])
    with aws.refuses("RulesPerSecurityGroupLimitExceeded"):
        aws.ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[permission(IpRanges=cidrs(1, 60))])


@pytest.mark.on_aws
def test_a_request_over_the_quota_adds_nothing(aws: Aws) -> None:
    group = aws.group(aws.vpc())
    with aws.refuses("RulesPerSecurityGroupLimitExceeded"):
        admit(aws, group, IpRanges=cidrs(61))
    assert shown(aws, group) == []


def test_a_group_counts_in_both_families(aws: Aws) -> None:
    vpc = aws.vpc()
    group, agents = aws.group(vpc), aws.group(vpc, "other")
    aws.settings.rules_per_group = 2
    admit(aws, group, IpRanges=cidrs(1), Ipv6Ranges=[{"CidrIpv6": "2001:db8::/48"}])
    admit(aws, group, UserIdGroupPairs=[{"GroupId": agents}])
    for source in ({"IpRanges": cidrs(1, 9)}, {"Ipv6Ranges": [{"CidrIpv6": "2001:db8:1::/48"}]}):
        with aws.refuses("RulesPerSecurityGroupLimitExceeded"):
            admit(aws, group, **source)


@pytest.mark.on_aws
def test_a_prefix_list_counts_as_its_largest_size(aws: Aws) -> None:
    made = aws.ec2.create_managed_prefix_list(
        PrefixListName="agents", MaxEntries=59, AddressFamily="IPv4", Entries=[{"Cidr": "10.0.0.0/8"}]
    )
    group = aws.group(aws.vpc())
    admit(aws, group, PrefixListIds=[{"PrefixListId": made["PrefixList"]["PrefixListId"]}])
    admit(aws, group, IpRanges=cidrs(1))
    with aws.refuses("RulesPerSecurityGroupLimitExceeded"):
        admit(aws, group, IpRanges=cidrs(1, 1))


def test_an_endpoint_has_five_groups(aws: Aws) -> None:
    vpc = aws.vpc()
    groups = [aws.group(vpc, f"group{number}") for number in range(6)]
    service, subnet = aws.service(), aws.subnet(vpc)
    with aws.refuses("SecurityGroupsPerInterfaceLimitExceeded"):
        aws.endpoint(vpc, service, subnet, SecurityGroupIds=groups)
    endpoint = aws.endpoint(vpc, service, subnet, SecurityGroupIds=groups[:5])["VpcEndpointId"]
    with aws.refuses("SecurityGroupsPerInterfaceLimitExceeded"):
        aws.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSecurityGroupIds=groups[5:])
    aws.ec2.modify_vpc_endpoint(
        VpcEndpointId=endpoint, AddSecurityGroupIds=groups[5:], RemoveSecurityGroupIds=groups[:1]
    )
