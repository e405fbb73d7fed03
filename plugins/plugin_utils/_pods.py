# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Agent hosts that are pods: finds those that run now, and runs the probe in them by exec, many at a time.

A pod that goes away meanwhile is replaced by another of its workload. Whatever stands in the way of a cluster becomes an agent
host that cannot be asked, with the reason: it is no consent, and no other VPC's problem.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from ..module_utils._aws import eks
from ..module_utils._aws.clients import Clients
from ..module_utils._aws.session import Login, Sdk
from ..module_utils._core.errors import ReadFailed
from ..module_utils._inventory.hosts import AgentHost, AgentVpc, Inventory
from ..module_utils._kube import client as api
from ..module_utils._kube import find, health, read, script
from ..module_utils._kube.choose import Chosen, Place, successor
from ..module_utils._kube.health import State
from ..module_utils._kube.model import Cluster, Pod, Refused
from ..module_utils._kube.told import Told
from ..module_utils._kube.twin import Twin
from ..module_utils._probe import bundle
from ._agents import ASKED, Look
from ._interrupts import Interrupts

R = TypeVar("R")

#: Seconds after which a cluster is logged in to again: EKS takes a token for about 15 minutes.
_FRESH = 600.0
#: What a pod that went away meanwhile looks like.
_GONE = {"KUBE_POD_GONE", "KUBE_EXEC_FAILED"}


@dataclass(frozen=True, kw_only=True)
class _Open:
    """A client, and since when it is logged in."""

    client: api.Client
    since: float


class Pods:
    """The pods of one step. ``directory`` is for certificates, and is removed by Ansible itself."""

    def __init__(self, sdk: Sdk, most: int, directory: str, say: Callable[[Iterable[str]], None]) -> None:
        self._sdk, self._most, self._directory, self._say = sdk, max(1, most), directory, say
        self._vpcs: Mapping[str, AgentVpc] = {}
        self._accounts: dict[tuple[Login, str], Clients] = {}
        self._places: dict[str, list[Place] | Refused] = {}
        self._found: dict[str, list[AgentHost]] = {}
        self._now: dict[str, Chosen] = {}
        self._open: dict[str, _Open] = {}
        self._opening: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._source = ""
        self._pause: Callable[[float], None] = time.sleep

    # --- which pods

    def with_pods(self, inventory: Inventory, names: Iterable[str]) -> Inventory:
        """The inventory with pods in the place of the clusters of these VPCs. Each cluster is asked once in a step."""
        wanted = set(names)
        hosts = [one for one in inventory.agents.values() if one.cluster and one.vpc in wanted and one.chosen is None]
        new = [one for one in hosts if one.name not in self._found and one.refused is None]
        if new:
            self._vpcs = {**self._vpcs, **inventory.everyone, **inventory.vpcs}
            self._read_places({one.vpc for one in new})
            alone = [one.vpc for one in inventory.agents.values() if one.cluster]
            with ThreadPoolExecutor(max_workers=min(self._most, len(new))) as pool:
                found = list(pool.map(lambda one: self._find(one, alone.count(one.vpc) < 2), new))
            for one, (agents, notes) in zip(new, found, strict=True):
                self._found[one.name] = agents
                self._say(f"{one.vpc}, pods of {_of(one).label}: {note}" for note in notes)
        return inventory.with_pods(self._found)

    def _find(self, host: AgentHost, alone: bool) -> tuple[list[AgentHost], Sequence[str]]:
        """The pods of a cluster as agent hosts, and what was left out. ``alone``: it is the only cluster of its VPC."""
        cluster = _of(host)
        try:
            places = self._places[host.vpc]
            if isinstance(places, Refused):
                raise places
            choice = find.chosen(self._client(host), cluster, places)
        except (
            Exception
        ) as problem:  # a library of the client's may raise anything, and no cluster takes others with it
            return [replace(host, refused=_refused(problem))], ()
        before = host.vpc if alone else host.name
        agents = [replace(host, name=f"{before}/{one.slot}", chosen=one) for one in choice.chosen]
        lacking = [replace(host, name=f"{before}/{name}", refused=why) for name, why in choice.unasked.items()]
        return [*agents, *lacking], choice.notes

    def _read_places(self, names: set[str]) -> None:
        """The subnets of VPCs, each account and region at once."""
        fleets: dict[tuple[Login, str], list[str]] = {}
        for name in sorted(names - set(self._places)):
            fleets.setdefault(_account(self._vpcs[name]), []).append(name)
        for account, members in fleets.items():
            ids = {name: self._vpcs[name].text("vpc_id") for name in members}
            try:
                there = eks.places(self._clients(account).get("ec2", region=account[1]), ids.values())
                self._places |= {name: there.get(vpc_id, []) for name, vpc_id in ids.items()}
            except ReadFailed as problem:
                self._places |= dict.fromkeys(members, _refused(problem))

    def _clients(self, account: tuple[Login, str]) -> Clients:
        with self._lock:
            if account not in self._accounts:
                self._accounts[account] = Clients(self._sdk, account[0])
            return self._accounts[account]

    def _client(self, host: AgentHost) -> api.Client:
        """A client of a host's cluster that is logged in. Raises Refused or ReadFailed."""
        cluster = _of(host)
        key = f"{host.vpc} {cluster}"
        with self._lock:
            lock = self._opening.setdefault(key, threading.Lock())
        with lock:
            known = self._open.get(key)
            if known is None or time.monotonic() - known.since > _FRESH:
                known = _Open(client=self._opened(host, cluster), since=time.monotonic())
                self._open[key] = known
            return known.client

    def _opened(self, host: AgentHost, cluster: Cluster) -> api.Client:
        with api.installed():
            if not cluster.eks_cluster:
                return api.Client(api.configuration(cluster, self._directory), cluster)
            vpc = self._vpcs[host.vpc]
            there, hint = eks.server(self._clients(_account(vpc)), cluster, vpc.text("vpc_id"))
            return api.Client(api.at(there, self._directory), cluster, hint)

    # --- what their clusters say of them

    def told(self, names: Iterable[str], way: Iterable[str] = (), health: bool = False) -> dict[str, list[Told]]:
        """What the clusters of these VPCs say of agents, also what may not be read: of those in ``way`` what decides the way
        out of pods, with ``health`` events, and the logs of the pods that are asked.

        Clusters that showed no pods are left out: that there are none is a finding of its own.
        """
        asked, ways = self._shown(names), set(way)
        done = self._side_by_side(lambda one: self._told(one, one.vpc in ways, health), asked)
        found: dict[str, list[Told]] = {}
        for one, each in zip(asked, done, strict=True):
            told = Told(cluster=_of(one).label, unread={"its pods": each}) if isinstance(each, Refused) else each
            found.setdefault(one.vpc, []).append(told)
        return found

    def states(self, names: Iterable[str]) -> dict[str, list[State] | Refused]:
        """How the agents' pods of these VPCs are now, or why that is not known."""
        asked = self._shown(names)
        found: dict[str, list[State] | Refused] = {}
        for one, each in zip(asked, self._side_by_side(self._states, asked), strict=True):
            before = found.get(one.vpc, [])
            found[one.vpc] = (
                before if isinstance(before, Refused) else each if isinstance(each, Refused) else [*before, *each]
            )
        return found

    def _shown(self, names: Iterable[str]) -> list[AgentHost]:
        """One agent host of each cluster that showed pods."""
        wanted = set(names)
        hosts = [next((each for each in agents if each.chosen), None) for agents in self._found.values()]
        return [one for one in hosts if one and one.vpc in wanted]

    def _side_by_side(self, ask: Callable[[AgentHost], R], hosts: Sequence[AgentHost]) -> list[R | Refused]:
        def safely(host: AgentHost) -> R | Refused:
            try:
                return ask(host)
            except Exception as problem:  # as in _find
                return _refused(problem)

        if not hosts:
            return []
        with ThreadPoolExecutor(max_workers=min(self._most, len(hosts))) as pool:
            return list(pool.map(safely, hosts))

    def _told(self, host: AgentHost, way: bool, health: bool) -> Told:
        client, cluster = self._client(host), _of(host)
        mine = [
            each
            for agents in self._found.values()
            for each in agents
            if each.vpc == host.vpc and each.cluster == cluster
        ]
        chosen = [each for each in (self._now.get(one.name) or one.chosen for one in mine) if each]
        return read.told(
            client, cluster, read.pods(client, cluster, self._subnets(host)), way, chosen if health else None
        )

    def _states(self, host: AgentHost) -> list[State]:
        return health.states(read.pods(self._client(host), _of(host), self._subnets(host)))

    def _subnets(self, host: AgentHost) -> list[Place]:
        places = self._places.get(host.vpc, [])
        return [] if isinstance(places, Refused) else places

    # --- what they see

    def look(self, looks: Sequence[Look]) -> list[dict[str, Any] | Refused]:
        """What came of each look: the probe's answer, in whatever form, or why there is none."""
        if not looks:
            return []
        self._source = self._source or bundle.probe("streamed", "of this run")
        if not any(_of(each.agent).job for each in looks):
            return self._look_side_by_side(looks)
        with Interrupts() as interrupts:  # so that no Job stays if the run is told to stop
            self._pause = interrupts.pause
            return self._look_side_by_side(looks)

    def _look_side_by_side(self, looks: Sequence[Look]) -> list[dict[str, Any] | Refused]:
        with ThreadPoolExecutor(max_workers=min(self._most, len(looks))) as pool:
            return list(pool.map(self._look, looks))

    def place(self, host: AgentHost) -> dict[str, str]:
        """Which pod stands for an agent host now."""
        chosen = self._now.get(host.name) or host.chosen
        if chosen is None:
            return {}
        named = f"{chosen.pod.namespace}/{chosen.pod.name}"
        return {"pod": named, "container": chosen.container, "node": chosen.pod.node, "zone": chosen.zone}

    def _look(self, look: Look) -> dict[str, Any] | Refused:
        host = look.agent
        if host.refused or host.chosen is None:
            return host.refused or Refused(
                "KUBE_EXEC_FAILED", pod=host.name, detail="its cluster was not asked for pods"
            )
        chosen = self._now.get(host.name, host.chosen)
        try:
            try:
                return self._ask(host, chosen, look)
            except Refused as problem:
                after = self._after(host, chosen) if problem.code in _GONE else None
                if after is None:
                    raise
                self._say([f"{host.name}: {chosen.pod.name} is gone, {after.pod.name} is asked instead"])
                return self._ask(host, after, look)
        except (Refused, ReadFailed) as problem:
            return _refused(problem)
        except Exception as problem:  # a library of the client's may raise anything, and no thread takes others with it
            detail = f"{type(problem).__name__}: {problem}"
            return Refused("KUBE_EXEC_FAILED", pod=_named(chosen.pod), detail=detail)

    def _ask(self, host: AgentHost, chosen: Chosen, look: Look) -> dict[str, Any]:
        given = {name: value for name, value in asdict(look.target).items() if name in ASKED and value is not None}
        client, pod = self._client(host), chosen.pod
        if _of(host).job:
            return Twin(client=client, cluster=_of(host), pause=self._pause).look(
                chosen, self._source, given, look.longest
            )
        program = script.program(self._source, given)
        ended = script.Ended()
        for command in script.commands(len(program), _of(host).python):
            ended = client.run(chosen, command, program, look.longest)
            if ended.answer is not None:
                return ended.answer
            if not ended.cannot_start:
                break
        code = "KUBE_NO_PYTHON" if ended.cannot_start or ended.no_python else "KUBE_EXEC_FAILED"
        raise Refused(code, pod=_named(pod), container=chosen.container, detail=ended.said)

    def _after(self, host: AgentHost, lost: Chosen) -> Chosen | None:
        """The pod that stands in for one that is gone; None if it is still there, or nothing stands in for it."""
        places = self._places.get(host.vpc)
        found = find.listed(self._client(host), _of(host))
        if isinstance(places, Refused) or any(pod.uid == lost.pod.uid and pod.runs for pod in found):
            return None
        with self._lock:
            current = [self._now.get(one.name) or one.chosen for agents in self._found.values() for one in agents]
            taken = [one.pod.uid for one in current if one]
            after = successor(lost, found, taken, _of(host), places or [])
            if after:
                self._now[host.name] = after
            return after


def _of(host: AgentHost) -> Cluster:
    if host.cluster is None:
        raise TypeError(f"{host.name} is no pod")
    return host.cluster


def _account(vpc: AgentVpc) -> tuple[Login, str]:
    return Login.of(vpc.access), vpc.text("region")


def _named(pod: Pod) -> str:
    return f"{pod.namespace}/{pod.name}"


def _refused(problem: Exception) -> Refused:
    if isinstance(problem, Refused):
        return problem
    told = str(problem) if isinstance(problem, ReadFailed) else f"{type(problem).__name__}: {problem}"
    return Refused("READ_FAILED", problem=told)
