# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of a report: agent VPCs, their endpoints, Astro, and the paths between them, as SVG.

The page that shows it has the colours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .html import Child, Html, tag

WIDTH = 976
_VPC, _ENDPOINT, _ASTRO = (24, 264), (372, 264), (742, 218)  # left edge and width of each column
_LINE, _GAP, _PAD = 18, 16, 12
_CHARACTERS = 33  # of a line in a box


@dataclass(frozen=True)
class Box:
    """A box with its lines of text, of which the first is its title, and the state of the way that leads from it."""

    column: tuple[int, int]
    top: float
    lines: tuple[str, ...]
    state: str
    way: str
    marks: tuple[str, ...] = ()

    @property
    def height(self) -> float:
        return len(self.lines) * _LINE + 2 * _PAD - 4

    @property
    def middle(self) -> float:
        return self.top + self.height / 2

    @property
    def bottom(self) -> float:
        return self.top + self.height


@dataclass(frozen=True)
class Link:
    """A link's boxes: the VPCs that it serves, and its endpoint."""

    host: str
    vpcs: tuple[Box, ...]
    endpoint: Box

    @property
    def bottom(self) -> float:
        return max(self.endpoint.bottom, *(box.bottom for box in self.vpcs))


def picture(report: Mapping[str, Any]) -> Html:
    parts: list[Html] = []
    links: list[Link] = []
    top = 8.0
    for place, owners in _places(report["vpcs"]).items():
        start, top = top, top + 34
        for owner in owners:
            links.append(_link(report["vpcs"], owner, top))
            top = links[-1].bottom + _GAP
        width = _ENDPOINT[0] + _ENDPOINT[1] + 2 * _PAD - _VPC[0] + _PAD - 12
        frame = tag("rect", class_="place", x=_VPC[0] - 16, y=start, width=width, height=top - start, rx=12)
        parts += [frame, tag("text", place, class_="label", x=_VPC[0], y=start + 22)]
        top += _GAP
    astro = _astro(links, top)
    height = max(top, *(box.bottom for box in astro.values())) if astro else top
    ways = [way for link in links for way in _ways(link, astro[link.host])]
    boxes = [box for link in links for box in (*link.vpcs, link.endpoint)] + list(astro.values())
    return tag(
        "svg",
        tag("title", "Agent VPCs, their endpoints and Astro"),
        *parts,
        *ways,
        *map(_drawn, boxes),
        class_="picture",
        viewBox=f"0 0 {WIDTH} {height:.0f}",
        role="img",
    )


def _places(vpcs: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The links of each account and region, by the names of their owners. A link whose owner is not shown has none."""
    shown = {vpc["name"]: vpc for vpc in vpcs}
    found: dict[str, list[str]] = {}
    for owner in dict.fromkeys(vpc["link"] for vpc in vpcs):
        vpc = shown.get(owner) or next(vpc for vpc in vpcs if vpc["link"] == owner)
        account = f"account {vpc['account_id']}, " if vpc["account_id"] else ""
        found.setdefault(account + vpc["region"], []).append(owner)
    return found


def _link(vpcs: Sequence[Mapping[str, Any]], owner: str, top: float) -> Link:
    served = sorted((vpc for vpc in vpcs if vpc["link"] == owner), key=lambda vpc: (vpc["name"] != owner, vpc["name"]))
    boxes: list[Box] = []
    at = top
    for vpc in served:
        boxes.append(Box(_VPC, at, tuple(_vpc_lines(vpc, served[0])), vpc["verdict"], _path(vpc)))
        at = boxes[-1].bottom + _GAP
    return Link(served[0]["host"], tuple(boxes), _endpoint(served, top))


def _vpc_lines(vpc: Mapping[str, Any], first: Mapping[str, Any]) -> Iterator[str]:
    """``first`` is the VPC whose account the frame around them names."""
    joined = "" if vpc["link"] == vpc["name"] else f"  via {vpc['link']}"
    yield vpc["name"] + joined
    yield f"{vpc['vpc_id']} {vpc['region']}"
    if vpc["account_id"] != first["account_id"]:
        yield f"account {vpc['account_id'] or 'not said'}"
    if vpc["zone"]:
        yield f"zone {vpc['zone']['hosted_zone_id']}" + ("" if vpc["zone"]["associated"] else " (not associated)")
    for agent in vpc["agents"]:
        yield f"{agent['name']} {', '.join(agent['place'].get('sources', []))}"
    if not vpc["agents"]:
        yield "no agent host has looked"


def _path(vpc: Mapping[str, Any]) -> str:
    """Whether the agents come as far as the endpoint, whatever else may be wrong with the VPC."""
    expected = {address["address"] for address in vpc["endpoint"]["addresses"]}
    looked = [agent for agent in vpc["agents"] if agent["names"] and agent["addresses"]]
    led = all(agent["names"]["addresses"] and set(agent["names"]["addresses"]) <= expected for agent in looked)
    reached = [reach for agent in looked for reach in agent["addresses"] if reach["address"] in expected]
    if not looked:
        return "unverified"
    return "works" if led and all(reach["tcp"] for reach in reached) else "failed"


def _endpoint(served: Sequence[Mapping[str, Any]], top: float) -> Box:
    endpoint = served[0]["endpoint"]
    lines = [endpoint["vpc_endpoint_id"] or "no endpoint yet", endpoint["state"] or "-"]
    marks = ["", ""]
    for address in endpoint["addresses"]:
        lines.append(f"{address['address']}  {address['availability_zone']}")
        marks.append(_seen_of(served, address["address"]))
    states = {mark for mark in marks if mark}
    state = "failed" if "failed" in states else "works" if "works" in states else "unverified"
    return Box(_ENDPOINT, top, tuple(lines), state, state, tuple(marks))


def _seen_of(served: Sequence[Mapping[str, Any]], address: str) -> str:
    """How an address looks to all agents that tried it."""
    tried = [
        reach
        for vpc in served
        for agent in vpc["agents"]
        for reach in agent["addresses"]
        if reach["address"] == address
    ]
    if not tried:
        return "unverified"
    return "failed" if any(reach["problem"] for reach in tried) else "works"


def _astro(links: Sequence[Link], bottom: float) -> dict[str, Box]:
    """One box for each cluster, beside the middle of its links."""
    boxes: dict[str, Box] = {}
    least = 8.0
    for host in dict.fromkeys(link.host for link in links):
        of_host = [link.endpoint.middle for link in links if link.host == host]
        label, suffix = host.split(".", 1)
        box = Box(_ASTRO, 0, ("Astro", _cut(label, 27), suffix), "astro", "")
        top = min(max(sum(of_host) / len(of_host) - box.height / 2, least), max(bottom - box.height, least))
        boxes[host] = replace(box, top=top)
        least = top + box.height + _GAP
    return boxes


def _ways(link: Link, astro: Box) -> Iterator[Html]:
    for vpc in link.vpcs:
        yield _way(vpc, link.endpoint)
    yield _way(link.endpoint, astro)


def _way(start: Box, end: Box) -> Html:
    x1, x2 = start.column[0] + start.column[1], end.column[0]
    half = (x1 + x2) / 2
    curve = f"M{x1} {start.middle:.1f} C{half} {start.middle:.1f} {half} {end.middle:.1f} {x2} {end.middle:.1f}"
    return tag("path", class_=f"way {start.way}", d=curve)


def _drawn(box: Box) -> Html:
    left, width = box.column
    lines: list[Child] = [
        tag("rect", class_=f"box {box.state}", x=left, y=f"{box.top:.1f}", width=width, height=box.height, rx=8)
    ]
    for number, line in enumerate(box.lines):
        y = f"{box.top + _PAD + 10 + number * _LINE:.1f}"
        mark = box.marks[number] if box.marks else ""
        if mark:
            lines.append(tag("circle", class_=f"mark {mark}", cx=left + 20, cy=float(y) - 4, r=4))
        lines.append(
            tag("text", _cut(line), class_="title" if not number else None, x=left + (32 if mark else 14), y=y)
        )
    return tag("g", tag("title", ", ".join(box.lines)), *lines)


def _cut(line: str, most: int = _CHARACTERS) -> str:
    return line if len(line) <= most else f"{line[: most - 1]}…"
