# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links change their shape while agents resolve the name all the time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from astrolab import talk
from by_hand import inventory
from running import ROOT, play
from watching import watched

SUFFIX = "external.astronomer.run."
HOST = f"clmh1kd8v000108l3a9v7c5x2.{SUFFIX}"
OPEN = ["-e", "teardown_deployment_unrestricted=true"]


@pytest.fixture(scope="module")
def wide(lab_up, tmp_path_factory):
    topology = yaml.safe_load((ROOT / "tests/lab/topologies/wide.yml").read_text())
    topology["peerings"].append({"requester": "partner", "accepter": "vault", "routes": "both"})
    path = tmp_path_factory.mktemp("changes") / "topology.yml"
    path.write_text(yaml.safe_dump(topology))
    with lab_up(topology=path) as lab:
        done = play(lab, Path(lab.inventory).parent, "setup", "--limit", "payments,partner")
        assert done.rc == 0, done.text
        yield lab


def own(lab: Any, tmp_path: Path, **more: str) -> Path:
    """The lab's inventory, in which partner no longer joins payments."""
    known, path = inventory(lab), tmp_path / "own.yml"
    partner = known["agent_vpcs"]["hosts"]["partner"]
    del partner["privatelink_via"]
    partner.update(more)
    path.write_text(yaml.safe_dump(known))
    return path


def test_in_a_zone_of_the_same_name_it_is_refused_with_the_way_to_go_and_the_agents_keep_their_link(wide, tmp_path):
    wide.reset_calls()
    with watched(wide, "partner-agent") as watch:
        done = play(wide, tmp_path, "setup", "--limit", "partner", inventory=own(wide, tmp_path))
    assert done.rc == 2
    assert wide.calls()["mutating"] == 0
    assert "ZONE_CONFLICT" in done.failed["partner"]
    assert "privatelink_dns_layout: host_zone" in done.failed["partner"]
    assert len(watch.answers) == 1, watch.answers
    assert watch.asked > 5  # a refusal takes less than a second


def test_with_a_zone_of_the_host_the_name_moves_from_one_link_to_the_other(wide, tmp_path):
    before = ",".join(sorted(wide.look("partner-agent")["addresses"]))
    path = own(wide, tmp_path, privatelink_dns_layout="host_zone")
    with watched(wide, "partner-agent") as partner, watched(wide, "payments-agent") as payments:
        done = play(wide, tmp_path, "setup", "--limit", "partner", inventory=path)
    assert done.rc == 0, done.text
    after = ",".join(sorted(wide.look("partner-agent")["addresses"]))
    assert partner.answers == [before, after]
    assert after.startswith("10.50.")  # an address of its own VPC
    assert payments.answers == [before]


def test_what_is_left_of_the_joined_link_is_told_and_taken_away(wide, tmp_path):
    path = own(wide, tmp_path, privatelink_dns_layout="host_zone")
    told = play(wide, tmp_path, "drift", "--limit", "partner", inventory=path)
    print(told.text)
    assert told.rc == 0
    assert "FORMER_ZONE_LEFT" in told.text
    with watched(wide, "partner-agent") as partner:
        moved = play(wide, tmp_path, "move_dns_layout", "--limit", "partner", inventory=path)
    assert moved.rc == 0, moved.text
    assert len(partner.answers) == 1, partner.answers
    assert zones_of(wide, "partner") == {HOST}
    wide.reset_calls()
    again = play(wide, tmp_path, "move_dns_layout", "--limit", "partner", inventory=path)
    assert (again.rc, wide.calls()["mutating"]) == (0, 0)
    assert "FORMER_ZONE_LEFT" not in play(wide, tmp_path, "drift", "--limit", "partner", inventory=path).text


class TestOwnToJoined:
    """The way back: partner joins payments again, and has a link of its own until its agents use the other one."""

    def test_setup_does_not_claim_that_agents_have_moved(self, wide, tmp_path):
        with watched(wide, "partner-agent") as partner:
            done = play(wide, tmp_path, "setup", "--limit", "partner")
        assert done.rc == 2
        assert "Run the playbook move_dns_layout" in done.failed["partner"]
        assert len(partner.answers) == 1
        assert zones_of(wide, "partner") == {HOST, SUFFIX}

    @pytest.mark.parametrize("playbook", ["drift", "verify"])
    def test_nor_do_others(self, wide, tmp_path, playbook):
        done = play(wide, tmp_path, playbook, "--limit", "partner")
        assert done.rc == 2
        assert "partner" in done.failed

    def test_a_teardown_of_the_former_link_does_not_lead_agents_to_the_other_one(self, wide, tmp_path):
        path = own(wide, tmp_path, privatelink_dns_layout="host_zone")
        for how in (["--check"], []):
            wide.reset_calls()
            done = play(wide, tmp_path, "teardown", "--limit", "partner", *OPEN, *how, inventory=path)
            assert done.rc == 2
            assert "would not go back to the public path" in done.failed["partner"]
            assert wide.calls()["mutating"] == 0

    def test_nor_where_only_the_vpc_itself_tells_of_the_other_zone(self, wide, tmp_path):
        """It is in an account that this inventory does not know."""
        path = own(wide, tmp_path, privatelink_dns_layout="host_zone")
        known = yaml.safe_load(path.read_text())
        known["agent_vpcs"]["hosts"] = {"partner": known["agent_vpcs"]["hosts"]["partner"]}
        known["agent_hosts"]["hosts"] = {"partner-agent": known["agent_hosts"]["hosts"]["partner-agent"]}
        path.write_text(yaml.safe_dump(known))
        gap = ["-e", "teardown_accept_gap=true"]
        wide.reset_calls()
        done = play(wide, tmp_path, "teardown", *OPEN, *gap, inventory=path)
        assert done.rc == 2
        assert "its records cannot be read" in done.failed["partner"]
        with denied(wide, "partner", "route53:ListHostedZonesByVPC"):
            done = play(wide, tmp_path, "teardown", *OPEN, *gap, inventory=path)
        assert done.rc == 2
        assert "Nothing was changed for it." in done.failed["partner"]
        assert wide.calls()["mutating"] == 0

    def test_the_name_moves_once_agents_reach_the_other_link(self, wide, tmp_path):
        before = ",".join(sorted(wide.look("partner-agent")["addresses"]))
        with watched(wide, "partner-agent") as partner, watched(wide, "payments-agent") as payments:
            done = play(wide, tmp_path, "move_dns_layout", "--limit", "partner")
        assert done.rc == 0, done.text
        after = ",".join(sorted(wide.look("payments-agent")["addresses"]))
        assert partner.answers == [before, after]
        assert payments.answers == [after]
        assert zones_of(wide, "partner") == {SUFFIX}
        assert play(wide, tmp_path, "drift", "--limit", "partner").rc == 0

    def test_then_its_own_endpoint_goes_and_no_agent_notices(self, wide, tmp_path):
        path = own(wide, tmp_path, privatelink_dns_layout="host_zone")
        with watched(wide, "partner-agent") as partner:
            done = play(wide, tmp_path, "teardown", "--limit", "partner", *OPEN, inventory=path)
        assert done.rc == 0, done.text
        assert len(partner.answers) == 1
        assert play(wide, tmp_path, "drift", "--limit", "partner").rc == 0


def test_drift_names_accounts_in_which_it_could_not_look_for_other_zones(wide, tmp_path):
    with denied(wide, "vault", "route53:ListHostedZonesByName"):
        done = play(wide, tmp_path, "drift", "--limit", "payments")
    assert done.rc == 0, done.text
    told = " ".join(done.text.split())
    assert "Whether other zones answer before those of the links was not checked with role" in told
    assert "ListHostedZonesByName" in told


@contextmanager
def denied(lab: Any, vpc: str, *actions: str) -> Iterator[None]:
    """What AWS refuses in the account of a VPC for a while."""
    refused = {lab.record.vpcs[vpc].account: list(actions)}
    talk.say(lab.record.url, "PATCH", "settings", {"denied": refused})
    try:
        yield
    finally:
        talk.say(lab.record.url, "PATCH", "settings", {"denied": {}})


@pytest.fixture(scope="module")
def hubs(wide, tmp_path_factory):
    """The inventory in which partner uses the link of vault, which is there."""
    known, directory = inventory(wide), tmp_path_factory.mktemp("hubs")
    path = directory / "hubs.yml"
    known["agent_vpcs"]["hosts"]["vault"]["privatelink_dns_layout"] = "host_zone"
    known["agent_vpcs"]["hosts"]["partner"]["privatelink_via"] = "vault"
    path.write_text(yaml.safe_dump(known))
    done = play(wide, directory, "setup", "--limit", "vault", inventory=path)
    assert done.rc == 0, done.text
    return path


class TestAnotherHub:
    """partner leaves payments for vault, whose zone has the other layout."""

    def test_the_name_moves_without_a_gap(self, wide, hubs, tmp_path):
        names = ["partner", "payments", "vault"]
        before = {name: ",".join(sorted(wide.look(f"{name}-agent")["addresses"])) for name in names}
        with ExitStack() as stack:
            seen = {name: stack.enter_context(watched(wide, f"{name}-agent")) for name in names}
            done = play(wide, tmp_path, "setup", "--limit", "partner", inventory=hubs)
            assert done.rc == 0, done.text
            done = play(wide, tmp_path, "move_dns_layout", "--limit", "partner", inventory=hubs)
            assert done.rc == 0, done.text
        assert seen["partner"].answers == [before["payments"], before["vault"]]
        assert [seen[name].answers for name in names[1:]] == [[before[name]] for name in names[1:]]
        assert zones_of(wide, "partner") == {HOST}
        assert play(wide, tmp_path, "drift", "--limit", "partner,vault", inventory=hubs).rc == 0

    def test_a_vpc_that_leaves_goes_back_to_the_public_path_and_no_other_does(self, wide, hubs, tmp_path):
        before = [",".join(sorted(wide.look(f"{name}-agent")["addresses"])) for name in ("partner", "vault")]
        with watched(wide, "partner-agent") as partner, watched(wide, "vault-agent") as vault:
            done = play(wide, tmp_path, "teardown", "--limit", "partner", *OPEN, inventory=hubs)
        assert done.rc == 0, done.text
        assert partner.answers[0] == before[0]
        assert len(partner.answers) == 2  # then the public address
        assert "10.60." not in partner.answers[1]
        assert vault.answers == [before[1]]
        assert zones_of(wide, "partner") == set()


class TestASubnetGoes:
    def given(self, lab: Any, tmp_path: Path, *subnets: str) -> Path:
        known, path = inventory(lab), tmp_path / "subnets.yml"
        there = lab.record.vpcs["payments"]
        found = lab.client("ec2", account=there.account).describe_subnets(
            Filters=[{"Name": "vpc-id", "Values": [there.id]}]
        )
        ids = {subnet["CidrBlock"]: subnet["SubnetId"] for subnet in found["Subnets"]}
        known["agent_vpcs"]["hosts"]["payments"]["privatelink_subnet_ids"] = [ids[each] for each in subnets]
        path.write_text(yaml.safe_dump(known))
        return path

    def test_it_stays_while_an_agent_does_not_get_to_the_others(self, wide, tmp_path):
        path = self.given(wide, tmp_path, "10.10.2.0/24")
        with closed(wide, "payments", "10.10.2.0/24"):
            for how in (["--check"], []):
                wide.reset_calls()
                done = play(wide, tmp_path, "setup", "--limit", "payments", *how, inventory=path)
                assert done.rc == 2
                assert "do not reach it through those that stay" in done.failed["payments"]
                assert wide.calls()["mutating"] == 0

    def test_it_goes_once_all_do(self, wide, tmp_path):
        path = self.given(wide, tmp_path, "10.10.2.0/24")
        with watched(wide, "payments-agent") as payments:
            done = play(wide, tmp_path, "setup", "--limit", "payments", inventory=path)
        assert done.rc == 0, done.text
        assert len(payments.answers) == 2
        assert all(payments.answers)
        assert payments.answers[1] in payments.answers[0]  # one of the two addresses is left
        back = self.given(wide, tmp_path, "10.10.1.0/24", "10.10.2.0/24")
        assert play(wide, tmp_path, "setup", "--limit", "payments", inventory=back).rc == 0

    def test_where_nobody_can_try_the_others_it_says_so(self, wide, tmp_path):
        path = self.given(wide, tmp_path, "10.10.2.0/24")
        known = yaml.safe_load(path.read_text())
        del known["agent_hosts"]["hosts"]["payments-agent"]
        path.write_text(yaml.safe_dump(known))
        told = play(wide, tmp_path, "setup", "--limit", "payments", "--check", inventory=path)
        assert "no agent host of this VPC was there to test those that stay" in " ".join(told.text.split())


class TestDisasterRecovery:
    """The hostname stays after a failover, and is served behind the endpoint service of the secondary cluster."""

    def to(self, lab: Any, tmp_path: Path, service: str, **more: Any) -> Any:
        given = json.dumps({"privatelink_service_name": service, **more})
        return play(lab, tmp_path, "setup", "--limit", "payments", "-e", given)

    def test_the_secondary_link_is_made_and_tried_before_and_no_name_leads_to_it(self, wide, secondary, tmp_path):
        with watched(wide, "payments-agent") as payments:
            done = self.to(wide, tmp_path, secondary, setup_endpoints_only=True)
        assert done.rc == 0, done.text
        assert "Names stay as they are. The endpoints of 1 VPC were tried from agent hosts." in done.text
        assert "ENDPOINT_LEFT_OVER" not in done.text  # the one in use is nothing to delete
        assert len(payments.answers) == 1
        assert len(addresses(wide, secondary)) == 2

    def test_what_does_not_answer_is_told_before_it_is_needed(self, wide, secondary, tmp_path):
        wide.fault("address", addresses(wide, secondary)[0], "dead")
        done = self.to(wide, tmp_path, secondary, setup_endpoints_only="yes")
        wide.heal()
        assert done.rc == 2
        assert "TCP_TIMEOUT_ONE_AZ" in done.failed["payments"]

    def test_the_name_moves_there_and_back_without_a_gap(self, wide, secondary, tmp_path):
        before = ",".join(sorted(wide.look("payments-agent")["addresses"]))
        with watched(wide, "payments-agent") as payments:
            there = self.to(wide, tmp_path, secondary)
            back = play(wide, tmp_path, "setup", "--limit", "payments")
        assert (there.rc, back.rc) == (0, 0), there.text + back.text
        assert payments.answers == [before, ",".join(sorted(addresses(wide, secondary))), before]


def addresses(lab: Any, service: str) -> list[str]:
    """Those of the endpoint to a service."""
    ec2 = lab.client("ec2")
    found = ec2.describe_vpc_endpoints(Filters=[{"Name": "service-name", "Values": [service]}])["VpcEndpoints"]
    ids = [each for endpoint in found for each in endpoint["NetworkInterfaceIds"]]
    there = ec2.describe_network_interfaces(NetworkInterfaceIds=ids)["NetworkInterfaces"]
    return [each["PrivateIpAddress"] for each in there]


@pytest.fixture(scope="module")
def secondary(wide):
    content = {
        "account": "999999999999",
        "region": "us-east-1",
        "zones": ["use1-az1", "use1-az2"],
        "acceptance_required": False,
        "principals": ["arn:aws:iam::111111111111:root"],
        "supported_regions": ["us-east-1"],
    }
    return str(talk.say(wide.record.url, "PUT", "services", content)["name"])


@contextmanager
def closed(lab: Any, vpc: str, cidr: str) -> Iterator[None]:
    """A network ACL lets nothing into a subnet."""
    there = lab.record.vpcs[vpc]
    ec2 = lab.client("ec2", account=there.account)
    found = ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [there.id]}])["NetworkAcls"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "cidr-block", "Values": [cidr]}])["Subnets"]
    (subnet,) = [each["SubnetId"] for each in subnets]
    acl = ec2.create_network_acl(VpcId=there.id)["NetworkAcl"]["NetworkAclId"]
    (now,) = [a["NetworkAclAssociationId"] for each in found for a in each["Associations"] if a["SubnetId"] == subnet]
    changed = ec2.replace_network_acl_association(AssociationId=now, NetworkAclId=acl)["NewAssociationId"]
    try:
        yield
    finally:
        (default,) = [each["NetworkAclId"] for each in found if each["IsDefault"]]
        ec2.replace_network_acl_association(AssociationId=changed, NetworkAclId=default)


def zones_of(lab: Any, vpc: str) -> set[str]:
    """The names of the zones that serve a VPC, of all accounts."""
    there = lab.record.vpcs[vpc]
    found = lab.client("route53", account=there.account).list_hosted_zones_by_vpc(
        VPCId=there.id, VPCRegion=there.region
    )
    return {zone["Name"] for zone in found["HostedZoneSummaries"]}
