# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Astro's answers have the form that the core relies on. Further fields and unknown values of known ones are fine. Pure.

Anybody may answer in Astro's place: a proxy, a gateway in front of it, a newer version of the API.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

Document = Mapping[str, Any]
#: Says what is wrong with a document, or nothing.
Form = Callable[[Document], str]


def anything(document: Document) -> str:  # noqa: ARG001
    return ""


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def page(name: str, item: Form) -> Form:
    """A page whose items are called ``name``."""

    def check(document: Document) -> str:
        items = document.get(name)
        if not isinstance(items, list) or not _whole(document.get("totalCount")):
            return f"it is no page of {name}"
        return next(filter(None, (_item(item, each) for each in items)), "")

    return check


def deployment(document: Document) -> str:
    remote, variables = document.get("remoteExecution"), document.get("environmentVariables")
    return (
        _texts(document, needed=("id",), optional=("name", "clusterId", "workspaceId", "description"))
        or ("" if remote is None else _remote(remote))
        or ("" if variables is None else _each(variables, _variable, "environmentVariables"))
    )


def cluster(document: Document) -> str:
    ranges = ("vpcSubnetRange", "secondaryVpcCidr", "drVpcSubnetRange", "drSecondaryVpcCidr")
    return _texts(document, needed=("id",), optional=("name", *ranges))


def token(document: Document) -> str:
    return _texts(document, needed=("id",), optional=("name", "lastUsedAt", "endAt")) or _time(document, "lastUsedAt")


def _remote(remote: Any) -> str:
    if not isinstance(remote, Mapping):
        return "its remoteExecution has another form"
    ranges = remote.get("allowedIpAddressRanges")
    if ranges is not None and not (isinstance(ranges, list) and all(isinstance(each, str) for each in ranges)):
        return "its allowedIpAddressRanges have another form"
    return (
        _texts(remote, optional=("remoteApiUrl",))
        or _flags(remote, ("enabled",), "remoteExecution")
        or _url(remote.get("remoteApiUrl") or "")
    )


def _url(text: str) -> str:
    try:
        urlsplit(text)
    except ValueError:
        return "its remoteApiUrl is no URL"
    return "" if text.isascii() and text.isprintable() and " " not in text else "its remoteApiUrl is no URL"


def _variable(variable: Document) -> str:
    return _texts(variable, needed=("key",), optional=("value",)) or _flags(
        variable, ("isSecret",), "environmentVariables"
    )


def _each(items: Any, form: Form, name: str) -> str:
    if not isinstance(items, list):
        return f"its {name} have another form"
    return next(filter(None, (_item(form, each) for each in items)), "")


def _item(form: Form, item: Any) -> str:
    return form(item) if isinstance(item, Mapping) else "an item of it has another form"


def _texts(document: Document, needed: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> str:
    for key in (*needed, *optional):
        value = document.get(key)
        if not isinstance(value, str) and not (value is None and key in optional):
            return f"its {key} has another form"
    return next((f"its {key} is empty" for key in needed if not document[key]), "")


def _flags(document: Document, keys: tuple[str, ...], where: str) -> str:
    return next((f"{where}.{key} has another form" for key in keys if not isinstance(document.get(key), bool)), "")


def _time(document: Document, key: str) -> str:
    value = document.get(key)
    if not value:
        return ""
    try:
        aware = datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        aware = False
    return "" if aware else f"its {key} is no time in UTC"
