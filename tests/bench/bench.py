# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU seconds and AWS calls of this collection's setup, beside the same job with amazon.aws, on the lab.

`make bench` prints a Markdown table. Nothing here is asserted: a busy machine changes CPU seconds by a third.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from astrolab.lab import Lab, running

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OURS = "astro.privatelink.setup"


#: Quotas that a fleet of a thousand VPCs has had raised.
RAISED = {"vpcs_per_region": 2000, "rules_per_group": 2000, "vpcs_per_zone": 2000, "zones_per_account": 2000}


@dataclass(frozen=True, slots=True)
class Run:
    cpu: float
    wall: float
    calls: Mapping[str, int]
    rc: int

    @property
    def total(self) -> int:
        return sum(self.calls.values())

    def of(self, *services: str) -> int:
        return sum(count for name, count in self.calls.items() if name.split(":")[0] in services)


def topology(shape: str, count: int, directory: Path) -> Path:
    """VPCs without agent hosts: only AWS is measured. A joined fleet's first VPC has the link."""
    content: dict[str, Any] = {
        "cluster": {"id": "clmh1kd8v000108l3a9v7c5x2"},
        "service": {"az_ids": ["use1-az1", "use1-az2"]},
        "settings": {"acceptance_seconds": 0.0, "pending_seconds": 0.3, "insync_seconds": 0.3, **RAISED},
        "generate": {"count": count, "kind": "own"},
    }
    if shape == "joined":
        subnets = {"a": {"cidr": "10.0.1.0/24", "az_id": "use1-az1"}, "b": {"cidr": "10.0.2.0/24", "az_id": "use1-az2"}}
        content["vpcs"] = {"hub": {"cidrs": ["10.0.0.0/16"], "subnets": subnets}}
        content["generate"] = {"count": count - 1, "kind": "joined", "via": "hub"}
    path = directory / f"{shape}-{count}.yml"
    path.write_text(yaml.safe_dump(content))
    return path


def measure(lab: Lab, playbook: str, inventory: Path) -> Run:
    env = {**lab.env, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"), "PYTHONDONTWRITEBYTECODE": ""}
    env["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    lab.reset_calls()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = os.times().elapsed
    command = ["ansible-playbook", "-i", str(inventory), playbook, "-e", "setup_probe_before_dns=false"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    wall = os.times().elapsed - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-500:], file=sys.stderr)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(cpu, wall, lab.calls()["by_action"], done.returncode)


def pair(shape: str, count: int, which: str, directory: Path) -> tuple[Run, Run]:
    """Create, then the same again, on a lab of its own."""
    name = f"bench-{os.getpid()}-{shape}-{count}-{which.replace('.', '-')}"
    playbook = OURS if which == "ours" else str(HERE / f"amazon_aws_{shape}.yml")
    with running(name, topology(shape, count, directory)) as lab:
        return measure(lab, playbook, lab.inventory), measure(lab, playbook, lab.inventory)


def rows(shape: str, counts: list[int], directory: Path) -> Iterator[str]:
    for count in [n for n in counts if shape == "own" or n > 1]:  # one VPC shares with nobody
        found = {which: pair(shape, count, which, directory) for which in ("ours", "amazon.aws")}
        for step, index in (("create", 0), ("no change", 1)):
            ours, theirs = found["ours"][index], found["amazon.aws"][index]
            note = "" if theirs.rc == 0 else " (fails)"
            yield (
                f"| {shape} | {count} | {step} | {ours.cpu:.1f} | {theirs.cpu:.1f}{note} | {theirs.cpu / ours.cpu:.1f}x "
                f"| {ours.total} ({ours.of('ec2', 'sts')} + {ours.of('route53')}) "
                f"| {theirs.total} ({theirs.of('ec2', 'sts')} + {theirs.of('route53')}) "
                f"| {ours.wall:.1f} | {theirs.wall:.1f} |"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 10, 50], help="numbers of VPCs")
    parser.add_argument("--shapes", nargs="+", default=["own", "joined"])
    arguments = parser.parse_args()
    print(
        "| shape | VPCs | step | CPU s | amazon.aws | ratio | calls (EC2, STS + Route 53) | amazon.aws | s | amazon.aws |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as directory:
        for shape in arguments.shapes:
            for row in rows(shape, arguments.counts, Path(directory)):
                print(row, flush=True)


if __name__ == "__main__":
    main()
