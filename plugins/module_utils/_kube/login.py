# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets the client log in: bounded in time, since it may run a plugin, and heard, since it tells failures to the terminal alone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any


class _Hears(logging.Filter):
    """Takes what threads log that it knows, before anybody prints it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[int, list[str]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        lines = self.lines.get(record.thread or 0)
        if lines is None:
            return True
        lines.append(record.getMessage())
        return False


_hears = _Hears()


def bounded(seconds: float, call: Callable[[], Any]) -> list[str]:
    """What was logged by a call, which a plugin may keep waiting for ever. Raises what it raises, and TimeoutError."""
    raised: list[Exception | None] = []
    heard: list[str] = []
    logging.getLogger().addFilter(_hears)  # once, however often it is added

    def run() -> None:
        own = threading.get_ident()
        _hears.lines[own] = heard
        try:
            call()
            raised.append(None)
        except Exception as problem:  # handed on below
            raised.append(problem)
        finally:
            del _hears.lines[own]

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if not raised:
        raise TimeoutError(f"its plugin for credentials did not end within {seconds:.0f} seconds")
    if raised[0]:
        raise raised[0]
    return heard


def fits(header: str) -> bool:
    """Whether a request can carry it. What refuses others says them in full, and they are secrets."""
    return header.isascii() and header.isprintable()
