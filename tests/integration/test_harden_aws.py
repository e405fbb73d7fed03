# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role harden_aws on the lab. Its network enforces who may enter an endpoint; agents' egress it keeps as data only."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from astrolab.lab import Lab
from by_hand import inventory, until
from running import Play, play

EVERYWHERE = "0.0.0.0/0"
OPEN = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": EVERYWHERE}]}
REGISTRY = {"cidr": "203.0.113.0/24", "port": 443, "description": "registry"}


class Groups:
    """The security groups of the lab, as a person with the console would see and change them."""

    def __init__(self, lab: Lab) -> None:
        self.ec2 = lab.client("ec2")

    def find(self, vpc: str, name: str = "astro-privatelink") -> dict[str, Any]:
        vpc_id = self.ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": [vpc]}])["Vpcs"][0]["VpcId"]
        filters = [{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "group-name", "Values": [name]}]
        return dict(self.ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0])

    def agents(self, vpc: str) -> str:
        return str(self.find(vpc, f"{vpc}-agents")["GroupId"])

    def sources(self, vpc: str) -> set[str]:
        rules = self.find(vpc)["IpPermissions"]
        pairs = {pair["GroupId"] for rule in rules for pair in rule["UserIdGroupPairs"]}
        return pairs | {span["CidrIp"] for rule in rules for span in rule["IpRanges"]}

    def admit(self, vpc: str, cidr: str) -> None:
        rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": cidr}]}
        self.ec2.authorize_security_group_ingress(GroupId=self.find(vpc)["GroupId"], IpPermissions=[rule])

    def refuse(self, vpc: str, cidr: str) -> None:
        rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": cidr}]}
        self.ec2.revoke_security_group_ingress(GroupId=self.find(vpc)["GroupId"], IpPermissions=[rule])

    def egress(self, vpc: str) -> set[str]:
        rules = self.find(vpc, f"{vpc}-agents")["IpPermissionsEgress"]
        pairs = {f"{pair['GroupId']}:{rule['ToPort']}" for rule in rules for pair in rule["UserIdGroupPairs"]}
        return pairs | {f"{span['CidrIp']}:{rule.get('ToPort', 'all')}" for rule in rules for span in rule["IpRanges"]}


@pytest.fixture(scope="module")
def groups(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Groups:
    """Links that are set up, and that others may use as well."""
    done = play(lab, tmp_path_factory.mktemp("setup"), "setup")
    assert done.rc == 0, done.text
    groups = Groups(lab)
    groups.admit("payments", EVERYWHERE)
    groups.admit("ledger", EVERYWHERE)
    return groups


def text(done: Play) -> str:
    """The audit that was shown."""
    return next("\n".join(r["result"]["text"]) for r in done.results if "text" in r["result"])


def narrow(lab: Lab, tmp_path: Path, *arguments: str, **variables: Any) -> Play:
    given = {f"harden_aws_{key}": value for key, value in variables.items()}
    return play(lab, tmp_path, "harden_aws", "-e", json.dumps(given), *arguments)


def test_the_audit_names_what_is_wide_and_changes_nothing(lab, groups, tmp_path):
    lab.reset_calls()
    done = narrow(lab, tmp_path, required_egress=[REGISTRY])
    assert done.rc == 0, done.text
    assert not done.changed
    assert lab.calls()["mutating"] == 0
    shown = text(done)
    assert "WARNING SG_TOO_WIDE  ledger" in shown
    assert "WARNING SG_TOO_WIDE  payments" in shown
    assert shown.count("EGRESS_OPEN") == 2
    end, agents = groups.find("ledger")["GroupId"], groups.agents("ledger")
    line = next(line for line in shown.splitlines() if f"{agents} (agents)" in line)
    assert line.endswith(f"  tcp 443 to 203.0.113.0/24, tcp 443 to {end}")


def test_the_files_are_filled_with_the_links_of_the_inventory(lab, groups, tmp_path):
    done = narrow(lab, tmp_path, directory=str(tmp_path / "out"), firewall_action="drop", administrators=["arn:x"])
    assert done.rc == 0, done.text
    files = {path.name: path.read_text() for path in (tmp_path / "out").iterdir()}
    host = "clmh1kd8v000108l3a9v7c5x2.external.astronomer.run"
    ends = groups.ec2.describe_network_interfaces(Filters=[{"Name": "interface-type", "Values": ["vpc_endpoint"]}])
    addresses = {end["PrivateIpAddress"] for end in ends["NetworkInterfaces"]}
    assert len(addresses) == 4
    for name in ("resolver_queries.cwli", "resolver_queries.sql", "flow_logs.cwli", "flow_logs.sql"):
        assert all(address in files[name] for address in addresses), name
        assert name == "flow_logs.cwli" or f"{host}." in files[name]
    rule = json.loads(files["network_firewall_rule_group.json"])["RuleGroup"]["RulesSource"]["RulesString"]
    assert rule.startswith("drop tls ")
    assert f'tls.sni; content:"{host}"' in rule
    service = inventory(lab)["agent_vpcs"]["vars"]["privatelink_service_name"]
    create, delete = json.loads(files["service_control_policy.json"])["Statement"]
    assert create["Condition"]["StringNotEquals"]["ec2:VpceServiceName"] == [service]
    assert delete["Condition"]["ArnNotLike"] == {"aws:PrincipalArn": ["arn:x"]}


@pytest.mark.usefixtures("groups")
def test_check_mode_plans_to_remove_foreign_sources(lab, tmp_path):
    lab.reset_calls()
    done = narrow(lab, tmp_path, "--check", tighten=True)
    assert done.rc == 0, done.text
    assert done.changed
    assert lab.calls()["mutating"] == 0


def test_a_limited_run_keeps_who_is_not_in_it_and_touches_no_other_group(lab, groups, tmp_path):
    done = narrow(lab, tmp_path, "--limit", "payments", tighten=True)
    assert done.rc == 0, done.text
    assert groups.sources("payments") == {groups.agents("payments"), "10.30.0.0/16"}
    assert EVERYWHERE in groups.sources("ledger")


def test_agents_that_came_in_by_a_foreign_rule_are_let_in_again(lab, groups, tmp_path):
    """The inventory says something else of where ledger's agents are than what is so."""
    other = tmp_path / "other.yml"
    wrong = {"privatelink_agent_security_groups": [], "privatelink_agent_cidrs": ["10.99.0.0/16"]}
    other.write_text(json.dumps({"agent_vpcs": {"hosts": {"ledger": wrong}}}))
    before = groups.sources("ledger")
    done = narrow(lab, tmp_path, "-i", str(other), tighten=True)
    assert done.rc == 2, done.text
    assert set(done.failed) == {"ledger"}
    assert done.failed["ledger"].startswith("NARROW_TAKEN_BACK: ")
    assert "TCP_TIMEOUT" in done.failed["ledger"]
    assert groups.sources("ledger") == before | {"10.99.0.0/16"}
    assert groups.sources("payments") == {groups.agents("payments"), "10.30.0.0/16"}


@contextmanager
def unreachable(tmp_path: Path, vpc: str) -> Iterator[tuple[str, ...]]:
    """An inventory beside the lab's, in which a VPC's agent host cannot be reached."""
    other = tmp_path / "unreachable.yml"
    other.write_text(json.dumps({"agent_hosts": {"hosts": {f"{vpc}-agent": {"ansible_connection": "no.such.plugin"}}}}))
    yield ("-i", str(other))


@pytest.mark.parametrize(
    "keywords", [{}, {"ANSIBLE_STRATEGY": "ansible.builtin.linear", "ANSIBLE_ANY_ERRORS_FATAL": "1"}]
)
def test_an_agent_host_that_cannot_look_is_no_consent(lab, groups, tmp_path, keywords):
    """Also one outside of the run, whose VPC shares the link."""
    groups.admit("payments", "10.98.0.0/16")
    before = groups.sources("payments")
    with unreachable(tmp_path, "analytics") as more:
        done = play(
            lab, tmp_path, "harden_aws", "--limit", "payments", "-e", "harden_aws_tighten=true", *more, **keywords
        )
    assert done.rc == 2, done.text
    assert done.failed["payments"].startswith("NARROW_UNPROVEN: ")
    assert "analytics: PROBE_FAILED" in done.failed["payments"]
    assert groups.sources("payments") == before
    groups.refuse("payments", "10.98.0.0/16")


def test_sources_of_another_clusters_agents_are_kept(lab, groups, tmp_path):
    """Another inventory's link uses the same group: its setup left a tag."""
    group, tag = groups.find("payments")["GroupId"], [{"Key": "astro.privatelink/another-cluster", "Value": "agents"}]
    groups.ec2.create_tags(Resources=[group], Tags=tag)
    groups.admit("payments", "10.97.0.0/16")
    done = narrow(lab, tmp_path, "--limit", "payments", tighten=True)
    assert done.rc == 2, done.text
    assert not done.changed
    assert "is also used by cluster another-cluster" in done.failed["payments"]
    assert "10.97.0.0/16" in groups.sources("payments")
    groups.ec2.delete_tags(Resources=[group], Tags=tag)
    groups.refuse("payments", "10.97.0.0/16")


def test_text_is_no_boolean(lab, groups, tmp_path):
    done = play(lab, tmp_path, "harden_aws", "-e", "harden_aws_tighten=false")
    assert done.rc == 0, done.text
    assert not done.changed
    assert EVERYWHERE in groups.sources("ledger")


def test_the_rest_is_narrowed_and_a_second_run_changes_nothing(lab, groups, tmp_path):
    assert narrow(lab, tmp_path, tighten=True).rc == 0
    assert groups.sources("ledger") == {groups.agents("ledger")}
    again = narrow(lab, tmp_path, tighten=True)
    assert again.rc == 0, again.text
    assert not again.changed
    assert "SG_TOO_WIDE" not in text(again)


def test_egress_of_groups_that_nobody_named_is_left_alone(lab, groups, tmp_path):
    done = narrow(lab, tmp_path, egress="apply")
    assert done.rc == 0, done.text
    assert groups.egress("payments") == groups.egress("ledger") == {f"{EVERYWHERE}:all"}
    unknown = narrow(lab, tmp_path, egress="apply", egress_groups=["sg-0123456789abcdef0"])
    assert unknown.rc == 2
    assert "harden_aws_egress_groups has sg-0123456789abcdef0, which no agent VPC has" in unknown.text


def test_egress_is_narrowed_for_the_groups_that_are_named(lab, groups, tmp_path):
    named = {"egress": "apply", "egress_groups": [groups.agents("ledger")], "required_egress": [REGISTRY]}
    lab.reset_calls()
    planned = narrow(lab, tmp_path, "--check", **named)
    assert planned.changed
    assert lab.calls()["mutating"] == 0
    done = narrow(lab, tmp_path, **named)
    assert done.rc == 0, done.text
    assert groups.egress("ledger") == {f"{groups.find('ledger')['GroupId']}:443", "203.0.113.0/24:443"}
    assert groups.egress("payments") == {f"{EVERYWHERE}:all"}
    again = narrow(lab, tmp_path, **named)
    assert again.rc == 0, again.text
    assert not again.changed


@contextmanager
def cut_off_once_closed(groups: Groups, vpc: str) -> Iterator[None]:
    """The lab lets agents out whatever their egress says: so the endpoint shuts them out once their group is closed."""
    end = groups.find(vpc)

    def wait() -> None:
        until(lambda: f"{EVERYWHERE}:all" not in groups.egress(vpc), "the open rule is removed", 120)
        groups.ec2.revoke_security_group_ingress(GroupId=end["GroupId"], IpPermissions=end["IpPermissions"])

    waiting = threading.Thread(target=wait)
    waiting.start()
    yield
    waiting.join()
    groups.ec2.authorize_security_group_ingress(GroupId=end["GroupId"], IpPermissions=end["IpPermissions"])


def test_egress_is_opened_again_if_agents_are_cut_off(lab, groups, tmp_path):
    with cut_off_once_closed(groups, "payments"):
        done = narrow(lab, tmp_path, egress="apply", egress_groups=[groups.agents("payments")])
    assert done.rc == 2
    assert done.failed["payments"].startswith("NARROW_TAKEN_BACK: ")
    assert groups.egress("payments") == {f"{EVERYWHERE}:all", f"{groups.find('payments')['GroupId']}:443"}
    assert groups.egress("ledger") == {f"{groups.find('ledger')['GroupId']}:443", "203.0.113.0/24:443"}
