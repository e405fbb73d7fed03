# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for AWS: until something is so, and again where something is still in use."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.exceptions import ClientError

Result = TypeVar("Result")
#: What AWS says while something else has to go or to come first.
NOT_YET = (
    "DependencyViolation",
    "IncorrectState",
    "ResourceInUse",
    "ExistingVpcEndpointConnections",
    "OperationInProgress",
    "PriorRequestNotComplete",
    "InvalidParameterValue",  # of a new instance profile that EC2 does not know yet
    "DeleteConflict",
    "InvalidState",
)
GONE = ("NotFound", "NoSuch", "InvalidVpcEndpointService.NotFound", "HostedZoneNotFound")


class TooLong(Exception):
    """AWS did not get there in time."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two looks, and until patience ends."""

    often: float = 5.0
    patience: float = 900.0

    def until(self, what: str, look: Callable[[], Result]) -> Result:
        """What a look finds, as soon as that is anything."""
        end = time.monotonic() + self.patience
        while not (found := look()):
            if time.monotonic() > end:
                raise TooLong(f"After {self.patience:.0f} seconds there is still not: {what}.")
            time.sleep(self.often)
        return found

    def insist(self, what: str, call: Callable[[], Any], also: tuple[str, ...] = ()) -> None:
        """The call, again while something else has to go first; what is gone already is as good."""
        self.until(what, lambda: _once(call, NOT_YET + also, GONE))

    def insisted(self, what: str, call: Callable[[], Result]) -> Result:
        """The answer to a call that may have to wait for what was made just before."""
        answers: list[Result] = []
        self.until(what, lambda: _once(lambda: answers.append(call()), NOT_YET, ()))
        return answers[-1]


def _once(call: Callable[[], Any], not_yet: tuple[str, ...], as_good: tuple[str, ...]) -> bool:
    try:
        call()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if any(part in code for part in as_good):
            return True
        if code in not_yet:
            return False
        raise
    return True
