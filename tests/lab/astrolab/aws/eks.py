# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""EKS: clusters with the fields that AWS tells and moto does not. Where one is really asked, a lab says."""

from __future__ import annotations

import base64
import contextlib
import json
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.eks.exceptions import EKSError
from moto.eks.models import eks_backends
from moto.eks.responses import EKSResponse

from .answering import Answering
from .errors import AwsError
from .world import WORLD

_VERSION = "1.33"
_PLATFORM = "eks.12"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Where the API of a cluster is, and who has signed its certificate."""

    endpoint: str
    authority: bytes


def serve(account: str, region: str, name: str, served: Served) -> None:
    with WORLD.lock:
        eks_backends[account][region].clusters[name].served = served


class Eks(Answering, EKSResponse):
    def perform(self, action: str) -> Any:
        self.uri_match = dict(self.call.uri_parameters)
        try:
            return super().perform(action)
        except EKSError as error:
            raise AwsError(error.TYPE, json.loads(error.description)["message"]) from None

    def create_cluster(self) -> ActionResult:
        wanted = self._get_param("resourcesVpcConfig") or {}
        subnets = self._subnets(wanted.get("subnetIds") or ())
        super().create_cluster()
        cluster = self.eks_backend.clusters[self._get_param("name")]
        cluster.version = self._get_param("version") or _VERSION
        cluster.platformVersion, cluster.served = _PLATFORM, None
        cluster.access = self._get_param("accessConfig") or {}
        vpc = subnets[0].vpc_id
        cluster.resources_vpc_config = {
            "subnetIds": [each.id for each in subnets],
            "securityGroupIds": list(wanted.get("securityGroupIds") or ()),
            "clusterSecurityGroupId": self._group(cluster.name, vpc),
            "vpcId": vpc,
            "endpointPublicAccess": wanted.get("endpointPublicAccess", True),
            "endpointPrivateAccess": wanted.get("endpointPrivateAccess", False),
            "publicAccessCidrs": wanted.get("publicAccessCidrs") or ["0.0.0.0/0"],
        }
        cluster.interfaces = self._control_plane(cluster, subnets)
        return ActionResult({"cluster": _shown(cluster)})

    def describe_cluster(self) -> ActionResult:
        return ActionResult({"cluster": _shown(self.eks_backend.describe_cluster(name=self._get_param("name")))})

    def delete_cluster(self) -> ActionResult:
        """The group goes with the cluster, if nothing has it any more."""
        name = self._get_param("name")
        cluster = self.eks_backend.delete_cluster(name=name)
        for interface in cluster.interfaces:
            self._ec2.enis[interface].status = "available"
            self._ec2.delete_network_interface(interface)
        group = cluster.resources_vpc_config["clusterSecurityGroupId"]
        with contextlib.suppress(ServiceException):
            self._ec2.delete_security_group(group_id=group)
        return ActionResult({"cluster": _shown(cluster)})

    def create_nodegroup(self) -> ActionResult:
        """Of the cluster's version, where it names none."""
        super().create_nodegroup()
        name = self._get_param("name")
        cluster = self.eks_backend.clusters[name]
        group = cluster.nodegroups[self._get_param("nodegroupName")]
        group.version = self._get_param("version") or cluster.version
        group.release_version = f"{group.version}.0-20250101"
        group.ami_type = self._get_param("amiType") or "AL2023_x86_64_STANDARD"
        group.remote_access, group.resources = None, {"autoScalingGroups": group.resources["autoScalingGroups"]}
        return ActionResult({"nodegroup": group})

    @property
    def _ec2(self) -> Any:
        return ec2_backends[self.current_account][self.region]

    def _subnets(self, ids: Any) -> list[Any]:
        try:
            found = [self._ec2.get_subnet(each) for each in ids]
        except ServiceException as error:
            raise AwsError("InvalidParameterException", error.message) from None
        if len({each.availability_zone for each in found}) < 2:
            raise AwsError("InvalidParameterException", "Subnets specified must be in at least two different AZs")
        if len({each.vpc_id for each in found}) > 1:
            raise AwsError("InvalidParameterException", "Subnets specified must belong to the same VPC")
        return found

    def _control_plane(self, cluster: Any, subnets: list[Any]) -> list[str]:
        """Its interfaces in the VPC, in two zones, with the cluster's group and those that were named for it."""
        network, ec2 = cluster.resources_vpc_config, self._ec2
        wanted = (network["clusterSecurityGroupId"], *network["securityGroupIds"])
        zones = {each.availability_zone: each for each in reversed(subnets)}
        made = [
            ec2.create_network_interface(subnet, None, description=f"Amazon EKS {cluster.name}")
            for _zone, subnet in sorted(zones.items())[:2]
        ]
        for each in made:
            each.status, each.requester_managed = "in-use", True
            each._group_set = [ec2.groups[network["vpcId"]][group] for group in wanted]
        return [each.id for each in made]

    def _group(self, name: str, vpc: str) -> str:
        """EKS makes one for the control plane and the managed nodes: all among themselves, and all outwards."""
        ec2 = self._ec2
        description = (
            "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, "
            "as well as any managed workloads."
        )
        tags = {"Name": f"eks-cluster-sg-{name}", f"kubernetes.io/cluster/{name}": "owned"}
        group = ec2.create_security_group(
            f"eks-cluster-sg-{name}-{abs(hash(name)) % 10**9}", description, vpc_id=vpc, tags=tags
        )
        ec2.authorize_security_group_ingress(
            group.id,
            ip_protocol="-1",
            from_port=None,
            to_port=None,
            ip_ranges=[],
            source_groups=[{"GroupId": group.id}],
        )
        return str(group.id)


def _shown(cluster: Any) -> dict[str, Any]:
    served: Served | None = getattr(cluster, "served", None)
    shown = {
        "name": cluster.name,
        "arn": cluster.arn,
        "createdAt": cluster.created_at,
        "version": cluster.version,
        "endpoint": served.endpoint if served else cluster.endpoint.rstrip("/"),
        "roleArn": cluster.role_arn,
        "resourcesVpcConfig": cluster.resources_vpc_config,
        "kubernetesNetworkConfig": {"ipFamily": "ipv4", **cluster.kubernetes_network_config},
        "logging": cluster.logging,
        "identity": cluster.identity,
        "status": cluster.status,
        "platformVersion": cluster.platformVersion,
        "tags": cluster.tags,
        "encryptionConfig": cluster.encryption_config,
        "health": {"issues": []},
        "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP", **getattr(cluster, "access", {})},
        "upgradePolicy": {"supportType": "EXTENDED"},
        "deletionProtection": False,
    }
    data = served.authority if served else b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"
    return {**shown, "certificateAuthority": {"data": base64.b64encode(data).decode()}}
