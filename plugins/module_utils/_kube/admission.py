# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an endpoint's security groups admit agent pods: by the groups of the network interface that has a pod's address. Pure.

A pod has its node's groups, or, with security groups for pods, an interface with groups of its own, which an annotation names.
https://docs.aws.amazon.com/eks/latest/userguide/security-groups-for-pods.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .._core.findings import Finding, finding
from .._core.ranges import ipv4
from .need import some
from .objects import Thing, addresses, many, namespace, notes, text, workload

_OWN = "vpc.amazonaws.com/pod-eni"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """A network interface as AWS has it. ``spans`` are its private addresses and the prefixes delegated to it."""

    id: str
    groups: frozenset[str]
    spans: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A pod's address, and the interface of its own if it has one."""

    workload: str
    namespace: str
    address: str
    interface: str = ""


def placed(pod: Thing) -> Placed | None:
    own = _interface(notes(pod).get(_OWN, ""))
    given = [str(span[0]) for span in ipv4([own[1], *addresses(pod)])]
    return (
        Placed(workload=workload(pod), namespace=namespace(pod), address=given[0], interface=own[0]) if given else None
    )


def _interface(annotation: str) -> tuple[str, str]:
    """Id and private address in the annotation, a list with one entry."""
    try:
        found = json.loads(annotation[:4000]) if annotation else []
    except (ValueError, RecursionError):
        return "", ""
    for each in many({"own": found}, "own"):
        if re.fullmatch(r"eni-[0-9a-f]{1,32}", text(each, "eniId")):
            return text(each, "eniId"), text(each, "privateIp")
    return "", ""


def check(
    vpc: str, pods: Iterable[Placed], interfaces: Sequence[Interface], admitted: Iterable[str], groups: Iterable[str]
) -> list[Finding]:
    """Pods that an endpoint does not admit. ``admitted`` are groups and ranges that its groups, ``groups``, let in or will let in.

    A pod whose interface is not known is not judged by groups, and the contents of a prefix list are not known.
    """
    admitted = set(admitted)
    ranges = ipv4(admitted)
    by_id = {each.id: each for each in interfaces}
    by_address = _by_address(interfaces)
    told: dict[tuple[str, tuple[str, ...], bool], list[str]] = {}
    for pod in pods:
        span = ipv4([pod.address])[0]
        interface = by_id.get(pod.interface) or (
            None if pod.interface else _holder(pod.address, by_address, interfaces)
        )
        known = interface is not None and bool(interface.groups)
        if (
            not known
            or any(each.startswith("pl-") for each in admitted)
            or any(span.subnet_of(each) for each in ranges)
        ):
            continue
        if interface and not interface.groups & admitted:
            told.setdefault((pod.namespace, tuple(sorted(interface.groups)), bool(pod.interface)), []).append(
                pod.workload
            )
    return [
        finding(
            "POD_NOT_ADMITTED",
            vpc,
            pods=some(who),
            namespace=space,
            groups=list(theirs),
            endpoint_groups=list(groups) or "the endpoint's own group",
            whose="groups of their own" if own else "their nodes' groups",
        )
        for (space, theirs, own), who in told.items()
    ]


def _by_address(interfaces: Sequence[Interface]) -> Mapping[str, Interface]:
    return {span: each for each in interfaces for span in each.spans if "/" not in span}


def _holder(address: str, by_address: Mapping[str, Interface], interfaces: Sequence[Interface]) -> Interface | None:
    if address in by_address:
        return by_address[address]
    (span,) = ipv4([address])
    return next(
        (each for each in interfaces for prefix in ipv4(s for s in each.spans if "/" in s) if span.subnet_of(prefix)),
        None,
    )
