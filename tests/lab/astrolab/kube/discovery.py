# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What clients ask before they ask for anything: version, groups, resources, and the bit of OpenAPI that kubectl reads. Pure."""

from __future__ import annotations

from typing import Any

from . import kinds, openapi
from .kinds import Kind
from .refusals import no_such_path
from .wanted import ClusterWanted


def told(wanted: ClusterWanted, known: tuple[Kind, ...], steps: list[str]) -> dict[str, Any] | str:
    match steps:
        case ["version"]:
            return _version(wanted)
        case ["healthz" | "livez" | "readyz", *_]:
            return "ok"
        case ["openapi", "v3"]:
            return openapi.index(known)
        case ["openapi", "v3", "api", version]:
            return openapi.document(known, "", version)
        case ["openapi", "v3", "apis", group, version]:
            return openapi.document(known, group, version)
    return _resources(known, steps)


def _resources(known: tuple[Kind, ...], steps: list[str]) -> dict[str, Any]:
    groups = kinds.groups(known)
    match steps:
        case ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"]}
        case ["apis"]:
            found = [_group(name, versions) for name, versions in groups.items()]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}
        case ["apis", group] if group in groups:
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, groups[group])}
        case ["api", "v1"]:
            return _listed("v1", kinds.resources(known, "", "v1"))
        case ["apis", group, version] if version in groups.get(group, ()):
            return _listed(f"{group}/{version}", kinds.resources(known, group, version))
    raise no_such_path()


def _version(wanted: ClusterWanted) -> dict[str, str]:
    major, minor = wanted.version.split(".")[:2]
    suffix = "-eks-1234567" if wanted.service == "eks" else ""
    return {
        "major": major,
        "minor": f"{minor}+" if suffix else minor,
        "gitVersion": f"v{major}.{minor}.0{suffix}",
        "gitCommit": "0" * 40,
        "gitTreeState": "clean",
        "buildDate": "2025-01-01T00:00:00Z",
        "goVersion": "go1.24",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


def _group(name: str, versions: list[str]) -> dict[str, Any]:
    found = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": found, "preferredVersion": found[0]}


def _listed(group_version: str, found: list[dict[str, object]]) -> dict[str, Any]:
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": found}
