# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""Route 53 Profiles: zones that reach VPCs through one. Calls make them, or a test puts them in by one control."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from moto.core.responses import ActionResult, BaseResponse

from . import arns
from .answering import Answering
from .errors import AwsError
from .route53 import zones
from .world import WORLD


@dataclass(frozen=True, slots=True)
class Association:
    """A VPC or a zone of a Profile; it is in force when it is complete."""

    id: str
    name: str
    complete_at: float

    @property
    def status(self) -> str:
        return "COMPLETE" if WORLD.now() >= self.complete_at else "UPDATING"


@dataclass(slots=True)
class Profile:
    id: str
    name: str
    account: str
    region: str
    vpcs: dict[str, Association] = field(default_factory=dict)
    zones: dict[str, Association] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:{arns.partition(self.region)}:route53profiles:{self.region}:{self.account}:profile/{self.id}"


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
    profile = Profile(id, name, account, region)
    profile.vpcs = {each: Association(f"rpassoc-{id}-{index}", name, 0.0) for index, each in enumerate(vpc_ids)}
    profile.zones = {each: Association(f"rpr-{id}-{index}", name, 0.0) for index, each in enumerate(zone_ids)}
    PROFILES[id] = profile


def shown() -> list[dict[str, Any]]:
    return [
        {
            "id": each.id,
            "name": each.name,
            "account": each.account,
            "region": each.region,
            "vpc_ids": list(each.vpcs),
            "zone_ids": list(each.zones),
        }
        for each in PROFILES.values()
    ]


def zone_ids_of(vpc_id: str, region: str) -> Iterator[str]:
    """The zones that reach a VPC through a Profile now."""
    for profile in PROFILES.values():
        joined = profile.vpcs.get(vpc_id)
        if profile.region == region and joined is not None and joined.status == "COMPLETE":
            yield from (zone_id for zone_id, each in profile.zones.items() if each.status == "COMPLETE")


def reset() -> None:
    PROFILES.clear()


class Route53Profiles(Answering, BaseResponse):
    def __init__(self) -> None:
        super().__init__(service_name="route53profiles")
        self.automated_parameter_parsing = True

    def create_profile(self) -> ActionResult:
        profile = Profile(_id("rp"), self._get_param("Name"), self.current_account, self.region)
        PROFILES[profile.id] = profile
        return ActionResult({"Profile": _detail(profile)})

    def delete_profile(self) -> ActionResult:
        profile = self._find()
        if profile.vpcs or profile.zones:
            raise AwsError("ConflictException", "The Profile still has associations.")
        del PROFILES[profile.id]
        return ActionResult({"Profile": _detail(profile)})

    def list_profiles(self) -> ActionResult:
        return ActionResult({"ProfileSummaries": [_summary(each) for each in self._mine()]})

    def get_profile(self) -> ActionResult:
        return ActionResult({"Profile": _detail(self._find())})

    # --- VPCs ---

    def associate_profile(self) -> ActionResult:
        profile, vpc_id = self._find(), self._get_param("ResourceId")
        if any(vpc_id in each.vpcs for each in PROFILES.values()):
            raise AwsError("ConflictException", f"The VPC {vpc_id} is already associated with a Profile.")
        profile.vpcs[vpc_id] = _new("rpassoc", self._get_param("Name"))
        return ActionResult({"ProfileAssociation": _vpc(profile, vpc_id)})

    def disassociate_profile(self) -> ActionResult:
        profile, vpc_id = self._find(), self._get_param("ResourceId")
        if vpc_id not in profile.vpcs:
            raise AwsError("ResourceNotFoundException", f"The VPC {vpc_id} is not associated with the Profile.")
        gone = {**_vpc(profile, vpc_id), "Status": "DELETING"}
        del profile.vpcs[vpc_id]
        return ActionResult({"ProfileAssociation": gone})

    def list_profile_associations(self) -> ActionResult:
        vpc_id, profile_id = self._get_param("ResourceId"), self._get_param("ProfileId")
        found = [
            _vpc(profile, each)
            for profile in self._mine()
            for each in profile.vpcs
            if vpc_id in {None, each} and profile_id in {None, profile.id}
        ]
        return ActionResult({"ProfileAssociations": found})

    # --- zones ---

    def associate_resource_to_profile(self) -> ActionResult:
        profile, zone_id = self._find(), self._zone_id()
        zone = zones.STORE.zones.get(zone_id)
        if zone is None or zone.account != self.current_account or not zone.private:
            raise AwsError("InvalidParameterException", f"{self._get_param('ResourceArn')} is no private hosted zone.")
        if zone_id in profile.zones:
            raise AwsError("ConflictException", f"The zone {zone_id} is already associated with the Profile.")
        profile.zones[zone_id] = _new("rpr", self._get_param("Name"))
        return ActionResult({"ProfileResourceAssociation": _zone(profile, zone_id)})

    def disassociate_resource_from_profile(self) -> ActionResult:
        profile, zone_id = self._find(), self._zone_id()
        if zone_id not in profile.zones:
            raise AwsError("ResourceNotFoundException", f"The zone {zone_id} is not associated with the Profile.")
        gone = {**_zone(profile, zone_id), "Status": "DELETING"}
        del profile.zones[zone_id]
        return ActionResult({"ProfileResourceAssociation": gone})

    def list_profile_resource_associations(self) -> ActionResult:
        profile = self._find()
        return ActionResult({"ProfileResourceAssociations": [_zone(profile, each) for each in profile.zones]})

    def _zone_id(self) -> str:
        return str(self._get_param("ResourceArn")).rpartition("/")[2]

    def _mine(self) -> list[Profile]:
        here = (self.current_account, self.region)
        return [each for each in PROFILES.values() if (each.account, each.region) == here]

    def _find(self) -> Profile:
        for profile in self._mine():
            if profile.id == self._get_param("ProfileId"):
                return profile
        raise AwsError("ResourceNotFoundException", "The Profile does not exist.")


def _id(prefix: str) -> str:
    return f"{prefix}-{secrets.token_hex(8)}"


def _new(prefix: str, name: str) -> Association:
    return Association(_id(prefix), name, WORLD.now() + WORLD.settings.insync_seconds)


def _summary(profile: Profile) -> dict[str, Any]:
    return {"Id": profile.id, "Arn": profile.arn, "Name": profile.name, "ShareStatus": "NOT_SHARED"}


def _detail(profile: Profile) -> dict[str, Any]:
    return {**_summary(profile), "OwnerId": profile.account, "Status": "COMPLETE"}


def _association(profile: Profile, each: Association) -> dict[str, Any]:
    return {
        "Id": each.id,
        "Name": each.name,
        "OwnerId": profile.account,
        "ProfileId": profile.id,
        "Status": each.status,
    }


def _vpc(profile: Profile, vpc_id: str) -> dict[str, Any]:
    return {**_association(profile, profile.vpcs[vpc_id]), "ResourceId": vpc_id, "Priority": 100}


def _zone(profile: Profile, zone_id: str) -> dict[str, Any]:
    return {
        **_association(profile, profile.zones[zone_id]),
        "ResourceArn": arns.zone(zone_id, profile.region),
        "ResourceType": "PRIVATE_HOSTED_ZONE",
    }
