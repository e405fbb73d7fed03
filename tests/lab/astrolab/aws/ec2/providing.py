# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""The EC2 actions on endpoint services and on the connections that their providers accept."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult

from ..errors import AwsError, DryRun
from ..world import WORLD
from . import services
from .acting import Acting, failure
from .choosing import filtered
from .endpoints import Endpoint, everywhere


class Providing(Acting):
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
                unsuccessful.append(failure(endpoint_id, "InvalidVpcEndpoint.NotFound", message))
            elif endpoint.state not in allowed:
                message = f"The Vpc Endpoint Id '{endpoint_id}' is in state {endpoint.state}"
                unsuccessful.append(failure(endpoint_id, "InvalidState", message))
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
