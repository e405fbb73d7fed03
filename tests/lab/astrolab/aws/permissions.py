# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""Who may do what: denied actions, if asked for only on some resources, and IAM's simulation of the same.

There are no policies here, only the setting `denied`: "ec2:CreateVpc*", or "ec2:DeleteVpcEndpoints ARN-PATTERN".
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import parse_qsl

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse

from . import arns
from .answering import Answering
from .call import Call
from .errors import AwsError
from .world import WORLD

KINDS = {
    "acl": "network-acl",
    "dopt": "dhcp-options",
    "eni": "network-interface",
    "pcx": "vpc-peering-connection",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "tgw": "transit-gateway",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
MADE = {
    "CreateSecurityGroup": "security-group",
    "CreateSubnet": "subnet",
    "CreateVpc": "vpc",
    "CreateVpcEndpoint": "vpc-endpoint",
}
ID = re.compile(r"([a-z]+)-[0-9a-f]+")


def resources(call: Call) -> list[str]:
    """What a call is about, as IAM judges it; what is only being made has no name yet."""
    if call.service == "route53":
        found = call.uri_parameters.get("HostedZoneId") or call.uri_parameters.get("Id")
        return [arns.zone(str(found), call.region)] if found else []
    values = [value for _unused, value in parse_qsl(call.body.decode("utf-8", "replace"))]
    if call.service == "sts":
        return [value for value in values if value.startswith("arn:")]
    named = [(KINDS[found[1]], value) for value in values if (found := ID.fullmatch(value)) and found[1] in KINDS]
    made = [(MADE[call.action], "*")] if call.action in MADE else []
    return [arns.ec2(kind, name, call.account, call.region) for kind, name in (*made, *named)]


def denies(account: str, action: str, about: Collection[str] = ()) -> bool:
    """Whether this account may not do `service:Action`, on one of these resources if the rule names any."""
    return any(_matches(rule, action, about) for rule in WORLD.settings.denied.get(account, ()))


def refuses(call: Call) -> bool:
    if call.name == "sts:GetCallerIdentity":
        return False
    rules = WORLD.settings.denied.get(call.account, ())
    return bool(rules) and denies(call.account, call.name, resources(call))


def _matches(rule: str, action: str, about: Iterable[str]) -> bool:
    """A rule without a service means any service."""
    wanted, _unused, resource = rule.partition(" ")
    if not any(fnmatch.fnmatchcase(each, wanted) for each in (action, action.partition(":")[2])):
        return False
    return not resource or any(fnmatch.fnmatchcase(each, resource) or each == "*" for each in about)


class Iam(Answering, IamResponse):
    def simulate_principal_policy(self) -> ActionResult:
        """Says of each action, and of each resource that is asked about, what a call would meet."""
        account = str(self._get_param("PolicySourceArn")).split(":")[4]
        if account != self.current_account:
            raise AwsError("NoSuchEntity", f"{self._get_param('PolicySourceArn')} does not exist.")
        about = self._get_param("ResourceArns") or []
        return ActionResult(
            {
                "EvaluationResults": [_evaluated(account, each, about) for each in self._get_param("ActionNames")],
                "IsTruncated": False,
            }
        )


def _evaluated(account: str, action: str, about: list[str]) -> dict[str, Any]:
    decided = {each: _decision(account, action, each) for each in about or ["*"]}
    each_of_them = [
        {"EvalResourceName": name, "EvalResourceDecision": decision, "MatchedStatements": []}
        for name, decision in decided.items()
    ]
    return {
        "EvalActionName": action,
        "EvalResourceName": about[0] if len(about) == 1 else "*",
        "EvalDecision": "implicitDeny" if "implicitDeny" in decided.values() else "allowed",
        "MatchedStatements": [],
        "MissingContextValues": [],
        "ResourceSpecificResults": each_of_them if about else [],
    }


def _decision(account: str, action: str, resource: str) -> str:
    return "implicitDeny" if denies(account, action, [resource]) else "allowed"
