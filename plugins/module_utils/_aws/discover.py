# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory's reads: VPCs, security groups and machines by filters, at most three calls (pages aside) for each account
and region, all at the same time. It decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .._core import errors
from .._core.plan import WORKERS
from .._inventory.tags import Account, Filters, Found, Group, Machine, Vpc, Wanted
from . import clients as aws_clients
from .session import Boto3, Login


def discover(accounts: Sequence[Account], wanted: Wanted) -> Found:
    """All that is there. Raises `errors.ReadFailed` if any account or region cannot be read: what is missing from an
    inventory would go unnoticed."""
    places = [
        (aws_clients.Clients(Boto3(), Login.of(account.access)), account, region)
        for account in accounts
        for region in account.regions
    ]
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        return Found.merge(pool.map(lambda place: _read(place[0], place[1], place[2], wanted), places))


def _read(clients: aws_clients.Clients, account: Account, region: str, wanted: Wanted) -> Found:
    try:
        with aws_clients.reading("EC2"):
            ec2 = clients.get("ec2", region=region)
            vpcs = [
                _vpc(vpc, account, region) for vpc in aws_clients.describe(ec2, "describe_vpcs", "Vpcs", wanted.vpcs)
            ]
            if not vpcs:
                return Found()
            groups = _groups(ec2, wanted.groups) if wanted.groups else ()
            machines = _machines(ec2, wanted.machines, region) if wanted.machines else ()
    except errors.ReadFailed as problem:
        raise errors.ReadFailed(f"{region} with {account}: {problem}") from problem
    return Found(
        vpcs=tuple(vpcs),
        groups=tuple(groups),
        machines=tuple(machines),
    )


def _vpc(vpc: Mapping[str, Any], account: Account, region: str) -> Vpc:
    ranges = vpc.get("CidrBlockAssociationSet", [])
    return Vpc(
        vpc_id=vpc["VpcId"],
        region=region,
        account_id=vpc["OwnerId"],
        cidrs=tuple(one["CidrBlock"] for one in ranges if one["CidrBlockState"]["State"] == "associated"),
        tags=aws_clients.tags(vpc),
        access=account.access,
    )


def _groups(ec2: Any, filters: Filters) -> list[Group]:
    found = aws_clients.describe(ec2, "describe_security_groups", "SecurityGroups", filters)
    return [Group(group_id=group["GroupId"], vpc_id=group["VpcId"]) for group in found]


def _machines(ec2: Any, filters: Filters, region: str) -> list[Machine]:
    running = {**filters, "instance-state-name": ["running"]}
    reservations = aws_clients.describe(ec2, "describe_instances", "Reservations", running)
    return [
        Machine(
            instance_id=instance["InstanceId"],
            vpc_id=instance["VpcId"],
            region=region,
            account_id=reservation["OwnerId"],
            private_ip_address=instance["PrivateIpAddress"],
            private_dns_name=instance["PrivateDnsName"],
            tags=aws_clients.tags(instance),
        )
        for reservation in reservations
        for instance in reservation["Instances"]
    ]
