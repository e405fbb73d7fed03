# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a VPC's servers listen: at their true addresses inside a namespace, or at ports of the loopback address."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import Protocol

from .namespaces import Namespace

DNS, HTTPS = 53, 443
Asker = IPv4Address | None
_LOOPBACK = "127.0.0.1"
_IP_FREEBIND, _IPV6_FREEBIND = 15, 78  # not in Python's socket module


class Place(Protocol):
    def listen(self, address: IPv4Address | IPv6Address, port: int) -> socket.socket:
        """A socket that waits for connections to an address of the VPC."""

    def name_server(self, address: IPv4Address, asker: Asker) -> tuple[socket.socket, socket.socket]:
        """A socket for datagrams and one for streams, at one port; where it is for one host only, that is the asker."""


@dataclass(frozen=True, slots=True)
class InNamespace:
    """Sockets of a fabric, opened before their address is there, so that nobody meets an address without a server."""

    fabric: Namespace

    def listen(self, address: IPv4Address | IPv6Address, port: int) -> socket.socket:
        return self.fabric.run(lambda: _bound(socket.SOCK_STREAM, (str(address), port), early=True))

    def name_server(self, address: IPv4Address, _asker: Asker) -> tuple[socket.socket, socket.socket]:
        datagrams = self.fabric.run(lambda: _bound(socket.SOCK_DGRAM, (str(address), DNS), early=True))
        return datagrams, self.listen(address, DNS)

    def translator(self) -> socket.socket:
        """Waits for connections to wrapped IPv4 addresses."""
        return self.fabric.run(lambda: _bound(socket.SOCK_STREAM, ("::", HTTPS)))

    def connecting(self, source: IPv4Address) -> socket.socket:
        """For a connection that comes from this address of the VPC."""
        return self.fabric.run(lambda: _bound(socket.SOCK_STREAM, (str(source), 0), early=True, waits=False))


@dataclass(frozen=True, slots=True)
class OnLoopback:
    """Sockets of a VPC on 127.0.0.1, each at a port of its own; remembers which one stands for which address."""

    ports: dict[tuple[IPv4Address | IPv6Address, int], int] = field(default_factory=dict)
    names: dict[tuple[IPv4Address, Asker], int] = field(default_factory=dict)  # of name servers, by who asks them

    def listen(self, address: IPv4Address | IPv6Address, port: int) -> socket.socket:
        bound = _bound(socket.SOCK_STREAM, (_LOOPBACK, 0))
        self.ports[address, port] = bound.getsockname()[1]
        return bound

    def name_server(self, address: IPv4Address, asker: Asker) -> tuple[socket.socket, socket.socket]:
        for _attempt in range(20):  # the port that is free for streams may be taken for datagrams
            streams = _bound(socket.SOCK_STREAM, (_LOOPBACK, 0))
            try:
                self.names[address, asker] = streams.getsockname()[1]
                return _bound(socket.SOCK_DGRAM, streams.getsockname()), streams
            except OSError:
                streams.close()
        raise OSError(f"no port of {_LOOPBACK} is free for both UDP and TCP")


def _bound(
    kind: socket.SocketKind, where: tuple[str, int], *, early: bool = False, waits: bool = True
) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in where[0] else socket.AF_INET, kind)
    try:
        if made.family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # the translator listens at all addresses
        if kind == socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if early:
            if made.family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, _IPV6_FREEBIND, 1)
            else:
                made.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        made.bind(where)
        if kind == socket.SOCK_STREAM and waits:
            made.listen(128)
    except BaseException:
        made.close()
        raise
    made.setblocking(False)
    return made
