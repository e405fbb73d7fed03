# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates the VPC endpoints of a fleet, and resolves the cluster's name to each that works."""

from __future__ import annotations

import concurrent.futures
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from ..module_utils._core.findings import Shown, finding
from ..module_utils._core.run import Answer
from ..module_utils._inventory.hosts import Inventory
from ..module_utils._roles import setup, verify
from ..plugin_utils._step import Step

#: Seconds between two looks at which endpoints can have their names while others are made: at least, and as a part of the time so far.
LEAST, PART = 5.0, 0.01


@dataclass
class Named:
    """What was done for the names of some links, and which VPCs fail with what."""

    answers: list[Answer] = field(default_factory=list)
    problems: dict[str, list[Shown]] = field(default_factory=dict)
    tried: list[str] = field(default_factory=list)


class ActionModule(Step):
    role = "setup"
    sliced = True

    def take(self) -> dict[str, Any]:
        made, named, rest = (self._endpoints(), list[Named](), self.inventory) if self.check else self._make()
        failed = setup.problems(self.inventory, made, [])
        rest = rest.narrowed(name for name in rest.names if name not in failed)
        if rest.names:
            fresh = (
                made if self.check or not any(answer["calls"] for answer in made) else self._planned(setup.owners(rest))
            )
            named.append(self._name(rest, fresh))
        answers = [*made, *(answer for each in named for answer in each.answers)]
        problems = [
            one for found in (failed, *(each.problems for each in named)) for vpc in found.values() for one in vpc
        ]
        tried = sorted({name for each in named for name in each.tried})
        # One that shares a link which stays as it is fails with it.
        return self.result(
            answers,
            setup.problems(self.inventory, [{"findings": problems}], []),
            **({} if self.check else {"tried": tried}),
        )

    # --- endpoints

    def _endpoints(self) -> list[Answer]:
        return self.fleets(self.settings["wait_timeout"]).endpoints(setup.fleets(self.inventory), self.tell)

    def _planned(self, links: Collection[str]) -> list[Answer]:
        """The endpoints of links as AWS has them now, and what they still lack."""
        return self.fleets().planning().endpoints(setup.fleets(self.inventory, links))

    def _make(self) -> tuple[list[Answer], list[Named], Inventory]:
        """The endpoints, the names of those that were ready before the last one was, and the VPCs that have theirs still to come."""
        rest, named = self.inventory, list[Named]()
        began, refused = time.monotonic(), None
        self.memory.zones = {}  # each wave would read those of all before it
        with concurrent.futures.ThreadPoolExecutor(max_workers=1) as pool:
            making = pool.submit(self._endpoints)
            while not self._over(making, max(LEAST, PART * (time.monotonic() - began))):
                there = self.fleets().available(setup.fleets(rest, setup.owners(rest)))
                if not there:
                    continue
                if refused is None:
                    refused = self._refused()
                fresh = self._planned(there)
                ready = rest.narrowed(name for name in setup.ready(rest, fresh) if name not in refused)
                if ready.names:
                    named.append(self._name(ready, fresh))
                    rest = rest.narrowed(name for name in rest.names if name not in ready.names)
                    self.say(
                        [f"{len(self.inventory.names) - len(rest.names)} of {len(self.inventory.names)} VPCs are done."]
                    )
                if not rest.names:
                    break
            return making.result(), named, rest

    @staticmethod
    def _over(making: concurrent.futures.Future[list[Answer]], seconds: float) -> bool:
        return bool(concurrent.futures.wait([making], seconds).done)

    def _refused(self) -> set[str]:
        """The VPCs whose zones are in each other's way: that shows only where all are planned together."""
        endpoints = self._planned(setup.owners(self.inventory))
        planned = self.fleets().planning().zones(setup.zones(self.inventory, endpoints, planning=True))
        return set(setup.problems(self.inventory, [], planned))

    # --- names

    def _name(self, inventory: Inventory, endpoints: list[Answer]) -> Named:
        """Resolve the name to the links of these VPCs whose agents reach Astro through them."""
        fleets = self.fleets()
        planned = fleets.planning().zones(setup.zones(inventory, endpoints, self.check))
        shifts = setup.shifts(inventory, planned)
        refused = setup.problems(inventory, [], planned)
        if self.check or not any(answer["calls"] for answer in planned):
            return Named(planned, {**setup.kept(shifts, {}), **refused})
        unready = setup.unready(inventory, endpoints, planned)
        stopped, tried = self._try(inventory, endpoints, planned, shifts)
        stopped = {**stopped, **unready}
        # Nobody joins a link whose own VPC stays as it is: its record was not looked at, or leads elsewhere.
        vpcs, changed = inventory.vpcs, setup.changed(inventory, planned) - set(refused)
        rest = inventory.narrowed(n for n in inventory.names if n in changed and not {n, vpcs[n].via} & set(stopped))
        answers = [*setup.others(planned, changed), *fleets.zones(setup.zones(rest, endpoints))]
        return Named(answers, {**setup.problems(inventory, [], answers), **refused, **stopped}, tried)

    def _try(
        self, inventory: Inventory, endpoints: list[Answer], planned: list[Answer], shifts: list[setup.Shift]
    ) -> tuple[dict[str, list[Shown]], list[str]]:
        """The VPCs whose name would lead to a link that does not work, and all whose link was tried. The name of the former
        stays as it is, and their agents go on working."""
        if not self.settings["probe_before_dns"]:
            return {}, []
        # A record moves all VPCs on its zone, also those outside of this run.
        moved = dict.fromkeys([*setup.moved(inventory, planned), *(n for each in shifts for n in each.members)])
        targets = verify.targets(self.with_pods(inventory.including(moved), moved), endpoints)
        asked = [targets[name] for name in moved if targets[name].expected]
        self.warn(_unproven(asked))
        seen = self.look(asked, resolve=False, patience=0.0)
        stopped = verify.stopped(targets, seen)
        return {**setup.kept(shifts, stopped), **stopped}, sorted(seen)


def _unproven(asked: Iterable[verify.VpcTarget]) -> list[Shown]:
    return [finding("NAME_UNPROVEN", each.vpc, host=each.host).public() for each in asked if not each.agents]
