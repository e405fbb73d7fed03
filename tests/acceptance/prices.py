# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run costs, from dated list prices. Asks AWS nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from .choices import Choices

_FILE = Path(__file__).with_name("prices.yml")


@dataclass(frozen=True, slots=True)
class Estimate:
    counts: Mapping[str, int]
    hourly: float
    run: float
    worst: float  # if the hosted zone is kept for longer than half a day
    as_of: str
    region: str

    def lines(self) -> list[str]:
        things = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in self.counts.items())
        return [
            f"What it makes: {things}.",
            f"It costs about ${self.hourly:.3f} an hour: ${self.run:.2f} for the run, up to ${self.worst:.2f} if the hosted zone "
            "outlives 12 hours.",
            f"List prices of {self.region}, {self.as_of}; other regions differ. What is left behind goes on costing that much.",
        ]


def estimate(choices: Choices) -> Estimate:
    prices = yaml.safe_load(_FILE.read_text())
    agents = choices.vpcs - 1
    counts = {
        "instance": agents + 1,
        "disk": agents + 1,
        "public_address": agents,
        "load_balancer": 1,
        "endpoint": 1,
        **({"gateway_attachment": 2} if choices.gateway else {}),
    }
    hourly = sum(count * float(prices["hourly"][name]) for name, count in counts.items())
    run = hourly * float(prices["run_hours"])
    return Estimate(counts, hourly, run, run + float(prices["once"]["hosted_zone"]), prices["as_of"], prices["region"])
