# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How agent pods are: ready, restarted, waiting for what, what the cluster told of them, and what their logs say. Pure."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._core.findings import Finding, finding
from .._core.text import printable
from .need import some
from .objects import Thing, many, name, namespace, number, part, shown, text, workload

#: Seconds for which a restart, a warning or a heartbeat counts.
LATELY = 600
#: What warnings of a pod's events stand for trouble that does not pass by itself. Others occur at every rollout.
_TROUBLE = {
    "BackOff",
    "Evicted",
    "Failed",
    "FailedCreatePodSandBox",
    "FailedMount",
    "FailedScheduling",
    "OOMKilling",
    "NodeNotReady",
}
#: How logs tell of heartbeats; the agents' own words are not documented.
_HEARTBEAT = re.compile(r"heart ?beat", re.IGNORECASE)
_FAILED = re.compile(
    r"\b(fail\w*|error|exception|refused|timed? ?out|unable|could not|cannot|forbidden|403|401)\b", re.IGNORECASE
)

Evidence = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One pod at one time. ``waits`` is why a container of it does not run; ``restarted`` is when one last ended."""

    name: str
    namespace: str
    workload: str
    uid: str
    ready: bool
    restarts: int
    waits: str = ""
    restarted: datetime.datetime | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.namespace, self.workload

    @property
    def trouble(self) -> str:
        return f"{self.name} is not ready" + (f" ({self.waits})" if self.waits else "")


def state(pod: Thing) -> State | None:
    """How a pod is, or nothing for one that is on its way out or has done its work."""
    if text(pod, "metadata", "deletionTimestamp") or text(pod, "status", "phase") == "Succeeded":
        return None
    statuses = [part({"s": each}, "s") for each in many(pod, "status", "containerStatuses")]
    conditions = {text(each, "type"): text(each, "status") for each in many(pod, "status", "conditions")}
    starting = [part({"s": each}, "s") for each in many(pod, "status", "initContainerStatuses")]
    ends = [when(text(each, "lastState", "terminated", "finishedAt")) for each in statuses]
    return State(
        name=name(pod),
        namespace=namespace(pod),
        workload=workload(pod),
        uid=text(pod, "metadata", "uid"),
        ready=conditions.get("Ready") == "True",
        restarts=sum(number(each, "restartCount") for each in statuses),
        waits=next((reason for each in (*statuses, *starting) if (reason := _waits(each))), "")
        or shown(pod, "status", "reason"),
        restarted=max((end for end in ends if end), default=None),
    )


def _waits(status: Thing) -> str:
    return printable(text(status, "state", "waiting", "reason") or text(status, "state", "terminated", "reason"), 80)


def states(pods: Iterable[Thing]) -> list[State]:
    return [found for found in map(state, pods) if found]


def when(given: str) -> datetime.datetime | None:
    """A time of the API, RFC 3339 in UTC."""
    try:
        found = datetime.datetime.fromisoformat(given.replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else None


# --- evidence of one VPC


def evidence(
    pods: Sequence[State], events: Sequence[Thing] | None, logs: Mapping[str, str], now: datetime.datetime
) -> list[Evidence]:
    """What speaks for and against the agents' health. ``events`` is None if they may not be read; ``logs`` are by NAMESPACE/POD."""
    found = _ready(pods)
    since = now - datetime.timedelta(seconds=LATELY)
    restarted = [pod for pod in pods if pod.restarted and pod.restarted >= since]
    if restarted:
        text_ = f"restarted within {LATELY // 60} minutes: {some(pod.name for pod in restarted)}"
        found.append({"kind": "pod restarts", "good": False, "text": text_})
    if events is not None and pods:
        found.append(_events(pods, events, since))
    return [*found, *_heartbeats(logs)]


def trouble(pods: Sequence[State]) -> list[State]:
    """Pods that are not ready, and will not be by themselves, or of whose workload none is: while another one starts or is
    replaced, the workload works on."""
    ready = {pod.key for pod in pods if pod.ready}
    return [
        pod
        for pod in pods
        if not pod.ready and (pod.key not in ready or pod.waits.endswith(("BackOff", "Error", "ErrImagePull")))
    ]


def _ready(pods: Sequence[State]) -> list[Evidence]:
    if not pods:
        return []
    ready = [pod for pod in pods if pod.ready]
    counts = {key: sum(pod.workload == key for pod in ready) for key in sorted({pod.workload for pod in pods})}
    told = f"{len(ready)} of {len(pods)} agent pods are ready ({', '.join(f'{key} {count}' for key, count in counts.items())})"
    troubled = trouble(pods)
    more = f"; {some(pod.trouble for pod in troubled)}" if troubled else ""
    return [{"kind": "pods", "good": not troubled, "text": told + more}]


def _events(pods: Sequence[State], events: Sequence[Thing], since: datetime.datetime) -> Evidence:
    ours = {(pod.namespace, pod.name) for pod in pods}
    told: dict[tuple[str, str], str] = {}
    for event in events:
        about = part(event, "involvedObject")
        key = text(about, "namespace"), shown(about, "name")
        last = _last(event)
        if text(event, "type") == "Warning" and key in ours and last and last >= since:
            reason = printable(text(event, "reason"), 60)
            told[key[1], reason] = printable(text(event, "message"), 120)
    bad = {key: message for key, message in told.items() if key[1] in _TROUBLE}
    if bad:
        (pod, reason), message = next(iter(sorted(bad.items())))
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        return {"kind": "events", "good": False, "text": f"{reason} of {pod}: {message}{more}"}
    passing = f"; passing ones: {some(reason for _pod, reason in told)}" if told else ""
    return {"kind": "events", "good": True, "text": f"no warning of trouble within {LATELY // 60} minutes{passing}"}


def _last(event: Thing) -> datetime.datetime | None:
    given = [text(event, "series", "lastObservedTime"), text(event, "lastTimestamp"), text(event, "eventTime")]
    given.append(text(event, "metadata", "creationTimestamp"))
    return next((found for found in map(when, given) if found), None)


def _heartbeats(logs: Mapping[str, str]) -> list[Evidence]:
    """What the last line on a heartbeat says in each log. Logs without one say nothing."""
    last = {}
    for pod, log in logs.items():
        lines = [line for line in log[-200_000:].splitlines() if _HEARTBEAT.search(line[:2000])]
        if lines:
            last[pod] = lines[-1]
    failed = {pod: line for pod, line in last.items() if _FAILED.search(line[:2000])}
    if failed:
        pod, line = next(iter(sorted(failed.items())))
        return [
            {
                "kind": "logs",
                "good": False,
                "text": f"the last heartbeat in the log of {pod} failed: {printable(line, 160)}",
            }
        ]
    if last:
        told = f"{len(last)} of {len(logs)} logs tell of heartbeats within {LATELY // 60} minutes, and of none that failed last"
        return [{"kind": "logs", "good": True, "text": told}]
    return []


# --- through a change


def worse(vpc: str, before: Sequence[State], after: Sequence[State]) -> list[Finding]:
    """Pods that were well before a change and are not since: not ready, restarted, or gone without a ready one in their place."""
    now = {pod.uid: pod for pod in after}
    ready = {pod.key for pod in after if pod.ready}
    told = []
    for pod in before:
        later = now.get(pod.uid)
        if later is None:
            told += (
                []
                if not pod.ready or pod.key in ready
                else [f"{pod.name} is gone, and no pod of {pod.workload} is ready"]
            )
        elif later.restarts > pod.restarts:
            told.append(f"{pod.name} restarted" + (f" ({later.waits})" if later.waits else ""))
        elif pod.ready and not later.ready:
            told.append(later.trouble)
    return [finding("PODS_WORSE", vpc, pods=some(told))] if told else []


# --- where a pod says how it is


def health_url(spec: Thing) -> str:
    """The page that the kubelet asks of a container, so that the probe can ask it from inside; nothing if there is none."""
    ports = {text(each, "name"): number(each, "containerPort") for each in many(spec, "ports")}
    for kind in ("readinessProbe", "livenessProbe"):
        page = part(spec, kind, "httpGet")
        port = number(page, "port") or ports.get(text(page, "port"), 0)
        path, scheme = text(page, "path") or "/", (text(page, "scheme") or "HTTP").lower()
        if page and 0 < port < 65536 and re.fullmatch(r"/[\w./~-]{0,200}", path) and scheme == "http":
            return f"http://localhost:{port}{path}"
    return ""
