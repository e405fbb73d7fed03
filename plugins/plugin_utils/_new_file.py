# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file on the controller that a step writes for somebody to edit: it never replaces another one unless told to."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from ..module_utils._core.errors import InputError


def place(given: str, variable: str) -> Path:
    """Where the file is to be. Raises InputError, which names the ``variable``, where no file can be."""
    path = Path(os.path.realpath(os.path.expanduser(given)))
    if not given or path.is_dir() or not path.parent.is_dir():
        raise InputError(f"{variable} is {given!r}; set it to a file in a directory that exists.")
    return path


def write(path: Path, text: str, *, overwrite: bool, check: bool) -> dict[str, Any]:
    """``changed`` and ``diff`` of a step's result. In check mode nothing is written. Raises InputError."""
    there = path.read_text(encoding="utf-8", errors="replace") if path.exists() else None
    if there == text:
        return {"changed": False}
    if there is not None and not overwrite:
        raise InputError(f"{path} is there already and differs from what would be written. It was left as it is.")
    if not check:
        _write(path, text, replace=there is not None)
    shown = {"before": there or "", "after": text, "before_header": str(path), "after_header": str(path)}
    return {"changed": True, "diff": shown}


def _write(path: Path, text: str, *, replace: bool) -> None:
    """A file as a whole or not at all. Unless it is to ``replace`` one, it is never one that appeared meanwhile."""
    name = ""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(name, 0o644)
        if replace:
            os.replace(name, path)
        else:
            os.link(name, path)
    except FileExistsError as problem:
        raise InputError(f"{path} appeared meanwhile, and was left as it is.") from problem
    except OSError as problem:
        raise InputError(f"{path} cannot be written: {problem.strerror}.") from problem
    finally:
        if name:
            Path(name).unlink(missing_ok=True)
