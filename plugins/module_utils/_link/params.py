# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How modules are told of links: argument specs, and from checked parameters to the types of the core. No logic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .._core.errors import InputError
from . import egress, model, zone

STATE = {"type": "str", "choices": ["present", "absent"], "default": "present"}
#: A link may be handed back as well: it stays, and is no longer this collection's.
LINK_STATE = {**STATE, "choices": ["present", "absent", "released"]}

ENDPOINT_LINK = {
    "name": {"type": "str", "required": True},
    "vpc_id": {"type": "str", "required": True},
    "service_name": {"type": "str", "required": True},
    "service_region": {"type": "str", "default": ""},
    "supported_az_ids": {"type": "list", "elements": "str", "default": []},
    "replace": {"type": "bool", "default": False},
    "sources": {"type": "list", "elements": "str", "default": []},
    "joined": {"type": "dict", "default": {}},
    "sources_only": {"type": "bool", "default": False},
    "subnet_ids": {"type": "list", "elements": "str", "default": []},
    "security_group_ids": {"type": "list", "elements": "str", "default": []},
    "tags": {"type": "dict", "default": {}},
    "vpc_endpoint_id": {"type": "str", "default": ""},
    "leaving": {"type": "dict", "default": {}},
    "purge_sources": {"type": "bool", "default": False},
    "drain": {"type": "int", "default": 0},
    "keep_endpoint": {"type": "bool", "default": False},
    "cluster_id": {"type": "str", "default": ""},
    "joined_from": {"type": "dict", "default": {}},
    "group_accounts": {"type": "dict", "default": {}},
    "take_over": {"type": "bool", "default": False},
    "state": LINK_STATE,
}


def endpoint_link(params: Mapping[str, Any]) -> model.Link:
    return model.Link(
        name=params["name"],
        vpc_id=params["vpc_id"],
        service_name=params["service_name"],
        service_region=params["service_region"],
        zone_ids=frozenset(params["supported_az_ids"]),
        replace=params["replace"],
        sources=frozenset(params["sources"]),
        joined={name: frozenset(sources) for name, sources in params["joined"].items()},
        sources_only=params["sources_only"],
        subnets=frozenset(params["subnet_ids"]),
        security_groups=frozenset(params["security_group_ids"]),
        tags={key: str(value) for key, value in params["tags"].items()},
        endpoint_id=params["vpc_endpoint_id"],
        leaving={name: frozenset(sources) for name, sources in params["leaving"].items()},
        purge_sources=params["purge_sources"],
        drain=params["drain"],
        keep_endpoint=params["keep_endpoint"],
        cluster=params["cluster_id"],
        peers={
            name: model.Peer(region=where.get("region") or "", access=peer_access(where))
            for name, where in params["joined_from"].items()
        },
        accounts={group: str(account) for group, account in params["group_accounts"].items()},
        take_over=params["take_over"],
        present=params["state"] == "present",
        released=params["state"] == "released",
    )


#: The name of the way to an account with the credentials of the run, where a link's own account is reached another way.
WITH_OWN_CREDENTIALS = "the run's own credentials"


def peers(links: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """How the accounts of joined VPCs are reached that are not the link's, by the names of these ways."""
    found = {peer_access(where): where for link in links for where in (link.get("joined_from") or {}).values()}
    return {name: where for name, where in found.items() if name}


def peer_access(where: Mapping[str, Any]) -> str:
    return access_name(where) or (WITH_OWN_CREDENTIALS if where.get("other_account") else "")


RECORD = {
    "host": {"type": "str", "required": True},
    "dns_name": {"type": "str", "default": ""},
    "hosted_zone_id": {"type": "str", "default": ""},
}
VPC = {
    "name": {"type": "str", "required": True},
    "vpc_id": {"type": "str", "required": True},
    "region": {"type": "str", "required": True},
    "profile": {"type": "str"},
    "assume_role_arn": {"type": "str"},
    "state": STATE,
}
HOLDER = {"vpc_id": {"type": "str", "required": True}, "region": {"type": "str", "required": True}}
ZONE_LINK = {
    "name": {"type": "str", "required": True},
    "vpc_id": {"type": "str", "required": True},
    "zone": {"type": "str", "default": "external.astronomer.run"},
    "records": {"type": "list", "elements": "dict", "default": [], "options": RECORD},
    "vpcs": {"type": "list", "elements": "dict", "default": [], "options": VPC},
    "holder": {"type": "dict", "options": HOLDER},
    "holder_region": {"type": "str", "default": ""},
    "compare_only": {"type": "bool", "default": False},
    "hosted_zone_id": {"type": "str", "default": ""},
    "force_record": {"type": "bool", "default": False},
    "without_gap": {"type": "bool", "default": False},
    "others": {"type": "dict", "default": {}},
    "state": LINK_STATE,
}


def zone_link(params: Mapping[str, Any]) -> zone.Link:
    return zone.Link(
        name=params["name"],
        vpc_id=params["vpc_id"],
        zone=params["zone"],
        records={
            record["host"]: zone.Alias(dns_name=zone.plain(record["dns_name"]), hosted_zone_id=record["hosted_zone_id"])
            for record in params["records"]
        },
        vpcs=tuple(
            zone.Vpc(
                name=vpc["name"],
                vpc_id=vpc["vpc_id"],
                region=vpc["region"],
                present=vpc["state"] == "present",
                access=access_name(vpc),
            )
            for vpc in params["vpcs"]
        ),
        holder=zone.Vpc(name=f"holder of {params['name']}", **params["holder"]) if params["holder"] else None,
        holder_region=params["holder_region"],
        compare_only=params["compare_only"],
        zone_id=params["hosted_zone_id"],
        force_record=params["force_record"],
        without_gap=params["without_gap"],
        others={vpc_id: str(name) for vpc_id, name in params["others"].items()},
        present=params["state"] == "present",
        released=params["state"] == "released",
    )


RULE = {
    "cidr": {"type": "str"},
    "group": {"type": "str"},
    "prefix_list": {"type": "str"},
    "account_id": {"type": "str"},
    "protocol": {"type": "str", "default": "tcp"},
    "port": {"type": "int"},
    "to_port": {"type": "int"},
    "description": {"type": "str", "default": ""},
}
AGENTS = {
    "name": {"type": "str", "required": True},
    "vpc_id": {"type": "str", "required": True},
    "group_id": {"type": "str", "required": True},
    "allowed": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": RULE,
        "mutually_exclusive": [("cidr", "group", "prefix_list")],
        "required_one_of": [("cidr", "group", "prefix_list")],
    },
    "purge": {"type": "bool", "default": False},
}


def agents(params: Mapping[str, Any]) -> egress.Agents:
    return egress.Agents(
        name=params["name"],
        vpc_id=params["vpc_id"],
        group_id=params["group_id"],
        allowed=frozenset(egress.rule(given) for given in params["allowed"]),
        purge=params["purge"],
    )


def access_name(way: Mapping[str, Any]) -> str:
    """One name for one way to reach an account."""
    return " ".join(str(way[key]) for key in ("profile", "assume_role_arn") if way.get(key))


def home(account: Mapping[str, Any]) -> str:
    """A region of an account's partition, in which its zones are: that of its first VPC, where none is given."""
    vpcs = [vpc for link in account["links"] for vpc in link.get("vpcs") or []]
    return str(account.get("region") or next((vpc["region"] for vpc in vpcs), ""))


def checked(spec: Mapping[str, Any], given: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Links that came through a parameter without a spec of its own: checked, with defaults."""
    validator = ArgumentSpecValidator(dict(spec))
    results = [validator.validate(dict(each)) for each in given]
    if problems := [message for result in results for message in result.error_messages]:
        raise InputError("; ".join(problems))
    return [result.validated_parameters for result in results]
