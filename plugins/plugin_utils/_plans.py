# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans as files: what step create_links writes in check mode, and what it is handed in for a run."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..module_utils._core.errors import InputError
from ..module_utils._report.files import now, save
from ..module_utils._report.plan_file import LONGEST, PlanFile, PlanRefused, aged, read, time_of, unfit
from ..module_utils._report.plan_text import markdown
from ._collection import version


def written(document: Mapping[str, Any], directory: str) -> list[str]:
    """Writes a plan, and returns the paths. Raises OSError."""
    contents = {
        "plan.json": json.dumps(document, indent=2, sort_keys=True) + "\n",
        "plan.md": markdown(document),
    }
    return save(contents, Path(os.path.realpath(os.path.expanduser(directory))))


def handed_in(settings: Mapping[str, Any]) -> PlanFile | None:
    """The plan file that a run is to keep to, if any. Raises InputError for one that is not to be used."""
    name = settings["plan"] or ""
    if not name:
        return None
    path = Path(os.path.expanduser(name))
    try:
        if path.stat().st_size > LONGEST:
            raise PlanRefused(name, [f"It has more than {LONGEST // 1024 // 1024} MiB."])
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise PlanRefused(name, [f"It cannot be read: {problem}."]) from problem
    plan = read(text, name)
    if reasons := unfit(plan, version(), now(), settings["plan_max_age"], settings["plan_digest"] or ""):
        raise PlanRefused(name, reasons)
    return plan


def time_of_approved(settings: Mapping[str, Any]) -> str:
    """When the plan was made of which a run only knows the digest; "" if it knows none. Raises InputError if that is too long ago."""
    digest = settings["plan_digest"] or ""
    if not digest and settings["plan_required"]:
        raise InputError(
            "setup_plan_required is true, and this run has no approved plan; nothing was changed. Set setup_plan to a plan file, or "
            "setup_plan_digest to the digest of one."
        )
    if not digest:
        return ""
    at = time_of(digest)
    if reasons := aged(at, now(), settings["plan_max_age"]):
        raise PlanRefused(digest, reasons)
    return at
