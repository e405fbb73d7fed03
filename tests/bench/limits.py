# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a fleet takes where AWS limits requests, beside the time that its limits alone force. On the lab, `make bench-limits`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import bench
from astrolab.aws.settings import Bucket, published_buckets
from astrolab.lab import Lab, running

REFUSED = {"RequestLimitExceeded", "Throttling", "ThrottlingException"}
#: Seconds until a new endpoint is available, as it takes on AWS at best.
PROVISIONING = 60.0


def forced(calls: Mapping[str, int], buckets: Mapping[str, Bucket]) -> float:
    """The seconds that the bucket which is the scarcest alone takes for calls that pass."""
    drawn: dict[str, tuple[Bucket, int]] = {}
    for name, count in calls.items():
        pattern = max((each for each in buckets if ":" in each and fnmatch(name, each)), key=len, default="")
        for key, bucket in ((name, buckets.get(pattern)), (name.split(":")[0], buckets.get(name.split(":")[0]))):
            if bucket is not None:
                drawn[key] = (bucket, drawn.get(key, (bucket, 0))[1] + count)
    return max((max(0.0, count - bucket.burst) / bucket.per_second for bucket, count in drawn.values()), default=0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=[50, 200], help="numbers of VPCs")
    parser.add_argument("--shapes", nargs="+", default=["own", "joined"])
    arguments = parser.parse_args()
    print("| shape | VPCs | s | forced | requests | throttled | failed |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as directory:
        for shape in arguments.shapes:
            for count in arguments.counts:
                print(line(shape, count, Path(directory)), flush=True)


def line(shape: str, count: int, directory: Path) -> str:
    with running(f"limits-{os.getpid()}-{shape}-{count}", bench.topology(shape, count, directory)) as lab:
        settings(lab, throttle=True, pending_seconds=PROVISIONING)  # it is planted before AWS begins to throttle
        done = bench.measure(lab, bench.OURS, lab.inventory)
        calls = lab.calls()["calls"]
    refused = sum(each["code"] in REFUSED for each in calls)
    least = forced(Counter(each["name"] for each in calls if each["code"] not in REFUSED), published_buckets())
    print(f"CPU {done.cpu:.1f} s, {done.memory:.0f} MB", file=sys.stderr)
    share = f"{refused} ({refused / len(calls):.1%})"
    return (
        f"| {shape} | {count} | {done.wall:.0f} | {least:.0f} | {len(calls)} | {share} | {'yes' if done.rc else 'no'} |"
    )


def settings(lab: Lab, **values: Any) -> None:
    body = json.dumps(values).encode()
    urllib.request.urlopen(urllib.request.Request(f"{lab.record.url}/_lab/settings", body, method="PATCH")).close()


if __name__ == "__main__":
    main()
