# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API server of a cluster: who asks, for what, whether that is allowed, and the answer. HTTP is aiohttp's."""

from __future__ import annotations

import copy
import json
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from . import discovery, kinds, reviews, selecting
from .cluster import Cluster
from .execing import container, execute
from .kinds import DEPLOYMENTS, JOBS, PODS, Kind, Target
from .listing import page, tabled
from .paths import target, verb
from .refusals import Refused, bad_request, forbidden, forbidden_path, no_such_path, not_allowed, status
from .rights import Asked, Identity, may, may_read
from .store import Object
from .watching import watch

_KEPT = 5000
_FOLLOWED = 1.0
_NAMES = {"jobs": "batch.kubernetes.io/job-name"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A line of the server's audit log."""

    user: str
    method: str
    path: str
    query: dict[str, str]
    agent: str
    status: int


class Api:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.requests: list[Request] = []

    async def serve(self, at: socket.socket, tls: ssl.SSLContext) -> None:
        application = web.Application(client_max_size=4 * 1024 * 1024)
        application.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await runner.setup()
        await web.SockSite(runner, at, ssl_context=tls).start()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        user = ""
        try:
            who = self._cluster.tokens.who(request.headers.get("Authorization", ""))
            user = who.name
            answer = await self._answer(request, who)
        except Refused as refused:
            answer = web.json_response(refused.status, status=refused.code)
        except (KeyError, TypeError, ValueError) as wrong:
            told = bad_request(f"the object provided is unrecognized: {type(wrong).__name__}: {wrong}")
            answer = web.json_response(told.status, status=told.code)
        self.requests.append(
            Request(
                user=user,
                method=request.method,
                path=request.path,
                query=dict(request.query),
                agent=request.headers.get("User-Agent", "")[:60],
                status=answer.status,
            )
        )
        del self.requests[:-_KEPT]
        return answer

    async def _answer(self, request: web.Request, who: Identity) -> web.StreamResponse:
        path = request.path
        if path == f"/apis/{kinds.REVIEWS.group}/v1/{kinds.REVIEWS.plural}":
            return await self._review(request, who)
        steps = path.strip("/").split("/")
        if (steps[0] == "api" and len(steps) > 2) or (steps[0] == "apis" and len(steps) > 3):
            return await self._resource(request, who, target(self._cluster.store.kinds, path))
        if not may_read(self._cluster.store, who, path):
            raise forbidden_path(who.name, request.method.lower(), path)
        found = discovery.told(self._cluster.plan.wanted, (*self._cluster.store.kinds, kinds.REVIEWS), steps)
        return web.Response(text=found) if isinstance(found, str) else web.json_response(found)

    async def _review(self, request: web.Request, who: Identity) -> web.Response:
        if not who.known:
            raise forbidden(who.name, "create", Target(kind=kinds.REVIEWS))
        review = reviews.read(request.content_type, await request.read())
        spec = review["spec"]
        if (asked := spec.get("resourceAttributes")) is not None:
            resource = "/".join(filter(None, (asked.get("resource", ""), asked.get("subresource", ""))))
            more = {name: asked.get(name, "") for name in ("group", "namespace", "name")}
            allowed = may(self._cluster.store, who, Asked(verb=asked["verb"], resource=resource, **more))
        else:
            allowed = may_read(self._cluster.store, who, spec["nonResourceAttributes"]["path"])
        return web.json_response({**review, "status": {"allowed": allowed}}, status=201)

    # --- objects ---

    async def _resource(self, request: web.Request, who: Identity, about: Target) -> web.StreamResponse:
        done = verb(request.method, about.name, about.part, request.query)
        self._allow(who, done, about)
        if about.part == "exec":
            if request.method == "GET" and self._cluster.version >= (1, 35):
                self._allow(who, "create", about)  # since 1.35 a WebSocket needs it as SPDY always did
            return await execute(request, self._cluster, about)
        if about.part == "log" and about.kind is PODS:
            return await self._log(request, about)
        if about.part not in ("", "status"):
            raise no_such_path()
        if done == "watch":
            return await watch(request, self._cluster.store, about)
        doing: dict[str, Callable[[web.Request, Target], Awaitable[web.Response]]] = {
            "get": self._get,
            "list": self._list,
            "create": self._create,
            "update": self._update,
            "patch": self._patch,
            "delete": self._delete,
        }
        if done not in doing:
            raise not_allowed(done, about.kind)
        return await doing[done](request, about)

    def _allow(self, who: Identity, done: str, about: Target) -> None:
        asked = Asked(
            verb=done, resource=about.resource, group=about.kind.group, namespace=about.namespace, name=about.name
        )
        if not may(self._cluster.store, who, asked):
            raise forbidden(who.name, done, about)

    async def _get(self, request: web.Request, about: Target) -> web.Response:
        return self._shown(request, about.kind, self._cluster.store.get(about.kind, about.namespace, about.name))

    async def _list(self, request: web.Request, about: Target) -> web.Response:
        store = self._cluster.store
        labels = selecting.by_labels(request.query.get("labelSelector", ""))
        fields = selecting.by_fields(request.query.get("fieldSelector", ""), about.kind.name)
        found = [each for each in store.all(about.kind, about.namespace) if labels(each) and fields(each)]
        return web.json_response(page(request, about.kind, found, store.revision))

    async def _create(self, request: web.Request, about: Target) -> web.Response:
        thing = await _object(request, about)
        if "dryRun" in request.query:
            return web.json_response(thing, status=201)
        made = self._cluster.begin_job(thing) if about.kind is JOBS else self._cluster.store.create(about.kind, thing)
        await self._cluster.settle()
        return self._shown(request, about.kind, made, 201)

    async def _update(self, request: web.Request, about: Target) -> web.Response:
        thing = await _object(request, about)
        current = self._cluster.store.get(about.kind, about.namespace, about.name)
        return await self._replaced(request, about.kind, current, thing)

    async def _patch(self, request: web.Request, about: Target) -> web.Response:
        current = self._cluster.store.get(about.kind, about.namespace, about.name)
        return await self._replaced(
            request, about.kind, current, _merged(copy.deepcopy(current), json.loads(await request.read()))
        )

    async def _replaced(self, request: web.Request, kind: Kind, current: Object, thing: Object) -> web.Response:
        kept = {key: current["metadata"][key] for key in ("uid", "creationTimestamp", "name")}
        thing["metadata"] = {**thing["metadata"], **kept, "namespace": current["metadata"].get("namespace", "")}
        made = self._cluster.store.replace(kind, thing)
        if kind is DEPLOYMENTS and made["spec"]["template"] != current["spec"]["template"]:
            self._cluster.soon(self._cluster.deploy(made))
        await self._cluster.settle()
        return self._shown(request, kind, made)

    async def _delete(self, request: web.Request, about: Target) -> web.Response:
        store = self._cluster.store
        thing = store.get(about.kind, about.namespace, about.name)
        if about.kind is PODS:
            return web.json_response(self._cluster.delete_pod(thing))
        if about.kind is JOBS:
            body = json.loads(await request.read() or b"{}")
            asked = request.query.get("propagationPolicy") or body.get("propagationPolicy") or ""
            self._cluster.delete_job(thing, asked)
        else:
            store.remove(about.kind, about.namespace, about.name)
        await self._cluster.settle()
        details = {"name": about.name, "kind": about.kind.plural, "uid": thing["metadata"]["uid"]}
        return web.json_response(status("Success", details=details))

    @staticmethod
    def _shown(request: web.Request, kind: Kind, thing: Object, code: int = 200) -> web.Response:
        return web.json_response(tabled(request, kind, [thing], {}) or thing, status=code)

    async def _log(self, request: web.Request, about: Target) -> web.StreamResponse:
        pod = self._cluster.store.get(about.kind, about.namespace, about.name)
        name, query = container(pod, request.query.get("container", "")), request.query
        if query.get("previous") == "true":
            raise bad_request(f'previous terminated container "{name}" in pod "{about.name}" not found')
        if "containerStatuses" not in pod["status"]:
            raise bad_request(f'container "{name}" in pod "{about.name}" is waiting to start: ContainerCreating')
        tail, seconds = (int(query[each]) if each in query else None for each in ("tailLines", "sinceSeconds"))
        with_time, logs = query.get("timestamps") == "true", self._cluster.logs
        lines = logs.lines(pod, name, tail=tail, seconds=seconds)
        answer = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await answer.prepare(request)
        text = "".join(line.told(with_time=with_time) for line in lines)
        most = int(query.get("limitBytes") or 0) or None
        await answer.write(text.encode()[:most])
        seen = lines[-1:]
        while query.get("follow") == "true" and self._cluster.store.find(PODS, about.namespace, about.name) is not None:
            new = [line for line in logs.lines(pod, name) if not seen or line.at > seen[0].at]
            await answer.write("".join(line.told(with_time=with_time) for line in new).encode())
            seen = new[-1:] or seen
            if pod["status"]["phase"] in ("Succeeded", "Failed"):
                break
            await logs.more(_FOLLOWED)
            pod = self._cluster.store.find(PODS, about.namespace, about.name) or pod
        await answer.write_eof()
        return answer


async def _object(request: web.Request, about: Target) -> Object:
    if "json" not in request.content_type and "yaml" not in request.content_type:
        raise Refused(415, "UnsupportedMediaType", "the body of the request was in an unknown format")
    thing: Object = json.loads(await request.read())
    if about.kind.namespaced:
        thing.setdefault("metadata", {}).setdefault("namespace", about.namespace)
        if thing["metadata"]["namespace"] != about.namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    return thing


def _merged(thing: Any, change: Any) -> Any:
    """A JSON merge patch; strategic ones are taken for one, too."""
    if not isinstance(change, dict) or not isinstance(thing, dict):
        return change
    for key, value in change.items():
        if value is None:
            thing.pop(key, None)
        else:
            thing[key] = _merged(thing.get(key), value)
    return thing
