# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods are in a mesh that takes their connections."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._kube import mesh as core
from ansible_collections.astro.privatelink.plugins.module_utils._kube.need import Need

NEED = Need(vpc="one", host="clx.external.astronomer.run", spans=(IPv4Network("10.1.0.10"), IPv4Network("10.1.1.10")))


def pod(*containers, init=(), native=(), **notes):
    return {
        "metadata": {"name": "worker-0", "namespace": "agents", "annotations": notes},
        "spec": {
            "containers": [{"name": each} for each in ("worker", *containers)],
            "initContainers": [{"name": each} for each in init]
            + [{"name": each, "restartPolicy": "Always"} for each in native],
        },
    }


@pytest.mark.parametrize(
    ("given", "mesh"),
    [
        (pod(), ""),
        (pod("git-sync"), ""),
        (pod("istio-proxy"), "Istio"),
        (pod(native=["istio-proxy"]), "Istio"),
        (pod(init=["istio-init"]), "Istio"),
        (pod("linkerd-proxy"), "Linkerd"),
        (pod("envoy", init=["proxyinit"]), "App Mesh"),
        (pod("consul-dataplane"), "Consul"),
        (pod("kuma-sidecar"), "Kuma"),
        ({"spec": {"containers": "x", "initContainers": [7]}}, ""),
    ],
)
def test_meshes(given, mesh):
    found = core.of(given)
    assert (found.name if found else "") == mesh
    assert [one.code for one in core.check(NEED, [given])] == (["MESH"] if mesh else [])


@pytest.mark.parametrize(
    ("notes", "found"),
    [
        ({"excludeOutboundPorts": "443"}, False),
        ({"excludeOutboundPorts": "80, 443"}, False),
        ({"excludeOutboundPorts": "80"}, True),
        ({"excludeOutboundIPRanges": "10.1.0.0/16"}, False),
        ({"excludeOutboundIPRanges": "10.1.0.10/32,10.1.1.10/32"}, False),
        ({"excludeOutboundIPRanges": "10.1.0.10/32"}, True),
        ({"excludeOutboundPorts": "http,x-9"}, True),
    ],
)
def test_what_a_mesh_leaves_out(notes, found):
    given = pod("istio-proxy", **{f"traffic.sidecar.istio.io/{key}": value for key, value in notes.items()})
    assert bool(core.check(NEED, [given])) is found


def test_the_text_has_the_annotation():
    (one,) = core.check(NEED, [pod("istio-proxy")])
    assert 'traffic.sidecar.istio.io/excludeOutboundIPRanges: "10.1.0.10/32,10.1.1.10/32"' in one.remedy
    assert one.severity == "warning"
