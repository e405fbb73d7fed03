# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The times of scale.md follow from the limits that the collection keeps to."""

from __future__ import annotations

import runpy
from pathlib import Path

MADE = runpy.run_path(str(Path(__file__).parents[3] / "docs/scale.py"))


def test_the_page_is_fresh():
    text = MADE["PAGE"].read_text()
    assert text == MADE["page"](text), "docs/scale.md is stale: make docs"


def test_the_scarcest_bucket_binds():
    layout = MADE["Layout"]
    assert layout(1000, "own").slowest() == ("ec2:CreateVpcEndpoint", 996 / 0.3)
    assert layout(1000, "own", accounts=10).slowest() == ("ec2:CreateVpcEndpoint", 96 / 0.3)
    assert layout(100, "hub", per_link=100).slowest() == ("route53:AssociateVPCWithHostedZone", 16.0)
