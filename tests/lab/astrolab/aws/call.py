# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""One AWS request, understood: which service, action, account and region. It answers nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from moto.core.request import Request
from moto.core.routing import NotFound, get_service_router
from moto.iam.models import get_account_id_from

from .presigned import reader

CREDENTIAL = re.compile(r"Credential=([^/]+)/[^/]+/([^/]+)/([^/]+)/aws4_request")
READS = ("Describe", "Get", "List", "Search", "Test", "Simulate", "AssumeRole", "Decode")
REST = frozenset({"route53", "route53profiles", "ram", "eks"})


class LabRequest(Request):
    """moto's request, marked as one that came through a real server."""

    from_wsgi_server = True


@dataclass(frozen=True, slots=True)
class Call:
    service: str
    action: str
    account: str
    region: str
    access_key: str
    request: LabRequest
    uri_parameters: Mapping[str, Any] = field(default_factory=dict)
    dry: bool = False
    body: bytes = b""

    @property
    def name(self) -> str:
        return f"{self.service}:{self.action}"

    @property
    def mutating(self) -> bool:
        return not self.action.startswith(READS)


def understand(environ: dict[str, Any], body: bytes) -> Call | None:
    """The call in a WSGI environ, or None if it is not signed the way AWS requests are."""
    signed = _signed(environ)
    if signed is None:
        return None
    access_key, region, service = signed
    account = access_key if re.fullmatch(r"\d{12}", access_key) else get_account_id_from(access_key)
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
    request = LabRequest(environ)
    action, uri_parameters = _action(service, environ, body, request)
    dry = b"DryRun=true" in body
    return Call(service, action, account, region, access_key, request, uri_parameters, dry, body)


def _signed(environ: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """The access key, region and service that a request is signed for: in a header, or in the query of a link into a bucket."""
    if header := CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", "")):
        return header[1], header[2], header[3]
    if environ["REQUEST_METHOD"] != "GET" or "X-Amz-Credential=" not in environ.get("QUERY_STRING", ""):
        return None
    url = f"http://{environ.get('HTTP_HOST', '')}{environ['PATH_INFO']}?{environ['QUERY_STRING']}"
    return (*found, "s3") if (found := reader(url)) else None


def _action(
    service: str, environ: Mapping[str, Any], body: bytes, request: LabRequest
) -> tuple[str, Mapping[str, Any]]:
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return str(target).rpartition(".")[2], {}
    if service == "s3":
        kind = "Object" if "/" in environ["PATH_INFO"].strip("/") else "Bucket"
        return f"{str(environ['REQUEST_METHOD']).capitalize()}{kind}", {}
    if service in REST:
        try:
            operation, parameters = get_service_router(service).match(request)
        except NotFound:
            return "", {}
        return str(operation.name), parameters
    return parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0], {}
