# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of things as IAM and messages have them, in the partition of a region."""

from __future__ import annotations

from moto.utilities.utils import get_partition


def partition(region: str) -> str:
    return str(get_partition(region))


def user(account: str, region: str) -> str:
    """The one user that each account has."""
    return f"arn:{partition(region)}:iam::{account}:user/lab"


def zone(zone_id: str, region: str) -> str:
    return f"arn:{partition(region)}:route53:::hostedzone/{zone_id}"


def ec2(kind: str, name: str, account: str, region: str) -> str:
    return f"arn:{partition(region)}:ec2:{region}:{account}:{kind}/{name}"
