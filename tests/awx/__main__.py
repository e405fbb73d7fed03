# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make awx-acceptance`: the pattern on a controller that runs, see docs/awx.md."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from .api import Api, Wrong
from .story import Story, choices_of


def main(environ: Mapping[str, str]) -> int:
    try:
        choices = choices_of(environ, _load)
        Story(choices, Api(choices.host, choices.token), _say).tell()
    except (Wrong, KeyboardInterrupt) as problem:
        print(f"{type(problem).__name__}: {problem}", file=sys.stderr, flush=True)
        return 1
    _say("Accepted. Nothing is left on the controller.")
    return 0


def _load(path: Path) -> Any:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as problem:
        raise Wrong(f"{path} cannot be read: {problem}") from problem
    if not isinstance(found, dict):
        raise Wrong(f"{path} has no variables.")
    return found


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(os.environ))
