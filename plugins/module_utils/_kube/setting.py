# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pod's specification sets that decides how it reaches a host: proxy variables, DNS settings, lines of its hosts file. Pure.

Variables that come from elsewhere (``valueFrom``, ``envFrom``) are not known here; the probe sees them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from .._core.findings import Finding, finding
from .._core.text import printable
from .mesh import SIDECARS
from .need import Need, some
from .objects import Thing, containers, many, namespace, part, text, texts, workload

#: In the order in which Python's HTTP clients look; those in small letters win.
_PROXIES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


def check(need: Need, pods: Sequence[Thing]) -> list[Finding]:
    told: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[str]] = {}
    for pod in pods:
        for code, facts in (*_proxies(need, pod), *_dns(need, pod), *_pinned(need, pod)):
            told.setdefault((code, namespace(pod), tuple(facts.items())), []).append(workload(pod))
    return [
        finding(code, need.vpc, namespace=space, pods=some(who), host=need.host, **dict(facts))
        for (code, space, facts), who in told.items()
    ]


Told = tuple[str, dict[str, str]]


def _proxies(need: Need, pod: Thing) -> Iterator[Told]:
    for container in containers(pod):
        given = {
            text(each, "name"): text(each, "value")
            for each in many(container, "env")
            if "valueFrom" not in part({"e": each}, "e")
        }
        known = {text(each, "name") for each in many(container, "env")}
        variable = next((each for each in _PROXIES if given.get(each)), "")
        exempt = {"no_proxy", "NO_PROXY"} & known
        unknown = bool(exempt - set(given)) or (bool(many(container, "envFrom")) and not exempt)
        if text(container, "name") in SIDECARS or not variable or unknown:
            continue
        if not _exempts(given.get("no_proxy") or given.get("NO_PROXY", ""), need.host):
            yield "POD_PROXY", {"variable": variable, "proxy": _without_secrets(given[variable])}


def _exempts(no_proxy: str, host: str) -> bool:
    entries = [each.strip().lower().lstrip(".") for each in no_proxy.split(",")]
    return "*" in entries or any(host == each or host.endswith(f".{each}") for each in entries if each)


def _without_secrets(url: str) -> str:
    try:
        found = urlsplit(url if "://" in url else f"//{url}").netloc
    except ValueError:
        found = ""
    return printable(found.rpartition("@")[2], 200) or "a proxy"


def _dns(need: Need, pod: Thing) -> Iterator[Told]:
    """Name servers of the pod's own. ``dnsPolicy: None`` has no others; beside the cluster's they are asked, too."""
    servers = [printable(each, 60) for each in texts(pod, "spec", "dnsConfig", "nameservers")]
    strange = [each for each in servers if each not in need.resolvers and not each.startswith("169.254.")]
    if strange and need.cidrs:
        yield "POD_DNS", {"servers": ", ".join(sorted(strange))}


def _pinned(need: Need, pod: Thing) -> Iterator[Told]:
    for line in many(pod, "spec", "hostAliases"):
        if need.host in [each.lower().rstrip(".") for each in texts(line, "hostnames")]:
            yield "POD_PINNED", {"address": printable(text(line, "ip"), 60)}
