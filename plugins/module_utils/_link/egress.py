# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where agents' security groups let them go, and the calls that narrow that. Pure; it knows nothing of the inventory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._core.findings import Finding, finding
from .._core.plan import Call, Plan
from .security_group import accounts_of, peer_form, peers_of

#: The rule's protocol that stands for all protocols, and what AWS gives as ports where there are none.
ALL = "-1"
NO_PORT = -1
ANYWHERE = {"0.0.0.0/0", "::/0"}
#: Outbound rules of a security group, for IPv4 and IPv6 each:
#: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups
USUAL_QUOTA = 60


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Rule:
    """One destination of one security group. ``peer`` is a CIDR, a security group or a prefix list; ``account`` is that of a
    security group, which AWS has to be told if it is another one."""

    peer: str
    protocol: str = "tcp"
    first: int = NO_PORT
    last: int = NO_PORT
    description: str = field(default="", compare=False)
    account: str = field(default="", compare=False)

    @property
    def open(self) -> bool:
        """Leads to the whole internet; so Astro's public path stays open beside the link."""
        return self.peer in ANYWHERE

    def __str__(self) -> str:
        ports = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        what = "everything" if self.protocol == ALL else self.protocol + (f" {ports}" if self.first != NO_PORT else "")
        return f"{what} to {self.peer}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agents:
    """What is wanted of one security group of a VPC's agents: that ``allowed`` is possible, and if ``purge``, no other
    way to the whole internet. Rules for narrower destinations are never removed."""

    name: str
    vpc_id: str
    group_id: str
    allowed: frozenset[Rule]
    purge: bool = False


#: The egress rules of security groups, by their ids.
Have = Mapping[str, frozenset[Rule]]


def plan(wants: Sequence[Agents], have: Have, limit: int = USUAL_QUOTA) -> Plan:
    """All groups of a VPC are one lane: what one of them cannot be allowed, no other loses.

    ``limit`` is how many rules a group may have, 0 if that is not known.
    """
    parts = []
    for name in sorted({want.name for want in wants}):
        here = [want for want in wants if want.name == name]
        wrong = [_not_found(want) for want in here if want.group_id not in have]
        wrong += [_too_many(want, have, limit) for want in here if limit and most([want], have) > limit]
        if wrong:
            parts.append(Plan(findings=tuple(wrong)))
            continue
        parts.append(
            Plan(
                calls=tuple([call for add in (True, False) for want in here for call in _calls(want, have, add)]),
                before={name: {want.group_id: sorted(map(str, have[want.group_id])) for want in here}},
                after={name: {want.group_id: sorted(map(str, _goal(want, have))) for want in here}},
            )
        )
    return Plan.merge(parts)


def result(wants: Iterable[Agents], have: Have) -> dict[str, dict[str, Any]]:
    """RETURN's ``vpcs``: the rules of each group as they are, and those that are open beside what is wanted."""
    shown: dict[str, dict[str, Any]] = {}
    for want in wants:
        rules = have.get(want.group_id, frozenset())
        groups = shown.setdefault(want.name, {"groups": {}})["groups"]
        groups[want.group_id] = {
            "rules": [public(rule) for rule in sorted(rules)],
            "open": [public(rule) for rule in sorted(_open(want, rules))],
            "missing": [public(rule) for rule in sorted(want.allowed - rules)],
        }
    return shown


def most(wants: Iterable[Agents], have: Have) -> int:
    """The most rules that one of the groups has while what is missing has come and nothing has gone."""
    counts = [_count(have.get(want.group_id, frozenset()) | want.allowed) for want in wants if _missing(want, have)]
    return max(counts, default=0)


def _missing(want: Agents, have: Have) -> frozenset[Rule]:
    return want.allowed - have.get(want.group_id, frozenset())


def _count(rules: Iterable[Rule]) -> int:
    peers = [rule.peer for rule in rules]
    v6 = sum(":" in peer for peer in peers)
    return max(len(peers) - v6, sum(peer.startswith(("sg-", "pl-")) for peer in peers) + v6)


def _too_many(want: Agents, have: Have, limit: int) -> Finding:
    facts = {"group": want.group_id, "count": most([want], have), "limit": limit, "new": len(_missing(want, have))}
    return finding("SG_EGRESS_RULES_REACHED", want.name, **facts)


def _not_found(want: Agents) -> Finding:
    return finding("SECURITY_GROUP_NOT_FOUND", want.name, vpc_id=want.vpc_id, group=want.group_id)


def _open(want: Agents, rules: frozenset[Rule]) -> frozenset[Rule]:
    return frozenset(rule for rule in rules - want.allowed if rule.open)


def _goal(want: Agents, have: Have) -> frozenset[Rule]:
    rules = have[want.group_id] | want.allowed
    return rules - _open(want, rules) if want.purge else rules


def _calls(want: Agents, have: Have, add: bool) -> Iterable[Call]:
    rules = have[want.group_id]
    chosen = want.allowed - rules if add else _open(want, rules) if want.purge else frozenset()
    if chosen:
        yield Call(
            service="ec2",
            operation="AuthorizeSecurityGroupEgress" if add else "RevokeSecurityGroupEgress",
            arguments={
                "GroupId": want.group_id,
                "IpPermissions": [_permission(rule, described=add) for rule in sorted(chosen)],
            },
            subjects=frozenset([want.name]),
            lane=want.name,
        )


# --- AWS's form and ours


def _permission(rule: Rule, described: bool) -> dict[str, Any]:
    portless = rule.first == NO_PORT and not rule.protocol.startswith("icmp")
    ports = {} if portless else {"FromPort": rule.first, "ToPort": rule.last}
    text = {"Description": rule.description} if described and rule.description else {}
    account = {"UserId": rule.account} if rule.account else {}
    key, name = peer_form(rule.peer)
    return {"IpProtocol": rule.protocol, **ports, key: [{name: rule.peer, **account, **text}]}


def rules_of(permissions: Iterable[Mapping[str, Any]]) -> frozenset[Rule]:
    """AWS's IpPermissionsEgress as rules, one for each destination."""
    permissions = list(permissions)
    accounts = accounts_of(permissions)
    return frozenset(
        Rule(
            peer=peer,
            protocol=each["IpProtocol"],
            first=each.get("FromPort", NO_PORT),
            last=each.get("ToPort", NO_PORT),
            description=text,
            account=accounts.get(peer, ""),
        )
        for each in permissions
        if each.get("IpProtocol")
        for peer, text in peers_of(each).items()
    )


def rule(given: Mapping[str, Any]) -> Rule:
    """From a rule as people write it, and as `public` shows it: a destination, and a port unless all are meant."""
    protocol = given.get("protocol") or "tcp"
    first, last = (0, 65535) if protocol in {"tcp", "udp"} else (NO_PORT, NO_PORT)
    if given.get("port") is not None:
        first = last = int(given["port"])
    return Rule(
        peer=given.get("group") or given.get("prefix_list") or given["cidr"],
        protocol=protocol,
        first=first,
        last=last if given.get("to_port") is None else int(given["to_port"]),
        description=given.get("description") or "",
        account=given.get("account_id") or "",
    )


def public(rule: Rule) -> dict[str, Any]:
    kind = {"UserIdGroupPairs": "group", "PrefixListIds": "prefix_list"}.get(peer_form(rule.peer)[0], "cidr")
    ports = {} if rule.first == NO_PORT else {"port": rule.first, "to_port": rule.last}
    account = {"account_id": rule.account} if rule.account else {}
    return {kind: rule.peer, **account, "protocol": rule.protocol, **ports, "description": rule.description}
