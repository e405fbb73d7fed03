# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Astro's HTTPS front, as agents meet it through a private and through the public address. Knows no AWS state.

What it answers, and to whom, a door decides, by the address that Astro sees.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Protocol

from ..authority import SUFFIX, Certificates
from ..faults import PUBLIC, Faults
from .firewall import passes

_LOGIN = (200, "text/html", b"<title>Please log in</title>")
_PACKET = 8_500  # bytes that a VPC endpoint takes at once
_KEPT = 10_000  # requests remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The way a connection came; without an endpoint it came over the public address."""

    vpc: str
    address: IPv4Address | IPv6Address
    endpoint: str | None

    @property
    def scope(self) -> str:
        """What faults of this way are kept by."""
        return self.vpc if self.endpoint else PUBLIC


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One line of the front's log."""

    at: float
    path: str  # private or public
    vpc: str
    address: str
    endpoint: str | None
    source: str
    seen: str  # the source's address for Astro
    name: str | None
    request: str
    status: int


class Listening:
    """Connections that are taken until it is closed; those that were taken before live on."""

    def __init__(self, at: socket.socket, take: Callable[[socket.socket], Coroutine[Any, Any, None]]) -> None:
        at.setblocking(False)
        at.listen()
        self._at, self._take = at, take
        self._running: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.create_task(self._accept())

    def close(self) -> None:
        self._accepting.cancel()
        self._at.close()

    async def _accept(self) -> None:
        while True:
            connection, _unused = await asyncio.get_running_loop().sock_accept(self._at)
            task = asyncio.create_task(self._take(connection))
            self._running.add(task)
            task.add_done_callback(self._running.discard)


class Door(Protocol):
    """Who decides what is answered."""

    def seen(self, vpc: str, endpoint: IPv4Address | IPv6Address | None) -> IPv4Address:
        """The address that Astro takes a request of a VPC's agent to come from."""

    def answer(self, seen: IPv4Address, host: str, target: str, authorization: str) -> tuple[int, str, bytes]:
        """Status, content type and body."""


class Front:
    """Answers every request as Astro's edge does, and remembers by which way it came."""

    def __init__(self, certificates: Certificates, faults: Faults, door: Door) -> None:
        self._faults, self._door = faults, door
        self._contexts = {
            kind: _context(getattr(certificates, kind))
            for kind in ("good", "expired", "wrong_name", "intercepted", "default")
        }
        self._requests: list[Request] = []
        self.sources: dict[
            int, IPv4Address | IPv6Address
        ] = {}  # local port -> agent, for connections that a dialer made

    def listen(self, path: Path, at: socket.socket) -> Listening:
        entrance = self._entrance(path)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await self._serve(path, reader, writer)
            except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
                pass  # the client went away, or does not speak HTTP
            finally:
                writer.close()

        async def take(connection: socket.socket) -> None:
            if await passes(connection, self._faults.tls.get(path.scope)):
                protocol = asyncio.StreamReaderProtocol(asyncio.StreamReader(), serve)
                with contextlib.suppress(OSError):  # there was no handshake
                    await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, connection, ssl=entrance)

        return Listening(at, take)

    def requests(self) -> list[dict[str, object]]:
        return [asdict(request) for request in self._requests]

    def forget(self) -> None:
        self._requests.clear()

    def _entrance(self, path: Path) -> ssl.SSLContext:
        """The certificate is chosen at each handshake: by the name asked for, and by the fault of this way."""

        def choose(connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
            known = name is not None and name.lower().endswith(f".{SUFFIX}")
            fault = self._faults.tls.get(path.scope, "good")
            shown = fault if fault in self._contexts else "good"
            connection.context = self._contexts[shown if known else "default"]

        entrance = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        entrance.num_tickets = 0  # a resumed session would show yesterday's certificate
        entrance.options |= ssl.OP_NO_TICKET
        entrance.set_servername_callback(choose)  # type: ignore[arg-type]  # asyncio's connections are SSLObjects
        return entrance

    async def _serve(self, path: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = writer.get_extra_info("peername")[:2]
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *fields = head.split("\r\n")
            named = {
                key.strip().lower(): value.strip() for key, _unused, value in (field.partition(":") for field in fields)
            }
            if length := named.get("content-length", ""):
                await reader.readexactly(int(length) if length.isdigit() else 0)
            seen = self._door.seen(path.vpc, path.address if path.endpoint else None)
            status, kind, body = self._door.answer(
                seen, named.get("host", ""), first.split(" ")[1], named.get("authorization", "")
            )
            fault = self._faults.http.get(path.scope)
            if fault == "silent" or (fault == "large_lost" and len(head) > _PACKET):
                await reader.read()  # until the client gives up
                return
            if fault == "unexpected":
                status, kind, body = _LOGIN
            self._requests.append(
                Request(
                    at=time.time(),
                    path="private" if path.endpoint else "public",
                    vpc=path.vpc,
                    address=str(path.address),
                    endpoint=path.endpoint,
                    source=str(self.sources.get(port, host)),
                    seen=str(seen),
                    name=named.get("host"),
                    request=first,
                    status=status,
                )
            )
            del self._requests[:-_KEPT]
            writer.write(_head(status, kind, len(body)) + (b"" if first.startswith("HEAD ") else body))
            await writer.drain()
            if named.get("connection", "").lower() == "close":
                return


def _head(status: int, kind: str, length: int) -> bytes:
    lines = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"Content-Type: {kind}",
        "X-Content-Type-Options: nosniff",
        f"Content-Length: {length}",
    )
    return "\r\n".join((*lines, "", "")).encode("latin-1")


def _context(certificate: object) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(certificate))
    return context
