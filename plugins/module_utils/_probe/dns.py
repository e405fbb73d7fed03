# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks one name server one question: with dnspython where it is installed, otherwise with code of its own.

It runs with the agent host's Python (3.8 or newer) and needs nothing else. It does not judge the answer.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from dataclasses import dataclass

from .model import Lookup

_A, _CNAME, _SOA, _AAAA = 1, 5, 6, 28
_PROBLEMS = {2: "DNS_SERVFAIL", 3: "DNS_NXDOMAIN", 5: "DNS_SERVFAIL"}
_RCODES = {1: "FORMERR", 2: "SERVFAIL", 4: "NOTIMP", 5: "REFUSED"}


@dataclass(frozen=True)
class Record:
    kind: int
    ttl: int
    value: str


@dataclass(frozen=True)
class Reply:
    """What of a DNS answer matters here: its code, its records, and for how many seconds a denial may be kept (RFC 2308)."""

    rcode: int
    records: tuple[Record, ...] = ()
    denied_for: int | None = None


class UnreadableReply(ValueError):
    """The reply is not a DNS answer to the question."""


def lookup(server: str, host: str, timeout: float) -> Lookup:
    """The addresses of ``host``, IPv4 and IPv6, from ``server`` (``ADDRESS[:PORT]``)."""
    address, port = _parted(server)
    start = time.monotonic()
    try:
        four = _ask(address, port, host, _A, timeout)
        six = _ask(address, port, host, _AAAA, timeout) if not four.rcode else Reply(four.rcode)
    except socket.timeout:
        return Lookup(server, problem="DNS_TIMEOUT", seconds=_since(start))
    except UnreadableReply as error:
        return Lookup(server, problem="DNS_SERVFAIL", detail=str(error), seconds=_since(start))
    except OSError as error:
        return Lookup(server, problem="DNS_TIMEOUT", detail=error.strerror or str(error), seconds=_since(start))
    if four.rcode:
        problem, detail = _PROBLEMS.get(four.rcode, "DNS_SERVFAIL"), _RCODES.get(four.rcode, f"code {four.rcode}")
        shown = "" if four.rcode == 3 else detail
        return Lookup(server, problem=problem, detail=shown, ttl=four.denied_for, seconds=_since(start))
    records = four.records + six.records
    addresses = sorted({record.value for record in records if record.kind in (_A, _AAAA)})
    return Lookup(
        server,
        addresses=tuple(addresses),
        problem="" if addresses else "DNS_NODATA",
        aliases=tuple(dict.fromkeys(record.value for record in records if record.kind == _CNAME)),
        ttl=min((record.ttl for record in records), default=four.denied_for),
        seconds=_since(start),
    )


def _parted(server: str) -> tuple[str, int]:
    """``ADDRESS``, ``ADDRESS:PORT`` or a bare IPv6 address."""
    if server.count(":") == 1:
        address, port = server.split(":")
        return address, int(port)
    return server, 53


def _since(start: float) -> float:
    return round(time.monotonic() - start, 3)


def _ask(address: str, port: int, host: str, kind: int, timeout: float) -> Reply:
    try:
        return ask_dnspython(address, port, host, kind, timeout)
    except (ImportError, AttributeError):  # dnspython is missing, or older than 2.0
        return ask_plainly(address, port, host, kind, timeout)


def ask_dnspython(address: str, port: int, host: str, kind: int, timeout: float) -> Reply:
    import dns.exception
    import dns.message
    import dns.query
    import dns.rdatatype

    question = dns.message.make_query(f"{host}.", dns.rdatatype.RdataType.make(kind))
    try:
        answer = dns.query.udp_with_fallback(question, address, timeout, port)[0]
    except dns.exception.Timeout:
        raise socket.timeout() from None
    except (dns.exception.DNSException, EOFError) as error:
        raise UnreadableReply(f"{type(error).__name__}: {error}") from error
    records = [
        Record(int(rrset.rdtype), int(rrset.ttl), record.to_text().rstrip("."))
        for rrset in answer.answer
        for record in rrset
        if rrset.rdtype in (_A, _CNAME, _AAAA)
    ]
    denials = [int(rrset.ttl) for rrset in answer.authority if rrset.rdtype == _SOA]
    return Reply(int(answer.rcode()), tuple(records), min(denials, default=None))


# --- the same without dnspython (RFC 1035, sections 4.1 and 4.2)


def ask_plainly(address: str, port: int, host: str, kind: int, timeout: float) -> Reply:
    number = os.urandom(2)
    labels = b"".join(bytes([len(label)]) + label for label in host.encode("idna").split(b"."))
    question = number + struct.pack("!5H", 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", kind, 1)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        answer = _over_udp(family, (address, port), question, timeout)
        if answer[2] & 0x02:  # truncated: it does not fit into a datagram
            answer = _over_tcp((address, port), question, timeout)
        return _parsed(answer)
    except (IndexError, struct.error, ValueError) as error:
        raise UnreadableReply(f"an unreadable answer ({error})") from error


def _over_udp(family: int, where: tuple[str, int], question: bytes, timeout: float) -> bytes:
    deadline = time.monotonic() + timeout
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.connect(where)  # so that only this server's datagrams are received
        asking.send(question)
        while True:
            asking.settimeout(max(deadline - time.monotonic(), 0.001))
            answer = asking.recv(65535)
            if len(answer) >= 12 and answer[:2] == question[:2] and answer[2] & 0x80:
                return answer


def _over_tcp(where: tuple[str, int], question: bytes, timeout: float) -> bytes:
    deadline = time.monotonic() + timeout
    with socket.create_connection(where, timeout) as asking:
        asking.sendall(struct.pack("!H", len(question)) + question)
        answer = b""
        while len(answer) < 2 or len(answer) < 2 + struct.unpack("!H", answer[:2])[0]:
            asking.settimeout(max(deadline - time.monotonic(), 0.001))  # of all of it: a server may send byte by byte
            part = asking.recv(65535)
            if not part:
                raise ValueError("the connection ended before the answer did")
            answer += part
        return answer[2:]


def _parsed(answer: bytes) -> Reply:
    flags, questions, answers, authorities = struct.unpack("!4H", answer[2:10])
    at = 12
    for _question in range(questions):
        at = _name(answer, at)[1] + 4
    records, denials = [], []
    for number in range(answers + authorities):
        at = _name(answer, at)[1]
        kind, ttl, length = struct.unpack("!H2xIH", answer[at : at + 10])
        at += 10
        if kind == _SOA and number >= answers:
            denials.append(ttl)
        elif kind in (_A, _AAAA) and number < answers:
            family = socket.AF_INET if kind == _A else socket.AF_INET6
            records.append(Record(kind, ttl, socket.inet_ntop(family, answer[at : at + length])))
        elif kind == _CNAME and number < answers:
            records.append(Record(kind, ttl, _name(answer, at)[0]))
        at += length
    return Reply(flags & 0x0F, tuple(records), min(denials, default=None))


def _name(answer: bytes, at: int) -> tuple[str, int]:
    """The name that begins there, and where it ends."""
    labels, end, jumps, total = [], 0, 0, 0
    while length := answer[at]:
        if length & 0xC0 == 0xC0:
            end, jumps = end or at + 2, jumps + 1
            if jumps > 64:
                raise ValueError("a name that points to itself")
            at = (length & 0x3F) << 8 | answer[at + 1]
            continue
        total += length + 1
        if total > 255:  # RFC 1035, 2.3.4: each longer one would cost time, and one answer may have thousands
            raise ValueError("a name that is too long")
        labels.append(answer[at + 1 : at + 1 + length].decode("ascii"))
        at += 1 + length
    return ".".join(labels), end or at + 1
