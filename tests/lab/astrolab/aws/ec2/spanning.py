# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security groups that are associated with further VPCs of their account and region."""

from __future__ import annotations

from typing import Any


def vpcs_of(backend: Any, group: Any) -> set[str]:
    """The VPCs in which a group may be used: its own, and those it is associated with."""
    return {str(group.vpc_id), *backend.group_vpcs.get(group.id, ())}
