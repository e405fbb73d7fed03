# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the jobs take to hand links back."""

from __future__ import annotations

from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._link import params
from ansible_collections.astro.privatelink.plugins.module_utils._roles import release as core

COMMON = {
    "privatelink_cluster_id": "abc",
    "privatelink_region": "us-east-1",
    "privatelink_service_name": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0",
}
HOSTS = {
    "one": {**COMMON, "privatelink_vpc_id": "vpc-00000001", "privatelink_hosted_zone_id": "Z0123456789ABC"},
    "two": {
        **COMMON,
        "privatelink_vpc_id": "vpc-00000002",
        "privatelink_via": "one",
        "privatelink_agent_cidrs": ["10.2.0.0/16"],
    },
    "three": {**COMMON, "privatelink_vpc_id": "vpc-00000003", "privatelink_profile": "prod"},
}


def links(accounts, known, read):
    return [read(link) for account in accounts for link in params.checked(known, account["links"])]


def test_links_of_the_run_are_handed_back_and_no_others():
    inventory = Inventory.read(HOSTS, ["one", "two"])
    endpoints = links(core.endpoints(inventory), params.ENDPOINT_LINK, params.endpoint_link)
    assert [(link.name, link.released, link.present, dict(link.joined)) for link in endpoints] == [
        ("one", True, False, {})
    ]
    zones = links(core.zones(inventory), params.ZONE_LINK, params.zone_link)
    assert [(link.zone, link.zone_id, link.released) for link in zones] == [
        ("external.astronomer.run", "Z0123456789ABC", True),
        ("abc.external.astronomer.run", "", True),
    ]


def test_a_vpc_that_shares_a_link_leaves_it_to_its_owner():
    inventory = Inventory.read(HOSTS, ["two"])
    assert (core.endpoints(inventory), core.zones(inventory)) == ([], [])


def test_each_account_is_reached_in_its_own_way():
    found = core.zones(Inventory.read(HOSTS, list(HOSTS)))
    assert [account.get("profile") for account in found] == [None, "prod"]
