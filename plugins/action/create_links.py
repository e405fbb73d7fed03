# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates the VPC endpoints of a fleet, and resolves the cluster's name to each that works."""

from __future__ import annotations

import concurrent.futures
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from ..module_utils._aws.fleet import Fleets
from ..module_utils._core.approved import Approved
from ..module_utils._core.findings import Shown, finding
from ..module_utils._core.listing import number
from ..module_utils._core.run import Answer
from ..module_utils._inventory.hosts import Inventory
from ..module_utils._report import fates
from ..module_utils._report.files import now
from ..module_utils._report.plan_file import PlanFile, PlanRefused, differences, unlike
from ..module_utils._report.planned import Planned, document
from ..module_utils._roles import beside, setup, verify
from ..plugin_utils import _speak
from ..plugin_utils._collection import version
from ..plugin_utils._plans import handed_in, time_of_approved, written
from ..plugin_utils._step import Step
from ..plugin_utils._variables import of_vpcs

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
        self.approved: Approved | None = None
        given, at = handed_in(self.settings), ""
        if given is None:
            at = time_of_approved({**self.settings, "plan_required": self.settings["plan_required"] and not self.check})
        if given is not None or at:
            self._review(given, at)
        if self.check:
            return self._planned_only(given is not None or bool(at))
        return self._take()

    def _take(self) -> dict[str, Any]:
        refused = self._look_beside()
        if not self.inventory.names:
            return self.result([], self._with_sharers(refused))
        if self.settings["endpoints_only"]:
            return self._prepare(refused)
        made, named, rest = self._make()
        failed = setup.problems(self.inventory, made, [])
        rest = rest.narrowed(name for name in rest.names if name not in failed)
        if rest.names:
            fresh = made if not any(answer["calls"] for answer in made) else self._planned(setup.owners(rest))
            named.append(self._name(rest, fresh))
        answers = [*made, *(answer for each in named for answer in each.answers)]
        problems = [failed, *(each.problems for each in named), beside.astray(self._beside(), made), refused]
        tried = sorted({name for each in named for name in each.tried})
        return self.result(answers, self._with_sharers(*problems), tried=tried)

    def _prepare(self, refused: dict[str, list[Shown]]) -> dict[str, Any]:
        """Make the endpoints, and try them from the agent hosts; names stay as they are."""
        made = self._endpoints()
        failed = self._with_sharers(refused, setup.problems(self.inventory, made, []))
        rest = self.inventory.narrowed(name for name in self.inventory.names if name not in failed)
        targets = verify.targets(self.with_pods(rest), made)
        self.warn(_unproven(targets.values()))
        seen = self.look(targets.values(), resolve=False, patience=0.0)
        self.say([f"Names stay as they are. The endpoints of {number(sorted(seen))} were tried from agent hosts."])
        # The endpoint in use is none of those that this run wants, and no left-over.
        made = [
            {**each, "findings": [f for f in each["findings"] if f["code"] != "ENDPOINT_LEFT_OVER"]} for each in made
        ]
        return self.result(made, self._with_sharers(failed, verify.stopped(targets, seen)), tried=sorted(seen))

    def _look_beside(self) -> dict[str, list[Shown]]:
        """Find out which zones the VPCs are on beside those of their links. The run goes on without those that cannot get on their
        link's zone, or whose link cannot be what is wanted without cutting agents off. These are the result."""
        self.whole = self.inventory
        accounts = [] if self.settings["endpoints_only"] else beside.accounts(self.inventory)
        self.members = self.fleets().members(accounts)
        refused = self._with_sharers(beside.conflicts(self._beside()), self._needed())
        self.inventory = self.inventory.narrowed(name for name in self.inventory.names if name not in refused)
        return refused

    def _needed(self) -> dict[str, list[Shown]]:
        """The links that are to lose subnets, while an agent does not reach them through those that stay."""
        found: dict[str, list[Shown]] = {}
        chosen = setup.choosing(self.inventory)
        plans = self._planned(chosen) if chosen else []
        for owner, staying in setup.shrinking(plans).items():
            members = [owner, *(vpc.name for vpc in self.inventory.joined(owner))]
            targets = verify.targets(self.with_pods(self.inventory.including(members), members), plans)
            asked = {name: targets[name] for name in members}
            self.warn(setup.untested(name for name, each in asked.items() if not each.agents))
            seen = self.look(asked.values(), expected=tuple(staying), resolve=False, patience=0.0)
            found |= setup.needed(owner, verify.stopped(asked, seen))
        return found

    def _beside(self) -> list[beside.Beside]:
        """What the VPCs have beside their links' zones, by all that was read until now."""
        fleets = self.fleets()
        return beside.beside(self.inventory, [*self.members, *fleets.members([])], fleets.records)

    def _with_sharers(self, *problems: dict[str, list[Shown]]) -> dict[str, list[Shown]]:
        """All problems of the run. A VPC that shares a link which stays as it is fails with it."""
        found = [one for some in problems for vpc in some.values() for one in vpc]
        return setup.problems(self.whole, [{"findings": found}], [])

    def fleets(self, timeout: int = 600) -> Fleets:
        return replace(super().fleets(timeout), approved=self.approved)

    # --- plans

    def _plan(self, fleets: Fleets) -> Planned:
        """All that a run would send, by jobs that only plan."""
        refused = self._look_beside()
        made = fleets.endpoints(setup.fleets(self.inventory))
        failed = setup.problems(self.inventory, made, [])
        rest = self.inventory.narrowed(name for name in self.inventory.names if name not in failed)
        named = rest.names and not self.settings["endpoints_only"]
        zones = fleets.zones(setup.zones(rest, made, planning=True)) if named else []
        kept = setup.kept(setup.shifts(rest, zones), {})
        problems = (refused, failed, kept, setup.problems(rest, [], zones), beside.astray(self._beside(), made))
        self.inventory = self.whole
        return Planned(
            inventory=self.whole,
            endpoints=made,
            zones=zones,
            problems=self._with_sharers(*problems),
            fields=of_vpcs(self.role),
            probes=self.settings["probe_before_dns"],
            collection=version(),
        )

    def _planned_only(self, approved: bool) -> dict[str, Any]:
        """The plan, as a result and as files; none are written where one was approved already."""
        planned = self._plan(self.fleets().planning())
        result = self.result([*planned.endpoints, *planned.zones], planned.problems)
        if approved:
            self.say(["The approved plan can be sent."])
            return result
        plan = document(planned, now())
        self.say(fates.told(plan["vpcs"]))
        told = {"digest": plan["digest"], "cost": plan["cost"]["change"], "files": self._write(plan)}
        stats = {"data": {"setup_plan_digest": plan["digest"]}, "per_host": False, "aggregate": True}
        return {**result, "plan": told, "ansible_stats": stats}

    def _write(self, plan: dict[str, Any]) -> list[str]:
        try:
            files = written(plan, self.settings_of("report")["directory"])
        except OSError as problem:
            _speak.warn(
                f"The plan file could not be written: {problem}. Set report_directory to a directory that can be written."
            )
            files = []
        self.say([f"Plan {plan['digest']}{f': {files[0]}' if files else ''}"])
        return files

    def _review(self, given: PlanFile | None, at: str) -> None:
        """Check that what would be sent now is what was approved, before anything is changed. The jobs check it again, each when
        it sends. Without a file, the plan of now is the approved one if it has its digest."""
        if given is None:
            fresh = document(self._plan(self.fleets().planning()), at)
            if fresh["digest"] != self.settings["plan_digest"]:
                raise PlanRefused(
                    self.settings["plan_digest"],
                    [
                        f"What would be sent now has another digest, {fresh['digest']}. setup_plan with the file names what differs."
                    ],
                )
            given = PlanFile("", fresh)
        else:
            planned = self._plan(self.fleets().reviewing(given.approved))
            reasons = differences(given, document(planned, given.content["at"]))
            if reasons := [*reasons, *unlike(planned.problems)]:
                raise PlanRefused(given.name, reasons)
        self.approved = given.approved

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
                wanted = setup.owners(rest)
                there = self.fleets().available(setup.fleets(rest, wanted))
                if not there or there >= wanted:  # none is ready, or none is waited for any more
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
        planned = fleets.planning().zones(setup.zones(inventory, endpoints))
        shifts = setup.shifts(inventory, planned)
        refused = setup.problems(inventory, [], planned)
        if not any(answer["calls"] for answer in planned):
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
