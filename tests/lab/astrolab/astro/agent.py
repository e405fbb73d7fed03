# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An agent, as far as Astro sees one: calls its Deployment's API with its token, again and again, by name.

It runs on agent hosts, so it needs nothing but Python; only where a name server is given does it need dnspython.
"""

from __future__ import annotations

import argparse
import functools
import ssl
import time
from urllib.parse import urlsplit

from astrolab.look import connect, names

_PATIENCE = 3.0


@functools.cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def heartbeat(url: str, token: str, server: str | None, through: str | None, address: str | None) -> str:
    """The first line of the answer, or what went wrong. ``address`` is gone to without asking for the name."""
    where = urlsplit(url)
    host = where.hostname or ""
    addresses, wrong = ([address], "") if address else names(host, server, _PATIENCE)
    if not addresses:
        return f"no address: {wrong}"
    request = f"GET {where.path}/heartbeat HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    try:
        with (
            connect(addresses[0], through, _PATIENCE) as plain,
            _trust().wrap_socket(plain, server_hostname=host) as secure,
        ):
            secure.sendall(request.encode())
            return secure.recv(4096).decode("latin-1").partition("\r\n")[0]
    except OSError as error:
        return f"{type(error).__name__}: {error}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("token")
    parser.add_argument("--every", type=float, default=1.0, metavar="SECONDS")
    parser.add_argument("--times", type=int, default=0, help="0 is for ever")
    parser.add_argument("--address", help="go there, whatever the name says")
    parser.add_argument("--name-server", help="ADDRESS:PORT to ask, instead of the system's resolver")
    parser.add_argument("--dial-through", help="ADDRESS:PORT of an HTTP CONNECT proxy")
    arguments = parser.parse_args()
    done = 0
    while not arguments.times or done < arguments.times:
        way = (arguments.name_server, arguments.dial_through, arguments.address)
        print(heartbeat(arguments.url, arguments.token, *way), flush=True)
        done += 1
        if done != arguments.times:
            time.sleep(arguments.every)


if __name__ == "__main__":
    main()
