# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VPCs of a report's page: what their agents see as a table, and each with all that is known of it. Pure.

In a large fleet the table has those with a problem only, and the VPCs are grouped by account and region. What works is folded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._core.listing import FEW
from . import fates
from .document import lasting
from .html import Child, Html, tag, together
from .parts import MANY, WORDS, Names, cell, counted, fold, table
from .ways import place

#: VPCs with a problem that are in the table and unfolded, in a large fleet.
MOST = 50
_HEALTH = {"healthy": "healthy", "doubtful": "doubtful", "unknown": "not known"}
_UNKNOWN = "Whether the agents are Healthy in Astro is unknown: check Remote Agents in Astro."


def vpcs(every: Sequence[Mapping[str, Any]], names: Names) -> list[Html]:
    failed = [vpc for vpc in every if vpc["verdict"] == "failed"]
    few = len(every) <= FEW
    told = any(vpc["healthy"]["rests_on"] for vpc in every)  # else one sentence says it for all
    unfolded = {vpc["name"] for vpc in (failed if few else failed[:MOST])}
    seen = every if few else failed[:MOST]
    left = len(failed) - len(seen)
    parts = {vpc["name"]: _vpc(vpc, vpc["name"] in unfolded, told, names) for vpc in every}
    return [
        *([tag("h2", "What the agents see"), _matrix(seen, told, names)] if seen else []),
        *([tag("p", f"{counted(left, 'more VPC')} failed.", class_="soft")] if left > 0 and not few else []),
        tag("h2", "Each VPC"),
        *([] if told or not every else [tag("p", _UNKNOWN, class_="soft")]),
        *(parts.values() if few else [_filter(), *_places(every, parts, unfolded)]),
    ]


# --- the table of checks


def _matrix(every: Sequence[Mapping[str, Any]], told: bool, names: Names) -> Html:
    return table("seen", (row for vpc in every for row in _rows(vpc, names)), None if told else -1)


def _rows(vpc: Mapping[str, Any], names: Names) -> Iterable[Sequence[Child]]:
    expected = {address["address"] for address in vpc["endpoint"]["addresses"]}
    first = [names.one(vpc["name"]), cell(WORDS[vpc["verdict"]], vpc["verdict"])]
    health = vpc["healthy"]["state"]
    healthy = cell(_HEALTH[health], {"healthy": "works", "doubtful": "failed"}.get(health, "unverified"))
    if not vpc["agents"]:
        yield [*first, "-", *[cell("-", "unverified")] * 4, healthy]
    for agent in vpc["agents"]:
        own = [reach for reach in agent["addresses"] if reach["address"] in expected]
        stages = [_share([reach[key] for reach in own]) for key in ("tcp", "tls")]
        answers = _share([bool(reach["status"]) and not reach["problem"] for reach in own])
        yield [*first, agent["name"], _name_cell(agent["names"], expected), *stages, answers, healthy]


def _name_cell(names: Mapping[str, Any], expected: set[str]) -> Html:
    if not names:
        return cell("not asked", "unverified")
    if names["problem"]:
        return cell(names["problem"], "failed")
    return cell("yes", "works") if set(names["addresses"]) <= expected else cell("no", "failed")


def _share(done: Sequence[bool]) -> Html:
    state = "unverified" if not done else "works" if all(done) else "failed"
    return cell(f"{sum(done)} of {len(done)}" if done else "-", state)


# --- groups


def _filter() -> Html:
    return tag(
        "label",
        "Show only VPCs with these words: ",
        tag("input", type="search", placeholder="name, id, account, address, finding"),
        tag("span", class_="soft"),
        id="filter",
        hidden="",
    )


def _places(every: Sequence[Mapping[str, Any]], parts: Mapping[str, Html], unfolded: set[str]) -> Iterable[Html]:
    """Each account and region, those with a problem first."""
    places: dict[str, dict[str, list[str]]] = {}
    for vpc in every:
        by_verdict = places.setdefault(place(vpc), {"failed": [], "unverified": [], "works": []})
        by_verdict[vpc["verdict"]].append(vpc["name"])
    for name, there in sorted(places.items(), key=lambda one: (not one[1]["failed"], not one[1]["unverified"], one[0])):
        counts = [
            f"{len(there[verdict]):,} {(MANY if len(there[verdict]) > 1 else WORDS)[verdict]}"
            for verdict in there
            if there[verdict]
        ]
        worst, *_others = (verdict for verdict in there if there[verdict])
        summary = tag("strong", name), " ", tag("span", _many(there, counts), class_=f"pill {worst}")
        first = [vpc for vpc in there["failed"] if vpc in unfolded]
        rest = {
            "failed, too": [vpc for vpc in there["failed"] if vpc not in unfolded],
            "not verified": there["unverified"],
            "working": there["works"],
        }
        kinds = [(words, [parts[vpc] for vpc in some]) for words, some in rest.items() if some]
        if first or len(kinds) > 1:
            inside = [fold(f"{counted(len(some), 'VPC')} {words}", *some) for words, some in kinds]
        else:
            inside = [vpc for _words, some in kinds for vpc in some]
        yield fold(together(*summary), *(parts[vpc] for vpc in first), *inside, opened=bool(first), kind="fold card")


def _many(there: Mapping[str, Sequence[str]], counts: Sequence[str]) -> str:
    number = counted(sum(map(len, there.values())), "VPC")
    return f"{number}: {', '.join(counts)}"


# --- one VPC


def _vpc(vpc: Mapping[str, Any], opened: bool, told: bool, names: Names) -> Html:
    title = tag("strong", vpc["name"]), " ", tag("span", WORDS[vpc["verdict"]], class_=f"pill {vpc['verdict']}")
    account = f", account {vpc['account_id']}" if vpc["account_id"] else ""
    link = "its own link" if vpc["link"] == vpc["name"] else f"the link of {vpc['link']}"
    endpoint = vpc["endpoint"]
    codes = ", ".join(dict.fromkeys(one["code"] for one in vpc["findings"]))
    return tag(
        "details",
        tag("summary", *title, tag("span", f" {vpc['vpc_id']}, {vpc['region']}{account}", class_="soft")),
        tag("p", f"Problems: {codes}") if codes else None,
        tag("p", f"{vpc['host']} by {link}: {endpoint['vpc_endpoint_id'] or 'no endpoint'} {endpoint['state']}."),
        *_zone(vpc["zone"]),
        tag("p", f"Endpoint service {endpoint['service_name']}", class_="soft"),
        tag("p", f"Setup: {fates.words(vpc['things'])}.", class_="soft") if vpc.get("things") else None,
        *(part for alike in _alike(vpc["agents"]) for part in _agents(alike)),
        *(_health(vpc["healthy"]) if told else []),
        *([_lines(vpc["support_request"])] if vpc["support_request"] else []),
        class_="vpc card",
        id=names.anchor(vpc["name"]),
        open="" if opened else None,
    )


def _zone(zone: Mapping[str, Any]) -> list[Html]:
    if not zone:
        return []
    associated = "associated" if zone["associated"] else "not associated"
    return [tag("p", f"Private hosted zone {zone['hosted_zone_id']}, {associated} with this VPC.")]


def _alike(agents: Iterable[Mapping[str, Any]]) -> Iterable[Sequence[Mapping[str, Any]]]:
    """Agent hosts that saw the same, but for times and where each looked from."""
    alike: dict[str, list[Mapping[str, Any]]] = {}
    for agent in agents:
        names, reached = agent["names"], [{**reach, "source": ""} for reach in agent["addresses"]]
        saw = [lasting(names), names.get("before"), lasting(reached)]
        alike.setdefault(json.dumps(saw, sort_keys=True), []).append(agent)
    return alike.values()


def _agents(alike: Sequence[Mapping[str, Any]]) -> Iterable[Html]:
    for agent in alike:
        place = agent["place"]
        sources = ", ".join(place.get("sources", [])) or "no connection was made"
        looked = f"Checked from {place.get('hostname', agent['name'])} ({sources})"
        yield tag("p", tag("strong", agent["name"]), f". {looked} over the connection {agent['connection']}.")
    first = alike[0]
    names = first["names"]
    if names and len(alike) > 1:
        yield tag("p", f"All {len(alike)} saw the same. TTL and seconds are those of {first['name']}.", class_="soft")
    if names:
        answers = [names, *names["servers"], *([names["vpc_resolver"]] if names["vpc_resolver"] else [])]
        if old := names["before"]:
            said = ", ".join(old["addresses"]) or old["problem"]
            yield tag(
                "p", f"{old['server']} had an old answer in its cache, {said}; verify waited {names['waited']} s."
            )
        yield table(
            "names",
            [
                (one["server"], ", ".join(one["addresses"]) or one["problem"], one["ttl"], one["seconds"])
                for one in answers
            ],
        )
    if first["addresses"]:
        yield table("reached", [_reach(reach) for reach in first["addresses"]])


def _reach(reach: Mapping[str, Any]) -> Sequence[Child]:
    return (
        reach["address"],
        reach["interface"] or "not the link's",
        "yes" if reach["tcp"] else "no",
        reach["issuer"] if reach["tls"] else "no",
        f"{reach['status']} {reach['body']}" if reach["status"] else "-",
        cell(reach["problem"] or "-", "failed" if reach["problem"] else "works"),
        _seconds(reach),
    )


def _seconds(reach: Mapping[str, Any]) -> str:
    """How long it took, and each stage of it."""
    stages = ", ".join(f"{stage.upper()} {seconds:.3f}" for stage, seconds in reach.get("stages", {}).items())
    return f"{reach['seconds']:.3f} ({stages})" if stages else f"{reach['seconds']:.3f}"


def _health(healthy: Mapping[str, Any]) -> list[Html]:
    if not healthy["rests_on"]:
        return [tag("p", _UNKNOWN, class_="soft")]
    evidence = [tag("li", one["text"]) for one in healthy["rests_on"]]
    return [tag("p", f"The agents are {healthy['state']}. Evidence:"), tag("ul", *evidence)]


def _lines(text: str) -> Html:
    lines = [part for line in text.split("\n") for part in (tag("br"), line)][1:]
    return tag("pre", together(*lines))
