# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who made a presigned request, which others send on behalf of them: GetCallerIdentity, and reads of S3. The signature is checked."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

from botocore.auth import S3SigV4QueryAuth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.iam.models import get_account_id_from
from moto.sts.models import sts_backends

from .world import WORLD

LASTS = 15 * 60  # seconds, whatever X-Amz-Expires says
SECRET = "nothing-secret"  # of the keys that are account numbers
_STS = re.compile(r"sts(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?|127\.0\.0\.1:\d+|localhost:\d+")
_KNOWN = re.compile(r"(\d{8})/([a-z0-9-]+)/(sts|s3)/aws4_request")


def caller(url: str, headers: Mapping[str, str]) -> str | None:
    """The account of whoever signed this URL for these headers; none where anything is wrong."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    key, _unused, scope = query.get("X-Amz-Credential", "").partition("/")
    known = _KNOWN.fullmatch(scope)
    signed = set(query.get("X-Amz-SignedHeaders", "").split(";"))
    if not (known and known[3] == "sts" and _STS.fullmatch(parts.netloc) and signed == {"host", *headers}):
        return None
    if query.get("Action") != "GetCallerIdentity" or not _fresh(query.get("X-Amz-Date", ""), LASTS):
        return None
    return _account(url, key, SigV4QueryAuth, known, headers)


def reader(url: str) -> tuple[str, str] | None:
    """The access key and region of a link into a bucket; none where anything is wrong, or it has ended."""
    query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    key, _unused, scope = query.get("X-Amz-Credential", "").partition("/")
    known, lasts = _KNOWN.fullmatch(scope), query.get("X-Amz-Expires", "")
    if not (known and known[3] == "s3" and lasts.isdigit() and 0 < int(lasts) <= 7 * 24 * 3600):
        return None
    if query.get("X-Amz-SignedHeaders") != "host" or not _fresh(query.get("X-Amz-Date", ""), int(lasts)):
        return None
    return (key, known[2]) if _account(url, key, S3SigV4QueryAuth, known, {}) else None


def _account(
    url: str, key: str, signer: type[SigV4QueryAuth], scope: re.Match[str], headers: Mapping[str, str]
) -> str | None:
    """The account whose key signed a URL, if it did."""
    query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    if WORLD.now() >= WORLD.ends.get(key, float("inf")):
        return None
    account = key if re.fullmatch(r"\d{12}", key) else get_account_id_from(key)
    secret = SECRET if key == account else _secret_of_role(key, account)
    if secret is None:
        return None
    auth = signer(Credentials(key, secret), scope[3], scope[2])
    right = _signature(auth, url, query["X-Amz-Date"], headers)
    if not hmac.compare_digest(right, query.get("X-Amz-Signature", "")):
        return None
    return str(account)


def _fresh(date: str, lasts: int) -> bool:
    try:
        made = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return False
    return -LASTS < WORLD.now() - made < lasts


def _secret_of_role(key: str, account: str) -> str | None:
    for _partition, backend in sts_backends[account].items():
        if (role := backend.get_assumed_role_from_access_key(key)) is not None:
            return str(role.secret_access_key)
    return None


def _signature(auth: SigV4QueryAuth, url: str, date: str, headers: Mapping[str, str]) -> str:
    request = AWSRequest("GET", url.partition("&X-Amz-Signature=")[0], headers=dict(headers))
    request.context["timestamp"] = date
    # what SigV4QueryAuth signs, without adding the parameters that are there already
    canonical = auth.canonical_request(request)
    return str(auth.signature(auth.string_to_sign(request, canonical), request))
