# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What agent hosts saw, put together for each VPC."""

from __future__ import annotations

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import AgentHost
from ansible_collections.astro.privatelink.plugins.module_utils._roles import verify as core

ONE, OTHER = "boot-1 net:[1]", "boot-1 net:[2]"


def agents(**more):
    return {name: AgentHost(name, "", **more.get(name, {})) for name in ("a", "b")}


def seen(a=ONE, b=ONE):
    return {
        "payments": [{"name": "a", "place": {"machine": a}, "findings": []}],
        "ledger": [{"name": "b", "place": {"machine": b} if b is not None else {}, "findings": []}],
    }


def test_one_machine_cannot_be_in_two_vpcs():
    found = core.impostors(seen(), agents(), {name: name for name in seen()})
    assert {name: [one["code"] for one in each] for name, each in found.items()} == {
        "a": ["AGENT_HOST_SHARED"],
        "b": ["AGENT_HOST_SHARED"],
    }
    assert found["a"][0]["vpc"] == "payments"
    assert "a, b are the same machine" in found["a"][0]["seen"]


@pytest.mark.parametrize(
    ("looked", "hosts"),
    [
        (seen(b=OTHER), agents()),
        (seen(b=""), agents()),
        (seen(b=None), agents()),
        (seen(), agents(b={"dial_through": "127.0.0.1:1"})),
        ({"payments": [*seen()["payments"], {"name": "b", "place": {"machine": ONE}, "findings": []}]}, agents()),
    ],
)
def test_what_may_be_two_machines_or_one_vpc_is_left_alone(looked, hosts):
    assert core.impostors(looked, hosts, {name: name for name in looked}) == {}


def test_health_pages_that_answer_alike_are_one_line():
    there = [
        {"name": name, "health": {"url": "http://localhost:39091/healthz", "status": status}}
        for name, status in [("a", 200), ("b", 200), ("c", 503), ("d", 0)]
    ]
    told = core.health(there, "", {})
    assert [(one["good"], one["text"].partition("/healthz ")[2]) for one in told["rests_on"]] == [
        (True, "answered 200 on 2 agent hosts"),
        (False, "answered 503 on c"),
        (False, "did not answer on d"),
    ]
    assert told["state"] == "doubtful"
