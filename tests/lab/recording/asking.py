# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the marked contract tests against the double or somebody else, and gives what came of them and what was said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .comparing import Line, read

ROOT = Path(__file__).resolve().parents[3]
CONTRACT = "tests/lab/contract"


@dataclass(frozen=True, slots=True)
class Asked:
    """`outcomes` by test, `lines` as recorded, `stays` what could not be taken away after a test."""

    outcomes: Mapping[str, str]
    lines: Sequence[Line]
    stays: Sequence[str] = ()

    @property
    def counted(self) -> Mapping[str, str]:
        return {test: outcome for test, outcome in self.outcomes.items() if outcome != "skipped"}


def ask(place: Path, environ: Mapping[str, str], *arguments: str, recording: Path | None = None) -> Asked:
    """`place` takes the results; the recording goes there too, unless it has a place of its own."""
    kept, results = recording or place / "answers.jsonl", place / "outcomes.json"
    around = {**os.environ, **environ, "CONTRACT_RECORDING": str(kept), "CONTRACT_RESULTS": str(results)}
    chosen = [each for each in arguments if each.startswith(CONTRACT)] or [CONTRACT]
    command = [sys.executable, "-m", "pytest", "-q", "-m", "on_aws", "-p", "no:cacheprovider", "--tb=line"]
    done = subprocess.run(
        [*command, *chosen, *(each for each in arguments if not each.startswith(CONTRACT))],
        cwd=ROOT,
        env=around,
        text=True,
        capture_output=True,
        check=False,
    )
    if not results.exists():
        raise RuntimeError(f"the contract tests could not be run: {done.stdout}{done.stderr}")
    lines = read(kept.read_text()) if kept.exists() else []
    told = json.loads(results.read_text())
    return Asked(told["outcomes"], lines, told["stays"])
