# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links are taken down while agents work: nobody is cut off, nothing of others is touched, and any run can be gone on with."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._roles import setup, teardown
from astrolab import talk
from astrolab.astro.organization import DEPLOYMENT, RANGE
from by_hand import inventory
from running import ROOT, play, run_module, settings
from sampling import sampled
from watching import watched

NAMES = ["payments", "partner", "berlin"]  # an own link, one that is joined from another account, another region's
PUBLIC = "203.0.113.10"
SUFFIX = "external.astronomer.run"
UNRESTRICTED = {"teardown_deployment_unrestricted": True}
QUICK = {"teardown_drain": 1}


@pytest.fixture(scope="module")
def wide(lab_up):
    with lab_up(topology=ROOT / "tests/lab/topologies/wide.yml") as lab:
        theirs = {"VPCRegion": "us-east-1", "VPCId": lab.record.vpcs["payments"].id}
        lab.client("route53").create_hosted_zone(
            Name="internal.example", VPC=theirs, CallerReference="theirs", HostedZoneConfig={"PrivateZone": True}
        )
        yield lab


def holder(lab: Any) -> dict[str, str]:
    return {"privatelink_holder_vpc_id": lab.record.vpcs["holder"].id, "privatelink_holder_vpc_region": "us-east-1"}


def take_down(lab: Any, tmp_path: Any, *arguments: str, limit: list[str] | None = None, **variables: Any) -> Any:
    given = {**QUICK, **variables}
    return play(lab, tmp_path, "teardown", "--limit", ",".join(limit or NAMES), "-e", json.dumps(given), *arguments)


def allow(lab: Any, ranges: list[str]) -> None:
    """Somebody edits the Deployment's list in Astro."""
    remote = {"remoteExecution": {"allowedIpAddressRanges": ranges}}
    talk.say(lab.record.url, "PATCH", f"astro/deployments/{DEPLOYMENT}", remote)


def ranges(lab: Any) -> list[str]:
    found = talk.say(lab.record.url, "GET", f"astro/deployments/{DEPLOYMENT}")
    return list(found["remoteExecution"]["allowedIpAddressRanges"])


def ours_left(lab: Any) -> list[str]:
    """What is left of the collection's things, in the account of the zones."""
    found = [zone["Name"] for zone in lab.client("route53").list_hosted_zones()["HostedZones"]]
    for region in ("us-east-1", "eu-west-1"):
        ec2 = lab.client("ec2", region=region)
        endpoints = ec2.describe_vpc_endpoints()["VpcEndpoints"]
        found += [f"{region} endpoint" for e in endpoints if e["State"] not in {"deleting", "deleted"}]
        groups = ec2.describe_security_groups()["SecurityGroups"]
        found += [f"{region} group" for group in groups if group["GroupName"] == "astro-privatelink"]
    return sorted(found)


def change(route53: Any, zone: str, action: str, record: dict[str, Any]) -> None:
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)


ALL = [
    "eu-west-1 endpoint",
    "eu-west-1 group",
    "external.astronomer.run.",
    "external.astronomer.run.",
    "internal.example.",
    "us-east-1 endpoint",
    "us-east-1 group",
]


class TestStory:
    """One lab, told from top to bottom."""

    def test_nothing_is_done_while_agents_would_be_refused(self, wide, tmp_path):
        assert play(wide, tmp_path, "setup", "--limit", ",".join(NAMES)).rc == 0
        allow(wide, [str(RANGE)])
        wide.reset_calls()
        done = take_down(wide, tmp_path, **holder(wide))
        assert done.rc == 2
        assert set(done.failed) == set(NAMES)
        assert all("DEPLOYMENT_RESTRICTED" in text and str(RANGE) in text for text in done.failed.values())
        assert wide.calls()["mutating"] == 0

        unknown = take_down(wide, tmp_path, teardown_deployment_ids=[], **holder(wide))
        assert all("RESTRICTION_UNKNOWN" in text for text in unknown.failed.values())
        assert (unknown.rc, len(unknown.failed)) == (2, 3)

    def test_check_mode_shows_the_whole_plan(self, wide, tmp_path):
        wide.reset_calls()
        done = take_down(wide, tmp_path, "--check", "--diff", teardown_unlock=True, **holder(wide))
        assert done.rc == 0, done.text
        assert wide.calls()["mutating"] == 0
        assert ranges(wide) == [str(RANGE)]
        answers = [answer for r in done.results for answer in r["result"].get("answers", [])]
        planned = [call["operation"].split(":")[1] for answer in answers for call in answer["calls"]]
        zone = ["AssociateVPCWithHostedZone", "DisassociateVPCFromHostedZone"]
        gone = ["ChangeResourceRecordSets", "DeleteHostedZone"]
        assert sorted(planned) == sorted(
            [
                "UpdateDeployment",
                *zone,
                *gone,
                *zone,
                zone[1],
                *gone,
                *["DeleteVpcEndpoints", "DeleteSecurityGroup"] * 2,
            ]
        )

    def test_agents_without_another_way_keep_their_link(self, wide, tmp_path):
        """As with narrowed egress or a firewall: what leads to the internet leads nowhere."""
        wide.fault("address", PUBLIC, "dead")
        wide.reset_calls()
        done = take_down(wide, tmp_path, teardown_unlock=True, **holder(wide))
        wide.heal()
        assert done.rc == 2
        assert set(done.failed) == set(NAMES)
        for name, text in done.failed.items():
            assert f"PUBLIC_PATH_CLOSED: {name}-agent (TCP_TIMEOUT) cannot reach" in text
        assert wide.calls()["mutating"] == 0
        assert ranges(wide) == [str(RANGE)], "nothing was unlocked either"

    def test_a_link_that_others_share_stays(self, wide, tmp_path):
        wide.reset_calls()
        done = take_down(wide, tmp_path, limit=["payments"], **UNRESTRICTED, **holder(wide))
        assert done.rc == 2
        assert "ZONE_STILL_USED" in done.failed["payments"]
        assert f"partner ({wide.record.vpcs['partner'].id})" in done.failed["payments"]
        assert wide.calls()["mutating"] == 0

    def test_a_refused_run_leaves_the_deployment_as_it_was(self, wide, tmp_path):
        """What one VPC cannot do is asked before the list is opened, for the others as well."""
        wide.reset_calls()
        done = take_down(wide, tmp_path, limit=["payments", "berlin"], teardown_unlock=True, **holder(wide))
        assert done.rc == 2, done.text
        assert "ZONE_STILL_USED" in done.failed["payments"]
        assert "RESTRICTION_KEPT" in done.failed["berlin"]
        assert ranges(wide) == [str(RANGE)]
        assert wide.calls()["mutating"] == 0

    @pytest.mark.parametrize("start", ["Remove the Route 53 private hosted zone", "Delete the VPC Endpoint"])
    def test_an_agent_host_that_cannot_be_asked_keeps_its_link(self, wide, tmp_path, start):
        """Wherever a play starts, and whatever it says of errors: each step sees for itself."""
        gone = tmp_path / "gone.yml"
        gone.write_text("agent_hosts: {hosts: {berlin-agent: {lab_pid: 4194304}}}")
        wide.reset_calls()
        begin = ["--start-at-task", f"astro.privatelink.teardown : {start}"]
        given = {**UNRESTRICTED, **holder(wide)}
        done = take_down(wide, tmp_path, "-i", str(gone), *begin, limit=["berlin"], **given)
        assert done.rc == 2, done.text
        code = "NAMES_NOT_REMOVED" if start.startswith("Delete") else "PUBLIC_PATH_UNSEEN"
        assert code in done.failed["berlin"]
        assert ("WAY_BACK_UNSEEN" in done.failed["berlin"]) == start.startswith("Delete")
        assert wide.calls()["mutating"] == 0

    def test_a_gap_has_to_be_agreed_to(self, wide, tmp_path):
        """Where no VPC may be made to hold the zone meanwhile."""
        settings(wide, denied={"111111111111": ["ec2:CreateVpc"]})
        wide.reset_calls()
        done = take_down(wide, tmp_path, limit=["berlin"], **UNRESTRICTED)
        settings(wide, denied={})
        assert "NAME_GAP_UNHELD" in done.failed["berlin"]
        assert wide.calls()["mutating"] == 1  # CreateVpc itself

    def test_a_joined_vpc_is_taken_off_alone(self, wide, tmp_path):
        done = take_down(wide, tmp_path, limit=["partner"], **UNRESTRICTED)
        assert done.rc == 0, done.text
        assert wide.look("partner-agent")["addresses"] == [PUBLIC]
        assert PUBLIC not in wide.look("payments-agent")["addresses"]
        assert ours_left(wide) == ALL
        (group,) = [
            g
            for g in wide.client("ec2").describe_security_groups()["SecurityGroups"]
            if g["GroupName"] == "astro-privatelink"
        ]
        (rule,) = group["IpPermissions"]
        assert (rule["IpRanges"], len(rule["UserIdGroupPairs"])) == ([], 1)
        assert take_down(wide, tmp_path, limit=["partner"], **UNRESTRICTED).changed is False
        assert play(wide, tmp_path, "setup", "--limit", "partner").rc == 0

    def test_an_endpoint_stays_as_long_as_a_zone_of_anybody_leads_to_it(self, wide, tmp_path):
        route53 = wide.client("route53")
        zone = next(
            z["Id"] for z in route53.list_hosted_zones()["HostedZones"] if "(berlin)" in z["Config"].get("Comment", "")
        )
        records = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        (ours,) = [each for each in records if each["Type"] == "A"]
        made = route53.create_hosted_zone(
            Name=f"xyz.{SUFFIX}",
            VPC={"VPCRegion": "us-east-1", "VPCId": wide.record.vpcs["holder"].id},
            CallerReference="another cluster",
            HostedZoneConfig={"PrivateZone": True},
        )["HostedZone"]["Id"]
        theirs = {**ours, "Name": f"xyz.{SUFFIX}"}
        change(route53, made, "CREATE", theirs)
        try:
            done = take_down(wide, tmp_path, limit=["berlin"], **UNRESTRICTED, **holder(wide))
        finally:
            change(route53, made, "DELETE", theirs)
            route53.delete_hosted_zone(Id=made)
        assert done.rc == 2
        assert f"xyz.{SUFFIX} still points to endpoint" in done.failed["berlin"]
        assert "eu-west-1 endpoint" in ours_left(wide)
        assert play(wide, tmp_path, "setup", "--limit", "berlin").rc == 0

    def test_an_endpoint_stays_as_long_as_an_agent_host_needs_it(self, wide, tmp_path):
        if wide.mode == "loopback":
            pytest.skip("no hosts file there")
        hosts = wide.home.directory / "hosts" / "berlin-agent" / "hosts"
        before, address = hosts.read_text(), wide.look("berlin-agent")["addresses"][0]
        hosts.write_text(f"{before}\n{address} {wide.record.cluster_host}\n")
        try:
            done = take_down(wide, tmp_path, limit=["berlin"], teardown_timeout=5, **UNRESTRICTED, **holder(wide))
        finally:
            hosts.write_text(before)
        assert done.rc == 2
        assert "NAME_STILL_PRIVATE" in done.failed["berlin"]
        assert "eu-west-1 endpoint" in ours_left(wide)
        assert (
            ours_left(wide).count("external.astronomer.run.") == 1
        )  # the name is gone, the endpoint waits for the next run

    def test_the_fleet_goes_back_and_nobody_is_cut_off(self, wide, tmp_path):
        assert ranges(wide) == [str(RANGE)]
        with ExitStack() as stack:
            watches = {name: stack.enter_context(watched(wide, f"{name}-agent")) for name in NAMES}
            done = take_down(wide, tmp_path, teardown_unlock=True, **holder(wide))
            assert done.rc == 0, done.text
        assert ranges(wide) == []
        assert ours_left(wide) == ["internal.example."]
        for name, watch in watches.items():
            assert watch.answers[-1] == PUBLIC
            assert len(watch.answers) <= 2, f"{name}: {watch.answers}"  # the link's addresses, then the public one
            assert f"{name}-agent resolves {wide.record.cluster_host} to {PUBLIC} (public, status 404)" in done.text

    def test_a_second_run_changes_nothing(self, wide, tmp_path):
        wide.reset_calls()
        done = take_down(wide, tmp_path)
        assert (done.rc, done.changed) == (0, False), done.text
        assert wide.calls()["mutating"] == 0


class Walk:
    """What the roles setup and teardown do, module by module, in this process."""

    def __init__(self, lab: Any) -> None:
        self.lab = lab
        known = inventory(lab)["agent_vpcs"]
        self.hostvars = {name: {**known["vars"], **host, **holder(lab)} for name, host in known["hosts"].items()}

    @property
    def inventory(self) -> Inventory:
        return Inventory.read(self.hostvars, NAMES)

    def up(self) -> None:
        endpoints = [run_module(self.lab, "vpc_endpoint", **fleet) for fleet in setup.fleets(self.inventory)]
        for links in setup.zones(self.inventory, endpoints):
            assert not run_module(self.lab, "private_zone", region="us-east-1", **links).get("failed")

    def names_gone(self, accept_gap: bool = False) -> list[dict[str, Any]]:
        known = teardown.endpoints(self.inventory)
        endpoints = [run_module(self.lab, "vpc_endpoint", check=True, **fleet) for fleet in known]
        if any("vpcs" not in each for each in endpoints):
            return [{}]
        return [
            run_module(self.lab, "private_zone", region="us-east-1", **links)
            for links in teardown.zones(self.inventory, accept_gap, endpoints)
        ]

    def down(self) -> bool:
        """True if everything worked. An endpoint only goes once its names are gone."""
        zones = self.names_gone()
        if any("vpcs" not in zone for zone in zones):
            return False
        stopped = teardown.sharing(self.inventory, setup.problems(self.inventory, [], zones))
        fleets = teardown.endpoints(self.inventory.narrowed(name for name in NAMES if name not in stopped))
        done = [run_module(self.lab, "vpc_endpoint", wait_timeout=10, **fleet) for fleet in fleets]
        return not stopped and not any(result.get("failed") for result in done)


def test_broken_off_at_any_change_the_next_run_goes_on(wide):
    """Refused from the k-th change on; at no point is a name gone for a VPC that is still on its zone."""
    none = {"acceptance_seconds": 0.0, "pending_seconds": 0.0, "deleting_seconds": 0.0, "insync_seconds": 0.0}
    settings(wide, profile="kind", **none)  # 26 times down and up: this is about refusals, not about AWS's times
    walk = Walk(wide)
    walk.up()
    wide.reset_calls()
    assert walk.down()
    changes = wide.calls()["mutating"]
    assert changes == 13
    for k in sampled(range(1, changes + 1)):
        walk.up()
        wide.aws_fault(fault="refused", at=k, count=10**6, mutating=True)
        assert not walk.down()
        wide.heal("aws")
        for agent in NAMES:
            assert wide.look(f"{agent}-agent")["addresses"], f"{agent} has no answer after change {k} was refused"
        assert walk.down()
        assert ours_left(wide) == ["internal.example."]


def test_an_adopted_zone_only_loses_its_record_and_only_if_that_is_agreed_to(wide):
    route53 = wide.client("route53")
    vpc = {"VPCRegion": "eu-west-1", "VPCId": wide.record.vpcs["berlin"].id}
    made = route53.create_hosted_zone(
        Name="external.astronomer.run", VPC=vpc, CallerReference="by hand", HostedZoneConfig={"PrivateZone": True}
    )
    zone = made["HostedZone"]["Id"].rsplit("/", 1)[-1]
    walk = Walk(wide)
    walk.hostvars["berlin"]["privatelink_hosted_zone_id"] = zone
    walk.up()
    refused = [one["code"] for result in walk.names_gone() for one in result["findings"]]
    assert refused == ["NAME_LOST"]
    assert PUBLIC not in wide.look("berlin-agent")["addresses"]

    agreed = [call["operation"] for result in walk.names_gone(accept_gap=True) for call in result["calls"]]
    assert agreed == ["route53:ChangeResourceRecordSets"]
    assert [each["VPCId"] for each in route53.get_hosted_zone(Id=zone)["VPCs"]] == [vpc["VPCId"]]
    assert ours_left(wide).count("external.astronomer.run.") == 1
