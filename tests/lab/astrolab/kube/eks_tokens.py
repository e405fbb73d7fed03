# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens as `aws eks get-token` makes them: a presigned GetCallerIdentity, and whom its caller is in a cluster."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from ..aws.presigned import caller
from .wanted import ADMIN, ClusterPlan

_PREFIX = "k8s-aws-v1."
_HEADER = "x-k8s-aws-id"


def eks_user(plan: ClusterPlan) -> Callable[[str], str | None]:
    """The user of the cluster that an account's access entry leads to."""
    entries = plan.wanted.entries or {plan.account: ADMIN}

    def user(token: str) -> str | None:
        if plan.wanted.service != "eks" or not token.startswith(_PREFIX):
            return None
        encoded = token.removeprefix(_PREFIX)
        try:
            url = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        account = caller(url, {_HEADER: plan.name})
        return entries.get(account) if account else None

    return user
