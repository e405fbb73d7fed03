# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an agent host saw of a link, and what that means. Pure: it looks at nothing by itself.

It runs with the agent host's Python and keeps to 3.8.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ._findings import Finding, finding

BODY = "404 page not found"

#: Where AWS's own resolver answers in each VPC, whatever the DHCP options say.
VPC_RESOLVER = "169.254.169.253"


@dataclass(frozen=True)
class Target:
    """Where to look. ``expected`` are the link's own addresses, ``interfaces`` say whose they are, ``elsewhere`` are those
    of other links by their names. Times are in seconds.

    ``nameservers`` (``ADDRESS[:PORT]``) are asked instead of the system's resolver; ``dial_through`` (``ADDRESS:PORT``) is
    an HTTP CONNECT proxy for all connections. Both are for networks that cannot be entered directly.
    """

    vpc: str
    host: str
    expected: tuple[str, ...]
    interfaces: dict[str, str] = field(default_factory=dict)
    elsewhere: dict[str, tuple[str, ...]] = field(default_factory=dict)
    port: int = 443
    path: str = "/"
    timeout: float = 5.0
    ca_file: str | None = None
    nameservers: tuple[str, ...] = ()
    dial_through: str = ""
    resolve: bool = True
    health_url: str = ""


@dataclass(frozen=True)
class Lookup:
    """One answer for the host's name: addresses, or what went wrong (a code of DNS_*)."""

    server: str
    addresses: tuple[str, ...] = ()
    problem: str = ""
    detail: str = ""
    aliases: tuple[str, ...] = ()
    ttl: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Names:
    """What the name means here: to the system, to each of its name servers, and to AWS's resolver when these disagree.

    ``pinned`` are the addresses in the hosts file; ``captured`` are longer names that the search list finds first.
    """

    system: Lookup
    servers: tuple[Lookup, ...] = ()
    vpc_resolver: Lookup | None = None
    pinned: tuple[str, ...] = ()
    captured: dict[str, tuple[str, ...]] = field(default_factory=dict)


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
    source: str = ""
    issuer: str = ""
    not_after: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Health:
    """What the agent's own health page said."""

    url: str
    status: int = 0
    detail: str = ""

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True)
class Observations:
    """Everything that was seen. ``proxy`` names the variable that would send agents to a proxy, and its value."""

    hostname: str
    reached: tuple[Reach, ...]
    names: Names | None = None
    proxy: tuple[str, str] | None = None
    health: Health | None = None


def findings(target: Target, seen: Observations) -> list[Finding]:
    """What is wrong, in the order in which one would mend it."""
    if not target.expected:
        return [finding("NO_ENDPOINT", target.vpc)]
    found = [] if seen.names is None else _name_findings(target, seen.names)
    if seen.proxy:
        found.append(finding("PROXY_BYPASS", target.vpc, variable=seen.proxy[0], proxy=seen.proxy[1], host=target.host))
    found += _address_findings(target, seen.reached)
    if seen.health and not seen.health.good:
        answer = f"answers {seen.health.status}" if seen.health.status else f"does not answer: {seen.health.detail}"
        found.append(finding("AGENT_UNHEALTHY", target.vpc, url=seen.health.url, answer=answer))
    return found


# --- names


def _name_findings(target: Target, names: Names) -> list[Finding]:
    system, expected = names.system, set(target.expected)
    facts: dict[str, Any] = {"host": target.host, "addresses": system.addresses, "expected": expected}
    if system.problem in ("DNS_TIMEOUT", "DNS_SERVFAIL"):
        # The system calls silence a failure as well; the name servers themselves tell one from the other.
        silent = bool(names.servers) and all(lookup.problem == "DNS_TIMEOUT" for lookup in names.servers)
        servers = [lookup.server for lookup in names.servers] or [system.server]
        facts.update(server=servers, seconds=target.timeout, detail=system.detail)
        return [finding("DNS_TIMEOUT" if silent else system.problem, target.vpc, **facts)]
    strange = set(system.addresses) - expected
    if strange or system.problem:
        code, more = _strange(target, names, strange)
        return [finding(code, target.vpc, **{**facts, **more})]
    found = _doubts(target, names)
    missing = expected - set(system.addresses)
    if missing and not found:
        found.append(finding("DNS_INCOMPLETE", target.vpc, missing=missing, **facts))
    return found


def _strange(target: Target, names: Names, strange: set[str]) -> tuple[str, dict[str, Any]]:
    """Why the system's answer is not the link's: the nearest cause comes first."""
    expected, system = set(target.expected), names.system
    if set(names.pinned) & strange:
        return "DNS_PINNED_WRONG", {"addresses": names.pinned}
    if names.captured and strange:
        return "DNS_SEARCH_CAPTURES", {"longer": list(names.captured)}
    owners = [name for name, addresses in sorted(target.elsewhere.items()) if strange & set(addresses)]
    if owners:
        return "DNS_WRONG_ENDPOINT", {"owner": owners}
    if names.servers and all(_is_link(lookup, expected) for lookup in names.servers):
        return "DNS_STALE", {"servers": [lookup.server for lookup in names.servers]}
    if names.vpc_resolver and _is_link(names.vpc_resolver, expected):
        wrong = next((lookup for lookup in names.servers if not _is_link(lookup, expected)), system)
        answer = wrong.addresses or wrong.problem
        facts = {"server": wrong.server, "right": names.vpc_resolver.addresses, "addresses": answer}
        return "DNS_RESOLVER_BYPASS", {**facts, "ttl": wrong.ttl if wrong.ttl is not None else "some hundred"}
    if system.problem:
        return system.problem, {"server": system.server}
    if strange != set(system.addresses):
        return "DNS_MIXED_ANSWER", {"right": set(system.addresses) - strange}
    return "DNS_PUBLIC_ANSWER", {}


def _doubts(target: Target, names: Names) -> list[Finding]:
    """What will go wrong later although the system's answer is right now."""
    found = []
    if names.pinned:
        found.append(finding("DNS_PINNED", target.vpc, host=target.host, addresses=names.pinned))
    silent = [lookup.server for lookup in names.servers if lookup.problem == "DNS_TIMEOUT"]
    if silent:
        found.append(finding("DNS_SERVER_SILENT", target.vpc, servers=silent, seconds=target.timeout))
    for lookup in names.servers:
        if lookup.server not in silent and not _is_link(lookup, set(target.expected)):
            answer = ", ".join(lookup.addresses) or lookup.problem
            found.append(
                finding("DNS_SERVERS_DIFFER", target.vpc, host=target.host, server=lookup.server, answer=answer)
            )
    return found


def _is_link(lookup: Lookup, expected: set[str]) -> bool:
    return bool(lookup.addresses) and set(lookup.addresses) <= expected


# --- addresses


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
        facts: dict[str, Any] = {"status": troubled[0].status or "nothing", "body": troubled[0].body.strip()}
        facts.update(troubled[0].facts, addresses=_owned(target, troubled))
        facts.update(host=target.host, port=target.port, seconds=target.timeout)
        found.append(finding("TCP_TIMEOUT_ONE_AZ" if one_zone else problem, target.vpc, **facts))
    return found


def _owned(target: Target, reached: Iterable[Reach]) -> list[str]:
    owners = [(reach.address, target.interfaces.get(reach.address, "")) for reach in reached]
    return [f"{address} ({owner})" if owner else address for address, owner in owners]


# --- the form of RETURN


def public(target: Target, seen: Observations) -> dict[str, Any]:
    return {
        "place": {
            "hostname": seen.hostname,
            "sources": sorted({reach.source for reach in seen.reached if reach.source}),
            "proxy": seen.proxy[0] if seen.proxy else "",
        },
        "names": _public_names(seen.names),
        "addresses": [_public_reach(target, reach) for reach in seen.reached],
        "health": asdict(seen.health) if seen.health else {},
    }


def _public_names(names: Names | None) -> dict[str, Any]:
    if names is None:
        return {}
    return {
        **_public_lookup(names.system),
        "servers": [_public_lookup(lookup) for lookup in names.servers],
        "vpc_resolver": _public_lookup(names.vpc_resolver) if names.vpc_resolver else {},
        "pinned": list(names.pinned),
        "captured": {longer: list(addresses) for longer, addresses in names.captured.items()},
    }


def _public_lookup(lookup: Lookup) -> dict[str, Any]:
    return {**asdict(lookup), "addresses": list(lookup.addresses), "aliases": list(lookup.aliases)}


def _public_reach(target: Target, reach: Reach) -> dict[str, Any]:
    shown = asdict(reach)
    shown.pop("facts")
    return {**shown, "body": reach.body.strip(), "interface": target.interfaces.get(reach.address, "")}
