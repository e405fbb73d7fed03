# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a request or an answer has the shape that Astro's API gives it. Knows the shapes from schema.yml only."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

_FILE = Path(__file__).with_name("schema.yml")


def problems(shape: str, value: object) -> list[dict[str, str]]:
    """What is wrong with it, as the API's `fieldErrors`."""
    found = sorted(_validator(shape).iter_errors(value), key=lambda error: list(map(str, error.absolute_path)))
    return [
        {"code": str(each.validator), "field": ".".join(map(str, each.absolute_path)) or ".", "message": each.message}
        for each in found
    ]


@functools.cache
def _validator(shape: str) -> Any:
    schema = yaml.safe_load(_FILE.read_text())
    return Draft202012Validator({**schema, "$ref": f"#/$defs/{shape}"})
