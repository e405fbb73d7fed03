# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolves the cluster's names to the links, for VPCs whose agents reach Astro through them."""

from __future__ import annotations

from typing import Any

from ..module_utils._core.findings import Shown, finding
from ..module_utils._core.run import Answer
from ..module_utils._roles import setup, verify
from ..plugin_utils._step import Step


class ActionModule(Step):
    role = "setup"

    def take(self) -> dict[str, Any]:
        fleets = self.fleets()
        endpoints = fleets.planning().endpoints(setup.fleets(self.inventory))
        planned = fleets.planning().zones(setup.zones(self.inventory, endpoints, self.check))
        if self.check or not any(answer["calls"] for answer in planned):
            return self.result(planned, setup.problems(self.inventory, endpoints, planned))
        stopped = self._stopped(endpoints, planned)
        rest = self.inventory.narrowed(name for name in self.inventory.names if name not in stopped)
        answers = fleets.zones(setup.zones(rest, endpoints))
        return self.result(answers, {**setup.problems(self.inventory, endpoints, answers), **stopped})

    def _stopped(self, endpoints: list[Answer], planned: list[Answer]) -> dict[str, list[Shown]]:
        """The VPCs whose name would lead to a link that does not work: it stays public, and their agents go on working."""
        if not self.settings["probe_before_dns"]:
            return {}
        targets = verify.targets(self.inventory, endpoints)
        moved = [targets[name] for name in setup.moved(self.inventory, planned) if targets[name].expected]
        self.warn(
            finding("NAME_UNPROVEN", target.vpc, host=target.host).public() for target in moved if not target.agents
        )
        return verify.stopped(targets, self.look(moved, resolve=False, patience=0.0))
