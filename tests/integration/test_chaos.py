# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs broken off at a few of their calls, others each day; `make chaos` tries all of them.

Which are tried is drawn by the day. One lab, whose state takes milliseconds to restore.
"""

from __future__ import annotations

import datetime
import os
import random
import re
import signal
import threading
from collections.abc import Callable, Iterator

import plays
import pytest
from astrolab import talk
from astrolab.aws.errors import Reply
from astrolab.between import Asked, Meddle
from by_hand import until
from chaos.faults import FAULTS, Struck, fault
from chaos.ground import Ground, ground
from chaos.points import points
from chaos.stories import STORIES, arguments
from chaos.together import ORDERS, PAIRS
from sampling import WHOLE

DAY = datetime.datetime.now(tz=datetime.UTC).toordinal()
#: Playbooks that take under a second are tried more often.
QUICK = {"unharden": 3, "drift": 2}
SLOW = [name for name in (*STORIES, *PAIRS) if name not in QUICK]


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with ground(tmp_path_factory.mktemp("chaos"), f"test-chaos-{os.getpid()}") as found:
        yield found


def tried(where: Ground, name: str, tries: int) -> list[str]:
    """What is wrong after some tries, each with another fault."""
    faults = random.Random(f"{DAY}/{name}").sample(ORDERS if name in PAIRS else FAULTS, tries)
    calls = where.calls(name, changing=DAY % 2 == 0) or where.calls(name)
    done = [where.try_(point) for point in points(name, calls, faults, 1, DAY)]
    assert len(done) == tries
    return [f"{each.fault} at call {each.at} ({each.call}): {wrong}" for each in done for wrong in each.wrong]


@pytest.mark.parametrize("story", QUICK)
def test_whatever_befalls_a_call_the_next_run_ends_as_a_clean_one(where: Ground, story: str) -> None:
    assert tried(where, story, QUICK[story]) == []


@pytest.mark.parametrize("story", SLOW if WHOLE else [SLOW[DAY % len(SLOW)]])
def test_so_do_the_longer_stories_and_two_runs_at_once_of_which_one_is_tried_each_day(
    where: Ground, story: str
) -> None:
    assert tried(where, story, 1) == []


def test_each_try_begins_at_the_same_time_of_aws(where: Ground) -> None:
    """Otherwise the clock, which tries put forward, is beyond the 15 minutes of an EKS token at the tenth of them."""

    def ahead() -> float:
        return float(talk.say(where.lab.record.url, "POST", "clock", {"advance": 0})["ahead"])

    where.begin_anew()
    began = ahead()
    where.lab.later(900)
    assert ahead() == began + 900
    where.begin_anew()
    assert ahead() == began


# --- a run that ends early says what was done, what was not, and what to do next


def ended(where: Ground, meddle: Callable[[plays.Run], Meddle]) -> plays.Ended:
    """Role setup on the empty lab, with something that happens to its run as soon as the first endpoint is made."""
    where.begin_anew()
    runs: list[plays.Run] = []
    lock = threading.Lock()

    def later(asked: Asked, on: Callable[[], Reply]) -> Reply | None:
        with lock:
            return meddle(runs[0])(asked, on)

    where.between.begin(later)
    with lock:
        runs.append(where.start(arguments(("setup",), {})))
    return runs[0].wait(300)


def test_ctrl_c_leaves_word(where: Ground) -> None:
    def interrupting(run: plays.Run) -> Meddle:
        def meddle(asked: Asked, on: Callable[[], Reply]) -> Reply:
            reply = on()
            if asked.action == "CreateVpcEndpoint":
                run.tell(signal.SIGINT)
            return reply

        return meddle

    done = ended(where, interrupting)
    assert done.rc not in {0, 2}
    until(lambda: "Run the same playbook again" in where.said(), "the step has said its last words")
    said = where.said()
    # Ansible ends its workers as well, which may reach the step before the terminal's signal does.
    assert re.search(r"Stopped: SIG(INT|TERM)\. In the middle of the changes; this step has sent:", said), said
    assert re.search(r"payments +\+ security group astro-privatelink", said), said
    assert re.search(r"Planned so far and not sent: \d+\.", said), said


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        ("token expired", "The credentials have expired: log in again. Check the clock."),
        ("no network", "Check endpoint_url (AWS_ENDPOINT_URL) and the network."),
    ],
)
def test_an_end_from_outside_names_its_remedy(where: Ground, kind: str, remedy: str) -> None:
    def ending(_run: plays.Run) -> Meddle:
        def meddle(asked: Asked, on: Callable[[], Reply]) -> Reply | None:
            begun.update({asked.action} & {"CreateVpcEndpoint"})
            return fault(kind, 1, lambda: None, Struck())(asked, on) if begun else on()

        return meddle

    begun: set[str] = set()
    done = ended(where, ending)
    assert done.rc == 2
    text = " ".join(done.text.split())
    assert remedy in text, done.text
    assert "security group astro-privatelink" in done.text, done.text
