# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request is about: the path of a resource, and the verb. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from .kinds import Kind, Target
from .refusals import no_such_path


def target(kinds: Iterable[Kind], path: str) -> Target:
    """A path below /api/v1 or /apis/GROUP/VERSION; what there is not is refused."""
    steps = [unquote(step) for step in path.strip("/").split("/")]
    group, version, rest = ("", steps[1], steps[2:]) if steps[0] == "api" else (steps[1], steps[2], steps[3:])
    known = {kind.plural: kind for kind in kinds if (kind.group, kind.version) == (group, version)}
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] in known:
        namespace, rest = rest[1], rest[2:]
    if rest[0] not in known or len(rest) > 3:
        raise no_such_path()
    kind = known[rest[0]]
    name, part = [*rest[1:], "", ""][:2]
    if name and kind.namespaced and not namespace:
        raise no_such_path()
    return Target(kind=kind, namespace=namespace, name=name, part=part)


def verb(method: str, name: str, part: str, query: Mapping[str, str]) -> str:
    """As RBAC names what is done."""
    if part == "exec":
        return "get" if method == "GET" else "create"
    if method in ("GET", "HEAD"):
        if query.get("watch", "").lower() in ("1", "true"):
            return "watch"
        return "get" if name else "list"
    wanted = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete" if name else "deletecollection"}
    if method not in wanted:
        raise no_such_path()
    return wanted[method]
