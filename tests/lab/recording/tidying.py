# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes away what a contract test made on a real account, which nobody resets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acceptance import removal
from acceptance.choices import Choices
from acceptance.cloud import Cloud
from acceptance.leftovers import Leftovers
from acceptance.waiting import Pace
from botocore.exceptions import ClientError

#: Where an answer names what was made, and what it is.
MADE = {
    "CreateVpc": ("vpcs", "Vpc", "VpcId"),
    "CreateVpcEndpoint": ("endpoints", "VpcEndpoint", "VpcEndpointId"),
    "CreateVpcPeeringConnection": ("peerings", "VpcPeeringConnection", "VpcPeeringConnectionId"),
    "CreateTransitGateway": ("gateways", "TransitGateway", "TransitGatewayId"),
    "CreateTransitGatewayVpcAttachment": ("attachments", "TransitGatewayVpcAttachment", "TransitGatewayAttachmentId"),
    "CreateInternetGateway": ("doors", "InternetGateway", "InternetGatewayId"),
    "CreateHostedZone": ("zones", "HostedZone", "Id"),
}
#: What no VPC holds; it goes last.
FURTHER = {
    "CreateDhcpOptions": ("DhcpOptions", "DhcpOptionsId", "delete_dhcp_options"),
    "CreateManagedPrefixList": ("PrefixList", "PrefixListId", "delete_managed_prefix_list"),
}


class Tidy:
    """Keeps what was made in each region."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._clouds: dict[str, Cloud] = {}
        self._made: dict[str, dict[str, list[str]]] = {}
        self._further: list[tuple[str, str, str, str]] = []

    def listen(self, session: Any) -> None:
        session.events.register("after-call", self._answered)

    def away(self, say: Callable[[str], None]) -> None:
        """In the order that AWS needs; what a test took away itself is gone already."""
        made, self._made = self._made, {}
        further, self._further = self._further, []
        for region, things in made.items():
            found = {kind: tuple(dict.fromkeys(each)) for kind, each in things.items()}
            removal.these(self._cloud(region), Leftovers(**found), say)
        for region, thing, parameter, operation in further:
            try:
                getattr(self._cloud(region).ec2, operation)(**{parameter: thing})
            except ClientError as error:
                if "NotFound" not in error.response["Error"]["Code"]:
                    say(f"{thing} stays: {error}")

    def _cloud(self, region: str) -> Cloud:
        return self._clouds.setdefault(region, Cloud(Choices(region=region, run="contract"), self._pace))

    def _answered(self, parsed: Any, model: Any, context: Any, **_unused: Any) -> None:
        region = str(context["client_region"])
        if model.name == "RunInstances":
            self._keep(region, "instances", [each["InstanceId"] for each in parsed.get("Instances", ())])
        elif model.name in MADE:
            kind, outer, inner = MADE[model.name]
            if made := parsed.get(outer, {}).get(inner):
                self._keep(region, kind, [str(made).rpartition("/")[2]])
        elif model.name in FURTHER:
            outer, parameter, operation = FURTHER[model.name]
            if made := parsed.get(outer, {}).get(parameter):
                self._further.append((region, str(made), parameter, operation))

    def _keep(self, region: str, kind: str, things: list[str]) -> None:
        self._made.setdefault(region, {}).setdefault(kind, []).extend(things)
