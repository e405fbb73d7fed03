# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What IAM is asked about a call that changes something: each action on each resource, with the values of conditions' keys.

After AWS's service authorization references of EC2 and Route 53
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html, list_amazonroute53.html), for the actions
that this double answers. What a call takes along counts as well: the tags of what it makes, another region's service.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from moto.ec2.models import ec2_backends

from . import arns
from .call import Call
from .permissions import ID, KINDS, MADE
from .policies import Demand

#: Members whose ids are only said: in a rule, in a tag. Nobody needs a right to those.
_ONLY_SAID = ("IpPermissions", "Tag")
_XML = re.compile(r"\{[^}]*\}")


def demands(call: Call) -> list[Demand]:
    """Of a read only the action: all resources are open to whoever may read."""
    if call.service == "sts":
        named = dict(parse_qsl(call.body.decode("utf-8", "replace")))
        return [Demand(call.name, named.get("RoleArn", "*"))]
    if call.mutating and call.service == "ec2":
        return list(_of_ec2(call))
    if call.mutating and call.service == "route53":
        return [_of_route53(call)]
    return [Demand(call.name.replace("service-quotas:", "servicequotas:"), "*")]


# --- EC2


def _of_ec2(call: Call) -> Iterator[Demand]:
    given = dict(parse_qsl(call.body.decode("utf-8", "replace")))
    made, tags = MADE.get(call.action, ""), _tags(given, "TagSpecification.1.Tag")
    for kind, name in _named(given):
        asked = _tags(given, "Tag") if call.action in {"CreateTags", "DeleteTags"} else {}
        yield Demand(
            call.name, arns.ec2(kind, name, call.account, call.region), {**_has(call, name), **_requested(asked)}
        )
    if made:
        own = arns.ec2(made, "*", call.account, call.region)
        service = given.get("ServiceName")
        context = {**_requested(tags), **({"ec2:VpceServiceName": [service]} if service else {})}
        yield Demand(call.name, own, context)
        if tags:
            yield Demand("ec2:CreateTags", own, {**_requested(tags), "ec2:CreateAction": [call.action]})
        if given.get("ServiceRegion", call.region) != call.region:
            yield Demand("vpce:AllowMultiRegion", own)


def _named(given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What a request names, by kind and id."""
    for key, value in given.items():
        if not key.startswith(_ONLY_SAID) and (found := ID.fullmatch(value)) and found[1] in KINDS:
            yield KINDS[found[1]], value


def _tags(given: Mapping[str, str], prefix: str) -> dict[str, str]:
    keys = [key for key in given if key.startswith(f"{prefix}.") and key.endswith(".Key")]
    return {given[key]: given.get(f"{key.removesuffix('.Key')}.Value", "") for key in keys}


def _requested(tags: Mapping[str, str]) -> dict[str, list[str]]:
    found = {f"aws:RequestTag/{key}": [value] for key, value in tags.items()}
    return {**found, **({"aws:TagKeys": sorted(tags)} if tags else {})}


def _has(call: Call, name: str) -> dict[str, list[str]]:
    """The tags that a resource has now."""
    tags = ec2_backends[call.account][call.region].tags.get(name, {})
    return {f"aws:ResourceTag/{key}": [str(value)] for key, value in tags.items()}


# --- Route 53


def _of_route53(call: Call) -> Demand:
    zone = call.uri_parameters.get("HostedZoneId") or call.uri_parameters.get("Id")
    resource = arns.zone(str(zone).rpartition("/")[2], call.region) if zone else "*"
    return Demand(call.name, resource, _told(call.body))


def _told(body: bytes) -> dict[str, list[str]]:
    """The keys that Route 53 has for VPCs and records, from a request's XML."""
    try:
        root: Any = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return {}  # no body, or one that Route 53 refuses
    found: dict[str, list[str]] = {}
    for each in root.iter():
        name = _XML.sub("", each.tag)
        part = {_XML.sub("", child.tag): child.text or "" for child in each}
        if name == "VPC":
            found.setdefault("route53:VPCs", []).append(
                f"VPCId={part.get('VPCId', '')},VPCRegion={part.get('VPCRegion', '')}"
            )
        elif name == "Change":
            found.setdefault("route53:ChangeResourceRecordSetsActions", []).append(part.get("Action", ""))
        elif name == "ResourceRecordSet":
            found.setdefault("route53:ChangeResourceRecordSetsRecordTypes", []).append(part.get("Type", ""))
            names = found.setdefault("route53:ChangeResourceRecordSetsNormalizedRecordNames", [])
            names.append(part.get("Name", "").rstrip(".").lower())
    return found
