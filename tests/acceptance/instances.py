# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small instances, and what Systems Manager needs to reach them: a role, its instance profile, and a bucket for files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .cloud import Cloud
from .networks import Network

TYPE = "t4g.nano"
_IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
_TRUST = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
_MAY = {
    "Effect": "Allow",
    "Action": ["ssm:UpdateInstanceInformation", "ssmmessages:*", "ec2messages:*"],
    "Resource": "*",
}


def zone(cloud: Cloud) -> str:
    """The first zone of the region that has such instances."""
    told = cloud.ec2.describe_instance_type_offerings(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": [TYPE]}]
    )
    offered = {each["Location"] for each in told["InstanceTypeOfferings"]}
    zones = cloud.ec2.describe_availability_zones(Filters=[{"Name": "zone-type", "Values": ["availability-zone"]}])
    return str(min(each["ZoneName"] for each in zones["AvailabilityZones"] if each["ZoneName"] in offered))


def image(cloud: Cloud) -> str:
    return str(cloud.client("ssm").get_parameter(Name=_IMAGE)["Parameter"]["Value"])


def profile(cloud: Cloud) -> str:
    iam, choices = cloud.client("iam"), cloud.choices
    named = {"Path": choices.path, "Tags": cloud.tags()}
    iam.create_role(RoleName=choices.name, AssumeRolePolicyDocument=_policy(_TRUST), **named)
    iam.put_role_policy(RoleName=choices.name, PolicyName="managed", PolicyDocument=_policy(_MAY))
    iam.create_instance_profile(InstanceProfileName=choices.name, **named)
    iam.add_role_to_instance_profile(InstanceProfileName=choices.name, RoleName=choices.name)
    return choices.name


def bucket(cloud: Cloud) -> str:
    s3, choices = cloud.client("s3"), cloud.choices
    where = {"LocationConstraint": choices.region}
    more = {} if choices.region == "us-east-1" else {"CreateBucketConfiguration": where}
    s3.create_bucket(Bucket=choices.bucket, **more)
    s3.put_bucket_tagging(Bucket=choices.bucket, Tagging={"TagSet": cloud.tags()})
    return choices.bucket


def start(cloud: Cloud, network: Network, ami: str, user_data: str, managed_as: str | None) -> str:
    """`managed_as` is an instance profile, for a host that is to be reached; it then also has a public address."""
    more: dict[str, Any] = {"IamInstanceProfile": {"Name": managed_as}} if managed_as else {}
    interface = {
        "DeviceIndex": 0,
        "SubnetId": network.subnet,
        "Groups": [network.group],
        "AssociatePublicIpAddress": managed_as is not None,
    }
    made = cloud.pace.insisted(
        "an instance",
        lambda: cloud.ec2.run_instances(
            ImageId=ami,
            InstanceType=TYPE,
            MinCount=1,
            MaxCount=1,
            UserData=user_data,
            NetworkInterfaces=[interface],
            MetadataOptions={"HttpTokens": "required"},
            TagSpecifications=[*cloud.tagged("instance"), *cloud.tagged("volume")],
            **more,
        ),
    )
    return str(made["Instances"][0]["InstanceId"])


def running(cloud: Cloud, instances: Iterable[str]) -> None:
    wanted = [{"Name": "instance-id", "Values": list(instances)}]

    def states() -> set[str]:
        told = cloud.ec2.describe_instances(Filters=wanted)["Reservations"]
        return {instance["State"]["Name"] for each in told for instance in each["Instances"]}

    cloud.pace.until("all instances running", lambda: states() == {"running"})


def managed(cloud: Cloud, instances: Iterable[str]) -> None:
    wanted = sorted(instances)

    def online() -> list[str]:
        told = cloud.client("ssm").describe_instance_information(Filters=[{"Key": "InstanceIds", "Values": wanted}])
        known = told["InstanceInformationList"]
        return sorted(each["InstanceId"] for each in known if each["PingStatus"] == "Online")

    cloud.pace.until("all agent hosts known to Systems Manager", lambda: online() == wanted)


def interface(cloud: Cloud, instance: str) -> str:
    told = cloud.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    return str(told["NetworkInterfaces"][0]["NetworkInterfaceId"])


def _policy(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
