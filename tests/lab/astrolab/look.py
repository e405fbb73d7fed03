# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine sees of Astro: names by its own resolver, then each address by TCP, TLS and HTTP. Prints JSON.

It runs on agent hosts, so it needs nothing but Python; only where a name server is given does it need dnspython.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

DEADLINE = 3.0  # seconds, for each step by itself


def names(host: str, server: str | None, deadline: float) -> tuple[list[str], str | None]:
    """The addresses of the host, and what went wrong."""
    found: list[str] = []
    wrong: list[str] = []

    def ask() -> None:
        try:
            found.extend(_ask_server(host, server, deadline) if server else _ask_system(host))
        except Exception as error:  # whatever it is, it is what was seen
            wrong.append(f"{type(error).__name__}: {error}")

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(deadline)
    if asking.is_alive():
        return [], "no answer"
    return sorted(set(found)), wrong[0] if wrong else None


def _ask_system(host: str) -> list[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)]


def _ask_server(host: str, server: str, deadline: float) -> list[str]:
    import dns.resolver

    address, _unused, port = server.rpartition(":")
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port, resolver.lifetime = [address], int(port), deadline
    found = [resolver.resolve(host, rdtype, raise_on_no_answer=False) for rdtype in ("A", "AAAA")]
    return [record.to_text() for answer in found for record in answer]


def attempt(address: str, host: str, through: str | None, deadline: float) -> dict[str, Any]:
    """One address by itself; `failed` names the step that failed."""
    began = time.monotonic()
    seen: dict[str, Any] = {"address": address, "failed": None, "error": None, "status": None, "body": None}
    step = "tcp"
    try:
        with connect(address, through, deadline) as plain:
            step = "tls"
            with ssl.create_default_context().wrap_socket(plain, server_hostname=host) as secure:
                step = "http"
                seen["status"], seen["body"] = _get(secure, host)
    except (OSError, ValueError) as error:
        seen["failed"], seen["error"] = step, _text(error)
    seen["seconds"] = round(time.monotonic() - began, 3)
    return seen


def connect(address: str, through: str | None, deadline: float) -> socket.socket:
    if through is None:
        return socket.create_connection((address, 443), deadline)
    proxy, _unused, port = through.rpartition(":")
    made = socket.create_connection((proxy, int(port)), deadline)
    try:
        target = f"[{address}]:443" if ":" in address else f"{address}:443"
        made.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n") and (part := made.recv(1)):  # what comes after is not the proxy's
            answer += part
        line = answer.decode("latin-1").partition("\r\n")[0]
        if " 503 " in line:
            raise OSError(errno.EHOSTUNREACH, "Host is unreachable")
        if " 200 " not in line:
            raise ConnectionRefusedError("Connection refused")
    except BaseException:
        made.close()
        raise
    return made


def _get(secure: ssl.SSLSocket, host: str) -> tuple[int, str]:
    secure.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = b"".join(iter(lambda: secure.recv(4096), b"")).decode("latin-1")
    head, _unused, body = answer.partition("\r\n\r\n")
    return int(head.split()[1]), body.strip()


def _text(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{error.verify_message} ({error.verify_code})"
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    return f"{type(error).__name__}: {error}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--name-server", help="ADDRESS:PORT to ask, instead of the system's resolver")
    parser.add_argument("--dial-through", help="ADDRESS:PORT of an HTTP CONNECT proxy")
    parser.add_argument("--deadline", type=float, default=DEADLINE, help="seconds for each step")
    arguments = parser.parse_args()
    addresses, wrong = names(arguments.name, arguments.name_server, arguments.deadline)

    def try_one(address: str) -> dict[str, Any]:
        return attempt(address, arguments.name, arguments.dial_through, arguments.deadline)

    with ThreadPoolExecutor(max_workers=8) as pool:
        attempts = list(pool.map(try_one, addresses))
    result = {
        "name": arguments.name,
        "asked": arguments.name_server or "system",
        "addresses": addresses,
        "error": wrong,
        "attempts": attempts,
    }
    print(json.dumps(result), flush=True)
    os._exit(0)  # a resolver that never answers must not keep us


if __name__ == "__main__":
    main()
