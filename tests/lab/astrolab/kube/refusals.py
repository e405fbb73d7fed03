# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Kubernetes says no: a Status object with its own message texts."""

from __future__ import annotations

from typing import Any

from .kinds import Kind, Target


class Refused(Exception):
    def __init__(self, code: int, reason: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.status = status("Failure", code=code, reason=reason, message=message, details=details)


def status(outcome: str, **more: Any) -> dict[str, Any]:
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": outcome, **more}


def unauthorized() -> Refused:
    return Refused(401, "Unauthorized", "Unauthorized")


def forbidden(user: str, verb: str, about: Target) -> Refused:
    kind, name = about.kind, about.name
    where = f'in the namespace "{about.namespace}"' if about.namespace else "at the cluster scope"
    what = f'{kind.qualified} "{name}"' if name else kind.qualified
    how = f'cannot {verb} resource "{about.resource}" in API group "{kind.group}" {where}'
    return Refused(403, "Forbidden", f'{what} is forbidden: User "{user}" {how}', **_about(kind, name))


def forbidden_path(user: str, verb: str, path: str) -> Refused:
    return Refused(403, "Forbidden", f'forbidden: User "{user}" cannot {verb} path "{path}"')


def not_found(kind: Kind, name: str) -> Refused:
    return Refused(404, "NotFound", f'{kind.qualified} "{name}" not found', **_about(kind, name))


def no_such_path() -> Refused:
    return Refused(404, "NotFound", "the server could not find the requested resource")


def exists(kind: Kind, name: str) -> Refused:
    return Refused(409, "AlreadyExists", f'{kind.qualified} "{name}" already exists', **_about(kind, name))


def bad_request(message: str) -> Refused:
    return Refused(400, "BadRequest", message)


def invalid(kind: Kind, name: str, field: str, message: str) -> Refused:
    cause = {"reason": "FieldValueInvalid", "message": message, "field": field}
    text = f'{kind.name}{"." + kind.group if kind.group else ""} "{name}" is invalid: {field}: {message}'
    return Refused(422, "Invalid", text, name=name, kind=kind.name, group=kind.group, causes=[cause])


def gone(asked: int, oldest: int) -> Refused:
    return Refused(410, "Expired", f"too old resource version: {asked} ({oldest})")


def not_allowed(verb: str, kind: Kind) -> Refused:
    message = "the server does not allow this method on the requested resource"
    return Refused(405, "MethodNotAllowed", message, kind=kind.plural, group=kind.group, verb=verb)


def _about(kind: Kind, name: str) -> dict[str, str]:
    found = {"name": name, "group": kind.group, "kind": kind.plural}
    return {key: value for key, value in found.items() if value}
