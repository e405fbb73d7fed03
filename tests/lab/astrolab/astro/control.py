# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test says to the lab's Astro itself, as JSON below /_lab/astro/: its state, faults and rates, the requests it got."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .api import merged
from .trouble import Fault

if TYPE_CHECKING:
    from ..aws.control import Handler
    from .api import Api


class Controls:
    """Each handler gets "METHOD path" and the body."""

    def __init__(self, api: Api) -> None:
        self._api, self._organization = api, api.organization

    def paths(self) -> dict[str, Handler]:
        return {
            "/_lab/astro/organization": self._whole,
            "/_lab/astro/deployments/": self._deployment,
            "/_lab/astro/clusters/": self._cluster,
            "/_lab/astro/faults": self._faults,
            "/_lab/astro/rates": self._rates,
            "/_lab/astro/calls": self._calls,
        }

    def _whole(self, line: str, body: bytes) -> tuple[int, object]:
        if line.startswith("PUT"):
            self._organization.take(json.loads(body))
        return 200, self._organization.plain()

    def _deployment(self, line: str, body: bytes) -> tuple[int, object]:
        return self._by_hand(self._organization.deployments, line, body)

    def _cluster(self, line: str, body: bytes) -> tuple[int, object]:
        return self._by_hand(self._organization.clusters, line, body)

    def _by_hand(self, documents: dict[str, dict[str, Any]], line: str, body: bytes) -> tuple[int, object]:
        """Somebody works in the Astro UI."""
        name = line.rpartition("/")[2]
        with self._organization.lock:
            if line.startswith("PATCH"):
                documents[name] = merged(documents[name], json.loads(body))
            return 200, documents[name]

    def _faults(self, line: str, body: bytes) -> tuple[int, object]:
        faults = self._api.trouble.faults
        if line.startswith("POST"):
            faults.append(Fault(**json.loads(body)))
        elif line.startswith("DELETE"):
            faults.clear()
        return 200, [asdict(fault) for fault in faults]

    def _rates(self, line: str, body: bytes) -> tuple[int, object]:
        if line.startswith("PUT"):
            self._api.trouble.rates = dict(json.loads(body))
        return 200, self._api.trouble.rates

    def _calls(self, line: str, _body: bytes) -> tuple[int, object]:
        found = list(self._api.log)
        if line.startswith("DELETE"):
            self._api.log.clear()
        return 200, found
