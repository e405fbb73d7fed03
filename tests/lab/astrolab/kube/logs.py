# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What containers print, kept line by line with the time."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from . import pods
from .store import Object

_KEPT = 10_000  # lines of a container


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    text: str

    def told(self, *, with_time: bool) -> str:
        return f"{self.at.isoformat().replace('+00:00', 'Z')} {self.text}\n" if with_time else f"{self.text}\n"


class Logs:
    def __init__(self) -> None:
        self._lines: dict[tuple[str, str], deque[Line]] = {}
        self._more = asyncio.Event()

    def begin(self, pod: Object) -> None:
        """The first words of an agent; those of Astronomer's are not public."""
        for name in pods.container_names(pod):
            self.add(pod, name, "starting")
        if pod["metadata"]["labels"].get("app") == "astro-agent" and "component" in pod["metadata"]["labels"]:
            self.add(pod, pods.container_names(pod)[0], "heartbeat: 200 OK")

    def add(self, pod: Object, container: str, text: str) -> None:
        lines = self._lines.setdefault((pod["metadata"]["uid"], container), deque(maxlen=_KEPT))
        lines.append(Line(datetime.now(UTC), text))
        self._more.set()
        self._more = asyncio.Event()

    def forget(self, pod: Object, container: str) -> None:
        self._lines.pop((pod["metadata"]["uid"], container), None)

    async def read(self, pod: Object, container: str, stream: asyncio.StreamReader | None) -> None:
        self.forget(pod, container)
        while stream is not None and (line := await _line(stream)):
            self.add(pod, container, line.decode(errors="replace").rstrip("\n"))

    def lines(self, pod: Object, container: str, *, tail: int | None = None, seconds: int | None = None) -> list[Line]:
        found = list(self._lines.get((pod["metadata"]["uid"], container), ()))
        if seconds is not None:
            since = datetime.now(UTC) - timedelta(seconds=seconds)
            found = [line for line in found if line.at >= since]
        return found if tail is None else found[len(found) - tail :] if tail else []

    async def more(self, seconds: float) -> None:
        """Until something was added, or for this long."""
        waiting = self._more
        try:
            await asyncio.wait_for(waiting.wait(), seconds)
        except TimeoutError:
            return


async def _line(stream: asyncio.StreamReader) -> bytes:
    """One line, or the beginning of one that is too long for one."""
    try:
        return await stream.readuntil(b"\n")
    except asyncio.IncompleteReadError as end:
        return end.partial
    except asyncio.LimitOverrunError as long:
        return await stream.readexactly(long.consumed)
