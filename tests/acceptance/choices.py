# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the person at the keyboard chose, from the environment. Asks AWS nothing."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

TAG = "astro-privatelink-acceptance"
REGION = "us-east-1"


class Refused(Exception):
    """Why nothing is made; one sentence for each reason."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("\n".join(reasons))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """`run` is in the name or a tag of everything that is made."""

    region: str = REGION
    costs: bool = False
    gateway: bool = False
    run: str

    @classmethod
    def of(cls, environ: Mapping[str, str], run: str | None = None) -> Choices:
        return cls(
            region=environ.get("REGION") or REGION,
            costs=_switch(environ, "ACCEPT_COSTS"),
            gateway=_switch(environ, "WITH_TRANSIT_GATEWAY"),
            run=run or secrets.token_hex(4),
        )

    @property
    def name(self) -> str:
        """For what has a name; it fits load balancers, which take 32 characters."""
        return f"astro-accept-{self.run}"

    @property
    def bucket(self) -> str:
        return f"{buckets(self.region)}{self.run}"

    @property
    def path(self) -> str:
        return roles(self.region)

    @property
    def cluster(self) -> str:
        """The id of a cluster that nobody has."""
        return f"claccept{self.run}000000001"

    @property
    def host(self) -> str:
        return f"{self.cluster}.external.astronomer.run"

    @property
    def vpcs(self) -> int:
        return 4 if self.gateway else 3


def buckets(region: str) -> str:
    """How the names of buckets begin, which all accounts share."""
    return f"{TAG}-{region}-"


def roles(region: str) -> str:
    """The path of roles and instance profiles, which belong to no region."""
    return f"/{TAG}/{region}/"


def _switch(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(name, "")
    if value not in ("", "yes", "no"):
        raise Refused(f"{name} is {value!r}; it is yes or no.")
    return value == "yes"
