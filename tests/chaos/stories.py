# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is tried: each story is playbooks with variables, on a lab that other stories have brought to where it begins."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from astrolab.lab import Lab

_LINK = {"privatelink_support_confirmed": True}
QUICK = {"harden_watch_timeout": 5, "harden_pods_timeout": 3}
UNRESTRICTED = {"teardown_deployment_unrestricted": True, "teardown_drain": 1}
_REGISTRY = {"cidr": "203.0.113.0/24", "port": 443, "description": "registry"}

Prepare = Callable[[Lab], Mapping[str, Any] | None]


@dataclass(frozen=True, kw_only=True)
class Story:
    """``after`` is the story that comes before it, and ``prepare`` what somebody does by hand then.

    ``rc`` is what a clean run ends with. ``gaps`` are those that the docs tell of: fault to seconds.
    """

    playbooks: tuple[str, ...]
    variables: Mapping[str, Any] = field(default_factory=dict)
    after: str = ""
    prepare: Prepare = lambda _lab: None
    rc: int = 0
    gaps: Mapping[str, float] = field(default_factory=dict)

    def arguments(self, found: Mapping[str, Any]) -> list[str]:
        """For ansible-playbook. ``found`` is what `prepare` gave."""
        return arguments(self.playbooks, {**self.variables, **found})


def arguments(words: Sequence[str], variables: Mapping[str, Any]) -> list[str]:
    """For ansible-playbook: playbooks by their short names, then options."""
    options = next((n for n, each in enumerate(words) if each.startswith("-")), len(words))
    names = (f"astro.privatelink.{each}" for each in words[:options])
    return [*names, *words[options:], "-e", json.dumps({**_LINK, **variables})]


def foreign(lab: Lab) -> None:
    """What others have beside the links, of every kind that these work with."""
    payments, berlin = lab.record.vpcs["payments"], lab.record.vpcs["berlin"]
    ec2 = lab.client("ec2")
    subnet = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [payments.id]}])["Subnets"][0]["SubnetId"]
    group = ec2.create_security_group(GroupName="theirs", Description="Somebody's", VpcId=payments.id)["GroupId"]
    rule = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "IpRanges": [{"CidrIp": "10.7.0.0/16", "Description": "theirs"}],
    }
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    ec2.create_tags(Resources=[payments.id, group], Tags=[{"Key": "owner", "Value": "somebody"}])
    services = ec2.describe_vpc_endpoint_services()["ServiceDetails"]
    other = next(
        each["ServiceName"] for each in services if each["ServiceName"].endswith(".s3") or ".sts" in each["ServiceName"]
    )
    kind = "Interface" if ".sts" in other else "Gateway"
    more = {"SubnetIds": [subnet], "SecurityGroupIds": [group]} if kind == "Interface" else {}
    ec2.create_vpc_endpoint(VpcId=payments.id, ServiceName=other, VpcEndpointType=kind, **more)
    route53 = lab.client("route53")
    for name, vpc in (("internal.example", payments), ("astronomer.run.example", berlin)):
        zone = route53.create_hosted_zone(
            Name=name,
            VPC={"VPCRegion": vpc.region, "VPCId": vpc.id},
            CallerReference=name,
            HostedZoneConfig={"PrivateZone": True, "Comment": "theirs"},
        )["HostedZone"]["Id"]
        record = {"Name": f"db.{name}", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.7.0.7"}]}
        route53.change_resource_record_sets(
            HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
        )
        route53.change_tags_for_resource(
            ResourceType="hostedzone",
            ResourceId=zone.rpartition("/")[2],
            AddTags=[{"Key": "owner", "Value": "somebody"}],
        )


def _wide_open(lab: Lab) -> Mapping[str, Any]:
    """Somebody let everybody enter the endpoint of payments; the agents' group may go anywhere, as a new group may."""
    ec2, vpc = lab.client("ec2"), lab.record.vpcs["payments"].id
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    of = {each["GroupName"]: each["GroupId"] for each in groups}
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=of["astro-privatelink"], IpPermissions=[rule])
    return {"harden_aws_egress_groups": [of["payments-agents"]]}


STORIES: Mapping[str, Story] = {
    "site": Story(playbooks=("site",), variables={"harden_enabled": True, **QUICK}),
    "to host zones": Story(
        playbooks=("setup", "move_dns_layout"), variables={"privatelink_dns_layout": "host_zone"}, after="site"
    ),
    "to suffix zones": Story(
        playbooks=("setup", "move_dns_layout"),
        variables={"privatelink_dns_layout": "suffix_zone"},
        after="to host zones",
    ),
    "drift": Story(  # the inventory names a range more than AWS has
        playbooks=("drift",),
        variables={"privatelink_agent_cidrs": ["10.50.0.0/16", "10.51.0.0/16"]},
        after="site",
        rc=2,
    ),
    "harden_aws": Story(
        playbooks=("harden_aws",),
        variables={
            "harden_aws_tighten": True,
            "harden_aws_egress": "apply",
            "harden_aws_required_egress": [_REGISTRY],
        },
        after="site",
        prepare=_wide_open,
    ),
    "unharden": Story(playbooks=("unharden",), variables={"harden_allow_open": True}, after="site"),
    "teardown": Story(
        playbooks=("teardown",), variables={"teardown_unlock": True, "teardown_drain": 1, **QUICK}, after="site"
    ),
}
#: Where other stories begin, which are not tried by themselves.
BEGINNINGS: Mapping[str, Story] = {
    "links": Story(playbooks=("setup",)),
    "berlin apart": Story(playbooks=("teardown", "--limit", "berlin"), variables=UNRESTRICTED, after="links"),
}


def story(name: str) -> Story:
    return {**STORIES, **BEGINNINGS}[name]
