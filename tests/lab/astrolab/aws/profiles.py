# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""Route 53 Profiles, as much as shows that a zone reaches a VPC through one. Tests put them in; no call makes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from moto.core.responses import ActionResult, BaseResponse

from .answering import Answering
from .errors import AwsError


@dataclass(frozen=True, slots=True)
class Profile:
    id: str
    name: str
    account: str
    region: str
    vpc_ids: tuple[str, ...]
    zone_ids: tuple[str, ...]


PROFILES: dict[str, Profile] = {}


def put(
    *,
    account: str,
    region: str,
    vpc_ids: Sequence[str],
    zone_ids: Sequence[str],
    name: str = "shared",
    id: str = "rp-lab",
) -> None:
    PROFILES[id] = Profile(id, name, account, region, tuple(vpc_ids), tuple(zone_ids))


def reset() -> None:
    PROFILES.clear()


class Route53Profiles(Answering, BaseResponse):
    def __init__(self) -> None:
        super().__init__(service_name="route53profiles")
        self.automated_parameter_parsing = True

    def list_profiles(self) -> ActionResult:
        return ActionResult({"ProfileSummaries": [_summary(each) for each in self._mine()]})

    def get_profile(self) -> ActionResult:
        profile = self._find()
        return ActionResult({"Profile": {**_summary(profile), "OwnerId": profile.account, "Status": "COMPLETE"}})

    def list_profile_associations(self) -> ActionResult:
        vpc_id, profile_id = self._get_param("ResourceId"), self._get_param("ProfileId")
        found = [
            {**_association(profile, index), "ResourceId": each, "Priority": 100}
            for profile in self._mine()
            for index, each in enumerate(profile.vpc_ids)
            if vpc_id in {None, each} and profile_id in {None, profile.id}
        ]
        return ActionResult({"ProfileAssociations": found})

    def list_profile_resource_associations(self) -> ActionResult:
        profile = self._find()
        found = [
            {
                **_association(profile, index),
                "ResourceArn": f"arn:aws:route53:::hostedzone/{zone_id}",
                "ResourceType": "PRIVATE_HOSTED_ZONE",
            }
            for index, zone_id in enumerate(profile.zone_ids)
        ]
        return ActionResult({"ProfileResourceAssociations": found})

    def _mine(self) -> list[Profile]:
        return [
            each for each in PROFILES.values() if (each.account, each.region) == (self.current_account, self.region)
        ]

    def _find(self) -> Profile:
        for profile in self._mine():
            if profile.id == self._get_param("ProfileId"):
                return profile
        raise AwsError("ResourceNotFoundException", "The Profile does not exist.")


def _summary(profile: Profile) -> dict[str, Any]:
    return {
        "Id": profile.id,
        "Arn": f"arn:aws:route53profiles:{profile.region}:{profile.account}:profile/{profile.id}",
        "Name": profile.name,
        "ShareStatus": "NOT_SHARED",
    }


def _association(profile: Profile, index: int) -> dict[str, Any]:
    return {
        "Id": f"rpassoc-{profile.id}-{index}",
        "Name": profile.name,
        "OwnerId": profile.account,
        "ProfileId": profile.id,
        "Status": "COMPLETE",
    }
