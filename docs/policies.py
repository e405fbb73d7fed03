# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the policies in docs/iam, which are those of an inventory with one VPC (`make docs`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.policies import policies

DIRECTORY = Path(__file__).parent / "iam"
ACCOUNT = "111111111111"
GROUP = "sg-0aaaaaaaaaaaaaaaa"
VPC: dict[str, Any] = {
    "privatelink_vpc_id": "vpc-0aaaaaaaaaaaaaaaa",
    "privatelink_region": "us-east-1",
    "privatelink_cluster_id": "clmh1kd8v000108l3a9v7c5x2",
    "privatelink_service_name": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0",
    "privatelink_agent_security_groups": [GROUP],
}


def pages() -> dict[Path, str]:
    """The text of each file."""
    found = policies(Inventory.read({"payments": VPC}, ["payments"]), ACCOUNT, [GROUP])[ACCOUNT]
    return {DIRECTORY / f"{name}.json": json.dumps(policy, indent=2) + "\n" for name, policy in found.items()}


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
