# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clusters of a lab: begun from their plans, and told what to do by the lab's control paths and command line."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..aws import eks
from ..shape import plain
from .api import Api
from .bodies import Bodies
from .cluster import Cluster
from .eks_tokens import eks_user
from .kinds import PODS
from .kubeconfig import kubeconfig
from .rights import Tokens
from .wanted import ADMIN, ClusterFacts, ClusterPlan


@dataclass(slots=True)
class _Running:
    cluster: Cluster
    api: Api
    facts: ClusterFacts


class Clusters:
    """Lives in the lab's event loop."""

    def __init__(self, directory: Path, certificate: Path, authority: Path) -> None:
        self._directory, self._authority = directory, authority
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate)
        self._running: dict[str, _Running] = {}

    async def begin(self, plan: ClusterPlan, bodies: Bodies, at: socket.socket) -> ClusterFacts:
        server = f"https://127.0.0.1:{at.getsockname()[1]}"
        cluster = Cluster(plan, bodies, Tokens(plan.wanted.users, eks_user(plan)))
        api = Api(cluster)
        self._running[plan.name] = running = _Running(cluster, api, ClusterFacts(vpc=plan.vpc, server=server))
        await cluster.begin()
        if plan.wanted.service == "eks":
            served = eks.Served(endpoint=server, authority=self._authority.read_bytes())
            eks.serve(plan.account, plan.region, plan.name, served)
        if plan.wanted.api == "public":
            await api.serve(at, self._tls)
        running.facts = ClusterFacts(vpc=plan.vpc, server=server, kubeconfigs=self._write(plan.name))
        return running.facts

    def _write(self, name: str) -> dict[str, str]:
        """One file for each user; the admin's has the cluster's name."""
        running = self._running[name]
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        written = {}
        for user, token in running.cluster.tokens.of.items():
            file = self._directory / (f"{name}.yml" if user == ADMIN else f"{name}-{user}.yml")
            namespace, authority = running.cluster.plan.wanted.namespace, self._authority.read_bytes()
            file.touch(mode=0o600)
            file.write_text(
                kubeconfig(
                    name, server=running.facts.server, authority=authority, user=user, token=token, namespace=namespace
                )
            )
            written[user] = str(file)
        return written

    async def told(self, content: Mapping[str, Any]) -> object:
        """What a control request asks for: `do` names it."""
        known: dict[str, Callable[[_Running, Mapping[str, Any]], Awaitable[object]]] = {
            "pods": self._pods,
            "rollout": self._rollout,
            "arrange": self._arrange,
            "create": self._create,
            "log": self._log,
            "requests": self._requests,
            "expire": self._expire,
            "renew": self._renew,
        }
        if content["do"] not in known:
            raise ValueError(f"a cluster cannot {content['do']}; it can {', '.join(known)}")
        return await known[content["do"]](self._of(content["cluster"]), content)

    def _of(self, name: str) -> _Running:
        if name not in self._running:
            raise ValueError(f"there is no cluster {name}; there are {', '.join(self._running) or 'none'}")
        return self._running[name]

    async def facts(self) -> dict[str, object]:
        """How each pod of each cluster is entered."""
        return {
            name: plain(body.facts)
            for running in self._running.values()
            for name, body in running.cluster.bodies.running.items()
        }

    async def _pods(self, running: _Running, _content: Mapping[str, Any]) -> object:
        return running.cluster.store.all(PODS)

    async def _rollout(self, running: _Running, content: Mapping[str, Any]) -> object:
        return await running.cluster.rollout(content.get("deployment"))

    async def _arrange(self, running: _Running, content: Mapping[str, Any]) -> object:
        return running.cluster.arrange(content["pod"], **content["state"])

    async def _create(self, running: _Running, content: Mapping[str, Any]) -> object:
        made = running.cluster.create(content["manifest"])
        await running.cluster.settle()
        return made

    async def _log(self, running: _Running, content: Mapping[str, Any]) -> object:
        for pod in running.cluster.store.all(PODS):
            if pod["metadata"]["name"] == content["pod"]:
                for line in content["lines"]:
                    running.cluster.logs.add(pod, content["container"], line)
                return {}
        raise ValueError(f"there is no pod {content['pod']}")

    async def _requests(self, running: _Running, content: Mapping[str, Any]) -> object:
        found = [asdict(each) for each in running.api.requests]
        if content.get("reset"):
            running.api.requests.clear()
        return found

    async def _expire(self, running: _Running, content: Mapping[str, Any]) -> object:
        running.cluster.tokens.expire(content["user"])
        return {}

    async def _renew(self, running: _Running, content: Mapping[str, Any]) -> object:
        running.cluster.tokens.renew(content["user"])
        return self._write(running.cluster.plan.name)


def loopback_sockets(descriptors: Sequence[int]) -> list[socket.socket]:
    """As the launcher opened them: outside of the lab's network nobody can listen from within."""
    return [socket.socket(fileno=each) for each in descriptors]
