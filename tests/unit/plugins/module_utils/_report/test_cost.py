# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Estimates, against a table that was worked out by hand."""

from __future__ import annotations

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._report import cost as core


@pytest.mark.parametrize(
    ("vpcs", "own_2_azs", "own_3_azs", "new_gateway", "gateway"),
    [
        (2, 30.20, 44.80, 95.40, 22.40),
        (10, 151.00, 224.00, 387.40, 22.40),
        (50, 745.00, 1110.00, 1847.40, 22.40),
    ],
)
def test_the_table(vpcs, own_2_azs, own_3_azs, new_gateway, gateway):
    def total(way, **more):
        return core.estimate({"vpcs": vpcs, **more})[way]["total"]

    assert total("own") == own_2_azs
    assert total("own", azs=3) == own_3_azs
    assert total("joined", azs=3, connection="new_gateway") == new_gateway
    assert total("joined", azs=3) == gateway
    assert total("joined", azs=2, joined_azs=3, connection="peering") == gateway


@pytest.mark.parametrize(("azs", "even"), [(2, 730), (3, 1095)])
def test_with_a_gateway_that_is_there_data_decides(azs, even):
    def cheaper(gb):
        # Without the zones' fees, which are small and staggered, and for many VPCs, the limit shows.
        free = {"zone": 0, "zone_beyond": 0}
        return core.estimate({"vpcs": 10_000, "azs": azs, "gb_per_vpc": gb}, free)["cheaper"]

    assert (cheaper(even - 1), cheaper(even + 1)) == ("joined", "own")


def test_data_through_the_link_costs_the_same_both_ways_and_the_gateway_costs_more():
    found = core.estimate({"vpcs": 3, "gb_per_vpc": 100})
    assert found["own"]["data"] == 3.00
    assert found["joined"]["data"] == 3.00 + 2 * 2.00  # the link's own VPC does not cross the gateway
    assert core.estimate({"vpcs": 3, "gb_per_vpc": 100, "connection": "peering"})["joined"]["data"] == 3.00
    assert core.estimate({"vpcs": 3, "gb_per_vpc": 100, "cross_region": True})["own"]["data"] == 9.00


def test_zones_that_the_account_has_besides_make_new_ones_cheaper():
    assert core.estimate({"vpcs": 2, "other_zones": 24})["own"]["zones"] == 0.60
    assert core.estimate({"vpcs": 2, "other_zones": 400})["own"]["zones"] == 0.20


def test_prices_are_inputs_and_are_shown():
    found = core.estimate({"vpcs": 1, "azs": 1}, {"as_of": "our contract", "endpoint_az_hour": 1, "hours": 10})
    assert found["own"]["endpoints"] == 10
    assert found["prices"]["as_of"] == "our contract"
    assert "our contract" in found["text"][-1]
    assert found["prices"]["zone"] == 0.50


def test_values_of_a_playbook_are_text():
    given = {"vpcs": "10", "azs": "2", "gb_per_vpc": "1.5", "connection": "gateway", "cross_region": "false"}
    assert core.estimate(given) == core.estimate({"vpcs": 10, "gb_per_vpc": 1.5})


def test_the_table_for_people():
    head, own, joined, fleet, prices = core.estimate({"vpcs": 50, "azs": 3, "connection": "new_gateway"})["text"]
    assert head.split() == ["USD", "A", "MONTH", "ENDPOINTS", "ZONES", "CONNECTION", "DATA", "TOTAL"]
    assert own.split() == ["own", "1,095.00", "15.00", "0.00", "0.00", "1,110.00"]
    assert joined.split() == ["joined", "21.90", "0.50", "1,825.00", "0.00", "1,847.40"]
    assert fleet == "50 VPCs, 3 AZs (joined: 3), 0 GB per VPC; joined over a new transit gateway."
    assert prices.startswith(
        "Prices of mid-2026, us-east-1, to be replaced by your own: hours 730, endpoint_az_hour 0.01"
    )


@pytest.mark.parametrize(
    ("inputs", "prices", "text"),
    [
        ({}, {}, "vpcs"),
        ({"vpcs": 0}, {}, "at least one VPC"),
        ({"vpcs": "many"}, {}, "many"),
        ({"vpcs": 1, "regions": 2}, {}, "inputs have regions; known are vpcs"),
        ({"vpcs": 1}, {"zones": 1}, "prices have zones"),
        ({"vpcs": 1, "connection": "carrier pigeon"}, {}, "new_gateway, gateway, peering"),
        ({"vpcs": 1, "gb_per_vpc": -1}, {}, "gb_per_vpc cannot be less"),
    ],
)
def test_inputs_that_make_no_sense_are_named(inputs, prices, text):
    with pytest.raises(core.CostError, match=text):
        core.estimate(inputs, prices)
