# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the table of scale.md from AWS's request limits: `make docs`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.astro.privatelink.plugins.module_utils._aws.pace import LIMITS

PAGE = Path(__file__).with_name("scale.md")
BEGIN, END = "<!-- table: written by docs/scale.py -->", "<!-- end of table -->"
#: What a new link, or a VPC that joins one, takes out of each bucket, as `make bench` counts it.
OWN = {
    "ec2:CreateVpcEndpoint": 1.0,
    "route53:CreateHostedZone": 1.0,
    "route53:AssociateVPCWithHostedZone": 1.0,
    "route53": 9.2,
}
JOINED = {"route53:AssociateVPCWithHostedZone": 1.0, "route53": 1.2}
#: Seconds until the last endpoint is available.
PROVISIONING = 90


@dataclass(frozen=True)
class Layout:
    """``vpcs`` in so many ``accounts``, each in one region; ``per_link`` VPCs share a link."""

    vpcs: int
    words: str
    accounts: int = 1
    per_link: int = 1

    @property
    def links(self) -> int:
        return math.ceil(self.vpcs / self.per_link)

    def drawn(self) -> Mapping[str, float]:
        """What one account takes out of each bucket."""
        links, joined = self.links / self.accounts, (self.vpcs - self.links) / self.accounts
        return {name: OWN[name] * links + JOINED.get(name, 0.0) * joined for name in OWN}

    def slowest(self) -> tuple[str, float]:
        """The bucket that binds, and the seconds that it takes."""
        waits = {n: max(0.0, count - LIMITS[n].burst) / LIMITS[n].per_second for n, count in self.drawn().items()}
        return max(waits.items(), key=lambda each: each[1])


LAYOUTS = (
    Layout(10, "own links"),
    Layout(100, "own links"),
    Layout(100, "one hub", per_link=100),
    Layout(1000, "own links, one account"),
    Layout(1000, "own links, ten accounts", accounts=10),
    Layout(1000, "five hubs, one account", per_link=200),
    Layout(10000, "own links, a hundred accounts", accounts=100),
    Layout(10000, "fifty hubs, ten accounts", accounts=10, per_link=200),
)


def rows() -> Iterator[str]:
    yield "| VPCs | layout | endpoints and zones, per account | what binds | until all are there |\n|---|---|---|---|---|"
    for layout in LAYOUTS:
        bucket, seconds = layout.slowest()
        what = f"`{bucket}`" if seconds >= 1 else "nothing"
        links = math.ceil(layout.links / layout.accounts)
        yield f"| {layout.vpcs:,} | {layout.words} | {links} | {what} | {_time(seconds + PROVISIONING)} |"


def _time(seconds: float) -> str:
    return f"{math.ceil(seconds / 60)} minutes"


def page(text: str) -> str:
    table = "\n".join([BEGIN, *rows(), END])
    return re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _old: table, text, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
