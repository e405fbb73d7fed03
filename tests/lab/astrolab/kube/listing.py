# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists in pages, and as the client accepts them: objects, or the table that `kubectl get` prints."""

from __future__ import annotations

import base64
import binascii
import json

from aiohttp import web

from .kinds import Kind
from .refusals import bad_request
from .store import Object
from .tables import table


def page(request: web.Request, kind: Kind, found: list[Object], revision: int) -> Object:
    start = _start(request.query.get("continue", ""))
    most = int(request.query.get("limit") or 0) or len(found)
    rest = found[start + most :]
    metadata: Object = {"resourceVersion": str(revision)}
    if rest:
        token = base64.urlsafe_b64encode(json.dumps({"start": start + most}).encode()).decode()
        metadata |= {"continue": token, "remainingItemCount": len(rest)}
    items = found[start : start + most]
    shown = tabled(request, kind, items, metadata)
    return shown or {"kind": f"{kind.name}List", "apiVersion": kind.api_version, "metadata": metadata, "items": items}


def tabled(request: web.Request, kind: Kind, things: list[Object], metadata: Object) -> Object | None:
    if "as=Table" not in request.headers.get("Accept", ""):
        return None
    return table(kind, things, metadata, request.query.get("includeObject", "Metadata"))


def _start(token: str) -> int:
    if not token:
        return 0
    try:
        return int(json.loads(base64.urlsafe_b64decode(token))["start"])
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise bad_request("continue key is not valid") from None
