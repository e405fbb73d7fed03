# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables, of all roles: text is what YAML is, nonsense is refused by name, and those of others stay unread."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.astro.privatelink.plugins.module_utils._core.errors import InventoryError
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.checks import did_you_mean
from ansible_collections.astro.privatelink.plugins.plugin_utils import _variables

SPECS = _variables._specs()
OF_ROLES = [
    pytest.param(role, entry, name, option, id=f"{role}-{entry}-{name}")
    for role, entries in SPECS.items()
    for entry, options in entries.items()
    for name, option in options.items()
    if not name.startswith("privatelink_")
]
OF_HOSTS = [pytest.param(name, option, id=name) for name, option in _variables._owned().items()]
ALL_NAMES = sorted({param.values[2] for param in OF_ROLES} | {param.values[0] for param in OF_HOSTS})


def values(option):
    """Pairs: a value as YAML has it, and forms in which it comes as text."""
    kind, elements = option.get("type", "str"), option.get("elements")
    if kind == "bool":
        return [(True, ["true", "True", "yes", "1", "on"]), (False, ["false", "False", "no", "0", "off"])]
    if kind == "int":
        return [(7, ["7"]), (0, ["0"])]
    if kind == "float":
        return [(7.5, ["7.5"]), (30.0, ["30"])]
    if kind == "dict":
        return [({"a": "b"}, ['{"a": "b"}', "{a: b}"])]
    if kind == "list" and elements == "dict":
        # Each key with a value of its type: all that is not given becomes None.
        entry = {key: values(sub)[0][0] for key, sub in option.get("options", {"name": {}}).items()}
        return [([entry], [json.dumps([entry])])]
    if kind == "list":
        return [(["a-1", "b-2"], ["a-1,b-2", '["a-1", "b-2"]', "[a-1, b-2]"]), (["a-1"], ["a-1"])]
    if option.get("choices"):
        return [(choice, [choice]) for choice in option["choices"]]
    return [("some-text", ["some-text"])]


NONSENSE = {"bool": "maybe", "int": "many", "float": "soon", "dict": "no mapping", "str": ["a", "b"], "path": {"a": 1}}


def nonsense(option):
    """A value that makes no sense; None for lists of texts, since any text is a list of one."""
    if option.get("choices"):
        return "none-of-these"
    if option.get("type") == "list":
        return ["no mapping"] if option.get("elements") == "dict" else None
    return NONSENSE[option.get("type", "str")]


def settings(role, entry, **given):
    return _variables.settings(role, entry, given, Templar(loader=DataLoader(), variables={}))


@pytest.mark.parametrize(("role", "entry", "name", "option"), OF_ROLES)
def test_text_is_what_yaml_is(role, entry, name, option):
    short = name.removeprefix(f"{role}_")
    for value, texts in values(option):
        want = settings(role, entry, **{name: value})[short]
        assert want == value or "options" in option
        for text in texts:
            got = settings(role, entry, **{name: text})[short]
            assert (got, type(got)) == (want, type(want)), text


@pytest.mark.parametrize(("name", "option"), OF_HOSTS)
def test_text_of_a_host_is_what_yaml_is(name, option):
    for value, texts in values(option):
        for text in texts:
            got, problems = _variables._of_host({name: text})
            assert problems == []
            assert (got[name], type(got[name])) == (value, type(value)), text


@pytest.mark.parametrize(("role", "entry", "name", "option"), [each for each in OF_ROLES if nonsense(each.values[3])])
def test_nonsense_is_refused_by_name(role, entry, name, option):
    with pytest.raises(InventoryError, match=name):
        settings(role, entry, **{name: nonsense(option)})


@pytest.mark.parametrize(("name", "option"), [each for each in OF_HOSTS if nonsense(each.values[1])])
def test_nonsense_of_a_host_is_refused_by_name(name, option):
    _typed, problems = _variables._of_host({name: nonsense(option)})
    assert problems
    assert all(name in problem for problem in problems)


# --- names


def misspelt(name):
    """What happens to a name on a keyboard: a letter twice, one left out, two exchanged, a plural."""
    middle = len(name) - 3
    yield name + "s"
    yield name[:middle] + name[middle + 1 :]
    yield name[:middle] + name[middle] + name[middle:]
    if name[middle] != name[middle + 1]:
        yield name[:middle] + name[middle + 1] + name[middle] + name[middle + 2 :]


@pytest.mark.parametrize("name", ALL_NAMES)
def test_every_misspelt_name_is_answered_with_the_right_one(name):
    for wrong in misspelt(name):
        if wrong in ALL_NAMES:
            continue
        if name.startswith("privatelink_"):
            _typed, (problem,) = _variables._of_host({wrong: "x"})
            assert wrong in problem
            assert did_you_mean(wrong, _variables._owned()).strip() in problem
            assert "Did you mean" in problem
        else:
            (text,) = _variables.doubtful([wrong])
            assert wrong in text
            assert "Did you mean" in text


def test_a_variable_of_a_role_with_the_wrong_beginning_is_answered_with_those_that_end_alike():
    _typed, (problem,) = _variables._of_host({"privatelink_deployment_ids": "x"})
    assert problem.endswith(
        "Did you mean harden_deployment_ids or preflight_deployment_ids or teardown_deployment_ids?"
    )


# --- nothing else is evaluated


def of_hosts(tmp_path, inventory, play_vars=None, needed=("one",), agents=("box",)):
    file = tmp_path / "hosts.yml"
    file.write_text(inventory)
    loader = DataLoader()
    there = InventoryManager(loader=loader, sources=[str(file)])
    manager = VariableManager(loader=loader, inventory=there)
    task = SimpleNamespace(get_play=lambda: None)
    hostvars = HostVars(there, manager, loader)
    if play_vars:
        manager.get_vars = lambda _get=manager.get_vars, **kw: {
            **_get(**{**kw, "play": None, "task": None}),
            **play_vars,
        }
    else:
        manager.get_vars = lambda _get=manager.get_vars, **kw: _get(**{**kw, "task": None})
    return _variables.of_hosts({"hostvars": hostvars}, task, loader, list(needed), list(agents))


INVENTORY = """
agent_vpcs:
  vars:
    privatelink_region: "{{ home }}"
    home: us-east-1
    costly: "{{ lookup('ansible.builtin.pipe', 'touch MARK') }}"
    broken: "{{ nobody_knows_this }}"
  hosts:
    one: {privatelink_vpc_id: vpc-00000001}
agent_hosts:
  hosts:
    box: {privatelink_agent_vpc: one, ansible_password: "{{ lookup('ansible.builtin.pipe', 'touch MARK') }}"}
others:
  hosts:
    stranger: {privatelink_vpc_id: "{{ nobody_knows_this }}", noise: "{{ lookup('ansible.builtin.pipe', 'touch MARK') }}"}
"""


@pytest.mark.parametrize("play_vars", [{}, {"privatelink_dns_layout": "host_zone"}])
def test_no_other_variable_is_evaluated(tmp_path, play_vars):
    mark = tmp_path / "mark"
    known = of_hosts(tmp_path, INVENTORY.replace("MARK", str(mark)), play_vars)
    assert known["one"]["privatelink_region"] == "us-east-1"
    assert known["box"]["privatelink_agent_vpc"] == "one"
    assert "privatelink_region" not in known["stranger"]  # unclear, and counted as that
    assert {name for host in known.values() for name in host} <= {*_variables._owned(), "ansible_connection"}
    assert known["one"].get("privatelink_dns_layout") == play_vars.get("privatelink_dns_layout")
    assert not mark.exists()


def test_one_of_ours_that_cannot_be_evaluated_is_named(tmp_path):
    inventory = "agent_vpcs: {hosts: {one: {privatelink_vpc_id: '{{ nobody_knows_this }}'}}}"
    with pytest.raises(InventoryError, match="one: a variable of it cannot be evaluated"):
        of_hosts(tmp_path, inventory, agents=())
