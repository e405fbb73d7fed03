# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job on Astro, for modules and steps alike: one Deployment's list of allowed ranges."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._core.findings import Finding
from .._core.plan import Outcome, Plan
from .._core.run import Done, Job, shown
from . import access
from . import api as _astro


class Access(Job[access.Have]):
    """The job of this module: one Deployment's list. It keeps its first read, which the update is checked against."""

    def __init__(self, want: access.Want, client: _astro.Client) -> None:
        self.want, self.client = want, client
        self.first = _astro.have(client, want.deployment_id)

    def read(self) -> access.Have:
        return self.first

    def plan(self, have: access.Have) -> Plan:
        return access.plan(self.want, have)

    def api(self) -> _astro.Updater:
        return _astro.Updater(api=self.client, planned_for=self.first.document, no_variables=self.want.no_variables)

    def settle(self, have: access.Have, outcome: Outcome) -> access.Have:
        if not outcome.sent and not outcome.failed:
            return have
        try:
            return _astro.have(self.client, self.want.deployment_id)
        except _astro.AstroError:
            return have  # what cannot be read back counts as not done: the first read is there to be compared with

    def status(self, have: access.Have) -> Iterable[Finding]:
        return access.changed_besides(self.first.document, have.document)

    def answer(self, done: Done[access.Have]) -> dict[str, Any]:
        """RETURN of the module."""
        return {**shown(done), **access.results(self.first, done.have, done.plan)}
