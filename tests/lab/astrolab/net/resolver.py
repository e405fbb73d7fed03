# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VPC's name server, over UDP and TCP: wire format, negative answers, faults. What names mean it asks others."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from itertools import groupby
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from ..faults import Faults

_TTL, _NEGATIVE_TTL = 60, 30
_SOA = f"ns-0.example.net. hostmaster.example.net. 1 7200 900 1209600 {_NEGATIVE_TTL}"
_UDP_WITHOUT_EDNS = 512


@dataclass(frozen=True, slots=True)
class Record:
    name: str
    rdtype: str
    ttl: int
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a name means: a zone without the name is NXDOMAIN, with the name but without records NODATA."""

    zone: str
    exists: bool
    records: tuple[Record, ...] = ()
    denied_for: int = _NEGATIVE_TTL  # seconds for which it may be kept that there are no records


Lookup = Callable[[str, str], Reply | None]  # None: this server does not speak
For = Callable[[str], Lookup]  # what a client is told, by its address


class PublicNames:
    """The world's DNS, as far as the lab has one."""

    def __init__(self, names: Mapping[str, tuple[IPv4Address, ...]], ttl: int = _TTL) -> None:
        self._ttl = ttl
        self._names = {name.lower().rstrip("."): addresses for name, addresses in names.items()}

    def __call__(self, name: str, rdtype: str) -> Reply:
        known = name.lower().rstrip(".")
        zone = ".".join(known.split(".")[-2:]) or "."
        addresses = self._names.get(known)
        if addresses is None:
            below = any(other.endswith(f".{known}") for other in self._names)
            return Reply(zone=zone, exists=below)
        records = tuple(Record(known, "A", self._ttl, str(address)) for address in addresses)
        return Reply(zone=zone, exists=True, records=records if rdtype == "A" else ())


class Resolver:
    """One name server of one VPC."""

    def __init__(self, vpc: str, lookup: For, faults: Faults, astro: IPv4Address) -> None:
        self._vpc, self._lookup, self._faults, self._astro = vpc, lookup, faults, astro

    async def serve(self, datagrams: socket.socket, streams: socket.socket) -> Callable[[], None]:
        """What it gives back ends it."""
        loop = asyncio.get_running_loop()
        transport, _protocol = await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=datagrams)
        server = await asyncio.start_server(self._stream, sock=streams)

        def close() -> None:
            transport.close()
            server.close()

        return close

    async def answer(self, wire: bytes, client: str, *, limited: bool) -> bytes | None:
        """The answer on the wire; None where this server says nothing."""
        fault = self._faults.dns.get(self._vpc)
        if fault and fault.kind == "silent":
            return None
        if fault and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None
        question = query.question[0]
        rdtype = dns.rdatatype.to_text(question.rdtype)
        reply = self._lookup(client)(question.name.to_text(), rdtype)
        if reply is None:
            return None
        answer = dns.message.make_response(query, recursion_available=True)
        if fault and fault.kind == "servfail":
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif records := self._split(reply.records) if fault and fault.kind == "split" else reply.records:
            _answer(answer, question.name, records)
        else:
            _deny(answer, reply)
        return _wire(answer, query.payload if query.edns >= 0 else _UDP_WITHOUT_EDNS) if limited else answer.to_wire()

    def _split(self, records: tuple[Record, ...]) -> tuple[Record, ...]:
        """One right address and the public one."""
        right = [record for record in records if record.rdtype == "A"][:1]
        return (*right, *(replace(record, value=str(self._astro)) for record in right))

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = writer.get_extra_info("peername")[0]
        try:
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                if (answer := await self.answer(await reader.readexactly(length), client, limited=False)) is not None:
                    writer.write(struct.pack("!H", len(answer)) + answer)
                    await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass  # the client went away
        finally:
            writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._running: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        async def reply() -> None:
            if (answer := await self._resolver.answer(data, str(addr[0]), limited=True)) is not None:
                self._transport.sendto(answer, addr)

        task = asyncio.ensure_future(reply())
        self._running.add(task)
        task.add_done_callback(self._running.discard)


def _answer(answer: dns.message.Message, asked: dns.name.Name, records: Iterable[Record]) -> None:
    for (owner, rdtype), alike in groupby(records, key=lambda record: (record.name, record.rdtype)):
        found = list(alike)
        name = dns.name.from_text(owner)
        values = [record.value for record in found]
        told = asked if name == asked else name  # the question's letters come back as they were asked
        answer.answer.append(dns.rrset.from_text_list(told, found[0].ttl, "IN", rdtype, values))


def _deny(answer: dns.message.Message, reply: Reply) -> None:
    if not reply.exists:
        answer.set_rcode(dns.rcode.NXDOMAIN)
    zone = dns.name.from_text(reply.zone)
    answer.authority.append(dns.rrset.from_text(zone, reply.denied_for, "IN", "SOA", _SOA))


def _wire(answer: dns.message.Message, limit: int) -> bytes:
    try:
        return answer.to_wire(max_size=max(limit, _UDP_WITHOUT_EDNS))
    except dns.exception.TooBig:
        answer.answer.clear()
        answer.flags |= dns.flags.TC
        return answer.to_wire()
