# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-doc shows: each option is described, and whatever a text names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.astro.privatelink.plugins.module_utils._core.supported import LOWEST

ROOT = Path(__file__).parents[3]
PLUGINS = sorted(
    file for kind in ("modules", "inventory", "lookup", "filter") for file in ROOT.glob(f"plugins/{kind}/*.*")
)
ROLES = sorted(ROOT.glob("roles/*/meta/argument_specs.yml"))
NAMES = {
    *(f"{file.stem}#{'module' if file.parent.name == 'modules' else file.parent.name}" for file in PLUGINS),
    *(f"{file.parts[-3]}#role" for file in ROLES),
    *(f"{file.stem}#playbook" for file in ROOT.glob("playbooks/*.yml")),
    *(f"{file.stem}#fragment" for file in ROOT.glob("plugins/doc_fragments/*.py")),
    "privatelink#group",
    "astro#group",
}
#: What else the collection's name is the beginning of: Python packages, and the address of the repository.
OTHERS = {"plugins", "git"}
PAGES = sorted(
    file
    for pattern in (
        "*.md",
        "docs/*.md",
        "roles/**/*.md",
        "roles/**/*.yml",
        "plugins/*/*.py",
        "plugins/*/*.yml",
        "extensions/**/*.md",
    )
    for file in ROOT.glob(pattern)
)


def documentation(file):
    """The texts of a plugin by their names (DOCUMENTATION, RETURN)."""
    if file.suffix == ".yml":
        return yaml.safe_load(file.read_text())
    found = {}
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id in {"DOCUMENTATION", "RETURN"}:
            found[node.targets[0].id] = yaml.safe_load(ast.literal_eval(node.value))
    return found


def options(known, path=""):
    for name, option in (known or {}).items():
        yield f"{path}{name}", option
        yield from options(option.get("suboptions") or option.get("options"), f"{path}{name}.")


def of_file(file):
    if file.name == "argument_specs.yml":
        entries = yaml.safe_load(file.read_text())["argument_specs"]
        return {
            f"{entry} {name}": each for entry, spec in entries.items() for name, each in options(spec.get("options"))
        }
    found = documentation(file)
    known = found.get("DOCUMENTATION") or {}
    return dict(options(known.get("options"))) | {
        f"returns {name}": each for name, each in (found.get("RETURN") or {}).items()
    }


@pytest.mark.parametrize("file", [*PLUGINS, *ROLES], ids=lambda file: "/".join(file.parts[-3:]))
def test_each_option_is_described_in_sentences(file):
    for name, option in of_file(file).items():
        said = option.get("description") or ""
        text = " ".join(said) if isinstance(said, list) else said
        assert len(text) > 10, f"{name} has no description"
        assert text.rstrip().endswith((".", ")")), f"{name}: {text}"


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(ROOT)))
def test_what_is_named_is_there(file):
    known = {name.partition("#")[0] for name in NAMES} | OTHERS
    text = file.read_text()
    for name in re.findall(r"\bastro\.privatelink\.([a-z0-9_]+)", text):
        assert name in known, f"astro.privatelink.{name} is neither a plugin nor a role or playbook"
    for name in re.findall(r"[PR]V?\(astro\.privatelink\.([a-z0-9_]+#[a-z]+)", text):
        assert name in NAMES, f"there is no {name}"
    for name in re.findall(r"M\(astro\.privatelink\.([a-z0-9_]+)\)", text):
        assert f"{name}#module" in NAMES, f"there is no module {name}"


@pytest.mark.parametrize("file", ROLES, ids=lambda file: file.parts[-3])
def test_roles_use_only_what_ansible_doc_shows(file):
    for entry in yaml.safe_load(file.read_text())["argument_specs"].values():
        assert not set(entry) - {"short_description", "version_added", "description", "author", "options", "seealso"}


def test_modules_require_the_versions_that_are_supported():
    text = (ROOT / "plugins/doc_fragments/access.py").read_text()
    said = dict(re.findall(r"^  - (\w+) >= ([\d.]+)$", text, re.MULTILINE))
    assert said == {name.lower(): LOWEST[name] for name in ("Python", "boto3", "botocore")}
