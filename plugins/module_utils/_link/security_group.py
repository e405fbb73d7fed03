# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may enter an endpoint: its managed security group, and how AWS's rules name whom they admit. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .._core.findings import Finding, finding
from .._core.plan import Call, Id, New
from .model import NAME, OWNED, Have, Link, SecurityGroup, tag_specification

PORT = 443


def find(link: Link, have: Have) -> tuple[SecurityGroup | None, list[Finding]]:
    """The managed security group of a VPC; none is needed where the user names groups."""
    if link.security_groups:
        return None, []
    named = [g for g in have.groups if g.vpc_id == link.vpc_id and g.name == NAME]
    if not named or named[0].owned:
        return (named[0] if named else None), []
    if not link.present:
        return None, []
    return None, [finding("SECURITY_GROUP_FOREIGN", link.name, vpc_id=link.vpc_id, group=named[0].id)]


def goal(link: Link, group: SecurityGroup | None) -> SecurityGroup:
    """The managed group as it shall be."""
    sources = link.sources.union(*link.joined.values())
    if group is not None:
        return replace(group, sources=(group.sources | sources) - _foreign(link, group))
    new = New("security group", link.name)
    return SecurityGroup(id=new, vpc_id=link.vpc_id, name=NAME, sources=sources, owned=True)


def calls(link: Link, group: SecurityGroup | None, wanted: SecurityGroup) -> list[Call]:
    """What makes the group as it is into the one that is wanted: who is missing comes in before others go."""
    planned = []
    if group is None:
        arguments = {
            "GroupName": NAME,
            "Description": "Agents to Astro over PrivateLink",
            "VpcId": link.vpc_id,
            "TagSpecifications": tag_specification("security-group", {"Name": NAME, **link.tags, **OWNED}),
        }
        planned.append(link.call("CreateSecurityGroup", arguments, makes=New("security group", link.name)))
    there = group.sources if group else frozenset()
    own = link.sources - there
    if own:
        planned.append(link.call("AuthorizeSecurityGroupIngress", ingress(wanted.id, own)))
    return planned + joined_calls(link, wanted.id, there | own) + (_purge_calls(link, group) if group else [])


def _foreign(link: Link, group: SecurityGroup) -> frozenset[str]:
    """Who shall no longer enter. Rules for more than the port are left to whoever made them."""
    return group.exact - link.sources.union(*link.joined.values()) if link.purge_sources else frozenset()


def _purge_calls(link: Link, group: SecurityGroup) -> list[Call]:
    """Only once all who need the endpoint have rules of their own: until then they may enter by one that goes."""
    foreign = _foreign(link, group)
    if not foreign:
        return []
    revoke = link.call("RevokeSecurityGroupIngress", ingress(group.id, foreign, described=False))
    return [replace(revoke, requires=frozenset(link.joined))]


def joined_calls(link: Link, group: Id, there: frozenset[str]) -> list[Call]:
    """One call lets all joined VPCs in; if it fails, they fail and the link's own VPC does not."""
    missing = {name: sources - there for name, sources in link.joined.items() if sources - there}
    if not missing:
        return []
    arguments = ingress(group, frozenset().union(*missing.values()))
    requires = frozenset() if link.sources_only else frozenset([link.name])
    call = link.call("AuthorizeSecurityGroupIngress", arguments)
    return [replace(call, subjects=frozenset(missing), requires=requires)]


def ingress(group: Id, sources: frozenset[str], described: bool = True) -> dict[str, Any]:
    """The arguments of AuthorizeSecurityGroupIngress, or of its opposite, which takes no descriptions."""
    text = {"Description": "Astro agents"} if described else {}
    rule: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": PORT, "ToPort": PORT}
    for source in sorted(sources):
        key, name = peer_form(source)
        rule.setdefault(key, []).append({name: source, **text})
    return {"GroupId": group, "IpPermissions": [rule]}


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
