# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a Job in an agent's place, reads what it prints, and removes it, whatever comes of it."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from . import job, script
from .choose import Chosen
from .client import Client
from .model import Cluster, Refused
from .objects import Thing, many, name, part

#: Seconds that a pod may take to be scheduled, to get its image and to start; on Fargate that is a minute or two.
STARTS = 180
#: Seconds between two looks at it.
_AGAIN = 1.0
#: How often its removal is tried.
_REMOVES = 3
#: Most bytes of its log.
_LOG = 1_000_000

#: Waits for some seconds; raises if the run was told to stop.
Pause = Callable[[float], None]


@dataclass(frozen=True, kw_only=True)
class Twin:
    """A cluster in which Jobs may run in the place of agents."""

    client: Client
    cluster: Cluster
    pause: Pause = time.sleep

    def look(self, chosen: Chosen, source: str, given: Mapping[str, Any], longest: float) -> dict[str, Any]:
        """What the probe answers from a pod like the chosen one. Raises Refused."""
        seconds = round(longest)
        line = job.start(script.program(source, given))
        order = job.Order(
            name=f"astro-privatelink-{secrets.token_hex(4)}",
            container=chosen.container,
            command=script.searching(line, self.cluster.python),
            seconds=STARTS + seconds,
            image=self.cluster.job_image,
        )
        space = chosen.pod.namespace
        jobs = f"/apis/batch/v1/namespaces/{quote(space)}/jobs"
        wanted = job.manifest(self._raw(chosen), order)
        try:
            self.client.send("POST", jobs, wanted)
            return self._answer(chosen, order, jobs)
        except Refused as problem:
            if problem.code == "KUBE_JOB_FAILED":
                raise
            raise self._failed(chosen, order, problem.of("").seen) from problem
        finally:
            # Also if it may not have been made: the answer may have been lost. What stays, Kubernetes removes.
            self._remove(f"{jobs}/{order.name}")

    def _remove(self, path: str) -> None:
        """Also where the API does not answer for a moment."""
        for _attempt in range(_REMOVES):
            try:
                return self.client.send("DELETE", path, {"propagationPolicy": "Background"})
            except Refused as problem:
                if problem.code not in {"KUBE_API_UNREACHABLE", "KUBE_API_FAILED"}:
                    return None
            with contextlib.suppress(InterruptedError):
                self.pause(_AGAIN)
        return None

    def _answer(self, chosen: Chosen, order: job.Order, jobs: str) -> dict[str, Any]:
        pod = self._ended(chosen, order, jobs)
        path = f"/api/v1/namespaces/{quote(chosen.pod.namespace)}/pods/{quote(name(pod))}/log"
        log = self.client.text(path, {"container": "probe", "limitBytes": str(_LOG)}, _LOG)
        answer = script.Ended(stdout=log).answer
        if answer is None:
            last = log[-2000:].decode("utf-8", "replace").strip().splitlines()[-1:]
            raise self._failed(chosen, order, "; ".join([*last, job.waits(pod, {})]))
        return answer

    def _ended(self, chosen: Chosen, order: job.Order, jobs: str) -> Thing:
        """Its pod, once the probe has run there."""
        path = f"/api/v1/namespaces/{quote(chosen.pod.namespace)}/pods"
        until = time.monotonic() + order.seconds
        while True:
            found = self.client.list(path, {"labelSelector": f"{job.MARK}={order.name}"})
            pods = [part({"pod": each}, "pod") for each in many(found, "items")]
            done = next((pod for pod in pods if job.ended(pod)), None)
            if done is not None:
                return done
            stuck = next((why for pod in pods if (why := job.hopeless(pod))), "")
            if stuck or time.monotonic() > until:
                raise self._failed(chosen, order, stuck or job.waits(pods[0] if pods else None, self._job(jobs, order)))
            self.pause(_AGAIN)

    def _job(self, jobs: str, order: job.Order) -> Thing:
        """What became of the Job, as far as it may be read."""
        with contextlib.suppress(Refused):
            return self.client.get(f"{jobs}/{order.name}")
        return {}

    def _raw(self, chosen: Chosen) -> Thing:
        """The pod as the API has it. Who may list pods may not always get one."""
        path = f"/api/v1/namespaces/{quote(chosen.pod.namespace)}/pods"
        found = many(self.client.list(path, {"fieldSelector": f"metadata.name={chosen.pod.name}"}), "items")
        if not found:
            raise Refused("KUBE_POD_GONE", pod=f"{chosen.pod.namespace}/{chosen.pod.name}", detail="it is not listed")
        return part({"pod": found[0]}, "pod")

    def _failed(self, chosen: Chosen, order: job.Order, detail: str) -> Refused:
        facts = {"job": order.name, "namespace": chosen.pod.namespace, "pod": chosen.pod.name}
        return Refused("KUBE_JOB_FAILED", **facts, detail=detail.rstrip("."))
