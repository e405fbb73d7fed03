# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what a cluster has to say of agents, beyond running the probe: few calls, and each may be refused without harm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

from . import job, model
from .choose import Chosen, Place, inside
from .client import Client, Missing
from .dns import CONFIGS
from .health import LATELY
from .model import Cluster, Refused
from .objects import Thing, many, namespace, part
from .told import Told

R = TypeVar("R")

#: Bytes of one log that are read at most, and how many of its last lines: fewer where so many have more bytes, since a limit of
#: bytes leaves out the newest ones.
LOG, LINES = 200_000, (2000, 200, 20)
_POLICIES = "/apis/networking.k8s.io/v1"
_CILIUM = "/apis/cilium.io/v2"


def pods(client: Client, cluster: Cluster, places: Sequence[Place]) -> list[Thing]:
    """The agents' pods that have not ended, as the API has them, in the VPC with these subnets. Raises Refused."""
    query = {"labelSelector": cluster.selector}
    paths = [_in("/api/v1", each, "pods") for each in cluster.namespaces or [""]]
    found = [part({"pod": each}, "pod") for path in paths for each in client.list(path, query)["items"]]
    named = [(each, read) for each in found if (read := model.pod(each)) and not read.over and job.is_agent(each)]
    ours = {(pod.namespace, pod.name) for pod in inside([pod for _each, pod in named], places)}
    return [each for each, pod in named if (pod.namespace, pod.name) in ours]


def told(client: Client, cluster: Cluster, found: Sequence[Thing], way: bool, chosen: Iterable[Chosen] | None) -> Told:
    """What the rights allow to read: with ``way`` what decides the way out of these pods; of the ``chosen`` ones their health."""
    spaces = sorted({namespace(pod) for pod in found})
    reader = _Reader(client)
    return Told(
        cluster=cluster.label,
        pods=tuple(found),
        policies=tuple([*reader.policies(spaces), *reader.cilium(spaces)]) if way else (),
        configs=tuple(reader.configs()) if way else (),
        events=None if chosen is None else reader.events(spaces),
        logs=reader.logs(chosen or ()),
        unread=reader.unread,
    )


class _Reader:
    """Reads one thing after the other, and keeps what was refused."""

    def __init__(self, client: Client) -> None:
        self._client, self.unread = client, dict[str, Refused]()

    def ask(self, what: str, read: Callable[[], R]) -> R | None:
        """None for what is not there, or may not be read."""
        try:
            return read()
        except Missing:
            return None
        except Refused as problem:
            self.unread[what] = problem
            return None

    def each(self, what: str, path: str, kind: str, **query: str) -> list[Thing] | None:
        """A list's objects, which do not say themselves of which kind they are."""
        found = self.ask(what, lambda: self._client.list(path, query))
        return None if found is None else [{**part({"it": each}, "it"), "kind": kind} for each in many(found, "items")]

    def policies(self, spaces: Sequence[str]) -> list[Thing]:
        found = [
            self.each(f"NetworkPolicies of {space}", _in(_POLICIES, space, "networkpolicies"), "NetworkPolicy")
            for space in spaces
        ]
        return [one for some in found for one in some or []]

    def cilium(self, spaces: Sequence[str]) -> list[Thing]:
        """Cilium's policies, in clusters that have such. Who may not ask for them is told only there."""
        if self.ask("whether there is Cilium", lambda: self._client.get(_CILIUM)) is None:
            self.unread.pop("whether there is Cilium", None)
            return []
        everywhere = (
            "Cilium's policies",
            f"{_CILIUM}/ciliumclusterwidenetworkpolicies",
            "CiliumClusterwideNetworkPolicy",
        )
        found = [self.each(*everywhere)]
        for space in spaces:
            path = _in(_CILIUM, space, "ciliumnetworkpolicies")
            found.append(self.each(f"Cilium's policies of {space}", path, "CiliumNetworkPolicy"))
        return [one for some in found for one in some or []]

    def configs(self) -> list[Thing]:
        """The configuration of the cluster's DNS, as far as it is a ConfigMap; EKS Auto Mode has none."""
        paths = [_in("/api/v1", "kube-system", "configmaps", name) for name in CONFIGS]
        found = [self.ask("the cluster's DNS configuration", partial(self._client.get, path)) for path in paths]
        return [each for each in found if each]

    def events(self, spaces: Sequence[str]) -> tuple[Thing, ...] | None:
        query = {"fieldSelector": "type=Warning"}
        found = [self.each(f"events of {each}", _in("/api/v1", each, "events"), "Event", **query) for each in spaces]
        return None if any(each is None for each in found) else tuple(one for each in found for one in each or [])

    def logs(self, chosen: Iterable[Chosen]) -> dict[str, str]:
        """The last minutes of logs. One refusal stands for all of a namespace."""
        found: dict[str, str] = {}
        for each in chosen:
            pod, what = each.pod, f"logs of {each.pod.namespace}"
            if what not in self.unread:
                path = f"{_in('/api/v1', pod.namespace, 'pods', pod.name)}/log"
                read = self.ask(what, partial(self._log, path, each.container))
                found |= {} if read is None else {f"{pod.namespace}/{pod.name}": read.decode("utf-8", "replace")}
        return found

    def _log(self, path: str, container: str) -> bytes | None:
        """The end of a log; nothing of one whose last lines are longer than any that people read."""
        for lines in LINES:
            query = {
                "container": container,
                "sinceSeconds": str(LATELY),
                "tailLines": str(lines),
                "limitBytes": str(LOG),
            }
            read = self._client.text(path, query, LOG)
            if len(read) < LOG:
                return read
        return None


def _in(group: str, space: str, *rest: str) -> str:
    return "/".join([group, *(["namespaces", space] if space else []), *rest])
