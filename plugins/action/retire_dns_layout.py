# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the private zones of the former DNS layout away, where those of the new one serve and agents use the link."""

from __future__ import annotations

from typing import Any

from ..module_utils._roles import move_dns_layout, setup, verify
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
        targets = verify.targets(self.with_pods(self.inventory), endpoints)
        asked = {name: target for name, target in targets.items() if name not in problems}
        problems |= verify.stopped(asked, self.look(asked.values(), patience=0.0))
        rest = self.inventory.narrowed(name for name in self.inventory.names if name not in problems)
        accounts = move_dns_layout.old_zones(rest, self.settings["accept_gap"]) if rest.names else []
        answers = fleets.zones(accounts)
        return self.result(answers, {**problems, **setup.problems(rest, [], answers)})
