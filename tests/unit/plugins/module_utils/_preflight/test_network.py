# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes and network ACLs as tables: what is there, and what is closed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._link.model import Subnet
from ansible_collections.astro.privatelink.plugins.module_utils._preflight import network as core


def subnet(name, cidr, vpc):
    return Subnet(
        id=name, vpc_id=vpc, cidr=cidr, zone="us-east-1a", zone_id="use1-az1", free=9, public=False, owner="1"
    )


NEAR, NEAR2 = subnet("near", "10.30.1.0/24", "vpc-near"), subnet("near2", "10.30.2.0/24", "vpc-near")
END, END2 = subnet("end", "10.10.1.0/24", "vpc-end"), subnet("end2", "10.10.2.0/24", "vpc-end")
OPEN = (
    core.Rule(number=100, egress=True, allow=True, cidr="0.0.0.0/0"),
    core.Rule(number=100, egress=False, allow=True, cidr="0.0.0.0/0"),
)


def table(vpc, *routes, name="", subnets=()):
    local = core.Route(cidr={"vpc-near": "10.30.0.0/16", "vpc-end": "10.10.0.0/16"}[vpc], target="local")
    return core.Table(
        id=name or f"rtb-{vpc}", vpc_id=vpc, main=not subnets, subnets=frozenset(subnets), routes=(local, *routes)
    )


THERE, BACK = core.Route(cidr="10.10.0.0/16", target="pcx-1"), core.Route(cidr="10.30.0.0/16", target="pcx-1")
NETWORK = core.Network(
    subnets={each.id: each for each in (NEAR, NEAR2, END, END2)},
    tables=(table("vpc-near", THERE), table("vpc-end", BACK)),
    acls=tuple(core.Acl(id=f"acl-{s.id}", subnets=frozenset([s.id]), rules=OPEN) for s in (NEAR, NEAR2, END, END2)),
)
PATH = core.Path(name="near", places=(NEAR,), ends=(END,))


def codes(path=PATH, network=NETWORK):
    return [one.code for one in core.closed(path, network)]


def test_an_open_path_has_no_finding():
    assert codes() == []
    assert codes(replace(PATH, places=(NEAR, NEAR2), ends=(END, END2))) == []


@pytest.mark.parametrize(
    ("routes", "open_"),
    [
        ((), False),
        ((core.Route(cidr="10.10.1.0/24", target="pcx-1"),), True),
        ((core.Route(cidr="10.10.1.0/25", target="pcx-1"),), False),
        ((core.Route(cidr="10.0.0.0/8", target="tgw-1"),), True),
        ((core.Route(cidr="0.0.0.0/0", target="igw-1"),), False),
        ((core.Route(cidr="0.0.0.0/0", target="nat-1"),), False),
        ((core.Route(cidr="0.0.0.0/0", target="eni-1"),), True),
        ((core.Route(cidr="0.0.0.0/0", target="tgw-1"), core.Route(cidr="10.10.1.0/24", target="local")), False),
        ((core.Route(cidr="10.10.0.0/16", target="pcx-1", active=False),), False),
        ((core.Route(cidr="", target="tgw-1"),), True),
        ((core.Route(cidr="", target="vpce-1"),), False),
    ],
)
def test_the_most_specific_route_decides(routes, open_):
    there = replace(NETWORK, tables=(table("vpc-near", *routes), NETWORK.tables[1]))
    assert codes(network=there) == ([] if open_ else ["ROUTE_MISSING"])
    back = tuple(replace(r, cidr=r.cidr.replace("10.10.", "10.30.")) for r in routes)
    other = replace(NETWORK, tables=(NETWORK.tables[0], table("vpc-end", *back)))
    assert codes(network=other) == ([] if open_ else ["ROUTE_MISSING"])


def test_a_subnets_own_table_goes_before_the_main_one():
    own = table("vpc-near", name="rtb-own", subnets=["near2"])
    network = replace(NETWORK, tables=(*NETWORK.tables, own))
    assert codes(replace(PATH, places=(NEAR2,)), network) == ["ROUTE_MISSING"]
    (one,) = core.closed(replace(PATH, places=(NEAR, NEAR2)), network)
    assert (one.code, one.severity) == ("ROUTE_MISSING_SOMEWHERE", "warning")
    assert "rtb-own" in one.seen
    assert codes(replace(PATH, places=(NEAR, NEAR2), sure=True), network) == ["ROUTE_MISSING"]


def rule(number, *, egress, allow, cidr="0.0.0.0/0", **more):
    return core.Rule(number=number, egress=egress, allow=allow, cidr=cidr, **more)


@pytest.mark.parametrize(
    ("where", "rules", "words"),
    [
        ("near", (rule(1, egress=True, allow=False),), "port 443 to 10.10.1.0/24"),
        ("near", (rule(1, egress=False, allow=False),), "replies on ports 32768-60999 from 10.10.1.0/24"),
        ("end", (rule(1, egress=False, allow=False, cidr="10.30.0.0/16"),), "port 443 from 10.30.1.0/24"),
        (
            "end",
            (rule(1, egress=True, allow=False, ports=(1024, 65535), protocol="6"),),
            "replies on ports 32768-60999 to",
        ),
    ],
)
def test_each_side_and_direction_of_a_network_acl(where, rules, words):
    acls = tuple(replace(acl, rules=(*rules, *acl.rules)) if where in acl.subnets else acl for acl in NETWORK.acls)
    (one,) = core.closed(PATH, replace(NETWORK, acls=acls))
    assert one.code == "NACL_BLOCKS"
    assert words in one.seen
    assert f"acl-{where}" in one.seen


@pytest.mark.parametrize(
    ("rules", "admits"),
    [
        ((), False),
        ((rule(100, egress=False, allow=True),), True),
        ((rule(100, egress=True, allow=True),), False),
        ((rule(100, egress=False, allow=True), rule(50, egress=False, allow=False)), False),
        ((rule(50, egress=False, allow=True), rule(100, egress=False, allow=False)), True),
        ((rule(50, egress=False, allow=False, protocol="17"), rule(100, egress=False, allow=True)), True),
        ((rule(50, egress=False, allow=False, ports=(22, 22)), rule(100, egress=False, allow=True)), True),
        # Half of the peer is denied before all of it is allowed: some agents get through.
        ((rule(50, egress=False, allow=False, cidr="10.30.1.0/25"), rule(100, egress=False, allow=True)), True),
        (
            (
                rule(50, egress=False, allow=False, cidr="10.30.1.0/25"),
                rule(51, egress=False, allow=False, cidr="10.30.1.128/25"),
                rule(100, egress=False, allow=True),
            ),
            False,
        ),
    ],
)
def test_the_first_rule_that_fits_decides(rules, admits):
    acl = core.Acl(id="acl", subnets=frozenset(), rules=rules)
    assert acl.admits(egress=False, peer="10.30.1.0/24", ports=(443, 443)) is admits


def test_within_a_subnet_no_network_acl_is_passed():
    shut = replace(NETWORK, acls=tuple(replace(acl, rules=()) for acl in NETWORK.acls))
    assert codes(core.Path(name="end", places=(END,), ends=(END,)), shut) == []
    assert codes(core.Path(name="end", places=(END,), ends=(END, END2)), shut) == ["NACL_BLOCKS"] * 4


def test_what_was_not_read_counts_as_open():
    assert codes(network=core.Network()) == []


@pytest.mark.parametrize(
    ("network", "crosses"),
    [
        ({}, False),
        ({"peerings": frozenset([frozenset(["vpc-near", "vpc-end"])])}, True),
        ({"peerings": frozenset([frozenset(["vpc-near", "vpc-else"])])}, False),
        ({"attachments": (("tgw-1", "vpc-near", True), ("tgw-1", "vpc-end", True))}, True),
        ({"attachments": (("tgw-1", "vpc-near", True), ("tgw-1", "vpc-end", False))}, False),
        ({"attachments": (("tgw-1", "vpc-near", True), ("tgw-2", "vpc-end", True))}, False),
    ],
)
def test_groups_are_named_over_peerings_and_willing_gateways(network, crosses):
    named = [
        core.Attachment(gateway=gateway, vpc_id=vpc, references=references)
        for gateway, vpc, references in network.get("attachments", ())
    ]
    known = core.Network(peerings=network.get("peerings", frozenset()), attachments=tuple(named))
    assert known.groups_cross("vpc-near", "vpc-end") is crosses
