# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""The Route 53 actions on zones, associations, records, changes, limits and tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.models import ec2_backends
from moto.route53.responses import Route53 as MotoRoute53

from ..answering import Answering
from ..ec2 import dns
from ..ec2 import zones as zone_table
from ..errors import AwsError
from ..world import WORLD
from . import batches, names, zones
from .zones import Change, RecordSet, Zone, ZoneVpc

ACCOUNT_LIMITS = {
    "MAX_HEALTH_CHECKS_BY_OWNER": 200,
    "MAX_REUSABLE_DELEGATION_SETS_BY_OWNER": 100,
    "MAX_TRAFFIC_POLICIES_BY_OWNER": 50,
    "MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER": 5,
}
RECORDS_PER_ZONE = 10000


class Route53(Answering, MotoRoute53):
    # --- zones ---

    def create_hosted_zone(self) -> ActionResult:
        name, reference = names.normal(self._get_param("Name")), self._get_param("CallerReference")
        vpc = self._vpc(optional=True)
        private = vpc is not None or self._get_bool_param("HostedZoneConfig.PrivateZone", False)
        if any(not label or len(label) > 63 for label in name.rstrip(".").split(".")) or len(name) > 255:
            raise AwsError("InvalidDomainName", f"The domain name {name} is not valid.")
        if (self.current_account, reference) in zones.STORE.references:
            raise AwsError(
                "HostedZoneAlreadyExists",
                f"A hosted zone has already been created with the specified caller reference: {reference}",
            )
        if len(zones.STORE.of_account(self.current_account)) >= WORLD.settings.zones_per_account:
            raise AwsError(
                "TooManyHostedZones",
                "Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more hosted zones.",
            )
        if private:
            self._check_new_private(name, vpc)
        zone = Zone(
            id=zones.random_id("Z", 20),
            name=name,
            account=self.current_account,
            caller_reference=reference,
            comment=self._get_param("HostedZoneConfig.Comment"),
            private=bool(private),
            vpcs=[vpc] if vpc else [],
            records=zones.apex_records(name),
        )
        zones.STORE.zones[zone.id] = zone
        zones.STORE.references.add((self.current_account, reference))
        change = zones.changed(zone)
        return ActionResult(
            {
                "HostedZone": _zone(zone),
                "ChangeInfo": _change(change),
                "DelegationSet": None if private else _delegation_set(),
                "VPC": _vpc(vpc) if vpc else None,
                "Location": f"https://route53.amazonaws.com/2013-04-01/hostedzone/{zone.id}",
            }
        )

    def _check_new_private(self, name: str, vpc: ZoneVpc | None) -> None:
        if vpc is None:
            raise AwsError(
                "InvalidInput",
                "When you're creating a private hosted zone (when you specify true for PrivateZone), you must also "
                "specify values for VPCId and VPCRegion.",
            )
        if self._owner(vpc) != self.current_account:
            raise _invalid_vpc(vpc)
        _check_conflict(vpc, name)

    def get_hosted_zone(self) -> ActionResult:
        zone = self._zone("Id")
        return ActionResult(
            {
                "HostedZone": _zone(zone),
                "DelegationSet": None if zone.private else _delegation_set(),
                "VPCs": [_vpc(vpc) for vpc in zone.vpcs] if zone.private else None,
            }
        )

    def delete_hosted_zone(self) -> ActionResult:
        zone = self._zone("Id")
        _check_idle(zone)
        if set(zone.records) - set(zones.apex_records(zone.name)):
            raise AwsError(
                "HostedZoneNotEmpty",
                "The specified hosted zone contains non-required resource record sets  and so cannot be deleted.",
            )
        del zones.STORE.zones[zone.id]
        zone.vpcs, zone.records = [], {}
        zones.STORE.deleted.append(zone)
        return ActionResult({"ChangeInfo": _change(zones.changed(zone))})

    def update_hosted_zone_comment(self) -> ActionResult:
        zone = self._zone("Id")
        zone.comment = self._get_param("Comment")
        return ActionResult({"HostedZone": _zone(zone)})

    def get_hosted_zone_count(self) -> ActionResult:
        return ActionResult({"HostedZoneCount": len(zones.STORE.of_account(self.current_account))})

    def get_dnssec(self) -> ActionResult:
        self._zone("HostedZoneId")
        return ActionResult({"Status": {"ServeSignature": "NOT_SIGNING"}, "KeySigningKeys": []})

    # --- listings ---

    def list_hosted_zones(self) -> ActionResult:
        mine = sorted(zones.STORE.of_account(self.current_account), key=lambda zone: zone.id)
        if self._get_param("HostedZoneType") == "PrivateHostedZone":
            mine = [zone for zone in mine if zone.private]
        marker, size = self._get_param("Marker"), self._size()
        rest = [zone for zone in mine if not marker or zone.id >= marker]
        more = len(rest) > size
        return ActionResult(
            {
                "HostedZones": [_zone(zone) for zone in rest[:size]],
                "Marker": marker,
                "IsTruncated": more,
                "NextMarker": rest[size].id if more else None,
                "MaxItems": str(size),
            }
        )

    def list_hosted_zones_by_name(self) -> ActionResult:
        """Starts at the name (and id) and goes on with later names; finding the name itself is the caller's work."""
        start, start_id = self._get_param("DNSName"), _bare(self._get_param("HostedZoneId") or "")
        size = self._size()
        mine = sorted(zones.STORE.of_account(self.current_account), key=_by_name)
        first = (names.order(names.normal(start)), start_id) if start else ((), "")
        rest = [zone for zone in mine if _by_name(zone) >= first]
        more = len(rest) > size
        return ActionResult(
            {
                "HostedZones": [_zone(zone) for zone in rest[:size]],
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
        found = sorted(zones.STORE.of_vpc(vpc), key=lambda zone: zone.id)
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

    # --- associations ---

    def associate_vpc_with_hosted_zone(self) -> ActionResult:
        vpc = self._vpc()
        zone = self._any_zone()
        owner = self._owner(vpc)
        if self.current_account not in {zone.account, owner}:
            raise _foreign(self.current_account)
        if not zone.private:
            raise AwsError(
                "PublicZoneVPCAssociation",
                "You're trying to associate a VPC with a public hosted zone. Amazon Route 53 doesn't support "
                "associating a VPC with a public hosted zone.",
            )
        if owner != zone.account and (self.current_account != owner or vpc not in zone.authorizations):
            raise AwsError(
                "NotAuthorizedException", f"The VPC: {vpc.id} has not authorized to associate with your hosted zone."
            )
        _check_idle(zone)
        _check_conflict(vpc, zone.name)
        if len(zone.vpcs) >= WORLD.settings.vpcs_per_zone:
            raise AwsError(
                "LimitsExceeded", f"Limits Exceeded: MAX_VPCS_ASSOCIATED_BY_ZONE - {WORLD.settings.vpcs_per_zone}"
            )
        zone.vpcs.append(vpc)
        return self._changed(zone)

    def disassociate_vpc_from_hosted_zone(self) -> ActionResult:
        vpc = self._vpc()
        zone = self._any_zone()
        if self.current_account not in {zone.account, self._owner_or_none(vpc)}:
            raise _foreign(self.current_account)
        if vpc not in zone.vpcs:
            raise AwsError(
                "VPCAssociationNotFound",
                f"The VPC: {vpc.id} in region: {vpc.region} is not currently associated with the hosted zone {zone.id}.",
            )
        if len(zone.vpcs) == 1:
            raise AwsError(
                "LastVPCAssociation",
                "The VPC that you're trying to disassociate from the private hosted zone is the last VPC that is "
                "associated with the hosted zone. Amazon Route 53 doesn't support disassociating the last VPC from a "
                "hosted zone.",
            )
        zone.vpcs.remove(vpc)
        return self._changed(zone)

    def create_vpc_association_authorization(self) -> ActionResult:
        zone, vpc = self._zone("HostedZoneId"), self._vpc()
        self._check_authorizing(zone)
        if vpc not in zone.authorizations:
            if len(zone.authorizations) >= WORLD.settings.authorizations_per_zone:
                raise AwsError(
                    "TooManyVPCAssociationAuthorizations",
                    "You've created the maximum number of authorizations that can be created for the specified hosted "
                    "zone.",
                )
            zone.authorizations.append(vpc)
        return ActionResult({"HostedZoneId": zone.id, "VPC": _vpc(vpc)})

    def delete_vpc_association_authorization(self) -> ActionResult:
        zone, vpc = self._zone("HostedZoneId"), self._vpc()
        self._check_authorizing(zone)
        if vpc not in zone.authorizations:
            raise AwsError(
                "VPCAssociationAuthorizationNotFound",
                "The VPC that you specified is not authorized to be associated with the hosted zone.",
            )
        zone.authorizations.remove(vpc)
        return EmptyResult()

    def list_vpc_association_authorizations(self) -> ActionResult:
        zone = self._zone("HostedZoneId")
        start, size = int(self._get_param("NextToken") or 0), int(self._get_param("MaxResults") or 50)
        end = start + size
        return ActionResult(
            {
                "HostedZoneId": zone.id,
                "VPCs": [_vpc(vpc) for vpc in zone.authorizations[start:end]],
                "NextToken": str(end) if end < len(zone.authorizations) else None,
            }
        )

    # --- records and changes ---

    def change_resource_record_sets(self) -> ActionResult:
        zone = self._zone("HostedZoneId")
        _check_idle(zone)
        name_spaces = {dns.zone_id(region): dns.zone_suffix(region) for region in zone_table.regions()}
        name_spaces |= {each.id: each.name for each in zones.STORE.of_account(self.current_account)}
        changes = self._get_param("ChangeBatch.Changes") or []
        zone.records = batches.applied(zone.records, changes, batches.Where(zone.name, zone.id, name_spaces))
        return self._changed(zone, self._get_param("ChangeBatch.Comment"))

    def list_resource_record_sets(self) -> ActionResult:
        zone = self._zone("HostedZoneId")
        name, kind = self._get_param("StartRecordName"), self._get_param("StartRecordType")
        identifier = self._get_param("StartRecordIdentifier") or ""
        if kind and not name:
            raise AwsError("InvalidInput", "StartRecordType specified without StartRecordName.")
        first = (names.order(names.normal(name)), kind or "", identifier) if name else ((), "", "")
        rest = [each for each in zone.sorted_records() if _place(each) >= first]
        size = self._size(300)
        following = rest[size] if len(rest) > size else None
        return ActionResult(
            {
                "ResourceRecordSets": [_record(each) for each in rest[:size]],
                "IsTruncated": following is not None,
                "NextRecordName": following.name if following else None,
                "NextRecordType": following.type if following else None,
                "NextRecordIdentifier": following.set_identifier if following else None,
                "MaxItems": str(size),
            }
        )

    def get_change(self) -> ActionResult:
        change_id = str(self._get_param("Id")).removeprefix("/change/")
        change = zones.STORE.changes.get(change_id)
        if change is None:
            raise AwsError("NoSuchChange", f"A change with the specified change ID does not exist: {change_id}")
        if change.account != self.current_account:
            raise _foreign(self.current_account)
        return ActionResult({"ChangeInfo": _change(change)})

    # --- limits and tags ---

    def get_hosted_zone_limit(self) -> ActionResult:
        zone, kind = self._zone("HostedZoneId"), self._get_param("Type")
        if kind == "MAX_RRSETS_BY_ZONE":
            return _limit(kind, RECORDS_PER_ZONE, len(zone.records))
        if not zone.private:
            raise AwsError("HostedZoneNotPrivate", "The specified hosted zone is a public hosted zone.")
        return _limit(kind, WORLD.settings.vpcs_per_zone, len(zone.vpcs))

    def get_account_limit(self) -> ActionResult:
        kind = self._get_param("Type")
        if kind == "MAX_HOSTED_ZONES_BY_OWNER":
            count = len(zones.STORE.of_account(self.current_account))
            return _limit(kind, WORLD.settings.zones_per_account, count)
        return _limit(kind, ACCOUNT_LIMITS[kind], 0)

    def list_tags_for_resource(self) -> ActionResult:
        kind, resource_id = self._get_param("ResourceType"), self._get_param("ResourceId")
        return ActionResult({"ResourceTagSet": self._tag_set(kind, resource_id)})

    def list_tags_for_resources(self) -> ActionResult:
        kind = self._get_param("ResourceType")
        return ActionResult({"ResourceTagSets": [self._tag_set(kind, each) for each in self._get_param("ResourceIds")]})

    def change_tags_for_resource(self) -> ActionResult:
        zone = self._tagged(self._get_param("ResourceType"), self._get_param("ResourceId"))
        for tag in self._get_param("AddTags") or ():
            zone.tags[tag["Key"]] = tag.get("Value", "")
        for key in self._get_param("RemoveTagKeys") or ():
            zone.tags.pop(key, None)
        return EmptyResult()

    def _tag_set(self, kind: str, resource_id: str) -> dict[str, Any]:
        tags = [{"Key": key, "Value": value} for key, value in self._tagged(kind, resource_id).tags.items()]
        return {"ResourceType": kind, "ResourceId": resource_id, "Tags": tags}

    def _tagged(self, kind: str, resource_id: str) -> Zone:
        self._validate_resource_id(resource_id, kind)
        if kind != "hostedzone":
            raise AwsError("NoSuchHealthCheck", f"No health check exists with the specified ID: {resource_id}")
        return self._own(resource_id)

    # --- finding ---

    def _zone(self, parameter: str) -> Zone:
        return self._own(str(self._get_param(parameter)))

    def _own(self, zone_id: str) -> Zone:
        zone = _existing(zone_id)
        if zone.account != self.current_account:
            raise _foreign(self.current_account)
        return zone

    def _any_zone(self) -> Zone:
        return _existing(str(self._get_param("HostedZoneId")))

    def _vpc(self, optional: bool = False) -> Any:
        vpc_id, region = self._get_param("VPC.VPCId"), self._get_param("VPC.VPCRegion")
        if vpc_id and region:
            return ZoneVpc(vpc_id, region)
        if optional and not vpc_id:
            return None
        raise AwsError("InvalidVPCId", "The VPC ID and the VPC region are both required.")

    def _owner(self, vpc: ZoneVpc) -> str:
        """The account that has the VPC; Route 53 looks with the caller's right to describe VPCs."""
        owner = self._owner_or_none(vpc)
        if owner is None or WORLD.denies(self.current_account, "ec2:DescribeVpcs"):
            raise _invalid_vpc(vpc)
        return owner

    @staticmethod
    def _owner_or_none(vpc: ZoneVpc) -> str | None:
        accounts: dict[bool, str] = {
            vpc.id in backend.vpcs: account
            for account, region, backend in list(ec2_backends.iter_backends())
            if region == vpc.region
        }
        return accounts.get(True)

    def _size(self, largest: int = 100) -> int:
        return min(int(self._get_param("MaxItems") or largest), largest)

    def _changed(self, zone: Zone, comment: str | None = None) -> ActionResult:
        comment = comment or self._get_param("Comment")
        return ActionResult({"ChangeInfo": _change(zones.changed(zone, comment))})

    @staticmethod
    def _check_authorizing(zone: Zone) -> None:
        now = WORLD.now()
        if now < zone.authorized_at + WORLD.settings.busy_seconds:
            raise AwsError(
                "ConcurrentModification",
                "Another user submitted a request to create, update, or delete the object "
                "at the same time that you did. Retry the request.",
            )
        zone.authorized_at = now


def _existing(zone_id: str) -> Zone:
    zone = zones.STORE.zones.get(_bare(zone_id))
    if zone is None:
        raise AwsError("NoSuchHostedZone", f"No hosted zone found with ID: {_bare(zone_id)}")
    return zone


def _bare(zone_id: str) -> str:
    return zone_id.removeprefix("/hostedzone/")


def _foreign(account: str) -> AwsError:
    return AwsError("AccessDenied", f"User: arn:aws:iam::{account}:user/lab is not authorized to access this resource")


def _invalid_vpc(vpc: ZoneVpc) -> AwsError:
    return AwsError(
        "InvalidVPCId",
        f"The VPC: {vpc.id} in region {vpc.region} that you provided is not a valid VPC, or the current account is not "
        "authorized to access it.",
    )


def _check_conflict(vpc: ZoneVpc, name: str) -> None:
    if any(zone.name == name for zone in zones.STORE.of_vpc(vpc)):
        raise AwsError(
            "ConflictingDomainExists",
            f"The VPC that you chose, {vpc.id} in region {vpc.region}, is already associated with another private "
            f"hosted zone that has an overlapping name space, {name}",
        )


def _check_idle(zone: Zone) -> None:
    if zone.busy:
        raise AwsError(
            "PriorRequestNotComplete",
            "The request was rejected because Route 53 was still processing a prior request.",
        )


def _by_name(zone: Zone) -> tuple[tuple[str, ...], str]:
    return names.order(zone.name), zone.id


def _place(record: RecordSet) -> tuple[tuple[str, ...], str, str]:
    return names.order(record.name), record.type, record.set_identifier or ""


def _zone(zone: Zone) -> dict[str, Any]:
    return {
        "Id": f"/hostedzone/{zone.id}",
        "Name": zone.name,
        "CallerReference": zone.caller_reference,
        "Config": {"Comment": zone.comment, "PrivateZone": zone.private},
        "ResourceRecordSetCount": len(zone.records),
    }


def _vpc(vpc: ZoneVpc) -> dict[str, str]:
    return {"VPCId": vpc.id, "VPCRegion": vpc.region}


def _delegation_set() -> dict[str, Sequence[str]]:
    return {"NameServers": [server.rstrip(".") for server in zones.NAME_SERVERS]}


def _change(change: Change) -> dict[str, Any]:
    return {
        "Id": f"/change/{change.id}",
        "Status": change.status,
        "SubmittedAt": change.submitted,
        "Comment": change.comment,
    }


def _record(record: RecordSet) -> dict[str, Any]:
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


def _limit(kind: str, value: int, count: int) -> ActionResult:
    return ActionResult({"Limit": {"Type": kind, "Value": value}, "Count": count})
