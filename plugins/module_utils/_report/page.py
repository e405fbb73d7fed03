# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as one self-contained HTML page: no external script, font or image. Pure.

Problems come first, then the picture, then the VPCs. Everything works without its one script, which filters the VPCs of a large fleet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._core.listing import FEW
from .entries import vpcs
from .html import Html, tag
from .parts import WORDS, Names, counted, table
from .picture import NARROW, picture
from .problems import problems
from .style import FILTER, FILTER_HASH, STYLE

_LEGEND = "Solid green: works. Dashed red: failed. Dotted amber: not verified."


def page(report: Mapping[str, Any], at: str) -> str:
    """``at`` is when it was made, as text."""
    every = report["vpcs"]
    filtered = len(every) > FEW
    allowed = (
        f"default-src 'none'; style-src 'unsafe-inline'{f'; script-src {_quoted(FILTER_HASH)}' if filtered else ''}"
    )
    names = Names(every)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=allowed),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", "PrivateLink to Astro"),
        tag("style", Html(STYLE)),
    )
    body = tag(
        "main",
        _banner(report, at, names),
        *problems(every, names),
        *_traffic(every),
        *vpcs(every, names),
        *_changes(report, names),
    )
    script = tag("script", Html(FILTER)) if filtered else None
    return f"<!doctype html>\n{tag('html', head, tag('body', body, script), lang='en')}\n"


def _quoted(text: str) -> str:
    return f"'{text}'"


def _banner(report: Mapping[str, Any], at: str, names: Names) -> Html:
    every = report["vpcs"]
    there = {verdict: [vpc["name"] for vpc in every if vpc["verdict"] == verdict] for verdict in WORDS}
    state = "works" if report["passed"] else "failed" if there["failed"] else "unverified"
    title = f"{len(there['works']):,} of {counted(len(every), 'VPC')} reach Astro over PrivateLink"
    hosts = list(dict.fromkeys(vpc["host"] for vpc in every))
    more = f" and {len(hosts) - 3} more" if len(hosts) > 3 else ""
    return tag(
        "header",
        tag("h1", title if every else "No VPC was checked"),
        *(
            tag("div", tag("strong", f"{len(there[verdict]):,} {WORDS[verdict]}: "), names.all(there[verdict]))
            for verdict in ("failed", "unverified")
            if there[verdict]
        ),
        tag("p", f"Seen from inside each VPC, {at}.", class_="soft"),
        tag("p", f"{', '.join(hosts[:3])}{more}", class_="soft") if hosts else None,
        tag("p", "Check mode: nothing was changed; what setup would do is at the end.")
        if report["check_mode"]
        else None,
        class_=f"banner {state}",
    )


def _traffic(every: Sequence[Mapping[str, Any]]) -> Iterable[Html]:
    yield tag("h2", "How traffic flows")
    yield tag("div", picture(every), class_="scroll wide")
    yield tag("div", picture(every, NARROW), class_="scroll narrow")
    yield tag("p", _LEGEND, class_="soft")


def _changes(report: Mapping[str, Any], names: Names) -> list[Html]:
    changes = report["changes"]
    title = "What setup would change" if report["check_mode"] else "What setup changed in this run"
    if not changes:
        return [tag("h2", title), tag("p", "Nothing.")]
    asked: dict[str, list[list[str]]] = {}
    for change in changes:
        asked.setdefault(change["operation"], []).append(change["vpcs"])
    rows = [
        (operation, f"{len(each):,}", names.all(list(dict.fromkeys(vpc for vpcs in each for vpc in vpcs))))
        for operation, each in asked.items()
    ]
    return [tag("h2", title), table("changes", rows)]
