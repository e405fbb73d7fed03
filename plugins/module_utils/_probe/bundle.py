# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Joins modules into one self-contained file: the probe, for machines and containers without Ansible."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

_HEAD = '''#!/usr/bin/env python3
# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks whether agents on this machine reach Astro through AWS PrivateLink. Needs Python 3.8 or newer, nothing else.

Written by the Ansible collection astro.privatelink {version} from its own modules; `--help` says how to use it.
"""

from __future__ import annotations
'''
_FOOT = """
if __name__ == "__main__":
    raise SystemExit(main())
"""


#: Each imports from those before it; a last one that says how the probe is told and answers comes behind them.
_PARTS = ("_core/catalogue", "_core/text", "_core/findings", "_probe/model", "_probe/dns", "_probe/look")
_MODULE_UTILS = Path(__file__).parents[1]


def probe(last: str, version: str) -> str:
    """The probe as one file: ``cli`` for a command, ``streamed`` for a function ``answer``."""
    parts = (*_PARTS, f"_probe/{last}")
    return joined([(_MODULE_UTILS / f"{part}.py").read_text(encoding="utf-8") for part in parts], version)


def joined(sources: Iterable[str], version: str) -> str:
    """The sources in their order: each may import from those before it. The last one has ``main()``."""
    given = list(sources)
    imports: dict[str, set[str]] = {}
    for source in given:
        for node in _imports(source):
            imports.setdefault(getattr(node, "module", None) or "", set()).update(name.name for name in node.names)
    plain = "\n".join(f"import {name}" for name in sorted(imports.pop("")))
    named = "\n".join(f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(imports.items()))
    return "\n\n".join([_HEAD.format(version=version) + f"\n{plain}\n{named}", *map(_body, given), _FOOT])


def _imports(source: str) -> Iterable[ast.Import | ast.ImportFrom]:
    """The top-level imports of other things than siblings."""
    for node in ast.parse(source).body:
        own = isinstance(node, ast.ImportFrom) and (node.level or node.module == "__future__")
        if isinstance(node, (ast.Import, ast.ImportFrom)) and not own:
            yield node


def _body(source: str) -> str:
    """A module without its header, docstring and imports."""
    docstring, *rest = ast.parse(source).body
    lines = source.splitlines()
    for node in rest:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            lines[node.lineno - 1 : node.end_lineno] = [""] * ((node.end_lineno or node.lineno) - node.lineno + 1)
    return "\n".join(lines[docstring.end_lineno :]).strip("\n")
