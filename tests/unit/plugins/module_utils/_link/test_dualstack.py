# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links with IPv4 and IPv6 addresses: tables of want and have to calls and findings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._link import endpoint as core
from ansible_collections.astro.privatelink.plugins.module_utils._link import model, security_group, zone

SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"
OURS = {"Name": "astro-privatelink", "managed-by": "astro.privatelink"}
BOTH = {"IpAddressType": "dualstack", "DnsOptions": {"DnsRecordIpType": "dualstack"}}


def subnet(name, zone, *, ipv6=True, free=100):
    return model.Subnet(
        id=f"subnet-{name}",
        vpc_id="vpc-1",
        zone=f"us-east-1{zone}",
        zone_id=f"use1-az{zone}",
        free=free,
        public=False,
        owner="",
        ipv6=ipv6,
    )


def endpoint(*subnets, tags=None, **more):
    return model.Endpoint(
        id="vpce-1",
        vpc_id="vpc-1",
        service_name=SERVICE,
        subnets=frozenset(f"subnet-{each}" for each in subnets or ("a", "b")),
        security_groups=frozenset(["sg-ours"]),
        tags=OURS if tags is None else tags,
        state="available",
        dns_name="vpce-1.example",
        **more,
    )


GROUP = model.SecurityGroup(
    id="sg-ours", vpc_id="vpc-1", name=model.NAME, sources=frozenset(["sg-agents"]), owned=True, tags=OURS
)
AGENTS = replace(GROUP, id="sg-agents", name="agents", sources=frozenset(), owned=False, tags={})
FOUR = model.Link(name="one", vpc_id="vpc-1", service_name=SERVICE, sources=frozenset(["sg-agents"]))
LINK = replace(FOUR, ip_address_type="dualstack")
EMPTY = model.Have(
    region="us-east-1",
    vpcs={"vpc-1": ""},
    services={
        SERVICE: model.Service(
            name=SERVICE, zones=frozenset(["us-east-1a", "us-east-1b"]), families=frozenset(["ipv4", "ipv6"])
        )
    },
    subnets=(subnet("a", "a"), subnet("b", "b")),
    groups=(GROUP, AGENTS),
)
SIX = endpoint(ip_address_type="dualstack", dns_record_type="dualstack")


def calls(link, have):
    plan = core.plan([link], have)
    return [(call.operation, call.arguments) for call in plan.calls]


def codes(link, have):
    return [one.code for one in core.plan([link], have).findings]


def test_a_new_endpoint_of_both_families_and_its_names():
    ((operation, arguments),) = calls(LINK, EMPTY)
    assert operation == "CreateVpcEndpoint"
    assert {key: arguments[key] for key in BOTH} == BOTH
    assert codes(LINK, EMPTY) == []


def test_links_of_one_vpc_share_the_new_endpoint():
    plan = core.plan([LINK, replace(LINK, name="two", cluster="other")], EMPTY)
    assert [call.operation for call in plan.calls if "Endpoint" in call.operation] == ["CreateVpcEndpoint"]


def test_by_default_nothing_is_said_of_families():
    ((_operation, arguments),) = calls(FOUR, EMPTY)
    assert not BOTH.keys() & arguments.keys()
    assert calls(FOUR, replace(EMPTY, endpoints=(endpoint(),))) == []


@pytest.mark.parametrize(
    ("link", "there", "expected", "found"),
    [
        (LINK, endpoint(), [("ModifyVpcEndpoint", {"VpcEndpointId": "vpce-1", **BOTH})], []),
        (LINK, SIX, [], []),
        # its names answer for IPv4 only, or are left to the service
        (
            LINK,
            replace(SIX, dns_record_type="ipv4"),
            [("ModifyVpcEndpoint", {"VpcEndpointId": "vpce-1", **BOTH})],
            [],
        ),
        (LINK, replace(SIX, dns_record_type="service-defined"), [], []),
        # agents may still use them
        (FOUR, SIX, [], ["IPV6_KEPT"]),
        # somebody else's are none of its business
        (replace(FOUR, endpoint_id="vpce-1"), replace(SIX, tags={}), [], []),
    ],
)
def test_an_endpoint_that_is_there(link, there, expected, found):
    have = replace(EMPTY, endpoints=(there,))
    assert calls(link, have) == expected
    assert codes(link, have) == found


def test_subnets_are_changed_before_the_families():
    old, new = (subnet("a", "a"), subnet("b", "b", ipv6=False)), subnet("b2", "b")
    have = replace(EMPTY, subnets=(*old, new), endpoints=(endpoint(),))
    link = replace(LINK, subnets=frozenset(["subnet-a", "subnet-b2"]))
    steps = [set(arguments) - {"VpcEndpointId"} for _operation, arguments in calls(link, have)]
    assert steps == [{"RemoveSubnetIds"}, {"AddSubnetIds"}, set(BOTH)]


@pytest.mark.parametrize(
    ("subnets", "there", "given", "chosen", "found"),
    [
        ((subnet("a", "a"), subnet("x", "a", ipv6=False, free=200)), None, (), ["subnet-a"], []),
        ((subnet("a", "a"), subnet("b", "b", ipv6=False)), None, (), ["subnet-a"], ["ZONE_NO_IPV6"]),
        ((subnet("a", "a", ipv6=False), subnet("b", "b", ipv6=False)), None, (), None, ["SUBNET_NO_IPV6"]),
        ((subnet("a", "a"), subnet("b", "b", ipv6=False)), None, ("b",), None, ["SUBNET_NO_IPV6"]),
        ((subnet("a", "a"), subnet("b", "b", ipv6=False)), endpoint(), (), None, ["SUBNET_NO_IPV6"]),
    ],
)
def test_subnets_need_both_families(subnets, there, given, chosen, found):
    have = replace(EMPTY, subnets=subnets, endpoints=(there,) if there else ())
    link = replace(LINK, subnets=frozenset(f"subnet-{each}" for each in given))
    assert [arguments["SubnetIds"] for _operation, arguments in calls(link, have)] == ([chosen] if chosen else [])
    assert codes(link, have) == found


@pytest.mark.parametrize(("families", "found"), [({"ipv4"}, ["SERVICE_NO_IPV6"]), ({"ipv4", "ipv6"}, []), (set(), [])])
def test_the_service_has_to_support_ipv6_as_far_as_aws_tells(families, found):
    service = replace(EMPTY.services[SERVICE], families=frozenset(families))
    assert codes(LINK, replace(EMPTY, services={SERVICE: service})) == found


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        ({"10.1.0.0/16"}, ["SOURCES_NO_IPV6"]),
        ({"10.1.0.0/16", "2001:db8::/56"}, []),
        ({"10.1.0.0/16", "sg-agents"}, []),
    ],
)
def test_agents_need_a_rule_for_ipv6(sources, found):
    assert codes(replace(LINK, sources=frozenset(sources)), EMPTY) == found


def test_ranges_of_both_families_are_rules_of_their_own():
    rule = security_group.ingress("sg-1", frozenset(["10.1.0.0/16", "2001:db8::/56"]), {})["IpPermissions"][0]
    assert [each["CidrIp"] for each in rule["IpRanges"]] == ["10.1.0.0/16"]
    assert [each["CidrIpv6"] for each in rule["Ipv6Ranges"]] == ["2001:db8::/56"]


@pytest.mark.parametrize(
    ("admitted", "left"),
    [("2001:db8::/32", frozenset()), ("2001:db9::/32", {"2001:db8::/56"}), ("0.0.0.0/0", {"2001:db8::/56"})],
)
def test_groups_of_the_user_have_to_admit_ipv6(admitted, left):
    named = replace(GROUP, id="sg-named", name="named", sources=frozenset([admitted]))
    link = replace(LINK, security_groups=frozenset(["sg-named"]))
    have = replace(EMPTY, groups=(named,))
    assert security_group.closed_to(link, frozenset(["2001:db8::/56"]), have) == left


# --- records

HOST = "abc.external.astronomer.run"
ALIAS = zone.Alias(dns_name="vpce-1-x.example", hosted_zone_id="ZAWS")
A = zone.Record(name=HOST, type="A", alias=ALIAS, raw={"Type": "A"})
AAAA = replace(A, type="AAAA", raw={"Type": "AAAA"})
ONE = zone.Vpc(name="one", vpc_id="vpc-1", region="us-east-1")
NAMED = zone.Link(name="one", vpc_id="vpc-1", zone="external.astronomer.run", records={HOST: ALIAS}, vpcs=(ONE,))
NAMED6 = replace(NAMED, dualstack=True)
ZONE = zone.Zone(id="Z1", name="external.astronomer.run", link="vpc-1", vpcs={"vpc-1": "us-east-1"}, records=(A,))
THEIRS = replace(ZONE, link="")


def changes(link, *zones):
    return [
        (change["Action"], change["ResourceRecordSet"]["Type"])
        for call in zone.plan([link], zones).calls
        if call.operation == "ChangeResourceRecordSets"
        for change in call.arguments["ChangeBatch"]["Changes"]
    ]


@pytest.mark.parametrize(
    ("link", "zones", "expected"),
    [
        (NAMED6, [], [("UPSERT", "A"), ("UPSERT", "AAAA")]),
        (NAMED6, [ZONE], [("UPSERT", "AAAA")]),
        (NAMED6, [replace(ZONE, records=(A, AAAA))], []),
        (NAMED, [replace(ZONE, records=(A, AAAA))], [("DELETE", "AAAA")]),
        (replace(NAMED, present=False), [replace(ZONE, records=(A, AAAA))], [("DELETE", "A"), ("DELETE", "AAAA")]),
        # in a zone of the user's, only a link of both families may have it
        (replace(NAMED6, zone_id="Z1"), [replace(THEIRS, records=(A, AAAA))], []),
        (replace(NAMED, zone_id="Z1"), [replace(THEIRS, records=(A, AAAA))], []),
    ],
)
def test_the_record_for_ipv6_comes_and_goes_beside_the_other(link, zones, expected):
    assert changes(link, *zones) == expected


@pytest.mark.parametrize(
    ("link", "there", "found"),
    [
        (NAMED, replace(ZONE, records=(A, replace(AAAA, alias=None))), ["RECORD_IN_THE_WAY"]),
        (NAMED6, replace(ZONE, records=(A, replace(AAAA, alias=None))), ["RECORD_IN_THE_WAY"]),
        (NAMED6, replace(ZONE, records=(A, replace(AAAA, identifier="x"))), ["RECORD_IN_THE_WAY"]),
        (replace(NAMED, zone_id="Z1"), replace(THEIRS, records=(A, AAAA)), ["RECORD_IN_THE_WAY"]),
        (replace(NAMED6, zone_id="Z1"), replace(THEIRS, records=(A, AAAA)), []),
    ],
)
def test_records_for_ipv6_of_others_are_in_the_way(link, there, found):
    plan = zone.plan([link], [there])
    assert [one.code for one in plan.findings] == found
    assert not (found and plan.calls)


def test_the_shown_state_has_both_records():
    shown = zone.public(replace(ZONE, records=(A, AAAA)))["records"]
    assert shown == {HOST: ALIAS.dns_name, f"{HOST} AAAA": ALIAS.dns_name}
