# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""The Route 53 actions on zones, records, changes, limits and tags; listings and associations have their own files."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult

from ..ec2 import dns
from ..ec2 import zones as zone_table
from ..errors import AwsError
from ..resolving import in_zone
from ..world import WORLD
from . import answers, batches, finding, names, tags, zones
from .associations import Associations
from .listings import Listings
from .zones import RecordSet, Zone, ZoneVpc

ACCOUNT_LIMITS = {
    "MAX_HEALTH_CHECKS_BY_OWNER": 200,
    "MAX_REUSABLE_DELEGATION_SETS_BY_OWNER": 100,
    "MAX_TRAFFIC_POLICIES_BY_OWNER": 50,
    "MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER": 5,
}
RECORDS_PER_ZONE = 10000


class Route53(Listings, Associations):
    # --- zones ---

    def create_hosted_zone(self) -> ActionResult:
        name, reference = names.normal(self._get_param("Name")), self._get_param("CallerReference")
        vpc = self._vpc(optional=True)
        private = vpc is not None or self._get_bool_param("HostedZoneConfig.PrivateZone", False)
        if any(not label or len(label) > 63 for label in name.rstrip(".").split(".")) or len(name) > 255:
            raise AwsError("InvalidDomainName", f"The domain name {name} is not valid.")
        finding.check_comment(self._get_param("HostedZoneConfig.Comment"), "hostedZoneConfig.comment")
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
            known_at=WORLD.stale("zone", self.current_account),
        )
        zones.STORE.zones[zone.id] = zone
        zones.STORE.references.add((self.current_account, reference))
        change = zones.changed(zone)
        return ActionResult(
            {
                "HostedZone": answers.zone(zone),
                "ChangeInfo": answers.change(change),
                "DelegationSet": None if private else answers.delegation_set(),
                "VPC": answers.vpc(vpc) if vpc else None,
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
            raise finding.invalid_vpc(vpc)
        finding.check_conflict(vpc, name)

    def get_hosted_zone(self) -> ActionResult:
        zone = self._zone("Id")
        return ActionResult(
            {
                "HostedZone": answers.zone(zone),
                "DelegationSet": None if zone.private else answers.delegation_set(),
                "VPCs": [answers.vpc(vpc) for vpc in zone.seen_vpcs] if zone.private else None,
            }
        )

    def delete_hosted_zone(self) -> ActionResult:
        zone = self._zone("Id")
        finding.check_idle(zone)
        if set(zone.records) - set(zones.apex_records(zone.name)):
            raise AwsError(
                "HostedZoneNotEmpty",
                "The specified hosted zone contains non-required resource record sets  and so cannot be deleted.",
            )
        del zones.STORE.zones[zone.id]
        zone.vpcs, zone.records = [], {}
        zones.STORE.deleted.append(zone)
        return ActionResult({"ChangeInfo": answers.change(zones.changed(zone))})

    def update_hosted_zone_comment(self) -> ActionResult:
        zone = self._zone("Id")
        finding.check_comment(self._get_param("Comment"), "comment")
        zone.comment = self._get_param("Comment")
        return ActionResult({"HostedZone": answers.zone(zone)})

    def get_hosted_zone_count(self) -> ActionResult:
        return ActionResult({"HostedZoneCount": len(zones.STORE.of_account(self.current_account))})

    def get_dnssec(self) -> ActionResult:
        self._zone("HostedZoneId")
        return ActionResult({"Status": {"ServeSignature": "NOT_SIGNING"}, "KeySigningKeys": []})

    # --- records and changes ---

    def change_resource_record_sets(self) -> ActionResult:
        zone = self._zone("HostedZoneId")
        finding.check_idle(zone)
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
                "ResourceRecordSets": [answers.record(each) for each in rest[:size]],
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
            raise finding.foreign(self.current_account, self.call.region)
        return ActionResult({"ChangeInfo": answers.change(change)})

    def test_dns_answer(self) -> ActionResult:
        """What name servers say of a public zone; others are not asked about."""
        zone, kind = self._zone("HostedZoneId"), self._get_param("RecordType")
        if zone.private:
            raise AwsError("InvalidInput", "TestDNSAnswer only supports public hosted zones.")
        name = names.normal(self._get_param("RecordName"))
        if not names.within(name, zone.name):
            raise AwsError("InvalidInput", f"{name} is not in the hosted zone {zone.name}")
        found = in_zone(zone.records.values(), zone.name, name)
        chosen = [each for each in found or () if each.type == kind]
        return ActionResult(
            {
                "Nameserver": zones.NAME_SERVERS[0].rstrip("."),
                "RecordName": name,
                "RecordType": kind,
                "RecordData": [value for each in chosen for value in each.values],
                "ResponseCode": "NXDOMAIN" if found is None else "NOERROR",
                "Protocol": "UDP",
            }
        )

    # --- limits and tags ---

    def get_hosted_zone_limit(self) -> ActionResult:
        zone, kind = self._zone("HostedZoneId"), self._get_param("Type")
        if kind == "MAX_RRSETS_BY_ZONE":
            return answers.limit(kind, RECORDS_PER_ZONE, len(zone.records))
        if not zone.private:
            raise AwsError("HostedZoneNotPrivate", "The specified hosted zone is a public hosted zone.")
        return answers.limit(kind, WORLD.settings.vpcs_per_zone, len(zone.vpcs))

    def get_account_limit(self) -> ActionResult:
        kind = self._get_param("Type")
        if kind == "MAX_HOSTED_ZONES_BY_OWNER":
            count = len(zones.STORE.of_account(self.current_account))
            return answers.limit(kind, WORLD.settings.zones_per_account, count)
        return answers.limit(kind, ACCOUNT_LIMITS[kind], 0)

    def list_tags_for_resource(self) -> ActionResult:
        kind, resource_id = self._get_param("ResourceType"), self._get_param("ResourceId")
        return ActionResult({"ResourceTagSet": self._tag_set(kind, resource_id)})

    def list_tags_for_resources(self) -> ActionResult:
        kind = self._get_param("ResourceType")
        return ActionResult({"ResourceTagSets": [self._tag_set(kind, each) for each in self._get_param("ResourceIds")]})

    def change_tags_for_resource(self) -> ActionResult:
        zone = self._tagged(self._get_param("ResourceType"), self._get_param("ResourceId"))
        tags.check(self._get_param("AddTags") or (), zone.tags)
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


def _place(record: RecordSet) -> tuple[tuple[str, ...], str, str]:
    return names.order(record.name), record.type, record.set_identifier or ""
