# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's request limits are kept: a fleet is made while AWS throttles, no VPC fails, and hardly any request is refused."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml
from running import Play, play, settings

COUNT, ALONE, SLICES = 30, 14, 4
#: There are no agent hosts: only AWS is asked.
BLIND = "-e", json.dumps({"setup_probe_before_dns": False})


@pytest.fixture(scope="module")
def fleet(lab_up, tmp_path_factory):
    """VPCs with links of their own, in an account whose buckets are full."""
    topology = tmp_path_factory.mktemp("lab") / "own.yml"
    content = {
        "cluster": {"id": "clmh1kd8v000108l3a9v7c5x2"},
        "service": {"az_ids": ["use1-az1", "use1-az2"]},
        "settings": {"acceptance_seconds": 0.0, "pending_seconds": 0.3, "insync_seconds": 0.3},
        "generate": {"count": COUNT, "kind": "own"},
    }
    topology.write_text(yaml.safe_dump(content))
    with lab_up(topology=topology, profile=None) as lab:  # it is planted before AWS begins to throttle
        settings(lab, throttle=True)
        lab.reset_calls()
        yield lab


def test_a_fleet_is_made_within_the_limits(fleet, tmp_path):
    done = play(fleet, tmp_path, "setup", "-v", *BLIND, "--limit", f"agent_vpcs[0:{ALONE - 1}]")
    assert (done.rc, done.failed) == (0, {}), done.text
    calls = fleet.calls()["calls"]
    throttled = [each["name"] for each in calls if each["code"] in {"RequestLimitExceeded", "Throttling"}]
    assert sum(each["name"] == "ec2:CreateVpcEndpoint" for each in calls) >= ALONE
    assert len(throttled) < 0.02 * len(calls), throttled

    told = [result["result"]["requests"] for result in done.results if "requests" in result["result"]]
    asked = [each for one in told for each in one.values()]
    assert sum(each["calls"] for each in asked) == len(calls)
    assert sum(each["throttled"] for each in asked) == len(throttled)
    assert any(each["waited"] > 0 for each in asked)
    assert "Requests to AWS in " in done.text


def test_slices_at_once_make_together_what_one_run_makes(fleet, tmp_path):
    """As AWX's job slices and several controllers do: none knows of the others, and each has a part of the inventory."""
    known = yaml.safe_load(fleet.inventory.read_text())
    hosts = list(known["agent_vpcs"]["hosts"])

    def part(number: int) -> Play:
        place = tmp_path / f"slice{number}"
        place.mkdir()
        mine = {name: known["agent_vpcs"]["hosts"][name] for name in hosts[ALONE + number :: SLICES]}
        (place / "inventory.yml").write_text(yaml.safe_dump({"agent_vpcs": {**known["agent_vpcs"], "hosts": mine}}))
        return play(fleet, place, "setup", *BLIND, inventory=place / "inventory.yml")

    with ThreadPoolExecutor(SLICES) as pool:
        done = list(pool.map(part, range(SLICES)))
    assert [each.rc for each in done] == [0] * SLICES, "\n".join(each.text for each in done)

    settings(fleet, throttle=False)
    whole = play(fleet, tmp_path, "setup", "--check", *BLIND)
    assert (whole.rc, whole.calls()) == (0, []), whole.text
    ec2, zones = fleet.client("ec2"), fleet.client("route53").list_hosted_zones()["HostedZones"]
    groups = [{"Name": "group-name", "Values": ["astro-privatelink"]}]
    assert len(ec2.describe_vpc_endpoints()["VpcEndpoints"]) == len(zones) == COUNT
    assert len(ec2.describe_security_groups(Filters=groups)["SecurityGroups"]) == COUNT
