# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make contract` and `make judges`."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from acceptance.choices import Choices, Refused
from acceptance.cloud import Cloud
from acceptance.waiting import Pace

from .asking import ROOT, Asked, ask
from .comparing import differences
from .judges import NoJudge, ministack, moto
from .table import Judgement, page

RECORDINGS = ROOT / "tests/lab/recordings"
PAGE = ROOT / "tests/lab/astrolab/aws/JUDGES.md"
_REGION = "us-east-1"  # the contract tests name its zones


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    commands: dict[str, Callable[[Mapping[str, str], Path], int]] = {
        "double": _double,
        "real": _real,
        "judges": _judges,
    }
    if len(arguments) != 1 or arguments[0] not in commands:
        print(f"Say one of: {', '.join(commands)}.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="contract-") as place:
        try:
            return commands[arguments[0]](environ, Path(place))
        except Refused as error:
            print(f"Refused, nothing was asked: {error}", file=sys.stderr)
            return 2


def _double(_environ: Mapping[str, str], _place: Path) -> int:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/lab/contract"], cwd=ROOT, check=False
    ).returncode


def _real(environ: Mapping[str, str], place: Path) -> int:
    """Asks AWS first, then the double the same; what AWS answered is kept."""
    account = _account(environ)
    day = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%S")
    kept = Path(environ.get("ACCEPT_RECORDINGS") or RECORDINGS) / f"contract-{day}.jsonl"
    chosen = environ.get("CONTRACT_TESTS", "").split()
    (place / "there").mkdir()
    (place / "here").mkdir()
    there = ask(place / "there", {"CONTRACT_JUDGE": "real", "CONTRACT_ACCOUNT": account}, *chosen, recording=kept)
    here = ask(place / "here", {"CONTRACT_JUDGE": ""}, *chosen)
    print(
        f"{len(there.counted)} contract tests were asked of AWS (account {account}, {_REGION}); answers are in {kept}"
    )
    return told(there, here)


def told(there: Asked, here: Asked) -> int:
    """Prints where AWS and the double differ, by the rule."""
    odd = [test for test, outcome in here.counted.items() if outcome != there.outcomes.get(test)]
    for test in odd:
        print(f"RULE {test}: {there.outcomes.get(test, 'not asked')} on AWS, {here.outcomes[test]} on the double")
    found = differences(there.lines, here.lines)
    for each in found:
        print(f"ANSWER {each}")
    print(f"{len(odd)} rules and {len({each.rule for each in found})} conversations differ")
    return 1 if odd or found else 0


def _account(environ: Mapping[str, str]) -> str:
    if environ.get("ACCEPT_COSTS") != "yes":
        raise Refused(
            "These tests make VPCs, instances and transit gateways. Set ACCEPT_COSTS=yes to agree to what they cost."
        )
    return Cloud(Choices(region=_REGION, run="contract"), Pace()).identity()[0]


def _judges(_environ: Mapping[str, str], place: Path) -> int:
    judges: dict[str, tuple[Callable[[Path], AbstractContextManager[dict[str, str]]], Callable[[], str]]] = {
        "moto": (moto, lambda: importlib.metadata.version("moto")),
        "ministack": (ministack, _ministack_version),
    }
    judgements = [judged(name, place, *judge) for name, judge in judges.items()]
    PAGE.write_text(page(judgements))
    print("\n".join(f"{each.name}: {each.absent or f'{len(each.differing)} rules differ'}" for each in judgements))
    return 0


def judged(
    name: str, place: Path, start: Callable[[Path], AbstractContextManager[dict[str, str]]], version: Callable[[], str]
) -> Judgement:
    results = place / name
    results.mkdir()
    try:
        with start(results / "log") as environ:
            asked = ask(results, environ)
    except NoJudge as error:
        return Judgement(name, "", "", {}, str(error))
    return Judgement(name, version(), datetime.datetime.now(datetime.UTC).date().isoformat(), asked.counted)


def _ministack_version() -> str:
    """It may live in an environment of its own."""
    command = os.environ.get("MINISTACK", "ministack")
    python = Path(command).parent / "python"
    told = subprocess.run(
        [
            str(python) if python.exists() else sys.executable,
            "-c",
            "import importlib.metadata as m; print(m.version('ministack'))",
        ],
        text=True,
        capture_output=True,
        check=False,
    )
    return told.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
