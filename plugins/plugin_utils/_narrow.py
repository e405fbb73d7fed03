# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Narrows something for agents, and widens it again if one of them is cut off: the guard around the deed."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from ..module_utils._core.findings import Shown
from ..module_utils._probe.results import AgentResult
from ..module_utils._roles import harden_aws, verify

Answers = list[Any]
Seen = Mapping[str, Sequence[AgentResult]]
#: What ends a run early; a rule that was removed has to come back before that.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Warns(Protocol):
    def warn(self, findings: Iterable[Shown]) -> None: ...


class Stopped(BaseException):
    """Somebody wants the run to end."""


def narrow(
    step: Warns,
    *,
    users: Mapping[str, Iterable[str]],
    places: Mapping[str, verify.VpcTarget],
    look: Callable[[], Seen],
    act: Callable[[Iterable[str]], Answers],
    undo: Callable[[Iterable[str]], Answers],
) -> tuple[Answers, list[Shown]]:
    """What was sent, and what is wrong.

    ``users`` are, for each VPC that is narrowed, the VPCs whose agents may be cut off; ``look`` is what their agent hosts see.
    ``act`` narrows for all VPCs but those that it is told; ``undo`` takes that back for those that it is told.
    """
    doubtful = harden_aws.doubts(users, places, look() if users else {})
    going = {name: some for name, some in users.items() if name not in doubtful}
    with _interrupted():
        try:
            answers = act(set(doubtful))
            lost = harden_aws.doubts(going, places, look() if going else {})
        except BaseException:
            _deaf()
            step.warn(harden_aws.errors(undo(set(going)) if going else []))
            raise
        _deaf()
        back = undo(set(lost)) if lost else []
    return [*answers, *back], [*harden_aws.unproven(doubtful), *harden_aws.taken_back(lost, back)]


@contextmanager
def _interrupted() -> Iterator[None]:
    """A signal that would end the process becomes an exception."""

    def stop(number: int, _frame: object) -> None:
        raise Stopped(f"signal {number}")

    before = {each: signal.signal(each, stop) for each in _SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _deaf() -> None:
    """Nothing interrupts the way back."""
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
