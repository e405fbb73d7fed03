# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU seconds, memory and AWS calls of each playbook that works on the whole fleet, by its size. On the lab, `make bench-playbooks`.

What grows with the square of the number of VPCs shows here, in whatever playbook it is.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import bench
from astrolab.lab import running

#: What is run one after the other on one lab, and with which options. The first one makes the fleet.
STEPS: dict[str, tuple[str, ...]] = {
    "setup": (),
    "setup, again": (),
    "preflight": (),
    "drift": (),
    "harden_aws": ("--check",),
    "verify": (),
    "teardown, check mode": ("--check", "-e", "teardown_deployment_unrestricted=true"),
    "teardown": ("-e", "teardown_deployment_unrestricted=true", "-e", "teardown_drain=0"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=[50, 200, 1000], help="numbers of VPCs")
    parser.add_argument("--shapes", nargs="+", default=["joined"])
    arguments = parser.parse_args()
    print("| shape | VPCs | playbook | CPU s | s | MB | calls | ended with |\n|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as directory:
        for shape in arguments.shapes:
            for count in arguments.counts:
                for line in lines(shape, count, Path(directory)):
                    print(line, flush=True)


def lines(shape: str, count: int, directory: Path) -> Iterator[str]:
    with running(f"playbooks-{os.getpid()}-{shape}-{count}", bench.topology(shape, count, directory)) as lab:
        for step, options in STEPS.items():
            playbook = f"astro.privatelink.{step.partition(',')[0]}"
            done = bench.measure(lab, playbook, lab.inventory, *options)
            cells = [
                shape,
                count,
                step,
                f"{done.cpu:.1f}",
                f"{done.wall:.1f}",
                f"{done.memory:.0f}",
                done.total,
                done.rc,
            ]
            yield f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
