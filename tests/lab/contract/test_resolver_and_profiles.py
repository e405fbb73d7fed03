# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resolver rules and Route 53 Profiles: enough to see that they decide a name before a private zone does."""

from __future__ import annotations

from .conftest import AGENTS, REGION, Aws


def test_a_forwarding_rule_and_its_association_are_listed(aws: Aws) -> None:
    resolver, vpc = aws.client("route53resolver"), aws.vpc()
    one, two = aws.subnet(vpc), aws.subnet(vpc, "10.10.2.0/24", "us-east-1b")
    outbound = resolver.create_resolver_endpoint(
        CreatorRequestId="1",
        Direction="OUTBOUND",
        SecurityGroupIds=[aws.group(vpc)],
        IpAddresses=[{"SubnetId": one}, {"SubnetId": two}],
        Name="out",
    )["ResolverEndpoint"]["Id"]
    rule = resolver.create_resolver_rule(
        CreatorRequestId="1",
        RuleType="FORWARD",
        Name="corp",
        DomainName="astronomer.run",
        TargetIps=[{"Ip": "10.0.0.53", "Port": 53}],
        ResolverEndpointId=outbound,
    )["ResolverRule"]["Id"]
    resolver.associate_resolver_rule(ResolverRuleId=rule, VPCId=vpc)
    rules = {each["Id"]: each["DomainName"] for each in resolver.list_resolver_rules()["ResolverRules"]}
    assert rules[rule] == "astronomer.run."
    found = resolver.list_resolver_rule_associations(Filters=[{"Name": "VPCId", "Values": [vpc]}])
    assert [each["ResolverRuleId"] for each in found["ResolverRuleAssociations"]] == [rule]


def test_an_account_without_rules_lists_none(aws: Aws) -> None:
    assert aws.client("route53resolver").list_resolver_rule_associations()["ResolverRuleAssociations"] == []


def test_a_zone_that_comes_through_a_profile_is_found_by_the_profile_only(aws: Aws) -> None:
    zone, vpc = aws.zone(aws.vpc()).rpartition("/")[2], aws.vpc("10.20.0.0/16")
    aws.control("PUT", "profiles", {"account": AGENTS, "region": REGION, "vpc_ids": [vpc], "zone_ids": [zone]})
    assert aws.route53.list_hosted_zones_by_vpc(VPCId=vpc, VPCRegion=REGION)["HostedZoneSummaries"] == []
    profiles = aws.client("route53profiles")
    associations = profiles.list_profile_associations(ResourceId=vpc)["ProfileAssociations"]
    assert [(each["ResourceId"], each["Status"]) for each in associations] == [(vpc, "COMPLETE")]
    resources = profiles.list_profile_resource_associations(ProfileId=associations[0]["ProfileId"])
    assert [each["ResourceArn"] for each in resources["ProfileResourceAssociations"]] == [
        f"arn:aws:route53:::hostedzone/{zone}"
    ]


def test_a_vpc_without_a_profile_has_no_association(aws: Aws) -> None:
    vpc = aws.vpc()
    aws.control("PUT", "profiles", {"account": AGENTS, "region": REGION, "vpc_ids": ["vpc-0"], "zone_ids": []})
    found = aws.client("route53profiles").list_profile_associations(ResourceId=vpc)
    assert found["ProfileAssociations"] == []


def test_an_unknown_profile_is_not_found(aws: Aws) -> None:
    with aws.refuses("ResourceNotFoundException"):
        aws.client("route53profiles").get_profile(ProfileId="rp-none")
