# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's Astro API behind something that spoils its answers: a gateway that cuts them, a proxy that answers in its place."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

from astro_alone import CLUSTER, Astro
from astrolab.astro.api import Api
from astrolab.astro.organization import PREFIX, Organization, seeded

#: Makes the bytes that are sent of an answer: (status, body) as the API has it.
Spoil = Callable[[int, bytes], bytes]


def whole(status: int, body: bytes, *headers: str) -> bytes:
    lines = [
        f"HTTP/1.1 {status} Lab",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def instead(status: int, body: bytes, *headers: str) -> Spoil:
    return lambda _status, _body: whole(status, body, *headers)


def cut(status: int | None = None) -> Spoil:
    """Half of the body, whatever its length was said to be."""
    return lambda was, body: whole(status or was, body)[: -len(body) // 2]


def changed(change: Callable[[Any], Any]) -> Spoil:
    return lambda status, body: whole(status, json.dumps(change(json.loads(body))).encode())


class Gateway:
    """Stands before the API. Spoils the answers to requests of this method whose path ends so."""

    def __init__(self, api: Api) -> None:
        self._api, self._spoils = api, []  # type: ignore[var-annotated]
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}{PREFIX}"
        threading.Thread(target=self._serve, daemon=True).start()

    def spoil(self, spoil: Spoil, method: str = "GET", ending: str = "", skip: int = 0, times: int = 1_000) -> None:
        self._spoils.append([spoil, method, ending, skip, times])

    def heal(self) -> None:
        self._spoils.clear()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._answer, args=(self._listener.accept()[0],), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            method, target, _version = stream.readline().decode().split()
            headers = dict(line.decode().strip().split(": ", 1) for line in iter(stream.readline, b"\r\n"))
            body = stream.read(int(headers.get("Content-Length", 0)))
            path, _mark, query = target.partition("?")
            environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
            reply = self._api.handle({**environ, "HTTP_AUTHORIZATION": headers.get("Authorization", "")}, body)
            if reply is not None:
                connection.sendall(self._spoiled(method, path, reply.status, reply.body))

    def _spoiled(self, method: str, path: str, status: int, body: bytes) -> bytes:
        for each in self._spoils:
            spoil, of, ending, skip, times = each
            if method != of or not path.endswith(ending) or not times:
                continue
            if skip:
                each[3] -= 1
                continue
            each[4] -= 1
            return bytes(spoil(status, body))
        return whole(status, body)


@contextlib.contextmanager
def odd_astro() -> Iterator[tuple[Astro, Gateway]]:
    organization = Organization()
    organization.take(seeded(CLUSTER, "us-east-1", ["payments", "ledger"]))
    api = Api(organization)
    gateway = Gateway(api)
    try:
        yield Astro(api, gateway.url), gateway
    finally:
        gateway.close()
