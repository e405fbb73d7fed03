# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of a report: agent VPCs, their endpoints, Astro, and the paths between them, as SVG; for a screen or a phone.

The page that shows it has the colours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from .html import Child, Html, tag
from .parts import MANY
from .ways import Link, Served, Vpc, elsewhere_of, links

_LINE, _GAP, _PAD = 18, 16, 12
_NAMES, _AGENTS = 3, 6  # most names of VPCs that failed, and of agent hosts, in one box


@dataclass(frozen=True, kw_only=True)
class Form:
    """Left edge and width of each kind of box. ``stacked`` has all of them below each other, and the ways at their sides."""

    width: int
    vpc: tuple[int, int]
    endpoint: tuple[int, int]
    astro: tuple[int, int]
    stacked: bool = False

    @property
    def frame(self) -> tuple[int, int]:
        right = self.endpoint[0] + self.endpoint[1]
        return self.vpc[0] - 16, right - self.vpc[0] + 2 * _PAD + (8 if self.stacked else 0)


WIDE = Form(width=976, vpc=(24, 264), endpoint=(372, 264), astro=(742, 218))
NARROW = Form(width=340, vpc=(24, 280), endpoint=(24, 280), astro=(24, 280), stacked=True)


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
class Drawn:
    """A link's boxes: the VPCs that it serves, and its endpoint."""

    host: str
    vpcs: tuple[Box, ...]
    endpoint: Box

    @property
    def bottom(self) -> float:
        return max(self.endpoint.bottom, *(box.bottom for box in self.vpcs))


def picture(vpcs: Sequence[Vpc], form: Form = WIDE) -> Html:
    parts: list[Html] = []
    drawn: list[Drawn] = []
    top = 8.0
    for at, there in _by_place(links(vpcs)).items():
        start, top = top, top + 34
        for link in there:
            drawn.append(_boxes(link, top, form))
            top = drawn[-1].bottom + _GAP
        left, width = form.frame
        frame = tag("rect", class_="place", x=left, y=start, width=width, height=top - start, rx=12)
        parts += [frame, tag("text", at, class_="label", x=form.vpc[0], y=start + 22)]
        top += _GAP
    astro = _astro(drawn, top, form)
    height = max(top, *(box.bottom + 8 for box in astro.values())) if astro else top
    ways = [way for link in drawn for way in _ways(link, astro[link.host], form)]
    boxes = [box for link in drawn for box in (*link.vpcs, link.endpoint)] + list(astro.values())
    return tag(
        "svg",
        tag("title", "Agent VPCs, their endpoints and Astro"),
        *parts,
        *ways,
        *map(_drawn, boxes),
        class_="picture",
        viewBox=f"0 0 {form.width} {height:.0f}",
        role="img",
    )


def _by_place(found: Iterable[Link]) -> dict[str, list[Link]]:
    places: dict[str, list[Link]] = {}
    for link in found:
        places.setdefault(link.place, []).append(link)
    return places


# --- what is in the boxes


def _boxes(link: Link, top: float, form: Form) -> Drawn:
    boxes: list[Box] = []
    at = top
    for served in link.served:
        lines = tuple(_vpc(served.vpcs[0], link) if len(served.vpcs) == 1 else _vpcs(served, link.place))
        boxes.append(Box(form.vpc, at, lines, served.verdict, served.way))
        at = boxes[-1].bottom + _GAP
    endpoint = _endpoint(link) if len(link.owners) == 1 else _endpoints(link)
    lines, marks = (tuple(each) for each in zip(*endpoint, strict=True))
    return Drawn(
        link.host, tuple(boxes), Box(form.endpoint, at if form.stacked else top, lines, link.state, link.state, marks)
    )


def _vpc(vpc: Vpc, link: Link) -> Iterator[str]:
    joined = "" if vpc["link"] == vpc["name"] else f"  via {vpc['link']}"
    yield vpc["name"] + joined
    yield f"{vpc['vpc_id']} {vpc['region']}"
    account = f"account {vpc['account_id'] or 'not said'}"
    if account not in link.place and (vpc["account_id"] or link.place.startswith("account ")):
        yield account
    if vpc["zone"]:
        yield f"zone {vpc['zone']['hosted_zone_id']}" + ("" if vpc["zone"]["associated"] else " (not associated)")
    for agent in vpc["agents"][:_AGENTS]:
        name = agent["name"].removeprefix(f"{vpc['name']}/")  # as those of pods begin
        yield f"{name} {', '.join(agent['place'].get('sources', []))}"
    if len(vpc["agents"]) > _AGENTS:
        yield f"and {len(vpc['agents']) - _AGENTS} more agent hosts"
    if not vpc["agents"]:
        yield "no agent host has looked"
    elif elsewhere := elsewhere_of(vpc):
        yield f"the name leads to {', '.join(elsewhere)}"


def _vpcs(served: Served, at: str) -> Iterator[str]:
    vpcs = served.vpcs
    yield f"{len(vpcs)} VPCs {MANY[served.verdict]}"
    accounts, regions = ({vpc[key] for vpc in vpcs if vpc[key]} for key in ("account_id", "region"))
    where = ", ".join(filter(None, (_count(accounts, "account"), _count(regions, "region"))))
    if where != at:
        yield where
    if served.verdict == "failed":
        yield from (vpc["name"] for vpc in vpcs[:_NAMES])
        if len(vpcs) > _NAMES:
            yield f"and {len(vpcs) - _NAMES} more"


def _count(names: set[str], thing: str) -> str:
    if len(names) == 1:
        return min(names) if thing == "region" else f"{thing} {min(names)}"
    return f"{len(names)} {thing}s" if names else ""


def _endpoint(link: Link) -> Iterator[tuple[str, str]]:
    """Lines, each with its mark."""
    endpoint = link.owners[0]["endpoint"]
    yield endpoint["vpc_endpoint_id"] or "no endpoint yet", ""
    yield endpoint["state"] or "-", ""
    for address, state in link.addresses:
        said = {"failed": " failed", "unverified": " not tried"}.get(state, "")  # never by its colour alone
        yield f"{address['address']}  {address['availability_zone']}{said}", state


def _endpoints(link: Link) -> Iterator[tuple[str, str]]:
    state = link.owners[0]["endpoint"]["state"]
    yield f"{len(link.owners)} {'endpoints' if state else 'VPCs without an endpoint'}", ""
    yield state or "-", ""
    states = [each for _address, each in link.addresses]
    for mark, words in (("works", "work"), ("failed", "failed"), ("unverified", "not tried")):
        if number := states.count(mark):
            yield f"{number} {'address' if number == 1 else 'addresses'} {words}", mark


# --- where they are, and the ways between them


def _astro(drawn: Sequence[Drawn], bottom: float, form: Form) -> dict[str, Box]:
    """One box for each cluster, beside the middle of its links, or below all of them."""
    boxes: dict[str, Box] = {}
    least = bottom if form.stacked else 8.0
    middles: dict[str, list[float]] = {}
    for link in drawn:
        middles.setdefault(link.host, []).append(link.endpoint.middle)
    for host, of_host in middles.items():
        label, suffix = host.split(".", 1)
        box = Box(form.astro, 0, ("Astro", _cut(label, 27), suffix), "astro", "")
        beside = sum(of_host) / len(of_host) - box.height / 2
        top = least if form.stacked else min(max(beside, least), max(bottom - box.height, least))
        boxes[host] = replace(box, top=top)
        least = top + box.height + _GAP
    return boxes


def _ways(link: Drawn, astro: Box, form: Form) -> Iterator[Html]:
    for vpc in link.vpcs:
        yield _left(vpc, link.endpoint) if form.stacked else _across(vpc, link.endpoint)
    yield _right(link.endpoint, astro) if form.stacked else _across(link.endpoint, astro)


def _across(start: Box, end: Box) -> Html:
    return _way(start, end, sum(start.column), end.column[0])


def _left(start: Box, end: Box) -> Html:
    return _way(start, end, start.column[0], end.column[0], start.column[0] - 18)


def _right(start: Box, end: Box) -> Html:
    return _way(start, end, sum(start.column), sum(end.column), sum(start.column) + 30)


def _way(start: Box, end: Box, x1: int, x2: int, bend: float | None = None) -> Html:
    bend = (x1 + x2) / 2 if bend is None else bend
    curve = f"M{x1} {start.middle:.1f} C{bend} {start.middle:.1f} {bend} {end.middle:.1f} {x2} {end.middle:.1f}"
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


def _cut(line: str, most: int = 33) -> str:
    return line if len(line) <= most else f"{line[: most - 1]}…"
