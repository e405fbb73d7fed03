# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever ends a change, it is undone, and nothing ends the undoing."""

from __future__ import annotations

import os
import signal
import time

import pytest
from ansible_collections.astro.privatelink.plugins.plugin_utils._interrupts import Interrupted, Interrupts, last_words

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def kill(number):
    os.kill(os.getpid(), number)
    time.sleep(0.05)


def fails(problem):
    raise problem


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_undone_once_and_later_ones_wait(number):
    said = []

    def undo(problem):
        for each in SIGNALS:
            kill(each)
        said.append(type(problem))
        return "undone"

    with Interrupts() as interrupts:
        assert interrupts.guarded(lambda: kill(number), undo) == "undone"
    assert said == [Interrupted]


@pytest.mark.parametrize("problem", [ValueError("odd"), KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_whatever_is_raised_is_undone(problem):
    with Interrupts() as interrupts:
        assert interrupts.guarded(lambda: fails(problem), lambda it: it) is problem


def test_what_goes_well_is_left_alone():
    with Interrupts() as interrupts:
        assert interrupts.guarded(lambda: "done", lambda _it: "undone") == "done"


def test_the_timeout_of_a_task_does_not_end_the_undoing():
    def late(_number, _frame):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    try:
        signal.alarm(1)
        with Interrupts() as interrupts:
            assert interrupts.guarded(lambda: fails(ValueError()), lambda _it: time.sleep(1.2) or "undone") == "undone"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_handlers_are_as_they_were_afterwards():
    before = [signal.getsignal(each) for each in SIGNALS]
    with Interrupts():
        assert [signal.getsignal(each) for each in SIGNALS] != before
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_a_thread_that_waits_to_send_again_ends():
    with Interrupts() as interrupts:
        interrupts.pause(0.01)
        interrupts.guarded(lambda: kill(signal.SIGTERM), lambda _it: None)
        with pytest.raises(InterruptedError):
            interrupts.pause(60)


@pytest.mark.parametrize("number", SIGNALS)
def test_last_words_come_before_the_end(number):
    """What ended the process before still does, and what others set in between does not hear of it."""
    heard = []
    before = signal.signal(number, lambda *_unused: heard.append("the end"))
    try:
        with last_words(heard.append):
            with Interrupts() as interrupts:
                assert interrupts.guarded(lambda: kill(number), lambda _it: "undone") == "undone"
            assert heard == []
            kill(number)
        assert heard == [number.name, "the end"]
        kill(number)
        assert heard[2:] == ["the end"]
    finally:
        signal.signal(number, before)


def test_a_fork_that_is_told_to_end_as_well_says_nothing():
    reads, writes = os.pipe()
    before = signal.signal(signal.SIGTERM, lambda *_unused: os._exit(7))
    try:
        with last_words(lambda name: os.write(writes, name.encode())):
            pid = os.fork()
            if not pid:
                os.kill(os.getpid(), signal.SIGTERM)
                os._exit(1)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    finally:
        signal.signal(signal.SIGTERM, before)
    os.close(writes)
    assert os.read(reads, 100) == b""
    os.close(reads)
