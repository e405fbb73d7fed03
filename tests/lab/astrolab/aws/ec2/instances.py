# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instances as DescribeInstances shows them: what one has not, or no longer has, is not there or empty."""

from __future__ import annotations

from typing import Any

from moto.ec2 import utils
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance as MotoInstance

# A documented filter that moto does not know; it compares texts.
MotoInstance.state_code_text = property(lambda self: str(self._state.code))
utils.filter_dict_attribute_mapping["instance-state-code"] = "state_code_text"


def _groups(interface: Any) -> Any:
    of_instance = interface.instance.security_groups if interface.instance and not interface.device_index else ()
    return list({group.id: group for group in (*interface._group_set, *of_instance)}.values())


# The groups of an instance are those of its first interface; moto gives them to all that are attached later.
NetworkInterface.group_set = property(_groups)


class Instance:
    """moto's instance in AWS's clothes; moto writes answers by the name of the class and of its attributes."""

    def __init__(self, instance: Any) -> None:
        self._instance = instance
        gone = instance.state == "terminated"
        interfaces = [] if gone else [Interface(each) for each in instance.network_interfaces]
        first = interfaces[0] if interfaces else None
        self.network_interfaces = interfaces
        self.security_groups = first.groups if first else []
        self.private_ip_address = first.private_ip_address if first else None
        self.ipv6_address = next((each for one in interfaces for each in one.ipv6_addresses_only), None)
        self.vpc_id: str | None = None if gone else instance.vpc_id
        self.subnet_id: str | None = None if gone else instance.subnet_id
        self.private_dns_name = "" if gone else _private_name(instance, self.private_ip_address)
        self.public_dns_name = "" if gone else instance.public_dns_name or ""
        self.kernel_id = None
        self.state_reason = instance.state_reason if instance.state_reason.code else None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._instance, name)


class Interface:
    """An interface of an instance, without an association that it does not have."""

    def __init__(self, interface: Any) -> None:
        self._interface = interface
        self.network_interface_id = interface.id
        self.association = interface.association or None
        self.groups = [{"GroupId": each.id, "GroupName": each.name} for each in interface.group_set]
        self.private_ip_address = interface.private_ip_address
        self.ipv6_addresses_only = [str(each) for each in interface.ipv6_addresses]
        self.ipv6_addresses = interface.instance_ipv6_address_list
        self.private_ip_addresses = [
            {key: value for key, value in each.items() if key != "Association" or value}
            for each in interface.instance_private_ip_address_list
        ]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._interface, name)


class Reservation:
    def __init__(self, reservation: Any, instances: list[Any]) -> None:
        self._reservation = reservation
        self.instances = [Instance(each) for each in instances]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reservation, name)


def _private_name(instance: Any, address: str | None) -> str:
    """By its IPv4 address, or where it has none by its id; in the domain of the region."""
    region = instance.ec2_backend.region_name
    zone = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return f"ip-{address.replace('.', '-')}.{zone}" if address else f"{instance.id}.{zone}"
