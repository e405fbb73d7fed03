# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What NetworkPolicies let a pod send, as traffic that the network knows. Pure; the kernel is the network's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from ..net.view import ANY_PROTOCOL, EVERYTHING, TCP, UDP, Traffic
from . import selecting
from .store import Object

_PROTOCOLS = {"TCP": TCP, "UDP": UDP, "SCTP": 132}


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Whom selectors can mean: pods, their namespaces, and the services in front of them."""

    pods: Iterable[Object]
    namespaces: Mapping[str, Object]
    services: Iterable[Object]


def leaves(pod: Object, policies: Iterable[Object], near: Neighbours) -> frozenset[Traffic] | None:
    """What the pod may send; None where no policy is about that."""
    about = [each for each in policies if _concerns(each, pod)]
    if not about:
        return None
    return frozenset(
        traffic for policy in about for rule in policy["spec"].get("egress") or () for traffic in _rule(rule, pod, near)
    )


def _concerns(policy: Object, pod: Object) -> bool:
    spec = policy["spec"]
    kinds = spec.get("policyTypes") or (["Ingress", "Egress"] if "egress" in spec else ["Ingress"])
    same = policy["metadata"]["namespace"] == pod["metadata"]["namespace"]
    return same and "Egress" in kinds and selecting.fits(spec.get("podSelector") or {}, selecting.labels_of(pod))


def _rule(rule: Mapping[str, Any], pod: Object, near: Neighbours) -> Iterator[Traffic]:
    peers = rule.get("to")
    networks = [EVERYTHING.network] if not peers else [network for peer in peers for network in _peer(peer, pod, near)]
    for network in networks:
        for protocol, first, last in _ports(rule.get("ports")):
            yield Traffic(network=network, protocol=protocol, first=first, last=last)


def _ports(ports: Iterable[Mapping[str, Any]] | None) -> Iterator[tuple[int, int, int]]:
    if not ports:
        yield ANY_PROTOCOL, 0, 65535
        return
    for each in ports:
        protocol, port = _PROTOCOLS[each.get("protocol", "TCP")], each.get("port")
        if port is None:
            yield protocol, 0, 65535
        elif isinstance(port, int):  # names are ports of the pods that are asked: none of ours has any
            yield protocol, port, int(each.get("endPort", port))


def _peer(peer: Mapping[str, Any], pod: Object, near: Neighbours) -> Iterator[IPv4Network]:
    if block := peer.get("ipBlock"):
        yield from _less(IPv4Network(block["cidr"]), [IPv4Network(each) for each in block.get("except") or ()])
        return
    addresses = {each["status"].get("podIP") for each in near.pods if _chosen(peer, each, pod, near)} - {None}
    # Services stand for the pods that they select, if the policy selects by the same labels
    for service in near.services:
        labels = service["spec"].get("selector") or {}
        if _place(peer, service, pod, near) and selecting.fits(peer.get("podSelector") or {}, labels):
            addresses.add(service["spec"]["clusterIP"])
    yield from (IPv4Network((IPv4Address(each), 32)) for each in sorted(addresses))


def _chosen(peer: Mapping[str, Any], other: Object, pod: Object, near: Neighbours) -> bool:
    return _place(peer, other, pod, near) and selecting.fits(peer.get("podSelector") or {}, selecting.labels_of(other))


def _place(peer: Mapping[str, Any], other: Object, pod: Object, near: Neighbours) -> bool:
    """Whether it is in a namespace that the peer means."""
    namespace = other["metadata"]["namespace"]
    if "namespaceSelector" not in peer:
        return bool(namespace == pod["metadata"]["namespace"])
    there = near.namespaces.get(namespace)
    return there is not None and selecting.fits(peer["namespaceSelector"] or {}, selecting.labels_of(there))


def _less(network: IPv4Network, excepted: Iterable[IPv4Network]) -> Iterator[IPv4Network]:
    left = [network]
    for each in excepted:
        left = [
            part
            for whole in left
            for part in (
                whole.address_exclude(each) if each.subnet_of(whole) else [] if whole.subnet_of(each) else [whole]
            )
        ]
    yield from left
