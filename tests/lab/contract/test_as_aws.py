# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The profile `as_aws`: what takes time, what is refused meanwhile, and what reads show too late. The clock drives it."""

from __future__ import annotations

import time
import urllib.error
from typing import Any

import boto3
import pytest
from astrolab.aws.presets import PRESETS

from .conftest import AGENTS, OTHERS, REGION, Aws, a_record, alias, here


@pytest.fixture
def strict(aws: Aws) -> Aws:
    """As the profile has it, without the waiting of latency and without stale reads, which have tests of their own."""
    aws.control("PATCH", "settings", {"profile": "as_aws", "latency_seconds": 0, "stale_seconds": 0})
    return aws


def made(aws: Aws, **later: Any) -> tuple[str, str, str]:
    """An available endpoint, its VPC and its subnet; settings that come after them."""
    vpc = aws.vpc()
    subnet = aws.subnet(vpc)
    endpoint = str(aws.endpoint(vpc, aws.service(), subnet)["VpcEndpointId"])
    aws.advance()
    aws.control("PATCH", "settings", later)
    return endpoint, vpc, subnet


def test_a_profile_names_its_settings_and_what_stands_beside_it_wins(aws: Aws) -> None:
    changed = aws.control("PATCH", "settings", {"deleting_seconds": 3, "profile": "as_aws"})
    assert changed["profile"] == "as_aws"
    assert changed["deleting_seconds"] == 3
    assert {name: changed[name] for name in PRESETS["as_aws"] if name != "deleting_seconds"} == {
        name: value for name, value in PRESETS["as_aws"].items() if name != "deleting_seconds"
    }
    kind = aws.control("PATCH", "settings", {"profile": "kind"})
    assert (kind["deleting_seconds"], kind["throttle"], kind["stale_seconds"]) == (0.3, False, 0)


def test_a_profile_leaves_what_is_no_behaviour(aws: Aws) -> None:
    aws.control("PATCH", "settings", {"denied": {AGENTS: ["ec2:CreateVpc"]}})
    assert aws.control("PATCH", "settings", {"profile": "as_aws"})["denied"] == {AGENTS: ["ec2:CreateVpc"]}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"profile": "as_asw"}, "no such profile: as_asw; there are kind, as_aws; did you mean as_aws?"),
        ({"profile": None}, "no such profile: None"),
        ({"deleting_secnds": 1}, "no such setting: deleting_secnds; did you mean deleting_seconds?"),
        ({"deleting_seconds": "1"}, "deleting_seconds is not a float: '1'"),
        ({"deleting_seconds": -1}, "deleting_seconds is below 0: -1"),
        ({"throttle": 1}, "throttle is not a bool: 1"),
        ({"seed": True}, "seed is not a int: True"),
        ({"denied": {AGENTS: "ec2:*"}}, f"denied.{AGENTS} is not a list"),
        ({"buckets": {"ec2:*": [1]}}, "buckets.ec2:* is not a burst and calls per second"),
        ({"buckets": {"ec2:*": {"burst": 1, "rate": 2}}}, "buckets.ec2:* is not a float: None"),
    ],
)
def test_a_wrong_profile_or_setting_is_named_and_nothing_is_changed(
    aws: Aws, change: dict[str, Any], sentence: str
) -> None:
    before = aws.control("GET", "settings")
    with pytest.raises(urllib.error.HTTPError) as caught:
        aws.control("PATCH", "settings", {"insync_seconds": 77, **change})
    assert caught.value.code == 400
    assert sentence in caught.value.read().decode()
    assert aws.control("GET", "settings") == before


def test_what_the_settings_say_can_be_set_again(aws: Aws) -> None:
    settings = aws.control("GET", "settings")
    assert aws.control("PATCH", "settings", settings) == settings


def test_deletion_outlasts_a_first_spell_of_waiting(strict: Aws) -> None:
    endpoint, _vpc, _subnet = made(strict)
    strict.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    strict.advance(5)
    assert strict.look(endpoint)["State"] == "deleting"
    strict.advance(2)
    with strict.refuses("InvalidVpcEndpointId.NotFound"):
        strict.look(endpoint)


def test_one_change_of_an_endpoint_at_a_time(aws: Aws) -> None:
    endpoint, vpc, _subnet = made(aws, operation_seconds=0.7)
    group = aws.group(vpc)
    aws.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSecurityGroupIds=[group])
    with aws.refuses("OperationInProgress", 400, "VpcEndpoint modify operation in progress"):
        aws.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveSecurityGroupIds=[group])
    refused = aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])["Unsuccessful"]
    assert [(each["ResourceId"], each["Error"]["Code"]) for each in refused] == [(endpoint, "OperationInProgress")]
    aws.advance(1)
    aws.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveSecurityGroupIds=[group])
    aws.advance(1)
    assert aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])["Unsuccessful"] == []


def test_a_refused_change_keeps_no_other_out(aws: Aws) -> None:
    endpoint, vpc, subnet = made(aws, operation_seconds=5)
    with aws.refuses("InvalidSubnetID.NotFound"):
        aws.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=["subnet-0"])
    aws.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSecurityGroupIds=[aws.group(vpc)])
    assert aws.look(endpoint)["SubnetIds"] == [subnet]


def test_reads_show_an_endpoint_as_it_was_for_a_while(aws: Aws) -> None:
    endpoint, vpc, _subnet = made(aws, stale_seconds=60)
    aws.settings.stale_seconds = 0
    group = aws.group(vpc)
    aws.settings.stale_seconds = 60
    aws.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSecurityGroupIds=[group])
    assert group not in [each["GroupId"] for each in aws.look(endpoint)["Groups"]]
    aws.advance(60)
    assert group in [each["GroupId"] for each in aws.look(endpoint)["Groups"]]


def test_a_deleted_endpoint_may_still_look_available(aws: Aws) -> None:
    endpoint, _vpc, _subnet = made(aws, stale_seconds=5)
    aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    assert aws.look(endpoint)["State"] == "available"
    aws.advance(5)
    assert aws.look(endpoint)["State"] == "deleting"


def test_reads_show_the_rules_of_a_group_as_they_were_for_a_while(aws: Aws) -> None:
    group = aws.group(aws.vpc())
    aws.settings.stale_seconds = 60
    permission = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])

    def shown() -> tuple[int, int]:
        found = aws.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
        rules = aws.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
        return len(found), sum(not each["IsEgress"] for each in rules["SecurityGroupRules"])

    assert shown() == (0, 0)
    with aws.refuses("InvalidPermission.Duplicate"):
        aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    aws.advance(60)
    assert shown() == (1, 1)


def test_what_was_just_made_is_not_found_by_reads_and_changes(aws: Aws) -> None:
    aws.settings.stale_seconds = 60
    vpc = aws.vpc()
    with aws.refuses("InvalidVpcID.NotFound"):
        aws.ec2.describe_vpcs(VpcIds=[vpc])
    with aws.refuses("InvalidVpcID.NotFound"):
        aws.subnet(vpc)
    with aws.refuses("InvalidVPCId"):
        aws.zone(vpc)
    aws.advance(60)
    subnet = aws.subnet(vpc)
    with aws.refuses("InvalidSubnetID.NotFound"):
        aws.ec2.describe_subnets(SubnetIds=[subnet])
    with aws.refuses("InvalidSubnet.Conflict"):
        aws.subnet(vpc)
    group = aws.group(vpc)
    with aws.refuses("InvalidGroup.NotFound"):
        aws.ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="-1", CidrIp="10.0.0.0/8")
    aws.advance(60)
    endpoint = aws.endpoint(vpc, aws.service(), subnet, SecurityGroupIds=[group])["VpcEndpointId"]
    with aws.refuses("InvalidVpcEndpointId.NotFound"):
        aws.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[subnet])
    aws.advance(60)
    assert aws.look(endpoint)["SubnetIds"] == [subnet]


def test_a_new_zone_is_not_found_at_first(aws: Aws) -> None:
    vpc = aws.vpc()
    aws.settings.stale_seconds = 60
    zone = aws.zone(vpc)
    with aws.refuses("NoSuchHostedZone", 404):
        aws.change(zone, ("CREATE", a_record("a.external.astronomer.run", "10.0.0.1")))
    assert aws.route53.list_hosted_zones()["HostedZones"] == []
    assert aws.route53.list_hosted_zones_by_vpc(VPCId=vpc, VPCRegion=REGION)["HostedZoneSummaries"] == []
    with aws.refuses("ConflictingDomainExists"):
        aws.zone(vpc, reference="again")
    aws.advance(60)
    aws.change(zone, ("CREATE", a_record("a.external.astronomer.run", "10.0.0.1")))
    assert aws.records(zone)["a.external.astronomer.run.", "A"]["TTL"] == 60


def test_reads_show_the_associations_of_a_zone_as_they_were_for_a_while(aws: Aws) -> None:
    zone, joining = aws.zone(aws.vpc()), aws.vpc("10.20.0.0/16")
    aws.settings.stale_seconds = 60
    aws.route53.associate_vpc_with_hosted_zone(HostedZoneId=zone, VPC=here(joining))

    def shown() -> tuple[bool, int]:
        found = aws.route53.list_hosted_zones_by_vpc(VPCId=joining, VPCRegion=REGION)["HostedZoneSummaries"]
        return here(joining) in aws.route53.get_hosted_zone(Id=zone)["VPCs"], len(found)

    assert shown() == (False, 0)
    aws.advance(60)
    assert shown() == (True, 1)


def test_staleness_is_drawn_by_the_seed(aws: Aws) -> None:
    def drawn(seed: int) -> list[float]:
        aws.control("PATCH", "settings", {"seed": seed, "stale_seconds": 100})
        from astrolab.aws.world import WORLD

        return [round(WORLD.stale("endpoint", AGENTS) - WORLD.now()) for _unused in range(4)]

    first = drawn(1)
    assert len(set(first)) > 1
    assert drawn(2) != first
    assert drawn(1) == first


def test_a_removed_subnet_holds_its_address_for_a_while(aws: Aws) -> None:
    endpoint, vpc, first = made(aws, release_seconds=5)
    other = aws.subnet(vpc, "10.10.2.0/24", "us-east-1b")
    aws.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[other])
    aws.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveSubnetIds=[first])
    assert aws.look(endpoint)["SubnetIds"] == [other]
    with aws.refuses("InvalidIPAddress.InUse"):
        aws.ec2.create_network_interface(SubnetId=first, PrivateIpAddress="10.10.1.4")
    with aws.refuses("DependencyViolation"):
        aws.ec2.delete_subnet(SubnetId=first)
    aws.advance(5)
    aws.ec2.create_network_interface(SubnetId=first, PrivateIpAddress="10.10.1.4")


def test_a_change_is_pending_when_its_call_is_over(strict: Aws) -> None:
    endpoint, vpc, _subnet = made(strict)
    entry = strict.look(endpoint)["DnsEntries"][0]
    zone = strict.zone(vpc)
    strict.advance(1)
    change = strict.change(zone, ("UPSERT", alias("a.external.astronomer.run", entry)))
    assert change["Status"] == "PENDING"
    assert strict.route53.get_change(Id=change["Id"])["ChangeInfo"]["Status"] == "PENDING"
    strict.advance(1)
    assert strict.route53.get_change(Id=change["Id"])["ChangeInfo"]["Status"] == "INSYNC"


def test_rate_limits_are_on(strict: Aws) -> None:
    vpc = strict.vpc()
    service = strict.service()
    zones = {each["ZoneName"] for each in strict.ec2.describe_availability_zones()["AvailabilityZones"]}
    for number, _zone in zip(range(4), sorted(zones), strict=False):
        strict.endpoint(vpc, service, strict.subnet(vpc, f"10.10.{number}.0/24"))
    with strict.refuses("RequestLimitExceeded", 503):
        strict.endpoint(vpc, service)


def test_reads_of_ec2_have_larger_buckets_than_changes(strict: Aws) -> None:
    strict.control("PATCH", "settings", {"buckets": {"ec2:*": [1, 0], "ec2:Describe*": [2, 0]}})
    for _unused in range(2):
        strict.ec2.describe_vpcs()
    with strict.refuses("RequestLimitExceeded", 503):
        strict.ec2.describe_vpcs()
    strict.ec2.describe_subnets()


class Role:
    """Another account's role, and clients that its credentials sign for."""

    def __init__(self, aws: Aws, **asked: Any) -> None:
        arn = f"arn:aws:iam::{OTHERS}:role/network"
        answer = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="lab", **asked)
        self.keys, self.url = answer["Credentials"], aws.double.url

    def client(self, service: str) -> Any:
        session: Any = boto3.Session(
            self.keys["AccessKeyId"], self.keys["SecretAccessKey"], self.keys["SessionToken"], REGION
        )
        return session.client(service, endpoint_url=self.url)


@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("ec2", "describe_vpcs", "RequestExpired", 400),
        ("route53", "list_hosted_zones", "ExpiredToken", 403),
        ("sts", "get_caller_identity", "ExpiredToken", 403),
        ("route53resolver", "list_resolver_rules", "ExpiredTokenException", 400),
    ],
)
def test_the_credentials_of_a_role_end(aws: Aws, service: str, operation: str, code: str, status: int) -> None:
    aws.settings.role_seconds = 30
    role = Role(aws)
    getattr(role.client(service), operation)()
    aws.advance(31)
    with aws.refuses(code, status):
        getattr(role.client(service), operation)()
    getattr(Role(aws).client(service), operation)()


def test_credentials_say_when_they_end(aws: Aws) -> None:
    aws.settings.role_seconds = 30
    left = Role(aws).keys["Expiration"].timestamp() - time.time()
    assert 25 < left <= 31
    aws.settings.role_seconds = None
    left = Role(aws, DurationSeconds=900).keys["Expiration"].timestamp() - time.time()
    assert 890 < left <= 901


@pytest.mark.on_aws
def test_a_role_lasts_a_quarter_of_an_hour_at_least(aws: Aws) -> None:
    with aws.refuses("ValidationError", 400, "Member must have value greater than or equal to 900"):
        Role(aws, DurationSeconds=60)


def test_each_call_may_take_longer(aws: Aws) -> None:
    aws.ec2.describe_vpcs()
    aws.settings.latency_seconds = 0.1
    began = time.monotonic()
    for _unused in range(4):
        aws.ec2.describe_vpcs()
    assert time.monotonic() - began > 0.1
