# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step hands on to the jobs that follow, to a controller's artifacts and to notifications: short, and bounded. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .._core.text import printable

#: The one key under which a job's results are found.
KEY = "privatelink_result"
VERSION = 1
_MOST, _LONGEST = 50, 600


def handed_on(result: Mapping[str, Any], everyone: Sequence[str], well: Collection[str]) -> dict[str, Any]:
    """A step's result for others. ``everyone`` are the play's agent VPCs, ``well`` those that had not failed before the step.

    Ansible merges what the steps of a job hand on, the later over the earlier: so each says how the job has gone until then.
    """
    texts: Mapping[str, str] = result.get("failed_vpcs", {})
    lost = [name for name in everyone if name not in well or name in texts]
    found: dict[str, Any] = {
        "version": VERSION,
        "passed": not lost and not result.get("failed"),
        "counts": {"vpcs": len(everyone), "failed": len(lost)},
        "vpcs": {printable(name, 100): {"problems": _lines(texts[name])} for name in sorted(texts)[:_MOST]},
    }
    if result.get("changed"):
        found["changed"] = True
    if result.get("msg"):
        found["problems"] = _lines(str(result["msg"]))
    if deployments := result.get("deployments"):
        found["deployments"] = [
            {"name": each["deployment"]["name"], "restricted": each["restricted"], "changed": each["changed"]}
            for each in deployments[:_MOST]
        ]
    return found


def _lines(text: str) -> list[str]:
    return [printable(line, _LONGEST) for line in text.splitlines() if line.strip()][:_MOST]
