# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paces requests to AWS: each waits for its token, throttling slows all that follow, and a throttled one is sent again.

The upper part is pure: it is told what time it is. `attach` hangs it into a client of botocore.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypedDict


@dataclass(frozen=True)
class Limit:
    """A token bucket of AWS: ``burst`` calls at once, then ``per_second``.

    Some accounts and organisations have more: beyond ``per_second``, up to ``ceiling``, the rate grows until AWS throttles.
    """

    burst: float
    per_second: float
    ceiling: float = 0.0


#: By service, for all its actions together, and by action. Route 53's are for each account:
#: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/throttling-api-requests.html
#: EC2's are for each account, region and action: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
LIMITS = {
    "route53": Limit(50, 10),
    "route53:AssociateVPCWithHostedZone": Limit(20, 5),
    "route53:CreateHostedZone": Limit(40, 2),
    "route53:DeleteHostedZone": Limit(40, 5),
    "route53:DisassociateVPCFromHostedZone": Limit(10, 5),
    "route53:GetChange": Limit(20, 5),  # not AWS's: those who only wait leave half of the account's ten to others
    "ec2:CreateTags": Limit(100, 10),
    "ec2:CreateVpcEndpoint": Limit(4, 0.3, ceiling=5),  # these three decide how long a fleet takes: see what AWS grants
    "ec2:DeleteTags": Limit(100, 10),
    "ec2:DeleteVpcEndpoints": Limit(4, 0.3, ceiling=5),
    "ec2:ModifyVpcEndpoint": Limit(4, 0.3, ceiling=5),
}
#: What AWS publishes for all actions of a service that are not named: of EC2's, those that read and those that change something.
READS, CHANGES, ROUTE53 = Limit(100, 20), Limit(50, 5), Limit(50, 10)
#: Of other services nothing is known to this collection; it asks them little.
UNKNOWN = Limit(20, 5, ceiling=20)
_READS = ("Describe", "Get", "List", "Search")

#: What a rate loses when AWS throttles, and the part of its published value that it gains with each call that had to wait.
CUT, GAIN = 0.85, 0.01
#: What an untried rate grows by with each call that had to wait, until AWS throttles for the first time.
FIRST_GAIN = 1.5
#: Calls that are remembered for telling AWS's rate when it throttles for the first time.
LEARN = 200
#: Calls a second that a rate never falls below.
LOWEST = 0.05

#: Seconds for which a call that AWS throttles is sent again, where a run does not say for how long it waits.
PATIENCE = 600.0
#: AWS's codes for a call that came too soon; nothing was done for it.
THROTTLED = {
    "EC2ThrottledException",
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}


def limit(service: str, action: str) -> Limit:
    """The bucket of one action."""
    if known := LIMITS.get(f"{service}:{action}"):
        return known
    if service == "ec2":
        return READS if action.startswith(_READS) else CHANGES
    return ROUTE53 if service == "route53" else UNKNOWN


class Bucket:
    """What is left of a limit, as far as can be known from here: others draw on it, too."""

    def __init__(self, limit: Limit, now: float) -> None:
        self.limit, self.rate, self.tokens = limit, limit.per_second, limit.burst
        self._ceiling = max(limit.ceiling, limit.per_second)
        self._untried = self._ceiling > limit.per_second
        self._at, self._cut_at = now, float("-inf")
        self._short = False
        self._sent: deque[float] = deque(maxlen=LEARN)

    def take(self, now: float) -> float:
        """Takes a token and returns 0, or returns the seconds until there may be one."""
        self._refill(now)
        if self.tokens < 1 - 1e-9:
            self._short = True
            return (1 - self.tokens) / self.rate
        self.tokens -= 1
        if self._untried:
            self._sent.append(now)
        return 0.0

    def passed(self) -> None:
        """AWS took a call. Says something about the rate only where calls have to wait."""
        if self._short:
            self._short = False
            more = self.rate * FIRST_GAIN if self._untried else self.rate + self.limit.per_second * GAIN
            self.rate = min(more, self._ceiling)

    def throttled(self, now: float, sent: float) -> None:
        """AWS refused a call of the time ``sent``. Calls that were under way at the last cut are no reason for another one."""
        self._refill(now)
        self.tokens = min(self.tokens, 0.0)
        if sent > self._cut_at:
            lower = self.rate * CUT
            if self._untried:
                lower = min(lower, max(self._granted(), self.limit.per_second))
            self.rate, self._cut_at, self._untried = max(lower, LOWEST), now, False

    def _granted(self) -> float:
        """AWS's rate, once its bucket is empty: in each span before, no more can have passed than its burst and what came in."""
        *passed, end = self._sent
        spans = ((count - self.limit.burst, end - start) for count, start in enumerate(reversed(passed), 1))
        return max((more / seconds for more, seconds in spans if seconds > 0), default=0.0)

    def _refill(self, now: float) -> None:
        self.tokens = min(self.limit.burst, self.tokens + (now - self._at) * self.rate)
        self._at = now


class Requests(TypedDict):
    """What was asked of a service: requests, those of them that AWS throttled, and seconds in which one waited for its turn."""

    calls: int
    throttled: int
    waited: float


@dataclass
class _Queue:
    """A bucket, and those who wait for it: one after the other, and only the first sleeps."""

    bucket: Bucket
    turn: threading.Lock = field(default_factory=threading.Lock)


class Pacer:
    """The buckets of one service in one account and region, for all threads and clients of this process."""

    def __init__(
        self, service: str, now: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.service, self.now, self._sleep = service, now, sleep
        self.requests = Requests(calls=0, throttled=0, waited=0.0)
        self._queues: dict[str, _Queue] = {}
        self._lock = threading.Lock()
        self._waiting, self._since = 0, 0.0

    def take(self, action: str) -> float:
        """Waits for the turn of a request, and returns the time at which it may go out."""
        for queue in self._of(action):
            with queue.turn:
                while pause := self._taken(queue):
                    self._wait(pause)
        with self._lock:
            self.requests["calls"] += 1
        return self.now()

    def heard(self, action: str, sent: float, throttled: bool) -> None:
        """What AWS said to a request that went out at the time ``sent``."""
        queues = self._of(action)
        with self._lock:
            self.requests["throttled"] += throttled
            for queue in queues:
                if throttled:
                    queue.bucket.throttled(self.now(), sent)
                else:
                    queue.bucket.passed()

    def _of(self, action: str) -> list[_Queue]:
        with self._lock:
            if action not in self._queues:
                self._queues[action] = _Queue(Bucket(limit(self.service, action), self.now()))
            if self.service in LIMITS and "" not in self._queues:
                self._queues[""] = _Queue(Bucket(LIMITS[self.service], self.now()))
            return [self._queues[name] for name in (action, "") if name in self._queues]

    def _taken(self, queue: _Queue) -> float:
        with self._lock:
            return queue.bucket.take(self.now())

    def _wait(self, pause: float) -> None:
        with self._lock:
            self._waiting += 1
            if self._waiting == 1:
                self._since = self.now()
        self._sleep(pause)
        with self._lock:
            self._waiting -= 1
            if self._waiting == 0:
                self.requests["waited"] += self.now() - self._since


class Pacers:
    """The pacers of this process. Accounts are told apart as far as they are known before AWS is asked: see `Login.account`."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], Pacer] = {}
        self._lock = threading.Lock()

    def of(self, service: str, *where: str) -> Pacer:
        with self._lock:
            return self._known.setdefault((service, *where), Pacer(service))

    def requests(self) -> dict[str, Requests]:
        """What was asked of each service until now."""
        with self._lock:
            return total(self._known.values())

    def forget(self) -> None:
        with self._lock:
            self._known.clear()


def total(pacers: Iterable[Pacer]) -> dict[str, Requests]:
    """By service. Accounts and regions wait side by side: the longest counts."""
    found: dict[str, Requests] = {}
    for pacer in pacers:
        known = found.setdefault(pacer.service, Requests(calls=0, throttled=0, waited=0.0))
        known["calls"] += pacer.requests["calls"]
        known["throttled"] += pacer.requests["throttled"]
        known["waited"] = round(max(known["waited"], pacer.requests["waited"]), 1)
    return {service: known for service, known in sorted(found.items()) if known["calls"]}


#: Those of this process; a step or a module is one process.
PACERS = Pacers()

_SENT, _SINCE = "privatelink_sent", "privatelink_throttled_since"


def attach(client: Any, account: str, patience: float) -> None:
    """Paces all requests of a client, and sends one that AWS throttles again, for ``patience`` seconds, whatever botocore's own
    retries say: their number and their quota are for what breaks."""
    model = client.meta.service_model
    pacer = PACERS.of(model.service_name, account, client.meta.region_name, client.meta.endpoint_url)

    def before(request: Any, operation_name: str, **_more: Any) -> None:
        request.context[_SENT] = pacer.take(operation_name)

    def after(response: Any, operation: Any, request_dict: dict[str, Any], **_more: Any) -> float | None:
        context = request_dict["context"]
        code = response[1].get("Error", {}).get("Code", "") if response else ""
        pacer.heard(operation.name, context.get(_SENT, 0.0), code in THROTTLED)
        if code not in THROTTLED:
            return None
        waited = pacer.now() - context.setdefault(_SINCE, pacer.now())
        return 0.0 if waited < patience else None  # 0: at once, which is when it has its next token

    name = model.service_id.hyphenize()
    client.meta.events.register_first(f"request-created.{name}", before)  # before it is signed: signatures age
    client.meta.events.register_first(f"needs-retry.{name}", after)
