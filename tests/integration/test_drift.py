# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet that somebody changed by hand: check mode says exactly what a run would do, the run does it, and no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._roles import setup
from by_hand import inventory, until
from running import play, run_module, settings

NAMES = ["payments", "ledger", "analytics"]


@dataclass(frozen=True)
class Fleet:
    """The demo's VPCs and their links, to look at and to break."""

    lab: Any

    @property
    def ec2(self) -> Any:
        return self.lab.client("ec2")

    @property
    def route53(self) -> Any:
        return self.lab.client("route53")

    def run(self, check: bool) -> list[dict[str, Any]]:
        """The modules as role setup runs them; the results of both."""
        vpcs = inventory(self.lab)["agent_vpcs"]
        hostvars = {name: {**vpcs["vars"], **host} for name, host in vpcs["hosts"].items()}
        known = Inventory.read(hostvars, NAMES)
        (links,) = setup.fleets(known)
        endpoints = run_module(self.lab, "vpc_endpoint", check=check, **links)
        (zones,) = setup.zones(known, [endpoints], planning=check)
        return [endpoints, run_module(self.lab, "private_zone", check=check, region="us-east-1", **zones)]

    def endpoint(self, vpc: str) -> dict[str, Any]:
        filters = [
            {"Name": "vpc-id", "Values": [self.lab.record.vpcs[vpc].id]},
            {"Name": "vpc-endpoint-state", "Values": ["available"]},
        ]
        return self.ec2.describe_vpc_endpoints(Filters=filters)["VpcEndpoints"][0]

    def zone(self, vpc: str) -> str:
        zones = self.route53.list_hosted_zones()["HostedZones"]
        return next(zone["Id"] for zone in zones if f"({vpc})" in zone["Config"]["Comment"])

    def record(self, vpc: str) -> dict[str, Any]:
        records = self.route53.list_resource_record_sets(HostedZoneId=self.zone(vpc))["ResourceRecordSets"]
        return next(record for record in records if record["Type"] == "A")

    def change_record(self, vpc: str, action: str, **changes: Any) -> None:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": {**self.record(vpc), **changes}}]}
        self.route53.change_resource_record_sets(HostedZoneId=self.zone(vpc), ChangeBatch=batch)


@pytest.fixture(scope="module")
def fleet(lab):
    settings(lab, acceptance_seconds=0.0, pending_seconds=0.0, deleting_seconds=0.0, insync_seconds=0.0)
    found = Fleet(lab)
    assert not any(result.get("failed") for result in found.run(check=False))
    return found


def subnet_removed(fleet):
    one = fleet.endpoint("ledger")["SubnetIds"][0]
    fleet.ec2.modify_vpc_endpoint(VpcEndpointId=fleet.endpoint("ledger")["VpcEndpointId"], RemoveSubnetIds=[one])


def group_detached(fleet):
    endpoint = fleet.endpoint("payments")
    agents = inventory(fleet.lab)["agent_vpcs"]["hosts"]["payments"]["privatelink_agent_security_groups"]
    fleet.ec2.modify_vpc_endpoint(
        VpcEndpointId=endpoint["VpcEndpointId"],
        AddSecurityGroupIds=agents,
        RemoveSecurityGroupIds=[group["GroupId"] for group in endpoint["Groups"]],
    )


def rule_revoked(fleet):
    (group,) = fleet.endpoint("ledger")["Groups"]
    (found,) = fleet.ec2.describe_security_groups(GroupIds=[group["GroupId"]])["SecurityGroups"]
    fleet.ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=found["IpPermissions"])


def rule_of_a_joined_vpc_revoked(fleet):
    (group,) = [g for g in fleet.endpoint("payments")["Groups"] if g["GroupName"] == "astro-privatelink"]
    (found,) = fleet.ec2.describe_security_groups(GroupIds=[group["GroupId"]])["SecurityGroups"]
    (rule,) = [p for p in found["IpPermissions"] if p["IpRanges"]]
    ranges_only = {**rule, "UserIdGroupPairs": []}
    fleet.ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[ranges_only])


def tag_gone(fleet):
    fleet.ec2.delete_tags(Resources=[fleet.endpoint("payments")["VpcEndpointId"]], Tags=[{"Key": "Name"}])


def record_changed(fleet):
    target = fleet.record("ledger")["AliasTarget"]
    other = {**target, "DNSName": fleet.record("payments")["AliasTarget"]["DNSName"]}
    fleet.change_record("ledger", "UPSERT", AliasTarget=other)


def record_deleted(fleet):
    fleet.change_record("payments", "DELETE")


def vpc_disassociated(fleet):
    vpc = {"VPCRegion": "us-east-1", "VPCId": fleet.lab.record.vpcs["analytics"].id}
    fleet.route53.disassociate_vpc_from_hosted_zone(HostedZoneId=fleet.zone("payments"), VPC=vpc)


def endpoint_deleted(fleet):
    gone = fleet.endpoint("ledger")["VpcEndpointId"]
    fleet.ec2.delete_vpc_endpoints(VpcEndpointIds=[gone])
    filters = [{"Name": "vpc-endpoint-id", "Values": [gone]}]

    def deleted() -> bool:
        states = [e["State"] for e in fleet.ec2.describe_vpc_endpoints(Filters=filters)["VpcEndpoints"]]
        return set(states) <= {"deleted"}

    until(deleted, "endpoint deleted")


@pytest.mark.parametrize(
    ("breaks", "operations"),
    [
        (subnet_removed, [("ec2:ModifyVpcEndpoint", ["ledger"])]),
        (group_detached, [("ec2:ModifyVpcEndpoint", ["payments"])]),
        (rule_revoked, [("ec2:AuthorizeSecurityGroupIngress", ["ledger"])]),
        (rule_of_a_joined_vpc_revoked, [("ec2:AuthorizeSecurityGroupIngress", ["analytics"])]),
        (tag_gone, [("ec2:CreateTags", ["payments"])]),
        (record_changed, [("route53:ChangeResourceRecordSets", ["ledger"])]),
        (record_deleted, [("route53:ChangeResourceRecordSets", ["payments"])]),
        (vpc_disassociated, [("route53:AssociateVPCWithHostedZone", ["analytics"])]),
        (endpoint_deleted, [("ec2:CreateVpcEndpoint", ["ledger"]), ("route53:ChangeResourceRecordSets", ["ledger"])]),
    ],
)
def test_check_mode_says_what_the_run_then_does(
    fleet: Fleet, breaks: Callable[[Fleet], None], operations: list[tuple[str, list[str]]]
) -> None:
    breaks(fleet)
    fleet.lab.reset_calls()
    checked = fleet.run(check=True)
    assert fleet.lab.calls()["mutating"] == 0
    done = fleet.run(check=False)
    again = fleet.run(check=True)
    shown = [[(c["operation"], c["vpcs"]) for r in results for c in r["calls"]] for results in (checked, done, again)]
    assert shown == [operations, operations, []]
    drifted = [r["diff"]["before"] != r["diff"]["after"] for r in checked]
    assert drifted == [r["changed"] for r in done]
    assert not any(r.get("failed") for r in (*checked, *done, *again))


def test_a_fleet_without_drift_is_found_so_cheaply_and_silently(fleet, tmp_path):
    fleet.lab.reset_calls()
    done = play(fleet.lab, tmp_path, "drift", "--diff")
    assert done.rc == 0, done.text
    assert not done.changed
    assert "+++ after" not in done.text
    calls = fleet.lab.calls()
    assert calls["mutating"] == 0
    assert (
        calls["total"] == 13
    )  # seven reads of EC2; of Route 53 a listing of each layout's zones and two reads for each zone


@pytest.mark.parametrize("mode", [[], ["--check", "--diff"]])
def test_drift_is_a_finding_of_each_vpc_and_is_left_as_it_is(fleet, tmp_path, mode):
    if not mode:
        rule_revoked(fleet)
        vpc_disassociated(fleet)
    fleet.lab.reset_calls()
    done = play(fleet.lab, tmp_path, "drift", *mode)
    assert done.rc == 2
    assert fleet.lab.calls()["mutating"] == 0
    assert set(done.failed) == {"ledger", "analytics"}
    assert done.failed["ledger"].startswith("DRIFT: ")
    assert "a run would send ec2:AuthorizeSecurityGroupIngress." in done.failed["ledger"]
    assert "a run would send route53:AssociateVPCWithHostedZone." in done.failed["analytics"]
    assert "Plan: 2 to create, 0 to change, 0 to delete." in done.text


def test_after_setup_there_is_no_drift(fleet, tmp_path):
    assert play(fleet.lab, tmp_path, "setup").rc == 0
    assert play(fleet.lab, tmp_path, "drift").rc == 0
