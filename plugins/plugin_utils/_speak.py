# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step says on the terminal, beside its result. Nothing from outside gets there raw."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from collections.abc import Iterable

from ansible import constants
from ansible.utils.display import Display

from ..module_utils._core.text import printable

_display = Display()
#: Callbacks whose output is read by programs: a line between would break it.
_FOR_PROGRAMS = ("json", "jsonl", "minimal_json")


def _line_by_line() -> None:
    """Ansible's main process loads steps as well. Where its output goes to a file or a pipe, what it writes would stay in its memory
    for a while, and be lost if it is killed."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)


_line_by_line()


def say(lines: Iterable[str], longest: int = 2000) -> None:
    """Lines of text, as they are, with at most so many characters each."""
    if constants.config.get_config_value("DEFAULT_STDOUT_CALLBACK").rpartition(".")[2] in _FOR_PROGRAMS:
        return
    text = "\n".join(printable(line, longest) for line in lines)
    if text:
        _display.display(text)


def said(seconds: float = 5.0) -> None:
    """Waits until what was said is on the terminal, whatever becomes of this run. A step speaks by way of Ansible's main process."""
    reader = getattr(getattr(_display, "_final_q", None), "_reader", None)
    end = time.monotonic() + seconds
    while reader is not None and reader.poll(0) and time.monotonic() < end:
        time.sleep(0.01)
    if reader is not None:
        time.sleep(0.1)  # it is taken, and written next


class Terminal:
    """The main process's standard error, for a process that is told to end: by then Ansible may take no message any more.

    It is found by way of /proc; without it, nothing is printed.
    """

    def __init__(self) -> None:
        try:
            self._at = os.open(f"/proc/{os.getppid()}/fd/2", os.O_WRONLY | os.O_APPEND | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            self._at = -1

    def write(self, lines: Iterable[str]) -> None:
        """At once and without locks, as in a signal handler."""
        with contextlib.suppress(OSError):
            os.write(self._at, "".join(f"{printable(line, 2000)}\n" for line in lines).encode())

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self._at)


def detail(lines: Iterable[str]) -> None:
    """Lines for those who ask for more, with -v."""
    if _display.verbosity:
        say(lines)


def warn(text: str) -> None:
    _display.warning(printable(text, 2000))
