# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who a token stands for, and what Roles and bindings let that user do. What they are asked, `api` says."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .kinds import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, KINDS, ROLE_BINDINGS, ROLES
from .refusals import unauthorized
from .store import Object, Store
from .wanted import ADMIN, User

MASTERS, AUTHENTICATED = "system:masters", "system:authenticated"
_FOR_ALL = ("/healthz", "/livez", "/readyz", "/version")
_FOR_USERS = (*_FOR_ALL, "/api", "/apis", "/openapi")
_RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True)
class Identity:
    name: str
    groups: tuple[str, ...] = (AUTHENTICATED,)

    @property
    def known(self) -> bool:
        return AUTHENTICATED in self.groups


ANONYMOUS = Identity("system:anonymous", ("system:unauthenticated",))
Elsewhere = Callable[[str], str | None]  # the user that a token of another kind stands for


class Tokens:
    """Bearer tokens of the users of one cluster."""

    def __init__(self, users: Mapping[str, User], elsewhere: Elsewhere) -> None:
        self._users, self._elsewhere = {ADMIN: User(), **users}, elsewhere
        self._ends: dict[str, float | None] = {}
        self.of: dict[str, str] = {}  # user -> token
        self._whose: dict[str, str] = {}
        for user in self._users:
            self.renew(user)

    def renew(self, user: str) -> str:
        """A new token; the old one is no longer good."""
        if user not in self._users:
            raise ValueError(f"there is no user {user}; there are {', '.join(self._users)}")
        self._whose.pop(self.of.get(user, ""), None)
        token = secrets.token_urlsafe(32)
        lasts = self._users[user].seconds
        self.of[user], self._whose[token] = token, user
        self._ends[user] = None if lasts is None else time.monotonic() + lasts
        return token

    def expire(self, user: str) -> None:
        if user not in self._users:
            raise ValueError(f"there is no user {user}; there are {', '.join(self._users)}")
        self._ends[user] = time.monotonic()

    def who(self, authorization: str) -> Identity:
        """Nobody in particular where there is no token; one that is not good is refused."""
        kind, _unused, token = authorization.partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            return ANONYMOUS
        user = self._whose.get(token.strip())
        if user is None:
            user = self._elsewhere(token.strip())
        elif (end := self._ends[user]) is not None and time.monotonic() >= end:
            user = None
        if user is None:
            raise unauthorized()
        return Identity(user, (AUTHENTICATED, MASTERS) if user == ADMIN else (AUTHENTICATED,))


def granted(users: Mapping[str, User]) -> Iterator[tuple[Any, Object]]:
    """The Roles and bindings of the users that a topology names."""
    for name, user in users.items():
        rules = [
            {"apiGroups": [_group(resource)], "resources": [resource], "verbs": list(verbs)}
            for resource, verbs in user.can.items()
        ]
        within = {"namespace": user.namespace} if user.namespace else {}
        role, binding = (ROLES, ROLE_BINDINGS) if user.namespace else (CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS)
        yield role, {"metadata": {"name": name, **within}, "rules": rules}
        subject = {"apiGroup": _RBAC, "kind": "User", "name": name}
        reference = {"apiGroup": _RBAC, "kind": role.name, "name": name}
        yield binding, {"metadata": {"name": name, **within}, "roleRef": reference, "subjects": [subject]}


def _group(resource: str) -> str:
    plural = resource.partition("/")[0]
    return next((kind.group for kind in KINDS if kind.plural == plural), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody would do to a resource, which may be one that there is not."""

    verb: str
    resource: str  # with its part, as pods/exec
    group: str = ""
    namespace: str = ""
    name: str = ""


def may(store: Store, who: Identity, asked: Asked) -> bool:
    if MASTERS in who.groups:
        return True
    return any(
        _holds(rule.get("verbs"), asked.verb)
        and _holds(rule.get("apiGroups"), asked.group)
        and (_holds(rule.get("resources"), asked.resource) or _any_part(asked.resource) in rule.get("resources", ()))
        and (not rule.get("resourceNames") or asked.name in rule["resourceNames"])
        for rule in _rules(store, who, asked.namespace)
    )


def _any_part(resource: str) -> str:
    return f"*/{resource.partition('/')[2]}"


def may_read(store: Store, who: Identity, path: str) -> bool:
    """Paths that are no resources."""
    if MASTERS in who.groups or any(path == each or path.startswith(f"{each}/") for each in _free(who)):
        return True
    return any(
        path == each or (each.endswith("*") and path.startswith(each[:-1]))
        for rule in _rules(store, who, "")
        for each in rule.get("nonResourceURLs", ())
    )


def _free(who: Identity) -> Iterable[str]:
    return _FOR_USERS if who.known else _FOR_ALL


def _rules(store: Store, who: Identity, namespace: str) -> Iterator[Mapping[str, Any]]:
    bindings = store.all(CLUSTER_ROLE_BINDINGS)
    for binding in [*bindings, *(store.all(ROLE_BINDINGS, namespace) if namespace else ())]:
        if any(_is(subject, who) for subject in binding.get("subjects") or ()):
            reference = binding["roleRef"]
            if reference["kind"] == "Role":
                role = store.find(ROLES, binding["metadata"]["namespace"], reference["name"])
            else:
                role = store.find(CLUSTER_ROLES, "", reference["name"])
            yield from (role or {}).get("rules") or ()


def _is(subject: Mapping[str, str], who: Identity) -> bool:
    if subject["kind"] == "ServiceAccount":
        return who.name == f"system:serviceaccount:{subject.get('namespace', '')}:{subject['name']}"
    return subject["name"] in (who.groups if subject["kind"] == "Group" else (who.name,))


def _holds(values: Iterable[str] | None, wanted: str) -> bool:
    known = list(values or ())
    return wanted in known or "*" in known
