# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS knows of where pods run: the subnets of VPCs, and EKS clusters with the tokens that open them."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from .._core.errors import ReadFailed
from .._kube.choose import Place
from .._kube.client import Server, token
from .._kube.model import Cluster, Refused
from .answers import UNCLEAR
from .clients import Clients, describe, explain, reading

#: Seconds for which the signed request in a token may be sent. EKS takes the token for about 15 minutes.
_SIGNED = 60
#: The header that ties a token to one cluster.
_HEADER = "x-k8s-aws-id"
_signing = threading.Lock()


def places(ec2: Any, vpc_ids: Iterable[str]) -> dict[str, list[Place]]:
    """The subnets of VPCs, by VPC."""
    found: dict[str, list[Place]] = {}
    with reading("AWS (subnets of VPCs)"):
        for subnet in describe(ec2, "describe_subnets", "Subnets", {"vpc-id": sorted(set(vpc_ids))}):
            if cidr := subnet.get("CidrBlock"):
                place = Place(cidr=cidr, zone=subnet.get("AvailabilityZone") or "")
                found.setdefault(subnet["VpcId"], []).append(place)
    return found


def server(clients: Clients, cluster: Cluster, vpc_id: str) -> tuple[Server, str]:
    """Where an EKS cluster's API is and a token for it, and what to say if it does not answer.

    Raises Refused for a cluster that is not there, or is in another VPC, and ReadFailed for what else AWS says.
    """
    found = _described(clients.get("eks", region=cluster.region), cluster)
    network = found.get("resourcesVpcConfig") or {}
    there = str(network.get("vpcId") or "")
    if there != vpc_id:
        raise Refused("KUBE_CLUSTER_ELSEWHERE", cluster=cluster.eks_cluster, there=there or "no VPC", vpc_id=vpc_id)
    try:
        url = str(found["endpoint"])
        certificate = base64.b64decode(found["certificateAuthority"]["data"])
    except UNCLEAR as problem:
        state = found.get("status") or "unknown"
        raise Refused("KUBE_CLUSTER_NOT_ACTIVE", cluster=cluster.eks_cluster, state=str(state)) from problem
    signed = _signed(clients.get("sts", region=cluster.region), cluster)
    return Server(url=url, ca=certificate, token=token(signed)), _hint(network)


def _described(eks: Any, cluster: Cluster) -> Mapping[str, Any]:
    try:
        with reading(f"AWS (EKS cluster {cluster.eks_cluster} in {cluster.region})"):
            found: Mapping[str, Any] = eks.describe_cluster(name=cluster.eks_cluster)["cluster"]
            return found
    except ReadFailed as problem:
        cause = problem.__cause__
        if type(cause).__name__ == "ResourceNotFoundException":
            raise _unknown(eks, cluster) from problem
        raise


def _unknown(eks: Any, cluster: Cluster) -> Refused:
    try:
        there = sorted(name for page in eks.get_paginator("list_clusters").paginate() for name in page["clusters"])
    except Exception as problem:  # it only helps; most often the permission is missing
        there = [f"unknown: {explain(problem)}"]
    return Refused("KUBE_CLUSTER_UNKNOWN", cluster=cluster.eks_cluster, region=cluster.region, clusters=there[:50])


def _hint(network: Mapping[str, Any]) -> str:
    if network.get("endpointPublicAccess") is False:
        return (
            "EKS says that its endpoint is private: it answers inside of its VPC and connected networks only. Run Ansible there, "
            "for example on an automation controller's instance in a connected network."
        )
    ranges = [str(each) for each in network.get("publicAccessCidrs") or []]
    if ranges and "0.0.0.0/0" not in ranges:
        return f"EKS says that its endpoint admits {', '.join(ranges[:20])} only."
    return ""


def _signed(sts: Any, cluster: Cluster) -> str:
    """A signed request for the caller's identity, which names the cluster in a header."""

    def name(request: Any, **_more: Any) -> None:
        request.headers[_HEADER] = cluster.eks_cluster

    with _signing, reading("AWS (STS)"):
        sts.meta.events.register("before-sign.sts.GetCallerIdentity", name)
        try:
            return str(sts.generate_presigned_url("get_caller_identity", ExpiresIn=_SIGNED, HttpMethod="GET"))
        finally:
            sts.meta.events.unregister("before-sign.sts.GetCallerIdentity", name)
