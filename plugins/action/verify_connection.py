# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verifies links from inside the VPCs: name, addresses, TLS and HTTP, from each agent host."""

from __future__ import annotations

from typing import Any

from ..module_utils._report.document import Run, document, failures
from ..module_utils._report.summary import summary
from ..module_utils._roles import setup, verify
from ..plugin_utils._step import Step


class ActionModule(Step):
    role = "verify"

    def take(self) -> dict[str, Any]:
        endpoints = self.fleets().planning().endpoints(setup.fleets(self.inventory))
        targets = verify.targets(self.manned(self.inventory), endpoints)
        more = {"timeout": self.settings["timeout"], "patience": self.settings["patience"]}
        seen = self.look(targets.values(), **more)
        found = {name: list(target.findings) for name, target in targets.items()}
        report = document(Run(inventory=self.inventory, verified=endpoints, targets=found, seen=seen))
        table = summary(report)
        self.say(table)
        return {
            "changed": False,
            "answers": endpoints,
            "targets": found,
            "seen": seen,
            "table": table,
            "failed_vpcs": {} if self.check else failures(report),  # what is only planned cannot be verified yet
        }
