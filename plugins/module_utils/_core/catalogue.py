# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of findings: every problem that this collection can name, with its remedy. Data only.

The probe runs it on agent hosts, so it stays compatible with Python 3.8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Entry:
    """A kind of finding. ``seen`` and ``remedy`` are templates for the facts passed to `findings.finding`."""

    seen: str
    remedy: str
    severity: Severity = "error"


#: Error codes of AWS and of `_astro` that have a finding of their own.
BY_ERROR: dict[str, str] = {
    "UnauthorizedOperation": "PERMISSION_MISSING",
    "AccessDenied": "PERMISSION_MISSING",
    "AccessDeniedException": "PERMISSION_MISSING",
    "RequestLimitExceeded": "THROTTLED",
    "Throttling": "THROTTLED",
    "ThrottlingException": "THROTTLED",
    "PriorRequestNotComplete": "THROTTLED",
    "VpcEndpointLimitExceeded": "ENDPOINT_QUOTA",
    "DependencyViolation": "STILL_IN_USE",
    "LimitsExceeded": "ZONE_LIMIT",
    "ConflictingDomainExists": "ZONE_CONFLICT_ELSEWHERE",
    "NotAuthorizedException": "ZONE_NOT_AUTHORISED",
    "PublicZoneVPCAssociation": "ZONE_IS_PUBLIC",
    # EC2: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    "AuthFailure": "LOGIN_REFUSED",
    "Blocked": "LOGIN_REFUSED",
    "ExpiredToken": "LOGIN_REFUSED",
    "ExpiredTokenException": "LOGIN_REFUSED",
    "InvalidClientTokenId": "LOGIN_REFUSED",
    "OptInRequired": "LOGIN_REFUSED",
    "PendingVerification": "LOGIN_REFUSED",
    "ReadFailed": "LOGIN_REFUSED",
    "RequestExpired": "LOGIN_REFUSED",
    "SignatureDoesNotMatch": "LOGIN_REFUSED",
    "InternalError": "AWS_UNWELL",
    "InternalFailure": "AWS_UNWELL",
    "ServiceUnavailable": "AWS_UNWELL",
    "Unavailable": "AWS_UNWELL",
    "Timeout": "NOT_IN_TIME",
    "IdempotentParameterMismatch": "CHANGED_AT_ONCE",
    "IncorrectState": "CHANGED_AT_ONCE",
    "InvalidGroup.Duplicate": "CHANGED_AT_ONCE",
    "InvalidPermission.Duplicate": "CHANGED_AT_ONCE",
    "InvalidPermission.NotFound": "CHANGED_AT_ONCE",
    "InvalidState": "CHANGED_AT_ONCE",
    "OperationInProgress": "CHANGED_AT_ONCE",
    "InvalidGroup.NotFound": "GONE_MEANWHILE",
    "InvalidGroupId.NotFound": "GONE_MEANWHILE",
    "InvalidPrefixListID.NotFound": "GONE_MEANWHILE",
    "InvalidPrefixListId.NotFound": "GONE_MEANWHILE",
    "InvalidSecurityGroupID.NotFound": "GONE_MEANWHILE",
    "InvalidSecurityGroupId.NotFound": "GONE_MEANWHILE",
    "InvalidSubnetID.NotFound": "GONE_MEANWHILE",
    "InvalidSubnetId.NotFound": "GONE_MEANWHILE",
    "InvalidVpcEndpoint.NotFound": "GONE_MEANWHILE",
    "InvalidVpcEndpointId.NotFound": "GONE_MEANWHILE",
    "InvalidVpcID.NotFound": "GONE_MEANWHILE",
    "InvalidVpcId.NotFound": "GONE_MEANWHILE",
    "InvalidServiceName": "SERVICE_REFUSED",
    "DuplicateSubnetsInSameZone": "SUBNET_HELD",
    "InsufficientFreeAddressesInSubnet": "ADDRESSES_USED_UP",
    "RulesPerSecurityGroupLimitExceeded": "SG_RULES_LIMIT",
    "SecurityGroupLimitExceeded": "SG_LIMIT",
    "SecurityGroupsPerInterfaceLimitExceeded": "SG_PER_ENDPOINT_LIMIT",
    "TagLimitExceeded": "TAG_LIMIT",
    "InvalidGroup.InUse": "STILL_IN_USE",
    "CannotDelete": "STILL_IN_USE",
    "OperationNotPermitted": "NOT_PERMITTED",
    "InvalidGroup.Reserved": "REQUEST_REFUSED",
    "InvalidGroupId.Malformed": "REQUEST_REFUSED",
    "InvalidID": "REQUEST_REFUSED",
    "InvalidParameter": "REQUEST_REFUSED",
    "InvalidParameterCombination": "REQUEST_REFUSED",
    "InvalidParameterValue": "REQUEST_REFUSED",
    "InvalidPermission.Malformed": "REQUEST_REFUSED",
    "InvalidTagKey.Malformed": "REQUEST_REFUSED",
    "MissingParameter": "REQUEST_REFUSED",
    "UnknownParameter": "REQUEST_REFUSED",
    "UnsupportedOperation": "REQUEST_REFUSED",
    "ValidationError": "REQUEST_REFUSED",
    "VPCIdNotSpecified": "REQUEST_REFUSED",
    # Route 53, as botocore's model has them
    "ConcurrentModification": "CHANGED_AT_ONCE",
    "HostedZoneAlreadyExists": "CHANGED_AT_ONCE",
    "HostedZoneNotEmpty": "ZONE_NOT_EMPTIED",
    "InvalidChangeBatch": "REQUEST_REFUSED",
    "InvalidDomainName": "REQUEST_REFUSED",
    "InvalidInput": "REQUEST_REFUSED",
    "InvalidVPCId": "ZONE_VPC_UNKNOWN",
    "LastVPCAssociation": "ZONE_LAST_VPC",
    "NoSuchHealthCheck": "REQUEST_REFUSED",
    "NoSuchHostedZone": "GONE_MEANWHILE",
    "TooManyHostedZones": "ZONES_LIMIT",
    "VpcLimitExceeded": "VPC_LIMIT",
    "TooManyVPCAssociationAuthorizations": "ZONE_AUTHORISATIONS_LIMIT",
    "VPCAssociationAuthorizationNotFound": "GONE_MEANWHILE",
    "VPCAssociationNotFound": "GONE_MEANWHILE",
    "AstroRefused": "ASTRO_REFUSED",
    "AstroUncertain": "ASTRO_UNCERTAIN",
    "SecondWriter": "SECOND_WRITER",
}

#: Parts of AWS's error messages that say more than the code.
BY_TEXT: dict[str, str] = {
    "vpce:AllowMultiRegion": "MULTIREGION_DENIED",
    "supported for remote access": "AZ_REMOTE_UNSUPPORTED",
    "does not support shared VPCs": "SHARED_VPC_REFUSED",
}

CATALOGUE: dict[str, Entry] = {
    # --- the state in AWS, before a change
    "VPC_NOT_FOUND": Entry(
        "There is no VPC {vpc_id} in {region} for these credentials.",
        "Check privatelink_vpc_id, privatelink_region and the account of the credentials.",
    ),
    "SERVICE_NAME_INVALID": Entry(
        "{service!r} is not the name of an endpoint service.",
        "Set privatelink_service_name to the name that Astronomer Support sent; it looks like "
        "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0.",
    ),
    "SERVICE_NOT_FOUND": Entry(
        "AWS does not show the endpoint service {service} to this account in {region}.",
        "Either the account is not one of the service's allowed principals, or the service is in another region. "
        "Check privatelink_service_name (the name says {service_region}); if it is right, ask Astronomer Support to "
        "allow this account.",
    ),
    "SERVICE_REGION_MISSING": Entry(
        "The endpoint service is in {service_region}, but the VPC is in {region}.",
        "Set privatelink_service_region: {service_region} and ask Astronomer Support to enable {region} for it.",
    ),
    "REGION_NOT_ENABLED": Entry(
        "AWS does not show the endpoint service {service} of {service_region} in {region}.",
        "Check privatelink_service_name and privatelink_service_region. If they are right, ask Astronomer Support to add {region} to "
        "the service's supported regions, and this account to its allowed principals.",
    ),
    "SUBNET_NOT_FOUND": Entry(
        "VPC {vpc_id} has no subnet {subnet}.",
        "Check privatelink_subnet_ids; the VPC has {subnets}.",
    ),
    "SUBNETS_SAME_AZ": Entry(
        "Subnets {subnets} are both in {az}.",
        "An endpoint takes one subnet per Availability Zone: keep one of them in privatelink_subnet_ids.",
    ),
    "AZ_UNSUPPORTED": Entry(
        "Subnet {subnet} is in {az}, which the endpoint service does not offer.",
        "The service offers {supported}. Use or create a subnet in one of these zones.",
    ),
    "NO_SUPPORTED_SUBNET": Entry(
        "VPC {vpc_id} has subnets in {have}, but none in a zone that the endpoint service offers.",
        "The service offers {supported}. Create a subnet in one of these zones.",
    ),
    "SUBNET_FULL": Entry(
        "Subnet {subnet} has no free IP address.",
        "Free an address, or set another subnet of {az} in privatelink_subnet_ids.",
    ),
    "SUBNET_IPV6_ONLY": Entry(
        "Subnet {subnet} has no IPv4 addresses, and the link uses IPv4 only.",
        "Set another subnet of {az} in privatelink_subnet_ids.",
    ),
    "SUBNET_NO_IPV6": Entry(
        "The link is to have IPv6 addresses, and these subnets have no IPv6 range: {subnets}.",
        "Associate an IPv6 range with them, set other subnets in privatelink_subnet_ids, or set privatelink_ip_address_type: "
        "ipv4.",
    ),
    "ZONE_NO_IPV6": Entry(
        "The endpoint is not in {zones} of VPC {vpc_id}: no subnet there has an IPv6 range ({subnets}).",
        "Associate an IPv6 range with one of these subnets. Agents in these zones use the endpoint's addresses in other zones "
        "until then.",
        "warning",
    ),
    "SERVICE_NO_IPV6": Entry(
        "Service {service} does not support IPv6.",
        "Set privatelink_ip_address_type: ipv4, or ask Astronomer Support for a service that supports IPv4 and IPv6.",
    ),
    "SOURCES_NO_IPV6": Entry(
        "The link is to have IPv6 addresses, and only IPv4 ranges may reach it: {sources}.",
        "Add the agents' IPv6 ranges to privatelink_agent_cidrs, or set privatelink_agent_security_groups. Agents that have "
        "IPv6 would wait for it in vain until then.",
    ),
    "IPV6_KEPT": Entry(
        "Endpoint {endpoint} has IPv6 addresses, and the link is to have IPv4 only.",
        "Setup leads no name to them, and keeps them, since agents may still use them. To remove them, set the endpoint's IP address "
        "type to ipv4 in AWS once no agent does. To use them, set privatelink_ip_address_type: dualstack.",
        "warning",
    ),
    "ANSWER_UNCLEAR": Entry(
        "AWS's answer about VPC {vpc_id} does not show {what}.",
        "The plan for this VPC stops there, so that nothing is created twice. Run again; if it happens again, compare "
        "with the AWS console.",
    ),
    "SHARED_VPC_PARTICIPANT": Entry(
        "VPC {vpc_id} belongs to account {owner} and is only shared with this account.",
        "Only the owner can create endpoints in a shared VPC: use credentials of account {owner}.",
    ),
    "SECURITY_GROUP_NOT_FOUND": Entry(
        "VPC {vpc_id} has no security group {group}.",
        "Check privatelink_agent_security_groups and privatelink_endpoint_security_groups.",
    ),
    "SECURITY_GROUP_FOREIGN": Entry(
        "VPC {vpc_id} has a security group {group} named astro-privatelink that this collection did not create.",
        "Rename it, or adopt it by listing it in privatelink_endpoint_security_groups.",
    ),
    "NO_AGENT_HOST_YET": Entry(
        "The inventory has no agent host for this VPC, so setup points {host} at the link without testing it from "
        "inside the VPC.",
        "Set privatelink_kubernetes if agents are pods, or add an agent host with privatelink_agent_vpc to the group agent_hosts.",
        "warning",
    ),
    "NAME_UNPROVEN": Entry(
        "{host} now resolves to the link in this VPC, but no agent host was there to test the link first.",
        "Add an agent host of this VPC, with privatelink_agent_vpc, to the inventory, so that the link is tested from "
        "inside.",
        "warning",
    ),
    "NO_AGENT_SOURCE": Entry(
        "No source is set from which agents reach the endpoint.",
        "Set privatelink_agent_security_groups (preferred) or privatelink_agent_cidrs.",
    ),
    "ENDPOINT_NOT_FOUND": Entry(
        "VPC {vpc_id} has no endpoint {endpoint} for service {service}.",
        "Check privatelink_endpoint_id; leave it out to have an endpoint created.",
    ),
    "ENDPOINT_FOREIGN": Entry(
        "VPC {vpc_id} already has the endpoint {endpoint} for this service; this collection did not create it.",
        "Set privatelink_endpoint_id: {endpoint} to use it as it is, or delete it once no agent uses it.",
    ),
    "PLAN_DIFFERS": Entry(
        "This is not what was approved: {differences}.",
        "Run setup or site with --check again, have the new plan approved, and run with that one.",
    ),
    "ENDPOINT_STAYS": Entry(
        "Endpoint {endpoint} stays: this collection did not make it and has not taken it over.",
        "Delete it yourself if nobody needs it: aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {endpoint}.",
        "warning",
    ),
    "MANAGED_ELSEWHERE": Entry(
        "{thing} is changed here and is managed by {manager}, which may change it back.",
        "Let one of the two manage it: see docs/beside_terraform.md for how to hand it over, in either direction.",
        "warning",
    ),
    "ENDPOINT_DUPLICATE": Entry(
        "VPC {vpc_id} has several endpoints for this service: {endpoints}.",
        "Set privatelink_endpoint_id to the one to keep and delete the others.",
    ),
    "ENDPOINT_LEFT_OVER": Entry(
        "VPC {vpc_id} still has the endpoint {endpoint} of this collection for {service}, which this inventory does "
        "not use. AWS bills it.",
        "If no inventory uses it and no zone points to it, delete it: aws ec2 delete-vpc-endpoints --vpc-endpoint-ids "
        "{endpoint}.",
        "warning",
    ),
    # --- preflight: what would fail later, or cut agents off
    "READ_FAILED": Entry(
        "{problem}",
        "Nothing was checked for this VPC. Fix this first; there may be more to find.",
    ),
    "NOT_CHECKED": Entry(
        "{operation} did not answer: {message}",
        "Preflight continues without it and cannot tell {what}. Allow it for these credentials to include this check.",
        "warning",
    ),
    "SDK_TOO_OLD": Entry(
        "The service is in {service_region}, but botocore {version} does not support endpoints across regions.",
        "Upgrade boto3 and botocore on the controller to 1.35.70 or newer.",
    ),
    "AZ_REMOTE_DOUBTFUL": Entry(
        "Subnet {subnet} is in {az}, which is not among the zones that AWS supports for services of another region.",
        "AWS may refuse it: set a subnet of another zone in privatelink_subnet_ids, or leave the choice to setup.",
        "warning",
    ),
    "SUPPORT_NEEDED": Entry(
        "This VPC shares the link of {via}, which is in another {what} ({there}, not {here}).",
        "Contact Astronomer Support first, as Astronomer's page says; playbook support_request writes the text. Then set "
        "privatelink_support_confirmed: true.",
    ),
    "ENDPOINTS_REACHED": Entry(
        "VPC {vpc_id} has {count} interface endpoints and a quota of {limit}; {more} more are to be created.",
        "Raise the quota, or join another link with privatelink_via.",
    ),
    "DEFAULT_SECURITY_GROUP": Entry(
        "The endpoint uses {group}, the VPC's default security group.",
        "It admits only its own members and is shared with everything that has no group of its own. Set another group "
        "in privatelink_endpoint_security_groups, or remove that variable to have one created.",
        "warning",
    ),
    "AGENT_NOT_ADMITTED": Entry(
        "The endpoint's security groups {groups} do not admit {sources} on port 443.",
        "You manage these groups, so they are not changed. Add a rule, or remove privatelink_endpoint_security_groups.",
    ),
    "AGENT_RANGE_NOT_ADMITTED": Entry(
        "VPC {vpc_id} has subnets in {ranges}, which the endpoint does not admit.",
        "If agents or their pods run there, add the range to privatelink_agent_cidrs, or their group to "
        "privatelink_agent_security_groups.",
        "warning",
    ),
    "SG_TOO_WIDE": Entry(
        "The endpoint's security group {group} admits {foreign}, which the inventory does not list as a source of "
        "agents.",
        "Set harden_aws_tighten: true to remove these rules, or list the sources for an agent VPC if they are needed.",
        "warning",
    ),
    "SG_TOO_WIDE_BY_HAND": Entry(
        "The endpoint's security group {group} admits {foreign}, by rules for more than port 443.",
        "These rules were added by hand and are not changed: remove them if they are not needed.",
        "warning",
    ),
    "EGRESS_OPEN": Entry(
        "The agents' security group {group} allows {rules} outbound.",
        "Narrow it with role harden_aws, which changes the groups in harden_aws_egress_groups; agents also need destinations other than "
        "Astro. Until then agents that bypass the link still reach Astro over the internet.",
        "warning",
    ),
    "SG_SHARED": Entry(
        "The endpoint's security group {group} is also used by {others}, which are not in the inventory: {sources} "
        "may be their agents and are kept.",
        "Run with an inventory that has all agent VPCs whose links are in this VPC, or first remove what is left of "
        "the others: the endpoint, or the security group's tag astro.privatelink/CLUSTER.",
        "warning",
    ),
    "SG_RULES_REACHED": Entry(
        "Security group {group} would have {count} inbound rules, {new} of them new, with a quota of {limit}.",
        "Set one range that covers the agents in privatelink_agent_cidrs instead of many. Or raise the quota 'Inbound "
        "or outbound rules per security group' (L-0EA8095F), or set a group of your own, with a prefix list, in "
        "privatelink_endpoint_security_groups.",
    ),
    "SG_EGRESS_RULES_REACHED": Entry(
        "The agents' security group {group} would have {count} outbound rules, {new} of them new, with a quota of "
        "{limit}.",
        "Set wider ranges or a prefix list in harden_aws_required_egress, remove rules that are not needed, or raise "
        "the quota 'Inbound or outbound rules per security group' (L-0EA8095F).",
    ),
    "EGRESS_REF_INVALID": Entry(
        "The endpoint that agents of {user} use is in {there}, so the security groups {groups} in {here} cannot "
        "reference its group.",
        "Nothing was changed for them. Add the range of the endpoint's subnets to harden_aws_required_egress, as cidr with port 443.",
    ),
    "SUBNET_SWAP_GAP": Entry(
        "Endpoint {endpoint} has its only address in {subnet}. An endpoint has one subnet per zone, so changing to "
        "{wanted} would leave it without an address for a while.",
        "Nothing was changed. Add a subnet of another zone to privatelink_subnet_ids and run setup; then change this one.",
    ),
    "NARROW_UNPROVEN": Entry(
        "Not narrowed, because agents that might be cut off were not verified first: {why}.",
        "Nothing was removed. Fix that, or add an agent host for each VPC listed; playbook verify shows the details.",
    ),
    "NARROW_TAKEN_BACK": Entry(
        "Agents were cut off after narrowing: {why}.",
        "All removed rules were restored. Set where these agents are (privatelink_agent_security_groups, "
        "privatelink_agent_cidrs) and what else they need (harden_aws_required_egress).",
    ),
    "NARROW_NOT_TAKEN_BACK": Entry(
        "Agents were cut off after narrowing ({why}), and the removed rules could not be restored: {problem}",
        "Add them by hand now. The audit at the start of the run lists them, and so does the step's result.",
    ),
    "SG_REF_INVALID": Entry(
        "Security groups {groups} of {vpc_id} cannot be referenced in {other}: {why}.",
        "Set ranges in privatelink_agent_cidrs instead.",
    ),
    "NACL_BLOCKS": Entry(
        "Network ACL {acl} of {subnets} blocks {what} {peers}.",
        "Allow it there. This collection does not change network ACLs.",
    ),
    "NACL_BLOCKS_SOMEWHERE": Entry(
        "Network ACL {acl} of {subnets} blocks {what} {peers}.",
        "If agents run in these subnets, allow it there; otherwise set the agents' own ranges or security groups.",
        "warning",
    ),
    "ROUTE_MISSING": Entry(
        "Route table {table} of {vpc_id} has no route to {cidrs}.",
        "Add a route over the peering connection or transit gateway; a shared link needs one in each direction.",
    ),
    "ROUTE_MISSING_SOMEWHERE": Entry(
        "Route table {table} of {vpc_id} has no route to {cidrs}.",
        "If agents run in its subnets, add a route over the peering connection or transit gateway, in each direction; "
        "otherwise set the agents' own ranges or security groups.",
        "warning",
    ),
    "VPC_DNS_OFF": Entry(
        "VPC {vpc_id} has {attributes} turned off.",
        "A private zone has no effect there. Turn it on: aws ec2 modify-vpc-attribute --vpc-id {vpc_id} --{option}.",
    ),
    "CUSTOM_DNS": Entry(
        "VPC {vpc_id} uses the name servers {servers} (DHCP options).",
        "A private zone answers only through the VPC's own resolver: configure these servers to forward {zone} to it.",
        "warning",
    ),
    "RESOLVER_RULE_WINS": Entry(
        "Resolver rule {rule} forwards {domain} elsewhere, and takes precedence over the private zone {zone}.",
        "Disassociate the VPC from the rule, or add a SYSTEM rule for {host}.",
    ),
    "ZONE_TAKEN": Entry(
        "VPC {vpc_id} is already associated with zone {other} ({name}), owned by {owner}.",
        "A VPC can be associated with only one zone of a name: disassociate it from that zone, or have the record "
        "added there.",
    ),
    "ZONE_MORE_SPECIFIC": Entry(
        "VPC {vpc_id} is associated with zone {other} ({name}), owned by {owner}, which answers for {host} instead of "
        "{zone}.",
        "Disassociate the VPC from that zone, or adopt the zone with privatelink_hosted_zone_id and the "
        "privatelink_dns_layout that fits its name. If it is the zone of a former link of this VPC: docs/changes.md.",
    ),
    "ZONE_IN_PROFILE": Entry(
        "VPC {vpc_id} gets {name} through the Route 53 Profile {profile} (zone {other}).",
        "Add the record there, or disassociate the VPC from the Profile: two zones for the same name give "
        "unpredictable answers.",
    ),
    "ZONE_SHADOWS_NAMES": Entry(
        "With the private zone {zone}, these names no longer exist in this VPC: {names}.",
        "Set privatelink_dns_layout: host_zone, which hides no other name, or add records for them.",
    ),
    "HOSTED_ZONE_PUBLIC": Entry(
        "Zone {zone_id} is a public one.",
        "Only a private zone can be associated: set privatelink_hosted_zone_id to one, or remove it.",
    ),
    "ZONE_VPCS_REACHED": Entry(
        "Zone {zone_id} has {count} VPCs and a quota of {limit}; {more} more are to be associated.",
        "Raise the quota, or give some VPCs a link of their own.",
    ),
    "ZONE_VPCS_MANY": Entry(
        "{count} VPCs are to be associated with the zone that is created for this link; AWS allows {limit} unless it has raised the "
        "quota.",
        "Ask AWS to raise 'VPC associations per private hosted zone', or let some VPCs share another link.",
        "warning",
    ),
    "ZONES_REACHED": Entry(
        "The account has {count} hosted zones and a quota of {limit}; {more} more are to be created.",
        "Raise the quota, or let VPCs share a link with privatelink_via.",
    ),
    "CLUSTER_UNKNOWN": Entry(
        "{host} does not exist in public DNS, as seen from {agent}.",
        "Check privatelink_cluster_id: every Astro cluster has a public name. If it is right, a DNS firewall may hide "
        "the name.",
    ),
    "DEPLOYMENT_NOT_REMOTE": Entry(
        "Deployment {deployment} does not use Remote Execution.",
        "Only Remote Execution Agents reach Astro this way: check preflight_deployment_ids.",
    ),
    "DEPLOYMENT_AIRFLOW_2": Entry(
        "Deployment {deployment} runs Airflow {version}.",
        "Remote Execution Agents need Airflow 3: upgrade the Deployment, or check preflight_deployment_ids.",
    ),
    "DEPLOYMENT_ELSEWHERE": Entry(
        "Agents of Deployment {deployment} connect to {host}, but these VPCs get a link for {hosts}.",
        "Compare privatelink_cluster_id with the Deployment's cluster. If its agents are in other VPCs, ignore this.",
        "warning",
    ),
    # --- the state of an endpoint
    "PENDING_ACCEPTANCE": Entry(
        "Endpoint {endpoint} is waiting for Astronomer to accept it.",
        "Send this id to Astronomer Support and run again later; AWS bills the endpoint meanwhile. "
        "Names still resolve as before.",
    ),
    "ENDPOINT_PENDING": Entry(
        "Endpoint {endpoint} is still {state} after {seconds} seconds.",
        "Run again. If it stays in this state, check it in the AWS console or raise setup_wait_timeout.",
    ),
    "ENDPOINT_REJECTED": Entry(
        "Endpoint {endpoint} was rejected by Astronomer. {detail}",
        "Ask Astronomer Support why. It cannot be reused: set privatelink_replace_endpoint: true to create a new one.",
    ),
    "ENDPOINT_FAILED": Entry(
        "Endpoint {endpoint} is in state failed. {detail}",
        "It cannot be reused: set privatelink_replace_endpoint: true to create a new one.",
    ),
    "ENDPOINT_EXPIRED": Entry(
        "Endpoint {endpoint} expired before Astronomer accepted it. {detail}",
        "Tell Astronomer Support that a new one is coming, and set privatelink_replace_endpoint: true to create it.",
    ),
    "ENDPOINT_PARTIAL": Entry(
        "Endpoint {endpoint} is only partially available. {detail}",
        "Some of its zones do not work. Delete it and run again, or ask AWS Support.",
    ),
    # --- private zones
    "ZONE_NOT_FOUND": Entry(
        "There is no private hosted zone {zone} with the id {zone_id}.",
        "Check privatelink_hosted_zone_id; leave it out to have a zone created.",
    ),
    "ZONE_CONFLICT": Entry(
        "VPC {vpc_id} is already associated with the zone {other}, which has the same name {zone}.",
        "Adopt that zone with privatelink_hosted_zone_id: {other}, or disassociate the VPC from it. "
        "To move the VPC from one link to another, give one of them the other layout, as privatelink_dns_layout: host_zone. Zones of "
        "both layouts can be beside each other, so that agents always have the name (docs/changes.md).",
    ),
    "FORMER_ZONE_ANSWERS": Entry(
        "VPC {vpc_id} is still associated with zone {other} ({name}) of another link, which answers for {host} before {zone}: it leads "
        "to {target}, not to this link.",
        "Run the playbook move_dns_layout for this VPC. It takes the VPC off that zone once its agents reach this link.",
    ),
    "FORMER_ZONE_LEFT": Entry(
        "VPC {vpc_id} is still associated with zone {other} ({name}) of a former link or layout.",
        "Run the playbook move_dns_layout for this VPC, which takes it off that zone. Until then a teardown of the former link stops.",
        "warning",
    ),
    "SUBNETS_NEEDED": Entry(
        "The endpoint is to lose subnets, but agents in {vpcs} do not reach it through those that stay: {problems}.",
        "Nothing was changed for this link. Fix what is in the way, or keep the subnets in privatelink_subnet_ids.",
    ),
    "SUBNETS_UNPROVEN": Entry(
        "The endpoint loses subnets, but no agent host of this VPC was there to test those that stay.",
        "Add an agent host of this VPC, with privatelink_agent_vpc, to the inventory, so that they are tested from inside first.",
        "warning",
    ),
    "NAME_GOES_ELSEWHERE": Entry(
        "Without zone {going}, zone {other} ({name}) answers for {host} in VPC {vpc_id}. It leads to {target}.",
        "Nothing was changed for this VPC, since its agents would not go back to the public path. To move them to that link, set "
        "privatelink_via to its VPC, run setup, and then move_dns_layout. Otherwise disassociate the VPC from zone {other} first.",
    ),
    "ZONE_DUPLICATE": Entry(
        "This collection created several zones {zone} for {vpc_id}: {zones}.",
        "Set privatelink_hosted_zone_id to the one to keep and delete the others.",
    ),
    "ZONE_NOT_EMPTY": Entry(
        "Zone {zone_id} also has {records}, which this collection did not create.",
        "Remove these records, or keep the zone.",
    ),
    "ZONE_STILL_USED": Entry(
        "Zone {zone_id} still serves VPCs that this run does not remove: {vpcs}.",
        "Remove the joined VPCs first, or in the same run.",
    ),
    "NAME_GAP": Entry(
        "{hosts} would not exist for the last VPC of zone {zone_id} while the zone is deleted: for seconds, or for up "
        "to 15 minutes where a cache keeps that answer.",
        "Set privatelink_holder_vpc_id to a VPC without agents, or accept the gap.",
    ),
    "NAME_LOST": Entry(
        "Zone {zone_id} stays on {vpcs}, since you created it or another cluster's link uses it: without its record {hosts} would "
        "no longer exist there, not even publicly.",
        "Disassociate these VPCs from the zone first. For another cluster's link: set privatelink_dns_layout: host_zone there, and run "
        "move_dns_layout. If no agents need the name, set teardown_accept_gap: true.",
    ),
    "DEPLOYMENT_RESTRICTED": Entry(
        "Deployment {name} admits agents only from {ranges}: others would be refused over the public internet.",
        "Set teardown_unlock: true to open the list first; if it already contains all public addresses of these agents, set "
        "teardown_deployment_unrestricted: true.",
    ),
    "RESTRICTION_KEPT": Entry(
        "The restriction of the Deployments was not lifted, because {vpcs} would keep their links. Nothing was changed.",
        "Fix these first, see their findings, or run with --limit for the VPCs whose links can be removed.",
    ),
    "RESTRICTION_UNKNOWN": Entry(
        "It is unknown whether Astro still admits agents over the public internet: {why}.",
        "Set teardown_deployment_ids to the Deployments, with a token in ASTRO_API_TOKEN, or set "
        "teardown_deployment_unrestricted: true.",
    ),
    "PUBLIC_PATH_UNKNOWN": Entry(
        "The public address of {host} is unknown ({answer}), so it cannot be checked that agents still reach Astro without the "
        "link. Nothing was changed.",
        "Set privatelink_public_addresses to the addresses that the name has on the internet. If no agent of these VPCs works any "
        "more, set teardown_accept_cut_off: true.",
    ),
    "PUBLIC_PATH_CLOSED": Entry(
        "{agents} cannot reach {host} at its public addresses {addresses}: without the link they would be cut off. Nothing was "
        "changed.",
        "Open the public path first: egress rules of the agents' security groups, a route to a NAT gateway, Network "
        "Firewall. If agents will use a proxy, or none works there any more, set teardown_accept_cut_off: true.",
    ),
    "PUBLIC_PATH_UNSEEN": Entry(
        "{agents} could not check that they reach {host} at its public addresses {addresses}. Nothing was changed.",
        "Fix the connection to these agent hosts, or remove hosts that no longer exist from the inventory. If no agent of these "
        "VPCs works any more, set teardown_accept_cut_off: true.",
    ),
    "WAY_BACK_UNPROVEN": Entry(
        "The inventory has no agent host for this VPC, so the link is removed without a check that agents reach "
        "{host} without it.",
        "Add an agent host of this VPC to the group agent_hosts, with privatelink_agent_vpc.",
        "warning",
    ),
    "WAY_BACK_UNSEEN": Entry(
        "{agents} could not check what {host} resolves to now: the endpoint is kept.",
        "Fix the connection to these agent hosts, or remove hosts that no longer exist from the inventory. Then run again.",
    ),
    "NAME_STILL_PRIVATE": Entry(
        "{host} still resolves to {addresses}, the link's, on {agents}: the endpoint is kept.",
        "Another zone, the hosts file or a cache on these hosts still has the old answer. Fix that and run again.",
    ),
    "NAME_NOT_BACK": Entry(
        "{host} no longer resolves on {agents}: the endpoint is kept.",
        "Another private zone may hide the public name, or a cache may keep a negative answer for up to 15 minutes. "
        "Run again.",
    ),
    "NAMES_NOT_REMOVED": Entry(
        "The private zones of this link are not removed yet ({operations} would be sent): the endpoint is kept.",
        "Run role teardown from the beginning.",
    ),
    "ENDPOINT_STILL_LED_TO": Entry(
        "In zone {zone_id} of {vpcs}, {hosts} still points to endpoint {endpoint}: the endpoint is kept.",
        "Remove this record, or tear down its link. Then run again.",
    ),
    "ENDPOINT_SHARED": Entry(
        "Endpoint {endpoint} also serves {hosts} of another cluster's link in this VPC: it is kept.",
        "Nothing to do: it goes with the last of these links.",
        "warning",
    ),
    "LINK_STILL_USED": Entry(
        "{sharers} share this link and have not left it: the endpoint is kept.",
        "Fix those VPCs, then run again for all of them.",
    ),
    "LAYOUT_NOT_READY": Entry(
        "The zone of the new DNS layout does not serve this VPC yet: setup would send {operations}.",
        "Run setup with the new privatelink_dns_layout and verify. The old zone was not changed.",
    ),
    "DRIFT": Entry(
        "AWS does not match the inventory: a run would send {operations}.",
        "Run setup with --check --diff to see the differences, then without to fix them.",
    ),
    "LAST_VPC": Entry(
        "VPC {vpc_id} is the last one of zone {zone_id}; AWS does not allow a private zone without a VPC.",
        "Remove the zone itself instead (state: absent).",
    ),
    "NAME_MISSING": Entry(
        "{hosts} does not exist for the agents in {vpcs}: zone {zone_id} hides the public name and has no record for "
        "it.",
        "Run setup again at once, or disassociate these VPCs from the zone, or delete it.",
    ),
    "HOLDER_REFUSED": Entry(
        "No VPC could be created to hold the new zone ({operation} failed: {message}), so the zone was created on the "
        "agents' own VPC, where the name did not exist for some seconds.",
        "Set privatelink_holder_vpc_id to a VPC without agents, or allow ec2:CreateVpc, ec2:CreateTags and ec2:DeleteVpc.",
        "warning",
    ),
    "HOLDER_UNKNOWN": Entry(
        "A VPC was to be created to hold the new zone, and what came of it is not known ({operation} failed: {message}). The name stays "
        "as it is, so that no agent misses an answer.",
        "Run again: the next run uses that VPC if it is there.",
    ),
    "HOLDER_LEFT": Entry(
        "The VPC {ids}, which was created to hold a zone, could not be deleted: {message}",
        "It costs nothing, and the next run tries again. Allow ec2:DeleteVpc, or delete it by hand.",
        "warning",
    ),
    "NAME_GAP_UNHELD": Entry(
        "No VPC could be created to hold the zone while it is deleted ({operation} failed: {message}). Nothing was "
        "changed.",
        "Set privatelink_holder_vpc_id to a VPC without agents, allow ec2:CreateVpc, ec2:CreateTags and "
        "ec2:DeleteVpc, or accept the gap.",
    ),
    "RECORD_NO_TARGET": Entry(
        "There is no endpoint yet that {hosts} could point to.",
        "Create the endpoint first. No zone was created, because it would hide the public name.",
    ),
    "RECORD_IN_THE_WAY": Entry(
        "Zone {zone_id} already has other records of {host}: {records}.",
        "Remove them, or use a zone without them. This collection changes only its own plain alias record.",
    ),
    "RECORD_LEFT": Entry(
        "Zone {zone_id}, which this collection did not create, has {records}, which do not point to this link and are "
        "kept.",
        "Remove them by hand if they are not needed.",
        "warning",
    ),
    "ZONE_OF_ANOTHER_LINK": Entry(
        "This collection created zone {zone_id} for the link of {other}.",
        "Remove privatelink_hosted_zone_id, or share that link with privatelink_via.",
    ),
    "ZONE_WANTED_TWICE": Entry(
        "Zone {zone_id} is also set for {others}, but {host} cannot point to the endpoints of both.",
        "Remove privatelink_hosted_zone_id for one of them, or let it share the other's link with privatelink_via.",
    ),
    "RECORD_FOREIGN": Entry(
        "Zone {zone_id} already has a record {record} ({target}) that does not point to this link's endpoint.",
        "Records in an adopted zone are not overwritten. Remove it, then run again.",
    ),
    "RECORD_MOVES_STRANGERS": Entry(
        "Zone {zone_id} also serves {vpcs}, which the inventory does not list for this link: a new target of {hosts} "
        "would move their agents without a check.",
        "Add these VPCs to the inventory with privatelink_via, or disassociate them from the zone. The record was not "
        "changed.",
    ),
    "RECORD_KEPT": Entry(
        "{vpcs} are associated with zone {zone_id}, and their agents do not reach the new target of {hosts}: the "
        "record was not changed.",
        "Fix those VPCs first: routes to the endpoint, the sources that its security group admits. Then run again.",
    ),
    "LINK_NOT_READY": Entry(
        "This link's endpoint does not have its final settings yet, so the name was not changed: {operations} would "
        "be sent.",
        "Somebody else may be changing it. Run role setup again from the beginning.",
    ),
    "LINK_LEADS_ELSEWHERE": Entry(
        "{hosts} in zone {zone_id} of {via} points to {target}, not to the endpoint that this VPC would use.",
        "Run setup for {via} first, or without --limit. This VPC was not associated.",
    ),
    "LINK_NOT_SET_UP": Entry(
        "The link of {via}, which this VPC shares, does not exist yet.",
        "Set up {via} first, or run without --limit.",
    ),
    "LINK_OWNER_FAILED": Entry(
        "The link of {via}, which this VPC shares, has an error.",
        "Fix {via} and run again; this VPC needs nothing else.",
    ),
    # --- while changing
    "CALL_FAILED": Entry(
        "{operation} failed: {message}",
        "Fix what AWS reports and run again; the run continues where it stopped.",
    ),
    "PERMISSION_MISSING": Entry(
        "{operation} was denied: {message}",
        "Allow {operation} for these credentials, then run again. A service control policy may deny it, too.",
    ),
    "MULTIREGION_DENIED": Entry(
        "{operation} was denied: {message}",
        "Allow vpce:AllowMultiRegion on vpc-endpoint/*, which a service of another region also needs; a service control policy may deny "
        "it.",
    ),
    "AZ_REMOTE_UNSUPPORTED": Entry(
        "{operation} failed: {message}",
        "Not every zone supports cross-region access: set privatelink_subnet_ids to subnets of zones that AWS lists "
        "as supported.",
    ),
    "SHARED_VPC_REFUSED": Entry(
        "{operation} failed: {message}",
        "Only the owner can create endpoints in a shared VPC: use the owner's credentials.",
    ),
    "THROTTLED": Entry(
        "{operation} was throttled for too long: {message}",
        "AWS limits all callers of an account together. Run again when there is less traffic.",
    ),
    "ENDPOINT_QUOTA": Entry(
        "{operation} failed: {message}",
        "A VPC has 50 interface endpoints by default: raise the quota, or join another link with privatelink_via.",
    ),
    "LOGIN_REFUSED": Entry(
        "{operation} was not finished, because AWS no longer accepts the login: {message}",
        "Check the profile or role, the clock, and that the region is enabled for the account; log in again. Then run "
        "again; the run continues where it stopped.",
    ),
    "AWS_UNWELL": Entry(
        "{operation} failed inside AWS: {message}",
        "Run again; the run continues where it stopped. If it fails again, check the AWS Health Dashboard.",
    ),
    "NOT_IN_TIME": Entry(
        "{operation} was accepted, but its target is {message}.",
        "Run again; the run continues where it stopped. If AWS needs longer, raise setup_wait_timeout.",
    ),
    "CHANGED_AT_ONCE": Entry(
        "{operation} failed, because somebody else is changing the same resource: {message}",
        "Run again when they are done; the run continues from the state it finds.",
    ),
    "GONE_MEANWHILE": Entry(
        "{operation} failed, because a resource no longer exists: {message}",
        "Run again; the run continues from the state it finds. If it is one of yours, set another one in the "
        "inventory.",
    ),
    "SERVICE_REFUSED": Entry(
        "{operation} failed: {message}",
        "Check privatelink_service_name and privatelink_service_region. If they are right, ask Astronomer Support to allow this "
        "account and region.",
    ),
    "SUBNET_HELD": Entry(
        "{operation} failed: {message}",
        "The address in a zone's old subnet was not released in time. Run again, or raise setup_wait_timeout.",
    ),
    "ADDRESSES_USED_UP": Entry(
        "{operation} failed: {message}",
        "Free an address in that subnet, or set another subnet of its zone in privatelink_subnet_ids.",
    ),
    "SG_RULES_LIMIT": Entry(
        "{operation} failed: {message}",
        "Set one range that covers the agents in privatelink_agent_cidrs instead of many, or raise the quota 'Inbound "
        "or outbound rules per security group' (L-0EA8095F).",
    ),
    "SG_LIMIT": Entry(
        "{operation} failed: {message}",
        "Raise the quota 'VPC security groups per Region' (L-E79EC296), or set existing groups in "
        "privatelink_endpoint_security_groups.",
    ),
    "SG_PER_ENDPOINT_LIMIT": Entry(
        "{operation} failed: {message}",
        "Set fewer groups in privatelink_endpoint_security_groups, or raise the quota 'Security groups per network "
        "interface' (L-2AFB9258).",
    ),
    "TAG_LIMIT": Entry(
        "{operation} failed: {message}",
        "A resource has at most 50 tags: set fewer in privatelink_tags, or remove tags that are not needed.",
    ),
    "NOT_PERMITTED": Entry(
        "{operation} failed: {message}",
        "AWS does not allow this resource to be changed, often because another AWS service or account manages it. Set "
        "another one in the inventory.",
    ),
    "REQUEST_REFUSED": Entry(
        "{operation} failed, because AWS does not accept one of its values: {message}",
        "Check the inventory for the value that the message names, then run again. If the inventory is right, report "
        "it.",
    ),
    "ZONES_LIMIT": Entry(
        "{operation} failed: {message}",
        "An account has 500 hosted zones by default: raise the quota, or let VPCs share a link with privatelink_via.",
    ),
    "ZONE_AUTHORISATIONS_LIMIT": Entry(
        "{operation} failed: {message}",
        "A zone has at most 1,000 open authorisations: delete unused ones (aws route53 "
        "list-vpc-association-authorizations).",
    ),
    "ZONE_VPC_UNKNOWN": Entry(
        "{operation} failed: {message}",
        "Check privatelink_vpc_id and privatelink_region, and allow ec2:DescribeVpcs: without it Route 53 cannot see "
        "the VPC.",
    ),
    "ZONE_LAST_VPC": Entry(
        "{operation} failed: {message}",
        "AWS does not allow a private zone without a VPC: associate another one first, or remove the zone itself.",
    ),
    "ZONE_NOT_EMPTIED": Entry(
        "{operation} failed: {message}",
        "Somebody has added records to the zone: remove them if they are not needed, then run again.",
    ),
    "STILL_IN_USE": Entry(
        "{operation} failed: {message}",
        "Something still uses it. For the endpoint's security group that is often a rule in an agents' group that "
        "references it, such as harden_aws adds: remove that rule, then run again.",
    ),
    "ZONE_LIMIT": Entry(
        "{operation} failed: {message}",
        "A zone takes 300 VPCs by default: raise the quota, or give some VPCs a link of their own.",
    ),
    "VPC_LIMIT": Entry(
        "{operation} failed: {message}",
        "A region has five VPCs by default, and a new zone is created in a VPC of its own. Raise the quota, or set "
        "privatelink_holder_vpc_id to a VPC without agents.",
    ),
    "ZONE_CONFLICT_ELSEWHERE": Entry(
        "{operation} failed: {message}",
        "A zone of the same name in another account is associated with this VPC: disassociate it, or run with that "
        "account's credentials. "
        "To move the VPC from one link to another, give one of them the other layout, as privatelink_dns_layout: host_zone. Zones of "
        "both layouts can be beside each other, so that agents always have the name (docs/changes.md).",
    ),
    "ZONE_NOT_AUTHORISED": Entry(
        "{operation} failed: {message}",
        "Authorise this VPC in the zone's account first.",
    ),
    "ZONE_IS_PUBLIC": Entry(
        "{operation} failed: {message}",
        "Only a private zone can be associated: set the id of one.",
    ),
    "READ_BACK_FAILED": Entry(
        "{operations} was sent, but the result could not be read: {problem}",
        "The changes may be in effect. Run again; the run reads the state and continues from there.",
    ),
    "NOT_CONVERGED": Entry(
        "All calls were sent, but AWS does not show the result yet: {operations} would be sent again.",
        "Something else may be changing the same resources. Run again; report it if it happens twice.",
    ),
    # --- Astro's list of allowed ranges
    "ORG_LIST_CONFUSION": Entry(
        "{given} is in the IP access list of the whole Organization, which controls who can log in to Astro.",
        "This collection never changes that list. Set the id of a Deployment and plain CIDR ranges: this restricts "
        "who can reach that Deployment's API for agents.",
    ),
    "DEPLOYMENT_NOT_FOUND": Entry(
        "This token sees no such Deployment.",
        "Check the id, the Organization and the token's role.",
    ),
    "API_HOST_MISMATCH": Entry(
        "Its agents connect to {host}, but its cluster is {cluster}.",
        "The link must answer for that name: set privatelink_cluster_id: {label}.",
        "warning",
    ),
    "REMOTE_EXECUTION_OFF": Entry(
        "The Deployment does not have Remote Execution enabled.",
        "Only Remote Execution Deployments have allowed IP address ranges. Check the id, and that the token can see "
        "it.",
    ),
    "CLUSTER_RANGE_UNKNOWN": Entry(
        "The token cannot read the Deployment's cluster, so the cluster's range is unknown.",
        "Set ranges (harden_ranges of role harden) to the cluster's VPC subnet range, or use a token that has "
        "organization.clusters.get.",
    ),
    "RANGE_INVALID": Entry(
        "These are not IP address ranges: {ranges}.",
        "Write a range as 172.20.0.0/22 and a single address as 198.51.100.7.",
    ),
    "DEPLOYMENT_FIELDS_MISSING": Entry(
        "Astro's answer lacks {fields}, which an update must send back to keep them.",
        "Nothing was sent. Use a token with the role Deployment Admin, or one that can read as much.",
    ),
    "ACCESS_WOULD_OPEN": Entry(
        "Without {before} the list would be empty, which admits everybody.",
        "Nothing was sent. If that is what you want, set allow_open: true (harden_allow_open of role harden).",
    ),
    "ACCESS_NOT_AS_EXPECTED": Entry(
        "The list is {before}, not {expected}: somebody else has changed it.",
        "Nothing was sent. Agree with them on what the list must be.",
    ),
    "ACCESS_CLOSES": Entry(
        "The list was empty, which admitted everybody; now it admits only {after}.",
        "Agents that still use the public internet are refused within one heartbeat.",
        "warning",
    ),
    "ACCESS_MISSES_CLUSTER": Entry(
        "The list would be {after}, without the cluster's own range {cluster}: agents over PrivateLink would be "
        "refused.",
        "Nothing was sent. Keep the cluster's range; or, once no agent uses the link, set allow_lockout: true "
        "(harden_allow_lockout of role harden).",
    ),
    "SECONDARY_RANGE": Entry(
        "The cluster also has the secondary range {secondary}, which is not allowed.",
        "Requests over PrivateLink are expected from the first range. If agents are refused, add the secondary one to "
        "ranges.",
        "warning",
    ),
    "OTHER_RANGES_LEFT": Entry(
        "The list also admits {others}, which are not the cluster's ranges.",
        "Agents at these addresses still get in over the public internet. To end that, set state: exact (harden_exclusive: true "
        "of role harden).",
        "warning",
    ),
    "SECOND_WRITER": Entry(
        "{operation} was not sent: {message}",
        "Somebody else is changing this Deployment. Run again when they are done.",
    ),
    "ASTRO_REFUSED": Entry(
        "{operation} failed: {message}",
        "Fix what Astro reports and run again.",
    ),
    "ASTRO_UNCERTAIN": Entry(
        "{operation} got no usable answer, and the Deployment does not show the change: {message}",
        "It may still take effect. Check the Deployment's allowed IP address ranges, then run again.",
    ),
    "DEPLOYMENT_CHANGED_BESIDES": Entry(
        "Since the first read, {fields} of the Deployment changed as well, which this run did not ask for.",
        "Compare them in the Astro UI. Somebody else may have changed them at the same time.",
    ),
    # --- restricting a Deployment to its links
    "LOCKDOWN_UNSAFE": Entry(
        "{why}",
        "Nothing was changed, because agents might be cut off. {remedy}",
    ),
    "ACCESS_LOST": Entry(
        "{agent} got {before} from {url} before the list was changed, and {after} since then.",
        "The list blocks this agent: ask Astronomer Support from which addresses requests over PrivateLink reach "
        "Astro.",
    ),
    "AGENTS_QUIET": Entry(
        "The agent tokens {tokens} were in use before the list was changed, but not in the {seconds} seconds since "
        "then.",
        "Check these agents' logs. Raise harden_watch_timeout for agents that seldom connect.",
    ),
    # --- seen from inside
    "CA_FILE_UNUSABLE": Entry(
        "The agent host cannot read certificates from privatelink_ca_file {ca_file}: {detail}.",
        "Set privatelink_ca_file to a PEM file on the agent host, or remove it to use Python's default.",
    ),
    "DIAL_THROUGH_UNUSABLE": Entry(
        "The proxy in privatelink_dial_through, {proxy!r}, does not work from the agent host: {detail}.",
        "Set privatelink_dial_through to the ADDRESS:PORT of an HTTP CONNECT proxy that the agent host reaches, or "
        "remove it.",
    ),
    "DNS_NXDOMAIN": Entry(
        "{host} does not exist for this VPC's resolver.",
        "A private zone covers the name but has no record for it, or the cluster id is wrong. Run setup; a negative "
        "answer may stay cached for some minutes.",
    ),
    "DNS_NODATA": Entry(
        "{host} exists for this VPC's resolver but has no address.",
        "The record may not be of type A. Run setup, or check the zone's records.",
    ),
    "DNS_TIMEOUT": Entry(
        "{server} did not answer for {host} within {seconds} seconds.",
        "Check the resolver in /etc/resolv.conf, the VPC's DHCP options and the network in between.",
    ),
    "DNS_SERVFAIL": Entry(
        "The resolver fails for {host}: {detail}.",
        "Check the resolver's log; a forwarding rule or a custom DNS server may be broken.",
    ),
    "DNS_PUBLIC_ANSWER": Entry(
        "{host} resolves to {addresses}, not to the link's endpoint ({expected}).",
        "Check that the zone is associated with this VPC, and that this host asks the VPC's resolver. If both are right, an old answer "
        "is still cached: run again in a minute.",
    ),
    "DNS_WRONG_ENDPOINT": Entry(
        "{host} resolves to {addresses}, the link of {owner}, and not to this VPC's link ({expected}).",
        "A zone gives the same answer to all of its VPCs: give this VPC a zone of its own, or join the other link with privatelink_via.",
    ),
    "DNS_MIXED_ANSWER": Entry(
        "{host} resolves to {addresses}, of which only {right} are the link's ({expected}).",
        "Agents use either at random. Check for a second record for the name, or a resolver that mixes answers.",
    ),
    "DNS_STALE": Entry(
        "{server} still answers {answer} for {host}, an old answer that stays cached {left}; the VPC's own "
        "resolver answers {expected}.",
        "Verify again when it has expired, or flush the cache (nscd, systemd-resolved, CoreDNS). Then restart the "
        "agents: some programs keep an answer for as long as they run.",
    ),
    "DNS_WAS_STALE": Entry(
        "{server} answered {answer} for {host} from its cache, until that answer expired after {seconds} seconds.",
        "It is right now. Restart agents that were started before: some programs keep an answer for as long as they "
        "run.",
        "warning",
    ),
    "DNS_RESOLVER_BYPASS": Entry(
        "{server} answers {answer} for {host}, again after its cached answer expired; the VPC's own resolver answers "
        "{right}.",
        "{server} does not ask the VPC's resolver: configure it to forward external.astronomer.run there.",
    ),
    "DNS_PINNED_WRONG": Entry(
        "This host's /etc/hosts sets {host} to {addresses}, not to the link's endpoint ({expected}).",
        "Remove the line; the private zone has the right addresses.",
    ),
    "DNS_PINNED": Entry(
        "This host's /etc/hosts sets {host} to {addresses}.",
        "That is right today, but a new endpoint gets other addresses: remove the line and let the private zone "
        "answer.",
        "warning",
    ),
    "DNS_SEARCH_CAPTURES": Entry(
        "{host} resolves to {addresses}: this host's search list turns it into {longer}, which exists.",
        "Lower ndots in /etc/resolv.conf (a pod's dnsConfig), or remove the wildcard record that answers.",
    ),
    "DNS_SERVERS_DIFFER": Entry(
        "{server} in /etc/resolv.conf answers {answer} for {host}; the system's own answer is the link's.",
        "Agents bypass the link whenever that server answers: configure it to forward external.astronomer.run to the "
        "VPC's resolver, or remove it.",
        "warning",
    ),
    "DNS_SERVER_SILENT": Entry(
        "{servers} in /etc/resolv.conf did not answer within {seconds} seconds.",
        "Names still resolve through another server, but late. Fix the server or remove it.",
        "warning",
    ),
    "DNS_INCOMPLETE": Entry(
        "{host} resolves to {addresses}; the link also has {missing}.",
        "Check the endpoint's zones in AWS, or run again in a minute: an old answer may still be cached.",
        "warning",
    ),
    "DNS_TRANSLATED": Entry(
        "{host} resolves to {addresses}, which DNS64 makes of the link's own addresses: agents that use IPv6 reach the link through a "
        "NAT gateway, which the endpoint sees as the source.",
        "Disable DNS64 for the agents' subnet. If agents there have no IPv4, add the NAT gateway's private address to "
        "privatelink_agent_cidrs.",
        "warning",
    ),
    "PROXY_BYPASS": Entry(
        "{variable} is set to {proxy}, and NO_PROXY does not exempt {host}.",
        "Agents with these variables use the proxy instead of the link: add .external.astronomer.run to their "
        "NO_PROXY.",
    ),
    "TCP_TIMEOUT": Entry(
        "No answer on port {port} within {seconds} seconds from {addresses}.",
        "Check that the endpoint's security group admits this agent and that network ACLs allow it; a joined link also needs routes in "
        "both directions.",
    ),
    "TCP_TIMEOUT_ONE_AZ": Entry(
        "No answer on port {port} within {seconds} seconds from {addresses}; the link's other addresses answer.",
        "Check the network ACL of that zone's subnet. If it admits the traffic, Astronomer has no target in that zone: send Astronomer "
        "Support the text in the report. Until then some connections fail at random.",
    ),
    "TCP_TIMEOUT_ONE_FAMILY": Entry(
        "No answer on port {port} within {seconds} seconds from {addresses}: all {family} addresses of the link. Its {other} addresses "
        "answer.",
        "Check what lets {family} through: the agents' {family} ranges in privatelink_agent_cidrs, the outbound rules of their security "
        "group, network ACLs and routes. Until then agents wait for {family} before they try {other}.",
    ),
    "TCP_NO_IPV6": Entry(
        "This host has no IPv6 route to {addresses}, so agents here use the link's IPv4 addresses only.",
        "If agents here are meant to use IPv6, give this host an IPv6 address and a route. Otherwise nothing needs to be done.",
        "warning",
    ),
    "TCP_REFUSED": Entry(
        "Port {port} is refused by {addresses}.",
        "Security groups drop and never refuse: check for a local firewall or a wrong address.",
    ),
    "TCP_UNREACHABLE": Entry(
        "No connection to {addresses}: {detail}.",
        "This host has no route to the address: check its routes and the VPC's route tables.",
    ),
    "TLS_NAME_MISMATCH": Entry(
        "The certificate at {addresses} is for {names}, not for {host}.",
        "Check what answers there: the address is not Astro's, or something in between answers instead.",
    ),
    "TLS_EXPIRED": Entry(
        "The certificate at {addresses} is not valid now: {detail}.",
        "Check this host's clock; if it is right, tell Astronomer Support.",
    ),
    "TLS_UNTRUSTED": Entry(
        "The certificate at {addresses} was issued by {issuer}, which this host does not trust.",
        "If that is your company's proxy, exempt {host} from inspection; otherwise install the public CA bundle on "
        "this host.",
    ),
    "TLS_RESET_SNI": Entry(
        "The TLS handshake with {addresses} is cut off when it names {host}, but works without a name.",
        "A firewall in between filters on the name: allow {host}.",
    ),
    "TLS_TIMEOUT": Entry(
        "The connection to {addresses} is accepted, but the TLS handshake does not finish within {seconds} seconds.",
        "Check the MTU over transit gateways and VPNs, since large packets may be lost, and whether a firewall drops the name {host}.",
    ),
    "TLS_FAILED": Entry(
        "The TLS handshake with {addresses} fails: {detail}.",
        "What listens there is not Astro, or something in between blocks all TLS: check for a firewall.",
    ),
    "HTTP_UNEXPECTED": Entry(
        "The answer of {addresses} is {status} {body!r} instead of 404 '404 page not found'.",
        "This is not Astro's orchestration plane: check for a captive proxy or a wrong endpoint service.",
    ),
    "HTTP_NO_ANSWER": Entry(
        "The TLS handshake with {addresses} succeeds for {host}, but no HTTP answer follows: {detail}.",
        "Astro does not respond through the link. If that does not change, ask Astronomer Support.",
    ),
    "LARGE_PACKET_HANG": Entry(
        "Small requests to {addresses} are answered, but none of {size} bytes within {seconds} seconds.",
        "Large packets are lost without notice: endpoints take up to 8,500 bytes and send no ICMP. Lower this host's MTU, or clamp the "
        "MSS where the path is narrower (transit gateway, VPN).",
    ),
    # --- what only pods can have
    "POLICY_BLOCKS_ENDPOINT": Entry(
        "{policies} in namespace {namespace} stop {pods} from reaching {what} on TCP port 443.",
        "Add an egress rule there: {rule}",
    ),
    "POLICY_BLOCKS_SOMEWHERE": Entry(
        "{policies} in namespace {namespace} stop {pods} from reaching a part of the endpoint's addresses: {what}.",
        "Agents fail at random, or when the endpoint gets other addresses of its subnets. Add an egress rule there: "
        "{rule}",
        "warning",
    ),
    "POLICY_BLOCKS_DNS": Entry(
        "{policies} in namespace {namespace} stop {pods} from asking the cluster's DNS.",
        "Add an egress rule there: {rule_dns}",
    ),
    "POLICY_BLOCKS_DNS_TCP": Entry(
        "{policies} in namespace {namespace} let {pods} ask the cluster's DNS over UDP, but not over TCP.",
        "Long answers need TCP. Add an egress rule there: {rule_dns}",
        "warning",
    ),
    "POLICY_UNCLEAR": Entry(
        "{policies} in namespace {namespace} may stop {pods} from reaching {what}: they select by what cannot be read.",
        "Check them by hand, or verify from these pods.",
        "warning",
    ),
    "POD_NOT_ADMITTED": Entry(
        "{pods} in namespace {namespace} have {whose}, {groups}, which {endpoint_groups} does not admit on port 443.",
        "Add one of these groups to privatelink_agent_security_groups.",
    ),
    "CLUSTER_DNS_ELSEWHERE": Entry(
        "The cluster's DNS ({config}) forwards {host} to {servers}: {line}.",
        "A private zone answers only through the VPC's own resolver. Add a server block for external.astronomer.run "
        "with forward . /etc/resolv.conf, or configure these servers to forward external.astronomer.run to the VPC's "
        "resolver.",
        "warning",
    ),
    "CLUSTER_DNS_ANSWERS": Entry(
        "The cluster's DNS ({config}) answers or changes {host} by itself: {line}.",
        "Remove that line, so that the private zone answers.",
    ),
    "CLUSTER_DNS_CACHE": Entry(
        "The cluster's DNS ({config}) keeps answers for up to {seconds} seconds: {line}.",
        "After a change, agents may use the old answer for {host} for as long. Set cache 30 there, or set "
        "verify_patience to more than that.",
        "warning",
    ),
    "MESH": Entry(
        "{pods} in namespace {namespace} are in a service mesh ({mesh}), which takes their connections to {host}.",
        "If it does not pass TLS through as it is, leave the endpoint out by an annotation of these pods: {way}.",
        "warning",
    ),
    "POD_PROXY": Entry(
        "{pods} in namespace {namespace} have {variable} set to {proxy}, and NO_PROXY does not exempt {host}.",
        "They use the proxy instead of the link: add .external.astronomer.run to NO_PROXY in the chart's commonEnv.",
    ),
    "POD_DNS": Entry(
        "{pods} in namespace {namespace} ask name servers of their own (dnsConfig): {servers}.",
        "They find {host} on the link only if these servers ask the VPC's resolver: check that, or remove them.",
        "warning",
    ),
    "POD_PINNED": Entry(
        "{pods} in namespace {namespace} have {host} set to {address} (hostAliases).",
        "A new endpoint gets other addresses: remove the line and let the private zone answer.",
    ),
    "PODS_DIFFER": Entry(
        "Pods of {workload} do not see the same for {host}: {views}.",
        "Compare their nodes: name servers, NodeLocal DNSCache, subnets and security groups. An answer from before a "
        "change goes away by itself.",
        "warning",
    ),
    "PODS_WORSE": Entry(
        "Agent pods that were well before the change are not since: {pods}.",
        "Check their logs and events. What was changed was put back, unless this says otherwise.",
    ),
    "PODS_UNSEEN": Entry(
        "The agents' pods could not be read any more after the change: {detail}.",
        "Whether the agents are well is not known, so the change was put back, unless this says otherwise. Check the "
        "cluster's API, then run again.",
    ),
    "AGENT_UNHEALTHY": Entry(
        "The agent's health page {url} {answer}.",
        "The path to Astro may still be right: check the agent's log and privatelink_health_url.",
    ),
    "NO_AGENT_HOST": Entry(
        "The inventory has no agent host for this VPC, so nothing was verified from inside.",
        "If agents are pods, set privatelink_kubernetes. Otherwise add a host of this VPC to the group agent_hosts, with "
        "privatelink_agent_vpc set to the VPC's inventory name.",
    ),
    "AGENT_HOST_SHARED": Entry(
        "{agents} are the same machine, which cannot be in several VPCs: these VPCs could not be verified.",
        "Check ansible_connection and ansible_host of these agent hosts; with ansible_connection: local, the "
        "controller answers.",
    ),
    "AGENT_HOST_LOCAL": Entry(
        "The agent host {agent} has ansible_connection: local, so the probe ran on the controller, {hostname} "
        "({sources}).",
        "That counts only if the controller is in the VPC. If not, set how to reach the agent host in the inventory.",
        "warning",
    ),
    "AGENT_HOST_UNREACHABLE": Entry(
        "The agent host {agent} cannot be reached over its connection {connection}: {detail}.",
        "Nothing was verified from there. Fix the connection (inventory, credentials), then verify again.",
    ),
    "PROBE_FAILED": Entry(
        "The probe could not run on {agent}: {detail}.",
        "Nothing was verified from there. The host needs Python 3.8 or newer (3.9 with ansible-core 2.20 or newer). "
        "If it has one, set ansible_python_interpreter, or for pods python of privatelink_kubernetes.",
    ),
    # --- agents that are pods
    "KUBE_CLIENT_MISSING": Entry(
        "Agents of this VPC are pods, and {python} cannot import the Python package kubernetes: {detail}.",
        "Nothing was verified from inside. Install it for the Python that runs Ansible: {python} -m pip install kubernetes",
    ),
    "KUBE_CONFIG_UNREADABLE": Entry(
        "The kubeconfig file {file} cannot be used: {detail}.",
        "Set kubeconfig of privatelink_kubernetes, or KUBECONFIG, to a file that kubectl works with on this machine.",
    ),
    "KUBE_CONTEXT_UNKNOWN": Entry(
        "The kubeconfig file {file} has no context {context}. It has: {contexts}.",
        "Set context of privatelink_kubernetes to one of these, or kubeconfig to the file that has it.",
    ),
    "KUBE_CLUSTER_UNKNOWN": Entry(
        "There is no EKS cluster {cluster} in {region} for these credentials. There are: {clusters}.",
        "Check eks_cluster and region of privatelink_kubernetes, and the account of the VPC's credentials.",
    ),
    "KUBE_CLUSTER_ELSEWHERE": Entry(
        "The EKS cluster {cluster} is in {there}, not in this VPC ({vpc_id}).",
        "Set eks_cluster of privatelink_kubernetes to the cluster whose pods run in this VPC.",
    ),
    "KUBE_CLUSTER_NOT_ACTIVE": Entry(
        "The EKS cluster {cluster} has no API endpoint yet; its status is {state}.",
        "Wait until the cluster is ACTIVE, then run again.",
    ),
    "KUBE_NOT_CHECKED": Entry(
        "The cluster {cluster} does not show {what}, so nothing is known of them.",
        "To include them, grant what docs/kubernetes.md lists as optional: {rights}.",
        "warning",
    ),
    "KUBE_API_UNREACHABLE": Entry(
        "The Kubernetes API of {cluster}, {url}, does not answer this machine: {detail}.",
        "Check the network, proxies and the cluster's CA from where Ansible runs. {hint}.",
    ),
    "KUBE_API_FAILED": Entry(
        "The Kubernetes API of {cluster}, {url}, answers {status}: {detail}.",
        "For 400 and 404, check selector and context of privatelink_kubernetes; otherwise run again when the API is well.",
    ),
    "KUBE_LOGIN_REFUSED": Entry(
        "The Kubernetes API of {cluster} does not know who asks: {detail}.",
        "Log in again: the token or certificate may have expired. On EKS, the cluster needs an access entry for the AWS role "
        "that this run uses (docs/kubernetes.md).",
    ),
    "KUBE_FORBIDDEN": Entry(
        "The Kubernetes API of {cluster} refuses to {verb} {resource} in {namespace}: {detail}.",
        "Apply the {kind} of docs/kubernetes.md for {namespace} (list pods; get and create pods/exec), and bind it to this user. "
        "Without rights for all namespaces, set namespace of privatelink_kubernetes.",
    ),
    "KUBE_NAMESPACE_UNKNOWN": Entry(
        "The cluster {cluster} has no namespace {namespace}.",
        "Set namespace of privatelink_kubernetes to that of the agents.",
    ),
    "KUBE_NO_PODS": Entry(
        "No pod of {cluster} has the labels {selector} in {where}.",
        "Check namespace and selector of privatelink_kubernetes: kubectl get pods --all-namespaces --selector {selector}",
    ),
    "KUBE_NONE_RUNS": Entry(
        "None of the {pods} pods of {workload} runs ({state}), so nothing is known of it.",
        "See why: kubectl describe pods. If it is not to run any more, scale it to 0.",
    ),
    "KUBE_POD_ELSEWHERE": Entry(
        "The pods of {cluster} are not in this VPC: {pod} runs at {address}, which is in none of its subnets.",
        "Check context and selector of privatelink_kubernetes, or privatelink_vpc_id.",
    ),
    "KUBE_CONTAINER_UNCLEAR": Entry(
        "Which container of {pod} is the agent's is not clear: {why}. It has: {containers}.",
        "Set container of privatelink_kubernetes to the agent's.",
    ),
    "KUBE_NO_PYTHON": Entry(
        "The container {container} of {pod} has no Python 3.8 or newer that could be found: {detail}.",
        "Set python of privatelink_kubernetes to its path in the container, or container to the agent's, or job: true and "
        "job_image.",
    ),
    "KUBE_POD_GONE": Entry(
        "{pod} is gone, and no other pod of its workload runs: {detail}.",
        "Nothing was verified from there. Run again once the rollout is over.",
    ),
    "KUBE_EXEC_FAILED": Entry(
        "The probe could not run in {pod}: {detail}.",
        "Nothing was verified from there. Try it by hand: kubectl exec POD -- python3 --version",
    ),
    "KUBE_JOB_FAILED": Entry(
        "The Job {job} in namespace {namespace}, in the place of {pod}, did not answer: {detail}.",
        "Nothing was verified from there. It needs the rights to create and delete jobs, list pods and get pods/log, and an "
        "image with Python (job_image of privatelink_kubernetes). If the Job is still there, Kubernetes removes it within "
        "minutes.",
    ),
    "SETUP_INCOMPLETE": Entry(
        "AWS lacks something that the inventory asks for: setup would send {operations}.",
        "Run setup.",
        "warning",
    ),
    "NO_ENDPOINT": Entry(
        "The link has no available endpoint to compare with.",
        "Run setup first.",
    ),
}
