# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What NetworkPolicies let agent pods do, as tables."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._kube import policies as core
from ansible_collections.astro.privatelink.plugins.module_utils._kube.need import Need

HOST = "clx.external.astronomer.run"
ADDRESS = IPv4Network("10.1.0.10/32")
NEED = Need(vpc="one", host=HOST, spans=(ADDRESS,))
POD = {
    "metadata": {
        "name": "worker-5d4-x",
        "namespace": "agents",
        "labels": {"app": "astro-agent", "component": "worker", "pod-template-hash": "5d4"},
        "ownerReferences": [{"kind": "ReplicaSet", "name": "worker-5d4"}],
    }
}
DNS = {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}]}
ALL = {}


def policy(*rules, selector=None, types=("Egress",), namespace="agents", **more):
    spec = {"podSelector": selector or {}, "policyTypes": list(types), "egress": list(rules), **more}
    return {"kind": "NetworkPolicy", "metadata": {"name": "p", "namespace": namespace}, "spec": spec}


def to(cidr, *excepted, **ports):
    return {"to": [{"ipBlock": {"cidr": cidr, "except": list(excepted)}}], **({"ports": [ports]} if ports else {})}


def codes(*policies, need=NEED, pods=(POD,)):
    return [one.code for one in core.check(need, list(pods), list(policies))]


ENDPOINT, DNS_SHUT, DNS_TCP = "POLICY_BLOCKS_ENDPOINT", "POLICY_BLOCKS_DNS", "POLICY_BLOCKS_DNS_TCP"
BOTH = [ENDPOINT, DNS_SHUT]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([], []),
        # who is selected, and for what
        ([policy()], BOTH),
        ([policy(namespace="others")], []),
        ([policy(selector={"matchLabels": {"app": "astro-agent"}})], BOTH),
        ([policy(selector={"matchLabels": {"app": "web"}})], []),
        ([policy(selector={"matchLabels": {"app": "astro-agent", "tier": "x"}})], []),
        ([policy(selector={"matchExpressions": [{"key": "component", "operator": "In", "values": ["worker"]}]})], BOTH),
        (
            [policy(selector={"matchExpressions": [{"key": "component", "operator": "NotIn", "values": ["worker"]}]})],
            [],
        ),
        ([policy(selector={"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["x"]}]})], BOTH),
        ([policy(selector={"matchExpressions": [{"key": "app", "operator": "Exists"}]})], BOTH),
        ([policy(selector={"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]})], []),
        ([policy(types=["Ingress"])], []),
        ([policy(types=[])], []),  # without rules and without types it is about ingress alone
        ([policy(to("10.0.0.0/8", port=443), types=[])], [DNS_SHUT]),
        # rules
        ([policy(ALL)], []),
        ([policy(DNS)], [ENDPOINT]),
        ([policy(DNS, to("10.1.0.0/16"))], []),
        ([policy(DNS, to("10.2.0.0/16"))], [ENDPOINT]),
        ([policy(DNS, to("0.0.0.0/0", "10.0.0.0/8"))], [ENDPOINT]),
        ([policy(DNS, to("0.0.0.0/0", "10.0.0.0/8"), to("10.1.0.10/32"))], []),
        ([policy(DNS, to("0.0.0.0/0", "10.2.0.0/16"))], []),
        ([policy(DNS, to("::/0"))], [ENDPOINT]),
        ([policy(DNS, {"to": [{"podSelector": {}}]})], [ENDPOINT]),
        # ports
        ([policy(DNS, to("10.1.0.0/16", port=443))], []),
        ([policy(DNS, to("10.1.0.0/16", port=443, protocol="UDP"))], [ENDPOINT]),
        ([policy(DNS, to("10.1.0.0/16", port=80))], [ENDPOINT]),
        ([policy(DNS, to("10.1.0.0/16", port=400, endPort=500))], []),
        ([policy(DNS, to("10.1.0.0/16", port=444, endPort=500))], [ENDPOINT]),
        ([policy(DNS, to("10.1.0.0/16", protocol="TCP"))], []),
        ([policy(DNS, to("10.1.0.0/16", port="https"))], [ENDPOINT]),
        # policies add up
        ([policy(DNS), policy(to("10.1.0.0/16"))], []),
        ([policy(), policy(ALL, selector={"matchLabels": {"app": "web"}})], BOTH),
        # DNS
        ([policy(to("10.1.0.0/16", port=443))], [DNS_SHUT]),
        ([policy(to("10.1.0.0/16", port=443), {**DNS, "ports": [{"port": 53, "protocol": "UDP"}]})], [DNS_TCP]),
        ([policy(to("10.1.0.0/16", port=443), {**DNS, "ports": [{"port": 53}]})], [DNS_SHUT]),
        (
            [policy(to("10.1.0.0/16", port=443), {**DNS, "ports": [{"port": "dns", "protocol": "UDP"}, {"port": 53}]})],
            [],
        ),
        (
            [
                policy(
                    to("10.1.0.0/16", port=443),
                    {"to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}]},
                )
            ],
            [],
        ),
        (
            [
                policy(
                    to("10.1.0.0/16", port=443),
                    {"to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "web"}}}]},
                )
            ],
            [DNS_SHUT],
        ),
        (
            [policy(to("10.1.0.0/16", port=443), {"to": [{"podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}]})],
            [DNS_SHUT],
        ),
        (
            [policy(to("10.1.0.0/16", port=443), {"to": [{"namespaceSelector": {"matchLabels": {"team": "core"}}}]})],
            [],
        ),  # unknown
        ([policy({"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53}]}, to("10.1.0.0/16", port=443))], []),
        ([policy(to("10.1.0.0/16"))], []),  # DNS may be in there
        # whatever has another form lets nobody through, and does not fail
        ([policy("x", None, {"to": "x"}, {"to": [7]})], BOTH),
        ([{"kind": "NetworkPolicy", "metadata": None, "spec": 7}], []),
    ],
)
def test_network_policies(given, found):
    assert codes(*given) == found


def cilium(*rules, selector=None, kind="CiliumNetworkPolicy", namespace="agents", **more):
    spec = {"endpointSelector": selector or {}, "egress": list(rules), **more}
    return {"kind": kind, "metadata": {"name": "c", "namespace": namespace}, "spec": spec}


INSIDE = {"toEndpoints": [{"matchLabels": {"k8s:io.kubernetes.pod.namespace": "kube-system", "k8s-app": "kube-dns"}}]}
TCP = {"toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}]}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([cilium()], BOTH),
        ([cilium({})], BOTH),
        ([cilium(namespace="others")], []),
        ([cilium(selector={"matchLabels": {"k8s:app": "astro-agent"}})], BOTH),
        ([cilium(selector={"matchLabels": {"any:app": "web"}})], []),
        ([cilium(enableDefaultDeny={"egress": False})], []),
        ([cilium(INSIDE)], [ENDPOINT]),
        ([cilium(INSIDE, {"toCIDR": ["10.1.0.0/16"]})], []),
        ([cilium(INSIDE, {"toCIDR": ["10.1.0.0/16"], **TCP})], []),
        ([cilium(INSIDE, {"toCIDR": ["10.1.0.0/16"], "toPorts": [{"ports": [{"port": "80"}]}]})], [ENDPOINT]),
        ([cilium(INSIDE, {"toCIDRSet": [{"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}]})], [ENDPOINT]),
        ([cilium(INSIDE, {"toCIDRSet": [{"cidrGroupRef": "astro"}]})], ["POLICY_UNCLEAR"]),
        ([cilium(INSIDE, {"toEntities": ["world"]})], []),
        ([cilium(INSIDE, {"toEntities": ["cluster"]})], [ENDPOINT]),
        ([cilium({"toEntities": ["all"]})], []),
        ([cilium(INSIDE, {"toFQDNs": [{"matchName": HOST}]})], []),
        ([cilium(INSIDE, {"toFQDNs": [{"matchPattern": "*.external.astronomer.run"}]})], []),
        ([cilium(INSIDE, {"toFQDNs": [{"matchPattern": "*.astronomer.run"}]})], [ENDPOINT]),
        ([cilium(INSIDE, {"toFQDNs": [{"matchPattern": "**.astronomer.run"}]})], []),
        ([cilium(INSIDE, {"toFQDNs": [{"matchPattern": "*"}]})], []),
        ([cilium(INSIDE, {"toFQDNs": [{"matchPattern": "*" * 200 + "x"}]})], [ENDPOINT]),
        ([cilium(INSIDE, {"toServices": [{"k8sService": {}}]})], ["POLICY_UNCLEAR"]),
        ([cilium(INSIDE, TCP)], []),
        (
            [cilium({"toEndpoints": [{"matchLabels": {"k8s-app": "kube-dns"}}]}, TCP)],
            [DNS_SHUT],
        ),  # of its own namespace
        ([cilium({"toEndpoints": [{}]}, TCP)], [DNS_SHUT]),
        ([cilium(INSIDE, {"toEntities": ["world"]}, egressDeny=[{"toCIDR": ["10.1.0.10/32"]}])], [ENDPOINT]),
        ([cilium(INSIDE, {"toEntities": ["world"]}, egressDeny=[{"toCIDR": ["10.9.0.0/16"]}])], []),
        ([cilium(kind="CiliumClusterwideNetworkPolicy", namespace="")], BOTH),
        ([cilium(selector={"matchLabels": {"io.cilium.k8s.policy.serviceaccount": "a"}})], ["POLICY_UNCLEAR"]),
        # both kinds add up
        ([policy(DNS), cilium({"toCIDR": ["10.1.0.0/16"]})], []),
    ],
)
def test_cilium_policies(given, found):
    assert codes(*given) == found


def test_a_part_of_the_subnets_that_the_endpoint_gets():
    need = Need(vpc="one", host=HOST, spans=(IPv4Network("10.1.0.0/24"), IPv4Network("10.1.1.0/24")))
    (one,) = core.check(need, [POD], [policy(DNS, to("10.1.0.0/25"), to("10.1.1.0/24"))])
    assert (one.code, one.severity) == ("POLICY_BLOCKS_SOMEWHERE", "warning")
    assert "10.1.0.128/25" in one.seen
    assert "cidr: 10.1.0.128/25" in one.remedy
    assert not core.check(need, [POD], [policy(DNS, to("10.1.0.0/23"))])


def test_the_text_says_which_policy_and_what_to_add():
    (one,) = core.check(NEED, [POD, POD], [policy(DNS)])
    assert "NetworkPolicy p in namespace agents stop worker from reaching 10.1.0.10/32" in one.seen
    assert "- {to: [{ipBlock: {cidr: 10.1.0.10/32}}], ports: [{port: 443, protocol: TCP}]}" in one.remedy


def test_dns_addresses_are_enough_where_a_policy_names_them():
    only = policy(
        to("10.1.0.0/16", port=443), to("169.254.20.10/32", port=53, protocol="UDP"), to("169.254.20.10/32", port=53)
    )
    assert [one.code for one in core.check(NEED, [POD], [only])] == [DNS_SHUT]
    assert not core.check(NEED, [POD], [only], ["169.254.20.10"])


def test_pods_with_the_nodes_network_are_not_covered():
    assert codes(policy(), pods=[{**POD, "spec": {"hostNetwork": True}}]) == []


@pytest.mark.parametrize(("address", "found"), [("10.1.5.5", []), ("10.2.5.5", [DNS_SHUT]), ("", [])])
def test_ranges_that_have_the_pods_of_dns(address, found):
    dns = {"metadata": {"namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}}, "status": {"podIP": address}}
    only = policy(to("10.1.0.0/16"))
    assert [one.code for one in core.check(NEED, [POD], [only], dns_pods=[dns])] == found
