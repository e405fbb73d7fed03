# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""Service Quotas, as far as links need them; where the double keeps a quota, its setting is the value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moto.core.responses import ActionResult, BaseResponse

from . import arns
from .answering import Answering
from .errors import AwsError
from .settings import Settings
from .world import WORLD

NAMES = {"vpc": "Amazon Virtual Private Cloud (Amazon VPC)", "route53": "Amazon Route 53"}
GLOBAL_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Quota:
    service: str
    code: str
    name: str
    value: float | str  # a number, or the setting that has it

    def current(self, settings: Settings) -> float:
        return float(getattr(settings, self.value)) if isinstance(self.value, str) else self.value


QUOTAS = (
    Quota("vpc", "L-29B6F2EB", "Interface VPC endpoints per VPC", "endpoints_per_vpc"),
    Quota("vpc", "L-0EA8095F", "Inbound or outbound rules per security group", "rules_per_group"),
    Quota("vpc", "L-2AFB9258", "Security groups per network interface", "groups_per_interface"),
    Quota("vpc", "L-F678F1CE", "VPCs per Region", "vpcs_per_region"),
    Quota("vpc", "L-E79EC296", "VPC security groups per Region", 2500),
    Quota("vpc", "L-407747CB", "Subnets per VPC", 200),
    Quota("vpc", "L-83CA0A9D", "IPv4 CIDR blocks per VPC", 5),
    Quota("vpc", "L-7E9ECCDB", "Active VPC peering connections per VPC", 50),
    Quota("vpc", "L-1B52E74A", "Gateway VPC endpoints per Region", 20),
    Quota("route53", "L-4EA4796A", "Hosted zones", "zones_per_account"),
    Quota("route53", "L-E209CC9F", "Record sets per hosted zone", 10000),
)


class ServiceQuotas(Answering, BaseResponse):
    def __init__(self) -> None:
        super().__init__(service_name="service-quotas")
        self.automated_parameter_parsing = True

    def get_service_quota(self) -> ActionResult:
        return ActionResult({"Quota": self._shown(self._find(), WORLD.settings)})

    def get_aws_default_service_quota(self) -> ActionResult:
        return ActionResult({"Quota": self._shown(self._find(), Settings())})

    def list_service_quotas(self) -> ActionResult:
        return ActionResult({"Quotas": [self._shown(each, WORLD.settings) for each in self._all()]})

    def list_aws_default_service_quotas(self) -> ActionResult:
        return ActionResult({"Quotas": [self._shown(each, Settings()) for each in self._all()]})

    def _all(self) -> list[Quota]:
        service = self._get_param("ServiceCode")
        here = [each for each in QUOTAS if each.service != "route53" or self.region == GLOBAL_REGION]
        found = [each for each in here if each.service == service]
        if not found:
            raise AwsError(
                "NoSuchResourceException", "The request failed because the specified service does not exist."
            )
        return found

    def _find(self) -> Quota:
        for quota in self._all():
            if quota.code == self._get_param("QuotaCode"):
                return quota
        raise AwsError("NoSuchResourceException", "The request failed because the specified quota does not exist.")

    def _shown(self, quota: Quota, settings: Settings) -> dict[str, Any]:
        prefix = f"arn:{arns.partition(self.region)}:servicequotas:{self.region}:{self.current_account}"
        return {
            "ServiceCode": quota.service,
            "ServiceName": NAMES[quota.service],
            "QuotaArn": f"{prefix}:{quota.service}/{quota.code}",
            "QuotaCode": quota.code,
            "QuotaName": quota.name,
            "Value": quota.current(settings),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": quota.service == "route53",
        }
