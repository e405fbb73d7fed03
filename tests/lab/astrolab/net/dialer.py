# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loopback mode's network: an HTTP CONNECT proxy of one agent host, which lets through what AWS would let through."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address

from .pump import pump

Verdict = int | None  # a port of the loopback address, or UNREACHABLE; None where packets vanish
UNREACHABLE = 0
Address = IPv4Address | IPv6Address
Judge = Callable[[Address, int, int], Verdict]  # the address, its port, and the port that the agent uses
Introduce = Callable[[int, Address], contextlib.AbstractContextManager[None]]
_REFUSED = b"HTTP/1.1 502 Connection refused\r\nContent-Length: 0\r\n\r\n"
_NO_WAY = b"HTTP/1.1 503 No route to host\r\nContent-Length: 0\r\n\r\n"
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
_CONNECTED = b"HTTP/1.1 200 Connected\r\n\r\n"


class Dialer:
    """Speaks for one agent host; `introduce` learns which local port a connection to an address comes from, while it lasts."""

    def __init__(self, judge: Judge, introduce: Introduce) -> None:
        self._judge, self._introduce = judge, introduce

    async def serve(self) -> int:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split()
            if (target := _target(request)) is None:
                writer.write(_BAD_REQUEST)
                return
            port = self._judge(*target, writer.get_extra_info("peername")[1])
            if port is None:
                await reader.read()  # says nothing until the caller gives up
                return
            if port == UNREACHABLE:
                writer.write(_NO_WAY)
                return
            await self._connect(port, target[0], reader, writer)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass  # the caller went away
        finally:
            writer.close()

    async def _connect(
        self, port: int, asked: Address, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.write(_REFUSED)
            return
        with self._introduce(far_writer.get_extra_info("sockname")[1], asked):
            writer.write(_CONNECTED)
            await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))


def _target(request: list[str]) -> tuple[Address, int] | None:
    if len(request) < 2 or request[0] != "CONNECT":
        return None
    host, _unused, port = request[1].rpartition(":")
    with contextlib.suppress(ValueError):
        address = ip_address(host.strip("[]"))
        if port.isdigit():
            return address, int(port)
    return None
