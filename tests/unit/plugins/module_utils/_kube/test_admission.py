# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods whose security groups an endpoint does not admit, as a table."""

from __future__ import annotations

import json

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._kube import admission as core

NODE = core.Interface(id="eni-1", groups=frozenset({"sg-node"}), spans=frozenset({"10.1.0.5", "10.1.0.16/28"}))
BRANCH = core.Interface(id="eni-2", groups=frozenset({"sg-pod"}), spans=frozenset({"10.1.0.99"}))


def pod(address="10.1.0.17", own=None):
    notes = {} if own is None else {"vpc.amazonaws.com/pod-eni": own if isinstance(own, str) else json.dumps(own)}
    return {"metadata": {"name": "w", "namespace": "a", "annotations": notes}, "status": {"podIP": address}}


OWN = [{"eniId": "eni-2", "privateIp": "10.1.0.99", "vlanId": 1}]


@pytest.mark.parametrize(
    ("given", "admitted", "found"),
    [
        (pod(), ["sg-node"], ""),
        (pod(), ["sg-other"], "sg-node"),
        (pod("10.1.0.5"), ["sg-other"], "sg-node"),
        (pod(), ["10.1.0.0/16"], ""),
        (pod(), ["10.1.0.0/28"], "sg-node"),
        (pod(), ["pl-1"], ""),
        (pod("10.1.7.7"), ["sg-other"], ""),  # no interface is known
        (pod("10.1.0.99", OWN), ["sg-node"], "sg-pod"),
        (pod("10.1.0.99", OWN), ["sg-pod"], ""),
        (pod("10.1.0.17", OWN), ["sg-node"], "sg-pod"),  # the annotation says more than the address
        (pod("10.1.0.17", [{"eniId": "eni-9", "privateIp": "10.1.0.17"}]), ["sg-other"], ""),
        (pod("10.1.0.17", "{{ 7 }}"), ["sg-other"], "sg-node"),
        (pod("10.1.0.17", "[" * 3000), ["sg-other"], "sg-node"),
        (pod("10.1.0.17", [7, {"eniId": "../x"}]), ["sg-other"], "sg-node"),
    ],
)
def test_groups_of_pods(given, admitted, found):
    placed = core.placed(given)
    got = core.check("one", [placed], [NODE, BRANCH], admitted, ["sg-end"])
    assert [one.code for one in got] == (["POD_NOT_ADMITTED"] if found else [])
    assert all(found in one.seen and "sg-end" in one.seen for one in got)


def test_a_pod_without_an_address_is_nowhere():
    assert core.placed({"status": {"podIP": "fd00::1"}}) is None
    assert core.placed({}) is None
