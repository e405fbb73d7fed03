# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's answers with fields missing, fields added and values that nobody knows: no exception but our own, and nothing is
taken to be there that was not seen.

The answers have the form in which the lab's AWS gives them. Each field is dropped in turn, then many at once.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible_collections.astro.privatelink.plugins.module_utils._aws import discover, read, read_links
from ansible_collections.astro.privatelink.plugins.module_utils._core.errors import PrivateLinkError
from ansible_collections.astro.privatelink.plugins.module_utils._inventory import draft, evidence, tags, written
from ansible_collections.astro.privatelink.plugins.module_utils._link import association, egress, endpoint, model, zone
from ansible_collections.astro.privatelink.plugins.module_utils._preflight import checks
from ansible_collections.astro.privatelink.plugins.module_utils._preflight.read import Account, survey
from ansible_collections.astro.privatelink.plugins.module_utils._preflight.session import Place
from hypothesis import given, settings
from hypothesis import strategies as st

ACCOUNT, VPC, GROUP, AGENTS = "111111111111", "vpc-00000001", "sg-00000001", "sg-0000000a"
SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"
ENDPOINT, ENI = "vpce-00000001", "eni-00000001"
DNS = f"{ENDPOINT}-1a2b3c4d.vpce-svc-0123456789abcdef0.us-east-1.vpce.amazonaws.com"
HOST, SUFFIX = "clx.external.astronomer.run", "external.astronomer.run"
OURS = [{"Key": "Name", "Value": "astro-privatelink"}, {"Key": "managed-by", "Value": "astro.privatelink"}]

ANSWERS: dict[str, dict[str, Any]] = {
    "describe_vpcs": {
        "Vpcs": [
            {
                "VpcId": VPC,
                "OwnerId": ACCOUNT,
                "CidrBlock": "10.1.0.0/16",
                "DhcpOptionsId": "dopt-1",
                "State": "available",
                "CidrBlockAssociationSet": [{"CidrBlock": "10.1.0.0/16", "CidrBlockState": {"State": "associated"}}],
                "Tags": [{"Key": "Name", "Value": "one"}, {"Key": "astro.privatelink/agents", "Value": ""}],
            }
        ]
    },
    "describe_subnets": {
        "Subnets": [
            {
                "SubnetId": f"subnet-0000000{letter}",
                "VpcId": VPC,
                "CidrBlock": f"10.1.{number}.0/24",
                "AvailabilityZone": f"us-east-1{letter}",
                "AvailabilityZoneId": f"use1-az{number}",
                "AvailableIpAddressCount": 250,
                "MapPublicIpOnLaunch": False,
                "OwnerId": ACCOUNT,
                "State": "available",
            }
            for number, letter in enumerate("ab", 1)
        ]
        + [
            {  # IPv6 only, as AWS gives it
                "SubnetId": "subnet-00000006",
                "VpcId": VPC,
                "AvailabilityZone": "us-east-1c",
                "AvailabilityZoneId": "use1-az3",
                "AvailableIpAddressCount": 0,
                "MapPublicIpOnLaunch": False,
                "OwnerId": ACCOUNT,
                "Ipv6Native": True,
                "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": "2600:1f18::/64"}],
            }
        ]
    },
    "describe_security_groups": {
        "SecurityGroups": [
            {
                "GroupId": GROUP,
                "GroupName": "astro-privatelink",
                "VpcId": VPC,
                "OwnerId": ACCOUNT,
                "Tags": OURS,
                "IpPermissions": [
                    {
                        "IpProtocol": "tcp",
                        "FromPort": 443,
                        "ToPort": 443,
                        "UserIdGroupPairs": [{"GroupId": AGENTS, "UserId": ACCOUNT}],
                        "IpRanges": [],
                        "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
                        "PrefixListIds": [],
                    }
                ],
                "IpPermissionsEgress": [
                    {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
                ],
            },
            {
                "GroupId": AGENTS,
                "GroupName": "agents",
                "VpcId": VPC,
                "IpPermissions": [],
                "IpPermissionsEgress": [
                    {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": GROUP}]}
                ],
            },
        ]
    },
    "describe_vpc_endpoints": {
        "VpcEndpoints": [
            {
                "VpcEndpointId": ENDPOINT,
                "VpcEndpointType": "Interface",
                "VpcId": VPC,
                "ServiceName": SERVICE,
                "State": "available",
                "SubnetIds": ["subnet-0000000a", "subnet-0000000b"],
                "Groups": [{"GroupId": GROUP, "GroupName": "astro-privatelink"}],
                "PrivateDnsEnabled": False,
                "NetworkInterfaceIds": [ENI],
                "DnsEntries": [
                    {"DnsName": DNS.replace("1a2b3c4d", "1a2b3c4d-us-east-1a"), "HostedZoneId": "Z7HUB22UULQXV"},
                    {"DnsName": DNS, "HostedZoneId": "Z7HUB22UULQXV"},
                ],
                "Tags": OURS,
                "OwnerId": ACCOUNT,
            }
        ]
    },
    "describe_network_interfaces": {
        "NetworkInterfaces": [
            {
                "NetworkInterfaceId": ENI,
                "PrivateIpAddress": "10.1.1.5",
                "SubnetId": "subnet-0000000a",
                "AvailabilityZone": "us-east-1a",
                "Groups": [{"GroupId": AGENTS}],
            },
            {
                "NetworkInterfaceId": "eni-0000000b",
                "VpcId": VPC,
                "SubnetId": "subnet-0000000b",
                "Groups": [{"GroupId": "sg-0pods"}],
                "Description": "aws-k8s-branch-eni",
                "TagSet": [{"Key": "kubernetes.io/cluster/k", "Value": "owned"}],
            },
        ]
    },
    "describe_vpc_endpoint_services": {
        "ServiceNames": [SERVICE],
        "ServiceDetails": [{"ServiceName": SERVICE, "AvailabilityZones": ["us-east-1a", "us-east-1b"]}],
    },
    "list_hosted_zones_by_name": {
        "HostedZones": [
            {
                "Id": "/hostedzone/Z1",
                "Name": f"{SUFFIX}.",
                "CallerReference": "r",
                "Config": {"PrivateZone": True, "Comment": zone.mark(VPC, "one")},
            }
        ],
        "IsTruncated": False,
        "MaxItems": "100",
    },
    "get_hosted_zone": {
        "HostedZone": {"Id": "/hostedzone/Z1", "Name": f"{SUFFIX}.", "Config": {"PrivateZone": True}},
        "VPCs": [{"VPCId": VPC, "VPCRegion": "us-east-1"}],
    },
    "list_resource_record_sets": {
        "ResourceRecordSets": [
            {"Name": f"{SUFFIX}.", "Type": "NS", "TTL": 172800, "ResourceRecords": [{"Value": "ns-0."}]},
            {
                "Name": f"{HOST}.",
                "Type": "A",
                "AliasTarget": {"DNSName": f"{DNS}.", "HostedZoneId": "Z7HUB22UULQXV", "EvaluateTargetHealth": False},
            },
        ],
        "IsTruncated": False,
    },
    "list_hosted_zones_by_vpc": {
        "HostedZoneSummaries": [{"HostedZoneId": "Z1", "Name": f"{SUFFIX}.", "Owner": {"OwningAccount": ACCOUNT}}],
        "MaxItems": "100",
    },
    "list_vpc_association_authorizations": {"HostedZoneId": "Z1", "VPCs": [{"VPCId": VPC, "VPCRegion": "us-east-1"}]},
    "describe_network_acls": {
        "NetworkAcls": [
            {
                "NetworkAclId": "acl-1",
                "VpcId": VPC,
                "Associations": [{"SubnetId": "subnet-0000000a"}],
                "Entries": [
                    {"RuleNumber": 100, "Egress": e, "RuleAction": "allow", "CidrBlock": "0.0.0.0/0", "Protocol": "-1"}
                    for e in (True, False)
                ]
                + [
                    {
                        "RuleNumber": 101,
                        "Egress": True,
                        "RuleAction": "allow",
                        "Ipv6CidrBlock": "::/0",
                        "Protocol": "-1",
                    }
                ],
            }
        ]
    },
    "describe_dhcp_options": {
        "DhcpOptions": [
            {
                "DhcpOptionsId": "dopt-1",
                "DhcpConfigurations": [{"Key": "domain-name-servers", "Values": [{"Value": "AmazonProvidedDNS"}]}],
            }
        ]
    },
    "describe_route_tables": {
        "RouteTables": [
            {
                "RouteTableId": "rtb-1",
                "VpcId": VPC,
                "Associations": [{"Main": True}, {"SubnetId": "subnet-0000000a", "Main": False}],
                "Routes": [
                    {"DestinationCidrBlock": "10.2.0.0/16", "VpcPeeringConnectionId": "pcx-1", "State": "active"},
                    {"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1", "State": "active"},
                ],
            }
        ]
    },
    "describe_vpc_peering_connections": {
        "VpcPeeringConnections": [{"RequesterVpcInfo": {"VpcId": VPC}, "AccepterVpcInfo": {"VpcId": "vpc-00000002"}}]
    },
    "describe_transit_gateway_vpc_attachments": {
        "TransitGatewayVpcAttachments": [
            {"TransitGatewayId": "tgw-1", "VpcId": VPC, "Options": {"SecurityGroupReferencingSupport": "enable"}}
        ]
    },
    "describe_transit_gateways": {
        "TransitGateways": [{"TransitGatewayId": "tgw-1", "Options": {"SecurityGroupReferencingSupport": "enable"}}]
    },
    "describe_vpc_attribute": {"EnableDnsSupport": {"Value": True}, "EnableDnsHostnames": {"Value": True}},
    "list_resolver_rule_associations": {
        "ResolverRuleAssociations": [
            {"Id": "a", "VPCId": VPC, "ResolverRuleId": "rslvr-rr-1", "Status": "COMPLETE"},
            {"Id": "b", "VPCId": VPC, "ResolverRuleId": "rslvr-rr-2", "Status": "COMPLETE"},
        ]
    },
    "list_resolver_rules": {
        "ResolverRules": [
            {"Id": "rslvr-rr-1", "DomainName": "corp.example.", "RuleType": "FORWARD"},
            {"Id": "rslvr-rr-2", "DelegationRecord": "ns.corp.example.", "RuleType": "DELEGATE"},
        ]
    },
    "list_profile_associations": {
        "ProfileAssociations": [{"ResourceId": VPC, "ProfileId": "rp-1", "Status": "COMPLETE"}]
    },
    "list_profile_resource_associations": {
        "ProfileResourceAssociations": [{"ResourceArn": "arn:aws:route53:::hostedzone/Z9", "ProfileId": "rp-1"}]
    },
    "get_caller_identity": {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/x", "UserId": "U"},
    "get_hosted_zone_limit": {"Limit": {"Type": "MAX_VPCS_ASSOCIATED_BY_ZONE", "Value": 300}, "Count": 1},
    "get_account_limit": {"Limit": {"Type": "MAX_HOSTED_ZONES_BY_OWNER", "Value": 500}, "Count": 1},
    "get_service_quota": {"Quota": {"Value": 50.0}},
    "describe_instances": {
        "Reservations": [
            {
                "OwnerId": ACCOUNT,
                "Instances": [
                    {
                        "InstanceId": "i-1",
                        "VpcId": VPC,
                        "PrivateIpAddress": "10.1.1.9",
                        "PrivateDnsName": "ip-10-1-1-9.ec2.internal",
                        "Tags": [
                            {"Key": "role", "Value": "agent"},
                            {"Key": "kubernetes.io/cluster/k", "Value": "owned"},
                        ],
                        "NetworkInterfaces": [
                            {"VpcId": VPC, "SubnetId": "subnet-0000000a", "Groups": [{"GroupId": "sg-0nodes"}]}
                        ],
                    }
                ],
            }
        ]
    },
    "list_clusters": {"clusters": ["k"]},
    "describe_cluster": {
        "cluster": {
            "name": "k",
            "resourcesVpcConfig": {"vpcId": VPC, "clusterSecurityGroupId": "sg-0cluster"},
            "tags": {},
        }
    },
}

LINK = model.Link(name="one", vpc_id=VPC, service_name=SERVICE, sources=frozenset([AGENTS]))
TARGET = zone.Alias(dns_name=DNS, hosted_zone_id="Z7HUB22UULQXV")
ZONE_LINK = zone.Link(
    name="one",
    vpc_id=VPC,
    zone=SUFFIX,
    records={HOST: TARGET},
    vpcs=(zone.Vpc(name="one", vpc_id=VPC, region="us-east-1", access="other"),),
)


class Aws:
    """A client of any service: each method gives its answer, whatever it is asked; other methods give an empty one."""

    meta = SimpleNamespace(region_name="us-east-1")

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers

    def __getattr__(self, name: str) -> Any:
        return lambda **_arguments: self.answers.get(name, {})

    def get_paginator(self, name: str) -> Any:
        return SimpleNamespace(paginate=lambda **_arguments: [self.answers[name]])

    def get(self, *_where: str, **_more: str) -> Aws:
        return self


Where = tuple[Any, ...]


def fields(answer: Any, at: Where = ()) -> Iterator[Where]:
    """The way to every field of every object of an answer."""
    if isinstance(answer, dict):
        for key, value in answer.items():
            yield (*at, key)
            yield from fields(value, (*at, key))
    elif isinstance(answer, list):
        for number, value in enumerate(answer):
            yield from fields(value, (*at, number))


FIELDS = [where for where in fields(ANSWERS) if len(where) > 1]
CHANGES = ("drop", "none", "empty", "strange", "more", "hostile")
HOSTILE = "{{ lookup('pipe', 'touch /tmp/owned') }}\x1b]0;owned\x07\u202e\r\n<script>alert(1)</script>" + "A" * 10_000
_ENUMS = {
    "State",
    "RuleType",
    "Type",
    "VpcEndpointType",
    "IpProtocol",
    "Protocol",
    "RuleAction",
    "Status",
    "Key",
    "Region",
}


def changed(changes: dict[Where, str]) -> dict[str, Any]:
    """The answers with changes. A field whose parent has gone is left alone."""
    answers = copy.deepcopy(ANSWERS)
    for where, change in changes.items():
        parent: Any = answers
        try:
            for step in where[:-1]:
                parent = parent[step]
            _change(parent, where[-1], change)
        except (KeyError, TypeError, IndexError):
            continue
    return answers


def _change(parent: dict[str, Any], key: str, change: str) -> None:
    value = parent[key]
    if change == "drop":
        del parent[key]
    elif change == "none":
        parent[key] = None
    elif change == "empty":
        parent[key] = type(value)()
    elif change == "more":
        parent["SomethingNew"] = {"Of": ["an", "unknown", "form"]}
    elif change == "hostile":
        parent[key] = HOSTILE if isinstance(value, str) else value
    elif key in _ENUMS:
        parent[key] = "brand-new"


def some(answers: dict[str, Any], method: str, key: str) -> list[dict[str, Any]]:
    return [each for each in answers[method].get(key) or [] if isinstance(each, dict)]


# --- what is done with the answers; each returns what is claimed to be there


def look_at_endpoints(answers: dict[str, Any]) -> None:
    have = read.read_fleet(Aws(answers), [LINK])
    plan = endpoint.plan([LINK], have)
    problems = [*plan.findings, *endpoint.status(LINK, have, 0)]
    assert all(one.text.isprintable() and len(one.text) < 5000 for one in problems)
    said = endpoint.result(LINK, have)
    seen = {
        each.get("VpcEndpointId"): each
        for each in some(answers, "describe_vpc_endpoints", "VpcEndpoints")
        if each.get("State") == "available" and each.get("VpcId") == VPC and each.get("ServiceName") == SERVICE
    }
    if said["state"] == "available":
        assert said["vpc_endpoint_id"] in seen
        assert said["dns_name"] in {"", DNS}
    if not plan.calls and not problems:
        there = seen[said["vpc_endpoint_id"]]
        assert {"subnet-0000000a", "subnet-0000000b"} <= set(there["SubnetIds"])
        assert GROUP in [group.get("GroupId") for group in there["Groups"]]
        assert (said["dns_name"], said["hosted_zone_id"]) == (DNS, "Z7HUB22UULQXV")
        (group,) = (
            each for each in some(answers, "describe_security_groups", "SecurityGroups") if each.get("GroupId") == GROUP
        )
        (rule,) = group["IpPermissions"]
        assert AGENTS in [pair.get("GroupId") for pair in rule["UserIdGroupPairs"]]
        assert rule["IpProtocol"] == "-1" or rule["FromPort"] <= 443 <= rule["ToPort"]
    creates = [call for call in plan.calls if call.operation == "CreateVpcEndpoint"]
    assert not creates or not [
        each
        for each in some(answers, "describe_vpc_endpoints", "VpcEndpoints")
        if each.get("VpcId") == VPC and each.get("ServiceName") in {SERVICE, None, ""}
    ], "a second endpoint"


def look_at_zones(answers: dict[str, Any]) -> None:
    have = read.read_zones(Aws(answers), [ZONE_LINK])
    plan = zone.plan([ZONE_LINK], have)
    said = zone.result(ZONE_LINK, ZONE_LINK.vpcs[0], have)
    if said["associated"]:
        assert VPC in [vpc.get("VPCId") for vpc in answers["get_hosted_zone"]["VPCs"]]
    if not [call for call in plan.calls if "Authorization" not in call.operation] and not plan.findings:
        records = some(answers, "list_resource_record_sets", "ResourceRecordSets")
        targets = [
            each["AliasTarget"] for each in records if each.get("Name") == f"{HOST}." and each.get("AliasTarget")
        ]
        assert [(t.get("DNSName"), t.get("HostedZoneId")) for t in targets] == [(f"{DNS}.", "Z7HUB22UULQXV")]
        assert said["associated"]


def look_at_associations(answers: dict[str, Any]) -> None:
    have = read.read_zones_by_vpc(Aws(answers), {VPC: "us-east-1"})
    one = association.Association(name="one", vpc_id=VPC, region="us-east-1", zone_id="Z1")
    if not association.plan([one], have).calls:
        zones = some(answers, "list_hosted_zones_by_vpc", "HostedZoneSummaries")
        assert "Z1" in [each.get("HostedZoneId") for each in zones]


def look_at_egress(answers: dict[str, Any]) -> None:
    allowed = egress.rule({"group": GROUP, "port": 443})
    want = egress.Agents(name="one", vpc_id=VPC, group_id=AGENTS, allowed=frozenset([allowed]))
    have = read.read_egress(Aws(answers), [AGENTS])
    plan = egress.plan([want], have)
    egress.result([want], have)
    if not plan.calls and not plan.findings:
        groups = some(answers, "describe_security_groups", "SecurityGroups")
        (rule,) = (rule for each in groups if each.get("GroupId") == AGENTS for rule in each["IpPermissionsEgress"])
        assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 443, 443)
        assert rule["UserIdGroupPairs"][0]["GroupId"] == GROUP


def look_at_everything(answers: dict[str, Any]) -> None:
    """Preflight: findings are made of what was seen, and the VPC is always told of."""
    vpc = checks.Vpc(name="one", vpc_id=VPC, region="us-east-1", host=HOST, sources=frozenset([AGENTS, "10.1.0.0/16"]))
    joined = checks.Vpc(
        name="two", vpc_id="vpc-00000002", region="us-east-1", host=HOST, via="one", sources=frozenset([AGENTS])
    )
    place = Place(clients=Aws(answers), access="", region="us-east-1", vpcs=(vpc, joined), links=(LINK,))
    account = Account(place=Place(clients=Aws(answers), access=""), links=(ZONE_LINK,))
    seen = survey([place], [account], (1, 40, 0))
    found = checks.judge(seen)
    assert all(one.text.isprintable() and len(one.text) < 5000 for one in found)
    shown = checks.public(seen)
    assert {"one", "two"} <= {one.vpc for one in found} | set(shown)
    states = [each.get("State") for each in some(answers, "describe_vpc_endpoints", "VpcEndpoints")]
    assert shown.get("one", {}).get("state") != "available" or "available" in states


def look_for_an_inventory(answers: dict[str, Any]) -> None:
    account = tags.Account(regions=("us-east-1",), access={})
    here = {"tag-key": ["x"]}
    wanted = tags.Wanted(vpcs=here, groups=here, machines=here, clusters="all", interfaces=True)
    found, problem = discover._read(Aws(answers), account, "us-east-1", wanted)
    hosts = tags.hosts(found, tags.Rules(kinds={"agents": "str"}, eks_security_groups="used"))
    assert all(host.name == host.id or (host.name.isprintable() and "{" not in host.name) for host in hosts)
    groups = {group for host in hosts for group in host.variables.get("privatelink_agent_security_groups", ())}
    told = {"sg-0nodes": "describe_instances", "sg-0pods": "describe_network_interfaces"}
    assert {group for group in told if group in groups} <= {
        group for group in told if group in repr(answers[told[group]])
    }
    if answers == ANSWERS:
        assert told.keys() <= groups
        assert "sg-0cluster" not in groups
    known = [vpc.get("VpcId") for vpc in some(answers, "describe_vpcs", "Vpcs")]
    assert {host.id for host in hosts if host.group == "agent_vpcs"} <= set(known)
    assert hosts or problem or VPC not in known


class InventoryLoader(yaml.SafeLoader):
    """YAML as Ansible reads it: what is marked as unsafe is text."""


InventoryLoader.add_constructor("!unsafe", yaml.SafeLoader.construct_yaml_str)


def look_for_links(answers: dict[str, Any]) -> None:
    """Discovery: what is written was seen, or is to be filled in; no odd answer takes the rest with it."""
    account = tags.Account(regions=("us-east-1",), access={})
    place = read_links.Place(clients=Aws(answers), account=account, account_id="1", region="us-east-1")  # type: ignore[arg-type]
    asked = evidence.Asked(services=(SERVICE,))
    reader = read_links.Reader(sdk=Aws(answers))  # type: ignore[arg-type]
    found = reader.everything([place], lambda survey: evidence.wanted(survey, asked))
    made = draft.draft(reader.serving([place], found, evidence.unnamed(found, asked)), asked)
    yaml.load(written.text(made, "inventory.yml"), Loader=InventoryLoader)
    for entry in made.entries:
        known = {line.key: line.value for line in entry.lines}
        if not entry.unfilled:
            assert known.get("via") or known["service_name"] in repr(answers["describe_vpc_endpoints"])
            zones = [answers[f"list_hosted_zones_by_{each}"] for each in ("name", "vpc")]
            assert known.get("hosted_zone_id", "Z1") in repr(zones)
            assert known["cluster_id"] in repr(answers["list_resource_record_sets"])
    if answers == ANSWERS:
        assert [entry.unfilled for entry in made.entries if entry.value("vpc_id") == VPC] == [{}]


LOOKS = [
    look_at_endpoints,
    look_at_zones,
    look_at_associations,
    look_at_egress,
    look_at_everything,
    look_for_an_inventory,
    look_for_links,
]


def tried(look: Any, changes: dict[Where, str]) -> None:
    try:
        look(changed(changes))
    except PrivateLinkError:
        pass  # our own, which names its account
    except Exception as problem:
        raise AssertionError(f"{changes}: {type(problem).__name__}: {problem}") from problem


@pytest.mark.parametrize("look", LOOKS)
def test_complete_answers_leave_nothing_to_do(look):
    """Else the others would prove nothing."""
    look(changed({}))
    have = read.read_fleet(Aws(changed({})), [LINK])
    plan = endpoint.plan([LINK], have)
    assert (plan.calls, plan.findings, endpoint.status(LINK, have, 0)) == ((), (), [])
    zones = read.read_zones(Aws(changed({})), [ZONE_LINK])
    assert zone.result(ZONE_LINK, ZONE_LINK.vpcs[0], zones)["associated"] is True


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("look", LOOKS)
def test_each_field_in_turn(look, change):
    for where in FIELDS:
        tried(look, {where: change})


@settings(max_examples=120, deadline=None, derandomize=True, database=None)
@given(st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(CHANGES), min_size=2, max_size=12))
def test_many_at_once(changes):
    for look in LOOKS:
        tried(look, changes)
