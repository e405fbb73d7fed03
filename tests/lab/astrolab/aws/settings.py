# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a test may adjust while the double runs: times, quotas, rates, refusals.

It knows plain values only; who reads them decides what they mean.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from .presets import CHANGED, PRESETS

PARTITIONS = ("aws", "aws-cn", "aws-us-gov")
REMOTE_ZONES_REFUSED = ("use1-az3", "usw1-az2", "apne1-az3", "apne2-az2", "apne2-az4")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket: `burst` calls at once, then `per_second`."""

    burst: float
    per_second: float


def published_buckets() -> dict[str, Bucket]:
    """Keyed "service" (all its actions together) or by a pattern of actions, of which each has a bucket of its own.

    Of several patterns the longest counts. All are published; those of endpoints are refilled faster than AWS's 0.3 a second, as
    all here takes less time.
    """
    return {
        "route53": Bucket(50, 10),
        "route53:*": Bucket(50, 10),
        "route53:AssociateVPCWithHostedZone": Bucket(20, 5),
        "route53:DisassociateVPCFromHostedZone": Bucket(10, 5),
        "route53:CreateHostedZone": Bucket(40, 2),
        "route53:DeleteHostedZone": Bucket(40, 5),
        "ec2:*": Bucket(50, 5),
        "ec2:Describe*": Bucket(100, 20),
        "ec2:CreateVpcEndpoint": Bucket(4, 0.8),
        "ec2:ModifyVpcEndpoint": Bucket(4, 0.8),
        "ec2:DeleteVpcEndpoints": Bucket(4, 0.8),
    }


@dataclass(slots=True)
class Settings:
    """Times are in seconds; None means "never by itself". `stale` and `latency` are upper bounds, drawn by the seed."""

    profile: str = "kind"
    seed: int = 0
    acceptance_seconds: float | None = 0.3
    expiry_seconds: float | None = None
    pending_seconds: float = 0.3
    deleting_seconds: float = 0.3
    insync_seconds: float = 0.3
    busy_seconds: float = 0.0
    hidden_seconds: float = 0.0
    operation_seconds: float = 0.0  # how long a change of an endpoint keeps the next one out
    stale_seconds: float = 0.0  # for up to so long reads show what was before a change, and new things are unknown
    release_seconds: float = 0.0  # how long a removed interface still holds its address
    role_seconds: float | None = None  # a role's credentials end after it, if not sooner
    names_after_acceptance: bool = False  # whether endpoints get their names only then; what AWS does is not known
    latency_seconds: float = 0.0  # each call takes up to so much longer
    endpoints_per_vpc: int = 50
    rules_per_group: int = 60
    groups_per_interface: int = 5
    vpcs_per_region: int = 5000  # AWS's default is 5
    zones_per_account: int = 500
    vpcs_per_zone: int = 300
    authorizations_per_zone: int = 1000
    remote_zones_refused: list[str] = field(default_factory=lambda: list(REMOTE_ZONES_REFUSED))
    denied: dict[str, list[str]] = field(default_factory=dict)  # account -> rules, see permissions.py
    shared_vpcs: dict[str, str] = field(default_factory=dict)  # vpc id -> the account that really owns it
    opted_in: dict[str, list[str]] = field(default_factory=dict)  # account -> opt-in regions, and groups of zones
    partitions: dict[str, str] = field(default_factory=dict)  # account -> its partition; any, if it is not here
    zone_shifts: dict[str, int] = field(default_factory=dict)  # account -> how far its zone names are turned
    throttle: bool = False
    buckets: dict[str, Bucket] = field(default_factory=published_buckets)

    def change(self, changes: Mapping[str, Any]) -> None:
        """Adjusts the named values in place, all or none of them; a profile comes first, whatever is named beside it."""
        wanted = {**_preset(changes["profile"]), **changes} if "profile" in changes else changes
        values = {name: _value(name, value) for name, value in wanted.items()}
        for name, value in values.items():
            setattr(self, name, value)

    def take(self, other: Settings) -> None:
        """Becomes equal to another one; holders of this object see the new values."""
        fresh = copy.deepcopy(other)
        for each in fields(self):
            setattr(self, each.name, getattr(fresh, each.name))


def _preset(name: Any) -> dict[str, Any]:
    """All that profiles may change, as this one has it."""
    if not isinstance(name, str) or name not in PRESETS:
        raise ValueError(f"no such profile: {name}; there are {', '.join(PRESETS)}{_meant(str(name), PRESETS)}")
    plain = Settings()
    return {each: PRESETS[name].get(each, getattr(plain, each)) for each in CHANGED}


def _value(name: str, value: Any) -> Any:
    kinds = {each.name: str(each.type) for each in fields(Settings)}
    if name not in kinds:
        raise ValueError(f"no such setting: {name}{_meant(name, kinds)}")
    if name == "buckets":
        return {key: _bucket(key, each) for key, each in _checked(name, dict, value).items()}
    optional = kinds[name].endswith("| None")
    if optional and value is None:
        return None
    default = getattr(Settings(), name)
    value = _checked(name, float if optional else type(default), value)
    if name in {"denied", "opted_in"}:
        value = {account: _checked(f"{name}.{account}", list, each) for account, each in value.items()}
    if name == "partitions" and not set(value.values()) <= set(PARTITIONS):
        raise ValueError(f"partitions are {', '.join(PARTITIONS)}, not {', '.join(map(str, value.values()))}")
    return value


def _checked(name: str, kind: type, value: Any) -> Any:
    number = kind is float and isinstance(value, (int, float))
    if not (number or isinstance(value, kind)) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{name} is not a {kind.__name__}: {value!r}")
    if kind in {int, float} and value < 0:
        raise ValueError(f"{name} is below 0: {value!r}")
    return value


def _bucket(name: str, value: Any) -> Bucket:
    """From a bucket, [burst, per_second], or the mapping that reading the settings gives."""
    if isinstance(value, Bucket):
        return value
    pair = [value.get("burst"), value.get("per_second")] if isinstance(value, Mapping) else value
    if not isinstance(pair, (list, tuple)) or len(pair) != 2:
        raise ValueError(f"buckets.{name} is not a burst and calls per second: {value!r}")
    return Bucket(*(_checked(f"buckets.{name}", float, each) for each in pair))


def _meant(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
