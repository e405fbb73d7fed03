# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""The Route 53 actions that list zones: all, by name, by VPC; each in pages."""

from __future__ import annotations

from moto.core.responses import ActionResult

from ..errors import AwsError
from . import answers, finding, names, zones
from .finding import Finding
from .zones import Zone, ZoneVpc


class Listings(Finding):
    def list_hosted_zones(self) -> ActionResult:
        mine = sorted(self._mine(), key=lambda zone: zone.id)
        if self._get_param("HostedZoneType") == "PrivateHostedZone":
            mine = [zone for zone in mine if zone.private]
        marker, size = self._get_param("Marker"), self._size()
        rest = [zone for zone in mine if not marker or zone.id >= marker]
        more = len(rest) > size
        return ActionResult(
            {
                "HostedZones": [answers.zone(zone) for zone in rest[:size]],
                "Marker": marker,
                "IsTruncated": more,
                "NextMarker": rest[size].id if more else None,
                "MaxItems": str(size),
            }
        )

    def list_hosted_zones_by_name(self) -> ActionResult:
        """Starts at the name (and id) and goes on with later names; finding the name itself is the caller's work."""
        start, start_id = self._get_param("DNSName"), finding.bare(self._get_param("HostedZoneId") or "")
        size = self._size()
        mine = sorted(self._mine(), key=_by_name)
        first = (names.order(names.normal(start)), start_id) if start else ((), "")
        rest = [zone for zone in mine if _by_name(zone) >= first]
        more = len(rest) > size
        return ActionResult(
            {
                "HostedZones": [answers.zone(zone) for zone in rest[:size]],
                "DNSName": names.normal(start) if start else None,
                "HostedZoneId": start_id or None,
                "IsTruncated": more,
                "NextDNSName": rest[size].name if more else None,
                "NextHostedZoneId": rest[size].id if more else None,
                "MaxItems": str(size),
            }
        )

    def list_hosted_zones_by_vpc(self) -> ActionResult:
        vpc = ZoneVpc(self._get_param("VPCId"), self._get_param("VPCRegion"))
        if self._owner(vpc) != self.current_account:
            raise AwsError("AccessDenied", f"The VPC {vpc.id} in region {vpc.region} is not owned by you.")
        size, token = self._size(), self._get_param("NextToken")
        seen = [zone for zone in zones.STORE.zones.values() if zone.known and vpc in zone.seen_vpcs]
        found = sorted(seen, key=lambda zone: zone.id)
        rest = [zone for zone in found if not token or zone.id >= token]
        return ActionResult(
            {
                "HostedZoneSummaries": [
                    {"HostedZoneId": zone.id, "Name": zone.name, "Owner": {"OwningAccount": zone.account}}
                    for zone in rest[:size]
                ],
                "MaxItems": str(size),
                "NextToken": rest[size].id if len(rest) > size else None,
            }
        )

    def _mine(self) -> list[Zone]:
        return [zone for zone in zones.STORE.of_account(self.current_account) if zone.known]


def _by_name(zone: Zone) -> tuple[tuple[str, ...], str]:
    return names.order(zone.name), zone.id
