# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run sends, or in check mode would send, as a short list for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .._core.plan import Call
from .._core.text import printable

_ADDS = ("Create", "Authorize", "Associate")
_REMOVES = ("Delete", "Revoke", "Disassociate")
#: Characters of a line, beside the VPC's name.
WIDTH = 120
_SIGNS = {"create": "+", "change": "~", "delete": "-"}


def lines(answers: Iterable[Mapping[str, Any]], check_mode: bool) -> list[str]:
    """One line for each VPC, then the totals; empty if nothing is sent. ``answers`` are those of jobs."""
    by_vpc: dict[str, list[str]] = {}
    calls = [call for answer in answers for call in answer.get("calls", [])]
    for call in calls:
        for vpc in call["vpcs"]:
            by_vpc.setdefault(vpc, []).append(signed(call))
    if not by_vpc:
        return []
    width = max(map(len, by_vpc))
    shown = [
        f"  {(vpc if number == 0 else '').ljust(width)}  {line}"
        for vpc, found in sorted(by_vpc.items())
        for number, line in enumerate(_wrapped(found))
    ]
    said = "to {}" if check_mode else "{}d"
    told = totals(counts(calls), said)
    return [*map(lambda line: printable(line, 1000), shown), f"{'Plan' if check_mode else 'Sent'}: {told}."]


def counts(calls: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many calls create, change and delete."""
    found = dict.fromkeys(_SIGNS, 0)
    for call in calls:
        found[_kind(call["operation"])] += 1
    return found


def totals(numbers: Mapping[str, int], said: str) -> str:
    """`counts` in words; ``said`` is a template for each kind."""
    return ", ".join(f"{numbers[kind]} {said.format(kind)}" for kind in _SIGNS)


def signed(call: Mapping[str, Any]) -> str:
    """A call in a few words, behind the sign of what it does."""
    return f"{_SIGNS[_kind(call['operation'])]} {_what(call)}"


def stopped(why: str, planned: Sequence[Call], begun: Sequence[Call]) -> list[str]:
    """What a step says that is stopped, by a signal or an error: what it has done, what not, and what to do next."""
    why = printable(why, 300)
    if not begun:
        return [f"Stopped: {why}. This step has changed nothing. Run the same playbook again."]
    known = set(map(id, begun))  # calls that take something back are in no plan
    left = sum(id(call) not in known for call in planned)
    return [
        f"Stopped: {why}. In the middle of the changes; this step has sent:",
        *lines([{"calls": [call.public() for call in begun]}], check_mode=False),
        f"Planned so far and not sent: {left}. The last of those sent may not have taken effect.",
        "Run the same playbook again: it goes on from here, and creates nothing twice.",
    ]


def requests(asked: Mapping[str, Mapping[str, Any]], seconds: float) -> list[str]:
    """A line on what AWS was asked in so many seconds, by service; empty if it was not asked."""
    said = [
        f"{service} {each['calls']} ({each['throttled']} throttled, {each['waited']:.1f} s waited)"
        for service, each in asked.items()
    ]
    return [f"Requests to AWS in {seconds:.1f} s: {', '.join(said)}."] if said else []


def _wrapped(parts: Iterable[str]) -> list[str]:
    """Parts beside each other, as far as a line is wide."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(part) < WIDTH:
            lines[-1] += f"   {part}"
        else:
            lines.append(part)
    return lines


def _kind(operation: str) -> str:
    name = operation.partition(":")[2]
    if name in {"CreateTags", "DeleteTags", "ChangeResourceRecordSets"}:
        return "change"
    return "create" if name.startswith(_ADDS) else "delete" if name.startswith(_REMOVES) else "change"


#: A call in a few words, from its arguments.
_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "CreateVpcEndpoint": lambda given: f"endpoint in {_count(len(given['SubnetIds']), 'zone')}",
    "ModifyVpcEndpoint": lambda given: f"endpoint {given['VpcEndpointId']}: {_keys(given, 'VpcEndpointId')}",
    "DeleteVpcEndpoints": lambda given: f"endpoint {', '.join(given['VpcEndpointIds'])}",
    "CreateSecurityGroup": lambda given: f"security group {given['GroupName']}",
    "DeleteSecurityGroup": lambda given: f"security group {given['GroupId']}",
    "AuthorizeSecurityGroupIngress": lambda given: f"port 443 from {_peers(given)}",
    "RevokeSecurityGroupIngress": lambda given: f"port 443 from {_peers(given)}",
    "AuthorizeSecurityGroupEgress": lambda given: f"egress to {_peers(given)}",
    "RevokeSecurityGroupEgress": lambda given: f"egress to {_peers(given)}",
    "CreateTags": lambda given: f"tags {', '.join(tag['Key'] for tag in given['Tags'])}",
    "DeleteTags": lambda given: (
        f"{', '.join(given['Resources'])} without tags {', '.join(tag['Key'] for tag in given['Tags'])}"
    ),
    "UpdateHostedZoneComment": lambda given: f"zone {given['Id']} without its comment",
    "CreateVpc": lambda _given: "holder VPC",
    "DeleteVpc": lambda given: f"holder VPC {given['VpcId']}",
    "CreateHostedZone": lambda given: f"zone {given['Name']}",
    "DeleteHostedZone": lambda given: f"zone {given['Id']}",
    "ChangeResourceRecordSets": lambda given: f"record {', '.join(map(_record, given['ChangeBatch']['Changes']))}",
    "AssociateVPCWithHostedZone": lambda given: f"association with zone {given['HostedZoneId']}",
    "DisassociateVPCFromHostedZone": lambda given: f"association with zone {given['HostedZoneId']}",
    "UpdateDeployment": lambda given: (
        f"allowed ranges {', '.join(given['allowedIpAddressRanges']) or 'none: admits everybody'}"
    ),
}


def _what(call: Mapping[str, Any]) -> str:
    name = call["operation"].partition(":")[2]
    words = _WORDS.get(name)
    return words(call["arguments"]) if words else name


def _keys(arguments: Mapping[str, Any], but: str) -> str:
    return ", ".join(sorted(set(arguments) - {but}))


def _record(change: Mapping[str, Any]) -> str:
    known = change["ResourceRecordSet"]
    return f"{known['Name']} ({change['Action'].lower()})"


def _peers(arguments: Mapping[str, Any]) -> str:
    keys = ("GroupId", "CidrIp", "CidrIpv6", "PrefixListId")
    ranges = ("UserIdGroupPairs", "IpRanges", "Ipv6Ranges", "PrefixListIds")
    peers = [
        next(str(peer[key]) for key in keys if key in peer)
        for rule in arguments["IpPermissions"]
        for kind in ranges
        for peer in rule.get(kind, [])
    ]
    return ", ".join(peers[:3]) + (f" and {len(peers) - 3} more" if len(peers) > 3 else "")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
