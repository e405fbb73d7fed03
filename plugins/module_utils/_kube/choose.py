# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods are asked, and in which of their containers: some of each workload, far apart, and what is left out. Pure."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .model import Cluster, Container, Pod, Refused

#: Containers that stand beside an agent: meshes, log shippers, metrics, secrets, and what fetches Dags.
_SIDECARS = {
    "aws-for-fluent-bit",
    "aws-otel-collector",
    "cloudwatch-agent",
    "consul-connect-envoy-sidecar",
    "consul-dataplane",
    "cloud-sql-proxy",
    "dag-sync",
    "datadog-agent",
    "envoy",
    "filebeat",
    "fluent-bit",
    "fluentbit",
    "fluentd",
    "git-sync",
    "istio-init",
    "istio-proxy",
    "kuma-sidecar",
    "linkerd-init",
    "linkerd-proxy",
    "log-groomer",
    "otc-container",
    "otel-collector",
    "promtail",
    "statsd",
    "statsd-exporter",
    "vault-agent",
    "vault-agent-init",
    "vector",
    "xray-daemon",
}


@dataclass(frozen=True, kw_only=True)
class Place:
    """One subnet of a VPC: its range, and the Availability Zone that it is in."""

    cidr: str
    zone: str


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """One pod to ask. ``slot`` stays the same when its pod is replaced: namespace/workload/number."""

    slot: str
    pod: Pod
    container: str
    zone: str = ""

    @property
    def health_url(self) -> str:
        """The page on which the agent says how it is."""
        return next((each.health_url for each in self.pod.containers if each.name == self.container), "")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What came of a cluster: the pods to ask, what cannot be asked and so is not proven (by slot), and notes for people."""

    chosen: tuple[Chosen, ...] = ()
    unasked: Mapping[str, Refused] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def choose(cluster: Cluster, found: Iterable[Pod], places: Sequence[Place]) -> Choice:
    """Pods of each workload on as many nodes and in as many zones as there are. ``places`` are the VPC's subnets.

    Raises Refused if none is in the VPC, and some are outside.
    """
    zones = _Zones(places)
    there = [pod for pod in found if not pod.over]
    away = [pod for pod in there if zones.lacks(pod)]
    if away and not any(zones.has(pod) for pod in there):
        pod, address = away[0], _address(away[0]) or "an unknown address"
        raise Refused("KUBE_POD_ELSEWHERE", pod=f"{pod.namespace}/{pod.name}", address=address, cluster=cluster.label)
    chosen: list[Chosen] = []
    unasked: dict[str, Refused] = {}
    notes = [f"{len(away)} pods are in another VPC, and not asked"] if away else []
    for name, alike in _grouped(inside(there, places)).items():
        try:
            taken = _of_workload(name, alike, cluster, zones)
        except Refused as problem:
            unasked[name] = problem
            continue
        chosen += taken
        notes += _left_out(name, alike, [each.pod for each in taken])
    return Choice(chosen=tuple(chosen), unasked=unasked, notes=tuple(notes))


def inside(found: Iterable[Pod], places: Sequence[Place]) -> list[Pod]:
    """The pods that are in the VPC with these subnets, or that are nowhere yet and not of a workload that is elsewhere."""
    zones, there = _Zones(places), list(found)
    here = {pod.group for pod in there if zones.has(pod)}
    others = {pod.group for pod in there if zones.lacks(pod)} - here
    return [pod for pod in there if not zones.lacks(pod) and pod.group not in others]


def _of_workload(name: str, alike: Sequence[Pod], cluster: Cluster, zones: _Zones) -> list[Chosen]:
    """Raises Refused where none of its pods can be asked. Pods that are not ready are asked where no others run: what keeps
    them from it may be what is looked for."""
    running = [pod for pod in alike if pod.runs]
    if not running:
        raise Refused("KUBE_NONE_RUNS", workload=name, pods=len(alike), state={_state(pod) for pod in alike})
    taken = _spread([pod for pod in running if pod.ready] or running, cluster.most, zones)
    return [
        Chosen(slot=f"{name}/{number}", pod=pod, container=container(pod, cluster.container), zone=zones.of(pod))
        for number, pod in enumerate(taken, start=1)
    ]


def successor(
    lost: Chosen, found: Iterable[Pod], taken: Iterable[str], cluster: Cluster, places: Sequence[Place]
) -> Chosen | None:
    """Another pod of the same workload that runs in the VPC, for one that is gone; ``taken`` are the uids of those that are
    asked already. None if there is none. A ready one in the same zone comes first. Raises Refused as `container` does."""
    zones, busy = _Zones(places), {*taken, lost.pod.uid}
    fit = [pod for pod in found if pod.group == lost.pod.group and pod.runs and zones.has(pod) and pod.uid not in busy]
    fit.sort(key=lambda pod: (not pod.ready, zones.of(pod) != lost.zone, pod.created, pod.name))
    if not fit:
        return None
    return replace(lost, pod=fit[0], container=container(fit[0], cluster.container), zone=zones.of(fit[0]))


def container(pod: Pod, wanted: str = "") -> str:
    """The agent's own container. Raises Refused where that is not clear, or where it does not run."""
    by_name = {each.name: each for each in pod.containers}
    name = wanted or (pod.default_container if pod.default_container in by_name else "") or _own(pod, by_name)
    if name not in by_name:
        raise _unclear(pod, f"it has no container {name}")
    if not by_name[name].running:
        raise _unclear(pod, f"its container {name} does not run")
    return name


def _own(pod: Pod, by_name: Mapping[str, Container]) -> str:
    own = [name for name in by_name if name not in _SIDECARS]
    if len(own) == 1:
        return own[0]
    named = [name for name in own if name == pod.workload or pod.workload.endswith(f"-{name}")]
    if len(named) == 1:
        return named[0]
    raise _unclear(pod, "it has several containers" if own else "it has sidecars only")


def _unclear(pod: Pod, why: str) -> Refused:
    names = [each.name for each in pod.containers]
    return Refused("KUBE_CONTAINER_UNCLEAR", pod=f"{pod.namespace}/{pod.name}", why=why, containers=names)


def _grouped(found: Iterable[Pod]) -> dict[str, list[Pod]]:
    """By workload, as namespace/workload."""
    groups: dict[str, list[Pod]] = {}
    for pod in sorted(found, key=lambda pod: (pod.namespace, pod.workload, pod.created, pod.name)):
        groups.setdefault("/".join(pod.group), []).append(pod)
    return groups


def _spread(fit: Sequence[Pod], most: int, zones: _Zones) -> list[Pod]:
    """The first of each zone, then of each node, and so on; all if ``most`` is 0."""
    left, taken = list(fit), list[Pod]()
    in_zone, on_node = Counter[str](), Counter[str]()
    while left and (not most or len(taken) < most):
        best = min(left, key=lambda pod: (in_zone[zones.of(pod)], on_node[pod.node]))
        left.remove(best)
        taken.append(best)
        in_zone[zones.of(best)] += 1
        on_node[best.node] += 1
    return taken


def _left_out(name: str, alike: Sequence[Pod], taken: Sequence[Pod]) -> Iterable[str]:
    """What is not asked, for people."""
    running = sum(pod.runs for pod in alike)
    if len(taken) < running:
        yield f"{name}: {len(taken)} of {running} running pods are asked"
    if unready := sum(not pod.ready for pod in taken):
        yield f"{name}: {unready} of the pods that are asked are not ready"
    if idle := Counter(_state(pod) for pod in alike if not pod.runs):
        yield f"{name}: not asked are {', '.join(f'{number} {state}' for state, number in sorted(idle.items()))}"


def _state(pod: Pod) -> str:
    if pod.terminating:
        return "Terminating"
    return "not running" if pod.phase == "Running" else pod.phase or "Unknown"


def _address(pod: Pod) -> str:
    return pod.node_address or pod.address


class _Zones:
    """Where pods are, by the ranges of a VPC's subnets: by their node's address, or else by their own."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._nets = [(ipaddress.ip_network(place.cidr, strict=False), place.zone) for place in places]
        self._known: dict[str, str | None] = {}

    def has(self, pod: Pod) -> bool:
        return self._zone(pod) is not None

    def lacks(self, pod: Pod) -> bool:
        """Whether a pod is elsewhere. One that has no node yet may still come."""
        return not self.has(pod) and (pod.runs or bool(_address(pod)))

    def of(self, pod: Pod) -> str:
        return self._zone(pod) or ""

    def _zone(self, pod: Pod) -> str | None:
        zones = (self._at(each) for each in (pod.node_address, pod.address) if each)
        return next((zone for zone in zones if zone is not None), None)

    def _at(self, address: str) -> str | None:
        if address not in self._known:
            try:
                there = ipaddress.ip_address(address)
            except ValueError:
                return None
            self._known[address] = next((zone for net, zone in self._nets if there in net), None)
        return self._known[address]
