# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lifts the restriction of Deployments, as far as that was agreed to."""

from __future__ import annotations

from typing import Any

from ..module_utils._astro.lists import Lists
from ..module_utils._core.errors import InventoryError
from ..module_utils._roles import harden
from ..plugin_utils._astro import AstroStep


class ActionModule(AstroStep):
    entry = "lift"

    def _read(self) -> None:
        """Lifting is for emergencies, too: errors in the inventory, which it does not need, are not in its way."""
        try:
            super()._read()
        except InventoryError:
            self.settings = self.settings_of(self.role, self.entry)

    def take(self) -> dict[str, Any]:
        wanted = harden.wants(self.settings)
        lists = Lists(wanted, self.client(), self.memory.progress)
        if found := [*self.confused(wanted), *self.wrong(lists)]:
            return self.refused(found)
        if self.check:
            return self.done(lists.planned())
        answers = lists.send()
        errors = self.errors(answers)
        return self.failed("\n".join(errors), answers, sent=lists.sent) if errors else self.done(answers)
