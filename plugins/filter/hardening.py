# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of role harden_aws: from the inventory to what the modules take, and from their answers to an audit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .fleets import told


def _filters() -> dict[str, Callable[..., Any]]:
    from ..module_utils import _hardening

    return {
        "hardening_agents": _hardening.agents,
        "hardening_audit": _hardening.audit,
        "hardening_close": _hardening.close,
        "hardening_links": _hardening.links,
        "hardening_readmit": _hardening.readmit,
        "hardening_reopen": _hardening.reopen,
        "hardening_values": _hardening.values,
    }


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return told(_filters)
