# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the pictures of topologies.md as a report would draw them: `make docs`. It knows the stories, not how to draw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.astro.privatelink.plugins.module_utils._report.picture import picture
from ansible_collections.astro.privatelink.plugins.module_utils._report.style import COLOURS, PICTURE

IMAGES = Path(__file__).with_name("images")
CLUSTER, OTHER = "clmh1kd8v000108l3a9v7c5x2", "clq7t3w5z000209mb4d8e6f1y"


def vpc(name: str, letter: str, number: int, **more: Any) -> dict[str, Any]:
    """A VPC that works, with one agent host. ``letter`` makes its ids, ``number`` its addresses."""
    link = more.pop("link", name)
    at = more.pop("at", number)
    first, second = more.pop("last", (37, 41))
    host = f"{more.pop('cluster', CLUSTER)}.external.astronomer.run"
    region = more.pop("region", "us-east-1")
    addresses = [f"10.{at}.1.{first}", f"10.{at}.2.{second}"]
    zones = [f"{region}a", f"{region}b"]
    return {
        "name": name,
        "vpc_id": f"vpc-0{letter * 16}",
        "region": region,
        "account_id": "",
        "host": host,
        "link": link,
        "endpoint": {
            "vpc_endpoint_id": f"vpce-0{more.pop('of', letter) * 16}",
            "state": "available",
            "addresses": [{"address": a, "availability_zone": z} for a, z in zip(addresses, zones, strict=True)],
        },
        "zone": {"hosted_zone_id": f"of {link}", "associated": True},
        "agents": [
            {
                "name": "agents",
                "place": {"sources": [f"10.{number}.3.0/24"]},
                "names": {"addresses": addresses},
                "addresses": [{"address": address, "tcp": True, "problem": ""} for address in addresses],
            }
        ],
        "verdict": "works",
        **more,
    }


STORIES = {
    "own": [vpc("payments", "a", 10), vpc("ledger", "b", 20)],
    "joined": [vpc("payments", "a", 10), vpc("analytics", "c", 30, link="payments", of="a", at=10)],
    "region": [vpc("payments", "a", 10), vpc("berlin", "d", 40, region="eu-west-1")],
    "account": [
        vpc("payments", "a", 10, account_id="111111111111"),
        vpc("partner", "e", 50, link="payments", of="a", at=10, account_id="222222222222"),
        vpc("supplier", "f", 60, account_id="222222222222"),
    ],
    "clusters": [
        vpc("payments", "a", 10),
        vpc("payments-other-cluster", "a", 10, of="b", cluster=OTHER, last=(52, 55)),
    ],
}


def drawn(name: str) -> str:
    """One picture as a file of its own, light or dark as its reader is."""
    svg = str(picture(STORIES[name]))
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).replace(
        "<title>", f"<style>{COLOURS}{PICTURE}svg {{ background: var(--page) }}</style><title>", 1
    )


if __name__ == "__main__":
    for story in STORIES:
        (IMAGES / f"topology_{story}.svg").write_text(f"{drawn(story)}\n", encoding="utf-8")
