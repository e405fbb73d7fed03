# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as a table for a terminal. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._core.listing import FEW

_HEAD = ("VPC", "AGENT HOST", "LINK", "ADDRESSES", "DNS", "TLS", "HTTP", "VERDICT")
#: VPCs of a large fleet that have lines of their own and fail alike.
_ALIKE = 10
#: Texts for Support that a terminal shows; the report has all.
_LETTERS = 2
#: What is no public address, beside what Python takes for private, such as the ranges for documentation.
_PRIVATE = [
    ipaddress.ip_network(each)
    for each in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "fc00::/7",
        "fe80::/10",
    )
]


def summary(report: Mapping[str, Any]) -> list[str]:
    """One line for each agent host, and one for each VPC without any. In a large fleet only VPCs that failed have lines, and the
    others are counted."""
    vpcs = report["vpcs"]
    if len(vpcs) <= FEW:
        return _aligned([row for vpc in vpcs for row in _rows(vpc)])
    alike: dict[str, list[Mapping[str, Any]]] = {}
    for vpc in sorted(vpcs, key=lambda each: each["verdict"] != "failed"):
        alike.setdefault(_verdict(vpc["findings"], vpc["verdict"]), []).append(vpc)
    rows: list[tuple[str, ...]] = []
    counts: list[str] = []
    for verdict, some in alike.items():
        shown = some[:_ALIKE] if some[0]["verdict"] == "failed" else []
        rows += [row for vpc in shown for row in _rows(vpc) if row[-1] != "works"]
        if left := len(some) - len(shown):
            counts.append(f"{left:,} {'more ' if shown else ''}{'VPC' if left == 1 else 'VPCs'}: {verdict}")
    return [*(_aligned(rows) if rows else []), *counts]


def failed(report: Mapping[str, Any]) -> list[str]:
    """The VPCs that failed, together with those that failed alike: what is read last is what there is to do."""
    alike: dict[str, list[str]] = {}
    for vpc in report["vpcs"]:
        if vpc["verdict"] == "failed":
            alike.setdefault(_verdict(vpc["findings"], vpc["verdict"]), []).append(vpc["name"])
    return [f"  {verdict}: {_list(names[:_ALIKE])}{_more(len(names) - _ALIKE)}" for verdict, names in alike.items()]


def _more(number: int) -> str:
    return f" and {number:,} more" if number > 0 else ""


def letters(report: Mapping[str, Any]) -> list[str]:
    """The texts for Astronomer Support, one for each endpoint, and how many are left out."""
    found = {
        vpc["endpoint"]["vpc_endpoint_id"]: vpc["support_request"]
        for vpc in reversed(report["vpcs"])
        if vpc["support_request"]
    }
    texts = [*found.values()][::-1]
    left = len(texts) - _LETTERS
    more = [f"The report has {left} more such {'text' if left == 1 else 'texts'}."] if left > 0 else []
    return [line for text in texts[:_LETTERS] for line in text.splitlines()] + more


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in [_HEAD, *rows]) for i in range(len(_HEAD))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [_HEAD, *rows]
    ]


def _rows(vpc: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    link = "own" if vpc["link"] == vpc["name"] else f"via {vpc['link']}"
    expected = [address["address"] for address in vpc["endpoint"]["addresses"]]
    if not vpc["agents"]:
        yield (vpc["name"], "-", link, _list(expected), "-", "-", "-", _verdict(vpc["findings"], vpc["verdict"]))
    of_agents = [one for agent in vpc["agents"] for one in agent["findings"]]
    of_vpc = [one for one in vpc["findings"] if one not in of_agents]
    for agent in vpc["agents"]:
        own = [reach for reach in agent["addresses"] if reach["address"] in expected]
        yield (
            vpc["name"],
            agent["name"],
            link,
            _list(agent["names"].get("addresses", [])),
            _dns(agent["names"], expected),
            _share(sum(reach["tls"] for reach in own), len(own)),
            _list(sorted({str(reach["status"] or "-") for reach in own})),
            _verdict([*of_vpc, *agent["findings"]], "works"),
        )


def _verdict(findings: Sequence[Mapping[str, Any]], otherwise: str) -> str:
    errors = [one["code"] for one in findings if one["severity"] == "error"]
    warnings = [one["code"] for one in findings if one["severity"] == "warning"]
    if errors:
        return _list(dict.fromkeys(errors))
    return f"{otherwise} ({_list(dict.fromkeys(warnings))})" if warnings else otherwise


def _dns(names: Mapping[str, Any], expected: Sequence[str]) -> str:
    if not names:
        return "-"
    if names["problem"]:
        return str(names["problem"].removeprefix("DNS_").lower())
    others = set(names["addresses"]) - set(expected)
    return "private" if not others else "public" if not any(map(_inside, others)) else "other"


def _inside(address: str) -> bool:
    """Whether an address is of a private network."""
    return any(ipaddress.ip_address(address) in network for network in _PRIVATE)


def _share(good: int, all_of: int) -> str:
    if not all_of:
        return "-"
    return "verified" if good == all_of else f"{good} of {all_of}"


def _list(items: Iterable[str]) -> str:
    return ", ".join(items) or "-"
