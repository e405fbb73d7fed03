# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run from the estimate to an empty region: refused early, or made, told and taken away, whatever happens."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

from . import guard, inventory, removal, scene
from .choices import Refused
from .cloud import Cloud
from .inventory import Ways
from .playing import Player
from .prices import estimate
from .scene import Scene
from .story import Story
from .waiting import TooLong

Say = Callable[[str], None]
Reach = Callable[[Scene], Ways]


def whole(cloud: Cloud, player: Player, environ: Mapping[str, str], say: Say, lab: Reach | None = None) -> None:
    """On the lab, agent hosts are reached by `lab`, otherwise by Systems Manager."""
    for line in estimate(cloud.choices).lines():
        say(line)
    account = guard.check(cloud, environ, say, sessions=lab is None)
    say(f"account {account}, region {cloud.choices.region}, run {cloud.choices.run}; logs are in {player.directory}")
    with _taken_away(cloud, say):
        made = scene.make(cloud, say)
        ways = lab(made) if lab else inventory.by_systems_manager(cloud.choices, made)
        player.write(inventory.inventory(cloud.choices, made, ways))
        Story(cloud, made, player, say, quick=lab is not None).tell()
    say("all of it works, and nothing is left")


def clean(cloud: Cloud, say: Say) -> None:
    cloud.identity()
    with _unhurried(say):
        left = removal.everything(cloud, say).lines()
    if left:
        raise TooLong(_stays(cloud, left))
    say(f"nothing of a run is left in {cloud.choices.region}")


@contextmanager
def _taken_away(cloud: Cloud, say: Say) -> Iterator[None]:
    """Also after a failure and after Ctrl-C; what went wrong before is still what is told."""
    try:
        yield
    except BaseException as error:
        say(f"it ends early: {type(error).__name__}: {str(error).partition(chr(10))[0]}")
        with _unhurried(say):
            left = removal.everything(cloud, say).lines()
        if left:
            say(_stays(cloud, left))
        raise
    with _unhurried(say):
        left = removal.everything(cloud, say).lines()
    if left:
        raise TooLong(_stays(cloud, left))


def _stays(cloud: Cloud, left: list[str]) -> str:
    region = cloud.choices.region
    return f"Still there: {'; '.join(left)}. It goes on costing money. Try: make acceptance-clean REGION={region}"


@contextmanager
def _unhurried(say: Say) -> Iterator[None]:
    """The first Ctrl-C of an impatient person does not leave things behind; the second one does."""
    asked: list[int] = []

    def heard(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        if len(asked) > 1:
            raise KeyboardInterrupt
        say("taking everything away; interrupt once more to leave the rest to make acceptance-clean")

    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


__all__ = ["Refused", "clean", "whole"]
