# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role harden: whether Deployments can be restricted to their links without cutting off agents, and whether that went well. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._astro.access import Have, Want, canonical
from .._astro.lists import Back, listed
from .._core.errors import InputError
from .._core.findings import Finding, finding
from .._core.text import printable
from .._inventory.hosts import Inventory
from .._kube import health
from .._kube.model import Refused
from .._kube.need import some
from .._probe.results import AgentResult
from .verify import ReportVpc, VpcTarget

#: A Deployment, as `astro_info` returns it.
Deployment = Mapping[str, Any]
#: The agents' pods of a VPC, or why they are not known.
Pods = list[health.State] | Refused
#: With these a list is put back whatever it was.
_AGREED = {"allow_open": True, "allow_lockout": True}
#: How a list turns away agents in the lab. Astro's own answer is not documented.
REFUSED = 403
#: Longest time in seconds for any of the role's waits; a number beyond is a mistake.
_LONGEST = 86_400


@dataclass(frozen=True, kw_only=True)
class PathLook:
    """What one agent host of a VPC got from a Deployment's own path."""

    vpc: str
    url: str
    agent: AgentResult

    @property
    def key(self) -> tuple[str, str, str]:
        return self.vpc, self.agent["name"], self.url

    @property
    def answers(self) -> dict[str, int]:
        """The status that each address of the link answered, 0 for none."""
        return {reach["address"]: reach["status"] for reach in self.agent["addresses"]}

    @property
    def errors(self) -> list[str]:
        return [one["code"] for one in self.agent["findings"] if one["severity"] == "error"]


def wants(settings: Mapping[str, Any]) -> list[Want]:
    """What the role's variables ask for, one for each Deployment."""
    ids = list(dict.fromkeys(each.strip() for each in settings["deployment_ids"] or () if each.strip()))
    if not ids:
        raise InputError("harden_deployment_ids is not set. Set it to the ids of the Deployments; nothing was changed.")
    for name in ("timeout", "watch_timeout", "pods_timeout"):
        if name in settings and not 0 <= settings[name] <= _LONGEST:
            raise InputError(f"harden_{name} is {settings[name]}. Set it to a number of seconds; nothing was changed.")
    ranges = tuple(each.strip() for each in settings["ranges"] or () if each.strip()) or None
    return [_want(each, ranges, settings) for each in ids]


def _want(deployment_id: str, ranges: tuple[str, ...] | None, settings: Mapping[str, Any]) -> Want:
    if "exclusive" in settings:
        return Want(deployment_id=deployment_id, ranges=ranges, state="exact" if settings["exclusive"] else "present")
    return Want(
        deployment_id=deployment_id,
        ranges=ranges,
        state="absent",
        allow_open=settings["allow_open"],
        allow_lockout=settings["allow_lockout"],
    )


# --- may it be done?


def left_out(inventory: Inventory, group: Iterable[str], in_play: Iterable[str], well: Iterable[str]) -> list[Finding]:
    """The agent VPCs that this run does not work on, or no longer. ``group`` is the inventory group that names them all.

    ``in_play`` are the hosts of the play, ``well`` those of them that did not fail before.
    """
    in_play, well = set(in_play), set(well)
    found = []
    for name in sorted({*inventory.names, *group}):
        if name not in in_play:
            again = "Run without --limit, so that each is verified."
            found += _reason(name, "This agent VPC is not part of the run.", again)
        elif name not in well:
            found += _reason(name, "This agent VPC failed earlier in this run.", "Fix that first.")
    return found


def paths(targets: Mapping[str, VpcTarget], deployment: Deployment) -> list[VpcTarget]:
    """From which VPCs to look at a Deployment's own path: those with a link to its cluster."""
    return [target for target in targets.values() if target.expected and target.host == deployment["host"]]


def unsafe(
    vpcs: Sequence[ReportVpc], looks: Sequence[PathLook], deployments: Sequence[Deployment], confirmed: bool
) -> list[Finding]:
    """Why not to restrict these Deployments. ``vpcs`` are a report's entries of all agent VPCs, as verified by this step.

    ``deployments`` are those of `astro_info`, which watched the agent tokens; ``confirmed`` stands in for that.
    """
    found = unverified(vpcs)
    found += [one for look in looks for one in _unanswered(look)]
    for each in deployments:
        seen = {look.vpc for look in looks if look.url == each["remote_api_url"]}
        linked = {vpc["name"] for vpc in vpcs if vpc["host"] == each["host"]}
        if not linked:
            found += _reason(each["name"], f"No agent VPC has a link to {each['host'] or 'its cluster'}.", "")
        for name in sorted(linked - seen):
            found += _reason(name, f"No agent host of it looked at {each['remote_api_url']}.", "Fix its link first.")
        found += [] if confirmed else _idle(each)
    return found


def unverified(vpcs: Sequence[ReportVpc]) -> list[Finding]:
    """The VPCs whose links do not work: then nothing else needs to be watched."""
    return [one for vpc in vpcs for one in _unverified(vpc)]


def _unverified(vpc: ReportVpc) -> list[Finding]:
    if vpc["verdict"] == "works":
        return []
    codes = [one["code"] for one in vpc["findings"] if one["severity"] == "error"]
    seen = f"Its agents do not use the link: {', '.join(codes)}." if codes else "No agent host of it verified the link."
    return _reason(vpc["name"], seen, "Run the playbook verify until this VPC is well.")


def _unanswered(look: PathLook) -> list[Finding]:
    """A path that did not answer before could not tell anything after."""
    statuses = list(look.answers.values())
    if statuses and all(100 <= status < 600 for status in statuses) and not look.errors:
        return []
    why = ", ".join(look.errors) or ("an answer without a status" if statuses else "it could not look")
    return _reason(look.vpc, f"{look.agent['name']} had no answer from {look.url}: {why}.", "Fix that first.")


def unwell(pods: Mapping[str, Pods], confirmed: bool) -> list[Finding]:
    """Where agents are pods: those that are not well before the change could not tell anything after it."""
    found = []
    for vpc, states in pods.items():
        if isinstance(states, Refused):
            found += _reason(vpc, f"Its pods cannot be read: {states.of(vpc).seen}", "Fix that first.")
        elif (trouble := health.trouble(states)) and not confirmed:
            remedy = "Fix that first. If the agents show as Healthy in Astro's UI, set harden_agents_confirmed: true."
            found += _reason(vpc, f"Its agents are not well: {some(each.trouble for each in trouble)}.", remedy)
    return found


def rests_on(pods: Mapping[str, Pods], deployments: Sequence[Deployment], confirmed: bool) -> list[str]:
    """For a terminal: on what it rests that the agents are well."""
    lines = [
        f"{vpc}: {sum(each.ready for each in states)} of {len(states)} agent pods are ready."
        for vpc, states in pods.items()
        if not isinstance(states, Refused)
    ]
    for each in deployments:
        used = sum(token["activity"] == "used" for token in each.get("agent_tokens") or ())
        told = f"{used} agent tokens were used while this run watched" if used else "no agent token was used"
        lines.append(f"{each['name']}: {told}{'; harden_agents_confirmed is set' if confirmed else ''}.")
    return lines


def _idle(deployment: Deployment) -> list[Finding]:
    """Astro does not tell how agents are. That their tokens are used comes nearest to it."""
    name, tokens = deployment["name"], deployment.get("agent_tokens")
    remedy = "If the agents show as Healthy in Astro's UI, set harden_agents_confirmed: true."
    if deployment["allowed_ranges"]:
        ranges = listed(deployment["allowed_ranges"])
        remedy += f" The list has {ranges} already: if that keeps agents out, run the playbook unharden."
    if tokens is None:
        return _reason(name, "The Astro token may not see when agent tokens were used.", remedy)
    if not any(token["activity"] == "used" for token in tokens):
        return _reason(name, "None of its agent tokens was used while this run watched.", remedy)
    idle = sorted(token["name"] for token in tokens if token["activity"] == "quiet")
    return _reason(name, f"The agent tokens {', '.join(idle)} were used lately, but not now.", remedy) if idle else []


def _reason(name: str, why: str, remedy: str) -> list[Finding]:
    return [finding("LOCKDOWN_UNSAFE", name, why=printable(why, 1000), remedy=printable(remedy, 1000))]


# --- did it go well?


def alive(deployments: Sequence[Deployment]) -> dict[str, dict[str, str]]:
    """The agent tokens that were used while they were watched: for each Deployment's id their names, by their own ids."""
    return {
        each["id"]: {
            token["id"]: token["name"] for token in each.get("agent_tokens") or () if token["activity"] == "used"
        }
        for each in deployments
    }


def lost(before: Sequence[PathLook], after: Sequence[PathLook]) -> list[Finding]:
    """Whom a restriction keeps out: all that was seen before has to be seen again, as it was."""
    now = {look.key: look for look in after}
    return [one for look in before for one in _lost(look, now.get(look.key))]


def _lost(before: PathLook, after: PathLook | None) -> list[Finding]:
    """Answers that differ from those before. Who was refused before may well be let in now."""
    now = after.answers if after else {}
    codes = after.errors if after else []
    gone = {address: status for address, status in before.answers.items() if status not in (REFUSED, now.get(address))}
    if not gone and not codes and after is not None:
        return []
    got = sorted({str(now.get(address) or "no answer") for address in gone}) + codes
    facts = {"agent": before.agent["name"], "url": before.url, "after": got or ["no answer"]}
    return [finding("ACCESS_LOST", before.vpc, before=set(gone.values()) or "an answer", **facts)]


def quiet(deployments: Sequence[Deployment], watched: Mapping[str, Mapping[str, str]], seconds: int) -> list[Finding]:
    """The agents that were at work before a restriction, and do not show since. A list of tokens that Astro no longer gives,
    or that lacks them, is no sign of life."""
    used = {
        each["id"]: {token["id"] for token in each.get("agent_tokens") or () if token["activity"] == "used"}
        for each in deployments
    }
    names = {each["id"]: each["name"] for each in deployments}
    found = []
    for deployment_id, tokens in watched.items():
        missing = [name for token, name in tokens.items() if token not in used.get(deployment_id, set())]
        if missing:
            name = names.get(deployment_id, deployment_id)
            found.append(finding("AGENTS_QUIET", name, tokens=missing, seconds=seconds))
    return found


def worse(before: Mapping[str, Pods], after: Mapping[str, Pods]) -> list[Finding]:
    """The pods that were well before a restriction and are not since. Pods that can no longer be read are no sign of life."""
    found = []
    for vpc, states in before.items():
        if isinstance(states, Refused):
            continue
        now = after.get(vpc, [])
        if isinstance(now, Refused):
            found.append(finding("PODS_UNSEEN", vpc, detail=now.of(vpc).seen.rstrip(".")))
        else:
            found += health.worse(vpc, states, now)
    return found


# --- the way back


def way_back(before: Sequence[Have], given: Mapping[str, str], template: str = "") -> list[str]:
    """What to do if nobody is left to take the change back. ``given`` is what the module needs to be told of Astro as well;
    ``template`` is the controller's job template that lifts restrictions, where this is a job of one."""
    lines = [
        f"{each.name} now admits {listed(each.ranges) if each.ranges else 'everybody'}. If this run is killed, restore that with: "
        f"ansible localhost -m astro.privatelink.deployment_access -a {shlex.quote(json.dumps(_restored(each, given)))}"
        for each in before
    ]
    return [*lines, f"On the controller, launch the template {template} instead."] if lines and template else lines


def lifting(job_template: str) -> str:
    """The template that lifts restrictions, beside that of role harden: both are the pattern's, whatever they begin with."""
    name = printable(job_template, 200)
    return f"{name.removesuffix('harden')}unharden" if name.endswith("harden") else "of the playbook unharden"


def changes(moves: Sequence[tuple[Have, Sequence[str]]]) -> list[str]:
    """For a terminal: which ranges come and go, for each Deployment that changes, with what its list is to be."""
    lines = []
    for each, wanted in moves:
        there = {canonical(one): one for one in each.ranges}
        come = [one for one in wanted if canonical(one) not in there]
        gone = [one for key, one in there.items() if key not in set(map(canonical, wanted))]
        stay = [one for key, one in there.items() if key in set(map(canonical, wanted))]
        lines.append(f"{each.name} admits {listed(each.ranges) if each.ranges else 'everybody'} now:")
        lines += [
            f"  {sign} {printable(one, 100)}" for sign, some in (("+", come), ("-", gone), (" ", stay)) for one in some
        ]
    return lines


def _restored(have: Have, given: Mapping[str, str]) -> dict[str, Any]:
    ranges = list(have.ranges)
    return {"deployment_id": have.document["id"], "ranges": ranges, "state": "exact", **_AGREED, **given}


def failure(reasons: Sequence[str], back: Sequence[Back]) -> str:
    """Why a restriction failed, and what the lists are now. Without ``back`` no update was sent."""
    lines = [
        f"{each.name}: THE PREVIOUS LIST COULD NOT BE RESTORED ({listed(each.ranges)}): {each.problem}."
        if each.problem
        else f"{each.name}: the list is the previous one again: {listed(each.ranges)}."
        for each in back
    ]
    return "\n".join([*reasons, *(lines or ["No list was changed by this run."])])
