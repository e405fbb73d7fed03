# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the request to Astronomer Support."""

from __future__ import annotations

from typing import Any

from ..module_utils._aws.clients import Clients
from ..module_utils._aws.session import Login
from ..module_utils._core.listing import listing
from ..module_utils._link.params import access_name
from ..module_utils._preflight import checks, params
from ..module_utils._preflight.read import sdk_version, survey
from ..module_utils._roles import preflight, support_request
from ..plugin_utils._step import Step


class ActionModule(Step):
    role = "support_request"
    service_known = False

    def take(self) -> dict[str, Any]:
        fleets = preflight.support_scope(self.inventory)
        clients = Clients(self.sdk, others={access_name(way): Login.of(way) for way in fleets})
        seen = survey(params.places(clients, fleets), [], sdk_version())
        unread = [one.public() for one in checks.judge(seen) if one.code in {"READ_FAILED", "VPC_NOT_FOUND"}]
        text = support_request.request(checks.public(seen), self.inventory)
        self.say([*listing(unread), *text.splitlines()])
        return {"changed": False, "text": text, "findings": unread}
