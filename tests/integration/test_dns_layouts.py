# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moving between the DNS layouts, there and back, while agents resolve the name all the time."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._roles import move_dns_layout, setup
from by_hand import inventory
from running import ROOT, play, run_module, settings
from watching import watched

SUFFIX = "external.astronomer.run."
HOST = f"clmh1kd8v000108l3a9v7c5x2.{SUFFIX}"
NAMES = ["payments", "partner", "berlin"]  # an own link, one that is joined from another account, another region's


@pytest.fixture(scope="module")
def wide(lab_up):
    with lab_up(topology=ROOT / "tests/lab/topologies/wide.yml") as lab:
        yield lab


def inputs(lab: Any, layout: str, *, held: bool = True, **more: Any) -> list[str]:
    holder = {"privatelink_holder_vpc_id": lab.record.vpcs["holder"].id, "privatelink_holder_vpc_region": "us-east-1"}
    return [
        "--limit",
        ",".join(NAMES),
        "-e",
        json.dumps({"privatelink_dns_layout": layout, **(holder if held else {}), **more}),
    ]


def zones(lab: Any) -> set[str]:
    return {zone["Name"] for zone in lab.client("route53").list_hosted_zones()["HostedZones"]}


class TestThereAndBack:
    """One lab, told from top to bottom."""

    def test_a_vpc_that_is_not_on_its_new_zone_keeps_the_old_one(self, wide, tmp_path):
        assert play(wide, tmp_path, "setup", *inputs(wide, "suffix_zone")).rc == 0
        wide.reset_calls()
        done = play(wide, tmp_path, "move_dns_layout", *inputs(wide, "host_zone"))
        assert done.rc == 2
        assert set(done.failed) == set(NAMES)
        assert all("LAYOUT_NOT_READY" in text for text in done.failed.values())
        assert wide.calls()["mutating"] == 0

    @pytest.mark.parametrize(("layout", "left"), [("host_zone", HOST), ("suffix_zone", SUFFIX)])
    def test_with_a_holder_no_agent_ever_misses_an_answer(self, wide, tmp_path, layout, left):
        with ExitStack() as stack:
            watches = {name: stack.enter_context(watched(wide, f"{name}-agent")) for name in NAMES}
            assert play(wide, tmp_path, "setup", *inputs(wide, layout)).rc == 0
            assert zones(wide) == {SUFFIX, HOST}
            moved = play(wide, tmp_path, "move_dns_layout", *inputs(wide, layout))
            assert moved.rc == 0, moved.text
        assert zones(wide) == {left}
        assert set(moved.table().values()) == {"works"}
        for agent, watch in watches.items():
            assert len(watch.answers) == 1, f"{agent}: {watch.answers}"  # the endpoint's addresses, from first to last
            assert watch.asked > 50

    def test_a_second_run_changes_nothing(self, wide, tmp_path):
        again = play(wide, tmp_path, "move_dns_layout", *inputs(wide, "suffix_zone"))
        assert (again.rc, again.changed) == (0, False)

    def test_the_way_to_the_suffix_without_a_holder_is_a_gap_to_agree_to(self, wide, tmp_path):
        carry_out(wide, setup.zones, "host_zone")
        settings(wide, denied={"111111111111": ["ec2:CreateVpc"]})
        wide.reset_calls()
        refused = play(wide, tmp_path, "move_dns_layout", *inputs(wide, "suffix_zone", held=False))
        settings(wide, denied={})
        assert refused.rc == 2
        assert "NAME_GAP_UNHELD" in refused.failed["payments"]
        assert {"NAME_GAP_UNHELD", "LINK_OWNER_FAILED"} & set(refused.failed["partner"].replace(":", " ").split())
        assert wide.calls()["mutating"] == 2  # CreateVpc itself, in each region

        with watched(wide, "payments-agent") as last, watched(wide, "partner-agent") as joined:
            carry_out(wide, lambda inventory, _: move_dns_layout.old_zones(inventory, True), "suffix_zone")
        assert {"NXDOMAIN", "NoAnswer"} & set(last.answers)  # as agreed: AWS keeps the last VPC on the zone
        assert len(joined.answers) == 1
        assert zones(wide) == {SUFFIX}


def carry_out(lab: Any, say: Callable[..., list[dict[str, Any]]], layout: str) -> None:
    """What a role does about zones, without a holder, in this process."""
    known = inventory(lab)["agent_vpcs"]
    hostvars = {n: {**known["vars"], **h, "privatelink_dns_layout": layout} for n, h in known["hosts"].items()}
    fleet = Inventory.read(hostvars, NAMES)
    endpoints = [run_module(lab, "vpc_endpoint", check=True, **each) for each in setup.fleets(fleet)]
    for links in say(fleet, endpoints):
        for link in links["links"]:
            link["holder_region"] = ""
        assert not run_module(lab, "private_zone", region="us-east-1", **links).get("failed")
