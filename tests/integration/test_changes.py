# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links change their shape while agents resolve the name all the time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from by_hand import inventory
from running import ROOT, play
from watching import watched

SUFFIX = "external.astronomer.run."
HOST = f"clmh1kd8v000108l3a9v7c5x2.{SUFFIX}"
OPEN = ["-e", "teardown_deployment_unrestricted=true"]


@pytest.fixture(scope="module")
def wide(lab_up):
    with lab_up(topology=ROOT / "tests/lab/topologies/wide.yml") as lab:
        done = play(lab, Path(lab.inventory).parent, "setup", "--limit", "payments,partner")
        assert done.rc == 0, done.text
        yield lab


def own(lab: Any, tmp_path: Path, **more: str) -> Path:
    """The lab's inventory, in which partner no longer joins payments."""
    known, path = inventory(lab), tmp_path / "own.yml"
    partner = known["agent_vpcs"]["hosts"]["partner"]
    del partner["privatelink_via"]
    partner.update(more)
    path.write_text(yaml.safe_dump(known))
    return path


def test_in_a_zone_of_the_same_name_it_is_refused_with_the_way_to_go_and_the_agents_keep_their_link(wide, tmp_path):
    wide.reset_calls()
    with watched(wide, "partner-agent") as watch:
        done = play(wide, tmp_path, "setup", "--limit", "partner", inventory=own(wide, tmp_path))
    assert done.rc == 2
    assert wide.calls()["mutating"] == 0
    assert "ZONE_CONFLICT" in done.failed["partner"]
    assert "privatelink_dns_layout: host_zone" in done.failed["partner"]
    assert len(watch.answers) == 1, watch.answers
    assert watch.asked > 50


def test_with_a_zone_of_the_host_the_name_moves_from_one_link_to_the_other(wide, tmp_path):
    before = ",".join(sorted(wide.look("partner-agent")["addresses"]))
    path = own(wide, tmp_path, privatelink_dns_layout="host_zone")
    with watched(wide, "partner-agent") as partner, watched(wide, "payments-agent") as payments:
        done = play(wide, tmp_path, "setup", "--limit", "partner", inventory=path)
    assert done.rc == 0, done.text
    after = ",".join(sorted(wide.look("partner-agent")["addresses"]))
    assert partner.answers == [before, after]
    assert after.startswith("10.50.")  # an address of its own VPC
    assert payments.answers == [before]


def test_what_is_left_of_the_joined_link_is_told_and_taken_away(wide, tmp_path):
    path = own(wide, tmp_path, privatelink_dns_layout="host_zone")
    told = play(wide, tmp_path, "drift", "--limit", "partner", inventory=path)
    print(told.text)
    assert told.rc == 0
    assert "FORMER_ZONE_LEFT" in told.text
    with watched(wide, "partner-agent") as partner:
        moved = play(wide, tmp_path, "move_dns_layout", "--limit", "partner", inventory=path)
    assert moved.rc == 0, moved.text
    assert len(partner.answers) == 1, partner.answers
    assert zones_of(wide, "partner") == {HOST}
    wide.reset_calls()
    again = play(wide, tmp_path, "move_dns_layout", "--limit", "partner", inventory=path)
    assert (again.rc, wide.calls()["mutating"]) == (0, 0)
    assert "FORMER_ZONE_LEFT" not in play(wide, tmp_path, "drift", "--limit", "partner", inventory=path).text


class TestOwnToJoined:
    """The way back: partner joins payments again, and has a link of its own until its agents use the other one."""

    def test_setup_does_not_claim_that_agents_have_moved(self, wide, tmp_path):
        with watched(wide, "partner-agent") as partner:
            done = play(wide, tmp_path, "setup", "--limit", "partner")
        assert done.rc == 2
        assert "Run the playbook move_dns_layout" in done.failed["partner"]
        assert len(partner.answers) == 1
        assert zones_of(wide, "partner") == {HOST, SUFFIX}

    @pytest.mark.parametrize("playbook", ["drift", "verify"])
    def test_nor_do_others(self, wide, tmp_path, playbook):
        done = play(wide, tmp_path, playbook, "--limit", "partner")
        assert done.rc == 2
        assert "partner" in done.failed

    def test_a_teardown_of_the_former_link_does_not_lead_agents_to_the_other_one(self, wide, tmp_path):
        path = own(wide, tmp_path, privatelink_dns_layout="host_zone")
        for how in (["--check"], []):
            wide.reset_calls()
            done = play(wide, tmp_path, "teardown", "--limit", "partner", *OPEN, *how, inventory=path)
            assert done.rc == 2
            assert "would not go back to the public path" in done.failed["partner"]
            assert wide.calls()["mutating"] == 0

    def test_the_name_moves_once_agents_reach_the_other_link(self, wide, tmp_path):
        before = ",".join(sorted(wide.look("partner-agent")["addresses"]))
        with watched(wide, "partner-agent") as partner, watched(wide, "payments-agent") as payments:
            done = play(wide, tmp_path, "move_dns_layout", "--limit", "partner")
        assert done.rc == 0, done.text
        after = ",".join(sorted(wide.look("payments-agent")["addresses"]))
        assert partner.answers == [before, after]
        assert payments.answers == [after]
        assert zones_of(wide, "partner") == {SUFFIX}
        assert play(wide, tmp_path, "drift", "--limit", "partner").rc == 0

    def test_then_its_own_endpoint_goes_and_no_agent_notices(self, wide, tmp_path):
        path = own(wide, tmp_path, privatelink_dns_layout="host_zone")
        with watched(wide, "partner-agent") as partner:
            done = play(wide, tmp_path, "teardown", "--limit", "partner", *OPEN, inventory=path)
        assert done.rc == 0, done.text
        assert len(partner.answers) == 1
        assert play(wide, tmp_path, "drift", "--limit", "partner").rc == 0


def zones_of(lab: Any, vpc: str) -> set[str]:
    """The names of the zones that serve a VPC, of all accounts."""
    there = lab.record.vpcs[vpc]
    found = lab.client("route53", account=there.account).list_hosted_zones_by_vpc(
        VPCId=there.id, VPCRegion=there.region
    )
    return {zone["Name"] for zone in found["HostedZoneSummaries"]}
