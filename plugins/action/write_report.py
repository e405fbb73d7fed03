# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the report of what the earlier steps found and changed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.urls import open_url

from ..module_utils._aws import bucket
from ..module_utils._aws.clients import Clients
from ..module_utils._aws.session import Boto3
from ..module_utils._core.errors import InputError, PrivateLinkError, ReadFailed
from ..module_utils._report import places
from ..module_utils._report.document import Report, Run, document
from ..module_utils._report.files import contents, now, write
from ..module_utils._report.handed_on import of_report
from ..module_utils._report.summary import failed
from ..module_utils._roles import setup
from ..plugin_utils._ending import EndingStep


class ActionModule(EndingStep):
    def take(self) -> dict[str, Any]:
        where = self._bucket()
        report = self._report()
        if self.check:
            return {"changed": False, "files": [], "page": ""}
        at = now()
        directory = Path(os.path.realpath(os.path.expanduser(self.settings["directory"])))
        written = write(report, directory, at)
        page, about = self._kept(directory, written[0])
        if where:
            page, about = self._sent(where, report, at) or (page, about)
        works = sum(entry["verdict"] == "works" for entry in report["vpcs"])
        self.say_whole(f"{works} of {len(report['vpcs'])} VPCs reach Astro over PrivateLink. {about}")
        self.say(failed(report))
        told = of_report(self.in_the_end(), report)
        return {
            "changed": False,
            "files": written,
            "page": page,
            **self.handing_on({**told, "page": page} if page else told),
        }

    def _report(self) -> Report:
        made, seen = (self.left("__setup_links"), self.left("__verify"))
        endpoints, zones = setup.parts(made.get("answers", []))
        settings = self.settings
        return document(
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

    # --- where the page is: a place is named only if the page is there, also when the job has ended

    def _kept(self, directory: Path, page: str) -> tuple[str, str]:
        """On disk. What a controller's job leaves in its container is removed with it."""
        if not self.job or places.outlasts(directory, Path("/proc/self/mountinfo").read_text(encoding="utf-8")):
            return page, f"The report: {page}"
        return "", (
            "The result is privatelink_result under this job's artifacts. The page is removed with the job: to keep it, set report_bucket, "
            "or report_directory to a path that the controller exposes to jobs."
        )

    def _bucket(self) -> places.Bucket | None:
        first = next(iter(self.inventory.vpcs.values()), None)
        return places.bucket(self.settings, first.text("region") if first else "")

    def _sent(self, where: places.Bucket, report: Report, at: str) -> tuple[str, str] | None:
        """In the bucket, or nothing if it is not there: a warning says why, and the run goes on."""
        sdk = Boto3(options={**self.options, "aws_config": {**(self.options.get("aws_config") or {}), **bucket.SIGNED}})
        files = {
            where.key(at, self.job, name): (text, places.TYPES[Path(name).suffix])
            for name, text in contents(report, at).items()
        }
        page, text = next((key, text) for key, (text, _type) in files.items() if key.endswith(".html"))
        try:
            client = Clients(sdk).get("s3", region=where.region)
            bucket.put(client, where.name, files)
            link = bucket.link(client, where.name, page, where.hours) if where.hours else ""
        except ReadFailed as problem:
            self.caution(f"The report was not put into the bucket: {problem}")
            return None
        place = f"s3://{where.name}/{page}"
        if not link:
            return place, f"The report: {place}"
        if problem_of_link := self._opened(link, text):
            self.caution(f"{place} is there, but a link to it does not open: {problem_of_link}")
            return place, f"The report: {place}"
        return (
            link,
            f"The report: {place}\nFor {where.hours} hours, or as long as the credentials of this run last: {link}",
        )

    def _opened(self, link: str, text: str) -> str:
        """What is wrong with a link, after it was opened as its readers will."""
        options: Mapping[str, Any] = self.options
        try:
            with open_url(
                link,
                timeout=30,
                validate_certs=options.get("validate_certs") is not False,
                ca_path=options.get("aws_ca_bundle"),
            ) as answer:
                same = answer.read(len(text.encode()) + 1) == text.encode()
        except Exception as problem:  # ways to fail differ between Python versions
            return f"{str(problem).partition('https://')[0].rstrip('. ')}. Allow s3:GetObject, and check report_bucket_region."
        return "" if same else "it has another content. Check what stands between this machine and S3."

    def unfit(self, problem: PrivateLinkError) -> dict[str, Any]:
        """What is wrong with the inventory, the steps before have said; what is wrong with the report's own variables, nobody has."""
        try:
            places.bucket(self.settings_of(self.role), "us-east-1")
        except InputError as own:
            return super().unfit(own)
        return {
            "changed": False,
            "files": [],
            "page": "",
            "msg": str(problem),
            **({} if self.check else self.handing_on(self.in_the_end())),
        }
