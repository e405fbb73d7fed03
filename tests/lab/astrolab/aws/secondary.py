# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secondary addresses of interfaces, which EKS gives to pods: taken and given back as a node's CNI plugin does it."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network
from typing import Any

from moto.ec2.models import ec2_backends

from .world import WORLD


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    interface: str
    address: IPv4Interface


def take(interface: str) -> Taken:
    """A free address of the interface's subnet, as one more of this interface."""
    with WORLD.lock:
        backend = _backend(interface)
        eni = backend.enis[interface]
        found = backend.free_address(eni.subnet)
        backend.assign_private_ip_addresses(interface, private_ip_addresses=[found])
        return Taken(interface=interface, address=_with_length(found, eni))


def branch(trunk: str, group: str, cluster: str) -> Taken:
    """An interface for one pod, beside that of its node, as EKS's controller makes it: security groups for pods."""
    with WORLD.lock:
        backend = _backend(trunk)
        subnet = backend.enis[trunk].subnet
        made = backend.create_network_interface(subnet, None, group_ids=[group], description="aws-k8s-branch-eni")
        made.status, made.interface_type = "in-use", "branch"
        tags = {
            "vpcresources.k8s.aws/vlan-id": str(len(backend.enis)),
            "vpcresources.k8s.aws/trunk-eni-id": trunk,
            "eks:eni:owner": "eks-vpc-resource-controller",
            f"kubernetes.io/cluster/{cluster}": "owned",
        }
        backend.create_tags([made.id], tags)
        return Taken(interface=made.id, address=_with_length(made.private_ip_address, made))


def give_back(taken: Taken) -> None:
    with WORLD.lock:
        backend = _backend(taken.interface)
        eni = backend.enis[taken.interface]
        if eni.private_ip_address == str(taken.address.ip):
            backend.delete_network_interface(taken.interface)
        else:
            backend.unassign_private_ip_addresses(taken.interface, [str(taken.address.ip)])


def _with_length(address: str, eni: Any) -> IPv4Interface:
    return IPv4Interface(f"{address}/{IPv4Network(eni.subnet.cidr_block).prefixlen}")


def _backend(interface: str) -> Any:
    for _account, _region, backend in ec2_backends.iter_backends():
        if interface in backend.enis:
            return backend
    raise KeyError(interface)
