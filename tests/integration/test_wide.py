# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fleets over regions and accounts, and a holder VPC: by way of the playbook site."""

from __future__ import annotations

import json

import pytest
from running import ROOT, play

WORKS = dict.fromkeys(["payments", "berlin", "partner", "vault"], "works")


@pytest.fixture(scope="module")
def wide(lab_up):
    with lab_up(topology=ROOT / "tests/lab/topologies/wide.yml") as lab:
        yield lab


def test_every_vpc_works_and_a_second_run_changes_nothing(wide, tmp_path):
    held = {"privatelink_holder_vpc_id": wide.record.vpcs["holder"].id, "privatelink_holder_vpc_region": "us-east-1"}
    confirmed = ["-e", json.dumps({"privatelink_support_confirmed": True})]
    holder = ["-e", json.dumps(held)]
    limit = ["--limit", "payments,partner,berlin"]  # the holder is in their zone's account
    first = play(wide, tmp_path, "site", *confirmed, *limit, *holder)
    assert first.rc == 0, first.text
    calls = [operation for operation, _vpc in first.calls()]
    assert calls.count("route53:DisassociateVPCFromHostedZone") == 2  # the holder has left both zones
    assert calls.count("route53:CreateVPCAssociationAuthorization") == 1
    assert calls.count("route53:DeleteVPCAssociationAuthorization") == 1

    rest = play(wide, tmp_path, "site", *confirmed)
    assert (rest.rc, rest.table()) == (0, WORKS), rest.text
    again = play(wide, tmp_path, "setup")
    assert (again.rc, again.changed) == (0, False)


def test_nothing_is_left_authorised_and_each_account_has_its_own(wide):
    route53 = wide.client("route53")
    zones = route53.list_hosted_zones()["HostedZones"]
    assert len(zones) == 2
    for zone in zones:
        zone_id = zone["Id"].rsplit("/", 1)[-1]
        assert route53.list_vpc_association_authorizations(HostedZoneId=zone_id)["VPCs"] == []
    assert len(wide.client("route53", account="222222222222").list_hosted_zones()["HostedZones"]) == 1


def test_the_host_layout_makes_a_zone_of_one_name(lab, tmp_path):
    layout = ["-e", json.dumps({"privatelink_dns_layout": "host_zone"})]
    done = play(lab, tmp_path, "site", *layout)
    assert done.rc == 0, done.text
    names = {zone["Name"] for zone in lab.client("route53").list_hosted_zones()["HostedZones"]}
    assert names == {"clmh1kd8v000108l3a9v7c5x2.external.astronomer.run."}
    other = lab.look("payments-agent", "clq7t3w5z000209mb4d8e6f1y.external.astronomer.run")
    assert other["addresses"] == ["203.0.113.20"]  # the suffix zone would hide this cluster
