# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan is approved and sent: just that, or nothing."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from running import ROOT, play

SCHEMA = json.loads((ROOT / "docs" / "plan.schema.json").read_text())
WORKS = {"payments": "works", "ledger": "works", "analytics": "works"}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """Where all runs of the story work."""
    return tmp_path_factory.mktemp("plans")


def told(calls):
    return [(call["operation"], ",".join(call["vpcs"])) for call in calls]


class TestStory:
    """One lab, told from top to bottom."""

    def test_check_mode_writes_the_plan(self, lab, directory):
        done = play(lab, directory, "site", "--check")
        assert done.rc == 0, done.text
        plan = json.loads(Path(directory, "privatelink-report/plan.json").read_text())
        jsonschema.validate(plan, SCHEMA)
        assert told(plan["calls"]) == done.calls()
        assert plan["totals"] == {"create": 14, "change": 2, "delete": 4}
        assert plan["digest"] in done.text
        page = Path(directory, "privatelink-report/plan.md").read_text()
        assert page.startswith("# Plan: 14 to create, 2 to change, 4 to delete")
        assert lab.env["AWS_SECRET_ACCESS_KEY"] not in json.dumps(plan) + page
        Path(directory, "approved.json").write_text(json.dumps(plan))

    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            (["-e", '{"privatelink_agent_cidrs": ["10.99.0.0/16"]}'], 'privatelink_agent_cidrs is ["10.99.0.0/16"]'),
            (["--limit", "ledger"], "payments is in the plan and not in this run."),
            (["-e", "setup_plan_max_age=0"], "old; setup_plan_max_age allows 0 seconds."),
        ],
    )
    def test_another_fleet_or_day_is_refused(self, lab, directory, arguments, reason):
        lab.reset_calls()
        done = play(lab, directory, "setup", "-e", "setup_plan=approved.json", *arguments)
        assert done.rc != 0
        assert any(reason in message and "nothing was changed" in message for message in done.failed.values()), (
            done.text
        )
        assert lab.calls()["mutating"] == 0

    def test_another_state_of_aws_is_refused_and_named(self, lab, directory):
        """Somebody has made a group of the collection's name, which a run would have to tag: that was not approved."""
        ec2 = lab.client("ec2")
        tags = [{"Key": "managed-by", "Value": "astro.privatelink"}]
        group = ec2.create_security_group(
            GroupName="astro-privatelink",
            Description="by hand",
            VpcId=lab.record.vpcs["ledger"].id,
            TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
        )["GroupId"]
        lab.reset_calls()
        done = play(lab, directory, "setup", "-e", "setup_plan=approved.json")
        assert "ledger: ec2:CreateTags for ledger is not in the plan" in done.text
        assert lab.calls()["mutating"] == 0
        ec2.delete_security_group(GroupId=group)

    def test_it_is_sent_and_after_an_interruption_the_rest_of_it(self, lab, directory):
        plan = json.loads(Path(directory, "approved.json").read_text())
        arguments = ["-e", "setup_plan=approved.json", "-e", f"setup_plan_digest={plan['digest']}"]
        lab.aws_fault(fault="refused", action="route53:ChangeResourceRecordSets", at=1, count=10)
        first = play(lab, directory, "setup", *arguments)
        assert first.rc != 0
        lab.heal("aws")
        lab.reset_calls()
        second = play(lab, directory, "site", *arguments)
        assert second.rc == 0, second.text
        assert second.table() == WORKS
        left = second.calls()
        assert 0 < len(left) < len(plan["calls"])
        assert "ec2:CreateVpcEndpoint" not in {operation for operation, _vpc in left}
        known = iter(told(plan["calls"]))
        assert all(call in known for call in left), "not what is left of the plan, in its order"

    def test_a_digest_is_enough_and_the_plan_of_another_state_is_refused(self, lab, directory):
        approved = json.loads(Path(directory, "approved.json").read_text())["digest"]
        done = play(lab, directory, "setup", "-e", f"setup_plan_digest={approved}")
        assert "What would be sent now has another digest" in done.text
        checked = play(lab, directory, "setup", "--check")
        plan = json.loads(Path(directory, "privatelink-report/plan.json").read_text())
        assert plan["calls"] == []
        assert {thing["fate"] for vpc in plan["vpcs"] for thing in vpc["things"]} == {"kept"}
        (stats,) = [r["result"]["ansible_stats"]["data"] for r in checked.results if "ansible_stats" in r["result"]]
        done = play(
            lab,
            directory,
            "setup",
            "-e",
            f"setup_plan_digest={stats['setup_plan_digest']}",
            "-e",
            "setup_plan_required=true",
        )
        assert (done.rc, done.calls()) == (0, []), done.text
