# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An agent host's answer as data: known keys, known types, bounded. The verdict is decided here, not on the host. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, TypedDict

from .._core.catalogue import CATALOGUE
from .._core.findings import Finding, Shown, finding
from .._core.text import printable
from .model import (
    BODY,
    STAGES,
    Health,
    Lookup,
    Names,
    Observations,
    Reach,
    Target,
    findings,
    kept,
    native,
    pause,
    public,
    public_lookup,
)

#: Most entries of any list that an agent host may answer with.
MOST = 32
_REACH_CODES = {code for code in CATALOGUE if code.startswith(("TCP_", "TLS_", "HTTP_", "LARGE_", "CA_FILE_", "DIAL_"))}
_NAME_CODES = {"DNS_NXDOMAIN", "DNS_NODATA", "DNS_TIMEOUT", "DNS_SERVFAIL"}
#: What the texts of those codes are filled with, where the agent host did not say it.
_FACTS = {"detail": "no detail", "names": "other names", "issuer": "an unknown issuer", "size": "large"}


class AgentResult(TypedDict):
    """What one agent host saw, and what is wrong with it. Nothing was seen where ``names`` and ``addresses`` are empty."""

    name: str
    connection: str
    place: dict[str, Any]
    names: dict[str, Any]
    addresses: list[dict[str, Any]]
    health: dict[str, Any]
    findings: list[Shown]


class Misfit(ValueError):
    """An answer that does not come from the probe."""


def agent(name: str, connection: str, target: Target, raw: Mapping[str, Any]) -> AgentResult:
    """One agent host's entry. ``raw`` is what came of the probe there, in whatever form."""
    if isinstance(raw.get("addresses"), list) and isinstance(raw.get("place"), Mapping):
        try:
            seen = observed(target, raw)
        except (Misfit, TypeError, ValueError) as problem:
            return _nothing(name, connection, target, "PROBE_FAILED", f"its answer is not the probe's: {problem}")
        found = [one.public() for one in findings(target, seen)]
        # Whoever decides by a result whether a name leads to a link must not be misled by the form of an address.
        shown = public(target, replace(seen, names=native(seen.names)) if seen.names else seen)
        return {
            "name": name,
            "connection": connection,
            "place": shown["place"],
            "names": shown["names"],
            "addresses": shown["addresses"],
            "health": shown["health"],
            "findings": [*found, *_nearby(name, connection, target, shown["place"])],
        }
    code = "AGENT_HOST_UNREACHABLE" if raw.get("unreachable") is True else "PROBE_FAILED"
    return _nothing(name, connection, target, code, _detail(raw))


def still_old(target: Target, raw: Any) -> float:
    """Seconds after which an agent host is to be asked again, because the answer that it gets is an old one; 0 if it is not."""
    if not target.patience:
        return 0.0
    try:
        names = observed(target, raw).names
    except (AttributeError, KeyError, TypeError, ValueError):
        return 0.0  # `agent` says what is wrong with it
    return pause(target, names) if names else 0.0


def later(target: Target, first: Any, again: Any, waited: float) -> Any:
    """A second answer, with what the first one said and the seconds since then, as the probe tells it that waits by itself."""
    names = observed(target, first).names
    old = (names.before or kept(target, names)) if names else None
    if old is None or not isinstance(again, dict) or not isinstance(again.get("names"), dict):
        return again
    return {
        **again,
        "names": {
            **again["names"],
            "before": public_lookup(old),
            "waited": waited,
        },
    }


def _nothing(name: str, connection: str, target: Target, code: str, detail: str) -> AgentResult:
    facts = {"agent": name, "connection": connection, "detail": printable(detail).rstrip(".")}
    return unasked(name, connection, finding(code, target.vpc, **facts))


def unasked(name: str, connection: str, failed: Finding) -> AgentResult:
    """The entry of an agent host that saw nothing, and why."""
    return {
        "name": name,
        "connection": connection,
        "place": {},
        "names": {},
        "addresses": [],
        "health": {},
        "findings": [failed.public()],
    }


def _nearby(name: str, connection: str, target: Target, place: Mapping[str, Any]) -> list[Shown]:
    """It is easy to mistake an automation controller's own machine for an agent host."""
    if connection not in {"local", "ansible.builtin.local"}:
        return []
    facts = {"hostname": place.get("hostname", ""), "sources": place.get("sources", [])}
    return [finding("AGENT_HOST_LOCAL", target.vpc, agent=name, **facts).public()]


# --- from an answer to what was seen


def observed(target: Target, raw: Mapping[str, Any]) -> Observations:
    """What the probe saw. Raises Misfit where the answer does not fit what was asked."""
    place, names = raw["place"], _names(raw.get("names") or {})
    named = native(names, target.expected).system.addresses if names else ()
    asked = {*target.expected, *named}
    reached = {reach.address: reach for reach in map(_reach, _list(raw["addresses"])) if reach.address in asked}
    missing = set(target.expected) - set(reached)
    if missing:
        raise Misfit(f"it says nothing of {', '.join(sorted(missing))}")
    if target.resolve and names is None:
        raise Misfit("it says nothing of the name")
    proxy, health = printable(place.get("proxy", ""), 40), raw.get("health") or {}
    return Observations(
        hostname=printable(place.get("hostname", ""), 253),
        reached=tuple(_judged(target, reach) for reach in reached.values()),
        names=names,
        proxy=(proxy, printable(place.get("proxy_url", ""), 200)) if proxy else None,
        health=_health(target, health) if health else None,
        machine=printable(place.get("machine", ""), 80),
        search=tuple(printable(each, 253) for each in _list(place.get("search") or [])),
        ndots=int(_number(place.get("ndots", 1))),
    )


def _judged(target: Target, reach: Reach) -> Reach:
    """An address works only if every stage passed and the answer is Astro's; the agent host's own verdict does not count."""
    if reach.problem or not target.expected:
        return reach
    answered = target.path != "/" or (reach.status == 404 and reach.body.strip() == BODY)
    problem = "" if reach.tcp and reach.tls and answered else "HTTP_UNEXPECTED" if reach.tls else "TLS_FAILED"
    return Reach(**{**vars(reach), "problem": problem}) if problem else reach


def _names(raw: Any) -> Names | None:
    if not _mapping(raw):
        return None
    resolver, before = raw.get("vpc_resolver") or {}, raw.get("before") or {}
    captured = _mapping(raw.get("captured") or {})
    return Names(
        system=_lookup(raw),
        servers=tuple(map(_lookup, _list(raw.get("servers") or []))),
        vpc_resolver=_lookup(resolver) if resolver else None,
        pinned=_addresses(raw.get("pinned") or []),
        captured={printable(name, 253): _addresses(found) for name, found in list(captured.items())[:MOST]},
        before=_lookup(before) if before else None,
        waited=_number(raw.get("waited")),
    )


def _lookup(raw: Any) -> Lookup:
    raw = _mapping(raw)
    ttl = raw.get("ttl")
    return Lookup(
        server=printable(raw.get("server", ""), 100),
        addresses=_addresses(raw.get("addresses") or []),
        problem=_code(raw.get("problem"), _NAME_CODES),
        detail=printable(raw.get("detail", "")),
        aliases=tuple(printable(each, 253) for each in _list(raw.get("aliases") or [])),
        ttl=None if ttl is None else int(_number(ttl)),
        seconds=_number(raw.get("seconds")),
    )


def _reach(raw: Any) -> Reach:
    raw = _mapping(raw)
    said = _mapping(raw.get("facts") or {})
    source = str(raw.get("source") or "")
    return Reach(
        address=_address(raw.get("address")),
        tcp=raw.get("tcp") is True,
        tls=raw.get("tls") is True,
        status=int(_number(raw.get("status"))),
        body=printable(raw.get("body", ""), 200),
        problem=_code(raw.get("problem"), _REACH_CODES),
        facts={key: _fact(said.get(key, otherwise)) for key, otherwise in _FACTS.items()},
        source=_address(source) if source else "",
        issuer=printable(raw.get("issuer", ""), 200),
        not_after=printable(raw.get("not_after", ""), 60),
        seconds=_number(raw.get("seconds")),
        stages=_durations(raw.get("stages") or {}),
    )


def _durations(raw: Any) -> dict[str, float]:
    said = _mapping(raw)
    return {stage: _number(said[stage]) for stage in STAGES if said.get(stage) is not None}


def _health(target: Target, raw: Any) -> Health:
    raw = _mapping(raw)
    return Health(
        url=target.health_url, status=int(_number(raw.get("status"))), detail=printable(raw.get("detail", ""))
    )


def _mapping(raw: Any) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise Misfit("a part of it has another form")
    return raw


def _list(raw: Any) -> list[Any]:
    if not isinstance(raw, list):
        raise Misfit("a part of it has another form")
    return raw[:MOST]


def _fact(raw: Any) -> Any:
    return [printable(each, 253) for each in raw[:MOST]] if isinstance(raw, list) else printable(raw)


def _addresses(raw: Any) -> tuple[str, ...]:
    return tuple(_address(each) for each in _list(raw))


def _address(raw: Any) -> str:
    try:
        return str(ipaddress.ip_address(str(raw).partition("%")[0]))
    except ValueError:
        raise Misfit("it has an address that is none") from None


def _number(raw: Any) -> float:
    try:
        number = 0.0 if raw is None or isinstance(raw, bool) else float(raw)
    except OverflowError:  # JSON has whole numbers of any length
        number = -1.0
    if not 0 <= number < 1e7:
        raise Misfit("a number of it makes no sense")
    return number


def _code(raw: Any, known: Collection[str]) -> str:
    code = str(raw or "")
    if code and code not in known:
        raise Misfit("it has a code that this version does not know")
    return code


# --- why there is no answer


#: Ansible's first command on a host makes a directory. Why that failed is at the end, if anywhere; the rest is a guess.
_FIRST_COMMAND = re.compile(
    r"Failed to create temporary directory\..* exited with result \d+(?:, std(?:out|err) output: (.*))?", re.DOTALL
)
_SEARCHED = 4000
_NOTHING_RUNS = "no command runs there, if there is such a host or pod at all; -vvvv shows what the connection says"


def _detail(probe: Mapping[str, Any]) -> str:
    """The last that was said; of what Python says when a program ends, only what it was."""
    written = "\n".join(
        str(probe.get(stream) or "") for stream in ("module_stdout", "module_stderr")
    )  # one, on a terminal
    said = written.strip() or str(probe.get("msg") or "").strip() or "it says nothing"
    # Searched in a part only: an agent host's text may be made to keep the expression busy.
    if first := _FIRST_COMMAND.search(said[:_SEARCHED]):
        said = (first[1] or _NOTHING_RUNS).strip()
    last = said.splitlines()[-1]
    return (last if re.match(r"[\w.]+Error: ", last) else said[-500:]).rstrip(".")
