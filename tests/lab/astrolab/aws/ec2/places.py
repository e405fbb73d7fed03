# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""The EC2 actions on what is there before anything is made: the account, regions, zones; and on what lies in zones."""

from __future__ import annotations

from moto.core.responses import ActionResult

from .. import arns, regions
from ..errors import AwsError
from ..world import WORLD
from . import choosing, dns, instances, zones
from .acting import Acting
from .choosing import filtered


class Places(Acting):
    def describe_account_attributes(self) -> ActionResult:
        default = next((vpc.id for vpc in self.ec2_backend.vpcs.values() if vpc.is_default), "none")
        values = {
            "supported-platforms": "VPC",
            "default-vpc": default,
            "max-instances": "20",
            "vpc-max-security-groups-per-interface": str(WORLD.settings.groups_per_interface),
            "max-elastic-ips": "5",
            "vpc-max-elastic-ips": "5",
        }
        wanted = self._get_param("AttributeNames", []) or list(values)
        return ActionResult(
            {
                "AccountAttributes": [
                    {"AttributeName": name, "AttributeValues": [{"AttributeValue": value}]}
                    for name, value in values.items()
                    if name in wanted
                ]
            }
        )

    # --- regions, zones and subnets ---

    def describe_regions(self) -> ActionResult:
        mine = [each for each in zones.regions() if arns.partition(each) == self.partition]
        usable = [each for each in mine if regions.enabled(self.current_account, each)]
        shown = mine if self._get_bool_param("AllRegions", False) else usable
        names = self._get_param("RegionNames", [])
        if unknown := [each for each in names if each not in shown]:
            raise AwsError("InvalidParameterValue", f"Invalid region names provided: {unknown}")
        found = [
            {
                "RegionName": each,
                "Endpoint": f"ec2.{each}.{dns.domain(each)}",
                "OptInStatus": regions.status(self.current_account, each),
            }
            for each in shown
            if not names or each in names
        ]
        return ActionResult({"Regions": found})

    def describe_availability_zones(self) -> ActionResult:
        found = self.ec2_backend.describe_availability_zones(
            zone_names=self._get_param("ZoneNames", []),
            zone_ids=self._get_param("ZoneIds", []),
            everywhere=bool(self._get_bool_param("AllAvailabilityZones", False)),
        )
        return ActionResult({"AvailabilityZones": found})

    def modify_availability_zone_group(self) -> ActionResult:
        group, status = self._get_param("GroupName"), self._get_param("OptInStatus")
        if group not in {each.group for each in zones.edges(self.current_account, self.region)}:
            raise AwsError("InvalidParameterValue", f"Value ({group}) for parameter groupName is invalid.")
        if status != "opted-in":
            raise AwsError("InvalidParameterValue", "To opt out of a zone group, contact AWS Support.")
        if not self._get_bool_param("DryRun", False):
            opted = WORLD.settings.opted_in.setdefault(self.current_account, [])
            opted += [] if group in opted else [group]
        return ActionResult({"Return": True})

    def describe_subnets(self) -> ActionResult:
        found = choosing.visible(self.ec2_backend.describe_subnets())
        chosen = choosing.pick(found, self._get_param("SubnetIds", []), choosing.subnet_not_found)
        return ActionResult({"Subnets": filtered(chosen, self._filters_from_querystring())})

    # --- instances ---

    def describe_instances(self) -> ActionResult:
        ids, wanted = self._get_param("InstanceIds", []), self._filters_from_querystring()
        find = self.ec2_backend.get_reservations_by_instance_ids
        found = find(ids, filters=wanted) if ids else self.ec2_backend.describe_instances(filters=wanted)
        return ActionResult({"Reservations": [instances.Reservation(each, each.instances) for each in found]})
