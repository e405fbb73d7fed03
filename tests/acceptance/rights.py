# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether these credentials may do what a run does: a dry run of each EC2 action, and IAM's simulation of the others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from .choices import Choices
from .cloud import Cloud

_VPC, _SUBNET, _GROUP = "vpc-0123456789abcdef0", "subnet-0123456789abcdef0", "sg-0123456789abcdef0"
_PEERING, _ROUTES, _DOOR = "pcx-0123456789abcdef0", "rtb-0123456789abcdef0", "igw-0123456789abcdef0"
_GATEWAY, _ATTACHMENT = "tgw-0123456789abcdef0", "tgw-attach-0123456789abcdef0"
_SERVICE, _ENDPOINT = "vpce-svc-0123456789abcdef0", "vpce-0123456789abcdef0"
_RULE = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.90.0.0/16"}]}]

#: Nothing of that name exists, so that a dry run of it tells about rights and nothing else.
EC2: Mapping[str, Mapping[str, Any]] = {
    "CreateVpc": {"CidrBlock": "10.90.0.0/24"},
    "ModifyVpcAttribute": {},  # has no dry run
    "DeleteVpc": {"VpcId": _VPC},
    "CreateSubnet": {"VpcId": _VPC, "CidrBlock": "10.90.0.0/24"},
    "DeleteSubnet": {"SubnetId": _SUBNET},
    "CreateInternetGateway": {},
    "AttachInternetGateway": {"InternetGatewayId": _DOOR, "VpcId": _VPC},
    "DetachInternetGateway": {"InternetGatewayId": _DOOR, "VpcId": _VPC},
    "DeleteInternetGateway": {"InternetGatewayId": _DOOR},
    "CreateRoute": {"RouteTableId": _ROUTES, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": _DOOR},
    "CreateSecurityGroup": {"VpcId": _VPC, "GroupName": "astro-accept", "Description": "a dry run"},
    "AuthorizeSecurityGroupIngress": {"GroupId": _GROUP, "IpPermissions": _RULE},
    "RevokeSecurityGroupIngress": {"GroupId": _GROUP, "IpPermissions": _RULE},
    "DeleteSecurityGroup": {"GroupId": _GROUP},
    "CreateVpcPeeringConnection": {"VpcId": _VPC, "PeerVpcId": _VPC},
    "AcceptVpcPeeringConnection": {"VpcPeeringConnectionId": _PEERING},
    "DeleteVpcPeeringConnection": {"VpcPeeringConnectionId": _PEERING},
    "RunInstances": {"ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano", "MinCount": 1, "MaxCount": 1},
    "TerminateInstances": {"InstanceIds": ["i-0123456789abcdef0"]},
    "CreateVpcEndpoint": {"VpcId": _VPC, "ServiceName": f"com.amazonaws.vpce.us-east-1.{_SERVICE}"},
    "ModifyVpcEndpoint": {"VpcEndpointId": _ENDPOINT, "AddSubnetIds": [_SUBNET]},
    "DeleteVpcEndpoints": {"VpcEndpointIds": [_ENDPOINT]},
    "CreateVpcEndpointServiceConfiguration": {"AcceptanceRequired": True},
    "DeleteVpcEndpointServiceConfigurations": {"ServiceIds": [_SERVICE]},
    "AcceptVpcEndpointConnections": {"ServiceId": _SERVICE, "VpcEndpointIds": [_ENDPOINT]},
    "CreateTags": {"Resources": [_VPC], "Tags": [{"Key": "a", "Value": "b"}]},
}
GATEWAY: Mapping[str, Mapping[str, Any]] = {
    "CreateTransitGateway": {},
    "DeleteTransitGateway": {"TransitGatewayId": _GATEWAY},
    "CreateTransitGatewayVpcAttachment": {"TransitGatewayId": _GATEWAY, "VpcId": _VPC, "SubnetIds": [_SUBNET]},
    "DeleteTransitGatewayVpcAttachment": {"TransitGatewayAttachmentId": _ATTACHMENT},
}
#: They have no dry run.
OTHERS = (
    "ec2:ModifyVpcAttribute",
    *(
        f"elasticloadbalancing:{each}"
        for each in ("AddTags", "CreateListener", "CreateLoadBalancer", "CreateTargetGroup")
    ),
    *(f"elasticloadbalancing:{each}" for each in ("DeleteLoadBalancer", "DeleteTargetGroup", "RegisterTargets")),
    *(f"iam:{each}" for each in ("AddRoleToInstanceProfile", "CreateInstanceProfile", "CreateRole", "PassRole")),
    *(f"iam:{each}" for each in ("DeleteInstanceProfile", "DeleteRole", "DeleteRolePolicy", "PutRolePolicy")),
    "iam:RemoveRoleFromInstanceProfile",
    *(f"route53:{each}" for each in ("AssociateVPCWithHostedZone", "ChangeResourceRecordSets", "CreateHostedZone")),
    *(f"route53:{each}" for each in ("ChangeTagsForResource", "DeleteHostedZone", "ListHostedZonesByVPC")),
    *(
        f"s3:{each}"
        for each in ("CreateBucket", "DeleteBucket", "DeleteObject", "GetObject", "PutBucketTagging", "PutObject")
    ),
    *(f"ssm:{each}" for each in ("DescribeInstanceInformation", "GetParameter", "StartSession", "TerminateSession")),
)
_NO_RIGHT = ("UnauthorizedOperation", "AccessDenied", "AuthFailure")
_AT_ONCE = 4


def missing(cloud: Cloud, arn: str) -> tuple[list[str], str]:
    """The actions that are not allowed; and why the rest is not known, if that is so."""
    others, unknown = _simulated(cloud, arn)
    return sorted([*_dry(cloud), *others]), unknown


def wanted(choices: Choices) -> Mapping[str, Mapping[str, Any]]:
    """The EC2 actions that can be tried by a dry run."""
    known = {**EC2, **(GATEWAY if choices.gateway else {})}
    return {action: parameters for action, parameters in known.items() if f"ec2:{action}" not in OTHERS}


def _dry(cloud: Cloud) -> list[str]:
    def refused(item: tuple[str, Mapping[str, Any]]) -> bool:
        call: Callable[..., Any] = getattr(cloud.ec2, xform_name(item[0]))
        try:
            call(**item[1], DryRun=True)
        except ClientError as error:
            return error.response["Error"]["Code"] in _NO_RIGHT
        except BotoCoreError:
            return False
        return False

    actions = wanted(cloud.choices)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = pool.map(refused, actions.items())
    return [f"ec2:{action}" for action, no in zip(actions, answers, strict=True) if no]


def _simulated(cloud: Cloud, arn: str) -> tuple[list[str], str]:
    try:
        told = cloud.client("iam", cloud.anchor).simulate_principal_policy(
            PolicySourceArn=principal(arn), ActionNames=list(OTHERS)
        )
    except ClientError as error:
        return [], f"IAM does not say whether the others are allowed ({error.response['Error']['Code']})"
    return [each["EvalActionName"] for each in _refused(told["EvaluationResults"])], ""


def _refused(results: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [each for each in results if each["EvalDecision"] != "allowed"]


def principal(arn: str) -> str:
    """A session of a role is simulated as the role."""
    session = re.fullmatch(r"arn:([^:]+):sts::(\d{12}):assumed-role/(.+)/[^/]+", arn)
    return f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}" if session else arn
