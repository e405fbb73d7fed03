# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a Describe action chooses: by id, by filter, and only what reads already show."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..errors import AwsError
from ..world import WORLD


def visible(found: Iterable[Any]) -> list[Any]:
    """Without what is so new that reads do not show it yet."""
    now = WORLD.now()
    return [each for each in found if getattr(each, "visible_at", 0.0) <= now]


def pick(found: Iterable[Any], ids: Sequence[str] | None, missing: Callable[[str], AwsError]) -> list[Any]:
    """Those with the ids, all if there are none; the first unknown id is an error."""
    by_id = {each.id: each for each in found}
    for each in ids or ():
        if each not in by_id:
            raise missing(each)
    return [by_id[each] for each in dict.fromkeys(ids)] if ids else list(by_id.values())


def matches(thing: Any, name: str, patterns: Any) -> bool:
    """AWS's meaning of a filter: any value of the thing matches any of the patterns (moto wants all of them)."""
    value = thing.get_filter_value(name)
    if value is None or patterns is None:
        return False
    values = [value] if isinstance(value, (str, int)) else list(value)
    texts = [str(each).lower() if isinstance(each, bool) else str(each) for each in values]
    wanted = [patterns] if isinstance(patterns, str) else patterns
    return any(fnmatch.fnmatchcase(text, str(pattern)) for text in texts for pattern in wanted)


def filtered(found: Iterable[Any], filters: Mapping[str, Any] | None) -> list[Any]:
    return [each for each in found if all(matches(each, name, wanted) for name, wanted in (filters or {}).items())]


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
