# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags that the collection needs for itself, or that AWS does not take, are refused before anything is sent."""

from __future__ import annotations

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._inventory import checks
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import AgentVpc


@pytest.mark.parametrize(
    ("tags", "problem"),
    [
        ({"team": "data", "Name": "links"}, ""),
        ({"managed-by": "terraform"}, "managed-by is how this collection knows what is its own"),
        ({"astro.privatelink/abc": "x"}, "astro.privatelink/abc is how this collection knows what is its own"),
        ({"aws:x": "y"}, "which AWS reserves"),
        ({"k" * 129: "v"}, "is too long"),
    ],
)
def test_tags(tags, problem):
    found = [one for one in checks.of_vpc(AgentVpc("one", {"tags": tags}), {}, []) if "privatelink_tags" in one]
    assert [problem in one for one in found] == ([True] if problem else [])
