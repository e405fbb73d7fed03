# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns VPCs, security groups and machines that were found by tag into the hosts of an inventory. Pure.

The roles' argument specs define the variables; `Rules.kinds` passes them here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .._core.errors import InventoryError
from .._core.text import printable

PREFIX = "privatelink_"
#: A tag ``astro.privatelink/via`` of a VPC becomes its variable privatelink_via, and so on.
TAG_PREFIX = "astro.privatelink/"
#: The tag that says "agents are here", unless other filters are given.
AGENTS_TAG = f"{TAG_PREFIX}agents"

#: What is known without a tag, so that a tag could only contradict it.
_NOT_BY_TAG = {"vpc_id", "region", "account_id", "profile", "assume_role_arn"}
_BOOLEANS = {"true": True, "yes": True, "false": False, "no": False}
_ACCESS = ("profile", "assume_role_arn")

#: On nodes (EKS tells to put it on nodes of one's own), and on what EKS's controller makes for security groups for pods.
_OWNED = "kubernetes.io/cluster/{}"
#: With the cluster's name: on managed nodes, on interfaces for pods by the VPC CNI, and on both by EKS Auto Mode.
_NAMED = ("eks:cluster-name", "cluster.k8s.amazonaws.com/name", "eks:eks-cluster-name")
#: How the description of interfaces of the control plane begins.
_CONTROL_PLANE = "Amazon EKS "

Filters = Mapping[str, Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Account:
    """The login to an account, and which of its regions to search."""

    regions: tuple[str, ...]
    access: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return " and ".join(f"{key} {value}" for key, value in self.access.items()) or "the credentials that were given"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """By what is looked for. Without filters for ``machines`` none are; ``clusters`` of EKS are none, those tagged, or all;
    ``interfaces`` says whether to look for those of their nodes and pods."""

    vpcs: Filters
    groups: Filters
    machines: Filters
    clusters: str = "none"
    interfaces: bool = False

    def has(self, cluster: EksCluster) -> bool:
        return self.clusters == "all" or (self.clusters == "tagged" and AGENTS_TAG in cluster.tags)


@dataclass(frozen=True, kw_only=True)
class Vpc:
    """``access`` is how its account was reached: profile and assume_role_arn, as far as they were given."""

    vpc_id: str
    region: str
    account_id: str
    cidrs: tuple[str, ...]
    tags: Mapping[str, str]
    access: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Group:
    """A security group of agents."""

    group_id: str
    vpc_id: str


@dataclass(frozen=True, kw_only=True)
class Machine:
    """An instance on which agents run, or from which links are verified."""

    instance_id: str
    vpc_id: str
    region: str
    account_id: str
    private_ip_address: str
    private_dns_name: str
    tags: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class EksCluster:
    """An EKS cluster; ``group_id`` is the security group that EKS itself gives to nodes, unless they have others. If that
    was looked for, ``groups`` and ``cidrs`` are those that the interfaces of its nodes and pods have now."""

    name: str
    vpc_id: str
    region: str
    group_id: str
    tags: Mapping[str, str]
    groups: tuple[str, ...] = ()
    cidrs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Interface:
    """A network interface, with its own tags, or those of the instance that has it."""

    vpc_id: str
    subnet_id: str
    groups: tuple[str, ...]
    description: str
    tags: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Found:
    """All that was found. The same in a cache, as plain data."""

    vpcs: tuple[Vpc, ...] = ()
    groups: tuple[Group, ...] = ()
    machines: tuple[Machine, ...] = ()
    clusters: tuple[EksCluster, ...] = ()

    @classmethod
    def merge(cls, parts: Iterable[Found]) -> Found:
        """Where two ways lead to the same account, the first one counts."""
        every = list(parts)
        return cls(
            vpcs=tuple({v.vpc_id: v for part in reversed(every) for v in part.vpcs}.values()),
            groups=tuple({g.group_id: g for part in every for g in part.groups}.values()),
            machines=tuple({m.instance_id: m for part in every for m in part.machines}.values()),
            clusters=tuple({(c.vpc_id, c.name): c for part in every for c in part.clusters}.values()),
        )

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Found:
        return cls(
            vpcs=tuple(Vpc(**{**vpc, "cidrs": tuple(vpc["cidrs"])}) for vpc in plain["vpcs"]),
            groups=tuple(Group(**group) for group in plain["groups"]),
            machines=tuple(Machine(**machine) for machine in plain["machines"]),
            clusters=tuple(
                EksCluster(**{**each, "groups": tuple(each["groups"]), "cidrs": tuple(each["cidrs"])})
                for each in plain["clusters"]
            ),
        )

    def plain(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What the inventory's file says. ``kinds`` are the roles' variables without their prefix, with their types."""

    kinds: Mapping[str, str]
    hostnames: tuple[str, ...] = ("tag:Name", "vpc_id")
    agent_hostnames: tuple[str, ...] = ("instance_id",)
    agent_host_address: str = "private_ip_address"
    agent_cidrs: str = "joined"
    other_tags: frozenset[str] = frozenset({AGENTS_TAG})
    eks_options: Mapping[str, Any] = field(default_factory=dict)
    eks_security_groups: str = "none"
    eks_cidrs: str = "vpc"


@dataclass(frozen=True, kw_only=True)
class Host:
    """``facts`` are there for expressions and do not become variables."""

    id: str
    name: str
    group: str
    variables: Mapping[str, Any]
    facts: Mapping[str, Any]


def hosts(found: Found, rules: Rules) -> list[Host]:
    """The VPCs and the machines in them, by name. Raises InventoryError with all that is wrong."""
    problems: list[str] = []
    vpcs = sorted(found.vpcs, key=lambda vpc: (_name(asdict(vpc), rules.hostnames), vpc.vpc_id))
    names = {vpc.vpc_id: _name(asdict(vpc), rules.hostnames) for vpc in vpcs}
    groups: dict[str, set[str]] = {}
    for group in found.groups:
        groups.setdefault(group.vpc_id, set()).add(group.group_id)
    clusters: dict[str, list[EksCluster]] = {}
    for cluster in sorted(found.clusters, key=lambda cluster: cluster.name):
        clusters.setdefault(cluster.vpc_id, []).append(cluster)
        groups.setdefault(cluster.vpc_id, set()).update(_groups(cluster, rules.eks_security_groups))
    every = [
        _vpc_host(vpc, names, (sorted(groups.get(vpc.vpc_id, ())), clusters.get(vpc.vpc_id, [])), rules, problems)
        for vpc in vpcs
    ]
    machines = sorted(found.machines, key=lambda machine: machine.instance_id)
    every += [_machine_host(machine, names, rules) for machine in machines if machine.vpc_id in names]
    problems += _twins(every)
    if problems:
        raise InventoryError(problems)
    return every


def _vpc_host(
    vpc: Vpc, names: Mapping[str, str], there: tuple[list[str], list[EksCluster]], rules: Rules, problems: list[str]
) -> Host:
    name, (groups, clusters) = names[vpc.vpc_id], there
    tagged: dict[str, Any] = {}
    for key, value in sorted(vpc.tags.items()):
        if key.startswith(TAG_PREFIX) and key not in rules.other_tags:
            try:
                tagged[key.removeprefix(TAG_PREFIX)] = _value(key, value, rules.kinds)
            except ValueError as problem:
                problems.append(f"{name}: {problem}")
    if "via" in tagged:
        tagged["via"] = names.get(tagged["via"], tagged["via"])
    variables = {
        "vpc_id": vpc.vpc_id,
        "region": vpc.region,
        "account_id": vpc.account_id,
        **vpc.access,
        **_sources(_ranges(vpc, clusters, rules.eks_cidrs), groups, rules.agent_cidrs, joined="via" in tagged),
        **_kubernetes(clusters, rules.eks_options),
        **tagged,
    }
    return Host(
        id=vpc.vpc_id,
        name=name,
        group="agent_vpcs",
        variables={f"{PREFIX}{key}": value for key, value in variables.items()},
        facts={"kind": "agent_vpc", **asdict(vpc), "cidrs": list(vpc.cidrs)},
    )


def _sources(cidrs: list[str], groups: list[str], agent_cidrs: str, joined: bool) -> dict[str, list[str]]:
    """Where agents are. A VPC that shares a link is mostly admitted by its ranges: a security group can be named from another
    VPC over a peering of the same region only."""
    if agent_cidrs == "all" or (agent_cidrs == "joined" and joined):
        return {"agent_cidrs": cidrs}
    return {"agent_security_groups": groups} if groups else {}


def _groups(cluster: EksCluster, which: str) -> Iterable[str]:
    """The security groups that are taken as those of a cluster's pods."""
    own = (cluster.group_id,) if cluster.group_id else ()
    return {"none": (), "cluster": own, "used": cluster.groups or own}[which]


def _ranges(vpc: Vpc, clusters: Sequence[EksCluster], which: str) -> list[str]:
    """All of the VPC, unless the pods' own are wanted and known of each cluster."""
    if which == "used" and clusters and all(cluster.cidrs for cluster in clusters):
        return sorted({cidr for cluster in clusters for cidr in cluster.cidrs})
    return list(vpc.cidrs)


def _kubernetes(clusters: Iterable[EksCluster], options: Mapping[str, Any]) -> dict[str, Any]:
    """Where the agents are pods."""
    found = [{"eks_cluster": cluster.name, **options} for cluster in clusters]
    return {"kubernetes": found} if found else {}


def unseen(found: Found) -> list[str]:
    """What to say of clusters whose interfaces were looked for and of which there are none."""
    clusters = sorted(found.clusters, key=lambda cluster: (cluster.vpc_id, cluster.name))
    return [
        f"No node of the EKS cluster {cluster.name} in {cluster.vpc_id} ({cluster.region}) runs now. Its pods are taken to have "
        f"{cluster.group_id or 'no group'}, which EKS made for it, and to be anywhere in the VPC. Nodes and pods with groups of "
        "their own are not admitted: run this again when they are there."
        for cluster in clusters
        if not cluster.groups
    ]


def cluster_tags(names: Iterable[str]) -> list[str]:
    """Keys of tags: nodes of these clusters, and interfaces of their pods, have at least one of them."""
    return [*map(_OWNED.format, names), *_NAMED]


def in_use(cluster: EksCluster, interfaces: Iterable[Interface]) -> list[Interface]:
    """Those of the cluster's nodes and pods. Those of its control plane are no agents'."""

    def has(interface: Interface) -> bool:
        named = _OWNED.format(cluster.name) in interface.tags
        return named or any(interface.tags.get(key) == cluster.name for key in _NAMED)

    return [
        each
        for each in interfaces
        if each.vpc_id == cluster.vpc_id and has(each) and not each.description.startswith(_CONTROL_PLANE)
    ]


def _machine_host(machine: Machine, names: Mapping[str, str], rules: Rules) -> Host:
    known = asdict(machine)
    address = known[rules.agent_host_address]
    return Host(
        id=machine.instance_id,
        name=_name(known, rules.agent_hostnames),
        group="agent_hosts",
        variables={f"{PREFIX}agent_vpc": names[machine.vpc_id], **({"ansible_host": address} if address else {})},
        facts={"kind": "agent_host", **known},
    )


def _name(thing: Mapping[str, Any], preferred: Iterable[str]) -> str:
    """The first that is not empty and is fit to be a host's name; the id of a thing is its first field."""
    wanted = (thing["tags"].get(each[4:]) if each.startswith("tag:") else thing.get(each) for each in preferred)
    return str(next((each for each in wanted if each and _fit(str(each))), next(iter(thing.values()))))


def _fit(name: str) -> bool:
    """Ansible shows the names of hosts as they are, takes them as parts of paths, and before ansible-core 2.19 as templates."""
    return printable(name, 253) == name and not set(name) & set("{}/\\")


def _value(key: str, text: str, kinds: Mapping[str, str]) -> Any:
    variable = key.removeprefix(TAG_PREFIX)
    kind = "" if variable in _NOT_BY_TAG else kinds.get(variable, "")
    if kind == "str":
        return text
    if kind == "list":
        return text.split()
    if kind == "bool" and text.lower() in _BOOLEANS:
        return _BOOLEANS[text.lower()]
    if kind == "bool":
        raise ValueError(f"the tag {key} is {text!r}; it is true or false.")
    known = sorted(name for name, of in kinds.items() if of in {"str", "list", "bool"} and name not in _NOT_BY_TAG)
    raise ValueError(f"the tag {key} is not known. After {TAG_PREFIX} comes one of {', '.join(known)}.")


def _twins(every: Iterable[Host]) -> Iterable[str]:
    first: dict[str, Host] = {}
    for host in every:
        other = first.setdefault(host.name, host)
        if other is not host:
            option = "hostnames" if host.group == "agent_vpcs" else "agent_hostnames"
            yield (
                f"{host.name}: is the name of both {other.id} and {host.id}. Name them apart by a tag, or choose another "
                f"one with the option {option}, for example [tag:{TAG_PREFIX}name]."
            )


# --- what the inventory's file says


def accounts(
    given: Sequence[Mapping[str, Any]], regions: Sequence[str], *, regions_needed: bool = True
) -> list[Account]:
    """The accounts to look at; without any that of the credentials. Raises InventoryError."""
    problems = []
    for number, account in enumerate(given, 1):
        if unknown := sorted(set(account) - {*_ACCESS, "regions"}):
            problems.append(
                f"accounts, entry {number}: does not know {', '.join(unknown)}. It takes profile, assume_role_arn, regions."
            )
        if isinstance(account.get("regions", []), str):
            problems.append(f"accounts, entry {number}: regions is a list.")
    found = [
        Account(
            regions=tuple(account.get("regions") or regions),
            access={key: str(account[key]) for key in _ACCESS if account.get(key)},
        )
        for account in given or [{}]
    ]
    if regions_needed and not all(account.regions for account in found):
        problems.append("regions is not set. Name the regions in which agent VPCs are.")
    if problems:
        raise InventoryError(problems)
    return found


def filters(option: str, given: Mapping[str, Any]) -> dict[str, list[str]]:
    """Filters as AWS takes them: the values of each are a list of strings. Raises InventoryError."""
    if option == "filters" and not given:
        raise InventoryError(["filters is empty. That would make every VPC an agent VPC."])
    made = {name: value if isinstance(value, list) else [value] for name, value in given.items()}
    if wrong := [name for name, values in made.items() if not values or not all(isinstance(v, str) for v in values)]:
        raise InventoryError([f"{option}: {name} takes strings; put quotes around the value." for name in wrong])
    return made


def other_tags(rules: Iterable[str], *filters_: Filters) -> frozenset[str]:
    """Tags that the file itself names, beside `AGENTS_TAG`; they set no variables."""
    named = [*rules, *(name for each in filters_ for name in each)]
    keys = {name.removeprefix("tag:") for name in named if name.startswith("tag:")}
    keys.update(key for each in filters_ for name, values in each.items() if name == "tag-key" for key in values)
    return frozenset(keys | {AGENTS_TAG})
