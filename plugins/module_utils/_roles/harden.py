# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Deployments can be restricted to their links without cutting off agents, and whether that went well. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from .._core.findings import Finding, finding

Result = Mapping[str, Any]
#: Where the role keeps what the agent hosts saw before the change, and since.
BEFORE, AFTER = "__harden_looked_before", "__harden_looked"
#: With these a list is put back whatever it was.
_AGREED = {"allow_open": True, "allow_lockout": True}
#: The code of an update of which nobody knows whether it took effect.
UNCERTAIN = "ASTRO_UNCERTAIN"
#: How a list turns away agents in the lab. Astro's own answer is not documented.
REFUSED = 403


def looks(targets: Mapping[str, Any], name: str, deployments: Sequence[Result]) -> list[dict[str, str]]:
    """From which agent hosts of a VPC to look at which Deployments: at those of its own cluster."""
    target = targets.get(name, {"agents": [], "host": ""})
    return [
        {"agent": agent, "url": each["remote_api_url"], "path": each["path"]}
        for agent in target["agents"]
        for each in deployments
        if each["host"] == target["host"]
    ]


def unsafe(
    vpcs: Sequence[Result],
    hostvars: Mapping[str, Any],
    in_play: Sequence[str],
    deployments: Sequence[Result],
    confirmed: bool,
) -> list[dict[str, str]]:
    """Why not to restrict these Deployments. ``vpcs`` are a report's entries of all agent VPCs, in this run or not.

    ``deployments`` are results of `astro_info` that watched the agent tokens; ``confirmed`` stands in for that.
    """
    found = [one for vpc in vpcs for one in _unverified(vpc, in_play)]
    for vpc in vpcs:
        found += [one for probe in _looked(hostvars, vpc["name"], BEFORE) for one in _unanswered(vpc["name"], probe)]
    for each in deployments:
        served = any(vpc["host"] == each["host"] for vpc in vpcs)
        found += (
            [] if served else _reason(each["name"], f"No agent VPC has a link to {each['host'] or 'its cluster'}.", "")
        )
        found += [] if confirmed else _idle(each)
    return [one.public() for one in found]


def alive(deployments: Sequence[Result]) -> list[str]:
    """The ids of the agent tokens that were used while they were watched."""
    return [
        token["id"] for each in deployments for token in each.get("agent_tokens") or () if token["activity"] == "used"
    ]


def lost(hostvars: Mapping[str, Any], names: Sequence[str]) -> list[dict[str, str]]:
    """Whom a restriction keeps out: the VPCs ``names`` saw the Deployments' own paths before, and see them since."""
    found: list[dict[str, str]] = []
    for vpc in names:
        earlier = {_key(probe): _answers(probe) for probe in _looked(hostvars, vpc, BEFORE)}
        for probe in _looked(hostvars, vpc, AFTER):
            found += [dict(one) for one in probe.get("findings", ()) if one["severity"] == "error"]
            found += [one.public() for one in _lost(vpc, probe, earlier.get(_key(probe), {}))]
    return found


def quiet(deployments: Sequence[Result], watched: Sequence[str], seconds: int) -> list[dict[str, str]]:
    """The agents that were at work before a restriction, by the ids of their tokens, and do not show since."""
    found = []
    for each in deployments:
        listed = each.get("agent_tokens") or ()
        names = [token["name"] for token in listed if token["id"] in watched and token["activity"] != "used"]
        found += [finding("AGENTS_QUIET", each["name"], tokens=names, seconds=seconds).public()] if names else []
    return found


def put_back(results: Sequence[Result]) -> list[dict[str, Any]]:
    """For each Deployment whose list this run changed, or may have: what it was, and what this run made of it."""
    return [
        {
            "id": result["deployment"]["id"],
            "name": result["deployment"]["name"],
            "ranges": result["before"],
            "expected": result["calls"][0]["arguments"]["allowedIpAddressRanges"],
        }
        for result in results
        if result.get("calls") and (result["changed"] or any(one["code"] == UNCERTAIN for one in result["findings"]))
    ]


def way_back(deployments: Sequence[Result]) -> list[str]:
    """What to do if the run is broken off between the change and the check of it."""
    return [
        f"{each['name']} admits {', '.join(each['allowed_ranges']) or 'everybody'} now. Should this run be broken off, put that "
        "back with: ansible localhost -m astro.privatelink.deployment_access -a "
        + shlex.quote(
            json.dumps({"deployment_id": each["id"], "ranges": each["allowed_ranges"], "state": "exact", **_AGREED})
        )
        for each in deployments
    ]


def failure(failed: Result, back: Sequence[Result]) -> str:
    """Why a restriction failed, and what the lists are now. ``back`` are the results of putting lists back."""
    reasons = [one["msg"] for one in failed.get("results", [failed]) if one.get("failed", True) and one.get("msg")]
    lines = [*reasons]
    for each in back:
        name, ranges = each["item"]["name"], ", ".join(each["item"]["ranges"]) or "empty, which admits everybody"
        if "after" in each and not each.get("msg"):
            lines.append(f"{name}: the list is the previous one again: {ranges}.")
        else:
            lines.append(
                f"{name}: THE PREVIOUS LIST COULD NOT BE PUT BACK ({ranges}): {each.get('msg', 'no reason given')}"
            )
    return "\n".join(lines if back else [*lines, "No list was changed by this run."])


def _looked(hostvars: Mapping[str, Any], vpc: str, key: str) -> list[Result]:
    found: list[Result] = hostvars[vpc].get(key, {}).get("results", [])
    return found


def _unanswered(vpc: str, probe: Result) -> list[Finding]:
    """A path that did not answer before could not tell anything after."""
    codes = [one["code"] for one in probe.get("findings", ()) if one["severity"] == "error"]
    if probe.get("addresses") and not codes:
        return []
    agent, url = _key(probe)
    return _reason(
        vpc, f"{agent} had no answer from {url}: {', '.join(codes) or 'it could not look'}.", "Mend that first."
    )


def _unverified(vpc: Result, in_play: Sequence[str]) -> list[Finding]:
    name = vpc["name"]
    if name not in in_play:
        return _reason(name, "This agent VPC is not part of the run.", "Run without --limit, so that each is verified.")
    if vpc["verdict"] == "works":
        return []
    codes = [one["code"] for one in vpc["findings"] if one["severity"] == "error"]
    seen = f"Its agents do not use the link: {', '.join(codes)}." if codes else "Its link was not verified in this run."
    return _reason(name, seen, "Run the playbook verify until this VPC is well.")


def _idle(deployment: Result) -> list[Finding]:
    """Nobody tells how agents are. That their tokens are used comes nearest to it."""
    name, tokens = deployment["name"], deployment.get("agent_tokens")
    look = "If the agents show as Healthy in Astro's UI, say harden_agents_confirmed."
    if deployment["allowed_ranges"]:
        ranges = ", ".join(deployment["allowed_ranges"])
        look += f" The list has {ranges} already: if that keeps agents out, run the playbook unharden."
    if tokens is None:
        return _reason(name, "The Astro token may not see when agent tokens were used.", look)
    if not any(token["activity"] == "used" for token in tokens):
        return _reason(name, "None of its agent tokens was used while this run watched.", look)
    quiet = sorted(token["name"] for token in tokens if token["activity"] == "quiet")
    return _reason(name, f"The agent tokens {', '.join(quiet)} were used lately, but not now.", look) if quiet else []


def _lost(vpc: str, probe: Result, earlier: Mapping[str, int]) -> list[Finding]:
    """Answers that differ from those before. Who was refused before may well be let in now."""
    now = _answers(probe)
    lost = {address: status for address, status in earlier.items() if status not in (REFUSED, now.get(address))}
    if not lost:
        return []
    agent, url = _key(probe)
    got = sorted({now.get(address) or "no answer" for address in lost}, key=str)
    return [finding("ACCESS_LOST", vpc, agent=agent, url=url, before=set(lost.values()), after=got)]


def _key(probe: Result) -> tuple[str, str]:
    return probe["item"]["agent"], probe["item"]["url"]


def _answers(probe: Result) -> dict[str, int]:
    """The status that each address answered, 0 for none."""
    return {reach["address"]: reach["status"] for reach in probe.get("addresses", ())}


def _reason(name: str, why: str, remedy: str) -> list[Finding]:
    return [finding("LOCKDOWN_UNSAFE", name, why=why, remedy=remedy)]
