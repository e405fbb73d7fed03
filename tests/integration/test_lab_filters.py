# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What agents may send by their security groups, and what network ACLs let through: the same in both ways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from astrolab.lab import Lab
from by_hand import Link, inventory, make_link, permission, until, vpc_id
from conftest import LabUp

AGENT = "payments-agent"
REACHED, LOST = "404", "tcp: timed out"
ALL: dict[str, Any] = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
EPHEMERAL = (1024, 65535)
FROM_VPC = "10.10.0.0/16"


@pytest.fixture(scope="module", params=["auto", "loopback"])
def lab(request: pytest.FixtureRequest, lab_up: LabUp) -> Iterator[Lab]:
    with lab_up(profile="kind", mode=request.param) as started:
        yield started


@pytest.fixture(scope="module")
def link(lab: Lab) -> Link:
    """One address in the agent's own subnet, one in another."""
    return make_link(lab, "payments", ("use1-az1", "use1-az2"))


@pytest.fixture
def ec2(lab: Lab) -> Any:
    return lab.client("ec2")


@pytest.fixture
def sending(lab: Lab, ec2: Any) -> Iterator[str]:
    """The agents' security group, which lets everything out again afterwards."""
    (group,) = inventory(lab)["agent_vpcs"]["hosts"]["payments"]["privatelink_agent_security_groups"]
    yield group
    (left,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    if left["IpPermissionsEgress"]:
        ec2.revoke_security_group_egress(GroupId=group, IpPermissions=left["IpPermissionsEgress"])
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[ALL])


class Acl:
    """A network ACL that at first lets nothing through."""

    def __init__(self, ec2: Any, vpc: str) -> None:
        self._ec2, self._vpc = ec2, vpc
        self.id = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]

    def on(self, cidr: str) -> Acl:
        self._replaced = self._take(cidr, self.id)
        self._cidr = cidr
        return self

    def away(self) -> None:
        self._take(self._cidr, self._replaced)
        self._ec2.delete_network_acl(NetworkAclId=self.id)

    def rule(
        self, number: int, way: str, cidr: str, ports: tuple[int, int], *, deny: bool = False, anew: bool = False
    ) -> None:
        change = self._ec2.replace_network_acl_entry if anew else self._ec2.create_network_acl_entry
        change(
            NetworkAclId=self.id,
            RuleNumber=number,
            Egress=way == "out",
            Protocol="6",
            RuleAction="deny" if deny else "allow",
            CidrBlock=cidr,
            PortRange={"From": ports[0], "To": ports[1]},
        )

    def _take(self, cidr: str, acl: str) -> str:
        """Puts the ACL on the subnet of this range; the one that it had."""
        filters = [{"Name": "vpc-id", "Values": [self._vpc]}, {"Name": "cidr-block", "Values": [cidr]}]
        (subnet,) = self._ec2.describe_subnets(Filters=filters)["Subnets"]
        acls = self._ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [self._vpc]}])["NetworkAcls"]
        (had,) = (each for known in acls for each in known["Associations"] if each["SubnetId"] == subnet["SubnetId"])
        self._ec2.replace_network_acl_association(AssociationId=had["NetworkAclAssociationId"], NetworkAclId=acl)
        return str(had["NetworkAclId"])


@pytest.fixture
def acl(lab: Lab, ec2: Any) -> Iterator[Acl]:
    made = Acl(ec2, vpc_id(lab, "payments"))
    yield made
    made.away()


def outcomes(lab: Lab, name: str | None = None) -> list[str]:
    """What the agent meets at each address, in the order of the addresses."""
    seen = lab.look(AGENT, name, deadline=1.5)
    return [
        f"{each['failed']}: {each['error']}" if each["failed"] else str(each["status"]) for each in seen["attempts"]
    ]


def settles(lab: Lab, near: str, far: str) -> None:
    """Waits until the address in the agent's own subnet, and the one in another, are like this."""
    seen: list[list[str]] = []

    def looks() -> bool:
        seen.append(outcomes(lab))
        return seen[-1] == [near, far]

    until(looks, lambda: f"the agent sees {seen[-1]}, not {[near, far]}")


@pytest.mark.usefixtures("link")
def test_an_agents_group_decides_what_it_sends(lab: Lab, ec2: Any, sending: str) -> None:
    settles(lab, REACHED, REACHED)
    ec2.revoke_security_group_egress(GroupId=sending, IpPermissions=[ALL])
    settles(lab, LOST, LOST)  # its names are still answered: no group keeps an agent from the VPC's resolver
    assert outcomes(lab, "clq7t3w5z000209mb4d8e6f1y.example.org") == []
    ec2.authorize_security_group_egress(GroupId=sending, IpPermissions=[permission(cidr="10.10.2.0/24")])
    settles(lab, LOST, REACHED)


def test_an_agents_group_may_name_the_endpoints_group(lab: Lab, link: Link, ec2: Any, sending: str) -> None:
    ec2.revoke_security_group_egress(GroupId=sending, IpPermissions=[ALL])
    settles(lab, LOST, LOST)
    ec2.authorize_security_group_egress(GroupId=sending, IpPermissions=[permission(group=link.group)])
    settles(lab, REACHED, REACHED)


def test_the_internet_needs_a_way_out_and_back(lab: Lab, ec2: Any) -> None:
    """The agent of a VPC without a link comes in publicly, as far as its network ACL lets it."""
    acl = Acl(ec2, vpc_id(lab, "ledger")).on("10.20.2.0/24")
    look = [lambda: lab.look("ledger-agent", deadline=1.5)["attempts"][0]]
    acl.rule(10, "out", "0.0.0.0/0", (443, 443))
    until(lambda: look[0]()["failed"] == "tcp", "nothing comes back")
    acl.rule(10, "in", "203.0.113.0/24", EPHEMERAL)
    until(lambda: look[0]()["status"] == 404, "the answer comes back")
    acl.away()


@pytest.mark.usefixtures("link")
def test_an_acl_of_the_endpoints_subnet_is_for_packets_from_other_subnets(lab: Lab, acl: Acl) -> None:
    acl.on("10.10.2.0/24")
    settles(lab, REACHED, LOST)
    acl.rule(100, "in", FROM_VPC, (443, 443))
    acl.rule(100, "out", FROM_VPC, (1, 1023))
    settles(lab, REACHED, LOST)  # it knows no connections: the answer goes to a high port
    acl.rule(100, "out", FROM_VPC, EPHEMERAL, anew=True)
    settles(lab, REACHED, REACHED)
    acl.rule(90, "in", "10.10.1.0/24", (443, 443), deny=True)
    settles(lab, REACHED, LOST)  # the lower number counts
    acl.rule(80, "in", "10.10.1.4/32", (1, 65535))
    settles(lab, REACHED, REACHED)
    acl.rule(80, "in", "10.10.1.4/32", (1, 65535), deny=True, anew=True)
    settles(lab, REACHED, LOST)


@pytest.mark.usefixtures("link")
def test_an_acl_of_the_agents_subnet_spares_what_is_in_it(lab: Lab, acl: Acl) -> None:
    acl.on("10.10.1.0/24")
    settles(lab, REACHED, LOST)
    acl.rule(100, "out", "0.0.0.0/0", (443, 443))
    settles(lab, REACHED, LOST)
    acl.rule(100, "in", "0.0.0.0/0", EPHEMERAL)
    settles(lab, REACHED, REACHED)
