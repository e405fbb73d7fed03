# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run as plain data, and the same for CI systems (JUnit XML). Pure.

The form is described in docs/report.schema.json; a change that breaks its readers raises VERSION.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from .._core.findings import Shown
from .._core.run import Answer
from .._inventory.hosts import AgentVpc, Inventory
from .._probe.results import AgentResult
from .._roles import setup, verify
from .._roles.verify import ReportVpc
from . import fates

SCHEMA, VERSION = "astro.privatelink/report", 1
_FLEETING = {"at", "seconds", "stages", "ttl", "before", "waited"}


class Report(TypedDict):
    """The report of a run."""

    schema: str
    version: int
    check_mode: bool
    passed: bool
    vpcs: list[ReportVpc]
    changes: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Run:
    """What the steps of a run left behind. ``endpoints`` and ``zones`` are answers of jobs that were to change something,
    ``verified`` those that were only read; ``seen`` has what the agent hosts of each VPC saw, ``pods`` what their clusters say
    of their health."""

    inventory: Inventory
    endpoints: Sequence[Answer] = ()
    zones: Sequence[Answer] = ()
    verified: Sequence[Answer] = ()
    targets: Mapping[str, Sequence[Shown]] = field(default_factory=dict)
    seen: Mapping[str, Sequence[AgentResult]] = field(default_factory=dict)
    tokens: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    pods: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    check_mode: bool = False


def document(run: Run) -> Report:
    """The report of the VPCs of a run."""
    found = _found(run)
    links, zones = setup.merge([*run.endpoints, *run.verified]), setup.merge(run.zones)
    entries = [_entry(run, name, found.get(name, ()), links, zones) for name in run.inventory.names]
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "check_mode": run.check_mode,
        "passed": all(entry["verdict"] == "works" for entry in entries),
        "vpcs": entries,
        "changes": _changes([*run.endpoints, *run.zones]),
    }


def _entry(
    run: Run, name: str, found: Iterable[Shown], links: Mapping[str, Any], zones: Mapping[str, Any]
) -> ReportVpc:
    vpc = run.inventory.vpcs[name]
    owner = run.inventory.vpcs[vpc.via or name]
    agents = list(run.seen.get(name, ()))
    entry: ReportVpc = {
        "name": name,
        "vpc_id": vpc.text("vpc_id"),
        "region": vpc.text("region"),
        "account_id": vpc.text("account_id"),
        "host": vpc.host,
        "link": owner.name,
        "endpoint": _endpoint(links.get(owner.name), owner),
        "zone": _zone(zones.get(name)),
        "agents": agents,
        "healthy": verify.health(agents, vpc.text("agents_confirmed"), run.tokens, run.pods.get(name, ())),
        "findings": _once([*found, *(one for agent in agents for one in agent["findings"])]),
        "verdict": "",
        "support_request": "",
        "things": fates.things(*(_side(run, name, when) for when in ("before", "after"))),
    }
    entry["verdict"] = _verdict(entry)
    entry["support_request"] = verify.support_request(entry)
    return entry


def _side(run: Run, name: str, when: str) -> dict[str, Any]:
    """One side of what setup did to the things of a VPC's own link."""
    answers = [*run.endpoints, *run.zones]
    return {
        key: known for answer in answers for key, known in answer.get("diff", {}).get(when, {}).get(name, {}).items()
    }


def _found(run: Run) -> dict[str, list[Shown]]:
    """What the steps found of each VPC and its link, before its agents looked."""
    answers = [*run.endpoints, *run.verified, *run.zones]
    found: dict[str, list[Shown]] = {}
    for one in (one for answer in answers for one in answer["findings"]):
        found.setdefault(one["vpc"], []).append(one)
    shared = setup.problems(run.inventory, [*run.endpoints, *run.verified], run.zones)
    for more in (shared, run.targets):
        for name, ones in more.items():
            found.setdefault(name, []).extend(ones)
    return found


def _once(findings: Sequence[Shown]) -> list[Shown]:
    return [one for number, one in enumerate(findings) if one not in findings[:number]]


def _endpoint(found: Mapping[str, Any] | None, owner: AgentVpc) -> dict[str, Any]:
    found = found or {}
    return {
        "vpc_endpoint_id": found.get("vpc_endpoint_id", ""),
        "state": found.get("state", ""),
        "service_name": owner.text("service_name"),
        "dns_name": found.get("dns_name", ""),
        "addresses": [dict(address) for address in found.get("addresses", [])],
    }


def _zone(found: Mapping[str, Any] | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {"hosted_zone_id": found["hosted_zone_id"], "associated": found["associated"]}


def _verdict(entry: Mapping[str, Any]) -> str:
    if any(one["severity"] == "error" for one in entry["findings"]):
        return "failed"
    looked = [agent for agent in entry["agents"] if agent["names"] and agent["addresses"]]
    return "works" if looked else "unverified"


def _changes(results: Iterable[Answer]) -> list[dict[str, Any]]:
    calls = [call for result in results for call in result.get("calls", [])]
    return [{"operation": call["operation"], "vpcs": list(call["vpcs"])} for call in calls]


def lasting(value: Any) -> Any:
    """A report without what differs between two runs with the same result: times and durations."""
    if isinstance(value, Mapping):
        return {key: lasting(each) for key, each in value.items() if key not in _FLEETING}
    return [lasting(each) for each in value] if isinstance(value, list) else value


def failures(report: Mapping[str, Any]) -> dict[str, str]:
    """What each VPC fails with whose agents do not use the link: all errors."""
    errors = {
        entry["name"]: [one["text"] for one in entry["findings"] if one["severity"] == "error"]
        for entry in report["vpcs"]
    }
    return {name: "\n".join(texts) for name, texts in errors.items() if texts}


# --- JUnit

# What XML 1.0 cannot hold at all, not even escaped.
_UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Mapping[str, Any]) -> str:
    """A test suite for each VPC and a test case for each check, in the form that CI systems read."""
    root = ET.Element("testsuites", name="astro.privatelink")
    for vpc in report["vpcs"]:
        suite = ET.SubElement(root, "testsuite", name=_fit(vpc["name"]))
        for name, problem in checks(vpc):
            case = ET.SubElement(suite, "testcase", classname=_fit(vpc["name"]), name=_fit(name))
            if problem:
                ET.SubElement(case, "failure", message=_fit(problem["code"])).text = _fit(problem["text"])
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def checks(vpc: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any] | None]]:
    """What was checked of a VPC, each with the finding against it, if any."""
    of_agents = [one for agent in vpc["agents"] for one in agent["findings"]]
    found: list[tuple[str, Mapping[str, Any] | None]] = []
    link = [one for one in vpc["findings"] if one not in of_agents]
    found += _checked("the link is set up", link)
    for agent in vpc["agents"]:
        found += _checked(f"{agent['name']} reaches Astro through the link", agent["findings"])
    return found


def _checked(name: str, findings: Sequence[Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any] | None]]:
    errors = [one for one in findings if one["severity"] == "error"]
    return [(f"{name}: {one['code']}", one) for one in errors] or [(name, None)]


def _fit(text: str) -> str:
    return _UNFIT.sub("\ufffd", text)
