# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""The Route 53 actions that associate VPCs with private zones, within and across accounts."""

from __future__ import annotations

from moto.core.responses import ActionResult, EmptyResult

from ..errors import AwsError
from ..world import WORLD
from . import answers, finding
from .finding import Finding
from .zones import Zone


class Associations(Finding):
    def associate_vpc_with_hosted_zone(self) -> ActionResult:
        vpc = self._vpc()
        zone = self._any_zone()
        owner = self._owner(vpc)
        if self.current_account not in {zone.account, owner}:
            raise finding.foreign(self.current_account, self.call.region)
        if not zone.private:
            raise AwsError(
                "PublicZoneVPCAssociation",
                "You're trying to associate a VPC with a public hosted zone. Amazon Route 53 doesn't support "
                "associating a VPC with a public hosted zone.",
            )
        if owner != zone.account and (self.current_account != owner or vpc not in zone.authorizations):
            raise AwsError(
                "NotAuthorizedException", f"The VPC: {vpc.id} has not authorized to associate with your hosted zone."
            )
        finding.check_idle(zone)
        finding.check_conflict(vpc, zone.name)
        if len(zone.vpcs) >= WORLD.settings.vpcs_per_zone:
            raise AwsError(
                "LimitsExceeded", f"Limits Exceeded: MAX_VPCS_ASSOCIATED_BY_ZONE - {WORLD.settings.vpcs_per_zone}"
            )
        zone.changing_vpcs()
        zone.vpcs.append(vpc)
        return self._changed(zone)

    def disassociate_vpc_from_hosted_zone(self) -> ActionResult:
        vpc = self._vpc()
        zone = self._any_zone()
        if self.current_account not in {zone.account, self._owner_or_none(vpc)}:
            raise finding.foreign(self.current_account, self.call.region)
        if vpc not in zone.vpcs:
            raise AwsError(
                "VPCAssociationNotFound",
                f"The VPC: {vpc.id} in region: {vpc.region} is not currently associated with the hosted zone {zone.id}.",
            )
        if len(zone.vpcs) == 1:
            raise AwsError(
                "LastVPCAssociation",
                "The VPC that you're trying to disassociate from the private hosted zone is the last VPC that is "
                "associated with the hosted zone. Amazon Route 53 doesn't support disassociating the last VPC from a "
                "hosted zone.",
            )
        zone.changing_vpcs()
        zone.vpcs.remove(vpc)
        return self._changed(zone)

    def create_vpc_association_authorization(self) -> ActionResult:
        zone, vpc = self._zone("HostedZoneId"), self._vpc()
        self._check_authorizing(zone)
        if vpc not in zone.authorizations:
            if len(zone.authorizations) >= WORLD.settings.authorizations_per_zone:
                raise AwsError(
                    "TooManyVPCAssociationAuthorizations",
                    "You've created the maximum number of authorizations that can be created for the specified hosted "
                    "zone.",
                )
            zone.authorizations.append(vpc)
        return ActionResult({"HostedZoneId": zone.id, "VPC": answers.vpc(vpc)})

    def delete_vpc_association_authorization(self) -> ActionResult:
        zone, vpc = self._zone("HostedZoneId"), self._vpc()
        self._check_authorizing(zone)
        if vpc not in zone.authorizations:
            raise AwsError(
                "VPCAssociationAuthorizationNotFound",
                "The VPC that you specified is not authorized to be associated with the hosted zone.",
            )
        zone.authorizations.remove(vpc)
        return EmptyResult()

    def list_vpc_association_authorizations(self) -> ActionResult:
        zone = self._zone("HostedZoneId")
        start, size = int(self._get_param("NextToken") or 0), int(self._get_param("MaxResults") or 50)
        end = start + size
        return ActionResult(
            {
                "HostedZoneId": zone.id,
                "VPCs": [answers.vpc(vpc) for vpc in zone.authorizations[start:end]],
                "NextToken": str(end) if end < len(zone.authorizations) else None,
            }
        )

    @staticmethod
    def _check_authorizing(zone: Zone) -> None:
        now = WORLD.now()
        if now < zone.authorized_at + WORLD.settings.busy_seconds:
            raise AwsError(
                "ConcurrentModification",
                "Another user submitted a request to create, update, or delete the object "
                "at the same time that you did. Retry the request.",
            )
        zone.authorized_at = now
