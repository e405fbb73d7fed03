# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""STS: who is calling. Each account has one user, called lab; any role of any account may be assumed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.sts.models import sts_backends
from moto.sts.responses import TokenResponse

from .answering import Answering
from .errors import AwsError
from .world import WORLD

SHORTEST, LONGEST = 900, 43200  # seconds that a role may be asked for


class Sts(Answering, TokenResponse):
    def get_caller_identity(self) -> ActionResult:
        account, key = self.call.account, self.call.access_key
        role = sts_backends[account][self.partition].get_assumed_role_from_access_key(key)
        if role is not None:
            return ActionResult({"Account": account, "UserId": role.user_id, "Arn": role.arn})
        user = f"arn:{self.partition}:iam::{account}:user/lab"
        return ActionResult({"Account": account, "UserId": f"AIDA{account}LAB", "Arn": user})

    def assume_role(self) -> ActionResult:
        """Credentials end when they say, by the world's clock."""
        duration = self._get_int_param("DurationSeconds", 3600)
        if not SHORTEST <= duration <= LONGEST:
            bound = "greater than or equal to 900" if duration < SHORTEST else "less than or equal to 43200"
            raise AwsError(
                "ValidationError",
                f"1 validation error detected: Value '{duration}' at 'durationSeconds' failed to satisfy constraint: "
                f"Member must have value {bound}",
            )
        arn = str(self._get_param("RoleArn"))
        if not arn.startswith(f"arn:{self.partition}:iam::"):
            raise AwsError("ValidationError", f"{arn} is invalid")
        result: ActionResult = super().assume_role()
        role = cast(dict[str, Any], result.result)["Credentials"]
        lasts = min(duration, WORLD.settings.role_seconds or duration)
        role.expiration = WORLD.timestamp() + timedelta(seconds=lasts)
        WORLD.ends[role.access_key_id] = WORLD.now() + lasts
        return result
