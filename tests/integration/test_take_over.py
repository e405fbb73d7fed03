# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that somebody has made by hand are used as they are, taken over when told to, and handed back."""

from __future__ import annotations

import json

import by_hand
from running import play

HAND = {"Name": "by hand", "managed-by": "platform"}


def tags_of(lab, link):
    return {tag["Key"]: tag["Value"] for tag in by_hand.describe(lab.client("ec2"), link.endpoint)["Tags"]}


def extra(**variables):
    return ["-e", json.dumps({f"privatelink_{key}": value for key, value in variables.items()})]


class TestStory:
    """One lab, told from top to bottom."""

    def test_what_is_right_is_kept(self, lab, tmp_path):
        """In one of two zones, with a name, a group and a CNAME of its own."""
        payments = lab.record.vpcs["payments"]
        groups = by_hand.inventory(lab)["agent_vpcs"]["hosts"]["payments"]["privatelink_agent_security_groups"]
        opened = [by_hand.permission(group=groups[0]), by_hand.permission(cidr="10.30.0.0/16")]
        link = by_hand.link_in(lab, payments, ("use1-az1",), opened)
        by_hand.join(lab, link, "analytics")
        listed = [{"Key": key, "Value": value} for key, value in HAND.items()]
        lab.client("ec2").create_tags(Resources=[link.endpoint], Tags=listed)
        type(self).link = link
        type(self).names = extra(endpoint_id=link.endpoint, hosted_zone_id=link.zone.rsplit("/", 1)[-1])
        both = ["--limit", "payments,analytics"]
        lab.reset_calls()
        done = play(lab, tmp_path, "site", "--check", *both, *self.names)
        assert done.rc == 0, done.text
        assert (done.calls(), done.changed) == ([], False)
        assert f"endpoint {link.endpoint} kept" in done.text
        done = play(lab, tmp_path, "site", *both, *self.names)
        assert done.table() == {"payments": "works", "analytics": "works"}, done.text
        assert lab.calls()["mutating"] == 0

    def test_it_is_taken_over_when_told_to_and_keeps_what_it_has(self, lab, tmp_path):
        before = by_hand.describe(lab.client("ec2"), self.link.endpoint)
        done = play(lab, tmp_path, "setup", "--limit", "payments", *self.names, *extra(take_over=True))
        assert (done.rc, done.calls()) == (0, [("ec2:CreateTags", "payments")]), done.text
        after = by_hand.describe(lab.client("ec2"), self.link.endpoint)
        taken = {"managed-by": "astro.privatelink", "astro.privatelink:taken-over": "platform"}
        assert tags_of(lab, self.link) == {**HAND, **taken}
        assert {**before, "Tags": []} == {**after, "Tags": []}
        # from now on it is known without being named
        named = extra(hosted_zone_id=self.link.zone.rsplit("/", 1)[-1])
        assert play(lab, tmp_path, "setup", "--limit", "payments", *named).calls() == []

    def test_it_is_handed_back_as_it_was(self, lab, tmp_path):
        lab.reset_calls()
        done = play(lab, tmp_path, "release", "--limit", "payments")
        assert done.rc == 0, done.text
        assert lab.calls()["mutating"] == 2
        assert tags_of(lab, self.link) == HAND
        assert play(lab, tmp_path, "release", "--limit", "payments").changed is False

    def test_a_link_of_this_collection_is_handed_back_and_works_on(self, lab, tmp_path):
        made = play(lab, tmp_path, "setup", "--limit", "ledger")
        assert made.rc == 0, made.text
        done = play(lab, tmp_path, "release", "--limit", "ledger")
        assert done.rc == 0, done.text
        refused = play(lab, tmp_path, "setup", "--limit", "ledger")
        assert refused.failed["ledger"].startswith("ENDPOINT_FOREIGN"), refused.text
        ec2 = lab.client("ec2")
        there = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [lab.record.vpcs["ledger"].id]}])
        (endpoint,) = [each["VpcEndpointId"] for each in there["VpcEndpoints"]]
        zones = lab.client("route53").list_hosted_zones()["HostedZones"]
        (zone,) = [zone["Id"].rsplit("/", 1)[-1] for zone in zones if zone["Id"] != self.link.zone]
        assert not [zone for zone in zones if zone["Config"].get("Comment")]
        done = play(lab, tmp_path, "site", "--limit", "ledger", *extra(endpoint_id=endpoint, hosted_zone_id=zone))
        assert (done.calls(), done.table()) == ([], {"ledger": "works"}), done.text
