# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a name means on an agent host, asked many times a second for as long as something else goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from astrolab import enter
from astrolab.lab import Lab

#: Runs on the agent host until its input ends; then says each answer that differs from the one before, and how often it came.
_ASK = """
import json, sys, threading, time
import dns.exception, dns.resolver
name, *servers = sys.argv[1:]
resolver = dns.resolver.Resolver(configure=not servers)
for server in servers:
    address, _, port = server.rpartition(":")
    resolver.nameservers, resolver.port = [address], int(port)
resolver.lifetime, resolver.cache = 2.0, None
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
seen = []
while not ended.is_set():
    try:
        answer = ",".join(sorted(record.to_text() for record in resolver.resolve(name, "A")))
    except dns.exception.DNSException as error:
        answer = type(error).__name__
    if not seen:
        print("asking", flush=True)
    if not seen or seen[-1][0] != answer:
        seen.append([answer, 0])
    seen[-1][1] += 1
    time.sleep(0.04)
print(json.dumps(seen))
"""


@dataclass
class Watch:
    """The answers in their order; those that follow each other differ. ``asked`` is how often it was asked."""

    answers: list[str] = field(default_factory=list)
    asked: int = 0


@contextmanager
def watched(lab: Lab, host: str, name: str | None = None) -> Iterator[Watch]:
    """Watch a name from an agent host; the answers are there after the block."""
    facts = lab.record.host(host)
    argv = [sys.executable, "-c", _ASK, name or lab.record.cluster_host]
    argv += facts.name_servers[:1] if facts.dial_through else []
    process = subprocess.Popen(
        enter.command(lab.record, host, argv),
        env=lab.env | enter.environment(lab.record),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    watch = Watch()
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "asking\n"
        yield watch
    finally:
        seen = json.loads(process.communicate(timeout=10)[0])
        watch.answers = [answer for answer, _times in seen]
        watch.asked = sum(times for _answer, times in seen)
