# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the steps share that end a play, whatever came of it: they read what the steps before have left, and hand that on."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from ..module_utils._report.handed_on import REGISTERED, in_the_end, statistic, words
from . import _speak
from ._step import Step


class EndingStep(Step):
    role = "report"
    everyone = True

    def left(self, name: str) -> dict[str, Any]:
        """The registered result of an earlier step that came to its end; hosts that had failed before it lack one."""
        return next((found for found in self._left(name) if "failed_vpcs" in found), {})

    def _left(self, name: str) -> Iterator[dict[str, Any]]:
        kept = (known.get(name) for known in self._known)
        return (dict(found) for found in kept if isinstance(found, Mapping) and not found.get("skipped"))

    @functools.cached_property
    def _known(self) -> list[Mapping[str, Any]]:
        """The variables of hosts that together have all results. The result of a step has the whole fleet and is the same for all
        hosts, so one host that has not failed is enough; reading it on each, and as a template, would grow with the square."""
        hostvars = self.variables["hostvars"]
        hosts = self.variables["ansible_play_hosts"][:1] or self.variables["ansible_play_hosts_all"]
        return [self.variables, *map(hostvars.raw_get, hosts)]

    def in_the_end(self) -> dict[str, Any]:
        """What the play came to."""
        names, well = (self.variables[f"ansible_play_hosts{which}"] for which in ("_all", ""))
        results = [found for name in REGISTERED if (found := next(self._left(name), None)) is not None]
        known = self.inventory.vpcs
        return in_the_end(results, [name for name in names if name in known or not known], well)

    @staticmethod
    def handing_on(found: Mapping[str, Any]) -> dict[str, Any]:
        """The part of a result that hands something on, with a text for people."""
        return statistic({**found, "text": words(found)})

    @property
    def job(self) -> str:
        """The number of a controller's job; empty without a controller."""
        return str(self.variables.get("awx_job_id") or self.variables.get("tower_job_id") or "")

    def say_whole(self, text: str) -> None:
        """Lines with links to copy, which are not cut short."""
        _speak.say(text.splitlines(), longest=20_000)

    def caution(self, text: str) -> None:
        _speak.warn(text)
