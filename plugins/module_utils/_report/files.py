# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a report or a plan. The owner's group may read them: a report has no secrets, but it describes networks."""

from __future__ import annotations

import datetime
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .document import junit
from .metrics import metrics
from .page import page

#: The owner writes them, the owner's group may read them.
MODE = 0o640


def contents(report: Mapping[str, Any], at: str) -> dict[str, str]:
    """The files by their names; ``at`` is the time of the report, ISO 8601 in UTC."""
    return {
        "report.html": page(report, at.replace("T", " ").replace("Z", " UTC")),
        "report.json": json.dumps({**report, "at": at}, indent=2, sort_keys=True) + "\n",
        "junit.xml": junit(report),
        "report.prom": metrics(report, at),
    }


def now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write(report: Mapping[str, Any], directory: Path, at: str) -> list[str]:
    """Write the files of a report, and return the paths."""
    return save(contents(report, at), directory)


def save(contents: Mapping[str, str], directory: Path) -> list[str]:
    """Write each file completely or not at all, and return the paths."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in contents.items():
        _write(directory / name, content)
        written.append(str(directory / name))
    return written


def _write(file: Path, content: str) -> None:
    handle, new = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            opened.write(content)
        os.chmod(new, MODE)
        Path(new).replace(file)
    except OSError:
        Path(new).unlink(missing_ok=True)  # half a file, where there is no room for it
        raise
