# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Planned faults: which calls they strike, and what becomes of the answer. It makes no answer of AWS's itself."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from http import HTTPStatus
from typing import Any

from .call import Call
from .errors import Reply, refusal
from .fault_kinds import ALSO, Fault

EARLY = frozenset({Fault.THROTTLED, Fault.REFUSED, Fault.LOST_REQUEST})  # the call never takes effect
EITHER = frozenset({Fault.ERROR, Fault.HTML})  # it does if `after` says so
TEXTS = ("code", "message", "action", "account")
PAGE = "<html><head><title>{0} {1}</title></head><body><center><h1>{0} {1}</h1></center></body></html>"


@dataclass(slots=True)
class Plan:
    """One planned fault: from the `at`-th matching call on, `count` times."""

    fault: Fault
    at: int = 1
    count: int = 1
    action: str = "*"
    account: str = "*"
    mutating: bool = False
    code: str = ""
    message: str = "This error was planned."
    status: int | None = None
    after: bool = False  # whether an error or a page comes after the call took effect
    seconds: float = 0.0

    def strikes(self, call: Call) -> bool:
        matches = (
            self.count > 0
            and (call.mutating or not self.mutating)
            and fnmatch.fnmatchcase(call.account, self.account)
            and (fnmatch.fnmatchcase(call.action, self.action) or fnmatch.fnmatchcase(call.name, self.action))
        )
        if not matches:
            return False
        self.at -= 1
        if self.at > 0:
            return False
        self.count -= 1
        return True

    @property
    def early(self) -> bool:
        return self.fault in EARLY or (self.fault in EITHER and not self.after)

    def instead(self, call: Call) -> Reply:
        """The planned answer, whatever AWS would have said."""
        if self.fault is Fault.ERROR:
            return refusal(call.service, self.code, self.message, self.status)
        status = HTTPStatus(self.status or HTTPStatus.BAD_GATEWAY)
        return Reply(status, "text/html", PAGE.format(status.value, status.phrase).encode())

    def spoiled(self, reply: Reply) -> Reply:
        """AWS's answer as it arrives."""
        reply = replace(reply, status=self.status or reply.status)
        if self.fault is Fault.CUT:
            return replace(reply, cut=True)
        return replace(reply, body=reply.body[: len(reply.body) // 2]) if self.fault is Fault.GARBLED else reply


def planned(content: Mapping[str, Any]) -> Plan:
    """A plan as it is sent; what is unknown or impossible is a ValueError."""
    known = [each.name for each in fields(Plan)]
    if unknown := sorted(set(content) - set(known)):
        raise ValueError(f"a fault has no {', '.join(unknown)}; it has {', '.join(known)}")
    values: dict[str, Any] = {name: str(value) if name in TEXTS else value for name, value in content.items()}
    plan = Plan(**{**values, "fault": _fault(values.get("fault", Fault.ERROR if "code" in values else ""))})
    if plan.fault is Fault.ERROR and not plan.code:
        raise ValueError("an error needs its code, for example code=InternalError")
    for name, kind, least in (("at", int, 1), ("count", int, 1), ("seconds", (int, float), 0)):
        value = getattr(plan, name)
        if not isinstance(value, kind) or isinstance(value, bool) or value < least:
            raise ValueError(f"{name} is a number from {least} on, not {value!r}")
    for name in ("mutating", "after"):
        if not isinstance(getattr(plan, name), bool):
            raise ValueError(f"{name} is true or false, not {getattr(plan, name)!r}")
    if plan.status is not None and plan.status not in list(HTTPStatus):
        raise ValueError(f"status is an HTTP status, not {plan.status!r}")
    return plan


def _fault(name: Any) -> Fault:
    if name in ALSO:
        return ALSO[name]
    if name not in list(Fault):
        raise ValueError(f"there is no fault {name!r}; there are {', '.join((*Fault, *ALSO))}")
    return Fault(name)
