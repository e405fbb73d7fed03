# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may befall the k-th call of a run, by name: to AWS or to Astro, whatever it reads or changes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from astrolab.aws.errors import Reply, refusal
from astrolab.between import Asked, Meddle

Kill = Callable[[], None]

_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
#: AWS's own codes, by HTTP status; EC2 says Unavailable, the others ServiceUnavailable.
#: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
_BUSY = {500: "InternalError", 503: "ServiceUnavailable"}
TIMES_THROTTLED = 5

#: The faults, in the order of the table.
FAULTS = (
    "killed before",
    "killed after",
    "500",
    "503",
    "throttled",
    "closed before",
    "closed after",
    "body cut off",
    "HTML",
    "token expired",
    "access denied",
    "no network",
)
ENDS = frozenset({"killed before", "killed after"})


@dataclass(slots=True)
class Struck:
    """What happened: the call that was met, if the run got as far as that."""

    asked: Asked | None = None


def fault(kind: str, at: int, kill: Kill, struck: Struck) -> Meddle:
    """A meddler that does this to call ``at``, or from that call on."""
    lock, left = threading.Lock(), {}  # type: threading.Lock, dict[tuple[str, bytes], int]
    dead = threading.Event()

    def meddle(asked: Asked, on: Callable[[], Reply]) -> Reply | None:
        if dead.is_set():  # whoever is killed sends nothing more, although a packet of it may be on its way
            return None
        if asked.number == at:
            struck.asked = asked
            with lock:
                left[asked.name, asked.body] = TIMES_THROTTLED
        if kind == "throttled":
            return _throttled(asked) if _take(lock, left, asked) else on()
        if asked.number < at or (asked.number > at and kind not in FROM_HERE_ON):
            return on()
        if kind in ENDS:
            reply = on() if kind == "killed after" else None
            dead.set()
            kill()
            return reply
        return _ONCE[kind](asked, on)

    return meddle


def _take(lock: threading.Lock, left: dict[tuple[str, bytes], int], asked: Asked) -> bool:
    """Whether this is the struck call, or a repetition of it that is struck as well."""
    with lock:
        key = asked.name, asked.body
        if not left.get(key):
            return False
        left[key] -= 1
        return True


def _throttled(asked: Asked) -> Reply:
    if asked.service == "astro":
        return _astro(429, "too many requests")
    if asked.service == "ec2":
        return refusal("ec2", "RequestLimitExceeded", "Request limit exceeded.")
    return refusal(asked.service, "Throttling" if asked.service in _XML else "ThrottlingException", "Rate exceeded")


def _error(status: int) -> Callable[[Asked, Callable[[], Reply]], Reply]:
    def answer(asked: Asked, _on: Callable[[], Reply]) -> Reply:
        if asked.service == "astro":
            return _astro(status, "something went wrong")
        code = "Unavailable" if (asked.service, status) == ("ec2", 503) else _BUSY[status]
        return refusal(asked.service, code, "An internal error has occurred.", status)

    return answer


def _expired(asked: Asked, _on: Callable[[], Reply]) -> Reply:
    if asked.service == "astro":
        return _astro(401, "invalid or missing token")
    if asked.service == "ec2":
        return refusal("ec2", "RequestExpired", "Request has expired.")
    code = "ExpiredToken" if asked.service in _XML else "ExpiredTokenException"
    return refusal(asked.service, code, "The security token included in the request is expired", 403)


def _denied(asked: Asked, _on: Callable[[], Reply]) -> Reply:
    if asked.service == "astro":
        return _astro(403, "missing permission")
    code = {"ec2": "UnauthorizedOperation"}.get(
        asked.service, "AccessDenied" if asked.service in _XML else "AccessDeniedException"
    )
    return refusal(asked.service, code, f"You are not authorized to perform: {asked.name}", 403)


def _astro(status: int, message: str) -> Reply:
    content = {"message": message, "requestId": "chaos", "statusCode": status}
    return Reply(status, "application/json", json.dumps(content).encode())


def _closed_after(_asked: Asked, on: Callable[[], Reply]) -> None:
    on()


_XML = frozenset({"route53", "sts", "iam"})
FROM_HERE_ON = frozenset({"token expired", "access denied", "no network"})
_ONCE: dict[str, Meddle] = {
    "500": _error(500),
    "503": _error(503),
    "closed before": lambda _asked, _on: None,
    "closed after": _closed_after,
    "body cut off": lambda _asked, on: replace(on(), cut=True),
    "HTML": lambda _asked, _on: Reply(502, "text/html", _PAGE),
    "token expired": _expired,
    "access denied": _denied,
    "no network": lambda _asked, _on: None,
}
