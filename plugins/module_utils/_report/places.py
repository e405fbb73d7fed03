# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a report is kept: a bucket, and whether a directory of a controller's job is still there once the job has ended. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from .._core.errors import InputError

#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9!_.*'()/-]{0,512}")
_REGION = re.compile(r"[a-z]{2}[a-z0-9-]*-\d+")
#: A link is valid for seven days at most:
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
MOST_HOURS = 168
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".xml": "application/xml",
    ".prom": "text/plain; charset=utf-8",
}
#: What a controller mounts into a job's container by itself; it is removed with the container, or when the job has ended.
_OF_THE_JOB = ("/runner", "/dev", "/proc", "/sys", "/run", "/etc", "/tmp", "/var/tmp")
_IN_MEMORY = {"tmpfs", "ramfs", "overlay", "devtmpfs"}


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """Where in S3 reports go. ``hours`` are for how long a link is valid; without any there is no link."""

    name: str
    prefix: str
    region: str
    hours: int

    def key(self, at: str, job: str, file: str) -> str:
        """The key of one file of the report of one run; ``at`` is its time."""
        run = "-".join(filter(None, [re.sub(r"[^0-9TZ]", "", at), re.sub(r"[^0-9A-Za-z]", "", job)]))
        return "/".join(filter(None, [self.prefix.strip("/"), run, file]))


def bucket(settings: Mapping[str, Any], region: str) -> Bucket | None:
    """What role report's variables say; ``region`` is that of the first VPC. Raises InputError with what to set instead."""
    name = settings["bucket"]
    if not name:
        return None
    found = Bucket(
        name=name,
        prefix=settings["bucket_prefix"] or "",
        region=settings["bucket_region"] or region,
        hours=settings["link_hours"],
    )
    problems = []
    if not _BUCKET.fullmatch(name) or ".." in name:
        problems.append(
            f"report_bucket is {name!r}. Set it to the name of an S3 bucket, without s3:// and without a path."
        )
    if not _PREFIX.fullmatch(found.prefix):
        problems.append("report_bucket_prefix takes letters, digits and the characters ! _ . * ' ( ) / and -.")
    if not _REGION.fullmatch(found.region):
        problems.append("report_bucket_region is not set. Set it to the bucket's region, such as us-east-1.")
    if not 0 <= found.hours <= MOST_HOURS:
        problems.append(f"report_link_hours is {found.hours}. AWS allows up to {MOST_HOURS}; 0 is for no link.")
    if problems:
        raise InputError(" ".join(problems))
    return found


def outlasts(directory: Path, mounts: str) -> bool:
    """Whether a directory of a job's container is still there when the job has ended: if it is on a mount that somebody made.

    ``mounts`` is the content of /proc/self/mountinfo (https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html).
    """
    point, kind = PurePosixPath("/"), ""
    for line in mounts.splitlines():
        before, _dash, after = line.partition(" - ")
        fields, more = before.split(), after.split()
        if len(fields) < 5 or not more:
            continue
        mount = PurePosixPath(re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), fields[4]))
        if PurePosixPath(directory).is_relative_to(mount) and len(mount.parts) >= len(point.parts):
            point, kind = mount, more[0]
    own = any(point.is_relative_to(each) for each in _OF_THE_JOB)
    return point != PurePosixPath("/") and kind not in _IN_MEMORY and not own
