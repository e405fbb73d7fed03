# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables that steps work with, typed by the roles' argument specs: whether they come as text or not is the same.

Two kinds are read and no other: ``privatelink_*`` of every host, and those of the step's own role. All other variables of a
play stay unread, and so unevaluated.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.template import Templar

from ..module_utils._core.errors import InventoryError
from ..module_utils._inventory.checks import did_you_mean, together
from ..module_utils._inventory.hosts import PREFIX

_ROLES = Path(__file__).parents[2] / "roles"
#: Options of agent hosts; role verify's documentation describes them.
OF_AGENT_HOSTS: dict[str, dict[str, Any]] = {
    "privatelink_agent_vpc": {"type": "str"},
    "privatelink_ca_file": {"type": "str"},
    "privatelink_nameservers": {"type": "list", "elements": "str"},
    "privatelink_dial_through": {"type": "str"},
    "privatelink_health_url": {"type": "str"},
}
#: What the roles hand on to the jobs that follow; a controller makes extra variables of these.
_HANDED_ON = ("privatelink_result",)

#: An agent VPC of which nothing else is understood.
_VPC_ID = f"{PREFIX}vpc_id"
_UNCLEAR = {_VPC_ID: "unclear"}


def settings(role: str, entry: str, variables: Mapping[str, Any], templar: Templar) -> dict[str, Any]:
    """The variables of a role without its prefix, with defaults. Raises InventoryError with all that make no sense."""
    spec = {name: option for name, option in _specs()[role][entry].items() if not name.startswith(PREFIX)}
    given = {name: _value(templar, variables[name]) for name in spec if variables.get(name) is not None}
    typed, problems = _typed(spec, given)
    if problems:
        raise InventoryError(problems)
    return {name.removeprefix(f"{role}_"): typed.get(name) for name in spec}


def of_vpcs(role: str) -> list[str]:
    """The variables of VPCs that a role knows, without prefix."""
    return [name.removeprefix(PREFIX) for name in _specs()[role]["main"] if name.startswith(PREFIX)]


def doubtful(names: Iterable[str]) -> list[str]:
    """Variables that look like misspelt ones of any role; they have no effect. One that would have a role run counts as well."""
    roles = sorted(_specs(), key=len, reverse=True)
    known = {role: {name for entry in _specs()[role].values() for name in entry} for role in roles}
    every = set().union(*known.values())
    found = []
    for name in sorted(map(str, set(names) - every)):
        role = next((role for role in roles if name.startswith(f"{role}_")), "")
        if role and (question := did_you_mean(name, known[role])):
            found.append(f"{name} is no variable of role {role}.{question}")
    return found


def of_hosts(
    variables: Mapping[str, Any], task: Any, loader: Any, names: Iterable[str], agents: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """The ``privatelink_*`` variables of all hosts that have any; blank ones are left out.

    ``names`` are the agent VPCs of the run, ``agents`` the agent hosts. Raises InventoryError with all that is wrong with
    these. Another agent VPC that cannot be read keeps its place, so that steps on the whole inventory refuse to overlook it.
    """
    hostvars, needed = variables["hostvars"], {*names, *agents}
    exact = _play_has_some(hostvars, task)
    found: dict[str, dict[str, Any]] = {}
    problems: list[tuple[str, str]] = []
    for host in hostvars:
        try:
            known = _exactly(hostvars, host, task, loader) if exact else hostvars[host]
            given = {key: known[key] for key in known if str(key).startswith(PREFIX)}
            if host in needed and "ansible_connection" in known:
                given["ansible_connection"] = known["ansible_connection"]
        except AnsibleError as problem:
            if host in needed:
                problems.append((host, f"a variable of it cannot be evaluated: {problem}"))
            elif _VPC_ID in hostvars.raw_get(host):
                found[host] = _UNCLEAR
            continue
        typed, wrong = _of_host({key: value for key, value in given.items() if value not in (None, "", [], {})})
        if host in needed:
            problems += [(host, each) for each in wrong]
        if wrong and host not in needed:
            typed = _UNCLEAR if _VPC_ID in given else {}
        if typed:
            found[host] = typed
    if problems:
        raise InventoryError(together(problems))
    return {**{host: {} for host in needed}, **found}


def _of_host(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    connection = {key: str(value) for key, value in given.items() if key == "ansible_connection"}
    known = _owned()
    unknown = [key for key in given if key not in known and key not in _HANDED_ON and not connection.get(key)]
    typed, problems = _typed(known, {key: value for key, value in given.items() if key in known})
    problems += [f"{key} is no variable of this collection.{_instead(key, known)}" for key in sorted(unknown)]
    return {**{key: typed[key] for key in given if key in typed}, **connection}, problems


def _instead(key: str, known: Iterable[str]) -> str:
    """What may have been meant: one that differs by a letter, a variable of a role that ends alike, or one of similar letters."""
    if slip := did_you_mean(key, known, 0.94):
        return slip
    rest = key.removeprefix(PREFIX)
    roles = sorted(
        {
            name
            for role, entries in _specs().items()
            for entry in entries.values()
            for name in entry
            if name == f"{role}_{rest}"
        }
    )
    return f" Did you mean {' or '.join(roles)}?" if roles else did_you_mean(key, known)


def _typed(spec: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Values as their options' types want them, and what does not fit, in words that name the variable."""
    problems = [
        f"{name} takes one value, not {_form(value)}."
        for name, value in given.items()
        if spec[name].get("type", "str") in {"str", "path"} and isinstance(value, (list, dict))
    ]
    if problems:
        return {}, problems
    usable = {name: _parsed(spec[name], value) for name, value in given.items()}
    if problems := [text for name, value in usable.items() for text in _entries(name, spec[name], value)]:
        return {}, problems
    checked = {
        name: {key: value for key, value in option.items() if key != "required"} for name, option in spec.items()
    }
    result = ArgumentSpecValidator(checked).validate(usable)
    return dict(result.validated_parameters), [f"{message.rstrip('.')}." for message in result.error_messages]


def _parsed(option: Mapping[str, Any], value: Any) -> Any:
    """Lists and mappings that come as text, from a command line or an INI file, in the form that YAML gives them."""
    if option.get("type") in {"list", "dict"} and isinstance(value, str) and value.strip()[:1] in {"[", "{"}:
        try:
            return yaml.safe_load(value)
        except yaml.YAMLError:
            return value
    return value


def _entries(name: str, option: Mapping[str, Any], value: Any) -> Iterable[str]:
    """What is wrong with the entries of a list of mappings."""
    known = option.get("options")
    if not known:
        return
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        yield f"{name} takes a list of mappings with the keys {', '.join(known)}."
        return
    for number, each in enumerate(value, start=1):
        for key in sorted(str(key) for key in each if key not in known):
            yield f"{name}, entry {number}, has the unknown key {key}.{did_you_mean(key, known)}"


def _form(value: Any) -> str:
    return "a list" if isinstance(value, list) else "a mapping"


def _value(templar: Templar, value: Any) -> Any:
    return templar.template(value)


def _play_has_some(hostvars: Any, task: Any) -> bool:
    """Whether the play, a role or an include sets variables of ours: hostvars do not have these."""
    manager, play = hostvars._variable_manager, task.get_play()
    around = manager.get_vars(play=play, task=task, include_hostvars=False)
    return any(str(name).startswith(PREFIX) for name in set(around) - set(manager.extra_vars))


def _exactly(hostvars: Any, host: str, task: Any, loader: Any) -> dict[str, Any]:
    """One host's variables by Ansible's own rules of precedence, those of play, role and include among them."""
    manager = hostvars._variable_manager
    raw = manager.get_vars(play=task.get_play(), host=hostvars._inventory.get_host(host), task=task)
    templar = Templar(loader=loader, variables=raw)
    return {
        key: templar.template(raw[key]) for key in raw if str(key).startswith(PREFIX) or key == "ansible_connection"
    }


@functools.cache
def _specs() -> dict[str, dict[str, dict[str, Any]]]:
    """The options of every role and entry point, as their argument specs have them."""
    load = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = {}
    for file in sorted(_ROLES.glob("*/meta/argument_specs.yml")):
        entries = yaml.load(file.read_text(encoding="utf-8"), Loader=load)["argument_specs"]
        found[file.parts[-3]] = {name: entry.get("options") or {} for name, entry in entries.items()}
    return found


@functools.cache
def _owned() -> dict[str, dict[str, Any]]:
    """All variables of hosts that this collection knows."""
    options = [option for role in _specs().values() for entry in role.values() for option in entry.items()]
    return {**{name: _bare(option) for name, option in options if name.startswith(PREFIX)}, **OF_AGENT_HOSTS}


def _bare(option: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in option.items() if key in {"type", "elements", "choices", "options"}}
