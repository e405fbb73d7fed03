# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to be on an agent host: the command that enters it, and what its environment has that this one lacks."""

from __future__ import annotations

import os
from collections.abc import Sequence

from .home import Record

_HERE = 'cd "$0" 2>/dev/null; exec "$@"'  # nsenter leaves the working directory


def command(record: Record, host: str, argv: Sequence[str]) -> list[str]:
    facts = record.host(host)
    if facts.pid is None:
        return list(argv)
    user = ["-U", "--preserve-credentials"] if record.mode == "rootless" else []
    enter = ["nsenter", "-t", str(facts.pid), *user, "-n", "-m", "-u", "-p", "--"]
    return [*enter, "/bin/sh", "-c", _HERE, os.getcwd(), *argv]


def environment(record: Record) -> dict[str, str]:
    return {"SSL_CERT_FILE": record.bundle}
