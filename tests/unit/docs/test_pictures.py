# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of the topologies are what the report would draw now, and each is shown."""

from __future__ import annotations

import runpy
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"
MADE = runpy.run_path(str(DOCS / "pictures.py"))


@pytest.mark.parametrize("story", MADE["STORIES"])
def test_a_picture_is_fresh_and_shown(story):
    text = (MADE["IMAGES"] / f"topology_{story}.svg").read_text()
    assert text == f"{MADE['drawn'](story)}\n", "make docs"
    ET.fromstring(text)
    assert f"(images/topology_{story}.svg)" in (DOCS / "topologies.md").read_text()
