# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Agent hosts are reached as their own variables say: keywords of a play are about other hosts."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.block import Block
from ansible.playbook.play import Play
from ansible.playbook.task import Task
from ansible.plugins import loader as plugins
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import AgentHost
from ansible_collections.astro.privatelink.plugins.plugin_utils._agents import AtAgent

KEYWORDS = {
    "environment": {"https_proxy": "http://proxy.example:3128", "NO_PROXY": ""},
    "become": True,
    "remote_user": "somebody",
    "vars": {"ansible_become": True},
}


@pytest.fixture(params=["task", "block", "play"])
def step(request):
    """A step whose task, block or play has keywords."""
    loader = DataLoader()
    at = {where: dict(KEYWORDS) if where == request.param else {} for where in ("task", "block", "play")}
    play = Play.load({"hosts": "all", "name": "p", **at["play"]}, loader=loader)
    block = Block.load({"block": [], **at["block"]}, play=play, loader=loader)
    task = Task.load({"name": "t", "debug": {}, **at["task"]}, block=block, loader=loader)
    return SimpleNamespace(_task=task, _loader=loader, _shared_loader_obj=plugins)


def test_keywords_of_a_play_do_not_reach_the_probe(step):
    variables = {"hostvars": SimpleNamespace(raw_get=lambda _name: {"ansible_connection": "local"})}
    reached = AtAgent.reached(step, variables, AgentHost(name="box", vpc="one", connection="local"))
    assert reached._compute_environment_string() == ""
    assert reached._task.environment == []
    assert reached._connection.become is None
    assert reached._play_context.become is not True
    assert reached._play_context.remote_user != "somebody"
    assert reached._task.vars == {}
