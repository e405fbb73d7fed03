# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""The EC2 actions: moto's answers, ours where AWS differs. Here those on endpoints, rules of groups and peering."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.utils import add_tag_specification

from ..errors import AwsError
from . import choosing, creating, ranges, references, rules, services
from .acting import Acting, failure
from .choosing import filtered
from .endpoints import Endpoint, Wanted
from .places import Places
from .providing import Providing
from .spanning_actions import Spanning
from .translating import Translating


class Ec2(Spanning, Places, Providing, Translating, Acting):
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
        if records := (self._get_param("DnsOptions") or {}).get("DnsRecordIpType"):
            creating.check_records(wanted or endpoint.ip_address_type, records)
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
                unsuccessful.append(failure(endpoint_id, *creating.IN_PROGRESS))
            elif endpoint_id in found:
                backend.delete_vpc_endpoints([endpoint_id])
            else:
                unsuccessful.append(
                    failure(
                        endpoint_id,
                        "InvalidVpcEndpoint.NotFound",
                        f"The Vpc Endpoint Id '{endpoint_id}' does not exist",
                    )
                )
        return ActionResult({"Unsuccessful": unsuccessful})

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
