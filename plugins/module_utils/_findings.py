# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of findings: everything that this collection can name as wrong, with its remedy. It decides nothing.

The probe takes it to agent hosts: it keeps to Python 3.8.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Entry:
    """A kind of finding. ``seen`` and ``remedy`` are templates for the facts that `finding` is given."""

    seen: str
    remedy: str
    severity: Severity = "error"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with one VPC (by its inventory name)."""

    code: str
    vpc: str
    severity: Severity
    seen: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.vpc}: {self.text}"

    @property
    def text(self) -> str:
        return f"{self.code}: {self.seen} {self.remedy}"

    def public(self) -> dict[str, str]:
        return {
            "code": self.code,
            "vpc": self.vpc,
            "severity": self.severity,
            "seen": self.seen,
            "remedy": self.remedy,
            "text": self.text,
        }


def finding(code: str, vpc: str, **facts: Any) -> Finding:
    """A finding from the catalogue; ``facts`` fill its templates. Lists are shown sorted."""
    entry = CATALOGUE[code]
    shown = {key: _shown(value) for key, value in facts.items()}
    return Finding(code, vpc, entry.severity, entry.seen.format(**shown), entry.remedy.format(**shown))


def errors(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """The findings that stop a VPC, by VPC."""
    stops: dict[str, list[Finding]] = {}
    for one in findings:
        if one.severity == "error":
            stops.setdefault(one.vpc, []).append(one)
    return stops


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(sorted(str(item) for item in value)) or "none"
    return str(value)


def from_error(vpc: str, operation: str, message: str, code: str) -> Finding:
    """The finding that an AWS error code stands for."""
    return finding(BY_ERROR.get(code, "CALL_FAILED"), vpc, operation=operation, message=message)


#: AWS's error codes that have a remedy of their own.
BY_ERROR: dict[str, str] = {
    "UnauthorizedOperation": "PERMISSION_MISSING",
    "AccessDenied": "PERMISSION_MISSING",
    "AccessDeniedException": "PERMISSION_MISSING",
    "RequestLimitExceeded": "THROTTLED",
    "Throttling": "THROTTLED",
    "ThrottlingException": "THROTTLED",
    "PriorRequestNotComplete": "THROTTLED",
    "VpcEndpointLimitExceeded": "ENDPOINT_QUOTA",
    "LimitsExceeded": "ZONE_LIMIT",
    "ConflictingDomainExists": "ZONE_CONFLICT_ELSEWHERE",
    "NotAuthorizedException": "ZONE_NOT_AUTHORISED",
    "PublicZoneVPCAssociation": "ZONE_IS_PUBLIC",
}

CATALOGUE: dict[str, Entry] = {
    # --- what AWS has, seen before a change
    "VPC_NOT_FOUND": Entry(
        "There is no VPC {vpc_id} in {region} for these credentials.",
        "Check privatelink_vpc_id, privatelink_region and the account of the credentials.",
    ),
    "SERVICE_NAME_INVALID": Entry(
        "{service!r} is not the name of an endpoint service.",
        "Set privatelink_service_name to what Astronomer Support sent; it looks like "
        "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0.",
    ),
    "SERVICE_NOT_FOUND": Entry(
        "AWS cannot see the endpoint service {service} from this account in {region}.",
        "Either the account is not among the service's allowed principals, or the service lives in another region. "
        "Check privatelink_service_name (the name says {service_region}); if it is right, ask Astronomer Support to "
        "allow this account.",
    ),
    "SERVICE_REGION_MISSING": Entry(
        "The endpoint service is in {service_region}, the VPC in {region}.",
        "Set privatelink_service_region: {service_region} and ask Astronomer Support to enable {region} for it.",
    ),
    "SUBNET_NOT_FOUND": Entry(
        "VPC {vpc_id} has no subnet {subnet}.",
        "Check privatelink_subnet_ids; the VPC has {subnets}.",
    ),
    "SUBNETS_SAME_AZ": Entry(
        "Subnets {subnets} are both in {az}.",
        "An endpoint takes one subnet for each Availability Zone: keep one of them in privatelink_subnet_ids.",
    ),
    "AZ_UNSUPPORTED": Entry(
        "Subnet {subnet} is in {az}, which the endpoint service does not offer.",
        "The service offers {supported}. Use or create a subnet in one of these zones.",
    ),
    "NO_SUPPORTED_SUBNET": Entry(
        "VPC {vpc_id} has subnets in {have}, none of them in a zone of the endpoint service.",
        "The service offers {supported}. Create a subnet in one of these zones.",
    ),
    "SUBNET_FULL": Entry(
        "Subnet {subnet} has no free IP address.",
        "Free an address, or name another subnet of {az} in privatelink_subnet_ids.",
    ),
    "SHARED_VPC_PARTICIPANT": Entry(
        "Subnet {subnet} belongs to account {owner}, the VPC is only shared with this account.",
        "AWS lets only the owner create endpoints in a shared VPC: use credentials of account {owner}.",
    ),
    "SECURITY_GROUP_NOT_FOUND": Entry(
        "VPC {vpc_id} has no security group {group}.",
        "Check privatelink_agent_security_groups and privatelink_endpoint_security_groups.",
    ),
    "SECURITY_GROUP_FOREIGN": Entry(
        "VPC {vpc_id} has a security group {group} named astro-privatelink that this collection did not create.",
        "Rename it, or use it by naming it in privatelink_endpoint_security_groups.",
    ),
    "NO_AGENT_SOURCE": Entry(
        "Nothing says from where agents reach the endpoint.",
        "Set privatelink_agent_security_groups (preferred) or privatelink_agent_cidrs.",
    ),
    "ENDPOINT_NOT_FOUND": Entry(
        "VPC {vpc_id} has no endpoint {endpoint} for service {service}.",
        "Check privatelink_endpoint_id; leave it out to have an endpoint created.",
    ),
    "ENDPOINT_FOREIGN": Entry(
        "VPC {vpc_id} already has the endpoint {endpoint} for this service; this collection did not create it.",
        "Adopt it with privatelink_endpoint_id: {endpoint}, or delete it.",
    ),
    "ENDPOINT_DUPLICATE": Entry(
        "VPC {vpc_id} has several endpoints for this service: {endpoints}.",
        "Name the one to keep with privatelink_endpoint_id and delete the others.",
    ),
    # --- what became of an endpoint
    "PENDING_ACCEPTANCE": Entry(
        "Endpoint {endpoint} waits to be accepted by Astronomer.",
        "Send this id to Astronomer Support and run again later; AWS bills the endpoint meanwhile. "
        "Names still resolve as before.",
    ),
    "ENDPOINT_PENDING": Entry(
        "Endpoint {endpoint} is still {state} after {seconds} seconds.",
        "Run again; if it stays so, look at it in the AWS console or raise setup_wait_timeout.",
    ),
    "ENDPOINT_REJECTED": Entry(
        "Endpoint {endpoint} was rejected by Astronomer. {detail}",
        "Ask Astronomer Support why. A rejected endpoint cannot be used again: delete it, then run again.",
    ),
    "ENDPOINT_FAILED": Entry(
        "Endpoint {endpoint} is in state failed. {detail}",
        "A failed endpoint cannot be used again: delete it, then run again.",
    ),
    "ENDPOINT_EXPIRED": Entry(
        "Endpoint {endpoint} was not accepted in time and has expired. {detail}",
        "Ask Astronomer Support to accept the next one; delete this one, then run again.",
    ),
    "ENDPOINT_PARTIAL": Entry(
        "Endpoint {endpoint} is only partly available. {detail}",
        "Some of its zones do not work. Delete it and run again, or ask AWS Support.",
    ),
    # --- private zones
    "ZONE_NOT_FOUND": Entry(
        "There is no private hosted zone {zone} with the id {zone_id}.",
        "Check privatelink_hosted_zone_id; leave it out to have a zone created.",
    ),
    "ZONE_CONFLICT": Entry(
        "VPC {vpc_id} is already associated with the zone {other}, which has the same name {zone}.",
        "Adopt that zone with privatelink_hosted_zone_id: {other}, or take the VPC off it.",
    ),
    "ZONE_DUPLICATE": Entry(
        "There are several zones {zone} that this collection made for {vpc_id}: {zones}.",
        "Name the one to keep with privatelink_hosted_zone_id and delete the others.",
    ),
    "ZONE_NOT_EMPTY": Entry(
        "Zone {zone_id} also holds {records}, which this collection did not write.",
        "Remove these records, or leave the zone.",
    ),
    "ZONE_STILL_USED": Entry(
        "Zone {zone_id} still serves VPCs that are not to be removed: {vpcs}.",
        "Remove the joined VPCs first, or name them in the same run.",
    ),
    "LAST_VPC": Entry(
        "VPC {vpc_id} is the last one of zone {zone_id}; AWS does not let a private zone go without a VPC.",
        "Remove the zone itself instead (state: absent).",
    ),
    "RECORD_FOREIGN": Entry(
        "Zone {zone_id} already has a record {record} ({target}) that does not point to this link's endpoint.",
        "It is not overwritten in an adopted zone: remove it, or set force_record.",
    ),
    "LINK_NOT_SET_UP": Entry(
        "The link of {via}, which this VPC shares, does not exist yet.",
        "Set up {via} first, or run without --limit.",
    ),
    "LINK_OWNER_FAILED": Entry(
        "The link of {via}, which this VPC shares, could not be set up.",
        "Mend {via}; this VPC follows by itself.",
    ),
    # --- while changing
    "CALL_FAILED": Entry(
        "{operation} failed: {message}",
        "Mend what AWS names and run again: the run goes on where it stopped.",
    ),
    "PERMISSION_MISSING": Entry(
        "{operation} was denied: {message}",
        "Allow {operation} for these credentials (a service control policy may deny it too), then run again.",
    ),
    "THROTTLED": Entry(
        "{operation} was throttled for too long: {message}",
        "AWS limits the whole account, all callers together. Run again when it is quieter.",
    ),
    "ENDPOINT_QUOTA": Entry(
        "{operation} failed: {message}",
        "A VPC has 50 interface endpoints by default: raise the quota, or join another link with privatelink_via.",
    ),
    "ZONE_LIMIT": Entry(
        "{operation} failed: {message}",
        "A zone takes 300 VPCs by default: raise the quota, or give some VPCs a link of their own.",
    ),
    "ZONE_CONFLICT_ELSEWHERE": Entry(
        "{operation} failed: {message}",
        "Another account's zone of the same name is on this VPC: take the VPC off it, or work from that account.",
    ),
    "ZONE_NOT_AUTHORISED": Entry(
        "{operation} failed: {message}",
        "The zone's account must authorise this VPC first.",
    ),
    "ZONE_IS_PUBLIC": Entry(
        "{operation} failed: {message}",
        "Only a private zone can be associated: give the id of one.",
    ),
    "NOT_CONVERGED": Entry(
        "After all calls were sent, AWS still does not show what was asked for: {operations} would be needed again.",
        "Someone else may change the same things at the same time. Run again; report it if it happens twice.",
    ),
    # --- seen from inside
    "DNS_NXDOMAIN": Entry(
        "{host} does not exist for this VPC's resolver.",
        "A private zone covers the name but has no record for it, or the cluster id is wrong. Run setup; a negative "
        "answer may be cached for some minutes.",
    ),
    "DNS_TIMEOUT": Entry(
        "No answer for {host} from {server} within {seconds} seconds.",
        "Check the resolver in /etc/resolv.conf, the VPC's DHCP options and the network between.",
    ),
    "DNS_SERVFAIL": Entry(
        "The resolver fails for {host}: {detail}.",
        "Look at the resolver's own log; a forwarding rule or a custom DNS server may be broken.",
    ),
    "DNS_PUBLIC_ANSWER": Entry(
        "{host} resolves to {addresses}, which is not the link's endpoint ({expected}).",
        "The zone is not associated with this VPC, the agent's resolver bypasses the VPC's resolver, or an old answer "
        "is still cached.",
    ),
    "DNS_WRONG_ENDPOINT": Entry(
        "{host} resolves to {addresses}, which belong to {owner} and not to this VPC's link ({expected}).",
        "One zone gives one answer: give this VPC a zone of its own, or join the other link with privatelink_via.",
    ),
    "DNS_INCOMPLETE": Entry(
        "{host} resolves to {addresses}; the link also has {missing}.",
        "A zone of the endpoint may be out of service, or an old answer is still cached.",
        "warning",
    ),
    "TCP_TIMEOUT": Entry(
        "{addresses} do not answer on port {port} within {seconds} seconds.",
        "The endpoint's security group must admit this agent; with a joined link, routes must exist both ways. Network "
        "ACLs may block as well.",
    ),
    "TCP_TIMEOUT_ONE_AZ": Entry(
        "{addresses} do not answer on port {port} within {seconds} seconds; the link's other addresses do.",
        "That zone is dead: Astronomer has no target there, or a network ACL of its subnet blocks. Agents reach it at "
        "random until it is mended.",
    ),
    "TCP_REFUSED": Entry(
        "{addresses} refuse port {port}.",
        "Security groups never refuse, they drop: look for a local firewall or a wrong address.",
    ),
    "TCP_UNREACHABLE": Entry(
        "{addresses} cannot be reached: {detail}.",
        "This host has no route to the address: look at its routes and at the VPC's route tables.",
    ),
    "TLS_NAME_MISMATCH": Entry(
        "{addresses} present a certificate for {names}, not for {host}.",
        "The address is not Astro's, or something on the way answers in its place.",
    ),
    "TLS_EXPIRED": Entry(
        "The certificate at {addresses} is not valid now: {detail}.",
        "Check this host's clock; if it is right, tell Astronomer Support.",
    ),
    "TLS_UNTRUSTED": Entry(
        "The certificate at {addresses} was issued by {issuer}, which this host does not trust.",
        "If that is a company's proxy, exempt {host} from inspection; else install the public CA bundle on this host.",
    ),
    "TLS_FAILED": Entry(
        "The TLS handshake with {addresses} fails: {detail}.",
        "A firewall that filters on the name {host} resets connections like this; allow the name.",
    ),
    "HTTP_UNEXPECTED": Entry(
        "{addresses} answer {status} {body!r} instead of 404 '404 page not found'.",
        "This is not Astro's orchestration plane: look for a captive proxy or a wrong endpoint service.",
    ),
    "NO_AGENT_HOST": Entry(
        "No agent host is given for this VPC, so nothing was verified from inside.",
        "Add a host of this VPC to the group agent_hosts, with privatelink_agent_vpc set to the VPC's inventory name.",
    ),
    "NO_ENDPOINT": Entry(
        "The link has no available endpoint to compare with.",
        "Run setup first.",
    ),
}
