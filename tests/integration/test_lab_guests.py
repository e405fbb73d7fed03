# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Agent hosts that are put into VPCs while the lab runs."""

from __future__ import annotations

import pytest
from astrolab.home import LabError
from conftest import LabUp


@pytest.mark.parametrize("mode", ["auto", "loopback"])
def test_an_agent_host_in_a_new_vpc_sees_what_agents_there_see(lab_up: LabUp, mode: str) -> None:
    with lab_up(profile="kind", mode=mode) as lab:
        ec2 = lab.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.77.1.0/24", AvailabilityZone="us-east-1a")["Subnet"]
        made = ec2.create_network_interface(SubnetId=subnet["SubnetId"])["NetworkInterface"]
        interface = made["NetworkInterfaceId"]
        more = lab.with_host("latecomer", interface)
        assert str(more.record.hosts["latecomer"].address) == made["PrivateIpAddress"]
        seen = more.look("latecomer")
        assert [(each["address"], each["status"]) for each in seen["attempts"]] == [("203.0.113.10", 404)]
        with pytest.raises(LabError, match="there is an agent host latecomer already"):
            more.with_host("latecomer", interface)


def test_there_is_no_agent_host_without_an_interface(lab_up: LabUp) -> None:
    with lab_up(profile="kind") as lab, pytest.raises(LabError, match="eni-0"):
        lab.with_host("nobody", "eni-0")
