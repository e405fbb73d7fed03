# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VPC that joined another's link gets one of its own, while its agents resolve the name all the time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from by_hand import inventory
from running import ROOT, play
from watching import watched


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
    with watched(wide, "partner-agent") as watch:
        done = play(wide, tmp_path, "setup", "--limit", "partner", inventory=own(wide, tmp_path))
    assert done.rc == 2
    assert "ZONE_CONFLICT_ELSEWHERE" in done.failed["partner"]
    assert "privatelink_dns_layout: host_zone" in done.failed["partner"]
    assert len(watch.answers) == 1, watch.answers
    assert watch.asked > 200


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
