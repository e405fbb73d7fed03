# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's network against AWS's rules: the same story in namespaces and in loopback mode."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from astrolab.lab import Lab
from by_hand import Link, addresses, join, make_link, permission, until, vpc_id
from conftest import LabUp

PUBLIC = "203.0.113.10"
SOON = 1.0
LOST = "tcp: timed out"


@pytest.fixture(scope="module", params=["auto", "loopback"])
def lab(request: pytest.FixtureRequest, lab_up: LabUp) -> Iterator[Lab]:
    with lab_up(profile="kind", mode=request.param) as started:
        yield started


@pytest.fixture(scope="module")
def link(lab: Lab) -> Link:
    return make_link(lab, "payments", ("use1-az1", "use1-az2"))


@pytest.fixture(autouse=True)
def _healed(lab: Lab) -> Iterator[None]:
    yield
    lab.heal()


def outcomes(lab: Lab, host: str, deadline: float = 3.0) -> dict[str, str]:
    """For each address that the cluster's name has on this host: "404", or what fails and how."""
    seen = lab.look(host, deadline=deadline)
    return {
        each["address"]: f"{each['failed']}: {each['error']}" if each["failed"] else str(each["status"])
        for each in seen["attempts"]
    }


def settles(lab: Lab, host: str, wanted: dict[str, str]) -> None:
    """Waits until the host sees just that; what is lost need not be waited for as long as what should arrive."""
    deadline = SOON if LOST in wanted.values() else 3.0
    until(lambda: outcomes(lab, host, deadline) == wanted, f"{host} sees {wanted}")


def all_like(link: Link, outcome: str) -> dict[str, str]:
    return dict.fromkeys(link.addresses, outcome)


def test_without_a_link_agents_come_in_publicly(lab: Lab) -> None:
    seen = lab.look("ledger-agent")
    assert seen["addresses"] == [PUBLIC]
    assert seen["attempts"][0]["body"] == "404 page not found"
    assert lab.requests()[-1]["path"] == "public"


def test_a_link_answers_at_each_of_its_addresses(lab: Lab, link: Link) -> None:
    assert len(link.addresses) == 2
    assert outcomes(lab, "payments-agent") == all_like(link, "404")
    last = lab.requests()[-2:]
    assert {each["address"] for each in last} == set(link.addresses)
    assert {(each["path"], each["endpoint"], each["vpc"]) for each in last} == {("private", link.endpoint, link.vpc)}
    assert {each["source"] for each in last} == {str(lab.record.hosts["payments-agent"].address)}


def test_the_zone_hides_other_names_of_its_suffix_and_nothing_else(lab: Lab, link: Link) -> None:
    other = "clq7t3w5z000209mb4d8e6f1y.external.astronomer.run"
    assert link.vpc == vpc_id(lab, "payments")
    assert lab.look("payments-agent", other)["addresses"] == []
    assert lab.look("ledger-agent", other)["addresses"] == ["203.0.113.20"]


def test_names_know_no_case(lab: Lab, link: Link) -> None:
    assert tuple(lab.look("payments-agent", lab.record.cluster_host.upper())["addresses"]) == link.addresses


def test_a_closed_group_loses_packets(lab: Lab, link: Link) -> None:
    ec2 = lab.client("ec2")
    rules = ec2.describe_security_groups(GroupIds=[link.group])["SecurityGroups"][0]["IpPermissions"]
    ec2.revoke_security_group_ingress(GroupId=link.group, IpPermissions=rules)
    settles(lab, "payments-agent", all_like(link, LOST))
    ec2.authorize_security_group_ingress(GroupId=link.group, IpPermissions=rules)
    settles(lab, "payments-agent", all_like(link, "404"))


def test_wide_and_narrow_rules_come_and_go_each_for_itself(lab: Lab, link: Link) -> None:
    ec2 = lab.client("ec2")
    narrow = ec2.describe_security_groups(GroupIds=[link.group])["SecurityGroups"][0]["IpPermissions"]
    wide, other = permission(cidr="0.0.0.0/0"), permission(cidr="10.99.0.0/16")
    ec2.authorize_security_group_ingress(GroupId=link.group, IpPermissions=[wide])
    time.sleep(SOON)
    ec2.authorize_security_group_ingress(GroupId=link.group, IpPermissions=[other])
    ec2.revoke_security_group_ingress(GroupId=link.group, IpPermissions=[wide, *narrow])
    settles(lab, "payments-agent", all_like(link, LOST))
    ec2.authorize_security_group_ingress(GroupId=link.group, IpPermissions=[wide, *narrow])
    settles(lab, "payments-agent", all_like(link, "404"))
    ec2.revoke_security_group_ingress(GroupId=link.group, IpPermissions=[wide, other])
    time.sleep(SOON)
    settles(lab, "payments-agent", all_like(link, "404"))


def test_a_joined_vpc_needs_the_zone_the_group_and_both_routes(lab: Lab, link: Link) -> None:
    ec2 = lab.client("ec2")
    assert list(outcomes(lab, "analytics-agent")) == [PUBLIC]
    join(lab, link, "analytics")
    settles(lab, "analytics-agent", all_like(link, LOST))
    opened = permission(cidr="10.30.0.0/16")
    ec2.authorize_security_group_ingress(GroupId=link.group, IpPermissions=[opened])
    settles(lab, "analytics-agent", all_like(link, "404"))
    table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [link.vpc]}])["RouteTables"][0]
    back = next(route for route in table["Routes"] if route["DestinationCidrBlock"] == "10.30.0.0/16")
    where = {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": back["DestinationCidrBlock"]}
    ec2.delete_route(**where)
    settles(lab, "analytics-agent", all_like(link, LOST))
    ec2.create_route(**where, VpcPeeringConnectionId=back["VpcPeeringConnectionId"])
    settles(lab, "analytics-agent", all_like(link, "404"))


def test_groups_of_a_peered_vpc_are_sources_too(lab: Lab, link: Link) -> None:
    ec2 = lab.client("ec2")
    filters = [{"Name": "group-name", "Values": ["analytics-agents"]}]
    agents = ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]
    by_cidr, by_group = permission(cidr="10.30.0.0/16"), permission(group=agents)
    ec2.revoke_security_group_ingress(GroupId=link.group, IpPermissions=[by_cidr])
    settles(lab, "analytics-agent", all_like(link, LOST))
    ec2.authorize_security_group_ingress(GroupId=link.group, IpPermissions=[by_group])
    settles(lab, "analytics-agent", all_like(link, "404"))


def test_interfaces_come_and_go_with_the_endpoint(lab: Lab) -> None:
    made = make_link(lab, "ledger", ("use1-az1", "use1-az4"))
    ec2 = lab.client("ec2")
    assert outcomes(lab, "ledger-agent") == all_like(made, "404")
    subnets = ec2.describe_vpc_endpoints(VpcEndpointIds=[made.endpoint])["VpcEndpoints"][0]["SubnetIds"]
    ec2.modify_vpc_endpoint(VpcEndpointId=made.endpoint, RemoveSubnetIds=subnets[:1])
    until(lambda: len(addresses(ec2, made.endpoint)) == 1, "one address left")
    left = addresses(ec2, made.endpoint)
    settles(lab, "ledger-agent", dict.fromkeys(left, "404"))


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("expired", "tls: certificate has expired (10)"),
        ("wrong_name", "(62)"),
        ("intercepted", "tls: unable to get local issuer certificate (20)"),
    ],
)
def test_bad_certificates(lab: Lab, link: Link, kind: str, outcome: str) -> None:
    lab.fault("tls", "payments", kind)
    assert all(outcome in each for each in outcomes(lab, "payments-agent").values())
    assert outcomes(lab, "analytics-agent").keys() == set(link.addresses)
    lab.heal("tls")
    assert outcomes(lab, "payments-agent") == all_like(link, "404")


@pytest.mark.parametrize(
    ("kind", "fault", "outcome"),
    [
        ("tls", "reset_sni", "tls: ConnectionResetError"),
        ("tls", "stalled", "tls: timed out"),
        ("tls", "plaintext", "tls: SSLError"),
        ("http", "silent", "http: timed out"),
        ("http", "unexpected", "200"),
    ],
)
def test_what_stands_between_agents_and_astro(lab: Lab, link: Link, kind: str, fault: str, outcome: str) -> None:
    lab.fault(kind, "payments", fault)
    seen = outcomes(lab, "payments-agent", SOON)
    assert seen.keys() == set(link.addresses)
    assert all(each.startswith(outcome) for each in seen.values()), seen
    lab.heal(kind)
    assert outcomes(lab, "payments-agent") == all_like(link, "404")


def test_a_router_may_say_that_there_is_no_way(lab: Lab, link: Link) -> None:
    for address in link.addresses:
        lab.fault("address", address, "unreachable")
    time.sleep(SOON)  # the kernel says it to a host five times, and then once in a second
    assert all("unreachable" in each for each in outcomes(lab, "payments-agent").values())


def test_one_address_of_two_may_be_dead_or_refuse(lab: Lab, link: Link) -> None:
    dead, refusing = link.addresses
    lab.fault("address", dead, "dead")
    lab.fault("address", refusing, "refuse")
    wanted = {dead: LOST, refusing: "tcp: refused"}
    settles(lab, "payments-agent", wanted)
    lab.heal("address")
    settles(lab, "payments-agent", all_like(link, "404"))


def test_a_slow_resolver_is_late_and_right(lab: Lab, link: Link) -> None:
    lab.fault("dns", "payments-agent", "slow", 0.6)
    began = time.monotonic()
    assert tuple(lab.look("payments-agent")["addresses"]) == link.addresses
    assert time.monotonic() - began > 0.6


def test_a_split_answer_mixes_private_and_public(lab: Lab, link: Link) -> None:
    lab.fault("dns", "payments", "split")
    assert lab.look("payments-agent")["addresses"] == [link.addresses[0], PUBLIC]


@pytest.mark.parametrize("kind", ["silent", "servfail"])
def test_a_resolver_that_gives_nothing(lab: Lab, kind: str) -> None:
    lab.fault("dns", "payments", kind)
    seen = lab.look("payments-agent", deadline=SOON)
    assert seen["addresses"] == []
    assert seen["error"]


def test_a_vpc_without_dns_support_has_no_resolver(lab: Lab) -> None:
    ec2 = lab.client("ec2")
    ec2.modify_vpc_attribute(VpcId=vpc_id(lab, "payments"), EnableDnsSupport={"Value": False})
    assert lab.look("payments-agent", deadline=SOON)["addresses"] == []
    ec2.modify_vpc_attribute(VpcId=vpc_id(lab, "payments"), EnableDnsSupport={"Value": True})
    assert lab.look("payments-agent")["addresses"]
