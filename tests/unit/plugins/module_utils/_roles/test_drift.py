# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans that were not sent, as findings."""

from __future__ import annotations

from ansible_collections.astro.privatelink.plugins.module_utils._roles import drift as core


def plan(*calls):
    return {"calls": [{"operation": operation, "vpcs": list(vpcs)} for operation, *vpcs in calls]}


def test_each_vpc_is_told_what_a_run_would_send_for_it():
    plans = [
        plan(("ec2:CreateTags", "one"), ("ec2:AuthorizeSecurityGroupIngress", "two", "three")),
        plan(("route53:AssociateVPCWithHostedZone", "two")),
    ]
    found = core.drift(["zero", "one", "two", "three"], plans)
    assert list(found) == ["one", "two", "three"]
    assert found["two"][0]["code"] == "DRIFT"
    assert "send ec2:AuthorizeSecurityGroupIngress, route53:AssociateVPCWithHostedZone." in found["two"][0]["seen"]
    assert "send ec2:CreateTags." in found["one"][0]["seen"]


def test_no_call_is_no_drift():
    assert core.drift(["one"], [plan(), plan()]) == {}
    assert core.drift([], []) == {}
