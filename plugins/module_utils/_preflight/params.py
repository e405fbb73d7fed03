# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight's parameters: argument specs, and the conversion of accounts, VPCs and links to its types. No logic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._aws.clients import Clients
from .._link.params import ENDPOINT_LINK, ZONE_LINK, access_name, checked, endpoint_link, home, zone_link
from .checks import Vpc
from .read import Account
from .session import Place

ACCESS = {"profile": {"type": "str"}, "assume_role_arn": {"type": "str"}}
LINKS = {"type": "list", "elements": "dict"}
VPC = {
    "name": {"type": "str", "required": True},
    "vpc_id": {"type": "str", "required": True},
    "host": {"type": "str", "required": True},
    "via": {"type": "str", "default": ""},
    "sources": {"type": "list", "elements": "str", "default": []},
    "in_use": {"type": "list", "elements": "str", "default": []},
    "support_confirmed": {"type": "bool", "default": False},
}
FLEET = {
    **ACCESS,
    "region": {"type": "str", "required": True},
    "vpcs": {"type": "list", "elements": "dict", "required": True, "options": VPC},
    "links": {**LINKS, "default": []},
}
ZONES = {**ACCESS, "links": {**LINKS, "required": True}}


def vpc_from_params(params: Mapping[str, Any], region: str) -> Vpc:
    return Vpc(
        name=params["name"],
        vpc_id=params["vpc_id"],
        region=region,
        host=params["host"],
        via=params["via"],
        sources=frozenset(params["sources"]),
        in_use=frozenset(params["in_use"]),
        confirmed=params["support_confirmed"],
        pods=tuple(params.get("pods", ())),
    )


def places(clients: Clients, fleets: Sequence[Mapping[str, Any]]) -> list[Place]:
    return [
        Place(
            clients=clients,
            access=access_name(fleet),
            region=fleet["region"],
            vpcs=tuple(vpc_from_params(vpc, fleet["region"]) for vpc in fleet["vpcs"]),
            links=tuple(map(endpoint_link, checked(ENDPOINT_LINK, fleet["links"]))),
        )
        for fleet in fleets
    ]


def accounts(clients: Clients, zones: Sequence[Mapping[str, Any]]) -> list[Account]:
    return [_account(clients, {**zone, "links": checked(ZONE_LINK, zone["links"])}) for zone in zones]


def _account(clients: Clients, zone: Mapping[str, Any]) -> Account:
    return Account(
        place=Place(clients=clients, access=access_name(zone), region=home(zone)),
        links=tuple(map(zone_link, zone["links"])),
    )
