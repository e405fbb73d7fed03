# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS says while something is on its way: a call that is refused so is sent again. Data, and how to look it up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: Seconds for which a thing that was just made may stay unknown to the next call, and one that is gone may still be held.
#: https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
VISIBLE_AFTER = 30.0
#: For as long as the run waits for anything.
AS_LONG_AS_ASKED = 0.0

#: By operation, "*" being all: AWS's codes, and for how many seconds each is waited for.
NOT_YET: dict[str, dict[str, float]] = {
    "*": {
        # An endpoint takes one change at a time: https://github.com/hashicorp/terraform-provider-aws/issues/3382 and 42875.
        "OperationInProgress": AS_LONG_AS_ASKED,
        # A zone takes one change at a time: https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
        "PriorRequestNotComplete": 60.0,
        # Authorisations of one zone side by side: https://github.com/hashicorp/terraform-provider-aws/issues/29221.
        "ConcurrentModification": 60.0,
    },
    "ModifyVpcEndpoint": {
        # The address of a subnet that was just removed is still held: https://github.com/terraform-aws-modules/terraform-aws-vpc/issues/583.
        "DuplicateSubnetsInSameZone": AS_LONG_AS_ASKED,
        # It is not yet what it was before the change before: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
        "IncorrectState": AS_LONG_AS_ASKED,
    },
    "CreateVpc": {
        # Other zones of this run give their holder VPCs back: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
        "VpcLimitExceeded": VISIBLE_AFTER,
    },
    "DeleteSecurityGroup": {
        # The endpoint that had it is just gone: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html
        "DependencyViolation": VISIBLE_AFTER,
    },
}


def patience(operation: str, code: str, timeout: float) -> float | None:
    """For how many seconds such an answer is to be waited out; None if it is final."""
    known = {**NOT_YET["*"], **NOT_YET.get(operation, {})}
    if code not in known:
        return None
    return known[code] or max(timeout, VISIBLE_AFTER)


def unknown(code: str, text: str, arguments: Mapping[str, Any], made: Iterable[str]) -> bool:
    """Whether AWS does not know yet what this run has just made."""
    if "NotFound" not in code and not code.startswith("NoSuch") and code != "InvalidVPCId":
        return False
    return any(each and (each in text or each in map(str, arguments.values())) for each in made)
