# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin on a lab of two accounts and two regions: what Ansible sees of it, what it costs, and a whole run."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from running import environment, play, settings

WIDE = Path(__file__).resolve().parents[1] / "lab/topologies/wide.yml"
ROLE = "arn:aws:iam::222222222222:role/privatelink"
CONFIG = {
    "plugin": "astro.privatelink.agent_vpcs",
    "regions": ["us-east-1"],
    "accounts": [{"regions": ["us-east-1", "eu-west-1"]}, {"assume_role_arn": ROLE}],
    "keyed_groups": [{"prefix": "region", "key": "region"}],
}


@pytest.fixture(scope="module")
def lab(lab_up):
    """Each agent VPC and its agents' security group carry the tag; partner says whose link it shares."""
    with lab_up(topology=WIDE) as lab:
        written = yaml.safe_load(lab.inventory.read_text())["agent_vpcs"]["hosts"]
        for name, known in written.items():
            region = known.get("privatelink_region", "us-east-1")
            ec2 = lab.client("ec2", account=known.get("privatelink_account_id", "111111111111"), region=region)
            tag(ec2, known["privatelink_vpc_id"], agents="true", **({"via": "payments"} if name == "partner" else {}))
            named = [{"Name": "group-name", "Values": [f"{name}-agents"]}]
            (group,) = ec2.describe_security_groups(Filters=named)["SecurityGroups"]
            tag(ec2, group["GroupId"], agents="true")
        yield lab


def tag(ec2, thing, **tags):
    ec2.create_tags(Resources=[thing], Tags=[{"Key": f"astro.privatelink/{k}", "Value": v} for k, v in tags.items()])


def write(tmp_path, **options):
    file = tmp_path / "fleet.agent_vpcs.yml"
    file.write_text(yaml.safe_dump({**CONFIG, **options}))
    return file


def ask(lab, file, *arguments, **env):
    command = ["ansible-inventory", "-i", str(file), "--list", "--export", *arguments]
    env = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true", **env}
    return subprocess.run(
        command, env=environment(lab, **env), capture_output=True, text=True, check=False, timeout=60, cwd=file.parent
    )


def bare(value):
    """Without the marks for strings that are not templates, which ansible-inventory writes and Ansible reads."""
    if isinstance(value, dict):
        return value.get("__ansible_unsafe") or {key: bare(each) for key, each in value.items()}
    return [bare(each) for each in value] if isinstance(value, list) else value


def listed(lab, file, *arguments, **env):
    done = ask(lab, file, *arguments, **env)
    assert done.returncode == 0, done.stderr
    return bare(json.loads(done.stdout))


def test_it_finds_the_fleet_that_was_written_by_hand(lab, tmp_path):
    written = yaml.safe_load(lab.inventory.read_text())["agent_vpcs"]
    common = {"privatelink_region": "us-east-1", "privatelink_account_id": "111111111111"}
    from_group_vars = {"privatelink_service_region"}
    wanted = {
        name: {k: v for k, v in {**common, **known}.items() if k not in from_group_vars}
        for name, known in written["hosts"].items()
    }
    found = listed(lab, write(tmp_path))
    local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    assert found["_meta"]["hostvars"] == {name: {**known, **local} for name, known in wanted.items()}
    assert found["region_eu_west_1"]["hosts"] == ["berlin"]
    assert "agent_hosts" not in found


def test_it_asks_each_account_and_region_twice(lab, tmp_path):
    settings(lab, role_seconds=3600.0)  # or the SDK renews the role's credentials before each call
    lab.reset_calls()
    listed(lab, write(tmp_path))
    calls = lab.calls()["by_action"]
    assert calls == {"sts:AssumeRole": 1, "ec2:DescribeVpcs": 3, "ec2:DescribeSecurityGroups": 3}


def test_a_cache_saves_the_asking_until_the_file_asks_for_something_else(lab, tmp_path):
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    first = listed(lab, write(tmp_path, **cache))
    lab.reset_calls()
    assert listed(lab, write(tmp_path, **cache)) == first
    assert lab.calls()["total"] == 0
    assert listed(lab, write(tmp_path, **cache), "--flush-cache") == first
    assert lab.calls()["total"] > 0
    fewer = listed(lab, write(tmp_path, **cache, filters={"tag:Name": "vault"}))
    assert list(fewer["_meta"]["hostvars"]) == ["vault"]


def test_machines_by_tag_become_agent_hosts(lab, tmp_path):
    ec2 = lab.client("ec2")
    vpc_id = lab.record.vpcs["payments"].id
    subnet = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Subnets"][0]["SubnetId"]
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "role", "Value": "astro-agent"}]}]
    made = ec2.run_instances(
        ImageId="ami-0123456789abcdef0",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet,
        PrivateIpAddress="10.10.1.77",
        TagSpecifications=tags,
    )
    (instance,) = made["Instances"]
    try:
        found = listed(lab, write(tmp_path, agent_host_filters={"tag:role": "astro-agent"}))
    finally:
        ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    assert found["agent_hosts"]["hosts"] == [instance["InstanceId"]]
    known = found["_meta"]["hostvars"][instance["InstanceId"]]
    assert known == {"privatelink_agent_vpc": "payments", "ansible_host": instance["PrivateIpAddress"]}


def test_expressions_see_what_was_found(lab, tmp_path):
    options = {
        "compose": {"privatelink_tags": "{'owner': account_id}"},
        "groups": {"shared": "privatelink_via is defined"},
    }
    found = listed(lab, write(tmp_path, **options))
    assert found["_meta"]["hostvars"]["vault"]["privatelink_tags"] == {"owner": "222222222222"}
    assert found["shared"]["hosts"] == ["partner"]


def test_strict_refuses_an_expression_that_fails(lab, tmp_path):
    wrong = {"compose": {"x": "nothing.there"}}
    assert "x" not in listed(lab, write(tmp_path, **wrong))["_meta"]["hostvars"]["vault"]
    assert ask(lab, write(tmp_path, **wrong, strict=True)).returncode != 0


def test_a_tag_is_never_an_expression(lab, tmp_path):
    ec2, vpc_id = lab.client("ec2"), lab.record.vpcs["payments"].id
    tag(ec2, vpc_id, service_name="{{ 7 * 6 }}")
    book = tmp_path / "book.yml"
    show = {"name": "Show", "ansible.builtin.debug": {"msg": "{{ privatelink_service_name }}"}}
    book.write_text(yaml.safe_dump([{"hosts": "payments", "gather_facts": False, "tasks": [show]}]))
    try:
        command = ["ansible-playbook", "-i", str(write(tmp_path)), str(book)]
        done = subprocess.run(command, env=environment(lab), capture_output=True, text=True, check=False, timeout=60)
    finally:
        ec2.delete_tags(Resources=[vpc_id], Tags=[{"Key": "astro.privatelink/service_name"}])
    assert done.returncode == 0, done.stdout
    assert "{{ 7 * 6 }}" in done.stdout
    assert "42" not in done.stdout


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {"accounts": [{"profile": "nobody"}]},
            "us-east-1 with profile nobody: Could not log in to AWS with profile nobody: The config profile (nobody) could",
        ),
        ({"filters": {"colour": "red"}}, "colour"),
        ({"agent_cidrs": "some"}, "agent_cidrs"),
    ],
)
def test_a_file_that_cannot_be_meant_is_explained(lab, tmp_path, options, text):
    done = ask(lab, write(tmp_path, **options))
    assert done.returncode != 0
    assert text in " ".join(done.stderr.split())


def test_accounts_that_cannot_be_read_are_left_out_only_when_asked(lab, tmp_path):
    accounts = [{"profile": "nobody"}, {"profile": "nowhere"}, {}]
    done = ask(lab, write(tmp_path, accounts=accounts))
    said = " ".join(done.stderr.split())
    assert done.returncode != 0
    assert "with profile nobody" in said
    assert "with profile nowhere" in said
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    file = write(tmp_path, accounts=accounts, skip_unreadable=True, **cache)
    found = listed(lab, file)
    assert "payments" in found["agent_vpcs"]["hosts"]
    assert "with profile nowhere" in " ".join(ask(lab, file).stderr.split()), (
        "what could not be read is asked for again"
    )
    assert ask(lab, write(tmp_path, accounts=accounts[:2], skip_unreadable=True)).returncode != 0


def test_a_whole_run_and_then_nothing_to_do(lab, tmp_path):
    """Group variables say what all VPCs have in common, and those of a region's group what its VPCs have."""
    written = yaml.safe_load(lab.inventory.read_text())
    place = tmp_path / "inventory"
    (place / "group_vars").mkdir(parents=True)
    write(place)
    (place / "agents.json").write_text(json.dumps({"agent_hosts": written["agent_hosts"]}))
    common = {
        k: v
        for k, v in written["agent_vpcs"]["vars"].items()
        if k in {"privatelink_cluster_id", "privatelink_service_name"}
    }
    (place / "group_vars/agent_vpcs.yml").write_text(yaml.safe_dump({**common, "privatelink_support_confirmed": True}))
    (place / "group_vars/region_eu_west_1.yml").write_text("privatelink_service_region: us-east-1\n")
    seen = SimpleNamespace(inventory=place, env=lab.env)  # the lab with this inventory instead of its own
    first = play(seen, tmp_path, "site")
    assert first.rc == 0, first.text
    assert first.table() == dict.fromkeys(["payments", "berlin", "partner", "vault"], "works")
    second = play(seen, tmp_path, "setup")
    assert (second.rc, second.changed) == (0, False)
