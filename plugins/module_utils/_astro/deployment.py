# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of Deployments and clusters that may be shown: an allow-list, so that no secret leaks. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from .._core.findings import Finding, finding
from .._core.text import printable
from .._inventory.hosts import SUFFIX
from . import access

Document = Mapping[str, Any]
#: How much older than the latest use of all a token's use may be, for the token to count as one in use.
LATELY = timedelta(hours=1)


def clusters_of(deployments: Sequence[Document]) -> list[str]:
    return sorted({str(each["clusterId"]) for each in deployments if each.get("clusterId")})


def findings(named: Sequence[str], deployments: Sequence[Document]) -> list[Finding]:
    """Deployments that do not show, and those whose agents go to another name than the link's."""
    seen = {each["id"] for each in deployments}
    found = [finding("DEPLOYMENT_NOT_FOUND", each) for each in named if each not in seen]
    for each in deployments:
        cluster, host = str(each.get("clusterId") or ""), _where(each)["host"]
        if host and cluster and host != f"{cluster}.{SUFFIX}":
            facts = {"host": host, "cluster": cluster, "label": host.partition(".")[0]}
            found.append(finding("API_HOST_MISMATCH", access.Have(document=each).name, **facts))
    return found


def public(
    named: Sequence[str],
    deployments: Sequence[Document],
    clusters: Mapping[str, Document | None],
    tokens: Mapping[str, Sequence[Document] | None],
    found: Sequence[Finding],
) -> dict[str, Any]:
    """The form of RETURN."""
    order = {name: number for number, name in enumerate(named)}
    shown = [_deployment(each) for each in sorted(deployments, key=lambda d: (order.get(d["id"], 0), d["id"]))]
    for each in shown:
        if each["id"] in tokens:
            listed = tokens[each["id"]]
            each["agent_tokens"] = None if listed is None else [_token(token) for token in listed]
    return {
        "deployments": shown,
        "clusters": {printable(name): _cluster(each) for name, each in clusters.items() if each is not None},
        "findings": [one.public() for one in found],
    }


# --- are its agents at work?

Tokens: TypeAlias = "Mapping[str, Sequence[Document] | None]"


def quiet(first: Tokens, now: Tokens, wanted: Sequence[str] | None) -> list[str]:
    """The ids of tokens that should be used, and were not since the first look. It goes by Astro's clock alone."""
    listed = {token["id"]: token for tokens in now.values() for token in tokens or ()}
    before = {token["id"]: token for tokens in first.values() for token in tokens or ()}
    named = (_lately(listed.values()) or list(listed)) if wanted is None else list(wanted)
    return [each for each in named if each not in listed or not _moved(before.get(each, {}), listed[each])]


def marked(first: Tokens, now: Tokens, wanted: Sequence[str] | None) -> dict[str, list[dict[str, Any]] | None]:
    """The tokens of each Deployment with what they did since the first look: used, quiet though wanted, or idle."""
    missed = quiet(first, now, wanted)
    before = {token["id"]: token for tokens in first.values() for token in tokens or ()}

    def activity(token: Document) -> str:
        if token["id"] in missed:
            return "quiet"
        return "used" if _moved(before.get(token["id"], {}), token) else "idle"

    return {
        name: None if tokens is None else [{**token, "activity": activity(token)} for token in tokens]
        for name, tokens in now.items()
    }


def _lately(tokens: Iterable[Document]) -> list[str]:
    """Tokens whose last use is not much older than the latest of all. Forgotten ones must not hold anybody up."""
    uses = {
        token["id"]: datetime.fromisoformat(str(token["lastUsedAt"])) for token in tokens if token.get("lastUsedAt")
    }
    return [each for each, at in uses.items() if max(uses.values()) - at <= LATELY]


def _moved(before: Document, now: Document) -> bool:
    last, use = before.get("lastUsedAt"), now.get("lastUsedAt")
    return bool(use) and (not last or datetime.fromisoformat(str(use)) > datetime.fromisoformat(str(last)))


# --- the form of RETURN


def _deployment(document: Document) -> dict[str, Any]:
    have = access.Have(document=document)
    return {
        "id": _text(document, "id"),
        "name": have.name,
        "workspace_id": _text(document, "workspaceId"),
        "cluster_id": _text(document, "clusterId"),
        "type": _text(document, "type"),
        "executor": _text(document, "executor"),
        "status": _text(document, "status"),
        "airflow_version": _text(document, "airflowVersion"),
        "remote_execution": bool(have.remote.get("enabled")),
        "remote_api_url": _text(have.remote, "remoteApiUrl"),
        **_where(document),
        "allowed_ranges": [printable(each, 100) for each in have.ranges],
    }


def _where(document: Document) -> dict[str, str]:
    url = urlsplit(_text(access.Have(document=document).remote, "remoteApiUrl"))
    return {"host": url.hostname or "", "path": url.path or "/"}


def _cluster(document: Document) -> dict[str, Any]:
    ranges, own = access.Cluster.read(document), _text(document, "id")
    return {
        "id": own,
        "name": _text(document, "name"),
        "region": _text(document, "region"),
        "cloud_provider": _text(document, "cloudProvider"),
        "type": _text(document, "type"),
        "status": _text(document, "status"),
        "ranges": [printable(each, 100) for each in ranges.ranges],
        "secondary_ranges": [printable(each, 100) for each in ranges.secondary],
        "host": f"{own}.{SUFFIX}",
    }


def _token(document: Document) -> dict[str, Any]:
    return {
        "id": _text(document, "id"),
        "name": _text(document, "name"),
        "last_used_at": _text(document, "lastUsedAt"),
        "ends_at": _text(document, "endAt"),
        "activity": document["activity"],
    }


def _text(document: Document, key: str) -> str:
    return printable(document.get(key) or "")
