# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster's own DNS makes of a name: CoreDNS's configuration (Corefile), also of the NodeLocal DNSCache. Pure.

https://coredns.io/manual/toc/ and the pages of its plugins. What is imported from elsewhere is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from .._core.findings import Finding, finding
from .._core.ranges import ipv4
from .._core.text import printable
from .need import Need
from .objects import Thing, name, namespace, text

#: Names of the ConfigMaps, in kube-system; NodeLocal DNSCache's, if it is there, is what pods ask.
CONFIGS = ("node-local-dns", "coredns")
#: Where NodeLocal DNSCache answers, on each node.
NODE_LOCAL = "169.254.20.10"
#: Longest time in seconds that CoreDNS is usually told to keep an answer, and what it does if it is not told.
_USUAL, _UNTOLD = 60, 3600
#: Longest Corefile that is read.
_LONGEST = 100_000
_NODE_UPSTREAM = "__PILLAR__UPSTREAM__SERVERS__"
_CLUSTER = "cluster.local"
_NODE_CLUSTER = "__PILLAR__CLUSTER__DNS__"


@dataclass(slots=True)
class Line:
    """One plugin's line, with the lines in its braces."""

    words: list[str]
    inner: list[Line] = field(default_factory=list)

    @property
    def shown(self) -> str:
        return printable(" ".join(self.words), 120)


def corefile(config: Thing) -> list[Line] | None:
    """The server blocks in a ConfigMap, or nothing if it cannot be read."""
    given = text(config, "data", "Corefile")
    lines = _parsed(given) if given and len(given) <= _LONGEST else None
    return lines or None


def check(need: Need, configs: Sequence[Thing]) -> list[Finding]:
    """What stands in the way of the link's name. ``configs`` are ConfigMaps; NodeLocal DNSCache's comes first, as pods ask it."""
    inside: set[str] = {_NODE_CLUSTER}
    found: list[Finding] = []
    for config in configs:
        lines, where = corefile(config) or [], f"{namespace(config)}/{name(config)}"
        block, local = _block(lines, need.host), name(config) == CONFIGS[0]
        if local:
            inside |= {_address(to) for to in _asked(_block(lines, _CLUSTER, least=1) or [], _CLUSTER)[1]}
        if block is None:
            continue
        for each in (_answers, _forwards, _keeps):
            found += each(need, where, block, inside)
        if local and not inside & {_address(to) for to in _asked(block, need.host)[1]}:
            break  # nobody asks the cluster's other DNS for this name
    return found


# --- the form


def _parsed(given: str) -> list[Line] | None:
    top: list[Line] = []
    stack = [top]
    for raw in given.splitlines():
        words = [
            word.strip('"') for word in re.findall(r'"[^"]*"|[^\s"]+', raw.split("#", 1)[0] if '"' not in raw else raw)
        ]
        if not words or words[0].startswith("#"):
            continue
        if words == ["}"]:
            if len(stack) == 1:
                return None
            stack.pop()
            continue
        opens = words[-1] == "{"
        line = Line(words[:-1] if opens else words)
        stack[-1].append(line)
        if opens:
            stack.append(line.inner)
    return top if len(stack) == 1 else None


def _block(lines: Sequence[Line], host: str, least: int = 0) -> list[Line] | None:
    """The lines of the server block that answers for a host: the one of the longest zone, which has ``least`` labels. Snippets
    are put in."""
    snippets = {line.words[0]: line.inner for line in lines if line.words[:1] and line.words[0].startswith("(")}
    best: tuple[int, list[Line]] | None = None
    for line in lines:
        for label in ",".join(line.words).split(","):
            depth = _depth(_zone(label), host) if label and not label.startswith("(") else -1
            if depth >= least and (best is None or depth > best[0]):
                best = (depth, line.inner)
    if best is None:
        return None
    return [each for line in best[1] for each in (_imported(line, snippets))]


def _imported(line: Line, snippets: dict[str, list[Line]]) -> list[Line]:
    return snippets.get(f"({line.words[1]})", []) if line.words[0] == "import" and len(line.words) > 1 else [line]


def _zone(word: str) -> str:
    """The zone in a server block's label: SCHEME://ZONE:PORT."""
    return re.sub(r":\d+$", "", word.rpartition("://")[2]).lower().rstrip(".")


def _depth(zone: str, host: str) -> int:
    """How many labels of a zone a host has, or -1 if the zone is not one of its zones."""
    if not zone:
        return 0
    return zone.count(".") + 1 if host == zone or host.endswith(f".{zone}") else -1


# --- what it does to the name


def _of(block: Iterable[Line], plugin: str) -> Iterator[Line]:
    return (line for line in block if line.words[0] == plugin)


def _answers(need: Need, where: str, block: Sequence[Line], _inside: set[str]) -> Iterator[Finding]:
    """Plugins that answer for the name themselves, or change it."""
    told = [
        line.shown for line in (*_hosts(block, need.host), *_templates(block, need.host), *_rewrites(block, need.host))
    ]
    if told:
        yield finding("CLUSTER_DNS_ANSWERS", need.vpc, config=where, host=need.host, line=told)


def _hosts(block: Iterable[Line], host: str) -> Iterator[Line]:
    for plugin in _of(block, "hosts"):
        yield from (line for line in plugin.inner if host in [word.lower().rstrip(".") for word in line.words[1:]])


def _templates(block: Iterable[Line], host: str) -> Iterator[Line]:
    for plugin in _of(block, "template"):
        kinds, zones = plugin.words[1:3], plugin.words[3:] or ["."]
        limited = any(line.words[0] == "match" for line in plugin.inner)  # by an expression, which is not evaluated
        if not limited and "A" in [*kinds, *(["A"] if "ANY" in kinds else [])]:
            yield from [plugin] if any(_depth(_zone(zone), host) >= 0 for zone in zones) else []


def _rewrites(block: Iterable[Line], host: str) -> Iterator[Line]:
    for plugin in _of(block, "rewrite"):
        words = [word for word in plugin.words[1:] if word not in {"stop", "continue"}]
        if words[:1] != ["name"] or len(words) < 3:
            continue
        kind, given = (
            (words[1], words[2]) if words[1] in {"exact", "prefix", "suffix", "substring"} else ("exact", words[1])
        )
        given = given.lower()
        fits = {
            "exact": host == given.rstrip("."),
            "prefix": host.startswith(given),
            "suffix": f"{host}.".endswith(given if given.endswith(".") else f"{given}."),
            "substring": given in host,
        }
        if words[1] != "regex" and fits[kind]:
            yield plugin


def _forwards(need: Need, where: str, block: Sequence[Line], inside: set[str]) -> Iterator[Finding]:
    """Who is asked for the name, if that is not the VPC's resolver."""
    line, asked = _asked(block, need.host)
    known = need.resolvers | inside | {_NODE_UPSTREAM}
    strange = [to for to in asked if not to.startswith("/") and _address(to) not in known]
    if not need.cidrs:  # then it is not known which private address is that of the VPC's resolver
        strange = [to for to in strange if not any(span.is_private for span in ipv4([_address(to)]))]
    if strange:
        facts = {"config": where, "servers": [printable(each, 100) for each in strange], "host": need.host}
        yield finding("CLUSTER_DNS_ELSEWHERE", need.vpc, line=line, **facts)


def _asked(block: Sequence[Line], host: str) -> tuple[str, list[str]]:
    """The most specific ``forward`` that fits a name: its line, and whom it asks."""
    fitting = [
        line for line in _of(block, "forward") if len(line.words) > 2 and _depth(_zone(line.words[1]), host) >= 0
    ]
    if not fitting:
        return "", []
    line = max(fitting, key=lambda each: _depth(_zone(each.words[1]), host))
    excepted = [word for inner in line.inner if inner.words[0] == "except" for word in inner.words[1:]]
    if any(_depth(_zone(word), host) >= 0 for word in excepted):
        return "", []
    return line.shown, line.words[2:]


def _address(to: str) -> str:
    to = to.rpartition("://")[2].partition("%")[0]
    return to if to.count(":") != 1 else to.partition(":")[0]


def _keeps(need: Need, where: str, block: Sequence[Line], _inside: set[str]) -> Iterator[Finding]:
    """For how long answers are kept, if that is longer than usual."""
    for line in _of(block, "cache"):
        longest, why = _kept(line)
        if longest > _USUAL:
            yield finding("CLUSTER_DNS_CACHE", need.vpc, config=where, line=why, seconds=longest, host=need.host)


def _kept(line: Line) -> tuple[int, str]:
    """Seconds that an answer is kept at most, and the line that says so."""
    longest, why = _UNTOLD if len(line.words) < 2 or not line.words[1].isdigit() else int(line.words[1]), line.shown
    for inner in line.inner:
        numbers = [int(word) for word in inner.words[1:] if word.isdigit() and len(word) < 9]
        if inner.words[0] == "success" and len(numbers) > 1:
            longest, why = numbers[1], inner.shown
        if inner.words[0] == "serve_stale":
            return max(longest, _UNTOLD), inner.shown
    return longest, why
