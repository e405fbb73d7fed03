# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy between a run and the lab's AWS and Astro. It numbers every call, reads too, and hands each to whoever meddles with it."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .astro.organization import PREFIX
from .aws.call import understand
from .aws.errors import Reply
from .aws.server import Serving

_HOP = frozenset({"HTTP_CONNECTION", "HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "HTTP_EXPECT"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One call, as it came."""

    number: int
    service: str  # of AWS, or "astro"
    action: str  # of AWS; for Astro method and path
    account: str
    region: str
    body: bytes
    mutating: bool

    @property
    def name(self) -> str:
        return f"{self.service}:{self.action}"


#: Gets a call and what passes it on. Gives what the run is answered; None closes the connection without an answer.
Meddle = Callable[[Asked, Callable[[], Reply]], Reply | None]


def passing(_asked: Asked, on: Callable[[], Reply]) -> Reply | None:
    return on()


class Between:
    """Serves until it is closed. ``meddle`` may be exchanged between two runs; `begin` counts from 1 again."""

    def __init__(self, upstream: str, meddle: Meddle = passing) -> None:
        self.meddle, self.asked = meddle, list[Asked]()
        self._to = urlsplit(upstream).netloc
        self._lock = threading.Lock()
        self._serving = Serving(socket.create_server(("127.0.0.1", 0), backlog=256), self._handle)
        self.url = self._serving.url

    def begin(self, meddle: Meddle = passing) -> None:
        with self._lock:
            self.meddle, self.asked = meddle, []

    def close(self) -> None:
        self._serving.close()

    def _handle(self, environ: dict[str, Any], body: bytes) -> Reply | None:
        named = self._named(environ, body)
        with self._lock:
            asked = Asked(len(self.asked) + 1, *named)
            self.asked.append(asked)
            meddle = self.meddle
        return meddle(asked, lambda: self._on(environ, body))

    @staticmethod
    def _named(environ: dict[str, Any], body: bytes) -> tuple[str, str, str, str, bytes, bool]:
        path, method = str(environ["PATH_INFO"]), str(environ["REQUEST_METHOD"])
        if path.startswith(PREFIX):
            return "astro", f"{method} {path.removeprefix(PREFIX)}", "", "", body, method != "GET"
        call = understand(dict(environ), body)
        if call is None:
            return "", f"{method} {path}", "", "", body, False
        return call.service, call.action, call.account, call.region, body, call.mutating and not call.dry

    def _on(self, environ: dict[str, Any], body: bytes) -> Reply:
        """What the lab answers."""
        headers = {
            name[5:].replace("_", "-"): value
            for name, value in environ.items()
            if name.startswith("HTTP_") and name not in _HOP
        }
        if kind := environ.get("CONTENT_TYPE"):
            headers["Content-Type"] = kind
        connection = http.client.HTTPConnection(self._to, timeout=60)
        try:
            connection.request(environ["REQUEST_METHOD"], environ["RAW_URI"], body, headers)
            answer = connection.getresponse()
            return Reply(answer.status, answer.getheader("Content-Type", ""), answer.read())
        finally:
            connection.close()
