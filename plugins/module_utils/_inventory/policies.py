# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IAM policies that the runs of an inventory need in each account, and nothing beyond. Pure.

Which resources and conditions an action knows: AWS's service authorization references of EC2 and Route 53
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html, list_amazonroute53.html).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._core.errors import InventoryError
from .._link.model import OWNED, parse_service_region
from .hosts import AgentVpc, Inventory

Policy = dict[str, Any]
Statement = dict[str, Any]

#: Characters, white space aside, that a managed policy may have
#: (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
LONGEST = 6144
#: Values that one statement lists; more go into further statements.
_MOST_VALUES = 40
#: What the policy of the run's own credentials is kept under: they only assume the roles of the accounts.
RUN = "run"

_READS = {
    "ec2": (
        "DescribeDhcpOptions DescribeInstances DescribeNetworkAcls DescribeNetworkInterfaces DescribeRegions DescribeRouteTables "
        "DescribeSecurityGroupVpcAssociations DescribeSecurityGroups DescribeSubnets DescribeTransitGatewayVpcAttachments "
        "DescribeTransitGateways DescribeVpcAttribute DescribeVpcEndpointServices DescribeVpcEndpoints "
        "DescribeVpcPeeringConnections DescribeVpcs"
    ),
    "eks": "DescribeCluster ListClusters",
    "route53": (
        "GetAccountLimit GetChange GetHostedZone GetHostedZoneLimit ListHostedZonesByName ListHostedZonesByVPC ListResourceRecordSets "
        "ListVPCAssociationAuthorizations"
    ),
    "route53profiles": "ListProfileAssociations ListProfileResourceAssociations",
    "route53resolver": "ListResolverRuleAssociations ListResolverRules",
    "servicequotas": "GetServiceQuota",
    "sts": "GetCallerIdentity",
}


def policies(
    inventory: Inventory, account: str = "", egress_groups: Iterable[str] = ()
) -> dict[str, dict[str, Policy]]:
    """Policies by account and name: ``read``, ``change`` and ``harden_aws``, with ``-2`` and so on where one would be longer than AWS
    takes, and under `RUN` the one that assumes the roles of the inventory, if there are any.

    ``account`` is the account of the run's own credentials; ``egress_groups`` are those of role harden_aws. Raises InventoryError
    where a VPC's account is not known.
    """
    vpcs = [inventory.vpcs[name] for name in inventory.names]
    owners = {vpc.name: inventory.vpcs.get(vpc.via, vpc) for vpc in vpcs}
    accounts = _accounts({**inventory.vpcs}, account)
    found: dict[str, dict[str, Policy]] = {}
    for each in sorted({accounts[vpc.name] for vpc in vpcs} | {accounts[owner.name] for owner in owners.values()}):
        here = _Account(
            id=each,
            vpcs=tuple(vpc for vpc in vpcs if accounts[vpc.name] == each),
            owners=tuple(vpc for vpc in vpcs if accounts[vpc.name] == each and not vpc.via),
            guests=tuple(vpc for vpc in vpcs if accounts[owners[vpc.name].name] == each and accounts[vpc.name] != each),
            others=tuple(vpc for vpc in vpcs if each not in {accounts[vpc.name], accounts[owners[vpc.name].name]}),
            egress_groups=tuple(egress_groups),
        )
        found[each] = {
            **_documents("read", [_allow("ReadWhatIsThere", _reads(), "*")]),
            **_documents("change", _change(here)),
            **_documents("harden_aws", _harden(here)),
        }
    if roles := sorted({vpc.text("assume_role_arn") for vpc in inventory.vpcs.values()} - {""}):
        found[RUN] = _documents("assume_roles", [_allow("AssumeTheseRoles", ["sts:AssumeRole"], roles)])
    return found


@dataclass(frozen=True, kw_only=True)
class _Account:
    """What an inventory has in an account. ``guests`` are VPCs of other accounts that share links of this one; ``others`` do not,
    and may have done so before."""

    id: str
    vpcs: tuple[AgentVpc, ...]
    owners: tuple[AgentVpc, ...]
    guests: tuple[AgentVpc, ...]
    others: tuple[AgentVpc, ...]
    egress_groups: tuple[str, ...]

    @property
    def regions(self) -> list[str]:
        """Where its endpoints are."""
        return sorted({vpc.text("region") for vpc in self.owners})

    @property
    def unheld(self) -> list[str]:
        """The regions in which holders of zones are made."""
        return sorted({vpc.text("region") for vpc in self.owners if not vpc.holder})

    def ec2(self, kind: str, name: str = "*", regions: Iterable[str] | None = None) -> list[str]:
        there = self.regions if regions is None else regions
        return [f"arn:{_partition(region)}:ec2:{region}:{self.id}:{kind}/{name}" for region in there]

    def vpc_arns(self) -> list[str]:
        return [arn for vpc in self.owners for arn in self.ec2("vpc", vpc.text("vpc_id"), [vpc.text("region")])]

    def endpoint_arns(self, vpcs: Iterable[AgentVpc]) -> list[str]:
        """Endpoints that are there already, and that the inventory names."""
        places = [(vpc.text("endpoint_id"), vpc.text("region")) for vpc in vpcs]
        return [arn for name, region in places for arn in self.ec2("vpc-endpoint", name, [region])]

    def zone_arns(self) -> list[str]:
        """Zones that are to be adopted are known; the ids of others come with them."""
        known = {vpc.text("hosted_zone_id") for vpc in self.owners}
        partition = _partition(self.owners[0].text("region"))
        return [f"arn:{partition}:route53:::hostedzone/{name}" for name in sorted({"*"} if "" in known else known)]


def _accounts(vpcs: Mapping[str, AgentVpc], account: str) -> dict[str, str]:
    """The account of each VPC. Raises InventoryError with all that are not known."""
    if account and not re.fullmatch(r"\d{12}", account):
        raise InventoryError([f"iam_policies_account is {account!r}; an account id has twelve digits."])
    found = {name: _account(vpc) or ("" if vpc.access else account) for name, vpc in vpcs.items()}
    remedy = {
        True: "Set privatelink_account_id of it.",
        False: "Set privatelink_account_id of it, or iam_policies_account.",
    }
    unknown = [
        f"{name}: its account is not known. {remedy[bool(vpcs[name].access)]}" for name in found if not found[name]
    ]
    if unknown:
        raise InventoryError(sorted(unknown))
    return found


def _account(vpc: AgentVpc) -> str:
    role = vpc.text("assume_role_arn").split(":")
    return role[4] if len(role) > 5 else vpc.text("account_id")


def _partition(region: str) -> str:
    return next((f"aws-{part}" for part in ("cn", "us-gov") if region.startswith(f"{part}-")), "aws")


# --- the statements


def _reads() -> list[str]:
    return [f"{service}:{action}" for service, actions in _READS.items() for action in actions.split()]


def _change(here: _Account) -> Iterator[Statement]:
    if here.owners:
        yield from _endpoints(here)
    yield from _zones(here)


def _endpoints(here: _Account) -> Iterator[Statement]:
    ends, groups = here.ec2("vpc-endpoint"), here.ec2("security-group")
    services = sorted({vpc.text("service_name") for vpc in here.owners})
    making = ["CreateVpcEndpoint", "CreateSecurityGroup", *(["CreateVpc"] if here.unheld else [])]
    made = [*ends, *groups, *here.ec2("vpc", regions=here.unheld)]
    create_end, create_group = ["ec2:CreateVpcEndpoint"], ["ec2:CreateSecurityGroup"]
    yield _allow("CreateEndpointsInTheseVpcs", create_end, [*here.vpc_arns(), *here.ec2("subnet"), *groups])
    condition = {"StringEquals": {"ec2:VpceServiceName": services, **_tagged("Request")}}
    yield _allow("CreateEndpointsToThisServiceOnly", create_end, ends, condition)
    yield _allow("CreateSecurityGroupsInTheseVpcs", create_group, here.vpc_arns())
    yield _allow("CreateSecurityGroupsWithTheTag", create_group, groups, {"StringEquals": _tagged("Request")})
    yield _allow("TagWhatIsCreated", ["ec2:CreateTags"], made, {"StringEquals": {"ec2:CreateAction": making}})
    owned = {"StringEquals": _tagged("Resource")}
    on_ends = ["ec2:CreateTags", "ec2:DeleteTags", "ec2:DeleteVpcEndpoints", "ec2:ModifyVpcEndpoint"]
    yield _allow("ChangeAndDeleteItsEndpoints", on_ends, ends, owned)
    on_groups = ["ec2:CreateTags", "ec2:DeleteTags", "ec2:DeleteSecurityGroup"]
    rules = ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"]
    yield _allow("ChangeAndDeleteItsSecurityGroups", [*rules, *on_groups], groups, owned)
    yield _allow("ChangeSubnetsAndGroupsOfEndpoints", ["ec2:ModifyVpcEndpoint"], [*here.ec2("subnet"), *groups])
    used = [vpc for vpc in here.owners if vpc.text("endpoint_id")]
    if used:
        yield _allow("ChangeTheseEndpoints", ["ec2:ModifyVpcEndpoint"], here.endpoint_arns(used))
    if taken := [vpc for vpc in used if vpc.flag("take_over")]:
        yield _allow("TakeTheseEndpointsOver", ["ec2:CreateTags"], here.endpoint_arns(taken))
    if far := sorted({vpc.text("region") for vpc in here.owners if _far(vpc)}):
        yield _allow("EndpointServicesOfOtherRegions", ["vpce:AllowMultiRegion"], here.ec2("vpc-endpoint", regions=far))


def _far(vpc: AgentVpc) -> bool:
    there = vpc.text("service_region") or parse_service_region(vpc.text("service_name"))
    return there != vpc.text("region")


def _zones(here: _Account) -> Iterator[Statement]:
    attach = ["route53:AssociateVPCWithHostedZone", "route53:DisassociateVPCFromHostedZone"]
    create = ["route53:CreateHostedZone"]
    if not here.owners:
        yield _in_vpcs("PrivateZonesOfTheseVpcs", attach, _of_zones(here.vpcs))
        return
    held = [vpc.holder for vpc in here.owners if vpc.holder]
    holders = {f"VPCId={holder['vpc_id']},VPCRegion={holder['region']}" for holder in held}
    yield _in_vpcs("PrivateZonesOfTheseVpcs", attach, _of_zones(here.vpcs))
    if holders:
        yield _in_vpcs("PrivateZonesInTheseHolders", [*attach, *create], sorted(holders))
    if here.guests:
        about = ["route53:CreateVPCAssociationAuthorization", "route53:DeleteVPCAssociationAuthorization", attach[1]]
        yield _in_vpcs("TheseVpcsOfOtherAccounts", about, _of_zones(here.guests))
    hosts = {vpc.host for vpc in here.owners}
    if moved := [vpc for vpc in here.others if vpc.host in hosts]:
        yield _in_vpcs("LetFormerVpcsOfOtherAccountsGo", attach[1:], _of_zones(moved))
    if here.unheld:
        made, request = here.ec2("vpc", regions=here.unheld), {"StringEquals": _tagged("Request")}
        yield _allow("HoldersOfZones", ["ec2:CreateVpc"], made, request)
        yield _allow("DeleteHoldersOfZones", ["ec2:DeleteVpc"], made, {"StringEquals": _tagged("Resource")})
        any_vpc = [f"VPCId=vpc-*,VPCRegion={region}" for region in here.unheld]
        yield _in_vpcs("PrivateZonesInHolders", [*attach, *create], any_vpc, "ForAllValues:StringLike")
    names = sorted({vpc.host.lower() for vpc in here.owners})
    key = "route53:ChangeResourceRecordSets"
    only = {
        f"{key}NormalizedRecordNames": names,
        f"{key}RecordTypes": ["A"],
        f"{key}Actions": ["CREATE", "UPSERT", "DELETE"],
    }
    condition = {"ForAllValues:StringEquals": only, "Null": {f"{key}NormalizedRecordNames": "false"}}
    yield _allow("OneNameInPrivateZones", [key], here.zone_arns(), condition)
    leave = ["route53:DeleteHostedZone", "route53:UpdateHostedZoneComment"]
    yield _allow("DeleteAndReleasePrivateZones", leave, here.zone_arns())


def _in_vpcs(
    sid: str, actions: Sequence[str], vpcs: list[str], operator: str = "ForAllValues:StringEquals"
) -> Statement:
    return _allow(sid, actions, "*", {operator: {"route53:VPCs": vpcs}, "Null": {"route53:VPCs": "false"}})


def _of_zones(vpcs: Iterable[AgentVpc]) -> list[str]:
    return [f"VPCId={vpc.text('vpc_id')},VPCRegion={vpc.text('region')}" for vpc in vpcs]


def _harden(here: _Account) -> Iterator[Statement]:
    rules = ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"]
    if here.owners:
        groups, owned = here.ec2("security-group"), {"StringEquals": _tagged("Resource")}
        yield _allow("NarrowWhoEntersItsOwn", rules, groups, owned)
    places = {(group, vpc.text("region")) for vpc in here.vpcs for group in vpc.many("agent_security_groups")}
    chosen = sorted(place for place in places if place[0] in here.egress_groups)
    if named := [arn for group, region in chosen for arn in here.ec2("security-group", group, [region])]:
        out = ["ec2:AuthorizeSecurityGroupEgress", "ec2:RevokeSecurityGroupEgress"]
        yield _allow("NarrowWhereTheseAgentsGo", out, named)


def _tagged(what: str) -> dict[str, str]:
    return {f"aws:{what}Tag/{key}": value for key, value in OWNED.items()}


def _allow(
    sid: str, actions: Sequence[str], resource: str | Sequence[str], condition: Mapping[str, Any] | None = None
) -> Statement:
    resources = resource if isinstance(resource, str) else list(dict.fromkeys(resource))
    found = {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": resources}
    return {**found, **({"Condition": dict(condition)} if condition else {})}


# --- documents that AWS takes


def _documents(name: str, statements: Iterable[Statement]) -> dict[str, Policy]:
    """Statements as policies that are short enough; none where there are none."""
    parts: list[list[Statement]] = []
    for each in (part for statement in statements for part in _split(statement)):
        if not parts or _length([*parts[-1], each]) > LONGEST:
            parts.append([])
        parts[-1].append(each)
    return {f"{name}-{n}" if n > 1 else name: _policy(part) for n, part in enumerate(parts, start=1)}


def _policy(statements: list[Statement]) -> Policy:
    return {"Version": "2012-10-17", "Statement": statements}


def _length(statements: list[Statement]) -> int:
    return len(re.sub(r"\s", "", json.dumps(_policy(statements))))


def _split(statement: Statement) -> Iterator[Statement]:
    """A statement whose list of resources or of VPCs is long as several: each request has to match one of them."""
    resources = statement["Resource"]
    if isinstance(resources, list) and len(resources) > _MOST_VALUES:
        for number, some in _chunks(resources):
            yield {**statement, "Sid": f"{statement['Sid']}{number}", "Resource": some}
        return
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            if isinstance(values, list) and len(values) > _MOST_VALUES:
                for number, some in _chunks(values):
                    condition = {**statement["Condition"], operator: {**keys, key: some}}
                    yield {**statement, "Sid": f"{statement['Sid']}{number}", "Condition": condition}
                return
    yield statement


def _chunks(values: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    for start in range(0, len(values), _MOST_VALUES):
        number = start // _MOST_VALUES
        yield (str(number + 1) if number else ""), list(values[start : start + _MOST_VALUES])
