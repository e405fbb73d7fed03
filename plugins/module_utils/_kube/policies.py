# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether NetworkPolicies let a pod out: to an endpoint's addresses and to DNS. Kubernetes' own, and Cilium's as far as they say. Pure.

Policies add up: a pod that none selects for egress may go anywhere, any other may go where one of them lets it. What cannot be told
(a label that was not read, a kind of peer that this does not know) is unknown, neither admitted nor blocked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network
from typing import Any

from .._core.findings import Finding, finding
from .._core.ranges import ipv4
from .need import Need, some
from .objects import (
    Thing,
    labels,
    many,
    name,
    namespace,
    number,
    pairs,
    part,
    text,
    texts,
    workload,
)
from .objects import (
    addresses as addresses_of,
)

DNS_PORT, HTTPS_PORT = 53, 443
#: What every namespace is labelled with: https://kubernetes.io/docs/concepts/services-networking/network-policies/
_NAMESPACE_NAME = "kubernetes.io/metadata.name"
_CILIUM_NAMESPACE, _CILIUM_NAMESPACE_LABELS = "io.kubernetes.pod.namespace", "io.cilium.k8s.namespace.labels."
#: Cilium's names of what an address outside of the cluster belongs to, and of what pods belong to.
_OUTSIDE, _INSIDE = {"all", "world", "world-ipv4"}, {"all", "cluster"}
_CILIUM_OWN = ("io.cilium.", "io.kubernetes.", "reserved:")
_CILIUM_TO = (
    "toCIDR",
    "toCIDRSet",
    "toFQDNs",
    "toEntities",
    "toEndpoints",
    "toServices",
    "toGroups",
    "toNodes",
    "toRequires",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Labels as far as they are known; of a label that is not there nothing is known unless they are ``complete``.

    Cilium has labels of its own beside a pod's, which are never known.
    """

    labels: Mapping[str, str]
    complete: bool = False

    def has(self, key: str) -> bool | None:
        if key in self.labels:
            return True
        return False if self.complete and not key.startswith(_CILIUM_OWN) else None

    def among(self, key: str, values: Iterable[str]) -> bool | None:
        return self.labels[key] in set(values) if key in self.labels else self.has(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """Where a pod has to get: to all of a range outside of the cluster, by its ``host`` name, or to a pod of the cluster."""

    protocol: str = "TCP"
    port: int = HTTPS_PORT
    span: IPv4Network | None = None
    host: str = ""
    addresses: tuple[IPv4Network, ...] = ()
    pod: Known = field(default_factory=lambda: Known(labels={}))
    space: str = ""
    space_labels: Known = field(default_factory=lambda: Known(labels={}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What policies make of a goal: the ranges of it that stay closed, those who close it, and whether that is sure."""

    closed: tuple[IPv4Network, ...] = ()
    shut: bool = False
    unclear: bool = False
    policies: tuple[str, ...] = ()


def cluster_dns(protocol: str, addresses: Iterable[str] = (), pods: Sequence[Thing] = ()) -> list[Goal]:
    """The ways to the cluster's DNS, of which one is enough: its pods, where they are known, or the addresses that pods ask."""
    found = pods or [{"metadata": {"namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}}}]
    inside = [
        Goal(
            protocol=protocol,
            port=DNS_PORT,
            pod=Known(labels=labels(pod), complete=bool(pods)),
            addresses=tuple(ipv4(addresses_of(pod))),
            space=namespace(pod),
            space_labels=Known(labels={_NAMESPACE_NAME: namespace(pod)}),
        )
        for pod in found
    ]
    return inside + [Goal(protocol=protocol, port=DNS_PORT, span=span) for span in ipv4(addresses)]


def way(pod: Thing, policies: Iterable[Thing], goal: Goal) -> Way:
    """What is left of a pod's way to one goal."""
    rules = [rule for policy in policies for rule in _rules(pod, policy)]
    named = tuple(dict.fromkeys(rule.policy for rule in rules))
    closing = {rule.certain for rule in rules if rule.isolates}
    found = _to_span(rules, goal.span, goal, closing) if goal.span else _to_pod(rules, goal, closing)
    return replace(found, policies=named if found.shut or found.closed or found.unclear else ())


def _to_span(rules: Iterable[_Rule], span: IPv4Network, goal: Goal, closing: set[bool]) -> Way:
    allowed, denied, unsure = ([], [], []) if closing else ([span], [], [])  # type: ignore[var-annotated]
    for rule in rules:
        spans = _spans(rule, goal)
        if spans is None or (spans and not rule.certain):
            unsure.append(rule)
        else:
            (denied if rule.deny else allowed).extend(spans)
    closed = _without([span], _without(allowed, denied))
    if any(rule.deny for rule in unsure) or (closed and (unsure or closing == {False})):
        return Way(unclear=True)
    return Way(closed=tuple(closed), shut=closed == [span])


def _to_pod(rules: Sequence[_Rule], goal: Goal, closing: set[bool]) -> Way:
    denied = _any(_sure(rule, _inside(rule, goal)) for rule in rules if rule.deny)
    allowed = _any(_sure(rule, _inside(rule, goal)) for rule in rules if not rule.deny) if closing else True
    passes = _all([allowed, _not(denied)])
    if passes is False and denied is not True and closing == {False}:
        passes = None
    return Way(shut=passes is False, unclear=passes is None)


def _sure(rule: _Rule, answer: bool | None) -> bool | None:
    return answer if rule.certain or answer is False else None


# --- the findings of a VPC


def check(
    need: Need,
    pods: Sequence[Thing],
    policies: Sequence[Thing],
    dns: Iterable[str] = (),
    dns_pods: Sequence[Thing] = (),
) -> list[Finding]:
    """What policies keep a VPC's agent pods from: the endpoint, and DNS.

    ``dns`` are the addresses that pods ask, ``dns_pods`` those of the cluster's DNS if they were read.
    """
    told: dict[tuple[str, str, tuple[str, ...], tuple[str, ...]], list[str]] = {}

    def tell(code: str, pod: Thing, found: Way, what: Iterable[str]) -> None:
        there = told.setdefault((code, namespace(pod), found.policies, tuple(what)), [])
        there += [] if workload(pod) in there else [workload(pod)]

    for pod in pods:
        if part(pod, "spec").get("hostNetwork") is True:  # it has the node's network, which policies do not cover
            continue
        ways = [way(pod, policies, Goal(span=span, host=need.host)) for span in need.spans]
        closed = [span for each in ways for span in each.closed]
        if closed:
            worst = next(each for each in ways if each.closed)
            everywhere = all(each.shut for each in ways)
            code = "POLICY_BLOCKS_ENDPOINT" if everywhere else "POLICY_BLOCKS_SOMEWHERE"
            tell(code, pod, worst, map(str, closed))
        elif any(each.unclear for each in ways):
            tell("POLICY_UNCLEAR", pod, next(each for each in ways if each.unclear), [f"{need.host} on TCP port 443"])
        for protocol in ("UDP", "TCP"):
            open_or_not = [way(pod, policies, goal) for goal in cluster_dns(protocol, dns, dns_pods)]
            if all(each.shut for each in open_or_not):
                tell("POLICY_BLOCKS_DNS" if protocol == "UDP" else "POLICY_BLOCKS_DNS_TCP", pod, open_or_not[0], [])
    without = {(names, space) for code, space, names, _what in told if code == "POLICY_BLOCKS_DNS"}
    return [
        finding(
            code,
            need.vpc,
            policies=list(names),
            namespace=space,
            pods=some(who),
            what=some(what),
            rule=_rule(what),
            rule_dns=_RULE_DNS,
        )
        for (code, space, names, what), who in told.items()
        if code != "POLICY_BLOCKS_DNS_TCP" or (names, space) not in without
    ]


#: What to add, as flow YAML, which a terminal shows in one line.
_RULE_DNS = (
    "- {to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: "
    "{k8s-app: kube-dns}}}], ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]}"
)


def _rule(spans: Iterable[str]) -> str:
    to = ", ".join(f"{{ipBlock: {{cidr: {span}}}}}" for span in list(spans)[:8])
    return f"- {{to: [{to}], ports: [{{port: {HTTPS_PORT}, protocol: TCP}}]}}"


# --- rules of both kinds, in one form


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """One rule of a policy that selects the pod; one without ``peers`` and ``ports`` only says that it does.

    ``certain``: that the policy selects the pod is known, not guessed.
    """

    policy: str
    home: str
    cilium: bool = False
    isolates: bool = True
    certain: bool = True
    deny: bool = False
    empty: bool = False
    rule: Thing = field(default_factory=dict)


def _rules(pod: Thing, policy: Thing) -> Iterable[_Rule]:
    kind, home = text(policy, "kind"), namespace(policy)
    if kind in {"CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"}:
        yield from _cilium_rules(pod, policy, kind, home)
        return
    if home != namespace(pod) or not _selects(
        part(policy, "spec", "podSelector"), Known(labels=labels(pod), complete=True)
    ):
        return
    rules = many(policy, "spec", "egress")
    kinds = texts(policy, "spec", "policyTypes") or (["Egress"] if rules else [])
    if "Egress" in kinds:
        told = f"NetworkPolicy {name(policy)}"
        yield _Rule(policy=told, home=home, empty=True)
        yield from (_Rule(policy=told, home=home, rule=rule) for rule in rules if isinstance(rule, Mapping))


def _cilium_rules(pod: Thing, policy: Thing, kind: str, home: str) -> Iterable[_Rule]:
    clusterwide = kind == "CiliumClusterwideNetworkPolicy"
    if not clusterwide and home != namespace(pod):
        return
    who = _cilium_known(Known(labels=labels(pod), complete=True), namespace(pod))
    for spec in [part(policy, "spec"), *(part({"spec": each}, "spec") for each in many(policy, "specs"))]:
        if "endpointSelector" not in spec:
            continue
        selected = _selects(part(spec, "endpointSelector"), who, _cilium_key)
        if selected is False:
            continue
        base = _Rule(policy=f"{kind} {name(policy)}", home=home, cilium=True, certain=selected is True, empty=True)
        default = part(spec, "enableDefaultDeny").get("egress")
        closes = isinstance(spec.get("egress"), list) or isinstance(spec.get("egressDeny"), list)
        if closes:
            yield replace(base, isolates=default is not False)
        for rule in many(spec, "egress"):
            yield replace(base, isolates=False, empty=False, rule=part({"rule": rule}, "rule"))
        for rule in many(spec, "egressDeny"):
            yield replace(base, isolates=False, empty=False, deny=True, rule=part({"rule": rule}, "rule"))


def _selects(selector: Thing, known: Known, key: Any = str) -> bool | None:
    """Whether a label selector matches; an empty one matches everything."""
    answers = [known.among(key(label), [value]) for label, value in pairs(selector, "matchLabels").items()]
    for one in many(selector, "matchExpressions"):
        label, values = key(text(one, "key")), texts(one, "values")
        answer = {
            "In": known.among(label, values),
            "NotIn": _not(known.among(label, values)),
            "Exists": known.has(label),
            "DoesNotExist": _not(known.has(label)),
        }.get(text(one, "operator"))
        answers.append(answer)
    return _all(answers)


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _all(answers: Iterable[bool | None]) -> bool | None:
    every = list(answers)
    return False if False in every else (None if None in every else True)


def _any(answers: Iterable[bool | None]) -> bool | None:
    every = list(answers)
    return True if True in every else (None if None in every else False)


# --- does a rule lead to a goal?


def _spans(rule: _Rule, goal: Goal) -> list[IPv4Network] | None:
    """The ranges to which a rule leads on the goal's port; None if that cannot be told."""
    if goal.span is None or rule.empty:
        return []
    carried = _cilium_port(rule.rule, goal) if rule.cilium else _port(rule.rule, goal, named=False)
    if carried is False:
        return []
    reached = _cilium_spans(rule, goal) if rule.cilium else _peer_spans(rule.rule, goal.span)
    return None if carried is None and reached else reached


def _inside(rule: _Rule, goal: Goal) -> bool | None:
    """Whether a rule leads to a pod."""
    if goal.span is not None or rule.empty:
        return False
    if rule.cilium:
        return _all([_cilium_port(rule.rule, goal), _cilium_inside(rule, goal)])
    peers = (_peer(peer, rule.home, goal) for peer in many(rule.rule, "to"))
    led = _any(peers) if rule.rule.get("to") else True
    return _all([_port(rule.rule, goal, named=True), led])


def _port(rule: Thing, goal: Goal, named: bool) -> bool | None:
    ports = many(rule, "ports")
    return _any(_one_port(each, goal, named) for each in ports) if ports else True


def _one_port(entry: Any, goal: Goal, named: bool) -> bool | None:
    port = part({"entry": entry}, "entry")
    if (text(port, "protocol") or "TCP") != goal.protocol:
        return False
    if "port" not in port or port["port"] is None:
        return True
    if isinstance(port["port"], str):  # a port's name is one of a pod's container
        return None if named else False
    first = number(port, "port")
    return first <= goal.port <= (number(port, "endPort") or first)


def _peer_spans(rule: Thing, span: IPv4Network) -> list[IPv4Network]:
    if not rule.get("to"):
        return [span]
    blocks = [part(peer, "ipBlock") for peer in many(rule, "to")]
    return [left for block in blocks for left in _block(text(block, "cidr"), texts(block, "except"))]


def _block(cidr: str, excepted: Iterable[str]) -> list[IPv4Network]:
    return _without(ipv4([cidr]), ipv4(excepted))


def _without(spans: Iterable[IPv4Network], taken: Iterable[IPv4Network]) -> list[IPv4Network]:
    """What is left of ranges if others are taken out."""
    left = list(spans)
    for gone in taken:
        parts = []
        for span in left:
            if not span.overlaps(gone):
                parts.append(span)
            elif gone != span and gone.subnet_of(span):
                parts += sorted(span.address_exclude(gone))
        left = parts
    return left


def _peer(peer: Any, home: str, goal: Goal) -> bool | None:
    """Whether a peer is the goal's pod. Without a selector of namespaces it is one of the policy's own namespace."""
    if part(peer, "ipBlock"):
        found = _block(text(peer, "ipBlock", "cidr"), texts(peer, "ipBlock", "except"))
        spans = [span for span in found if not span.is_link_local]  # no pod has such an address
        within = any(each.subnet_of(span) for each in goal.addresses for span in spans)
        return within if goal.addresses or not spans else None
    spaces = part(peer).get("namespaceSelector")
    space = goal.space == home if not isinstance(spaces, Mapping) else _selects(spaces, goal.space_labels)
    return _all([space, _selects(part(peer, "podSelector"), goal.pod)])


# --- Cilium: https://docs.cilium.io/en/stable/security/policy/language/


def _cilium_key(label: str) -> str:
    """A label without the source that Cilium writes before it."""
    source, colon, rest = label.partition(":")
    if not colon:
        source, colon, rest = label.partition(".") if label.startswith(("k8s.", "any.")) else ("", "", label)
    return rest if source in {"k8s", "any"} else label


def _cilium_known(known: Known, space: str) -> Known:
    extra = {_CILIUM_NAMESPACE: space, f"{_CILIUM_NAMESPACE_LABELS}{_NAMESPACE_NAME}": space}
    return replace(known, labels={**known.labels, **extra})


def _cilium_port(rule: Thing, goal: Goal) -> bool | None:
    groups = many(rule, "toPorts")
    if not groups:
        return _cilium_kinds(rule)
    entries = [part({"port": each}, "port") for group in groups for each in many(group, "ports")]
    return _any(_cilium_one_port(each, goal) for each in entries) if entries else True


def _cilium_kinds(rule: Thing) -> bool | None:
    return None if many(rule, "icmps") else True


def _cilium_one_port(port: Thing, goal: Goal) -> bool | None:
    if (text(port, "protocol") or "ANY") not in {"ANY", goal.protocol}:
        return False
    given = text(port, "port") or str(number(port, "port"))
    if not given.isdigit():
        return None
    first = int(given)
    return first == 0 or first <= goal.port <= (number(port, "endPort") or first)


def _cilium_spans(rule: _Rule, goal: Goal) -> list[IPv4Network] | None:
    span, kinds = goal.span, [kind for kind in _CILIUM_TO if kind in rule.rule]
    if span is None:
        return []
    if not kinds:  # ports alone lead anywhere; a rule with nothing leads nowhere
        return [span] if many(rule.rule, "toPorts") else []
    found = ipv4(texts(rule.rule, "toCIDR"))
    for block in many(rule.rule, "toCIDRSet"):
        found += _block(text(block, "cidr"), texts(block, "except"))
    if _OUTSIDE & set(texts(rule.rule, "toEntities")):
        found.append(span)
    if any(_fits_name(each, goal.host) for each in many(rule.rule, "toFQDNs")):
        found.append(span)
    elsewhere = any("cidr" not in part({"block": each}, "block") for each in many(rule.rule, "toCIDRSet"))
    unclear = elsewhere or any(kind in rule.rule for kind in ("toServices", "toGroups"))
    return None if unclear and _without([span], found) else found


def _fits_name(selector: Any, host: str) -> bool:
    exact, pattern = text(selector, "matchName"), text(selector, "matchPattern")
    if not host or not (exact or pattern):
        return False
    if exact:
        return exact.lower().rstrip(".") == host
    if pattern == "*":
        return True
    return _matches(pattern.lower().rstrip("."), host)


def _matches(pattern: str, host: str) -> bool:
    """Cilium's patterns: ``*`` stands for any part of one label, ``**.`` at the beginning for one label or more."""
    ends = {0}
    if pattern.startswith("**."):
        pattern, ends = pattern[3:], {place + 1 for place, each in enumerate(host) if each == "." and place}
    for count, literal in enumerate(pattern.split("*")):
        if count:
            ends = {later for end in ends for later in range(end, len(host) + 1) if "." not in host[end:later]}
        ends = {end + len(literal) for end in ends if host.startswith(literal, end)}
    return len(host) in ends


def _cilium_inside(rule: _Rule, goal: Goal) -> bool | None:
    kinds = [kind for kind in _CILIUM_TO if kind in rule.rule]
    if not kinds:
        return bool(many(rule.rule, "toPorts"))
    answers: list[bool | None] = [bool(_INSIDE & set(texts(rule.rule, "toEntities")))]
    answers += [None] if any(kind in rule.rule for kind in ("toServices", "toGroups")) else []
    who = _cilium_known(goal.pod, goal.space)
    for selector in many(rule.rule, "toEndpoints"):
        selected = _selects(part({"selector": selector}, "selector"), who, _cilium_key)
        named = [_cilium_key(label) for label in (*pairs(selector, "matchLabels"), *_expressions(selector))]
        anywhere = not rule.home or any(
            label.startswith((_CILIUM_NAMESPACE, _CILIUM_NAMESPACE_LABELS)) for label in named
        )
        answers.append(_all([selected, anywhere or goal.space == rule.home]))
    return _any(answers)


def _expressions(selector: Any) -> list[str]:
    return [text(each, "key") for each in many(selector, "matchExpressions")]
