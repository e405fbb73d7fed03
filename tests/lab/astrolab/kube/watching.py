# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A watch: what there is or has changed since a resource version, then each change as it happens."""

from __future__ import annotations

import asyncio
import json

from aiohttp import web

from . import selecting
from .kinds import Target
from .listing import tabled
from .refusals import Refused
from .selecting import Test
from .store import Change, Object, Store

_LONGEST = 1800.0
_FROM_NOW = ("", "0")


async def watch(request: web.Request, store: Store, about: Target) -> web.StreamResponse:
    queue, watching = store.listen(), _Watch(request, store, about)
    try:
        first = watching.first()
        await watching.answer.prepare(request)
        for change in first:
            await watching.tell(change)
        async with asyncio.timeout(float(request.query.get("timeoutSeconds") or _LONGEST)):
            while True:
                await watching.tell(await queue.get())
    except TimeoutError:
        await watching.answer.write_eof()
    except Refused as refused:
        if refused.code != 410:
            raise
        await watching.answer.prepare(request)
        await watching.write("ERROR", refused.status)
    except ConnectionError:
        pass  # the client went away
    finally:
        store.leave(queue)
    return watching.answer


class _Watch:
    def __init__(self, request: web.Request, store: Store, about: Target) -> None:
        self._request, self._store, self._about = request, store, about
        named = f"metadata.name={about.name}" if about.name else ""
        selector = ",".join(filter(None, (request.query.get("fieldSelector", ""), named)))
        labels = selecting.by_labels(request.query.get("labelSelector", ""))
        fields = selecting.by_fields(selector, about.kind.name)
        self._fits: Test = lambda thing: labels(thing) and fields(thing)
        self._known: set[str] = set()  # those that fitted when they were last seen
        self.answer = web.StreamResponse(headers={"Content-Type": "application/json"})

    def first(self) -> list[Change]:
        """What there is, or what has changed since the list that the client begins with."""
        version, about = self._request.query.get("resourceVersion", ""), self._about
        there = self._store.all(about.kind, about.namespace)
        if version in _FROM_NOW:
            return [Change(self._store.revision, "ADDED", about.kind, thing) for thing in there]
        changes = self._store.since(int(version))
        changed = {change.thing["metadata"]["uid"]: change.what for change in reversed(changes)}
        known = {thing["metadata"]["uid"] for thing in there if self._fits(thing)} | changed.keys()
        self._known = {uid for uid in known if changed.get(uid) != "ADDED"}
        return changes

    async def tell(self, change: Change) -> None:
        thing, about = change.thing, self._about
        if change.kind is not about.kind or about.namespace not in ("", thing["metadata"].get("namespace", "")):
            return
        uid = thing["metadata"]["uid"]
        what = _as_seen(change.what, uid in self._known, self._fits(thing))
        if what is not None:
            (self._known.discard if what == "DELETED" else self._known.add)(uid)
            await self.write(what, tabled(self._request, about.kind, [thing], {}) or thing)

    async def write(self, what: str, thing: Object) -> None:
        await self.answer.write(json.dumps({"type": what, "object": thing}).encode() + b"\n")


def _as_seen(what: str, was_known: bool, fits: bool) -> str | None:
    """What fits no longer is deleted for this watch, and what begins to fit is added."""
    if what == "DELETED":
        return what if fits or was_known else None
    if fits:
        return "MODIFIED" if was_known else "ADDED"
    return "DELETED" if was_known else None
