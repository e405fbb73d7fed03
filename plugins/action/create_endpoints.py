# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates the VPC endpoints of a fleet, which admit the agents."""

from __future__ import annotations

from typing import Any

from ..module_utils._roles import setup
from ..plugin_utils._step import Step


class ActionModule(Step):
    role = "setup"
    sliced = True

    def take(self) -> dict[str, Any]:
        fleets = self.fleets(self.settings["wait_timeout"])
        answers = fleets.endpoints(setup.fleets(self.inventory), self.tell)
        return self.result(answers, setup.problems(self.inventory, answers, []))
