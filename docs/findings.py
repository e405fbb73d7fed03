# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes findings.md from the catalogue of findings (`make docs`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ansible_collections.astro.privatelink.plugins.module_utils._core.catalogue import CATALOGUE, Entry

PAGE = Path(__file__).with_suffix(".md")

HEAD = """\
<!--
Copyright: Contributors to astro.privatelink
GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
This page is generated from plugins/module_utils/_core/catalogue.py: make docs
-->
# Findings

Every problem that this collection can name, with its remedy. Preflight, setup, verify and the other roles use the same
codes. An error fails the VPC it is about, a warning does not. `‹…›` stands for what was seen.
"""


def page(catalogue: Mapping[str, Entry]) -> str:
    return HEAD + "".join(_section(code, catalogue[code]) for code in sorted(catalogue))


def _section(code: str, entry: Entry) -> str:
    kind = "" if entry.severity == "error" else f" ({entry.severity})"
    return f"\n## {code}{kind}\n\n{_shown(entry.seen)}\n\n**Remedy:** {_shown(entry.remedy)}\n"


def _shown(template: str) -> str:
    """The placeholders of a template as readers see them."""
    return re.sub(r"\{(\w+)(?:![rs])?\}", lambda match: f"‹{match[1].replace('_', ' ')}›", template)


if __name__ == "__main__":
    PAGE.write_text(page(CATALOGUE), encoding="utf-8")
