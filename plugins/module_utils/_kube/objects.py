# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How objects of the Kubernetes API are taken: any field may be absent or of another type, and counts as empty then. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._core.text import printable

#: An object as the API gives it.
Thing = Mapping[str, Any]
#: Most entries that any list of an object is read to have.
MOST = 2000


def part(thing: Any, *path: str) -> Thing:
    """The mapping at a path, empty where there is none."""
    for key in path:
        thing = thing.get(key) if isinstance(thing, Mapping) else None
    return thing if isinstance(thing, Mapping) else {}


def text(thing: Any, *path: str) -> str:
    """The text at a path, empty where there is none."""
    value = part(thing, *path[:-1]).get(path[-1])
    return value if isinstance(value, str) else ""


def number(thing: Any, *path: str) -> int:
    """The whole number at a path, 0 where there is none."""
    value = part(thing, *path[:-1]).get(path[-1])
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def many(thing: Any, *path: str) -> list[Any]:
    """The list at a path, empty where there is none."""
    value = part(thing, *path[:-1]).get(path[-1])
    return value[:MOST] if isinstance(value, list) else []


def texts(thing: Any, *path: str) -> list[str]:
    return [each for each in many(thing, *path) if isinstance(each, str)]


def pairs(thing: Any, *path: str) -> dict[str, str]:
    """Labels, annotations and their like."""
    return {key: value for key, value in part(thing, *path).items() if isinstance(key, str) and isinstance(value, str)}


def shown(thing: Any, *path: str) -> str:
    """The text at a path, fit for a terminal."""
    return printable(text(thing, *path), 253)


def name(thing: Any) -> str:
    return shown(thing, "metadata", "name")


def namespace(thing: Any) -> str:
    return text(thing, "metadata", "namespace")


def labels(thing: Any) -> dict[str, str]:
    return pairs(thing, "metadata", "labels")


def notes(thing: Any) -> dict[str, str]:
    return pairs(thing, "metadata", "annotations")


def addresses(pod: Thing) -> list[str]:
    """The pod's addresses, the first one first."""
    found = [text(pod, "status", "podIP"), *(text(each, "ip") for each in many(pod, "status", "podIPs"))]
    return [each for each in dict.fromkeys(found) if each]


def workload(pod: Thing) -> str:
    """What keeps the pod there, by its name: of a Deployment's pod the Deployment, whose ReplicaSets have a hash behind its name."""
    for owner in many(pod, "metadata", "ownerReferences"):
        kind, owned = text(owner, "kind"), shown(owner, "name")
        suffix = f"-{labels(pod).get('pod-template-hash', '')}"
        if kind == "ReplicaSet" and len(suffix) > 1 and owned.endswith(suffix):
            return owned[: -len(suffix)]
        if owned:
            return owned
    return name(pod)


def containers(pod: Thing, *kinds: str) -> Iterator[Thing]:
    """The pod's containers of these kinds, by default all that go on running."""
    for kind in kinds or ("containers", "initContainers"):
        for each in many(pod, "spec", kind):
            if kinds or kind == "containers" or text(each, "restartPolicy") == "Always":
                yield part({"container": each}, "container")
