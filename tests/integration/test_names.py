# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A name never exists without its record, and never leads to what was not tried: zones, holders and records under faults."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._roles import setup
from astrolab import talk
from by_hand import inventory, until
from running import ROOT, play, run_module, settings
from watching import watched

NAMES = ["payments", "partner", "berlin"]  # an own link, one that is joined from another account, another region's
PUBLIC = "203.0.113.10"
LIMIT = ["--limit", ",".join(NAMES)]
ACCOUNT = "111111111111"
DOWN = json.dumps({"teardown_drain": 0, "teardown_deployment_unrestricted": True})


@pytest.fixture(scope="module")
def wide(lab_up):
    with lab_up(topology=ROOT / "tests/lab/topologies/wide.yml") as lab:
        settings(lab, acceptance_seconds=0.0, pending_seconds=0.0, deleting_seconds=0.0)
        yield lab


def zones(lab: Any) -> list[str]:
    lab.settle()
    return [zone["Name"] for zone in lab.client("route53").list_hosted_zones()["HostedZones"]]


def holders(lab: Any) -> list[str]:
    """The VPCs that the collection made."""
    lab.settle()
    ours = [{"Name": "tag:managed-by", "Values": ["astro.privatelink"]}]
    places = ("us-east-1", "eu-west-1")
    return [
        vpc["VpcId"] for there in places for vpc in lab.client("ec2", region=there).describe_vpcs(Filters=ours)["Vpcs"]
    ]


def deny(lab: Any, *actions: str) -> None:
    settings(lab, denied={ACCOUNT: list(actions)} if actions else {})


def set_up(lab: Any, tmp_path: Any, *arguments: str) -> Any:
    return play(lab, tmp_path, "setup", *LIMIT, *arguments)


def take_down(lab: Any, tmp_path: Any) -> None:
    done = play(lab, tmp_path, "teardown", *LIMIT, "-e", DOWN)
    assert done.rc == 0, done.text
    assert zones(lab) == []


def test_no_agent_is_ever_without_its_name_although_nobody_gave_a_holder(wide, tmp_path):
    with ExitStack() as stack:
        watches = {name: stack.enter_context(watched(wide, f"{name}-agent")) for name in NAMES}
        assert set_up(wide, tmp_path).rc == 0
        take_down(wide, tmp_path)
    for name, watch in watches.items():
        public, _link, again = watch.answers
        assert (public, again) == (PUBLIC, PUBLIC), f"{name}: {watch.answers}"
        assert watch.asked > 50
    assert holders(wide) == []


@pytest.mark.parametrize("also", [[], ["ec2:CreateVpc"]], ids=["with a holder", "without"])
def test_a_zone_that_cannot_have_its_record_goes_at_once(wide, tmp_path, also):
    deny(wide, "route53:ChangeResourceRecordSets", *also)
    done = set_up(wide, tmp_path)
    deny(wide)
    assert done.rc == 2, done.text
    assert "PERMISSION_MISSING" in done.failed["payments"]
    assert done.changed
    assert (zones(wide), holders(wide)) == ([], [])
    until(lambda: wide.look("payments-agent")["addresses"] == [PUBLIC], "the public name is back")


def test_who_has_no_name_now_is_told_where_not_even_that_works(wide, tmp_path):
    deny(wide, "route53:ChangeResourceRecordSets", "route53:DeleteHostedZone", "ec2:CreateVpc")
    done = set_up(wide, tmp_path)
    deny(wide)
    assert "NAME_MISSING" in done.failed["payments"]
    assert wide.record.vpcs["payments"].id in done.failed["payments"]
    assert wide.look("payments-agent")["addresses"] == []

    assert set_up(wide, tmp_path).rc == 0
    assert PUBLIC not in wide.look("payments-agent")["addresses"]
    take_down(wide, tmp_path)


def test_where_no_holder_may_be_made_setup_works_and_says_what_that_meant(wide, tmp_path):
    deny(wide, "ec2:CreateVpc")
    done = set_up(wide, tmp_path)
    assert done.rc == 0, done.text
    assert "HOLDER_REFUSED" in done.text
    kept = play(wide, tmp_path, "teardown", *LIMIT, "-e", DOWN)
    assert "NAME_GAP_UNHELD" in kept.failed["payments"]
    assert PUBLIC not in wide.look("payments-agent")["addresses"]
    deny(wide)
    take_down(wide, tmp_path)


def test_a_holder_that_could_not_be_deleted_goes_with_the_next_run(wide, tmp_path):
    deny(wide, "ec2:DeleteVpc")
    done = set_up(wide, tmp_path)
    assert done.rc == 0, done.text
    left = holders(wide)
    assert len(left) == 2
    assert all(each in done.text for each in left)
    deny(wide)
    assert set_up(wide, tmp_path).rc == 0
    assert holders(wide) == []


class TestAnotherService:
    """Support moved the cluster to another endpoint service: the links of the test before this one follow, if they may."""

    @pytest.fixture(scope="class")
    def moved(self, wide):
        content = {
            "account": "999999999999",
            "region": "us-east-1",
            "zones": ["use1-az1", "use1-az2"],
            "acceptance_required": False,
            "principals": [f"arn:aws:iam::{account}:root" for account in (ACCOUNT, "222222222222")],
            "supported_regions": ["us-east-1", "eu-west-1"],
        }
        return str(talk.say(wide.record.url, "PUT", "services", content)["name"])

    def to(self, lab: Any, tmp_path: Any, service: str, *arguments: str, playbook: str = "setup", **more: Any) -> Any:
        """Partner is on the zone of payments, and outside of this run."""
        given = json.dumps({"privatelink_service_name": service, **more})
        return play(lab, tmp_path, playbook, "--limit", "payments", "-e", given, *arguments)

    @pytest.fixture(scope="class")
    def made(self, wide, moved):
        """The addresses of the new endpoint, to which no name leads yet."""
        known = inventory(wide)["agent_vpcs"]
        hosts = {name: {**known["vars"], **host} for name, host in known["hosts"].items()}
        hosts["payments"]["privatelink_service_name"] = moved
        (fleet,) = setup.fleets(Inventory.read(hosts, ["payments"]))
        done = run_module(wide, "vpc_endpoint", **fleet)
        return [each["address"] for each in done["vpcs"]["payments"]["addresses"]]

    def test_a_new_endpoint_that_does_not_answer_gets_no_name(self, wide, tmp_path, moved, made):
        before = wide.look("payments-agent")["addresses"]
        wide.fault("address", made[0], "dead")
        done = self.to(wide, tmp_path, moved)
        wide.heal()
        assert done.rc == 2
        assert "TCP_TIMEOUT_ONE_AZ" in done.failed["payments"]
        assert wide.look("payments-agent")["addresses"] == wide.look("partner-agent")["addresses"] == before

    def test_a_vpc_outside_of_the_run_is_asked_as_well(self, wide, tmp_path, moved, made):
        before = wide.look("payments-agent")["addresses"]
        gone = tmp_path / "gone.yml"
        gone.write_text("agent_hosts: {hosts: {partner-agent: {lab_pid: 4194304}}}")
        done = self.to(wide, tmp_path, moved, "-i", str(gone))
        assert done.rc == 2
        assert "RECORD_KEPT: partner are associated with zone" in done.failed["payments"]
        assert wide.look("payments-agent")["addresses"] == before
        assert set(before).isdisjoint(made)

    def test_one_that_the_inventory_does_not_know_keeps_the_record(self, wide, tmp_path, moved):
        route53, stranger = wide.client("route53"), wide.record.vpcs["holder"].id
        zone = next(
            z["Id"] for z in route53.list_hosted_zones()["HostedZones"] if "(payments)" in z["Config"]["Comment"]
        )
        vpc = {"VPCRegion": "us-east-1", "VPCId": stranger}
        route53.associate_vpc_with_hosted_zone(HostedZoneId=zone, VPC=vpc)
        done = self.to(wide, tmp_path, moved)
        route53.disassociate_vpc_from_hosted_zone(HostedZoneId=zone, VPC=vpc)
        assert done.rc == 2
        assert "RECORD_MOVES_STRANGERS" in done.failed["payments"]
        assert stranger in done.failed["payments"]

    def test_who_joins_does_not_join_what_leads_elsewhere(self, wide, tmp_path, moved, made):
        done = play(
            wide, tmp_path, "setup", "--limit", "partner", "-e", json.dumps({"privatelink_service_name": moved})
        )
        assert done.rc == 0, done.text  # it is there already, and stays
        assert set(wide.look("partner-agent")["addresses"]).isdisjoint(made)

    def test_all_move_together_and_what_is_left_is_named(self, wide, tmp_path, moved, made):
        with watched(wide, "payments-agent") as one, watched(wide, "partner-agent") as other:
            done = self.to(wide, tmp_path, moved)
            assert done.rc == 0, done.text
        assert "ENDPOINT_LEFT_OVER" in done.text
        for watch in (one, other):
            assert len(watch.answers) == 2
            assert watch.answers[-1] == ",".join(sorted(made))
        assert "ENDPOINT_LEFT_OVER" in self.to(wide, tmp_path, moved, playbook="drift").text
