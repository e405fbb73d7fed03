# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries every story, every call, every fault, on labs side by side.

STORIES, FAULTS   names with semicolons between them, of stories and pairs, of faults and orders; default all
CALLS             "changing": only calls that change something; default all calls
SAMPLE            so many of these calls for each story and fault; default all
SEED              of the sample; default the day
LABS              how many labs at once; default one for each processor
RESULTS           file of results, a line of JSON each; those in it already are not tried again
"""

from __future__ import annotations

import datetime
import json
import multiprocessing
import os
import queue
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from plays import ROOT

from . import table
from .faults import FAULTS
from .ground import Tried, ground
from .points import points
from .stories import STORIES
from .together import ORDERS, PAIRS

PROMISES = ROOT / "docs/promises.md"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    stories: tuple[str, ...]
    faults: tuple[str, ...]
    changing: bool
    sample: int
    seed: int
    labs: int
    results: Path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Wanted:
        today = datetime.datetime.now(tz=datetime.UTC).toordinal()
        return cls(
            stories=_names(environ.get("STORIES", ""), (*STORIES, *PAIRS)),
            faults=_names(environ.get("FAULTS", ""), (*FAULTS, *ORDERS)),
            changing=environ.get("CALLS") == "changing",
            sample=int(environ.get("SAMPLE") or 0),
            seed=int(environ.get("SEED") or today),
            labs=int(environ.get("LABS") or os.cpu_count() or 1),
            results=Path(environ.get("RESULTS") or Path(tempfile.mkdtemp(prefix="chaos-")) / "results.jsonl"),
        )


def _names(given: str, known: Sequence[str]) -> tuple[str, ...]:
    names = tuple(each.strip() for each in given.split(";") if each.strip()) or tuple(known)
    if unknown := sorted(set(names) - set(known)):
        raise SystemExit(f"There is no {', '.join(unknown)}; there are {', '.join(known)}.")
    return names


def main(environ: Mapping[str, str]) -> int:
    wanted, began = Wanted.of(environ), time.monotonic()
    done = _read(wanted.results)
    print(f"Results: {wanted.results}", flush=True)
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    workers = [
        context.Process(target=_work, args=(number, wanted, {(t.story, t.fault, t.at) for t in done}, answers))
        for number in range(wanted.labs)
    ]
    for worker in workers:
        worker.start()
    with wanted.results.open("a") as file:
        while any(worker.is_alive() for worker in workers) or not answers.empty():
            try:
                said = answers.get(timeout=1)
            except queue.Empty:
                continue
            done.append(said)
            file.write(json.dumps(asdict(said)) + "\n")
            file.flush()
            print(table.line(said), flush=True)
    for worker in workers:
        worker.join()
    shown = table.table(done)
    print(
        f"\n{shown}\n{len(done)} tries, {time.monotonic() - began:.0f} s, {sum(t.seconds for t in done):.0f} CPU seconds of runs"
    )
    if environ.get("DOCUMENT") == "yes":
        table.write(PROMISES, shown)
    wrong = sum(bool(each.wrong) for each in done)
    print(f"{len(done) - wrong} passed, {wrong} failed")
    return 1 if wrong or not done else 0


def _work(number: int, wanted: Wanted, known: set[tuple[str, str, int]], answers: Any) -> None:
    """Every n-th point of each story, on a lab of its own, for as long as somebody listens."""
    parent = multiprocessing.parent_process()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="chaos-") as directory,
            ground(Path(directory), f"chaos-{os.getppid()}-{number}") as where,
        ):
            for story in wanted.stories:
                faults = [each for each in wanted.faults if (each in ORDERS) == (story in PAIRS)]
                calls = where.calls(story, wanted.changing)
                for point in points(story, calls, faults, wanted.sample, wanted.seed)[number :: wanted.labs]:
                    if parent is None or not parent.is_alive():
                        return
                    if (point.story, point.fault, point.at) not in known:
                        answers.put(where.try_(point))
    except BaseException:
        answers.put(Tried(story="-", fault="-", at=0, wrong=(traceback.format_exc(),)))


def _read(file: Path) -> list[Tried]:
    lines = file.read_text().splitlines() if file.exists() else []
    return [table.read(json.loads(line)) for line in lines]
