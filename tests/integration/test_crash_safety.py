# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Setup is killed, throttled or cut off at its AWS calls, others each day: the next run converges, nothing is doubled or lost.

What an approved plan still allows is what the next run sends. Whole playbooks, with agents that work meanwhile, are for `test_chaos.py`.

The fleet is an own link, a VPC that is joined to it from another account, and a link in another region.
"""

from __future__ import annotations

import os
from pathlib import Path
from unittest import mock

import pytest
import yaml
from ansible_collections.astro.privatelink.plugins.module_utils._aws import pace, send
from ansible_collections.astro.privatelink.plugins.module_utils._aws.fleet import Fleets
from ansible_collections.astro.privatelink.plugins.module_utils._aws.session import Boto3
from ansible_collections.astro.privatelink.plugins.module_utils._core.approved import Approved
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._roles import setup as roles
from running import ROOT, run_module, settings
from sampling import sampled

FLEET = ["payments", "partner", "berlin"]
REGIONS = ("us-east-1", "eu-west-1")
SUFFIX = "external.astronomer.run."
GONE = {"deleting", "deleted"}
FOREVER = 10**6


class Setup:
    """What role setup does, module by module, in this process."""

    def __init__(self, lab):
        self.lab = lab
        inventory = yaml.safe_load(Path(lab.inventory).read_text())["agent_vpcs"]
        hostvars = {name: {**inventory["vars"], **host} for name, host in inventory["hosts"].items()}
        self.inventory = Inventory.read(hostvars, FLEET)

    def run(self):
        """True if every VPC worked."""
        endpoints = []
        for fleet in roles.fleets(self.inventory):
            endpoints.append(run_module(self.lab, "vpc_endpoint", wait_timeout=10, **fleet))
            if "vpcs" not in endpoints[-1]:
                return False
        zones = roles.zones(self.inventory, endpoints)
        done = [*endpoints, *(run_module(self.lab, "private_zone", region="us-east-1", **zone) for zone in zones)]
        return not any(result.get("failed") for result in done)

    def planned(self, approved=None):
        """What would be sent now: all of it, or without what is not ``approved``."""
        pace.PACERS.forget()
        fleets = Fleets(sdk=Boto3(options={"region": "us-east-1"}), check=True, approved=approved)
        with mock.patch.dict(os.environ, self.lab.env):
            endpoints = fleets.endpoints(roles.fleets(self.inventory))
            return [*endpoints, *fleets.zones(roles.zones(self.inventory, endpoints, planning=True))]

    def remove(self):
        """By hand, and fast: what the modules do to remove is for other tests."""
        for region in REGIONS:
            ec2 = self.lab.client("ec2", region=region)
            found = ec2.describe_vpc_endpoints()["VpcEndpoints"]
            if ids := [each["VpcEndpointId"] for each in found if each["State"] not in GONE]:
                ec2.delete_vpc_endpoints(VpcEndpointIds=ids)
            ours = {"Name": "group-name", "Values": ["astro-privatelink"]}
            for group in ec2.describe_security_groups(Filters=[ours])["SecurityGroups"]:
                ec2.delete_security_group(GroupId=group["GroupId"])
        route53 = self.lab.client("route53")
        for zone in route53.list_hosted_zones()["HostedZones"]:
            if zone["Name"] == SUFFIX:
                records = route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
                changes = [{"Action": "DELETE", "ResourceRecordSet": each} for each in records if each["Type"] == "A"]
                if changes:
                    route53.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch={"Changes": changes})
                route53.delete_hosted_zone(Id=zone["Id"])

    def state(self):
        """Everything of ours, counted; and everything of others, as it is."""
        ours, others = [], []
        for region in REGIONS:
            ec2 = self.lab.client("ec2", region=region)
            for endpoint in ec2.describe_vpc_endpoints()["VpcEndpoints"]:
                if endpoint["State"] not in GONE:
                    ours.append(f"{region} endpoint {endpoint['State']} {len(endpoint['NetworkInterfaceIds'])}")
            tag = [{"Name": "tag:managed-by", "Values": ["astro.privatelink"]}]
            holders = [vpc["VpcId"] for vpc in ec2.describe_vpcs(Filters=tag)["Vpcs"]]
            ours += [f"{region} holder" for _each in holders]
            for group in ec2.describe_security_groups()["SecurityGroups"]:
                sources = sum(len(p["UserIdGroupPairs"]) + len(p["IpRanges"]) for p in group["IpPermissions"])
                kind = ours if group["GroupName"] == "astro-privatelink" else others
                if group["VpcId"] not in holders:
                    kind.append(
                        f"{region} group {group['GroupName']} {group['GroupId'] if kind is others else sources}"
                    )
        route53 = self.lab.client("route53")
        for zone in route53.list_hosted_zones()["HostedZones"]:
            zone_id = zone["Id"].rsplit("/", 1)[-1]
            vpcs = len(route53.get_hosted_zone(Id=zone_id)["VPCs"])
            records = len(route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"])
            allowed = len(route53.list_vpc_association_authorizations(HostedZoneId=zone_id)["VPCs"])
            kind = ours if zone["Name"] == SUFFIX else others
            kind.append(f"zone {zone['Name']} vpcs {vpcs} records {records} authorised {allowed}")
        return sorted(ours), sorted(others)


@pytest.fixture(autouse=True, scope="module")
def _no_waiting():
    """Changes are in sync at once here."""
    with mock.patch.object(send, "FIRST_LOOK", 0):
        yield


@pytest.fixture(scope="module")
def setup(lab_up):
    """On the profile `kind`: these are hundreds of runs, and what AWS's times do to one is for the other tests."""
    with lab_up(topology=ROOT / "tests/lab/topologies/wide.yml", profile="kind") as lab:
        settings(lab, acceptance_seconds=0.0, pending_seconds=0.0, deleting_seconds=0.0, insync_seconds=0.0)
        lab.client("route53").create_hosted_zone(
            Name="internal.example",
            VPC={"VPCRegion": "us-east-1", "VPCId": lab.record.vpcs["payments"].id},
            CallerReference="theirs",
            HostedZoneConfig={"PrivateZone": True},
        )
        yield Setup(lab)


@pytest.fixture(scope="module")
def clean(setup):
    """Our things after an undisturbed run, others' things, and how many calls it took (all, and changes)."""
    setup.lab.reset_calls()
    assert setup.run()
    calls = setup.lab.calls()
    ours, others = setup.state()
    assert ours == [
        "eu-west-1 endpoint available 2",
        "eu-west-1 group astro-privatelink 1",
        "us-east-1 endpoint available 2",
        "us-east-1 group astro-privatelink 2",
        "zone external.astronomer.run. vpcs 1 records 3 authorised 0",
        "zone external.astronomer.run. vpcs 2 records 3 authorised 0",
    ]
    setup.remove()
    assert setup.state() == ([], others)
    return ours, others, calls["total"], calls["mutating"]


def walk(setup, clean, *faults, approved=None):
    """Disturb a run with these faults, then run undisturbed: all must be as after one clean run. What is left to send is what was
    ``approved``, and nothing else."""
    ours, others, _total, _mutating = clean
    for fault in faults:
        setup.lab.aws_fault(**fault)
    worked = setup.run()
    setup.lab.heal("aws")
    if worked:  # a holder may be left, which costs nothing; the next run deletes it
        state = [each for each in setup.state()[0] if not each.endswith(" holder")]
        assert (state, setup.state()[1]) == (ours, others), "a run that says it worked did not"
    assert setup.state()[1] == others, "something of others was touched"
    if approved is not None:
        left = setup.planned(approved)
        assert [one["text"] for answer in left for one in answer["findings"] if one["code"] == "PLAN_DIFFERS"] == []
        assert [answer["calls"] for answer in left] == [answer["calls"] for answer in setup.planned()]
    assert setup.run()
    assert setup.state() == (ours, others)
    setup.remove()
    assert setup.state() == ([], others)
    return worked


@pytest.mark.parametrize("took_effect", [False, True], ids=["before", "after"])
def test_killed_at_any_call(setup, clean, took_effect):
    """Killed before the k-th change is sent, or when it has taken effect and nobody has heard of it. A plan that was approved before
    still is what the next run sends, as far as it was not sent."""
    approved = Approved(tuple(call for answer in setup.planned() for call in answer["calls"]))
    assert approved.calls
    for k in sampled(range(1, clean[3] + 1), took_effect):
        rest = {"fault": "refused", "at": k, "count": FOREVER}
        faults = [{"fault": "lost-reply", "at": k, "mutating": True}] if took_effect else []
        if took_effect:
            rest["at"] = k + 1
        worked = walk(setup, clean, *faults, {**rest, "mutating": True}, approved=approved)
        assert not worked or k >= clean[3] - 1  # the holders of both zones go last


@pytest.mark.parametrize(("fault", "shift"), [("throttled", 0), ("lost-request", 1), ("lost-reply", 2)])
def test_a_disturbed_call_is_sent_again(setup, clean, fault, shift):
    for k in sampled(range(1, clean[3] + 1), shift):
        assert walk(setup, clean, {"fault": fault, "at": k, "mutating": True}), f"change {k} was not repeated"


def test_a_refused_call_fails_its_vpc_and_the_next_run_goes_on(setup, clean):
    """But for holders: without one a zone is made on its link's own VPC, and one that is left goes later."""
    setup.lab.reset_calls()
    assert setup.run()
    sent = {action.partition(":")[2]: count for action, count in setup.lab.calls()["by_action"].items()}
    setup.remove()
    changes = {
        action: count for action, count in sent.items() if not action.startswith(("Assume", "Describe", "Get", "List"))
    }
    assert sum(changes.values()) == clean[3]
    for action, at in sampled([(action, at) for action, count in changes.items() for at in range(1, count + 1)]):
        worked = walk(setup, clean, {"fault": "refused", "action": action, "at": at})
        assert worked == (action in {"CreateVpc", "DeleteVpc"}), f"{action} {at}"


def test_a_read_that_fails_changes_nothing_more(setup, clean):
    for k in sampled(range(1, clean[2] + 1, 3)):
        walk(setup, clean, {"fault": "refused", "at": k, "count": FOREVER})
