# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._core.findings import finding, from_error


@pytest.mark.parametrize(
    ("message", "seen"), [("Timeout", "failed: Timeout."), ("Is it there?", "failed: Is it there?")]
)
def test_a_message_of_aws_ends_before_the_remedy_begins(message, seen):
    found = from_error("one", "ec2:DescribeVpcs", message, "Unknown")
    assert found.seen == f"ec2:DescribeVpcs {seen}"


def test_a_detail_that_is_not_given_leaves_no_blank():
    assert finding("ENDPOINT_REJECTED", "one", endpoint="vpce-1", detail="").seen.endswith("rejected by Astronomer.")
