# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step says on the terminal, beside its result. Nothing from outside gets there raw."""

from __future__ import annotations

from collections.abc import Iterable

from ansible import constants
from ansible.utils.display import Display

from ..module_utils._core.text import printable

_display = Display()
#: Callbacks whose output is read by programs: a line between would break it.
_FOR_PROGRAMS = ("json", "jsonl", "minimal_json")


def say(lines: Iterable[str], longest: int = 2000) -> None:
    """Lines of text, as they are, with at most so many characters each."""
    if constants.config.get_config_value("DEFAULT_STDOUT_CALLBACK").rpartition(".")[2] in _FOR_PROGRAMS:
        return
    text = "\n".join(printable(line, longest) for line in lines)
    if text:
        _display.display(text)


def detail(lines: Iterable[str]) -> None:
    """Lines for those who ask for more, with -v."""
    if _display.verbosity:
        say(lines)


def warn(text: str) -> None:
    _display.warning(printable(text, 2000))
