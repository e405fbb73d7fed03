# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe as a command, for a pod or a machine without Ansible: arguments and output.

It stays compatible with Python 3.8.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence

from .._core.findings import Finding, errors
from .look import look
from .model import Lookup, Observations, Reach, Target, findings, public


def main(argv: Sequence[str] | None = None) -> int:
    """0 if agents here use the link, 1 if not, 2 for invalid arguments."""
    arguments = _parser().parse_args(argv)
    target = Target(
        vpc="this host",
        host=arguments.host,
        expected=tuple(sorted({address for given in arguments.expect for address in given.split(",") if address})),
        port=arguments.port,
        timeout=arguments.timeout,
        patience=arguments.patience,
        ca_file=arguments.ca_file,
        resolve=not arguments.addresses_only,
        health_url=arguments.health_url,
    )
    seen = look(target)
    found = findings(target, seen)
    if arguments.json:
        text = json.dumps({**public(target, seen), "findings": [one.public() for one in found]}, indent=2)
    else:
        text = "\n".join(told(target, seen, found))
    sys.stdout.write(f"{text}\n")
    return 1 if errors(found) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Checks whether agents on this machine reach Astro through AWS PrivateLink, and reports why not."
    )
    parser.add_argument("--host", required=True, help="CLUSTER-ID.external.astronomer.run")
    parser.add_argument(
        "--expect",
        required=True,
        action="append",
        metavar="ADDRESS[,...]",
        help="the endpoint's addresses, all of them",
    )
    parser.add_argument("--port", type=int, default=443)
    parser.add_argument("--timeout", type=float, default=5.0, help="seconds for each step (default: 5)")
    parser.add_argument(
        "--patience",
        type=float,
        default=60.0,
        help="seconds to wait until an old answer in a cache expires (default: 60)",
    )
    parser.add_argument("--ca-file", help="PEM file with CA certificates (default: those that Python trusts)")
    parser.add_argument("--addresses-only", action="store_true", help="do not look up the name, which is still public")
    parser.add_argument("--health-url", default="", help="the agent's health page, to request as well")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    return parser


def told(target: Target, seen: Observations, found: Sequence[Finding]) -> Iterable[str]:
    """What was seen, for people."""
    yield f"{seen.hostname} looks at {target.host}"
    if seen.names:
        for answer in (seen.names.system, *seen.names.servers):
            yield f"  {answer.server}: {_answer(answer)}"
        if seen.names.before:
            old = seen.names.before
            yield f"  {old.server} had an old answer before, {old.said}, which was waited for ({seen.names.waited} s)"
    for reach in seen.reached:
        yield f"  {reach.address}: {_way(reach)} ({reach.seconds} s)"
    if seen.health:
        yield f"  {seen.health.url}: {seen.health.status or seen.health.detail}"
    for one in found:
        yield f"{one.severity}: {one.text}"
    if not errors(found):
        yield "The private path works." if not seen.names else "Agents on this machine use the link."


def _answer(answer: Lookup) -> str:
    ttl = "" if answer.ttl is None else f" (TTL {answer.ttl})"
    return answer.said + ttl


def _way(reach: Reach) -> str:
    steps = [name for name, done in (("TCP", reach.tcp), ("TLS", reach.tls)) if done]
    if reach.status:
        steps.append(f"{reach.status} {reach.body.strip()!r}")
    return ", ".join([*steps, reach.problem] if reach.problem else steps)
