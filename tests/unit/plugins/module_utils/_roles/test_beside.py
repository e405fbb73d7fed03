# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which zones answer for a VPC beside that of its link, and which of them are those of former links."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._link.zone import Alias, Record, Zone
from ansible_collections.astro.privatelink.plugins.module_utils._roles import beside as core

SUFFIX = "external.astronomer.run"
HOST = f"abc.{SUFFIX}"
HERE = {"region": "us-east-1"}
ENDPOINTS = [{"vpcs": {"hub": {"vpc_endpoint_id": "vpce-1", "addresses": [{"address": "10.1.0.5"}]}}, "calls": []}]


def vpc(number, **more):
    base = {
        "vpc_id": f"vpc-{number:08d}",
        "region": "us-east-1",
        "cluster_id": "abc",
        "service_name": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0",
        "agent_cidrs": [f"10.{number}.0.0/16"],
    }
    return {f"privatelink_{key}": value for key, value in {**base, **more}.items()}


def read(**more):
    fleet = {"hub": vpc(1), "spoke": vpc(2, via="hub"), **more}
    return Inventory.read(fleet, ["spoke"])


def zone(name, number, *vpcs, link=2, to="vpce-9-abc.vpce.amazonaws.com", host=HOST):
    own = [Record(name=name, type=kind, alias=None) for kind in ("NS", "SOA")]
    records = (Record(name=host, type="A", alias=Alias(dns_name=to, hosted_zone_id="Z")),) if to else ()
    made_for = f"vpc-{link:08d}" if link else ""
    return Zone(
        id=f"Z{number}",
        name=name,
        link=made_for,
        vpcs={f"vpc-{v:08d}": "us-east-1" for v in vpcs},
        records=(*own, *records),
    )


HUB = zone(SUFFIX, 1, 1, 2, link=1, to="vpce-1-abc.vpce.amazonaws.com")


def found(inventory, *zones):
    return core.beside(inventory, [(HERE, each) for each in zones], list)


def test_the_zone_of_the_link_is_none_beside_it():
    assert found(read(), HUB) == []


def test_a_zone_of_the_host_that_leads_elsewhere_is_astray_until_it_leads_to_the_link():
    (one,) = found(read(), HUB, zone(HOST, 2, 2))
    assert (one.first, one.conflicts, one.former) == (True, False, True)
    shown = core.astray([one], ENDPOINTS)["spoke"][0]
    assert shown["code"] == "FORMER_ZONE_ANSWERS"
    assert "vpce-9-abc" in shown["seen"]
    same = found(read(), HUB, zone(HOST, 2, 2, to="vpce-1-abc.vpce.amazonaws.com"))
    assert core.astray(same, ENDPOINTS) == {}
    assert [each["code"] for each in core.left(same, [])] == ["FORMER_ZONE_LEFT"]


def test_one_without_a_record_makes_the_name_no_longer_exist():
    shown = core.astray(found(read(), HUB, zone(HOST, 2, 2, to="")), ENDPOINTS)["spoke"][0]
    assert "it has no record of that name" in shown["seen"]


def test_what_others_made_is_theirs():
    there = found(read(), HUB, zone(HOST, 2, 2, link=0))
    shown = core.in_the_way(there, ENDPOINTS)["spoke"][0]
    assert shown["code"] == "ZONE_MORE_SPECIFIC"
    assert core.left(there, []) == []
    assert core.retired(read(), there, without_gap=True) == []


def test_a_zone_of_the_suffix_below_that_of_the_host_is_only_left():
    inventory = read(spoke=vpc(2, dns_layout="host_zone"))
    there = found(inventory, zone(HOST, 2, 2), HUB)
    assert [each.zone.id for each in there] == ["Z1"]
    assert core.astray(there, ENDPOINTS) == {}
    ((one,),) = [account["links"] for account in core.retired(inventory, there, without_gap=True)]
    assert (one["name"], one["state"], one["without_gap"]) == ("hub", "present", False)
    assert [member["name"] for member in one["vpcs"]] == ["spoke"]


def test_the_zone_of_a_former_link_of_its_own_goes():
    ((one,),) = [
        account["links"] for account in core.retired(read(), found(read(), zone(HOST, 2, 2)), without_gap=True)
    ]
    assert (one["name"], one["vpc_id"], one["state"], one["without_gap"]) == ("spoke", "vpc-00000002", "absent", True)


@pytest.mark.parametrize("other", ["xyz", "*"])
def test_a_zone_with_names_of_other_clusters_is_no_former_one(other):
    inventory = read(spoke=vpc(2, dns_layout="host_zone"))
    assert not any(each.former for each in found(inventory, zone(SUFFIX, 1, 2, host=f"{other}.{SUFFIX}")))


def test_one_vpc_with_links_to_two_clusters_needs_the_zones_of_both():
    inventory = read(spoke=vpc(2, dns_layout="host_zone"), other=vpc(2, cluster_id="xyz"))
    assert found(inventory, zone(SUFFIX, 3, 2, to="")) == []


def test_another_zone_of_the_same_name_is_a_conflict():
    shown = core.conflicts(found(read(), zone(SUFFIX, 2, 2)))["spoke"][0]
    assert shown["code"] == "ZONE_CONFLICT"
    assert "docs/changes.md" in shown["remedy"]


LEAVES = {
    "operation": "route53:DisassociateVPCFromHostedZone",
    "arguments": {"HostedZoneId": "Z2", "VPC": {"VPCId": "vpc-00000002"}},
}
DELETES = {"operation": "route53:DeleteHostedZone", "arguments": {"Id": "Z2"}}


@pytest.mark.parametrize("call", [LEAVES, DELETES])
def test_a_name_does_not_go_to_a_link_that_nobody_tried(call):
    plans = [{"calls": [call]}]
    both = [(HERE, HUB), (HERE, zone(HOST, 2, 2))]
    for accept_gap in (False, True):
        shown = core.elsewhere(read(), both, list, plans, accept_gap)["spoke"][0]
        assert shown["code"] == "NAME_GOES_ELSEWHERE"
    assert core.elsewhere(read(), both[1:], list, plans) == {}  # the public name answers
    assert core.elsewhere(read(), both, list, []) == {}


def test_a_zone_without_the_name_is_a_gap_to_agree_to():
    plans, both = [{"calls": [DELETES]}], [(HERE, zone(SUFFIX, 1, 2, link=1, to="")), (HERE, zone(HOST, 2, 2))]
    assert set(core.elsewhere(read(), both, list, plans)) == {"spoke"}
    assert core.elsewhere(read(), both, list, plans, True) == {}


def test_a_zone_whose_records_cannot_be_read_is_no_former_one_and_no_gap_that_was_agreed_to():
    unread = replace(zone(HOST, 2, 2), records=())
    (one,) = found(read(), HUB, unread)
    assert not one.former
    assert core.retired(read(), [one], without_gap=True) == []
    assert "cannot be read" in one.target
    both = [(HERE, replace(zone(SUFFIX, 1, 2, link=1), records=())), (HERE, zone(HOST, 2, 2))]
    assert set(core.elsewhere(read(), both, list, [{"calls": [DELETES]}], True)) == {"spoke"}


def test_accounts_are_those_of_the_run_and_of_links_to_the_same_cluster():
    far = "arn:aws:iam::333333333333:role/astro"
    inventory = read(far=vpc(3, assume_role_arn=far), other=vpc(4, cluster_id="xyz", profile="else"))
    assert core.accounts(inventory) == [
        {"assume_role_arn": far, "region": "us-east-1", "names": [HOST, SUFFIX]},
        {"region": "us-east-1", "names": [HOST]},  # the job on the hub's zone reads those of the suffix
    ]


def test_a_zone_that_only_its_vpc_tells_of_is_not_what_a_name_goes_to():
    told = Zone(id="Z7", name=SUFFIX, link="", vpcs={"vpc-00000002": "us-east-1"})
    alone, plans = [(HERE, zone(HOST, 2, 2))], [{"calls": [DELETES]}]
    (losing,) = core.losing(read(), alone, plans)
    assert (losing["name"], losing["vpc_id"], losing["region"]) == ("spoke", "vpc-00000002", "us-east-1")
    assert core.losing(read(), alone, []) == []
    for accept_gap in (False, True):
        (shown,) = core.elsewhere(read(), [*alone, (HERE, told)], list, plans, accept_gap)["spoke"]
        assert "zone Z7" in shown["seen"]
        assert "cannot be read" in shown["seen"]


def test_what_was_read_in_bulk_counts_before_what_a_vpc_tells():
    empty = zone(SUFFIX, 1, 1, 2, link=1, to="")
    both = [(HERE, empty), (HERE, zone(HOST, 2, 2)), (HERE, replace(empty, records=(), vpcs={"vpc-00000002": ""}))]
    assert core.elsewhere(read(), both, list, [{"calls": [DELETES]}], True) == {}


def test_where_a_vpc_cannot_be_asked_nothing_is_taken_from_it():
    (shown,) = core.unread({"spoke": "AccessDenied."})["spoke"]
    assert (shown["code"], shown["severity"]) == ("READ_FAILED", "error")
    assert "Nothing was changed for it." in shown["seen"]
