# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoints: tables of want and have to calls and findings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._core.plan import New, Token
from ansible_collections.astro.privatelink.plugins.module_utils._link import endpoint as core
from ansible_collections.astro.privatelink.plugins.module_utils._link import model

SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"
FAR = SERVICE.replace("us-east-1", "eu-west-1")
OURS = {"Name": "astro-privatelink", "managed-by": "astro.privatelink"}


def subnet(name, zone="a", *, free=100, public=False, owner="111111111111", vpc="vpc-1"):
    return model.Subnet(
        id=f"subnet-{name}",
        vpc_id=vpc,
        zone=f"us-east-1{zone}",
        zone_id=f"use1-az{zone}",
        free=free,
        public=public,
        owner=owner,
    )


def group(name="sg-ours", sources=("sg-agents",), owned=True, called=model.NAME, vpc="vpc-1"):
    tags = OURS if owned else {}
    return model.SecurityGroup(id=name, vpc_id=vpc, name=called, sources=frozenset(sources), owned=owned, tags=tags)


def endpoint(name="vpce-1", *, subnets=("a", "b"), groups=("sg-ours",), tags=None, state="available", vpc="vpc-1"):
    return model.Endpoint(
        id=name,
        vpc_id=vpc,
        service_name=SERVICE,
        subnets=frozenset(f"subnet-{s}" for s in subnets),
        security_groups=frozenset(groups),
        tags=OURS if tags is None else tags,
        state=state,
        dns_name=f"{name}.example",
        hosted_zone_id="Z1",
        addresses=({"address": "10.0.0.5"},),
    )


AGENTS = group("sg-agents", sources=(), owned=False, called="agents")
LINK = model.Link(name="one", vpc_id="vpc-1", service_name=SERVICE, sources=frozenset(["sg-agents"]))
EMPTY = model.Have(
    region="us-east-1",
    vpcs={"vpc-1": "111111111111"},
    services={SERVICE: model.Service(name=SERVICE, zones=frozenset(["us-east-1a", "us-east-1b"]))},
    subnets=(subnet("a", "a"), subnet("b", "b"), subnet("c", "c")),
    groups=(AGENTS,),
)
DONE = replace(EMPTY, groups=(AGENTS, group()), endpoints=(endpoint(),))


def operations(plan):
    return [call.operation for call in plan.calls]


def codes(plan):
    return [one.code for one in plan.findings]


def test_a_new_link_is_a_group_a_rule_and_an_endpoint():
    plan = core.plan([LINK], EMPTY)
    assert operations(plan) == ["CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "CreateVpcEndpoint"]
    create = plan.calls[-1].arguments
    assert create["SubnetIds"] == ["subnet-a", "subnet-b"]
    assert create["SecurityGroupIds"] == [New("security group", "one")]
    assert create["PrivateDnsEnabled"] is False
    assert create["ClientToken"] == Token(of=("vpc-1", SERVICE, New("security group", "one")))
    assert {"Key": "managed-by", "Value": "astro.privatelink"} in create["TagSpecifications"][0]["Tags"]


def test_nothing_to_do_is_no_call_and_equal_sides_of_the_diff():
    plan = core.plan([LINK], DONE)
    assert plan.calls == ()
    assert plan.findings == ()
    assert plan.before == plan.after


def test_no_link_no_plan():
    assert core.plan([], EMPTY).calls == ()


def test_the_ids_of_two_new_links_do_not_mix():
    two = replace(LINK, name="two", vpc_id="vpc-2", sources=frozenset(["10.2.0.0/16"]))
    have = replace(
        EMPTY,
        vpcs={**EMPTY.vpcs, "vpc-2": "111111111111"},
        subnets=(*EMPTY.subnets, subnet("x", "a", vpc="vpc-2")),
    )
    creates = [call for call in core.plan([LINK, two], have).calls if call.operation == "CreateVpcEndpoint"]
    assert [c.arguments["SecurityGroupIds"] for c in creates] == [
        [New("security group", "one")],
        [New("security group", "two")],
    ]
    assert {call.lane for call in creates} == {"one", "two"}


@pytest.mark.parametrize(
    ("want", "steps"),
    [
        ({"subnets": {"a"}}, [{"RemoveSubnetIds": ["subnet-b"]}]),
        ({"subnets": {"a", "b", "c2"}}, [{"AddSubnetIds": ["subnet-c2"]}]),
        # another zone: the new one comes first
        ({"subnets": {"a", "c2"}}, [{"AddSubnetIds": ["subnet-c2"]}, {"RemoveSubnetIds": ["subnet-b"]}]),
        # both zones: one after the other, so that one always serves
        (
            {"subnets": {"a2", "b2"}},
            [
                {"RemoveSubnetIds": ["subnet-a"]},
                {"AddSubnetIds": ["subnet-a2"]},
                {"RemoveSubnetIds": ["subnet-b"]},
                {"AddSubnetIds": ["subnet-b2"]},
            ],
        ),
        # a zone goes and the other one's subnet is swapped: it serves again before the zone goes
        (
            {"subnets": {"a2"}},
            [{"RemoveSubnetIds": ["subnet-a"]}, {"AddSubnetIds": ["subnet-a2"]}, {"RemoveSubnetIds": ["subnet-b"]}],
        ),
        # the same zone: the old one has to go first
        ({"subnets": {"a", "b2"}}, [{"RemoveSubnetIds": ["subnet-b"]}, {"AddSubnetIds": ["subnet-b2"]}]),
        (
            {"security_groups": {"sg-wide"}},
            [{"AddSecurityGroupIds": ["sg-wide"], "RemoveSecurityGroupIds": ["sg-ours"]}],
        ),
    ],
)
def test_an_existing_endpoint_is_modified_without_a_gap(want, steps):
    zones = frozenset(f"us-east-1{z}" for z in "abd")
    more = (subnet("a2", "a"), subnet("b2", "b"), subnet("c2", "d")) if "subnets" in want else ()
    service = model.Service(name=SERVICE, zones=zones)
    wide = group("sg-wide", sources=["10.0.0.0/8"], owned=False, called="wide")
    have = replace(DONE, services={SERVICE: service}, subnets=(*DONE.subnets, *more), groups=(*DONE.groups, wide))
    changed = {k: frozenset(f"subnet-{s}" if k == "subnets" else s for s in v) for k, v in want.items()}
    plan = core.plan([replace(LINK, **changed)], have)
    assert [{k: v for k, v in call.arguments.items() if k != "VpcEndpointId"} for call in plan.calls] == steps
    assert {(call.operation, call.until) for call in plan.calls} == {("ModifyVpcEndpoint", "settled")}


def test_an_endpoint_is_never_without_an_address():
    have = replace(DONE, endpoints=(endpoint(subnets=("a",)),), subnets=(*DONE.subnets, subnet("a2", "a")))
    plan = core.plan([replace(LINK, subnets=frozenset(["subnet-a2"]))], have)
    assert (operations(plan), codes(plan)) == ([], ["SUBNET_SWAP_GAP"])
    with_another = core.plan([replace(LINK, subnets=frozenset(["subnet-a2", "subnet-b"]))], have)
    assert [list(call.arguments)[1:] for call in with_another.calls] == [
        ["AddSubnetIds"],
        ["RemoveSubnetIds"],
        ["AddSubnetIds"],
    ]


@pytest.mark.parametrize(
    ("sources", "admitted", "left"),
    [
        ({"sg-agents"}, {"sg-agents"}, None),
        ({"sg-agents"}, {"10.0.0.0/8"}, None),  # perhaps the agents are there; preflight knows
        ({"sg-agents"}, set(), "sg-agents"),
        ({"sg-agents"}, {"sg-other"}, "sg-agents"),
        ({"10.1.0.0/16"}, {"10.0.0.0/8"}, None),
        ({"10.1.0.0/16"}, {"10.1.1.0/24"}, "10.1.0.0/16"),
        ({"10.1.0.0/16"}, {"::/0"}, "10.1.0.0/16"),
        ({"10.1.0.0/16"}, {"pl-1"}, None),
        (set(), set(), "anybody"),
        (set(), {"10.0.0.0/8"}, None),
    ],
)
@pytest.mark.parametrize("have", [EMPTY, DONE], ids=["a new endpoint", "one that works"])
def test_groups_that_shut_out_agents_are_not_put_on_an_endpoint(have, sources, admitted, left):
    mine = group("sg-mine", sources=admitted, owned=False, called="mine")
    want = replace(LINK, sources=frozenset(sources), security_groups=frozenset(["sg-mine"]))
    plan = core.plan([want], replace(have, groups=(*have.groups, mine)))
    assert codes(plan) == (["AGENT_NOT_ADMITTED"] if left else [])
    assert bool(plan.calls) is not bool(left)
    assert not left or f"do not admit {left} on" in plan.findings[0].seen


def test_joined_agents_are_asked_for_where_a_working_endpoint_gets_other_groups():
    mine = group("sg-mine", sources=["sg-agents"], owned=False, called="mine")
    want = replace(LINK, security_groups=frozenset(["sg-mine"]), joined={"two": frozenset(["sg-two"])})
    assert codes(core.plan([want], replace(DONE, groups=(*DONE.groups, mine)))) == ["AGENT_NOT_ADMITTED"]


def test_two_runs_at_once_ask_for_one_endpoint_and_later_ones_for_another():
    def token(have, **link):
        return core.plan([replace(LINK, **link)], have).calls[-1].arguments["ClientToken"]

    there = replace(EMPTY, groups=(AGENTS, group()))
    made = {New("security group", "one"): "sg-ours"}
    wanted = token(there).real({})
    assert token(EMPTY).real(made) == token(there, tags={"team": "data"}).real({}) == wanted
    gone = replace(there, endpoints=(endpoint(state="deleted"),))
    another_group = replace(EMPTY, groups=(AGENTS, group("sg-later")))
    assert wanted not in {token(gone).real({}), token(another_group).real({})}


def test_a_zone_that_came_later_is_added_and_chosen_subnets_stay():
    roomier = replace(DONE, subnets=(*DONE.subnets, subnet("a2", "a", free=999)))
    assert core.plan([LINK], roomier).calls == ()
    fewer = replace(DONE, endpoints=(endpoint(subnets=("a",)),))
    assert core.plan([LINK], fewer).calls[0].arguments["AddSubnetIds"] == ["subnet-b"]


def test_the_roomiest_private_subnet_of_a_zone_is_chosen():
    have = replace(EMPTY, subnets=(subnet("a1", free=5), subnet("a2", free=50), subnet("a3", free=500, public=True)))
    assert core.plan([LINK], have).calls[-1].arguments["SubnetIds"] == ["subnet-a2"]


def test_groups_added_by_hand_stay_unless_groups_are_named():
    by_hand = replace(DONE, endpoints=(endpoint(groups=("sg-ours", "sg-agents")),))
    assert core.plan([LINK], by_hand).calls == ()
    named = core.plan([replace(LINK, security_groups=frozenset(["sg-ours"]))], by_hand)
    assert named.calls[0].arguments["RemoveSecurityGroupIds"] == ["sg-agents"]


def test_tags_are_added_and_others_kept():
    theirs = replace(DONE, groups=(AGENTS, replace(group(), tags={**OURS, "by": "hand"})))
    plan = core.plan([replace(LINK, tags={"team": "data"})], theirs)
    assert [(call.operation, call.arguments["Resources"]) for call in plan.calls] == [
        ("CreateTags", ["sg-ours"]),
        ("CreateTags", ["vpce-1"]),
    ]
    assert all(call.arguments["Tags"] == [{"Key": "team", "Value": "data"}] for call in plan.calls)
    assert plan.after["one"]["security_group"]["tags"] == {**OURS, "by": "hand", "team": "data"}


def test_joined_vpcs_are_let_in_by_one_call_that_does_not_fail_the_owner():
    link = replace(LINK, joined={"two": frozenset(["10.2.0.0/16"]), "three": frozenset(["10.3.0.0/16"])})
    plan = core.plan([link], DONE)
    assert operations(plan) == ["AuthorizeSecurityGroupIngress"]
    assert plan.calls[0].subjects == {"two", "three"}
    assert plan.calls[0].requires == {"one"}


def test_a_joined_vpc_that_is_not_in_this_run_keeps_its_rule():
    have = replace(DONE, groups=(AGENTS, group(sources=("sg-agents", "10.2.0.0/16"))))
    assert core.plan([LINK], have).calls == ()


def test_an_owner_outside_of_the_run_only_gets_sources():
    link = replace(LINK, sources_only=True, joined={"two": frozenset(["10.2.0.0/16"])}, tags={"new": "tag"})
    plan = core.plan([link], DONE)
    assert operations(plan) == ["AuthorizeSecurityGroupIngress"]
    assert plan.calls[0].subjects == {"two"}
    assert core.plan([link], EMPTY).calls == ()


@pytest.mark.parametrize(
    ("link", "have", "code"),
    [
        ({"vpc_id": "vpc-9"}, {}, "VPC_NOT_FOUND"),
        ({"service_name": "astro"}, {}, "SERVICE_NAME_INVALID"),
        ({"service_name": SERVICE.replace("us-east-1", "eu-west-1")}, {}, "SERVICE_REGION_MISSING"),
        ({}, {"services": {}}, "SERVICE_NOT_FOUND"),
        ({"subnets": {"subnet-z"}}, {}, "SUBNET_NOT_FOUND"),
        ({"subnets": {"subnet-a", "subnet-a2"}}, {"subnets": (subnet("a"), subnet("a2"))}, "SUBNETS_SAME_AZ"),
        ({"subnets": {"subnet-c"}}, {}, "AZ_UNSUPPORTED"),
        ({"subnets": {"subnet-f"}}, {"subnets": (subnet("f", free=0),)}, "SUBNET_FULL"),
        ({"subnets": {"subnet-s"}}, {"subnets": (subnet("s", owner="2"),)}, "SHARED_VPC_PARTICIPANT"),
        ({}, {"subnets": (subnet("c", "c"),)}, "NO_SUPPORTED_SUBNET"),
        ({"sources": {"sg-nobody"}}, {}, "SECURITY_GROUP_NOT_FOUND"),
        ({"security_groups": {"sg-nobody"}}, {}, "SECURITY_GROUP_NOT_FOUND"),
        ({"sources": set()}, {}, "NO_AGENT_SOURCE"),
        ({}, {"groups": (AGENTS, group(owned=False))}, "SECURITY_GROUP_FOREIGN"),
        ({"endpoint_id": "vpce-9"}, {}, "ENDPOINT_NOT_FOUND"),
        ({}, {"endpoints": (endpoint(tags={}),)}, "ENDPOINT_FOREIGN"),
        ({}, {"endpoints": (endpoint("vpce-1"), endpoint("vpce-2"))}, "ENDPOINT_DUPLICATE"),
        ({}, {"endpoints": (endpoint(state="rejected"),)}, "ENDPOINT_REJECTED"),
        ({}, {"endpoints": (endpoint(state="failed"),)}, "ENDPOINT_FAILED"),
        ({}, {"endpoints": (endpoint(state="expired"),)}, "ENDPOINT_EXPIRED"),
    ],
)
def test_bad_input_is_named_and_nothing_is_planned(link, have, code):
    wanted = replace(LINK, **{k: frozenset(v) if isinstance(v, set) else v for k, v in link.items()})
    plan = core.plan([wanted], replace(EMPTY, **have))
    assert codes(plan) == [code]
    assert plan.calls == ()
    assert all("{" not in one.text for one in plan.findings)


def test_all_that_is_wrong_is_said_at_once():
    wanted = replace(LINK, subnets=frozenset(["subnet-c", "subnet-z"]), sources=frozenset(["sg-nobody"]))
    assert sorted(codes(core.plan([wanted], EMPTY))) == [
        "AZ_UNSUPPORTED",
        "SECURITY_GROUP_NOT_FOUND",
        "SUBNET_NOT_FOUND",
    ]


def test_one_bad_vpc_does_not_hold_up_another():
    plan = core.plan([replace(LINK, name="bad", vpc_id="vpc-9"), LINK], EMPTY)
    assert codes(plan) == ["VPC_NOT_FOUND"]
    assert operations(plan)[-1] == "CreateVpcEndpoint"


def test_an_endpoint_is_deleted_only_if_it_is_ours():
    have = replace(DONE, endpoints=(endpoint(tags={"Name": "by hand"}, groups=["sg-hand"]),), groups=(AGENTS,))
    plan = core.plan([replace(LINK, endpoint_id="vpce-1", present=False)], have)
    assert operations(plan) == []
    assert codes(plan) == ["ENDPOINT_STAYS"]
    assert plan.before == plan.after


def test_endpoints_that_are_gone_do_not_count():
    have = replace(EMPTY, endpoints=(endpoint(state="deleting"), endpoint("vpce-2", state="deleted")))
    assert operations(core.plan([LINK], have))[-1] == "CreateVpcEndpoint"


def test_removal_takes_the_endpoint_then_its_group():
    plan = core.plan([replace(LINK, present=False)], DONE)
    assert operations(plan) == ["DeleteVpcEndpoints", "DeleteSecurityGroup"]
    assert plan.calls[0].until == "deleted"
    assert plan.after == {"one": {}}


@pytest.mark.parametrize(("state", "seconds"), [("available", 60), ("pendingacceptance", 0), ("rejected", 0)])
def test_an_endpoint_that_agents_may_still_use_is_kept_for_a_while(state, seconds):
    have = replace(DONE, endpoints=(endpoint(state=state),))
    delete, group_ = core.plan([replace(LINK, present=False, drain=60)], have).calls
    assert (delete.not_before, group_.not_before) == (seconds, 0)


def test_a_vpc_that_no_longer_shares_a_link_is_not_let_in_any_more():
    rules = group(sources=("sg-agents", "10.2.0.0/16", "10.0.0.0/8"))
    have = replace(DONE, groups=(replace(rules, exact=frozenset(["sg-agents", "10.2.0.0/16"])),))
    leaving = {
        "two": frozenset(["10.2.0.0/16"]),
        "three": frozenset(["10.0.0.0/8"]),
        "four": frozenset(["10.4.0.0/16"]),
    }
    plan = core.plan([replace(LINK, sources_only=True, leaving=leaving)], have)
    (call,) = plan.calls
    assert (call.operation, call.subjects) == ("RevokeSecurityGroupIngress", {"two"})
    assert call.arguments["IpPermissions"] == [
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.2.0.0/16"}]}
    ]
    assert plan.after["one"]["security_group"]["sources"] == ["10.0.0.0/8", "sg-agents"]


def purged(**link):
    """The plan for a group that several may enter: by rules for the port alone, and one by a rule for all ports."""
    port = {"sg-agents", "sg-other", "10.2.0.0/16", "0.0.0.0/0", "2001:db8::/32", "pl-1"}
    rules = replace(group(sources={*port, "10.9.0.0/16"}), exact=frozenset(port))
    joined = {"two": frozenset(["10.2.0.0/16"]), "three": frozenset(["10.3.0.0/16"])}
    want = replace(LINK, **{"purge_sources": True, "joined": joined, **link})
    return core.plan([want], replace(DONE, groups=(AGENTS, rules)))


@pytest.mark.parametrize("alone", [True, False])
def test_purging_first_lets_in_who_needs_it_then_removes_rules_for_the_port_that_name_others(alone):
    plan = purged(sources_only=alone)
    assert operations(plan) == ["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"]
    revoke = plan.calls[1]
    assert revoke.arguments["IpPermissions"] == [
        {
            "IpProtocol": "tcp",
            "FromPort": 443,
            "ToPort": 443,
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
            "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}],
            "PrefixListIds": [{"PrefixListId": "pl-1"}],
            "UserIdGroupPairs": [{"GroupId": "sg-other"}],
        }
    ]
    assert revoke.subjects | revoke.requires == {"one", "two", "three"}
    assert plan.after["one"]["security_group"]["sources"] == ["10.2.0.0/16", "10.3.0.0/16", "10.9.0.0/16", "sg-agents"]


def test_nobody_is_purged_where_it_is_not_said_who_the_agents_are():
    plan = purged(sources_only=True, sources=frozenset())
    assert (operations(plan), codes(plan)) == ([], ["NO_AGENT_SOURCE"])


def test_groups_that_are_not_ours_are_not_purged():
    theirs = replace(group(sources=["sg-other"], owned=False), exact=frozenset(["sg-other"]))
    want = replace(LINK, purge_sources=True, sources_only=True)
    plan = core.plan([want], replace(DONE, groups=(AGENTS, theirs)))
    assert (operations(plan), codes(plan)) == ([], ["SECURITY_GROUP_FOREIGN"])
    named = replace(want, security_groups=frozenset(["sg-ours"]))
    assert operations(core.plan([named], replace(DONE, groups=(AGENTS, replace(theirs, owned=True))))) == []


@pytest.mark.parametrize(
    ("link", "have", "groups"),
    [
        (LINK, EMPTY, []),
        (LINK, DONE, ["sg-ours"]),
        (replace(LINK, security_groups=frozenset(["sg-x"])), EMPTY, ["sg-x"]),
    ],
)
def test_the_groups_of_an_endpoint_are_those_that_are_managed_or_given(link, have, groups):
    assert core.result(link, have)["security_group_ids"] == groups


def test_removal_keeps_a_group_that_another_endpoint_uses():
    other = replace(endpoint("vpce-2"), service_name=SERVICE.replace("0123", "9999"))
    plan = core.plan([replace(LINK, present=False)], replace(DONE, endpoints=(endpoint(), other)))
    assert operations(plan) == ["DeleteVpcEndpoints"]


@pytest.mark.parametrize(
    "have",
    [EMPTY, replace(EMPTY, vpcs={}), replace(EMPTY, endpoints=(endpoint(tags={}),), groups=(group(owned=False),))],
)
def test_removal_of_what_is_not_there_or_not_ours_is_nothing(have):
    plan = core.plan([replace(LINK, present=False)], have)
    assert plan.calls == ()
    assert plan.findings == ()


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("pendingacceptance", "PENDING_ACCEPTANCE"),
        ("pending", "ENDPOINT_PENDING"),
        ("rejected", "ENDPOINT_REJECTED"),
        ("partial", "ENDPOINT_PARTIAL"),
    ],
)
def test_an_endpoint_that_did_not_become_available_is_named(state, code):
    have = replace(DONE, endpoints=(endpoint(state=state),))
    assert [one.code for one in core.status(LINK, have, 600)] == [code]
    assert core.status(LINK, DONE, 600) == []


def test_results_name_what_is_still_to_come():
    assert core.result(LINK, EMPTY)["dns_name"] == "<endpoint of one>"
    assert core.result(LINK, DONE)["vpc_endpoint_id"] == "vpce-1"


@pytest.mark.parametrize(
    ("name", "region"),
    [
        (SERVICE, "us-east-1"),
        ("cn.com.amazonaws.vpce.cn-north-1.vpce-svc-0123456789abcdef0", "cn-north-1"),
        ("com.amazonaws.vpce.us-gov-west-1.vpce-svc-0123456789abcdef0", "us-gov-west-1"),
        ("org.com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0", None),
        ("com.amazonaws.us-east-1.s3", None),
        ("com.amazonaws.vpce.us-east-1.vpce-svc-xyz", None),
        ("", None),
    ],
)
def test_the_region_in_a_service_name(name, region):
    assert model.parse_service_region(name) == region


REMOTE = replace(LINK, service_region="eu-west-1", service_name=SERVICE.replace("us-east-1", "eu-west-1"))
ELSEWHERE = replace(EMPTY, services={REMOTE.service_name: model.Service(name=REMOTE.service_name, zones=frozenset())})


def test_a_service_of_another_region_is_asked_for_by_its_region():
    create = core.plan([REMOTE], ELSEWHERE).calls[-1].arguments
    assert create["ServiceRegion"] == "eu-west-1"
    assert create["SubnetIds"] == ["subnet-a", "subnet-b", "subnet-c"]
    assert "ServiceRegion" not in core.plan([replace(LINK, service_region="us-east-1")], EMPTY).calls[-1].arguments


def test_zones_without_remote_access_are_not_chosen_but_may_be_named():
    odd = replace(subnet("x", "x"), zone_id="use1-az3")
    have = replace(ELSEWHERE, subnets=(subnet("a", "a"), odd))
    assert core.plan([REMOTE], have).calls[-1].arguments["SubnetIds"] == ["subnet-a"]
    named = replace(REMOTE, subnets=frozenset(["subnet-x"]))
    assert core.plan([named], have).calls[-1].arguments["SubnetIds"] == ["subnet-x"]


def test_a_region_that_support_has_not_enabled():
    assert codes(core.plan([REMOTE], EMPTY)) == ["REGION_NOT_ENABLED"]


def test_the_zones_that_support_named_win():
    link = replace(LINK, zone_ids=frozenset(["use1-azc"]))
    assert core.plan([link], EMPTY).calls[-1].arguments["SubnetIds"] == ["subnet-c"]


@pytest.mark.parametrize("state", ["rejected", "failed", "expired"])
def test_a_dead_endpoint_is_replaced_only_when_asked(state):
    have = replace(DONE, endpoints=(endpoint(state=state),))
    plan = core.plan([replace(LINK, replace=True)], have)
    assert operations(plan) == ["DeleteVpcEndpoints", "CreateVpcEndpoint"]
    assert plan.calls[0].until == "deleted"
    assert core.plan([replace(LINK, replace=True)], DONE).calls == ()


# --- joined VPCs elsewhere

THERE = model.Peer(region="us-east-1", access="theirs")
FAR_PEER = model.Peer(region="eu-west-1", access="theirs")
JOINED = replace(LINK, joined={"two": frozenset(["sg-two"])}, peers={"two": THERE})


def test_a_group_of_another_account_is_named_with_it():
    (call,) = core.plan([JOINED], replace(DONE, owners={"sg-two": "222222222222"})).calls
    (pair,) = call.arguments["IpPermissions"][0]["UserIdGroupPairs"]
    assert (pair["GroupId"], pair["UserId"]) == ("sg-two", "222222222222")
    (call,) = core.plan([replace(JOINED, accounts={"sg-two": "333333333333"})], DONE).calls
    assert call.arguments["IpPermissions"][0]["UserIdGroupPairs"][0]["UserId"] == "333333333333"


def test_it_is_also_removed_with_it():
    rules = replace(group(sources=("sg-agents", "sg-two")), exact=frozenset(["sg-agents", "sg-two"]))
    have = replace(DONE, groups=(AGENTS, replace(rules, accounts={"sg-two": "222222222222"})))
    for change in ({"purge_sources": True}, {"leaving": {"two": frozenset(["sg-two"])}}):
        (call,) = core.plan([replace(LINK, sources_only=True, **change)], have).calls
        assert call.operation == "RevokeSecurityGroupIngress"
        assert call.arguments["IpPermissions"][0]["UserIdGroupPairs"] == [
            {"GroupId": "sg-two", "UserId": "222222222222"}
        ]


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize(
    ("peer", "have", "code"),
    [
        (FAR_PEER, DONE, "SG_REF_INVALID"),
        (THERE, DONE, "SECURITY_GROUP_NOT_FOUND"),
        (THERE, replace(DONE, unread={"two": "It was denied."}), "READ_FAILED"),
    ],
)
def test_a_group_that_cannot_be_named_fails_its_vpc_before_anything_is_sent_for_it(peer, have, code, alone):
    link = replace(JOINED, peers={"two": peer}, sources_only=alone)
    plan = core.plan([replace(link, joined={**link.joined, "three": frozenset(["10.3.0.0/16"])})], have)
    assert [(one.code, one.vpc) for one in plan.findings] == [(code, "two")]
    assert [call.subjects for call in plan.calls] == [{"three"}]


def test_while_a_joined_vpc_is_not_let_in_nobody_is_removed():
    rules = replace(group(sources=("sg-agents", "0.0.0.0/0")), exact=frozenset(["sg-agents", "0.0.0.0/0"]))
    link = replace(JOINED, peers={"two": FAR_PEER}, sources_only=True, purge_sources=True)
    plan = core.plan([link], replace(DONE, groups=(AGENTS, rules)))
    assert (operations(plan), codes(plan)) == ([], ["SG_REF_INVALID"])


# --- the quota of rules


def many(count, third=1):
    return frozenset(f"10.{third}.{number}.0/24" for number in range(count))


@pytest.mark.parametrize(
    ("sources", "joined", "there", "limit", "told"),
    [
        (30, 30, 0, 60, set()),
        (30, 31, 0, 60, {"two"}),
        (61, 0, 0, 60, {"one"}),
        (10, 10, 41, 60, {"two"}),
        (10, 10, 41, 100, set()),
        (61, 61, 0, 0, set()),
    ],
)
def test_rules_over_the_quota_are_refused_before_anything_is_sent(sources, joined, there, limit, told):
    link = replace(LINK, sources=many(sources), joined={"two": many(joined, third=2)} if joined else {})
    have = replace(DONE, groups=(AGENTS, replace(group(sources=()), rules=there)), rules=limit)
    plan = core.plan([link], have)
    assert {one.vpc for one in plan.findings} == told
    assert set(codes(plan)) <= {"SG_RULES_REACHED"}
    assert not told & {name for call in plan.calls for name in call.subjects}


# --- others who use the group


@pytest.mark.parametrize(
    ("have", "beside", "others"),
    [
        ({"tags": {f"{model.CLUSTER_TAG}b": "agents"}}, {}, "cluster b"),
        ({"tags": {f"{model.CLUSTER_TAG}a": "agents"}}, {}, None),
        ({"tags": {f"{model.CLUSTER_TAG}b": "agents"}}, {"cluster": "b"}, None),
        ({"endpoint": "vpce-2"}, {}, "endpoint vpce-2"),
        ({"endpoint": "vpce-2"}, {"service_name": SERVICE.replace("0123", "9999")}, None),
    ],
)
def test_sources_of_others_who_use_the_group_are_kept(have, beside, others):
    exact = frozenset(["sg-agents", "10.2.0.0/16"])
    shared = replace(group(sources=exact), exact=exact, tags={**OURS, **have.get("tags", {})})
    theirs = replace(endpoint("vpce-2"), service_name=SERVICE.replace("0123", "9999"))
    there = replace(DONE, groups=(AGENTS, shared), endpoints=(endpoint(), *([theirs] if "endpoint" in have else [])))
    tight = replace(LINK, cluster="a", sources_only=True, purge_sources=True)
    others_too = [replace(LINK, name="b", sources_only=True, **beside)] if beside else []
    plan = core.plan([tight, *others_too], there)
    assert operations(plan) == ([] if others else ["RevokeSecurityGroupIngress"])
    assert codes(plan) == (["SG_SHARED"] if others else [])
    assert not others or others in plan.findings[0].seen


def test_a_group_says_which_clusters_use_it_until_their_links_go():
    made = core.plan([replace(LINK, cluster="a")], EMPTY).calls[0].arguments["TagSpecifications"][0]["Tags"]
    assert {"Key": "astro.privatelink/a", "Value": "agents"} in made
    (tagged,) = core.plan([replace(LINK, cluster="b")], DONE).calls
    assert tagged.arguments["Tags"] == [{"Key": "astro.privatelink/b", "Value": "agents"}]
    both = replace(group(), tags={**OURS, "astro.privatelink/a": "agents", "astro.privatelink/b": "agents"})
    other = replace(endpoint("vpce-2"), service_name=SERVICE.replace("0123", "9999"))
    have = replace(DONE, groups=(AGENTS, both), endpoints=(endpoint(), other))
    gone = core.plan([replace(LINK, cluster="a", present=False)], have)
    assert operations(gone) == ["DeleteVpcEndpoints", "DeleteTags"]
    assert gone.calls[1].arguments["Tags"] == [{"Key": "astro.privatelink/a"}]


def test_a_link_that_cannot_choose_between_endpoints_names_none():
    have = replace(DONE, endpoints=(endpoint(), endpoint("vpce-2")))
    assert codes(core.plan([LINK], have)) == ["ENDPOINT_DUPLICATE"]
    assert core.result(LINK, have)["dns_name"] == ""


@pytest.mark.parametrize("zone_id", ["usw2-lax1-az1", "use1-wl1-bos-wlz1"])
def test_local_and_wavelength_zones_are_not_chosen_for_another_region(zone_id):
    far = replace(LINK, service_name=FAR, service_region="eu-west-1")
    services = {FAR: model.Service(name=FAR, zones=frozenset())}
    local = replace(subnet("l", "l", free=5000), zone_id=zone_id)
    have = replace(EMPTY, services=services, subnets=(local, subnet("a", "a")))
    assert core.plan([far], have).calls[-1].arguments["SubnetIds"] == ["subnet-a"]
    assert codes(core.plan([far], replace(have, subnets=(local,)))) == ["NO_SUPPORTED_SUBNET"]


def test_a_subnet_with_ipv6_only_is_no_candidate_and_named_for_what_it_is():
    six = replace(subnet("six", "b", free=0), ipv4=False)
    have = replace(EMPTY, subnets=(subnet("a", "a"), six))
    assert core.plan([LINK], have).calls[-1].arguments["SubnetIds"] == ["subnet-a"]
    assert codes(core.plan([replace(LINK, subnets=frozenset(["subnet-six"]))], have)) == ["SUBNET_IPV6_ONLY"]


def test_what_was_not_understood_stops_its_own_vpc_only():
    two = replace(LINK, name="two", vpc_id="vpc-2", sources=frozenset(["10.2.0.0/16"]))
    have = replace(
        EMPTY,
        vpcs={**EMPTY.vpcs, "vpc-2": "111111111111"},
        subnets=(*EMPTY.subnets, subnet("x", "a", vpc="vpc-2")),
        unclear={"vpc-1": "the id or the service of an endpoint"},
    )
    plan = core.plan([LINK, two], have)
    assert [(one.code, one.vpc) for one in plan.findings] == [("ANSWER_UNCLEAR", "one")]
    assert {name for call in plan.calls for name in call.subjects} == {"two"}


def test_subnets_of_all_zones_are_swapped_one_zone_after_another():
    have = replace(
        DONE,
        subnets=(subnet("a", "a"), subnet("a2", "a"), subnet("b", "b"), subnet("b2", "b")),
        endpoints=(endpoint(),),
    )
    plan = core.plan([replace(LINK, subnets=frozenset(["subnet-a2", "subnet-b2"]))], have)
    steps = [{k: v for k, v in call.arguments.items() if k != "VpcEndpointId"} for call in plan.calls]
    assert steps == [
        {"RemoveSubnetIds": ["subnet-a"]},
        {"AddSubnetIds": ["subnet-a2"]},
        {"RemoveSubnetIds": ["subnet-b"]},
        {"AddSubnetIds": ["subnet-b2"]},
    ]


def test_an_available_endpoint_without_a_name_is_not_ready():
    have = replace(DONE, endpoints=(replace(endpoint(), dns_name=""),))
    assert [one.code for one in core.status(LINK, have, 0)] == ["ANSWER_UNCLEAR"]


@pytest.mark.parametrize("state", ["pending", "pendingacceptance"])
def test_records_point_to_an_endpoint_that_is_on_its_way(state):
    shown = {"dns_name": "", "hosted_zone_id": "", "state": state}
    later = "<endpoint of ledger>"
    assert core.target("ledger", shown) == {"dns_name": later, "hosted_zone_id": later}


@pytest.mark.parametrize("state", ["", "available", "rejected", "failed"])
def test_records_point_nowhere_where_no_endpoint_comes(state):
    shown = {"dns_name": "", "hosted_zone_id": "", "state": state}
    assert core.target("ledger", shown) == {"dns_name": "", "hosted_zone_id": ""}


def test_records_point_to_the_name_that_aws_shows():
    shown = {"dns_name": "vpce-1.example", "hosted_zone_id": "Z1", "state": "pending"}
    assert core.target("ledger", shown) == {"dns_name": "vpce-1.example", "hosted_zone_id": "Z1"}


def test_links_of_one_vpc_to_several_clusters_make_one_endpoint_and_group():
    first, second = replace(LINK, name="first", cluster="a"), replace(LINK, name="second", cluster="b")
    plan = core.plan([first, second], EMPTY)
    operations = [(call.operation, sorted(call.subjects)) for call in plan.calls]
    assert operations == [
        ("CreateSecurityGroup", ["first"]),
        ("AuthorizeSecurityGroupIngress", ["first"]),
        ("CreateVpcEndpoint", ["first"]),
        ("CreateTags", ["second"]),
    ]
    tags = plan.calls[-1]
    assert tags.arguments["Resources"] == [New("security group", "first")]
    assert [tag["Key"] for tag in tags.arguments["Tags"]] == ["astro.privatelink/b"]
    assert (tags.lane, tags.requires) == ("first", frozenset(["first"]))


def test_a_link_whose_vpc_has_another_service_shares_the_group_only():
    other = SERVICE.replace("0", "1")
    have = replace(EMPTY, services={**EMPTY.services, other: replace(EMPTY.services[SERVICE], name=other)})
    plan = core.plan([replace(LINK, name="first"), replace(LINK, name="second", service_name=other)], have)
    made = [call for call in plan.calls if call.operation == "CreateVpcEndpoint"]
    assert [call.arguments["SecurityGroupIds"] for call in made] == [[New("security group", "first")]] * 2
    assert len({call.lane for call in plan.calls}) == 1


def test_a_link_does_not_wait_for_another_cluster_of_its_vpc_without_need():
    """The group is there: what fails for one link is none of the other's business."""
    links = [
        replace(LINK, name="first", subnets=frozenset(["subnet-a"])),
        replace(LINK, name="second", tags={"a": "b"}),
    ]
    plan = core.plan(links, DONE)
    assert {(call.operation, tuple(call.subjects)): call.requires for call in plan.calls} == {
        ("ModifyVpcEndpoint", ("first",)): frozenset(),
        ("CreateTags", ("second",)): frozenset(),
    }


def test_links_of_one_vpc_go_together():
    """With one service the endpoint goes once; with two the group goes with the last endpoint."""
    first, second = replace(LINK, name="first", present=False), replace(LINK, name="second", present=False)
    assert operations(core.plan([first, second], DONE)) == ["DeleteVpcEndpoints", "DeleteSecurityGroup"]
    other = SERVICE.replace("0", "1")
    have = replace(DONE, endpoints=(endpoint(), replace(endpoint("vpce-2"), service_name=other)))
    plan = core.plan([first, replace(second, service_name=other)], have)
    assert operations(plan) == ["DeleteVpcEndpoints", "DeleteVpcEndpoints", "DeleteSecurityGroup"]
    assert [call.requires for call in plan.calls] == [frozenset(), frozenset(), frozenset(["first"])]
    assert {call.lane for call in plan.calls} == {"first"}


def test_an_endpoint_that_another_clusters_link_uses_is_kept():
    tagged = replace(group(), tags={**OURS, "astro.privatelink/a": "agents", "astro.privatelink/b": "agents"})
    link = replace(LINK, present=False, keep_endpoint=True, cluster="a")
    (tags,) = core.plan([link], replace(DONE, groups=(AGENTS, tagged))).calls
    assert (tags.operation, tags.arguments["Tags"]) == ("DeleteTags", [{"Key": "astro.privatelink/a"}])
