# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the egress rules of security groups of one account and region, in bulk. It decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import _aws, _egress


def read(ec2: Any, group_ids: Iterable[str]) -> _egress.Have:
    """Groups that do not exist, or not for these credentials, are left out."""
    with _aws._reading("EC2"):
        found = _aws._describe(ec2, "describe_security_groups", "SecurityGroups", {"group-id": sorted(set(group_ids))})
        return {group["GroupId"]: _egress.rules_of(group["IpPermissionsEgress"]) for group in found}
