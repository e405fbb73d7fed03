# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent VPCs and agent hosts of an inventory. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._core.errors import InventoryError
from .._kube.choose import Chosen
from .._kube.model import Cluster, Refused
from .._link.model import IPV4

#: Astro's suffix, publicly and privately the same (https://www.astronomer.io/docs/astro/remote-agents-aws-privatelink).
SUFFIX = "external.astronomer.run"
#: This collection owns all variables that begin so.
PREFIX = "privatelink_"
#: What stands for the connection of a pod, which is none of Ansible's: exec of the Kubernetes API.
POD = "kubernetes"


@dataclass(frozen=True)
class AgentVpc:
    """One host of the group agent_vpcs: its variables without the prefix; blank ones count as not set."""

    name: str
    vars: Mapping[str, Any]

    @classmethod
    def read(cls, name: str, hostvars: Mapping[str, Any]) -> AgentVpc:
        given = {key[len(PREFIX) :]: value for key, value in hostvars.items() if key.startswith(PREFIX)}
        return cls(name, {key: value for key, value in given.items() if value not in (None, "", [], {})})

    def text(self, key: str) -> str:
        return str(self.vars.get(key, ""))

    def many(self, key: str) -> list[str]:
        value = self.vars.get(key, [])
        return [value] if isinstance(value, str) else [str(item) for item in value]

    def flag(self, key: str) -> bool:
        """Accepts text as well: values set with -e on the command line are strings."""
        return self.text(key).lower() in {"true", "yes", "on", "1", "y", "t"}

    @property
    def via(self) -> str:
        return self.text("via")

    @property
    def host(self) -> str:
        return f"{self.text('cluster_id')}.{SUFFIX}"

    @property
    def zone(self) -> str:
        """Astronomer's page creates a zone of the suffix; the layout host_zone creates one for the host's name only."""
        return self.host if self.text("dns_layout") == "host_zone" else SUFFIX

    @property
    def ip_address_type(self) -> str:
        """AWS's word for the families of its endpoint's addresses: ipv4 or dualstack."""
        return self.text("ip_address_type") or IPV4

    def leads_to(self, address: str) -> bool:
        """Whether names are to lead to an address of its endpoint."""
        return ":" not in address or self.ip_address_type != IPV4

    @property
    def holder(self) -> dict[str, str] | None:
        vpc_id = self.text("holder_vpc_id")
        return {"vpc_id": vpc_id, "region": self.text("holder_vpc_region") or self.text("region")} if vpc_id else None

    @property
    def sources_given(self) -> bool:
        return "agent_security_groups" in self.vars or "agent_cidrs" in self.vars

    @property
    def sources(self) -> list[str]:
        ranges = [str(ipaddress.ip_network(cidr, strict=False)) for cidr in self.many("agent_cidrs")]
        return sorted({*self.many("agent_security_groups"), *ranges})

    @property
    def access(self) -> dict[str, str]:
        """The login to the VPC's account, as amazon.aws modules take it."""
        return {key: self.text(key) for key in ("profile", "assume_role_arn") if key in self.vars}

    @property
    def clusters(self) -> list[Cluster]:
        """Where its agents are pods."""
        return [Cluster.read(each, self.text("region")) for each in self.vars.get("kubernetes", [])]


@dataclass(frozen=True)
class AgentHost:
    """A machine or pod in an agent VPC, from which the link is verified: one host of the group agent_hosts, or a pod.

    A cluster that was not asked for its pods yet, or that does not show any, is an agent host that cannot be asked: ``cluster``
    without ``chosen``. ``refused`` says what is in the way.
    """

    name: str
    vpc: str
    connection: str = "ssh"
    ca_file: str = ""
    nameservers: tuple[str, ...] = ()
    dial_through: str = ""
    health_url: str = ""
    cluster: Cluster | None = None
    chosen: Chosen | None = None
    refused: Refused | None = None

    @classmethod
    def of_cluster(cls, name: str, vpc: AgentVpc, cluster: Cluster) -> AgentHost:
        """The agent host that stands for all pods of a cluster; how these look, the VPC's own variables say."""
        given = {f"{PREFIX}{key}": value for key, value in vpc.vars.items()}
        known = {**given, f"{PREFIX}agent_vpc": vpc.name, "ansible_connection": POD}
        return replace(cls.read(name, known), cluster=cluster)

    @classmethod
    def read(cls, name: str, hostvars: Mapping[str, Any]) -> AgentHost:
        def text(key: str) -> str:
            return str(hostvars.get(f"{PREFIX}{key}") or "")

        servers = hostvars.get(f"{PREFIX}nameservers") or []
        return cls(
            name=name,
            vpc=text("agent_vpc"),
            connection=str(hostvars.get("ansible_connection") or "ssh"),
            ca_file=text("ca_file"),
            nameservers=tuple([servers] if isinstance(servers, str) else map(str, servers)),
            dial_through=text("dial_through"),
            health_url=text("health_url"),
        )


@dataclass(frozen=True)
class Inventory:
    """What a run works on. ``names`` are the VPCs of the run; ``vpcs`` are these and those whose links they share.

    ``everyone`` are all agent VPCs of the inventory that can be understood, in this run or not; ``unclear`` names the
    others. ``agents`` are the agent hosts, by their names; ``strangers`` those of VPCs that are not here, as in a job slice.
    Each cluster of a VPC is an agent host that cannot be asked, until `with_pods` puts its pods in its place.
    """

    names: tuple[str, ...]
    vpcs: Mapping[str, AgentVpc]
    everyone: Mapping[str, AgentVpc] = field(default_factory=dict)
    unclear: tuple[str, ...] = ()
    agents: Mapping[str, AgentHost] = field(default_factory=dict)
    strangers: tuple[str, ...] = ()

    @classmethod
    def read(
        cls,
        hostvars: Mapping[str, Mapping[str, Any]],
        names: Sequence[str],
        agents: Sequence[str] = (),
        service_known: bool = True,
        sliced: bool = False,
    ) -> Inventory:
        """From the variables of hosts. Raises InventoryError with all problems of those in the run.

        Before Support has answered, the service is not known. An inventory that may be ``sliced`` may have agent hosts of VPCs
        that are in another slice.
        """
        from . import checks  # it needs the classes of this file

        there = {name: AgentVpc.read(name, hostvars[name]) for name in hostvars if _is_vpc(hostvars[name])}
        vpcs = {name: there.get(name) or AgentVpc.read(name, hostvars[name]) for name in names}
        for vpc in list(vpcs.values()):
            if vpc.via in there:
                vpcs.setdefault(vpc.via, there[vpc.via])
        needed = ["vpc_id", "region", "cluster_id", *(["service_name"] if service_known else [])]
        hosts = {name: AgentHost.read(name, hostvars[name]) for name in agents}
        strangers = tuple(
            name for name, host in hosts.items() if sliced and host.vpc and host.vpc not in {*there, *vpcs}
        )
        hosts = {name: host for name, host in hosts.items() if name not in strangers}
        problems = [*checks.of_vpcs(vpcs, needed), *checks.of_agents(hosts.values(), {*there, *vpcs})]
        if problems:
            raise InventoryError(problems)
        clear = {name: vpc for name, vpc in there.items() if name in vpcs or not checks.of_vpc(vpc, there, needed)}
        everyone = {**clear, **vpcs}
        for name in [n for n, vpc in everyone.items() if vpc.via and vpc.via not in everyone]:
            del everyone[name]
        unclear = tuple(sorted(set(there) - set(everyone)))
        hosts = {**hosts, **{host.name: host for vpc in everyone.values() for host in _of_clusters(vpc, hosts)}}
        return cls(tuple(names), vpcs, everyone, unclear, hosts, strangers)

    def agents_of(self, name: str) -> list[AgentHost]:
        return [agent for agent in self.agents.values() if agent.vpc == name]

    def with_pods(self, pods: Mapping[str, Sequence[AgentHost]]) -> Inventory:
        """The same run with pods in the place of their clusters, which are named by ``pods``."""
        hosts = [each for host in self.agents.values() for each in pods.get(host.name, [host])]
        return replace(self, agents={host.name: host for host in hosts})

    def narrowed(self, names: Iterable[str]) -> Inventory:
        """The same run for fewer VPCs."""
        chosen = set(names)
        return replace(self, names=tuple(name for name in self.names if name in chosen))

    def including(self, names: Iterable[str]) -> Inventory:
        """The same run for further VPCs of the inventory as well."""
        more = [name for name in dict.fromkeys(names) if name not in self.names]
        owners = [self.everyone[name].via for name in more if self.everyone[name].via]
        vpcs = {**self.vpcs, **{name: self.everyone[name] for name in (*more, *owners)}}
        return replace(self, names=(*self.names, *more), vpcs=vpcs)

    def widened(self) -> Inventory:
        """All agent VPCs of the inventory. Raises an error if one is invalid, since its agents might be cut off."""
        if self.unclear:
            raise InventoryError(
                [f"{name}: is an agent VPC, too, and its variables have errors." for name in self.unclear]
            )
        return replace(self, names=tuple(sorted(self.everyone)), vpcs=self.everyone)

    def joined(self, owner: str) -> list[AgentVpc]:
        """All VPCs of the inventory that share a link, in this run or not."""
        return [vpc for name, vpc in sorted(self.everyone.items()) if vpc.via == owner]


def _of_clusters(vpc: AgentVpc, others: Mapping[str, AgentHost]) -> list[AgentHost]:
    """Named by VPC and cluster, as no other agent host is."""
    found: dict[str, AgentHost] = {}
    for number, cluster in enumerate(vpc.clusters, start=1):
        name = f"{vpc.name}/{cluster.label}"
        name = f"{name}#{number}" if name in {*found, *others} else name
        found[name] = AgentHost.of_cluster(name, vpc, cluster)
    return list(found.values())


def _is_vpc(variables: Mapping[str, Any]) -> bool:
    return bool(variables.get(f"{PREFIX}vpc_id"))
