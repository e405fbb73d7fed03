# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as one self-contained HTML page: no script, no external font or image. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .html import Child, Html, tag, together
from .picture import picture

_WORDS = {"works": "works", "failed": "failed", "unverified": "not verified"}
_HEALTH = {"healthy": "healthy", "doubtful": "doubtful", "unknown": "not known"}

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --page: #f6f7f9; --card: #fff; --line: #d9dee5;
  --works: #14804a; --works-soft: #e3f4ea; --failed: #c02b2b; --failed-soft: #fdeaea; --unverified: #8a6100;
  --unverified-soft: #fdf3d8; --astro: #5a3fc0; --astro-soft: #eeeafb; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #9aa6b5; --page: #12161c; --card: #1a2028;
  --line: #313a46; --works: #5ecb91; --works-soft: #16301f; --failed: #ff8585; --failed-soft: #3a1c1e;
  --unverified: #e6bd5a; --unverified-soft: #33290f; --astro: #b3a1f5; --astro-soft: #262040; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI",
  Roboto, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 1.15rem; margin: 36px 0 12px; }
h3 { font-size: 1rem; margin: 0; }
p { margin: 4px 0; }
code, .code, td, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .86em; }
.soft { color: var(--soft); }
.banner { border-left: 6px solid var(--line); padding: 16px 20px; border-radius: 8px; background: var(--card); }
.banner.works { border-color: var(--works); } .banner.failed { border-color: var(--failed); }
.banner.unverified { border-color: var(--unverified); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 16px; margin: 0 0 12px; }
.card.error { border-left: 4px solid var(--failed); } .card.warning { border-left: 4px solid var(--unverified); }
.pill { display: inline-block; border-radius: 99px; padding: 0 10px; font-size: .82rem; font-weight: 600;
  white-space: nowrap; }
.works.pill, td.works { color: var(--works); } .works.pill { background: var(--works-soft); }
.failed.pill, td.failed { color: var(--failed); } .failed.pill { background: var(--failed-soft); }
.unverified.pill, td.unverified { color: var(--unverified); } .unverified.pill { background: var(--unverified-soft); }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 7px 12px; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-size: .8rem; color: var(--soft); font-weight: 600; white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
td { overflow-wrap: anywhere; min-width: 4.5em; }
td:first-child, td.works, td.failed, td.unverified { white-space: nowrap; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--page); padding: 12px; border-radius: 6px; }
details > summary { cursor: pointer; }
details .scroll { margin-top: 10px; }
ul { margin: 6px 0; padding-left: 20px; }
svg.picture { display: block; min-width: 720px; width: 100%; height: auto; font: 12.5px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .title { font-weight: 600; } svg .label { fill: var(--soft); }
svg .place { fill: none; stroke: var(--line); stroke-dasharray: 5 4; }
svg .box { fill: var(--card); stroke: var(--line); stroke-width: 1.5; } svg .way { fill: none; stroke-width: 2.5; }
svg .works { stroke: var(--works); } svg .failed { stroke: var(--failed); stroke-dasharray: 6 5; }
svg .box.failed { stroke-dasharray: none; } svg .unverified { stroke: var(--unverified); stroke-dasharray: 2 5; }
svg .box.unverified { stroke-dasharray: none; } svg .astro { stroke: var(--astro); fill: var(--astro-soft); }
svg .mark { stroke: none; } svg .mark.works { fill: var(--works); } svg .mark.failed { fill: var(--failed); }
svg .mark.unverified { fill: var(--unverified); }
@media print { body { background: #fff; font-size: 12px; } main { padding: 0; max-width: none; }
  .card, tr, svg { break-inside: avoid; } .scroll { overflow: visible; } details > summary { list-style: none; } }
"""


def page(report: Mapping[str, Any], at: str) -> str:
    """``at`` is when it was made, as text."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content="default-src 'none'; style-src 'unsafe-inline'"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", "PrivateLink to Astro"),
        tag("style", Html(STYLE)),
    )
    body = tag(
        "main",
        _banner(report, at),
        tag("h2", "How traffic flows"),
        tag("div", picture(report), class_="scroll"),
        tag("h2", "What the agents see"),
        _matrix(report["vpcs"]),
        *_findings(report["vpcs"]),
        tag("h2", "Each VPC"),
        *map(_vpc, report["vpcs"]),
        *_changes(report),
    )
    return f"<!doctype html>\n{tag('html', head, tag('body', body), lang='en')}\n"


def _banner(report: Mapping[str, Any], at: str) -> Html:
    vpcs = report["vpcs"]
    good = sum(vpc["verdict"] == "works" for vpc in vpcs)
    failed = any(vpc["verdict"] == "failed" for vpc in vpcs)
    state = "works" if report["passed"] else "failed" if failed else "unverified"
    title = f"{good} of {len(vpcs)} VPCs reach Astro over PrivateLink"
    return tag(
        "header",
        tag("h1", title if vpcs else "No VPC was checked"),
        tag("p", f"Seen from inside each VPC, {at}.", class_="soft"),
        tag("p", "Check mode: nothing was changed; what setup would do is at the end.")
        if report["check_mode"]
        else None,
        class_=f"banner {state}",
    )


# --- the matrix of checks


def _matrix(vpcs: Sequence[Mapping[str, Any]]) -> Html:
    heads = ("VPC", "Verdict", "Agent host", "Name resolves to the link", "TCP", "TLS", "Astro's answer", "Agents")
    rows = [row for vpc in vpcs for row in _rows(vpc)]
    return _table(heads, rows)


def _rows(vpc: Mapping[str, Any]) -> Iterable[Sequence[Child]]:
    expected = {address["address"] for address in vpc["endpoint"]["addresses"]}
    verdict = _cell(_WORDS[vpc["verdict"]], vpc["verdict"])
    health = vpc["healthy"]["state"]
    healthy = _cell(_HEALTH[health], {"healthy": "works", "doubtful": "failed"}.get(health, "unverified"))
    if not vpc["agents"]:
        yield [vpc["name"], verdict, "-", *[_cell("-", "unverified")] * 4, healthy]
    for agent in vpc["agents"]:
        own = [reach for reach in agent["addresses"] if reach["address"] in expected]
        stages = [_share([reach[key] for reach in own]) for key in ("tcp", "tls")]
        answers = _share([bool(reach["status"]) and not reach["problem"] for reach in own])
        yield [vpc["name"], verdict, agent["name"], _name_cell(agent["names"], expected), *stages, answers, healthy]


def _name_cell(names: Mapping[str, Any], expected: set[str]) -> Html:
    if not names:
        return _cell("not asked", "unverified")
    if names["problem"]:
        return _cell(names["problem"], "failed")
    return _cell("yes", "works") if set(names["addresses"]) <= expected else _cell("no", "failed")


def _share(done: Sequence[bool]) -> Html:
    state = "unverified" if not done else "works" if all(done) else "failed"
    return _cell(f"{sum(done)} of {len(done)}" if done else "-", state)


def _cell(text: Child, state: str) -> Html:
    return tag("td", text, class_=state)


def _table(heads: Sequence[str], rows: Iterable[Sequence[Child]]) -> Html:
    body = [
        tag("tr", *(cell if isinstance(cell, Html) and cell.startswith("<td") else tag("td", cell) for cell in row))
        for row in rows
    ]
    return tag("div", tag("table", tag("tr", *(tag("th", head) for head in heads)), *body), class_="scroll")


# --- findings, VPCs, changes


def _findings(vpcs: Sequence[Mapping[str, Any]]) -> list[Html]:
    found = [one for vpc in vpcs for one in vpc["findings"]]
    if not found:
        return []
    errors_first = sorted(found, key=lambda one: one["severity"] != "error")
    return [tag("h2", "Problems and remedies"), *map(_finding, errors_first)]


def _finding(one: Mapping[str, Any]) -> Html:
    state = "failed" if one["severity"] == "error" else "unverified"
    return tag(
        "div",
        tag("h3", tag("span", one["code"], class_=f"pill {state}"), " ", one["vpc"]),
        tag("p", one["seen"]),
        tag("p", tag("strong", "Remedy: "), one["remedy"]),
        class_=f"card {one['severity']}",
    )


def _vpc(vpc: Mapping[str, Any]) -> Html:
    title = tag("strong", vpc["name"]), " ", tag("span", _WORDS[vpc["verdict"]], class_=f"pill {vpc['verdict']}")
    account = f", account {vpc['account_id']}" if vpc["account_id"] else ""
    link = "its own link" if vpc["link"] == vpc["name"] else f"the link of {vpc['link']}"
    endpoint = vpc["endpoint"]
    return tag(
        "details",
        tag("summary", *title, tag("span", f" {vpc['vpc_id']}, {vpc['region']}{account}", class_="soft")),
        tag("p", f"{vpc['host']} by {link}: {endpoint['vpc_endpoint_id'] or 'no endpoint'} {endpoint['state']}."),
        *_zone(vpc["zone"]),
        tag("p", f"Endpoint service {endpoint['service_name']}", class_="soft"),
        *(part for agent in vpc["agents"] for part in _agent(agent)),
        *_health(vpc["healthy"]),
        *([_lines(vpc["support_request"])] if vpc["support_request"] else []),
        class_="card",
        open="" if vpc["verdict"] == "failed" else None,
    )


def _zone(zone: Mapping[str, Any]) -> list[Html]:
    if not zone:
        return []
    associated = "associated" if zone["associated"] else "not associated"
    return [tag("p", f"Private hosted zone {zone['hosted_zone_id']}, {associated} with this VPC.")]


def _agent(agent: Mapping[str, Any]) -> Iterable[Html]:
    place = agent["place"]
    sources = ", ".join(place.get("sources", [])) or "no connection was made"
    looked = (
        f"Checked from {place.get('hostname', agent['name'])} ({sources}) over the connection {agent['connection']}."
    )
    yield tag("p", tag("strong", agent["name"]), ". ", looked)
    names = agent["names"]
    if names:
        answers = [names, *names["servers"], *([names["vpc_resolver"]] if names["vpc_resolver"] else [])]
        if old := names["before"]:
            said = ", ".join(old["addresses"]) or old["problem"]
            yield tag(
                "p", f"{old['server']} had an old answer in its cache, {said}; verify waited {names['waited']} s."
            )
        yield _table(
            ("Resolver", "Answer", "TTL", "Seconds"),
            [
                (one["server"], ", ".join(one["addresses"]) or one["problem"], one["ttl"], one["seconds"])
                for one in answers
            ],
        )
    if agent["addresses"]:
        yield _table(
            ("Address", "Network interface", "TCP", "TLS, certificate issuer", "HTTP", "Problem", "Seconds"),
            [_reach(reach) for reach in agent["addresses"]],
        )


def _reach(reach: Mapping[str, Any]) -> Sequence[Child]:
    return (
        reach["address"],
        reach["interface"] or "not the link's",
        "yes" if reach["tcp"] else "no",
        reach["issuer"] if reach["tls"] else "no",
        f"{reach['status']} {reach['body']}" if reach["status"] else "-",
        _cell(reach["problem"] or "-", "failed" if reach["problem"] else "works"),
        reach["seconds"],
    )


def _health(healthy: Mapping[str, Any]) -> list[Html]:
    if not healthy["rests_on"]:
        return [
            tag("p", "Whether the agents are Healthy in Astro is unknown: check Remote Agents in Astro.", class_="soft")
        ]
    evidence = [tag("li", one["text"]) for one in healthy["rests_on"]]
    return [tag("p", f"The agents are {healthy['state']}. Evidence:"), tag("ul", *evidence)]


def _lines(text: str) -> Html:
    lines = [part for line in text.split("\n") for part in (tag("br"), line)][1:]
    return tag("pre", together(*lines))


def _changes(report: Mapping[str, Any]) -> list[Html]:
    changes = report["changes"]
    title = "What setup would change" if report["check_mode"] else "What setup changed in this run"
    if not changes:
        return [tag("h2", title), tag("p", "Nothing.")]
    rows = [(change["operation"], ", ".join(change["vpcs"])) for change in changes]
    return [tag("h2", title), _table(("AWS request", "VPCs"), rows)]
