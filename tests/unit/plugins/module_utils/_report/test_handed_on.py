# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step hands on: how the job has gone until then, in few and short words."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ansible_collections.astro.privatelink.plugins.module_utils._report import notice
from ansible_collections.astro.privatelink.plugins.module_utils._report.document import document
from ansible_collections.astro.privatelink.plugins.module_utils._report.handed_on import (
    REGISTERED,
    handed_on,
    in_the_end,
    of_report,
    words,
)
from reported import fleet

ROOT = Path(__file__).parents[5]


def test_a_step_in_which_all_went_well():
    found = handed_on({"changed": True, "failed_vpcs": {}}, ["a", "b"], {"a", "b"})
    assert found == {"version": 1, "passed": True, "counts": {"vpcs": 2, "failed": 0}, "vpcs": {}, "changed": True}


def test_who_failed_in_an_earlier_step_still_counts():
    """Ansible lets what a later step says win over an earlier one."""
    found = handed_on({"failed_vpcs": {}}, ["a", "b"], {"b"})
    assert (found["passed"], found["counts"]) == (False, {"vpcs": 2, "failed": 1})


def test_problems_come_with_their_remedies():
    found = handed_on({"failed_vpcs": {"a": "ONE: Seen. Do this.\n\nTWO: Seen. Do that."}}, ["a", "b"], {"a", "b"})
    assert found["vpcs"] == {"a": {"problems": ["ONE: Seen. Do this.", "TWO: Seen. Do that."]}}
    assert found["counts"]["failed"] == 1


def test_it_is_bounded_and_has_no_controls():
    names = [f"vpc{number}" for number in range(500)]
    texts = {name: "\x1b[31m" + "x" * 10_000 + "\n" * 500 + "y" * 10_000 for name in names}
    found = handed_on({"failed_vpcs": texts, "msg": "z\n" * 10_000}, names, set(names))
    assert found["counts"] == {"vpcs": 500, "failed": 500}
    assert len(json.dumps(found)) < 100_000
    assert "\x1b" not in str(found["vpcs"])


def test_the_lists_of_deployments_are_told_without_their_ranges():
    each = {
        "deployment": {"name": "orders"},
        "restricted": True,
        "changed": True,
        "before": ["10.0.0.0/8"],
        "after": [],
    }
    found = handed_on({"deployments": [each]}, ["a"], {"a"})
    assert found["deployments"] == [{"name": "orders", "restricted": True, "changed": True}]


# --- at the end of a play


def test_a_refusal_is_told_although_ansible_hands_nothing_on_of_what_failed():
    refused = {"failed": True, "msg": "LOCKDOWN_UNSAFE: Nobody came. Do this.\nNo list was changed.", "deployments": []}
    found = in_the_end([{"failed_vpcs": {}}, refused], ["a", "b"], set())
    assert found["passed"] is False
    assert found["problems"] == ["LOCKDOWN_UNSAFE: Nobody came. Do this.", "No list was changed."]
    assert words(found).splitlines() == ["Failed: 2 VPCs.", *found["problems"]]


def test_problems_of_all_steps_are_told_together():
    found = in_the_end(
        [{"failed_vpcs": {"a": "ONE: x"}}, {"failed_vpcs": {"a": "TWO: y", "b": "ONE: z"}}], ["a", "b", "c"], {"c"}
    )
    assert words(found).splitlines() == ["Failed: 2 of 3 VPCs failed.", "a: ONE: x", "a: TWO: y", "b: ONE: z"]


def test_what_a_task_failed_that_is_no_step_counts():
    found = in_the_end([{"failed_vpcs": {}}], ["a", "b"], {"b"})
    assert words(found) == "Failed: 1 of 2 VPCs failed."


def test_each_result_that_roles_register_is_read():
    tasks = "".join(file.read_text() for file in (ROOT / "roles").glob("*/tasks/*.yml"))
    others = {"__report", "__report_result", "__support_request"}
    assert set(REGISTERED) == set(re.findall(r"register: (__\w+)", tasks)) - others


def test_each_playbook_that_runs_roles_on_vpcs_hands_on_what_came_of_it():
    """A job whose step refuses would have no artifact otherwise."""
    for file in (ROOT / "playbooks").glob("*.yml"):
        text = file.read_text()
        if "hosts: agent_vpcs" in text and "support_request" not in file.name:
            assert re.search(r"always:\n.*\n.*astro\.privatelink\.report\b", text), file.name


# --- with a report


def reported(size, bad=0):
    run = fleet(size, bad=bad)
    names = run.inventory.names
    texts = {each["name"]: each["findings"][0]["text"] for each in document(run)["vpcs"] if each["verdict"] == "failed"}
    return in_the_end([{"failed_vpcs": texts}], names, set(names) - set(texts)), document(run)


def test_verdicts_counts_and_remedies_of_a_report():
    found = of_report(*reported(10, bad=2))
    assert (found["passed"], found["counts"]) == (False, {"vpcs": 10, "failed": 2, "works": 8})
    assert sorted(each["verdict"] for each in found["vpcs"].values()) == ["failed"] * 2 + ["works"] * 8
    (first, *_others) = found["vpcs"].values()
    assert set(first) == {"problems", "verdict", "vpc_endpoint_id", "addresses", "hosted_zone_id", "findings"}
    text = words({**found, "page": "https://reports.example.org/1"}).splitlines()
    assert text[0] == "Failed: 2 of 10 VPCs failed, 8 reach Astro over PrivateLink."
    assert text[1].startswith(f"{next(iter(found['vpcs']))}: TCP_TIMEOUT_ONE_AZ: ")
    assert text[-1] == "The report: https://reports.example.org/1"


def test_a_run_whose_links_work_but_whose_harden_failed_did_not_pass():
    found, report = reported(3)
    assert of_report(found, report)["passed"] is True
    assert of_report({**found, "passed": False}, report)["passed"] is False


def test_of_a_large_fleet_those_that_failed_come_first_and_the_rest_is_bounded():
    found = of_report(*reported(1000, bad=100))
    assert len(found["vpcs"]) == 200
    assert found["counts"]["works"] == 900
    assert sum(each["verdict"] == "failed" for each in found["vpcs"].values()) == 100
    text = words(found)
    assert "more lines in the job's output" in text
    assert len(text) < 15_000


# --- the body of a webhook


def test_a_chat_gets_text_that_calls_nobody():
    result = {
        "passed": False,
        "counts": {"vpcs": 1, "failed": 1},
        "vpcs": {"a": {"problems": ["X: <!channel> & more"]}},
    }
    body = notice.body("verify", {**result, "text": words(result)}, "text")
    assert body == {"text": "verify: Failed: 1 of 1 VPC failed.\na: X: &lt;!channel&gt; &amp; more"}


def test_a_program_gets_the_result_too():
    result = handed_on({"failed_vpcs": {}}, ["a"], {"a"})
    assert notice.body("drift", result, "result") == {
        "playbook": "drift",
        "text": "drift: Passed: 1 VPC.",
        "result": result,
    }
