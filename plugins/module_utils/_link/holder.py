# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VPC without agents in which a zone is made and taken down, so that no agent ever sees the zone without its record. Pure.

AWS makes a private zone on a VPC, empty and authoritative at once, and keeps the last VPC on it until it is deleted. Unless the
user has such a VPC, one is made for that minute: it costs nothing, holds nothing, and is known by its tags.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .._core.plan import Call, Id, New
from .model import OWNED, tag_specification

NAME = "astro-privatelink-holder"
#: Tags of a holder that say for which link, and for which zone, it was made.
LINK, ZONE = "astro.privatelink:link", "astro.privatelink:zone"
#: What AWS refuses a holder with for good. After any other failure there may be one all the same.
#: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
REFUSED = frozenset({"AccessDenied", "OperationNotPermitted", "UnauthorizedOperation", "VpcLimitExceeded"})
#: Nothing is ever in it; it is the smallest range that a VPC takes.
CIDR = "192.168.255.240/28"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A VPC that this collection made to hold a zone, as it is: perhaps left behind by a run that was killed."""

    id: str
    region: str
    link: str
    zone: str

    @classmethod
    def read(cls, vpc_id: str, region: str, tags: Mapping[str, str]) -> Holder | None:
        """From a VPC's tags; None for any other VPC."""
        ours = OWNED.items() <= tags.items() and tags.get(LINK) and tags.get(ZONE)
        return cls(id=vpc_id, region=region, link=tags[LINK], zone=tags[ZONE]) if ours else None


def of(link_vpc: str, zone: str, holders: Sequence[Holder]) -> list[Holder]:
    """The holders that were made for a link's zone."""
    return sorted((each for each in holders if (each.link, each.zone) == (link_vpc, zone)), key=lambda each: each.id)


def create(name: str, of_: tuple[str, str], region: str, lane: str, otherwise: str = "") -> Call:
    """Make a holder for a link's VPC and zone. With ``otherwise``, the id of another VPC, AWS may refuse it: then that one takes
    its place."""
    tags = {"Name": NAME, LINK: of_[0], ZONE: of_[1], **OWNED}
    return Call(
        service="ec2",
        operation="CreateVpc",
        arguments={"CidrBlock": CIDR, "TagSpecifications": tag_specification("vpc", tags)},
        subjects=frozenset([name]),
        lane=lane,
        makes=New("holder", name),
        region=region,
        code="HOLDER_REFUSED" if otherwise else "NAME_GAP_UNHELD",
        optional=bool(otherwise),
        otherwise=otherwise,
        otherwise_on=REFUSED,
        unclear="HOLDER_UNKNOWN" if otherwise else "",
    )


def delete(name: str, vpc_id: Id, region: str, lane: str) -> Call:
    """Take a holder away once its zone has another VPC, or none. One that stays costs nothing."""
    return Call(
        service="ec2",
        operation="DeleteVpc",
        arguments={"VpcId": vpc_id},
        subjects=frozenset([name]),
        lane=lane,
        region=region,
        code="HOLDER_LEFT",
        optional=True,
        needs=vpc_id if isinstance(vpc_id, New) else None,
    )
