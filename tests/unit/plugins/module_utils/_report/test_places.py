# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a report is kept: what role report's variables may say, and which directories outlast a controller's job."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._core.errors import InputError
from ansible_collections.astro.privatelink.plugins.module_utils._report import places

GIVEN = {"bucket": "reports", "bucket_prefix": "privatelink-report", "bucket_region": "", "link_hours": 24}
#: As podman shows it to a job of AWX: the container's own layer, the job's directory, what was exposed to jobs, and memory.
JOB = """\
621 540 0:55 / / rw,relatime - overlay overlay rw,lowerdir=/var/lib/containers/l/A,upperdir=/var/lib/containers/u
622 621 253:0 /tmp/awx_12_x7 /runner rw,relatime - xfs /dev/mapper/root rw
623 621 253:0 /srv/reports /srv/reports rw,relatime - xfs /dev/mapper/root rw
624 621 0:60 /reports /mnt/team\\040share rw,relatime shared:1 - nfs4 nas:/reports rw
625 621 0:61 / /dev/shm rw - tmpfs shm rw
626 621 0:62 / /scratch rw - tmpfs tmpfs rw
627 621 253:0 /x/hosts /etc/hosts rw - xfs /dev/mapper/root rw
"""


@pytest.mark.parametrize(
    ("directory", "kept"),
    [
        ("/srv/reports/privatelink", True),
        ("/srv/reports", True),
        ("/mnt/team share/x", True),
        ("/runner/project/privatelink-report", False),
        ("/srv/reports2", False),
        ("/home/runner/report", False),
        ("/tmp/report", False),
        ("/dev/shm/report", False),
        ("/scratch/report", False),
    ],
)
def test_a_directory_outlasts_a_job_if_somebody_mounted_it(directory, kept):
    assert places.outlasts(Path(directory), JOB) is kept


def test_what_cannot_be_read_is_not_taken_for_a_mount():
    assert places.outlasts(Path("/srv/reports"), "garbage\n1 2 3\n - \n") is False


def test_each_run_has_a_key_of_its_own():
    found = places.bucket(GIVEN, "us-east-1")
    assert (
        found.key("2026-11-22T12:00:00Z", "42", "report.html") == "privatelink-report/20261122T120000Z-42/report.html"
    )
    bare = places.bucket({**GIVEN, "bucket_prefix": "", "bucket_region": "eu-west-1"}, "us-east-1")
    assert (bare.key("2026-11-22T12:00:00Z", "", "a"), bare.region) == ("20261122T120000Z/a", "eu-west-1")


def test_without_a_bucket_the_others_do_not_count():
    assert places.bucket({**GIVEN, "bucket": "", "link_hours": 9000}, "") is None


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"bucket": "s3://reports"}, "without s3://"),
        ({"bucket": "Reports"}, "Set it to the name of an S3 bucket"),
        ({"bucket": "re..ports"}, "Set it to the name of an S3 bucket"),
        ({"bucket_prefix": "a b"}, "report_bucket_prefix takes"),
        ({"link_hours": 169}, "AWS allows up to 168"),
        ({"link_hours": -1}, "AWS allows up to 168"),
    ],
)
def test_it_is_said_what_to_set_instead(given, text):
    with pytest.raises(InputError, match=text):
        places.bucket({**GIVEN, **given}, "us-east-1")


def test_a_region_is_needed():
    with pytest.raises(InputError, match="Set it to the bucket's region"):
        places.bucket(GIVEN, "")
