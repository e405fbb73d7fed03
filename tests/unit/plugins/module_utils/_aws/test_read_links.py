# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of whole accounts: as many calls for many VPCs as for one, and whatever is refused is named."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._aws import read_links
from ansible_collections.astro.privatelink.plugins.module_utils._core.errors import ReadFailed
from ansible_collections.astro.privatelink.plugins.module_utils._inventory import draft, evidence
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.evidence import Asked
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.found import Survey
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.tags import Account
from prepared import refused

SUFFIX, ACCOUNT = "external.astronomer.run", "111111111111"
SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"


def vpcs(count: int, owner: str = ACCOUNT) -> list[dict[str, Any]]:
    block = [{"CidrBlock": "10.1.0.0/16", "CidrBlockState": {"State": "associated"}}]
    return [
        {"VpcId": f"vpc-{n:08x}", "OwnerId": owner, "CidrBlockAssociationSet": block, "Tags": [tag("Name", f"v{n}")]}
        for n in range(1, count + 1)
    ]


def tag(key: str, value: str) -> dict[str, str]:
    return {"Key": key, "Value": value}


def answers(count: int) -> dict[str, Any]:
    """An account in which each VPC has an endpoint and a group, and all have one zone."""
    ids = [vpc["VpcId"] for vpc in vpcs(count)]
    alias = {"DNSName": "vpce-00000001-a.vpce-svc-0.us-east-1.vpce.amazonaws.com.", "HostedZoneId": "Z7"}
    permission = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    return {
        "get_caller_identity": {"Account": ACCOUNT},
        "describe_regions": {"Regions": [{"RegionName": "us-east-1"}]},
        "describe_vpcs": {"Vpcs": vpcs(count)},
        "describe_vpc_endpoints": {
            "VpcEndpoints": [
                {
                    "VpcEndpointId": vpc_id.replace("vpc", "vpce"),
                    "VpcId": vpc_id,
                    "ServiceName": SERVICE,
                    "State": "available",
                    "SubnetIds": [vpc_id.replace("vpc", "subnet")],
                    "Groups": [{"GroupId": vpc_id.replace("vpc", "sg")}],
                    "Tags": [tag("Name", "astro-privatelink")],
                }
                for vpc_id in ids
            ]
        },
        "describe_security_groups": {
            "SecurityGroups": [
                {"GroupId": i.replace("vpc", "sg"), "GroupName": "g", "VpcId": i, "IpPermissions": [permission]}
                for i in ids
            ]
        },
        "describe_subnets": {
            "Subnets": [
                {"SubnetId": i.replace("vpc", "subnet"), "AvailabilityZoneId": "use1-az1", "CidrBlock": "10.1.1.0/24"}
                for i in ids
            ]
        },
        "list_hosted_zones_by_name": {
            "HostedZones": [{"Id": "/hostedzone/Z1", "Name": f"{SUFFIX}.", "Config": {"PrivateZone": True}}]
        },
        "get_hosted_zone": {"VPCs": [{"VPCId": i, "VPCRegion": "us-east-1"} for i in ids]},
        "list_resource_record_sets": {
            "ResourceRecordSets": [{"Name": f"clx.{SUFFIX}.", "Type": "A", "AliasTarget": alias}]
        },
        "list_clusters": {"clusters": []},
    }


class Aws:
    """Clients of all services of one account; ``denied`` are refused, in all regions or in those given."""

    def __init__(self, said: dict[str, Any], denied: set[str] | None = None, regions: set[str] | None = None) -> None:
        self.said, self.denied, self.regions, self.calls = said, denied or set(), regions, Counter[str]()

    def get(self, _service: str, _access: str = "", region: str = "") -> Client:
        return Client(self, region)


class Client:
    def __init__(self, aws: Aws, region: str) -> None:
        self.aws, self.region = aws, region
        self.meta = SimpleNamespace(region_name=region)

    def __getattr__(self, name: str) -> Any:
        def ask(**_arguments: Any) -> Any:
            self.aws.calls[name] += 1
            if name in self.aws.denied and (self.aws.regions is None or self.region in self.aws.regions):
                raise refused("UnauthorizedOperation", "not allowed")
            return self.aws.said.get(name, {})

        return ask

    def get_paginator(self, name: str) -> Any:
        return SimpleNamespace(paginate=lambda **arguments: [getattr(self, name)(**arguments)])


def survey(monkeypatch: pytest.MonkeyPatch, aws: Aws, *regions: str) -> tuple[Survey, list[str]]:
    monkeypatch.setattr(read_links, "Clients", lambda *_login: aws)
    reader = read_links.Reader(sdk=SimpleNamespace())
    places, unread = reader.places([Account(regions=regions)])
    return reader.everything(places, lambda found: evidence.wanted(found, Asked())), unread


def test_many_vpcs_take_as_many_calls_as_one(monkeypatch):
    counts = []
    for number in (1, 50):
        aws = Aws(answers(number))
        found, unread = survey(monkeypatch, aws)
        assert len(found.vpcs) == len(found.endpoints) == number
        assert (unread, found.unread) == ([], ())
        counts.append(aws.calls)
    assert counts[0] == counts[1]
    assert counts[0].total() == 15


@pytest.mark.parametrize(
    ("denied", "told", "left"),
    [
        ("describe_vpc_peering_connections", "Peerings in us-east-1 of account 111111111111", 1),
        ("describe_transit_gateway_vpc_attachments", "Transit gateways in us-east-1", 1),
        ("describe_security_groups", "Security groups in us-east-1", 1),
        ("describe_subnets", "Subnets in us-east-1", 1),
        ("list_clusters", "EKS clusters in us-east-1", 1),
        ("describe_vpc_endpoints", "VPC endpoints in us-east-1", 1),
        ("list_resource_record_sets", "Private zones of account 111111111111", 1),
        ("describe_vpcs", "VPCs in us-east-1", 1),
    ],
)
def test_what_is_refused_is_named_and_the_rest_is_read(monkeypatch, denied, told, left):
    found, _unread = survey(monkeypatch, Aws(answers(1), {denied}), "us-east-1")
    assert any(each.startswith(told) and "not allowed" in each for each in found.unread)
    made = draft.draft(found, Asked())
    assert len(made.entries) == left
    assert any(note.startswith(draft.NOT_READ) for note in made.notes)


def test_one_region_that_is_refused_does_not_take_others_with_it(monkeypatch):
    denied = {"describe_vpcs"}
    found, _unread = survey(monkeypatch, Aws(answers(1), denied, {"eu-west-1"}), "eu-west-1", "us-east-1")
    assert [each.split(" of ")[0] for each in found.asked] == ["us-east-1"]
    assert [each.split(":")[0] for each in found.unread] == [
        "VPCs in eu-west-1 of account 111111111111 (the credentials that were given)"
    ]


def test_an_account_without_a_login_is_named(monkeypatch):
    def no_clients(*_login: Any, **_where: Any) -> Any:
        raise ReadFailed("Could not log in to AWS with profile x: it is not there.")

    monkeypatch.setattr(read_links, "Clients", lambda *_login: SimpleNamespace(get=no_clients))
    places, unread = read_links.Reader(sdk=SimpleNamespace()).places([Account(regions=(), access={"profile": "x"})])
    assert places == []
    assert unread[0].startswith("The account of profile x: Could not log in")
    assert unread[0].endswith("Set discover_regions where no region is configured.")


def test_a_vpc_that_is_shared_is_its_owners(monkeypatch):
    said = answers(1)
    said["describe_vpcs"] = {"Vpcs": vpcs(1, "222222222222")}
    found, _unread = survey(monkeypatch, Aws(said), "us-east-1")
    assert [vpc.account_id for vpc in found.vpcs] == ["222222222222"]
