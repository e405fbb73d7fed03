# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Agent VPCs as an inventory. Options in, hosts out; what becomes of what was found is decided in `_inventory`."""

from __future__ import annotations

DOCUMENTATION = r"""
name: agent_vpcs
short_description: Agent VPCs by their tags, across accounts and regions
version_added: 0.9.0
author: Contributors to astro.privatelink (@astro-privatelink)
description:
  - Finds the VPCs in which Remote Execution Agents run, with the variables that the roles of this collection read. They are the
    hosts of the group C(agent_vpcs).
  - Asks each account and region at most three times (pages aside), however many VPCs there are. With O(eks) it asks once more for
    each EKS cluster, and three times more for the interfaces of all their nodes and pods.
  - A tag C(astro.privatelink/via) of a VPC sets its variable C(privatelink_via), and so for every C(privatelink_*) variable of the
    roles. Lists are separated by blanks. Set what all VPCs have in common in
    C(group_vars/agent_vpcs.yml) beside this file.
  - If an account or a region cannot be read, there is no inventory at all, unless O(skip_unreadable) is set. Set
    E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED) to make Ansible stop then.
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [astro.privatelink.agent_vpcs]
  regions:
    description: Regions to search. Can also be set for each account.
    type: list
    elements: str
    default: []
  accounts:
    description:
      - Accounts to search, each with its login. By default, the account of the credentials that Ansible has.
      - Hosts get C(privatelink_profile) and C(privatelink_assume_role_arn) accordingly, so that the roles reach them the same way.
    type: list
    elements: dict
    default: []
    suboptions:
      profile:
        description: AWS profile.
        type: str
      assume_role_arn:
        description: Role to assume, with the profile or with the credentials that Ansible has.
        type: str
      regions:
        description: Regions of this account, instead of O(regions).
        type: list
        elements: str
  skip_unreadable:
    description:
      - Leave out accounts and regions that cannot be read, with a warning, and list the others.
      - Steps then do not know the VPCs of these. Do not restrict Deployments or remove shared links with such an inventory.
    type: bool
    default: false
    version_added: 0.10.0
  filters:
    description: Filters of DescribeVpcs that select agent VPCs. A value is a string or a list of strings.
    type: dict
    default:
      tag-key: astro.privatelink/agents
  security_group_filters:
    description:
      - Which security groups are those of agents, as filters of DescribeSecurityGroups. Those of a VPC become its
        C(privatelink_agent_security_groups).
    type: dict
    default:
      tag-key: astro.privatelink/agents
  agent_cidrs:
    description:
      - Which VPCs get their own IPv4 ranges as C(privatelink_agent_cidrs), instead of security groups.
      - A VPC that shares a link (V(joined)) can be let in by security groups over a peering of the same region only.
    type: str
    choices: [joined, all, none]
    default: joined
  agent_host_filters:
    description:
      - Which machines to verify links from, as filters of DescribeInstances. Those that run in agent VPCs become hosts of the
        group C(agent_hosts).
      - Without filters there are none.
    type: dict
    default: {}
  agent_host_address:
    description: Which address becomes C(ansible_host) of such a machine. For SSM, use V(instance_id).
    type: str
    choices: [private_ip_address, private_dns_name, instance_id]
    default: private_ip_address
  eks:
    description:
      - Which EKS clusters in the agent VPCs have agents as pods. They become C(privatelink_kubernetes) of their VPC, so that each run
        finds the pods anew. See the page "Agents on Kubernetes and EKS".
      - V(tagged) takes clusters with the tag C(astro.privatelink/agents), V(all) every cluster in these VPCs.
    type: str
    choices: [none, tagged, all]
    default: none
    version_added: 0.11.0
  eks_options:
    description: What each entry of C(privatelink_kubernetes) has beside the cluster, such as C(namespace).
    type: dict
    default: {}
    version_added: 0.11.0
  eks_security_groups:
    description:
      - Which security groups of these EKS clusters are ones of agents, beside those of O(security_group_filters).
      - V(used) takes all that the interfaces of the cluster's nodes and pods have now. That covers the groups of node groups, of launch
        templates, of Karpenter and of nodes of your own, of custom networking (ENIConfig), and of pods with a
        SecurityGroupPolicy. AWS does not show which pods are agents, so the other pods of the cluster are admitted as well.
      - Nodes and pods that do not run are not seen, nor are pods on Fargate. A cluster of which no node runs counts as with
        V(cluster), with a warning.
      - V(cluster) takes the group that EKS makes for a cluster, which is that of Fargate, and of managed node groups without a launch
        template.
      - Groups of the control plane are never taken, unless nodes have them too.
    type: str
    choices: [none, cluster, used]
    default: none
    version_added: 0.11.0
  eks_cidrs:
    description:
      - Which ranges a VPC with such EKS clusters has as C(privatelink_agent_cidrs), if O(agent_cidrs) gives it any.
      - V(vpc) gives all ranges of the VPC, secondary ones such as 100.64.0.0/16 among them.
      - V(used) gives those of the subnets in which nodes and pods of its clusters are now. Use it only if all agents of these VPCs are
        pods. If no node of a cluster runs, it gives all ranges of the VPC, with a warning.
    type: str
    choices: [vpc, used]
    default: vpc
    version_added: 0.11.0
  hostnames:
    description:
      - Where the inventory name of a VPC comes from, V(tag:KEY) or V(vpc_id); the first that it has.
      - Names must differ, over all accounts.
    type: list
    elements: str
    default: ["tag:Name", vpc_id]
  agent_hostnames:
    description: Where the inventory name of a machine comes from, V(tag:KEY) or a value of O(agent_host_address); the first that it has.
    type: list
    elements: str
    default: [instance_id]
notes:
  - O(compose), O(groups) and O(keyed_groups) see for VPCs and machines alike C(kind) (V(agent_vpc) or V(agent_host)), C(vpc_id),
    C(region), C(account_id) and C(tags), beside the variables; for VPCs C(cidrs), for machines C(instance_id),
    C(private_ip_address) and C(private_dns_name). They do not become variables.
  - Needs the permissions C(ec2:DescribeVpcs), C(ec2:DescribeSecurityGroups), and C(ec2:DescribeInstances) with
    O(agent_host_filters); with O(eks) C(eks:ListClusters) and C(eks:DescribeCluster); for V(used)
    C(ec2:DescribeInstances), C(ec2:DescribeNetworkInterfaces) and C(ec2:DescribeSubnets).
requirements:
  - boto3 >= 1.35.0
  - botocore >= 1.35.0
extends_documentation_fragment:
  - constructed
  - inventory_cache
"""

EXAMPLES = r"""
# agents.agent_vpcs.yml: VPCs and security groups that carry the tag astro.privatelink/agents, of the account of the credentials
plugin: astro.privatelink.agent_vpcs
regions: [us-east-1]

---
# Agents are pods of EKS clusters that carry the tag, in the namespace airflow. Nothing else has to be written down.
plugin: astro.privatelink.agent_vpcs
regions: [us-east-1]
eks: tagged
eks_security_groups: used
eks_options:
  namespace: airflow

---
# Three accounts; the machines with agents, reached by SSM; a group for each region, whose group_vars name its service
plugin: astro.privatelink.agent_vpcs
regions: [us-east-1, eu-west-1]
accounts:
  - profile: network
  - assume_role_arn: arn:aws:iam::123456789012:role/privatelink
  - assume_role_arn: arn:aws:iam::210987654321:role/privatelink
    regions: [us-east-1]
filters:
  "tag:team": [data, ml]
  "tag:astro": "yes"
agent_host_filters:
  "tag:role": astro-agent
agent_host_address: instance_id
keyed_groups:
  - prefix: region
    key: region
groups:
  production: tags.stage == 'prod'
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/agent_vpcs
"""

from ansible.errors import AnsibleParserError

from ..module_utils._core.running import running
from ..module_utils._core.supported import refusal

if problem := refusal(running()):
    raise AnsibleParserError(problem)

import hashlib
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.basic import missing_required_lib
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ..module_utils._aws import discover
from ..module_utils._core import errors
from ..module_utils._inventory import tags

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19 every string was a template, unless it was wrapped
    from ansible.utils.unsafe_proxy import wrap_var as untrusted

    def trust_as_template(value: Any) -> Any:
        return value
else:

    def untrusted(value: Any) -> Any:
        return value


#: Text in which no template can begin. Other text is marked when an inventory is exported, and hard to read in a controller.
_PLAIN = re.compile(r"[\w.:/@+=, -]*", re.ASCII)


def literal(value: Any) -> Any:
    """A value that is never a template, though it comes from outside."""
    if isinstance(value, dict):
        return {literal(key): literal(each) for key, each in value.items()}
    if isinstance(value, list):
        return [literal(each) for each in value]
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return trust_as_template(value)
    return untrusted(value)


_ROLES = Path(__file__).parents[2] / "roles"
#: Without the second one Ansible looks for a Python on its own, which may lack boto3.
_LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):  # ansible-core has no types
    NAME = "astro.privatelink.agent_vpcs"

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and path.endswith(("agent_vpcs.yml", "agent_vpcs.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path)
        self._read_config_data(path)
        if find_spec("boto3") is None:
            raise AnsibleParserError(missing_required_lib("boto3"))
        try:
            wanted = self._wanted()
            found = self._found(path, wanted, cache)
            hosts = tags.hosts(found, self._rules(wanted))
        except errors.PrivateLinkError as problem:
            raise AnsibleParserError(str(problem)) from None  # the cause may show a URL with its password
        for warning in tags.unseen(found) if wanted.interfaces else ():
            self.display.warning(warning)
        self.inventory.add_group("agent_vpcs")
        for host in hosts:
            self._add(host)

    def _wanted(self) -> tags.Wanted:
        options = ("filters", "security_group_filters", "agent_host_filters")
        vpcs, groups, machines = (tags.filters(option, self.get_option(option)) for option in options)
        used = "used" in (self.get_option("eks_security_groups"), self.get_option("eks_cidrs"))
        return tags.Wanted(
            vpcs=vpcs, groups=groups, machines=machines, clusters=self.get_option("eks"), interfaces=used
        )

    def _rules(self, wanted: tags.Wanted) -> tags.Rules:
        names, agent_names = self.get_option("hostnames"), self.get_option("agent_hostnames")
        return tags.Rules(
            kinds=_kinds(),
            hostnames=tuple(names),
            agent_hostnames=tuple(agent_names),
            agent_host_address=self.get_option("agent_host_address"),
            agent_cidrs=self.get_option("agent_cidrs"),
            eks_options=self.get_option("eks_options"),
            eks_security_groups=self.get_option("eks_security_groups"),
            eks_cidrs=self.get_option("eks_cidrs"),
            other_tags=tags.other_tags([*names, *agent_names], wanted.vpcs, wanted.groups, wanted.machines),
        )

    def _found(self, path: str, wanted: tags.Wanted, cache: bool) -> tags.Found:
        accounts = tags.accounts(self.get_option("accounts"), self.get_option("regions"))
        asked = hashlib.sha256(repr((accounts, wanted)).encode()).hexdigest()
        key = f"{self.get_cache_key(path)}_{asked[:12]}"
        kept = self.get_option("cache")
        if kept and cache and key in self._cache:
            return tags.Found.read(self._cache[key])
        found, problems = discover.discover(accounts, wanted)
        if problems and not (self.get_option("skip_unreadable") and found.vpcs):
            raise errors.ReadFailed("\n".join(problems))
        for problem in problems:
            self.display.warning(f"{problem} Its VPCs are not in the inventory.")
        if kept and not problems:  # what could not be read is to be asked for again
            self._cache[key] = found.plain()
        return found

    def _add(self, host: tags.Host) -> None:
        self.inventory.add_group(host.group)
        self.inventory.add_host(host.name, group=host.group)
        # Whoever may tag a VPC must not run expressions here.
        known = {key: literal(value) for key, value in {**host.facts, **host.variables}.items()}
        local = {key: trust_as_template(value) for key, value in _LOCAL.items()} if host.group == "agent_vpcs" else {}
        for key, value in {**local, **{key: known[key] for key in host.variables}}.items():
            self.inventory.set_variable(host.name, key, value)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), known, host.name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), known, host.name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), known, host.name, strict=strict)


def _kinds() -> dict[str, str]:
    """The variables of agent VPCs and their types, from the roles' argument specs."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    kinds = {}
    for file in sorted(_ROLES.glob("*/meta/argument_specs.yml")):
        spec = yaml.load(file.read_text(), Loader=loader)["argument_specs"]
        entries = [item for entry in spec.values() for item in entry.get("options", {}).items()]
        options = [(name, option) for name, option in entries if option.get("elements") != "dict"]  # no tag holds these
        kinds.update({name: option["type"] for name, option in options if name.startswith(tags.PREFIX)})
    return {name.removeprefix(tags.PREFIX): kind for name, kind in kinds.items()}
