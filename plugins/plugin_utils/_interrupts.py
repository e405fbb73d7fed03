# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is stopped in the middle of a change can still undo it: signals become exceptions, and are held while undoing.

Ansible passes SIGINT and SIGTERM on to its workers, which by default end at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any, TypeVar

T = TypeVar("T")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """The run was told to stop."""


@contextlib.contextmanager
def last_words(say: Callable[[str], None]) -> Iterator[None]:
    """While entered, a signal that ends the process has it say something before: ``say`` gets the signal's name."""
    before: dict[int, Any] = {}
    speaker = os.getpid()

    def came(number: int, frame: FrameType | None) -> None:
        if os.getpid() == speaker:  # forks of it get the signal, too
            say(signal.Signals(number).name)
        was = before.get(number)
        if callable(was):
            was(number, frame)
        else:
            signal.signal(number, signal.SIG_DFL if was is None else was)
            os.kill(os.getpid(), number)

    with contextlib.suppress(ValueError):  # outside of the main thread there are no handlers
        for each in _SIGNALS:
            before[each] = signal.signal(each, came)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


class Interrupts:
    """While entered, the first signal raises Interrupted in the main thread; later ones wait for the end."""

    def __init__(self) -> None:
        self.stopped = False
        self._held = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupts:
        with contextlib.suppress(ValueError):  # outside of the main thread there are no handlers
            for each in _SIGNALS:
                self._before[each] = signal.signal(each, self._came)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler if handler is not None else signal.SIG_DFL)

    def guarded(self, act: Callable[[], T], undo: Callable[[BaseException], T]) -> T:
        """What ``act`` returns; or, whatever it raises, what ``undo`` returns, which nothing interrupts."""
        try:
            try:
                return act()
            except BaseException as problem:
                self._hold()
                return undo(problem)
        except Interrupted as problem:  # it came between the two lines above
            self._hold()
            return undo(problem)

    def pause(self, seconds: float) -> None:
        """For threads that would go on sending: ends them once the run was told to stop."""
        until = time.monotonic() + seconds
        while not self.stopped and time.monotonic() < until:
            time.sleep(min(0.2, max(0.0, until - time.monotonic())))
        if self.stopped:
            raise InterruptedError("the run was told to stop")

    def _hold(self) -> None:
        self._held = True
        signal.alarm(0)  # the keyword timeout of a task

    def _came(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.stopped = True
        if not self._held:
            self._held = True
            raise Interrupted(f"the run was told to stop ({signal.Signals(number).name})")
