# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What agents answer when the kubelet asks how they are, inside of their pods."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from ..net.namespaces import Namespace


class Health:
    """One for each pod: it is well until somebody says otherwise."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.well = True
        self._close: Callable[[], None] = lambda: None

    async def serve(self, pid: int, port: int) -> None:
        namespace = Namespace.of(pid)
        try:
            at = namespace.run(lambda: socket.create_server(("", port)))
        finally:
            namespace.close()
        self._close = (await asyncio.start_server(self._answer, sock=at)).close

    def close(self) -> None:
        self._close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split(" ")
            known = len(first) > 1 and first[1] == self._path
            status, body = (
                ("404 Not Found", "")
                if not known
                else ("200 OK", "ok")
                if self.well
                else ("503 Service Unavailable", "unwell")
            )
            head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write((head + body).encode())
            await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass  # whoever asked is gone
        finally:
            writer.close()
