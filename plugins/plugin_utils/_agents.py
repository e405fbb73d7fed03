# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the probe on agent hosts, many at a time, each reached as its own variables say and no other way.

Keywords of a play (connection, become, environment, vars, timeout), options of the command line and ansible.cfg's transport are
about the hosts of the play. An agent host is no host of the play: only its own variables count, and ssh where they say nothing.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ansible import constants
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.playbook.play_context import PlayContext
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import become_loader, connection_loader
from ansible.template import Templar
from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils._inventory.hosts import AgentHost
from ..module_utils._probe.model import Target

PROBE = "astro.privatelink.probe"
#: What the probe gets of a target; whose an address is stays here, since the verdict is made here.
ASKED = (
    "vpc",
    "host",
    "expected",
    "port",
    "path",
    "timeout",
    "patience",
    "ca_file",
    "nameservers",
    "dial_through",
    "resolve",
    "health_url",
)
#: Most bytes that an answer may have; one of a well-behaved probe has a few thousand.
LARGEST = 1_000_000
#: Seconds that a connection and the start of the probe may take, beside the probe's own time.
BESIDE = 60.0


@dataclass(frozen=True)
class Look:
    """One look from one agent host."""

    agent: AgentHost
    target: Target

    @property
    def at_once(self) -> Look:
        """The same without patience: whoever asks many waits for all of them together."""
        return replace(self, target=replace(self.target, patience=0.0))

    @property
    def longest(self) -> float:
        """Seconds after which it is given up: each address takes four steps at most, and the name as long again."""
        return BESIDE + self.target.patience + self.target.timeout * 8


def look(step: ActionBase, variables: Mapping[str, Any], looks: Sequence[Look]) -> list[dict[str, Any]]:
    """What came of each look, in whatever form; never raises for one of them. As many at a time as Ansible has forks."""
    results: list[dict[str, Any]] = [{} for _each in looks]
    waiting = list(enumerate(looks))
    running: dict[int, tuple[int, _Child]] = {}
    most = max(1, min(int(variables.get("ansible_forks") or 5), len(looks) or 1))
    while waiting or running:
        while waiting and len(running) < most:
            number, each = waiting.pop(0)
            child = _Child(step, variables, each)
            running[child.reads] = (number, child)
        ready, _w, _x = select.select(list(running), [], [], 1.0)
        for reads in [*ready, *(reads for reads, (_number, child) in running.items() if child.late)]:
            if reads in running and running[reads][1].ended():
                number, child = running.pop(reads)
                results[number] = child.answer()
    return results


class _Child:
    """One look in a process of its own: connections of Ansible are not made for threads, and one that hangs can be ended."""

    def __init__(self, step: ActionBase, variables: Mapping[str, Any], each: Look) -> None:
        self.reads, writes = os.pipe()
        self._until, self._parts, self._size = time.monotonic() + each.longest, [], 0  # type: ignore[var-annotated]
        self._seconds = each.longest
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.reads)
            _answer_and_exit(writes, step, variables, each)
        os.close(writes)

    @property
    def late(self) -> bool:
        return time.monotonic() > self._until

    def ended(self) -> bool:
        """Takes in what there is; True once there will be no more."""
        if self.late or self._size > LARGEST:
            os.kill(self.pid, signal.SIGKILL)
            return True
        part = os.read(self.reads, 65536)
        self._parts.append(part)
        self._size += len(part)
        return not part

    def answer(self) -> dict[str, Any]:
        os.close(self.reads)
        os.waitpid(self.pid, 0)
        if self.late:
            return {"unreachable": True, "msg": f"it did not answer within {self._seconds:.0f} seconds"}
        if self._size > LARGEST:
            return {"failed": True, "msg": "its answer is too long to be the probe's"}
        try:
            found = json.loads(b"".join(self._parts))
        except ValueError:
            return {"failed": True, "msg": "the connection to it ended without an answer"}
        return found if isinstance(found, dict) else {"failed": True, "msg": "its answer is not the probe's"}


def _answer_and_exit(writes: int, step: ActionBase, variables: Mapping[str, Any], each: Look) -> None:
    """The end of a child: whatever happens, an answer and no way back into Ansible's own process."""
    try:
        try:
            found = AtAgent.reached(step, variables, each.agent).run_probe(each.target)
        except AnsibleConnectionFailure as problem:
            found = {"unreachable": True, "msg": str(problem)}
        except Exception as problem:  # a plugin of the user's may raise anything
            found = {"failed": True, "msg": str(problem) or type(problem).__name__}
        rest = json.dumps(found, default=str).encode("utf-8", "replace")
        while rest:
            rest = rest[os.write(writes, rest) :]
    finally:
        os._exit(0)


class AtAgent(ActionBase):
    """Ansible's own machinery for running modules, on an agent host."""

    variables: dict[str, Any]

    @classmethod
    def reached(cls, step: ActionBase, variables: Mapping[str, Any], agent: AgentHost) -> AtAgent:
        known = {**variables["hostvars"].raw_get(agent.name), "hostvars": variables["hostvars"]}
        templar = Templar(loader=step._loader, variables=known)
        task = step._task.copy(exclude_parent=True, exclude_tasks=True)
        for name, value in _OWN.items():
            setattr(task, name, value)
        context = PlayContext()
        context.connection = agent.connection
        context = context.set_task_and_variable_override(task=task, variables=known, templar=templar)
        context.remote_addr = context.remote_addr or templar.template(known.get("ansible_host") or agent.name)
        connection = connection_loader.get(agent.connection, context, new_stdin=None, task_uuid=task._uuid)
        if connection is None:
            raise AnsibleError(f"there is no connection plugin {agent.connection}")
        _become(connection, context, known, templar)
        _set_options(connection, context, known, templar)
        made = cls(task, connection, context, step._loader, templar, step._shared_loader_obj)
        made.variables = known
        return made

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:  # noqa: ARG002
        """Not used: the step runs, and this one only runs the probe for it."""
        return {}

    def run_probe(self, target: Target) -> dict[str, Any]:
        given = asdict(target)
        arguments = {name: given[name] for name in ASKED if given[name] is not None}
        arguments = {name: list(value) if isinstance(value, tuple) else value for name, value in arguments.items()}
        try:
            return dict(self._execute_module(PROBE, module_args=wrap_var(arguments), task_vars=self.variables))
        finally:
            self.cleanup(force=True)
            self._connection.close()


#: Keywords of the task, as if nobody had set any.
_OWN: dict[str, Any] = {
    "action": PROBE,
    "args": {},
    "become": False,
    "check_mode": False,
    "connection": "ssh",
    "delegate_to": None,
    "diff": False,
    "environment": [],
    "ignore_errors": False,
    "ignore_unreachable": False,
    "module_defaults": [],
    "no_log": False,
    "remote_user": None,
    "vars": {},
}


def _become(connection: Any, context: PlayContext, known: Mapping[str, Any], templar: Templar) -> None:
    wanted = known.get("ansible_become")
    if wanted is None or not boolean(templar.template(wanted), strict=False):
        return
    method = templar.template(
        known.get("ansible_become_method") or constants.config.get_config_value("DEFAULT_BECOME_METHOD")
    )
    plugin = become_loader.get(method)
    if plugin is None:
        raise AnsibleError(f"there is no become plugin {method}")
    connection.set_become_plugin(plugin)
    context.set_become_plugin(plugin.name)


def _set_options(connection: Any, context: PlayContext, known: dict[str, Any], templar: Templar) -> None:
    """Options of the connection, its shell and its become plugin, from the agent host's variables."""
    keys = {"timeout": context.timeout, **({"password": context.password} if context.password else {})}
    plugins = {"connection": connection, "shell": getattr(connection, "_shell", None), "become": connection.become}
    for kind, plugin in plugins.items():
        if plugin is None:
            continue
        names = constants.config.get_plugin_vars(kind, plugin._load_name)
        plugin.set_options(
            task_keys=keys, var_options={name: templar.template(known[name]) for name in names if name in known}
        )
