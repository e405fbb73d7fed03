# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security groups that rules refer to: which are in reach, and how a reference across a peering is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from moto.ec2.models import ec2_backends

from ..errors import AwsError
from .choosing import group_not_found, known
from .spanning import vpcs_of


def check(backend: Any, group: Any, pairs: Iterable[Mapping[str, str]]) -> None:
    """A rule may refer to groups of its own VPC, and of a VPC of the region with an active peering.

    A group of another account is only found with that account as UserId; of another region it never is.
    """
    for pair in pairs:
        if "GroupId" not in pair:
            continue
        theirs = _vpcs_of(backend, pair["GroupId"], pair.get("UserId") or backend.account_id)
        ours = {each for vpc_id in vpcs_of(backend, group) for each in (vpc_id, *_peered(backend, vpc_id))}
        if not theirs & ours:
            raise AwsError(
                "InvalidGroup.NotFound", "You have specified two resources that belong to different networks."
            )


def shown(backend: Any, group: Any, pair: Mapping[str, str]) -> dict[str, str]:
    """A reference as reads show it: across a peering with the VPC and the connection."""
    vpc_id = next((vpc for vpc, _unused in _groups(backend, pair.get("GroupId"), pair.get("UserId"))), group.vpc_id)
    if vpc_id == group.vpc_id:
        return dict(pair)
    peering = next((each for each in _peerings(backend, group.vpc_id) if vpc_id in _sides(each)), None)
    more = {"VpcPeeringConnectionId": peering.id, "PeeringStatus": peering.status["Code"]} if peering else {}
    return {**pair, "VpcId": vpc_id, **more}


def _vpcs_of(backend: Any, group_id: str, account: str) -> set[str]:
    for _unused, group in _groups(backend, group_id, account):
        if known([group]):
            return vpcs_of(group.ec2_backend, group)
    raise group_not_found(group_id)


def _groups(backend: Any, group_id: str | None, account: str | None) -> Iterator[tuple[str, Any]]:
    """The group of that id and account, in the region."""
    for owner, region, each in ec2_backends.iter_backends():
        here = each.account_id == backend.account_id and region == backend.region_name
        if owner == account and region == backend.region_name:
            group = (backend if here else each).get_security_group_from_id(group_id)
            if group is not None:
                yield str(group.vpc_id), group


def _peerings(backend: Any, vpc_id: str) -> Iterator[Any]:
    """The connections of a VPC within the region."""
    for peering in backend.vpc_pcxs.values():
        if peering.vpc.region == peering.peer_vpc.region and vpc_id in _sides(peering):
            yield peering


def _sides(peering: Any) -> tuple[str, str]:
    return peering.vpc.id, peering.peer_vpc.id


def _peered(backend: Any, vpc_id: str) -> Iterator[str]:
    for peering in _peerings(backend, vpc_id):
        if peering.status["Code"] == "active":
            yield from _sides(peering)
