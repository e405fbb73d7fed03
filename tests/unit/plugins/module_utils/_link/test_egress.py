# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Agents' egress: tables of rules to calls."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._link import egress as core

OPEN = core.Rule(peer="0.0.0.0/0", protocol="-1")
OPEN_6 = core.Rule(peer="::/0", protocol="tcp", first=443, last=443)
LINK = core.Rule(peer="sg-endpoint", first=443, last=443, description="Astro over PrivateLink")
REGISTRY = core.Rule(peer="pl-registry", first=443, last=443)
DATABASE = core.Rule(peer="10.9.0.0/16", first=5432, last=5432)
WANT = core.Agents(name="one", vpc_id="vpc-1", group_id="sg-1", allowed=frozenset([LINK, REGISTRY]))


def sent(plan):
    """(operation, group, destinations) of each call."""
    return [
        (
            call.operation.removesuffix("SecurityGroupEgress"),
            call.arguments["GroupId"],
            [str(rule) for rule in sorted(core.rules_of(call.arguments["IpPermissions"]))],
        )
        for call in plan.calls
    ]


ADD = ("Authorize", "sg-1", ["tcp 443 to pl-registry", "tcp 443 to sg-endpoint"])


@pytest.mark.parametrize(
    ("have", "purge", "calls"),
    [
        ([OPEN], False, [ADD]),
        ([OPEN], True, [ADD, ("Revoke", "sg-1", ["everything to 0.0.0.0/0"])]),
        ([OPEN, OPEN_6], True, [ADD, ("Revoke", "sg-1", ["everything to 0.0.0.0/0", "tcp 443 to ::/0"])]),
        ([LINK, REGISTRY, OPEN], False, []),
        ([LINK, REGISTRY, DATABASE], True, []),
        ([LINK, DATABASE], True, [("Authorize", "sg-1", ["tcp 443 to pl-registry"])]),
        ([], True, [ADD]),
    ],
    ids=["adds", "adds, then removes", "both internets", "nothing", "narrow rules stay", "one is missing", "none"],
)
def test_what_is_allowed_is_added_before_what_is_open_goes(have, purge, calls):
    assert sent(core.plan([replace(WANT, purge=purge)], {"sg-1": frozenset(have)})) == calls


def test_the_whole_internet_stays_where_it_is_asked_for():
    want = replace(WANT, allowed=frozenset([LINK, OPEN_6]), purge=True)
    assert sent(core.plan([want], {"sg-1": frozenset([LINK, OPEN_6])})) == []
    assert core.result([want], {"sg-1": frozenset([LINK, OPEN_6])})["one"]["groups"]["sg-1"]["open"] == []


def test_all_groups_of_a_vpc_are_allowed_before_one_of_them_loses_anything():
    wants = [replace(WANT, purge=True), replace(WANT, group_id="sg-2", purge=True)]
    plan = core.plan(wants, {"sg-1": frozenset([OPEN]), "sg-2": frozenset([OPEN])})
    assert [(what, group) for what, group, _unused in sent(plan)] == [
        ("Authorize", "sg-1"),
        ("Authorize", "sg-2"),
        ("Revoke", "sg-1"),
        ("Revoke", "sg-2"),
    ]
    assert {call.lane for call in plan.calls} == {"one"}


def test_a_group_that_is_not_there_stops_its_vpc_and_no_other():
    wants = [WANT, replace(WANT, group_id="sg-gone"), replace(WANT, name="two", group_id="sg-2")]
    plan = core.plan(wants, {"sg-1": frozenset([OPEN]), "sg-2": frozenset([OPEN])})
    assert [(one.code, one.vpc) for one in plan.findings] == [("SECURITY_GROUP_NOT_FOUND", "one")]
    assert [group for _unused, group, _unused in sent(plan)] == ["sg-2"]


@pytest.mark.parametrize(
    ("given", "permission"),
    [
        (
            {"group": "sg-x", "port": 443, "description": "why"},
            {"FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": "sg-x", "Description": "why"}]},
        ),
        ({"cidr": "10.0.0.0/8"}, {"FromPort": 0, "ToPort": 65535, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}),
        ({"cidr": "::/0", "protocol": "-1"}, {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}),
        (
            {"prefix_list": "pl-x", "protocol": "udp", "port": 53, "to_port": 54},
            {"IpProtocol": "udp", "FromPort": 53, "ToPort": 54, "PrefixListIds": [{"PrefixListId": "pl-x"}]},
        ),
        (
            {"cidr": "10.0.0.0/8", "protocol": "icmp"},
            {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
        ),
    ],
)
def test_a_rule_as_people_write_it_goes_to_aws_and_comes_back_the_same(given, permission):
    want = replace(WANT, allowed=frozenset([core.rule(given)]))
    (call,) = core.plan([want], {"sg-1": frozenset()}).calls
    assert call.arguments["IpPermissions"] == [{"IpProtocol": "tcp", **permission}]
    (back,) = core.rules_of(call.arguments["IpPermissions"])
    assert core.rule(core.public(back)) == core.rule(given)
    assert back.description == given.get("description", "")


def test_what_was_open_can_be_allowed_again_in_the_form_in_which_it_was_shown():
    shown = core.result([WANT], {"sg-1": frozenset([OPEN, LINK])})["one"]["groups"]["sg-1"]
    assert shown["missing"] == [core.public(REGISTRY)]
    again = replace(WANT, allowed=frozenset(map(core.rule, shown["open"])))
    assert sent(core.plan([again], {"sg-1": frozenset([LINK])})) == [("Authorize", "sg-1", ["everything to 0.0.0.0/0"])]


def test_a_group_of_another_account_is_named_with_it_and_stays_the_same_rule():
    given = {"group": "sg-x", "account_id": "222222222222", "port": 443}
    want = replace(WANT, allowed=frozenset([core.rule(given)]))
    (call,) = core.plan([want], {"sg-1": frozenset()}).calls
    (pair,) = call.arguments["IpPermissions"][0]["UserIdGroupPairs"]
    assert pair == {"GroupId": "sg-x", "UserId": "222222222222"}
    (back,) = core.rules_of(call.arguments["IpPermissions"])
    assert core.public(back)["account_id"] == "222222222222"
    assert core.plan([want], {"sg-1": frozenset([back])}).calls == ()
    assert core.rule({**given, "account_id": None}) == back


@pytest.mark.parametrize(
    ("there", "limit", "told"),
    [(58, 60, False), (59, 60, True), (60, 60, True), (60, 0, False), (60, 62, False)],
)
def test_rules_over_the_quota_are_refused_before_anything_is_sent(there, limit, told):
    have = {"sg-1": frozenset(core.Rule(peer=f"10.0.{n}.0/24", first=443, last=443) for n in range(there))}
    plan = core.plan([WANT], have, limit)
    assert [one.code for one in plan.findings] == (["SG_EGRESS_RULES_REACHED"] if told else [])
    assert bool(plan.calls) is not told


def test_a_full_group_that_lacks_nothing_is_fine():
    have = {"sg-1": frozenset([*(core.Rule(peer=f"10.0.{n}.0/24") for n in range(70)), LINK, REGISTRY])}
    assert core.plan([WANT], have).findings == ()
