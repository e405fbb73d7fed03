# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that may happen to a call before and after AWS does its work: denials, rate limits, injected faults."""

from __future__ import annotations

import fnmatch
import threading
from dataclasses import dataclass, field

from . import arns, permissions, regions
from .call import Call
from .errors import CODES_WITHOUT_EXCEPTION, Reply, refusal
from .planned import Plan
from .settings import Bucket
from .world import WORLD


@dataclass(slots=True)
class Level:
    tokens: float
    at: float


@dataclass(slots=True)
class Gate:
    plans: list[Plan] = field(default_factory=list)
    levels: dict[tuple[str, ...], Level] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fault(self, call: Call) -> Plan | None:
        """The first planned fault that strikes this call; every plan counts it."""
        with self.lock:
            struck = [plan for plan in self.plans if plan.strikes(call)]
            self.plans = [plan for plan in self.plans if plan.count > 0]
        return struck[0] if struck else None

    def refuse(self, call: Call) -> Reply | None:
        """What is said to a call that may not pass."""
        if WORLD.now() >= WORLD.ends.get(call.access_key, float("inf")):
            return expired(call)
        if unknown := regions.refuse(call):
            return unknown
        if permissions.refuses(call):
            return denied(call)
        if WORLD.settings.throttle and not self._takes_tokens(call):
            return throttled(call)
        return None

    def reset(self) -> None:
        with self.lock:
            self.plans.clear()
            self.levels.clear()

    def _takes_tokens(self, call: Call) -> bool:
        """Takes one token from each bucket of the call, or none from any."""
        scope = (call.account,) if call.service == "route53" else (call.account, call.region)
        with self.lock:
            levels = [self._level((name, call.action, *scope), bucket) for name, bucket in _buckets_of(call)]
            if any(level.tokens < 1 for level in levels):
                return False
            for level in levels:
                level.tokens -= 1
            return True

    def _level(self, key: tuple[str, ...], bucket: Bucket) -> Level:
        if ":" not in key[0]:  # one bucket for all actions of the service
            key = (key[0], *key[2:])
        now = WORLD.now()
        level = self.levels.setdefault(key, Level(bucket.burst, now))
        level.tokens = min(bucket.burst, level.tokens + (now - level.at) * bucket.per_second)
        level.at = now
        return level


def _buckets_of(call: Call) -> list[tuple[str, Bucket]]:
    buckets = WORLD.settings.buckets
    patterns = [name for name in buckets if ":" in name and fnmatch.fnmatchcase(call.name, name)]
    own = max(patterns, key=len, default="")
    return [(name, buckets[name]) for name in (call.service, own) if name in buckets]


def expired(call: Call) -> Reply:
    """A role's credentials are over; EC2 has a code of its own for it."""
    if call.service == "ec2":
        return refusal(call.service, "RequestExpired", "Request has expired.")
    code = "ExpiredToken" if call.service in CODES_WITHOUT_EXCEPTION else "ExpiredTokenException"
    return refusal(call.service, code, "The security token included in the request is expired")


def denied(call: Call) -> Reply:
    about = permissions.resources(call)
    user, on = arns.user(call.account, call.region), f" on resource: {about[0]}" if about else ""
    why = f"because no identity-based policy allows the {call.name} action"
    if call.service == "ec2":
        message = (
            "You are not authorized to perform this operation. "
            f"User: {user} is not authorized to perform: {call.name}{on} {why}"
        )
        return refusal(call.service, "UnauthorizedOperation", message)
    code = "AccessDenied" if call.service in CODES_WITHOUT_EXCEPTION else "AccessDeniedException"
    message = f"User: {user} is not authorized to perform: {call.name}{on or ' on resource: *'} {why}"
    return refusal(call.service, code, message)


def throttled(call: Call) -> Reply:
    if call.service == "ec2":
        message = f"Request limit exceeded. Account {call.account} has been throttled on {call.name}"
        return refusal(call.service, "RequestLimitExceeded", message)
    code = "Throttling" if call.service in CODES_WITHOUT_EXCEPTION else "ThrottlingException"
    return refusal(call.service, code, "Rate exceeded")
