# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory's reads: VPCs, security groups and machines by filters, at most three calls (pages aside) for each account
and region, all at the same time; EKS clusters, a call for each, and three more for what their nodes and pods have. It
decides nothing.

Where tags of nodes and pods are from:

- ``kubernetes.io/cluster/NAME`` on instances: EKS User Guide (nodes of one's own), IAM policies for Karpenter and EKS Auto Mode;
  managed nodes get it, and ``eks:cluster-name``, from their Auto Scaling group, as users' exports of these show. On branch and
  trunk interfaces: aws/amazon-vpc-resource-controller-k8s, pkg/config/type.go.
- ``cluster.k8s.amazonaws.com/name``: aws/amazon-vpc-cni-k8s, pkg/awsutils; only where that is told the name. Nothing depends on
  it: these interfaces are attached to a node. ``eks:eks-cluster-name``: AmazonEKSNetworkingPolicy.
- Interfaces that are ``available`` are left over from nodes and pods that are gone (both projects delete them as such).
- Interfaces of Fargate pods have no tag that is documented: such pods are not seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from .._core import errors
from .._core.plan import WORKERS
from .._inventory.tags import (
    Account,
    EksCluster,
    Filters,
    Found,
    Group,
    Interface,
    Machine,
    Vpc,
    Wanted,
    cluster_tags,
    in_use,
)
from . import clients as aws_clients
from .answers import many, tags, text, understood, values
from .session import Boto3, Login


def discover(accounts: Sequence[Account], wanted: Wanted) -> tuple[Found, list[str]]:
    """All that is there, and what is wrong with each account and region that could not be read. Whether an inventory may
    lack the VPCs of these, the caller decides."""
    places = [
        (aws_clients.Clients(Boto3(), Login.of(account.access)), account, region)
        for account in accounts
        for region in account.regions
    ]
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        read = list(pool.map(lambda place: _read(place[0], place[1], place[2], wanted), places))
    return Found.merge(found for found, _problem in read), list(
        dict.fromkeys(problem for _found, problem in read if problem)
    )


def _read(clients: aws_clients.Clients, account: Account, region: str, wanted: Wanted) -> tuple[Found, str]:
    try:
        with aws_clients.reading("EC2"):
            ec2 = clients.get("ec2", region=region)
            there = aws_clients.describe(ec2, "describe_vpcs", "Vpcs", wanted.vpcs)
            vpcs = understood(there, lambda vpc: vpc_of(vpc, account, region))
            if not vpcs:
                return Found(), ""
            groups = security_groups(ec2, wanted.groups) if wanted.groups else ()
            machines = _machines(ec2, wanted.machines, region) if wanted.machines else ()
        clusters = (
            eks_clusters(clients, region, wanted, {vpc.vpc_id for vpc in vpcs}) if wanted.clusters != "none" else ()
        )
        if clusters and wanted.interfaces:
            with aws_clients.reading("EC2"):
                clusters = inhabited(ec2, clusters)
    except errors.ReadFailed as problem:
        return Found(), f"{region} with {account}: {problem}"
    return Found(vpcs=tuple(vpcs), groups=tuple(groups), machines=tuple(machines), clusters=tuple(clusters)), ""


def vpc_of(vpc: Mapping[str, Any], account: Account, region: str) -> Vpc:
    ranges = [each for each in many(vpc, "CidrBlockAssociationSet") if _associated(each)]
    return Vpc(
        vpc_id=text(vpc, "VpcId"),
        region=region,
        account_id=str(vpc.get("OwnerId") or ""),
        cidrs=tuple(understood(ranges, lambda each: text(each, "CidrBlock"))),
        tags=tags(vpc),
        access=account.access,
    )


def _associated(block: Mapping[str, Any]) -> bool:
    return (block.get("CidrBlockState") or {}).get("State") == "associated"


def security_groups(ec2: Any, filters: Filters) -> list[Group]:
    found = aws_clients.describe(ec2, "describe_security_groups", "SecurityGroups", filters)
    return understood(found, lambda group: Group(group_id=text(group, "GroupId"), vpc_id=text(group, "VpcId")))


def eks_clusters(
    clients: aws_clients.Clients, region: str, wanted: Wanted, vpc_ids: Collection[str]
) -> list[EksCluster]:
    """The wanted EKS clusters in these VPCs. EKS has no filters."""
    with aws_clients.reading("EKS"):
        eks = clients.get("eks", region=region)
        names = [name for page in eks.get_paginator("list_clusters").paginate() for name in many(page, "clusters")]
        with ThreadPoolExecutor(max_workers=WORKERS) as pool:
            shown = list(pool.map(lambda name: eks.describe_cluster(name=name).get("cluster") or {}, names))
    found = understood(shown, lambda cluster: _cluster(cluster, region))
    return [each for each in found if each.vpc_id in vpc_ids and wanted.has(each)]


def _cluster(cluster: Mapping[str, Any], region: str) -> EksCluster:
    network = cluster["resourcesVpcConfig"]
    return EksCluster(
        name=text(cluster, "name"),
        vpc_id=text(network, "vpcId"),
        region=region,
        group_id=str(network.get("clusterSecurityGroupId") or ""),
        tags=dict(cluster.get("tags") or {}),
    )


def inhabited(ec2: Any, clusters: Sequence[EksCluster]) -> list[EksCluster]:
    """The clusters, with the security groups and the IPv4 ranges of the subnets of their nodes and pods."""
    keys = cluster_tags(cluster.name for cluster in clusters)
    interfaces = _of_nodes(ec2, keys) + _of_pods(ec2, keys)
    theirs = [in_use(cluster, interfaces) for cluster in clusters]
    subnets = sorted({each.subnet_id for some in theirs for each in some})
    shown = aws_clients.describe(ec2, "describe_subnets", "Subnets", {"subnet-id": subnets}) if subnets else []
    cidrs = dict(understood(shown, lambda subnet: (text(subnet, "SubnetId"), text(subnet, "CidrBlock"))))
    return [
        replace(
            cluster,
            groups=tuple(sorted({group for each in some for group in each.groups})),
            cidrs=tuple(sorted({cidrs[each.subnet_id] for each in some if each.subnet_id in cidrs})),
        )
        for cluster, some in zip(clusters, theirs, strict=True)
    ]


def _of_nodes(ec2: Any, keys: Sequence[str]) -> list[Interface]:
    """All that are attached to nodes, those that the VPC CNI has added for pods among them."""
    alive = {"tag-key": keys, "instance-state-name": ["pending", "running"]}
    reservations = aws_clients.describe(ec2, "describe_instances", "Reservations", alive)
    instances = [instance for reservation in reservations for instance in many(reservation, "Instances")]
    found = [(each, instance) for instance in instances for each in many(instance, "NetworkInterfaces")]
    return understood(found, lambda pair: _interface(pair[0], tags(pair[1])))


def _of_pods(ec2: Any, keys: Sequence[str]) -> list[Interface]:
    """Those with a tag of their own. A pod with security groups of its own has one that is attached to no instance."""
    used = {"tag-key": keys, "status": ["in-use"]}
    found = aws_clients.describe(ec2, "describe_network_interfaces", "NetworkInterfaces", used)
    return understood(found, lambda each: _interface(each, tags({"Tags": each.get("TagSet")})))


def _interface(interface: Mapping[str, Any], tagged: Mapping[str, str]) -> Interface:
    return Interface(
        vpc_id=text(interface, "VpcId"),
        subnet_id=text(interface, "SubnetId"),
        groups=tuple(values(many(interface, "Groups"), "GroupId")),
        description=str(interface.get("Description") or ""),
        tags=tagged,
    )


def _machines(ec2: Any, filters: Filters, region: str) -> list[Machine]:
    """Running ones. One that is being ended has no VPC any more, and one with IPv6 only no private IPv4 address."""
    running = {**filters, "instance-state-name": ["running"]}
    reservations = aws_clients.describe(ec2, "describe_instances", "Reservations", running)
    found = [(reservation, instance) for reservation in reservations for instance in many(reservation, "Instances")]
    return understood(found, lambda pair: _machine(pair[0], pair[1], region))


def _machine(reservation: Mapping[str, Any], instance: Mapping[str, Any], region: str) -> Machine:
    return Machine(
        instance_id=text(instance, "InstanceId"),
        vpc_id=text(instance, "VpcId"),
        region=region,
        account_id=str(reservation.get("OwnerId") or ""),
        private_ip_address=str(instance.get("PrivateIpAddress") or ""),
        private_dns_name=str(instance.get("PrivateDnsName") or ""),
        tags=tags(instance),
    )
