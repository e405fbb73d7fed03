# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent hosts of a VPC reported, in one form, also from hosts that reported nothing. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._core.findings import finding

_SEEN = ("place", "names", "addresses", "health")

#: What may be wrong at Astro's end although all is right at the agents' end.
_ASTRO_SIDE = {
    "TCP_TIMEOUT",
    "TCP_TIMEOUT_ONE_AZ",
    "TLS_EXPIRED",
    "TLS_FAILED",
    "TLS_NAME_MISMATCH",
    "HTTP_UNEXPECTED",
    "HTTP_NO_ANSWER",
}

#: Ansible's first command on a host makes a directory. Why that failed stands at the end, if anywhere; the rest is a guess.
_FIRST_COMMAND = re.compile(
    r"Failed to create temporary directory\..* exited with result \d+(?:, std(?:out|err) output: (.*))?", re.DOTALL
)
_NOTHING_RUNS = "no command runs there, if there is such a host or pod at all; -vvvv shows what the connection says"


def agents(vpc: str, probes: Iterable[Mapping[str, Any]], hostvars: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One entry for each agent host, from the results of `probe` in a loop over them."""
    return [_agent(vpc, probe, hostvars[probe["item"]]) for probe in probes if "item" in probe]


def _agent(vpc: str, probe: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    connection = str(variables.get("ansible_connection", "ssh"))
    agent = {"name": probe["item"], "connection": connection}
    if "addresses" in probe:
        found = [*probe["findings"], *_nearby(vpc, agent, probe["place"])]
        return {**agent, **{key: probe[key] for key in _SEEN}, "findings": found}
    code = "AGENT_HOST_UNREACHABLE" if probe.get("unreachable") else "PROBE_FAILED"
    failed = finding(code, vpc, agent=probe["item"], connection=connection, detail=_detail(probe))
    nothing: dict[str, Any] = {"place": {}, "names": {}, "addresses": [], "health": {}}
    return {**agent, **nothing, "findings": [failed.public()]}


def _detail(probe: Mapping[str, Any]) -> str:
    """The last that was said; of what Python says when a program ends, only what it was."""
    written = "\n".join(
        str(probe.get(stream) or "") for stream in ("module_stdout", "module_stderr")
    )  # one, on a terminal
    said = written.strip() or str(probe.get("msg") or "").strip() or "it says nothing"
    if first := _FIRST_COMMAND.search(said):
        said = (first[1] or _NOTHING_RUNS).strip()
    last = said.splitlines()[-1]
    return (last if re.match(r"[\w.]+Error: ", last) else said[-500:]).rstrip(".")


def _nearby(vpc: str, agent: Mapping[str, str], place: Mapping[str, Any]) -> list[dict[str, str]]:
    """An automation controller's own machine passes for an agent host easily."""
    if agent["connection"] not in {"local", "ansible.builtin.local"}:
        return []
    facts = {"hostname": place.get("hostname", ""), "sources": place.get("sources", [])}
    return [finding("AGENT_HOST_LOCAL", vpc, agent=agent["name"], **facts).public()]


def findings(
    target: Mapping[str, Any], probes: Iterable[Mapping[str, Any]], hostvars: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """All that is wrong with a VPC: with its link, and what each of its agent hosts found. The same thing once."""
    found = list(target["findings"])
    for agent in agents(target["vpc"], probes, hostvars):
        found += [one for one in agent["findings"] if one not in found]
    return found


def support_request(vpc: Mapping[str, Any]) -> str:
    """What to send to Astronomer Support, if nothing is wrong on this side and the link does not answer; else nothing.

    ``vpc`` is an entry of a report.
    """
    codes = {one["code"] for one in vpc["findings"] if one["severity"] == "error"}
    incomplete = any(one["code"] == "SETUP_INCOMPLETE" for one in vpc["findings"])
    if not codes or codes - _ASTRO_SIDE or incomplete:
        return ""
    endpoint = vpc["endpoint"]
    lines = [
        "For Astronomer Support:",
        f"Our PrivateLink endpoint for the Astro cluster host {vpc['host']} does not answer as it should.",
        f"  Endpoint: {endpoint['vpc_endpoint_id']} ({endpoint['state']}), region {vpc['region']}"
        + (f", AWS account {vpc['account_id']}" if vpc["account_id"] else ""),
        f"  Endpoint service: {endpoint['service_name']}",
    ]
    for agent in vpc["agents"]:
        where = ", ".join(agent["place"].get("sources", [])) or "no connection was made"
        lines.append(f"  Seen from {agent['place'].get('hostname', agent['name'])} ({where}):")
        lines += [f"    {one['code']}: {one['seen']}" for one in agent["findings"] if one["code"] in _ASTRO_SIDE]
    lines += [
        "On our side the endpoint, its security group and the DNS records are as they should be.",
        "Please check the target health of the endpoint service in these zones, and whether it allows this endpoint.",
    ]
    return "\n".join(lines)


# --- are the agents themselves well?


def health(
    agents: Sequence[Mapping[str, Any]], confirmed: str, tokens: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, Any]:
    """Whether the agents are healthy, and what that rests on. Nothing given means that it is not known."""
    evidence = [*_pages(agents), *_tokens(tokens.get("before", ()), tokens.get("after", ()))]
    if confirmed:
        evidence.append({"kind": "confirmation", "good": True, "text": f"Confirmed: {confirmed}"})
    state = "healthy" if all(one["good"] for one in evidence) else "doubtful"
    return {"state": state if evidence else "unknown", "rests_on": evidence}


def _pages(agents: Sequence[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    for agent in agents:
        page = agent["health"]
        if page:
            answer = f"answered {page['status']}" if page["status"] else "did not answer"
            text = f"{page['url']} {answer} on {agent['name']}"
            yield {"kind": "health page", "good": 200 <= page["status"] < 300, "text": text}


def _tokens(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    """Tokens that were used after the change: their last use, ISO 8601 text in UTC as `astro_info` gives it, moved on."""
    if not after:
        return
    then = {token["id"]: str(token["last_used_at"]) for token in before}
    used = [token["name"] for token in after if str(token["last_used_at"]) > then.get(token["id"], "")]
    text = f"{len(used)} of {len(after)} agent tokens were used since the change"
    yield {"kind": "tokens", "good": bool(used), "text": f"{text}: {', '.join(used)}" if used else text}
