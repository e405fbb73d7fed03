# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosted zones: making, finding, listing and deleting them; changes; limits; tags."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import AGENTS, FAR, OTHERS, REGION, Aws, a_record, here

NAME = "external.astronomer.run"


@pytest.mark.on_aws
def test_a_private_zone_shows_name_comment_vpc_and_its_two_records(aws: Aws) -> None:
    vpc = aws.vpc()
    made = aws.route53.get_hosted_zone(Id=aws.zone(vpc))
    assert made["HostedZone"]["Name"] == f"{NAME}."
    ids = [made["HostedZone"]["Id"], *(aws.zone(vpc, f"{each}.example.com") for each in "abc")]
    assert all(each.startswith("/hostedzone/Z") for each in ids)  # one might begin so by chance
    assert made["HostedZone"].get("Config") == {"PrivateZone": True, "Comment": "lab"}
    assert made["HostedZone"].get("ResourceRecordSetCount") == 2
    assert made.get("VPCs") == [here(vpc)]


@pytest.mark.on_aws
def test_a_private_zone_has_ns_and_soa_as_aws_makes_them(aws: Aws) -> None:
    records = aws.records(aws.zone(aws.vpc()))
    assert [each["Value"] for each in records[f"{NAME}.", "NS"]["ResourceRecords"]] == [
        "ns-1536.awsdns-00.co.uk.",
        "ns-0.awsdns-00.com.",
        "ns-1024.awsdns-00.org.",
        "ns-512.awsdns-00.net.",
    ]
    soa = records[f"{NAME}.", "SOA"]
    assert (soa["TTL"], soa["ResourceRecords"][0]["Value"]) == (
        900,
        "ns-1536.awsdns-00.co.uk. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400",
    )


@pytest.mark.on_aws
def test_a_vpc_makes_the_zone_private_even_if_nobody_said_so(aws: Aws) -> None:
    made = aws.route53.create_hosted_zone(Name=NAME, CallerReference="1", VPC=here(aws.vpc()))
    assert made["HostedZone"].get("Config") == {"PrivateZone": True}


@pytest.mark.on_aws
def test_names_get_lower_case_and_a_final_dot(aws: Aws) -> None:
    zone = aws.zone(aws.vpc(), "External.Astronomer.RUN")
    assert aws.route53.get_hosted_zone(Id=zone)["HostedZone"]["Name"] == f"{NAME}."


@pytest.mark.on_aws
def test_a_private_zone_needs_a_vpc(aws: Aws) -> None:
    with aws.refuses("InvalidInput", text="you must also specify values for VPCId and VPCRegion"):
        aws.route53.create_hosted_zone(Name=NAME, CallerReference="1", HostedZoneConfig={"PrivateZone": True})


@pytest.mark.on_aws
def test_an_unknown_vpc_is_refused(aws: Aws) -> None:
    with aws.refuses("InvalidVPCId"):
        aws.zone("vpc-00000000000000000")


@pytest.mark.on_aws
def test_a_vpc_in_the_wrong_region_is_refused(aws: Aws) -> None:
    with aws.refuses("InvalidVPCId"):
        aws.zone(aws.vpc(region=FAR))


def test_a_vpc_of_another_account_is_refused(aws: Aws) -> None:
    with aws.refuses("InvalidVPCId"):
        aws.zone(aws.vpc(account=OTHERS))


def test_a_caller_that_may_not_describe_vpcs_hears_that_the_vpc_is_invalid(aws: Aws) -> None:
    vpc = aws.vpc()
    aws.settings.denied = {AGENTS: ["ec2:DescribeVpcs"]}
    with aws.refuses("InvalidVPCId"):
        aws.zone(vpc)


@pytest.mark.on_aws
def test_a_second_zone_of_the_same_name_on_a_vpc_is_a_conflict(aws: Aws) -> None:
    vpc = aws.vpc()
    aws.zone(vpc)
    with aws.refuses(
        "ConflictingDomainExists",
        text=f"The VPC that you chose, {vpc} in region {REGION}, is already associated with another private hosted zone "
        f"that has an overlapping name space, {NAME}.",
    ):
        aws.zone(vpc, reference="another")


@pytest.mark.on_aws
def test_zones_of_different_names_live_together_on_a_vpc(aws: Aws) -> None:
    vpc = aws.vpc()
    aws.zone(vpc)
    aws.zone(vpc, f"abc.{NAME}")
    found = aws.route53.list_hosted_zones_by_vpc(VPCId=vpc, VPCRegion=REGION)
    assert {each["Name"] for each in found["HostedZoneSummaries"]} == {f"{NAME}.", f"abc.{NAME}."}


@pytest.mark.on_aws
def test_a_caller_reference_works_once_even_after_the_zone_is_gone(aws: Aws) -> None:
    vpc = aws.vpc()
    zone = aws.zone(vpc, reference="once")
    with aws.refuses("HostedZoneAlreadyExists", 409):
        aws.zone(aws.vpc(), reference="once")
    aws.route53.delete_hosted_zone(Id=zone)
    with aws.refuses("HostedZoneAlreadyExists", 409):
        aws.zone(vpc, reference="once")


@pytest.mark.on_aws
def test_an_unknown_zone_is_not_found(aws: Aws) -> None:
    with aws.refuses("NoSuchHostedZone", 404, "No hosted zone found with ID: Z0"):
        aws.route53.get_hosted_zone(Id="Z0")


def test_a_zone_of_another_account_is_denied(aws: Aws) -> None:
    zone = aws.zone(aws.vpc())
    with aws.refuses("AccessDenied", 403, "is not authorized to access this resource"):
        aws.client("route53", OTHERS).get_hosted_zone(Id=zone)


@pytest.mark.on_aws
def test_a_zone_with_records_is_not_deleted(aws: Aws) -> None:
    zone = aws.zone(aws.vpc())
    record = a_record(f"abc.{NAME}", "10.0.0.1")
    aws.change(zone, ("CREATE", record))
    with aws.refuses("HostedZoneNotEmpty"):
        aws.route53.delete_hosted_zone(Id=zone)
    aws.change(zone, ("DELETE", record))
    assert aws.route53.delete_hosted_zone(Id=zone)["ChangeInfo"]["Status"] == "PENDING"
    assert aws.route53.list_hosted_zones()["HostedZones"] == []


def test_each_change_has_an_id_of_its_own_and_goes_from_pending_to_insync(aws: Aws) -> None:
    zone = aws.zone(aws.vpc())
    changes = [aws.change(zone, ("UPSERT", a_record(f"abc.{NAME}", f"10.0.0.{n}"))) for n in range(2)]
    assert len({change["Id"] for change in changes}) == 2
    assert {change["Status"] for change in changes} == {"PENDING"}
    assert aws.route53.get_change(Id=changes[0]["Id"])["ChangeInfo"]["Status"] == "PENDING"
    aws.advance()
    assert aws.route53.get_change(Id=changes[0]["Id"])["ChangeInfo"]["Status"] == "INSYNC"


@pytest.mark.on_aws
def test_an_unknown_change_does_not_exist(aws: Aws) -> None:
    with aws.refuses("NoSuchChange", 404):
        aws.route53.get_change(Id="C0000000000000000000")


@pytest.mark.on_aws
def test_the_comment_of_a_batch_is_kept(aws: Aws) -> None:
    batch: Any = {
        "Comment": "by astro.privatelink",
        "Changes": [{"Action": "UPSERT", "ResourceRecordSet": a_record(f"a.{NAME}", "10.0.0.1")}],
    }
    info = aws.route53.change_resource_record_sets(HostedZoneId=aws.zone(aws.vpc()), ChangeBatch=batch)["ChangeInfo"]
    assert aws.route53.get_change(Id=info["Id"])["ChangeInfo"].get("Comment") == "by astro.privatelink"


@pytest.mark.on_aws
def test_the_comment_of_a_zone_can_be_changed(aws: Aws) -> None:
    zone = aws.zone(aws.vpc())
    aws.route53.update_hosted_zone_comment(Id=zone, Comment="other")
    assert aws.route53.get_hosted_zone(Id=zone)["HostedZone"].get("Config", {}).get("Comment") == "other"


@pytest.fixture
def several(aws: Aws) -> list[str]:
    """Zones whose names sort as listed here."""
    names = ["com.example", "run.astronomer", "run.astronomer.external", "run.astronomer.external.abc"]
    plain = [".".join(reversed(name.split("."))) for name in names]
    vpc = aws.vpc()
    for name in reversed(plain):
        aws.zone(vpc, name)
    return plain


@pytest.mark.on_aws
def test_listing_by_name_starts_at_the_name_and_goes_on(aws: Aws, several: list[str]) -> None:
    found = aws.route53.list_hosted_zones_by_name(DNSName="a.astronomer.run")
    assert [each["Name"] for each in found["HostedZones"]] == [f"{name}." for name in several[2:]]


@pytest.mark.on_aws
def test_listing_by_name_sorts_from_the_right(aws: Aws, several: list[str]) -> None:
    found = aws.route53.list_hosted_zones_by_name()
    assert [each["Name"] for each in found["HostedZones"]] == [f"{name}." for name in several]


@pytest.mark.on_aws
def test_listing_by_name_answers_in_pages(aws: Aws, several: list[str]) -> None:
    names: list[str] = []
    token: dict[str, Any] = {}
    while True:
        page = aws.client("route53").list_hosted_zones_by_name(MaxItems="3", **token)
        names += [each["Name"] for each in page["HostedZones"]]
        if not page["IsTruncated"]:
            break
        token = {"DNSName": page["NextDNSName"], "HostedZoneId": page["NextHostedZoneId"]}
    assert names == [f"{name}." for name in several]


@pytest.mark.on_aws
def test_listing_answers_in_pages(aws: Aws, several: list[str]) -> None:
    pages = list(aws.route53.get_paginator("list_hosted_zones").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["HostedZones"]) for page in pages] == [3, 1]
    assert {each["Name"] for page in pages for each in page["HostedZones"]} == {f"{name}." for name in several}


@pytest.mark.on_aws
def test_listing_by_vpc_answers_in_pages(aws: Aws, several: list[str]) -> None:
    vpc = aws.vpc()
    ids = {aws.zone(vpc, name).rpartition("/")[2] for name in several}
    first = aws.route53.list_hosted_zones_by_vpc(VPCId=vpc, VPCRegion=REGION, MaxItems="3")
    second = aws.route53.list_hosted_zones_by_vpc(VPCId=vpc, VPCRegion=REGION, NextToken=first["NextToken"])
    assert [len(page["HostedZoneSummaries"]) for page in (first, second)] == [3, 1]
    pages = (*first["HostedZoneSummaries"], *second["HostedZoneSummaries"])
    assert {each["HostedZoneId"] for each in pages} == ids
    assert "NextToken" not in second


def test_listing_by_vpc_is_for_the_owner_of_the_vpc(aws: Aws) -> None:
    vpc = aws.vpc()
    with aws.refuses("AccessDenied", 403, "is not owned by you"):
        aws.client("route53", OTHERS).list_hosted_zones_by_vpc(VPCId=vpc, VPCRegion=REGION)


@pytest.mark.on_aws
def test_limits_of_a_zone_and_an_account_are_told_with_their_use(aws: Aws) -> None:
    zone = aws.zone(aws.vpc())
    found = aws.route53.get_hosted_zone_limit(HostedZoneId=zone, Type="MAX_VPCS_ASSOCIATED_BY_ZONE")
    assert (found["Limit"]["Value"], found["Count"]) == (300, 1)
    found = aws.route53.get_hosted_zone_limit(HostedZoneId=zone, Type="MAX_RRSETS_BY_ZONE")
    assert (found["Limit"]["Value"], found["Count"]) == (10000, 2)
    account = aws.route53.get_account_limit(Type="MAX_HOSTED_ZONES_BY_OWNER")
    assert (account["Limit"]["Value"], account["Count"]) == (500, 1)


def test_the_limit_of_zones_per_account_holds(aws: Aws) -> None:
    aws.settings.zones_per_account = 1
    vpc = aws.vpc()
    aws.zone(vpc)
    with aws.refuses("TooManyHostedZones"):
        aws.zone(vpc, "other.example")


@pytest.mark.on_aws
def test_tags_of_zones_are_kept_and_removed(aws: Aws) -> None:
    zone = aws.zone(aws.vpc()).rpartition("/")[2]
    tags: Any = [{"Key": "managed-by", "Value": "astro.privatelink"}, {"Key": "old", "Value": "1"}]
    aws.route53.change_tags_for_resource(ResourceType="hostedzone", ResourceId=zone, AddTags=tags)
    aws.route53.change_tags_for_resource(ResourceType="hostedzone", ResourceId=zone, RemoveTagKeys=["old"])
    found = aws.route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=zone)["ResourceTagSet"]
    assert found["Tags"] == tags[:1]
    many = aws.route53.list_tags_for_resources(ResourceType="hostedzone", ResourceIds=[zone])["ResourceTagSets"]
    assert many[0]["Tags"] == tags[:1]


@pytest.mark.on_aws
def test_tags_of_an_unknown_zone_are_an_error(aws: Aws) -> None:
    with aws.refuses("NoSuchHostedZone", 404):
        aws.route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId="Z0")
