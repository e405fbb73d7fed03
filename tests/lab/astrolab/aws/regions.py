# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which regions an account may use: those of its partition, and of the opt-in regions those it opted in to."""

from __future__ import annotations

from .arns import partition
from .call import Call
from .errors import CODES_WITHOUT_EXCEPTION, Reply, refusal
from .world import WORLD

OPT_IN = frozenset(
    {
        "af-south-1",
        "ap-east-1",
        "ap-east-2",
        "ap-south-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-west-1",
        "eu-central-2",
        "eu-south-1",
        "eu-south-2",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "mx-central-1",
    }
)


def enabled(account: str, region: str) -> bool:
    own = WORLD.settings.partitions.get(account, partition(region))
    return own == partition(region) and (region not in OPT_IN or region in WORLD.settings.opted_in.get(account, ()))


def status(account: str, region: str) -> str:
    if region not in OPT_IN:
        return "opt-in-not-required"
    return "opted-in" if enabled(account, region) else "not-opted-in"


def refuse(call: Call) -> Reply | None:
    """Where a region is not enabled AWS does not know the account's keys, and says no more than that."""
    if enabled(call.account, call.region):
        return None
    if call.service == "ec2":
        return refusal("ec2", "AuthFailure", "AWS was not able to validate the provided access credentials")
    code = "InvalidClientTokenId" if call.service in CODES_WITHOUT_EXCEPTION else "UnrecognizedClientException"
    return refusal(call.service, code, "The security token included in the request is invalid.")
