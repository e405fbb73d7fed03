# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands between agents and Astro's front and does not let TLS through. Speaks no TLS itself."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

from ..authority import SUFFIX
from ..faults import TlsKind

_LOOKED_AT, _SOON = 4096, 0.01
_AT_ONCE = struct.pack("ii", 1, 0)
_MAIL = b"220 mail.example.com ESMTP\r\n"


async def passes(connection: socket.socket, fault: TlsKind | None) -> bool:
    """Whether the connection goes on to the front. One that does not is ended here, or hangs until its client gives up."""
    if fault == "reset_sni" and SUFFIX.encode() in await _beginning(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)  # closing resets
        connection.close()
        return False
    if fault in {"stalled", "plaintext"}:
        await _away(connection, _MAIL if fault == "plaintext" else b"")
        return False
    return True


async def _beginning(connection: socket.socket) -> bytes:
    """The client's first bytes, left where they are."""
    while True:
        with contextlib.suppress(BlockingIOError):
            return connection.recv(_LOOKED_AT, socket.MSG_PEEK)
        await asyncio.sleep(_SOON)


async def _away(connection: socket.socket, greeting: bytes) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError), connection:
        await loop.sock_sendall(connection, greeting)
        while await loop.sock_recv(connection, _LOOKED_AT):
            pass
