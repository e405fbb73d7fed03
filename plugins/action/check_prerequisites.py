# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds what would make links fail or cut agents off, before anything is changed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ..module_utils._astro import api
from ..module_utils._astro.info import info
from ..module_utils._aws.clients import Clients
from ..module_utils._aws.session import Login
from ..module_utils._core.listing import listing, number
from ..module_utils._kube.told import Told
from ..module_utils._link.params import access_name
from ..module_utils._preflight import checks, params
from ..module_utils._preflight.read import sdk_version, survey
from ..module_utils._report import places
from ..module_utils._roles import preflight
from ..plugin_utils._step import Step, texts


class ActionModule(Step):
    role = "preflight"

    def take(self) -> dict[str, Any]:
        places.bucket(self.settings_of("report"), "us-east-1")  # said now, and not by a report after all is done
        inventory = self.with_pods(self.inventory)
        told = self.told(inventory.names, way=inventory.names)
        scope = preflight.scope(self.inventory, preflight.placed(told))
        read = self._survey(scope["fleets"], scope["zones"], told)
        asked = preflight.to_ask(inventory, read["vpcs"])
        found = preflight.findings(inventory, read, self.look(asked, patience=0.0), self._astro())
        self.say(listing(found) or [f"No problem was found in {number(self.inventory.names)}."])
        problems = preflight.problems(self.inventory, found) if self.settings["enforce"] else {}
        return {
            "changed": False,
            "findings": found,
            "failed_vpcs": texts(problems),
        }

    def _survey(
        self,
        fleets: Sequence[Mapping[str, Any]],
        zones: Sequence[Mapping[str, Any]],
        told: Mapping[str, Sequence[Told]],
    ) -> dict[str, Any]:
        clients = Clients(self.sdk, others={access_name(way): Login.of(way) for way in (*fleets, *zones)})
        seen = survey(params.places(clients, fleets), params.accounts(clients, zones), sdk_version())
        found = [*checks.judge(seen), *preflight.of_pods(checks.needs(seen), told)]
        return {"findings": [one.public() for one in found], "vpcs": checks.public(seen)}

    def _astro(self) -> dict[str, Any] | None:
        """What Astro has of the Deployments; no answer is a warning."""
        named = self.settings["deployment_ids"]
        if not named and os.environ.get("ASTRO_API_TOKEN"):
            named = self.settings_of("harden")["deployment_ids"]
        if not named:
            return None
        given = {"api_token": "", "api_url": "", "api_timeout": 30, "organization_id": self.settings["organization_id"]}
        try:
            return info(api.client(given), named)[0]
        except api.AstroError as problem:
            return {"msg": str(problem)}
