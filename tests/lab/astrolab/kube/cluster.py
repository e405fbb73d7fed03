# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cluster: its nodes, the agents' Deployments and their pods, rollouts, Jobs, and what befalls pods."""

from __future__ import annotations

import asyncio
import copy
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from ipaddress import IPv4Address
from typing import Any

from ..net.plan import Container
from ..net.view import Traffic
from . import furniture, pods, policies
from .bodies import Bodies, Body
from .health import Health
from .kinds import (
    DEPLOYMENTS,
    EVENTS,
    EXTENSIONS,
    JOBS,
    KINDS,
    NAMESPACES,
    NODES,
    PODS,
    POLICIES,
    REPLICA_SETS,
    SERVICES,
    Kind,
)
from .logs import Logs
from .refusals import Refused
from .rights import Tokens, granted
from .store import Object, Store, now
from .wanted import ClusterPlan, NodePlan

_ORPHANED = "Orphan"
PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")


class Cluster:
    def __init__(self, plan: ClusterPlan, bodies: Bodies, tokens: Tokens) -> None:
        self.plan, self.bodies, self.tokens = plan, bodies, tokens
        self.store, self.logs = Store(), Logs()
        self._nodes = itertools.cycle(plan.nodes)
        self._tasks: set[asyncio.Task[None]] = set()
        self._settling = asyncio.Lock()
        self._allowed: dict[str, frozenset[Traffic] | None] = {}
        self._health: dict[str, Health] = {}

    @property
    def protocols(self) -> tuple[str, ...]:
        """Of WebSockets with exec, the best first."""
        return PROTOCOLS if self.version >= (1, 30) else PROTOCOLS[1:]

    @property
    def version(self) -> tuple[int, int]:
        major, minor = self.plan.wanted.version.split(".")[:2]
        return int(major), int(minor)

    # --- beginning ---

    async def begin(self) -> None:
        for kind, thing in (*furniture.objects(self.plan), *granted(self.plan.wanted.users)):
            self.store.create(kind, thing)
        for thing, node, address in self._name_servers():
            self.store.replace(
                PODS, pods.running(pods.placed(self.store.create(PODS, thing), node), node, str(address))
            )
        for manifest in self.plan.wanted.objects:
            self.create(dict(manifest))
        for component, count in self.plan.wanted.components.items():
            made = pods.template(self.plan.wanted, component)
            await self.deploy(self.store.create(DEPLOYMENTS, furniture.deployment(self.plan, component, count, made)))

    def _name_servers(self) -> Iterator[tuple[Object, NodePlan, IPv4Address]]:
        """CoreDNS, of which nothing runs but the answers."""
        nodes = self.plan.nodes[:2]
        for node, address in zip(nodes, self.bodies.answer_names(self.plan.wanted.dns.address, nodes), strict=True):
            yield furniture.coredns(), node, address

    def create(self, manifest: Object) -> Object:
        """An object of any kind that the server knows, from its manifest."""
        return self.store.create(self.kind_of(manifest), manifest)

    def kind_of(self, manifest: Mapping[str, Any]) -> Kind:
        named = (manifest.get("apiVersion"), manifest.get("kind"))
        for kind in (*KINDS, *EXTENSIONS):
            if (kind.api_version, kind.name) == named:
                return kind
        raise ValueError(f"the cluster knows no {named[1]} of {named[0]}")

    # --- Deployments ---

    async def deploy(self, deployment: Object) -> None:
        """A new ReplicaSet takes the place of the one before: its pods come, and then those of the old one go."""
        metadata, spec = deployment["metadata"], deployment["spec"]
        old = pods.owned_by(self.store.all(REPLICA_SETS, metadata["namespace"]), deployment)
        new = self.store.create(REPLICA_SETS, furniture.replica_set(deployment, pods.letters(10)))
        await self._replicate(new)
        for each in old:
            if each["spec"]["replicas"]:
                self._scaled(REPLICA_SETS, each, 0)
                await self.end(pods.owned_by(self.store.all(PODS, metadata["namespace"]), each))
        self._scaled(
            DEPLOYMENTS, self.store.get(DEPLOYMENTS, metadata["namespace"], metadata["name"]), spec["replicas"]
        )

    async def _replicate(self, replica_set: Object) -> None:
        """As many pods as it wants; those that are ending do not count."""
        metadata, spec = replica_set["metadata"], replica_set["spec"]
        have = [
            each
            for each in pods.owned_by(self.store.all(PODS, metadata["namespace"]), replica_set)
            if "deletionTimestamp" not in each["metadata"]
        ]
        names = [f"{metadata['name']}-{pods.letters(5)}" for _each in range(spec["replicas"] - len(have))]
        made = [self._new_pod(spec["template"], name, metadata["namespace"], replica_set, {}) for name in names]
        await self._run(made)
        self._scaled(
            REPLICA_SETS, self.store.get(REPLICA_SETS, metadata["namespace"], metadata["name"]), spec["replicas"]
        )

    def _scaled(self, kind: Kind, thing: Object, replicas: int) -> None:
        status = {
            "observedGeneration": 1,
            "replicas": replicas,
            "readyReplicas": replicas,
            "availableReplicas": replicas,
        }
        if kind is DEPLOYMENTS:
            status["updatedReplicas"] = replicas
        else:
            thing = {**thing, "spec": {**thing["spec"], "replicas": replicas}}
        self.store.replace(kind, {**thing, "status": status})

    async def rollout(self, name: str | None = None) -> list[str]:
        """Pods of new names, addresses and namespaces for one Deployment or all of them; says which pods there are now."""
        found = [each for each in self.store.all(DEPLOYMENTS) if name in (None, each["metadata"]["name"])]
        if not found:
            known = ", ".join(each["metadata"]["name"] for each in self.store.all(DEPLOYMENTS))
            raise ValueError(f"there is no Deployment {name}; there are {known}")
        for each in found:
            await self.deploy(each)
        names = {each["metadata"]["name"] for each in found}
        return [each["metadata"]["name"] for each in self.agents() if self._deployment_of(each) in names]

    def _deployment_of(self, pod: Object) -> str:
        for owner in pod["metadata"].get("ownerReferences", ()):
            if owner["kind"] == "ReplicaSet":
                return str(owner["name"]).rpartition("-")[0]
        return ""

    def agents(self) -> list[Object]:
        """The pods of the Deployments."""
        return [each for each in self.store.all(PODS) if self._deployment_of(each)]

    # --- pods ---

    def _new_pod(
        self, made_from: Object, name: str, namespace: str, owner: Object | None, more: Mapping[str, str]
    ) -> Object:
        return self.store.create(PODS, pods.pod(made_from, name, namespace, owner, more))

    async def _run(self, things: Sequence[Object]) -> list[Object]:
        """Pods on nodes, and running."""
        nodes = {each["metadata"]["name"]: self._node_for(each) for each in things}
        wanted = self.plan.wanted
        branches = (self.plan.pods_group, self.plan.name) if wanted.pod_groups else None
        container = Container(
            resolv_conf=furniture.resolv_conf(self.plan, things[0]["metadata"]["namespace"]) if things else "",
            servers=(furniture.name_server(self.plan.wanted.dns),),
            python=wanted.python,
            read_only=wanted.read_only,
        )
        for each in things:
            self.store.replace(PODS, pods.placed(each, nodes[each["metadata"]["name"]]))
        if nodes:
            await self.bodies.start(nodes, container, branches)
        done = []
        for name, node in nodes.items():
            body, thing = self.bodies.running[name], self._pod_named(name)
            if branches:
                annotation = furniture.branch_interface(body.taken.interface, body.address)
                metadata = {
                    **thing["metadata"],
                    "annotations": {**thing["metadata"].get("annotations", {}), **annotation},
                }
                thing = {**thing, "metadata": metadata}
            done.append(self.store.replace(PODS, pods.running(thing, node, body.address)))
            self.logs.begin(done[-1])
            await self._wake(done[-1], body)
            self.event(done[-1], "Normal", "Started", f"Started container {pods.container_names(thing)[0]}")
        await self.settle()
        return done

    async def _wake(self, pod: Object, body: Body) -> None:
        """A component of the agents begins to answer the kubelet; in loopback mode it has no port of its own."""
        component = pod["metadata"]["labels"].get("component")
        if component and body.facts.pid:
            port, path = pods.health(component)
            self._health[pod["metadata"]["name"]] = health = Health(path)
            await health.serve(body.facts.pid, port)

    async def settle(self) -> None:
        """Pods came or went, or policies did: the network does what policies say."""
        async with self._settling:  # whoever comes meanwhile waits until the kernel has the rules
            await self._settle()

    async def _settle(self) -> None:
        near = policies.Neighbours(
            pods=self.store.all(PODS),
            namespaces={each["metadata"]["name"]: each for each in self.store.all(NAMESPACES)},
            services=self.store.all(SERVICES),
        )
        rules = self.store.all(POLICIES)
        allowed = {
            each["metadata"]["name"]: policies.leaves(each, rules, near)
            for each in self.store.all(PODS)
            if each["metadata"]["name"] in self.bodies.running  # a pod that has no network yet comes back when it has
        }
        if allowed != self._allowed:
            self._allowed = allowed
            await self.bodies.restrict(allowed)

    def _node_for(self, thing: Object) -> NodePlan:
        wanted = thing["spec"].get("nodeSelector") or {}
        for node in itertools.islice(self._nodes, len(self.plan.nodes)):
            labels = self.store.get(NODES, "", node.name)["metadata"]["labels"]
            if all(labels.get(key) == value for key, value in wanted.items()):
                return node
        return self.plan.nodes[0]

    def _pod_named(self, name: str) -> Object:
        return next(each for each in self.store.all(PODS) if each["metadata"]["name"] == name)

    async def end(self, things: Iterable[Object]) -> None:
        """They are asked to end, and do."""
        ending = list(things)
        for each in ending:
            if self.store.find(PODS, each["metadata"]["namespace"], each["metadata"]["name"]):
                self.store.replace(PODS, pods.terminating(each))
        for each in ending:
            if health := self._health.pop(each["metadata"]["name"], None):
                health.close()
        await self.bodies.end([each["metadata"]["name"] for each in ending])
        for each in ending:
            with suppress(Refused):  # somebody else removed it meanwhile
                self.store.remove(PODS, each["metadata"]["namespace"], each["metadata"]["name"])
        await self.settle()

    def delete_pod(self, thing: Object) -> Object:
        """It ends in a moment, and its ReplicaSet makes another."""
        ending = self.store.replace(PODS, pods.terminating(thing))

        async def go() -> None:
            for replica_set in self.store.all(REPLICA_SETS, thing["metadata"]["namespace"]):
                if pods.owned_by([thing], replica_set):
                    await self._replicate(replica_set)
            await self.end([ending])

        self.soon(go())
        return ending

    def soon(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def arrange(
        self,
        name: str,
        *,
        phase: str | None = None,
        ready: bool | None = None,
        restarts: int | None = None,
        terminating: bool = False,
        well: bool | None = None,
        annotations: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Object:
        """What the API tells of a pod from now on, while the pod itself goes on as it is; `well` is what it says itself."""
        thing = copy.deepcopy(self._arranged(name))
        if well is not None and name in self._health:
            self._health[name].well = well
        if annotations:
            thing["metadata"].setdefault("annotations", {}).update(annotations)
        if labels:
            thing["metadata"]["labels"].update(labels)
        if phase == "Pending":
            thing = pods.unschedulable(thing)
        elif phase is not None:
            thing["status"]["phase"] = phase
        if ready is not None:
            thing["status"]["conditions"] = pods.conditions(now(), ready=ready)
        for each in thing["status"].get("containerStatuses", ()):
            each["ready"] = each["ready"] if ready is None else ready
            each["restartCount"] = each["restartCount"] if restarts is None else restarts
        if terminating:
            thing = pods.terminating(thing)
        return self.store.replace(PODS, thing)

    def _arranged(self, name: str) -> Object:
        try:
            return self._pod_named(name)
        except StopIteration:
            known = ", ".join(each["metadata"]["name"] for each in self.store.all(PODS))
            raise ValueError(f"there is no pod {name}; there are {known}") from None

    def body(self, pod: Object) -> Body | None:
        return self.bodies.running.get(pod["metadata"]["name"])

    def env(self, pod: Object, container: str) -> dict[str, str]:
        return {
            **self.bodies.of_image(self.plan.wanted.python),
            **pods.env(pod, container, furniture.service_env(self.plan)),
        }

    def event(self, about: Object, kind: str, reason: str, message: str) -> None:
        self.store.create(EVENTS, furniture.event(about, kind, reason, message))

    # --- Jobs ---

    def begin_job(self, job: Object) -> Object:
        made = self.store.create(JOBS, furniture.job(job))
        made = self.store.replace(JOBS, furniture.selecting(made))
        self.soon(self._work(made))
        return made

    async def _work(self, job: Object) -> None:
        """One pod after another until one succeeds, or as many failed as may."""
        namespace, name = job["metadata"]["namespace"], job["metadata"]["name"]
        limit = job["spec"].get("backoffLimit", 6)
        for failed in range(limit + 1):
            labels = furniture.job_labels(job)
            thing = self._new_pod(job["spec"]["template"], f"{name}-{pods.letters(5)}", namespace, job, labels)
            (thing,) = await self._run([thing])
            self._job_status(job, active=1, failed=failed)
            code = await self._container(thing, job["spec"].get("activeDeadlineSeconds"))
            pod = self.store.find(PODS, namespace, thing["metadata"]["name"])
            if pod is None or self.store.find(JOBS, namespace, name) is None:
                return  # both were removed meanwhile
            self.store.replace(PODS, pods.ended(pod, code))
            await self.bodies.end([thing["metadata"]["name"]])
            if code == 0:
                self._job_status(job, succeeded=1, failed=failed, condition="Complete")
                return
        self._job_status(job, failed=limit + 1, condition="Failed")

    def _job_status(self, job: Object, condition: str = "", **counts: int) -> None:
        metadata = job["metadata"]
        with suppress(Refused):
            current = self.store.get(JOBS, metadata["namespace"], metadata["name"])
            self.store.replace(JOBS, {**current, "status": furniture.job_status(current, condition, counts)})

    async def _container(self, pod: Object, deadline: float | None) -> int:
        """The pod's first container runs to its end; what it prints is its log."""
        container = pod["spec"]["containers"][0]
        command = [*(container.get("command") or ()), *(container.get("args") or ())]
        body, env = self.body(pod), self.env(pod, container["name"])
        if body is None or not command or not body.has(command[0], env["PATH"]):
            self.event(
                pod, "Warning", "Failed", f"Error: failed to create containerd task: exec: {command[:1]}: not found"
            )
            return 128
        process = await asyncio.create_subprocess_exec(
            *body.enter(command, env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            await asyncio.wait_for(self.logs.read(pod, container["name"], process.stdout), deadline)
        except TimeoutError:
            process.kill()
        return await process.wait()

    def delete_job(self, job: Object, propagation: str) -> Object:
        """Its pods go with it only if that is asked for: the API's default for Jobs is to leave them."""
        namespace = job["metadata"]["namespace"]
        removed = self.store.remove(JOBS, namespace, job["metadata"]["name"])
        if propagation not in ("", _ORPHANED):
            self.soon(self.end(pods.owned_by(self.store.all(PODS, namespace), job)))
        return removed
