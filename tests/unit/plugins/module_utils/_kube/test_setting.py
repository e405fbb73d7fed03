# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pods' specifications set, as a table."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._kube import setting as core
from ansible_collections.astro.privatelink.plugins.module_utils._kube.need import Need

HOST = "clx.external.astronomer.run"
NEED = Need(vpc="one", host=HOST, cidrs=(IPv4Network("10.1.0.0/16"),))


def pod(env=None, name="worker", env_from=(), **spec):
    env = [
        {"name": key, **(value if isinstance(value, dict) else {"value": value})} for key, value in (env or {}).items()
    ]
    container = {"name": name, "env": env, "envFrom": list(env_from)}
    return {"metadata": {"name": "worker-0", "namespace": "agents"}, "spec": {"containers": [container], **spec}}


PROXY = "http://user:secret@proxy.corp.example:3128"


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (pod(), []),
        (pod({"HTTPS_PROXY": PROXY}), ["POD_PROXY"]),
        (pod({"https_proxy": PROXY}), ["POD_PROXY"]),
        (pod({"ALL_PROXY": PROXY}), ["POD_PROXY"]),
        (pod({"HTTP_PROXY": PROXY}), []),
        (pod({"HTTPS_PROXY": ""}), []),
        (pod({"HTTPS_PROXY": PROXY, "NO_PROXY": ".external.astronomer.run"}), []),
        (pod({"HTTPS_PROXY": PROXY, "no_proxy": "localhost, external.astronomer.run"}), []),
        (pod({"HTTPS_PROXY": PROXY, "NO_PROXY": HOST}), []),
        (pod({"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}), []),
        (pod({"HTTPS_PROXY": PROXY, "NO_PROXY": ".cluster.local,10.0.0.0/8"}), ["POD_PROXY"]),
        (pod({"HTTPS_PROXY": PROXY, "NO_PROXY": "nal.astronomer.run"}), ["POD_PROXY"]),
        # what comes from elsewhere is unknown
        (pod({"HTTPS_PROXY": {"valueFrom": {"secretKeyRef": {}}}}), []),
        (pod({"HTTPS_PROXY": PROXY, "NO_PROXY": {"valueFrom": {}}}), []),
        (pod({"HTTPS_PROXY": PROXY}, env_from=[{"configMapRef": {"name": "x"}}]), []),
        (pod({"HTTPS_PROXY": PROXY}, name="istio-proxy"), []),
        # DNS and hosts
        (pod(dnsConfig={"options": [{"name": "ndots", "value": "2"}]}), []),
        (pod(dnsPolicy="None", dnsConfig={"nameservers": ["8.8.8.8"]}), ["POD_DNS"]),
        (pod(dnsPolicy="None", dnsConfig={"nameservers": ["10.1.0.2"]}), []),
        (pod(dnsConfig={"nameservers": ["169.254.20.10"]}), []),
        (pod(hostAliases=[{"ip": "10.1.0.10", "hostnames": ["x", HOST]}]), ["POD_PINNED"]),
        (pod(hostAliases=[{"ip": "10.1.0.10", "hostnames": ["x"]}]), []),
        ({"spec": {"containers": [{"env": "x"}, 7], "hostAliases": [7], "dnsConfig": []}}, []),
    ],
)
def test_settings(given, found):
    assert [one.code for one in core.check(NEED, [given])] == found


def test_credentials_of_a_proxy_are_not_shown():
    (one,) = core.check(NEED, [pod({"HTTPS_PROXY": PROXY})])
    assert "proxy.corp.example:3128" in one.seen
    assert "secret" not in one.text
    assert "secret" not in core.check(NEED, [pod({"HTTPS_PROXY": "http://[secret"})])[0].text


def test_pods_alike_are_told_once():
    (one,) = core.check(NEED, [pod({"HTTPS_PROXY": PROXY}), pod({"HTTPS_PROXY": PROXY})])
    assert "worker-0 in namespace agents" in one.seen
