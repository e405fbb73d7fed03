# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies that `iam_policies` writes for an inventory allow every call of its plays, and nothing that none of them needs.

The lab records what IAM is asked about each call: the action, each resource, the values of conditions' keys. `astrolab.aws.policies`
decides as IAM does. One fleet over regions and accounts goes from the first look to the way back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._roles import setup
from astrolab.aws.policies import Demand, Policy, Right, allowed_by, rights
from astrolab.lab import Lab
from by_hand import inventory
from conftest import LabUp
from running import ROOT, Play, play, run_module

#: Preflight asks by dry runs whether it might make these; docs/iam.md says so.
DRY_RUNS = {"ec2:CreateSecurityGroup", "ec2:CreateVpcEndpoint", "ec2:CreateTags", "vpce:AllowMultiRegion"}

_READS, _ENDS, _GROUPS = "ReadWhatIsThere", "ChangeAndDeleteItsEndpoints", "ChangeAndDeleteItsSecurityGroups"
_ZONES, _RELEASE = "DeleteAndReleasePrivateZones", "unit/plugins/module_utils/_link/test_existing.py"
#: Rights that this fleet does not need: which test below tests/ uses them, and where they are needed.
ELSEWHERE: dict[Right, tuple[str, str]] = {
    (_READS, "ec2:DescribeInstances"): (
        "integration/test_inventory.py",
        "the inventory plugin finds agent hosts by tags",
    ),
    (_READS, "ec2:DescribeSecurityGroupVpcAssociations"): (
        "unit/plugins/module_utils/_aws/test_not_yet.py",
        "a security group of another VPC",
    ),
    (_READS, "ec2:DescribeTransitGateways"): (
        "integration/test_preflight.py",
        "security groups of VPCs behind a transit gateway",
    ),
    (_READS, "ec2:DescribeTransitGatewayVpcAttachments"): ("integration/test_preflight.py", "the same"),
    (_READS, "ec2:DescribeVpcPeeringConnections"): ("integration/test_preflight.py", "security groups of a peered VPC"),
    (_READS, "eks:DescribeCluster"): ("integration/test_inventory_eks.py", "agents on EKS"),
    (_READS, "eks:ListClusters"): ("integration/test_inventory_eks.py", "the inventory plugin finds EKS clusters"),
    (_READS, "route53:GetHostedZoneLimit"): ("integration/test_preflight.py", "preflight of a zone that is there"),
    (_READS, "route53profiles:ListProfileResourceAssociations"): (
        "integration/test_preflight.py",
        "a VPC with a Profile",
    ),
    (_READS, "route53resolver:ListResolverRules"): ("integration/test_preflight.py", "a VPC with a resolver rule"),
    (_READS, "servicequotas:GetServiceQuota"): (
        "integration/test_preflight.py",
        "more endpoints or rules than the default quota",
    ),
    (_READS, "ec2:DescribeRegions"): ("integration/test_discover.py", "role discover looks in all regions"),
    (_ENDS, "ec2:DeleteTags"): (_RELEASE, "role release hands an endpoint back"),
    (_ZONES, "route53:UpdateHostedZoneComment"): (_RELEASE, "role release hands a zone back"),
    ("LetFormerVpcsOfOtherAccountsGo", "route53:DisassociateVPCFromHostedZone"): (
        "integration/test_changes.py",
        "a VPC of another account leaves the zone that it joined, once it has a link of its own",
    ),
    (_GROUPS, "ec2:DeleteTags"): (
        "integration/test_several_clusters.py",
        "a group that the link of another cluster still uses",
    ),
}


@dataclass
class Ledger:
    """The policies of a lab's inventory, and what was asked for so far: which of their rights were needed for it."""

    lab: Lab
    policies: dict[str, dict[str, Policy]]
    used: dict[str, set[Right]] = field(default_factory=dict)

    def refused(self, *names: str) -> set[tuple[str, str, str]]:
        """What the policies of these names do not allow of the calls since the last time, as account, action and resource."""
        calls = self.lab.calls()["calls"]
        self.lab.reset_calls()
        assert calls
        found = set()
        for call in calls:
            for demand in (Demand(**each) for each in call["demands"]):
                if not self._allows(call["account"], demand, names):
                    found.add((call["account"], demand.action, demand.resource))
        return found

    def _allows(self, account: str, demand: Demand, names: tuple[str, ...]) -> bool:
        if demand.action == "sts:AssumeRole":  # by the run's own credentials, or those of a role again
            account, names = "run", ("assume_roles",)
        needed = False
        for name in names:
            if by := allowed_by([self.policies[account][name]], demand):
                self.used.setdefault(name, set()).update(by[:1])
                needed = True
        return needed


@pytest.fixture(scope="module")
def wide(lab_up: LabUp) -> Iterator[Lab]:
    with lab_up(topology=ROOT / "tests/lab/topologies/wide.yml") as started:
        yield started


@pytest.fixture(scope="module")
def agents(wide: Lab) -> dict[str, Any]:
    """The agents' security group of payments, as it is at first."""
    return group(wide, "payments-agents")


@pytest.fixture(scope="module")
def ledger(wide: Lab, agents: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """With the policies as the playbook writes them."""
    place = tmp_path_factory.mktemp("policies")
    wide.reset_calls()
    given = {"iam_policies_account": wide.record.account, "harden_aws_egress_groups": [agents["GroupId"]]}
    done = play(wide, place, "iam_policies", "-e", json.dumps(given))
    assert done.rc == 0, done.text
    assert wide.calls()["total"] == 0
    found: dict[str, dict[str, Policy]] = {}
    for file in (place / "iam-policies").glob("*/*.json"):
        found.setdefault(file.parent.name, {})[file.stem] = json.loads(file.read_text())
    return Ledger(wide, found)


def group(lab: Lab, name: str) -> dict[str, Any]:
    """The security group of this name in the VPC payments."""
    wanted = {"vpc-id": lab.record.vpcs["payments"].id, "group-name": name}
    filters = [{"Name": key, "Values": [value]} for key, value in wanted.items()]
    found: dict[str, Any] = lab.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"][0]
    return found


def well(done: Play) -> Play:
    assert done.rc == 0, done.text
    return done


class TestPolicies:
    """One lab, told from top to bottom."""

    @pytest.mark.parametrize("playbook", ["support_request", "site"])  # site: preflight, setup and verify
    def test_planning_needs_the_one_that_reads(self, wide: Lab, ledger: Ledger, tmp_path: Path, playbook: str) -> None:
        play(wide, tmp_path, playbook, "--check", "-e", "privatelink_support_confirmed=true")
        assert wide.calls()["mutating"] == 0
        assert {action for _account, action, _resource in ledger.refused("read")} <= DRY_RUNS

    def test_making_needs_what_changes(self, wide: Lab, ledger: Ledger, tmp_path: Path) -> None:
        well(play(wide, tmp_path, "site", "-e", "privatelink_support_confirmed=true"))
        assert ledger.refused("read", "change") == set()

    def test_comparing_needs_the_one_that_reads(self, wide: Lab, ledger: Ledger, tmp_path: Path) -> None:
        well(play(wide, tmp_path, "drift"))
        assert ledger.refused("read") == set()

    def test_hardening_needs_its_own(self, wide: Lab, ledger: Ledger, tmp_path: Path, agents: dict[str, Any]) -> None:
        """Somebody let in everybody instead of the agents; and at the end opens the egress again, as hardening.md says."""
        ec2, end = wide.client("ec2"), group(wide, "astro-privatelink")
        anybody = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ec2.authorize_security_group_ingress(GroupId=end["GroupId"], IpPermissions=[anybody])
        ec2.revoke_security_group_ingress(GroupId=end["GroupId"], IpPermissions=end["IpPermissions"])

        wide.reset_calls()
        audit = well(play(wide, tmp_path, "harden_aws", "--limit", "payments"))
        assert "SG_TOO_WIDE" in audit.text
        assert ledger.refused("read") == set()

        narrow = {"tighten": True, "egress": "apply", "egress_groups": [agents["GroupId"]]}
        given = json.dumps({f"harden_aws_{key}": value for key, value in narrow.items()})
        well(play(wide, tmp_path, "harden_aws", "--limit", "payments", "-e", given))
        assert ledger.refused("read", "harden_aws") == set()

        closed = group(wide, "payments-agents")
        ec2.authorize_security_group_egress(GroupId=agents["GroupId"], IpPermissions=agents["IpPermissionsEgress"])
        ec2.revoke_security_group_egress(GroupId=agents["GroupId"], IpPermissions=closed["IpPermissionsEgress"])

    def test_repairing_needs_what_changes(self, wide: Lab, ledger: Ledger) -> None:
        """As setup does after a change of the inventory, and teardown of a VPC that shares the link."""
        known = inventory(wide)["agent_vpcs"]
        vpcs = {name: {**known["vars"], **known["hosts"][name]} for name in ("payments", "partner")}
        (fleet,) = setup.fleets(Inventory.read(vpcs, list(vpcs)))
        (link,) = fleet["links"]
        wanted = [{"Name": "vpc-id", "Values": [link["vpc_id"]]}]
        subnet = wide.client("ec2").describe_subnets(Filters=wanted)["Subnets"][0]["SubnetId"]
        wide.reset_calls()
        for change in (
            {"tags": {"Owner": "me"}, "subnet_ids": [subnet]},
            {"sources_only": True, "joined": {}, "leaving": link["joined"]},
        ):
            done = run_module(wide, "vpc_endpoint", **{**fleet, "links": [{**link, **change}]})
            assert not done.get("failed"), done
            assert done["changed"]
        assert ledger.refused("read", "change") == set()

    def test_removing_needs_what_changes(self, wide: Lab, ledger: Ledger, tmp_path: Path) -> None:
        well(play(wide, tmp_path, "teardown", "-e", json.dumps({"teardown_drain": 0})))
        assert ledger.refused("read", "change") == set()

    def test_every_right_is_needed(self, ledger: Ledger) -> None:
        given = {right for each in ledger.policies.values() for policy in each.values() for right in rights([policy])}
        used = set().union(*ledger.used.values())
        assert given - used == set(ELSEWHERE), "of no use here"
        assert [test for test, _why in ELSEWHERE.values() if not (ROOT / "tests" / test).is_file()] == []
