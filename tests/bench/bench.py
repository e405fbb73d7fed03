# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU seconds, memory and AWS calls of this collection's setup, beside the same job with amazon.aws, on the lab.

`make bench` writes the table of docs/performance.md and the picture beside it. Nothing here is asserted: a busy machine changes CPU
seconds by a third.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plot
import yaml
from astrolab.lab import Lab, running

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PAGE, PICTURE = ROOT / "docs" / "performance.md", ROOT / "docs" / "images" / "growth.svg"
BEGIN, END = "<!-- table: written by make bench -->", "<!-- end of table -->"
#: Ansible's settings for both: those that the example project has.
SETTINGS = ROOT / "examples" / "your-project" / "ansible.cfg"
OURS = "astro.privatelink.setup"
#: amazon.aws takes minutes of CPU time for each fifty VPCs with links of their own.
THEIRS = 50

#: Quotas that a fleet of a thousand VPCs has had raised.
RAISED = {"vpcs_per_region": 5000, "rules_per_group": 2000, "vpcs_per_zone": 2000, "zones_per_account": 2000}


#: Runs a command, then says its CPU seconds and megabytes. The lab is in this process, whose memory a child of it would count.
USED = """
import os, sys
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_pid, status, used = os.wait4(pid, 0)
print("", used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a play, with all its processes. ``memory`` are the megabytes of its largest process."""

    cpu: float
    wall: float
    memory: float
    calls: Mapping[str, int]
    rc: int

    @property
    def total(self) -> int:
        return sum(self.calls.values())

    def of(self, *services: str) -> int:
        return sum(count for name, count in self.calls.items() if name.split(":")[0] in services)


@dataclass(frozen=True, slots=True)
class Row:
    shape: str
    count: int
    step: str
    ours: Run
    theirs: Run | None


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


def measure(lab: Lab, playbook: str, inventory: Path, *options: str) -> Run:
    env = {**lab.env, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"), "PYTHONDONTWRITEBYTECODE": ""}
    env["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env["ANSIBLE_CONFIG"] = str(SETTINGS)
    lab.reset_calls()
    start = time.monotonic()
    command = ["ansible-playbook", "-i", str(inventory), playbook, "-e", "setup_probe_before_dns=false", *options]
    measured = [sys.executable, "-c", USED, *command]
    done = subprocess.run(measured, env=env, capture_output=True, text=True, check=False)
    wall = time.monotonic() - start
    cpu, memory = map(float, done.stderr.split()[-2:])
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-500:], file=sys.stderr)
    return Run(cpu, wall, memory, lab.calls()["by_action"], done.returncode)


def pair(shape: str, count: int, which: str, directory: Path) -> tuple[Run, Run]:
    """Create, then the same again, on a lab of its own."""
    name = f"bench-{os.getpid()}-{shape}-{count}-{which.replace('.', '-')}"
    playbook = OURS if which == "ours" else str(HERE / f"amazon_aws_{shape}.yml")
    with running(name, topology(shape, count, directory)) as lab:
        return measure(lab, playbook, lab.inventory), measure(lab, playbook, lab.inventory)


def rows(shape: str, counts: list[int], most: int, directory: Path) -> Iterator[Row]:
    for count in [n for n in counts if shape == "own" or n > 1]:  # one VPC shares with nobody
        ours = pair(shape, count, "ours", directory)
        theirs = pair(shape, count, "amazon.aws", directory) if count <= most else (None, None)
        for index, step in enumerate(("create", "no change")):
            yield Row(shape, count, step, ours[index], theirs[index])


HEAD = (
    "| shape | VPCs | step | CPU s | amazon.aws | ratio | calls (EC2, STS + Route 53) | amazon.aws | s | amazon.aws | MB |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)


def line(row: Row) -> str:
    ours, theirs = row.ours, row.theirs
    beside = [""] * 4
    if theirs is not None:
        note = "" if theirs.rc == 0 else " (fails)"
        beside = [f"{theirs.cpu:.1f}{note}", f"{theirs.cpu / ours.cpu:.1f}x", _calls(theirs), f"{theirs.wall:.1f}"]
    failed = "" if ours.rc == 0 else " (fails)"
    cells = [row.shape, row.count, row.step, f"{ours.cpu:.1f}{failed}", beside[0], beside[1], _calls(ours), beside[2]]
    return f"| {' | '.join(map(str, [*cells, f'{ours.wall:.1f}', beside[3], f'{ours.memory:.0f}']))} |"


def _calls(run: Run) -> str:
    return f"{run.total} ({run.of('ec2', 'sts')} + {run.of('route53')})"


def write(found: list[Row]) -> None:
    """Into the page, and the picture of how it grows."""
    table = "\n".join([BEGIN, HEAD, *map(line, found), END])
    text = re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _old: table, PAGE.read_text(), flags=re.DOTALL)
    PAGE.write_text(text)
    series: dict[str, list[tuple[int, Mapping[str, float]]]] = {}
    for row in found:
        measured = {"CPU seconds": row.ours.cpu, "AWS calls": row.ours.total, "Memory (MB)": row.ours.memory}
        series.setdefault(f"{row.shape}, {row.step}", []).append((row.count, measured))
    PICTURE.write_text(plot.picture(series))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 10, 50, 200, 1000], help="numbers of VPCs")
    parser.add_argument("--shapes", nargs="+", default=["own", "joined"])
    parser.add_argument("--theirs", type=int, default=THEIRS, help="the largest number of VPCs to run amazon.aws with")
    parser.add_argument("--print", action="store_true", dest="only", help="print the table, write nothing")
    arguments = parser.parse_args()
    found = []
    print(HEAD)
    with tempfile.TemporaryDirectory() as directory:
        for shape in arguments.shapes:
            for row in rows(shape, arguments.counts, arguments.theirs, Path(directory)):
                found.append(row)
                print(line(row), flush=True)
    if not arguments.only:
        write(found)


if __name__ == "__main__":
    main()
