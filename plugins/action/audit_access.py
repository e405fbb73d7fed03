# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows who can reach the endpoints and where agents may go. It changes nothing, whatever the mode of the play."""

from __future__ import annotations

from typing import Any

from ..module_utils._report.access import audit
from ..module_utils._roles import harden_aws, setup
from ..plugin_utils._step import Step, texts


class ActionModule(Step):
    role = "harden_aws"

    def take(self) -> dict[str, Any]:
        fleets, links = self.fleets().planning(), harden_aws.links(self.inventory)
        endpoints = fleets.endpoints(links)
        agents = harden_aws.agents(self.inventory, endpoints, self.settings["required_egress"])
        egress = fleets.egress(harden_aws.close(agents))
        found = audit(self.inventory.names, links, endpoints, egress)
        self.say(found["text"])
        return {
            "changed": False,
            **found,
            "links": harden_aws.values(self.inventory, endpoints),
            "failed_vpcs": texts(setup.problems(self.inventory, endpoints, egress)),
        }
