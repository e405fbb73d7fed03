# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run as plain data, its compact form, and the same for CI systems (JUnit XML). Pure.

The form is described in docs/report.schema.json; a change that breaks its readers raises VERSION.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._inventory import hosts
from .._probe import results as _verify

SCHEMA, VERSION = "astro.privatelink/report", 1
_FLEETING = {"at", "seconds", "ttl", "before", "waited"}


@dataclass(frozen=True)
class _Run:
    """What a run of the roles left behind: the results of its modules, and the errors that follow for each VPC."""

    vpcs: Mapping[str, hosts.AgentVpc]
    endpoints: Mapping[str, Any]
    zones: Mapping[str, Any]
    findings: Mapping[str, Sequence[Mapping[str, Any]]]
    tokens: Mapping[str, Sequence[Mapping[str, Any]]]


def document(
    hostvars: Mapping[str, Any],
    names: Sequence[str],
    check_mode: bool = False,
    tokens: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> dict[str, Any]:
    """The report of the VPCs ``names``, from what the roles setup and verify keep in hostvars."""
    endpoints, planned, zones, verified = (
        _kept(hostvars, names, f"__{key}")
        for key in ("setup_endpoints", "setup_zones_planned", "setup_zones", "verify_endpoints")
    )
    links = [*endpoints, *verified]
    run = _Run(
        vpcs=hosts.read(hostvars, names),
        endpoints=hosts.merge(links),
        zones=hosts.merge([*planned, *zones]),
        findings=_findings([*links, *planned, *zones], hosts.problems(hostvars, names, links, zones or planned)),
        tokens=tokens or {},
    )
    entries = [_entry(run, name, hostvars) for name in names]
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "check_mode": check_mode,
        "passed": all(entry["verdict"] == "works" for entry in entries),
        "vpcs": entries,
        "changes": _changes([*endpoints, *(planned if check_mode else zones)]),
    }


def _entry(run: _Run, name: str, hostvars: Mapping[str, Any]) -> dict[str, Any]:
    vpc, kept = run.vpcs[name], hostvars[name]
    owner = run.vpcs[vpc.via or name]
    probes = kept.get("__verify_probes", {}).get("results", [])
    agents = _verify.agents(name, probes, hostvars)
    findings = [dict(one) for one in run.findings.get(name, ())]
    target = kept.get("__verify_targets", {}).get(name)
    if target:
        findings += [one for one in _verify.findings(target, probes, hostvars) if one not in findings]
    entry = {
        "name": name,
        "vpc_id": vpc.text("vpc_id"),
        "region": vpc.text("region"),
        "account_id": vpc.text("account_id"),
        "host": vpc.host,
        "link": owner.name,
        "endpoint": _endpoint(run.endpoints.get(owner.name, {}), owner),
        "zone": _zone(run.zones.get(name)),
        "agents": agents,
        "healthy": _verify.health(agents, vpc.text("agents_confirmed"), run.tokens),
        "findings": findings,
    }
    return {**entry, "verdict": _verdict(entry), "support_request": _verify.support_request(entry)}


def _findings(
    results: Iterable[Mapping[str, Any]], problems: Mapping[str, Iterable[Mapping[str, Any]]]
) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    named = [one for result in results for one in result.get("findings", [])]
    for one in [*named, *(one for of_vpc in problems.values() for one in of_vpc)]:
        if one not in found.setdefault(one["vpc"], []):
            found[one["vpc"]].append(one)
    return found


def _endpoint(found: Mapping[str, Any], owner: hosts.AgentVpc) -> dict[str, Any]:
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


def _changes(results: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    calls = [call for result in results for call in result.get("calls", [])]
    return [{"operation": call["operation"], "vpcs": list(call["vpcs"])} for call in calls]


def _kept(hostvars: Mapping[str, Any], names: Sequence[str], key: str) -> list[Mapping[str, Any]]:
    """The results of a task that ran once for all hosts: hosts that had failed before do not have them."""
    for name in names:
        kept = hostvars[name].get(key)
        if kept and "results" in kept:
            return [result for result in kept["results"] if "vpcs" in result]
    return []


def lasting(value: Any) -> Any:
    """A report without what differs between two looks at the same thing: times and how long things took."""
    if isinstance(value, Mapping):
        return {key: lasting(each) for key, each in value.items() if key not in _FLEETING}
    return [lasting(each) for each in value] if isinstance(value, list) else value


def compact(report: Mapping[str, Any]) -> dict[str, Any]:
    """What fits into another job's variables."""
    return {
        "version": report["version"],
        "passed": report["passed"],
        "changed": bool(report["changes"]),
        "vpcs": {
            vpc["name"]: {
                "verdict": vpc["verdict"],
                "vpc_endpoint_id": vpc["endpoint"]["vpc_endpoint_id"],
                "addresses": [address["address"] for address in vpc["endpoint"]["addresses"]],
                "hosted_zone_id": vpc["zone"].get("hosted_zone_id", ""),
                "findings": [one["code"] for one in vpc["findings"]],
            }
            for vpc in report["vpcs"]
        },
    }


def failures(hostvars: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    """What each VPC fails with whose agents do not use the link: all errors, and if Astro's side is at fault a text for Support."""
    failed = {}
    for entry in document(hostvars, names)["vpcs"]:
        kept = hostvars[entry["name"]]
        target, probes = kept["__verify_targets"][entry["name"]], kept.get("__verify_probes", {}).get("results", [])
        errors = [one["text"] for one in _verify.findings(target, probes, hostvars) if one["severity"] == "error"]
        if errors:
            failed[entry["name"]] = "\n\n".join([*errors, *filter(None, [entry["support_request"]])])
    return failed


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
