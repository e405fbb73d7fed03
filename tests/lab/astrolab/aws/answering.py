# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""Runs a call through moto's response classes, ours in front, and turns whatever goes wrong into an AWS error.

It goes around moto's own web application: the request is parsed once, and no answer is ever HTML.
"""

from __future__ import annotations

import functools
import importlib
import logging
from typing import Any, cast

from botocore.model import OperationNotFoundError
from moto.core.exceptions import ServiceException
from moto.core.responses import TYPE_RESPONSE, ActionResult, BaseResponse
from moto.core.utils import camelcase_to_underscores
from moto.ec2.exceptions import FilterNotImplementedError
from werkzeug.exceptions import HTTPException

from .call import Call
from .errors import STATUSES, AwsError, Reply, refusal
from .world import WORLD

LOG = logging.getLogger(__name__)
CALL = "astrolab.call"  # where the call lies in the WSGI environ
HANDLERS = {
    "ec2": "astrolab.aws.ec2.responses:Ec2",
    "route53": "astrolab.aws.route53.responses:Route53",
    "route53profiles": "astrolab.aws.profiles:Route53Profiles",
    "sts": "astrolab.aws.identity:Sts",
    "iam": "astrolab.aws.permissions:Iam",
    "route53resolver": "astrolab.aws.resolver_rules:Resolver",
    "elasticloadbalancing": "moto.elbv2.responses:ELBV2Response",
    "ram": "moto.ram.responses:ResourceAccessManagerResponse",
    "s3": "astrolab.aws.buckets:S3",
    "servicequotas": "astrolab.aws.quotas:ServiceQuotas",
    "ssm": "astrolab.aws.managed:SystemsManager",
    "eks": "astrolab.aws.eks:Eks",
}


class Answering(BaseResponse):
    """What every response class gets in front of moto's: the call as understood, and errors with AWS's statuses."""

    @property
    def call(self) -> Call:
        return cast(Call, self.normalized_request.environ[CALL])

    def _get_action(self) -> str:
        self.uri_match = dict(self.call.uri_parameters)
        return self.call.action

    def call_action(self) -> TYPE_RESPONSE:
        """Like moto's, without its IAM (the gate refuses) and with a table of statuses."""
        try:
            result = self.perform(self.call.action)
        except ServiceException as error:
            result = ActionResult(error)
        except HTTPException as error:  # moto's older services
            headers = {**dict(error.get_headers()), "status": str(error.code)}
            return self._transform_response(self.response_headers, (error.description, headers))
        if isinstance(result, ActionResult):
            return self.serialized(result)
        return self._transform_response(self.response_headers, (result, {}) if isinstance(result, str) else result)

    def perform(self, action: str) -> Any:
        method = getattr(self, camelcase_to_underscores(action), None)
        if method is None:
            raise AwsError("InvalidAction", f"The action {action} is not valid for this web service.")
        return method()

    def serialized(self, action_result: ActionResult) -> TYPE_RESPONSE:
        error = action_result.result
        if isinstance(error, ServiceException) and error.code in STATUSES:  # no service's model has these
            reply = refusal(self.call.service, error.code, error.message)
            return reply.status, {"Content-Type": reply.content_type, "x-lab-error": error.code}, reply.body
        status, headers, body = super().serialized(action_result)
        if isinstance(error, ServiceException):
            headers["x-lab-error"] = error.code
        return status, headers, body


@functools.cache
def _handler(service: str) -> type[BaseResponse] | None:
    where = HANDLERS.get(service)
    if where is None:
        return None
    module, _unused, name = where.partition(":")
    handler: type[BaseResponse] = getattr(importlib.import_module(module), name)
    by_itself = issubclass(handler, Answering) or getattr(handler, "by_itself", False)
    return handler if by_itself else type(name, (Answering, handler), {})


def answer(call: Call) -> Reply:
    """What AWS says to this call; at most one call is answered at a time."""
    handler = _handler(call.service)
    if handler is None or not call.action:
        return refusal(call.service, "InvalidAction", f"The action {call.action} is not valid for this web service.")
    call.request.environ[CALL] = call
    try:
        with WORLD.lock:
            status, headers, body = handler.dispatch(call.request)
    except FilterNotImplementedError as gap:
        LOG.warning("%s: %s", call.name, gap)
        return refusal(call.service, "InternalError", f"The double does not know this filter yet: {gap}")
    except (OperationNotFoundError, NotImplementedError) as gap:
        LOG.warning("%s is not in the double: %s", call.name, gap)
        return refusal(call.service, "InvalidAction", f"The action {call.action} is not valid for this web service.")
    except Exception as bug:
        LOG.exception("%s failed in the double", call.name)
        return refusal(call.service, "InternalError", f"An internal error has occurred ({type(bug).__name__}: {bug})")
    content_type = str(headers.get("Content-Type") or headers.get("content-type") or "text/xml")
    text = body if isinstance(body, bytes) else str(body).encode()
    return Reply(int(status), content_type, text, str(headers.get("x-lab-error", "")))
