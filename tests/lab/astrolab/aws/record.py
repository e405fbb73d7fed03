# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of AWS calls so far, for tests that count or order them."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from .call import Call
from .policies import Demand


@dataclass(slots=True)
class Entry:
    number: int
    name: str
    account: str
    region: str
    mutating: bool
    status: int = 0  # 0: the connection was closed instead of an answer
    code: str = ""
    dry: bool = False
    demands: list[Demand] = field(default_factory=list)  # what IAM is asked, as things were when the call came


@dataclass(slots=True)
class Record:
    entries: list[Entry] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, call: Call, demands: list[Demand]) -> Entry:
        with self.lock:
            mutating = call.mutating and not call.dry
            entry = Entry(len(self.entries) + 1, call.name, call.account, call.region, mutating)
            entry.dry, entry.demands = call.dry, demands
            self.entries.append(entry)
            return entry

    def clear(self) -> None:
        with self.lock:
            self.entries.clear()

    def summary(self) -> dict[str, Any]:
        with self.lock:
            entries = list(self.entries)
        return {
            "total": len(entries),
            "mutating": sum(entry.mutating for entry in entries),
            "by_action": dict(Counter(entry.name for entry in entries)),
            "by_account": dict(Counter(entry.account for entry in entries)),
            "calls": [asdict(entry) for entry in entries],
        }
