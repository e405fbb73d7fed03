# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module through create, modify and delete, every step first in check mode and then again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from ansible_collections.astro.privatelink.plugins.module_utils._aws import not_yet
from running import ROOT, run_module, settings


def facts(lab, name):
    inventory = yaml.safe_load(lab.inventory.read_text())["agent_vpcs"]
    host = {**inventory["vars"], **inventory["hosts"][name]}
    return {key.removeprefix("privatelink_"): value for key, value in host.items()}


def link(lab, name="payments", **changes):
    known = facts(lab, name)
    return {
        "name": name,
        "vpc_id": known["vpc_id"],
        "service_name": known["service_name"],
        "sources": known.get("agent_security_groups", known.get("agent_cidrs")),
        **changes,
    }


def steps(run: Callable[..., dict[str, Any]], operations: list[str]) -> dict[str, Any]:
    """Check mode, run, run again: the plan is told truly, carried out, and then there is nothing left to do."""
    checked = run(check=True)
    done = run()
    again = run()
    for result in (checked, done, again):
        assert not result.get("failed"), result.get("msg")
    shown = [[call["operation"].split(":")[1] for call in result["calls"]] for result in (checked, done, again)]
    assert shown == [operations, operations, []]
    assert [result["changed"] for result in (checked, done, again)] == [bool(operations), bool(operations), False]
    assert checked["diff"] == done["diff"]
    assert again["diff"]["before"] == again["diff"]["after"]
    return done


def test_vpc_endpoint(lab):
    def endpoint(**changes):
        return lambda check=False: run_module(
            lab, "vpc_endpoint", check=check, region="us-east-1", links=[link(lab, **changes)], wait_timeout=20
        )

    creates = ["CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "CreateVpcEndpoint"]
    made = steps(endpoint(), creates)["vpcs"]["payments"]
    assert made["state"] == "available"
    assert len(made["addresses"]) == 2
    assert made["dns_name"].startswith(f"{made['vpc_endpoint_id']}-")
    subnets = sorted(address["subnet_id"] for address in made["addresses"])

    steps(endpoint(subnet_ids=subnets[:1]), ["ModifyVpcEndpoint"])
    steps(endpoint(subnet_ids=subnets), ["ModifyVpcEndpoint"])
    steps(endpoint(tags={"team": "data"}), ["CreateTags", "CreateTags"])  # of the security group, and of the endpoint
    steps(endpoint(sources=["10.9.0.0/16"]), ["AuthorizeSecurityGroupIngress"])
    steps(endpoint(joined={"analytics": ["10.30.0.0/16"]}), ["AuthorizeSecurityGroupIngress"])
    agents = facts(lab, "payments")["agent_security_groups"]
    closed = endpoint(security_group_ids=agents)()
    assert ([one["code"] for one in closed["findings"]], closed["changed"]) == (["AGENT_NOT_ADMITTED"], False)
    each_other = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": agents[0]}]}
    joined = {**each_other, "UserIdGroupPairs": [], "IpRanges": [{"CidrIp": "10.30.0.0/16"}]}
    lab.client("ec2").authorize_security_group_ingress(GroupId=agents[0], IpPermissions=[each_other, joined])
    swapped = steps(endpoint(security_group_ids=agents), ["ModifyVpcEndpoint"])
    assert swapped["diff"]["after"]["payments"]["endpoint"]["security_group_ids"] == agents
    steps(endpoint(), ["ModifyVpcEndpoint"])

    steps(endpoint(state="absent"), ["DeleteVpcEndpoints", "DeleteSecurityGroup"])
    steps(endpoint(state="absent"), [])


def test_a_group_that_a_rule_of_agents_still_names_is_told(lab, monkeypatch):
    """As role harden_aws writes one; the next run finds the group without its endpoint, and removes it."""
    monkeypatch.setitem(not_yet.NOT_YET["DeleteSecurityGroup"], "DependencyViolation", 0.2)

    def endpoint(**changes):
        return run_module(lab, "vpc_endpoint", region="us-east-1", links=[link(lab, "ledger", **changes)])

    (group,) = endpoint()["vpcs"]["ledger"]["security_group_ids"]
    (agents,) = facts(lab, "ledger")["agent_security_groups"]
    to_the_endpoint = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": group}]}
    ec2 = lab.client("ec2")
    ec2.authorize_security_group_egress(GroupId=agents, IpPermissions=[to_the_endpoint])
    told = endpoint(state="absent")
    assert [one["code"] for one in told["findings"]] == ["STILL_IN_USE"]
    ec2.revoke_security_group_egress(GroupId=agents, IpPermissions=[to_the_endpoint])
    done = endpoint(state="absent")
    assert [call["operation"] for call in done["calls"]] == ["ec2:DeleteSecurityGroup"]


def test_private_zone(lab):
    vpcs = {name: facts(lab, name)["vpc_id"] for name in ("payments", "ledger", "analytics")}
    target = run_module(lab, "vpc_endpoint", region="us-east-1", links=[link(lab)])["vpcs"]["payments"]
    record = {
        "host": "abc.external.astronomer.run",
        "dns_name": target["dns_name"],
        "hosted_zone_id": target["hosted_zone_id"],
    }

    def zone(*names, gone=(), **changes):
        members = [{"name": n, "vpc_id": vpcs[n], "region": "us-east-1"} for n in names]
        members += [{"name": n, "vpc_id": vpcs[n], "region": "us-east-1", "state": "absent"} for n in gone]
        wanted = {"name": "payments", "vpc_id": vpcs["payments"], "records": [record], "vpcs": members, **changes}
        return lambda check=False: run_module(lab, "private_zone", check=check, region="us-east-1", links=[wanted])

    made = steps(zone("payments"), ["CreateHostedZone", "ChangeResourceRecordSets"])
    assert made["vpcs"]["payments"]["associated"]
    steps(zone("payments", "analytics"), ["AssociateVPCWithHostedZone"])
    steps(zone("payments"), [])  # a VPC that is not named stays
    steps(zone("analytics", "ledger", records=[]), ["AssociateVPCWithHostedZone"])
    steps(zone(gone=["ledger", "analytics"], records=[]), ["DisassociateVPCFromHostedZone"] * 2)
    more = [record, {**record, "host": "xyz.external.astronomer.run"}]
    steps(zone("payments", records=more), ["ChangeResourceRecordSets"])
    assert (
        run_module(
            lab, "private_zone", region="us-east-1", links=[{"name": "ledger", "vpc_id": vpcs["ledger"], "vpcs": []}]
        )["calls"]
        == []
    )
    steps(zone("payments", records=more, state="absent"), ["ChangeResourceRecordSets", "DeleteHostedZone"])
    steps(zone("payments", state="absent"), [])


@pytest.mark.parametrize("module", ["vpc_endpoint", "private_zone"])
def test_no_vpc_is_no_call(lab, module):
    lab.reset_calls()
    assert run_module(lab, module, region="us-east-1", links=[])["changed"] is False
    assert lab.calls()["total"] == 0


def test_one_failing_vpc_fails_alone(lab):
    bad = link(lab, "ledger", subnet_ids=["subnet-00000000"])
    done = run_module(lab, "vpc_endpoint", region="us-east-1", links=[bad, link(lab)])
    assert done["failed"]
    assert "1 of 2 VPCs failed" in done["msg"]
    assert [one["code"] for one in done["findings"]] == ["SUBNET_NOT_FOUND"]
    assert done["vpcs"]["payments"]["state"] == "available"
    assert not done["vpcs"]["payments"]["failed"]
    assert done["vpcs"]["ledger"]["failed"]


def test_an_endpoint_that_nobody_accepts_is_named_and_found_again(lab_up):
    with lab_up() as lab:
        settings(lab, acceptance_seconds=None)
        done = run_module(lab, "vpc_endpoint", region="us-east-1", links=[link(lab)], wait_timeout=1)
        assert [one["code"] for one in done["findings"]] == ["PENDING_ACCEPTANCE"]
        service = link(lab)["service_name"].rsplit(".", 1)[-1]
        lab.client("ec2", account="999988887777").accept_vpc_endpoint_connections(
            ServiceId=service, VpcEndpointIds=[done["vpcs"]["payments"]["vpc_endpoint_id"]]
        )
        again = run_module(lab, "vpc_endpoint", region="us-east-1", links=[link(lab)], wait_timeout=20)
        assert again["calls"] == []
        assert again["vpcs"]["payments"]["state"] == "available"


def test_a_zone_made_by_somebody_else_is_a_conflict_until_adopted(lab_up):
    with lab_up() as lab:
        route53 = lab.client("route53")
        vpc_id = facts(lab, "payments")["vpc_id"]
        made = route53.create_hosted_zone(
            Name="external.astronomer.run",
            VPC={"VPCRegion": "us-east-1", "VPCId": vpc_id},
            CallerReference="by hand",
            HostedZoneConfig={"PrivateZone": True, "Comment": "by hand"},
        )
        zone_id = made["HostedZone"]["Id"].rsplit("/", 1)[-1]
        wanted = {
            "name": "payments",
            "vpc_id": vpc_id,
            "vpcs": [{"name": "payments", "vpc_id": vpc_id, "region": "us-east-1"}],
        }
        done = run_module(lab, "private_zone", region="us-east-1", links=[wanted])
        assert [one["code"] for one in done["findings"]] == ["ZONE_CONFLICT"]
        assert f"privatelink_hosted_zone_id: {zone_id}" in done["msg"]
        adopted = run_module(lab, "private_zone", region="us-east-1", links=[{**wanted, "hosted_zone_id": zone_id}])
        assert not adopted.get("failed")
        removed = run_module(
            lab, "private_zone", region="us-east-1", links=[{**wanted, "hosted_zone_id": zone_id, "state": "absent"}]
        )
        assert removed["calls"] == []


def test_zone_association(lab):
    """Two teams: one authorises, the other one associates, and each sees what it lacks."""
    vpc_id, partner = facts(lab, "payments")["vpc_id"], "222222222222"
    vpc = {"VPCId": vpc_id, "VPCRegion": "us-east-1"}
    other = lab.client("ec2", account=partner).create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    route53 = lab.client("route53", account=partner)
    zone = route53.create_hosted_zone(Name="external.astronomer.run", CallerReference="x", VPC={**vpc, "VPCId": other})[
        "HostedZone"
    ]["Id"].rsplit("/", 1)[-1]

    def association(state="present"):
        wanted = {"name": "payments", "vpc_id": vpc_id, "region": "us-east-1", "hosted_zone_id": zone, "state": state}
        return lambda check=False: run_module(
            lab, "zone_association", check=check, region="us-east-1", associations=[wanted]
        )

    refused = association()()
    assert [one["code"] for one in refused["findings"]] == ["ZONE_NOT_AUTHORISED"]
    route53.create_vpc_association_authorization(HostedZoneId=zone, VPC=vpc)
    steps(association(), ["AssociateVPCWithHostedZone"])
    steps(association("absent"), ["DisassociateVPCFromHostedZone"])


@pytest.fixture(scope="module")
def wide(lab_up):
    with lab_up(topology=ROOT / "tests/lab/topologies/wide.yml") as started:
        yield started


def test_vpc_endpoint_to_a_service_of_another_region(wide):
    def endpoint(**changes):
        remote = {"service_region": "us-east-1", **changes}
        return lambda check=False: run_module(
            wide, "vpc_endpoint", check=check, region="eu-west-1", links=[link(wide, "berlin", **remote)]
        )

    made = steps(endpoint(), ["CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "CreateVpcEndpoint"])
    addresses = made["vpcs"]["berlin"]["addresses"]
    assert len(addresses) == 2
    steps(endpoint(subnet_ids=[addresses[0]["subnet_id"]]), ["ModifyVpcEndpoint"])
    steps(endpoint(state="absent"), ["DeleteVpcEndpoints", "DeleteSecurityGroup"])
    steps(endpoint(state="absent"), [])


def test_private_zone_with_a_vpc_of_another_account(wide):
    owner, partner = facts(wide, "payments"), facts(wide, "partner")
    record = {"host": "abc.external.astronomer.run", "dns_name": "", "hosted_zone_id": ""}
    target = run_module(wide, "vpc_endpoint", region="us-east-1", links=[link(wide)])["vpcs"]["payments"]
    record |= {key: target[key] for key in ("dns_name", "hosted_zone_id")}

    def zone(*members, **changes):
        wanted = {"name": "payments", "vpc_id": owner["vpc_id"], "records": [record], "vpcs": list(members), **changes}
        return lambda check=False: run_module(wide, "private_zone", check=check, region="us-east-1", links=[wanted])

    own = {"name": "payments", "vpc_id": owner["vpc_id"], "region": "us-east-1"}
    other = {
        "name": "partner",
        "vpc_id": partner["vpc_id"],
        "region": "us-east-1",
        "assume_role_arn": partner["assume_role_arn"],
    }
    steps(zone(own), ["CreateHostedZone", "ChangeResourceRecordSets"])
    shared = ["CreateVPCAssociationAuthorization", "AssociateVPCWithHostedZone", "DeleteVPCAssociationAuthorization"]
    assert steps(zone(own, other), shared)["vpcs"]["partner"]["associated"]
    steps(zone(own), [])  # one VPC fewer in the run is no VPC fewer in the zone
    steps(zone({**other, "state": "absent"}, records=[]), ["DisassociateVPCFromHostedZone"])
    steps(zone(own, state="absent"), ["ChangeResourceRecordSets", "DeleteHostedZone"])
    steps(zone(own, state="absent"), [])


def test_one_vpc_more_and_one_fewer(lab):
    def endpoints(*names):
        links = [link(lab, name) for name in names]
        return lambda check=False: run_module(lab, "vpc_endpoint", check=check, region="us-east-1", links=links)

    run_module(lab, "vpc_endpoint", region="us-east-1", links=[link(lab, "ledger", state="absent")])
    steps(endpoints("payments"), [])
    steps(
        endpoints("payments", "ledger"), ["CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "CreateVpcEndpoint"]
    )
    steps(endpoints("payments"), [])
    assert endpoints("ledger")()["vpcs"]["ledger"]["state"] == "available"
