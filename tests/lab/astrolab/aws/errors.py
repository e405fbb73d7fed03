# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""How AWS says no: an error with its HTTP status, and its body in each of the five protocols."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from xml.sax.saxutils import escape

from moto.core.exceptions import ServiceException

PROTOCOLS = {
    "ec2": "ec2",
    "route53": "rest-xml",
    "sts": "query",
    "iam": "query",
    "elasticloadbalancing": "query",
    "s3": "s3",
}
CODES_WITHOUT_EXCEPTION = frozenset({"route53", "sts", "iam", "elasticloadbalancing", "s3"})  # the XML services
STATUSES = {
    "DryRunOperation": 412,
    "UnauthorizedOperation": 403,
    "AccessDenied": 403,
    "AccessDeniedException": 403,
    "InvalidAction": 400,
    "MissingAuthenticationToken": 403,
    "InternalError": 500,
    "RequestLimitExceeded": 503,
    "AuthFailure": 401,
    "InvalidClientTokenId": 403,
    "ExpiredToken": 403,
    "OperationInProgress": 400,
}


class AwsError(ServiceException):
    """An answer that AWS would give; raised anywhere below a response class."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


class DryRun(AwsError):
    def __init__(self) -> None:
        super().__init__("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    content_type: str
    body: bytes
    code: str = ""  # the error's code, for the record of calls
    cut: bool = False  # whether the connection is closed in the middle of the body


def refusal(service: str, code: str, message: str, status: int | None = None) -> Reply:
    """The error in the shape of that service, made without moto."""
    status, request_id = status or STATUSES.get(code, 400), str(uuid.uuid4())
    protocol = PROTOCOLS.get(service, "json")
    if protocol == "json":
        text = json.dumps({"__type": code, "code": code, "message": message})
        return Reply(status, "application/x-amz-json-1.1", text.encode(), code)
    error = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if protocol == "ec2":
        text = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    elif protocol == "s3":
        text = f"<Error>{error}<RequestId>{request_id}</RequestId></Error>"
    else:
        text = f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    return Reply(status, "text/xml", f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode(), code)
