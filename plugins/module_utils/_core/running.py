# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running versions, and how a module ends if they are too old. It stays compatible with Python 3.7, as does `supported`."""

from __future__ import annotations

import json
import platform
import sys

from ansible.module_utils.ansible_release import __version__ as ansible_core

from .supported import LOWEST, refusal


def running() -> dict[str, str]:
    """The versions that this code runs on."""
    return {"Python": f"{platform.python_version()} ({sys.executable})", "ansible-core": ansible_core}


def stop_if_too_old(python: str = LOWEST["Python"]) -> None:
    """Ends a module. Called first: the imports that follow fail on an older Python."""
    problem = refusal(running(), python)
    if problem:
        sys.stdout.write(json.dumps({"failed": True, "msg": problem}))
        raise SystemExit(1)
