# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a Describe action chooses: by id, by filter, and only what reads already show."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from moto.ec2.models.core import TaggedEC2Resource

from ..errors import AwsError
from ..world import WORLD


def visible(found: Iterable[Any]) -> list[Any]:
    """Without what is so new that reads do not show it yet."""
    now = WORLD.now()
    return [each for each in found if getattr(each, "visible_at", 0.0) <= now]


def known(found: Iterable[Any]) -> list[Any]:
    """Without what is so new that changes do not find it yet."""
    now = WORLD.now()
    return [each for each in found if getattr(each, "known_at", 0.0) <= now]


def pick(found: Iterable[Any], ids: Sequence[str] | None, missing: Callable[[str], AwsError]) -> list[Any]:
    """Those with the ids, all if there are none; the first unknown id is an error."""
    by_id = {each.id: each for each in found}
    for each in ids or ():
        if each not in by_id:
            raise missing(each)
    return [by_id[each] for each in dict.fromkeys(ids)] if ids else list(by_id.values())


def _entries(name: str) -> Callable[[Any], list[Any]]:
    return lambda acl: [getattr(entry, name) for entry in acl.network_acl_entries]


def _rules(direction: str, name: str) -> Callable[[Any], list[Any]]:
    return lambda group: [value for rule in getattr(group, direction) if (value := getattr(rule, name)) is not None]


def _routes(name: str) -> Callable[[Any], list[Any]]:
    return lambda table: [value for route in table.routes if (value := getattr(route, name)) is not None]


MISSING: Mapping[str, Callable[[Any], Any]] = {  # filters that moto does not know
    "addresses.primary": lambda _: ["true"],
    "association.gateway-id": lambda table: [each for each in table._associations.values() if each.startswith("igw-")],
    "attachment.status": lambda interface: "attached" if interface.attachment else "detached",
    "availabilityZoneId": lambda subnet: subnet.availability_zone_id,
    "entry.ipv6-cidr": _entries("ipv6_cidr_block"),
    "entry.port-range.from": _entries("port_range_from"),
    "entry.port-range.to": _entries("port_range_to"),
    "egress.ip-permission.ipv6-cidr": _rules("egress_rules", "cidr_ipv6"),
    "egress.ip-permission.prefix-list-id": _rules("egress_rules", "prefix_list_id"),
    "ip-permission.ipv6-cidr": _rules("ingress_rules", "cidr_ipv6"),
    "ip-permission.prefix-list-id": _rules("ingress_rules", "prefix_list_id"),
    "network-acl-id": lambda acl: acl.id,
    "private-dns-name": lambda interface: getattr(interface, "private_dns_name", None),
    "route.destination-ipv6-cidr-block": _routes("destination_ipv6_cidr_block"),
    "route.destination-prefix-list-id": _routes("destination_prefix_list_id"),
    "route.instance-id": _routes("instance_id"),
    "route.origin": _routes("origin"),
    "route.state": _routes("state"),
    "subnet-arn": lambda subnet: subnet.arn,
}


def value_of(thing: Any, name: str) -> Any:
    if name == "owner-id" and not hasattr(thing, "owner_id"):
        return thing.ec2_backend.account_id
    return MISSING[name](thing) if name in MISSING else thing.get_filter_value(name)


def matches(thing: Any, name: str, patterns: Any) -> bool:
    """AWS's meaning of a filter: any value of the thing matches any of the patterns (moto wants all of them)."""
    value = value_of(thing, name)
    if value is None or patterns is None:
        return False
    values = [value] if isinstance(value, (str, int)) else list(value)
    texts = [str(each).lower() if isinstance(each, bool) else str(each) for each in values]
    wanted = [patterns] if isinstance(patterns, str) else patterns
    return any(fnmatch.fnmatchcase(text, str(pattern)) for text in texts for pattern in wanted)


def filtered(found: Iterable[Any], filters: Mapping[str, Any] | None) -> list[Any]:
    return [each for each in found if all(matches(each, name, wanted) for name, wanted in (filters or {}).items())]


class ByAttribute:
    """Gives a thing of moto's, whose filters moto ignores, the filters that are called like its attributes."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def get_filter_value(self, name: str) -> Any:
        if name.startswith("tag"):
            tagged = hasattr(self.thing, "ec2_backend")
            return TaggedEC2Resource.get_filter_value(self.thing, name) if tagged else None
        value = self.thing
        for part in {"zone-name": "name"}.get(name, name).split("."):
            value = _attribute(value, part)
        return getattr(self.thing, "id", None) if value is None and name.endswith("-id") else value


def _attribute(thing: Any, name: str) -> Any:
    if isinstance(thing, Mapping):
        return thing.get("".join(word.capitalize() for word in name.split("-")))
    return getattr(thing, name.replace("-", "_"), None)


def endpoint_not_found(endpoint_id: str) -> AwsError:
    return AwsError("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{endpoint_id}' does not exist")


def vpc_not_found(vpc_id: str) -> AwsError:
    return AwsError("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")


def subnet_not_found(subnet_id: str) -> AwsError:
    return AwsError("InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist")


def group_not_found(group_id: str) -> AwsError:
    return AwsError("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")


def peering_not_found(peering_id: str) -> AwsError:
    return AwsError(
        "InvalidVpcPeeringConnectionID.NotFound", f"The vpcPeeringConnection ID '{peering_id}' does not exist"
    )


def dhcp_options_not_found(options_id: str) -> AwsError:
    return AwsError("InvalidDhcpOptionID.NotFound", f"The dhcpOption ID '{options_id}' does not exist")
