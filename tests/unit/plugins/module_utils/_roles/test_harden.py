# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether it is safe to restrict a Deployment, and whether it went well: tables of what was seen to what is said."""

from __future__ import annotations

import json
import shlex

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._roles import harden as core

HOST = "abc.external.astronomer.run"
URL = f"https://{HOST}/d1"
VPC = {"name": "one", "host": HOST, "verdict": "works", "findings": []}
ERROR = {"code": "TCP_TIMEOUT", "severity": "error", "vpc": "one", "text": "TCP_TIMEOUT: ..."}


def token(name, activity="used", last="2026-01-01T00:00:00Z"):
    return {"id": f"id-{name}", "name": name, "last_used_at": last, "ends_at": "", "activity": activity}


def deployment(*tokens, ranges=(), **changed):
    listed = list(tokens) or [token("one")]
    known = {"id": "d", "name": "orders", "host": HOST, "path": "/d1", "remote_api_url": URL}
    return {**known, "allowed_ranges": list(ranges), "agent_tokens": listed, **changed}


def probe(status=401, findings=(), address="10.0.0.5", **changed):
    answered = [{"address": address, "status": status}]
    return {
        "item": {"agent": "agent", "url": URL, "path": "/d1"},
        "addresses": answered,
        "findings": list(findings),
        **changed,
    }


def seen(before=(), after=(), vpc="one"):
    return {vpc: {core.BEFORE: {"results": list(before)}, core.AFTER: {"results": list(after)}}}


def unreached():
    return {"item": {"agent": "agent", "url": URL, "path": "/d1"}, "unreachable": True}


@pytest.mark.parametrize(
    ("vpc", "deployments", "confirmed", "said"),
    [
        ({}, [deployment()], False, None),
        ({}, [deployment(token("one"), token("old", "idle"))], False, None),
        ({"verdict": "failed", "findings": [ERROR]}, [deployment()], True, "do not use the link: TCP_TIMEOUT"),
        ({"verdict": "unverified"}, [deployment()], True, "was not verified in this run"),
        ({"name": "two"}, [deployment()], True, "is not part of the run"),
        ({}, [deployment(host="other.external.astronomer.run")], True, "No agent VPC has a link to other"),
        ({}, [deployment(host="")], True, "No agent VPC has a link to its cluster"),
        ({}, [deployment(agent_tokens=None)], False, "may not see when agent tokens were used"),
        ({}, [deployment(agent_tokens=None)], True, None),
        ({}, [deployment(agent_tokens=[])], False, "None of its agent tokens was used"),
        ({}, [deployment(token("one", "quiet"))], False, "None of its agent tokens was used"),
        ({}, [deployment(token("one", "quiet"))], True, None),
        (
            {},
            [deployment(token("one"), token("two", "quiet"))],
            False,
            "The agent tokens two were used lately, but not now",
        ),
        ({}, [deployment(token("one", "idle"), ranges=["10.0.0.0/8"])], False, "run the playbook unharden"),
    ],
)
def test_whether_it_is_safe(vpc, deployments, confirmed, said):
    entry = {**VPC, **vpc}
    found = core.unsafe([entry], seen([probe()], vpc=entry["name"]), ["one"], deployments, confirmed)
    assert {one["code"] for one in found} == ({"LOCKDOWN_UNSAFE"} if said else set())
    assert (said or "") in " ".join(one["text"] for one in found)


def test_each_vpc_that_is_missing_or_unwell_is_named():
    vpcs = [VPC, {**VPC, "name": "two", "verdict": "failed", "findings": [ERROR]}, {**VPC, "name": "three"}]
    found = core.unsafe(vpcs, {name: {} for name in ("one", "two", "three")}, ["one", "two"], [deployment()], False)
    assert [one["vpc"] for one in found] == ["two", "three"]


@pytest.mark.parametrize("earlier", [probe(findings=[ERROR]), probe(addresses=[]), unreached()])
def test_a_path_that_gave_no_answer_before_is_no_start(earlier):
    found = core.unsafe([VPC], seen([earlier]), ["one"], [deployment()], True)
    assert [one["code"] for one in found] == ["LOCKDOWN_UNSAFE"]
    assert f"agent had no answer from {URL}" in found[0]["seen"]


@pytest.mark.parametrize(
    ("before", "after", "codes"),
    [
        ([probe(401)], [probe(401)], []),
        ([probe(401)], [probe(403)], ["ACCESS_LOST"]),
        ([probe(401)], [probe(404)], ["ACCESS_LOST"]),
        ([probe(401)], [unreached()], ["ACCESS_LOST"]),
        ([probe(401)], [probe(401, findings=[ERROR])], ["TCP_TIMEOUT"]),
        ([probe(401)], [probe(401, findings=[{**ERROR, "severity": "warning"}])], []),
        # who was refused before may be let in, or not
        ([probe(403)], [probe(401)], []),
        ([probe(403)], [probe(403)], []),
        ([], [], []),
    ],
)
def test_who_is_kept_out(before, after, codes):
    assert [one["code"] for one in core.lost(seen(before, after), ["one"])] == codes


def test_each_address_counts():
    both = [{"address": "10.0.0.5", "status": 401}, {"address": "10.0.0.6", "status": 401}]
    half = [both[0], {"address": "10.0.0.6", "status": 403}]
    found = core.lost(seen([probe(addresses=both)], [probe(addresses=half)]), ["one"])
    assert "got 401" in found[0]["seen"]
    assert "and 403 since" in found[0]["seen"]


@pytest.mark.parametrize(
    ("tokens", "names"),
    [
        ([token("one"), token("two")], ""),
        ([token("one"), token("two", "quiet")], "two"),
        ([token("one"), token("new", "quiet")], ""),
    ],
)
def test_who_went_quiet(tokens, names):
    found = core.quiet([deployment(*tokens)], ["id-one", "id-two"], 60)
    assert [one["code"] for one in found] == (["AGENTS_QUIET"] if names else [])
    assert not names or f"The agent tokens {names} were in use" in found[0]["seen"]


def test_those_that_were_used_are_watched_on():
    found = core.alive(
        [deployment(token("one"), token("two", "idle"), token("three", "quiet")), deployment(agent_tokens=None)]
    )
    assert found == ["id-one"]


def test_what_is_looked_at_from_where():
    targets = {"one": {"agents": ["a", "b"], "host": HOST}}
    elsewhere = deployment(host="other", remote_api_url="https://other/d2")
    looks = core.looks(targets, "one", [deployment(), elsewhere])
    assert looks == [{"agent": name, "url": URL, "path": "/d1"} for name in ("a", "b")]
    assert core.looks(targets, "two", [deployment()]) == []


def access(changed, **more):
    call = {"operation": "astro:UpdateDeployment", "arguments": {"allowedIpAddressRanges": ["10.0.0.0/8"]}}
    told = {"id": "d", "name": "orders"}
    return {
        "changed": changed,
        "deployment": told,
        "before": [],
        "after": ["theirs"],
        "calls": [call] if changed else [],
        **more,
    }


def test_only_what_this_run_changed_is_put_back_and_only_onto_its_own_work():
    results = [access(True), access(False), {"failed": True, "msg": "no answer", "before": []}]
    assert core.put_back(results) == [{"id": "d", "name": "orders", "ranges": [], "expected": ["10.0.0.0/8"]}]


def test_an_update_that_may_still_take_effect_is_put_back_as_well():
    call = {"operation": "astro:UpdateDeployment", "arguments": {"allowedIpAddressRanges": ["10.0.0.0/8"]}}
    uncertain = access(False, failed=True, calls=[call], findings=[{"code": "ASTRO_UNCERTAIN"}])
    refused = access(False, failed=True, calls=[call], findings=[{"code": "SECOND_WRITER"}])
    assert [each["name"] for each in core.put_back([uncertain, refused])] == ["orders"]


ITEM = {"id": "d", "name": "orders", "ranges": [], "expected": ["10.0.0.0/8"]}


@pytest.mark.parametrize(
    ("failed", "back", "lines"),
    [
        ({"msg": "why"}, [], ["why", "No list was changed by this run."]),
        ({"results": [{"failed": False, "msg": "fine"}, {"failed": True, "msg": "why"}], "msg": "One failed"}, [],
         ["why", "No list was changed by this run."]),
        ({"msg": "why"}, [{"item": ITEM, "after": []}],
         ["why", "orders: the list is the previous one again: empty, which admits everybody."]),
        ({"msg": "why"}, [{"item": ITEM, "after": ["x"], "msg": "somebody else"}],
         ["why", "orders: THE PREVIOUS LIST COULD NOT BE PUT BACK (empty, which admits everybody): somebody else"]),
    ],
)  # fmt: skip
def test_what_is_said_in_the_end(failed, back, lines):
    assert core.failure(failed, back).split("\n") == lines


def test_the_way_back_is_a_command_that_can_be_pasted():
    (said,) = core.way_back([deployment(ranges=["10.0.0.0/8"])])
    assert said.startswith("orders admits 10.0.0.0/8 now.")
    words = shlex.split(said.partition("with: ")[2])
    assert words[:5] == ["ansible", "localhost", "-m", "astro.privatelink.deployment_access", "-a"]
    assert json.loads(words[5])["ranges"] == ["10.0.0.0/8"]
