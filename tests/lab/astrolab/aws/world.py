# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What everything in the double shares: the settings in force, the clock, and the one lock.

moto keeps its state per process, so there is one world per process too.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from .settings import Settings


@dataclass(slots=True)
class World:
    settings: Settings = field(default_factory=Settings)
    ahead: float = 0.0  # how far a test has put the clock forward
    lock: threading.RLock = field(default_factory=threading.RLock)
    draws: Counter[str] = field(default_factory=Counter)  # how often each name was drawn
    ends: dict[str, float] = field(default_factory=dict)  # access keys of roles, and when they end

    def now(self) -> float:
        return time.time() + self.ahead

    def timestamp(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC).replace(tzinfo=None)

    def draw(self, *name: str) -> float:
        """A number from 0 to below 1: the same for the nth draw of a name, whatever other names are drawn between."""
        key = "/".join((str(self.settings.seed), *name))
        with self.lock:
            self.draws[key] += 1
            return random.Random(f"{key}/{self.draws[key]}").random()

    def stale(self, *name: str) -> float:
        """Until when reads may show what was before this change."""
        longest = self.settings.stale_seconds
        return self.now() + longest * self.draw("stale", *name) if longest else self.now()


WORLD = World()
