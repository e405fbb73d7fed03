# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets agents go only where they need to, and opens again what was open if they are cut off by that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..module_utils._roles import harden_aws, setup
from ..plugin_utils._narrow import narrow
from ..plugin_utils._step import Step


class ActionModule(Step):
    role = "harden_aws"

    def take(self) -> dict[str, Any]:
        if self.settings["egress"] != "apply":
            return self.result([], {})
        fleets, only = self.fleets(), self.settings["egress_groups"]
        endpoints = fleets.planning().endpoints(harden_aws.links(self.inventory))
        required = self.settings["required_egress"]
        agents = harden_aws.agents(self.inventory, endpoints, required, only)
        missing = harden_aws.left_out(self.inventory, endpoints, required, only)
        planned = fleets.planning().egress(harden_aws.close(agents))
        if self.check:
            return self.result(planned, setup.problems(self.inventory, planned, [{"findings": missing}]))
        allowed = fleets.egress(agents)
        users = harden_aws.users_of_groups(self.inventory, harden_aws.closed(planned))
        places = harden_aws.targets(self.with_pods(self.inventory, harden_aws.at_stake(users)), users, endpoints)
        failed = {one["vpc"] for one in harden_aws.errors(allowed)}

        def close(spared: Iterable[str]) -> list[Any]:
            return fleets.egress(harden_aws.close(agents, {*spared, *failed}))

        def reopen(names: Iterable[str]) -> list[Any]:
            return fleets.egress(harden_aws.reopened(agents, set(names), planned))

        answers, found = narrow(
            self, users=users, places=places, look=lambda: self.look(places.values()), act=close, undo=reopen
        )
        problems = setup.problems(self.inventory, [*allowed, *answers], [{"findings": [*missing, *found]}])
        return self.result([*allowed, *answers], problems)
