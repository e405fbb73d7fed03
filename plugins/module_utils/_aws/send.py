# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends one call of a plan and waits for what the call asks for. It decides nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

try:
    from botocore import xform_name
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
except ImportError:  # AnsibleAWSModule says what to install
    pass

from .._core.errors import CallFailed, ReadFailed
from .._core.plan import WORKERS, Call
from .._link import security_group
from . import not_yet
from .clients import Clients, describe, explain, poll
from .read import group, list_zones

#: Seconds before a change is asked about for the first time; it is never in sync at once.
FIRST_LOOK = 0.5

_MADE = {
    "CreateSecurityGroup": ("GroupId",),
    "CreateVpcEndpoint": ("VpcEndpoint", "VpcEndpointId"),
    "CreateHostedZone": ("HostedZone", "Id"),
    "CreateVpc": ("Vpc", "VpcId"),
}
#: What AWS says to the removal of what is not there any more.
_GONE = {
    "InvalidGroup.NotFound",
    "InvalidVpcID.NotFound",
    "NoSuchHostedZone",
    "VPCAssociationNotFound",
    "VPCAssociationAuthorizationNotFound",
}
#: Seconds for which it is looked for whether a call did the work that is refused now, where it may as well have been another's.
_BEHIND = 5.0
#: What is sent once more if its answer is lost: if it did the work, AWS says that the thing is gone.
_AGAIN = ("Delete", "Disassociate")
#: States of an endpoint that never serves anybody again.
_OVER = {"deleting", "deleted", "rejected", "failed", "expired"}


class Sender:
    """Sends one call of a plan and waits for what the call asks for. Made for `_plan.send`; used by several threads."""

    def __init__(self, clients: Clients, timeout: float, region: str = "") -> None:
        self._clients = clients
        self._timeout = timeout
        self._region = region
        self._made: set[str] = set()
        self._doubtful: dict[str, dict[str, list[str]]] = {}
        self._sending = threading.BoundedSemaphore(WORKERS)

    def __call__(self, call: Call, arguments: Mapping[str, Any]) -> str:
        accepted = False
        try:
            reply = self._send(call, arguments)
            accepted = True
            self._wait(call, arguments, reply)
        except (BotoCoreError, CallFailed, ClientError, ReadFailed) as problem:
            raise _failure(problem, accepted) from problem
        made = _dig(reply, _MADE.get(call.operation, ()))
        self._made.add(made)
        if call.operation == "CreateVpc" and _repeated(reply):
            self._doubtful[made] = _by_tags(arguments)
        return made

    def _send(self, call: Call, arguments: Mapping[str, Any]) -> dict[str, Any]:
        reply = self._once_ready(call, arguments)
        for twin in self._twins(call, arguments):
            self._once_ready(call, {"VpcId": twin})
        if str(reply.get("VpcEndpoint", {}).get("State", "")).lower() in _OVER:
            reply = self._once_ready(call, {**arguments, "ClientToken": uuid4().hex})
        return reply

    def _once_ready(self, call: Call, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Sends it, and sends it again while AWS says that something else has to end first."""
        client = self._clients.get(call.service, call.access, call.region or self._region)
        method = getattr(client, xform_name(call.operation))
        began: float | None = None
        pause, lost = 0.5, False
        while True:
            try:
                with self._sending:
                    reply = method(**arguments)
                return _successful(call, reply)
            except HTTPClientError:
                if call.operation.startswith(_AGAIN) and not lost:
                    lost = True
                    continue
                made = self._unheard(call, arguments)
                if not made:
                    raise
                return made[0]
            except ClientError as error:
                began = time.monotonic() if began is None else began  # waiting for its turn does not count
                longest = self._patience(call, arguments, error)
                if longest is None or time.monotonic() - began + pause > longest:
                    return self._already(call, arguments, error)
            time.sleep(pause)
            pause = min(pause * 1.5, 5.0)

    def _patience(self, call: Call, arguments: Mapping[str, Any], error: ClientError) -> float | None:
        code, text = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        if not_yet.unknown(code, text, arguments, self._made):
            return not_yet.VISIBLE_AFTER
        return not_yet.patience(call.operation, code, self._timeout)

    def _unheard(self, call: Call, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What a call has made whose answer was lost, where it knows no token and would make another when it is sent again."""
        if call.operation != "CreateVpc":
            return []
        found: list[dict[str, Any]] = []
        with suppress(BotoCoreError, ClientError, ReadFailed):  # a failed look says nothing about the call itself
            ec2 = self._clients.get("ec2", call.access, call.region or self._region)
            found = _shown(lambda: describe(ec2, "describe_vpcs", "Vpcs", _by_tags(arguments)))
        return [{"Vpc": vpc} for vpc in found[:1]]

    def _unheard_before(self, call: Call, arguments: Mapping[str, Any], error: ClientError) -> list[dict[str, Any]]:
        """What it has made when it was sent first, if the SDK sent it again: a quota may be used up by just that."""
        return self._unheard(call, arguments) if _repeated(error.response) else []

    def _twins(self, call: Call, arguments: Mapping[str, Any]) -> list[str]:
        """What the SDK made beside a VPC that is deleted, when it sent the call again since its answer was lost."""
        tags = self._doubtful.pop(str(arguments.get("VpcId", "")), None) if call.operation == "DeleteVpc" else None
        if tags is None:
            return []
        ec2 = self._clients.get("ec2", call.access, call.region or self._region)
        return [
            vpc["VpcId"] for vpc in describe(ec2, "describe_vpcs", "Vpcs", tags) if vpc["VpcId"] != arguments["VpcId"]
        ]

    def _already(self, call: Call, arguments: Mapping[str, Any], error: ClientError) -> dict[str, Any]:
        """A call whose answer was lost is refused when it is sent again: accept it if the first one did the work."""
        aws = self._clients.get(call.service, call.access, call.region or self._region)
        code = error.response["Error"]["Code"]
        found: list[dict[str, Any]] = []
        match call.operation, code:
            case "CreateSecurityGroup", "InvalidGroup.Duplicate":
                filters = {"vpc-id": [arguments["VpcId"]], "group-name": [arguments["GroupName"]]}
                groups = map(
                    group, _shown(lambda: describe(aws, "describe_security_groups", "SecurityGroups", filters))
                )
                found = [{"GroupId": group.id} for group in groups if group.owned]
            case "AuthorizeSecurityGroupIngress", "InvalidPermission.Duplicate":
                found = _shown(lambda: _with_rules(aws, arguments), _BEHIND)
            case "CreateVpcEndpoint", "IdempotentParameterMismatch":
                found = [{"VpcEndpoint": self._made_by_another(aws, arguments)}]
            case "CreateHostedZone", "HostedZoneAlreadyExists":
                found = _shown(lambda: _by_reference(aws, arguments))
            case "AssociateVPCWithHostedZone", "ConflictingDomainExists":
                vpc = {"VPCId": arguments["VPC"]["VPCId"], "VPCRegion": arguments["VPC"]["VPCRegion"]}

                def with_zone() -> list[dict[str, Any]]:
                    there = aws.list_hosted_zones_by_vpc(**vpc)["HostedZoneSummaries"]
                    return [{} for zone in there if zone["HostedZoneId"] == arguments["HostedZoneId"]]

                found = _shown(with_zone, _BEHIND)
            case "CreateVpc", _any:
                found = self._unheard_before(call, arguments, error)
            case operation, _gone if operation.startswith(("Delete", "Disassociate")) and code in _GONE:
                found = [{}]
        if not found:
            raise error
        return found[0]

    def _made_by_another(self, ec2: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The endpoint that another run has just made with other settings; if none shows, AWS remembers the token of one that is
        gone, and that is as if it were."""
        filters = {"vpc-id": [arguments["VpcId"]], "service-name": [arguments["ServiceName"]]}
        there = _shown(
            lambda: [
                each
                for each in describe(ec2, "describe_vpc_endpoints", "VpcEndpoints", filters)
                if each["State"].lower() not in _OVER
            ],
            not_yet.VISIBLE_AFTER / 2,
        )
        return there[0] if there else {"State": "deleted"}

    def _wait(self, call: Call, arguments: Mapping[str, Any], reply: Mapping[str, Any]) -> None:
        ready = True
        if call.until == "insync" and "ChangeInfo" in reply:
            time.sleep(FIRST_LOOK)
            ready = poll(lambda: self._insync(call, reply["ChangeInfo"]["Id"]), self._timeout)
        elif call.until == "deleted":
            ready = poll(lambda: self._deleted(arguments["VpcEndpointIds"]), self._timeout)
        elif call.until == "settled":
            ready = poll(lambda: "pending" not in self._states([arguments["VpcEndpointId"]]), self._timeout)
        if not ready:
            raise CallFailed(f"not {call.until} after {self._timeout:.0f} seconds", "Timeout", sent=True)

    def _insync(self, call: Call, change_id: str) -> bool:
        try:
            change = self._clients.get("route53", call.access, self._region).get_change(Id=change_id.rsplit("/", 1)[-1])
        except ClientError as problem:
            if problem.response["Error"]["Code"] == "AccessDenied":
                return True  # the change belongs to the zone's account; it cannot be watched from here
            raise
        return str(change["ChangeInfo"]["Status"]) == "INSYNC"

    def _deleted(self, ids: Sequence[str]) -> bool:
        return self._states(ids) <= {"deleted"}

    def _states(self, ids: Sequence[str]) -> set[str]:
        ec2 = self._clients.get("ec2", region=self._region)
        found = describe(ec2, "describe_vpc_endpoints", "VpcEndpoints", {"vpc-endpoint-id": ids})
        return {endpoint["State"].lower() for endpoint in found}


def _by_reference(route53: Any, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The zone that a call has made: no other call has its reference."""
    there = list_zones(route53, arguments["Name"])
    return [{"HostedZone": zone} for zone in there if zone.get("CallerReference") == arguments["CallerReference"]]


def _with_rules(ec2: Any, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The group, if it has the rules that a call adds."""
    found = describe(ec2, "describe_security_groups", "SecurityGroups", {"group-id": [arguments["GroupId"]]})
    return [{} for each in map(group, found) if security_group.sources_of(arguments) <= each.sources]


def _repeated(reply: Mapping[str, Any]) -> bool:
    """Whether the SDK sent a call more than once."""
    return bool(reply.get("ResponseMetadata", {}).get("RetryAttempts"))


def _by_tags(arguments: Mapping[str, Any]) -> dict[str, list[str]]:
    """The filters that find what a call creates."""
    return {f"tag:{tag['Key']}": [tag["Value"]] for each in arguments["TagSpecifications"] for tag in each["Tags"]}


def _shown(
    look: Callable[[], Iterable[dict[str, Any]]], longest: float = not_yet.VISIBLE_AFTER
) -> list[dict[str, Any]]:
    """What a look finds, once it shows: AWS says that it is there, and reads are behind."""
    found: list[dict[str, Any]] = []

    def shows() -> bool:
        found.extend(look())
        return bool(found)

    poll(shows, longest)
    return found


def _successful(call: Call, reply: Mapping[str, Any]) -> dict[str, Any]:
    """Some calls answer 200 and list what they refused: raise that as AWS raises all other errors."""
    for item in reply.get("Unsuccessful", []):
        if "NotFound" not in item["Error"]["Code"]:
            raise ClientError({"Error": item["Error"]}, call.operation)
    return dict(reply)


def _failure(problem: Exception, accepted: bool) -> CallFailed:
    """What the SDK or a wait raised, as one kind; ``accepted`` says that AWS had taken the call before."""
    if isinstance(problem, CallFailed):
        return CallFailed(str(problem), problem.code, sent=accepted or problem.sent)
    if isinstance(problem, ClientError):
        error = problem.response["Error"]
        sent = accepted or error["Code"] == "HostedZoneAlreadyExists"  # by its own reference, which no other call has
        return CallFailed(f"{error.get('Message', '')} ({error['Code']})", error["Code"], sent=sent)
    if isinstance(problem, BotoCoreError):
        # HTTPClientError: the call went out and its answer did not come, or was none; it may have taken effect.
        sent = accepted or isinstance(problem, HTTPClientError)
        return CallFailed(explain(problem), type(problem).__name__, sent=sent)
    return CallFailed(str(problem), "ReadFailed", sent=accepted)


def _dig(reply: Mapping[str, Any], path: Sequence[str]) -> str:
    value: Any = reply if path else ""
    for key in path:
        value = value[key]
    return str(value).rsplit("/", 1)[-1]
