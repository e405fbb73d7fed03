# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ChangeResourceRecordSets: exact, atomic, and refused in AWS's words; and how records are listed."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import REGION, Aws, a_record, alias

ZONE = "external.astronomer.run"
NAME = f"abc.{ZONE}"


@pytest.fixture
def zone(aws: Aws) -> str:
    return aws.zone(aws.vpc())


@pytest.fixture
def entry(aws: Aws) -> dict[str, str]:
    vpc = aws.vpc()
    entries: list[dict[str, str]] = aws.endpoint(vpc, aws.service(), aws.subnet(vpc))["DnsEntries"]
    return entries[0]


def cname(name: str, target: str) -> dict[str, Any]:
    return {"Name": name, "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": target}]}


def test_an_alias_comes_back_in_lower_case_with_a_final_dot(aws: Aws, zone: str, entry: dict[str, str]) -> None:
    shouted = {**entry, "DnsName": entry["DnsName"].upper()}
    aws.change(zone, ("CREATE", alias(NAME, shouted)))
    assert aws.records(zone)[f"{NAME}.", "A"]["AliasTarget"] == {
        "DNSName": f"{entry['DnsName']}.",
        "HostedZoneId": entry["HostedZoneId"],
        "EvaluateTargetHealth": False,
    }


@pytest.mark.on_aws
def test_record_names_come_back_in_lower_case_with_a_final_dot(aws: Aws, zone: str) -> None:
    aws.change(zone, ("CREATE", a_record(NAME.upper(), "10.0.0.1")))
    assert (f"{NAME}.", "A") in aws.records(zone)


@pytest.mark.on_aws
def test_a_wildcard_comes_back_escaped(aws: Aws, zone: str) -> None:
    aws.change(zone, ("CREATE", a_record(f"*.{ZONE}", "10.0.0.1")))
    assert (f"\\052.{ZONE}.", "A") in aws.records(zone)
    aws.change(zone, ("DELETE", a_record(f"\\052.{ZONE}", "10.0.0.1")))


@pytest.mark.on_aws
def test_creating_what_exists_is_refused(aws: Aws, zone: str) -> None:
    aws.change(zone, ("CREATE", a_record(NAME, "10.0.0.1")))
    with aws.refuses(
        "InvalidChangeBatch",
        text=f"[Tried to create resource record set [name='{NAME}.', type='A'] but it already exists]",
    ):
        aws.change(zone, ("CREATE", a_record(NAME, "10.0.0.2")))


@pytest.mark.on_aws
def test_upsert_replaces(aws: Aws, zone: str) -> None:
    aws.change(zone, ("UPSERT", a_record(NAME, "10.0.0.1")))
    aws.change(zone, ("UPSERT", a_record(NAME, "10.0.0.2")))
    assert aws.records(zone)[f"{NAME}.", "A"]["ResourceRecords"] == [{"Value": "10.0.0.2"}]


@pytest.mark.on_aws
def test_deleting_a_missing_record_is_refused(aws: Aws, zone: str) -> None:
    with aws.refuses(
        "InvalidChangeBatch",
        text=f"Tried to delete resource record set [name='{NAME}.', type='A'] but it was not found",
    ):
        aws.change(zone, ("DELETE", a_record(NAME, "10.0.0.1")))


@pytest.mark.parametrize("other", [a_record(NAME, "10.0.0.2"), a_record(NAME, "10.0.0.1", ttl=61)])
@pytest.mark.on_aws
def test_deleting_needs_the_same_values(aws: Aws, zone: str, other: dict[str, Any]) -> None:
    aws.change(zone, ("CREATE", a_record(NAME, "10.0.0.1")))
    with aws.refuses("InvalidChangeBatch", text="but the values provided do not match the current values"):
        aws.change(zone, ("DELETE", other))


def test_deleting_an_alias_needs_the_same_target(aws: Aws, zone: str, entry: dict[str, str]) -> None:
    aws.change(zone, ("CREATE", alias(NAME, entry)))
    with aws.refuses("InvalidChangeBatch", text="do not match the current values"):
        aws.change(zone, ("DELETE", alias(NAME, {**entry, "DnsName": f"other.{entry['DnsName']}"})))
    aws.change(zone, ("DELETE", alias(NAME, entry)))
    assert (f"{NAME}.", "A") not in aws.records(zone)


@pytest.mark.on_aws
def test_a_cname_stands_beside_nothing(aws: Aws, zone: str) -> None:
    aws.change(zone, ("CREATE", a_record(NAME, "10.0.0.1")))
    with aws.refuses(
        "InvalidChangeBatch",
        text=f"RRSet of type CNAME with DNS name {NAME}. is not permitted as it conflicts with other records",
    ):
        aws.change(zone, ("CREATE", cname(NAME, "other.example.com")))


@pytest.mark.on_aws
def test_nothing_stands_beside_a_cname(aws: Aws, zone: str) -> None:
    aws.change(zone, ("CREATE", cname(NAME, "other.example.com")))
    with aws.refuses("InvalidChangeBatch", text="a conflicting RRSet of type CNAME"):
        aws.change(zone, ("CREATE", a_record(NAME, "10.0.0.1")))


def test_a_cname_may_be_replaced_by_an_alias_in_one_batch(aws: Aws, zone: str, entry: dict[str, str]) -> None:
    aws.change(zone, ("CREATE", cname(NAME, "other.example.com")))
    aws.change(zone, ("DELETE", cname(NAME, "other.example.com")), ("CREATE", alias(NAME, entry)))
    assert (f"{NAME}.", "A") in aws.records(zone)


def test_no_cname_at_the_apex_but_an_alias(aws: Aws, zone: str, entry: dict[str, str]) -> None:
    with aws.refuses("InvalidChangeBatch", text="is not permitted at apex in zone"):
        aws.change(zone, ("CREATE", cname(ZONE, "other.example.com")))
    aws.change(zone, ("CREATE", alias(ZONE, entry)))


def test_an_alias_target_lies_within_the_zone_of_the_given_id(aws: Aws, zone: str, entry: dict[str, str]) -> None:
    wrong = {**entry, "HostedZoneId": "Z00000000000000000000"}
    with aws.refuses(
        "InvalidChangeBatch",
        text=f"Tried to create an alias that targets {entry['DnsName']}., type A in zone {wrong['HostedZoneId']}, but "
        "the alias target name does not lie within the target zone",
    ):
        aws.change(zone, ("CREATE", alias(NAME, wrong)))


def test_an_alias_with_name_and_zone_swapped_is_malformed(aws: Aws, zone: str, entry: dict[str, str]) -> None:
    swapped = {"DnsName": entry["HostedZoneId"], "HostedZoneId": entry["DnsName"]}
    with aws.refuses("InvalidInput", text="Member must have length less than or equal to 32"):
        aws.change(zone, ("CREATE", alias(NAME, swapped)))


@pytest.mark.on_aws
def test_an_alias_within_the_zone_needs_a_record_to_point_at(aws: Aws, zone: str) -> None:
    target = {"DnsName": f"x.{ZONE}", "HostedZoneId": zone.rpartition("/")[2]}
    with aws.refuses("InvalidChangeBatch", text="but that target was not found"):
        aws.change(zone, ("CREATE", alias(NAME, target)))
    aws.change(zone, ("CREATE", a_record(f"x.{ZONE}", "10.0.0.1")), ("CREATE", alias(NAME, target)))


def test_a_record_has_values_or_an_alias_never_both_or_neither(aws: Aws, zone: str, entry: dict[str, str]) -> None:
    with aws.refuses("InvalidInput", text="but found more than one in Change with [Action=CREATE"):
        aws.change(zone, ("CREATE", {**alias(NAME, entry), **a_record(NAME, "10.0.0.1")}))
    with aws.refuses("InvalidInput", text="but found none"):
        aws.change(zone, ("CREATE", {"Name": NAME, "Type": "A"}))


@pytest.mark.parametrize("name", ["abc.example.com", f"x{ZONE}"])
@pytest.mark.on_aws
def test_a_name_outside_the_zone_is_refused(aws: Aws, zone: str, name: str) -> None:
    with aws.refuses("InvalidChangeBatch", text=f"RRSet with DNS name {name}. is not permitted in zone {ZONE}."):
        aws.change(zone, ("CREATE", a_record(name, "10.0.0.1")))


@pytest.mark.on_aws
def test_an_address_must_be_one(aws: Aws, zone: str) -> None:
    with aws.refuses("InvalidChangeBatch", text="ARRDATAIllegalIPv4Address"):
        aws.change(zone, ("CREATE", a_record(NAME, "10.0.0.256")))


@pytest.mark.on_aws
def test_a_batch_with_one_bad_change_changes_nothing(aws: Aws, zone: str) -> None:
    before = aws.records(zone)
    with aws.refuses("InvalidChangeBatch"):
        aws.change(zone, ("CREATE", a_record(NAME, "10.0.0.1")), ("DELETE", a_record(f"no.{ZONE}", "10.0.0.1")))
    assert aws.records(zone) == before


@pytest.mark.on_aws
def test_all_problems_of_a_batch_are_told_at_once(aws: Aws, zone: str) -> None:
    with aws.refuses(
        "InvalidChangeBatch", text=f"but it was not found, Tried to delete resource record set [name='b.{ZONE}"
    ):
        aws.change(zone, ("DELETE", a_record(f"a.{ZONE}", "10.0.0.1")), ("DELETE", a_record(f"b.{ZONE}", "10.0.0.1")))


@pytest.mark.on_aws
def test_ns_and_soa_of_the_zone_cannot_go(aws: Aws, zone: str) -> None:
    soa = aws.records(zone)[f"{ZONE}.", "SOA"]
    with aws.refuses("InvalidChangeBatch", text="exactly one SOA record"):
        aws.change(zone, ("DELETE", soa))
    aws.change(zone, ("UPSERT", {**soa, "TTL": 60}))
    assert aws.records(zone)[f"{ZONE}.", "SOA"]["TTL"] == 60


@pytest.mark.on_aws
def test_a_batch_has_at_most_a_thousand_values_and_upsert_counts_twice(aws: Aws, zone: str) -> None:
    def records(count: int) -> list[dict[str, Any]]:
        return [a_record(f"a{n}.{ZONE}", "10.0.0.1") for n in range(count)]

    aws.change(zone, *(("CREATE", each) for each in records(1000)))
    with aws.refuses("InvalidChangeBatch", text="Number of records limit of 1000 exceeded."):
        aws.change(zone, *(("UPSERT", each) for each in records(501)))


@pytest.mark.on_aws
def test_records_are_listed_by_name_from_the_right_in_pages(aws: Aws, zone: str) -> None:
    names = [f"b.{ZONE}.", f"a.b.{ZONE}.", f"c.{ZONE}."]
    aws.change(zone, *(("CREATE", a_record(name, "10.0.0.1")) for name in reversed(names)))
    pages = aws.route53.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=zone, PaginationConfig={"PageSize": 2}
    )
    found = [each["Name"] for page in pages for each in page["ResourceRecordSets"]]
    assert found == [f"{ZONE}.", f"{ZONE}.", *names]


@pytest.mark.on_aws
def test_listing_starts_at_the_given_name(aws: Aws, zone: str) -> None:
    aws.change(zone, ("CREATE", a_record(NAME, "10.0.0.1")), ("CREATE", a_record(f"aaa.{ZONE}", "10.0.0.1")))
    found = aws.route53.list_resource_record_sets(HostedZoneId=zone, StartRecordName=NAME, StartRecordType="A")
    assert [each["Name"] for each in found["ResourceRecordSets"]] == [f"{NAME}."]


@pytest.mark.on_aws
def test_latency_records_of_one_name_differ_by_identifier(aws: Aws, zone: str) -> None:
    def latency(region: str) -> dict[str, Any]:
        return {**a_record(NAME, "10.0.0.1"), "SetIdentifier": region, "Region": region}

    aws.change(zone, ("CREATE", latency(REGION)), ("CREATE", latency("eu-west-1")))
    found = aws.route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert [each.get("Region") for each in found if each["Name"] == f"{NAME}."] == ["eu-west-1", REGION]
    with aws.refuses("InvalidChangeBatch", text=f"set identifier='{REGION}'] but it already exists"):
        aws.change(zone, ("CREATE", latency(REGION)))


def weighted(identifier: str) -> dict[str, Any]:
    return {**a_record(NAME, "10.0.0.1"), "SetIdentifier": identifier, "Weight": 1}


@pytest.mark.on_aws
def test_a_plain_record_does_not_go_beside_routed_ones(aws: Aws, zone: str) -> None:
    aws.change(zone, ("CREATE", weighted("one")), ("CREATE", weighted("two")))
    text = f"RRSet with DNS name {NAME}., type A cannot be created as other RRSets exist with the same name and type."
    for action in ("CREATE", "UPSERT"):
        with aws.refuses("InvalidChangeBatch", text=text):
            aws.change(zone, (action, a_record(NAME, "10.0.0.2")))
    aws.change(zone, ("DELETE", weighted("one")), ("DELETE", weighted("two")), ("CREATE", a_record(NAME, "10.0.0.2")))


@pytest.mark.on_aws
def test_a_routed_record_does_not_go_beside_a_plain_or_otherwise_routed_one(aws: Aws, zone: str) -> None:
    text = "SetIdentifier one cannot be created as a non-weighted set exists with the same name and type."
    aws.change(zone, ("CREATE", a_record(NAME, "10.0.0.2")))
    with aws.refuses("InvalidChangeBatch", text=text):
        aws.change(zone, ("CREATE", weighted("one")))
    latency = {**a_record(NAME, "10.0.0.1"), "SetIdentifier": REGION, "Region": REGION}
    aws.change(zone, ("DELETE", a_record(NAME, "10.0.0.2")), ("CREATE", latency))
    with aws.refuses("InvalidChangeBatch", text=text):
        aws.change(zone, ("CREATE", weighted("one")))


@pytest.mark.on_aws
def test_routing_and_a_set_identifier_need_each_other(aws: Aws, zone: str) -> None:
    with aws.refuses("InvalidInput", text="Missing field 'SetIdentifier'"):
        aws.change(zone, ("CREATE", {**a_record(NAME, "10.0.0.1"), "Weight": 1}))
    with aws.refuses("InvalidInput", text="Missing field one of 'Weight', 'Region'"):
        aws.change(zone, ("CREATE", {**a_record(NAME, "10.0.0.1"), "SetIdentifier": "one"}))


def test_a_busy_zone_refuses_the_next_change_for_a_while(aws: Aws) -> None:
    aws.settings.busy_seconds = 2
    zone = aws.zone(aws.vpc())
    with aws.refuses(
        "PriorRequestNotComplete",
        text="The request was rejected because Route 53 was still processing a prior request.",
    ):
        aws.change(zone, ("CREATE", a_record(NAME, "10.0.0.1")))
    aws.advance(2)
    aws.change(zone, ("CREATE", a_record(NAME, "10.0.0.1")))
    with aws.refuses("PriorRequestNotComplete"):
        aws.route53.delete_hosted_zone(Id=zone)
