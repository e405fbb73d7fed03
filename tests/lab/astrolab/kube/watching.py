# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A watch: what there is or has changed since a resource version, then each change as it happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable

from aiohttp import web

from . import selecting
from .listing import tabled
from .paths import Target
from .refusals import Refused
from .selecting import Test
from .store import Change, Object, Store

_LONGEST = 1800.0
_FROM_NOW = ("", "0")


async def watch(request: web.Request, store: Store, about: Target) -> web.StreamResponse:
    query = request.query
    labels = selecting.by_labels(query.get("labelSelector", ""))
    named = f"metadata.name={about.name}" if about.name else ""
    fields = selecting.by_fields(",".join(filter(None, (query.get("fieldSelector", ""), named))), about.kind.name)
    queue, version = store.listen(), query.get("resourceVersion", "")
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    try:
        if version in _FROM_NOW:
            there = store.all(about.kind, about.namespace)
            first: list[Change] = [Change(store.revision, "ADDED", about.kind, thing) for thing in there]
        else:
            first = store.since(int(version))
        await answer.prepare(request)
        known = _known(store, about, first, labels, fields, from_now=version in _FROM_NOW)

        async def tell(change: Change) -> None:
            thing, uid = change.thing, change.thing["metadata"]["uid"]
            if change.kind is not about.kind or about.namespace not in ("", thing["metadata"].get("namespace", "")):
                return
            what = _as_seen(change.what, uid in known, labels(thing) and fields(thing))
            if what is None:
                return
            (known.discard if what == "DELETED" else known.add)(uid)
            shown = tabled(request, about.kind, [thing], {}) or thing
            await answer.write(json.dumps({"type": what, "object": shown}).encode() + b"\n")

        for change in first:
            await tell(change)
        async with asyncio.timeout(float(query.get("timeoutSeconds") or _LONGEST)):
            while True:
                await tell(await queue.get())
    except TimeoutError:
        await answer.write_eof()
    except Refused as refused:
        if answer.prepared or refused.code != 410:
            raise
        await answer.prepare(request)
        error: Object = {"type": "ERROR", "object": refused.status}
        await answer.write(json.dumps(error).encode() + b"\n")
    except ConnectionError:
        pass  # the client went away
    finally:
        store.leave(queue)
    return answer


def _known(
    store: Store, about: Target, first: Iterable[Change], labels: Test, fields: Test, *, from_now: bool
) -> set[str]:
    """Those that the client has seen in the list that it begins with."""
    if from_now:
        return set()
    changed = {change.thing["metadata"]["uid"]: change.what for change in reversed(list(first))}
    there = {
        thing["metadata"]["uid"] for thing in store.all(about.kind, about.namespace) if labels(thing) and fields(thing)
    }
    return {uid for uid in there | changed.keys() if changed.get(uid) != "ADDED"}


def _as_seen(what: str, was_known: bool, fits: bool) -> str | None:
    """What fits no longer is deleted for this watch, and what begins to fit is added."""
    if what == "DELETED":
        return what if fits or was_known else None
    if fits:
        return "MODIFIED" if was_known else "ADDED"
    return "DELETED" if was_known else None
