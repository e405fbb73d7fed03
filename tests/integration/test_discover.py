# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that somebody made by hand, as Astronomer's page says: discovery finds them, and the inventory that it writes changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import by_hand
import pytest
import yaml
from astrolab.astro.organization import DEPLOYMENT
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


def discover(lab: Lab, tmp_path: Path, *arguments: str, **more: Any) -> Play:
    wanted = {"discover_regions": [REGION], **more}
    return play(lab, tmp_path, "discover", "-e", json.dumps(wanted), *arguments)


def result(done: Play) -> dict[str, Any]:
    (found,) = [each["result"] for each in done.results if "path" in each["result"]]
    return dict(found)


def test_what_is_right_is_left_alone(lab, tmp_path):
    """The whole way: what was made by hand becomes an inventory, and a run of it would change nothing."""
    done = discover(lab, tmp_path)
    assert done.rc == 0, done.text
    found, file = result(done), tmp_path / "inventory.yml"
    assert found["text"] == file.read_text()
    assert {name: (vpc["via"], vpc["fill_in"]) for name, vpc in found["vpcs"].items()} == {
        "analytics": ("payments", {}),
        "ledger": ("", {}),
        "payments": ("", {}),
    }
    assert found["unread"] == []
    asked = {service: each["calls"] for service, each in found["requests"].items()}
    assert asked == {"ec2": 11, "route53": 7, "sts": 1, "eks": 3}
    hosts = yaml.safe_load(found["text"])["agent_vpcs"]
    assert hosts["vars"]["harden_deployment_ids"] == [DEPLOYMENT]
    assert hosts["hosts"]["payments"]["privatelink_kubernetes"] == [{"eks_cluster": "payments", "namespace": "airflow"}]
    assert " pcx-" in found["text"]
    checked = play(lab, tmp_path, "site", "--check", inventory=file)
    assert checked.rc == 0, checked.text
    assert checked.calls() == []
    assert not checked.changed
    verdicts = checked.table()
    assert verdicts["payments"].startswith("works")


def test_two_links_that_claim_a_vpc_are_shown_and_refused_until_one_is_chosen(lab, tmp_path):
    """Somebody leads ledger to the link of payments, too; and an account cannot be reached."""
    file = tmp_path / "inventory.yml"
    file.write_text("mine\n")
    facts, owner = lab.record.vpcs["ledger"], lab.record.vpcs["payments"]
    ec2 = lab.client("ec2")
    (shared,) = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [owner.id]}])["VpcEndpoints"]
    by_hand.make_zone(lab, facts, shared["DnsEntries"][0], lab.record.cluster_host)
    accounts = [{}, {"profile": "nobody"}]
    refused = discover(lab, tmp_path, discover_accounts=accounts)
    assert "is there already and differs" in refused.failed["localhost"]
    assert "discover_overwrite: true" in refused.failed["localhost"]
    assert file.read_text() == "mine\n"

    done = discover(lab, tmp_path, discover_accounts=accounts, discover_overwrite=True)
    assert done.rc == 0, done.text
    found = result(done)
    (unread,) = found["unread"]
    assert "The account of profile nobody" in unread
    assert f"# - {unread[:60]}" in file.read_text()
    assert list(found["vpcs"]["ledger"]["fill_in"]) == ["privatelink_service_name"]
    assert "# Link 1: endpoint vpce-" in found["text"]
    assert "# Link 2: endpoint vpce-" in found["text"]
    checked = play(lab, tmp_path, "site", "--check", inventory=file)
    assert checked.rc != 0
    (said,) = set(checked.failed.values())
    assert "ledger: privatelink_service_name is still to be filled in: the lines of the link that stays" in said
