# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds where AWS does not match the inventory. It never changes anything, in check mode or not."""

from __future__ import annotations

from typing import Any

from ..module_utils._core.listing import number
from ..module_utils._report import plan
from ..module_utils._roles import beside, drift, setup
from ..plugin_utils import _speak
from ..plugin_utils._step import Step, texts


class ActionModule(Step):
    role = "drift"
    sliced = True

    def take(self) -> dict[str, Any]:
        fleets = self.fleets().planning()
        endpoints = fleets.endpoints(setup.fleets(self.inventory))
        zones = fleets.zones(setup.zones(self.inventory, endpoints, planning=True))
        plans = [*endpoints, *zones]
        found = drift.drift(self.inventory.names, plans)
        members = fleets.members(beside.accounts(self.inventory, all_names=True))
        for login, problem in self.memory.unread.items():
            _speak.warn(f"Whether other zones answer before those of the links was not checked with {login}: {problem}")
        besides = beside.beside(self.inventory, members, fleets.records)
        astray = beside.astray(besides, endpoints)
        for problems in (setup.problems(self.inventory, endpoints, zones), beside.conflicts(besides), astray):
            for name, more in problems.items():
                there = found.setdefault(name, [])
                there += [one for one in more if one not in there]
        self.say(
            plan.lines(plans, check_mode=True)
            or ([] if found else [f"AWS matches the inventory for {number(self.inventory.names)}."])
        )
        self.warn(one for each in plans for one in each["findings"] if one["severity"] == "warning")
        self.warn(beside.left(besides, astray))
        return {
            "changed": False,
            "answers": plans,
            "failed_vpcs": texts(found),
        }
