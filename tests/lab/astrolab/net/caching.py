# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A name server that asks another and keeps what it is told for as long as it may, as CoreDNS or systemd-resolved does."""

from __future__ import annotations

import math
import time
from dataclasses import replace

from .resolver import Lookup, Reply


class Cache:
    def __init__(self, lookup: Lookup, longest: int | None = None) -> None:
        """`longest` is for how many seconds it keeps anything at most."""
        self._lookup, self._longest = lookup, longest
        self._kept: dict[tuple[str, str], tuple[float, Reply]] = {}

    def __call__(self, name: str, rdtype: str) -> Reply | None:
        key, now = (name.lower(), rdtype), time.monotonic()
        since, reply = self._kept.get(key, (0.0, None))
        if reply is None or now - since >= _life(reply):
            since, reply = now, self._lookup(name, rdtype)
            if reply is None:
                return None
            reply = _shortened(reply, self._longest)
            self._kept[key] = since, reply
        return _aged(reply, math.floor(now - since))


def _shortened(reply: Reply, longest: int | None) -> Reply:
    if longest is None:
        return reply
    records = tuple(replace(record, ttl=min(record.ttl, longest)) for record in reply.records)
    return replace(reply, records=records, denied_for=min(reply.denied_for, longest))


def _life(reply: Reply) -> int:
    return min((record.ttl for record in reply.records), default=reply.denied_for)


def _aged(reply: Reply, seconds: int) -> Reply:
    records = tuple(replace(record, ttl=record.ttl - seconds) for record in reply.records)
    return replace(reply, records=records, denied_for=reply.denied_for - seconds)
