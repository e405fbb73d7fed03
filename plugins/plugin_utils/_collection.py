# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which version of the collection runs."""

from __future__ import annotations

import functools
from pathlib import Path

import yaml

_ROOT = Path(__file__).parents[2]


@functools.cache
def version() -> str:
    """An installed collection has a manifest, a checkout has galaxy.yml."""
    manifest = _ROOT / "MANIFEST.json"
    if manifest.exists():
        return str(yaml.safe_load(manifest.read_text(encoding="utf-8"))["collection_info"]["version"])
    return str(yaml.safe_load((_ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"])
