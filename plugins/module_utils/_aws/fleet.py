# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of a whole run, each account and region side by side. One that cannot be read fails its own VPCs, no others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from .._core.approved import Approved
from .._core.errors import ReadFailed
from .._core.findings import finding
from .._core.plan import WORKERS
from .._core.run import Answer, FleetJob, Progress, answer, carry_out
from .._link import params, zone
from . import read
from .clients import Clients
from .jobs import Egress, Endpoints, Tell, Zones
from .session import Login, Sdk

#: Told of an account and region: the names of its VPCs, and for each that waits the id and the state of its endpoint.
TellFleet = Callable[[Sequence[str], Mapping[str, tuple[str, str]]], None]

#: A zone, and the account that it was read in: how to log in, and ``region``.
Found: TypeAlias = "tuple[Mapping[str, Any], zone.Zone]"

_NO_ENDPOINT = {
    "owner_id": "",
    "vpc_endpoint_id": "",
    "state": "",
    "dns_name": "",
    "hosted_zone_id": "",
    "addresses": [],
}
_BLANK_ENDPOINT = {**_NO_ENDPOINT, "security_group_ids": []}
_BLANK_ZONE = {"hosted_zone_id": "", "associated": False, "leads_to": ""}


@dataclass
class Memory:
    """What the jobs of one step share: clients, how far they are, and with ``zones`` what was read of each account's zones.

    A zone that is known is read again only for a link of its own. That another VPC joins it meanwhile AWS says by itself. ``seen`` are
    the zones that were read last, by account and names; ``unread`` says why those of whole accounts were not.
    """

    clients: dict[Any, Clients] = field(default_factory=dict)
    zones: dict[Any, dict[str, zone.Zone]] | None = None
    seen: dict[Any, dict[str, Found]] = field(default_factory=dict)
    unread: dict[Login, str] = field(default_factory=dict)
    progress: Progress = field(default_factory=Progress)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, kw_only=True)
class Fleets:
    """Runs jobs. ``check`` plans only; ``timeout`` are the seconds to wait for what AWS takes its time for. Where there are
    ``approved`` calls, no others are sent."""

    sdk: Sdk
    check: bool
    timeout: int = 600
    memory: Memory = field(default_factory=Memory)
    approved: Approved | None = None

    def planning(self) -> Fleets:
        """The same, but nothing is sent, and plans are whole, whatever was approved."""
        return replace(self, check=True, approved=None)

    def reviewing(self, approved: Approved) -> Fleets:
        """The same, but nothing is sent: a VPC fails for which something else would be than what was approved."""
        return replace(self, check=True, approved=approved)

    def available(self, fleets: Sequence[Mapping[str, Any]]) -> set[str]:
        """The names of links whose endpoint is available; none of an account and region that cannot be read."""

        def read_(fleet: Mapping[str, Any]) -> set[str]:
            links = {(link["vpc_id"], link["service_name"]): link["name"] for link in fleet["links"]}
            try:
                there = read.available(self._clients(fleet).get("ec2", region=fleet["region"]), links)
            except ReadFailed:
                return set()
            return {links[each] for each in there}

        with ThreadPoolExecutor(max_workers=WORKERS) as pool:
            return set().union(*pool.map(read_, fleets))

    def endpoints(self, fleets: Sequence[Mapping[str, Any]], tell: TellFleet | None = None) -> list[Answer]:
        """``fleets`` are what `vpc_endpoint` takes: ``region``, how to log in, and ``links``."""

        def job(fleet: Mapping[str, Any]) -> FleetJob[Any]:
            links = [params.endpoint_link(link) for link in params.checked(params.ENDPOINT_LINK, fleet["links"])]
            told = _named(tell, [link.name for link in links])
            others = {name: Login.of(where) for name, where in params.peers(fleet["links"]).items()}
            return Endpoints(self._clients(fleet, others), links, self.timeout, fleet["region"], told)

        return self._run(fleets, job, lambda fleet: {link["name"]: _BLANK_ENDPOINT for link in fleet["links"]})

    def zones(self, accounts: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """``accounts`` are what `private_zone` takes: how to log in, and ``links``."""

        def job(account: Mapping[str, Any]) -> FleetJob[Any]:
            given = params.checked(params.ZONE_LINK, account["links"])
            others = {params.access_name(vpc): Login.of(vpc) for link in given for vpc in link["vpcs"]}
            links = list(map(params.zone_link, given))
            where = {**{key: value for key, value in account.items() if key != "links"}, "region": params.home(account)}

            def tell(zones: Sequence[zone.Zone]) -> None:
                with self.memory.lock:
                    seen = self.memory.seen.setdefault((Login.of(account), *sorted({link.zone for link in links})), {})
                    seen.clear()  # what was there before, and is not now, is gone
                    seen.update({str(each.id): (where, each) for each in zones})

            clients, known = self._clients(account, others), self._known(account)
            return Zones(clients, links, self.timeout, where["region"], known=known, seen=tell)

        return self._run(
            accounts,
            job,
            lambda account: {vpc["name"]: _BLANK_ZONE for link in account["links"] for vpc in link["vpcs"]},
        )

    def leading(self, account: Mapping[str, Any], name: str) -> list[zone.Zone]:
        """The private zones of an account that may answer for names below ``name``, whoever made them."""
        return read.read_leading(self._route53(account), name)

    def members(self, accounts: Sequence[Mapping[str, Any]]) -> list[Found]:
        """Private zones with the VPCs on them, each with its account: those that jobs of this step have read, and all of some names
        in ``accounts``, which are how to log in, ``region`` and ``names``. What cannot be read is left out, and remembered."""

        def read_(account: Mapping[str, Any]) -> list[Found]:
            try:
                return [(account, each) for each in read.read_members(self._route53(account), account["names"])]
            except ReadFailed as problem:
                self.memory.unread[Login.of(account)] = str(problem)
                return []

        with ThreadPoolExecutor(max_workers=WORKERS) as pool:
            there = [one for found in pool.map(read_, accounts) for one in found]
        known = [one for seen in self.memory.seen.values() for one in seen.values()]
        return list({str(one[1].id): one for one in (*there, *known)}.values())

    def serving(self, vpcs: Sequence[Mapping[str, Any]]) -> tuple[list[Found], dict[str, str]]:
        """The private zones that VPCs are on, whoever owns them, without records: one for each VPC, with the way into its account.
        And why these could not be read, by VPC. ``vpcs`` are how to log in, ``name``, ``vpc_id`` and ``region``. One request each."""

        unread: dict[str, str] = {}

        def read_(vpc: Mapping[str, Any]) -> list[Found]:
            where = {vpc["vpc_id"]: vpc["region"]}
            try:
                (there,) = read.read_zones_by_vpc(self._route53(vpc), where).values()
            except ReadFailed as problem:
                unread[vpc["name"]] = str(problem)
                return []
            return [(vpc, zone.Zone(id=each, name=name, link="", vpcs=where)) for each, name in there.items()]

        with ThreadPoolExecutor(max_workers=WORKERS) as pool:
            return [one for found in pool.map(read_, vpcs) for one in found], unread

    def records(self, found: Sequence[Found]) -> list[Found]:
        """The same zones with their records, of which those of other links were not read."""

        def read_(one: Found) -> Found:
            with suppress(ReadFailed):
                return one[0], one[1] if one[1].records else read.with_records(self._route53(one[0]), one[1])
            return one

        with ThreadPoolExecutor(max_workers=WORKERS) as pool:
            return list(pool.map(read_, found))

    def _route53(self, account: Mapping[str, Any]) -> Any:
        return self._clients(account).get("route53", region=account.get("region", ""))

    def egress(self, fleets: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """``fleets`` are what `agent_egress` takes: ``region``, how to log in, and ``agents``."""

        def job(fleet: Mapping[str, Any]) -> FleetJob[Any]:
            agents = [params.agents(each) for each in params.checked(params.AGENTS, fleet["agents"])]
            return Egress(self._clients(fleet), agents, fleet["region"])

        return self._run(fleets, job, lambda fleet: {each["name"]: {"groups": {}} for each in fleet["agents"]})

    def _clients(self, fleet: Mapping[str, Any], others: Mapping[str, Login] | None = None) -> Clients:
        own, named = Login.of(fleet), {name: login for name, login in (others or {}).items() if name}
        with self.memory.lock:
            key = (own, tuple(sorted(named.items(), key=str)), self.timeout)
            return self.memory.clients.setdefault(key, Clients(self.sdk, own, named, self.timeout))

    def _known(self, account: Mapping[str, Any]) -> dict[str, zone.Zone] | None:
        if self.memory.zones is None:
            return None
        with self.memory.lock:
            return self.memory.zones.setdefault(Login.of(account), {})

    def _run(
        self,
        fleets: Sequence[Mapping[str, Any]],
        job: Callable[[Mapping[str, Any]], FleetJob[Any]],
        blank: Callable[[Mapping[str, Any]], Mapping[str, Mapping[str, Any]]],
    ) -> list[Answer]:
        def run(fleet: Mapping[str, Any]) -> Answer:
            try:
                made = job(fleet)
                done = carry_out(made, self.check, self.approved, self.memory.progress)
                return answer(done, made.results(done.have))
            except ReadFailed as problem:
                nothing = blank(fleet)
                found = [
                    finding("READ_FAILED", name, problem=f"{problem} Nothing was changed for it.").public()
                    for name in nothing
                ]
                vpcs = {name: {**result, "failed": True} for name, result in nothing.items()}
                return {
                    "changed": False,
                    "calls": [],
                    "findings": found,
                    "diff": {"before": {}, "after": {}},
                    "vpcs": vpcs,
                }

        with ThreadPoolExecutor(max_workers=WORKERS) as pool:
            return list(pool.map(run, fleets))


def _named(tell: TellFleet | None, names: Sequence[str]) -> Tell | None:
    return None if tell is None else lambda states: tell(names, states)
