# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says how far the endpoints are while `vpc_endpoint` waits for them; a module cannot speak before its end.

The module is run for short spells. It is idempotent: a further run changes nothing more and goes on waiting.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

#: Seconds for which the module waits before each line; the last one from then on.
SPELLS = (5, 10, 20, 30)
WAITING = {"PENDING_ACCEPTANCE": "for Astronomer to accept it", "ENDPOINT_PENDING": "for AWS to make it available"}


def waiting(result: Mapping[str, Any]) -> dict[str, str]:
    """The VPCs whose endpoint is on its way, and what it waits for."""
    found = result.get("findings", [])
    return {one["vpc"]: WAITING[one["code"]] for one in found if one["code"] in WAITING}


def progress(result: Mapping[str, Any]) -> str:
    """One line: how many of how many, and who waits for what."""
    vpcs, still = result["vpcs"], waiting(result)
    ready = sum(vpc["state"] == "available" for vpc in vpcs.values())
    lines = [f"{name} ({vpcs[name]['vpc_endpoint_id']}) waits {what}" for name, what in sorted(still.items())]
    return f"{ready} of {len(vpcs)} endpoints are available; {', '.join(lines)}"


def combine(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The last run's answer, with the plan and the changes of all of them."""
    first, last = results[0], results[-1]
    if "diff" not in first or "diff" not in last:
        return last
    return {
        **last,
        "changed": any(result.get("changed") for result in results),
        "calls": [call for result in results for call in result.get("calls", [])],
        "diff": {"before": first["diff"]["before"], "after": last["diff"]["after"]},
    }


class ActionModule(ActionBase):
    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        end = time.monotonic() + float(self._task.args.get("wait_timeout", 600))
        results: list[dict[str, Any]] = []
        while True:
            spell = SPELLS[min(len(results), len(SPELLS) - 1)]
            spell = max(0, min(spell, round(end - time.monotonic())))
            arguments = {**self._task.args, "wait_timeout": spell}
            results.append(self._execute_module(module_args=arguments, task_vars=task_vars))
            if not waiting(results[-1]) or time.monotonic() >= end:
                return combine(results)
            Display().display(progress(results[-1]))
