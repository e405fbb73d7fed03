# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on agent hosts keeps to their Python, in syntax and in what it uses of the standard library."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.astro.privatelink.plugins.lookup.probe_script import LookupModule
from ansible_collections.astro.privatelink.plugins.module_utils._core.supported import AGENT_PYTHON

ROOT = Path(__file__).resolve().parents[4]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]
FILES = sorted(SETTINGS["per-file-target-version"])
#: They say on an older Python that it is too old; the oldest that ansible-core 2.17 lets modules run with is 3.7.
TELLING = ["plugins/module_utils/_here.py", "plugins/module_utils/_supported.py"]


def taken_along(file: Path) -> Iterator[str]:
    """A file and what it imports from the collection, over all steps."""
    yield str(file.relative_to(ROOT))
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            package = file.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            for path in (package.with_suffix(".py"), *(package / f"{name.name}.py" for name in node.names)):
                if path.is_file():
                    yield from taken_along(path)


def needs_newer(file: Path, python: str) -> str:
    """What vermin finds in a file that Python of that version has not."""
    command = [
        str(Path(sys.executable).with_name("vermin")),
        "--violations",
        "--quiet",
        f"--target={python}-",
        str(file),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def test_the_settings_name_all_that_the_probe_takes_along():
    ends = {f"plugins/module_utils/_probe/{last}.py" for last in ("cli", "streamed")}
    parts = {*ends, *taken_along(ROOT / "plugins/modules/probe.py")}
    assert parts == set(FILES)


@pytest.mark.parametrize("file", FILES)
def test_each_file_keeps_to_it(file):
    assert needs_newer(ROOT / file, "3.7" if file in TELLING else AGENT_PYTHON) == ""


def test_the_script_keeps_to_it(tmp_path):
    script = tmp_path / "probe.py"
    script.write_text(LookupModule().run([])[0])
    assert needs_newer(script, AGENT_PYTHON) == ""


@pytest.mark.parametrize(
    "line", ["'a'.removeprefix('b')", "import zoneinfo", "match 1:\n    case 1:\n        pass", "a = {} | {}"]
)
def test_it_would_be_noticed(line, tmp_path):
    newer = tmp_path / "newer.py"
    newer.write_text(f"from __future__ import annotations\n\n{line}\n")
    assert needs_newer(newer, AGENT_PYTHON) != ""
