# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the report of what the earlier steps found and changed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..module_utils._core.errors import PrivateLinkError
from ..module_utils._report.document import Run, compact, document
from ..module_utils._report.files import now, write
from ..module_utils._report.summary import failed
from ..module_utils._roles import setup
from ..plugin_utils._step import Step


class ActionModule(Step):
    role = "report"
    everyone = True

    def take(self) -> dict[str, Any]:
        made, seen = (self._left(name) for name in ("__setup_links", "__verify"))
        endpoints, zones = setup.parts(made.get("answers", []))
        settings = self.settings
        report = document(
            Run(
                inventory=self.inventory,
                endpoints=endpoints,
                zones=zones,
                verified=seen.get("answers", []),
                targets=seen.get("targets", {}),
                seen=seen.get("seen", {}),
                pods=seen.get("pods", {}),
                tokens={"before": settings["tokens_before"], "after": settings["tokens_after"]},
                check_mode=self.check,
            )
        )
        directory = Path(os.path.realpath(os.path.expanduser(settings["directory"])))
        written = [] if self.check else write(report, directory, now())
        works = sum(entry["verdict"] == "works" for entry in report["vpcs"])
        if written:
            head = f"{works} of {len(report['vpcs'])} VPCs reach Astro over PrivateLink. {self._where(written[0])}"
            self.say([head, *failed(report)])
        stats = {"data": {"privatelink_result": compact(report)}, "per_host": False, "aggregate": True}
        return {"changed": False, "files": written, **({} if self.check else {"ansible_stats": stats})}

    def _where(self, page: str) -> str:
        """Where the report is. A controller's job directory is gone once the job has ended."""
        private = self.variables.get("awx_job_id") and not os.path.isabs(self.settings["directory"])
        return (
            "The result is privatelink_result under this job's artifacts. To keep the page, set report_directory to a path that the "
            "controller exposes to jobs."
            if private
            else f"The report: {page}"
        )

    def _left(self, name: str) -> dict[str, Any]:
        """The registered result of an earlier step; hosts that had failed before it lack one."""
        hostvars = self.variables["hostvars"]
        kept = (hostvars[host].get(name) for host in self.variables["ansible_play_hosts_all"])
        return next((dict(found) for found in kept if found and "failed_vpcs" in found), {})

    def unfit(self, problem: PrivateLinkError) -> dict[str, Any]:
        """Whatever was wrong, the steps before have said it."""
        return {"skipped": True, "changed": False, "msg": str(problem)}
