# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""Resolver rules as moto has them, and those of type DELEGATE, which have a delegation record and no domain name."""

from __future__ import annotations

import json
from typing import Any

from moto.route53resolver.models import ResolverRule
from moto.route53resolver.responses import Route53ResolverResponse

from .answering import Answering
from .errors import AwsError

DESCRIBE = ResolverRule.description


class Resolver(Answering, Route53ResolverResponse):
    def create_resolver_rule(self) -> str:
        if self._get_param("RuleType") != "DELEGATE":
            return str(super().create_resolver_rule())
        record, endpoint = self._get_param("DelegationRecord"), self._get_param("ResolverEndpointId")
        if not record or not endpoint or self._get_param("DomainName"):
            raise AwsError(
                "InvalidRequestException",
                "A DELEGATE rule has a delegation record and a resolver endpoint, and no domain name.",
            )
        rule = self.route53resolver_backend.create_resolver_rule(
            region=self.region,
            creator_request_id=self._get_param("CreatorRequestId"),
            name=self._get_param("Name"),
            rule_type="FORWARD",
            domain_name=record,
            target_ips=[],
            resolver_endpoint_id=endpoint,
            tags=self._get_param("Tags", []),
        )
        rule.rule_type, rule.delegation_record = "DELEGATE", record
        return json.dumps({"ResolverRule": rule.description()})


def _description(rule: Any) -> dict[str, Any]:
    shown: dict[str, Any] = DESCRIBE(rule)
    if rule.rule_type != "DELEGATE":
        return shown
    lacking = {"DomainName", "TargetIps"}
    return {key: value for key, value in shown.items() if key not in lacking} | {
        "DelegationRecord": rule.delegation_record
    }


ResolverRule.description = _description
