# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step hands on: how the job has gone until then, in few and short words."""

from __future__ import annotations

import json

from ansible_collections.astro.privatelink.plugins.module_utils._report.handed_on import handed_on


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
