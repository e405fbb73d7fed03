# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""What lets hosts of an IPv6 subnet reach IPv4: DNS64 as an attribute of subnets, and NAT gateways with true addresses."""

from __future__ import annotations

from typing import Any

import moto.ec2.models.nat_gateways
from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.models import EC2Backend
from moto.ec2.models.nat_gateways import NatGateway
from moto.ec2.models.subnets import Subnet
from moto.ec2.responses import EC2Response

# moto takes any private address for a NAT gateway; without one the backend takes a free one of the subnet
moto.ec2.models.nat_gateways.random_private_ip = lambda: None
Subnet.enable_dns64 = False


class TranslatingBackend(EC2Backend):
    __module__ = EC2Backend.__module__  # moto derives names from it

    def create_nat_gateway(self, *args: Any, **kwargs: Any) -> NatGateway:
        made = super().create_nat_gateway(*args, **kwargs)
        made.private_ip = made._eni.private_ip_address
        return made

    def delete_nat_gateway(self, nat_gateway_id: str) -> NatGateway:
        gone = super().delete_nat_gateway(nat_gateway_id)
        self.enis.pop(gone._eni.id, None)
        return gone


class Translating(EC2Response):
    def modify_subnet_attribute(self) -> ActionResult:
        wanted = self._get_param("EnableDns64.Value")
        if wanted is None:
            return super().modify_subnet_attribute()
        self.ec2_backend.get_subnet(self._get_param("SubnetId")).enable_dns64 = wanted
        return EmptyResult()
