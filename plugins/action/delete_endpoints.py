# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deletes VPC endpoints and their security groups, once no zone leads to them and no agent host uses them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..module_utils._aws.session import Login
from ..module_utils._core.errors import ReadFailed
from ..module_utils._core.findings import Shown, finding
from ..module_utils._core.run import Answer
from ..module_utils._inventory.hosts import SUFFIX
from ..module_utils._link.zone import Zone
from ..module_utils._roles import setup, teardown, verify
from ..plugin_utils._step import Step


class ActionModule(Step):
    role = "teardown"

    def take(self) -> dict[str, Any]:
        self.inventory.widened()  # whoever is not understood may share a link
        fleets = self.fleets(self.settings["wait_timeout"])
        read = fleets.planning().endpoints(teardown.endpoints(self.inventory))
        problems, shared = self._needed(read)
        self.warn(one for name, found in shared.items() if name not in problems for one in found)
        rest = self.inventory.narrowed(name for name in self.inventory.names if name not in problems)
        going = teardown.endpoints(rest, self.settings["drain"], shared) if rest.names else []
        if not self.check and any(answer["calls"] for answer in read):
            self.say(
                [f"Endpoints are kept for {self.settings['drain']} seconds; then AWS takes minutes to delete them."]
            )
        answers = fleets.endpoints(going)
        return self.result(answers, {**problems, **setup.problems(rest, answers, [])})

    def _needed(self, read: Sequence[Answer]) -> tuple[dict[str, list[Shown]], dict[str, list[Shown]]]:
        """The VPCs whose endpoint has to stay, by what AWS and the agent hosts say now, and those of which other clusters' links use
        it, too. In check mode nobody has left yet."""
        accept_gap = self.settings["accept_gap"]
        accounts = teardown.zones(self.inventory, accept_gap, read)
        planned = self.fleets().planning().zones(accounts)
        found = setup.problems(self.inventory, read, planned)
        zones, unread = self._zones(accounts)
        led = teardown.led_to(self.inventory, read, zones, self.check)
        shared = {name: one for name, one in led.items() if all(each["severity"] == "warning" for each in one)}
        if not self.check:
            targets = verify.targets(self.with_pods(self.inventory), read)
            seen = self.look(targets.values(), expected=(), patience=0.0, health_url="")
            for more in (
                unread,
                teardown.names_left(self.inventory, planned),
                {name: one for name, one in led.items() if name not in shared},
                teardown.still_used(self.inventory, targets, seen, accept_gap),
            ):
                for name, problems in more.items():
                    found.setdefault(name, []).extend(problems)
        return teardown.sharing(self.inventory, found), shared

    def _zones(self, accounts: Sequence[dict[str, Any]]) -> tuple[list[Zone], dict[str, list[Shown]]]:
        """All zones that may lead to the endpoints, and the VPCs of accounts that could not be read."""
        zones: list[Zone] = []
        unread: dict[str, list[Shown]] = {}
        for account in {Login.of(each): each for each in accounts}.values():
            try:
                zones += self.fleets().leading(account, SUFFIX)
            except ReadFailed as problem:
                text = f"{problem} The endpoint stays."
                unread |= {
                    name: [finding("READ_FAILED", name, problem=text).public()]
                    for name in (link["name"] for link in account["links"])
                    if name in self.inventory.names
                }
        return zones, unread
