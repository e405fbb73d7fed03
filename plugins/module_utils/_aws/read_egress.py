# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the egress rules of security groups of one account and region, in bulk. It decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._link import egress
from . import clients


def read(ec2: Any, group_ids: Iterable[str]) -> egress.Have:
    """Groups that do not exist, or not for these credentials, are left out."""
    with clients.reading("EC2"):
        found = clients.describe(
            ec2, "describe_security_groups", "SecurityGroups", {"group-id": sorted(set(group_ids))}
        )
        return {group["GroupId"]: egress.rules_of(group["IpPermissionsEgress"]) for group in found}
