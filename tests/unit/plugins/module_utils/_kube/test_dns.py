# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CoreDNS's configuration makes of the cluster's host, as a table."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._kube import dns as core
from ansible_collections.astro.privatelink.plugins.module_utils._kube.need import Need

HOST = "clx.external.astronomer.run"
NEED = Need(vpc="one", host=HOST, cidrs=(IPv4Network("10.1.0.0/16"),))
#: As EKS delivers it.
USUAL = """
.:53 {
    errors
    health {
        lameduck 5s
      }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
      pods insecure
      fallthrough in-addr.arpa ip6.arpa
    }
    prometheus :9153
    forward . /etc/resolv.conf
    cache 30
    loop
    reload
    loadbalance
}
"""
ELSEWHERE, ANSWERS, CACHE = "CLUSTER_DNS_ELSEWHERE", "CLUSTER_DNS_ANSWERS", "CLUSTER_DNS_CACHE"


def config(corefile, name="coredns"):
    return {"metadata": {"name": name, "namespace": "kube-system"}, "data": {"Corefile": corefile}}


def block(*lines, zone=".:53"):
    return "\n".join([f"{zone} {{", *lines, "}", ""])


PLAIN = ("forward . /etc/resolv.conf", "cache 30")


@pytest.mark.parametrize(
    ("corefile", "found"),
    [
        (USUAL, []),
        # to whom it is forwarded
        (block("forward . 10.1.0.2", "cache 30"), []),
        (block("forward . 169.254.169.253:53", "cache 30"), []),
        (block("forward . dns://10.1.0.2", "cache 30"), []),
        (block("forward . 10.9.0.53", "cache 30"), [ELSEWHERE]),
        (block("forward . 10.1.0.2 8.8.8.8", "cache 30"), [ELSEWHERE]),
        (block("forward . tls://9.9.9.9 {", "tls_servername dns.quad9.net", "}", "cache 30"), [ELSEWHERE]),
        (block("forward . 8.8.8.8 {", f"except {HOST}", "}", "cache 30"), []),
        (block("forward . 8.8.8.8 {", "except external.astronomer.run corp.example", "}", "cache 30"), []),
        (block("forward corp.example 10.9.0.53", *PLAIN), []),
        (block("forward astronomer.run 10.9.0.53", *PLAIN), [ELSEWHERE]),
        (block("# forward . 8.8.8.8", *PLAIN), []),
        # server blocks: the longest zone answers
        (block("forward . 8.8.8.8", "cache 30") + block(*PLAIN, zone="external.astronomer.run:53"), []),
        (USUAL + block("forward . 8.8.8.8", "cache 30", zone="astronomer.run"), [ELSEWHERE]),
        (USUAL + block("forward . 8.8.8.8", "cache 30", zone="corp.example, dns://astronomer.run:53"), [ELSEWHERE]),
        (USUAL + block("forward . 8.8.8.8", "cache 30", zone="corp.example"), []),
        (USUAL + block("forward . 8.8.8.8", "cache 30", zone="xastronomer.run"), []),
        ("(up) {\nforward . 8.8.8.8\n}\n" + block("import up", "cache 30"), [ELSEWHERE]),
        (block("import /etc/coredns/custom/*.override", *PLAIN), []),
        # how long answers stay
        (block("forward . /etc/resolv.conf", "cache"), [CACHE]),
        (block("forward . /etc/resolv.conf", "cache 300"), [CACHE]),
        (block("forward . /etc/resolv.conf", "cache 60"), []),
        (block("forward . /etc/resolv.conf", "cache {", "success 9984 30", "denial 9984 30", "}"), []),
        (block("forward . /etc/resolv.conf", "cache 30 {", "success 9984 600", "}"), [CACHE]),
        (block("forward . /etc/resolv.conf", "cache 30 {", "serve_stale 1h", "}"), [CACHE]),
        # answers of its own
        (block("hosts {", f"10.1.0.10 {HOST}", "fallthrough", "}", *PLAIN), [ANSWERS]),
        (block("hosts {", "10.1.0.10 other.example", "fallthrough", "}", *PLAIN), []),
        (
            block("template IN A external.astronomer.run {", 'answer "{{ .Name }} 60 IN A 10.1.0.10"', "}", *PLAIN),
            [ANSWERS],
        ),
        (block("template IN A corp.example {", 'answer "{{ .Name }} 60 IN A 10.1.0.10"', "}", *PLAIN), []),
        (block("template IN AAAA {", "rcode NOERROR", "}", *PLAIN), []),
        (block(f"rewrite name {HOST} other.example", *PLAIN), [ANSWERS]),
        (block("rewrite stop name suffix .astronomer.run .corp.example", *PLAIN), [ANSWERS]),
        (block("rewrite name regex (.*)\\.example other.example", *PLAIN), []),
        # NodeLocal DNSCache
        (block("bind 169.254.20.10", "forward . __PILLAR__UPSTREAM__SERVERS__", "cache 30"), []),
        (block("forward . __PILLAR__CLUSTER__DNS__ {", "force_tcp", "}", "cache 30"), []),
        # what has no form that is known is not judged
        ("", []),
        ("}", []),
        (".:53 {\nforward . 8.8.8.8\n", []),
        (block("forward . 8.8.8.8", zone="corp.example"), []),
    ],
)
def test_what_becomes_of_the_name(corefile, found):
    assert [one.code for one in core.check(NEED, [config(corefile)])] == found


LOCAL = block("bind 169.254.20.10", "forward . 172.20.0.10 {", "force_tcp", "}", "cache 30", zone="cluster.local:53")


@pytest.mark.parametrize(
    ("local", "cluster", "found"),
    [
        (LOCAL + block("forward . 172.20.0.10", "cache 30"), USUAL, []),
        (LOCAL + block("forward . 172.20.0.10", "cache 30"), block("forward . 8.8.8.8", "cache 30"), [ELSEWHERE]),
        (LOCAL + block("forward . __PILLAR__UPSTREAM__SERVERS__", "cache 30"), block("forward . 8.8.8.8"), []),
        (LOCAL + block("forward . /etc/resolv.conf", "cache"), block("forward . 8.8.8.8"), [CACHE]),
        (LOCAL + block("forward . 10.9.0.53", "cache 30"), USUAL, [ELSEWHERE]),
        (LOCAL, block("forward . 8.8.8.8", "cache 30"), [ELSEWHERE]),
    ],
)
def test_what_pods_ask_on_their_node_comes_first(local, cluster, found):
    configs = [config(local, "node-local-dns"), config(cluster)]
    assert [one.code for one in core.check(NEED, configs)] == found


def test_objects_of_another_form():
    assert core.check(NEED, [{}, {"data": {"Corefile": 7}}, {"data": []}]) == []


def test_the_text_names_the_configmap_the_servers_and_the_line():
    (one,) = core.check(
        NEED, [config(block("forward . 10.9.0.53 10.1.0.2 {", "prefer_udp", "}", "cache 30"), "node-local-dns")]
    )
    assert one.seen == (
        f"The cluster's DNS (kube-system/node-local-dns) forwards {HOST} to 10.9.0.53: forward . 10.9.0.53 10.1.0.2."
    )
