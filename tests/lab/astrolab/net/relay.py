# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAT64 for HTTPS: takes connections to wrapped IPv4 addresses, and makes them anew by IPv4 from the NAT gateway.

A connection stands before it is known whether IPv4 carries it: one that is lost hangs then, instead of not beginning.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

from .place import HTTPS, InNamespace
from .pump import pump
from .translation import unwrapped

Speaker = Callable[[IPv6Address], IPv4Address | None]  # the NAT gateway that speaks for a host
_AT_ONCE = struct.pack("ii", 1, 0)


class Relay:
    def __init__(self, place: InNamespace, speaker: Speaker) -> None:
        self._place, self._speaker = place, speaker

    async def serve(self) -> Callable[[], None]:
        server = await asyncio.start_server(self._serve, sock=self._place.translator())
        return server.close

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wanted = unwrapped(IPv6Address(writer.get_extra_info("sockname")[0]))
        speaker = self._speaker(IPv6Address(writer.get_extra_info("peername")[0]))
        try:
            if wanted is None:  # an endpoint's own address at which nothing listens: refused
                raise ConnectionRefusedError
            if speaker:
                await _carry(self._place.connecting(speaker), wanted, reader, writer)
        except ConnectionRefusedError:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        except OSError:
            await reader.read()  # until the caller gives up
        finally:
            writer.close()


async def _carry(
    connection: socket.socket, wanted: IPv4Address, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        await asyncio.get_running_loop().sock_connect(connection, (str(wanted), HTTPS))
    except OSError:
        connection.close()
        raise
    far_reader, far_writer = await asyncio.open_connection(sock=connection)
    await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
