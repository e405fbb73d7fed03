# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands links back: they stay as they are, without the tags and comments that make them this collection's."""

from __future__ import annotations

from typing import Any

from ..module_utils._roles import release, setup
from ..plugin_utils._step import Step


class ActionModule(Step):
    role = "release"
    sliced = True

    def take(self) -> dict[str, Any]:
        fleets = self.fleets()
        answers = [
            *fleets.endpoints(release.endpoints(self.inventory)),
            *fleets.zones(release.zones(self.inventory)),
        ]
        return self.result(answers, setup.problems(self.inventory, answers, []))
