# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role verify: what to check, what the agent hosts saw, and which VPCs fail. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from .._core.findings import Shown, finding
from .._core.listing import FEW
from .._core.ranges import ipv4
from .._inventory.hosts import AgentHost, Inventory
from .._kube import views
from .._kube.need import Need
from .._kube.told import Told
from .._kube.told import findings as findings_of
from .._probe.model import Target
from .._probe.results import AgentResult
from .setup import merge

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


class ReportVpc(TypedDict):
    """One agent VPC of a report; its form is described in docs/report.schema.json."""

    name: str
    vpc_id: str
    region: str
    account_id: str
    host: str
    link: str
    endpoint: dict[str, Any]
    zone: dict[str, Any]
    agents: list[AgentResult]
    healthy: dict[str, Any]
    findings: list[Shown]
    verdict: str
    support_request: str
    things: list[dict[str, str]]


@dataclass(frozen=True)
class VpcTarget:
    """What to look at from the agent hosts of one VPC. ``expected`` are the addresses of its link, ``link`` is whose it is."""

    vpc: str
    host: str
    link: str
    vpc_endpoint_id: str
    expected: tuple[str, ...]
    interfaces: Mapping[str, str]
    elsewhere: Mapping[str, tuple[str, ...]]
    agents: tuple[AgentHost, ...] = ()
    findings: tuple[Shown, ...] = field(default=())

    def probe(self, agent: AgentHost, **more: Any) -> Target:
        """What the probe on an agent host looks at; ``more`` are further parameters of it.

        A page that only the pod itself names tells of the agent's health, and is no reason to fail.
        """
        url = agent.health_url or (agent.chosen.health_url if agent.chosen else "")
        alone = agent.cluster is not None and agent.cluster.job  # no agent runs where the probe does
        given = {
            "vpc": self.vpc,
            "host": self.host,
            "expected": self.expected,
            "interfaces": dict(self.interfaces),
            "elsewhere": {owner: there for owner, there in self.elsewhere.items() if owner != self.link},
            "ca_file": agent.ca_file or None,
            "nameservers": agent.nameservers,
            "dial_through": agent.dial_through,
            "health_url": url if more.get("resolve", True) and not alone else "",
            "health_counts": bool(agent.health_url),
        }
        return Target(**{**given, **more})


def targets(inventory: Inventory, endpoints: Sequence[Mapping[str, Any]]) -> dict[str, VpcTarget]:
    """Where to look for each VPC of a run. ``endpoints`` are answers of the jobs on endpoints.

    ``elsewhere``, the addresses of all links by their owners, is one mapping for all.
    """
    done = merge(endpoints)
    addresses = {name: tuple(sorted(a["address"] for a in vpc["addresses"])) for name, vpc in done.items()}
    agents: dict[str, list[AgentHost]] = {}
    for agent in inventory.agents.values():
        agents.setdefault(agent.vpc, []).append(agent)
    planned = _planned(endpoints)
    found = {}
    for name in inventory.names:
        vpc = inventory.vpcs[name]
        link = vpc.via or name
        endpoint = done.get(link, {"vpc_endpoint_id": "", "addresses": []})
        operations = planned.get(name, set()) | planned.get(link, set())
        problems = [] if name in agents else [finding("NO_AGENT_HOST", name).public()]
        problems += [finding("SETUP_INCOMPLETE", name, operations=operations).public()] if operations else []
        found[name] = VpcTarget(
            vpc=name,
            host=vpc.host,
            link=link,
            vpc_endpoint_id=endpoint["vpc_endpoint_id"],
            expected=addresses.get(link, ()),
            interfaces={
                a["address"]: f"{a['network_interface_id']} in {a['availability_zone']}" for a in endpoint["addresses"]
            },
            elsewhere=addresses,
            agents=tuple(agents.get(name, ())),
            findings=tuple(problems),
        )
    return found


def _planned(endpoints: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    """What plans that were not carried out hold, by VPC."""
    planned: dict[str, set[str]] = {}
    for call in (call for one in endpoints for call in one.get("calls", [])):
        for vpc in call["vpcs"]:
            planned.setdefault(vpc, set()).add(call["operation"])
    return planned


def findings(target: VpcTarget, agents: Iterable[AgentResult]) -> list[Shown]:
    """All that is wrong with a VPC: with its link, and what each of its agent hosts found. The same thing once."""
    found = list(target.findings)
    for agent in agents:
        found += [one for one in agent["findings"] if one not in found]
    return found


def of_pods(target: VpcTarget, told: Iterable[Told], agents: Sequence[AgentResult]) -> list[Shown]:
    """Whether a VPC's pods agree, and if not all of them get through, what their clusters say of that."""
    need = Need(vpc=target.vpc, host=target.host, spans=tuple(ipv4(target.expected)))
    wrong = any(one["severity"] == "error" for agent in agents for one in agent["findings"])
    workloads = {one.name: one.chosen.slot.rpartition("/")[0] for one in target.agents if one.chosen}
    seen = [(workloads[each["name"]], each) for each in agents if each["name"] in workloads]
    found = [*(findings_of(need, told) if wrong else ()), *views.check(target.vpc, target.host, seen)]
    return [one.public() for one in found]


def impostors(
    seen: Mapping[str, Sequence[AgentResult]], agents: Mapping[str, AgentHost], vpc_ids: Mapping[str, str]
) -> dict[str, list[Shown]]:
    """The agent hosts of different VPCs that turn out to be one machine, most often the controller; by their names.

    Those that dial through a proxy look from where that is. ``vpc_ids`` tells which VPCs of the inventory are one, with links to
    several clusters.
    """
    machines: dict[str, dict[str, set[str]]] = {}
    for vpc, results in seen.items():
        for one in results:
            machine = one["place"].get("machine")
            if machine and not agents[one["name"]].dial_through:
                machines.setdefault(machine, {}).setdefault(vpc, set()).add(one["name"])
    found: dict[str, list[Shown]] = {}
    for by_vpc in (by_vpc for by_vpc in machines.values() if len({vpc_ids[vpc] for vpc in by_vpc}) > 1):
        names = {name for there in by_vpc.values() for name in there}
        for vpc, there in by_vpc.items():
            for name in there:
                found.setdefault(name, []).append(finding("AGENT_HOST_SHARED", vpc, agents=names).public())
    return found


def stopped(found: Mapping[str, VpcTarget], seen: Mapping[str, Sequence[AgentResult]]) -> dict[str, list[Shown]]:
    """The VPCs with agent hosts of which one does not reach the link, and why."""
    errors = {
        name: [one for agent in seen.get(name, ()) for one in agent["findings"] if one["severity"] == "error"]
        for name in found
    }
    return {name: problems for name, problems in errors.items() if problems}


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
    agents: Sequence[Mapping[str, Any]],
    confirmed: str,
    tokens: Mapping[str, Sequence[Mapping[str, Any]]],
    pods: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Whether the agents are healthy, and the evidence; ``pods`` is what their cluster says. Without any, it is unknown."""
    evidence = [*map(dict, pods), *_pages(agents), *_tokens(tokens.get("before", ()), tokens.get("after", ()))]
    if confirmed:
        evidence.append({"kind": "confirmation", "good": True, "text": f"Confirmed: {confirmed}"})
    state = "healthy" if all(one["good"] for one in evidence) else "doubtful"
    return {"state": state if evidence else "unknown", "rests_on": evidence}


def _pages(agents: Sequence[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    answers: dict[tuple[str, int], list[str]] = {}
    for agent in agents:
        page = agent["health"]
        if page:
            answers.setdefault((page["url"], page["status"]), []).append(agent["name"])
    for (url, status), names in answers.items():
        good = 200 <= status < 300
        answer = f"answered {status}" if status else "did not answer"
        where = f"{len(names)} agent hosts" if good and len(names) > 1 else ", ".join(names)
        yield {"kind": "health page", "good": good, "text": f"{url} {answer} on {where}"}


def lines_of_health(vpcs: Iterable[ReportVpc]) -> list[str]:
    """For a terminal, where a cluster was asked; in a large fleet those that are healthy are counted."""
    asked = [vpc for vpc in vpcs if any(one["kind"] == "pods" for one in vpc["healthy"]["rests_on"])]
    shown = [vpc for vpc in asked if len(asked) <= FEW or vpc["healthy"]["state"] != "healthy"]
    counted = len(asked) - len(shown)
    return [
        *(
            f"{vpc['name']}: the agents are {vpc['healthy']['state']}: "
            + "; ".join(one["text"] for one in vpc["healthy"]["rests_on"])
            for vpc in shown
        ),
        *([f"{counted:,} {'VPC' if counted == 1 else 'VPCs'}: the agents are healthy"] if counted else []),
    ]


def _tokens(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    """Tokens that were used after the change: their last use, ISO 8601 text in UTC as `astro_info` gives it, moved on."""
    if not after:
        return
    then = {token["id"]: str(token["last_used_at"]) for token in before}
    used = [token["name"] for token in after if str(token["last_used_at"]) > then.get(token["id"], "")]
    text = f"{len(used)} of {len(after)} agent tokens were used since the change"
    yield {"kind": "tokens", "good": bool(used), "text": f"{text}: {', '.join(used)}" if used else text}
