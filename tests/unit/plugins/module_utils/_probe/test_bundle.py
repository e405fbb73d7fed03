# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe as one file: whole, and with nothing in it twice."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from ansible_collections.astro.privatelink.plugins.lookup.probe_script import LookupModule
from ansible_collections.astro.privatelink.plugins.module_utils._probe.bundle import joined


@pytest.fixture(scope="module")
def script() -> str:
    (text,) = LookupModule().run([])
    return text


def test_it_defines_no_name_twice(script: str) -> None:
    """Modules may use a name each for themselves; joined they may not."""
    names: list[str] = []
    for node in ast.parse(script).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            names += [name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)]
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names += [alias.name for alias in node.names if isinstance(node, ast.ImportFrom)]
    assert [name for name, times in Counter(names).items() if times > 1] == []


def test_it_is_python_3_8(script: str) -> None:
    ast.parse(script, feature_version=(3, 8))


def test_it_explains_itself(script: str, tmp_path: Path) -> None:
    path = tmp_path / "probe.py"
    path.write_text(script)
    done = subprocess.run([sys.executable, "-I", str(path), "--help"], capture_output=True, text=True, check=True)
    assert "--expect" in done.stdout
    assert script.startswith("#!/usr/bin/env python3\n")


def test_siblings_and_headers_are_left_out() -> None:
    first = '# head\n"""First."""\n\nfrom __future__ import annotations\n\nimport os\n\n# why\nA = os.sep\n'
    second = '"""Second."""\n\nfrom ._first import (\n    A,\n)\n\n\ndef main():\n    return A\n'
    text = joined([first, second], "1.2.3")
    assert text.count("import os") == text.count("# why") == 1
    assert "_first" not in text
    assert "# head" not in text
    assert "1.2.3" in text
    compile(text, "probe.py", "exec")
