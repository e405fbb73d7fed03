# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab on which tries follow each other: each begins from the same state, which takes milliseconds to restore."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import plays
import yaml
from astrolab import talk
from astrolab.astro.organization import PREFIX
from astrolab.between import Asked, Between
from astrolab.lab import Lab, running

from . import agents, state, stories
from .faults import Struck, fault
from .points import Point
from .stories import Story, foreign
from .together import PAIRS, Meeting, Pair

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
_BYSTANDER = "bystander-agent"
_AGENTS = ("payments-agent", "partner-agent", "berlin-agent")
_LONGEST = 400.0  # seconds for a run
#: How a run may end: well, or with hosts that failed and what to do about it.
_CLEAR = frozenset({0, 2})
_TAIL = 1500
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
    """What came of a try. ``wrong`` is empty if all is as promised.

    ``calls`` are those of a clean run of the story, ``changing`` those of them that change something.
    """

    story: str
    fault: str
    at: int
    call: str = ""
    calls: int = 0
    changing: int = 0
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

    def __init__(self, lab: Lab, directory: Path, ending: contextlib.ExitStack) -> None:
        """``ending`` ends what it begins."""
        self.lab, self._directory, self._ending = lab, directory, ending
        self.between = Between(lab.record.url)
        ending.callback(self.between.close)
        self.ansible = ending.enter_context(plays.loaded(directory, lab.env))
        self._ways = [(self.between, self.ansible)]  # by which runs get to the lab, one for each of those at once
        pod = min(pod["metadata"]["name"] for pod in lab.pods("payments") if "agent" in pod["metadata"]["name"])
        self.at_work = ending.enter_context(agents.at_work(lab, [*_AGENTS, pod], _BYSTANDER))
        self.at_work.well()
        self._clean: dict[str, Clean] = {}
        self._pairs: dict[str, Clean] = {}
        self._inventory = directory / "inventory.yml"
        known = yaml.safe_load(lab.inventory.read_text())
        del known["agent_hosts"]["hosts"][_BYSTANDER]
        self._inventory.write_text(yaml.safe_dump(known))
        foreign(lab)
        self._virgin = lab.snapshot()

    def clean(self, name: str) -> Clean:
        """The undisturbed run, made when it is first needed. Raises RuntimeError if it does not end as it should."""
        if name not in self._clean:
            story = stories.story(name)
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

    def begin_anew(self) -> None:
        """The lab without any link."""
        self._restore(self._virgin)

    def start(self, arguments: list[str]) -> plays.Run:
        return self.ansible.start(self._command(arguments), {**self.ansible.environ, **self.environ(self.between)})

    def run(self, arguments: list[str]) -> plays.Ended:
        self.between.begin()
        return self.start(arguments).wait(_LONGEST)

    def said(self) -> str:
        """What the last run has said by now: workers may speak after its end."""
        return self.ansible.out.read_text(errors="replace")

    def _alone(self, name: str, kind: str, at: int) -> Tried:
        """A disturbed run, an undisturbed one, and what is wrong then."""
        clean, began, struck = self.clean(name), time.monotonic(), Struck()
        self._restore(clean.start)
        self.at_work.well()
        since = time.monotonic()
        first = self._disturbed(clean, kind, at, struck)
        tried = Tried(
            story=name,
            fault=kind,
            at=at,
            call=struck.asked.name if struck.asked else "",
            calls=len(clean.calls),
            changing=sum(asked.mutating for asked in clean.calls),
        )
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

    def calls(self, name: str, changing: bool = False) -> list[int]:
        """The numbers of the calls of a story's clean run, or of those that change something; of a pair where it can meet."""
        if name in PAIRS:
            return list(range(1, len(self.meetings(name)) + 1))
        return [asked.number for asked in self.clean(name).calls if asked.mutating or not changing]

    def try_(self, point: Point) -> Tried:
        if point.story in PAIRS:
            return self._both(point.story, point.fault, point.at)
        return self._alone(point.story, point.fault, point.at)

    def _both(self, name: str, order: str, at: int) -> Tried:
        """Two runs at once that meet at a call. Each ends well or says why not; another one of both puts all right."""
        pair, began, call = PAIRS[name], time.monotonic(), self.meetings(name)[at - 1]
        meeting = Meeting(call, order)
        clean = self._one_by_one(name)
        self._restore(clean.start)
        self.at_work.well()
        since = time.monotonic()
        ends = self._at_once(meeting, [self._words(pair, each) for each in (pair.first, pair.second)])
        left = state.comparable(state.whole(self.lab), clean.known)
        wrong = [f"touched: {each}" for each in state.differences(clean.left_alone, left) if each.startswith("- ")]
        wrong += [f"ended with {end.rc}: {end.text[-_TAIL:]}" for end in ends if end.rc not in _CLEAR]
        for words in (pair.first, pair.second):
            last = self.run(self._words(pair, words))
            if last.rc:
                wrong.append(f"{' '.join(words)} ends with {last.rc} afterwards: {last.text[-_TAIL:]}")
        have = state.comparable(state.whole(self.lab), clean.known)
        wrong += [f"differs: {each}" for each in state.differences(clean.after, have)]
        gaps = self.at_work.gaps(since, time.monotonic())
        wrong += [f"gap: {gap}" for gap in gaps]
        return Tried(
            story=name,
            fault=order,
            at=at,
            call=call if meeting.met else f"{call} (not met)",
            wrong=tuple(wrong),
            gaps=tuple(gaps),
            texts=tuple(end.text for end in ends),
            seconds=sum(end.seconds for end in ends),
            took=time.monotonic() - began,
        )

    def meetings(self, name: str) -> list[str]:
        """The calls at which a pair can meet: all that change anything."""
        return sorted({asked.name for asked in self._one_by_one(name).calls if asked.mutating})

    def _one_by_one(self, name: str) -> Clean:
        """The pair's runs one after the other, which is what two at once have to come to."""
        if name not in self._pairs:
            pair = PAIRS[name]
            self._restore(self.clean(pair.after).end if pair.after else self._virgin)
            start, before = self.lab.snapshot(), state.whole(self.lab)
            known, calls, text, spent = state.ids(before), list[Asked](), "", 0.0
            for words in (pair.first, pair.second):
                done = self.run(self._words(pair, words))
                calls += self.between.asked
                text, spent = text + done.text, spent + done.seconds
                if done.rc:
                    raise RuntimeError(f"A clean run of {' '.join(words)} ends with {done.rc}:\n{done.text}")
            after = state.comparable(state.whole(self.lab), known)
            self._pairs[name] = Clean(
                story=Story(playbooks=()),
                start=start,
                end=self.lab.snapshot(),
                arguments=[],
                known=known,
                before=state.comparable(before, known),
                after=after,
                calls=tuple(calls),
                rc=0,
                text=text,
                gaps=(),
                seconds=spent,
            )
        return self._pairs[name]

    @staticmethod
    def _words(pair: Pair, words: tuple[str, ...]) -> list[str]:
        return stories.arguments(words, pair.variables)

    def _at_once(self, meeting: Meeting, runs: list[list[str]]) -> list[plays.Ended]:
        if len(self._ways) == 1:
            second = Between(self.lab.record.url)
            self._ending.callback(second.close)
            other = self._ending.enter_context(plays.loaded(self._directory / "second", self.lab.env))
            self._ways.append((second, other))
        for which, (between, _ansible) in enumerate(self._ways):
            between.begin(meeting.meddler(which))

        def run(which: int) -> plays.Ended:
            between, ansible = self._ways[which]
            try:
                return ansible.start(self._command(runs[which]), {**ansible.environ, **self.environ(between)}).wait(
                    _LONGEST
                )
            finally:
                meeting.ended(which)

        with ThreadPoolExecutor(max_workers=2) as pool:
            return list(pool.map(run, (0, 1)))

    def _disturbed(self, clean: Clean, kind: str, at: int, struck: Struck) -> plays.Ended:
        runs: list[plays.Run] = []

        def kill() -> None:
            runs[0].kill()

        self.between.begin(fault(kind, at, kill, struck))
        runs.append(self.start(clean.arguments))
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
        return ["-i", str(self._inventory), *arguments]

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
        talk.say(lab.record.url, "PATCH", "settings", MANNERS)
        yield Ground(lab, directory, stack)
