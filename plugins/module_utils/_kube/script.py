# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a Python program goes into a container by exec, and how its answer comes back: commands, bytes, and what they mean. Pure.

Nothing is written there: the program comes over stdin and is read by its exact length, because the end of stdin does not arrive
over every version of the protocol. Python is searched for by a small program for sh; where there is no sh, it is called by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._core.text import printable

#: What the answer begins with: whatever Python or a site prints beside it is not the answer.
MARK = "astro.privatelink answers "
#: Bytes of stdin in one message. Servers limit messages.
PIECE = 16 * 1024
#: What the search says if it finds none.
_NONE = b"astro.privatelink finds no Python 3.8 or newer"
#: Where images have Python that is not on PATH.
_PLACES = (
    "python3",
    "python",
    "/usr/local/bin/python3",
    "/usr/bin/python3",
    "/opt/python/bin/python3",
    "/opt/venv/bin/python3",
    "/opt/airflow/bin/python3",
    "/opt/*/bin/python3",
    "/usr/local/*/bin/python3",
    "/venv/bin/python3",
    "/app/.venv/bin/python3",
    "/home/*/.venv/bin/python3",
    "/home/*/.local/bin/python3",
)
#: $0 is the program. Redirections keep the search away from the program on stdin. A pattern that matches nothing stays a
#: pattern, which is no command.
_SEARCH = (
    f'for each in "${{VIRTUAL_ENV:-/none}}/bin/python3" {" ".join(_PLACES)}; do '
    'command -v "$each" >/dev/null 2>&1 || continue; '
    "\"$each\" -c 'import sys; sys.exit(sys.version_info < (3, 8))' </dev/null >/dev/null 2>&1 || continue; "
    f'exec "$each" -c "$0"; done; echo "{_NONE.decode()}" >&2; exit 127'
)


def commands(size: int, python: str = "") -> list[list[str]]:
    """What to run, one after the other as long as there is no such program; ``python`` is the only one if it is given."""
    start = _start(size)
    if python:
        return [searching(start, python)]
    return [searching(start), *([each, "-c", start] for each in _PLACES if "*" not in each)]


def searching(start: str, python: str = "") -> list[str]:
    """What to run, where only one thing can be: it looks for Python, unless ``python`` says where it is."""
    return [python, "-c", start] if python else ["sh", "-c", _SEARCH, start]


def _start(size: int) -> str:
    """Reads the program and runs it. The directory that the container starts in has modules of its own, which are not meant."""
    return (
        "import sys; sys.path[:] = [p for p in sys.path if p]; import types; m = types.ModuleType('probe'); "
        f"sys.modules['probe'] = m; exec(compile(sys.stdin.buffer.read({size}), 'probe', 'exec'), m.__dict__)"
    )


def program(source: str, given: Mapping[str, Any]) -> bytes:
    """``source`` with a call of its function ``answer``, with ``given``; what that returns is printed as JSON behind the mark."""
    text = json.dumps(json.dumps(given))
    call = f"\nimport json, sys\nsys.stdout.write('\\n' + {MARK!r} + json.dumps(answer(json.loads({text}))) + '\\n')\n"
    return f"{source}\n{call}".encode()


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended: what it wrote, and what the server said of it (the Status object of the error channel)."""

    stdout: bytes = b""
    stderr: bytes = b""
    status: bytes = b""

    @property
    def code(self) -> int | None:
        """The exit code; None where the command did not run, or did not end."""
        said = self._status()
        if said.get("status") == "Success":
            return 0
        details = said.get("details")
        causes = details.get("causes") if isinstance(details, Mapping) else None
        for cause in causes if isinstance(causes, list) else []:
            if isinstance(cause, Mapping) and cause.get("reason") == "ExitCode":
                text = str(cause.get("message"))
                return int(text) if text.isdigit() and len(text) < 6 else None
        return None

    @property
    def no_python(self) -> bool:
        """Whether the search ran and found none."""
        return _NONE in self.stderr

    @property
    def cannot_start(self) -> bool:
        """Whether there is no such command in the container, which runtimes tell in different ways, with and without a code."""
        told = self.said.lower()
        missing = any(each in told for each in ("not found", "no such file", "permission denied", "not a directory"))
        return not self.no_python and not self.stdout and (self.code in {126, 127} or (self.code != 0 and missing))

    @property
    def said(self) -> str:
        """The last that was said, for people."""
        message = str(self._status().get("message") or "")
        lines = self.stderr[-4000:].decode("utf-8", "replace").strip().splitlines()
        return printable(lines[-1] if lines else message or "it says nothing")

    @property
    def answer(self) -> dict[str, Any] | None:
        """What the program answered; None if it did not."""
        for line in reversed(self.stdout.decode("utf-8", "replace").splitlines()):
            if line.startswith(MARK):
                try:
                    found = json.loads(line[len(MARK) :])
                except (ValueError, RecursionError):
                    return None
                return found if isinstance(found, dict) else None
        return None

    def _status(self) -> Mapping[str, Any]:
        try:
            found = json.loads(self.status)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, Mapping) else {}
