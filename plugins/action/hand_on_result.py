# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands on what a play came to, also when a step refused: to the next jobs of a workflow, a controller's artifacts, and notifications."""

from __future__ import annotations

from typing import Any

from ..plugin_utils._ending import EndingStep


class ActionModule(EndingStep):
    entry = "result"

    def _read(self) -> None:
        """It needs nothing of the inventory, which may be what is wrong."""

    def unsupported(self, problem: str) -> dict[str, Any]:
        """The step before has failed with this problem, and left nothing to hand on."""
        return {"changed": False, "skipped": True, "skip_reason": problem.splitlines()[0]}

    def take(self) -> dict[str, Any]:
        return {"changed": False, **({} if self.check else self.handing_on(self.in_the_end()))}
