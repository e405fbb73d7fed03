# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs at once, in the worst order that there is for each of their changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from astrolab.aws.errors import Reply
from astrolab.between import Asked, Meddle

from .stories import QUICK, UNRESTRICTED

#: Seconds for which a run waits at the barrier for one that may never come there.
PATIENCE = 60.0
#: Both have read, and then send the same change at the same time; or one has read, and sends it when the other has ended.
ORDERS = ("together", "overtaken")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What two people start at once. ``after`` is the story that both begin from."""

    first: tuple[str, ...]
    second: tuple[str, ...]
    after: str
    variables: Mapping[str, object] = field(default_factory=dict)


PAIRS: Mapping[str, Pair] = {
    "create, create": Pair(first=("setup",), second=("setup",), after=""),
    "create, teardown of another": Pair(
        first=("setup", "--limit", "berlin"),
        second=("teardown", "--limit", "partner"),
        after="berlin apart",
        variables=UNRESTRICTED,
    ),
    "harden, harden": Pair(first=("harden",), second=("harden",), after="links", variables=QUICK),
    "overlapping limits": Pair(
        first=("setup", "--limit", "payments,partner"), second=("setup", "--limit", "payments,berlin"), after=""
    ),
}


class Meeting:
    """The barrier at the first call of this name."""

    def __init__(self, call: str, order: str) -> None:
        self._call, self._order = call, order
        self._barrier = threading.Barrier(2)
        self._ended, self._lock = threading.Event(), threading.Lock()
        self.met = False

    def ended(self, which: int) -> None:
        """One of the runs is over: nobody waits for it any more."""
        self._barrier.abort()
        if which == 1:
            self._ended.set()

    def meddler(self, which: int) -> Meddle:
        """For the first (0) or the second (1) run."""
        waited = threading.Event()

        def meddle(asked: Asked, on: Callable[[], Reply]) -> Reply | None:
            with self._lock:
                first = asked.name == self._call and not waited.is_set()
                if first:
                    waited.set()
            if first:
                self._wait(which)
            return on()

        return meddle

    def _wait(self, which: int) -> None:
        if self._order == "overtaken":
            if which == 0:
                self.met = self._ended.wait(PATIENCE * 3)
            return
        try:
            self._barrier.wait(PATIENCE)
            self.met = True
        except threading.BrokenBarrierError:
            pass
