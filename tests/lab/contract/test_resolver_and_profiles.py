# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resolver rules and Route 53 Profiles: enough to see that they decide a name before a private zone does."""

from __future__ import annotations

import pytest
from astrolab.aws import state

from .conftest import AGENTS, REGION, Aws, a_record

NAME = "a.external.astronomer.run"


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


def outbound(aws: Aws) -> str:
    vpc = aws.vpc()
    subnets = [
        {"SubnetId": aws.subnet(vpc, f"10.10.{number}.0/24", f"us-east-1{zone}")} for number, zone in enumerate("ab")
    ]
    made = aws.client("route53resolver").create_resolver_endpoint(
        CreatorRequestId="1", Direction="OUTBOUND", SecurityGroupIds=[aws.group(vpc)], IpAddresses=subnets, Name="out"
    )
    return str(made["ResolverEndpoint"]["Id"])


def test_a_delegating_rule_has_a_record_and_no_domain_name(aws: Aws) -> None:
    resolver = aws.client("route53resolver")
    wanted = {"RuleType": "DELEGATE", "Name": "corp", "ResolverEndpointId": outbound(aws)}
    made = resolver.create_resolver_rule(CreatorRequestId="2", DelegationRecord="astronomer.run", **wanted)
    listed = [each for each in resolver.list_resolver_rules()["ResolverRules"] if each["RuleType"] == "DELEGATE"]
    for rule in (
        made["ResolverRule"],
        *listed,
        resolver.get_resolver_rule(ResolverRuleId=listed[0]["Id"])["ResolverRule"],
    ):
        assert "DomainName" not in rule
        assert rule["DelegationRecord"] == "astronomer.run"
    with aws.refuses("InvalidRequestException"):
        resolver.create_resolver_rule(CreatorRequestId="3", DomainName="x.run", **wanted)


@pytest.mark.on_aws
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


@pytest.mark.on_aws
def test_an_unknown_profile_is_not_found(aws: Aws) -> None:
    with aws.refuses("ResourceNotFoundException"):
        aws.client("route53profiles").get_profile(ProfileId="rp-none")


def test_a_profile_is_made_and_brings_a_zone_to_a_vpc(aws: Aws) -> None:
    zone, vpc = aws.zone(aws.vpc()), aws.vpc("10.20.0.0/16")
    aws.change(zone, ("CREATE", a_record(NAME, "10.0.0.1")))
    aws.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    aws.advance()
    profiles = aws.client("route53profiles")
    profile = profiles.create_profile(Name="shared", ClientToken="1")["Profile"]["Id"]
    arn = f"arn:aws:route53:::hostedzone/{zone.rpartition('/')[2]}"
    made = profiles.associate_resource_to_profile(ProfileId=profile, ResourceArn=arn, Name="zone")
    joined = profiles.associate_profile(ProfileId=profile, ResourceId=vpc, Name="vpc")
    assert made["ProfileResourceAssociation"]["Status"] == joined["ProfileAssociation"]["Status"] == "UPDATING"
    assert state.answer(vpc, NAME, "A").source == "public"
    aws.advance()
    assert profiles.list_profile_associations(ResourceId=vpc)["ProfileAssociations"][0]["Status"] == "COMPLETE"
    assert [each.value for each in state.answer(vpc, NAME, "A").records] == ["10.0.0.1"]
    profiles.disassociate_profile(ProfileId=profile, ResourceId=vpc)
    assert state.answer(vpc, NAME, "A").source == "public"


def test_a_zone_of_the_vpc_itself_comes_before_one_of_a_profile(aws: Aws) -> None:
    far, vpc = aws.zone(aws.vpc()), aws.vpc("10.20.0.0/16")
    near = aws.zone(vpc)
    aws.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    aws.change(far, ("CREATE", a_record(NAME, "10.0.0.1")))
    aws.change(near, ("CREATE", a_record(NAME, "10.0.0.2")))
    zones = [far.rpartition("/")[2]]
    aws.control("PUT", "profiles", {"account": AGENTS, "region": REGION, "vpc_ids": [vpc], "zone_ids": zones})
    aws.advance()
    assert [each.value for each in state.answer(vpc, NAME, "A").records] == ["10.0.0.2"]


def test_a_vpc_has_one_profile_and_a_profile_with_associations_stays(aws: Aws) -> None:
    profiles, vpc = aws.client("route53profiles"), aws.vpc()
    one, two = (profiles.create_profile(Name=name, ClientToken=name)["Profile"]["Id"] for name in ("one", "two"))
    profiles.associate_profile(ProfileId=one, ResourceId=vpc, Name="vpc")
    with aws.refuses("ConflictException"):
        profiles.associate_profile(ProfileId=two, ResourceId=vpc, Name="vpc")
    with aws.refuses("ConflictException"):
        profiles.delete_profile(ProfileId=one)
    profiles.delete_profile(ProfileId=two)
    assert [each["Id"] for each in profiles.list_profiles()["ProfileSummaries"]] == [one]


def test_only_private_zones_of_the_account_go_into_a_profile(aws: Aws) -> None:
    profiles = aws.client("route53profiles")
    profile = profiles.create_profile(Name="shared", ClientToken="1")["Profile"]["Id"]
    public = aws.route53.create_hosted_zone(Name="public.run", CallerReference="1")["HostedZone"]["Id"]
    for zone in (public.rpartition("/")[2], "ZNONE"):
        with aws.refuses("InvalidParameterException"):
            profiles.associate_resource_to_profile(
                ProfileId=profile, ResourceArn=f"arn:aws:route53:::hostedzone/{zone}", Name="zone"
            )


@pytest.mark.on_aws
def test_name_servers_are_asked_of_public_zones_only(aws: Aws) -> None:
    public = aws.route53.create_hosted_zone(Name="public.run", CallerReference="1")["HostedZone"]["Id"]
    aws.change(public, ("CREATE", a_record("a.public.run", "192.0.2.1")))

    def ask(name: str, kind: str = "A") -> tuple[str, list[str]]:
        answer = aws.route53.test_dns_answer(HostedZoneId=public, RecordName=name, RecordType=kind)
        return answer["ResponseCode"], answer["RecordData"]

    assert ask("a.public.run") == ("NOERROR", ["192.0.2.1"])
    assert ask("a.public.run", "AAAA") == ("NOERROR", [])
    assert ask("b.public.run") == ("NXDOMAIN", [])
    with aws.refuses("InvalidInput"):
        ask("a.other.run")
    private = aws.zone(aws.vpc())
    with aws.refuses("InvalidInput", text="only supports public hosted zones"):
        aws.route53.test_dns_answer(HostedZoneId=private, RecordName=NAME, RecordType="A")
