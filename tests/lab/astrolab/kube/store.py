# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of one cluster, each change with a resource version of its own, and who waits for changes."""

from __future__ import annotations

import asyncio
import copy
import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .kinds import EXTENSIONS, KINDS, Kind
from .refusals import exists, gone, not_found

Object = dict[str, Any]
_KEPT = 2000  # changes that a watch may begin before


@dataclass(frozen=True, slots=True)
class Change:
    revision: int
    what: str  # ADDED, MODIFIED, DELETED
    kind: Kind
    thing: Object


class Store:
    def __init__(self) -> None:
        self._objects: dict[Kind, dict[tuple[str, str], Object]] = {kind: {} for kind in (*KINDS, *EXTENSIONS)}
        self._changes: deque[Change] = deque(maxlen=_KEPT)
        self._waiting: set[asyncio.Queue[Change]] = set()
        self.revision = 1000

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return (*KINDS, *(kind for kind in EXTENSIONS if self._objects[kind]))

    def all(self, kind: Kind, namespace: str = "") -> list[Object]:
        found = self._objects[kind]
        return [found[key] for key in sorted(found) if namespace in ("", key[0])]

    def get(self, kind: Kind, namespace: str, name: str) -> Object:
        try:
            return self._objects[kind][namespace, name]
        except KeyError:
            raise not_found(kind, name) from None

    def find(self, kind: Kind, namespace: str, name: str) -> Object | None:
        return self._objects[kind].get((namespace, name))

    def create(self, kind: Kind, thing: Object) -> Object:
        metadata = thing.setdefault("metadata", {})
        if "name" not in metadata and "generateName" in metadata:
            metadata["name"] = metadata["generateName"] + uuid.uuid4().hex[:5]
        key = (metadata.get("namespace", "") if kind.namespaced else "", metadata["name"])
        if key in self._objects[kind]:
            raise exists(kind, metadata["name"])
        metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": metadata.get("creationTimestamp") or now()}
        return self._put(kind, key, thing, "ADDED")

    def replace(self, kind: Kind, thing: Object) -> Object:
        metadata = thing["metadata"]
        key = (metadata.get("namespace", "") if kind.namespaced else "", metadata["name"])
        if key not in self._objects[kind]:
            raise not_found(kind, metadata["name"])
        return self._put(kind, key, thing, "MODIFIED")

    def remove(self, kind: Kind, namespace: str, name: str) -> Object:
        thing = copy.deepcopy(self.get(kind, namespace, name))
        del self._objects[kind][namespace, name]
        self.revision += 1
        thing["metadata"]["resourceVersion"] = str(self.revision)
        self._tell(Change(self.revision, "DELETED", kind, thing))
        return thing

    def _put(self, kind: Kind, key: tuple[str, str], thing: Object, what: str) -> Object:
        self.revision += 1
        new = {"apiVersion": kind.api_version, "kind": kind.name, **copy.deepcopy(thing)}
        new["metadata"]["resourceVersion"] = str(self.revision)
        self._objects[kind][key] = new
        self._tell(Change(self.revision, what, kind, new))
        return new

    def _tell(self, change: Change) -> None:
        self._changes.append(change)
        for queue in self._waiting:
            queue.put_nowait(change)

    def since(self, revision: int) -> list[Change]:
        oldest = self._changes[0].revision if self._changes else self.revision
        if revision < oldest - 1:
            raise gone(revision, oldest)
        return [change for change in self._changes if change.revision > revision]

    def listen(self) -> asyncio.Queue[Change]:
        queue: asyncio.Queue[Change] = asyncio.Queue()
        self._waiting.add(queue)
        return queue

    def leave(self, queue: asyncio.Queue[Change]) -> None:
        self._waiting.discard(queue)

    def everything(self) -> Iterator[tuple[Kind, Object]]:
        for kind, found in self._objects.items():
            for thing in found.values():
                yield kind, thing


def now() -> str:
    return stamp(datetime.now(UTC))


def stamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
