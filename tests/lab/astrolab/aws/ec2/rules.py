# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of security group rules: a request takes effect as a whole or not at all, and within the quota."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.core.exceptions import ServiceException

from ..errors import AwsError
from ..world import WORLD
from . import references


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


def seen(backend: Any, group: Any) -> Any:
    """The group as reads show it: maybe as it was before the last change, and what it refers to as it is now."""
    before = group.rules_before if WORLD.now() < getattr(group, "stale_until", 0.0) else None
    ingress, egress = before or (group.ingress_rules, group.egress_rules)
    shown = copy.copy(group)
    shown.ingress_rules = [_shown(backend, group, rule) for rule in ingress]
    shown.egress_rules = [_shown(backend, group, rule) for rule in egress]
    return shown


def _shown(backend: Any, group: Any, rule: Any) -> Any:
    if not rule.source_group:
        return rule
    shown = copy.copy(rule)
    shown.source_group = references.shown(backend, group, rule.source_group)
    return shown


def check_quota(backend: Any, group: Any) -> None:
    """Each direction and address family counts for itself; a group counts as one, a prefix list as its largest size."""
    for rules in (group.ingress_rules, group.egress_rules):
        for other in ("cidr_ipv6", "cidr_ipv4"):
            count = sum(_weight(backend, rule) for rule in rules if not getattr(rule, other))
            if count > WORLD.settings.rules_per_group:
                raise AwsError(
                    "RulesPerSecurityGroupLimitExceeded",
                    "The maximum number of rules per security group has been reached.",
                )


def _weight(backend: Any, rule: Any) -> int:
    prefix_list = backend.managed_prefix_lists.get(rule.prefix_list_id)
    return int(prefix_list.max_entries or 1) if prefix_list is not None else 1


def same(one: Any, other: Any) -> bool:
    """Whether two rules let the same in or out; moto also compares descriptions of groups."""
    return _essence(one) == _essence(other)


def _essence(rule: Any) -> tuple[Any, ...]:
    ranges = (rule.ip_range.get("CidrIp"), rule.ip_range.get("CidrIpv6"))
    ports = () if rule.ip_protocol == "-1" else (rule.from_port, rule.to_port)
    pair = (rule.source_group.get("GroupId"), rule.source_group.get("UserId"))
    return rule.ip_protocol, ports, ranges, pair, rule.prefix_list_id
