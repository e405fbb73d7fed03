# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong with the lab's Astro API: faults that are told beforehand, and rate limits. Knows no Deployment."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["lost_request", "lost_answer", "slow_answer", "busy", "broken", "broken_after", "second_writer"]


@dataclass(slots=True, kw_only=True)
class Fault:
    """Befalls requests of this method whose path ends so: first `skip` are spared, then `times` are not.

    lost_request    the connection ends, and nothing happened
    lost_answer     it took effect, and the connection ends without an answer
    slow_answer     it took effect, and the answer comes after `seconds`
    busy            429, and nothing happened
    broken          500, and nothing happened
    broken_after    500, although it took effect
    second_writer   after the answer somebody else changes the Deployment: `change` is put over the document
    """

    kind: Kind
    method: str = "POST"
    ending: str = ""
    skip: int = 0
    times: int = 1
    seconds: float = 0.0
    change: Mapping[str, Any] = field(default_factory=dict)

    def befalls(self, method: str, path: str) -> bool:
        if method != self.method or not path.endswith(self.ending) or self.times == 0:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


class Trouble:
    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.rates: dict[str, float] = {}  # requests a second for each token, by method; none is no limit
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}
        self._lock = threading.Lock()

    def next(self, method: str, path: str) -> Fault | None:
        with self._lock:
            return next((fault for fault in self.faults if fault.befalls(method, path)), None)

    def too_fast(self, token: str, method: str) -> bool:
        """Takes one from the token's bucket, which holds one second's worth."""
        rate = self.rates.get(method)
        if rate is None:
            return False
        with self._lock:
            at = time.monotonic()
            level, since = self._buckets.get((token, method), (rate, at))
            level = min(rate, level + (at - since) * rate)
            self._buckets[token, method] = (max(level - 1, 0.0), at)
            return level < 1
