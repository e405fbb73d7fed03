# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every step is made of. A step is one act of Astronomer's page on the whole fleet: it runs once, for all hosts of the play.

A step reads the inventory and its role's variables by itself, checks what it must, acts, and answers for each VPC. What it may do
never depends on an earlier task, on a registered result, or on keywords of the play.
"""

from __future__ import annotations

import contextlib
import functools
import tempfile
import time
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils._aws import pace
from ..module_utils._aws.fleet import Fleets, Memory
from ..module_utils._aws.session import Boto3, versions
from ..module_utils._core.errors import InputError, PrivateLinkError
from ..module_utils._core.findings import Shown
from ..module_utils._core.run import Answer, Progress
from ..module_utils._core.running import running
from ..module_utils._core.supported import refusal
from ..module_utils._core.text import without_login
from ..module_utils._inventory.hosts import Inventory
from ..module_utils._kube.health import State
from ..module_utils._kube.model import Refused
from ..module_utils._kube.told import Told
from ..module_utils._probe.results import AgentResult, agent, later, still_old, unasked
from ..module_utils._report import plan
from ..module_utils._report.handed_on import handed_on, statistic
from ..module_utils._report.questions import with_questions
from ..module_utils._roles import verify
from ..module_utils._roles.verify import VpcTarget
from . import _agents, _speak, _variables
from ._interrupts import last_words
from ._pods import Pods

#: How to log in to AWS, as amazon.aws's modules are told; usually by module_defaults for group/astro.privatelink.privatelink.
AWS_OPTIONS: dict[str, Any] = {
    "access_key": {"type": "str", "aliases": ["aws_access_key_id", "aws_access_key", "ec2_access_key"]},
    "secret_key": {"type": "str", "aliases": ["aws_secret_access_key", "aws_secret_key", "ec2_secret_key"]},
    "session_token": {
        "type": "str",
        "aliases": ["aws_session_token", "security_token", "aws_security_token", "access_token"],
    },
    "profile": {"type": "str", "aliases": ["aws_profile"]},
    "region": {"type": "str", "aliases": ["aws_region", "ec2_region"]},
    "endpoint_url": {"type": "str", "aliases": ["aws_endpoint_url", "ec2_url", "s3_url"]},
    "aws_ca_bundle": {"type": "path"},
    "validate_certs": {"type": "bool"},
    "aws_config": {"type": "dict"},
    "debug_botocore_endpoint_logs": {"type": "bool"},
}


class Step(ActionBase):
    """The base of all steps. A step says which ``role`` it is of, and which ``entry`` point, and has a `take`."""

    BYPASS_HOST_LOOP = True  # once for all hosts; Ansible refuses that under strategies that cannot do it
    _requires_connection = False
    _supports_check_mode = True
    role: ClassVar[str] = ""
    entry: ClassVar[str] = "main"
    service_known: ClassVar[bool] = True
    sliced: ClassVar[bool] = False  # may work on a job slice: it needs no agent host to be there
    everyone: ClassVar[bool] = False  # also the VPCs that have failed
    of_fleet: ClassVar[bool] = True  # works on the VPCs of the inventory

    @abstractmethod
    def take(self) -> dict[str, Any]:
        """The step itself: returns its result."""

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        if problem := refusal({**running(), "amazon.aws": _amazon_aws(), **versions()}):
            return self.unsupported(problem)
        self.variables: dict[str, Any] = task_vars or {}
        self.inventory = Inventory((), {})  # until it is read; not every step needs one
        self._began = time.monotonic()
        pace.PACERS.forget()  # what the inventory asked is none of this step's
        try:
            self._read()
            with self._stoppable():
                result = self.take()
            return dict(wrap_var(self._handed_on(self._counted(self._with_questions(result)))))
        except PrivateLinkError as error:
            return dict(wrap_var(self._with_questions(self.unfit(error))))
        except OSError as error:  # a full disk, a directory that is not writable
            text = "\n".join(self._ended(str(error)))
            return dict(wrap_var({"failed": True, "changed": bool(self._progress.begun), "msg": text}))

    @contextlib.contextmanager
    def _stoppable(self) -> Iterator[None]:
        """A step that is told to end says how far it is."""
        terminal = _speak.Terminal()
        try:
            with last_words(lambda name: terminal.write(self._ended(name))):
                yield
        finally:
            terminal.close()

    def _ended(self, why: str) -> list[str]:
        return plan.stopped(why, list(self._progress.planned), list(self._progress.begun))

    @property
    def _progress(self) -> Progress:
        return self.memory.progress

    def _with_questions(self, result: dict[str, Any]) -> dict[str, Any]:
        """A result whose problems name the questions of a controller's survey, where the job has one."""
        asked = {str(name) for name in self.variables if str(name).startswith("survey_")}
        if not asked:
            return result
        found = dict(result)
        if found.get("failed"):
            found["msg"] = with_questions(str(found.get("msg", "")), asked)
        if lost := found.get("failed_vpcs"):
            found["failed_vpcs"] = {name: with_questions(text, asked) for name, text in lost.items()}
        return found

    def _handed_on(self, result: dict[str, Any]) -> dict[str, Any]:
        """A result with what the next jobs of a workflow are told of it. What is only planned is not handed on."""
        if self.check or "ansible_stats" in result or not self.of_fleet:
            return result
        names, well = (self.variables[f"ansible_play_hosts{which}"] for which in ("_all", ""))
        told = handed_on(result, [name for name in names if name in self.inventory.vpcs], well)
        return {**result, **statistic(told)}

    def _counted(self, result: dict[str, Any]) -> dict[str, Any]:
        """A result with what AWS was asked for it."""
        asked = pace.PACERS.requests()
        seconds = round(time.monotonic() - self._began, 1)
        _speak.detail(plan.requests(asked, seconds))
        return {**result, "requests": asked, "seconds": seconds} if asked else result

    def unsupported(self, problem: str) -> dict[str, Any]:
        """What the step answers where something is too old for it."""
        raise AnsibleActionFail(problem)

    def unfit(self, problem: PrivateLinkError) -> dict[str, Any]:
        """What the step answers if it cannot even begin, most often for what somebody wrote."""
        return {"failed": True, "changed": False, "msg": without_login(str(problem))}

    def _read(self) -> None:
        given = ArgumentSpecValidator(AWS_OPTIONS).validate(dict(self._task.args))
        if given.error_messages:
            raise InputError(f"{'; '.join(given.error_messages)}. Steps take variables: set those of role {self.role}.")
        self.options: dict[str, Any] = dict(given.validated_parameters)
        self.settings = self.settings_of(self.role, self.entry)
        for text in _variables.doubtful(self.variables):
            _speak.warn(text)
        if self.of_fleet:
            self._read_inventory()

    def _read_inventory(self) -> None:
        names = list(self.variables["ansible_play_hosts_all" if self.everyone else "ansible_play_batch"])
        agents = list(self.variables["groups"].get(self.settings.get("agent_group") or "agent_hosts", []))
        known = _variables.of_hosts(self.variables, self._task, self._loader, names, agents)
        self.inventory = Inventory.read(known, names, agents, self.service_known, self.sliced)
        for name in self.inventory.strangers:
            _speak.warn(
                f"{name} is not asked: privatelink_agent_vpc is {known[name].get('privatelink_agent_vpc')!r}, which is not an "
                "agent VPC of this inventory, or is in another slice of it."
            )

    # --- what steps have

    def settings_of(self, role: str, entry: str = "main") -> dict[str, Any]:
        """The variables of a role, without its prefix."""
        return _variables.settings(role, entry, self.variables, self._templar)

    @property
    def sdk(self) -> Boto3:
        return Boto3(options=self.options)

    @property
    def check(self) -> bool:
        return bool(self._task.check_mode)

    def fleets(self, timeout: int = 600) -> Fleets:
        """Runs jobs on AWS. ``timeout`` are seconds."""
        return Fleets(sdk=self.sdk, check=self.check, timeout=timeout, memory=self.memory)

    @functools.cached_property
    def memory(self) -> Memory:
        return Memory()

    def tell(self, names: Sequence[str], waiting: Mapping[str, tuple[str, str]]) -> None:
        """How far the endpoints of an account and region are."""
        left = [f"{name} ({each}) waits {_WAITS.get(state, state)}" for name, (each, state) in sorted(waiting.items())]
        _speak.say([f"{len(names) - len(left)} of {len(names)} endpoints are available; {', '.join(left)}"])

    def say(self, lines: Iterable[str]) -> None:
        _speak.say(lines)

    def look(self, targets: Iterable[VpcTarget], **more: Any) -> dict[str, list[AgentResult]]:
        """What the agent hosts of VPCs see, by VPC; ``more`` are parameters of the probe."""
        asked = [
            (target.vpc, _agents.Look(one, target.probe(one, **more))) for target in targets for one in target.agents
        ]
        seen: dict[str, list[AgentResult]] = {}
        for (vpc, each), raw in zip(asked, self._patiently([each for _vpc, each in asked]), strict=True):
            seen.setdefault(vpc, []).append(self._entry(each, raw))
        known = {**self.inventory.everyone, **self.inventory.vpcs}
        ids = {name: vpc.text("vpc_id") for name, vpc in known.items()}
        false = verify.impostors(seen, {each.agent.name: each.agent for _vpc, each in asked}, ids)
        for result in (result for found in seen.values() for result in found):
            result["findings"] += false.get(result["name"], [])
        return seen

    def with_pods(self, inventory: Inventory, names: Iterable[str] | None = None) -> Inventory:
        """The inventory with the pods that run now, of its VPCs or of those named. Until then their clusters stand for them,
        which are agent hosts that nobody can ask."""
        return self._pods.with_pods(inventory, inventory.names if names is None else names)

    def told(self, names: Iterable[str], way: Iterable[str] = (), health: bool = False) -> dict[str, list[Told]]:
        """What the clusters of VPCs say of their agents, after `with_pods`: of the way out of pods in some VPCs, and of health."""
        return self._pods.told(names, way, health)

    def states(self, names: Iterable[str]) -> dict[str, list[State] | Refused]:
        """How the pods of VPCs are now, after `with_pods`."""
        return self._pods.states(names)

    @functools.cached_property
    def _pods(self) -> Pods:
        directory = tempfile.mkdtemp(dir=constants.DEFAULT_LOCAL_TMP)  # Ansible removes it, however a run ends
        return Pods(self.sdk, int(self.variables.get("ansible_forks") or 5), directory, self.say)

    def _patiently(self, looks: Sequence[_agents.Look]) -> list[dict[str, Any] | Refused]:
        """What came of looks. Those that see an old answer are repeated when it must have expired, after one wait for all of them."""
        answers, waited = self._answers([look.at_once for look in looks]), 0.0
        while late := {n: left for n, look in enumerate(looks) if (left := still_old(look.target, answers[n])) > 0}:
            self.say(
                [
                    f"{len(late)} of {len(looks)} agent hosts still have an old answer for the name; {max(late.values()):.0f} s to wait"
                ]
            )
            time.sleep(max(late.values()))
            waited += max(late.values())
            for number, raw in zip(late, self._answers([looks[number].at_once for number in late]), strict=True):
                answers[number] = later(looks[number].target, answers[number], raw, waited)
        return answers

    def _answers(self, looks: Sequence[_agents.Look]) -> list[dict[str, Any] | Refused]:
        """What came of looks, in their order."""
        found: dict[int, dict[str, Any] | Refused] = {}
        of_pods = [number for number, look in enumerate(looks) if look.agent.cluster]
        if of_pods:
            found |= zip(of_pods, self._pods.look([looks[number] for number in of_pods]), strict=True)
        others = [number for number in range(len(looks)) if number not in found]
        found |= zip(others, _agents.look(self, self.variables, [looks[number] for number in others]), strict=True)
        return [found[number] for number in range(len(looks))]

    def _entry(self, look: _agents.Look, raw: dict[str, Any] | Refused) -> AgentResult:
        host = look.agent
        if isinstance(raw, Refused):
            return unasked(host.name, host.connection, raw.of(look.target.vpc))
        result = agent(host.name, host.connection, look.target, raw)
        if host.cluster and result["place"]:
            result["place"] |= self._pods.place(host)
        return result

    def result(self, answers: Sequence[Answer], problems: Mapping[str, Sequence[Shown]], **more: Any) -> dict[str, Any]:
        """A step's result: what was done, and which VPCs fail with which text. Says what was sent on the terminal."""
        self.say(plan.lines(answers, self.check))
        self.warn([one for answer in answers for one in answer["findings"] if one["severity"] == "warning"])
        diffs = {side: _merged(answer["diff"].get(side, {}) for answer in answers) for side in ("before", "after")}
        return {
            "changed": any(answer["changed"] for answer in answers),
            "answers": list(answers),
            "failed_vpcs": texts(problems),
            **({"diff": diffs} if diffs["before"] != diffs["after"] else {}),
            **more,
        }

    def warn(self, findings: Iterable[Shown]) -> None:
        for one in findings:
            _speak.warn(f"{one['vpc']}: {one['text']}")


def _merged(states: Iterable[Mapping[str, Mapping[str, Any]]]) -> dict[str, dict[str, Any]]:
    """What several answers say of the same VPCs, as one."""
    found: dict[str, dict[str, Any]] = {}
    for state in states:
        for vpc, shown in state.items():
            found[vpc] = {**found.get(vpc, {}), **shown}
    return found


def texts(problems: Mapping[str, Sequence[Shown]]) -> dict[str, str]:
    """What each VPC fails with."""
    return {name: "\n".join(one["text"] for one in found) for name, found in problems.items()}


_WAITS = {
    "pendingacceptance": "for Astronomer to accept it",
    "pending": "for AWS to make it available",
    "": "for AWS to show it",
}


def _amazon_aws() -> str:
    try:
        from ansible_collections.amazon.aws.plugins.module_utils import common
    except ImportError:
        return ""
    return str(common.AMAZON_AWS_COLLECTION_VERSION)
