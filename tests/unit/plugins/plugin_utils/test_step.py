# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Agent hosts that see old answers are waited for together, however many they are."""

from __future__ import annotations

from types import SimpleNamespace

from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import AgentHost
from ansible_collections.astro.privatelink.plugins.module_utils._probe.model import Target
from ansible_collections.astro.privatelink.plugins.plugin_utils import _step
from ansible_collections.astro.privatelink.plugins.plugin_utils._agents import Look

EXPECTED = "10.0.1.5"
HOST = "abc.external.astronomer.run"
RIGHT = {"server": "10.0.0.2", "addresses": [EXPECTED], "problem": "", "ttl": 60}


def answer(ttl):
    """Right, or with an old answer for so many seconds."""
    old = {"server": "10.0.0.53", "addresses": ["203.0.113.10"], "problem": "", "ttl": ttl}
    names = {**(old if ttl else RIGHT), "ttl": None, "servers": [old if ttl else RIGHT], "vpc_resolver": RIGHT}
    reached = [
        {"address": each, "tcp": True, "tls": True, "status": 404, "problem": ""} for each in (EXPECTED, "203.0.113.10")
    ]
    return {"place": {"hostname": "h"}, "names": names, "addresses": reached, "health": {}}


def test_one_wait_for_all(monkeypatch):
    asked, slept, said = [], [], []
    rounds = [[answer(20), answer(0), answer(40), {"unreachable": True}], [answer(0), answer(0)]]

    def answers(looks):
        asked.append([(look.agent.name, look.target.patience) for look in looks])
        return rounds.pop(0)

    monkeypatch.setattr(_step.time, "sleep", slept.append)
    looks = [
        Look(AgentHost(name=name, vpc="one", connection="ssh"), Target("one", HOST, (EXPECTED,), patience=60.0))
        for name in ("a", "b", "c", "d")
    ]
    step = SimpleNamespace(_answers=answers, say=said.extend)
    found = _step.Step._patiently(step, looks)
    assert asked == [[("a", 0.0), ("b", 0.0), ("c", 0.0), ("d", 0.0)], [("a", 0.0), ("c", 0.0)]]
    assert len(slept) == 1
    assert 40 <= slept[0] <= 45
    assert [each["names"].get("before", {}).get("ttl") for each in found[:3]] == [20, None, 40]
    assert found[3] == {"unreachable": True}
    assert said[0].startswith("2 of 4 agent hosts still have an old answer")
