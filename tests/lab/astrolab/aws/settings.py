# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a test may adjust while the double runs: times, quotas, rates, refusals.

It knows plain values only; who reads them decides what they mean.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

REMOTE_ZONES_REFUSED = ("use1-az3", "usw1-az2", "apne1-az3", "apne2-az2", "apne2-az4")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket: `burst` calls at once, then `per_second`."""

    burst: float
    per_second: float


def published_buckets() -> dict[str, Bucket]:
    """Keyed "service" (all its actions together), "service:Action" or "service:*" (each other action on its own)."""
    return {
        "route53": Bucket(50, 10),
        "route53:*": Bucket(50, 10),
        "route53:AssociateVPCWithHostedZone": Bucket(20, 5),
        "route53:DisassociateVPCFromHostedZone": Bucket(10, 5),
        "route53:CreateHostedZone": Bucket(40, 2),
        "route53:DeleteHostedZone": Bucket(40, 5),
        "ec2:*": Bucket(50, 5),
        "ec2:CreateVpcEndpoint": Bucket(4, 0.8),
        "ec2:ModifyVpcEndpoint": Bucket(4, 0.8),
        "ec2:DeleteVpcEndpoints": Bucket(4, 0.8),
    }


@dataclass(slots=True)
class Settings:
    """Times are in seconds; None means "never by itself"."""

    acceptance_seconds: float | None = 0.3
    expiry_seconds: float | None = None
    pending_seconds: float = 0.3
    deleting_seconds: float = 0.3
    insync_seconds: float = 0.3
    busy_seconds: float = 0.0
    hidden_seconds: float = 0.0
    endpoints_per_vpc: int = 50
    zones_per_account: int = 500
    vpcs_per_zone: int = 300
    authorizations_per_zone: int = 1000
    remote_zones_refused: list[str] = field(default_factory=lambda: list(REMOTE_ZONES_REFUSED))
    denied: dict[str, list[str]] = field(default_factory=dict)  # account -> actions, "ec2:CreateVpc*" is fine
    shared_vpcs: dict[str, str] = field(default_factory=dict)  # vpc id -> the account that really owns it
    zone_shifts: dict[str, int] = field(default_factory=dict)  # account -> how far its zone names are turned
    throttle: bool = False
    buckets: dict[str, Bucket] = field(default_factory=published_buckets)

    def change(self, changes: Mapping[str, Any]) -> None:
        """Adjusts the named values in place, all or none of them."""
        known = {each.name for each in fields(self)}
        unknown = sorted(set(changes) - known)
        if unknown:
            raise ValueError(f"no such setting: {', '.join(unknown)}")
        values = {name: _value(name, value) for name, value in changes.items()}
        for name, value in values.items():
            setattr(self, name, value)

    def take(self, other: Settings) -> None:
        """Becomes equal to another one; holders of this object see the new values."""
        fresh = copy.deepcopy(other)
        for each in fields(self):
            setattr(self, each.name, getattr(fresh, each.name))


def _value(name: str, value: Any) -> Any:
    if name == "buckets":
        return {key: each if isinstance(each, Bucket) else Bucket(*each) for key, each in value.items()}
    default = getattr(Settings(), name)
    if name in {"acceptance_seconds", "expiry_seconds"}:
        if value is not None and not isinstance(value, (int, float)):
            raise ValueError(f"{name} is a number of seconds or null")
        return value
    kind: Any = (int, float) if isinstance(default, float) else type(default)
    if not isinstance(value, kind) or (isinstance(value, bool) and not isinstance(default, bool)):
        raise ValueError(f"{name} is not a {type(default).__name__}: {value!r}")
    return value
