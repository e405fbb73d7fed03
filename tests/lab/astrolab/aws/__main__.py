# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs only the double, in the foreground: `python -m astrolab.aws --port PORT`."""

from __future__ import annotations

import argparse
import socket
import threading

from . import Double


def main() -> None:
    parser = argparse.ArgumentParser(prog="astrolab.aws", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    sock = socket.create_server(("127.0.0.1", parser.parse_args().port), backlog=128)
    double = Double()
    double.serve(sock)
    print(f"AWS_ENDPOINT_URL={double.url}", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        double.close()


if __name__ == "__main__":
    main()
