# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How what two runs leave is compared: ids differ, and nothing else may."""

from __future__ import annotations

import json
from typing import Any

from chaos import state

KNOWN = "vpc-00000000000000001"


def things(number: int, **more: Any) -> list[Any]:
    """A group with a rule, and an endpoint that has the group; each run gives other ids."""
    group, endpoint = f"sg-{number:017x}", f"vpce-{number:017x}"
    return [
        {"VpcEndpoints": {"VpcEndpointId": endpoint, "VpcId": KNOWN, "Groups": [group], **more}},
        {"SecurityGroups": {"GroupId": group, "VpcId": KNOWN}},
        {"records": [{"Name": "a", "Value": f"{endpoint}-{number:08d}.vpce-svc-0a.amazonaws.com"}]},
    ]


def compared(one: list[Any], other: list[Any]) -> list[str]:
    known = frozenset({KNOWN})
    return state.differences(state.comparable(one, known), state.comparable(other, known))


def test_other_ids_are_no_difference() -> None:
    assert compared(things(1), things(2)[::-1]) == []


def test_a_field_is_one_and_only_it_is_shown() -> None:
    missing, vain = compared(things(1, Policy="all"), things(2, Policy="none"))
    assert missing.startswith("- ")
    assert json.loads(vain[2:])["VpcEndpoints"]["Policy"] == "none"


def test_what_is_there_twice_is_one() -> None:
    (found,) = compared(
        things(1), [*things(2), {"SecurityGroups": {"GroupId": "sg-00000000000000009", "VpcId": KNOWN}}]
    )
    assert found.startswith("+ ")


def test_names_that_are_exchanged_are_one() -> None:
    """Each thing by itself looks as before; only together they show that the record leads to the other endpoint."""
    first, second = things(1, Tag="a"), things(2, Tag="b")
    swapped = [*first[:2], second[2], *second[:2], first[2]]
    swapped[2] = {"records": [{**second[2]["records"][0], "Name": "a"}]}
    swapped[5] = {"records": [{**first[2]["records"][0], "Name": "b"}]}
    straight = [*first, *second[:2], {"records": [{**second[2]["records"][0], "Name": "b"}]}]
    assert compared(straight, swapped) != []


def test_an_id_that_was_there_before_stays_itself() -> None:
    other = json.loads(json.dumps(things(1)).replace(KNOWN, "vpc-00000000000000002"))
    assert compared(things(1), other) != []
