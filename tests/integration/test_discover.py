# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that somebody made by hand, as Astronomer's page says: discovery finds them, and the inventory that it writes changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import by_hand
import pytest
from astrolab.lab import Lab
from by_hand import permission
from conftest import LabUp
from running import Play, play

REGION = "us-east-1"
ZONES = ("use1-az1", "use1-az2", "use1-az4")


@pytest.fixture(scope="module")
def lab(lab_up: LabUp) -> Iterator[Lab]:
    """The demo's three VPCs: two with links of their own, and one that shares a link over a peering; names as in the console."""
    with lab_up() as started:
        payments = by_hand.make_link(started, "payments", ZONES)
        ledger = by_hand.make_link(started, "ledger", ZONES)
        ec2 = started.client("ec2")
        ec2.authorize_security_group_ingress(GroupId=payments.group, IpPermissions=[permission(cidr="10.0.0.0/8")])
        by_hand.join(started, payments, "analytics")
        ec2.create_tags(Resources=[ledger.endpoint], Tags=[{"Key": "Name", "Value": "astro-privatelink"}])
        yield started


def discover(lab: Lab, tmp_path: Path, *arguments: str, **env: str) -> Play:
    return play(lab, tmp_path, "discover", "-e", f'{{"discover_regions": ["{REGION}"]}}', *arguments, **env)


def result(done: Play) -> dict[str, Any]:
    (found,) = [each["result"] for each in done.results if "path" in each["result"]]
    return dict(found)


def test_what_is_right_is_left_alone(lab, tmp_path):
    done = discover(lab, tmp_path)
    assert done.rc == 0, done.text
    file = tmp_path / "inventory.yml"
    print(file.read_text())
    checked = play(lab, tmp_path, "site", "--check", inventory=file)
    print(checked.text)
    assert checked.rc == 0, checked.text
    assert not checked.calls()
