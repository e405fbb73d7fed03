# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Agents of two Astro clusters in one VPC: from setup to teardown, and neither is in the other's way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from astrolab import talk
from astrolab.lab import Lab
from by_hand import inventory, until
from conftest import LabUp
from running import Play, play

SECOND = "clq7t3w5z000209mb4d8e6f1y"
HOSTS = {"first": "clmh1kd8v000108l3a9v7c5x2.external.astronomer.run", "second": f"{SECOND}.external.astronomer.run"}
PUBLIC = {"first": ["203.0.113.10"], "second": ["203.0.113.20"]}


@pytest.fixture(scope="module")
def lab(lab_up: LabUp) -> Iterator[Lab]:
    with lab_up() as started:
        yield started


@pytest.fixture(scope="module")
def another(lab: Lab) -> str:
    """A second endpoint service, as Support may give one for each cluster."""
    content = {
        "account": "999999999999",
        "region": "us-east-1",
        "zones": ["use1-az1", "use1-az2"],
        "acceptance_required": False,
        "principals": ["arn:aws:iam::111111111111:root"],
        "supported_regions": ["us-east-1"],
    }
    return str(talk.say(lab.record.url, "PUT", "services", content)["name"])


@dataclass
class Story:
    """The two links of one VPC. ``files`` are the inventories: one with both links, or one for each of them."""

    lab: Lab
    place: Path
    files: dict[str, Path]

    def run(self, playbook: str, *which: str, **variables: Any) -> Play:
        """On these links, in as many runs as they have inventories; the last run, or the first that failed."""
        done = None
        for file in dict.fromkeys(self.files[each] for each in which or HOSTS):
            arguments = ["-e", json.dumps(variables)]
            if which:
                arguments += ["--limit", ",".join(which)]
            done = play(self.lab, self.place, playbook, *arguments, inventory=file)
            if done.rc:
                break
        assert done is not None
        return done

    def addresses(self, which: str) -> list[str]:
        return list(self.lab.look("payments-agent", HOSTS[which])["addresses"])


def story(lab: Lab, place: Path, layout: str, inventories: int, service: str | None) -> Story:
    known = inventory(lab)
    vpc, agent = known["agent_vpcs"]["hosts"]["payments"], known["agent_hosts"]["hosts"]["payments-agent"]
    second = {"privatelink_cluster_id": SECOND, **({"privatelink_service_name": service} if service else {})}
    vpcs = {"first": vpc, "second": {**vpc, **second}}
    agents = {name: {f"{name}-agent": {**agent, "privatelink_agent_vpc": name}} for name in vpcs}
    files = {}
    for number, names in enumerate([list(vpcs)] if inventories == 1 else [[name] for name in vpcs]):
        common = {**known["agent_vpcs"]["vars"], "privatelink_dns_layout": layout}
        hosts = {host: variables for name in names for host, variables in agents[name].items()}
        content = {
            "agent_vpcs": {"vars": common, "hosts": {name: vpcs[name] for name in names}},
            "agent_hosts": {**known["agent_hosts"], "hosts": hosts},
        }
        path = place / f"inventory{number}.yml"
        path.write_text(yaml.safe_dump(content))
        files |= dict.fromkeys(names, path)
    return Story(lab, place, files)


GOES = {"teardown_drain": 1, "teardown_deployment_unrestricted": True}


@pytest.mark.in_turn
@pytest.mark.parametrize(
    "case",
    [("host_zone", 1, True), ("host_zone", 2, False), ("suffix_zone", 2, True)],
    ids=["one inventory, one service", "two inventories, two services", "two inventories, one zone and service"],
)
def test_from_setup_to_teardown(lab: Lab, tmp_path: Path, another: str, case: tuple[str, int, bool]) -> None:
    layout, inventories, shared = case
    told = story(lab, tmp_path, layout, inventories, None if shared else another)
    made = told.run("setup")
    assert made.rc == 0, made.text
    seen = told.run("verify")
    assert seen.rc == 0, seen.text
    first, second = told.addresses("first"), told.addresses("second")
    assert (first == second) == shared
    assert not {*first, *second} & {*PUBLIC["first"], *PUBLIC["second"]}

    tight = told.run("harden_aws", harden_aws_tighten=True)
    assert (tight.rc, tight.changed) == (0, False), tight.text

    if layout == "suffix_zone":  # without its record the second name would not exist, not even publicly
        kept = told.run("teardown", "second", **GOES)
        assert "NAME_LOST" in kept.failed["second"], kept.text
        assert told.addresses("second") == second
    gone = told.run("teardown", "second", **GOES, teardown_accept_gap=layout == "suffix_zone")
    assert gone.rc == 0, gone.text
    assert ("ENDPOINT_SHARED" in gone.text) == shared
    until(lambda: told.addresses("second") == ([] if layout == "suffix_zone" else PUBLIC["second"]), "it lets go")
    assert told.addresses("first") == first

    alone = told.run("verify", "first")
    assert alone.rc == 0, alone.text
    (group,) = lab.client("ec2").describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["astro-privatelink"]}]
    )["SecurityGroups"]
    assert [tag["Key"] for tag in group["Tags"] if SECOND in tag["Key"]] == []

    last = told.run("teardown", "first", **GOES)
    assert last.rc == 0, last.text
    assert told.addresses("first") == PUBLIC["first"]
    assert lab.client("ec2").describe_vpc_endpoints()["VpcEndpoints"] == []
    assert lab.client("route53").list_hosted_zones()["HostedZones"] == []


def test_both_links_go_in_one_run(lab: Lab, tmp_path: Path, another: str) -> None:
    """They have an endpoint each, and one security group."""
    told = story(lab, tmp_path, "host_zone", 1, another)
    made = told.run("setup")
    assert made.rc == 0, made.text
    gone = told.run("teardown", **GOES)
    assert gone.rc == 0, gone.text
    named = [{"Name": "group-name", "Values": ["astro-privatelink"]}]
    assert lab.client("ec2").describe_security_groups(Filters=named)["SecurityGroups"] == []
    assert lab.client("ec2").describe_vpc_endpoints()["VpcEndpoints"] == []
    assert {which: told.addresses(which) for which in HOSTS} == PUBLIC


def test_one_zone_for_two_links_of_one_inventory_is_refused_before_anything_is_made(lab: Lab, tmp_path: Path) -> None:
    told = story(lab, tmp_path, "suffix_zone", 1, None)
    lab.reset_calls()
    done = told.run("setup")
    assert done.rc == 2
    assert "Set privatelink_dns_layout: host_zone for both" in done.text
    assert lab.calls()["total"] == 0
