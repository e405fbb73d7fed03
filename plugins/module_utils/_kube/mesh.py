# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service meshes that take a pod's connections before they leave it, and how to keep an endpoint out of that. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .._core.findings import Finding, finding
from .._core.ranges import ipv4
from .need import Need, some
from .objects import Thing, containers, namespace, notes, text, workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """How to know a mesh by its containers, and its annotations that leave out ranges or ports."""

    name: str
    sidecars: frozenset[str]
    starters: frozenset[str]
    ranges: str = ""
    ports: str = ""


MESHES = (
    Mesh(
        name="Istio",
        sidecars=frozenset({"istio-proxy"}),
        starters=frozenset({"istio-init", "istio-validation"}),
        ranges="traffic.sidecar.istio.io/excludeOutboundIPRanges",
        ports="traffic.sidecar.istio.io/excludeOutboundPorts",
    ),
    Mesh(
        name="Linkerd",
        sidecars=frozenset({"linkerd-proxy"}),
        starters=frozenset({"linkerd-init", "linkerd-network-validator"}),
        ranges="config.linkerd.io/skip-subnets",
        ports="config.linkerd.io/skip-outbound-ports",
    ),
    Mesh(
        name="Consul",
        sidecars=frozenset({"consul-dataplane", "envoy-sidecar"}),
        starters=frozenset({"consul-connect-inject-init", "consul-mesh-init"}),
        ranges="consul.hashicorp.com/transparent-proxy-exclude-outbound-cidrs",
        ports="consul.hashicorp.com/transparent-proxy-exclude-outbound-ports",
    ),
    Mesh(
        name="Kuma",
        sidecars=frozenset({"kuma-sidecar"}),
        starters=frozenset({"kuma-init"}),
        ports="traffic.kuma.io/exclude-outbound-ports",
    ),
    Mesh(
        name="App Mesh",
        sidecars=frozenset({"envoy"}),
        starters=frozenset({"proxyinit"}),
        ranges="appmesh.k8s.aws/egressIgnoredIPs",
        ports="appmesh.k8s.aws/egressIgnoredPorts",
    ),
)
#: Containers that are no agents, whoever put them there.
SIDECARS = frozenset(name for mesh in MESHES for name in mesh.sidecars)


def of(pod: Thing) -> Mesh | None:
    """The mesh that a pod is in."""
    running = {text(each, "name") for each in containers(pod)}
    starting = {text(each, "name") for each in containers(pod, "initContainers")}
    return next((mesh for mesh in MESHES if mesh.sidecars & running or mesh.starters & starting), None)


def check(need: Need, pods: Sequence[Thing]) -> list[Finding]:
    told: dict[tuple[str, str], list[str]] = {}
    for pod in pods:
        mesh = of(pod)
        if mesh and not _left_out(pod, mesh, need):
            told.setdefault((mesh.name, namespace(pod)), []).append(workload(pod))
    meshes = {mesh.name: mesh for mesh in MESHES}
    found = []
    for (known, space), who in told.items():
        mesh, spans = meshes[known], ",".join(map(str, need.spans)) or "the endpoint's addresses"
        ways = [f'{mesh.ranges}: "{spans}"'] if mesh.ranges else [f'{mesh.ports}: "443"']
        found.append(finding("MESH", need.vpc, mesh=known, pods=some(who), namespace=space, way=ways, host=need.host))
    return found


def _left_out(pod: Thing, mesh: Mesh, need: Need) -> bool:
    """Whether the mesh leaves the endpoint's port or addresses alone."""
    given = notes(pod)
    ports = [each.strip() for each in given.get(mesh.ports, "").split(",")]
    ranges = ipv4(each.strip() for each in given.get(mesh.ranges, "").split(","))
    spanned = bool(need.spans) and all(any(span.subnet_of(each) for each in ranges) for span in need.spans)
    return spanned or any(_covers(each) for each in ports)


def _covers(ports: str) -> bool:
    first, dash, last = ports.partition("-")
    return first.isdigit() and int(first) <= 443 <= (int(last) if dash and last.isdigit() else int(first))
