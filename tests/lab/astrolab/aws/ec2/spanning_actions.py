# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""The EC2 actions that associate a security group with a further VPC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.responses import ActionResult

from ..errors import AwsError
from . import choosing
from .acting import Acting
from .backend import Backend
from .choosing import filtered, group_not_found
from .spanning import vpcs_of


class Association:
    """One group in one further VPC, as DescribeSecurityGroupVpcAssociations shows it."""

    def __init__(self, backend: Backend, group_id: str, vpc_id: str) -> None:
        self.shown = {
            "GroupId": group_id,
            "VpcId": vpc_id,
            "VpcOwnerId": backend.account_id,
            "GroupOwnerId": backend.account_id,
            "State": "associated",
        }

    def get_filter_value(self, name: str) -> str:
        """It has no tags."""
        return str(self.shown.get("".join(word.capitalize() for word in name.split("-")), ""))


class Spanning(Acting):
    def associate_security_group_vpc(self) -> ActionResult:
        backend, (group, vpc_id) = self.ec2_backend, self._pair()
        if group.is_default:
            raise AwsError("InvalidParameterValue", "The default security group cannot be associated with another VPC.")
        backend.get_vpc(vpc_id)
        if vpc_id in vpcs_of(backend, group):
            raise AwsError("InvalidParameterValue", f"{group.id} is already associated with {vpc_id}")
        backend.group_vpcs.setdefault(group.id, []).append(vpc_id)
        return ActionResult({"State": "associating"})

    def disassociate_security_group_vpc(self) -> ActionResult:
        backend, (group, vpc_id) = self.ec2_backend, self._pair()
        if vpc_id not in backend.group_vpcs.get(group.id, ()):
            raise AwsError("InvalidSecurityGroupVpcAssociation.NotFound", f"{group.id} is not associated with {vpc_id}")
        if any(each.vpc_id == vpc_id and group in each.group_set for each in backend.enis.values()):
            raise AwsError("DependencyViolation", f"resource {group.id} has a dependent object")
        backend.group_vpcs[group.id].remove(vpc_id)
        return ActionResult({"State": "disassociating"})

    def describe_security_group_vpc_associations(self) -> ActionResult:
        chosen = filtered(self._associations(), self._filters_from_querystring())
        return ActionResult({"SecurityGroupVpcAssociations": [each.shown for each in chosen]})

    def _associations(self) -> Iterator[Association]:
        for group_id, vpc_ids in self.ec2_backend.group_vpcs.items():
            yield from (Association(self.ec2_backend, group_id, each) for each in vpc_ids)

    def _pair(self) -> tuple[Any, str]:
        group_id, vpc_id = str(self._get_param("GroupId")), str(self._get_param("VpcId"))
        for group in choosing.known(filter(None, [self.ec2_backend.get_security_group_from_id(group_id)])):
            return group, vpc_id
        raise group_not_found(group_id)
