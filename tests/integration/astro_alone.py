# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's Astro API by itself, served in this process: for tests that need no network and no AWS."""

from __future__ import annotations

import contextlib
import copy
import socket
from collections.abc import Iterator
from typing import Any

from astrolab.astro.api import Api
from astrolab.astro.organization import DEPLOYMENT, ID, PREFIX, Organization, seeded
from astrolab.astro.trouble import Fault
from astrolab.aws.server import Serving

CLUSTER = "clmh1kd8v000108l3a9v7c5x2"


class Astro:
    """What a test may do behind the API's back."""

    def __init__(self, api: Api, url: str) -> None:
        self._api, self.url = api, url

    @property
    def state(self) -> dict[str, Any]:
        return copy.deepcopy(self._api.organization.plain())

    @property
    def deployment(self) -> dict[str, Any]:
        found: dict[str, Any] = self.state["deployments"][DEPLOYMENT]
        return found

    @property
    def ranges(self) -> list[str]:
        found: list[str] = self.deployment["remoteExecution"]["allowedIpAddressRanges"]
        return found

    def restrict(self, *ranges: str) -> None:
        self._api.organization.deployments[DEPLOYMENT]["remoteExecution"]["allowedIpAddressRanges"] = list(ranges)

    def change_cluster(self, **fields: Any) -> None:
        self._api.organization.clusters[CLUSTER].update(fields)

    def add_deployments(self, *names: str, **fields: Any) -> None:
        for name in names:
            document = {**copy.deepcopy(self.deployment), "id": name, "name": name, **fields}
            self._api.organization.deployments[name] = document

    def fault(self, kind: Any, **settings: Any) -> None:
        self._api.trouble.faults.append(Fault(kind=kind, **settings))

    def limit(self, **rates: float) -> None:
        self._api.trouble.rates = rates

    def sent(self, method: str) -> list[str]:
        """The paths below the Organization that were asked for."""
        start = f"/organizations/{ID}"
        return [each["path"].removeprefix(start) for each in self._api.log if each["method"] == method]


@contextlib.contextmanager
def astro_alone() -> Iterator[Astro]:
    organization = Organization()
    organization.take(seeded(CLUSTER, "us-east-1", ["payments", "ledger"]))
    api = Api(organization)
    serving = Serving(socket.create_server(("127.0.0.1", 0)), api.handle)
    try:
        yield Astro(api, f"{serving.url}{PREFIX}")
    finally:
        serving.close()
