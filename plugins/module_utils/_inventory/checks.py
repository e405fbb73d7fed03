# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The problems of an inventory, in texts that say what to write instead. Pure."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from .._link.model import ADDRESS_TYPES, CLUSTER_TAG, DUALSTACK, IPV4, parse_service_region
from .fill_in import left
from .hosts import AgentHost, AgentVpc

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}")
_AZ_ID = re.compile(r"[a-z0-9]+-az\d{1,2}")
#: Requirements of equality and of sets, with commas between them (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/).
_KEY = r"!?[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?"
_VALUE = r"[A-Za-z0-9._-]*"
_REQUIREMENT = rf"{_KEY}( *(=|==|!=) *{_VALUE}| +(not)?in +\( *{_VALUE}( *, *{_VALUE})* *\))?"
_SELECTOR = re.compile(rf" *{_REQUIREMENT}( *, *{_REQUIREMENT})* *")
_PROXY = re.compile(r"[^\s/@]+:\d{1,5}")
_ID = {
    "vpc_id": "vpc",
    "holder_vpc_id": "vpc",
    "subnet_ids": "subnet",
    "agent_security_groups": "sg",
    "endpoint_security_groups": "sg",
    "endpoint_id": "vpce",
}
#: What to set where something is missing.
_NEEDED = {
    "vpc_id": "Set it to the id of the agent VPC, such as vpc-0123456789abcdef0.",
    "region": "Set it to the VPC's region, such as us-east-1.",
    "cluster_id": "Set it to the id of the Astro cluster, as under Organization Settings > Clusters.",
    "service_name": "Set it to the name of the endpoint service that Astronomer Support sent (playbook support_request asks for it).",
}
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.7) -> str:
    """A question with the closest known name, or nothing. ``cutoff`` is how alike they must be, up to 1."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return f" Did you mean {near[0]}?" if near else ""


def of_vpcs(vpcs: Mapping[str, AgentVpc], needed: Sequence[str]) -> list[str]:
    """All problems of the VPCs of a run, the same problem of many VPCs once."""
    return together([(vpc.name, problem) for vpc in vpcs.values() for problem in of_vpc(vpc, vpcs, needed)]) + _twins(
        vpcs
    )


def of_agents(agents: Iterable[AgentHost], vpcs: Iterable[str]) -> list[str]:
    """Agent hosts that belong to no agent VPC, which would leave a VPC unverified."""
    known = sorted(vpcs)
    found = []
    for agent in agents:
        if agent.dial_through and not _PROXY.fullmatch(agent.dial_through):
            found.append(
                f"{agent.name}: privatelink_dial_through is {agent.dial_through!r}; it takes ADDRESS:PORT, such as "
                "10.0.0.5:3128."
            )
        if not agent.vpc:
            found.append(
                f"{agent.name}: privatelink_agent_vpc is not set. Set it to the inventory name of its agent VPC."
            )
        elif agent.vpc not in known:
            found.append(
                f"{agent.name}: privatelink_agent_vpc is {agent.vpc!r}, which is not an agent VPC of this inventory."
                + did_you_mean(agent.vpc, known)
            )
    return found


def together(problems: Iterable[tuple[str, str]]) -> list[str]:
    """``(host, problem)`` pairs as lines, the same problem of many hosts in one line."""
    alike: dict[str, list[str]] = {}
    for name, problem in problems:
        alike.setdefault(problem, []).append(name)
    return [f"{_some(names)}: {problem}" for problem, names in alike.items()]


def _some(names: Sequence[str], shown: int = 5) -> str:
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more" if more > 0 else "")


def of_vpc(vpc: AgentVpc, vpcs: Mapping[str, AgentVpc], needed: Iterable[str]) -> list[str]:
    """All problems of one VPC; ``vpcs`` has those whose link it may share."""
    unfilled = {key: what for key, value in vpc.vars.items() if (what := left(value))}
    missing = [key for key in needed if key not in vpc.vars and not (vpc.via and key == "service_name")]
    # Report what is still to be filled in once, and do not judge it as if somebody had meant it.
    vpc = replace(vpc, vars={key: value for key, value in vpc.vars.items() if key not in unfilled})
    checks = (check(vpc) for check in (_names, _places, _ids, _public, _tags, _kubernetes))
    return [
        *(f"privatelink_{key} is still to be filled in: {what.rstrip('.')}." for key, what in unfilled.items()),
        *(f"privatelink_{key} is not set. {_NEEDED[key]}" for key in missing),
        *(problem for found in checks for problem in found),
        *_cidrs(vpc, vpcs.get(vpc.via, vpc)),
        *(_via(vpc, vpcs) if not unfilled else ()),
    ]


def _names(vpc: AgentVpc) -> Iterable[str]:
    cluster, service = vpc.text("cluster_id"), vpc.text("service_name")
    if cluster and not _LABEL.fullmatch(cluster):
        yield (
            f"privatelink_cluster_id {cluster!r} is not a cluster id. Set the id alone, in lower case, as "
            "under Organization Settings > Clusters: the part before .external.astronomer.run."
        )
    if vpc.text("dns_layout") not in {"", "suffix_zone", "host_zone"}:
        yield f"privatelink_dns_layout is {vpc.text('dns_layout')!r}; it must be suffix_zone or host_zone."
    if vpc.ip_address_type not in ADDRESS_TYPES:
        yield (
            f"privatelink_ip_address_type is {vpc.text('ip_address_type')!r}; it must be {' or '.join(ADDRESS_TYPES)}."
        )
    if service and parse_service_region(service) is None:
        yield (
            f"privatelink_service_name {service!r} is not the name of an endpoint service. It looks like "
            "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0 and comes from Astronomer Support."
        )


def _places(vpc: AgentVpc) -> Iterable[str]:
    if "account_id" in vpc.vars and not re.fullmatch(r"\d{12}", vpc.text("account_id")):
        yield (
            f"privatelink_account_id is {vpc.vars['account_id']!r}; an account id has twelve digits. Put quotes "
            "around it, and do not take it from a controller's survey: YAML reads one with a leading zero as another number."
        )
    role = vpc.text("assume_role_arn")
    if role and not _ROLE_ARN.fullmatch(role):
        yield f"privatelink_assume_role_arn is {role!r}; it looks like arn:aws:iam::111111111111:role/privatelink."
    for key in ("region", "service_region", "holder_vpc_region"):
        if key in vpc.vars and not _REGION.fullmatch(vpc.text(key)):
            yield f"privatelink_{key} is {vpc.text(key)!r}; a region looks like us-east-1."
    for az_id in vpc.many("supported_az_ids"):
        if not _AZ_ID.fullmatch(az_id):
            yield f"privatelink_supported_az_ids has {az_id!r}; set AZ ids such as use1-az1, not zone names."


def _ids(vpc: AgentVpc) -> Iterable[str]:
    for key, kind in _ID.items():
        for value in vpc.many(key):
            if not re.fullmatch(rf"{kind}-[0-9a-f]{{8,17}}", value):
                yield f"privatelink_{key} has {value!r}; an id looks like {kind}-0123456789abcdef0."


def _cidrs(vpc: AgentVpc, owner: AgentVpc) -> Iterable[str]:
    """The ranges of a VPC's agents; ``owner`` is the VPC with the endpoint that they use."""
    for cidr in vpc.many("agent_cidrs"):
        try:
            network = ipaddress.ip_network(cidr, strict=False)
        except ValueError:
            yield f"privatelink_agent_cidrs has {cidr!r}, which is not a CIDR range such as 10.10.0.0/16."
            continue
        if network.version != 4 and owner.ip_address_type == IPV4:
            yield (
                f"privatelink_agent_cidrs has {cidr}, and the endpoint has IPv4 addresses only. Remove the range, or set "
                f"privatelink_ip_address_type: {DUALSTACK} for the VPC with the endpoint."
            )
        elif str(network) != (
            cidr if network.version == 4 else str(ipaddress.ip_interface(cidr))
        ):  # IPv6: in any spelling
            yield f"privatelink_agent_cidrs has {cidr}; write the range as {network}."


def _public(vpc: AgentVpc) -> Iterable[str]:
    for address in vpc.many("public_addresses"):
        try:
            ipaddress.IPv4Address(address)
        except ValueError:
            yield f"privatelink_public_addresses has {address!r}, which is not an IPv4 address such as 203.0.113.10."


def _kubernetes(vpc: AgentVpc) -> Iterable[str]:
    """Where its agents are pods. What no two clusters have in common is not checked: names of contexts, paths."""
    for number, cluster in enumerate(vpc.clusters, start=1):
        entry = f"privatelink_kubernetes, entry {number}"
        if cluster.eks_cluster and (cluster.context or cluster.kubeconfig):
            yield f"{entry}, has eks_cluster beside context or kubeconfig. Set the one or the others."
        if not (cluster.eks_cluster or cluster.context or cluster.kubeconfig):
            yield f"{entry}, names no cluster. Set context (of a kubeconfig file) or eks_cluster."
        if cluster.region and not _REGION.fullmatch(cluster.region):
            yield f"{entry}, has the region {cluster.region!r}; a region looks like us-east-1."
        if cluster.most < 0:
            yield f"{entry}, has pods_per_component: {cluster.most}; it takes a number, and 0 for all pods."
        for namespace in cluster.namespaces:
            if not _LABEL.fullmatch(namespace):
                yield f"{entry}, has {namespace!r}, which is not the name of a namespace such as airflow."
        if not _SELECTOR.fullmatch(cluster.selector):
            yield f"{entry}, has the selector {cluster.selector!r}; a selector looks like app=astro-agent,tier=worker."
    yield from _other_way(vpc)


def _other_way(vpc: AgentVpc) -> Iterable[str]:
    """What is meant for agent hosts and given for pods, which are not reached so."""
    proxy = vpc.text("dial_through") if vpc.clusters else ""
    if proxy and not _PROXY.fullmatch(proxy):
        yield f"privatelink_dial_through is {proxy!r}; it takes ADDRESS:PORT, such as 10.0.0.5:3128."


def _via(vpc: AgentVpc, vpcs: Mapping[str, AgentVpc]) -> Iterable[str]:
    if not vpc.via:
        return
    owner = vpcs.get(vpc.via)
    if vpc.via == vpc.name:
        yield "privatelink_via is the VPC itself. Remove it for a link of its own."
    elif owner is None:
        yield f"privatelink_via names {vpc.via!r}, which is not in the inventory, or not in this slice of it."
    elif owner.via:
        yield (f"privatelink_via names {vpc.via}, which itself joins {owner.via}. Set {owner.via} instead.")
    elif owner.text("cluster_id") != vpc.text("cluster_id"):
        yield f"privatelink_cluster_id is not that of {vpc.via}, whose link it shares."
    if not vpc.sources_given:
        yield (
            "no source of its agents is set. Set privatelink_agent_cidrs or, over a peering in the same "
            "region, privatelink_agent_security_groups."
        )


def _tags(vpc: AgentVpc) -> Iterable[str]:
    """AWS's rules: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html"""
    for key, value in dict(vpc.vars.get("tags", {})).items():
        if value is None or isinstance(value, (list, dict)):
            yield f"privatelink_tags: {key} needs a string as its value."
        elif str(key).lower().startswith("aws:"):
            yield f"privatelink_tags: {key} begins with aws:, which AWS reserves."
        elif not 1 <= len(str(key)) <= 128 or len(str(value)) > 256:
            yield f"privatelink_tags: {str(key)[:40]} is too long. A key has up to 128 characters, a value up to 256."
        elif key == "managed-by" or str(key).startswith(CLUSTER_TAG):
            yield f"privatelink_tags: {key} is how this collection knows what is its own. Use another key."


def _twins(vpcs: Mapping[str, AgentVpc]) -> list[str]:
    """One VPC under two names: twice for one cluster, or for two clusters whose zones would have the same name."""
    first: dict[tuple[str, str], str] = {}
    zones: dict[tuple[str, str], str] = {}
    found = []
    for vpc in vpcs.values():
        vpc_id = vpc.text("vpc_id")
        if not vpc_id:
            continue
        one = first.setdefault((vpc_id, vpc.text("cluster_id")), vpc.name)
        other = zones.setdefault((vpc_id, vpc.zone), vpc.name)
        if one != vpc.name:
            found.append(f"{vpc.name} is the same VPC as {one} ({vpc_id}). List each VPC once.")
        elif other != vpc.name:
            found.append(
                f"{vpc.name} and {other} are both {vpc_id}, and a VPC can be associated with only one zone named {vpc.zone}. "
                "Set privatelink_dns_layout: host_zone for both, so that each cluster has a zone of its own."
            )
    return found
