# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen, and the findings that follow: one table. Nothing here looks at a network."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._probe import model as core

RIGHT, WRONG = ("10.0.1.5", "10.0.2.5"), ("203.0.113.10",)
TARGET = core.Target(
    "payments",
    "abc.external.astronomer.run",
    RIGHT,
    interfaces={"10.0.1.5": "eni-1 in us-east-1a"},
    elsewhere={"ledger": ("10.9.1.5",)},
)


def said(server="10.0.0.2", addresses=RIGHT, problem="", **more):
    return core.Lookup(server, () if problem else addresses, problem, **more)


def names(system=None, servers=None, **more):
    return core.Names(system or said("the system"), (said(),) if servers is None else servers, **more)


def reach(address, problem="", **facts):
    return core.Reach(address, tcp=not problem, tls=not problem, status=404, problem=problem, facts=facts)


def seen(names=names(), reached=None, **more):  # noqa: B008  # frozen
    found = (reach(RIGHT[0]), reach(RIGHT[1])) if reached is None else reached
    return core.Observations("agent-1", found, names, **more)


def codes(observations, target=TARGET):
    return [one.code for one in core.findings(target, observations)]


def test_a_link_that_works_has_no_findings():
    assert codes(seen()) == []


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (names(said(problem="DNS_NXDOMAIN"), (said(problem="DNS_NXDOMAIN"),)), "DNS_NXDOMAIN"),
        (names(said(problem="DNS_NODATA"), (said(problem="DNS_NODATA"),)), "DNS_NODATA"),
        (names(said(problem="DNS_NXDOMAIN")), "DNS_STALE"),
        (names(said(problem="DNS_NXDOMAIN"), (said(problem="DNS_NXDOMAIN"),), vpc_resolver=said()), "DNS_STALE"),
        (names(said(problem="DNS_SERVFAIL"), (said(problem="DNS_TIMEOUT"),)), "DNS_TIMEOUT"),
        (names(said(problem="DNS_TIMEOUT")), "DNS_TIMEOUT"),
        (names(said(problem="DNS_SERVFAIL", detail="refused")), "DNS_SERVFAIL"),
        (names(said(addresses=WRONG), (said(addresses=WRONG),)), "DNS_PUBLIC_ANSWER"),
        (
            names(said(addresses=WRONG), (said(addresses=WRONG),), vpc_resolver=said(addresses=WRONG)),
            "DNS_PUBLIC_ANSWER",
        ),
        (names(said(addresses=WRONG), (said(addresses=WRONG),), vpc_resolver=said()), "DNS_STALE"),
        (
            names(said(addresses=WRONG), (said(addresses=WRONG),), vpc_resolver=said(), before=said(ttl=30), waited=31),
            "DNS_RESOLVER_BYPASS",
        ),
        (
            names(said(addresses=WRONG), (said(addresses=WRONG),), vpc_resolver=said(), before=said(ttl=30), waited=9),
            "DNS_STALE",
        ),
        (names(before=said(addresses=WRONG, ttl=30), waited=31), "DNS_WAS_STALE"),
        (names(said(addresses=WRONG)), "DNS_STALE"),
        (names(said(addresses=("10.9.1.5",)), (said(addresses=("10.9.1.5",)),)), "DNS_WRONG_ENDPOINT"),
        (names(said(addresses=RIGHT[:1] + WRONG), (said(addresses=WRONG),)), "DNS_MIXED_ANSWER"),
        (names(said(addresses=(*RIGHT, "2001:db8::1")), (said(addresses=WRONG),)), "DNS_MIXED_ANSWER"),
        (names(said(addresses=WRONG), pinned=WRONG), "DNS_PINNED_WRONG"),
        (names(pinned=RIGHT[:1]), "DNS_PINNED"),
        (names(said(addresses=WRONG), captured={"abc.corp": WRONG}), "DNS_SEARCH_CAPTURES"),
        (names(said(addresses=RIGHT[:1]), (said(addresses=RIGHT[:1]),)), "DNS_INCOMPLETE"),
        (names(servers=(said(), said("10.0.0.3", WRONG))), "DNS_SERVERS_DIFFER"),
        (names(servers=(said(), said("10.0.0.3", problem="DNS_NXDOMAIN"))), "DNS_SERVERS_DIFFER"),
        (names(servers=(said(), said("10.0.0.3", problem="DNS_TIMEOUT"))), "DNS_SERVER_SILENT"),
    ],
)
def test_each_answer_has_its_one_finding(names, code):
    assert codes(seen(names)) == [code]


def stale(ttl, **more):
    """Its name server keeps a wrong answer, AWS's resolver has the right one."""
    return names(said(addresses=WRONG), (said(addresses=WRONG, ttl=ttl),), **{"vpc_resolver": said(), **more})


@pytest.mark.parametrize(
    ("names", "seconds"),
    [
        (names(), 0),
        (stale(30), 30 + core.MARGIN),
        (stale(0), core.MARGIN),
        (stale(60), 0),  # it is kept for longer than the patience
        (stale(30, waited=31), 0),  # the patience is over
        (stale(30, vpc_resolver=said(addresses=WRONG)), 0),  # it is no cache that is wrong
        (stale(30, vpc_resolver=None), 0),
        (stale(30, pinned=WRONG), 0),
        (stale(30, captured={"abc.corp": WRONG}), 0),
        (stale(20, before=said(ttl=20), waited=20.6), 0),  # it was given anew
        (stale(20, before=said(ttl=30), waited=10), 20 + core.MARGIN),
        (names(said(addresses=WRONG)), core.AGAIN),  # the system keeps it, and does not say for how long
        (names(said(addresses=WRONG), ()), 0),
        (names(said(problem="DNS_TIMEOUT"), (said(problem="DNS_TIMEOUT"),), vpc_resolver=said()), 0),
        (names(said(problem="DNS_SERVFAIL"), (said(problem="DNS_SERVFAIL"),), vpc_resolver=said()), 0),
    ],
)
def test_how_long_an_old_answer_is_waited_for(names, seconds):
    assert core.pause(dataclasses.replace(TARGET, patience=60), names) == seconds


def test_of_several_old_answers_the_one_that_lasts_is_waited_for():
    servers = (said("10.0.0.2", WRONG, ttl=5), said("10.0.0.3"), said("10.0.0.4", WRONG, ttl=25))
    found = core.kept(TARGET, core.Names(said("the system", WRONG), servers, said()))
    assert found is not None
    assert found.server == "10.0.0.4"


def test_an_old_answer_is_told_with_the_time_that_is_left():
    (one,) = core.findings(TARGET, seen(stale(25)))
    assert "10.0.0.2 still answers 203.0.113.10" in one.seen
    assert "for 25 seconds more" in one.seen


@pytest.mark.parametrize(
    "problem",
    ["TCP_TIMEOUT", "TCP_REFUSED", "TLS_EXPIRED", "TLS_RESET_SNI", "TLS_TIMEOUT", "TLS_FAILED", "HTTP_NO_ANSWER"],
)
def test_addresses_with_the_same_trouble_share_a_finding(problem):
    reached = [reach(address, problem, detail="what OpenSSL says") for address in RIGHT]
    (one,) = core.findings(TARGET, seen(reached=reached))
    assert one.code == problem
    assert "10.0.1.5 (eni-1 in us-east-1a), 10.0.2.5" in one.seen


def test_one_silent_address_of_several_is_a_dead_zone():
    assert codes(seen(reached=[reach(RIGHT[0]), reach(RIGHT[1], "TCP_TIMEOUT")])) == ["TCP_TIMEOUT_ONE_AZ"]


def test_addresses_that_are_not_the_links_are_the_names_trouble():
    strange = names(said(addresses=WRONG), (said(addresses=WRONG),))
    reached = [reach(RIGHT[0]), reach(RIGHT[1]), reach(WRONG[0], "TCP_TIMEOUT")]
    assert codes(seen(strange, reached)) == ["DNS_PUBLIC_ANSWER"]


def test_without_names_only_addresses_count():
    assert codes(seen(None)) == []
    assert codes(seen(None, [reach(RIGHT[0], "TCP_TIMEOUT")])) == ["TCP_TIMEOUT"]


def test_without_an_endpoint_nothing_else_matters():
    assert codes(seen(), dataclasses.replace(TARGET, expected=())) == ["NO_ENDPOINT"]


def test_a_proxy_and_a_sick_agent_are_named():
    health = core.Health("http://127.0.0.1:39091/healthz", 503)
    found = core.findings(TARGET, seen(proxy=("HTTPS_PROXY", "proxy:3128"), health=health))
    assert [one.code for one in found] == ["PROXY_BYPASS", "AGENT_UNHEALTHY"]
    assert "answers 503" in found[1].seen


def test_a_healthy_agent_is_no_finding():
    assert codes(seen(health=core.Health("http://127.0.0.1/", 200))) == []


def test_what_is_returned_is_plain_and_says_from_where():
    found = core.public(TARGET, seen(names(vpc_resolver=said())))
    assert found["place"] == {
        "hostname": "agent-1",
        "sources": [],
        "proxy": "",
        "proxy_url": "",
        "machine": "",
        "search": [],
        "ndots": 1,
    }
    assert found["names"]["servers"][0]["addresses"] == list(RIGHT)
    assert found["addresses"][0]["interface"] == "eni-1 in us-east-1a"
    assert core.public(TARGET, seen(None))["names"] == {}


SYNTHESISED = ("64:ff9b::a00:105", "64:ff9b::a00:205")  # 10.0.1.5 and 10.0.2.5


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        (SYNTHESISED, ["DNS_TRANSLATED"]),
        ((*RIGHT, *SYNTHESISED), ["DNS_TRANSLATED"]),
        ((RIGHT[0], SYNTHESISED[1]), ["DNS_TRANSLATED"]),
        ((SYNTHESISED[0],), ["DNS_INCOMPLETE", "DNS_TRANSLATED"]),
        (("64:ff9b::cb00:710a",), ["DNS_PUBLIC_ANSWER"]),  # 203.0.113.10
        (("64:ff9a::a00:105",), ["DNS_PUBLIC_ANSWER"]),
        ((*RIGHT, "2001:db8::1"), ["DNS_MIXED_ANSWER"]),
    ],
)
def test_what_dns64_makes_of_the_links_addresses_is_the_links(system, expected):
    looked = names(said("the system", system), (said(addresses=system),))
    assert codes(seen(looked)) == expected
    assert core.pause(dataclasses.replace(TARGET, patience=60.0), looked) == 0.0


def test_dns64_among_the_name_servers_is_no_old_answer():
    looked = names(servers=(said(addresses=SYNTHESISED), said("10.0.0.3")), vpc_resolver=said(addresses=SYNTHESISED))
    assert codes(seen(looked)) == []


SIX = ("2001:db8::5", "2001:db8::6")
DUAL = dataclasses.replace(TARGET, expected=(*RIGHT, *SIX))
DEAD = "TCP_TIMEOUT"


@pytest.mark.parametrize(
    ("problems", "found"),
    [
        ({}, []),
        (
            dict.fromkeys(SIX, DEAD),
            [("TCP_TIMEOUT_ONE_FAMILY", "all IPv6 addresses of the link. Its IPv4 addresses answer.")],
        ),
        (
            dict.fromkeys(RIGHT, DEAD),
            [("TCP_TIMEOUT_ONE_FAMILY", "all IPv4 addresses of the link. Its IPv6 addresses answer.")],
        ),
        ({SIX[0]: DEAD}, [("TCP_TIMEOUT_ONE_AZ", SIX[0])]),
        ({SIX[0]: DEAD, RIGHT[0]: DEAD}, [("TCP_TIMEOUT_ONE_AZ", f"{RIGHT[0]} (eni-1 in us-east-1a), {SIX[0]}")]),
        (dict.fromkeys((*RIGHT, *SIX), DEAD), [("TCP_TIMEOUT", SIX[1])]),
        # a host without IPv6 does not use it, and that excuses nothing else
        (dict.fromkeys(SIX, "TCP_NO_IPV6"), [("TCP_NO_IPV6", "no IPv6 route to 2001:db8::5, 2001:db8::6, so")]),
        (
            {**dict.fromkeys(SIX, "TCP_NO_IPV6"), **dict.fromkeys(RIGHT, DEAD)},
            [("TCP_TIMEOUT", RIGHT[1]), ("TCP_NO_IPV6", SIX[0])],
        ),
        (
            {**dict.fromkeys(SIX, "TCP_NO_IPV6"), RIGHT[0]: DEAD},
            [("TCP_TIMEOUT_ONE_AZ", RIGHT[0]), ("TCP_NO_IPV6", SIX[0])],
        ),
    ],
)
def test_each_family_is_judged(problems, found):
    reached = tuple(reach(each, problems.get(each, "")) for each in DUAL.expected)
    answer = said(addresses=DUAL.expected)
    told = core.findings(DUAL, seen(names(answer, (answer,)), reached))
    assert [one.code for one in told] == [code for code, _text in found]
    for one, (_code, text) in zip(told, found, strict=True):
        assert text in one.public()["seen"]


def test_a_name_without_its_ipv6_addresses_is_incomplete():
    answer = said(addresses=RIGHT)
    reached = tuple(reach(each) for each in DUAL.expected)
    (one,) = core.findings(DUAL, seen(names(answer, (answer,)), reached))
    assert one.code == "DNS_INCOMPLETE"
    assert all(address in one.public()["seen"] for address in SIX)
