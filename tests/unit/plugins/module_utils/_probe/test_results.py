# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An agent host's answer is data: whatever it says, the verdict is made here, and nothing of it is echoed unbounded."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._probe import results as core
from ansible_collections.astro.privatelink.plugins.module_utils._probe.model import Target

EXPECTED = ("10.0.1.5", "10.0.2.5")
TARGET = Target("payments", "abc.external.astronomer.run", EXPECTED)


def well(address):
    return {"address": address, "tcp": True, "tls": True, "status": 404, "body": "404 page not found", "problem": ""}


def answer(**more):
    names = {"server": "the system's resolver", "addresses": list(EXPECTED), "problem": ""}
    place = {"hostname": "agent-1", "sources": [], "proxy": ""}
    return {"place": place, "names": names, "addresses": [well(each) for each in EXPECTED], "health": {}, **more}


def judged(raw, target=TARGET):
    return core.agent("agent-1", "ssh", target, raw)


def codes(raw, target=TARGET):
    return [one["code"] for one in judged(raw, target)["findings"]]


def test_an_answer_that_shows_a_link_that_works():
    assert codes(answer()) == []
    assert judged(answer())["place"]["hostname"] == "agent-1"


@pytest.mark.parametrize(
    "addresses",
    [
        [{**well("10.0.1.5"), "status": 200}, well("10.0.2.5")],
        [{**well("10.0.1.5"), "body": "Welcome"}, well("10.0.2.5")],
        [{**well("10.0.1.5"), "tls": False}, well("10.0.2.5")],
        [{**well("10.0.1.5"), "tls": "yes"}, well("10.0.2.5")],
        [{**well("10.0.1.5"), "tcp": 1}, well("10.0.2.5")],
    ],
)
def test_its_own_word_that_all_is_well_does_not_do(addresses):
    assert codes(answer(addresses=addresses, findings=[])) != []


@pytest.mark.parametrize(
    "raw",
    [
        answer(addresses=[well("10.0.1.5")]),
        answer(addresses=[well("10.0.1.5"), well("10.9.9.9")]),
        answer(addresses=[{**well("10.0.1.5"), "address": "everywhere"}]),
        answer(addresses=[{**well("10.0.1.5"), "seconds": 1e99}, well("10.0.2.5")]),
        answer(addresses=[{**well("10.0.1.5"), "stages": {"tcp": "long"}}, well("10.0.2.5")]),
        answer(addresses=[{**well("10.0.1.5"), "stages": {"tls": -1}}, well("10.0.2.5")]),
        answer(addresses=[{**well("10.0.1.5"), "stages": [1]}, well("10.0.2.5")]),
        answer(addresses=[{**well("10.0.1.5"), "problem": "NO_SUCH_CODE"}, well("10.0.2.5")]),
        answer(addresses=["10.0.1.5"]),
        answer(names={}),
        answer(names=[1]),
        answer(names={"server": "s", "addresses": ["a b"], "problem": ""}),
        answer(names={"server": "s", "addresses": "10.0.1.5", "problem": ""}),
    ],
)
def test_an_answer_of_another_form_is_no_answer(raw):
    assert codes(raw) == ["PROBE_FAILED"]


def test_only_known_stages_are_kept():
    said = {"tcp": 0.1, "http": 1, "{{ 7 * 7 }}": 2}
    first, second = judged(answer(addresses=[{**well("10.0.1.5"), "stages": said}, well("10.0.2.5")]))["addresses"]
    assert first["stages"] == {"tcp": 0.1, "http": 1.0}
    assert second["stages"] == {}  # of an older probe


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ({}, "PROBE_FAILED"),
        ({"unreachable": True, "msg": "no route"}, "AGENT_HOST_UNREACHABLE"),
        ({"unreachable": "yes"}, "PROBE_FAILED"),
        ({"addresses": [], "place": None}, "PROBE_FAILED"),
        ({"skipped": True}, "PROBE_FAILED"),
        ({"failed": False, "rc": 0}, "PROBE_FAILED"),
    ],
)
def test_whatever_is_no_answer_is_no_evidence(raw, code):
    found = judged(raw)
    assert [one["code"] for one in found["findings"]] == [code]
    assert (found["names"], found["addresses"]) == ({}, [])


HOSTILE = "{{ lookup('pipe', 'id') }}\x1b]0;x\x07\u202e" + "A" * 10_000


def _poisoned(value):
    if isinstance(value, dict):
        return {**{key: _poisoned(each) for key, each in value.items()}, HOSTILE: HOSTILE, "ansible_facts": {"a": 1}}
    if isinstance(value, list):
        return [_poisoned(each) for each in value] + [HOSTILE]
    return HOSTILE if isinstance(value, str) else value


@pytest.mark.parametrize("part", ["place", "names", "addresses", "health"])
def test_what_a_hostile_host_says_is_bounded_and_harmless(part):
    raw = copy.deepcopy(answer())
    raw[part] = _poisoned(raw[part])
    raw |= {"ansible_facts": {"harden_api_url": "http://198.51.100.1"}, "findings": [{"code": HOSTILE}], "msg": HOSTILE}
    found = judged(raw)
    shown = repr(found)
    assert len(shown) < 20_000
    assert "ansible_facts" not in shown
    assert "\\x1b" not in shown
    assert "\\u202e" not in shown
    assert set(found) == {"name", "connection", "place", "names", "addresses", "health", "findings"}


def test_texts_of_certificates_and_pages_reach_findings_on_one_line():
    bad = {**well("10.0.1.5"), "tls": False, "problem": "TLS_UNTRUSTED", "facts": {"issuer": f"Evil\n{HOSTILE}"}}
    (one,) = judged(answer(addresses=[bad, well("10.0.2.5")]))["findings"]
    assert one["code"] == "TLS_UNTRUSTED"
    assert "\n" not in one["seen"]
    assert "\x1b" not in one["seen"]
    assert len(one["seen"]) < 1000


def test_facts_that_a_code_needs_are_never_missing():
    for code in sorted(core._REACH_CODES):
        bad = {**well("10.0.1.5"), "tcp": False, "tls": False, "problem": code, "facts": {}}
        assert judged(answer(addresses=[bad, well("10.0.2.5")]))["findings"], code


def test_more_addresses_than_were_asked_about_are_not_kept():
    many = [well(f"10.1.{number}.1") for number in range(200)]
    assert len(judged(answer(addresses=[*(well(each) for each in EXPECTED), *many]))["addresses"]) == 2


@pytest.mark.parametrize("target", [TARGET, Target("payments", "abc.external.astronomer.run", ())])
def test_addresses_that_dns64_makes_of_the_links_are_the_links(target):
    """Teardown asks without expecting anything, and takes nobody who is on the link for gone."""
    made = ["64:ff9b::a00:105", "64:ff9b::a00:205"]  # of EXPECTED
    names = {
        "server": "s",
        "addresses": made,
        "problem": "",
        "servers": [{"server": "s", "addresses": made, "problem": ""}],
    }
    raw = answer(names=names, addresses=[*map(well, EXPECTED), *map(well, made)])
    assert ("DNS_TRANSLATED" in codes(raw, target)) == bool(target.expected)
    assert judged(raw, target)["names"]["addresses"] == list(EXPECTED)


PATIENT = Target("payments", "abc.external.astronomer.run", EXPECTED, patience=60.0)
RIGHT = {"server": "10.0.0.2", "addresses": list(EXPECTED), "problem": "", "ttl": 60}
OLD = {"server": "10.0.0.53", "addresses": ["203.0.113.10"], "problem": "", "ttl": 20}


def stale(ttl=20):
    """A cache on the way still has the public address; the VPC's own resolver has the link's."""
    names = {**OLD, "ttl": None, "servers": [{**OLD, "ttl": ttl}], "vpc_resolver": RIGHT}
    public = {**well("203.0.113.10"), "source": "10.0.1.4"}
    return answer(names=names, addresses=[*map(well, EXPECTED), public])


def test_an_old_answer_is_waited_for_as_far_as_patience_goes():
    assert core.still_old(PATIENT, stale()) == pytest.approx(21, abs=1.5)
    assert core.still_old(TARGET, stale()) == 0
    assert core.still_old(PATIENT, stale(ttl=300)) == 0
    assert core.still_old(PATIENT, answer()) == 0


@pytest.mark.parametrize("raw", [None, {}, [], answer(names=[1]), {"place": {}, "addresses": []}])
def test_what_is_no_answer_is_not_waited_for(raw):
    assert core.still_old(PATIENT, raw) == 0


def test_a_second_answer_tells_what_the_first_one_was():
    assert codes(core.later(PATIENT, stale(), answer(), 21.0), PATIENT) == ["DNS_WAS_STALE"]
    again = core.later(PATIENT, stale(), stale(), 21.0)
    assert core.still_old(PATIENT, again) == 0  # it was renewed: no cache
    assert codes(again, PATIENT) == ["DNS_RESOLVER_BYPASS"]
    assert core.later(PATIENT, stale(), {"unreachable": True}, 21.0) == {"unreachable": True}
