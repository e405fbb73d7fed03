# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""Finds the zone and the VPC that a request names, for the account that sends it; AWS's words where it may not."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.route53.responses import Route53 as MotoRoute53

from .. import arns, permissions
from ..answering import Answering
from ..ec2.choosing import visible
from ..errors import AwsError
from . import answers, zones
from .zones import Zone, ZoneVpc

LONGEST_COMMENT = 256


class Finding(Answering, MotoRoute53):
    def _zone(self, parameter: str) -> Zone:
        return self._own(str(self._get_param(parameter)))

    def _own(self, zone_id: str) -> Zone:
        zone = existing(zone_id)
        if zone.account != self.current_account:
            raise foreign(self.current_account, self.call.region)
        return zone

    def _any_zone(self) -> Zone:
        return existing(str(self._get_param("HostedZoneId")))

    def _vpc(self, optional: bool = False) -> Any:
        vpc_id, region = self._get_param("VPC.VPCId"), self._get_param("VPC.VPCRegion")
        if vpc_id and region:
            return ZoneVpc(vpc_id, region)
        if optional and not vpc_id:
            return None
        raise AwsError("InvalidVPCId", "The VPC ID and the VPC region are both required.")

    def _owner(self, vpc: ZoneVpc) -> str:
        """The account that has the VPC; Route 53 looks with the caller's right to describe VPCs."""
        owner = self._owner_or_none(vpc)
        here = arns.partition(vpc.region) == arns.partition(self.call.region)
        if owner is None or not here or permissions.denies(self.current_account, "ec2:DescribeVpcs"):
            raise invalid_vpc(vpc)
        return owner

    @staticmethod
    def _owner_or_none(vpc: ZoneVpc) -> str | None:
        for account, region, backend in list(ec2_backends.iter_backends()):
            if region == vpc.region and vpc.id in backend.vpcs and visible([backend.vpcs[vpc.id]]):
                return str(account)
        return None

    def _size(self, largest: int = 100) -> int:
        return min(int(self._get_param("MaxItems") or largest), largest)

    def _changed(self, zone: Zone, comment: str | None = None) -> ActionResult:
        comment = comment or self._get_param("Comment")
        return ActionResult({"ChangeInfo": answers.change(zones.changed(zone, comment))})


def existing(zone_id: str) -> Zone:
    zone = zones.STORE.zones.get(bare(zone_id))
    if zone is None or not zone.known:
        raise AwsError("NoSuchHostedZone", f"No hosted zone found with ID: {bare(zone_id)}")
    return zone


def bare(zone_id: str) -> str:
    return zone_id.removeprefix("/hostedzone/")


def foreign(account: str, region: str) -> AwsError:
    return AwsError("AccessDenied", f"User: {arns.user(account, region)} is not authorized to access this resource")


def invalid_vpc(vpc: ZoneVpc) -> AwsError:
    return AwsError(
        "InvalidVPCId",
        f"The VPC: {vpc.id} in region {vpc.region} that you provided is not a valid VPC, or the current account is not "
        "authorized to access it.",
    )


def check_comment(comment: str | None, where: str) -> None:
    if comment is not None and len(comment) > LONGEST_COMMENT:
        raise AwsError(
            "InvalidInput",
            f"1 validation error detected: Value '{comment}' at '{where}' failed to satisfy constraint: Member must "
            f"have length less than or equal to {LONGEST_COMMENT}",
        )


def check_conflict(vpc: ZoneVpc, name: str) -> None:
    if any(zone.name == name for zone in zones.STORE.of_vpc(vpc)):
        raise AwsError(
            "ConflictingDomainExists",
            f"The VPC that you chose, {vpc.id} in region {vpc.region}, is already associated with another private "
            f"hosted zone that has an overlapping name space, {name}",
        )


def check_idle(zone: Zone) -> None:
    if zone.busy:
        raise AwsError(
            "PriorRequestNotComplete",
            "The request was rejected because Route 53 was still processing a prior request.",
        )
