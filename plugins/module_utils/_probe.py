# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an agent host sees of a link, and what that means. It runs with the agent host's Python and keeps to 3.8.

First names, then each address by itself: TCP, TLS with the cluster's name, HTTP. A request to the name alone would hide a
dead address behind a living one, and over the public path it would look just as good.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ._findings import Finding, finding

BODY = "404 page not found"


@dataclass(frozen=True)
class Target:
    """Where to look. ``expected`` are the link's own addresses, ``elsewhere`` those of other links by their names.

    ``nameservers`` (``ADDRESS[:PORT]``) are asked instead of the system's resolver; ``dial_through`` (``ADDRESS:PORT``) is
    an HTTP CONNECT proxy for all connections. Both are for networks that cannot be entered directly. Times in seconds.
    """

    vpc: str
    host: str
    expected: tuple[str, ...]
    elsewhere: dict[str, tuple[str, ...]] = field(default_factory=dict)
    port: int = 443
    timeout: float = 5.0
    ca_file: str | None = None
    nameservers: tuple[str, ...] = ()
    dial_through: str = ""


@dataclass(frozen=True)
class Names:
    """The answer for the host's name: addresses, or what went wrong (a code of DNS_*)."""

    addresses: tuple[str, ...] = ()
    problem: str = ""
    detail: str = ""
    server: str = "the system's resolver"


@dataclass(frozen=True)
class Reach:
    """How far a connection to one address came; ``problem`` is the code of the stage that failed, "" for none."""

    address: str
    tcp: bool = False
    tls: bool = False
    status: int = 0
    body: str = ""
    problem: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


def look(target: Target) -> tuple[Names, list[Reach]]:
    """Ask for the name, then try every address of the answer and of the link at the same time."""
    names = _ask(target)
    addresses = sorted({*names.addresses, *target.expected})
    with ThreadPoolExecutor(max_workers=max(1, len(addresses))) as pool:
        return names, list(pool.map(lambda address: _reach(target, address), addresses))


# --- names


def _ask(target: Target) -> Names:
    ask = _ask_nameservers if target.nameservers else _ask_system
    answer: list[Names] = []
    # The system's resolver has no time limit of its own; a thread that hangs must not hang the probe.
    thread = threading.Thread(target=lambda: answer.append(ask(target)), daemon=True)
    thread.start()
    thread.join(target.timeout)
    return answer[0] if answer else Names(problem="DNS_TIMEOUT")


def _ask_system(target: Target) -> Names:
    try:
        found = socket.getaddrinfo(target.host, target.port, socket.AF_INET, socket.SOCK_STREAM)
    except socket.gaierror as error:
        missing = error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
        return Names(problem="DNS_NXDOMAIN" if missing else "DNS_SERVFAIL", detail=str(error.strerror))
    return Names(addresses=tuple(sorted({str(entry[4][0]) for entry in found})))


def _ask_nameservers(target: Target) -> Names:
    import dns.exception
    import dns.resolver

    resolver = dns.resolver.Resolver(configure=False)
    server = target.nameservers[0]
    address, _, port = server.partition(":")
    resolver.nameservers, resolver.port = [address], int(port or 53)
    try:
        found = resolver.resolve(target.host, "A", lifetime=target.timeout)
    except dns.resolver.NXDOMAIN:
        return Names(problem="DNS_NXDOMAIN", server=server)
    except dns.exception.Timeout:
        return Names(problem="DNS_TIMEOUT", server=server)
    except dns.exception.DNSException as error:
        return Names(problem="DNS_SERVFAIL", detail=str(error), server=server)
    return Names(addresses=tuple(sorted(str(record) for record in found)), server=server)


# --- addresses


def _reach(target: Target, address: str) -> Reach:
    start = time.monotonic()

    def done(**seen: Any) -> Reach:
        return Reach(address, seconds=round(time.monotonic() - start, 3), **seen)

    try:
        connection = _connect(target, address)
    except socket.timeout:
        return done(problem="TCP_TIMEOUT")
    except ConnectionRefusedError:
        return done(problem="TCP_REFUSED")
    except OSError as error:
        return done(problem="TCP_UNREACHABLE", facts={"detail": error.strerror or str(error)})
    with connection:
        try:
            with ssl.create_default_context(cafile=target.ca_file).wrap_socket(
                connection, server_hostname=target.host
            ) as tls:
                status, body = _get(target, tls)
        except ssl.SSLCertVerificationError as error:
            return done(tcp=True, **_distrusted(target, address, error))
        except (ssl.SSLError, OSError) as error:
            return done(tcp=True, problem="TLS_FAILED", facts={"detail": _text(error)})
        except http.client.HTTPException as error:
            return done(tcp=True, tls=True, problem="HTTP_UNEXPECTED", body=type(error).__name__)
    good = status == 404 and body.strip() == BODY
    return done(tcp=True, tls=True, status=status, body=body, problem="" if good else "HTTP_UNEXPECTED")


def _connect(target: Target, address: str) -> socket.socket:
    if not target.dial_through:
        return socket.create_connection((address, target.port), target.timeout)
    proxy, _, port = target.dial_through.rpartition(":")
    connection = socket.create_connection((proxy, int(port)), target.timeout)
    connection.sendall(f"CONNECT {address}:{target.port} HTTP/1.1\r\nHost: {address}:{target.port}\r\n\r\n".encode())
    reply = b""
    while b"\r\n\r\n" not in reply:
        part = connection.recv(1)
        if not part:
            break
        reply += part
    status = reply.split(b" ")[1:2]
    if status != [b"200"]:
        connection.close()
        raise (socket.timeout() if status == [b"504"] else ConnectionRefusedError(111, "Connection refused"))
    return connection


def _get(target: Target, connection: ssl.SSLSocket) -> tuple[int, str]:
    request = "GET / HTTP/1.1\r\nHost: {}\r\nUser-Agent: astro.privatelink\r\nConnection: close\r\n\r\n"
    connection.sendall(request.format(target.host).encode())
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response.status, response.read(200).decode("utf-8", "replace")


def _distrusted(target: Target, address: str, error: ssl.SSLCertVerificationError) -> dict[str, Any]:
    """Why a certificate is not trusted; OpenSSL's numbers: 9 not yet valid, 10 expired, 62 another name."""
    if error.verify_code in (9, 10):
        return {"problem": "TLS_EXPIRED", "facts": {"detail": error.verify_message}}
    seen = _certificate(target, address)
    if error.verify_code == 62:
        names = [value for kind, value in seen.get("subjectAltName", ()) if kind == "DNS"]
        return {"problem": "TLS_NAME_MISMATCH", "facts": {"names": names}}
    parts = {key: value for group in seen.get("issuer", ()) for key, value in group}
    issuer = parts.get("commonName") or parts.get("organizationName") or "an unknown issuer"
    return {"problem": "TLS_UNTRUSTED", "facts": {"issuer": issuer}}


def _certificate(target: Target, address: str) -> dict[str, Any]:
    """The certificate that was refused, read once more without checking it. Nothing is sent over that connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        connection = _connect(target, address)
        with connection, context.wrap_socket(connection, server_hostname=target.host) as tls:
            return _decode(tls.getpeercert(True) or b"")
    except OSError:
        return {}


def _decode(certificate: bytes) -> dict[str, Any]:
    # Python decodes a certificate for its users only after verifying it; this is how it does that itself.
    decode = getattr(getattr(ssl, "_ssl", None), "_test_decode_cert", None)
    if decode is None:
        return {}
    handle, path = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(ssl.DER_cert_to_PEM_cert(certificate))
        return dict(decode(path))
    finally:
        os.unlink(path)


def _text(error: OSError) -> str:
    return getattr(error, "reason", "") or error.strerror or str(error) or type(error).__name__


# --- what it means


def findings(target: Target, names: Names, reached: Sequence[Reach]) -> list[Finding]:
    """What is wrong, in the order in which one would mend it."""
    if not target.expected:
        return [finding("NO_ENDPOINT", target.vpc)]
    return _name_findings(target, names) + _address_findings(target, reached)


def _name_findings(target: Target, names: Names) -> list[Finding]:
    facts: dict[str, Any] = {"host": target.host, "addresses": names.addresses, "expected": target.expected}
    if names.problem:
        facts.update(server=names.server, seconds=target.timeout, detail=names.detail)
        return [finding(names.problem, target.vpc, **facts)]
    strange = set(names.addresses) - set(target.expected)
    missing = set(target.expected) - set(names.addresses)
    owners = [name for name, addresses in sorted(target.elsewhere.items()) if strange & set(addresses)]
    if owners:
        return [finding("DNS_WRONG_ENDPOINT", target.vpc, owner=owners, **facts)]
    if strange:
        return [finding("DNS_PUBLIC_ANSWER", target.vpc, **facts)]
    return [finding("DNS_INCOMPLETE", target.vpc, missing=missing, **facts)] if missing else []


def _address_findings(target: Target, reached: Sequence[Reach]) -> list[Finding]:
    """One finding for each kind of trouble. Addresses outside of the link are the name's trouble, not their own."""
    own = [reach for reach in reached if reach.address in target.expected]
    kinds: dict[str, list[Reach]] = {}
    for reach in own:
        if reach.problem:
            kinds.setdefault(reach.problem, []).append(reach)
    found = []
    for problem, troubled in kinds.items():
        one_zone = problem == "TCP_TIMEOUT" and len(troubled) < len(own)
        facts: dict[str, Any] = {"status": troubled[0].status or "nothing", "body": troubled[0].body}
        facts.update(troubled[0].facts, addresses=[reach.address for reach in troubled])
        facts.update(host=target.host, port=target.port, seconds=target.timeout)
        found.append(finding("TCP_TIMEOUT_ONE_AZ" if one_zone else problem, target.vpc, **facts))
    return found


def public(names: Names, reached: Sequence[Reach]) -> dict[str, Any]:
    """The form of RETURN."""
    return {
        "names": {
            "addresses": list(names.addresses),
            "problem": names.problem,
            "detail": names.detail,
            "server": names.server,
        },
        "addresses": [
            {
                "address": reach.address,
                "tcp": reach.tcp,
                "tls": reach.tls,
                "status": reach.status,
                "body": reach.body.strip(),
                "problem": reach.problem,
                "seconds": reach.seconds,
            }
            for reach in reached
        ],
    }
