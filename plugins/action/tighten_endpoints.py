# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets nobody but agents enter the endpoints, and lets them in again who were removed if agents are cut off by that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..module_utils._roles import harden_aws, setup
from ..plugin_utils._narrow import narrow
from ..plugin_utils._step import Step


class ActionModule(Step):
    role = "harden_aws"

    def take(self) -> dict[str, Any]:
        if not self.settings["tighten"]:
            return self.result([], {})
        fleets = self.fleets()
        planned = fleets.planning().endpoints(harden_aws.links(self.inventory))
        kept = harden_aws.kept(planned)
        if self.check:
            return self.result(planned, setup.problems(self.inventory, planned, [{"findings": kept}]))
        users = harden_aws.users_of_links(self.inventory, harden_aws.removed(planned))
        places = harden_aws.targets(self.with_pods(self.inventory, harden_aws.at_stake(users)), users, planned)

        def remove(spared: Iterable[str]) -> list[Any]:
            return fleets.endpoints(harden_aws.links(self.inventory, spared))

        def let_in_again(names: Iterable[str]) -> list[Any]:
            return fleets.endpoints(harden_aws.readmitted(self.inventory, names, planned))

        answers, found = narrow(
            self,
            users=users,
            places=places,
            look=lambda: self.look(places.values(), resolve=False, patience=0.0),
            act=remove,
            undo=let_in_again,
        )
        return self.result(answers, setup.problems(self.inventory, answers, [{"findings": [*found, *kept]}]))
