# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""The EC2 actions: moto's answers, ours where AWS differs, and what holds for all of them (DryRun, filters, pages)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.ec2.responses import EC2Response
from moto.ec2.utils import add_tag_specification

from .. import arns, regions
from ..answering import Answering
from ..errors import AwsError, DryRun
from ..world import WORLD
from . import choosing, creating, dns, filters, instances, pages, ranges, references, rules, services, tags, zones
from .backend import Backend
from .choosing import filtered
from .endpoints import Endpoint, Wanted, everywhere
from .spanning import Spanning


class Ec2(Spanning, Answering, EC2Response):
    _sandbox: Backend | None = None

    @property
    def ec2_backend(self) -> Backend:
        return self._sandbox or cast(Backend, ec2_backends[self.current_account][self.region])

    def error_on_dryrun(self) -> None:
        """Too early in moto: AWS checks the request first. See perform()."""

    def perform(self, action: str) -> Any:
        """A dry run is the real thing on a copy that is thrown away, so it finds the same errors."""
        wanted = self._filters_from_querystring() if action in filters.FILTERS else {}
        filters.check(action, wanted)
        size = self._get_int_param("MaxResults")
        tags.check(self.params)
        pages.check_size(action, size, any(name.endswith("Ids") for name in self.params))
        dry = self._get_bool_param("DryRun", False)
        if dry and self.call.mutating:
            self._sandbox = self.ec2_backend.sandbox()
        result = super().perform(action)
        if dry:
            raise DryRun()
        if isinstance(result, ActionResult) and action in filters.FILTERS:
            self._cut(action, cast(dict[str, Any], result.result), wanted, size)
        return result

    def _cut(self, action: str, answer: dict[str, Any], wanted: dict[str, Any], size: int | None) -> None:
        key = next(each for each in answer if each.lower() == pages.PAGED[action].lower())  # moto's case varies
        if action in filters.IGNORED_BY_MOTO:
            answer[key] = [each.thing for each in filtered(map(choosing.ByAttribute, answer[key]), wanted)]
        answer[key], answer["NextToken"] = pages.page(
            action, list(answer[key] or []), size, self._get_param("NextToken")
        )

    def describe_account_attributes(self) -> ActionResult:
        default = next((vpc.id for vpc in self.ec2_backend.vpcs.values() if vpc.is_default), "none")
        values = {
            "supported-platforms": "VPC",
            "default-vpc": default,
            "max-instances": "20",
            "vpc-max-security-groups-per-interface": str(WORLD.settings.groups_per_interface),
            "max-elastic-ips": "5",
            "vpc-max-elastic-ips": "5",
        }
        wanted = self._get_param("AttributeNames", []) or list(values)
        return ActionResult(
            {
                "AccountAttributes": [
                    {"AttributeName": name, "AttributeValues": [{"AttributeValue": value}]}
                    for name, value in values.items()
                    if name in wanted
                ]
            }
        )

    # --- endpoints ---

    def create_vpc_endpoint(self) -> ActionResult:
        backend = self.ec2_backend
        token = self._get_param("ClientToken")
        asked = {name: value for name, value in self.params.items() if name != "DryRun"}
        if token and (endpoint := self._replay(token, asked)):
            return ActionResult({"VpcEndpoint": endpoint, "ClientToken": token})
        wanted = self._wanted()
        creating.check_new(backend, wanted)
        endpoint = backend.add_endpoint(wanted)
        if token:
            backend.tokens[token] = (asked, endpoint.id)
        return ActionResult({"VpcEndpoint": endpoint, "ClientToken": token})

    def _replay(self, token: str, asked: dict[str, Any]) -> Endpoint | None:
        before, endpoint_id = self.ec2_backend.tokens.get(token, (None, ""))
        if before is None:
            return None
        if before != asked:
            raise AwsError(
                "IdempotentParameterMismatch",
                f"The request uses the same client token '{token}' as a previous, but non-identical request.",
            )
        return next((each for each in self.ec2_backend.living_endpoints() if each.id == endpoint_id), None)

    def _wanted(self) -> Wanted:
        backend = self.ec2_backend
        vpc = backend.get_vpc(self._get_param("VpcId"))
        service = services.find(
            self._get_param("ServiceName") or "",
            backend.account_id,
            backend.region_name,
            self._get_param("ServiceRegion"),
        )
        kind = self._get_param("VpcEndpointType") or "Gateway"
        interface = kind == "Interface"
        named = (
            interface and service.private_dns_name is not None
        )  # AWS's default is true; whether it insists is not known
        default = backend.get_default_security_group(vpc.id)
        groups = self._get_param("SecurityGroupIds", []) or ([default.id] if default and interface else [])
        return Wanted(
            vpc_id=vpc.id,
            kind=kind,
            service=service,
            subnet_ids=tuple(self._get_param("SubnetIds", [])),
            security_group_ids=tuple(dict.fromkeys(groups)),
            route_table_ids=tuple(self._get_param("RouteTableIds", [])),
            policy_document=self._get_param("PolicyDocument"),
            private_dns_enabled=bool(self._get_bool_param("PrivateDnsEnabled", named)) and interface,
            ip_address_type=self._get_param("IpAddressType") or "ipv4",
            dns_options=self._get_param("DnsOptions"),
            client_token=self._get_param("ClientToken"),
            tags=add_tag_specification(self._get_param("TagSpecifications", [])),
        )

    def modify_vpc_endpoint(self) -> ActionResult:
        backend = self.ec2_backend
        endpoint = backend.endpoint(self._get_param("VpcEndpointId"))
        add, remove = self._get_param("AddSubnetIds", []), self._get_param("RemoveSubnetIds", [])
        add_groups, remove_groups = (
            self._get_param("AddSecurityGroupIds", []),
            self._get_param("RemoveSecurityGroupIds", []),
        )
        groups = [
            each for each in dict.fromkeys([*endpoint.security_group_ids, *add_groups]) if each not in remove_groups
        ]
        creating.check_change(backend, endpoint, add, add_groups, groups)
        if wanted := self._get_param("IpAddressType"):
            creating.check_address_type(endpoint.service, wanted)
            creating.check_families(backend, {*endpoint.subnet_ids, *add} - set(remove), wanted)
        endpoint.changing()
        for subnet_id in add:
            if subnet_id not in endpoint.subnet_ids:
                endpoint.add_subnet(subnet_id)
        for subnet_id in remove:
            if subnet_id in endpoint.subnet_ids:
                endpoint.remove_subnet(subnet_id)
        endpoint.set_groups(groups)
        self._modify_rest(endpoint)
        return ActionResult({"Return": True})

    def _modify_rest(self, endpoint: Endpoint) -> None:
        if self._get_bool_param("ResetPolicy", False):
            endpoint.policy_document = json.dumps(Endpoint.DEFAULT_POLICY)
        endpoint.policy_document = self._get_param("PolicyDocument") or endpoint.policy_document
        endpoint.set_address_type(self._get_param("IpAddressType") or endpoint.ip_address_type)
        endpoint.dns_options = {**endpoint.dns_options, **(self._get_param("DnsOptions") or {})}
        private_dns = self._get_bool_param("PrivateDnsEnabled")
        if private_dns is not None:
            endpoint.private_dns_enabled = private_dns

    def delete_vpc_endpoints(self) -> ActionResult:
        backend, unsuccessful = self.ec2_backend, []
        found = {each.id: each for each in choosing.known(backend.living_endpoints())}
        for endpoint_id in self._get_param("VpcEndpointIds", []):
            if endpoint_id in found and found[endpoint_id].busy and found[endpoint_id].life.deleted_at is None:
                unsuccessful.append(_unsuccessful(endpoint_id, *creating.IN_PROGRESS))
            elif endpoint_id in found:
                backend.delete_vpc_endpoints([endpoint_id])
            else:
                unsuccessful.append(
                    _unsuccessful(
                        endpoint_id,
                        "InvalidVpcEndpoint.NotFound",
                        f"The Vpc Endpoint Id '{endpoint_id}' does not exist",
                    )
                )
        return ActionResult({"Unsuccessful": unsuccessful})

    # --- services and their connections ---

    def describe_vpc_endpoint_services(self) -> ActionResult:
        regions = self._get_param("ServiceRegions", []) or [self.region]
        names = self._get_param("ServiceNames", [])
        found = services.seen(self.current_account, self.region, regions)
        known = {each.name for each in found}
        for name in names:
            if name not in known:
                raise AwsError("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
        chosen = [_Filterable(each) for each in found if not names or each.name in names]
        chosen = filtered(chosen, self._filters_from_querystring())
        chosen.sort(key=lambda each: each.service.name)
        return ActionResult(
            {
                "ServiceNames": [each.service.name for each in chosen],
                "ServiceDetails": [each.service.detail(self.current_account, self.region) for each in chosen],
            }
        )

    def describe_vpc_endpoint_connections(self) -> ActionResult:
        mine = [each for each in everywhere() if each.service.owner == self.current_account]
        chosen = filtered(
            [_Connection(each) for each in mine if each.service_region == self.region],
            self._filters_from_querystring(),
        )
        return ActionResult({"VpcEndpointConnections": [each.endpoint.connection() for each in chosen]})

    def accept_vpc_endpoint_connections(self) -> ActionResult:
        return self._decide(accept=True)

    def reject_vpc_endpoint_connections(self) -> ActionResult:
        return self._decide(accept=False)

    def _decide(self, accept: bool) -> ActionResult:
        service_id = self._get_param("ServiceId")
        if service_id not in self.ec2_backend.configurations:
            raise AwsError(
                "InvalidVpcEndpointServiceId.NotFound", f"The VpcEndpointService Id '{service_id}' does not exist"
            )
        waiting = {each.id: each for each in everywhere() if each.service.id == service_id}
        allowed = {"pendingAcceptance"} if accept else {"pendingAcceptance", "pending", "available"}
        unsuccessful, decided = [], []
        for endpoint_id in self._get_param("VpcEndpointIds", []):
            endpoint = waiting.get(endpoint_id)
            if endpoint is None:
                message = f"The Vpc Endpoint Id '{endpoint_id}' does not exist"
                unsuccessful.append(_unsuccessful(endpoint_id, "InvalidVpcEndpoint.NotFound", message))
            elif endpoint.state not in allowed:
                message = f"The Vpc Endpoint Id '{endpoint_id}' is in state {endpoint.state}"
                unsuccessful.append(_unsuccessful(endpoint_id, "InvalidState", message))
            else:
                decided.append(endpoint)
        if self._get_bool_param("DryRun", False):
            raise DryRun()  # the endpoints are other accounts', which the copy for dry runs leaves out
        for endpoint in decided:
            if accept:
                endpoint.life.accept(WORLD.now(), WORLD.settings.pending_seconds)
            else:
                endpoint.life.rejected = True
        return ActionResult({"Unsuccessful": unsuccessful})

    # --- regions, zones and subnets ---

    def describe_regions(self) -> ActionResult:
        mine = [each for each in zones.regions() if arns.partition(each) == self.partition]
        usable = [each for each in mine if regions.enabled(self.current_account, each)]
        shown = mine if self._get_bool_param("AllRegions", False) else usable
        names = self._get_param("RegionNames", [])
        if unknown := [each for each in names if each not in shown]:
            raise AwsError("InvalidParameterValue", f"Invalid region names provided: {unknown}")
        found = [
            {
                "RegionName": each,
                "Endpoint": f"ec2.{each}.{dns.domain(each)}",
                "OptInStatus": regions.status(self.current_account, each),
            }
            for each in shown
            if not names or each in names
        ]
        return ActionResult({"Regions": found})

    def describe_availability_zones(self) -> ActionResult:
        found = self.ec2_backend.describe_availability_zones(
            zone_names=self._get_param("ZoneNames", []),
            zone_ids=self._get_param("ZoneIds", []),
            everywhere=bool(self._get_bool_param("AllAvailabilityZones", False)),
        )
        return ActionResult({"AvailabilityZones": found})

    def modify_availability_zone_group(self) -> ActionResult:
        group, status = self._get_param("GroupName"), self._get_param("OptInStatus")
        if group not in {each.group for each in zones.edges(self.current_account, self.region)}:
            raise AwsError("InvalidParameterValue", f"Value ({group}) for parameter groupName is invalid.")
        if status != "opted-in":
            raise AwsError("InvalidParameterValue", "To opt out of a zone group, contact AWS Support.")
        if not self._get_bool_param("DryRun", False):
            opted = WORLD.settings.opted_in.setdefault(self.current_account, [])
            opted += [] if group in opted else [group]
        return ActionResult({"Return": True})

    def describe_subnets(self) -> ActionResult:
        found = choosing.visible(self.ec2_backend.describe_subnets())
        chosen = choosing.pick(found, self._get_param("SubnetIds", []), choosing.subnet_not_found)
        return ActionResult({"Subnets": filtered(chosen, self._filters_from_querystring())})

    # --- instances ---

    def describe_instances(self) -> ActionResult:
        ids, wanted = self._get_param("InstanceIds", []), self._filters_from_querystring()
        find = self.ec2_backend.get_reservations_by_instance_ids
        found = find(ids, filters=wanted) if ids else self.ec2_backend.describe_instances(filters=wanted)
        return ActionResult({"Reservations": [instances.Reservation(each, each.instances) for each in found]})

    # --- security group rules ---

    def authorize_security_group_ingress(self) -> ActionResult:
        return self._authorize(self.ec2_backend.authorize_security_group_ingress)

    def authorize_security_group_egress(self) -> ActionResult:
        return self._authorize(self.ec2_backend.authorize_security_group_egress)

    def revoke_security_group_ingress(self) -> ActionResult:
        return self._revoke(self.ec2_backend.revoke_security_group_ingress)

    def revoke_security_group_egress(self) -> ActionResult:
        return self._revoke(self.ec2_backend.revoke_security_group_egress)

    def _authorize(self, authorize: Callable[..., Any]) -> ActionResult:
        added: list[Any] = []
        with rules.whole(self._group()) as group:
            for asked in self._asked_rules():
                references.check(self.ec2_backend, group, asked["source_groups"])
                added += authorize(**asked)[0]
            rules.check_quota(self.ec2_backend, group)
        return ActionResult({"Return": True, "SecurityGroupRules": added})

    def _revoke(self, revoke: Callable[..., Any]) -> ActionResult:
        with rules.whole(self._group()):
            for asked in self._asked_rules():
                revoke(**{key: value for key, value in asked.items() if key != "sgrule_tags"})
        return ActionResult({"Return": True})

    def _asked_rules(self) -> Iterator[dict[str, Any]]:
        for asked in self._process_rules_from_querystring():
            yield {**asked, "ip_ranges": [ranges.canonical_entry(each) for each in asked["ip_ranges"]]}

    def _group(self) -> Any:
        name = self._get_param("GroupId") or self._get_param("GroupName")
        group = self.ec2_backend.get_security_group_by_name_or_id(name)
        if group is None or not choosing.known([group]):
            raise choosing.group_not_found(name)
        return group

    # --- peering ---

    def describe_vpc_peering_connections(self) -> ActionResult:
        found = self.ec2_backend.describe_vpc_peering_connections(self._get_param("VpcPeeringConnectionIds", []))
        chosen = filtered(map(_Peering, found), self._filters_from_querystring())
        return ActionResult({"VpcPeeringConnections": [each.peering for each in chosen]})


class _Filterable:
    def __init__(self, service: services.Service) -> None:
        self.service = service

    def get_filter_value(self, name: str) -> Any:
        return {
            "owner": self.service.owner,
            "service-name": self.service.name,
            "service-region": self.service.region,
            "service-type": self.service.kind,
            "supported-ip-address-types": list(self.service.ip_address_types),
        }.get(name)


class _Connection:
    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    def get_filter_value(self, name: str) -> Any:
        return {
            "ip-address-type": self.endpoint.ip_address_type,
            "service-id": self.endpoint.service.id,
            "vpc-endpoint-id": self.endpoint.id,
            "vpc-endpoint-owner": self.endpoint.owner_id,
            "vpc-endpoint-region": self.endpoint.ec2_backend.region_name,
            "vpc-endpoint-state": self.endpoint.state,
        }.get(name)


class _Peering:
    def __init__(self, peering: Any) -> None:
        self.peering = peering

    def get_filter_value(self, name: str) -> Any:
        side, _unused, attribute = name.partition(".")
        sides = {
            "requester-vpc-info": self.peering.requester_vpc_info,
            "accepter-vpc-info": self.peering.accepter_vpc_info,
        }
        if side in sides:
            return sides[side][{"cidr-block": "CidrBlock", "owner-id": "OwnerId", "vpc-id": "VpcId"}[attribute]]
        if name.startswith("status-"):
            return self.peering.status[name.removeprefix("status-").capitalize()]
        return self.peering.id if name == "vpc-peering-connection-id" else self.peering.get_filter_value(name)


def _unsuccessful(resource_id: str, code: str, message: str) -> dict[str, Any]:
    return {"ResourceId": resource_id, "Error": {"Code": code, "Message": message}}
