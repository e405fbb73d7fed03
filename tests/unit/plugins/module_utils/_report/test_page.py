# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a large fleet: problems first, alike ones once, and no part of it that grows beyond what a person can read."""

from __future__ import annotations

import re

import html5lib
import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._report.document import document
from ansible_collections.astro.privatelink.plugins.module_utils._report.entries import MOST
from ansible_collections.astro.privatelink.plugins.module_utils._report.page import page
from ansible_collections.astro.privatelink.plugins.module_utils._report.picture import NARROW, WIDE, picture
from ansible_collections.astro.privatelink.plugins.module_utils._report.style import FILTER, FILTER_HASH, STYLE
from reported import REGIONS, fleet

HOSTILE = "</script><script>alert(1)</script>"


def made(size, **more):
    return document(fleet(size, **more))


def tree(report):
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page(report, "now"))


def of_class(root, name):
    return [each for each in root.iter() if name in (each.get("class") or "").split()]


def words(element):
    return " ".join("".join(element.itertext()).split())


FLEETS = [(40, {"bad": 9}), (40, {"bad": 9, "joined": True}), (200, {}), (200, {"joined": True}), (200, {"bad": 200})]


@pytest.fixture(scope="module", params=FLEETS, ids=str)
def report(request):
    size, more = request.param
    return made(size, **more)


def test_problems_are_above_the_picture_and_vpcs_below(report):
    heads = [words(each) for each in tree(report).iter("h2")]
    assert heads[:4] == ["Problems and remedies", "How traffic flows", "What the agents see", "Each VPC"]


def test_each_kind_of_problem_is_one_card_that_counts_its_vpcs(report):
    kinds = {}
    for vpc in report["vpcs"]:
        for one in vpc["findings"]:
            kinds.setdefault(one["code"], set()).add(vpc["name"])
    cards = {}
    for card in of_class(tree(report), "error"):
        code, number = f"{words(card.find('h3'))} ".split(" ", 1)
        cards[code] = number.strip()
        links = {words(each) for each in card.iter("a")}
        assert links == kinds[code]
        assert words(card).count("Remedy:") == 1
    assert cards == {code: f"{len(vpcs)} VPCs" if len(vpcs) > 1 else "" for code, vpcs in kinds.items()}


def test_only_what_has_a_problem_is_unfolded_and_of_that_no_more_than_can_be_read(report):
    root = tree(report)
    every = {words(vpc.find("summary/strong")): vpc for vpc in of_class(root, "vpc")}
    assert set(every) == {vpc["name"] for vpc in report["vpcs"]}
    failed = [vpc["name"] for vpc in report["vpcs"] if vpc["verdict"] == "failed"]
    assert {name for name, vpc in every.items() if vpc.get("open") is not None} == set(failed[:MOST])
    for group in of_class(root, "fold"):
        assert (group.get("open") is not None) == any(
            one.get("open") is not None for one in group.iter("details") if one is not group
        )


def test_a_region_where_nothing_is_wrong_says_so_in_one_line():
    groups = [words(each.find("summary")) for each in of_class(tree(made(40, bad=1, accounts=2)), "fold")]
    assert "account 111111111112, us-east-1 7 VPCs: 1 failed, 6 work" in groups
    assert "account 111111111111, eu-west-1 6 VPCs: 6 work" in groups


def test_names_lead_to_the_entries(report):
    root = tree(report)
    ids = {each.get("id"): each for each in root.iter() if each.get("id")}
    for link in root.iter("a"):
        assert words(ids[link.get("href")[1:]].find("summary/strong")) == words(link)


def boxes(report, form=WIDE):
    return re.findall(r'class="box [a-z]+".*?class="title"[^>]*>([^<]*)<', picture(report["vpcs"], form))


@pytest.mark.parametrize("form", [WIDE, NARROW])
def test_the_picture_has_every_vpc_and_few_boxes(report, form):
    titles = boxes(report, form)
    assert len(titles) < 35
    counted = sum(int(number) for number in re.findall(r"^(\d+) VPCs (?:work|failed|not)", "\n".join(titles), re.M))
    names = {vpc["name"] for vpc in report["vpcs"]}
    assert counted + sum(title.partition("  via ")[0] in names for title in titles) == len(names)


def test_a_hub_has_the_number_of_vpcs_that_joined_it_in_each_account_and_region():
    report = made(40, bad=0, accounts=2)
    hub = report["vpcs"][0]
    for vpc in report["vpcs"]:
        vpc.update(link=hub["name"], endpoint=hub["endpoint"], agents=hub["agents"])
    assert sorted(boxes(report)) == [*["6 VPCs work"] * 2, *["7 VPCs work"] * 4, "Astro", "vpce-00000000000000000"]
    frame, *said = re.findall(r">(account [^<]*)<", picture(report["vpcs"]))
    places = [f"account {account}, {region}" for account in (111111111111, 111111111112) for region in sorted(REGIONS)]
    assert said == [each for each in places if each != frame]


def test_a_single_vpc_of_a_small_fleet_is_drawn_by_itself():
    report = made(6, joined=True, bad=0, accounts=1)
    assert boxes(report) == [
        "payments-0000",
        "search-0003  via payments-0000",
        "vpce-00000000000000000",
        "ledger-0001",
        "fraud-0004  via ledger-0001",
        "vpce-00000000000000001",
        "analytics-0002",
        "billing-0005  via analytics-0002",
        "vpce-00000000000000002",
        "Astro",
    ]


@pytest.mark.parametrize("more", [{"joined": True}, {"joined": False}, {"agents": 3}])
def test_a_thousand_vpcs_fit_into_three_megabytes(more):
    """Each VPC adds the same, so what two hundred more need tells what a thousand do."""
    first, second = (len(page(made(size, **more), "now").encode()) for size in (100, 300))
    assert first + (second - first) / 200 * 900 < 3_000_000


@pytest.mark.parametrize("report", [made(21, bad=2)])
def test_the_only_script_is_the_filter(report):
    for vpc in report["vpcs"]:
        vpc["agents"] = [{**agent, "name": agent["name"] + HOSTILE} for agent in vpc["agents"]]
    root = tree(report)
    assert [script.text for script in root.iter("script")] == [FILTER]
    (policy,) = (each.get("content") for each in root.iter("meta") if each.get("http-equiv"))
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src '{FILTER_HASH}'"
    assert not [name for each in root.iter() for name in each.attrib if str(name).startswith("on")]
    assert of_class(root, "vpc")
    (label,) = (each for each in root.iter("label"))
    assert label.get("hidden") is not None  # until the script runs


def test_requests_are_counted_by_their_kind():
    report = made(40, bad=0)
    (changes,) = of_class(tree(report), "changes")
    (row,) = changes.iter("tr") if not changes.find("tbody") else changes.find("tbody")
    assert [words(each) for each in row][:2] == ["ec2:CreateVpcEndpoint", "40"]
    assert len(list(row.iter("a"))) == 40


def test_agent_hosts_that_saw_the_same_share_its_tables():
    report = made(1, bad=0, agents=3)
    root = tree(report)
    assert len(of_class(root, "names")) == len(of_class(root, "reached")) == 1
    assert "All 3 saw the same." in words(root)
    names = report["vpcs"][0]["agents"][1]["names"]
    names["before"] = {**names["servers"][0], "addresses": ["203.0.113.10"]}
    root = tree(report)
    assert len(of_class(root, "names")) == len(of_class(root, "reached")) == 2
    assert "had an old answer in its cache, 203.0.113.10" in words(root)


def test_the_picture_says_in_words_which_address_failed_and_where_a_wrong_name_leads():
    text = picture(made(4, bad=2)["vpcs"])  # one zone, and a public name
    lines = re.findall(r"<text[^>]*>([^<]*)<", text)
    assert [line for line in lines if line.endswith(" failed")] == ["10.0.1.41  us-east-1b failed"]
    assert "the name leads to 203.0.113.10" in lines


def luminance(colour):
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("state", ["works", "failed", "unverified"])
def test_words_on_their_soft_colour_can_be_read_in_both_themes(state):
    """https://www.w3.org/TR/WCAG22/#contrast-minimum"""
    words, soft = (re.findall(rf"--{name}: (#[0-9a-f]{{6}})", STYLE) for name in (state, f"{state}-soft"))
    assert len(words) == len(soft) == 2
    for pair in zip(words, soft, strict=True):
        dark, light = sorted(map(luminance, pair))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, pair


def test_the_seconds_of_an_address_are_those_of_its_stages():
    cells = {words(cell) for row in tree(made(4, bad=1)).iter("tr") for cell in list(row.iter("td"))[6:7]}
    assert {"0.001 + 0.054 + 0.020", "0.075"} <= cells
