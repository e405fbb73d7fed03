# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as gauges in OpenMetrics text, for Prometheus and whatever else reads that. Pure.

Names and labels are an interface: alert rules use them. docs/monitoring.md lists them.
"""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .._core.text import printable

#: What each gauge says. They are gauges only, and without quotes in their texts: so node_exporter and the Pushgateway, which
#: read Prometheus's older text form, understand them, too.
_HELP = {
    "privatelink_report_timestamp_seconds": "When the VPC was last reported on, in seconds since 1970.",
    "privatelink_vpc_up": "Whether agents of the VPC reach Astro through the link, as an agent host saw it.",
    "privatelink_check_passed": "Whether the VPC passed a check; missing where nothing was checked.",
    "privatelink_vpc_findings": "How many findings the VPC has.",
    "privatelink_finding": "1 for each kind of finding that the VPC has.",
    "privatelink_endpoint_available": "Whether AWS says that the endpoint of the VPC's link is available.",
    "privatelink_certificate_expiry_timestamp_seconds": "When the certificate at an address of the link expires, in seconds since 1970.",
    "privatelink_name_lookup_seconds": "How long the agent host took to look up the cluster's name.",
    "privatelink_probe_up": "Whether the agent host gets Astro's answer from an address of the link.",
    "privatelink_probe_seconds": "How long the agent host took for TCP, TLS and HTTP with an address of the link, or to give up.",
    "privatelink_probe_stage_seconds": "How long TCP, TLS or HTTP took with an address of the link, or until the agent host gave up.",
}

Sample = tuple[str, Mapping[str, str], float]


def metrics(report: Mapping[str, Any], at: str) -> str:
    """The gauges of a report; ``at`` is its time, ISO 8601 in UTC."""
    time = datetime.datetime.fromisoformat(at).timestamp()
    found: dict[str, dict[str, float]] = {name: {} for name in _HELP}
    for vpc in report["vpcs"]:
        whose = {"vpc": vpc["name"], "cluster": vpc["host"].partition(".")[0]}
        for name, labels, value in _vpc(vpc, time):
            # Readers refuse the whole file if a series is there twice.
            found[name].setdefault(_labels({**whose, **labels}), value)
    lines = [line for name, series in found.items() if series for line in _gauge(name, series)]
    return "\n".join([*lines, "# EOF", ""])


# --- from a VPC to its samples


def _vpc(vpc: Mapping[str, Any], time: float) -> Iterator[Sample]:
    endpoint, findings = vpc["endpoint"], vpc["findings"]
    where = {key: vpc[key] for key in ("vpc_id", "region", "account_id", "link")}
    yield "privatelink_report_timestamp_seconds", {}, time
    yield "privatelink_vpc_up", where, vpc["verdict"] == "works"
    own = [(agent["name"], reach) for agent in vpc["agents"] for reach in _own(vpc, agent)]
    for check, passed in _checks(vpc, [reach for _agent, reach in own]).items():
        if passed:
            yield "privatelink_check_passed", {"check": check}, all(passed)
    for severity in ("error", "warning"):
        number = sum(one["severity"] == severity for one in findings)
        yield "privatelink_vpc_findings", {"severity": severity}, number
    for one in findings:
        yield "privatelink_finding", {"code": one["code"], "severity": one["severity"]}, 1
    state = {"vpc_endpoint_id": endpoint["vpc_endpoint_id"], "state": endpoint["state"]}
    yield "privatelink_endpoint_available", state, endpoint["state"] == "available"
    for address, expires in _expiries(reach for _agent, reach in own).items():
        yield "privatelink_certificate_expiry_timestamp_seconds", {"address": address}, expires
    for agent in vpc["agents"]:
        if "seconds" in agent["names"]:
            yield "privatelink_name_lookup_seconds", {"agent": agent["name"]}, agent["names"]["seconds"]
    yield from _probed(own)


def _probed(own: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[Sample]:
    """What agent hosts, by their names, saw at the link's addresses."""
    for name, reach in own:
        whose = {"agent": name, "address": reach["address"]}
        yield "privatelink_probe_up", whose, _answered(reach)
        if "seconds" in reach:
            yield "privatelink_probe_seconds", whose, reach["seconds"]
        for stage, seconds in reach.get("stages", {}).items():
            yield "privatelink_probe_stage_seconds", {**whose, "stage": stage}, seconds


def _own(vpc: Mapping[str, Any], agent: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What the agent host saw at the link's addresses; those that a wrong name leads to come and go, and are findings."""
    expected = _expected(vpc)
    return [reach for reach in agent["addresses"] if reach["address"] in expected]


def _expected(vpc: Mapping[str, Any]) -> set[str]:
    return {address["address"] for address in vpc["endpoint"]["addresses"]}


def _answered(reach: Mapping[str, Any]) -> bool:
    return bool(reach["status"]) and not reach["problem"]


def _checks(vpc: Mapping[str, Any], own: Sequence[Mapping[str, Any]]) -> dict[str, list[bool]]:
    """What was checked, each with whether it was right, wherever it was looked at."""
    agents, expected = vpc["agents"], _expected(vpc)
    others = [one for agent in agents for one in agent["findings"]]
    errors = [one for one in vpc["findings"] if one["severity"] == "error" and one not in others]
    names = [agent["names"] for agent in agents if agent["names"]]
    health = vpc["healthy"]["state"]
    return {
        "link": [all(one["code"] == "NO_AGENT_HOST" for one in errors)],
        "probe": [bool(agent["names"] and agent["addresses"]) for agent in agents] or [False],
        "name": [not each["problem"] and set(each["addresses"]) <= expected for each in names],
        "tcp": [reach["tcp"] for reach in own],
        "tls": [reach["tls"] for reach in own],
        "http": [_answered(reach) for reach in own],
        "healthy": [] if health == "unknown" else [health == "healthy"],
    }


def _expiries(own: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """The earliest that any agent host saw at each address."""
    found: dict[str, float] = {}
    for reach in (reach for reach in own if reach["tls"]):
        try:
            expires = float(ssl.cert_time_to_seconds(reach.get("not_after", "")))
        except ValueError:
            continue  # the agent host did not say
        found[reach["address"]] = min(expires, found.get(reach["address"], expires))
    return found


# --- from samples to text


def _gauge(name: str, series: Mapping[str, float]) -> Iterator[str]:
    yield f"# HELP {name} {_HELP[name]}"
    yield f"# TYPE {name} gauge"
    if name.endswith("_seconds"):
        yield f"# UNIT {name} seconds"
    yield from (f"{name}{labels} {float(value):.15g}" for labels, value in series.items())


def _labels(labels: Mapping[str, str]) -> str:
    """An empty label is the same as none."""
    return "{" + ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items() if value) + "}"


def _escaped(value: Any) -> str:
    return printable(value).replace("\\", "\\\\").replace('"', '\\"')
