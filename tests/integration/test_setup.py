# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles setup and verify by way of the playbook site: stories of a fleet on the lab."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from by_hand import until
from running import play, settings

CREATES = [
    ("ec2:CreateSecurityGroup", "ledger"),
    ("ec2:AuthorizeSecurityGroupIngress", "ledger"),
    ("ec2:CreateVpcEndpoint", "ledger"),
    ("ec2:CreateSecurityGroup", "payments"),
    ("ec2:AuthorizeSecurityGroupIngress", "payments"),
    ("ec2:AuthorizeSecurityGroupIngress", "analytics"),
    ("ec2:CreateVpcEndpoint", "payments"),
    ("ec2:CreateVpc", "ledger"),
    ("route53:CreateHostedZone", "ledger"),
    ("route53:ChangeResourceRecordSets", "ledger"),
    ("route53:AssociateVPCWithHostedZone", "ledger"),
    ("route53:DisassociateVPCFromHostedZone", "ledger"),
    ("ec2:DeleteVpc", "ledger"),
    ("ec2:CreateVpc", "payments"),
    ("route53:CreateHostedZone", "payments"),
    ("route53:ChangeResourceRecordSets", "payments"),
    ("route53:AssociateVPCWithHostedZone", "payments"),
    ("route53:AssociateVPCWithHostedZone", "analytics"),
    ("route53:DisassociateVPCFromHostedZone", "payments"),
    ("ec2:DeleteVpc", "payments"),
]
#: The account of Astronomer's endpoint service.
ASTRO = "999988887777"
WORKS = {"payments": "works", "ledger": "works", "analytics": "works"}


class TestStory:
    """One lab, told from top to bottom."""

    def test_check_mode_shows_the_whole_plan_and_changes_nothing(self, lab, tmp_path):
        lab.reset_calls()
        done = play(lab, tmp_path, "site", "--check", "--diff")
        assert done.rc == 0, done.text
        assert done.calls() == CREATES
        assert lab.calls()["mutating"] == 0
        assert "<endpoint of payments>" in done.text

    def test_one_vpc_with_limit(self, lab, tmp_path):
        done = play(lab, tmp_path, "site", "--limit", "ledger")
        assert done.rc == 0, done.text
        assert done.calls() == [call for call in CREATES if call[1] == "ledger"]
        assert done.table() == {"ledger": "works"}

    def test_a_joined_vpc_waits_for_its_link(self, lab, tmp_path):
        done = play(lab, tmp_path, "site", "--limit", "analytics")
        assert done.rc == 2
        assert "LINK_NOT_SET_UP" in done.failed["analytics"]
        assert "Set up payments first" in done.failed["analytics"]

    def test_the_rest_of_the_fleet(self, lab, tmp_path):
        done = play(lab, tmp_path, "site")
        assert done.rc == 0, done.text
        assert done.calls() == [call for call in CREATES if call[1] != "ledger"]
        assert done.table() == WORKS
        report = json.loads((tmp_path / "privatelink-report" / "report.json").read_text())
        assert [(each["operation"], ",".join(each["vpcs"])) for each in report["changes"]] == done.calls()
        zones = {vpc["name"]: vpc["zone"]["hosted_zone_id"] for vpc in report["vpcs"]}
        assert zones["payments"] == zones["analytics"] != zones["ledger"] != ""

    def test_a_second_run_changes_nothing_and_reads_in_bulk(self, lab, tmp_path):
        lab.reset_calls()
        done = play(lab, tmp_path, "site")
        assert done.rc == 0
        assert not done.changed
        calls = lab.calls()
        assert calls["mutating"] == 0
        reads = calls["by_action"]
        assert reads["ec2:DescribeVpcEndpoints"] <= 4  # each step reads for itself
        assert reads["route53:ListResourceRecordSets"] <= 4  # preflight and setup read each of two zones once

    def test_check_mode_of_an_unchanged_fleet_is_silent(self, lab, tmp_path):
        done = play(lab, tmp_path, "setup", "--check", "--diff")
        assert done.rc == 0
        assert not done.changed
        assert "+++ after" not in done.text

    def test_one_vpc_with_limit_costs_no_other_its_association(self, lab, tmp_path):
        assert play(lab, tmp_path, "setup", "--limit", "payments").rc == 0
        assert play(lab, tmp_path, "verify").table() == WORKS

    def test_what_somebody_broke_is_repaired_and_only_that(self, lab, tmp_path):
        route53, ec2 = lab.client("route53"), lab.client("ec2")
        zones = route53.list_hosted_zones()["HostedZones"]
        zone = next(z for z in zones if "(payments)" in z["Config"]["Comment"])
        analytics = {"VPCRegion": "us-east-1", "VPCId": lab.record.vpcs["analytics"].id}
        route53.disassociate_vpc_from_hosted_zone(HostedZoneId=zone["Id"], VPC=analytics)
        (group,) = ec2.describe_security_groups(
            Filters=[
                {"Name": "vpc-id", "Values": [lab.record.vpcs["ledger"].id]},
                {"Name": "group-name", "Values": ["astro-privatelink"]},
            ]
        )["SecurityGroups"]
        ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])

        broken = play(lab, tmp_path, "verify")
        assert broken.rc == 2
        assert "DNS_PUBLIC_ANSWER" in broken.failed["analytics"]
        assert "TCP_TIMEOUT" in broken.failed["ledger"]
        assert "payments" not in broken.failed

        done = play(lab, tmp_path, "site")
        assert done.rc == 0, done.text
        assert done.calls() == [
            ("ec2:AuthorizeSecurityGroupIngress", "ledger"),
            ("route53:AssociateVPCWithHostedZone", "analytics"),
        ]
        assert done.table() == WORKS


def extra(**variables):
    return ["-e", json.dumps(variables)]


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"privatelink_cluster_id": "clx.external.astronomer.run"}, "is not a cluster id"),
        ({"privatelink_service_name": "astro"}, "is not the name of an endpoint service"),
        ({"privatelink_via": "nobody"}, "not in the inventory"),
        ({"privatelink_via": "ledger"}, "privatelink_via is the VPC itself"),
    ],
)
def test_a_bad_inventory_is_explained_before_aws_is_asked(lab, tmp_path, variables, text):
    lab.reset_calls()
    done = play(lab, tmp_path, "site", *extra(**variables))
    assert done.rc != 0
    assert text in done.text
    assert "ledger" in done.text
    assert lab.calls()["total"] == 0


def test_credentials_that_are_missing_are_asked_for(lab, tmp_path):
    done = play(lab, tmp_path, "setup", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert done.rc == 2
    assert "Nothing was changed" in done.text
    assert "Provide credentials" in done.text


def test_an_endpoint_url_that_nobody_answers_is_named(lab, tmp_path):
    done = play(lab, tmp_path, "setup", AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_MAX_ATTEMPTS="1")
    assert done.rc == 2
    assert "Nothing was changed" in done.text
    assert "AWS_ENDPOINT_URL" in done.text


def test_one_that_waits_for_astronomer_is_named_now_and_then_and_delays_no_other(lab_up, tmp_path):
    """Astronomer accepts the endpoint of payments only; ledger waits until the time is over."""
    with lab_up() as lab, ThreadPoolExecutor(1) as pool:
        settings(lab, acceptance_seconds=None)
        arguments = *extra(setup_wait_timeout=40), "--limit", "payments,analytics,ledger"
        running = pool.submit(play, lab, tmp_path, "setup", *arguments)
        accept(lab, "payments")
        until(
            lambda: "203.0.113.10" not in lab.look("analytics-agent")["addresses"], "the name leads to the link", 35.0
        )
        assert not running.done()
        done = running.result()
        assert set(done.failed) == {"ledger"}, done.text
        assert "PENDING_ACCEPTANCE" in done.failed["ledger"]
        assert "2 of 3 VPCs are done." in done.text
        assert "1 of 2 endpoints are available; ledger (vpce-" in done.text
        zones = lab.client("route53").list_hosted_zones()["HostedZones"]
        assert [zone["Name"] for zone in zones] == ["external.astronomer.run."]


def accept(lab, vpc):
    """What Astronomer does with an endpoint, as soon as it is there."""
    wanted = {"Filters": [{"Name": "vpc-id", "Values": [lab.record.vpcs[vpc].id]}]}

    def there():
        return lab.client("ec2").describe_vpc_endpoints(**wanted)["VpcEndpoints"]

    until(there, "the endpoint is there", 60.0)
    service = there()[0]["ServiceName"].rpartition(".")[2]
    sent = lab.client("ec2", ASTRO).accept_vpc_endpoint_connections(
        ServiceId=service, VpcEndpointIds=[each["VpcEndpointId"] for each in there()]
    )
    assert not sent["Unsuccessful"]
