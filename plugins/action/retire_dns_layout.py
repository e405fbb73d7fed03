# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the private zones of former DNS layouts and links away, where those of the wanted ones serve and agents reach the link."""

from __future__ import annotations

from typing import Any

from ..module_utils._roles import beside, move_dns_layout, setup, verify
from ..plugin_utils._step import Step


class ActionModule(Step):
    role = "move_dns_layout"

    def take(self) -> dict[str, Any]:
        self.inventory.widened()  # whoever is not understood may be on an old zone
        fleets = self.fleets(self.settings["wait_timeout"])
        endpoints = fleets.planning().endpoints(setup.fleets(self.inventory))
        new = fleets.planning().zones(setup.zones(self.inventory, endpoints))
        problems = setup.problems(self.inventory, endpoints, new)
        problems = {**move_dns_layout.not_ready(self.inventory, new), **problems}
        there = fleets.members(beside.accounts(self.inventory, all_names=True))
        besides = beside.beside(self.inventory, there, fleets.records)
        moving = {each.vpc.name for each in besides if beside.astray([each], endpoints)}
        problems |= beside.in_the_way(besides, endpoints)
        targets = verify.targets(self.with_pods(self.inventory), endpoints)
        asked = {name: target for name, target in targets.items() if name not in problems}
        for resolve in (True, False):  # the name of those that are led past their link is not yet that of the link
            some = {name: target for name, target in asked.items() if (name in moving) is not resolve}
            problems |= verify.stopped(some, self.look(some.values(), patience=0.0, resolve=resolve))
        rest = self.inventory.narrowed(name for name in self.inventory.names if name not in problems)
        accept_gap = self.settings["accept_gap"]
        accounts = move_dns_layout.old_zones(rest, accept_gap) if rest.names else []
        accounts += beside.retired(rest, [each for each in besides if each.vpc.name in rest.names], not accept_gap)
        answers = fleets.zones(accounts)
        return self.result(answers, {**problems, **setup.problems(rest, [], answers)})
