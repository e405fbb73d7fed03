# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verifies links from inside the VPCs: name, addresses, TLS and HTTP, from each agent host."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from ..module_utils._kube.told import Told, evidence, unread
from ..module_utils._report.document import Run, document, failures
from ..module_utils._report.summary import letters, summary
from ..module_utils._roles import setup, verify
from ..plugin_utils._step import Step


class ActionModule(Step):
    role = "verify"

    def take(self) -> dict[str, Any]:
        endpoints = self.fleets().planning().endpoints(setup.fleets(self.inventory))
        targets = verify.targets(self.with_pods(self.inventory), endpoints)
        more = {"timeout": self.settings["timeout"], "patience": self.settings["patience"]}
        seen = self.look(targets.values(), **more)
        told = self.told(targets, way=verify.stopped(targets, seen), health=True)
        pods = {name: evidence(each, datetime.datetime.now(datetime.UTC)) for name, each in told.items()}
        found = {
            name: [*target.findings, *verify.of_pods(target, told.get(name, ()), seen.get(name, ()))]
            for name, target in targets.items()
        }
        report = document(Run(inventory=self.inventory, verified=endpoints, targets=found, seen=seen, pods=pods))
        table = summary(report)
        self.say(
            [*self._before(), *table, *verify.lines_of_health(report["vpcs"]), *self._unread(told), *letters(report)]
        )
        return {
            "changed": False,
            "answers": endpoints,
            "targets": found,
            "seen": seen,
            "pods": pods,
            "table": table,
            "failed_vpcs": {} if self.check else failures(report),  # what is only planned cannot be verified yet
        }

    def _before(self) -> list[str]:
        return ["Before this plan is run, agents see:"] if self.check else []

    @staticmethod
    def _unread(told: Mapping[str, Sequence[Told]]) -> list[str]:
        return [str(one) for name, clusters in told.items() for each in clusters for one in unread(name, each)]
