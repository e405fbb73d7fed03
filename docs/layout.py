# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the layout in CONTRIBUTING.md from the code (`make docs`): packages, their files, and which packages they import."""

from __future__ import annotations

import ast
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- layout: written by docs/layout.py -->", "<!-- end of layout -->"
#: The kinds of plugins whose files Ansible loads. module_utils has packages, which are drawn one by one.
KINDS = ("action", "plugin_utils", "modules", "inventory", "lookup", "filter")
WIDTH = 150


@dataclass(frozen=True)
class Package:
    """A directory of Python files: the first sentence of each, and the packages that they import."""

    name: str
    files: Mapping[str, str]
    imports: frozenset[str]


def packages(plugins: Path) -> dict[str, Package]:
    """The kinds of plugins, then the packages of module_utils; each imports only those below it."""
    folders = [plugins / kind for kind in KINDS] + sorted((plugins / "module_utils").glob("_*/"))
    found = {folder.name: _package(folder, plugins) for folder in folders if folder.is_dir()}
    order = TopologicalSorter({name: package.imports for name, package in found.items()}).static_order()
    below = [name for name in reversed([*order]) if name not in KINDS]
    return {name: found[name] for name in (*KINDS, *below) if name in found}


def _package(folder: Path, plugins: Path) -> Package:
    trees = {file.name: ast.parse(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.py"))}
    parts = folder.relative_to(plugins).parts
    imported = {name for tree in trees.values() for name in _imported(tree, parts)}
    sentences = {name: _sentence(tree) for name, tree in trees.items()}
    return Package(folder.name, sentences, frozenset(imported - {folder.name}))


def _imported(tree: ast.AST, parts: tuple[str, ...]) -> Iterator[str]:
    """The packages of this collection that a file in the folder ``parts`` imports, relatively as all of it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            module = node.module.split(".") if node.module else []
            path = [*parts[: len(parts) - node.level + 1], *module]
            ends = [[*path, alias.name] for alias in node.names] if len(path) < 2 else [path]
            yield from (end[1] if end[0] == "module_utils" else end[0] for end in ends if len(end) > 1)


def _sentence(tree: ast.Module) -> str:
    """What a file is for: the first sentence of its docstring, or a module's short description."""
    texts = [str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    described = (re.search(r"^ *short_description: (.*)$", text, re.MULTILINE) for text in texts)
    text = ast.get_docstring(tree) or next((match[1] for match in described if match), "")
    return re.split(r"\.\s", " ".join(text.split()), maxsplit=1)[0].rstrip(".")


def drawn(found: Mapping[str, Package]) -> str:
    """The packages as a tree."""
    return "\n".join(line for package in found.values() for line in _lines(package))


def _lines(package: Package) -> Iterator[str]:
    place = f"module_utils/{package.name}" if package.name not in KINDS else package.name
    yield f"{place}/" + (f"  ──► {', '.join(sorted(package.imports))}" if package.imports else "")
    width = max(map(len, package.files))
    for number, (name, sentence) in enumerate(package.files.items(), start=1):
        branch = "└──" if number == len(package.files) else "├──"
        yield f"{branch} {name.ljust(width)}  {textwrap.shorten(sentence, WIDTH - width, placeholder=' ...')}".rstrip()


def page(text: str, found: Mapping[str, Package]) -> str:
    """A page with the tree between its marks."""
    before, mark, rest = text.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not (mark and end):
        sys.exit(f"{PAGE.name} lacks the marks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n```\n{drawn(found)}\n```\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), packages(ROOT / "plugins")), encoding="utf-8")
