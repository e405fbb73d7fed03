# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard around narrowing: whatever happens after something was removed, it comes back unless agents get through."""

from __future__ import annotations

import os
import signal
from types import SimpleNamespace

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._core.findings import finding
from ansible_collections.astro.privatelink.plugins.plugin_utils import _narrow as core

PLACES = {name: SimpleNamespace(vpc=name, expected=("10.1.0.5",), agents=("host",)) for name in ("one", "two")}
WELL: list = []
LOST = [finding("TCP_TIMEOUT", "one", addresses="10.1.0.5", port=443, seconds=5).public()]


class Story:
    """``looks`` are what each look shows, by VPC: findings, or an exception."""

    def __init__(self, *looks, act=None):
        self.looks, self.act_with, self.warned = list(looks), act, []
        self.acted, self.undone = [], []

    def look(self):
        seen = self.looks.pop(0)
        if isinstance(seen, BaseException):
            raise seen
        if callable(seen):
            seen()
        return {name: [{"findings": found}] for name, found in seen.items()}

    def act(self, spared):
        self.acted.append(set(spared))
        if self.act_with:
            raise self.act_with
        return [{"findings": []}]

    def undo(self, names):
        self.undone.append(set(names))
        return [{"findings": []}]

    def warn(self, findings):
        self.warned += findings

    def run(self, users):
        return core.narrow(self, users=users, places=PLACES, look=self.look, act=self.act, undo=self.undo)


BOTH = {"one": ["one"], "two": ["two"]}


def test_all_is_well():
    story = Story({"one": WELL, "two": WELL}, {"one": WELL, "two": WELL})
    assert story.run(BOTH) == ([{"findings": []}], [])
    assert (story.acted, story.undone) == ([set()], [])


def test_who_does_not_get_through_before_is_spared_and_told():
    story = Story({"one": LOST, "two": WELL}, {"one": LOST, "two": WELL})
    _answers, found = story.run(BOTH)
    assert [(one["code"], one["vpc"]) for one in found] == [("NARROW_UNPROVEN", "one")]
    assert (story.acted, story.undone) == ([{"one"}], [])


def test_who_is_cut_off_gets_it_back_and_nobody_else():
    story = Story({"one": WELL, "two": WELL}, {"one": LOST, "two": WELL})
    answers, found = story.run(BOTH)
    assert [(one["code"], one["vpc"]) for one in found] == [("NARROW_TAKEN_BACK", "one")]
    assert story.undone == [{"one"}]
    assert len(answers) == 2


@pytest.mark.parametrize("problem", [RuntimeError("a plugin raised"), KeyboardInterrupt(), SystemExit(1)])
@pytest.mark.parametrize("when", ["sending", "looking"])
def test_an_exception_puts_back_all_that_may_have_been_removed(problem, when):
    looks = [{"one": LOST, "two": WELL}, problem if when == "looking" else {"two": WELL}]
    story = Story(*looks, act=problem if when == "sending" else None)
    with pytest.raises(type(problem)):
        story.run(BOTH)
    assert story.undone == [{"two"}]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_so_does_a_signal(number):
    class Kill(dict):
        def __call__(self):
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    story = Story({"one": WELL}, Kill(one=WELL))
    with pytest.raises(core.Stopped):
        story.run({"one": ["one"]})
    assert story.undone == [{"one"}]
    assert signal.getsignal(number) == before


def test_nothing_to_remove_needs_no_look():
    story = Story()
    assert story.run({}) == ([{"findings": []}], [])
