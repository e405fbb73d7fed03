# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks of the collection, run as a user runs them over the run's inventory."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_LONGEST = 3600


@dataclass(frozen=True, slots=True)
class Played:
    rc: int
    text: str
    report: Mapping[str, Any]

    @property
    def verdicts(self) -> dict[str, str]:
        return {each["name"]: each["verdict"] for each in self.report.get("vpcs", ())}

    @property
    def errors(self) -> set[str]:
        """The codes of what is wrong, from the lines that the playbook shows."""
        return set(re.findall(r"^ERROR\s+([A-Z_]+)", self.text, re.MULTILINE))


@dataclass(frozen=True, slots=True)
class Player:
    """Its directory holds the inventory, a log of each playbook, and the last report."""

    directory: Path
    environ: Mapping[str, str]

    def write(self, inventory: Mapping[str, Any]) -> None:
        (self.directory / "inventory.yml").write_text(json.dumps(inventory, indent=1))  # which is YAML too

    def play(self, playbook: str, **variables: Any) -> Played:
        report = self.directory / "report.json"
        report.unlink(missing_ok=True)
        variables = {"report_directory": str(self.directory), **variables}
        command = [
            "ansible-playbook",
            "-i",
            "inventory.yml",
            f"astro.privatelink.{playbook}",
            "-e",
            json.dumps(variables),
        ]
        done = subprocess.run(
            command,
            env={**self.environ, **self._ansible()},
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=_LONGEST,
            check=False,
        )
        text = done.stdout + done.stderr
        with (self.directory / f"{playbook}.log").open("a") as log:
            log.write(text)
        return Played(done.returncode, text, json.loads(report.read_text()) if report.exists() else {})

    def _ansible(self) -> dict[str, str]:
        return {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "ANSIBLE_CONFIG": str(ROOT / "tests/integration/ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "PATH": f"{Path(sys.executable).parent}:{self.environ.get('PATH', '')}",
        }
