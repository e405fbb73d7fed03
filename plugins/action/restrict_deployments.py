# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restricts Deployments to agents that come over PrivateLink, and takes it back if an agent does not get in since."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..module_utils._astro.access import Want
from ..module_utils._astro.info import info
from ..module_utils._astro.jobs import ListAnswer
from ..module_utils._astro.lists import Lists
from ..module_utils._core.findings import Finding
from ..module_utils._core.run import Answer
from ..module_utils._inventory.hosts import Inventory
from ..module_utils._report.document import Run, document
from ..module_utils._roles import harden, setup, verify
from ..plugin_utils._astro import AstroStep
from ..plugin_utils._interrupts import Interrupts

#: Seconds between two looks at pods.
_AGAIN = 3.0


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What was seen before the change: where to look, what agent hosts got, the Deployments with their agent tokens, and the
    agents' pods."""

    targets: dict[str, verify.VpcTarget]
    looks: list[harden.PathLook]
    deployments: list[dict[str, Any]]
    pods: Mapping[str, harden.Pods]


class _Wrong(Exception):
    """Agents do not get in since, or a list is not as asked for."""


class ActionModule(AstroStep):
    def take(self) -> dict[str, Any]:
        wanted = harden.wants(self.settings)
        everyone = self.inventory.widened()
        lists = Lists(wanted, self.client())
        if found := [*self.confused(wanted), *self.wrong(lists)]:
            return self.refused(found)
        self.say(harden.changes(lists.moves))
        endpoints = self.fleets().planning().endpoints(setup.fleets(everyone))
        if self.check and any(answer["calls"] for answer in endpoints):
            self.say(["Check mode: setup has links to create first, so neither links nor agents were checked."])
            return self.done(lists.planned())
        if found := self._left_out(everyone):
            return self.refused(found)
        evidence, found = self._evidence(everyone, endpoints, [want.deployment_id for want in wanted])
        if found:
            return self.refused(found)
        return self.done(lists.planned()) if self.check else self._restrict(wanted, evidence)

    def _left_out(self, everyone: Inventory) -> list[Finding]:
        group = self.variables["groups"].get(self.settings["vpc_group"], [])
        in_play, well = self.variables["ansible_play_hosts_all"], self.variables["ansible_play_hosts"]
        return harden.left_out(everyone, group, in_play, well)

    # --- evidence of this step alone, whatever other steps of the play found

    def _evidence(
        self, everyone: Inventory, endpoints: Sequence[Answer], ids: Sequence[str]
    ) -> tuple[Evidence, list[Finding]]:
        targets = verify.targets(self.with_pods(everyone), endpoints)
        seen = self.look(targets.values(), timeout=self.settings["timeout"], patience=0.0)
        of_links = {name: list(target.findings) for name, target in targets.items()}
        vpcs = document(Run(inventory=everyone, verified=endpoints, targets=of_links, seen=seen))["vpcs"]
        if found := harden.unverified(vpcs):
            return Evidence(targets=targets, looks=[], deployments=[], pods={}), found
        deployments = self._watch(ids)
        looks = self._paths(targets, deployments)
        pods, confirmed = self.states(everyone.names), self.settings["agents_confirmed"]
        self.say(harden.rests_on(pods, deployments, confirmed))
        found = [*harden.unsafe(vpcs, looks, deployments, confirmed), *harden.unwell(pods, confirmed)]
        return Evidence(targets=targets, looks=looks, deployments=deployments, pods=pods), found

    def _watch(self, ids: Sequence[str], tokens: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """The Deployments, and whether their agent tokens are used meanwhile."""
        seconds = self.settings["watch_timeout"]
        if seconds:
            self.say([f"Watching for up to {seconds} seconds whether the agents use their tokens ..."])
        answer, findings = info(self.client(), ids, agent_tokens=True, watch_tokens=tokens, watch_timeout=seconds)
        self.warn(one.public() for one in findings if one.severity == "warning")
        found: list[dict[str, Any]] = answer["deployments"]
        return found

    def _paths(
        self, targets: Mapping[str, verify.VpcTarget], deployments: Sequence[harden.Deployment]
    ) -> list[harden.PathLook]:
        """What agent hosts get from the Deployments' own paths. The cluster's bare host may answer while these are closed."""
        found = []
        for each in deployments:
            asked = harden.paths(targets, each)
            seen = self.look(asked, path=each["path"], timeout=self.settings["timeout"], patience=0.0)
            url = each["remote_api_url"]
            found += [harden.PathLook(vpc=vpc, url=url, agent=agent) for vpc in seen for agent in seen[vpc]]
        return found

    # --- the change and the check of it: whatever is wrong since, the previous lists are put back

    def _restrict(self, wanted: Sequence[Want], evidence: Evidence) -> dict[str, Any]:
        interrupts = Interrupts()
        lists = Lists(wanted, self.client(interrupts.pause))
        if found := self.wrong(lists):
            return self.refused(found)
        if not lists.changes:
            return self.done(lists.planned())
        given = {name: self.settings[name] for name in ("organization_id", "api_url") if self.settings[name]}
        job = self.variables.get("awx_job_template_name") or self.variables.get("tower_job_template_name") or ""
        self.say_whole(harden.way_back(lists.before, given, harden.lifting(str(job)) if job else ""))
        answers: list[ListAnswer] = []

        def act() -> dict[str, Any]:
            answers.extend(lists.send())
            if wrong := self.errors(answers) or [str(one) for one in self._lost(evidence)]:
                raise _Wrong("\n".join(wrong))
            return self.done(answers)

        def undo(problem: BaseException) -> dict[str, Any]:
            back = lists.put_back(self.client())
            reason = str(problem) or type(problem).__name__
            return self.failed(harden.failure([reason], back), answers, sent=lists.sent)

        with interrupts:
            return interrupts.guarded(act, undo)

    def _lost(self, evidence: Evidence) -> list[Finding]:
        """Who does not get in since, or shows no more."""
        if found := harden.lost(evidence.looks, self._paths(evidence.targets, evidence.deployments)):
            return found
        if found := self._worse(evidence, self.settings["pods_timeout"]):
            return found
        alive = harden.alive(evidence.deployments)
        tokens = [token for each in alive.values() for token in each]
        if not tokens:
            return []
        found = harden.quiet(self._watch(list(alive), tokens), alive, self.settings["watch_timeout"])
        return found or self._worse(evidence, 0)

    def _worse(self, evidence: Evidence, seconds: int) -> list[Finding]:
        """Pods that are not well since, watched for so long. One that cannot be read for a moment is read again."""
        if not evidence.pods:
            return []
        if seconds:
            self.say([f"Watching the agents' pods for {seconds} seconds ..."])
        until = time.monotonic() + seconds
        while True:
            found = harden.worse(evidence.pods, self.states(evidence.pods))
            left = until - time.monotonic()
            if left <= 0 or any(one.code == "PODS_WORSE" for one in found):
                return found
            time.sleep(min(_AGAIN, left))
