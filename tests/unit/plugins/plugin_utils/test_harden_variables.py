# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of role harden mean the same as text, as it comes from a command line, an INI file or a survey."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.astro.privatelink.plugins.module_utils._core.errors import InventoryError
from ansible_collections.astro.privatelink.plugins.plugin_utils import _variables as core

ROLE = Path(__file__).parents[4] / "roles" / "harden"
SPECS = {
    entry: spec["options"]
    for entry, spec in yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"].items()
}
DEFAULTS = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
OPTIONS = [(entry, name, option) for entry, options in SPECS.items() for name, option in options.items()]
FORMS = {
    "bool": [
        ("true", True),
        ("yes", True),
        ("1", True),
        ("false", False),
        ("no", False),
        ("0", False),
        ("False", False),
    ],
    "int": [("60", 60), (60, 60), ("0", 0)],
    "float": [("2.5", 2.5), (3, 3.0), ("7", 7.0)],
    "str": [("text", "text"), (7, "7")],
    "list": [("a,b", ["a", "b"]), ('["a", "b"]', ["a", "b"]), (["a", "b"], ["a", "b"]), ("a", ["a"])],
}
WRONG = {
    "bool": ["maybe", "nein", "{}", [True]],
    "int": ["soon", "1.5", [1], "60s"],
    "float": ["soon", [1.0]],
    "str": [["text"], {"a": 1}],
    "list": [{"a": 1}],
}


class Plain:
    """A templar that has nothing to template."""

    @staticmethod
    def template(value):
        return value


def read(entry, **variables):
    return core.settings("harden", entry, variables, Plain())


@pytest.mark.parametrize(
    ("entry", "name", "given", "expected"),
    [(entry, name, *form) for entry, name, option in OPTIONS for form in FORMS[option["type"]]],
)
def test_text_means_what_the_typed_value_means(entry, name, given, expected):
    value = read(entry, **{name: given})[name.removeprefix("harden_")]
    assert (value, type(value)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("entry", "name", "given"),
    [(entry, name, wrong) for entry, name, option in OPTIONS for wrong in WRONG[option["type"]]],
)
def test_what_has_another_type_is_refused_by_name(entry, name, given):
    with pytest.raises(InventoryError, match=name):
        read(entry, **{name: given})


@pytest.mark.parametrize("entry", SPECS)
def test_nothing_is_agreed_to_by_default(entry):
    agreed = {name: option["default"] for name, option in SPECS[entry].items() if option["type"] == "bool"}
    assert agreed
    assert not any(agreed.values())
    for name, option in SPECS[entry].items():
        assert option.get("default") == DEFAULTS.get(name), name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("harden_agent_confirmed", "Did you mean harden_agents_confirmed?"),
        ("harden_deployment_id", "Did you mean harden_deployment_ids?"),
        ("harden_enable", "Did you mean harden_enabled?"),
        ("harden_allowopen", "Did you mean harden_allow_open?"),
        ("harden_aws_tigthen", "Did you mean harden_aws_tighten?"),
        # other people's variables are theirs
        ("harden_aws_tighten", ""),
        ("harden_allow_open", ""),
        ("harden_ssh_servers", ""),
        ("hardening", ""),
    ],
)
def test_misspelt_variables_are_named_by_every_step(name, said):
    found = core.doubtful([name, "inventory_hostname"])
    assert [said in one and one.startswith(name) for one in found] == ([True] if said else [])
