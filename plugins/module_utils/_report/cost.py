# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fleet's links cost a month: own links compared with a joined one. Pure arithmetic.

Prices are inputs. The defaults are list prices with their date and sources, and each estimate shows its inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeVar

from .._core.errors import InputError

T = TypeVar("T")
Connection = Literal["new_gateway", "gateway", "peering"]
CONNECTIONS = ("new_gateway", "gateway", "peering")


class CostError(InputError):
    """Inputs from which nothing can be estimated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """List prices in USD. Zones after the first ``zone_tier`` ones of an account are cheaper."""

    as_of: str = "mid-2026, us-east-1"
    source: str = (
        "https://aws.amazon.com/privatelink/pricing, https://aws.amazon.com/route53/pricing, "
        "https://aws.amazon.com/transit-gateway/pricing"
    )
    hours: float = 730
    endpoint_az_hour: float = 0.01
    endpoint_gb: float = 0.01
    cross_region_gb: float = 0.02
    zone: float = 0.50
    zone_tier: int = 25
    zone_beyond: float = 0.10
    attachment_hour: float = 0.05
    gateway_gb: float = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What is estimated. ``connection`` is how VPCs would reach a joined link: by peering, by a transit gateway that is
    paid already, or by a new one. ``joined_azs`` are the zones of the joined link's endpoint, 0 for as many as ``azs``;
    ``other_zones`` are hosted zones that the account has besides.
    """

    vpcs: int
    azs: int = 2
    joined_azs: int = 0
    gb_per_vpc: float = 0
    connection: Connection = "gateway"
    cross_region: bool = False
    other_zones: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """USD a month."""

    endpoints: float
    zones: float
    connection: float
    data: float

    @property
    def total(self) -> float:
        return self.endpoints + self.zones + self.connection + self.data

    def public(self) -> dict[str, float]:
        return {key: round(value, 2) for key, value in {**asdict(self), "total": self.total}.items()}


def own(fleet: Fleet, prices: Prices) -> Month:
    """A link of its own for each VPC. One zone gives one answer, so each link has its own zone."""
    return Month(
        endpoints=fleet.vpcs * _endpoint(fleet.azs, prices),
        zones=_zones(fleet.vpcs, fleet, prices),
        connection=0,
        data=fleet.vpcs * fleet.gb_per_vpc * _endpoint_gb(fleet, prices),
    )


def joined(fleet: Fleet, prices: Prices) -> Month:
    """One VPC's link for all. The others' traffic crosses the connection first; a new gateway is attached to every VPC."""
    attachments = fleet.vpcs if fleet.connection == "new_gateway" else 0
    crossing = 0.0 if fleet.connection == "peering" else (fleet.vpcs - 1) * fleet.gb_per_vpc
    return Month(
        endpoints=_endpoint(fleet.joined_azs or fleet.azs, prices),
        zones=_zones(1, fleet, prices),
        connection=attachments * prices.attachment_hour * prices.hours,
        data=fleet.vpcs * fleet.gb_per_vpc * _endpoint_gb(fleet, prices) + crossing * prices.gateway_gb,
    )


def estimate(inputs: Mapping[str, Any], prices: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Both ways side by side, with all that went into them."""
    fleet, paid = _read(Fleet, inputs, "inputs"), _read(Prices, prices or {}, "prices")
    _check(fleet, paid)
    ways = {"own": own(fleet, paid), "joined": joined(fleet, paid)}
    return {
        "inputs": asdict(fleet),
        "prices": asdict(paid),
        **{name: way.public() for name, way in ways.items()},
        "cheaper": min(ways, key=lambda name: ways[name].total),
        "text": _text(fleet, paid, ways),
    }


def standing(azs: int, zones: int, prices: Prices) -> float:
    """USD a month of links without data: ``azs`` are the Availability Zones of all their endpoints, ``zones`` their private zones,
    which are taken to be among the first of an account."""
    return _endpoint(azs, prices) + zones * prices.zone


def _endpoint(azs: int, prices: Prices) -> float:
    return azs * prices.endpoint_az_hour * prices.hours


def _endpoint_gb(fleet: Fleet, prices: Prices) -> float:
    return prices.endpoint_gb + (prices.cross_region_gb if fleet.cross_region else 0)


def _zones(number: int, fleet: Fleet, prices: Prices) -> float:
    dear = max(0, min(number, prices.zone_tier - fleet.other_zones))
    return dear * prices.zone + (number - dear) * prices.zone_beyond


# --- in and out


def _read(kind: Callable[..., T], given: Mapping[str, Any], where: str) -> T:
    """A dataclass from plain values, which a playbook may have as text."""
    known = {field.name: str(field.type) for field in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(set(given) - set(known)):
        raise CostError(f"The {where} have {', '.join(unknown)}; known are {', '.join(known)}.")
    try:
        return kind(**{key: _AS.get(known[key], str)(value) for key, value in given.items()})
    except (TypeError, ValueError) as problem:
        raise CostError(f"The {where} cannot be used: {problem}.") from problem


def _bool(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).lower() in {"true", "yes", "1"}


_AS: dict[str, Callable[[Any], Any]] = {"int": int, "float": float, "bool": _bool}


def _check(fleet: Fleet, prices: Prices) -> None:
    if fleet.connection not in CONNECTIONS:
        raise CostError(f"connection is {fleet.connection!r}; it is one of {', '.join(CONNECTIONS)}.")
    if fleet.vpcs < 1 or fleet.azs < 1:
        raise CostError("There must be at least one VPC and one Availability Zone.")
    values = {**asdict(fleet), **asdict(prices)}
    if below := sorted(key for key, value in values.items() if not isinstance(value, str) and value < 0):
        raise CostError(f"{', '.join(below)} cannot be less than nothing.")


def _text(fleet: Fleet, prices: Prices, ways: Mapping[str, Month]) -> list[str]:
    """The estimate as a table, with its assumptions."""
    cells: list[tuple[str, ...]] = [("USD A MONTH", "ENDPOINTS", "ZONES", "CONNECTION", "DATA", "TOTAL")]
    cells += [(name, *(f"{value:,.2f}" for value in way.public().values())) for name, way in ways.items()]
    lines = ["  ".join((row[0].ljust(11), *(cell.rjust(10) for cell in row[1:]))) for row in cells]
    where = {"new_gateway": "a new transit gateway", "gateway": "a transit gateway that is paid already"}
    region = ", service in another region" if fleet.cross_region else ""
    azs = f"{fleet.azs} AZs (joined: {fleet.joined_azs or fleet.azs})"
    paid = ", ".join(f"{key} {value:g}" for key, value in asdict(prices).items() if not isinstance(value, str))
    return [
        *lines,
        f"{fleet.vpcs} VPCs, {azs}, {fleet.gb_per_vpc:g} GB per VPC{region}; joined over "
        f"{where.get(fleet.connection, 'peering')}.",
        f"Prices of {prices.as_of}, to be replaced by your own: {paid}.",
    ]
