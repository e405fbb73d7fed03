# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As much of OpenAPI v3 as kubectl reads before it sends a manifest: that the server itself checks fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .kinds import Kind, groups


def index(kinds: Iterable[Kind]) -> dict[str, Any]:
    known = tuple(kinds)
    found = [
        "api/v1",
        *(f"apis/{group}/{version}" for group, versions in groups(known).items() for version in versions),
    ]
    return {"paths": {each: {"serverRelativeURL": f"/openapi/v3/{each}?hash=0"} for each in found}}


def document(kinds: Iterable[Kind], group: str, version: str) -> dict[str, Any]:
    paths = {_path(kind): {"patch": _patch(kind)} for kind in kinds if (kind.group, kind.version) == (group, version)}
    return {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "unversioned"}, "paths": paths}


def _path(kind: Kind) -> str:
    base = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    return f"{base}{'/namespaces/{namespace}' if kind.namespaced else ''}/{kind.plural}/{{name}}"


def _patch(kind: Kind) -> dict[str, Any]:
    checked = {"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}
    about = {"group": kind.group, "version": kind.version, "kind": kind.name}
    return {
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": about,
        "parameters": [checked],
        "responses": {},
    }
