# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a VPC's servers listen: at their true addresses inside a namespace, or at ports of the loopback address."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Protocol

from .namespaces import Namespace

DNS = 53
_LOOPBACK = "127.0.0.1"
_IP_FREEBIND = 15  # not in Python's socket module


class Place(Protocol):
    def listen(self, address: IPv4Address, port: int) -> socket.socket:
        """A socket that waits for connections to an address of the VPC."""

    def name_server(self, address: IPv4Address) -> tuple[socket.socket, socket.socket]:
        """A socket for datagrams and one for streams, at one port."""


@dataclass(frozen=True, slots=True)
class InNamespace:
    """Sockets of a fabric, opened before their address is there, so that nobody meets an address without a server."""

    fabric: Namespace

    def listen(self, address: IPv4Address, port: int) -> socket.socket:
        return self.fabric.run(lambda: _bound(socket.SOCK_STREAM, (str(address), port), early=True))

    def name_server(self, address: IPv4Address) -> tuple[socket.socket, socket.socket]:
        datagrams = self.fabric.run(lambda: _bound(socket.SOCK_DGRAM, (str(address), DNS), early=True))
        return datagrams, self.listen(address, DNS)


@dataclass(frozen=True, slots=True)
class OnLoopback:
    """Sockets of a VPC on 127.0.0.1, each at a port of its own; remembers which one stands for which address."""

    ports: dict[tuple[IPv4Address, int], int] = field(default_factory=dict)

    def listen(self, address: IPv4Address, port: int) -> socket.socket:
        bound = _bound(socket.SOCK_STREAM, (_LOOPBACK, 0))
        self.ports[address, port] = bound.getsockname()[1]
        return bound

    def name_server(self, address: IPv4Address) -> tuple[socket.socket, socket.socket]:
        for _attempt in range(20):  # the port that is free for streams may be taken for datagrams
            streams = self.listen(address, DNS)
            try:
                return _bound(socket.SOCK_DGRAM, streams.getsockname()), streams
            except OSError:
                streams.close()
        raise OSError(f"no port of {_LOOPBACK} is free for both UDP and TCP")


def _bound(kind: socket.SocketKind, where: tuple[str, int], *, early: bool = False) -> socket.socket:
    made = socket.socket(socket.AF_INET, kind)
    try:
        if kind == socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if early:
            made.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        made.bind(where)
        if kind == socket.SOCK_STREAM:
            made.listen(128)
    except BaseException:
        made.close()
        raise
    made.setblocking(False)
    return made
