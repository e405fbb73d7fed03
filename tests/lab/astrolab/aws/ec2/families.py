# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IPv4 and IPv6 of subnets: which a subnet has, what fits into its VPC, and the lowest free address of each."""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Collection
from typing import Any

from ..errors import AwsError

RESERVED = 3  # besides the network's own address: the router, the resolver and one more
FAMILIES = {"ipv4": ("ipv4",), "ipv6": ("ipv6",), "dualstack": ("ipv4", "ipv6")}  # by the address type of an endpoint


def ipv6_range(subnet: Any) -> str | None:
    """The IPv6 range of a subnet, if it has one."""
    for each in subnet.ipv6_cidr_block_association_set:
        return str(each["ipv6CidrBlock"])
    return None


def has(subnet: Any, family: str) -> bool:
    return bool(subnet.cidr_block) if family == "ipv4" else ipv6_range(subnet) is not None


def lowest(subnet: Any, family: str, taken: Collection[str]) -> str:
    """The lowest address of the subnet that nobody has; AWS keeps the first four and the last."""
    network = ipaddress.ip_network(subnet.cidr_block if family == "ipv4" else ipv6_range(subnet) or "")
    for host in itertools.islice(network.hosts(), RESERVED, None):
        if str(host) not in taken:
            return str(host)
    raise AwsError(
        "InsufficientFreeAddressesInSubnet",
        f"There are not enough free addresses in subnet '{subnet.id}' to satisfy the requested number of instances.",
    )


def check_range(vpc: Any, others: Collection[Any], cidr: str | None) -> None:
    """An IPv6 range of a subnet is a part of the VPC's, and of no other subnet's."""
    if cidr is None:
        return
    try:
        network = ipaddress.IPv6Network(cidr)
    except ValueError:
        raise AwsError("InvalidParameterValue", f"Value ({cidr}) for parameter ipv6CidrBlock is invalid.") from None
    whole = [ipaddress.IPv6Network(each["ipv6CidrBlock"]) for each in vpc.ipv6_cidr_block_association_set]
    if not any(network.subnet_of(each) for each in whole) or not 44 <= network.prefixlen <= 64:
        raise AwsError("InvalidSubnet.Range", f"The CIDR '{cidr}' is invalid.")
    taken = (found for each in others if each.vpc_id == vpc.id and (found := ipv6_range(each)))
    if any(network.overlaps(ipaddress.IPv6Network(each)) for each in taken):
        raise AwsError("InvalidSubnet.Conflict", f"The CIDR '{cidr}' conflicts with another subnet")


def set_ipv6(backend: Any, interface: Any, wanted: bool) -> None:
    """An IPv6 address for an interface, or none."""
    interface.ipv6_addresses = [backend.free_address(interface.subnet, "ipv6")] if wanted else []


def without_ipv4(interface: Any) -> None:
    """moto gives each interface an IPv4 address; one in an IPv6-only subnet has none."""
    interface.private_ip_address, interface.private_dns_name, interface.private_ip_addresses = None, None, []
