# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an agent host saw of a link, and what is wrong with it. Pure.

It runs with the agent host's Python (3.8 or newer).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .._core.findings import Finding, finding

BODY = "404 page not found"

#: Where AWS's own resolver answers in each VPC, whatever the DHCP options say.
VPC_RESOLVER = "169.254.169.253"

#: Problems in which a server gives no answer that it could cache.
NO_ANSWER = ("DNS_TIMEOUT", "DNS_SERVFAIL")

#: What a connection to an address goes through, in this order.
STAGES = ("tcp", "tls", "http")

#: Seconds between two lookups if the TTL of an old answer is unknown, and the margin added to a known TTL.
AGAIN, MARGIN = 2.0, 0.5


@dataclass(frozen=True)
class Target:
    """Where to look. ``expected`` are the link's own addresses, ``interfaces`` say whose they are, ``elsewhere`` are those
    of other links by their names. Times are in seconds; ``patience`` is how long to wait for an old answer to go.

    ``nameservers`` (``ADDRESS[:PORT]``) are asked instead of the system's resolver; ``dial_through`` (``ADDRESS:PORT``) is
    an HTTP CONNECT proxy for all connections. Both are for networks that cannot be entered directly. Unless ``health_counts``,
    what the agent's health page says is no problem of the link's.
    """

    vpc: str
    host: str
    expected: tuple[str, ...]
    interfaces: dict[str, str] = field(default_factory=dict)
    elsewhere: dict[str, tuple[str, ...]] = field(default_factory=dict)
    port: int = 443
    path: str = "/"
    timeout: float = 5.0
    patience: float = 0.0
    ca_file: str | None = None
    nameservers: tuple[str, ...] = ()
    dial_through: str = ""
    resolve: bool = True
    health_url: str = ""
    health_counts: bool = True


@dataclass(frozen=True)
class Lookup:
    """One answer for the host's name: addresses, or what went wrong (a code of DNS_*).

    ``ttl`` is for how many seconds the server may keep it, also where it says that there is nothing.
    """

    server: str
    addresses: tuple[str, ...] = ()
    problem: str = ""
    detail: str = ""
    aliases: tuple[str, ...] = ()
    ttl: int | None = None
    seconds: float = 0.0

    @property
    def said(self) -> str:
        return ", ".join(self.addresses) or self.problem


@dataclass(frozen=True)
class Names:
    """What the name means here: to the system, to each of its name servers, and to AWS's resolver when these disagree.

    ``pinned`` are the addresses in the hosts file; ``captured`` are longer names that the search list finds first.
    ``before`` is a wrong answer that was waited for to go, ``waited`` the seconds since it was seen.
    """

    system: Lookup
    servers: tuple[Lookup, ...] = ()
    vpc_resolver: Lookup | None = None
    pinned: tuple[str, ...] = ()
    captured: dict[str, tuple[str, ...]] = field(default_factory=dict)
    before: Lookup | None = None
    waited: float = 0.0


@dataclass(frozen=True)
class Reach:
    """How far a connection to one address came; ``problem`` is the code of the stage that failed, "" for none. ``stages`` are the
    seconds of each of `STAGES` that it came to, with the one that failed."""

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
    stages: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Health:
    """The answer of the agent's own health page."""

    url: str
    status: int = 0
    detail: str = ""

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True)
class Observations:
    """Everything that was seen. ``proxy`` names the variable that would send agents to a proxy, and its value; ``machine``
    tells whether two agent hosts are one. ``search`` and ``ndots`` say which longer names are looked up first."""

    hostname: str
    reached: tuple[Reach, ...]
    names: Names | None = None
    proxy: tuple[str, str] | None = None
    health: Health | None = None
    machine: str = ""
    search: tuple[str, ...] = ()
    ndots: int = 1


#: Where DNS64 puts IPv4 addresses for hosts that have IPv6 only (RFC 6052); AWS's resolver does so for such subnets:
#: https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-nat64-dns64.html
_DNS64 = ipaddress.IPv6Network("64:ff9b::/96")


def native(names: Names, expected: Collection[str] | None = None) -> Names:
    """The same answers with the link's own addresses where DNS64 has made IPv6 addresses of them; without ``expected``, with the
    IPv4 addresses of whatever it has translated."""
    return replace(
        names,
        system=_without_dns64(names.system, expected),
        servers=tuple(_without_dns64(each, expected) for each in names.servers),
        vpc_resolver=_without_dns64(names.vpc_resolver, expected) if names.vpc_resolver else None,
        before=_without_dns64(names.before, expected) if names.before else None,
    )


def _without_dns64(answer: Lookup, expected: Collection[str] | None) -> Lookup:
    inner = {address: _inner(address) for address in answer.addresses}
    found = {v4 if v4 and (expected is None or v4 in expected) else address for address, v4 in inner.items()}
    return answer if found == set(answer.addresses) else replace(answer, addresses=tuple(sorted(found)))


def _inner(address: str) -> str:
    """The IPv4 address in one that DNS64 has made, or nothing."""
    try:
        number = ipaddress.IPv6Address(address)
    except ValueError:
        return ""
    return str(ipaddress.IPv4Address(int(number) & 0xFFFFFFFF)) if number in _DNS64 else ""


def findings(target: Target, seen: Observations) -> list[Finding]:
    """The problems, in the order in which to fix them."""
    if not target.expected:
        return [finding("NO_ENDPOINT", target.vpc)]
    found = [] if seen.names is None else _name_findings(target, seen.names)
    if seen.proxy:
        found.append(finding("PROXY_BYPASS", target.vpc, variable=seen.proxy[0], proxy=seen.proxy[1], host=target.host))
    found += _address_findings(target, seen.reached)
    if seen.health and target.health_counts and not seen.health.good:
        answer = f"answers {seen.health.status}" if seen.health.status else f"does not answer: {seen.health.detail}"
        found.append(finding("AGENT_UNHEALTHY", target.vpc, url=seen.health.url, answer=answer))
    return found


# --- names


def _name_findings(target: Target, names: Names) -> list[Finding]:
    made = {address for address in names.system.addresses if _inner(address) in target.expected}
    names = native(names, target.expected)
    system, expected = names.system, set(target.expected)
    facts: dict[str, Any] = {"host": target.host, "addresses": system.addresses, "expected": expected}
    if system.problem in NO_ANSWER:
        # The system reports a timeout as a failure, too; the name servers themselves tell them apart.
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
    if made:
        found.append(finding("DNS_TRANSLATED", target.vpc, host=target.host, addresses=made))
    return found


def _strange(target: Target, names: Names, strange: set[str]) -> tuple[str, dict[str, Any]]:
    """Why the system's answer is not the link's: the most direct cause comes first."""
    expected, system = set(target.expected), names.system
    if set(names.pinned) & strange:
        return "DNS_PINNED_WRONG", {"addresses": names.pinned}
    if names.captured and strange:
        return "DNS_SEARCH_CAPTURES", {"longer": list(names.captured)}
    wrong = kept(target, names)
    if wrong and not _renewed(names):
        return "DNS_STALE", {"server": wrong.server, "answer": wrong.said, "left": _left(wrong)}
    if wrong:
        return "DNS_RESOLVER_BYPASS", {"server": wrong.server, "answer": wrong.said, "right": expected}
    owners = [name for name, addresses in sorted(target.elsewhere.items()) if strange & set(addresses)]
    if owners:
        return "DNS_WRONG_ENDPOINT", {"owner": owners}
    if system.problem:
        return system.problem, {"server": system.server}
    if strange != set(system.addresses):
        return "DNS_MIXED_ANSWER", {"right": set(system.addresses) - strange}
    return "DNS_PUBLIC_ANSWER", {}


def kept(target: Target, names: Names) -> Lookup | None:
    """The wrong answer that agents here get although AWS's resolver in the VPC, or every name server, has the right one."""
    names, expected = native(names, target.expected), set(target.expected)
    if names.system.problem in NO_ANSWER:
        return None
    wrong = [lookup for lookup in names.servers if not _is_link(lookup, expected)]
    right = names.vpc_resolver is not None and _is_link(names.vpc_resolver, expected)
    explained = names.pinned or names.captured or _is_link(names.system, expected)
    if explained or (wrong and not right) or not (wrong or names.servers):
        return None
    return max(wrong, key=lambda lookup: lookup.ttl or 0) if wrong else names.system


def pause(target: Target, names: Names) -> float:
    """Seconds until a cached answer must have expired, if within the patience; otherwise 0, since waiting is no use."""
    wrong = kept(target, names)
    if wrong is None or _renewed(names):
        return 0.0
    seconds = AGAIN if wrong.ttl is None else wrong.ttl + MARGIN
    return seconds if names.waited + seconds <= target.patience else 0.0


def _renewed(names: Names) -> bool:
    """Whether the wrong answer came again after the first one must have expired, so that it is not a cached one."""
    return names.before is not None and names.before.ttl is not None and names.waited > names.before.ttl


def _left(lookup: Lookup) -> str:
    return "for an unknown time" if lookup.ttl is None else f"for {lookup.ttl} seconds more"


def _doubts(target: Target, names: Names) -> list[Finding]:
    """What will go wrong later although the system's answer is right now."""
    found = []
    if names.before:
        facts = {"server": names.before.server, "answer": names.before.said, "seconds": round(names.waited)}
        found.append(finding("DNS_WAS_STALE", target.vpc, host=target.host, **facts))
    if names.pinned:
        found.append(finding("DNS_PINNED", target.vpc, host=target.host, addresses=names.pinned))
    silent = [lookup.server for lookup in names.servers if lookup.problem == "DNS_TIMEOUT"]
    if silent:
        found.append(finding("DNS_SERVER_SILENT", target.vpc, servers=silent, seconds=target.timeout))
    for lookup in names.servers:
        if lookup.server not in silent and not _is_link(lookup, set(target.expected)):
            facts = {"server": lookup.server, "answer": lookup.said}
            found.append(finding("DNS_SERVERS_DIFFER", target.vpc, host=target.host, **facts))
    return found


def _is_link(lookup: Lookup, expected: set[str]) -> bool:
    return bool(lookup.addresses) and set(lookup.addresses) <= expected


# --- addresses


def _address_findings(target: Target, reached: Sequence[Reach]) -> list[Finding]:
    """One finding per kind of problem. Addresses outside of the link are reported for the name, not here."""
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
        facts.update(ca_file=target.ca_file or "(none)", proxy=target.dial_through)
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
            "proxy_url": seen.proxy[1] if seen.proxy else "",
            "machine": seen.machine,
            "search": list(seen.search),
            "ndots": seen.ndots,
        },
        "names": _public_names(seen.names),
        "addresses": [_public_reach(target, reach) for reach in seen.reached],
        "health": asdict(seen.health) if seen.health else {},
    }


def _public_names(names: Names | None) -> dict[str, Any]:
    if names is None:
        return {}
    return {
        **public_lookup(names.system),
        "servers": [public_lookup(lookup) for lookup in names.servers],
        "vpc_resolver": public_lookup(names.vpc_resolver) if names.vpc_resolver else {},
        "pinned": list(names.pinned),
        "captured": {longer: list(addresses) for longer, addresses in names.captured.items()},
        "before": public_lookup(names.before) if names.before else {},
        "waited": names.waited,
    }


def public_lookup(lookup: Lookup) -> dict[str, Any]:
    return {**asdict(lookup), "addresses": list(lookup.addresses), "aliases": list(lookup.aliases)}


def _public_reach(target: Target, reach: Reach) -> dict[str, Any]:
    return {**asdict(reach), "body": reach.body.strip(), "interface": target.interfaces.get(reach.address, "")}
