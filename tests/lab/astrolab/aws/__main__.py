# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs only the double, in the foreground: `python -m astrolab.aws --port PORT`."""

from __future__ import annotations

import argparse
import signal
import socket
import sys
import threading

from . import Double, Settings
from .presets import PRESETS


def main() -> None:
    parser = argparse.ArgumentParser(prog="astrolab.aws", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--profile", choices=list(PRESETS), default="kind", help="how AWS behaves")
    arguments = parser.parse_args()
    try:
        sock = socket.create_server(("127.0.0.1", arguments.port), backlog=128)
    except (OSError, OverflowError) as error:
        sys.exit(f"Nothing can listen on port {arguments.port} of 127.0.0.1: {error}")
    settings = Settings()
    settings.change({"profile": arguments.profile})
    double = Double(settings)
    double.serve(sock)
    print(f"AWS_ENDPOINT_URL={double.url}", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        double.close()


if __name__ == "__main__":
    main()
