# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others made: used as it is, taken over, handed back. Tables of want and have to calls."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._link import endpoint as core
from ansible_collections.astro.privatelink.plugins.module_utils._link import existing, model

SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"
OURS = {"managed-by": "astro.privatelink"}
LINK = model.Link(
    name="one",
    vpc_id="vpc-1",
    service_name=SERVICE,
    sources=frozenset(["sg-agents"]),
    endpoint_id="vpce-1",
    cluster="abc",
)


def subnet(zone):
    return model.Subnet(
        id=f"subnet-{zone}",
        vpc_id="vpc-1",
        zone=f"us-east-1{zone}",
        zone_id=f"use1-az{zone}",
        free=9,
        public=False,
        owner="1",
    )


def group(name, sources, tags=None, called=""):
    tags = tags or {}
    return model.SecurityGroup(
        id=name,
        vpc_id="vpc-1",
        name=called or name,
        sources=frozenset(sources),
        owned=tags.items() >= OURS.items(),
        tags=tags,
    )


def endpoint(tags, groups=("sg-hand",)):
    """Made by hand: in one of two zones, with a name and a group of its own."""
    return model.Endpoint(
        id="vpce-1",
        vpc_id="vpc-1",
        service_name=SERVICE,
        subnets=frozenset(["subnet-a"]),
        security_groups=frozenset(groups),
        tags=tags,
        state="available",
        dns_name="vpce-1.example",
    )


def have(tags, groups=(), used=("sg-hand",), admits=("sg-agents",)):
    return model.Have(
        region="us-east-1",
        vpcs={"vpc-1": "1"},
        services={SERVICE: model.Service(name=SERVICE, zones=frozenset(["us-east-1a", "us-east-1b"]))},
        subnets=(subnet("a"), subnet("b")),
        groups=(group("sg-agents", ()), group("sg-hand", admits), *groups),
        endpoints=(endpoint(tags, used),),
    )


def sent(plan):
    """What a plan sends: operations, with the tags that they are about."""
    return [
        (call.operation, {tag["Key"]: tag.get("Value") for tag in call.arguments.get("Tags", [])})
        for call in plan.calls
    ]


HAND = {"Name": "by hand", "team": "payments"}
MANAGED = group("sg-ours", ["sg-agents"], {**OURS, "astro.privatelink/abc": "agents"}, called=model.NAME)
TAKEN = {**HAND, **OURS, existing.TAKEN_OVER: ""}


@pytest.mark.parametrize(
    ("want", "there", "calls"),
    [
        ({}, have(HAND), []),
        # its group admits a range: whether agents with a group are in it, AWS does not tell
        ({}, have(HAND, admits=["10.0.0.0/8"]), []),
        ({"tags": {"team": "payments"}}, have(HAND), []),
        ({"tags": {"cost": "7"}}, have(HAND), [("CreateTags", {"cost": "7"})]),
        ({"subnets": frozenset(["subnet-a", "subnet-b"])}, have(HAND), [("ModifyVpcEndpoint", {})]),
        ({"take_over": True}, have(HAND), [("CreateTags", {**OURS, existing.TAKEN_OVER: ""})]),
        (
            {"take_over": True},
            have({**HAND, "managed-by": "platform"}),
            [("CreateTags", {**OURS, existing.TAKEN_OVER: "platform"})],
        ),
        # once taken over it is known without being named, and keeps its zone and its group
        ({"endpoint_id": ""}, have(TAKEN), []),
        ({}, have(TAKEN), []),
        ({"take_over": True}, have(TAKEN), []),
        # agents that its group shuts out are let in by a group of ours
        (
            {},
            have(HAND, admits=["sg-others"]),
            [
                ("CreateSecurityGroup", {}),
                ("AuthorizeSecurityGroupIngress", {}),
                ("ModifyVpcEndpoint", {}),
            ],
        ),
    ],
)
def test_an_endpoint_that_is_named_keeps_what_it_has(want, there, calls):
    plan = core.plan([replace(LINK, **want)], there)
    assert sent(plan) == calls
    assert not [one for one in plan.findings if one.severity == "error"]


def test_its_groups_are_those_that_it_has():
    assert core.result(LINK, have(HAND))["security_group_ids"] == ["sg-hand"]


@pytest.mark.parametrize(
    ("there", "beside", "calls"),
    [
        (have(HAND), [], []),
        (have(TAKEN), [], [("DeleteTags", {existing.TAKEN_OVER: None, "managed-by": None})]),
        (
            have({**TAKEN, existing.TAKEN_OVER: "platform"}),
            [],
            [("CreateTags", {"managed-by": "platform"}), ("DeleteTags", {existing.TAKEN_OVER: None})],
        ),
        (
            have({**HAND, **OURS}, [MANAGED], ["sg-ours"]),
            [],
            [
                ("DeleteTags", {"managed-by": None}),
                ("DeleteTags", {"astro.privatelink/abc": None, "managed-by": None}),
            ],
        ),
        # another cluster's link uses the group as well
        (
            have(HAND, [replace(MANAGED, tags={**MANAGED.tags, "astro.privatelink/xyz": "agents"})], ["sg-ours"]),
            [],
            [("DeleteTags", {"astro.privatelink/abc": None})],
        ),
    ],
)
def test_what_is_handed_back_loses_the_tags_that_say_whose_it_is(there, beside, calls):
    plan = core.plan([replace(LINK, present=False, released=True), *beside], there)
    assert sent(plan) == calls
    before = plan.before["one"].get("endpoint", {})
    kept = {key: value for key, value in before.items() if key != "tags"}
    assert kept.items() <= plan.after["one"].get("endpoint", {}).items()


def test_links_of_one_run_that_share_a_group_hand_it_back_together():
    tags = {**MANAGED.tags, "astro.privatelink/xyz": "agents"}
    links = [
        replace(LINK, name=name, cluster=cluster, released=True, present=False)
        for name, cluster in (("one", "abc"), ("two", "xyz"))
    ]
    plan = core.plan(links, have({**HAND, **OURS}, [replace(MANAGED, tags=tags)], ["sg-ours"]))
    gone = {key for _operation, keys in sent(plan) for key in keys}
    assert gone == {"managed-by", "astro.privatelink/abc", "astro.privatelink/xyz"}


def test_a_group_of_ours_that_was_handed_back_is_taken_over_with_its_endpoint():
    given_back = group("sg-ours", ["sg-agents"], {"Name": "x"}, called=model.NAME)
    there = have(HAND, [given_back], ["sg-ours"])
    assert sent(core.plan([LINK], there)) == []
    (group_tags, endpoint_tags) = core.plan([replace(LINK, take_over=True)], there).calls
    assert (group_tags.arguments["Resources"], endpoint_tags.arguments["Resources"]) == (["sg-ours"], ["vpce-1"])


@pytest.mark.parametrize(
    ("tags", "tool"),
    [
        ({}, ""),
        ({"managed-by": "astro.privatelink", "Name": "terraform"}, ""),
        ({"terraform": "false"}, ""),
        ({"aws:cloudformation:stack-name": "network"}, "CloudFormation (aws:cloudformation:stack-name: network)"),
        ({"ManagedBy": "Terraform"}, "Terraform (ManagedBy: Terraform)"),
        ({"acme:managed_by": "opentofu"}, "OpenTofu (acme:managed_by: opentofu)"),
        ({"Terraform": "true"}, "Terraform (Terraform: true)"),
        ({"pulumi:project": "net"}, "Pulumi (pulumi:project: net)"),
    ],
)
def test_tags_tell_which_tool_manages_a_thing(tags, tool):
    assert existing.manager(tags) == tool


@pytest.mark.parametrize(("want", "codes"), [({}, []), ({"take_over": True}, ["MANAGED_ELSEWHERE"])])
def test_what_another_tool_manages_is_not_changed_without_a_word(want, codes):
    plan = core.plan([replace(LINK, **want)], have({**HAND, "aws:cloudformation:stack-name": "network"}))
    assert [one.code for one in plan.findings] == codes
