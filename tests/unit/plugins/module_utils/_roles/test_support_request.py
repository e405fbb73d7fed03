# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text for Astronomer Support, whole where it is short and by its lines where it is long."""

from __future__ import annotations

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._roles import support_request

SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"


def request(facts, hosts, names):
    return support_request.request(facts, Inventory.read(hosts, names, service_known=False))


def host(number, **more):
    known = {"vpc_id": f"vpc-0000000{number}", "region": "us-east-1", "cluster_id": "clx", **more}
    return {f"privatelink_{key}": value for key, value in known.items()}


def fact(account="111111111111", zones=("use1-az1",), apart=(), endpoint="", state=""):
    return {
        "account_id": account,
        "az_ids": list(zones),
        "apart": list(apart),
        "vpc_endpoint_id": endpoint,
        "state": state,
    }


def test_the_whole_text_before_anything_is_known():
    text = request(
        {"own": fact(), "joined": fact()},
        {"own": host(1), "joined": host(2, via="own", agent_cidrs=["10.2.0.0/16"])},
        ["own", "joined"],
    )
    assert text == (
        "Subject: AWS PrivateLink for Remote Execution Agents of clx\n\n"
        "We want our agents to reach Astro over AWS PrivateLink. Please set up or confirm the following.\n\n"
        "Astro cluster clx\n"
        "  Endpoint service: please send us its name, its region, and the Availability Zones (AZ IDs) that it supports.\n"
        "  AWS accounts to allow (principals of the endpoint service):\n"
        "    arn:aws:iam::111111111111:root (own)\n"
        "  Regions of our endpoints; please enable those for the service that are not its own:\n"
        "    us-east-1 (own)\n"
        "  Availability Zones of our agents (AZ IDs):\n"
        "    us-east-1: use1-az1\n"
        "  Our VPCs:\n"
        "    own: vpc-00000001, AWS account 111111111111, region us-east-1, an endpoint of its own\n"
        "    joined: vpc-00000002, AWS account 111111111111, region us-east-1, shares the endpoint of own\n"
    )


@pytest.mark.parametrize(
    ("hosts", "facts", "lines"),
    [
        ({"own": host(1, service_name=SERVICE)}, {}, [f"Endpoint service: {SERVICE}", "iam::not known:root (own)"]),
        ({"own": host(1, account_id=123456789012)}, {}, ["iam::123456789012:root (own)", "us-east-1: not known"]),
        (
            {"own": host(1, service_name=SERVICE, region="eu-west-1")},
            {"own": fact(zones=["euw1-az1"])},
            ["Regions to enable for the endpoint service (cross-region access):", "eu-west-1 (own)"],
        ),
        ({"own": host(1, region="us-gov-east-1")}, {"own": fact()}, ["arn:aws-us-gov:iam::111111111111:root"]),
        (
            {"own": host(1), "joined": host(2, via="own", agent_cidrs=["10.2.0.0/16"])},
            {"own": fact(), "joined": fact("222222222222", apart=["region", "account"])},
            ["joined is in another region and account than own, whose endpoint it is to share."],
        ),
        (
            {"own": host(1)},
            {"own": fact(endpoint="vpce-1", state="pendingacceptance")},
            ["region us-east-1, vpce-1", "Please accept these endpoints:", "vpce-1 (own)"],
        ),
        ({"one": host(1), "two": host(2, cluster_id="cly")}, {}, ["Agents of clx, cly", "Astro cluster cly"]),
    ],
)
def test_what_support_has_to_know(hosts, facts, lines):
    text = request(facts, hosts, list(hosts))
    assert [line for line in lines if line not in text] == []


def test_nothing_is_asked_for_that_is_not_needed():
    text = request({"own": fact(endpoint="vpce-1", state="available")}, {"own": host(1, service_name=SERVICE)}, ["own"])
    for heading in ("Regions", "Please accept", "Please tell us"):
        assert heading not in text
