# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of security group rules: a request takes effect as a whole or not at all, and refers to groups in reach."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends

from ..errors import AwsError
from ..world import WORLD
from .choosing import group_not_found


@contextmanager
def whole(group: Any) -> Iterator[Any]:
    """Puts the rules back as they were if the request is refused half way; reads may show them so for a while."""
    before = list(group.ingress_rules), list(group.egress_rules)
    try:
        yield group
    except ServiceException:
        group.ingress_rules, group.egress_rules = before
        raise
    group.rules_before, group.stale_until = before, WORLD.stale("rules", group.owner_id)


def seen(group: Any) -> Any:
    """The group as reads show it."""
    if WORLD.now() >= getattr(group, "stale_until", 0.0):
        return group
    earlier = copy.copy(group)
    earlier.ingress_rules, earlier.egress_rules = group.rules_before
    return earlier


def check_references(backend: Any, group: Any, pairs: Iterable[Mapping[str, str]]) -> None:
    """A rule may refer to groups of its own VPC, and of a VPC of the region with an active peering."""
    for pair in pairs:
        if "GroupId" not in pair:
            continue
        vpc_id = _vpc_of(backend, pair["GroupId"])
        if vpc_id not in {group.vpc_id, *_peered(backend, group.vpc_id)}:
            raise AwsError(
                "InvalidGroup.NotFound", "You have specified two resources that belong to different networks."
            )


def same(one: Any, other: Any) -> bool:
    """Whether two rules let the same in or out; moto also compares descriptions of groups."""
    return _essence(one) == _essence(other)


def _essence(rule: Any) -> tuple[Any, ...]:
    ranges = (rule.ip_range.get("CidrIp"), rule.ip_range.get("CidrIpv6"))
    ports = () if rule.ip_protocol == "-1" else (rule.from_port, rule.to_port)
    return rule.ip_protocol, ports, ranges, rule.source_group.get("GroupId"), rule.prefix_list_id


def _vpc_of(backend: Any, group_id: str) -> str:
    others = (each for _unused, region, each in ec2_backends.iter_backends() if region == backend.region_name)
    for each in (backend, *others):
        found = each.get_security_group_from_id(group_id)
        if found is not None:
            return str(found.vpc_id)
    raise group_not_found(group_id)


def _peered(backend: Any, vpc_id: str) -> Iterator[str]:
    for peering in backend.vpc_pcxs.values():
        sides = (peering.vpc, peering.peer_vpc)
        same_region = sides[0].region == sides[1].region
        if same_region and peering.status["Code"] == "active" and vpc_id in {side.id for side in sides}:
            yield from (side.id for side in sides)
