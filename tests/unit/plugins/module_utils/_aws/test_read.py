# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of single answers of AWS that are easily misread."""

from __future__ import annotations

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._aws import read
from ansible_collections.astro.privatelink.plugins.module_utils._link import zone
from ansible_collections.astro.privatelink.plugins.module_utils._preflight import network, read_names, read_network

ENDPOINT = {"VpcEndpointId": "vpce-0a", "VpcId": "vpc-1", "ServiceName": "s", "State": "Available"}
TAIL = "vpce-svc-0123.us-east-1.vpce.amazonaws.com"


def entry(name):
    return {"DnsName": name, "HostedZoneId": f"Z of {name}"}


@pytest.mark.parametrize(
    "others",
    [
        [f"vpce-0a-1b2c-us-east-1a.{TAIL}"],
        ["a.example", "*.a.example"],  # private DNS is on: the service's own names, which are shorter
        [f"vpce-0a-1b2c-us-west-2-lax-1a.{TAIL}", "x.io"],
    ],
)
def test_the_regional_name_is_told_by_its_form(others):
    regional = f"vpce-0a-1b2c.{TAIL}"
    for names in ([regional, *others], [*others, regional]):
        made = read._endpoint({**ENDPOINT, "DnsEntries": list(map(entry, names))}, {})
        assert (made.dns_name, made.hosted_zone_id) == (regional, f"Z of {regional}")


def test_without_a_regional_name_there_is_none():
    made = read._endpoint(
        {**ENDPOINT, "DnsEntries": [entry(f"vpce-0a-1b2c-us-east-1a.{TAIL}"), entry("a.example")]}, {}
    )
    assert (made.dns_name, made.hosted_zone_id, made.state) == ("", "", "available")


def test_a_subnet_with_ipv6_only():
    made = read._subnet({"SubnetId": "s", "VpcId": "v", "AvailabilityZone": "us-east-1a", "AvailableIpAddressCount": 0})
    assert (made.cidr, made.ipv4, made.free) == ("", False, 0)


@pytest.mark.parametrize(
    ("rule", "peers"),
    [
        ({"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}, {"::/0"}),
        ({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}, {"0.0.0.0/0"}),
        ({"IpProtocol": "tcp", "FromPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}, set()),
        ({"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}, set()),
        ({"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}, set()),
    ],
)
def test_who_may_enter(rule, peers):
    made = read.group({"GroupId": "sg", "VpcId": "v", "GroupName": "n", "IpPermissions": [rule]})
    assert made.sources == peers


def test_a_rule_that_delegates_takes_no_name_away():
    rules = [
        {"Id": "a", "RuleType": "DELEGATE", "DelegationRecord": "ns.corp.example."},
        {"Id": "b", "RuleType": "FORWARD", "DomainName": "corp.example."},
        {"Id": "c", "RuleType": "SYSTEM", "DomainName": "x.corp.example."},
        {"Id": "d", "RuleType": "OF_TOMORROW", "DomainName": "y.example."},
    ]
    found = read_names.understood(rules, read_names._rule)
    assert [(rule.id, rule.forward) for rule in found] == [("b", True), ("c", False), ("d", False)]


def test_network_acls_and_routes_with_ipv6():
    entry_ = {"RuleNumber": 1, "Egress": True, "RuleAction": "allow", "Protocol": "-1"}
    acl = read_network._acl(
        {"NetworkAclId": "acl", "Entries": [{**entry_, "Ipv6CidrBlock": "::/0"}, {**entry_, "CidrBlock": "0.0.0.0/0"}]}
    )
    assert [rule.cidr for rule in acl.rules] == ["0.0.0.0/0"]
    assert acl.admits(True, "10.0.0.0/24", (443, 443))
    table = read_network._table(
        {"RouteTableId": "rtb", "VpcId": "v", "Routes": [{"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1"}]}
    )
    assert table.routes == ()
    assert not network.Table(id="r", vpc_id="v", main=True, subnets=frozenset(), routes=()).leads_to("10.0.0.0/24")


def test_an_acl_with_an_entry_that_nobody_knows_counts_as_open():
    acls = [{"NetworkAclId": "acl", "Entries": [{"RuleNumber": 1, "Egress": True, "RuleAction": "deny"}]}]
    assert read_network.understood(acls, read_network._acl) == []


def test_the_comment_of_a_zone_fits_and_keeps_its_vpc():
    comment = zone.mark("vpc-0123456789abcdef0", "n" * 400)
    assert len(comment) == 256
    assert zone.marked_vpc(comment) == "vpc-0123456789abcdef0"
    assert zone.mark("vpc-0123456789abcdef0", "payments").endswith("(payments)")


def test_a_zone_that_is_known_is_read_again_only_for_a_link_of_its_own(monkeypatch):
    asked = []

    class Route53:
        def get_hosted_zone(self, Id):
            asked.append(Id)
            return {"VPCs": [{"VPCId": f"vpc-{Id[1:]}", "VPCRegion": "us-east-1"}]}

    listed = [
        {"Id": f"/hostedzone/Z{n}", "Name": "example.org.", "Config": {"Comment": zone.mark(f"vpc-{n}", "one")}}
        for n in (1, 2)
    ]
    monkeypatch.setattr(read, "list_zones", lambda _route53, _name: listed)
    monkeypatch.setattr(read, "_read_records", lambda _route53, _zone_id: [])
    known = {}
    links = [zone.Link(name=f"link {n}", zone="example.org", vpc_id=f"vpc-{n}") for n in (1, 2)]
    first = read.read_zones(Route53(), links, known)
    assert read.read_zones(Route53(), links[:1], known) == first
    assert sorted(asked) == ["Z1", "Z1", "Z2"]
    assert set(known) == {"Z1", "Z2"}
