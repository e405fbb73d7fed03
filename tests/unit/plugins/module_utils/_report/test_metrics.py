# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as gauges, read as strictly as the strictest reader does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._core.findings import finding
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._report.document import Run, document
from ansible_collections.astro.privatelink.plugins.module_utils._report.files import write
from ansible_collections.astro.privatelink.plugins.module_utils._report.metrics import metrics
from openmetrics import read
from reported import fleet

AT = "2026-11-22T12:00:00Z"
CLUSTER = "clmh1kd8v000108l3a9v7c5x2"
DOCS = Path(__file__).parents[5] / "docs"


def found(report):
    return read(metrics(report, AT))


def of(report, name, vpc, *labels):
    """The values of a gauge for one VPC, by these labels."""
    return {
        tuple(each.get(key, "") for key in labels): value
        for each, value in found(report)[name]
        if each["vpc"] == vpc and each["cluster"] == CLUSTER
    }


@pytest.fixture
def report():
    """The first of four VPCs has a dead zone, the second leads agents to the public name, the third has a dead zone, the fourth
    has no agent host."""
    return document(fleet(8, bad=4))


@pytest.fixture
def broken(report):
    return {vpc["name"]: vpc for vpc in report["vpcs"] if vpc["verdict"] == "failed"}


def test_a_vpc_that_works(report):
    vpc = next(vpc for vpc in report["vpcs"] if vpc["verdict"] == "works")
    name, (first, second) = vpc["name"], [each["address"] for each in vpc["endpoint"]["addresses"]]
    whose = ("vpc_id", "region", "account_id", "link")
    assert of(report, "privatelink_vpc_up", name, *whose) == {tuple(vpc[key] for key in whose): 1}
    checks = ("link", "probe", "name", "tcp", "tls", "http")
    assert of(report, "privatelink_check_passed", name, "check") == {(check,): 1 for check in checks}
    assert of(report, "privatelink_vpc_findings", name, "severity") == {("error",): 0, ("warning",): 0}
    assert of(report, "privatelink_finding", name, "code") == {}
    state = (vpc["endpoint"]["vpc_endpoint_id"], "available")
    assert of(report, "privatelink_endpoint_available", name, "vpc_endpoint_id", "state") == {state: 1}
    expires = 1798417617  # Dec 28 00:26:57 2026 GMT
    ends = of(report, "privatelink_certificate_expiry_timestamp_seconds", name, "address")
    assert ends == {(first,): expires, (second,): expires}
    seen = {(f"{name}-agent", first), (f"{name}-agent", second)}
    assert of(report, "privatelink_probe_up", name, "agent", "address") == dict.fromkeys(seen, 1)
    assert of(report, "privatelink_probe_seconds", name, "agent", "address") == dict.fromkeys(seen, 0.075)
    took = {("tcp",): 0.001, ("tls",): 0.054, ("http",): 0.02}
    assert of(report, "privatelink_probe_stage_seconds", name, "stage") == took
    assert of(report, "privatelink_name_lookup_seconds", name, "agent") == {(f"{name}-agent",): 0.012}
    assert of(report, "privatelink_report_timestamp_seconds", name) == {(): 1795348800}


def test_what_is_wrong_is_0_where_it_is_wrong(report, broken):
    for name, vpc in broken.items():
        codes = {(one["code"], one["severity"]): 1 for one in vpc["findings"]}
        assert of(report, "privatelink_finding", name, "code", "severity") == codes
        assert set(of(report, "privatelink_vpc_up", name).values()) == {0}
    failed = [{"tcp", "tls", "http"}, {"name"}, {"tcp", "tls", "http"}, {"probe"}]
    checks = [of(report, "privatelink_check_passed", name, "check") for name in broken]
    assert [{check for (check,), passed in each.items() if not passed} for each in checks] == failed


def test_what_is_wrong_with_the_link_itself(report):
    vpc = report["vpcs"][0]
    vpc["findings"] = [finding("ENDPOINT_FAILED", vpc["name"], endpoint="vpce-1", detail="").public()]
    vpc["endpoint"]["state"] = "failed"
    checks = of(report, "privatelink_check_passed", vpc["name"], "check")
    assert [check for (check,), passed in checks.items() if not passed] == ["link"]
    assert of(report, "privatelink_endpoint_available", vpc["name"], "state") == {("failed",): 0}


def test_a_dead_address_is_down_and_shows_no_certificate(report, broken):
    name, vpc = next(iter(broken.items()))
    first, second = (each["address"] for each in vpc["endpoint"]["addresses"])
    assert of(report, "privatelink_probe_up", name, "address") == {(first,): 1, (second,): 0}
    stages = of(report, "privatelink_probe_stage_seconds", name, "address", "stage")
    assert [stage for address, stage in stages if address == second] == ["tcp"]
    assert set(of(report, "privatelink_certificate_expiry_timestamp_seconds", name, "address")) == {(first,)}


def test_addresses_that_are_not_the_links_are_no_series(report):
    assert "203.0.113.10" not in metrics(report, AT)


@pytest.mark.parametrize(("state", "values"), [("healthy", {1}), ("doubtful", {0}), ("unknown", set())])
def test_agents_that_nobody_knows_of_are_neither_well_nor_ill(report, state, values):
    (name, *_more) = (vpc["name"] for vpc in report["vpcs"])
    report["vpcs"][0]["healthy"] = {"state": state, "rests_on": []}
    checks = of(report, "privatelink_check_passed", name, "check")
    assert {value for (check,), value in checks.items() if check == "healthy"} == values


def test_the_certificate_that_expires_first_counts():
    report = document(fleet(2, bad=0, agents=2))
    vpc = report["vpcs"][0]
    address = vpc["endpoint"]["addresses"][0]["address"]
    vpc["agents"][1]["addresses"][0]["not_after"] = "Dec  1 00:00:00 2026 GMT"
    ends = of(report, "privatelink_certificate_expiry_timestamp_seconds", vpc["name"], "address")
    assert ends[(address,)] == 1796083200


HOSTILE = 'a"} 1\nprivatelink_vpc_up{vpc="b\\\u202e\x07' + "x" * 10_000


def poisoned(value):
    if isinstance(value, dict):
        return {key: poisoned(each) for key, each in value.items()}
    if isinstance(value, list):
        return [poisoned(each) for each in value]
    return f"{value}{HOSTILE}" if isinstance(value, str) else value


@pytest.mark.parametrize(
    "made",
    [
        document(Run(inventory=Inventory((), {}))),
        document(fleet(40, bad=9, joined=True, agents=3)),
        poisoned(document(fleet(8, bad=4))),
        {"vpcs": document(fleet(4))["vpcs"] * 2},
    ],
    ids=["nothing", "large", "hostile", "twice"],
)
def test_whatever_is_in_a_report_can_be_read(made):
    series = found(made)
    assert set(series) <= {*documented()}
    assert len(series.get("privatelink_vpc_up", ())) == len({vpc["name"] for vpc in made["vpcs"]})
    values = [value for each in series.values() for labels, _value in each for value in labels.values()]
    assert all(value.isprintable() and len(value) <= 500 for value in values)


def documented():
    return re.findall(r"^\| `(privatelink_\w+)` \|", (DOCS / "monitoring.md").read_text(), re.MULTILINE)


def test_the_page_tells_of_each_gauge_and_its_labels(report):
    text = (DOCS / "monitoring.md").read_text()
    series = found(report)
    assert sorted(series) == sorted(documented())
    for name, each in series.items():
        (labels,) = re.findall(rf"^\| `{name}` \|([^|]*)\|", text, re.MULTILINE)
        assert {*re.findall(r"\w+", labels), "vpc", "cluster"} == {key for some, _value in each for key in some}
    assert set(re.findall(r"\bprivatelink_\w+", text)) == set(series)


def test_a_reader_finds_the_old_file_or_the_new_one(report, tmp_path):
    write(report, tmp_path, AT)
    with (tmp_path / "report.prom").open() as old:
        write(report, tmp_path, "2026-11-23T12:00:00Z")
        assert old.read() == metrics(report, AT)
    assert [each.name for each in tmp_path.glob("*.prom")] == ["report.prom"]
