# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of a lab: what a user of the roles would have written for it by hand. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .astro.organization import DEPLOYMENT
from .home import Record
from .kube.wanted import ADMIN, ClusterPlan
from .net.plan import HostFacts
from .seed import Seeds
from .topology import Topology, Vpc

_PYTHON = "{{ ansible_playbook_python }}"
ROLE = "arn:aws:iam::{account}:role/privatelink"


def inventory(topology: Topology, seeds: Seeds, record: Record) -> dict[str, Any]:
    common = {
        "ansible_connection": "local",
        "ansible_python_interpreter": _PYTHON,
        "privatelink_cluster_id": topology.cluster.id,
        "privatelink_service_name": seeds.service_name,
        "privatelink_region": topology.region,
        # The controller's name servers know no lab.
        "privatelink_public_addresses": [str(topology.cluster.public_address)],
        "harden_deployment_ids": [DEPLOYMENT],
    }
    if topology.service_region != topology.region:
        common["privatelink_service_region"] = topology.service_region
    vpcs = {name: _vpc(topology, seeds, name, vpc) for name, vpc in topology.vpcs.items() if vpc.agents}
    for name, plan in seeds.clusters.items():
        if plan.wanted.listed:
            vpcs[plan.wanted.vpc].setdefault("privatelink_kubernetes", []).append(_cluster(record, name, plan))
    names = {vpc.id: name for name, vpc in record.vpcs.items()}
    hosts = {name: _host(record, names, facts) for name, facts in record.hosts.items()}
    return {"agent_vpcs": {"vars": common, "hosts": vpcs}, "agent_hosts": {"hosts": hosts}}


def _vpc(topology: Topology, seeds: Seeds, name: str, vpc: Vpc) -> dict[str, Any]:
    known: dict[str, Any] = {"privatelink_vpc_id": seeds.vpcs[name].id}
    if vpc.via:
        known |= {"privatelink_via": vpc.via, "privatelink_agent_cidrs": [str(cidr) for cidr in vpc.cidrs]}
    else:
        pods = [
            group
            for each in seeds.clusters.values()
            if each.wanted.vpc == name and not each.wanted.pod_groups
            for group in each.groups
        ]
        known["privatelink_agent_security_groups"] = [seeds.vpcs[name].agents_group, *pods]
    if (region := topology.region_of(vpc)) != topology.region:
        known["privatelink_region"] = region
        if region != topology.service_region:
            known["privatelink_service_region"] = topology.service_region
    if (account := topology.account_of(vpc)) != topology.account:
        known |= {"privatelink_account_id": account, "privatelink_assume_role_arn": ROLE.format(account=account)}
    return known


def _cluster(record: Record, name: str, plan: ClusterPlan) -> dict[str, Any]:
    where = {"namespace": plan.wanted.namespace}
    if plan.wanted.service == "eks":
        return {"eks_cluster": name, **where}
    return {"kubeconfig": record.kubeconfig(name, ADMIN), "context": name, **where}


def _host(record: Record, names: Mapping[str, str], facts: HostFacts) -> dict[str, Any]:
    known: dict[str, Any] = {
        "privatelink_agent_vpc": names[facts.vpc],
        "ansible_connection": "lab",
        "ansible_python_interpreter": _PYTHON,
        "lab_environment": {"SSL_CERT_FILE": record.bundle},
    }
    if facts.pid is not None:
        known |= {"lab_pid": facts.pid, "lab_user_namespace": record.mode == "rootless"}
    else:
        known |= {"privatelink_nameservers": list(facts.name_servers), "privatelink_dial_through": facts.dial_through}
    return known
