# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ChangeResourceRecordSets as a pure function: records before and a batch give records after, or all its errors.

Nothing is applied in part. It knows other zones only by the name space that a zone id stands for.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import AwsError
from . import names
from .zones import POLICIES, Alias, Records, RecordSet

MOST_RECORDS = 1000
MOST_CHARACTERS = 32000
ROUTING = (
    "Weight",
    "Region",
    "Failover",
    "MultiValueAnswer",
    "HealthCheckId",
    "TrafficPolicyInstanceId",
    "GeoLocation",
)


@dataclass(frozen=True, slots=True)
class Where:
    """The zone that is changed, and the name space of each zone (by id) that an alias may point into."""

    zone_name: str
    zone_id: str
    name_spaces: Mapping[str, str]


class Refused(Exception):
    """One message of an InvalidChangeBatch."""


def applied(before: Records, changes: Sequence[Mapping[str, Any]], where: Where) -> Records:
    """The records after the batch."""
    _check_limits(changes)
    after = dict(before)
    problems = []
    for change in changes:
        record = _record(change)
        try:
            if change["Action"] != "DELETE":
                _check(record, after, where)
            _apply(str(change["Action"]), record, after, where.zone_name)
        except Refused as refused:
            problems.append(str(refused))
    problems += _check_whole(after, where.zone_name)
    if problems:
        raise AwsError("InvalidChangeBatch", f"[{', '.join(problems)}]")
    return after


def _check_limits(changes: Sequence[Mapping[str, Any]]) -> None:
    count = characters = 0
    for change in changes:
        times = 2 if change["Action"] == "UPSERT" else 1
        values = [str(each["Value"]) for each in change["ResourceRecordSet"].get("ResourceRecords") or ()]
        count += times * len(values)
        characters += times * sum(map(len, values))
    if count > MOST_RECORDS:
        raise AwsError("InvalidChangeBatch", f"[Number of records limit of {MOST_RECORDS} exceeded.]")
    if characters > MOST_CHARACTERS:
        raise AwsError("InvalidChangeBatch", f"[Number of characters limit of {MOST_CHARACTERS} exceeded.]")


def _record(change: Mapping[str, Any]) -> RecordSet:
    """The record of one change in normal form; a malformed one is wrong input, not a wrong batch."""
    action, sent = change["Action"], change["ResourceRecordSet"]
    if action not in {"CREATE", "UPSERT", "DELETE"}:
        raise AwsError("InvalidInput", f"Invalid request: unknown Action {action}")
    _check_routing(sent, action)
    alias, values, ttl = sent.get("AliasTarget"), sent.get("ResourceRecords"), sent.get("TTL")
    plain = ttl is not None and bool(values)
    if bool(alias) == plain or (alias and (ttl is not None or values)):
        found = "none" if not alias and not plain else "more than one"
        raise AwsError(
            "InvalidInput",
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or "
            f"TrafficPolicyInstanceId], but found {found} in Change with [Action={action}, Name={sent['Name']}, "
            f"Type={sent['Type']}, SetIdentifier={sent.get('SetIdentifier', 'null')}]",
        )
    if alias and len(alias["HostedZoneId"]) > 32:
        raise AwsError(
            "InvalidInput",
            f"1 validation error detected: Value '{alias['HostedZoneId']}' at 'changeBatch.changes.1.member."
            "resourceRecordSet.aliasTarget.hostedZoneId' failed to satisfy constraint: Member must have length "
            "less than or equal to 32",
        )
    return RecordSet(
        name=names.normal(sent["Name"]),
        type=sent["Type"],
        ttl=None if alias else int(ttl),
        values=tuple(str(each["Value"]) for each in values or ()),
        alias=_alias(alias) if alias else None,
        set_identifier=sent.get("SetIdentifier"),
        routing=tuple((key, str(sent[key])) for key in ROUTING if sent.get(key) is not None),
    )


def _alias(sent: Mapping[str, Any]) -> Alias:
    health = str(sent.get("EvaluateTargetHealth", False)).lower() == "true"
    return Alias(sent["HostedZoneId"], names.normal(sent["DNSName"]), health)


def _check(record: RecordSet, present: Records, where: Where) -> None:
    zone_name = where.zone_name
    if not names.within(record.name, zone_name):
        raise Refused(f"RRSet with DNS name {record.name} is not permitted in zone {zone_name}")
    if record.type == "CNAME" and record.name == zone_name:
        raise Refused(f"RRSet of type CNAME with DNS name {record.name} is not permitted at apex in zone {zone_name}")
    if record.alias:
        _check_alias(record.type, record.alias, present, where)
    for value in record.values:
        _check_value(record.type, value)


def _check_alias(kind: str, alias: Alias, present: Records, where: Where) -> None:
    tried = f"Tried to create an alias that targets {alias.name}, type {kind} in zone {alias.zone_id}, but "
    space = where.name_spaces.get(alias.zone_id)
    if space is None or not names.within(alias.name, names.normal(space)):
        raise Refused(f"{tried}the alias target name does not lie within the target zone")
    if alias.zone_id == where.zone_id and not any(key[:2] == (alias.name, kind) for key in present):
        raise Refused(f"{tried}that target was not found")


def _check_value(kind: str, value: str) -> None:
    families = {
        "A": (ipaddress.IPv4Address, "ARRDATAIllegalIPv4Address", "IPv4"),
        "AAAA": (ipaddress.IPv6Address, "AAAARRDATAIllegalIPv6Address", "IPv6"),
    }
    if kind not in families:
        return
    family, problem, version = families[kind]
    try:
        family(value)
    except ValueError:
        raise Refused(
            f"Invalid Resource Record: 'FATAL problem: {problem} (Value is not a valid {version} address) "
            f"encountered with '{value}''"
        ) from None


def _apply(action: str, record: RecordSet, records: Records, zone_name: str) -> None:
    which = f"resource record set [name='{record.name}', type='{record.type}'"
    which += f", set identifier='{record.set_identifier}']" if record.set_identifier else "]"
    current = records.get(record.key)
    if action == "DELETE":
        if current is None:
            raise Refused(f"Tried to delete {which} but it was not found")
        if current != record:
            raise Refused(f"Tried to delete {which} but the values provided do not match the current values")
        del records[record.key]
        return
    if action == "CREATE" and current is not None:
        raise Refused(f"Tried to create {which} but it already exists")
    _check_beside(record, records, zone_name)
    _check_policy(record, records)
    records[record.key] = record


def _check_beside(record: RecordSet, records: Records, zone_name: str) -> None:
    beside = {kind for name, kind, _unused in records if name == record.name and kind != record.type}
    if record.type == "CNAME" and beside:
        raise Refused(
            f"RRSet of type CNAME with DNS name {record.name} is not permitted as it conflicts with other records "
            f"with the same DNS name in zone {zone_name}"
        )
    if "CNAME" in beside:
        raise Refused(
            f"RRSet of type {record.type} with DNS name {record.name} is not permitted because a conflicting RRSet "
            f"of type CNAME with the same DNS name already exists in zone {zone_name}"
        )


def _check_policy(record: RecordSet, records: Records) -> None:
    """Records of one name and type all have the same kind of routing, or there is only one, without any."""
    others = [each for each in records.values() if each.key[:2] == record.key[:2] and each.key != record.key]
    if not any(each.policy != record.policy for each in others):
        return
    which = f"RRSet with DNS name {record.name}, type {record.type}"
    if record.policy is None:
        raise Refused(f"{which} cannot be created as other RRSets exist with the same name and type.")
    raise Refused(
        f"{which}, SetIdentifier {record.set_identifier} cannot be created as a non-{record.policy} set exists with "
        "the same name and type."
    )


def _check_routing(sent: Mapping[str, Any], action: str) -> None:
    """A record that is routed has a SetIdentifier, and one with a SetIdentifier is routed."""
    routed = any(sent.get(field) is not None for field in POLICIES)
    if routed != bool(sent.get("SetIdentifier")):
        missing = (
            "'SetIdentifier'" if routed else "one of 'Weight', 'Region', 'Failover', 'GeoLocation', 'MultiValueAnswer'"
        )
        raise AwsError(
            "InvalidInput",
            f"Invalid request: Missing field {missing} in Change with [Action={action}, Name={sent['Name']}, "
            f"Type={sent['Type']}, SetIdentifier={sent.get('SetIdentifier', 'null')}]",
        )


def _check_whole(after: Records, zone_name: str) -> list[str]:
    kinds = {kind for name, kind, _unused in after if name == zone_name}
    problems = [] if "SOA" in kinds else ["A HostedZone must contain exactly one SOA record."]
    return problems + (
        [] if "NS" in kinds else ["A HostedZone must contain at least one NS record for the zone itself."]
    )
