# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may enter an endpoint: its managed security group, and how AWS's rules name whom they admit. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from .._core.findings import Finding, finding
from .._core.plan import Call, Id, New
from .model import CLUSTER_TAG, NAME, OWNED, Have, Link, SecurityGroup, tag_specification

PORT = 443


def find(link: Link, have: Have) -> tuple[SecurityGroup | None, list[Finding]]:
    """The managed security group of a VPC; none is needed where the user names groups."""
    if link.security_groups:
        return None, []
    named = [g for g in have.groups if g.vpc_id == link.vpc_id and g.name == NAME]
    if not named or ours(link, named[0], have):
        return (named[0] if named else None), []
    if not link.present:
        return None, []
    return None, [finding("SECURITY_GROUP_FOREIGN", link.name, vpc_id=link.vpc_id, group=named[0].id)]


def ours(link: Link, group: SecurityGroup, have: Have) -> bool:
    """Whether a group is this collection's, or is taken over with its endpoint."""
    taken = [e for e in have.endpoints if link.take_over and e.id == link.endpoint_id and group.id in e.security_groups]
    return group.owned or bool(taken)


def goal(link: Link, group: SecurityGroup | None) -> SecurityGroup:
    """The managed group as it is wanted."""
    sources = link.sources.union(*(mine for name, mine in link.joined.items() if name not in link.barred))
    tags = {"Name": NAME, **link.tags, **OWNED, **used_by(link)}
    if group is not None:
        goal_ = (group.sources | sources) - _foreign(link, group)
        return replace(group, sources=goal_, tags={**group.tags, **({} if link.sources_only else tags)})
    new = New("security group", link.name)
    return SecurityGroup(id=new, vpc_id=link.vpc_id, name=NAME, sources=sources, owned=True, tags=tags)


def used_by(link: Link) -> dict[str, str]:
    """The tag of a link's cluster on its group."""
    return {f"{CLUSTER_TAG}{link.cluster}": "agents"} if link.cluster else {}


def clusters(group: SecurityGroup) -> set[str]:
    """The tags of the clusters whose links use a group."""
    return {key for key in group.tags if key.startswith(CLUSTER_TAG)}


def calls(link: Link, group: SecurityGroup | None, wanted: SecurityGroup, owners: Mapping[str, str]) -> list[Call]:
    """What makes the group as it is into the one that is wanted: who is missing comes in before others go."""
    planned = []
    if group is None:
        arguments = {
            "GroupName": NAME,
            "Description": "Agents to Astro over PrivateLink",
            "VpcId": link.vpc_id,
            "TagSpecifications": tag_specification("security-group", wanted.tags),
        }
        planned.append(link.call("CreateSecurityGroup", arguments, makes=New("security group", link.name)))
    else:
        planned += _tag_calls(link, group, wanted)
    there = group.sources if group else frozenset()
    own = link.sources - there
    if own:
        planned.append(link.call("AuthorizeSecurityGroupIngress", ingress(wanted.id, own, owners)))
    return (
        planned
        + joined_calls(link, wanted.id, there | own, owners)
        + (_purge_calls(link, group, owners) if group else [])
    )


def _tag_calls(link: Link, group: SecurityGroup, wanted: SecurityGroup) -> list[Call]:
    tags = {key: value for key, value in wanted.tags.items() if group.tags.get(key) != value}
    if not tags:
        return []
    arguments = {"Resources": [group.id], "Tags": [{"Key": key, "Value": tags[key]} for key in sorted(tags)]}
    return [link.call("CreateTags", arguments)]


def release_calls(link: Link, group: SecurityGroup) -> list[Call]:
    """A group that stays for others is no longer tagged for the cluster of a link that goes."""
    tags = sorted(used_by(link).keys() & group.tags.keys())
    if not tags:
        return []
    return [link.call("DeleteTags", {"Resources": [group.id], "Tags": [{"Key": key} for key in tags]})]


def _foreign(link: Link, group: SecurityGroup) -> frozenset[str]:
    """Who is no longer to enter. Rules for more than the port are left to whoever made them, and while one of the joined VPCs
    is not let in, its agents may enter by any rule."""
    if not link.purge_sources or link.barred:
        return frozenset()
    return group.exact - link.sources.union(*link.joined.values())


def _purge_calls(link: Link, group: SecurityGroup, owners: Mapping[str, str]) -> list[Call]:
    """Only once all who need the endpoint have rules of their own: until then they may enter by one that goes."""
    foreign = _foreign(link, group)
    if not foreign:
        return []
    accounts = {**owners, **group.accounts}
    revoke = link.call("RevokeSecurityGroupIngress", ingress(group.id, foreign, accounts, described=False))
    return [replace(revoke, requires=frozenset(link.joined))]


def joined_calls(link: Link, group: Id, there: frozenset[str], owners: Mapping[str, str]) -> list[Call]:
    """One call lets all joined VPCs in; if it fails, they fail and the link's own VPC does not."""
    missing = {name: mine - there for name, mine in link.joined.items() if mine - there and name not in link.barred}
    if not missing:
        return []
    arguments = ingress(group, frozenset().union(*missing.values()), owners)
    requires = frozenset() if link.sources_only else frozenset([link.name])
    call = link.call("AuthorizeSecurityGroupIngress", arguments)
    return [replace(call, subjects=frozenset(missing), requires=requires)]


# --- what AWS would refuse, or what would cut agents off


def refused(link: Link, group: SecurityGroup | None, have: Have) -> list[Finding]:
    """The VPCs whose sources AWS would not take, before it is asked: those of another region, and those over the quota.

    Peers: https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html
    Quota: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups
    """
    there = group.sources if group else frozenset()
    missing = {name: mine - there for name, mine in {link.name: link.sources, **link.joined}.items() if mine - there}
    found = [problem for name, mine in missing.items() for problem in _unnameable(link, name, mine, have)]
    left = {name: mine for name, mine in missing.items() if name not in {one.vpc for one in found}}
    count = group.rules if group else 0
    own = left.pop(link.name, frozenset())
    for names, new in (([link.name], own), (sorted(left), frozenset().union(*left.values()) - own)):
        count += len(new)
        if have.rules and count > have.rules and new:
            facts = {"group": group.id if group else NAME, "count": count, "limit": have.rules, "new": len(new)}
            found += [finding("SG_RULES_REACHED", name, **facts) for name in names]
            count -= len(new)
    return found


def _unnameable(link: Link, name: str, sources: frozenset[str], have: Have) -> list[Finding]:
    groups, peer = {source for source in sources if source.startswith("sg-")}, link.peers.get(name)
    if not groups or peer is None:
        return []
    if peer.region not in {"", have.region}:
        facts = {
            "vpc_id": name,
            "other": link.vpc_id,
            "why": f"they are in {peer.region}, the endpoint in {have.region}",
        }
        return [finding("SG_REF_INVALID", name, groups=groups, **facts)]
    if name in have.unread:
        return [finding("READ_FAILED", name, problem=have.unread[name])]
    unknown = groups - {*have.owners, *link.accounts} if peer.access else set()
    return [finding("SECURITY_GROUP_NOT_FOUND", name, vpc_id=name, group=group) for group in sorted(unknown)]


def shared_with(link: Link, group: SecurityGroup, have: Have, beside: Sequence[Link]) -> list[str]:
    """Who uses a managed group that these links do not know of: endpoints to other services, and other clusters' links."""
    known = [each for each in (link, *beside) if each.vpc_id == link.vpc_id]
    services, known_clusters = {each.service_name for each in known}, {each.cluster for each in known}
    endpoints = [
        f"endpoint {e.id}"
        for e in have.endpoints
        if group.id in e.security_groups and e.live and e.service_name not in services
    ]
    tagged = [key.removeprefix(CLUSTER_TAG) for key in clusters(group)]
    return sorted([*endpoints, *(f"cluster {cluster}" for cluster in tagged if cluster not in known_clusters)])


def closed_to(link: Link, sources: frozenset[str], have: Have) -> frozenset[str]:
    """Those who could surely not enter by the security groups that the user names. What a prefix list holds is not known, nor
    in which subnets agents with a security group are."""
    used = [each for each in have.groups if each.id in link.security_groups and each.vpc_id == link.vpc_id]
    admitted = frozenset[str]().union(*(each.sources for each in used))
    if not admitted:
        return sources or frozenset(["anybody"])
    ranges = [ip_network(each) for each in admitted if not each.startswith(("sg-", "pl-"))]
    if any(each.startswith("pl-") for each in admitted):
        return frozenset()
    return frozenset(source for source in sources - admitted if not _covered(source, ranges))


def _covered(source: str, ranges: Sequence[IPv4Network | IPv6Network]) -> bool:
    if source.startswith("sg-"):
        return bool(ranges)
    network = ip_network(source)
    return any(
        isinstance(span, IPv4Network) and isinstance(network, IPv4Network) and network.subnet_of(span)
        for span in ranges
    )


# --- AWS's form


def ingress(group: Id, sources: frozenset[str], accounts: Mapping[str, str], described: bool = True) -> dict[str, Any]:
    """The arguments of AuthorizeSecurityGroupIngress, or of its opposite, which takes no descriptions."""
    text = {"Description": "Astro agents"} if described else {}
    rule: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": PORT, "ToPort": PORT}
    for source in sorted(sources):
        key, name = peer_form(source)
        rule.setdefault(key, []).append({name: source, **_of_account(source, accounts), **text})
    return {"GroupId": group, "IpPermissions": [rule]}


def _of_account(peer: str, accounts: Mapping[str, str]) -> dict[str, str]:
    """AWS does not find a security group of another account without it."""
    return {"UserId": accounts[peer]} if peer in accounts else {}


def accounts_of(rules: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The accounts of the security groups that AWS's rules name."""
    pairs = [pair for rule in rules for pair in rule.get("UserIdGroupPairs", []) if pair.get("UserId")]
    return {pair["GroupId"]: pair["UserId"] for pair in pairs if "GroupId" in pair}


def peer_form(peer: str) -> tuple[str, str]:
    """Where AWS's rules hold a peer of this kind, and by which key."""
    if peer.startswith("sg-"):
        return "UserIdGroupPairs", "GroupId"
    if peer.startswith("pl-"):
        return "PrefixListIds", "PrefixListId"
    return ("Ipv6Ranges", "CidrIpv6") if ":" in peer else ("IpRanges", "CidrIp")


def peers_of(rule: Mapping[str, Any]) -> dict[str, str]:
    """Whom one of AWS's rules names, of whatever kind, and its description for each."""
    kinds = (peer_form(kind) for kind in ("sg-", "", "::", "pl-"))
    return {
        each[name]: each.get("Description") or ""
        for key, name in kinds
        for each in rule.get(key) or []
        if each.get(name)
    }


def sources_of(ingress: Mapping[str, Any]) -> set[str]:
    """Whom the arguments of AuthorizeSecurityGroupIngress, or of its opposite, name."""
    return {peer for rule in ingress["IpPermissions"] for peer in peers_of(rule)}
