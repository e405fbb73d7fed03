# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leads agents back to the public path: takes the private names away, once agents were seen to get through without the link."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from ..module_utils._astro import access, api
from ..module_utils._astro.info import info
from ..module_utils._astro.jobs import Access
from ..module_utils._aws.fleet import Fleets
from ..module_utils._core.findings import Shown
from ..module_utils._core.run import Answer, carry_out, shown
from ..module_utils._probe.look import look
from ..module_utils._probe.model import Target, public
from ..module_utils._probe.results import AgentResult
from ..module_utils._roles import beside, setup, teardown, verify
from ..module_utils._roles.verify import VpcTarget
from ..plugin_utils._step import Step

#: Seconds between two looks at agents that have not gone back yet.
AGAIN = 5.0


class ActionModule(Step):
    role = "teardown"

    def take(self) -> dict[str, Any]:
        self.inventory.widened()  # whoever is not understood may share a link
        fleets = self.fleets(self.settings["wait_timeout"])
        read = fleets.planning().endpoints(teardown.endpoints(self.inventory))
        targets = verify.targets(self.with_pods(self.inventory), read)
        problems = setup.problems(self.inventory, read, [])
        problems |= self._cut_off({name: one for name, one in targets.items() if name not in problems})
        problems |= self._unready(fleets.planning(), problems, read)
        held = sorted(set(problems) & set(self.inventory.names))
        opened, refused = self._admitted([name for name in self.inventory.names if name not in problems], held)
        problems |= refused
        rest = self.inventory.narrowed(name for name in self.inventory.names if name not in problems)
        self.warn(teardown.unproven({name: targets[name] for name in rest.names}))
        answers = fleets.zones(teardown.zones(rest, self.settings["accept_gap"], read)) if rest.names else []
        problems |= setup.problems(rest, [], answers)
        back = {name: targets[name] for name in rest.names if name not in problems}
        seen = {} if self.check else self._gone_back(back)
        if not self.check:
            gone = rest.narrowed(back)
            problems |= teardown.still_used(gone, targets, seen, self.settings["accept_gap"])
            self.say(teardown.summary(back, seen))
        return self.result([*opened, *answers], teardown.sharing(self.inventory, problems), seen=seen)

    def _unready(self, planning: Fleets, problems: Mapping[str, Any], read: Sequence[Answer]) -> dict[str, list[Shown]]:
        """The VPCs whose names could not be removed, or would lead to another link, as far as that is known before anything is sent."""
        rest = self.inventory.narrowed(name for name in self.inventory.names if name not in problems)
        if not rest.names:
            return {}
        accept_gap = self.settings["accept_gap"]
        plans = planning.zones(teardown.zones(rest, accept_gap, read))
        there = planning.members(beside.accounts(rest, all_names=True))
        # Zones of accounts that this run cannot read, or does not know, only show from the VPC's own account.
        serving, unread = planning.serving(beside.losing(rest, there, plans))
        elsewhere = beside.elsewhere(rest, [*there, *serving], planning.records, plans, accept_gap)
        return {**elsewhere, **beside.unread(unread), **setup.problems(rest, [], plans)}

    def _cut_off(self, targets: Mapping[str, VpcTarget]) -> dict[str, list[Shown]]:
        """The VPCs whose agents are on the link, and were not seen to get through without it."""
        if self.settings["accept_cut_off"]:
            return {}
        lookups = {host: _looked_up(host) for host in teardown.to_look_up(self.inventory, targets)}
        addresses = teardown.public_addresses(self.inventory, targets, lookups)
        seen: dict[str, list[AgentResult]] = {}
        for name, there in addresses.items():
            if there:
                seen |= self.look([targets[name]], expected=tuple(there), patience=0.0, health_url="")
        return teardown.cut_off(self.inventory, targets, addresses, seen, lookups)

    def _admitted(self, names: Sequence[str], held: Sequence[str]) -> tuple[list[Answer], dict[str, list[Shown]]]:
        """What was done to the lists of the Deployments, and the VPCs whose agents Astro would refuse.

        No list is opened while some VPCs of the run, ``held``, keep their links: a refused run leaves Deployments as they were.
        """
        unlock = self.settings["unlock"] and not held
        if not names or self.settings["deployment_unrestricted"]:
            return [], {}
        named, opened = self.settings["deployment_ids"] or [], list[Answer]()
        known: list[dict[str, Any]] = []
        why = "no Deployment is named"
        try:
            if named:
                client = api.client({**self.settings, "api_timeout": 30})
                for each in named if unlock else []:
                    opened.append(self._unlock(client, each))
                known, why = info(client, named)[0]["deployments"], f"Astro does not show {', '.join(named)}"
        except api.AstroError as problem:
            known, why = [], str(problem).rstrip(".")
        if self.check and unlock:  # it is only planned yet
            known = [{**each, "allowed_ranges": []} for each in known]
        failed = [one for answer in opened for one in answer["findings"] if one["severity"] == "error"]
        found = {name: [{**one, "vpc": name} for one in failed] + _refused(known, named, name, why) for name in names}
        if self.settings["unlock"] and held:
            found = teardown.held_back(found, held)
        return opened, {name: problems for name, problems in found.items() if problems}

    def _unlock(self, client: api.Client, deployment: str) -> Answer:
        """Empties a Deployment's list, which admits everybody, and tells what was in it."""
        want = access.Want(deployment_id=deployment, ranges=(), state="exact", allow_open=True, allow_lockout=True)
        answer = shown(carry_out(Access(want, client), self.check, progress=self.memory.progress))
        for name, each in answer["diff"]["before"].items():
            if each != answer["diff"]["after"].get(name):
                self.say([f"Deployment {name} only admitted {', '.join(each['allowed_ranges'])} so far."])
        return answer

    def _gone_back(self, targets: Mapping[str, VpcTarget]) -> dict[str, list[AgentResult]]:
        """What the agent hosts see once their names are gone; each is asked until it has let go, or time is up."""
        end = time.monotonic() + self.settings["timeout"]
        seen: dict[str, list[AgentResult]] = {}
        left = list(targets)
        while left:
            # Nothing is expected of the name but that it leads elsewhere: whatever it leads to is tried as well.
            seen |= self.look([targets[name] for name in left], expected=(), patience=0.0, health_url="")
            left = teardown.waiting(targets, seen, self.settings["accept_gap"])
            if time.monotonic() + AGAIN > end:
                break
            time.sleep(AGAIN if left else 0)
        return seen


def _looked_up(host: str) -> dict[str, Any]:
    """What the controller's own resolver says of a host."""
    with suppress(OSError):
        target = Target(vpc="the controller", host=host, expected=())
        return dict(public(target, look(target))["names"])
    return {}


def _refused(known: Sequence[Mapping[str, Any]], named: Sequence[str], vpc: str, why: str) -> list[Shown]:
    """Why Astro would refuse a VPC's agents; a Deployment that Astro does not show may do so as well."""
    missing = sorted(set(named) - {each["id"] for each in known}) if known else []
    unknown = teardown.guard([], vpc, f"Astro does not show {', '.join(missing)}") if missing else []
    return [*teardown.guard(known, vpc, why), *unknown]
