# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks a link from this host, as its agents would, and reports what it saw. It does not judge that.

First names, then each address separately: TCP, TLS with the cluster's name, HTTP. A request to the name alone would hide a
dead address behind a live one. It runs with the agent host's Python (3.8 or newer).
"""

from __future__ import annotations

import errno
import http.client
import os
import socket
import ssl
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from typing import IO, Any
from urllib.parse import urlsplit

from .dns import lookup
from .model import BODY, STAGES, VPC_RESOLVER, Health, Lookup, Names, Observations, Reach, Target, kept, native, pause

HOSTS, RESOLV_CONF = "/etc/hosts", "/etc/resolv.conf"

#: Bytes of a large request: more than a packet of EC2 (9,001) or of a VPC endpoint (8,500) holds.
#: https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html
LARGE = 16000


def look(target: Target) -> Observations:
    """Names and the link's addresses at the same time, then the other addresses of the name."""
    with ThreadPoolExecutor(max_workers=32) as pool:
        health = pool.submit(_health, target) if target.health_url else None
        asked = pool.submit(_names, target, pool) if target.resolve else None
        reached = [pool.submit(_reach, target, address) for address in target.expected]
        names = asked.result() if asked else None
        named = native(names, target.expected).system.addresses if names else ()
        others = sorted(set(named) - set(target.expected))
        reached += [pool.submit(_reach, target, address) for address in others]
        _servers, search, ndots = _resolv_conf()
        return Observations(
            hostname=socket.gethostname(),
            reached=tuple(reach.result() for reach in reached),
            names=names,
            proxy=_proxy(target.host),
            health=health.result() if health else None,
            machine=machine(),
            search=search,
            ndots=ndots,
        )


# --- what surrounds an agent on this host


def machine() -> str:
    """Which machine and network this is: two agent hosts with one of these are one. Empty where it is not known."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return f"{file.read().strip()} {os.readlink('/proc/self/ns/net')}"
    except OSError:
        return ""


def _proxy(host: str) -> tuple[str, str] | None:
    """The variable that sends requests for this host to a proxy, by the rules that Python's HTTP clients share."""
    proxies = urllib.request.getproxies()
    for scheme in ("https", "all"):
        if scheme in proxies and not urllib.request.proxy_bypass(host):
            return f"{scheme.upper()}_PROXY", _without_secrets(proxies[scheme])
    return None


def _without_secrets(url: str) -> str:
    parts = urlsplit(url if "://" in url else f"//{url}")
    return parts.netloc.rpartition("@")[2]


def _health(target: Target) -> Health:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(target.health_url, timeout=target.timeout) as answer:
            return Health(target.health_url, answer.status)
    except urllib.error.HTTPError as error:
        return Health(target.health_url, error.code)
    except (OSError, http.client.HTTPException) as error:
        return Health(target.health_url, detail=str(getattr(error, "reason", "") or error))


def _words(path: str) -> list[list[str]]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return [line.split("#")[0].split() for line in file]
    except OSError:
        return []


def _pinned(host: str) -> tuple[str, ...]:
    lines = [words for words in _words(HOSTS) if host in [word.lower() for word in words[1:]]]
    return tuple(sorted(words[0] for words in lines))


def _resolv_conf() -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """The name servers, the search list and ndots; glibc asks no more than three name servers."""
    servers: list[str] = []
    search: list[str] = []
    ndots = 1
    for words in _words(RESOLV_CONF):
        if words[:1] == ["nameserver"]:
            servers += words[1:2]
        elif words[:1] in (["search"], ["domain"]):
            search = [suffix.rstrip(".") for suffix in words[1:] if suffix != "."]
        elif words[:1] == ["options"]:
            ndots = max([int(word[6:]) for word in words if word.startswith("ndots:") and word[6:].isdigit()] + [ndots])
    return tuple(servers[:3]), tuple(search), ndots


# --- names


def _names(target: Target, pool: ThreadPoolExecutor) -> Names:
    """What the name resolves to here, after waiting for old answers to expire."""
    start = time.monotonic()
    names = _answers(target, pool)
    while (seconds := pause(target, names)) > 0:
        before = names.before or kept(target, names)
        time.sleep(seconds)
        names = replace(_answers(target, pool), before=before, waited=_elapsed(start))
    return names


def _answers(target: Target, pool: ThreadPoolExecutor) -> Names:
    servers, search, ndots = _resolv_conf()
    if target.nameservers:
        servers, search = target.nameservers, ()
    asked = [pool.submit(lookup, server, target.host, target.timeout) for server in servers]
    longer = [f"{target.host}.{suffix}" for suffix in search if target.host.count(".") < ndots]
    walked = [pool.submit(lookup, servers[0], name, target.timeout) for name in longer if servers]
    system = None if target.nameservers else _ask_system(target)
    answers = tuple(each.result() for each in asked)
    captured = {name: found.result().addresses for name, found in zip(longer, walked) if found.result().addresses}
    names = Names(
        system or answers[0],
        servers=answers,
        pinned=() if target.nameservers else _pinned(target.host),
        captured=captured,
    )
    found = native(names, target.expected).system.addresses
    right = found and set(found) <= set(target.expected)
    if right or target.nameservers:
        return names
    resolver = lookup(VPC_RESOLVER, target.host, target.timeout)
    return replace(names, vpc_resolver=resolver)


def _ask_system(target: Target) -> Lookup:
    """As a program resolves it. The call has no time limit, and a thread that hangs must not hang the probe."""
    answer: list[Lookup] = []
    thread = threading.Thread(target=lambda: answer.append(_system(target)), daemon=True)
    thread.start()
    thread.join(target.timeout)
    return answer[0] if answer else Lookup(_SYSTEM, problem="DNS_TIMEOUT", seconds=target.timeout)


_SYSTEM = "the system's resolver"


def _system(target: Target) -> Lookup:
    start = time.monotonic()
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        problems = {socket.EAI_NONAME: "DNS_NXDOMAIN", getattr(socket, "EAI_NODATA", -5): "DNS_NODATA"}
        problem = problems.get(error.errno or 0, "DNS_SERVFAIL")
        return Lookup(_SYSTEM, problem=problem, detail=str(error.strerror), seconds=_elapsed(start))
    addresses = tuple(sorted({str(entry[4][0]) for entry in found}))
    return Lookup(_SYSTEM, addresses=addresses, seconds=_elapsed(start))


def _elapsed(start: float) -> float:
    return round(time.monotonic() - start, 3)


# --- addresses


class _Stopped(Exception):
    """A connection failed at this stage; carries the facts for `Reach`."""

    def __init__(self, problem: str, **facts: Any) -> None:
        super().__init__(problem)
        self.problem, self.facts = problem, facts


def _reach(target: Target, address: str) -> Reach:
    began = start = time.monotonic()
    seen: dict[str, Any] = {}
    took: dict[str, float] = {}
    try:
        for facts in _stages(target, address):
            took[STAGES[len(took)]] = _elapsed(began)
            began = time.monotonic()
            seen.update(facts)
    except _Stopped as stop:
        if len(took) < len(STAGES):
            took[STAGES[len(took)]] = _elapsed(began)
        seen.update(problem=stop.problem, facts=stop.facts)
    return Reach(address, seconds=_elapsed(start), stages=took, **seen)


def _stages(target: Target, address: str) -> Iterable[dict[str, Any]]:
    """The facts of each of `STAGES`, in order, until one raises _Stopped."""
    with _tcp(target, address) as connection:
        yield {"tcp": True, "source": str(connection.getsockname()[0])}
        with _tls(target, address, connection) as tls:
            certificate: dict[str, Any] = dict(tls.getpeercert() or {})
            yield {"tls": True, "issuer": _issuer(certificate), "not_after": str(certificate.get("notAfter", ""))}
            status, body, goes_on = _http(target, tls)
            good = target.path != "/" or (status == 404 and body.strip() == BODY)
            yield {"status": status, "body": body, "problem": "" if good else "HTTP_UNEXPECTED"}
            if good and goes_on:
                _large(target, tls)


def _tcp(target: Target, address: str) -> socket.socket:
    try:
        return _connect(target, address)
    except socket.timeout:
        raise _Stopped("TCP_TIMEOUT") from None
    except ConnectionRefusedError:
        raise _Stopped("TCP_REFUSED") from None
    except ConnectionResetError as error:  # accepted and closed at once, before this side saw the accept
        raise _Stopped("TLS_FAILED", detail=_text(error)) from None
    except OSError as error:
        raise _Stopped("TCP_UNREACHABLE", detail=error.strerror or str(error)) from None


def _tls(target: Target, address: str, connection: socket.socket) -> ssl.SSLSocket:
    trusted = _trusting(target.ca_file)
    try:
        return trusted.wrap_socket(connection, server_hostname=target.host)
    except ssl.SSLCertVerificationError as error:
        raise _distrusted(target, address, error) from None
    except socket.timeout:
        raise _Stopped("TLS_TIMEOUT") from None
    except (ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
        works = _unverified(target, address, name=None) is not None
        raise _Stopped("TLS_RESET_SNI" if works else "TLS_FAILED", detail=_text(error)) from None
    except OSError as error:
        raise _Stopped("TLS_FAILED", detail=_text(error)) from None


_one_at_a_time = threading.Lock()


def _trusting(ca_file: str | None) -> ssl.SSLContext:
    """Reading the CA certificates takes longer than a handshake, so it is done once for all addresses."""
    with _one_at_a_time:
        try:
            return _read_certificates(ca_file)
        except OSError as error:  # also of a file that has no certificates
            raise _Stopped("CA_FILE_UNUSABLE", detail=_text(error)) from None


@lru_cache(maxsize=1)
def _read_certificates(ca_file: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)


def _http(target: Target, connection: ssl.SSLSocket) -> tuple[int, str, bool]:
    """Status, the beginning of the body, and whether the connection can be used for more."""
    try:
        response = _get(target, connection)
        body = response.read(200).decode("utf-8", "replace")
        return response.status, body, response.isclosed() and not response.will_close
    except (OSError, http.client.HTTPException) as error:
        raise _Stopped("HTTP_NO_ANSWER", detail=_text(error)) from None


def _large(target: Target, connection: ssl.SSLSocket) -> None:
    """A request that fills packets of the largest size. Any answer counts, and so does a closed connection."""
    try:
        _get(target, connection, f"X-Padding: {'x' * LARGE}\r\n")
    except socket.timeout:
        raise _Stopped("LARGE_PACKET_HANG", size=LARGE) from None
    except (OSError, http.client.HTTPException):
        pass


def _get(target: Target, connection: ssl.SSLSocket, more: str = "") -> http.client.HTTPResponse:
    request = f"GET {target.path} HTTP/1.1\r\nHost: {target.host}\r\nUser-Agent: astro.privatelink\r\n{more}\r\n"
    connection.sendall(request.encode())
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response


#: What a proxy's answers stand for. By all others it says that it does not connect at all.
_REFUSALS = {
    b"502": ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
    b"503": OSError(errno.EHOSTUNREACH, "No route to host"),
    b"504": socket.timeout(),
}


def _connect(target: Target, address: str) -> socket.socket:
    if not target.dial_through:
        return socket.create_connection((address, target.port), target.timeout)
    connection = _to_proxy(target)
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
        said = f"it answers {status[0].decode('ascii', 'replace')}" if status else "it does not answer as a proxy does"
        raise _REFUSALS.get(status[0] if status else b"", _Stopped("DIAL_THROUGH_UNUSABLE", detail=said))
    return connection


def _to_proxy(target: Target) -> socket.socket:
    address, _colon, port = target.dial_through.rpartition(":")
    if not address or not port.isdigit() or not 0 < int(port) < 65536:
        raise _Stopped("DIAL_THROUGH_UNUSABLE", detail="that is no ADDRESS:PORT")
    try:
        return socket.create_connection((address.strip("[]"), int(port)), target.timeout)
    except OSError as error:
        raise _Stopped("DIAL_THROUGH_UNUSABLE", detail=_text(error)) from None


# --- certificates


def _distrusted(target: Target, address: str, error: ssl.SSLCertVerificationError) -> _Stopped:
    """Why a certificate is not trusted; OpenSSL's numbers: 9 not yet valid, 10 expired, 62 another name."""
    if error.verify_code in (9, 10):
        return _Stopped("TLS_EXPIRED", detail=error.verify_message)
    seen = _unverified(target, address, name=target.host) or {}
    if error.verify_code == 62:
        names = [value for kind, value in seen.get("subjectAltName", ()) if kind == "DNS"]
        return _Stopped("TLS_NAME_MISMATCH", names=names)
    return _Stopped("TLS_UNTRUSTED", issuer=_issuer(seen) or "an unknown issuer")


def _issuer(certificate: dict[str, Any]) -> str:
    parts = {key: value for group in certificate.get("issuer", ()) for key, value in group}
    return str(parts.get("organizationName") or parts.get("commonName") or "")


def _unverified(target: Target, address: str, name: str | None) -> dict[str, Any] | None:
    """The certificate that is shown for this name, or without one; None if there is no handshake. Nothing is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with _connect(target, address) as connection, context.wrap_socket(connection, server_hostname=name) as tls:
            return _decode(tls.getpeercert(True) or b"")
    except (OSError, _Stopped):
        return None


def _decode(certificate: bytes) -> dict[str, Any]:
    # Python decodes a certificate only after verifying it; this is the function that it uses internally.
    decode: Callable[[str], dict[str, Any]] | None = getattr(getattr(ssl, "_ssl", None), "_test_decode_cert", None)
    if decode is None:
        return {}
    with _temporary() as file:
        file.write(ssl.DER_cert_to_PEM_cert(certificate).encode())
        file.flush()
        return decode(f"/proc/self/fd/{file.fileno()}")


def _temporary() -> IO[bytes]:
    """A file in memory, where there is such a thing: a container may have no directory that can be written to."""
    create: Callable[[str], int] | None = getattr(os, "memfd_create", None)
    return tempfile.TemporaryFile() if create is None else os.fdopen(create("certificate"), "w+b")


def _text(error: Exception) -> str:
    return getattr(error, "reason", "") or getattr(error, "strerror", "") or str(error) or type(error).__name__
