# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab on which tries follow each other: each begins from the same state, which takes milliseconds to restore."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from astrolab.astro.organization import PREFIX
from astrolab.between import Asked, Between
from astrolab.lab import Lab, running

from . import agents, plays, state
from .faults import Struck, fault
from .stories import STORIES, Story, foreign

TOPOLOGY = plays.ROOT / "tests/lab/topologies/chaos.yml"
#: AWS's manners, in so short a time that hundreds of runs fit into an hour.
MANNERS = {
    "acceptance_seconds": 0.3,
    "pending_seconds": 0.3,
    "deleting_seconds": 0.8,
    "insync_seconds": 0.3,
    "operation_seconds": 0.2,
    "stale_seconds": 0.2,
    "release_seconds": 0.3,
    "latency_seconds": 0.0,
    "role_seconds": None,
    "throttle": False,
}
_AGENTS = ("payments-agent", "partner-agent", "berlin-agent")
_LONGEST = 400.0  # seconds for a run
_SECOND = 1.1  # how long the pods' name server keeps an answer


@dataclass(frozen=True, kw_only=True)
class Clean:
    """A story's undisturbed run: where it begins and ends, and which calls it makes."""

    story: Story
    start: int
    end: int
    arguments: list[str]
    known: frozenset[str]
    before: list[str]
    after: list[str]
    calls: tuple[Asked, ...]
    rc: int
    text: str
    gaps: tuple[agents.Gap, ...]
    seconds: float

    @property
    def left_alone(self) -> list[str]:
        """What was there before, and is not touched."""
        after = set(self.after)
        return [each for each in self.before if each in after]


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What came of a try. ``wrong`` is empty if all is as promised."""

    story: str
    fault: str
    at: int
    call: str = ""
    wrong: tuple[str, ...] = ()
    gaps: tuple[agents.Gap, ...] = ()
    texts: tuple[str, ...] = ()
    seconds: float = 0.0  # CPU, of its runs
    took: float = 0.0

    @property
    def longest(self) -> float:
        return max((gap.seconds for gap in self.gaps), default=0.0)


class Ground:
    """The lab with its proxy, its agents and its Ansible."""

    def __init__(self, lab: Lab, directory: Path, between: Between, ansible: plays.Plays, at_work: agents.Agents) -> None:
        self.lab, self.between, self.ansible, self.at_work = lab, between, ansible, at_work
        self._directory = directory
        self._clean: dict[str, Clean] = {}
        foreign(lab)
        self._virgin = lab.snapshot()

    def clean(self, name: str) -> Clean:
        """The undisturbed run, made when it is first needed. Raises RuntimeError if it does not end as it should."""
        if name not in self._clean:
            story = STORIES[name]
            self._restore(self.clean(story.after).end if story.after else self._virgin)
            found = story.prepare(self.lab) or {}
            start = self.lab.snapshot()
            before = state.whole(self.lab)
            known, since = state.ids(before), time.monotonic()
            arguments = story.arguments(found)
            done = self.run(arguments)
            until = time.monotonic()
            calls = tuple(self.between.asked)
            if done.rc != story.rc:
                raise RuntimeError(f"A clean run of {name} ends with {done.rc}:\n{done.text}")
            after = state.whole(self.lab)
            self._clean[name] = Clean(
                story=story,
                start=start,
                end=self.lab.snapshot(),
                arguments=arguments,
                known=known,
                before=state.comparable(before, known),
                after=state.comparable(after, known),
                calls=calls,
                rc=done.rc,
                text=done.text,
                gaps=tuple(self.at_work.gaps(since, until)),
                seconds=done.seconds,
            )
        return self._clean[name]

    def run(self, arguments: list[str]) -> plays.Ended:
        self.between.begin()
        return self.ansible.start(self._command(arguments), self.environ(self.between)).wait(_LONGEST)

    def attempt(self, name: str, kind: str, at: int) -> Tried:
        """A disturbed run, an undisturbed one, and what is wrong then."""
        clean, began, struck = self.clean(name), time.monotonic(), Struck()
        self._restore(clean.start)
        self.at_work.well()
        since = time.monotonic()
        first = self._disturbed(clean, kind, at, struck)
        tried = Tried(story=name, fault=kind, at=at, call=struck.asked.name if struck.asked else "")
        left = state.comparable(state.whole(self.lab), clean.known)
        runs = [first]
        wrong = [f"touched: {each}" for each in state.differences(clean.left_alone, left) if each.startswith("- ")]
        if first.rc == clean.rc and (lie := _lie(clean, left)):
            wrong += [f"said that it worked: {each}" for each in lie]
        if first.rc != clean.rc or left != clean.after:
            runs.append(self.run(clean.arguments))
            wrong += self._judged(clean, runs[-1])
        gaps = self.at_work.gaps(since, time.monotonic())
        allowed = clean.story.gaps.get(kind, 0.0)
        wrong += [f"gap: {gap}" for gap in gaps if gap.seconds > allowed]
        return replace(
            tried,
            wrong=tuple(wrong),
            gaps=tuple(gaps),
            texts=tuple(run.text for run in runs),
            seconds=sum(run.seconds for run in runs),
            took=time.monotonic() - began,
        )

    def _disturbed(self, clean: Clean, kind: str, at: int, struck: Struck) -> plays.Ended:
        runs: list[plays.Run] = []
        self.between.begin(fault(kind, at, lambda: runs[0].kill(), struck))
        runs.append(self.ansible.start(self._command(clean.arguments), self.environ(self.between)))
        return runs[0].wait(_LONGEST)

    def _judged(self, clean: Clean, run: plays.Ended) -> list[str]:
        """What is wrong after the undisturbed run."""
        if run.rc != clean.rc:
            return [f"the next run ends with {run.rc}, a clean one with {clean.rc}"]
        have = state.comparable(state.whole(self.lab), clean.known)
        return [f"differs: {each}" for each in state.differences(clean.after, have)]

    def _restore(self, number: int) -> None:
        self.lab.restore(number)
        time.sleep(_SECOND)

    def _command(self, arguments: list[str]) -> list[str]:
        return ["-i", str(self.lab.inventory), *arguments]

    def environ(self, between: Between) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL": between.url, "ASTRO_API_URL": f"{between.url}{PREFIX}"}


def _lie(clean: Clean, left: list[str]) -> list[str]:
    """What differs although the run says that it worked. A holder may be left: it costs nothing, and the next run deletes it."""
    return [each for each in state.differences(clean.after, left) if "holder" not in each]


@contextlib.contextmanager
def ground(directory: Path, name: str) -> Iterator[Ground]:
    directory.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        lab = stack.enter_context(running(name, TOPOLOGY, "auto", "as_aws"))
        settle(lab, MANNERS)
        between = Between(lab.record.url)
        stack.callback(between.close)
        environ = {**lab.env, "HOME": os.environ.get("HOME", str(directory))}
        ansible = stack.enter_context(plays.loaded(directory, environ))
        pod = sorted(pod["metadata"]["name"] for pod in lab.pods("payments") if "agent" in pod["metadata"]["name"])[0]
        at_work = stack.enter_context(agents.at_work(lab, [*_AGENTS, pod]))
        at_work.well()
        yield Ground(lab, directory, between, ansible, at_work)


def settle(lab: Lab, manners: Mapping[str, Any]) -> None:
    from astrolab import talk

    talk.say(lab.record.url, "PATCH", "settings", dict(manners))
