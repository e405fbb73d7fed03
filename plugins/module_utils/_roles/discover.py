# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role discover: what to look for, what Astro has, and what is told of the inventory that was made. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._inventory.evidence import Asked
from .._inventory.found import Astro, Deployment
from .._inventory.hosts import PREFIX
from .._inventory.lines import Draft


def asked(settings: Mapping[str, Any]) -> Asked:
    """By what endpoints to Astro are known, from the role's variables."""
    tags = {str(key): str(value) for key, value in (settings["tags"] or {}).items()}
    return Asked(services=tuple(settings["service_names"] or ()), tags=tags or Asked().tags)


def astro(info: Mapping[str, Any]) -> Astro:
    """The Deployments with Remote Execution, from what `astro_info` returns."""
    return Astro(
        deployments=tuple(
            Deployment(
                id=each["id"],
                name=each["name"],
                cluster_id=each["cluster_id"],
                url=each["remote_api_url"],
                ranges=tuple(each["allowed_ranges"]),
            )
            for each in info["deployments"]
            if each["remote_execution"]
        ),
        clusters={name: tuple(each["ranges"]) for name, each in info["clusters"].items()},
    )


def public(draft: Draft) -> dict[str, dict[str, Any]]:
    """The VPCs of RETURN, by their inventory names."""
    return {
        entry.name: {
            "vpc_id": entry.value("vpc_id"),
            "cluster_id": "" if "cluster_id" in entry.unfilled else entry.value("cluster_id"),
            "via": "" if "via" in entry.unfilled else entry.value("via"),
            "fill_in": {f"{PREFIX}{key}": what for key, what in entry.unfilled.items()},
        }
        for entry in draft.entries
    }


def told(draft: Draft, vpcs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What a terminal shows: each VPC with its link, and what is left to fill in."""
    width = max(map(len, vpcs), default=0)
    lines = [f"{name:{width}}  {one['vpc_id']}  {_link(one)}" for name, one in vpcs.items()]
    lines += [
        f"{name}: fill in {key}: {what}" for name, one in vpcs.items() for key, what in sorted(one["fill_in"].items())
    ]
    return lines + [f"Deployment {item.value}: {item.why}" for item in draft.deployments]


def _link(one: Mapping[str, Any]) -> str:
    link = f"shares the link of {one['via']}" if one["via"] else "has a link of its own"
    return f"{len(one['fill_in'])} to fill in" if one["fill_in"] else link


def nothing(searched: Sequence[str], unread: Sequence[str]) -> str:
    """What to do where neither links nor agents were found."""
    return "\n".join(
        [
            "No endpoint to Astro and no agents were found; no file was written. Set discover_service_names or discover_tags to what your "
            "endpoints have, or check discover_accounts and discover_regions.",
            *(f"Searched: {each}" for each in searched),
            *(f"Not read: {each}" for each in unread),
        ]
    )
