# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans as documents and as Markdown."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._link import model, zone
from ansible_collections.astro.privatelink.plugins.module_utils._report.document import Run
from ansible_collections.astro.privatelink.plugins.module_utils._report.document import document as report_of
from ansible_collections.astro.privatelink.plugins.module_utils._report.fates import things, told
from ansible_collections.astro.privatelink.plugins.module_utils._report.page import page
from ansible_collections.astro.privatelink.plugins.module_utils._report.plan_text import markdown
from ansible_collections.astro.privatelink.plugins.module_utils._report.planned import digest, document
from planned_fleet import SERVICE, have, planned

SCHEMA = json.loads((Path(__file__).parents[5] / "docs" / "plan.schema.json").read_text())
AT = "2026-11-28T07:26:44Z"
OURS = {"managed-by": "astro.privatelink"}
HOST = "abc.external.astronomer.run"


def made(state="available", tags=None, subnets=("subnet-0000000a", "subnet-0000000b")):
    return model.Endpoint(
        id="vpce-00000001",
        vpc_id="vpc-00000001",
        service_name=SERVICE,
        subnets=frozenset(subnets),
        security_groups=frozenset(["sg-hand"]),
        tags={"Name": "by hand"} if tags is None else tags,
        state=state,
        dns_name="vpce-00000001.example",
        hosted_zone_id="ZAWS",
    )


GROUP = model.SecurityGroup(
    id="sg-hand",
    vpc_id="vpc-00000001",
    name="hand",
    sources=frozenset(["sg-00000001", "10.2.0.0/16"]),
    owned=False,
)
ALIAS = zone.Alias(dns_name="vpce-00000001.example", hosted_zone_id="ZAWS")
ZONE = zone.Zone(
    id="Z0123456789ABC",
    name="external.astronomer.run",
    link="",
    vpcs={"vpc-00000001": "us-east-1", "vpc-00000002": "us-east-1"},
    records=(zone.Record(name=HOST, type="A", alias=ALIAS),),
)
THERE = have([made()], [GROUP])


def entry(plan, name="payments"):
    return next(vpc for vpc in plan["vpcs"] if vpc["name"] == name)


def codes(plan, name="payments"):
    return [one["code"] for one in entry(plan, name)["risks"]]


def test_a_new_link_as_a_document():
    plan = document(planned(agents={"host": "payments"}), AT)
    jsonschema.validate(plan, SCHEMA)
    assert plan["totals"] == {"create": 8, "change": 1, "delete": 2}
    assert [call["operation"] for call in plan["calls"]][:3] == [
        "ec2:CreateSecurityGroup",
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:AuthorizeSecurityGroupIngress",
    ]
    payments, analytics = entry(plan), entry(plan, "analytics")
    assert payments["account_id"] == "111111111111"
    assert payments["settings"]["agent_security_groups"] == ["sg-00000001"]
    assert analytics["link"] == "payments"
    assert analytics["calls"] == ["+ port 443 from 10.2.0.0/16", "+ association with zone <zone of payments>"]
    assert {thing["fate"] for thing in payments["things"]} == {"created"}
    # two zones of 730 hours at 0.01, and a private zone
    assert (payments["cost"], analytics["cost"]) == ({"before": 0, "after": 15.1}, {"before": 0, "after": 0})
    assert (plan["cost"]["change"], plan["cost"]["prices"]["endpoint_az_hour"]) == (15.1, 0.01)
    # its cluster stands for the pods of analytics
    assert (codes(plan), codes(plan, "analytics")) == (["names_move"], ["names_move"])


def test_only_what_decides_what_is_sent_is_in_a_plan():
    """Not the variables of agent hosts, for example, which may have secrets in them."""
    assert "kubernetes" not in entry(document(planned(), AT), "analytics")["settings"]


@pytest.mark.parametrize(
    ("more", "fate"),
    [({}, "kept"), ({"take_over": True}, "taken over"), ({"tags": {"cost": "7"}}, "changed")],
)
def test_what_is_there_is_kept_taken_over_or_changed(more, fate):
    plan = document(planned(THERE, [ZONE], endpoint_id="vpce-00000001", hosted_zone_id="Z0123456789ABC", **more), AT)
    jsonschema.validate(plan, SCHEMA)
    assert entry(plan)["things"] == [
        {"kind": "endpoint", "id": "vpce-00000001", "fate": fate},
        {"kind": "zone", "id": "Z0123456789ABC", "fate": "kept"},
        {"kind": "record", "id": HOST, "fate": "kept"},
    ]
    assert (plan["totals"]["change"], plan["cost"]["change"]) == (int(fate != "kept"), 0)
    assert codes(plan) == []
    assert ("vpce-00000001" in markdown(plan)) is True


@pytest.mark.parametrize(
    ("before", "after", "fate"),
    [
        ({}, {"endpoint": {"vpc_endpoint_id": "e", "tags": OURS}}, "created"),
        ({"endpoint": {"vpc_endpoint_id": "e", "tags": OURS}}, {}, "deleted"),
        (
            {"endpoint": {"vpc_endpoint_id": "e", "tags": OURS}},
            {"endpoint": {"vpc_endpoint_id": "e", "tags": {}}},
            "handed back",
        ),
    ],
)
def test_fates(before, after, fate):
    assert things(before, after) == [{"kind": "endpoint", "id": "e", "fate": fate}]


@pytest.mark.parametrize(
    ("made_", "risks"),
    [
        # nobody could try the link before
        (planned(), ["names_move", "path_untried"]),
        (replace(planned(agents={"host": "payments"}), probes=False), ["names_move", "path_untried"]),
        (
            planned(
                THERE,
                [ZONE],
                endpoint_id="vpce-00000001",
                hosted_zone_id="Z0123456789ABC",
                subnet_ids=["subnet-0000000a"],
            ),
            ["gap"],
        ),
        (
            planned(have([made("rejected", OURS)], [GROUP]), replace_endpoint=True, agents={"host": "payments"}),
            ["names_move", "gap"],
        ),
        (
            planned(
                have([made(tags={"aws:cloudformation:stack-name": "net"})], [GROUP]),
                [ZONE],
                endpoint_id="vpce-00000001",
                hosted_zone_id="Z0123456789ABC",
                take_over=True,
            ),
            ["managed_elsewhere"],
        ),
    ],
)
def test_risks_are_marked(made_, risks):
    plan = document(made_, AT)
    jsonschema.validate(plan, SCHEMA)
    assert codes(plan) == risks


def test_a_vpc_that_fails_says_why_and_has_no_calls():
    plan = document(planned(have([made()], [GROUP])), AT)
    jsonschema.validate(plan, SCHEMA)
    assert (entry(plan)["errors"], entry(plan)["calls"]) == (["ENDPOINT_FOREIGN"], [])
    assert "Problems" in markdown(plan)


def test_the_digest_is_of_what_decides():
    plan = document(planned(), AT)
    assert plan["digest"] == document(planned(), AT)["digest"]
    assert plan["digest"].startswith("20261128T072644Z-")
    assert digest({**plan, "cost": {}}) == plan["digest"]
    others = [document(planned(), "2026-11-28T07:26:45Z"), document(planned(tags={"a": "b"}), AT)]
    assert len({plan["digest"], *(each["digest"] for each in others)}) == 3


def test_markdown_of_texts_from_outside_stays_text():
    plan = document(planned(), AT)
    entry(plan)["problems"] = ["<img src=x> @team | `x` \x1b[31m"]
    entry(plan)["calls"] = ["+ ```\n# big"]
    text = markdown(plan)
    assert r"\<img src=x\> \@team \| \`x\` \[31m" in text
    assert "+ ''' # big" in text


def test_a_long_plan_fits_into_a_comment():
    plan = document(planned(), AT)
    plan["vpcs"] = [{**entry(plan), "name": f"vpc-{number}"} for number in range(60)]
    assert "10 more VPCs: see plan.json." in markdown(plan)


def test_a_terminal_is_told_of_things_that_others_made():
    plan = document(
        planned(THERE, [ZONE], endpoint_id="vpce-00000001", hosted_zone_id="Z0123456789ABC", take_over=True), AT
    )
    assert told(plan["vpcs"]) == [
        f"  payments  endpoint vpce-00000001 taken over, zone Z0123456789ABC kept, record {HOST} kept"
    ]
    assert told(document(planned(), AT)["vpcs"]) == []


def test_a_report_says_what_became_of_each_thing():
    made_ = planned(THERE, [ZONE], endpoint_id="vpce-00000001", hosted_zone_id="Z0123456789ABC", tags={"cost": "7"})
    report = report_of(Run(inventory=made_.inventory, endpoints=made_.endpoints, zones=made_.zones))
    things_ = {vpc["name"]: [(each["kind"], each["fate"]) for each in vpc["things"]] for vpc in report["vpcs"]}
    assert things_ == {
        "payments": [("endpoint", "changed"), ("zone", "kept"), ("record", "kept")],
        "analytics": [],
    }
    assert "Setup: endpoint vpce-00000001 changed, zone Z0123456789ABC kept" in page(report, "now")
