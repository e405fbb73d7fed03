# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends one call of a plan and waits for what the call asks for. It decides nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

try:
    from botocore import xform_name
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule says what to install
    pass

from .._core.errors import CallFailed, ReadFailed
from .._core.plan import Call
from .._link import security_group
from .clients import Clients, describe, explain, poll
from .read import group, list_zones

#: Seconds before a change is asked about for the first time; it is never in sync at once.
FIRST_LOOK = 0.5

_MADE = {
    "CreateSecurityGroup": ("GroupId",),
    "CreateVpcEndpoint": ("VpcEndpoint", "VpcEndpointId"),
    "CreateHostedZone": ("HostedZone", "Id"),
}
#: What AWS says to the removal of what is not there any more.
_GONE = {
    "InvalidGroup.NotFound",
    "NoSuchHostedZone",
    "VPCAssociationNotFound",
    "VPCAssociationAuthorizationNotFound",
}


class Sender:
    """Sends one call of a plan and waits for what the call asks for. Made for `_plan.send`; used by several threads."""

    #: A thing that was just made may stay unknown to AWS's next call for some seconds.
    VISIBLE_AFTER = 30.0

    def __init__(self, clients: Clients, timeout: float, region: str = "") -> None:
        self._clients = clients
        self._timeout = timeout
        self._region = region
        self._made: set[str] = set()

    def __call__(self, call: Call, arguments: Mapping[str, Any]) -> str:
        try:
            reply = self._send(call, arguments)
            self._wait(call, arguments, reply)
        except ClientError as problem:
            error = problem.response["Error"]
            raise CallFailed(f"{error.get('Message', '')} ({error['Code']})", error["Code"]) from problem
        except BotoCoreError as problem:
            raise CallFailed(explain(problem), type(problem).__name__) from problem
        made = _dig(reply, _MADE.get(call.operation, ()))
        self._made.add(made)
        return made

    def _send(self, call: Call, arguments: Mapping[str, Any]) -> dict[str, Any]:
        reply = self._once_visible(call, arguments)
        failed = [item["Error"] for item in reply.get("Unsuccessful", [])]
        if failed and "NotFound" not in failed[0]["Code"]:
            raise CallFailed(f"{failed[0]['Message']} ({failed[0]['Code']})", failed[0]["Code"])
        return reply

    def _once_visible(self, call: Call, arguments: Mapping[str, Any]) -> dict[str, Any]:
        try:
            method = getattr(self._clients.get(call.service, call.access, self._region), xform_name(call.operation))
        except ReadFailed as problem:
            raise CallFailed(str(problem), "LoginFailed") from problem
        end = time.monotonic() + self.VISIBLE_AFTER
        while True:
            try:
                return dict(method(**arguments))
            except ClientError as error:
                if not self._too_early(call, error) or time.monotonic() > end:
                    return self._already(call, arguments, error)
            time.sleep(0.5)

    def _too_early(self, call: Call, error: ClientError) -> bool:
        """AWS does not know yet what this run has just made, or still holds a group of an endpoint that is just gone."""
        code, text = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        if call.operation == "DeleteSecurityGroup" and code == "DependencyViolation":
            return True
        return "NotFound" in code and any(made and made in text for made in self._made)

    def _already(self, call: Call, arguments: Mapping[str, Any], error: ClientError) -> dict[str, Any]:
        """A call whose answer was lost is refused when it is sent again: accept it if the first one did the work."""
        aws = self._clients.get(call.service, call.access, self._region)
        code = error.response["Error"]["Code"]
        found: list[dict[str, Any]] = []
        match call.operation, code:
            case "CreateSecurityGroup", "InvalidGroup.Duplicate":
                filters = {"vpc-id": [arguments["VpcId"]], "group-name": [arguments["GroupName"]]}
                groups = map(group, describe(aws, "describe_security_groups", "SecurityGroups", filters))
                found = [{"GroupId": group.id} for group in groups if group.owned]
            case "AuthorizeSecurityGroupIngress", "InvalidPermission.Duplicate":
                filters = {"group-id": [arguments["GroupId"]]}
                groups = map(group, describe(aws, "describe_security_groups", "SecurityGroups", filters))
                found = [{} for group in groups if security_group.sources_of(arguments) <= group.sources]
            case "CreateHostedZone", "HostedZoneAlreadyExists":
                zones = list_zones(aws, arguments["Name"])
                found = [{"HostedZone": z} for z in zones if z.get("CallerReference") == arguments["CallerReference"]]
            case "AssociateVPCWithHostedZone", "ConflictingDomainExists":
                vpc = arguments["VPC"]
                page = aws.list_hosted_zones_by_vpc(VPCId=vpc["VPCId"], VPCRegion=vpc["VPCRegion"])
                found = [{} for z in page["HostedZoneSummaries"] if z["HostedZoneId"] == arguments["HostedZoneId"]]
            case operation, _gone if operation.startswith(("Delete", "Disassociate")) and code in _GONE:
                found = [{}]
        if not found:
            raise error
        return found[0]

    def _wait(self, call: Call, arguments: Mapping[str, Any], reply: Mapping[str, Any]) -> None:
        ready = True
        if call.until == "insync" and "ChangeInfo" in reply:
            time.sleep(FIRST_LOOK)
            ready = poll(lambda: self._insync(call, reply["ChangeInfo"]["Id"]), self._timeout)
        elif call.until == "deleted":
            ready = poll(lambda: self._deleted(arguments["VpcEndpointIds"]), self._timeout)
        if not ready:
            raise CallFailed(f"not {call.until} after {self._timeout:.0f} seconds", "Timeout")

    def _insync(self, call: Call, change_id: str) -> bool:
        try:
            change = self._clients.get("route53", call.access, self._region).get_change(Id=change_id.rsplit("/", 1)[-1])
        except ClientError as problem:
            if problem.response["Error"]["Code"] == "AccessDenied":
                return True  # the change belongs to the zone's account; it cannot be watched from here
            raise
        return str(change["ChangeInfo"]["Status"]) == "INSYNC"

    def _deleted(self, ids: Sequence[str]) -> bool:
        left = describe(
            self._clients.get("ec2", region=self._region),
            "describe_vpc_endpoints",
            "VpcEndpoints",
            {"vpc-endpoint-id": ids},
        )
        return all(endpoint["State"].lower() == "deleted" for endpoint in left)


def _dig(reply: Mapping[str, Any], path: Sequence[str]) -> str:
    value: Any = reply if path else ""
    for key in path:
        value = value[key]
    return str(value).rsplit("/", 1)[-1]
