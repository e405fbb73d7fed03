# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight on the lab: AWS is put into each bad state for real, and preflight names it and nothing else."""

from __future__ import annotations

import json
import urllib.request
from contextlib import ExitStack
from unittest import mock
from uuid import uuid4

import pytest
import yaml
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._preflight import read
from ansible_collections.astro.privatelink.plugins.module_utils._roles import preflight as _scope
from astrolab.astro.organization import DEPLOYMENT, WITHOUT_AGENTS
from by_hand import permission
from running import play, run_module, settings

REGION, FAR, OTHER = "us-east-1", "eu-west-1", "222222222222"
SUFFIX = "external.astronomer.run"


def hostvars(lab, **changes):
    """The lab's inventory as Ansible would give it, with changes by host; ``every`` changes all."""
    known = yaml.safe_load(lab.inventory.read_text())["agent_vpcs"]
    every = changes.pop("every", {})
    names = known["hosts"].keys() | changes.keys()
    hosts = {
        name: {**known["vars"], **every, **known["hosts"].get(name, {}), **changes.get(name, {})} for name in names
    }
    return {name: {k: v for k, v in host.items() if v is not None} for name, host in hosts.items()}


def look(lab, limit=(), **changes):
    """(code, VPC) of everything that preflight finds."""
    known = hostvars(lab, **{name: {f"privatelink_{k}": v for k, v in new.items()} for name, new in changes.items()})
    done = run_module(lab, "preflight", region=REGION, **_scope.scope(Inventory.read(known, sorted(limit or known))))
    assert not done.get("failed"), done.get("msg")
    assert done["changed"] is False
    return sorted({(one["code"], one["vpc"]) for one in done["findings"]})


@pytest.fixture
def ec2(lab):
    return lab.client("ec2")


@pytest.fixture
def route53(lab):
    return lab.client("route53")


@pytest.fixture
def undo():
    """What a test did to AWS is taken back in reverse order."""
    with ExitStack() as stack:
        yield stack.callback


def vpc_id(lab, name):
    return lab.record.vpcs[name].id


def subnets(lab, ec2, name):
    """By the letters of the topology."""
    found = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id(lab, name)]}])["Subnets"]
    tags = {each["SubnetId"]: {tag["Key"]: tag["Value"] for tag in each["Tags"]} for each in found}
    return {tag.get("Name", "").removeprefix(f"{name}-"): subnet for subnet, tag in tags.items()}


def main_table(lab, ec2, name):
    filters = [{"Name": "vpc-id", "Values": [vpc_id(lab, name)]}, {"Name": "association.main", "Values": ["true"]}]
    return ec2.describe_route_tables(Filters=filters)["RouteTables"][0]


def control(lab, path, content, method="PUT"):
    request = urllib.request.Request(f"{lab.record.url}/_lab/{path}", json.dumps(content).encode(), method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def private_zone(route53, undo, vpc, name=SUFFIX):
    where = {"VPCId": vpc, "VPCRegion": REGION}
    reply = route53.create_hosted_zone(
        Name=name, CallerReference=uuid4().hex, VPC=where, HostedZoneConfig={"PrivateZone": True}
    )
    zone = reply["HostedZone"]["Id"].rpartition("/")[2]
    undo(route53.delete_hosted_zone, Id=zone)
    return zone


def test_the_demo_is_silent(lab):
    assert look(lab) == []


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"vpc_id": "vpc-00000000000000000"}, ["VPC_NOT_FOUND"]),
        ({"service_name": f"com.amazonaws.vpce.{REGION}.vpce-svc-00000000000000000"}, ["SERVICE_NOT_FOUND"]),
        ({"service_name": f"com.amazonaws.vpce.{FAR}.vpce-svc-00000000000000000"}, ["SERVICE_REGION_MISSING"]),
        (
            {"service_name": f"com.amazonaws.vpce.{FAR}.vpce-svc-00000000000000000", "service_region": FAR},
            ["REGION_NOT_ENABLED"],
        ),
        ({"subnet_ids": ["subnet-00000000"]}, ["SUBNET_NOT_FOUND"]),
        ({"agent_security_groups": ["sg-00000000"]}, ["SECURITY_GROUP_NOT_FOUND"]),
        ({"hosted_zone_id": "Z00000000000000000000"}, ["ZONE_NOT_FOUND"]),
        ({"endpoint_id": "vpce-00000000"}, ["ENDPOINT_NOT_FOUND"]),
        ({"other_clusters": ["clq7t3w5z000209mb4d8e6f1y"]}, ["ZONE_SHADOWS_NAMES"]),
        ({"other_clusters": ["clq7t3w5z000209mb4d8e6f1y"], "dns_layout": "host_zone"}, []),
    ],
)
def test_what_the_inventory_says_does_not_fit(lab, changes, found):
    assert look(lab, ledger=changes) == [(code, "ledger") for code in found]


class TestSubnets:
    def test_a_zone_that_the_service_does_not_offer(self, lab, ec2):
        assert look(lab, payments={"subnet_ids": [subnets(lab, ec2, "payments")["c"]]}) == [
            ("AZ_UNSUPPORTED", "payments")
        ]

    def test_two_in_one_zone_and_one_that_is_full(self, lab, ec2, undo):
        small = ec2.create_subnet(VpcId=vpc_id(lab, "ledger"), CidrBlock="10.20.9.0/28", AvailabilityZoneId="use1-az1")[
            "Subnet"
        ]["SubnetId"]
        undo(ec2.delete_subnet, SubnetId=small)
        both = [small, subnets(lab, ec2, "ledger")["a"]]
        assert look(lab, ledger={"subnet_ids": both}) == [("SUBNETS_SAME_AZ", "ledger")]
        for _each in range(11):
            made = ec2.create_network_interface(SubnetId=small)["NetworkInterface"]["NetworkInterfaceId"]
            undo(ec2.delete_network_interface, NetworkInterfaceId=made)
        assert look(lab, ledger={"subnet_ids": [small]}) == [("SUBNET_FULL", "ledger")]

    def test_a_vpc_that_is_only_shared_with_this_account(self, lab, undo):
        undo(settings, lab, shared_vpcs={})
        settings(lab, shared_vpcs={vpc_id(lab, "ledger"): OTHER})
        assert ("SHARED_VPC_PARTICIPANT", "ledger") in look(lab)

    def test_a_zone_that_another_regions_service_may_not_be_reached_from(self, lab, ec2):
        far = control(lab, "services", {"account": "999988887777", "region": FAR, "supported_regions": [FAR, REGION]})[
            "name"
        ]
        service = {"service_name": far, "service_region": FAR}
        assert look(lab, payments=service) == []
        doubtful = {**service, "subnet_ids": [subnets(lab, ec2, "payments")["c"]]}
        assert look(lab, payments=doubtful) == [("AZ_REMOTE_DOUBTFUL", "payments")]
        settings(lab, denied={lab.record.account: ["vpce:AllowMultiRegion"]})
        assert look(lab, payments=service) == [("MULTIREGION_DENIED", "payments")]
        settings(lab, denied={})
        with mock.patch.object(read, "sdk_version", return_value=(1, 35, 69)):
            assert look(lab, payments=service) == [("SDK_TOO_OLD", "payments")]


class TestEndpoints:
    def test_one_that_somebody_else_made_and_two_of_ours(self, lab, ec2, undo):
        known = hostvars(lab)["ledger"]

        def make():
            made = ec2.create_vpc_endpoint(
                VpcId=known["privatelink_vpc_id"],
                VpcEndpointType="Interface",
                ServiceName=known["privatelink_service_name"],
                SubnetIds=[subnets(lab, ec2, "ledger")["a"]],
                PrivateDnsEnabled=False,
            )["VpcEndpoint"]["VpcEndpointId"]
            undo(ec2.delete_vpc_endpoints, VpcEndpointIds=[made])
            return made

        settings(lab, acceptance_seconds=None)  # nobody accepts it, so AWS shows no name of it
        undo(settings, lab, profile="as_aws")
        one = make()
        assert look(lab) == [("ENDPOINT_FOREIGN", "ledger")]
        assert look(lab, ledger={"endpoint_id": one}) == [("DEFAULT_SECURITY_GROUP", "ledger")]
        two = make()
        ec2.create_tags(Resources=[one, two], Tags=[{"Key": "managed-by", "Value": "astro.privatelink"}])
        assert look(lab) == [("ENDPOINT_DUPLICATE", "ledger")]

    def test_a_vpc_that_is_full_of_endpoints(self, lab, ec2, undo):
        full = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
        zoned = {"CidrBlock": "10.77.1.0/24", "AvailabilityZoneId": "use1-az1"}
        subnet = ec2.create_subnet(VpcId=full, **zoned)["Subnet"]["SubnetId"]
        ec2.modify_vpc_attribute(VpcId=full, EnableDnsHostnames={"Value": True})
        service = f"com.amazonaws.{REGION}.ec2"
        wanted = {"VpcEndpointType": "Interface", "ServiceName": service, "PrivateDnsEnabled": False}
        ids = [
            ec2.create_vpc_endpoint(VpcId=full, SubnetIds=[subnet], **wanted)["VpcEndpoint"]["VpcEndpointId"]
            for _each in range(50)
        ]
        undo(ec2.delete_vpc_endpoints, VpcEndpointIds=ids)
        other = {"vpc_id": full, "agent_cidrs": ["10.77.0.0/16"]}
        assert ("ENDPOINTS_REACHED", "full") in look(lab, full=other)

    def test_a_dry_run_tells_that_a_call_would_be_refused(self, lab, undo):
        undo(settings, lab, denied={}, endpoints_per_vpc=50)
        settings(lab, denied={lab.record.account: ["ec2:CreateVpcEndpoint"]})
        assert look(lab) == [("PERMISSION_MISSING", "ledger"), ("PERMISSION_MISSING", "payments")]
        settings(lab, denied={}, endpoints_per_vpc=0)
        assert look(lab) == [("ENDPOINT_QUOTA", "ledger"), ("ENDPOINT_QUOTA", "payments")]


class TestSecurityGroups:
    def test_groups_of_the_users_that_do_not_admit_the_agents(self, lab, ec2, undo):
        known = hostvars(lab)["ledger"]
        mine = ec2.create_security_group(GroupName="mine", Description="mine", VpcId=vpc_id(lab, "ledger"))["GroupId"]
        undo(ec2.delete_security_group, GroupId=mine)
        ledger = {"endpoint_security_groups": [mine]}
        assert look(lab, ledger=ledger) == [("AGENT_NOT_ADMITTED", "ledger")]
        (agents,) = known["privatelink_agent_security_groups"]
        ec2.authorize_security_group_ingress(GroupId=mine, IpPermissions=[permission(group=agents)])
        assert look(lab, ledger=ledger) == []
        assert look(lab, ledger={**ledger, "agent_cidrs": ["100.64.0.0/16"]}) == [("AGENT_NOT_ADMITTED", "ledger")]

    def test_the_default_group(self, lab, ec2, undo):
        filters = [{"Name": "vpc-id", "Values": [vpc_id(lab, "ledger")]}, {"Name": "group-name", "Values": ["default"]}]
        default = ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]
        rule = {"GroupId": default, "IpPermissions": [permission(cidr="10.20.0.0/16")]}
        ec2.authorize_security_group_ingress(**rule)
        undo(ec2.revoke_security_group_ingress, **rule)
        assert look(lab, ledger={"endpoint_security_groups": [default]}) == [("DEFAULT_SECURITY_GROUP", "ledger")]

    def test_agents_in_a_second_range(self, lab, ec2):
        vpc = ec2.create_vpc(CidrBlock="10.78.0.0/16")["Vpc"]["VpcId"]
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="100.64.0.0/16")
        for cidr in ("10.78.1.0/24", "100.64.1.0/24"):
            ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZoneId="use1-az1")
        second = {"vpc_id": vpc, "agent_cidrs": ["10.78.0.0/16"]}
        assert look(lab, second=second) == [("AGENT_RANGE_NOT_ADMITTED", "second")]
        assert look(lab, second={**second, "agent_cidrs": ["10.78.0.0/16", "100.64.0.0/16"]}) == []


class TestNetwork:
    @pytest.mark.parametrize(("egress", "ports"), [(False, (443, 443)), (True, (1024, 65535))])
    def test_a_network_acl_blocks(self, lab, ec2, undo, egress, ports):
        filters = [{"Name": "vpc-id", "Values": [vpc_id(lab, "payments")]}]
        acl = ec2.describe_network_acls(Filters=filters)["NetworkAcls"][0]["NetworkAclId"]
        entry = {"NetworkAclId": acl, "RuleNumber": 50, "Egress": egress}
        port_range = {"From": ports[0], "To": ports[1]}
        ec2.create_network_acl_entry(
            **entry, Protocol="6", RuleAction="deny", CidrBlock="0.0.0.0/0", PortRange=port_range
        )
        undo(ec2.delete_network_acl_entry, **entry)
        assert look(lab) == [("NACL_BLOCKS", "analytics"), ("NACL_BLOCKS", "payments")]

    @pytest.mark.parametrize(("vpc", "cidr"), [("analytics", "10.10.0.0/16"), ("payments", "10.30.0.0/16")])
    def test_a_route_is_missing_on_either_side(self, lab, ec2, undo, vpc, cidr):
        table = main_table(lab, ec2, vpc)
        (route,) = [each for each in table["Routes"] if each.get("DestinationCidrBlock") == cidr]
        entry = {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": cidr}
        ec2.delete_route(**entry)
        undo(ec2.create_route, **entry, VpcPeeringConnectionId=route["VpcPeeringConnectionId"])
        assert look(lab) == [("ROUTE_MISSING", "analytics")]

    def test_agents_may_be_where_no_route_is(self, lab, ec2, undo):
        table = ec2.create_route_table(VpcId=vpc_id(lab, "analytics"))["RouteTable"]["RouteTableId"]
        undo(ec2.delete_route_table, RouteTableId=table)
        there = ec2.associate_route_table(RouteTableId=table, SubnetId=subnets(lab, ec2, "analytics")["b"])
        undo(ec2.disassociate_route_table, AssociationId=there["AssociationId"])
        assert look(lab) == [("ROUTE_MISSING_SOMEWHERE", "analytics")]

    def test_groups_are_named_over_a_peering_only(self, lab, ec2):
        group = ec2.describe_security_groups(
            Filters=[
                {"Name": "vpc-id", "Values": [vpc_id(lab, "analytics")]},
                {"Name": "group-name", "Values": ["analytics-agents"]},
            ]
        )["SecurityGroups"][0]["GroupId"]
        named = {"agent_security_groups": [group], "agent_cidrs": None}
        assert look(lab, analytics=named) == []
        lonely = {**named, "via": "ledger"}
        assert look(lab, analytics=lonely) == [("ROUTE_MISSING", "analytics"), ("SG_REF_INVALID", "analytics")]
        assert look(lab, analytics={**named, "agent_security_groups": ["sg-00000000"]}) == [
            ("SECURITY_GROUP_NOT_FOUND", "analytics")
        ]

    def test_a_link_shared_over_accounts_wants_a_word_with_support(self, lab):
        far = lab.client("ec2", OTHER)
        vpc = far.create_vpc(CidrBlock="10.79.0.0/16")["Vpc"]["VpcId"]
        far.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        role = f"arn:aws:iam::{OTHER}:role/privatelink"
        abroad = {"vpc_id": vpc, "via": "payments", "agent_cidrs": ["10.79.0.0/16"], "assume_role_arn": role}
        assert look(lab, abroad=abroad) == [("SUPPORT_NEEDED", "abroad")]
        assert look(lab, abroad={**abroad, "support_confirmed": True}) == []


class TestNames:
    @pytest.mark.parametrize("attribute", ["EnableDnsHostnames", "EnableDnsSupport"])
    def test_dns_attributes(self, lab, ec2, undo, attribute):
        undo(ec2.modify_vpc_attribute, VpcId=vpc_id(lab, "ledger"), **{attribute: {"Value": True}})
        ec2.modify_vpc_attribute(VpcId=vpc_id(lab, "ledger"), **{attribute: {"Value": False}})
        assert look(lab) == [("VPC_DNS_OFF", "ledger")]

    def test_name_servers_of_the_companys_own(self, lab, ec2, undo):
        ledger = vpc_id(lab, "ledger")
        before = ec2.describe_vpcs(VpcIds=[ledger])["Vpcs"][0]["DhcpOptionsId"]
        undo(ec2.associate_dhcp_options, DhcpOptionsId=before, VpcId=ledger)
        for servers, found in ((["10.20.0.2"], []), (["10.20.1.53"], [("CUSTOM_DNS", "ledger")])):
            options = [{"Key": "domain-name-servers", "Values": servers}]
            made = ec2.create_dhcp_options(DhcpConfigurations=options)["DhcpOptions"]["DhcpOptionsId"]
            ec2.associate_dhcp_options(DhcpOptionsId=made, VpcId=ledger)
            assert look(lab) == found

    def test_a_resolver_rule_for_the_suffix_and_one_that_is_less_specific(self, lab, ec2, undo):
        resolver, ledger, here = lab.client("route53resolver"), vpc_id(lab, "ledger"), subnets(lab, ec2, "ledger")
        group = ec2.create_security_group(GroupName="resolver", Description="resolver", VpcId=ledger)["GroupId"]
        outbound = resolver.create_resolver_endpoint(
            CreatorRequestId="preflight",
            Direction="OUTBOUND",
            SecurityGroupIds=[group],
            IpAddresses=[
                {"SubnetId": here["a"], "Ip": "10.20.1.53"},
                {"SubnetId": here["b"], "Ip": "10.20.2.53"},
            ],
            Name="out",
        )["ResolverEndpoint"]["Id"]
        for domain, found in (("run", []), (SUFFIX, [("RESOLVER_RULE_WINS", "ledger")])):
            rule = resolver.create_resolver_rule(
                CreatorRequestId=domain,
                RuleType="FORWARD",
                Name=domain.replace(".", "-"),
                DomainName=domain,
                TargetIps=[{"Ip": "10.0.0.53", "Port": 53}],
                ResolverEndpointId=outbound,
            )["ResolverRule"]["Id"]
            resolver.associate_resolver_rule(ResolverRuleId=rule, VPCId=ledger, Name="corp")
            undo(resolver.disassociate_resolver_rule, ResolverRuleId=rule, VPCId=ledger)
            assert look(lab) == found

    def test_a_zone_of_the_same_name(self, lab, route53, undo):
        private_zone(route53, undo, vpc_id(lab, "ledger"))
        assert look(lab) == [("ZONE_CONFLICT", "ledger")]

    def test_a_zone_of_another_account(self, lab, undo):
        theirs = lab.client("route53", OTHER)
        holder = lab.client("ec2", OTHER).create_vpc(CidrBlock="10.80.0.0/16")["Vpc"]["VpcId"]
        zone = private_zone(theirs, undo, holder)
        here = {"HostedZoneId": zone, "VPC": {"VPCId": vpc_id(lab, "ledger"), "VPCRegion": REGION}}
        theirs.create_vpc_association_authorization(**here)
        lab.client("route53").associate_vpc_with_hosted_zone(**here)
        undo(theirs.disassociate_vpc_from_hosted_zone, **here)
        assert look(lab) == [("ZONE_TAKEN", "ledger")]

    def test_a_zone_of_the_host_alone_goes_before_the_suffix(self, lab, route53, undo):
        private_zone(route53, undo, vpc_id(lab, "ledger"), lab.record.cluster_host)
        assert look(lab) == [("ZONE_MORE_SPECIFIC", "ledger")]

    def test_a_zone_that_comes_through_a_profile(self, lab, route53, undo):
        zone = private_zone(route53, undo, vpc_id(lab, "payments"), f"profile.{SUFFIX}")
        suffix = private_zone(route53, undo, lab.client("ec2").create_vpc(CidrBlock="10.81.0.0/16")["Vpc"]["VpcId"])
        place = {"account": lab.record.account, "region": REGION, "vpc_ids": [vpc_id(lab, "ledger")]}
        undo(control, lab, "profiles", {**place, "vpc_ids": [], "zone_ids": []})
        control(lab, "profiles", {**place, "zone_ids": [zone]})
        assert look(lab) == []
        control(lab, "profiles", {**place, "zone_ids": [zone, suffix]})
        assert look(lab) == [("ZONE_IN_PROFILE", "ledger")]

    def test_a_public_zone_is_no_private_one(self, lab, route53, undo):
        reply = route53.create_hosted_zone(Name=SUFFIX, CallerReference="public")
        zone = reply["HostedZone"]["Id"].rpartition("/")[2]
        undo(route53.delete_hosted_zone, Id=zone)
        assert look(lab, ledger={"hosted_zone_id": zone}) == [("HOSTED_ZONE_PUBLIC", "ledger")]

    def test_a_record_of_the_users_is_not_overwritten(self, lab, route53, undo):
        zone = private_zone(route53, undo, vpc_id(lab, "ledger"))
        record = {
            "Name": lab.record.cluster_host,
            "Type": "A",
            "TTL": 60,
            "ResourceRecords": [{"Value": "10.20.1.9"}],
        }

        def change(action):
            batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
            route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)

        change("CREATE")
        undo(change, "DELETE")
        assert look(lab, ledger={"hosted_zone_id": zone}) == [("RECORD_FOREIGN", "ledger")]

    def test_quotas_of_zones(self, lab, route53, undo):
        undo(settings, lab, zones_per_account=500, vpcs_per_zone=300)
        settings(lab, zones_per_account=1)
        assert look(lab) == [("ZONES_REACHED", "ledger"), ("ZONES_REACHED", "payments")]
        settings(lab, zones_per_account=500, vpcs_per_zone=1)
        zone = private_zone(route53, undo, vpc_id(lab, "payments"))
        adopted = {"hosted_zone_id": zone}
        assert look(lab, payments=adopted) == [("ZONE_VPCS_REACHED", "analytics")]

    def test_two_clusters_in_one_vpc_have_a_zone_each(self, lab):
        second = {"vpc_id": vpc_id(lab, "ledger"), "cluster_id": "clq7t3w5z000209mb4d8e6f1y"}
        groups = hostvars(lab)["ledger"]["privatelink_agent_security_groups"]
        layout = {"dns_layout": "host_zone"}
        assert look(lab, second={**second, **layout, "agent_security_groups": groups}, ledger=layout) == []


class TestReading:
    def test_what_may_not_be_read_is_said_and_the_rest_is_checked(self, lab, undo):
        undo(settings, lab, denied={})
        settings(lab, denied={lab.record.account: ["ec2:DescribeNetworkAcls", "route53profiles:*"]})
        every = [("NOT_CHECKED", name) for name in ("analytics", "ledger", "payments")]
        assert look(lab) == every
        assert look(lab, ledger={"vpc_id": "vpc-00000000000000000"}) == sorted([*every, ("VPC_NOT_FOUND", "ledger")])

    @pytest.mark.parametrize("action", ["ec2:DescribeSubnets", "route53:ListHostedZonesByName"])
    def test_without_the_main_reads_nothing_can_be_said(self, lab, undo, action):
        undo(settings, lab, denied={})
        settings(lab, denied={lab.record.account: [action]})
        assert {found[0] for found in look(lab)} == {"READ_FAILED"}


def test_the_same_fleet_again_costs_the_same_whatever_its_size(lab_up, tmp_path):
    """Pages aside: 3 agent VPCs, then 23."""
    counts = []
    for size in (0, 20):
        topology = tmp_path / f"fleet{size}.yml"
        demo = yaml.safe_load((lab_topologies() / "demo.yml").read_text())
        extra = {"generate": {"count": size, "kind": "joined", "via": "payments"}} if size else {}
        topology.write_text(yaml.safe_dump({**demo, **extra}))
        with lab_up(topology=topology) as lab:
            assert play(lab, tmp_path, "setup", "-e", "setup_probe_before_dns=false").rc == 0
            lab.reset_calls()
            assert look(lab) == []
            calls = lab.calls()
            assert calls["mutating"] == 0
            counts.append(calls["by_action"])
    assert counts[0] == counts[1]
    assert (
        sum(counts[0].values()) == 18
    )  # EC2 11, STS 1, the resolver's rules 1, Route 53 a listing and two for each zone


def lab_topologies():
    from astrolab.topology import DEMO

    return DEMO.parent


class TestRoles:
    """One lab, told from top to bottom."""

    def test_a_vpc_with_an_error_fails_alone(self, lab, tmp_path, ec2):
        ec2.modify_vpc_attribute(VpcId=vpc_id(lab, "ledger"), EnableDnsHostnames={"Value": False})
        done = play(lab, tmp_path, "site", "--check")
        assert done.failed.keys() == {"ledger"}
        assert {vpc for _operation, vpc in done.calls()} == {"payments", "analytics"}

    def test_what_would_fail_is_found_before_any_change(self, lab, tmp_path, ec2):
        ledger, payments = vpc_id(lab, "ledger"), vpc_id(lab, "payments")
        for vpc in (ledger, payments):
            ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": False})
        lab.reset_calls()
        done = play(lab, tmp_path, "site")
        assert done.rc == 2
        assert lab.calls()["mutating"] == 0
        assert done.failed.keys() == {"ledger", "payments", "analytics"}
        assert done.failed["analytics"].startswith("LINK_OWNER_FAILED")
        assert ledger in done.failed["ledger"]
        assert "--enable-dns-hostnames" in done.failed["payments"]
        assert "2 errors" in done.text
        assert not any("setup :" in result["task"] for result in done.results)

    def test_without_enforcement_it_only_reports(self, lab, tmp_path):
        done = play(lab, tmp_path, "preflight", "-e", "preflight_enforce=false")
        assert done.rc == 0, done.text
        assert "VPC_DNS_OFF" in done.text

    def test_what_comes_after_has_the_findings_in_a_variable(self, lab, tmp_path):
        mine = tmp_path / "mine.yml"
        mine.write_text(
            """
- hosts: agent_vpcs
  gather_facts: false
  tasks:
    - ansible.builtin.import_role: {name: astro.privatelink.preflight, rolespec_validate: false}
    - ansible.builtin.debug: {msg: "{{ inventory_hostname }} knows {{ preflight_findings | map(attribute='code') | unique | sort }}"}
"""
        )
        done = play(lab, tmp_path, "", "-e", "preflight_enforce=false", file=mine)
        assert done.rc == 0, done.text
        assert "analytics knows ['VPC_DNS_OFF']" in done.text

    def test_mended_it_goes_on(self, lab, tmp_path, ec2):
        for name in ("ledger", "payments"):
            ec2.modify_vpc_attribute(VpcId=vpc_id(lab, name), EnableDnsHostnames={"Value": True})
        done = play(lab, tmp_path, "preflight")
        assert done.rc == 0, done.text
        assert done.failed == {}

    def test_a_cluster_that_does_not_exist_is_known_from_inside_the_vpcs(self, lab, tmp_path):
        lab.reset_calls()
        done = play(lab, tmp_path, "site", "-e", json.dumps({"privatelink_cluster_id": "clnobody"}))
        assert done.rc == 2
        assert lab.calls()["mutating"] == 0
        assert {text.split(":")[0] for text in done.failed.values()} == {"CLUSTER_UNKNOWN"}
        assert done.failed.keys() == {"analytics", "ledger", "payments"}

    def test_a_zone_of_ours_without_its_record_does_not_block_the_repair(self, lab, tmp_path, route53):
        """As a run leaves it that broke off between the two."""
        vpc = vpc_id(lab, "ledger")
        route53.create_hosted_zone(
            Name=SUFFIX,
            CallerReference="broken off",
            VPC={"VPCId": vpc, "VPCRegion": REGION},
            HostedZoneConfig={"PrivateZone": True, "Comment": f"astro.privatelink: link of {vpc} (ledger)"},
        )
        done = play(lab, tmp_path, "preflight")
        assert done.rc == 0, done.text

    def test_deployments_that_remote_agents_cannot_serve(self, lab, tmp_path):
        def preflight(*ids, **env):
            variables = {"preflight_enforce": False, "preflight_deployment_ids": ids}
            done = play(lab, tmp_path, "preflight", "-e", json.dumps(variables), **env)
            assert done.rc == 0, done.text
            return done.text

        assert "DEPLOYMENT" not in preflight(DEPLOYMENT)
        assert "DEPLOYMENT_NOT_REMOTE" in preflight(WITHOUT_AGENTS)
        control(lab, f"astro/deployments/{DEPLOYMENT}", {"airflowVersion": "2.11.0"}, "PATCH")
        assert "runs Airflow 2.11.0" in preflight()  # those of role harden, since there is a token
        assert "NOT_CHECKED" in preflight(ASTRO_API_TOKEN="nobody")
        control(lab, f"astro/deployments/{DEPLOYMENT}", {"airflowVersion": "3.0.2"}, "PATCH")

    def test_the_text_for_support_before_and_after_the_service_is_known(self, lab, tmp_path):
        path = tmp_path / "request.txt"
        settings(lab, acceptance_seconds=None)
        for service, expected in (("", "please send us its name"), (None, "Endpoint service: com.amazonaws.vpce")):
            more = {
                "support_request_path": str(path),
                **({} if service is None else {"privatelink_service_name": service}),
            }
            done = play(lab, tmp_path, "support_request", "-e", json.dumps(more))
            assert done.rc == 0, done.text
            text = path.read_text()
            assert expected in text
            assert f"arn:aws:iam::{lab.record.account}:root (" in text
            assert "use1-az" in text
            assert f"analytics: {vpc_id(lab, 'analytics')}" in text
        assert "Please accept" not in text
        link = make_link_unaccepted(lab)
        play(lab, tmp_path, "support_request", "-e", json.dumps({"support_request_path": str(path)}))
        assert f"Please accept these endpoints:\n    {link} (payments)" in path.read_text()


def make_link_unaccepted(lab):
    known = hostvars(lab)["payments"]
    ec2 = lab.client("ec2")
    made = ec2.create_vpc_endpoint(
        VpcId=known["privatelink_vpc_id"],
        VpcEndpointType="Interface",
        ServiceName=known["privatelink_service_name"],
        SubnetIds=[subnets(lab, ec2, "payments")["a"]],
        PrivateDnsEnabled=False,
        TagSpecifications=[
            {"ResourceType": "vpc-endpoint", "Tags": [{"Key": "managed-by", "Value": "astro.privatelink"}]}
        ],
    )
    return made["VpcEndpoint"]["VpcEndpointId"]
