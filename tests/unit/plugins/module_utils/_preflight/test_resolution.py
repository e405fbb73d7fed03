# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What decides a name in a VPC, as a table."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._preflight import resolution as core

SUFFIX = "external.astronomer.run"
HOST = f"clx.{SUFFIX}"
WANTED = core.Wanted(name="one", vpc_id="vpc-1", host=HOST, zone=SUFFIX, known=frozenset(["ZOURS"]))
PLAIN = core.Names(name_servers=("AmazonProvidedDNS",), cidrs=("10.1.0.0/16",))


def rule(domain, forward=True):
    return core.Rule(id=f"rule-{domain}", domain=domain, forward=forward)


def zone(name, id_="Z1", profile=""):
    return core.Served(id=id_, name=name, owner="account 2", profile=profile)


@pytest.mark.parametrize(
    ("names", "found", "covered"),
    [
        ({}, [], False),
        ({"off": frozenset(["enableDnsSupport"])}, ["VPC_DNS_OFF"], False),
        ({"name_servers": ("10.1.0.2",)}, [], False),
        ({"name_servers": ("169.254.169.253",)}, [], False),
        ({"name_servers": ("10.1.0.2", "10.1.9.9")}, ["CUSTOM_DNS"], False),
        ({"rules": (rule(SUFFIX),)}, ["RESOLVER_RULE_WINS"], True),
        ({"rules": (rule(HOST),)}, ["RESOLVER_RULE_WINS"], True),
        ({"rules": (rule(f"other.{SUFFIX}"),)}, [], False),
        ({"rules": (rule("astronomer.run"),)}, [], True),
        ({"rules": (rule(""),)}, [], True),
        ({"rules": (rule(SUFFIX), rule(HOST, forward=False))}, [], False),
        ({"zones": (zone(SUFFIX),)}, ["ZONE_TAKEN"], True),
        ({"zones": (zone(SUFFIX, "ZOURS"),)}, [], True),
        ({"zones": (zone(HOST),)}, ["ZONE_MORE_SPECIFIC"], True),
        ({"zones": (zone("astronomer.run"),)}, [], True),
        ({"zones": (zone(f"other.{SUFFIX}"),)}, [], False),
        ({"zones": (zone(SUFFIX, profile="rp-1"),)}, ["ZONE_IN_PROFILE"], True),
        ({"zones": (zone(SUFFIX, "ZOURS", profile="rp-1"),)}, ["ZONE_IN_PROFILE"], True),
    ],
)
def test_what_stands_in_the_way(names, found, covered):
    have = replace(PLAIN, **names)
    assert [one.code for one in core.check(WANTED, have)] == found
    assert core.covered(HOST, have) is covered


def test_the_command_that_switches_dns_on_is_given():
    both = replace(PLAIN, off=frozenset(["enableDnsSupport", "enableDnsHostnames"]))
    (one,) = core.check(WANTED, both)
    assert "--enable-dns-support --enable-dns-hostnames" in one.remedy


@pytest.mark.parametrize(
    ("zone_", "in_use", "records", "gone"),
    [
        (SUFFIX, [], [], ""),
        (SUFFIX, [f"cly.{SUFFIX}"], [], f"cly.{SUFFIX}"),
        (SUFFIX, [f"cly.{SUFFIX}", "www.example.com", HOST], [f"cly.{SUFFIX}"], ""),
        (HOST, [f"cly.{SUFFIX}"], [], ""),
    ],
)
def test_a_zone_hides_what_it_has_no_record_for(zone_, in_use, records, gone):
    found = core.hidden(replace(WANTED, zone=zone_), in_use, records)
    assert [one.code for one in found] == (["ZONE_SHADOWS_NAMES"] if gone else [])
    assert all(gone in one.seen for one in found)
