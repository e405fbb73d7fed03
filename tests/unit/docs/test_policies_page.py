# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies in docs/iam are what the code writes now."""

from __future__ import annotations

import runpy
from pathlib import Path

MADE = runpy.run_path(str(Path(__file__).parents[3] / "docs/policies.py"))


def test_the_policies_are_fresh():
    pages = MADE["pages"]()
    assert set(MADE["DIRECTORY"].glob("*.json")) == set(pages)
    assert {path: path.read_text() for path in pages} == pages, "docs/iam is stale: make docs"
