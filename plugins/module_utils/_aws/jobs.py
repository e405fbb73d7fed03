# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs on AWS, for modules and steps alike: what each reads, plans, sends and waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .._core.approved import Stands
from .._core.findings import Finding
from .._core.plan import Outcome, Plan
from .._core.run import Job
from .._link import egress, endpoint, model
from .._link import zone as _zone
from .._link.holder import Holder
from . import read
from .clients import Clients, poll
from .not_yet import VISIBLE_AFTER
from .send import Sender

#: Told while endpoints are waited for: for each VPC that waits, the id and the state of its endpoint.
Tell = Callable[[Mapping[str, tuple[str, str]]], None]


class Endpoints(Job[model.Have]):
    """The endpoints of a fleet, with their security groups. ``timeout`` are the seconds to wait for all of them."""

    def __init__(
        self, clients: Clients, links: Sequence[model.Link], timeout: int, region: str = "", tell: Tell | None = None
    ) -> None:
        self.clients, self.links, self.timeout, self.region, self.tell = clients, links, timeout, region, tell

    @property
    def ec2(self) -> Any:
        return self.clients.get("ec2", region=self.region)

    def read(self) -> model.Have:
        return read.with_peers(read.read_fleet(self.ec2, self.links), self.clients, self.links)

    def plan(self, have: model.Have) -> Plan:
        return endpoint.plan(self.links, have)

    def stands(self, have: model.Have) -> Stands:
        return endpoint.stands(self.links, have)

    def api(self) -> Sender:
        return Sender(self.clients, self.timeout, self.region)

    def settle(self, have: model.Have, outcome: Outcome) -> model.Have:
        made = {real: new.owner for new, real in outcome.made.items() if new.kind == "endpoint"}
        pending = {**endpoint.unsettled(self.links, have), **made}

        def tell(states: Mapping[str, str]) -> None:
            if self.tell:
                self.tell({pending[each]: (each, state) for each, state in states.items()})

        if pending:
            read.wait_for_endpoints(self.ec2, pending, self.timeout, tell)
        return self.read() if pending or outcome.sent or outcome.failed else have

    def status(self, have: model.Have) -> list[Finding]:
        return [problem for link in self.links for problem in endpoint.status(link, have, self.timeout)]

    def results(self, have: model.Have) -> dict[str, dict[str, Any]]:
        return {link.name: endpoint.result(link, have) for link in self.links}


class Zones(Job[list[_zone.Zone]]):
    """The private zones of an account's links. ``timeout`` are the seconds to wait for a zone's changes to be in sync.

    ``known`` are zones by their ids that need not be read again, unless they are of these links; ``seen`` is told what was read.
    """

    def __init__(
        self,
        clients: Clients,
        links: Sequence[_zone.Link],
        timeout: int,
        region: str = "",
        *,
        known: dict[str, _zone.Zone] | None = None,
        seen: Callable[[Sequence[_zone.Zone]], None] | None = None,
    ) -> None:
        self.clients, self.links, self.timeout, self.region = clients, links, timeout, region
        self.known, self.seen = known, seen
        self.holders: list[Holder] = []

    def read(self) -> list[_zone.Zone]:
        regions = sorted({link.holder_region for link in self.links} - {""})
        self.holders = [each for there in regions for each in read.read_holders(self.clients.get("ec2", region=there))]
        zones = read.read_zones(self.clients.get("route53", region=self.region), self.links, self.known)
        if self.seen:
            self.seen(zones)
        return zones

    def plan(self, have: list[_zone.Zone]) -> Plan:
        return _zone.plan(self.links, have, self.holders)

    def stands(self, have: list[_zone.Zone]) -> Stands:
        return _zone.stands(self.links, have, self.holders)

    def api(self) -> Sender:
        return Sender(self.clients, self.timeout, self.region)

    def settle(self, have: list[_zone.Zone], outcome: Outcome) -> list[_zone.Zone]:
        """The zones, once those that this run has made show: one that is left without its record is urgent."""
        seen = have

        def show() -> bool:
            nonlocal seen
            seen = self.read()
            return outcome.left("zone") <= {str(zone.id) for zone in seen}

        if outcome.sent or outcome.failed:
            poll(show, VISIBLE_AFTER)
        return seen

    def urgent(self, have: list[_zone.Zone]) -> list[Finding]:
        return _zone.urgent(self.links, have, self.holders)

    def results(self, have: list[_zone.Zone]) -> dict[str, dict[str, Any]]:
        return {vpc.name: _zone.result(link, vpc, have) for link in self.links for vpc in link.vpcs}


class Egress(Job[egress.Have]):
    """The egress rules of agents' security groups."""

    def __init__(self, clients: Clients, agents: Sequence[egress.Agents], region: str = "") -> None:
        self.clients, self.agents, self.region = clients, agents, region
        self._quota: int | None = None

    def read(self) -> egress.Have:
        groups: Iterable[str] = {agents.group_id for agents in self.agents}
        return read.read_egress(self.clients.get("ec2", region=self.region), groups)

    def plan(self, have: egress.Have) -> Plan:
        return egress.plan(self.agents, have, self._limit(have))

    def _limit(self, have: egress.Have) -> int:
        """The quota of rules is asked for only where the usual one is not enough."""
        if self._quota is None and egress.most(self.agents, have) > egress.USUAL_QUOTA:
            self._quota = read.rules_quota(self.clients, self.region)
        return egress.USUAL_QUOTA if self._quota is None else self._quota

    def api(self) -> Sender:
        return Sender(self.clients, timeout=0, region=self.region)

    def settle(self, have: egress.Have, outcome: Outcome) -> egress.Have:
        return self.read() if outcome.sent or outcome.failed else have

    def results(self, have: egress.Have) -> dict[str, dict[str, Any]]:
        return egress.result(self.agents, have)
