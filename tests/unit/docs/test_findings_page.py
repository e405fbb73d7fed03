# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of findings is what the catalogue says now."""

from __future__ import annotations

import runpy
from pathlib import Path

from ansible_collections.astro.privatelink.plugins.module_utils._core.catalogue import CATALOGUE, Entry

MADE = runpy.run_path(str(Path(__file__).parents[3] / "docs/findings.py"))


def test_the_page_is_fresh():
    assert MADE["PAGE"].read_text() == MADE["page"](CATALOGUE), "docs/findings.md is stale: make docs"


def test_placeholders_are_shown_as_what_stands_for_something():
    page = MADE["page"]({"CODE": Entry("{service!r} in {vpc_id}.", "Fix {it}.", "warning")})
    assert page.endswith("## CODE (warning)\n\n‹service› in ‹vpc id›.\n\n**Remedy:** Fix ‹it›.\n")
