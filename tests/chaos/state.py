# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that AWS and Astro have, read as any customer would, in a form in which two runs can be compared."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from astrolab import talk
from astrolab.lab import Lab

#: Places of the topology: account and region.
PLACES = (("111111111111", "us-east-1"), ("111111111111", "eu-west-1"), ("222222222222", "us-east-1"))
_EC2 = (
    ("describe_vpcs", "Vpcs"),
    ("describe_subnets", "Subnets"),
    ("describe_security_groups", "SecurityGroups"),
    ("describe_security_group_rules", "SecurityGroupRules"),
    ("describe_vpc_endpoints", "VpcEndpoints"),
    ("describe_network_interfaces", "NetworkInterfaces"),
    ("describe_route_tables", "RouteTables"),
    ("describe_network_acls", "NetworkAcls"),
    ("describe_vpc_peering_connections", "VpcPeeringConnections"),
    ("describe_dhcp_options", "DhcpOptions"),
)
_GONE = frozenset({"deleting", "deleted"})
#: When something was done differs from run to run, and agents use their tokens all the while.
_MOMENTS = frozenset({"CreationTimestamp", "CreateTime", "AttachTime", "updatedAt", "lastUsedAt", "CallerReference"})
_ID = re.compile(
    r"\bvpce-[0-9a-f]{17}(?:-[0-9a-z]{8})?"  # with more, the beginning of the endpoint's own names
    r"|\b(?:vpc|sgr|sg|eni|subnet|rtb|acl|dopt|pcx|igw|rtbassoc|aclassoc|vpc-cidr-assoc|vpce-con)-[0-9a-f]{8,}\b"
    r"|\beni-attach-[0-9a-f]+\b|\bela-attach-[0-9a-f]+\b|\bZ[0-9A-Z]{12,}\b"
    r"|\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b"
    r"|\bip(?:-\d+){4}\b|\b\d+\.\d+\.\d+\.\d+\b(?!/)"
)
_ENDPOINT_NAME = re.compile(r"(vpce-[0-9a-f]{17})-[0-9a-z]{8}")
_DIGEST = re.compile(r" [0-9a-f]{8}>")
_ROUNDS = 4

Things = list[Any]


def whole(lab: Lab) -> Things:
    """All things of AWS and Astro, once everything that takes time has had it."""
    lab.later(60)
    found: Things = []
    for account, region in PLACES:
        ec2 = lab.client("ec2", account, region)
        for method, key in _EC2:
            found += [
                {key: each, "place": [account, region]} for each in getattr(ec2, method)()[key] if not _gone(each)
            ]
    for account in sorted({account for account, _region in PLACES}):
        found += _zones(lab.client("route53", account), account)
    found.append({"astro": talk.say(lab.record.url, "GET", "astro/organization")})
    return [_timeless(each) for each in found]


def _zones(route53: Any, account: str) -> Things:
    found: Things = []
    for zone in route53.list_hosted_zones()["HostedZones"]:
        name = zone["Id"].rpartition("/")[2]
        tags = route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=name)["ResourceTagSet"]["Tags"]
        whole_of = {
            "zone": zone,
            "account": account,
            "tags": tags,
            "vpcs": route53.get_hosted_zone(Id=name)["VPCs"],
            "records": route53.list_resource_record_sets(HostedZoneId=name)["ResourceRecordSets"],
            "authorised": route53.list_vpc_association_authorizations(HostedZoneId=name)["VPCs"],
        }
        found.append(whole_of)
    return found


def _gone(thing: Mapping[str, Any]) -> bool:
    return str(thing.get("State", "")) in _GONE


def _timeless(thing: Any) -> Any:
    if isinstance(thing, Mapping):
        return {key: _timeless(value) for key, value in thing.items() if key not in _MOMENTS}
    if isinstance(thing, list):
        return [_timeless(each) for each in thing]
    return thing if isinstance(thing, (str, int, float, bool, type(None))) else str(thing)


def ids(things: Things) -> frozenset[str]:
    """The ids and addresses that things have, or name."""
    return frozenset(_ENDPOINT_NAME.sub(r"\1", each) for each in _ID.findall(json.dumps(things)))


def comparable(things: Things, known: frozenset[str]) -> list[str]:
    """Things as sorted texts. Ids that are not ``known`` become what they mean: what is named by them, and names them.

    Two ids that mean the same get the same name, and each thing stays one text, so nothing that is there twice gets lost.
    """
    new = sorted(ids(things) - known)
    meaning = {each: f"<{_kind(each)}>" for each in new}
    of = {each: [thing for thing in things if each in ids([thing])] for each in new}
    for _round in range(_ROUNDS):
        meaning = {
            each: f"<{_kind(each)} {_digest(_shown(thing, meaning, each) for thing in of[each])}>" for each in new
        }
    return sorted(_shown(thing, meaning) for thing in things)


def _kind(name: str) -> str:
    if name.startswith("Z"):
        return "zone"
    if ":" in name:
        return "mac"
    return "address" if name[0].isdigit() else name.partition("-")[0]


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()[:8]


def _shown(thing: Any, meaning: Mapping[str, str], this: str = "") -> str:
    names = {**meaning, this: "<this>"} if this else meaning

    def told(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: told(each) for key, each in value.items()}
        if isinstance(value, list):
            return sorted((told(each) for each in value), key=lambda each: json.dumps(each, sort_keys=True))
        if isinstance(value, str):
            return _ID.sub(lambda found: _told(found[0], names), value)
        return value

    return json.dumps(told(thing), sort_keys=True)


def _told(found: str, names: Mapping[str, str]) -> str:
    name = _ENDPOINT_NAME.sub(r"\1", found)
    if name not in names:
        return found
    return names[name] if name == found else f"{names[name]}-names"


def differences(want: list[str], have: list[str]) -> list[str]:
    """What is missing, and what is there in vain. Where things differ by themselves, it leaves out what only names them."""
    coarse = _differences([_DIGEST.sub(">", each) for each in want], [_DIGEST.sub(">", each) for each in have])
    return coarse or _differences(want, have)


def _differences(want: list[str], have: list[str]) -> list[str]:
    left, missing = list(have), []
    for each in want:
        if each in left:
            left.remove(each)
        else:
            missing.append(each)
    return [*(f"- {each}" for each in missing), *(f"+ {each}" for each in left)]
