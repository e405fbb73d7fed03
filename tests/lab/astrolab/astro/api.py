# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's Astro API, as far as this collection uses version 1: tokens with roles, pages, errors, updates that replace."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from ..aws.errors import Reply
from . import updating
from .organization import PREFIX, ROLES, Organization, Role, now
from .schema import problems
from .trouble import Fault, Trouble

_LARGEST_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    path: str
    query: Mapping[str, list[str]]
    body: bytes
    role: Role


class Refusal(Exception):
    """An error answer."""

    def __init__(self, status: int, message: str, fields: list[dict[str, str]] | None = None) -> None:
        super().__init__(message)
        self.status, self.fields = status, fields


class Api:
    """Answers below PREFIX. It validates what it is sent and what it says against the schema."""

    def __init__(self, organization: Organization) -> None:
        self.organization, self.trouble = organization, Trouble()
        self.log: list[dict[str, Any]] = []

    def handle(self, environ: Mapping[str, Any], body: bytes) -> Reply | None:
        """The answer to one HTTP request, or None where the connection is to be closed without one."""
        method, path = str(environ["REQUEST_METHOD"]), str(environ["PATH_INFO"]).removeprefix(PREFIX)
        token = str(environ.get("HTTP_AUTHORIZATION", "")).removeprefix("Bearer ")
        query = parse_qs(str(environ.get("QUERY_STRING", "")))
        entry = {"method": method, "path": path, "query": query, "status": 0}
        self.log.append(entry)
        reply = self._befallen(method, path, query, body, token)
        entry["status"] = reply.status if reply else 0
        return reply

    def _befallen(
        self, method: str, path: str, query: Mapping[str, list[str]], body: bytes, token: str
    ) -> Reply | None:
        fault = self.trouble.next(method, path)
        kind = fault.kind if fault else ""
        if kind == "lost_request":
            return None
        if kind == "busy" or self.trouble.too_fast(token, method):
            return _error(429, "too many requests")
        if kind == "broken":
            return _error(500, "something went wrong")
        reply = self._answer(method, path, query, body, token)
        if fault and kind == "slow_answer":
            time.sleep(fault.seconds)
        if fault and kind == "second_writer":
            self._second_writer(path, fault)
        if kind == "broken_after":
            return _error(500, "something went wrong")
        return None if kind == "lost_answer" else reply

    def _second_writer(self, path: str, fault: Fault) -> None:
        with self.organization.lock:
            document = self.organization.deployments[path.rpartition("/")[2]]
            document.update(merged(document, fault.change))

    def _answer(self, method: str, path: str, query: Mapping[str, list[str]], body: bytes, token: str) -> Reply:
        try:
            with self.organization.lock:
                if (role := ROLES.get(self.organization.tokens.get(token, ""))) is None:
                    raise Refusal(401, "invalid or missing token")
                shape, content = self._route(Request(method=method, path=path, query=query, body=body, role=role))
                if wrong := problems(shape, content):
                    raise RuntimeError(f"the lab answers {path} in a shape that Astro does not: {wrong}")
                return _json(200, content)
        except Refusal as refusal:
            return _error(refusal.status, str(refusal), refusal.fields)

    def _route(self, request: Request) -> tuple[str, object]:
        where, organization, *rest = request.path.strip("/").split("/")
        if where != "organizations" or organization != self.organization.id:
            raise Refusal(404, "organization not found")
        match request.method, rest:
            case "GET", ["clusters", name]:
                _allow(request, "organization.clusters.get")
                return "Cluster", _found(self.organization.clusters, name, "cluster")
            case "GET", ["deployments"]:
                return "Deployments", self._list(request)
            case "GET", ["deployments", name]:
                _allow(request, "deployment.get")
                return "Deployment", _seen(_found(self.organization.deployments, name, "deployment"), request.role)
            case "POST", ["deployments", name]:
                return "Deployment", self._update(request, name)
            case "GET", ["deployments", name, "agent-tokens"]:
                _allow(request, "deployment.agentTokens.get")
                _found(self.organization.deployments, name, "deployment")
                tokens = self.organization.agent_tokens.get(name, {}).values()
                return "AgentTokens", _page(request, "tokens", list(tokens))
        raise Refusal(404, "not found")

    def _list(self, request: Request) -> object:
        _allow(request, "organization.deployments.get")
        chosen = request.query.get("deploymentIds")
        found = [each for name, each in sorted(self.organization.deployments.items()) if not chosen or name in chosen]
        return _page(request, "deployments", [_seen(each, request.role) for each in found])

    def _update(self, request: Request, name: str) -> object:
        _allow(request, "deployment.update")
        document = _found(self.organization.deployments, name, "deployment")
        try:
            update = json.loads(request.body)
        except ValueError:
            raise Refusal(400, "the body is not JSON") from None
        secrets = self.organization.secrets.get(name, {})
        if wrong := problems("UpdateDeployment", update) or updating.complaints(update, secrets):
            raise Refusal(400, "invalid request", wrong)
        new, left = updating.updated(document, secrets, update, now())
        self.organization.deployments[name], self.organization.secrets[name] = new, left
        return _seen(new, request.role)


def merged(document: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """The document with the change laid over it, level by level."""
    return {
        **document,
        **{
            key: merged(document[key], value)
            if isinstance(value, dict) and isinstance(document.get(key), dict)
            else value
            for key, value in change.items()
        },
    }


def _allow(request: Request, permission: str) -> None:
    if permission not in request.role.may:
        raise Refusal(403, f"missing permission {permission}")


def _found(there: Mapping[str, dict[str, Any]], name: str, kind: str) -> dict[str, Any]:
    if name not in there:
        raise Refusal(404, f"{kind} not found")
    return there[name]


def _seen(document: Mapping[str, Any], role: Role) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in role.hidden}


def _page(request: Request, name: str, items: list[Any]) -> dict[str, Any]:
    try:
        offset, limit = (
            int(request.query.get(key, [default])[0]) for key, default in (("offset", "0"), ("limit", "20"))
        )
    except ValueError:
        raise Refusal(400, "offset and limit are numbers") from None
    if offset < 0 or not 0 <= limit <= _LARGEST_PAGE:
        raise Refusal(400, "offset or limit is out of range")
    return {name: items[offset : offset + limit], "offset": offset, "limit": limit, "totalCount": len(items)}


def _error(status: int, message: str, fields: list[dict[str, str]] | None = None) -> Reply:
    content: dict[str, Any] = {"message": message, "requestId": uuid.uuid4().hex, "statusCode": status}
    return _json(status, {**content, "fieldErrors": fields} if fields else content)


def _json(status: int, content: object) -> Reply:
    return Reply(status, "application/json", json.dumps(content).encode())
