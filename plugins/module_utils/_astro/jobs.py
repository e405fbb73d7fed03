# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job on Astro, for modules and steps alike: one Deployment's list of allowed ranges."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict, cast

from .._core.errors import ReadFailed
from .._core.findings import Finding, Shown
from .._core.plan import Outcome, Plan, ShownCall
from .._core.run import Done, Job, shown
from . import access
from . import api as _astro


class ListAnswer(TypedDict):
    """RETURN of `deployment_access`. ``after`` and ``restricted`` are None where nobody could read the list back."""

    deployment: dict[str, str]
    before: list[str]
    after: list[str] | None
    restricted: bool | None
    changed: bool
    calls: list[ShownCall]
    findings: list[Shown]
    diff: dict[str, dict[str, Any]]


class Access(Job[access.Have]):
    """One Deployment's list. It keeps its first read, which the update is checked against."""

    def __init__(self, want: access.Want, client: _astro.Client) -> None:
        self.want, self.client = want, client
        self.first = _astro.have(client, want.deployment_id)
        self.known = True
        self._began = False
        self._outcome: Outcome | None = None

    @property
    def sent(self) -> bool:
        """Whether an update was sent, or may have been."""
        return self._began if self._outcome is None else bool(self._outcome.sent)

    @property
    def certain(self) -> bool:
        """Whether each update had an answer, so that none can still take effect."""
        return self._outcome is not None and not any(problem.sent for _call, problem in self._outcome.failed.values())

    def read(self) -> access.Have:
        return self._again() if self.sent else self.first

    def plan(self, have: access.Have) -> Plan:
        return access.plan(self.want, have)

    def api(self) -> _astro.Updater:
        self._began = True
        return _astro.Updater(api=self.client, planned_for=self.first.document, no_variables=self.want.no_variables)

    def settle(self, have: access.Have, outcome: Outcome) -> access.Have:
        self._outcome = outcome
        return self._again() if outcome.sent or outcome.failed else have

    def _again(self) -> access.Have:
        try:
            return _astro.have(self.client, self.want.deployment_id)
        except _astro.AstroError as problem:
            self.known = False
            raise ReadFailed(str(problem)) from problem

    def status(self, have: access.Have) -> Iterable[Finding]:
        return access.changed_besides(self.first.document, have.document)

    def answer(self, done: Done[access.Have]) -> ListAnswer:
        """RETURN of the module."""
        now = done.have if self.known else None
        return cast(ListAnswer, {**shown(done), **access.results(self.first, now, done.plan)})
