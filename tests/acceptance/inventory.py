# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory that a user would write for the scene. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .answerer import CA_FILE
from .choices import TAG, Choices
from .scene import Scene

#: How an agent host is reached: variables of its connection, by the name of its VPC.
Ways = Mapping[str, Mapping[str, Any]]


def inventory(choices: Choices, scene: Scene, ways: Ways) -> dict[str, Any]:
    common = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "privatelink_cluster_id": choices.cluster,
        "privatelink_service_name": scene.service.name,
        "privatelink_region": choices.region,
        "privatelink_tags": {TAG: choices.run},
    }
    vpcs = {name: _vpc(scene, name) for name in scene.networks}
    hosts = {host(name): {"privatelink_agent_vpc": name, **ways[name]} for name in scene.agents}
    return {"agent_vpcs": {"vars": common, "hosts": vpcs}, "agent_hosts": {"hosts": hosts}}


def host(vpc: str) -> str:
    """The name of the agent host in a VPC."""
    return f"{vpc}-agent"


def by_systems_manager(choices: Choices, scene: Scene) -> Ways:
    return {
        name: {
            "ansible_connection": "amazon.aws.aws_ssm",
            "ansible_aws_ssm_instance_id": instance,
            "ansible_aws_ssm_bucket_name": scene.bucket,
            "ansible_aws_ssm_region": choices.region,
            "ansible_python_interpreter": "/usr/bin/python3",
            "privatelink_ca_file": CA_FILE,
        }
        for name, instance in scene.agents.items()
    }


def _vpc(scene: Scene, name: str) -> dict[str, Any]:
    network = scene.networks[name]
    if name == "own":
        return {"privatelink_vpc_id": network.vpc, "privatelink_agent_security_groups": [network.group]}
    return {"privatelink_vpc_id": network.vpc, "privatelink_via": "own", "privatelink_agent_cidrs": [network.cidr]}
