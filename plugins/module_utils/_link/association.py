# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VPC account's half of an association with another account's private zone: want and have to calls. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._core.plan import Call, Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """What is wanted of one VPC and one zone."""

    name: str
    vpc_id: str
    region: str
    zone_id: str
    present: bool = True


#: The zones of each VPC by their ids, with their names, whoever owns them.
Have = Mapping[str, Mapping[str, str]]


def plan(associations: Sequence[Association], have: Have) -> Plan:
    """A VPC may be in many zones; only the named one is looked at."""
    return Plan.merge(_plan_one(one, have.get(one.vpc_id, {})) for one in associations)


def result(one: Association, have: Have) -> dict[str, Any]:
    """RETURN's entry of one VPC."""
    return {"hosted_zone_id": one.zone_id, "associated": one.zone_id in have.get(one.vpc_id, {})}


def _plan_one(one: Association, zones: Mapping[str, str]) -> Plan:
    there = one.zone_id in zones
    shown = [{one.name: {"hosted_zone_id": one.zone_id, "associated": side}} for side in (there, one.present)]
    if there == one.present:
        return Plan(before=shown[0], after=shown[1])
    call = Call(
        service="route53",
        operation="AssociateVPCWithHostedZone" if one.present else "DisassociateVPCFromHostedZone",
        arguments={"HostedZoneId": one.zone_id, "VPC": {"VPCRegion": one.region, "VPCId": one.vpc_id}},
        subjects=frozenset([one.name]),
        lane=one.zone_id,
        until="insync",
    )
    return Plan(calls=(call,), before=shown[0], after=shown[1])
