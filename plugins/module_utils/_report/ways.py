# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the picture of a report shows: links with the VPCs that they serve, and in a large fleet those that are alike as one.

It knows nothing of how they are drawn. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Vpc: TypeAlias = Mapping[str, Any]

#: Boxes of VPCs that a picture shows before it takes alike ones together.
MOST = 12
_ORDER = {"failed": 0, "unverified": 1, "works": 2}


@dataclass(frozen=True, kw_only=True)
class Served:
    """VPCs that are shown as one, with their verdict, and the state of their way to the endpoint."""

    vpcs: tuple[Vpc, ...]
    verdict: str
    way: str


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link, or several that are alike; ``owners`` has one VPC that has its endpoint for each of them.

    ``addresses`` are those of the endpoints, each with its state as all agents saw it.
    """

    place: str
    host: str
    owners: tuple[Vpc, ...]
    served: tuple[Served, ...]
    addresses: tuple[tuple[Mapping[str, str], str], ...]

    @property
    def state(self) -> str:
        return _state(state for _address, state in self.addresses)


@dataclass(frozen=True, kw_only=True)
class _One:
    """One link with its VPCs, its owner first if it is in the report."""

    vpcs: tuple[Vpc, ...]
    addresses: tuple[tuple[Mapping[str, str], str], ...]

    @property
    def owner(self) -> Vpc:
        return self.vpcs[0]

    @property
    def alike(self) -> tuple[Hashable, ...]:
        """What links have in common that are shown as one, wherever they are."""
        alone = len(self.vpcs) == 1
        own = (self.owner["verdict"], way(self.owner)) if alone else ()
        state = _state(state for _address, state in self.addresses)
        return (self.owner["host"], alone, own, self.owner["endpoint"]["state"], state)


def links(vpcs: Sequence[Vpc]) -> list[Link]:
    """Each link by itself in a small fleet. In a larger one alike VPCs are one: those of an account and region, else those of a
    region, else all of them; whatever is the first to be few enough. The last does not grow with the fleet."""
    ones = _ones(vpcs)
    found = [_link(place(one.owner), [one], lambda vpc: vpc["name"], _unsorted) for one in ones]
    for where, apart in ((place, True), (lambda vpc: str(vpc["region"]), False), (lambda _vpc: "all regions", False)):
        if sum(len(link.served) for link in found) > MOST:
            found = _folded(ones, where, apart)
    return _by_place(found)


def place(vpc: Vpc) -> str:
    account = f"account {vpc['account_id']}, " if vpc["account_id"] else ""
    return f"{account}{vpc['region']}"


def way(vpc: Vpc) -> str:
    """Whether the agents come as far as the endpoint, whatever else may be wrong with the VPC."""
    expected = {address["address"] for address in vpc["endpoint"]["addresses"]}
    looked = [agent for agent in vpc["agents"] if agent["names"] and agent["addresses"]]
    led = all(agent["names"]["addresses"] and set(agent["names"]["addresses"]) <= expected for agent in looked)
    reached = [reach for agent in looked for reach in agent["addresses"] if reach["address"] in expected]
    if not looked:
        return "unverified"
    return "works" if led and all(reach["tcp"] for reach in reached) else "failed"


def elsewhere_of(vpc: Vpc) -> list[str]:
    """The addresses beside those of the link that the name leads agents to, such as the public ones."""
    expected = {address["address"] for address in vpc["endpoint"]["addresses"]}
    return sorted({address for agent in vpc["agents"] for address in agent["names"].get("addresses", [])} - expected)


def _ones(vpcs: Sequence[Vpc]) -> list[_One]:
    by_link: dict[str, list[Vpc]] = {}
    for vpc in vpcs:
        by_link.setdefault(vpc["link"], []).append(vpc)
    found = []
    for owner, served in by_link.items():
        served.sort(key=lambda vpc: (vpc["name"] != owner, vpc["name"]))
        found.append(_One(vpcs=tuple(served), addresses=_addresses(served)))
    return found


def _addresses(served: Sequence[Vpc]) -> tuple[tuple[Mapping[str, str], str], ...]:
    """The addresses of an endpoint, each as it looks to all agents that tried it."""
    tried: dict[str, bool] = {}
    for reach in (reach for vpc in served for agent in vpc["agents"] for reach in agent["addresses"]):
        tried[reach["address"]] = tried.get(reach["address"], True) and not reach["problem"]
    words = {True: "works", False: "failed", None: "unverified"}
    return tuple((each, words[tried.get(each["address"])]) for each in served[0]["endpoint"]["addresses"])


def _folded(ones: Sequence[_One], where: Callable[[Vpc], str], apart: bool) -> list[Link]:
    """``apart`` keeps links that several VPCs share each by itself."""
    alike: dict[Hashable, list[_One]] = {}
    for one in ones:
        shared = one.owner["link"] if apart and len(one.vpcs) > 1 else ""
        alike.setdefault((where(one.owner), shared, one.alike), []).append(one)
    found = [
        _link(where(some[0].owner), some, lambda vpc: (where(vpc), vpc["verdict"], way(vpc)), _worst_first)
        for some in alike.values()
    ]
    return sorted(found, key=lambda link: min(_ORDER[served.verdict] for served in link.served))


def _link(
    at: str,
    ones: Sequence[_One],
    alike: Callable[[Vpc], Hashable],
    sort: Callable[[list[Served]], list[Served]],
) -> Link:
    groups: dict[Hashable, list[Vpc]] = {}
    for vpc in (vpc for one in ones for vpc in one.vpcs):
        groups.setdefault(alike(vpc), []).append(vpc)
    served = [Served(vpcs=tuple(some), verdict=some[0]["verdict"], way=way(some[0])) for some in groups.values()]
    return Link(
        place=at,
        host=ones[0].owner["host"],
        owners=tuple(one.owner for one in ones),
        served=tuple(sort(served)),
        addresses=tuple(each for one in ones for each in one.addresses),
    )


def _unsorted(served: list[Served]) -> list[Served]:
    return served


def _worst_first(served: list[Served]) -> list[Served]:
    return sorted(served, key=lambda each: (_ORDER[each.verdict], place(each.vpcs[0])))


def _by_place(found: Sequence[Link]) -> list[Link]:
    """Those of a place beside each other, places in the order of their first."""
    places = {name: number for number, name in enumerate(dict.fromkeys(link.place for link in found))}
    return sorted(found, key=lambda link: places[link.place])


def _state(states: Iterable[str]) -> str:
    there = set(states)
    return "failed" if "failed" in there else "works" if "works" in there else "unverified"
