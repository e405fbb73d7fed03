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
    sliced = True

    def take(self) -> dict[str, Any]:
        fleets = self.fleets()
        endpoints = fleets.planning().endpoints(setup.fleets(self.inventory))
        planned = fleets.planning().zones(setup.zones(self.inventory, endpoints, self.check))
        shifts = setup.shifts(self.inventory, planned)
        if self.check or not any(answer["calls"] for answer in planned):
            problems = setup.problems(self.inventory, endpoints, planned)
            return self.result(planned, self._told({**setup.kept(shifts, {}), **problems}))
        unready = setup.unready(self.inventory, endpoints, planned)
        stopped, tried = self._try(endpoints, planned, shifts)
        stopped = {**stopped, **unready}
        # Nobody joins a link whose own VPC stays as it is: its record was not looked at, or leads elsewhere.
        vpcs = self.inventory.vpcs
        rest = self.inventory.narrowed(n for n in self.inventory.names if not {n, vpcs[n].via} & set(stopped))
        answers = fleets.zones(setup.zones(rest, endpoints))
        problems = {**setup.problems(self.inventory, endpoints, answers), **stopped}
        return self.result(answers, self._told(problems), tried=tried)

    def _try(
        self, endpoints: list[Answer], planned: list[Answer], shifts: list[setup.Shift]
    ) -> tuple[dict[str, list[Shown]], list[str]]:
        """The VPCs whose name would lead to a link that does not work, and all whose link was tried. The name of the former
        stays as it is, and their agents go on working."""
        if not self.settings["probe_before_dns"]:
            return {}, []
        # A record moves all VPCs on its zone, also those outside of this run.
        moved = dict.fromkeys([*setup.moved(self.inventory, planned), *(n for each in shifts for n in each.members)])
        targets = verify.targets(self.with_pods(self.inventory.including(moved), moved), endpoints)
        asked = [targets[name] for name in moved if targets[name].expected]
        self.warn(
            finding("NAME_UNPROVEN", target.vpc, host=target.host).public() for target in asked if not target.agents
        )
        seen = self.look(asked, resolve=False, patience=0.0)
        stopped = verify.stopped(targets, seen)
        return {**setup.kept(shifts, stopped), **stopped}, sorted(seen)

    def _told(self, problems: dict[str, list[Shown]]) -> dict[str, list[Shown]]:
        """The problems of the VPCs of this run. One that shares a link which stays as it is fails with it."""
        return setup.problems(self.inventory, [{"findings": [one for each in problems.values() for one in each]}], [])
