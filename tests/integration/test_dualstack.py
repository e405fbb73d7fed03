# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A link gets IPv6 addresses beside its IPv4 ones, and loses them again: one story, in its order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from astrolab.lab import Lab
from astrolab.topology import DEMO
from by_hand import until, vpc_id
from conftest import LabUp
from running import Play, play

AGENT = "payments-agent"


@pytest.fixture(scope="module")
def lab(lab_up: LabUp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Two subnets with both families and one with IPv4 only; one agent host has no IPv6."""
    topology = yaml.safe_load(DEMO.with_name("dual.yml").read_text())
    topology["vpcs"]["payments"]["hosts"] = {AGENT: "a", "billing-agent": "b"}
    place = tmp_path_factory.mktemp("dual") / "topology.yml"
    place.write_text(yaml.safe_dump(topology))
    with lab_up(topology=place) as started:
        yield started


def addresses(lab: Lab) -> tuple[list[str], list[str]]:
    """The endpoint's, by family."""
    filters = [
        {"Name": "vpc-id", "Values": [vpc_id(lab, "payments")]},
        {"Name": "interface-type", "Values": ["vpc_endpoint"]},
    ]
    found = lab.client("ec2").describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
    six = [each["Ipv6Address"] for one in found for each in one["Ipv6Addresses"]]
    return sorted(each["PrivateIpAddress"] for each in found), sorted(six)


def answered(lab: Lab) -> dict[str, int | None]:
    return {each["address"]: each["status"] for each in lab.look(AGENT, deadline=1.0)["attempts"]}


def six_of(lab: Lab) -> str:
    """The VPC's IPv6 range."""
    found = lab.client("ec2").describe_vpcs(VpcIds=[vpc_id(lab, "payments")])["Vpcs"][0]
    return str(found["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"])


def wanted(*ranges: str, kind: str = "dualstack") -> tuple[str, str]:
    """The link's address type, and who may reach it."""
    given = {
        "privatelink_ip_address_type": kind,
        "privatelink_agent_security_groups": [],
        "privatelink_agent_cidrs": ["10.10.0.0/16", *ranges],
    }
    return "-e", json.dumps(given)


def operations(done: Play) -> list[str]:
    return [operation.partition(":")[2] for operation, _vpc in done.calls()]


def test_a_link_gets_ipv6_beside_ipv4_once_it_answers_and_gives_it_back(lab: Lab, tmp_path: Path) -> None:
    first = play(lab, tmp_path, "setup", *wanted(kind="ipv4"))
    assert first.rc == 0, first.text
    four, six = addresses(lab)
    assert (len(four), six) == (2, [])

    # The endpoint admits IPv6 from elsewhere only, so its IPv6 addresses do not answer: the name stays as it is.
    refused = play(lab, tmp_path, "setup", *wanted("2001:db8::/56"))
    since, six = addresses(lab)
    assert (since, len(six)) == (four, 2)
    assert operations(refused) == ["AuthorizeSecurityGroupIngress", "ModifyVpcEndpoint"]
    assert all(each in refused.failed["payments"] for each in ("TCP_TIMEOUT_ONE_FAMILY", *six))
    assert not set(answered(lab)) & set(six)

    right = wanted("2001:db8::/56", six_of(lab))
    led = play(lab, tmp_path, "setup", *right)
    assert (led.rc, operations(led)) == (0, ["AuthorizeSecurityGroupIngress", "ChangeResourceRecordSets"]), led.text
    assert answered(lab) == dict.fromkeys([*four, *six], 404)
    again = play(lab, tmp_path, "setup", "--check", *right)
    assert (again.rc, operations(again)) == (0, []), again.text

    lab.fault("address", six[0], "dead")
    broken = play(lab, tmp_path, "verify", *right)
    lab.heal()
    assert "TCP_TIMEOUT_ONE_AZ" in broken.failed["payments"]
    assert f"{six[0]} (eni-" in broken.failed["payments"]
    assert six[1] not in broken.failed["payments"]
    assert "TCP_NO_IPV6" in broken.text  # of the host without IPv6, whose agents are well

    back = play(lab, tmp_path, "setup", *wanted(kind="ipv4"))
    assert (back.rc, operations(back)) == (0, ["ChangeResourceRecordSets"]), back.text
    assert "IPV6_KEPT" in back.text
    until(lambda: not set(answered(lab)) & set(six), "the name leads to IPv4 addresses only")
