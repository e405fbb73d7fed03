# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that has to be so before anything is made. It reads, and makes dry runs; it says all that is wrong at once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping

from botocore.exceptions import ClientError

from . import leftovers, rights
from .choices import Refused
from .cloud import Cloud

_QUOTA = "L-F678F1CE"  # VPCs per region
_USUAL = 5
_ENABLED = ("opt-in-not-required", "opted-in")


def check(cloud: Cloud, environ: Mapping[str, str], say: Callable[[str], None], *, sessions: bool) -> str:
    """The account, or `Refused`. `sessions`: instances are reached by Systems Manager from this machine."""
    if not cloud.choices.costs:
        raise Refused("This costs money. Set ACCEPT_COSTS=yes to agree to the estimate above.")
    account, arn = cloud.identity()
    _region(cloud)
    try:
        reasons = [*_left(cloud), *_rights(cloud, arn, say), *_room(cloud), *(_tools(environ) if sessions else ())]
    except ClientError as error:
        raise Refused(f"What is there cannot be read: {error}") from error
    if reasons:
        raise Refused(*reasons)
    return account


def _region(cloud: Cloud) -> None:
    """Nothing else can be asked in a region that is not enabled."""
    named = cloud.choices.region
    try:
        regions = cloud.client("ec2", cloud.anchor).describe_regions(AllRegions=True)["Regions"]
    except ClientError as error:
        raise Refused(f"The regions of the account cannot be read: {error}") from error
    states = {each["RegionName"]: each.get("OptInStatus", _ENABLED[0]) for each in regions}
    if named not in states:
        raise Refused(
            f"There is no region {named} for this account. Set REGION to one of: {', '.join(sorted(states))}."
        )
    if states[named] not in _ENABLED:
        raise Refused(f"The region {named} is not enabled in this account. Enable it, or set REGION to another one.")


def _left(cloud: Cloud) -> list[str]:
    left = leftovers.find(cloud).lines()
    if not left:
        return []
    return [
        f"An earlier run left in {cloud.choices.region}: {'; '.join(left)}. "
        f"Take it away with: make acceptance-clean REGION={cloud.choices.region}"
    ]


def _rights(cloud: Cloud, arn: str, say: Callable[[str], None]) -> list[str]:
    missing, unknown = rights.missing(cloud, arn)
    if unknown:
        say(f"{unknown}. The run needs: {', '.join(rights.OTHERS)}.")
    return [f"{arn} is not allowed to: {', '.join(missing)}."] if missing else []


def _room(cloud: Cloud) -> list[str]:
    there = len(cloud.ec2.describe_vpcs()["Vpcs"])
    try:
        told = cloud.client("service-quotas").get_service_quota(ServiceCode="vpc", QuotaCode=_QUOTA)
        allowed = int(told["Quota"]["Value"])
    except ClientError:
        allowed = _USUAL
    if there + cloud.choices.vpcs <= allowed:
        return []
    return [
        f"A run makes {cloud.choices.vpcs} VPCs; {cloud.choices.region} has {there} of {allowed}. Use another region, or ask AWS for a "
        "larger quota."
    ]


def _tools(environ: Mapping[str, str]) -> list[str]:
    tool = environ.get("AWS_SESSION_MANAGER_PLUGIN") or "session-manager-plugin"
    if shutil.which(tool, path=environ.get("PATH")):
        return []
    return ["There is no session-manager-plugin here. Install it: Ansible reaches the instances with it."]
