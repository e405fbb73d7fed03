# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is shown of zones, records and changes, in the words of the Route 53 API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moto.core.responses import ActionResult

from . import zones
from .zones import Change, RecordSet, Zone, ZoneVpc


def zone(zone: Zone) -> dict[str, Any]:
    return {
        "Id": f"/hostedzone/{zone.id}",
        "Name": zone.name,
        "CallerReference": zone.caller_reference,
        "Config": {"Comment": zone.comment, "PrivateZone": zone.private},
        "ResourceRecordSetCount": len(zone.records),
    }


def vpc(vpc: ZoneVpc) -> dict[str, str]:
    return {"VPCId": vpc.id, "VPCRegion": vpc.region}


def delegation_set() -> dict[str, Sequence[str]]:
    return {"NameServers": [server.rstrip(".") for server in zones.NAME_SERVERS]}


def change(change: Change) -> dict[str, Any]:
    return {
        "Id": f"/change/{change.id}",
        "Status": change.status,
        "SubmittedAt": change.submitted,
        "Comment": change.comment,
    }


def record(record: RecordSet) -> dict[str, Any]:
    shown: dict[str, Any] = {"Name": record.name, "Type": record.type, "SetIdentifier": record.set_identifier}
    shown |= dict(record.routing)
    if record.alias:
        shown["AliasTarget"] = {
            "HostedZoneId": record.alias.zone_id,
            "DNSName": record.alias.name,
            "EvaluateTargetHealth": record.alias.evaluate_target_health,
        }
    else:
        shown |= {"TTL": record.ttl, "ResourceRecords": [{"Value": value} for value in record.values]}
    return shown


def limit(kind: str, value: int, count: int) -> ActionResult:
    return ActionResult({"Limit": {"Type": kind, "Value": value}, "Count": count})
