# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only caller of the Astro API: requests, pages, back-off, and the one update, sent so that nobody's work is lost.

The API: https://www.astronomer.io/docs/api. It has no conditional update, so a second writer is looked for before sending.
"""

from __future__ import annotations

import datetime
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit

from ansible.module_utils.api import generate_jittered_backoff
from ansible.module_utils.urls import open_url

from .._core.errors import CallFailed, PrivateLinkError
from .._core.plan import Call
from .._core.text import printable
from . import access, form
from . import deployment as _deployment

URL = "https://api.astronomer.io/v1"
#: How often a request is sent again that Astro is too busy for, and how long the longest pause is.
RETRIES = 4
LONGEST_PAUSE = 20
#: Longest time in seconds between two looks at agent tokens.
WATCH_INTERVAL = 5.0
#: Largest page that agent tokens and clusters allow, and the most items that are read of all pages.
PAGE = 100
MOST_ITEMS = 100_000
#: Largest answer in bytes; a Deployment with hundreds of environment variables has some ten thousand.
LARGEST = 10_000_000

OPTIONS: dict[str, Any] = {
    "organization_id": {"type": "str"},
    "api_token": {"type": "str", "no_log": True},
    "api_url": {"type": "str"},
    "api_timeout": {"type": "int", "default": 30},
}


class AstroError(PrivateLinkError):
    """Astro refused a request, or could not be asked; the text is for people. ``status`` is 0 without an answer."""

    def __init__(self, message: str, status: int = 0, retry_after: float = 0.0) -> None:
        super().__init__(printable(message, 1000))
        self.status = status
        self.retry_after = retry_after

    @property
    def busy(self) -> bool:
        """Astro did nothing and asks to come again."""
        return self.status == 429

    @property
    def uncertain(self) -> bool:
        """Nobody knows whether Astro did what was asked."""
        return self.status == 0 or self.status >= 500


@dataclass(frozen=True, kw_only=True)
class Client:
    """Speaks to one Organization. ``pause`` is how it waits."""

    organization_id: str
    token: str = field(repr=False)
    url: str = URL
    timeout: int = 30
    pause: Callable[[float], None] = time.sleep

    def get(self, path: str, shape: form.Form = form.anything, **query: Any) -> dict[str, Any]:
        """One answer of this shape, asked for again while Astro is busy, broken or replaced by something else."""
        pauses = self.pauses()
        while True:
            try:
                answer = self._send("GET", path, query=query)
                if wrong := shape(answer):
                    raise AstroError(f"{self.where} does not answer {path} as the Astro API does: {wrong}.")
                return answer
            except AstroError as problem:
                pause = next(pauses, None)
                if pause is None or not (problem.busy or problem.uncertain):
                    raise
                self.pause(max(pause, problem.retry_after))

    def pages(self, path: str, name: str, item: form.Form = form.anything, **query: Any) -> Iterator[dict[str, Any]]:
        """All items of a paged answer, which calls them ``name``."""
        offset = 0
        while offset < MOST_ITEMS:
            answer = self.get(path, form.page(name, item), offset=offset, limit=PAGE, **query)
            yield from answer[name]
            offset += len(answer[name])
            if not answer[name] or offset >= answer["totalCount"]:
                return

    def post(self, path: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """Sent once: whoever sends a change has to look before sending it again."""
        return self._send("POST", path, content=content)

    @staticmethod
    def pauses() -> Iterator[float]:
        pauses: Iterator[float] = generate_jittered_backoff(RETRIES, 2, LONGEST_PAUSE)
        return pauses

    @property
    def where(self) -> str:
        return urlsplit(self.url).hostname or self.url

    def _send(
        self, method: str, path: str, query: Mapping[str, Any] | None = None, content: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        asked = f"?{urlencode(query, doseq=True)}" if query else ""
        try:
            with open_url(
                f"{self.url}/organizations/{quote(self.organization_id, safe='')}{path}{asked}",
                method=method,
                data=None if content is None else json.dumps(content),
                headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
                timeout=self.timeout,
                http_agent="astro.privatelink",
                follow_redirects="none",
                use_netrc=False,  # it would take the place of the token
            ) as response:
                answer = _parsed(response.read(LARGEST + 1))
        except HTTPError as refusal:
            raise refused(refusal.code, _rest(refusal), refusal.headers.get("Retry-After") or "") from refusal
        except (OSError, HTTPException, ValueError) as problem:
            raise AstroError(
                f"{self.where} gave no usable answer: {printable(problem) or type(problem).__name__}."
            ) from problem
        if not isinstance(answer, dict):
            raise AstroError(f"{self.where} does not answer as the Astro API does. Check api_url.")
        return answer


def _parsed(content: bytes) -> Any:
    """JSON of whatever form. Raises ValueError for anything else."""
    if len(content) > LARGEST:
        raise ValueError("it is too long")
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _rest(refusal: HTTPError) -> bytes:
    """The body of an error answer as far as it came: that there was one is known from its status already."""
    try:
        return bytes(refusal.read(LARGEST))
    except (OSError, HTTPException):
        return b""


def refused(status: int, content: bytes, retry_after: str = "") -> AstroError:
    """Astro's error answer as a sentence, with what to do about the usual ones."""
    try:
        error = _parsed(content)
        said = printable(error["message"], 300).rstrip(".")
        fields = [printable(f"{each['field']}: {each['message']}", 200) for each in error.get("fieldErrors") or ()]
        request = f" (request {printable(error['requestId'], 80)})" if error.get("requestId") else ""
    except (ValueError, KeyError, TypeError, AttributeError):
        said, fields, request = "an answer that is not the Astro API's; check api_url", [], ""
    advice = {
        401: " Check the token (ASTRO_API_TOKEN): it may have expired or been revoked.",
        403: " The token's role does not allow this, or the Organization's IP access list does not admit this machine.",
        404: " Check the ids, and that the token belongs to this Organization.",
    }
    detail = f" ({'; '.join(fields)})" if fields else ""
    text = f"Astro says {status}: {said}{detail}{request}.{advice.get(status, '')}"
    return AstroError(text, status, min(_seconds(retry_after), LONGEST_PAUSE))


def _seconds(retry_after: str) -> float:
    """The header Retry-After: seconds, or a date (RFC 9110, 10.2.3). What is neither asks for nothing."""
    text = retry_after.strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return 0.0
    at = at if at.tzinfo else at.replace(tzinfo=datetime.UTC)
    return max(0.0, (at - datetime.datetime.now(datetime.UTC)).total_seconds())


def client(
    params: Mapping[str, Any],
    environment: Mapping[str, str] | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Client:
    """A client from a module's parameters; blank ones count as not given, then the environment is asked."""

    around = os.environ if environment is None else environment

    def given(name: str, default: str = "") -> str:
        variable = {
            "organization_id": "ASTRO_ORGANIZATION_ID",
            "api_token": "ASTRO_API_TOKEN",
            "api_url": "ASTRO_API_URL",
        }
        return (params[name] or "").strip() or around.get(variable[name], "").strip() or default

    token, organization, url = given("api_token"), given("organization_id"), given("api_url", URL).rstrip("/")
    if not token:
        raise AstroError("There is no Astro API token. Set the environment variable ASTRO_API_TOKEN.")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise AstroError(
            "The Astro API token has characters that no token has. Check the environment variable ASTRO_API_TOKEN."
        )
    if not organization:
        raise AstroError("No Organization was given. Set the environment variable ASTRO_ORGANIZATION_ID.")
    try:
        where = urlsplit(url)
    except ValueError:
        raise AstroError(f"api_url {url} is no URL.") from None
    if where.scheme != "https" and where.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise AstroError(f"api_url {url} is not https; the token would travel in the clear.")
    return Client(
        organization_id=organization, token=token, url=url, timeout=int(params["api_timeout"] or 30), pause=pause
    )


# --- what is read


def deployment(api: Client, deployment_id: str) -> dict[str, Any]:
    return api.get(_path("deployments", deployment_id), form.deployment)


def deployments(api: Client, named: list[str]) -> list[dict[str, Any]]:
    """Those that are named, as far as the token sees them, or all. A Deployment's own token may not list."""
    if not named:
        return list(api.pages("/deployments", "deployments", form.deployment))
    found = [_if_seen(api, _path("deployments", each), form.deployment) for each in dict.fromkeys(named)]
    return [each for each in found if each is not None]


def cluster(api: Client, cluster_id: str) -> dict[str, Any] | None:
    """A cluster, or None if the token may not read it."""
    return _if_seen(api, _path("clusters", cluster_id), form.cluster) if cluster_id else None


def _if_seen(api: Client, path: str, shape: form.Form) -> dict[str, Any] | None:
    try:
        return api.get(path, shape)
    except AstroError as problem:
        if problem.status in (403, 404):
            return None
        raise


def agent_tokens(api: Client, deployment_id: str) -> list[dict[str, Any]] | None:
    """A Deployment's agent tokens, or None if the token may not list them."""
    try:
        return list(api.pages(f"{_path('deployments', deployment_id)}/agent-tokens", "tokens", form.token))
    except AstroError as problem:
        if problem.status == 403:
            return None
        raise


def watch(
    api: Client, named: list[str], wanted: list[str] | None, timeout: float
) -> dict[str, list[dict[str, Any]] | None]:
    """The agent tokens of some Deployments, and whether each was used since this began; it ends once all were that should be."""
    first = {each: agent_tokens(api, each) for each in named}
    now, deadline = first, time.monotonic() + timeout
    while time.monotonic() < deadline and _deployment.quiet(first, now, wanted):
        api.pause(min(WATCH_INTERVAL, timeout / 10))
        now = {each: agent_tokens(api, each) for each in named}
    return _deployment.marked(first, now, wanted)


def have(api: Client, deployment_id: str) -> access.Have:
    """A Deployment and the ranges of its cluster."""
    document = deployment(api, deployment_id)
    place = cluster(api, str(document.get("clusterId") or ""))
    return access.Have(document=document, cluster=access.Cluster.read(place) if place else None)


def _path(kind: str, name: str) -> str:
    return f"/{kind}/{quote(name, safe='')}"


# --- what is sent


def _shows(document: Mapping[str, Any], ranges: list[str]) -> bool:
    return access.same(access.Have(document=document).ranges, ranges)


@dataclass(frozen=True, kw_only=True)
class Updater:
    """Sends a planned update onto the very Deployment that it was planned for, and never onto somebody else's change.

    Right before each attempt the Deployment is read again. If the answer to an attempt is lost, the next read tells
    whether it took effect.
    """

    api: Client
    planned_for: Mapping[str, Any] = field(repr=False)
    no_variables: bool = False

    def __call__(self, _call: Call, arguments: Mapping[str, Any]) -> str:
        deployment_id, ranges = str(arguments["deploymentId"]), list(arguments["allowedIpAddressRanges"])
        path, sent, last = _path("deployments", deployment_id), False, AstroError("")
        for pause in (0.0, *Client.pauses()):
            self.api.pause(max(pause, last.retry_after))
            now = self._read(deployment_id, sent)
            if sent and _shows(now, ranges):
                return deployment_id
            self._unchanged(now, sent)
            try:
                self.api.post(path, access.body(now, ranges, self.no_variables))
                return deployment_id
            except AstroError as problem:
                if not problem.busy and not problem.uncertain:
                    raise CallFailed(str(problem), "AstroRefused", sent) from None
                sent, last = sent or problem.uncertain, problem
        if sent and _shows(self._read(deployment_id, sent), ranges):
            return deployment_id
        raise CallFailed(str(last), "AstroUncertain" if sent else "AstroRefused", sent)

    def _unchanged(self, now: Mapping[str, Any], sent: bool) -> None:
        """Raises unless the Deployment is still what the update was planned for."""
        if not (changed := access.drift(self.planned_for, now)):
            return
        text = f"{', '.join(changed)} changed since the Deployment was first read."
        if sent:
            raise CallFailed(f"An update had no usable answer, and {text}", "AstroUncertain", sent=True)
        raise CallFailed(text, "SecondWriter")

    def _read(self, deployment_id: str, sent: bool) -> dict[str, Any]:
        try:
            return deployment(self.api, deployment_id)
        except AstroError as problem:
            raise CallFailed(str(problem), "AstroUncertain" if sent else "AstroRefused", sent) from None
