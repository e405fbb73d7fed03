# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""STS: who is calling. Each account has one user, called lab; any role of any account may be assumed."""

from __future__ import annotations

from moto.core.responses import ActionResult
from moto.sts.models import sts_backends
from moto.sts.responses import TokenResponse

from .answering import Answering


class Sts(Answering, TokenResponse):
    def get_caller_identity(self) -> ActionResult:
        account, key = self.call.account, self.call.access_key
        role = sts_backends[account][self.partition].get_assumed_role_from_access_key(key)
        if role is not None:
            return ActionResult({"Account": account, "UserId": role.user_id, "Arn": role.arn})
        user = f"arn:{self.partition}:iam::{account}:user/lab"
        return ActionResult({"Account": account, "UserId": f"AIDA{account}LAB", "Arn": user})
