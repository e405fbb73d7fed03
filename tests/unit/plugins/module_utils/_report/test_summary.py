# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table for a terminal."""

from __future__ import annotations

from ansible_collections.astro.privatelink.plugins.module_utils._report.summary import failed, letters, summary

ENDPOINT = {"addresses": [{"address": "10.0.1.5"}, {"address": "10.0.2.5"}]}


def vpc(name, *agents, link=None, findings=(), verdict="works"):
    of_agents = [one for agent in agents for one in agent["findings"]]
    return {
        "name": name,
        "link": link or name,
        "endpoint": ENDPOINT,
        "agents": list(agents),
        "verdict": verdict,
        "findings": [*findings, *of_agents],
    }


def agent(name, *findings, addresses=("10.0.1.5",), problem="", tls=(True, True)):
    reached = [{"address": f"10.0.{n}.5", "tls": done, "status": 404 * done} for n, done in enumerate(tls, 1)]
    names = {"addresses": list(addresses), "problem": problem}
    return {"name": name, "names": names, "addresses": reached, "findings": list(findings)}


def wrong(code, severity="error"):
    return {"code": code, "severity": severity}


def test_the_columns_stand_under_each_other():
    head, row = summary({"vpcs": [vpc("payments", agent("agent-1"))]})
    assert head.split() == ["VPC", "AGENT", "HOST", "LINK", "ADDRESSES", "DNS", "TLS", "HTTP", "VERDICT"]
    assert row == "payments  agent-1     own   10.0.1.5   private  verified  404   works"


def cells(*vpcs):
    return [[cell for cell in row.split("  ") if cell] for row in summary({"vpcs": vpcs})[1:]]


def test_what_is_wrong_is_the_verdict():
    bad = agent("a", wrong("TCP_TIMEOUT_ONE_AZ"), tls=(True, False))
    assert [cell.strip() for cell in cells(vpc("v", bad))[0]][-3:] == ["1 of 2", "-, 404", "TCP_TIMEOUT_ONE_AZ"]


def test_warnings_do_not_hide_that_it_works():
    drift = [wrong("SETUP_INCOMPLETE", "warning")]
    assert cells(vpc("v", agent("a"), findings=drift))[0][-1].strip() == "works (SETUP_INCOMPLETE)"


def test_an_error_of_the_link_is_every_agents():
    assert cells(vpc("v", agent("a"), findings=[wrong("ENDPOINT_FAILED")]))[0][-1].strip() == "ENDPOINT_FAILED"


def test_a_vpc_without_agents_is_a_line_too():
    (row,) = cells(vpc("v", link="other", findings=[wrong("NO_AGENT_HOST")], verdict="failed"))
    assert [cell.strip() for cell in row][1:3] == ["-", "via other"]
    assert row[-1].strip() == "NO_AGENT_HOST"
    assert cells(vpc("v", verdict="unverified"))[0][-1].strip() == "unverified"


def test_names_that_lead_elsewhere():
    public = agent("a", wrong("DNS_PUBLIC_ANSWER"), addresses=("203.0.113.10",))
    missing = agent("a", wrong("DNS_NXDOMAIN"), addresses=(), problem="DNS_NXDOMAIN")
    unasked = {**agent("a"), "names": {}}
    rows = cells(vpc("v", public), vpc("w", missing), vpc("x", unasked))
    assert [row[4].strip() for row in rows] == ["public", "nxdomain", "-"]


def test_a_large_fleet_shows_what_failed_and_counts_the_rest():
    good = [vpc(f"good-{number}", agent("a")) for number in range(30)]
    drift = [vpc("drift", agent("a"), findings=[wrong("SETUP_INCOMPLETE", "warning")])]
    unseen = [vpc("unseen", verdict="unverified")]
    bad = vpc("bad", agent("a"), agent("b", wrong("TCP_TIMEOUT_ONE_AZ"), tls=(True, False)), verdict="failed")
    head, *rows = summary({"vpcs": [*good, *drift, *unseen, bad]})
    assert head.split()[0] == "VPC"
    assert rows == [
        "bad  b           own   10.0.1.5   private  1 of 2  -, 404  TCP_TIMEOUT_ONE_AZ",
        "30 VPCs: works",
        "1 VPC: works (SETUP_INCOMPLETE)",
        "1 VPC: unverified",
    ]


def test_a_large_fleet_that_fails_alike_is_not_a_wall():
    bad = [vpc(f"bad-{number}", findings=[wrong("ENDPOINT_FAILED")], verdict="failed") for number in range(500)]
    other = vpc("other", findings=[wrong("NO_AGENT_HOST")], verdict="failed")
    rows = summary({"vpcs": [*bad, other]})
    assert len(rows) == 1 + 10 + 1 + 1
    assert rows[-2].startswith("other ")
    assert rows[-1] == "490 more VPCs: ENDPOINT_FAILED"


def test_a_large_fleet_without_problems_is_one_line():
    assert summary({"vpcs": [vpc(f"v-{number}", agent("a")) for number in range(21)]}) == ["21 VPCs: works"]


def test_a_name_that_leads_out_of_the_vpc_is_told_from_one_that_leads_elsewhere_in_it():
    seen = [
        cells(vpc("v", agent("a", addresses=addresses)))[0][4].strip() for addresses in (["203.0.113.10"], ["10.9.9.9"])
    ]
    assert seen == ["public", "other"]


def test_texts_for_support_are_shown_once_for_each_endpoint_and_not_without_end():
    def silent(name, endpoint):
        return {
            "name": name,
            "endpoint": {"vpc_endpoint_id": endpoint},
            "support_request": f"For Support:\n  {endpoint} of {name}",
        }

    vpcs = [silent("a", "vpce-1"), silent("b", "vpce-1"), *(silent(f"c{n}", f"vpce-c{n}") for n in range(3))]
    lines = letters({"vpcs": [*vpcs, {**silent("d", "vpce-d"), "support_request": ""}]})
    assert lines == [
        "For Support:",
        "  vpce-1 of a",
        "For Support:",
        "  vpce-c0 of c0",
        "The report has 2 more such texts.",
    ]


def test_who_failed_is_said_with_those_that_failed_alike():
    codes = [("a", "TCP_TIMEOUT"), *((f"b{n}", "NO_AGENT_HOST") for n in range(12))]
    vpcs = [vpc(name, findings=[wrong(code)], verdict="failed") for name, code in codes]
    names = ", ".join(f"b{n}" for n in range(10))
    assert failed({"vpcs": [vpc("well", agent("w")), *vpcs]}) == [
        "  TCP_TIMEOUT: a",
        f"  NO_AGENT_HOST: {names} and 2 more",
    ]
